/**
 * Stories of a scheduler that learns late of what happens, and the laws that hold however late it is: the books
 * balance, and nothing is lost that an on-time run does not lose.
 */
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { checkSchedulerCache } from '../../src/scheduler/cache/check-cache.ts';
import { PodBelief } from '../../src/scheduler/cache/cached-pods.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { memoryFiles } from '../input/memory-files.ts';
import { nodeObject, playScenario, podObject } from '../support/played-scenario.ts';

const watchDelay = (delay: unknown): Record<string, unknown> => ({ controlPlane: { watchDelay: delay } });
const template = (cpu: string): unknown => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'main', image: 'i', resources: { requests: { cpu } } }] },
});
const deployment = {
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default' },
  spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: template('1') },
};

describe('a late scheduler', () => {
  test('sees a pod when its watch has shown it, and has the same cycle and binding from then on', () => {
    const boundAt = (delay: unknown): number =>
      playScenario({ duration: '1m', ...watchDelay(delay) }, [nodeObject('n'), podObject('p')]).pods[0].bound;
    expect([boundAt('0s'), boundAt('50ms'), boundAt({ scheduler: '2s' })]).toEqual([0.0063, 0.0563, 2.0063]);
  });

  test('is refused the Binding of a pod that is gone, and forgets it when it sees the deletion', () => {
    const { result } = playScenario(
      {
        duration: '1m',
        ...watchDelay({ scheduler: '5s' }),
        steps: [{ at: '1s', delete: { object: 'deployment/web' } }],
      },
      [nodeObject('n'), deployment],
    );
    expect(result.conflicts).toEqual({
      podsRefused: 0, podsRefusedByReason: {}, firstMessage: '', bindingsRefused: 3,
    });
    expect(result.counts.podsScheduled).toBe(0);
    expect(result.notes).toContain(
      'Bindings that the API server refused, of pods that were gone or on their way out: 3.',
    );
  });

  test('believes at the end what is true, and its sums are those of what it believes', () => {
    const tree = {
      seed: 'late', duration: '30m', ...watchDelay({ uniform: { min: '0s', max: '3s' } }),
      nodePools: [{ name: 'n', count: 3, allocatable: { cpu: 4, memory: '16Gi' } }],
      workloads: [
        { name: 'batch', kind: 'Job', arrivals: { poisson: { ratePerHour: 200, until: '20m' } }, lifetime: '40s',
          requests: { cpu: 1, memory: '1Gi' } },
      ],
    };
    const files = memoryFiles({ 'late.json': JSON.stringify(tree) });
    const { scenario } = readScenario({ file: 'late.json' }, files);
    const simulation = new Simulation(scenario, { version: 't', userPlugins: [], openTrace: null, plain: false });
    while (simulation.advance(200)) checkSchedulerCache(simulation.parts.scheduler.cache);
    const { cluster, scheduler } = simulation.parts;
    expect(scheduler.watch.pendingCount).toBe(0);
    for (let pod = 0; pod < cluster.pods.length; pod++)
      expect(scheduler.cache.pods.belief[pod] === PodBelief.Assigned).toBe(cluster.pods.node[pod] >= 0);
    expect(simulation.result(true).counts.podsFinished).toBeGreaterThan(40);
  });

  const seeds = ['a', 'b'];
  test.each(seeds)('loses nothing that it would not lose on time, with crashes and preemption (seed %s)', (seed) => {
    const counts = ['0s', '5ms', '100ms', '5s'].map((delay) => {
      const { result } = playScenario({
        seed, ...watchDelay(delay),
        nodePools: [{ name: 'n', count: 4, zones: ['a', 'b'], allocatable: { cpu: 4, memory: '16Gi' } }],
        priorityClasses: { high: 100 },
        nodeLifecycle: { defaultTolerationSeconds: 30 },
        failures: [{ name: 'crash', uptime: { exponential: { mean: '40m' } }, repair: '2m' }],
        workloads: [
          { name: 'web', kind: 'Deployment', arrivals: { at: '0s' }, replicas: 5, lifetime: '75m',
            requests: { cpu: '1', memory: '1Gi' } },
          { name: 'batch', kind: 'Job', arrivals: { poisson: { ratePerHour: 60, until: '1h' } }, lifetime: '3m',
            requests: { cpu: '1500m', memory: '1Gi' }, priorityClass: 'high' },
        ],
      });
      const { podsArrived, podsFinished, podsPending, podsRunning, podsLost } = result.counts;
      return { podsArrived, podsFinished, podsPending, podsRunning, podsLost };
    });
    expect(counts[0].podsArrived).toBeGreaterThan(30);
    for (const late of counts) expect(late).toEqual(counts[0]);
  });
});

