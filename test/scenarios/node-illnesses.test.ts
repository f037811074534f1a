// What fails on nodes beside their machines, by steps and by chance: cut off, slow, taken back, without a registry.
import { withoutHash } from '../support/without-hash.ts';
import { describe, expect, test } from 'vitest';
import type { InputError } from '../../src/base/input-error.ts';
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import { LookedEvents } from '../../src/experiment/looked-events.ts';
import type { RunResult } from '../../src/metrics/run-result.ts';
import { livingPods } from '../../src/node/living-pods.ts';
import { nodePressure } from '../../src/node/node-pressure.ts';
import { nodeIllnesses } from '../../src/simulation/illness-assembly.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { attachDetach } from '../../src/storage/attach-detach.ts';
import { memoryFiles } from '../input/memory-files.ts';
import { playScenario } from '../support/played-scenario.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Told {
  /** `seconds what`, in order. */
  readonly lines: readonly string[];
  readonly events: readonly string[];
  readonly result: RunResult;
  readonly simulation: Simulation;
}

/** Pods and nodes as they change, each with its second; two nodes `n-0`, `n-1` unless told otherwise. */
function tell(members: Fields, objects: readonly unknown[] = []): Told {
  const lines: string[] = [];
  const tree = {
    seed: 'ill', kubelet: { sandbox: '0s', containerStart: '0s', pullBase: '0s', defaultImageSize: '0' },
    scheduler: { cycleTime: '0s', bindTime: '0s' }, metrics: { checkEvery: 1 }, duration: '1h',
    nodePools: [{ name: 'n', count: 2, allocatable: { cpu: 4, memory: '8Gi' } }],
    ...members,
    ...(objects.length === 0 ? {} : { manifests: 'objects.json' }),
  };
  const files = memoryFiles({
    'story.json': JSON.stringify(tree),
    'objects.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
  });
  const { scenario } = readScenario({ file: 'story.json' }, files);
  const simulation = new Simulation(scenario, {
    version: 'story', userPlugins: [], openTrace: null, plain: false,
    makeLives: livingPods, makeIllnesses: nodeIllnesses, makePressure: nodePressure,
    makeVolumes: attachDetach,
    watch: ({ kernel, cluster }) => {
      const say = (text: string): void => void lines.push(`${String(kernel.now / MICROS_PER_SECOND)} ${text}`);
      const pod = (row: number): string => cluster.podName(row);
      const conditions = new Map<string, string>();
      cluster.observe({
        podBound: (row) => { say(`${pod(row)} on ${cluster.nodes.facts[cluster.pods.node[row]].name}`); },
        podStarted: (row) => { say(`${pod(row)} runs`); },
        podTerminating: (row) => { say(`${pod(row)} terminating`); },
        podDeleted: (row) => { say(`${pod(row)} gone`); },
        podReadyChanged: (row, ready) => { say(`${pod(row)} ${ready ? 'ready' : 'not ready'}`); },
        nodeAdded: (row) => { if (kernel.now > 0) say(`${cluster.nodes.facts[row].name} joins`); },
        nodeRemoving: (row) => { say(`${cluster.nodes.facts[row].name} removed`); },
        nodeUpdated: (row) => {
          const { name, object, unschedulable } = cluster.nodes.facts[row];
          const ready = object.status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'True';
          const now = `${ready}${unschedulable ? ' cordoned' : ''}`;
          if ((conditions.get(name) ?? 'True') !== now) say(`${name} ${now}`);
          conditions.set(name, now);
        },
      });
    },
  });
  const { cluster, scheduler } = simulation.parts;
  const events = new LookedEvents(cluster, [scheduler]);
  while (simulation.advance(100_000));
  const result = simulation.result(true);
  const told = events.list().map(({ type, reason, message, regarding, count, firstAt }) =>
    `${String(firstAt / MICROS_PER_SECOND)} ${type} ${reason} ${regarding.name} ${message} x${String(count)}`);
  return { lines: lines.map(withoutHash), events: told.map(withoutHash), result, simulation };
}
/** A Deployment of one pod. */
const WEB = { name: 'web', kind: 'Deployment', requests: { cpu: 1 }, replicas: 1, arrivals: { at: '0s' } };
const ON_FIRST = {
  metadata: { labels: { app: 'web' } },
  spec: { nodeSelector: { 'kubernetes.io/hostname': 'n-0' }, containers: [{ name: 'app', image: 'app:1' }] },
};

