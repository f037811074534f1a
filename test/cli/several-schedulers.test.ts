// Several schedulers on one cluster: every command that tells of a pod asks the scheduler that serves it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { cliFolder } from './podyard.ts';

const folder = cliFolder();

/** A scenario's default scheduler and a second one, with its strategy and what else is said of its process. */
function schedulersText(name: string, strategy: string, process = ''): string {
  return `scheduler:
  config:
    apiVersion: kubescheduler.config.k8s.io/v1
    kind: KubeSchedulerConfiguration
    profiles:
      - schedulerName: default-scheduler
      - schedulerName: ${name}
        pluginConfig:
          - name: NodeResourcesFit
            args: {scoringStrategy: {${strategy}}}
schedulers:
  - {profiles: [${name}]${process}}
`;
}

const SCENARIO = `name: two
duration: 1h
${schedulersText('packing', 'type: MostAllocated, resources: [{name: cpu, weight: 1}]', ', watchDelay: 50ms')}
nodePools:
  - {name: big, count: 1, allocatable: {cpu: 8, memory: 8Gi}}
  - {name: small, count: 1, allocatable: {cpu: 4, memory: 8Gi}}
workloads:
  - {name: spread, kind: Pod, arrivals: {at: 1s}, lifetime: 30m, requests: {cpu: 2, memory: 1Gi}}
  - name: packed
    kind: Deployment
    replicas: 1
    arrivals: {at: 2s}
    requests: {cpu: 3, memory: 1Gi}
    template: {spec: {schedulerName: packing, containers: [{name: main, image: i}]}}
  - name: waits
    kind: Pod
    arrivals: {at: 10m}
    lifetime: 10m
    requests: {cpu: 7}
    template: {spec: {schedulerName: packing, containers: [{name: main, image: i}]}}
  - name: urgent
    kind: Pod
    arrivals: {at: 35m}
    lifetime: 10m
    requests: {cpu: 8}
    priorityClass: high
    template: {spec: {schedulerName: packing, containers: [{name: main, image: i}]}}
priorityClasses: {high: 100}
`;

async function out(...args: readonly string[]): Promise<string> {
  folder.write('two.yaml', SCENARIO);
  const { code, out: text, err } = await folder.here(...args);
  expect([code, err]).toEqual([0, '']);
  return text;
}

describe('several schedulers', () => {
  test('explain tells what the scheduler of the pod saw and chose', async () => {
    const spread = await out('explain', 'two.yaml', 'spread-0');
    expect(spread).toContain('default/spread-0 goes to big-0 at 1s');
    const packed = JSON.parse(await out('explain', 'two.yaml', 'packed-0-7785bc458d-0', '-o', 'json')) as {
      readonly node: string; readonly schedulerName: string; readonly atMicros: number;
    };
    expect(packed).toMatchObject({ node: 'small-0', schedulerName: 'packing', atMicros: 2_050_000 });
    expect(await out('explain', 'two.yaml', 'waits-0', '--at', '15m')).toContain('Insufficient cpu');
  });

  test('nothing is kept of such a run, which is said, and explain plays it again', async () => {
    folder.write('two.yaml', SCENARIO);
    const run = await folder.here('run', 'two.yaml', '--quiet', '--keep', '--out', 'kept');
    expect(run.err).toContain('nothing is kept of this run: what one of several schedulers sees is not in it');
    const { code, out: text, err } = await folder.here('explain', 'kept', 'packed-0-7785bc458d-0');
    expect([code, err]).toEqual([0, '']);
    expect(text).toContain('default/packed-0-7785bc458d-0 goes to small-0');
  });

  test('describe and events name the scheduler that spoke', async () => {
    const described = await out('describe', 'two.yaml', 'pod', 'waits-0', '--at', '15m');
    expect(described).toMatch(/FailedScheduling .*packing .*0\/2 nodes are available: 2 Insufficient cpu/);
    expect(await out('events', 'two.yaml', '--for', 'pod/spread-0')).toContain('Successfully assigned');
  });

  test('timeline shows the preemptions of all of them', async () => {
    folder.write('two.yaml', SCENARIO);
    const { code } = await folder.here('timeline', 'two.yaml', '--out', 'two.json', '--quiet');
    expect(code).toBe(0);
    const text = readFileSync(join(folder.path(), 'two.json'), 'utf8');
    expect(text).toContain('default/urgent-0 preempts default/waits-0');
  });

  test('rehearse tells why the pods of each of them wait', async () => {
    const text = await out('rehearse', 'two.yaml', '--drain', 'big-0,small-0', '-q');
    expect(text).toContain('packed');
    expect(text).toContain('0/2 nodes are available: 2 node(s) were unschedulable');
  });
});

