// `resolvedScenario` of a report is a scenario: written out and run again, it gives the same digest, and resolves to
// itself.
import { mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { createInputFiles } from '../../src/io/input-files.ts';
import { openTraceInput } from '../../src/io/trace-input.ts';
import type { RunResult } from '../../src/metrics/run-result.ts';
import { reportJson } from '../../src/report/json.ts';
import { BLOCK_FIELDS } from '../../src/simulation/parts.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import type { ScenarioEntry } from '../../src/simulation/scenario-reader.ts';
import { resultScenario } from '../../src/simulation/scenario-spelling.ts';
import type { Scenario } from '../../src/simulation/scenario.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { SMALL, cliFolder } from '../cli/podyard.ts';

const GOLDEN = 'test/golden/scenarios';
const golden = readdirSync(GOLDEN)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => `${GOLDEN}/${name}`)
  .sort((a, b) => (a < b ? -1 : 1));
const workloads = readdirSync('workloads')
  .filter((name) => name.endsWith('.yaml'))
  // An experiment, which is no scenario.
  .filter((name) => name !== 'fgd.yaml')
  .map((name) => `workloads/${name}`)
  .sort((a, b) => (a < b ? -1 : 1));

function play(entry: ScenarioEntry, duration: string | null = null): RunResult {
  const { scenario } = readScenario(
    entry,
    createInputFiles(),
    duration === null ? [] : [{ path: 'duration', value: duration }],
  );
  const simulation = new Simulation(scenario, {
    version: 'test',
    userPlugins: [],
    openTrace: openTraceInput,
    plain: false,
  });
  while (simulation.advance(1 << 20));
  return simulation.result(true);
}

/** As a user takes it out of report.json. */
function resolvedIn(report: string): unknown {
  return (JSON.parse(report) as { resolvedScenario: unknown }).resolvedScenario;
}

test('there are scenarios', () => {
  expect(golden.length).toBeGreaterThan(8);
  expect(workloads.length).toBeGreaterThan(2);
});

const played = [...golden.map((file) => [file, null] as const), ['workloads/default.yaml', '20m'] as const];

test.each(played)('of %s runs again to the same digest', (file, duration) => {
  const first = play({ file }, duration);
  const resolved = resolvedIn(reportJson(first));
  const folder = file.slice(0, file.lastIndexOf('/'));
  const json = { text: JSON.stringify(resolved), name: `${folder}/resolved.json` };
  const again = play(json);
  expect(again.digest).toBe(first.digest);
  expect(again.resolvedScenario).toEqual(first.resolvedScenario);
  // What is the same scenario is played the same.
  const yaml = { text: stringify(resolved, { aliasDuplicateObjects: false }), name: `${folder}/resolved.yaml` };
  expect(comparable(readScenario(yaml, createInputFiles()).scenario)).toEqual(
    comparable(readScenario(json, createInputFiles()).scenario),
  );
});

/** Without what tells where a scenario came from. */
function comparable({ manifestFiles: _files, ignoredKinds: _kinds, scheduler, ...rest }: Scenario): unknown {
  return { ...rest, scheduler: { ...scheduler, configurationFile: null } };
}

/** Every block, and nothing in it as it would be without a word. */
const EVERYTHING = `
duration: 2h
nodePools: [{name: a, zones: [z], allocatable: {cpu: 4, memory: 8Gi}, autoscaling: {min: 1, max: 3, provisioning: 1m}}]
workloads: [{name: w, kind: Job, lifetime: 5m, requests: {cpu: 1}, arrivals: {at: 1m, count: 2}}]
applications: [{name: app, selector: x=y, startup: 3s, failure: {after: 1h, exitCode: 3}}]
scheduler:
  config:
    apiVersion: kubescheduler.config.k8s.io/v1
    kind: KubeSchedulerConfiguration
    profiles: [{schedulerName: default-scheduler}, {schedulerName: other}]
  cycleTime: 2ms
  bindTime: 7ms
  tieBreak: first
  sampling: false
schedulers: [{profiles: [other], watchDelay: 30ms}]
controlPlane: {watchDelay: {scheduler: 20ms, kubelets: {uniform: {min: 1ms, max: 5ms}}}}
kubelet: {sandbox: 1s, containerStart: 2s, pullBase: 1s, defaultImageSize: 1M, serializeImagePulls: false}
nodeLifecycle: {nodeMonitorPeriod: 7s, nodeEvictionRate: 0.5, defaultTolerationSeconds: 60}
storage: {attach: 1s, detach: 2s, mount: 3s}
failures: [{name: f, kind: reclaim, notice: 30s, uptime: 3h, repair: 10m}, {name: g, kind: slow, factor: 2, uptime: 3h, repair: 1m}]
steps: [{at: 1h, drain: {nodes: [a-0], timeout: 5m}}]
autoscaler: {scanInterval: 20s, expander: random, maxNodesTotal: 9}
metrics: {sampleInterval: 30s, pods: none}
thresholds: [queueWait.p99 < 30s]
`;

