/** The scheduler's counters as metrics reads them. */
import type { SchedulingCounters } from '../metrics/scheduling-counters.ts';
import type { SchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import { PodBelief } from '../scheduler/cache/cached-pods.ts';
import type { Scheduler } from '../scheduler/scheduler.ts';

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
    attempts: (pod) => scheduler().queue.attempts(pod),
    backoffMicros: (pod) => scheduler().queue.backoffMicros(pod),
    isAssumed: (pod) => scheduler().cache.pods.belief[pod] === PodBelief.Assumed,
  };
}