describe('a node that is cut off from the API server', () => {
  test('turns Unknown, its pods lose Ready and are replaced, and run on until it is back', () => {
    const { lines } = tell({ workloads: [WEB], steps: [{ at: '100s', partition: { nodes: ['n-0'], for: '10m' } }] });
    expect(lines).toEqual([
      '0 web-0-0 on n-0', '0 web-0-0 runs',
      '155 n-0 Unknown', '155 web-0-0 not ready',
      '455 web-0-0 terminating', '455 web-0-1 on n-1', '455 web-0-1 runs',
      '700 n-0 True', '701 web-0-0 gone',
    ]);
  });

  test('that is back in time has lost nothing but Ready', () => {
    const { lines } = tell({ workloads: [WEB], steps: [{ at: '100s', partition: { nodes: ['n-0'], for: '2m' } }] });
    expect(lines.slice(2)).toEqual([
      '155 n-0 Unknown', '155 web-0-0 not ready', '220 web-0-0 ready', '220 n-0 True',
    ]);
  });

  test('tells what has ended there, and hears of what came to it, when it is back', () => {
    const job = { name: 'task', kind: 'Job', lifetime: '150s', requests: { cpu: 1 }, arrivals: { at: '0s' } };
    const late = { ...WEB, name: 'late', arrivals: { at: '110s' }, template: ON_FIRST };
    const steps = [{ at: '100s', partition: { nodes: ['n-0'], for: '4m' } }];
    const { lines } = tell({ workloads: [job, late], steps });
    expect(lines).toEqual([
      '0 task-0-0 on n-0', '0 task-0-0 runs',
      '110 late-0-0 on n-0',
      '155 n-0 Unknown', '155 task-0-0 not ready',
      '340 n-0 True', '340 late-0-0 runs', '341 task-0-0 gone',
    ]);
  });

  test('and whose machine fails meanwhile is heard of when both are over', () => {
    const steps = [
      { at: '100s', partition: { nodes: ['n-0'], for: '250s' } }, { at: '200s', kill: { nodes: ['n-0'], for: '1m' } },
    ];
    const { lines } = tell({ workloads: [{ ...WEB, template: ON_FIRST }], steps });
    expect(lines).toEqual([
      '0 web-0-0 on n-0', '0 web-0-0 runs', '155 n-0 Unknown', '155 web-0-0 not ready',
      '350 n-0 True', '350 web-0-0 runs',
    ]);
  });
});

describe('a node whose container runtime hangs', () => {
  test('is not Ready behind three minutes, its pods run on and stay Ready, and are replaced', () => {
    const { lines } = tell({ workloads: [WEB], steps: [{ at: '95s', hang: { nodes: ['n-0'], for: '10m' } }] });
    // Statuses are posted every 10 s; from the taint on 300 s are tolerated. What was deleted stops when it answers.
    expect(lines).toEqual([
      '0 web-0-0 on n-0', '0 web-0-0 runs',
      '280 n-0 False',
      '580 web-0-0 terminating', '580 web-0-1 on n-1', '580 web-0-1 runs',
      '696 web-0-0 gone', '700 n-0 True',
    ]);
  });

  test('for less than three minutes is never noticed, but starts, stops and ends wait', () => {
    const job = { name: 'task', kind: 'Job', lifetime: '100s', requests: { cpu: 1 }, arrivals: { at: '0s' } };
    const short = { ...WEB, name: 'short', lifetime: '150s', template: ON_FIRST };
    const late = { ...WEB, name: 'late', arrivals: { at: '120s' }, template: ON_FIRST };
    const steps = [{ at: '95s', hang: { nodes: ['n-0'], for: '3m' } }];
    const { lines } = tell({ workloads: [job, short, late], steps });
    expect(lines.filter((line) => !line.startsWith('0 '))).toEqual([
      '120 late-0-0 on n-0', '150 short-0-0 terminating', '275 late-0-0 runs', '276 short-0-0 gone', '276 task-0-0 gone',
    ]);
  });

  test('and that is cut off meanwhile is heard of when both are over', () => {
    const steps = [
      { at: '100s', partition: { nodes: ['n-0'], for: '60s' } }, { at: '130s', hang: { nodes: ['n-0'], for: '1m' } },
    ];
    const late = { ...WEB, name: 'late', arrivals: { at: '110s' }, template: ON_FIRST };
    // Heard of from 160 s on; it can start the pod from 190 s on.
    const { lines } = tell({ workloads: [{ ...WEB, template: ON_FIRST }, late], steps });
    expect(lines.slice(2)).toEqual([
      '110 late-0-0 on n-0', '155 n-0 Unknown', '155 web-0-0 not ready', '160 n-0 True',
      '190 web-0-0 ready', '190 late-0-0 runs',
    ]);
  });

  test('says nothing while it is cut off, and is not Ready for three minutes from a restart of its machine on', () => {
    const hang = { at: '100s', hang: { nodes: ['n-0'], for: '20m' } };
    const ready = (step: object): string[] =>
      tell({ workloads: [], steps: [hang, step] }).lines.filter((line) => / n-0 /.test(line));
    expect(ready({ at: '400s', partition: { nodes: ['n-0'], for: '100s' } })).toEqual([
      '290 n-0 False', '455 n-0 Unknown', '500 n-0 True', '500 n-0 False', '1300 n-0 True',
    ]);
    expect(ready({ at: '400s', kill: { nodes: ['n-0'], for: '100s' } })).toEqual([
      '290 n-0 False', '455 n-0 Unknown', '500 n-0 True', '690 n-0 False', '1300 n-0 True',
    ]);
  });
});

