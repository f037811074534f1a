import { test, expect } from 'vitest';
import { writeFileSync } from 'node:fs';
import { podyardHere } from './cli/podyard.ts';
test('x', async () => {
  process.chdir('/tmp/look');
  for (const at of ['2s', '12m', '31m']) {
  const dump = await podyardHere(['get', 'all.yaml', 'nodes,pods,deploy,rs,sts,ds,jobs,cj,pdb,pvc,pv,sc,ns,quota', '-A', '--at', at, '-o', 'yaml']);
  writeFileSync('dump.yaml', dump.out);
  const a = await podyardHere(['whatif', 'all.yaml', 'web.yaml', '--at', at, '-o', 'json']);
  const b = await podyardHere(['whatif', 'dump.yaml', 'web.yaml', '-o', 'json']);
  console.log(b.err, a.out.length);
  expect(b.out).toBe(a.out);
  for (const kind of ['nodes', 'pods']) {
  const c = await podyardHere(['get', 'all.yaml', kind, '-A', '--at', at, '-o', 'wide']);
  const d = await podyardHere(['get', 'dump.yaml', kind, '-A', '-o', 'wide']);
  console.log(d.err, c.out, d.out);
  }}
  const r = await podyardHere(['rehearse', 'dump.yaml', '--drain', 'big-0']);
  console.log(r.out, r.err, r.code);
}, 600000);
