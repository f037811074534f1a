// A run without a duration ends when nothing can change any more: not before, and not never. Every run here may take so
// many events and no more.
import { describe, expect, test } from 'vitest';
import { withPoints } from '../../src/io/plugin-points.ts';
import type { RunResult } from '../../src/metrics/run-result.ts';
import type { Plugin, PluginFactory } from '../../src/scheduler/framework/plugin-api.ts';
import { Code } from '../../src/scheduler/framework/status.ts';
import { PodPhase } from '../../src/cluster/pod-table.ts';
import { Totals } from '../../src/cluster/totals.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { InstantWatch, LOOK_EVENTS } from '../../src/simulation/end-of-run.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { memoryFiles } from '../input/memory-files.ts';
import { nodeObject, playScenario, podObject } from '../support/played-scenario.ts';

const MOST_EVENTS = 3_000_000;
const HOUR = 3600;

interface Extra {
  readonly objects?: readonly unknown[];
  readonly plugins?: readonly PluginFactory[];
}

function play(members: Readonly<Record<string, unknown>>, { objects = [], plugins = [] }: Extra = {}): RunResult {
  const enabled = plugins.map(({ name }) => ({ name }));
  const config = {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    profiles: [{ plugins: { multiPoint: { enabled } } }],
  };
  const tree = {
    seed: 'end',
    nodePools: [pool(2)],
    metrics: { pods: 'none' },
    ...(plugins.length === 0 ? {} : { scheduler: { config } }),
    ...(objects.length === 0 ? {} : { manifests: 'objects.json' }),
    ...members,
  };
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  const files = memoryFiles({ 'end.json': JSON.stringify(tree), 'objects.json': JSON.stringify(list) });
  const { scenario } = readScenario({ file: 'end.json' }, files);
  const simulation = new Simulation(scenario, { version: 'end', userPlugins: plugins, openTrace: null, plain: false });
  let events = 0;
  while (simulation.advance(10_000)) {
    events += 10_000;
    expect(events, 'the run does not end').toBeLessThan(MOST_EVENTS);
  }
  return simulation.result(true);
}

function pool(count: number, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return { name: 'p', count, allocatable: { cpu: 4, memory: '8Gi' }, ...more };
}

function jobs(more: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { name: 'job', kind: 'Job', lifetime: '1m', requests: { cpu: 1 }, ...more };
}

const MANY = { poisson: { ratePerHour: 2000, until: '10m' } };

describe('it ends though pods wait', () => {
  test('hundreds that fit nowhere and are tried in turn for ever', () => {
    const { counts, complete, simulatedSeconds } = play({
      workloads: [jobs({ arrivals: MANY, requests: { cpu: 100 } })],
    });
    expect(complete).toBe(true);
    expect(counts.podsArrived).toBeGreaterThan(300);
    expect(counts).toMatchObject({ podsScheduled: 0, podsPending: counts.podsArrived });
    expect(simulatedSeconds).toBeLessThan(HOUR / 2);
  });

  test('hundreds that fit nowhere beside work that is done first', () => {
    const { counts } = play({
      workloads: [jobs({ arrivals: MANY, requests: { cpu: 100 } }), jobs({ name: 'late', lifetime: '3h' })],
    });
    expect(counts).toMatchObject({ podsFinished: 1, podsPending: counts.podsArrived - 1 });
  });

  test('gated pods, which nobody tries', () => {
    const { counts } = play({}, { objects: [podObject('gated', { schedulingGates: [{ name: 'wait' }] })] });
    expect(counts).toMatchObject({ podsArrived: 1, podsPending: 1 });
  });

  test('pods of another scheduler', () => {
    const { counts } = play({}, { objects: [podObject('foreign', { schedulerName: 'other' })] });
    expect(counts).toMatchObject({ podsArrived: 1, podsPending: 1 });
  });

  test('a Permit plugin that never lets a pod go: after a week without work', () => {
    const wait = { status: { code: Code.Wait, reasons: [], plugin: 'Never' }, timeoutMicros: 60_000_000 };
    const create = (): Plugin => ({ name: 'Never', permit: () => wait });
    const never = withPoints({ name: 'Never', summary: 'waits for pods that do not come', create });
    const { counts, simulatedSeconds } = play({ workloads: [jobs({ replicas: 3 })] }, { plugins: [never] });
    expect(counts).toMatchObject({ podsFinished: 0 });
    expect(simulatedSeconds / HOUR / 24).toBeCloseTo(7, 0);
  });

  test('machines that crash and return for ever', () => {
    const failures = [{ name: 'f', uptime: { exponential: { mean: '20m' } }, repair: '1m' }];
    const { counts } = play({
      failures,
      workloads: [jobs({ arrivals: MANY, requests: { cpu: 100 } }), jobs({ name: 'small' })],
    });
    expect(counts).toMatchObject({ podsFinished: 1, podsPending: counts.podsArrived - 1 });
  });

  test('an autoscaler whose groups are full', () => {
    const nodePools = [pool(0, { autoscaling: { min: 0, max: 2, provisioning: '5m' } })];
    const { counts } = play({
      nodePools,
      workloads: [{ name: 'web', kind: 'Deployment', replicas: 9, requests: { cpu: 1 } }],
    });
    expect(counts).toMatchObject({ podsScheduled: 8, podsPending: 1 });
  });
});