describe('a slow node', () => {
  const slow = { kubelet: { sandbox: '2s', containerStart: '3s', pullBase: '1s', defaultImageSize: '0' } };

  test('starts and stops pods later by its factor, and is as before afterwards', () => {
    const pods = (at: string): object => ({ ...WEB, name: `at${at}`, arrivals: { at }, template: ON_FIRST });
    const { lines } = tell({
      ...slow, workloads: [{ ...pods('10s'), lifetime: '30s' }, pods('100s')],
      steps: [{ at: '5s', slow: { nodes: ['n-0'], factor: 3, for: '60s' } }],
    });
    // Sandbox, pull and start of 6 s; SIGTERM takes a second.
    expect(lines).toEqual([
      '10 at10s-0-0 on n-0', '28 at10s-0-0 runs', '40 at10s-0-0 terminating', '43 at10s-0-0 gone',
      '100 at100s-0-0 on n-0', '105 at100s-0-0 runs',
    ]);
  });

  test('whose heartbeats come later than the grace period turns Unknown and Ready in turn', () => {
    const { lines } = tell({
      duration: '5m', workloads: [WEB], steps: [{ at: '100s', slow: { nodes: ['n-0'], factor: 9 } }],
    });
    const turns = lines.filter((line) => / n-0 (Unknown|True)$/.test(line));
    expect(turns.map((line) => line.split(' ').slice(1).join(' '))).toEqual([
      'n-0 Unknown', 'n-0 True', 'n-0 Unknown', 'n-0 True',
    ]);
    const at = turns.map((line) => Number(line.split(' ')[0]));
    // A heartbeat every 90 s, missed at the first pass after 50 s.
    expect(at[3] - at[1]).toBe(90);
    expect(at[2] - at[1]).toBeGreaterThan(50);
    expect(at[2] - at[1]).toBeLessThanOrEqual(60);
    expect(lines.filter((line) => line.includes('terminating'))).toEqual([]);
  });

  test('whose heartbeats come in time is never noticed', () => {
    const { lines } = tell({ workloads: [WEB], steps: [{ at: '100s', slow: { nodes: ['n-0'], factor: 4 } }] });
    expect(lines).toEqual(['0 web-0-0 on n-0', '0 web-0-0 runs']);
  });
});

describe('a spot machine that is taken back', () => {
  test('is cordoned and drained with the notice, goes, loses its Node object, and another one comes', () => {
    const { lines } = tell({
      workloads: [WEB], steps: [{ at: '101s', reclaim: { nodes: ['n-0'], notice: '30s', for: '5m' } }],
    });
    expect(lines).toEqual([
      '0 web-0-0 on n-0', '0 web-0-0 runs',
      '101 n-0 True cordoned', '101 web-0-0 terminating', '101 web-0-1 on n-1', '101 web-0-1 runs', '102 web-0-0 gone',
      '135 n-0 removed', '431 n-0 joins',
    ]);
  });

  test('takes along what a budget keeps there until the notice is over', () => {
    const set = (replicas: number): object => ({
      apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db', namespace: 'default' },
      spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: ON_FIRST },
    });
    const budget = {
      apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'db', namespace: 'default' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
    };
    const { lines, simulation } = tell(
      { steps: [{ at: '101s', reclaim: { nodes: ['n-0'], notice: '30s' } }] }, [set(1), budget],
    );
    expect(lines).toEqual([
      '0 db-0 on n-0', '0 db-0 runs', '101 n-0 True cordoned', '135 n-0 removed',
      '180 db-0 terminating', '180 db-0 gone',
    ]);
    expect(simulation.parts.cluster.totals.podsPending).toBe(1);
  });
});