test('a scenario that says everything has no block as one that says nothing has it', () => {
  const read = (text: string): Scenario => readScenario({ text, name: 'everything.yaml' }, createInputFiles()).scenario;
  const nothing = read('nodePools: [{name: a, count: 1, allocatable: {cpu: 1, memory: 1Gi}}]\n');
  const everything = read(EVERYTHING);
  for (const key of Object.keys(BLOCK_FIELDS) as (keyof typeof BLOCK_FIELDS)[])
    expect(everything[key], key).not.toEqual(nothing[key]);
});

test.each(['everything', ...golden, ...workloads])('of %s resolves to all that the scenario does', (file) => {
  const entry = file === 'everything' ? { text: EVERYTHING, name: './everything.yaml' } : { file };
  const { scenario } = readScenario(entry, createInputFiles());
  const text = JSON.stringify(resultScenario(scenario));
  const again = readScenario(
    { text, name: `${file === 'everything' ? '.' : file.slice(0, file.lastIndexOf('/'))}/again.json` },
    createInputFiles(),
  ).scenario;
  expect(comparable(again)).toEqual(comparable(scenario));
});

describe('on the command line', () => {
  const cli = cliFolder();
  const runs = (...words: string[]): { digest: string; resolvedScenario: Record<string, unknown> } => {
    const { code, out, err } = cli.run(...words, '-q', '-o', 'json');
    expect(err).not.toContain('error');
    expect(code).toBe(0);
    return JSON.parse(out) as { digest: string; resolvedScenario: Record<string, unknown> };
  };
  const node = (i: number): string =>
    `apiVersion: v1\nkind: Node\nmetadata: {name: n-${String(i)}}\n` +
    'status: {allocatable: {cpu: "8", memory: 32Gi, pods: "110"}}\n';
  const pod = (i: number, padding = 0): string =>
    `apiVersion: v1\nkind: Pod\nmetadata: {name: p-${String(i)}, annotations: {padding: "${'x'.repeat(padding)}"}}\n` +
    'spec: {containers: [{name: main, image: app:1, resources: {requests: {cpu: 500m}}}]}\n';
  beforeAll(() => {
    for (const folder of ['here', 'elsewhere']) mkdirSync(join(cli.path(), folder));
    cli.write('small.yaml', SMALL);
    cli.write('here/nodes.yaml', [0, 1, 2].map(node).join('---\n'));
    cli.write('here/pods.yaml', [0, 1, 2, 3].map((i) => pod(i)).join('---\n'));
    cli.write('here/large.yaml', Array.from({ length: 30 }, (_, i) => pod(i, 50_000)).join('---\n'));
    cli.write(
      'here/pack.yaml',
      'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\nprofiles:\n' +
        '  - pluginConfig:\n      - {name: NodeResourcesFit, args: {scoringStrategy: {type: MostAllocated}}}\n',
    );
    cli.write(
      'here/dump.yaml',
      'name: dump\nduration: 10m\nnodes: nodes.yaml\nmanifests: pods.yaml\nscheduler: {config: pack.yaml}\n',
    );
    cli.write('here/large-dump.yaml', 'name: dump\nduration: 10m\nnodes: [nodes.yaml]\nmanifests: large.yaml\n');
  });

  test('objects and the configuration stand in it: it runs anywhere, whatever name it was given', () => {
    const first = runs('run', 'here/dump.yaml', '--seed', '7', '--set', 'duration=15m', '--check', '100');
    expect(first.resolvedScenario).toMatchObject({
      seed: '7',
      duration: '15m',
      nodes: [{ kind: 'Node' }, {}, {}],
      manifests: [{ kind: 'Pod' }, {}, {}, {}],
    });
    cli.write('elsewhere/again.json', JSON.stringify(first.resolvedScenario));
    expect(runs('run', 'elsewhere/again.json')).toEqual(first);
    for (const name of ['./here/../here/dump.yaml', resolve(cli.path(), 'here/dump.yaml')]) {
      expect(runs('run', name, '--seed', '7', '--set', 'duration=15m')).toEqual(first);
    }
  });

  test('more than a mebibyte of objects is named by its files, from the folder of the scenario', () => {
    const first = runs('run', 'here/large-dump.yaml');
    expect(first.resolvedScenario).toMatchObject({ nodes: ['nodes.yaml'], manifests: ['large.yaml'] });
    cli.write('here/large-again.json', JSON.stringify(first.resolvedScenario));
    expect(runs('run', 'here/large-again.json')).toEqual(first);
  });

  test('traces and plugins are named from there, too', () => {
    cli.write('here/trace.csv', 'arrival,duration,cpu,memory\n0,60,1,1Gi\n5,60,2,1Gi\n');
    cli.write(
      'elsewhere/first.mjs',
      'const score = (_state, _pod, node) => 100 - 10 * Number(node.name.slice(-1));\n' +
        "export const plugin = { name: 'First', summary: 's', create: () => ({ name: 'First', score }) };",
    );
    cli.write('here/traced.yaml', `name: traced
duration: 10m
nodes: nodes.yaml
trace: {format: csv, file: ./trace.csv}
scheduler:
  config:
    apiVersion: kubescheduler.config.k8s.io/v1
    kind: KubeSchedulerConfiguration
    profiles: [{plugins: {multiPoint: {enabled: [{name: First, weight: 100}]}}}]
`);
    const words = ['--plugin', 'elsewhere/first.mjs'];
    const first = runs('run', 'here/traced.yaml', ...words);
    expect(first.resolvedScenario).toMatchObject({
      trace: { file: 'trace.csv' },
      scheduler: { plugins: ['../elsewhere/first.mjs'] },
    });
    cli.write('here/traced-again.json', JSON.stringify(first.resolvedScenario));
    const { code, out } = cli.spawn('run', 'here/traced-again.json', '-q', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(first);
  });

  test('a replay runs again as a scenario, with the nodes of its recording', () => {
    cli.write('nodes.csv', 'sn,cpu_milli,memory_mib,gpu,model\nn-0,8000,16384,2,T4\nn-1,8000,16384,0,\n');
    cli.write(
      'pods.csv',
      'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,' +
        'creation_time,deletion_time,scheduled_time\n' +
        'p-0,1000,1024,1,1000,,LS,Succeeded,0,100,0\np-1,1000,1024,0,0,,BE,Succeeded,10,60,12\n',
    );
    const first = runs('replay', 'openb', '--nodes', 'nodes.csv', '--pods', 'pods.csv', '--compress', '2');
    expect(first.resolvedScenario).toMatchObject({
      nodes: [{ kind: 'Node' }, {}],
      trace: { format: 'openb', file: 'pods.csv', compress: 2 },
    });
    cli.write('replayed.json', JSON.stringify(first.resolvedScenario));
    expect(runs('run', 'replayed.json')).toEqual(first);
  });

  test('validate -o yaml prints the same scenario', () => {
    cli.write('elsewhere/explained.yaml', cli.run('validate', 'here/dump.yaml', '-o', 'yaml').out);
    expect(runs('run', 'elsewhere/explained.yaml')).toEqual(runs('run', 'here/dump.yaml'));
  });

  test('mistakes of objects in the scenario have their place there', () => {
    cli.write(
      'inline.yaml',
      'name: inline\nduration: 10m\nnodes:\n' +
        '  - {apiVersion: v1, kind: Node, metadata: {name: n}, status: {allocatable: {cpu: many}}}\nmanifests:\n' +
        `  - ${pod(0).replace('spec:', 'spek:').replaceAll('\n', '\n    ').trimEnd()}\n  - 3\n`,
    );
    const { code, err } = cli.run('run', 'inline.yaml');
    expect(code).toBe(2);
    expect(err).toMatch(/^error: inline\.yaml:4:\d+: .*\[nodes\[0\]\.status\.allocatable\.cpu\]$/m);
    expect(err).toMatch(
      /^error: inline\.yaml:\d+:\d+: expected a path or a Kubernetes object, found the number 3 \[manifests\[1\]\]$/m,
    );
  });
});
