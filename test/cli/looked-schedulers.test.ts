// Looking at a run of several schedulers: pods and decisions of all of them, not only of the first.
import { beforeAll, expect, test } from 'vitest';
import { cliFolder } from './podyard.ts';

const folder = cliFolder();

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
scheduler:
  config:
    apiVersion: kubescheduler.config.k8s.io/v1
    kind: KubeSchedulerConfiguration
    profiles:
      - schedulerName: default-scheduler
      - schedulerName: batch
        pluginConfig:
          - name: NodeResourcesFit
            args: {scoringStrategy: {type: ${strategy}}}
schedulers:
  - {profiles: [batch]}
`;
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
