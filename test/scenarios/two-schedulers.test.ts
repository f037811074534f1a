/**
 * Two scheduler processes on one cluster: each has a cache and a queue of its own and learns of the other's choices when
 * they are bound and its watch shows them. What they overfill meanwhile the kubelets refuse, and owners replace it.
 */
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import type { RunResult } from '../../src/metrics/run-result.ts';
import { memoryFiles } from '../input/memory-files.ts';

const BATCH = 'batch-scheduler';
/** Both want the fullest node. */
const pluginConfig = [{
  name: 'NodeResourcesFit',
  args: { scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 1 }] } },
}];
const config = {
  apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration',
  profiles: [{ schedulerName: 'default-scheduler', pluginConfig }, { schedulerName: BATCH, pluginConfig }],
};
const job = (name: string, schedulerName: string): object => ({
  name, kind: 'Job', arrivals: { poisson: { ratePerHour: 400, until: '10m' } }, replicas: 2,
  lifetime: { uniform: { min: '20s', max: '60s' } },
  template: {
    spec: {
      schedulerName, containers: [{ name: 'main', image: 'i', resources: { requests: { cpu: '2', memory: '1Gi' } } }],
    },
  },
});
const TREE = {
  seed: 'two',
  scheduler: { config },
  schedulers: [{ profiles: [BATCH] }],
  nodePools: [{ name: 'n', count: 20, allocatable: { cpu: 4, memory: '16Gi' } }],
  workloads: [job('one', 'default-scheduler'), job('two', BATCH)],
};

interface Watched {
  readonly result: RunResult;
  /** The most of a node's CPU that pods which its kubelet has admitted took. */
  readonly fullest: number;
  /** Pods bound more than once. */
  readonly boundTwice: number;
}

function play(members: object): Watched {
  const files = memoryFiles({ 's.json': JSON.stringify({ ...TREE, ...members }) });
  const { scenario } = readScenario({ file: 's.json' }, files);
  const bound = new Set<string>();
  let fullest = 0;
  let boundTwice = 0;
  const watch = ({ cluster }: { readonly cluster: Cluster }): void => {
    const { pods, nodes } = cluster;
    cluster.observe({
      podBound: (pod) => {
        const id = `${pod}/${pods.incarnation[pod]}`;
        if (bound.has(id)) boundTwice++;
        bound.add(id);
      },
      podAcknowledged: (pod) => {
        const admitted = nodes.pods[pods.node[pod]].filter((row) => !Number.isNaN(pods.acknowledgedAt[row]));
        fullest = Math.max(fullest, admitted.length * 2);
      },
    });
  };
  const simulation = new Simulation(
    { ...scenario, metrics: { ...scenario.metrics, checkEveryEvents: 200 } },
    { version: 't', userPlugins: [], openTrace: null, plain: false, watch },
  );
  while (simulation.advance(10_000));
  return { result: simulation.result(true), fullest, boundTwice };
}

describe('two schedulers', () => {
  const conflicts = (delay: string): number => {
    const { result, fullest, boundTwice } = play({ controlPlane: { watchDelay: delay } });
    const { podsArrived, podsFinished, podsReplaced, podsLost } = result.counts;
    expect(boundTwice).toBe(0);
    expect(fullest).toBe(4);
    expect({ podsFinished, podsLost }).toEqual({ podsFinished: podsArrived, podsLost: 0 });
    const refused = result.conflicts?.podsRefused ?? 0;
    expect(podsReplaced).toBe(refused);
    expect(Object.keys(result.conflicts?.podsRefusedByReason ?? {})).toEqual(refused === 0 ? [] : ['OutOfcpu']);
    return refused;
  };

  test('get in each other\'s way the more, the later they learn; owners replace what kubelets refuse', () => {
    const [soon, late, later] = ['0s', '50ms', '1s'].map(conflicts);
    expect(soon).toBeLessThanOrEqual(late);
    expect(late).toBeLessThan(later);
    expect(later).toBeGreaterThan(5);
  });

  test('do not, where cycles and bindings take no time and watches are on time', () => {
    const { result } = play({ scheduler: { config, cycleTime: '0s', bindTime: '0s' } });
    expect(result.conflicts).toBeUndefined();
    expect(result.counts.decisions).toBeGreaterThan(result.counts.podsArrived - 1);
  });

  test('a single one never does, however late it is', () => {
    for (const delay of ['0s', '1s']) {
      const { result } = play({ schedulers: [], controlPlane: { watchDelay: delay } });
      expect(result.conflicts).toBeUndefined();
      expect(result.counts.podsFinished).toBe(result.counts.podsArrived);
    }
  });

  test('a watch of one may be late and the other\'s not', () => {
    const { result } = play({ schedulers: [{ profiles: [BATCH], watchDelay: '2s' }] });
    expect(result.conflicts?.podsRefused).toBeGreaterThan(0);
    expect((result.resolvedScenario as { readonly schedulers: unknown }).schedulers).toEqual([
      { profiles: [BATCH], watchDelay: '2s' },
    ]);
  });
});

describe('schedulers', () => {
  const mistakes = (schedulers: unknown): string[] => {
    try {
      play({ schedulers, duration: '1s' });
      return [];
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return error.problems.map(({ path, message, suggestion }) => `${path ?? ''}: ${message} ${suggestion ?? ''}`.trim());
    }
  };

  test('name profiles that there are, each once, and leave one to the first', () => {
    expect(mistakes([{ profiles: ['batch-schedular'] }])).toEqual([
      'schedulers[0].profiles[0]: no profile of the configuration has the schedulerName "batch-schedular" batch-scheduler',
    ]);
    expect(mistakes([{ profiles: [BATCH] }, { profiles: [BATCH] }])).toEqual([
      'schedulers[1].profiles[0]: two processes serve the profile "batch-scheduler"',
    ]);
    expect(mistakes([{ profiles: [BATCH, 'default-scheduler'] }])).toEqual([
      'schedulers: no profile is left for the first scheduler: leave one out of the lists',
    ]);
    expect(mistakes([{ profiles: [] }])).toEqual(['schedulers[0].profiles: expected at least one profile']);
  });
});