describe('a node without a registry', () => {
  const steps = [{ at: '0s', registryOutage: { for: '100s' } }];

  test('asks again after 10 s, doubling, and tells ErrImagePull and ImagePullBackOff as kubelets do', () => {
    const { lines, events } = tell({ workloads: [{ ...WEB, template: ON_FIRST, arrivals: { at: '1s' } }], steps });
    // Asked at 1, 11, 31 and 71 s; the registry is back at 100 s; asked again at 151 s.
    expect(lines).toEqual(['1 web-0-0 on n-0', '151 web-0-0 runs']);
    const why = 'rpc error: code = Unavailable desc = failed to resolve reference: the registry is unavailable';
    expect(events.filter((text) => /pull|BackOff/i.test(text))).toEqual([
      '1 Normal Pulling web-0-0 Pulling image "app:1" x4',
      `1 Warning Failed web-0-0 Failed to pull image "app:1": ${why} x4`,
      '1 Warning Failed web-0-0 Error: ErrImagePull x4',
      `21 Normal BackOff web-0-0 Back-off pulling image "app:1": ErrImagePull: ${why} x3`,
      '21 Warning Failed web-0-0 Error: ImagePullBackOff x3',
    ]);
  });

  test('starts pods whose images are there, unless they are always asked for', () => {
    const policy = (imagePullPolicy: string): Fields => ({
      ...WEB, name: imagePullPolicy.toLowerCase(), replicas: 1,
      template: { spec: { ...ON_FIRST.spec, containers: [{ name: 'app', image: 'app:1', imagePullPolicy }] } },
    });
    const first = { ...WEB, name: 'first', template: ON_FIRST };
    const outage = [{ at: '50s', registryOutage: { nodes: ['n-0'], for: '100s' } }];
    const { lines } = tell({
      workloads: [
        first, { ...policy('IfNotPresent'), arrivals: { at: '60s' } }, { ...policy('Always'), arrivals: { at: '60s' } },
      ],
      steps: outage,
    });
    expect(lines.filter((line) => line.endsWith('runs'))).toEqual([
      '0 first-0-0 runs', '60 ifnotpresent-0-0 runs', '210 always-0-0 runs',
    ]);
  });

  test('fails pulls under way', () => {
    const { lines } = tell({
      kubelet: { sandbox: '0s', containerStart: '0s', pullBase: '20s', defaultImageSize: '0' },
      workloads: [{ ...WEB, template: ON_FIRST }], steps: [{ at: '10s', registryOutage: { for: '5s' } }],
    });
    // Failed at 10 s, asked again at 20 s, pulled in 20 s.
    expect(lines).toEqual(['0 web-0-0 on n-0', '40 web-0-0 runs']);
  });
});

