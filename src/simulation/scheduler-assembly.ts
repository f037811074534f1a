/** Wires the scheduler to the cluster, on time or late, and its counters to metrics. */
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { bindingRefusal } from '../control-plane/binding.ts';
import { LateWatch } from '../control-plane/late-watch.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { sample } from '../kernel/sampling.ts';
import type { SchedulingCounters } from '../metrics/scheduling-counters.ts';
import type { SchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import { PodBelief } from '../scheduler/cache/cached-pods.ts';
import type { SchedulerOptions } from '../scheduler/scheduler.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import type { Scenario } from './scenario.ts';

export type SchedulerParts = Pick<
  SchedulerOptions, 'configuration' | 'registry' | 'plain' | 'phase' | 'bindVolumes'
> & { readonly kernel: Kernel; readonly cluster: Cluster };

export function assembleScheduler({ scheduler, controlPlane }: Scenario, parts: SchedulerParts): Scheduler {
  const { kernel, cluster, ...given } = parts;
  const delay = controlPlane.watchDelaySeconds.scheduler;
  const { cycleMicros, bindMicros, tieBreak, sampling } = scheduler;
  const options = { ...given, cycleMicros, bindMicros, tieBreak, sampling, autoRun: true };
  if (delay === null) return new Scheduler(kernel, cluster, options);
  return new Scheduler(kernel, cluster, {
    ...options,
    watch: lateWatch(kernel, cluster, 'scheduler', delay, parts.phase),
    bindingRefusals: (pod) => bindingRefusal(cluster, pod),
  });
}

function lateWatch(kernel: Kernel, cluster: Cluster, name: string, delay: Distribution, phase: number): LateWatch {
  const stream = kernel.random.stream(`watch-delay/${name}`);
  const micros = (): number => Math.max(0, Math.round(sample(delay, stream) * MICROS_PER_SECOND));
  return new LateWatch(kernel, cluster, { name, phase, delay: micros });
}

/** `scheduler` is asked late: metrics must watch the cluster before the scheduler exists. */
export function schedulingCounters(scheduler: () => Scheduler, configuration: SchedulerConfiguration): SchedulingCounters {
  const profile = configuration.profiles.map(({ schedulerName, percentageOfNodesToScore, points, args }) => ({ schedulerName, percentageOfNodesToScore, points, args }));
  return {
    get decisions() {
      return scheduler().decisions;
    },
    get unschedulableDecisions() {
      return scheduler().unschedulableDecisions;
    },
    get rejectionsByPlugin() {
      return scheduler().rejectionsByPlugin;
    },
    get nodesFiltered() {
      return scheduler().algorithm.nodesFiltered;
    },
    get nodesScored() {
      return scheduler().algorithm.nodesScored;
    },
    profile,
    get activeCount() {
      return scheduler().queue.activeCount;
    },
    get backoffCount() {
      return scheduler().queue.backoffCount;
    },
    get unschedulableCount() {
      return scheduler().queue.unschedulableCountNow + scheduler().queue.gatedCount;
    },
    attempts: (pod) => (isKnown(scheduler(), pod) ? scheduler().queue.attempts(pod) : 0),
    backoffMicros: (pod) => (isKnown(scheduler(), pod) ? scheduler().queue.backoffMicros(pod) : 0),
    isAssumed: (pod) => scheduler().cache.pods.belief[pod] === PodBelief.Assumed,
  };
}

/** A late scheduler may not have heard of a pod that is in the system: its row speaks of an earlier one. */
function isKnown({ cache, watch }: Scheduler, pod: number): boolean {
  return watch.lastShownAt === -Infinity || (cache.pods.belief[pod] ?? PodBelief.Unknown) !== PodBelief.Unknown;
}
