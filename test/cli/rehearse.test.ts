// podyard rehearse: dumps and scenarios, options, mistakes, exit codes, files.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { budget, nodes, workload } from '../support/rehearsed.ts';
import { cliFolder } from './podyard.ts';

const cli = cliFolder();
const objects = [
  ...nodes(3),
  workload('Deployment', 'web', 3),
  workload('StatefulSet', 'db', 1),
  budget('db', { minAvailable: 1 }),
];

beforeEach(() => {
  cli.write('dump.json', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  cli.write('day.yaml', `
manifests: dump.json
duration: 2h
steps:
  - {at: 5m, rollout: {workload: deploy/web, image: ':v2'}}
`);
});

const drainAll = ['rehearse', 'dump.json', '--drain', 'node-0,node-1,node-2', '--quiet'];

describe('rehearse', () => {
  test('tells on standard output what came of the steps, and gives 0 without a rule', () => {
    const { code, out } = cli.run(...drainAll);
    expect(code).toBe(0);
    expect(out).toContain('Rehearsal   dump\n');
    expect(out).toMatch(/PDB default\/db blocks node-\d for ever: 1 replica, minAvailable 1/);
  });

  test.each([
    ['blocked', 99], ['lost', 0], ['broken', 0], ['unhealed', 99], ['heal>1d', 99], ['unavailable>0', 99],
  ])('--fail-if %s gives %i', (rule, expected) => {
    const { code, err } = cli.run(...drainAll, '--fail-if', rule);
    expect(code).toBe(expected);
    expect(err).toMatch(expected === 0 ? /^$/ : /^failed: /);
  });

  test('the same from standard input, and from a scenario with steps of its own', () => {
    const dump = readFileSync(join(cli.path(), 'dump.json'), 'utf8');
    expect(cli.runWith({ input: dump }, 'rehearse', '-', '--drain', 'node-0,node-1,node-2', '--quiet').out).toContain(
      'blocks node-',
    );
    const { code, out } = cli.run(
      'rehearse',
      'day.yaml',
      '--slo',
      'availability=99',
      '--fail-if',
      'unhealed',
      '--fail-if',
      'heal>1d',
      '--quiet',
    );
    expect(code).toBe(0);
    expect(out).toContain('rollout Deployment default/web image=:v2');
  });

  test('writes the report, its tables and its page, the same bytes twice', () => {
    for (const folder of ['one', 'two']) expect(cli.run(...drainAll, '--out', folder).code).toBe(0);
    const names = readdirSync(join(cli.path(), 'one'));
    expect(new Set(names)).toEqual(new Set(['availability.csv', 'nodes.csv', 'report.html', 'report.json']));
    for (const name of names)
      expect(readFileSync(join(cli.path(), 'one', name), 'utf8')).toBe(
        readFileSync(join(cli.path(), 'two', name), 'utf8'),
      );
    const printed = JSON.parse(cli.run(...drainAll, '-o', 'json').out) as object;
    // What is printed has just been typed; a file tells how it was made.
    const repeat = `podyard ${drainAll.slice(0, -1).join(' ')}`;
    expect(JSON.parse(readFileSync(join(cli.path(), 'one', 'report.json'), 'utf8'))).toEqual({ ...printed, repeat });
  });

  test('every mistake is told with the option that makes it, with the nearest name, and nothing is played', () => {
    const wrong = cli.run(
      'rehearse',
      'dump.json',
      '--drain',
      'node-9',
      '--upgrade',
      'pool=generall',
      '--rollout',
      'deploy/wep',
      '--outage',
      'zone=aa',
    );
    expect(wrong.code).toBe(2);
    expect(wrong.out).toBe('');
    expect(wrong.err.split('\n').filter((line) => line !== '')).toEqual(expect.arrayContaining([
      'error: --drain: the cluster has no node "node-9" — did you mean "node-0"?',
      'error: --outage: no node has topology.kubernetes.io/zone=aa — did you mean "a"?',
      'error: --rollout: the manifests hold no Deployment default/wep — did you mean "default/web"?',
      'error: --upgrade: the cluster has no pool "generall" — did you mean "general"?',
    ]));
    expect(cli.run('rehearse', 'dump.json', '--upgrade', 'pool=general,surg=1').err).toContain(
      'found "surg=1" — did you mean "surge"?',
    );
    expect(cli.run('rehearse', 'dump.json', '--upgrade', 'pool=general,surge=x').err).toContain(
      '--upgrade: expected a whole number or a percentage such as 33%, found "x"',
    );
    expect(cli.run(...drainAll, '--fail-if', 'blokked', '--slo', 'uptime=1').err).toContain('did you mean "blocked"?');
    expect(cli.run('rehearse', 'dump.json').err).toContain('nothing to rehearse');
    expect(cli.run('rehearse', 'dump.json', '--drain', 'node-0', '--image', 'v2').err).toContain(
      '--image needs --rollout',
    );
  });
});