describe('failures by chance', () => {
  const exponential = (mean: string): object => ({ exponential: { mean } });
  const fleet = {
    duration: '8h', metrics: { checkEvery: 50 },
    nodePools: ['a', 'b'].map((rack) => ({
      name: rack, count: 6, allocatable: { cpu: 4, memory: '8Gi' }, labels: { 'topology.kubernetes.io/rack': rack },
    })),
    workloads: [
      { ...WEB, replicas: 8 },
      { name: 'task', kind: 'Job', lifetime: '20m', requests: { cpu: 1 }, arrivals: { poisson: { ratePerHour: 6 } } },
    ],
    failures: [
      { name: 'slow', kind: 'slow', factor: 8, uptime: exponential('2h'), repair: exponential('10m') },
      { name: 'cut', kind: 'partition', uptime: exponential('3h'), repair: exponential('8m') },
      {
        name: 'spot', kind: 'reclaim', notice: '30s', pools: ['b'],
        uptime: exponential('2h'), repair: exponential('3m'),
      },
      { name: 'hub', kind: 'registry', scope: 'cluster', uptime: exponential('3h'), repair: exponential('10m') },
      {
        name: 'storm', kind: 'cordon', scope: 'cluster', share: 0.3,
        uptime: exponential('2h'), repair: exponential('20m'),
      },
      { name: 'power', scope: 'rack', uptime: exponential('6h'), repair: exponential('6m') },
      { name: 'crash', uptime: exponential('4h'), repair: exponential('5m') },
    ],
  };

  test('of all kinds at once keep the accounts, run after run alike', () => {
    const set = {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'db', namespace: 'default' },
      spec: {
        replicas: 4,
        podManagementPolicy: 'Parallel',
        selector: { matchLabels: { app: 'web' } },
        template: { ...ON_FIRST, spec: { containers: ON_FIRST.spec.containers } },
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: {
              accessModes: ['ReadWriteOnce'],
              storageClassName: 'fast',
              resources: { requests: { storage: '1Gi' } },
            },
          },
        ],
      },
    };
    const members = { ...fleet, storage: {} };
    const [first, second] = [tell(members, [set]), tell(members, [set])];
    expect(second.result.digest).toBe(first.result.digest);
    const kinds = new Set(first.result.events.map(({ kind }) => kind));
    expect(first.events.some((text) => text.includes('Multi-Attach error'))).toBe(true);
    const wanted = [
      'node slow',
      'node partition',
      'spot reclaim',
      'registry outage',
      'cordon',
      'rack outage',
      'node crash',
    ];
    for (const kind of wanted)
      expect(kinds).toContain(kind);
  });

  test('strike a share of the cluster, drawn anew each time', () => {
    const { result } = playScenario({
      ...fleet, workloads: [WEB],
      failures: [{ name: 'storm', kind: 'cordon', scope: 'cluster', share: 0.3, uptime: '1h', repair: '10m' }],
    });
    const cordons = result.events.filter(({ kind }) => kind === 'cordon');
    expect(cordons.length).toBe(7);
    expect(new Set(cordons.map(({ count }) => count))).toEqual(new Set([4]));
  });

  test('never shift one another', () => {
    const one = { ...fleet, workloads: [WEB] };
    const marks = (failures: readonly unknown[], kind: string): unknown =>
      playScenario({ ...one, failures }).result.events.filter((event) => event.kind === kind);
    expect(marks(fleet.failures.slice(0, 2), 'node partition')).toEqual(marks([fleet.failures[1]], 'node partition'));
  });
});

test('fields that say nothing of their kind or scope are told, all of them', () => {
  const read = (failures: readonly unknown[], steps: readonly unknown[] = []): string[] => {
    const nodePools = [{ name: 'n', count: 2, allocatable: { cpu: 4, memory: '8Gi' } }];
    const tree = { duration: '1h', nodePools, workloads: [WEB], failures, steps };
    try {
      readScenario({ file: 'story.json' }, memoryFiles({ 'story.json': JSON.stringify(tree) }));
    } catch (error) {
      return (error as InputError).problems.map(({ message }) => message);
    }
    return [];
  };
  const times = { uptime: '1h', repair: '1m' };
  expect(read([
    { name: 'a', ...times, factor: 3 }, { name: 'b', kind: 'slow', ...times, notice: '1m', share: 0.5 },
    { name: 'c', kind: 'partition', scope: 'rack', ...times },
    { name: 'e', scope: 'cluster', label: 'x', share: 0, ...times },
    { name: 'f', kind: 'hang', ...times, fill: 0.5 },
  ])).toEqual([
    'a factor is for kind slow, and the kind is crash',
    'a notice is for kind reclaim, and the kind is slow',
    'a share is one of a group, and the scope is node',
    'racks cannot fail: none of the pools has the label topology.kubernetes.io/rack',
    'a label tells zones or racks apart, and the scope is cluster',
    'expected a number above 0: no node would ever fail',
    'a fill is for kind diskFull, and the kind is hang',
  ]);
  expect(read([{ name: 'd', kind: 'melt', ...times }])[0]).toContain(
    'expected crash, slow, partition, reclaim, registry, cordon, hang or diskFull',
  );
  expect(read([], [{ at: '1m', partition: {} }, { at: '2m', slow: { nodes: ['n-7'] } }]).slice(0, 2)).toEqual([
    'expected nodes, selector or pool', 'the cluster has no node "n-7"',
  ]);
});