// ---- pods at random times: what both decide, under the names of their profiles

/** `strategy`: of the second scheduler. */
function scenario(strategy: string): string {
  return `name: two
seed: t
duration: 39m47s
nodePools:
  - {name: n, count: 4, allocatable: {cpu: 4, memory: 16Gi}}
workloads:
  - name: web
    kind: Pod
    arrivals: {poisson: {ratePerHour: 60}}
    lifetime: 20m
    requests: {cpu: 500m, memory: 1Gi}
  - name: job
    kind: Pod
    arrivals: {poisson: {ratePerHour: 60}}
    lifetime: 20m
    template: {spec: {schedulerName: batch, containers: [{name: m, image: i, resources: {requests: {cpu: 1900m}}}]}}
${schedulersText('batch', `type: ${strategy}`)}`;
}

beforeAll(() => {
  folder.write('packs.yaml', scenario('MostAllocated'));
  folder.write('spreads.yaml', scenario('LeastAllocated'));
});

interface Told {
  readonly decisions: number;
  readonly parting: { readonly a: { readonly pod: string }; readonly b: { readonly pod: string } } | null;
  readonly why: { readonly a: { readonly schedulerName: string } | null };
}

test('explain tells of a pod of the second scheduler what that one decided', async () => {
  const { code, out, err } = await folder.here('explain', 'packs.yaml', 'job-0', '-o', 'json');
  expect([code, err]).toEqual([0, '']);
  const told = JSON.parse(out) as { readonly schedulerName: string; readonly node: string };
  const pods = await folder.here('get', 'packs.yaml', 'pod', 'job-0', '-o', 'wide', '--at', '5m');
  expect(told.schedulerName).toBe('batch');
  expect(pods.out).toContain(` ${told.node} `);
});

test('diff counts the decisions of all schedulers, and finds one in which only the second parts', async () => {
  const report = await folder.here('run', 'packs.yaml', '-o', 'json', '-q');
  const { counts } = JSON.parse(report.out) as { readonly counts: { readonly decisions: number } };
  const same = await folder.here('diff', 'packs.yaml', 'packs.yaml', '-o', 'json');
  expect([same.code, same.err]).toEqual([0, '']);
  expect(JSON.parse(same.out)).toMatchObject({ decisions: counts.decisions, parting: null });
  const { parting, why } = JSON.parse((await folder.here('diff', 'packs.yaml', 'spreads.yaml', '-o', 'json')).out) as Told;
  expect(parting?.a.pod).toMatch(/^default\/job-/);
  expect(parting?.b.pod).toBe(parting?.a.pod);
  expect(why.a?.schedulerName).toBe('batch');
});

test('events and conditions are of both, under the name of their profile', async () => {
  const { out } = await folder.here('events', 'packs.yaml', '-o', 'json');
  const { items } = JSON.parse(out) as {
    readonly items: readonly {
      readonly reason: string;
      readonly regarding?: { readonly name: string };
      readonly involvedObject?: { readonly name: string };
      readonly source?: { readonly component: string };
      readonly reportingComponent?: string;
      readonly reportingController?: string;
    }[];
  };
  for (const reason of ['Scheduled', 'FailedScheduling']) {
    const own = items.filter((item) => item.reason === reason);
    const pairs = own.map((item) => {
      const name = item.regarding?.name ?? item.involvedObject?.name ?? '';
      const from = item.source?.component ?? item.reportingController ?? item.reportingComponent ?? '';
      return `${name.replace(/-.*/, '')} ${from}`;
    });
    expect(new Set(pairs), reason).toContain('job batch');
    expect(pairs.filter((pair) => !['job batch', 'web default-scheduler'].includes(pair))).toEqual([]);
  }
});
