/**
 * Scenarios that are textbook queues: pods that fill a node each arrive by a Poisson process, run for a drawn time and
 * go. The scheduler takes no time, so that a pod is placed in the instant in which a node is free.
 *
 * First come, first served is kept as long as nobody waits for five minutes and backoff does not grow: upstream puts a
 * pod whose attempt failed behind those that failed before, and tries all that wait whenever a pod ends. What breaks
 * the order: backoff that doubles (the pod tried more often comes out later; hence initial = maximal), and the flush of
 * pods that have been unschedulable for five minutes, which stamps them anew (hence run times of seconds).
 */
import { playScenario, type Played, type PlayedPod } from './played-scenario.ts';

const CONFIGURATION = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };

/** Upstream's plugins, with backoff of one second that never grows: first come, first served. */
export const STEADY_BACKOFF = { ...CONFIGURATION, podInitialBackoffSeconds: 1, podMaxBackoffSeconds: 1 };

/** The same with no plugin but those that a queue needs: a third of the time. */
export const BARE_QUEUE = {
  ...STEADY_BACKOFF,
  profiles: [
    {
      plugins: {
        multiPoint: {
          disabled: [{ name: '*' }],
          enabled: [{ name: 'PrioritySort' }, { name: 'NodeResourcesFit' }, { name: 'DefaultBinder' }],
        },
      },
    },
  ],
};

export interface QueueScenario {
  readonly seed: string;
  readonly nodes: number;
  readonly arrivalsPerSecond: number;
  /** As a scenario has it, such as `{exponential: {mean: '10s'}}`. */
  readonly lifetime: unknown;
  readonly arrivals: number;
  readonly configuration: unknown;
}

/** Until about so many pods have arrived. The pods of the result are in order of arrival. */
export function playQueueScenario(queue: QueueScenario, more: Readonly<Record<string, unknown>> = {}): Played {
  const { seed, nodes, arrivalsPerSecond, lifetime, arrivals, configuration } = queue;
  const seconds = Math.ceil(arrivals / arrivalsPerSecond);
  const played = playScenario({
    seed,
    duration: `${seconds}s`,
    nodePools: [{ name: 'server', count: nodes, allocatable: { cpu: 1, memory: '1Gi', pods: 110 } }],
    workloads: [
      {
        name: 'customer',
        kind: 'Pod',
        arrivals: { poisson: { ratePerHour: arrivalsPerSecond * 3600 } },
        lifetime,
        requests: { cpu: 1 },
      },
    ],
    scheduler: { config: configuration, cycleTime: '0s', bindTime: '0s', sampling: false },
    metrics: { pods: 'all', checkEvery: 0, sampleInterval: `${seconds}s` },
    ...more,
  });
  return { ...played, pods: [...played.pods].sort((a, b) => a.created - b.created) };
}

/**
 * Waits of first come, first served, from arrivals and run times alone (Kiefer and Wolfowitz 1955). Only of pods that
 * ended.
 */
export function waitsInOrder(pods: readonly PlayedPod[], servers: number): number[] {
  const freeAt = new Array<number>(servers).fill(0);
  return pods.map(({ created, started, ended }) => {
    const first = freeAt.indexOf(Math.min(...freeAt));
    const start = Math.max(created, freeAt[first]);
    freeAt[first] = start + (ended - started);
    return start - created;
  });
}

/** Means of consecutive arrivals, `size` each, after `warmUp`; a rest is left aside. */
export function cohortMeans(values: readonly number[], warmUp: number, size: number): number[] {
  const count = Math.floor((values.length - warmUp) / size);
  return Array.from({ length: count }, (_, cohort) => {
    const own = values.slice(warmUp + cohort * size, warmUp + (cohort + 1) * size);
    return own.reduce((sum, value) => sum + value, 0) / size;
  });
}