describe('late controllers', () => {
  const pods = (delay: unknown, steps: readonly unknown[]): readonly (readonly [string, number, number])[] =>
    playScenario({ duration: '1m', ...watchDelay(delay), steps }, [nodeObject('n'), deployment])
      .pods.map(({ name, created, ended }) => [name.slice(-1), created, ended]);

  test('make a Deployment\'s ReplicaSet when they hear of it, and its pods when they hear of that', () => {
    expect(pods('0s', []).map(([, created]) => created)).toEqual([0, 0, 0]);
    expect(pods({ controllers: '2s' }, []).map(([, created]) => created)).toEqual([4, 4, 4]);
  });

  test('replace a pod once when they hear of its deletion, however often they are asked before', () => {
    const steps = [
      { at: '10s', scale: { workload: 'deploy/web', replicas: 4 } },
      { at: '11s', scale: { workload: 'deploy/web', replicas: 5 } },
    ];
    // Deployment heard of at 12 s, ReplicaSet at 14 s; the second size is a conflict at first, and heard of at 13 s.
    expect(pods({ controllers: '2s' }, steps).map(([, created]) => created)).toEqual([4, 4, 4, 14, 16]);
  });

  test('take a machine for lost later by as much', () => {
    const lostAt = (delay: unknown): number[] => {
      const { pods: rows } = playScenario({
        duration: '10m', ...watchDelay(delay), nodeLifecycle: { defaultTolerationSeconds: 30 },
        nodePools: [{ name: 'n', count: 2, zones: ['a', 'b'], allocatable: { cpu: 4, memory: '16Gi' } }],
        steps: [{ at: '1m', outage: { zone: 'a', for: '8m' } }],
        workloads: [{ name: 'web', kind: 'Deployment', arrivals: { at: '0s' }, replicas: 2, requests: { cpu: '3' } }],
      });
      return rows.map(({ created }) => created);
    };
    // They hear of the Deployment, of its ReplicaSet, of the machine, of the taint and of the deletion, each 10 s late.
    expect(lostAt('0s')).toEqual([0, 0, 145]);
    expect(lostAt({ controllers: '10s' })).toEqual([20, 20, 175]);
  });

  test('replace a lost pod of a generated workload when they hear of its loss', () => {
    const created = (delay: unknown): number[] => playScenario({
      duration: '1m', ...watchDelay(delay),
      nodePools: [{ name: 'n', count: 2, allocatable: { cpu: 4, memory: '16Gi' } }],
      steps: [{ at: '20s', drain: { nodes: ['n-0', 'n-1'] } }],
      workloads: [{ name: 'web', kind: 'Deployment', arrivals: { at: '0s' }, replicas: 1, requests: { cpu: '3' } }],
    }).pods.map((pod) => pod.created);
    expect(created('0s')).toEqual([0, 20]);
    expect(created({ controllers: '3s' })).toEqual([6, 23]);
  });
});

describe('a late kubelet', () => {
  const life = (delay: unknown): readonly number[] => {
    const { pods } = playScenario(
      { duration: '1m', ...watchDelay(delay), steps: [{ at: '20s', delete: { object: 'pod/p' } }] },
      [nodeObject('n'), podObject('p')],
    );
    return [pods[0].bound, pods[0].started, pods[0].ended];
  };

  test('starts a pod when it hears of the binding, and ends it when it hears of the deletion', () => {
    expect(life('0s')).toEqual([0.0063, 0.0063, 21]);
    expect(life({ kubelets: '3s' })).toEqual([0.0063, 3.0063, 24]);
  });

  test('lets a pod end by itself that it does not know is to go', () => {
    const { pods, result } = playScenario(
      { duration: '1m', ...watchDelay({ kubelets: '10s' }), steps: [{ at: '20s', drain: { nodes: ['n-0'] } }],
        nodePools: [{ name: 'n', count: 1, allocatable: { cpu: 4, memory: '16Gi' } }],
        workloads: [{ name: 'p', kind: 'Pod', arrivals: { at: '0s' }, lifetime: '15s', requests: { cpu: '1' } }] },
    );
    expect(pods[0].ended).toBeCloseTo(25.0063, 6);
    expect(result.counts.podsFinished).toBe(1);
  });
});