describe('it goes on while something is on its way', () => {
  test('a Deployment that is removed at its end', () => {
    const { counts, simulatedSeconds } = play({
      workloads: [{ name: 'web', kind: 'Deployment', replicas: 2, lifetime: '2h', requests: { cpu: 1 } }],
    });
    expect(counts).toMatchObject({ podsFinished: 2, podsRunning: 0 });
    expect(simulatedSeconds).toBeGreaterThan(2 * HOUR);
  });

  test('a node that boots for ten minutes', () => {
    const nodePools = [pool(0, { autoscaling: { min: 0, max: 3, provisioning: '10m' } })];
    const { counts } = play({ nodePools, workloads: [jobs({ replicas: 2, lifetime: '1h' })] });
    expect(counts).toMatchObject({ podsFinished: 2, podsPending: 0 });
  });

  test('a group that backs off because a machine never came', () => {
    const slow = { choice: { values: ['20m', '1m'] } };
    const nodePools = [pool(0, { autoscaling: { min: 0, max: 3, provisioning: slow } })];
    for (const seed of ['a', 'b', 'c', 'd']) {
      const { counts } = play({ seed, nodePools, workloads: [jobs({ lifetime: '1h' })] });
      expect(counts, seed).toMatchObject({ podsFinished: 1, podsPending: 0 });
    }
  });

  test('a machine that is under repair for a day', () => {
    const failures = [{ name: 'f', uptime: '30m', repair: '1d' }];
    const later = jobs({ arrivals: { at: '40m' }, lifetime: '10m' });
    const { counts } = play({ nodePools: [pool(1)], failures, workloads: [later] });
    expect(counts).toMatchObject({ podsFinished: 1, podsPending: 0 });
  });

  test('a pod that tolerates its taint for some hours and holds the room', () => {
    const tainted = nodeObject('n') as Readonly<Record<string, unknown>>;
    const spec = { taints: [{ key: 'gone', effect: 'NoExecute' }] };
    const toleration = { key: 'gone', operator: 'Exists', effect: 'NoExecute' };
    const container = { name: 'main', image: 'i', resources: { requests: { cpu: '3' } } };
    const first = podObject('first', {
      nodeName: 'n',
      tolerations: [{ ...toleration, tolerationSeconds: 4 * HOUR }],
      containers: [container],
    });
    const second = podObject('second', { tolerations: [toleration], containers: [container] });
    const { counts } = play({ nodePools: [] }, { objects: [{ ...tainted, spec }, first, second] });
    expect(counts).toMatchObject({ podsScheduled: 2, podsPending: 0 });
  });
});

