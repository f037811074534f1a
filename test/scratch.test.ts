import { test } from 'vitest';
import { readFileSync, writeFileSync } from 'node:fs';
import { podyardHere } from './cli/podyard.ts';
test('x', async () => {
  let all = '';
  process.chdir('/tmp/look');
  for (const line of readFileSync('/tmp/look/cmds', 'utf8').split('\n').filter(Boolean)) {
    const { code, out, err } = await podyardHere(line.split(' '));
    all += `$ podyard ${line}\n${out}${err === '' ? '' : `[err] ${err}`}[exit ${code}]\n`;
  }
  writeFileSync('/tmp/look/out', all);
}, 600000);
