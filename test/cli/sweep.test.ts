// Sweeps from the command line: the same files for any number of threads, in parts, and after a kill.
import { cpSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { SMALL, cliFolder } from './podyard.ts';

const cli = cliFolder();

beforeAll(() => {
  cli.write('small.yaml', SMALL);
  cli.write('sweep.yaml', 'scenario: small.yaml\nparameters:\n  nodePools[general].count: [2, 3]\nseeds: 2\n');
});

function filesOf(folder: string): string[] {
  const root = join(cli.path(), folder);
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort((a, b) => (a < b ? -1 : 1));
  return names.map((name) => (name === 'cells' ? name : `${name}: ${readFileSync(join(root, name), 'utf8')}`));
}

test('any number of threads, parts and a resume give the same bytes', () => {
  expect(cli.spawn('sweep', 'sweep.yaml', '--out', 'one', '--jobs', '1', '-q').code).toBe(0);
  expect(cli.spawn('sweep', 'run', 'sweep.yaml', '--out', 'two', '--jobs', '2', '-q').code).toBe(0);
  expect(filesOf('two')).toEqual(filesOf('one'));
  for (const part of ['1', '2']) {
    expect(cli.spawn('sweep', 'sweep.yaml', '--out', `part-${part}`, '--shard', `${part}/2`, '-q').code).toBe(0);
  }
  expect(cli.spawn('sweep', 'merge', 'part-1', 'part-2', '--out', 'whole', '-q').code).toBe(0);
  expect(filesOf('whole')).toEqual(filesOf('one'));
  cpSync(join(cli.path(), 'part-1'), join(cli.path(), 'resumed'), { recursive: true });
  expect(cli.spawn('sweep', 'sweep.yaml', '--out', 'resumed', '-q').code).toBe(0);
  expect(filesOf('resumed')).toEqual(filesOf('one'));
  rmSync(join(cli.path(), 'resumed'), { recursive: true });
});

test('a misspelt name is told once, at its place', () => {
  cli.write('wrong.yaml', 'scenario: small.yaml\nparameters:\n  nodePools[genral].count: [2, 3]\nseed: 1\n');
  const { code, err } = cli.spawn('sweep', 'wrong.yaml', '--out', 'wrong');
  const says = 'nodePools[genral].count=2: no item is named "genral" — did you mean "general"? [nodePools]';
  expect([code, err]).toEqual([2, `error: wrong.yaml:3:29: ${says}\n`]);
});