describe('work that outlives its machines', () => {
  const failures = [{ name: 'f', uptime: '10m', repair: '5m' }];
  const warningsOf = (members: Readonly<Record<string, unknown>>): readonly string[] =>
    playScenario({ nodePools: [pool(1)], duration: '1m', ...members }).warnings.filter((text) =>
      text.includes('hardly ever finish'),
    );

  test('is warned of', () => {
    expect(warningsOf({ failures, workloads: [jobs({ lifetime: '1h' })] })).toEqual([
      '"job" can hardly ever finish: a pod runs for 1h at least, no machine stays up for longer than 10m, and after a crash it begins anew',
    ]);
  });

  test.each([
    ['machines that crash now and then', { exponential: { mean: '10m' } }, '2h', 1],
    ['long enough now and then', { exponential: { mean: '10m' } }, '1h', 0],
    ['work that is sometimes short', '10m', { exponential: { mean: '1h' } }, 0],
    [
      'a spread that is always longer',
      { uniform: { min: '1m', max: '9m' } },
      { lognormal: { median: '1h', sigma: 0.1 } },
      1,
    ],
  ])('%s', (_what, uptime, lifetime, count) => {
    expect(
      warningsOf({ failures: [{ name: 'f', uptime, repair: '5m' }], workloads: [jobs({ lifetime })] }),
    ).toHaveLength(count);
  });

  test('not services, nor where some machines are spared', () => {
    const spared = { ...pool(1), name: 'spared' };
    const some = [{ ...failures[0], pools: ['p'] }];
    expect(
      warningsOf({ failures, workloads: [{ name: 'web', kind: 'Deployment', lifetime: '2d', requests: { cpu: 1 } }] }),
    ).toEqual([]);
    expect(warningsOf({ nodePools: [pool(1), spared], failures: some, workloads: [jobs({ lifetime: '1h' })] })).toEqual(
      [],
    );
  });
});

describe('an instant that does not end', () => {
  const endless = {
    duration: '10m',
    nodePools: [{ name: 'n', count: 1, allocatable: { cpu: '1', memory: '4Gi' } }],
    workloads: [{ name: 'web', kind: 'Deployment', replicas: 4, requests: { cpu: '500m', memory: '1Gi' } }],
    scheduler: {
      cycleTime: '0s',
      bindTime: '0s',
      config: {
        apiVersion: 'kubescheduler.config.k8s.io/v1',
        kind: 'KubeSchedulerConfiguration',
        profiles: [{ plugins: { multiPoint: { disabled: [{ name: 'NodeResourcesFit' }] } } }],
      },
    },
  };

  test('is found, with what repeats in it', () => {
    const { scenario } = readScenario(
      { file: 'endless.yaml' },
      memoryFiles({ 'endless.yaml': JSON.stringify(endless) }),
    );
    const simulation = new Simulation(scenario, { version: 'test', userPlugins: [], openTrace: null, plain: false });
    const told = 'simulated time stands still at 0s: parts of the cluster answer each other for ever';
    expect(() => { while (simulation.advance()); }).toThrow(new RegExp(`${told}.*replicaset sync, .*scheduler.cycle`));
  });

  test('is told from one in which many pods arrive, and from many instants', () => {
    const kernel = new Kernel({ seed: 'instants' });
    const watch = new InstantWatch(kernel);
    const totals = new Totals();
    totals.podsByPhase[PodPhase.Pending] = 50_000;
    let delay = 0;
    const event = kernel.defineEvent('again', 0, () => { kernel.after(delay, event); });
    kernel.at(0, event);
    const look = (times: number): void => {
      for (let i = 0; i < times; i++) {
        kernel.run({ maxEvents: LOOK_EVENTS });
        watch.look(totals);
      }
    };
    look(13);
    delay = 1;
    look(20);
    delay = 0;
    expect(() => { look(40); }).toThrow('by these events: again;');
  });
});
