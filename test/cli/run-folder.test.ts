// The folder of a run in place of its scenario: timeline, get, describe, events and explain say of it what they say of the
// scenario, by playing it again; and a run that comes out otherwise than its report says is refused.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cliFolder } from './podyard.ts';

const folder = cliFolder();
const inFolder = (name: string): string => join(folder.path(), name);

const TRACE = 'name,arrival,duration,cpu,memory\na,1,600,1,1Gi\nb,30,90,2,1Gi\nc,60,1200,1,1Gi\n';
const SCENARIO = `name: traced
seed: five
duration: 30m
nodePools:
  - {name: big, count: 2, allocatable: {cpu: 4, memory: 8Gi, pods: 110}}
workloads:
  - {name: web, kind: Deployment, replicas: 3, requests: {cpu: 500m, memory: 512Mi}}
trace: {format: csv, file: data/pods.csv}
`;

async function played(...more: readonly string[]): Promise<void> {
  mkdirSync(inFolder('data'), { recursive: true });
  folder.write('data/pods.csv', TRACE);
  folder.write('traced.yaml', SCENARIO);
  const { code, err } = await folder.here('run', 'traced.yaml', '--out', 'out/traced', '--force', '-q', ...more);
  expect([code, err]).toEqual([0, '']);
}

const CHANGED = 'name,arrival,duration,cpu,memory\na,1,600,1,1Gi\nb,31,90,2,1Gi\nc,60,1200,1,1Gi\n';

const ASKED: readonly (readonly [string, ...string[]])[] = [
  ['timeline', '-q'],
  ['timeline', '--to', '5m', '-q'],
  ['get', 'pods,nodes', '-o', 'wide'],
  ['get', 'pods', '--at', '1m', '-o', 'yaml'],
  ['describe', 'node', 'big-0'],
  ['events', '-A'],
  ['explain', 'b'],
  ['timeline', '--seed', 'six', '-q'],
];

describe('the folder of a run', () => {
  test.each([[[]], [['--keep']]])('is as good as its scenario (run %j)', async (more) => {
    await played(...more);
    for (const [command, ...words] of ASKED) {
      const fromScenario = await folder.here(command, 'traced.yaml', ...words);
      expect(fromScenario.code).toBe(0);
      expect(fromScenario.out.length).toBeGreaterThan(100);
      expect(await folder.here(command, 'out/traced', ...words), command).toEqual(fromScenario);
    }
  });

  test.each(ASKED.filter(([, ...words]) => !['--to', '--at', '--seed'].some((option) => words.includes(option))))(
    'whose trace has changed is refused: %s %s', async (...words) => {
      await played();
      folder.write('data/pods.csv', CHANGED);
      const [command, ...rest] = words.filter((word) => word !== undefined);
      const { code, out, err } = await folder.here(command, 'out/traced', ...rest);
      expect([code, out.includes('\n]')]).toEqual([2, false]);
      expect(err).toMatch(
        /^error: out\/traced\/report\.json: the run that was played again is another one \(digest \w{8}\.\.\., not \w{8}\.\.\.\): a file that its scenario names has changed since, or Podyard has$/m,
      );
    },
  );

  test('a changed run writes no timeline', async () => {
    await played();
    folder.write('data/pods.csv', CHANGED);
    expect((await folder.here('timeline', 'out/traced', '--out', 'changed.json', '-q')).code).toBe(2);
    expect(existsSync(inFolder('changed.json'))).toBe(false);
  });

  test('whose trace is gone is refused, and it is said where it is sought', async () => {
    await played();
    rmSync(inFolder('data/pods.csv'));
    const { code, err } = await folder.here('get', 'out/traced', 'nodes');
    expect(code).toBe(2);
    expect(err).toBe(
      'error: out/traced/report.json: no such file: data/pods.csv: the report names it as its scenario did: give the ' +
        'command in the folder of that scenario [trace.file]\n',
    );
  });

  test('of another version is played, with a warning; a part of a report is refused', async () => {
    await played();
    const text = readFileSync(inFolder('out/traced/report.json'), 'utf8');
    folder.write('out/traced/report.json', text.replace(/"version": "[^"]*"/, '"version": "0.0.1"'));
    const { code, err } = await folder.here('get', 'out/traced', 'nodes');
    expect(code).toBe(0);
    expect(err).toMatch(/^warning: out\/traced\/report\.json is of Podyard 0\.0\.1, and this is \S+: the run that is/m);
    folder.write('out/traced/report.json', text.slice(0, text.length / 2));
    const part = await folder.here('timeline', 'out/traced');
    expect([part.code, part.err]).toEqual(
      [2, 'error: out/traced/report.json: expected the report of one run, found another file, or a part of one\n'],
    );
  });

  test('of a run that was stopped has no digest to come out', async () => {
    await played();
    const text = readFileSync(inFolder('out/traced/report.json'), 'utf8');
    folder.write('out/traced/report.json', text.replace('"complete": true', '"complete": false')
      .replace(/"digest": "[^"]*"/, '"digest": "00"'));
    expect((await folder.here('get', 'out/traced', 'nodes')).code).toBe(0);
  });

  test('without a report is none', async () => {
    mkdirSync(inFolder('empty'), { recursive: true });
    const { code, err } = await folder.here('timeline', 'empty');
    expect([code, err]).toEqual(
      [2, 'error: expected a scenario, or the --out folder of a run: empty holds no report.json\n'],
    );
  });
});