describe('controlPlane', () => {
  const mistakes = (controlPlane: unknown): string[] => {
    try {
      playScenario({ duration: '1m', controlPlane }, [nodeObject('n')]);
      return [];
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return error.problems.map(({ path, message, suggestion }) => `${path ?? ''}: ${message} ${suggestion ?? ''}`.trim());
    }
  };

  test('says where a mistake stands and what was meant', () => {
    expect(mistakes({ watchdelay: '1s' })).toEqual([
      'controlPlane.watchdelay: unknown field "watchdelay" watchDelay',
    ]);
    expect(mistakes({ watchDelay: { schedular: '1s' } })).toEqual([
      'controlPlane.watchDelay.schedular: unknown field "schedular" scheduler',
    ]);
    expect(mistakes({ watchDelay: { kubelet: '1s' } })).toEqual([
      'controlPlane.watchDelay.kubelet: unknown field "kubelet" kubelets',
    ]);
    expect(mistakes({ watchDelay: { scheduler: '1s', fixed: '2s' } })).toEqual([
      'controlPlane.watchDelay.fixed: "fixed" is for all watches: expected it below scheduler',
    ]);
    expect(mistakes({ watchDelay: 5 })[0]).toContain('expected a duration such as 90s');
  });

  test('is written into results only where something is late', () => {
    const spelled = (delay: unknown): unknown => {
      const { result } = playScenario({ duration: '1m', ...watchDelay(delay) }, [nodeObject('n')]);
      return (result.resolvedScenario as Record<string, unknown>)['controlPlane'];
    };
    expect(spelled('0s')).toBeUndefined();
    const delay = { exponential: { mean: '50ms' } };
    expect(spelled(delay)).toEqual({ watchDelay: { scheduler: delay, controllers: delay, kubelets: delay, autoscaler: delay } });
    expect(spelled({ kubelets: delay })).toEqual({ watchDelay: { kubelets: delay } });
  });
});

describe('a kubelet', () => {
  const placed = (name: string, spec: Readonly<Record<string, unknown>> = {}): unknown => ({
    ...(podObject(name, { nodeName: 'n', ...spec }) as object), status: { phase: 'Pending' },
  });
  const refusals = (...pods: unknown[]): unknown => playScenario({ duration: '1m' }, pods).result.conflicts;
  const asking = (cpu: string): unknown => [{ name: 'main', image: 'i', resources: { requests: { cpu } } }];

  test('refuses a pod for which its node has too little left beside those it has admitted', () => {
    const { result, pods } = playScenario({ duration: '1m' }, [
      nodeObject('n'),
      placed('a', { containers: asking('3') }),
      placed('b', { containers: asking('2') }),
      placed('c', { containers: asking('1') }),
    ]);
    const message =
      "Pod was rejected: Node didn't have enough resource: cpu, requested: 2000, used: 3000, capacity: 4000";
    expect(result.conflicts).toEqual({
      podsRefused: 1, podsRefusedByReason: { OutOfcpu: 1 }, firstMessage: message, bindingsRefused: 0,
    });
    expect(pods.find(({ name }) => name === 'b')?.outcome).toBe('Failed');
    expect(result.counts.podsRunning).toBe(2);
    expect(result.notes.join()).toContain('Pods that their kubelets refused: 1 (1 × OutOfcpu)');
  });

  test('refuses one that does not belong there, with the predicate as its reason', () => {
    const byReason = (...objects: unknown[]): unknown =>
      (refusals(...objects) as { podsRefusedByReason: unknown }).podsRefusedByReason;
    const tainted = {
      ...(nodeObject('n') as object), spec: { taints: [{ key: 'gone', value: '', effect: 'NoExecute' }] },
    };
    const port = [{ name: 'main', image: 'i', ports: [{ containerPort: 80, hostPort: 80 }] }];
    expect(byReason(nodeObject('n'), placed('p', { nodeSelector: { disk: 'ssd' } }))).toEqual({
      NodeAffinity: 1,
    });
    expect(byReason(tainted, placed('p'))).toEqual({ TaintToleration: 1 });
    expect(
      byReason(nodeObject('n'), placed('p', { containers: port }), placed('q', { containers: port })),
    ).toEqual({ NodePorts: 1 });
  });

  test('does not mind an extended resource that its node knows nothing of', () => {
    const containers = [{ name: 'main', image: 'i', resources: { requests: { 'example.com/fpga': 1 } } }];
    expect(refusals(nodeObject('n'), placed('p', { containers }))).toBeUndefined();
  });
});
