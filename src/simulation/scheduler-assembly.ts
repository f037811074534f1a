/** Wires the scheduler to the cluster, on time or late, and its counters to metrics. */
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { bindingRefusal } from '../control-plane/binding.ts';
import { LateWatch } from '../control-plane/late-watch.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { sample } from '../kernel/sampling.ts';
import type { ConflictFacts } from '../metrics/run-result.ts';
import type { SchedulingCounters } from '../metrics/scheduling-counters.ts';
import type { SchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import { PodBelief } from '../scheduler/cache/cached-pods.ts';
import type { SchedulerOptions } from '../scheduler/scheduler.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import type { Scenario } from './scenario.ts';

/** What came of schedulers that knew too little. */
export class SchedulingConflicts {
  private bindingsRefused = 0;
  private readonly podsByReason = new Map<string, number>();
  private firstMessage = '';

  bindingRefused(): void {
    this.bindingsRefused++;
  }

  podRefused({ reason, message }: { readonly reason: string; readonly message: string }): void {
    if (this.firstMessage === '') this.firstMessage = message;
    this.podsByReason.set(reason, (this.podsByReason.get(reason) ?? 0) + 1);
  }

  /** undefined: there were none. */
  facts(): ConflictFacts | undefined {
    const reasons = [...this.podsByReason].sort(([a], [b]) => (a < b ? -1 : 1));
    const podsRefused = reasons.reduce((sum, [, count]) => sum + count, 0);
    if (podsRefused + this.bindingsRefused === 0) return undefined;
    return {
      podsRefused,
      podsRefusedByReason: Object.fromEntries(reasons),
      firstMessage: this.firstMessage,
      bindingsRefused: this.bindingsRefused,
    };
  }

  notes(): string[] {
    const facts = this.facts();
    if (facts === undefined) return [];
    const reasons = Object.entries(facts.podsRefusedByReason).map(([reason, count]) => `${String(count)} × ${reason}`);
    const pods =
      `Pods that their kubelets refused: ${String(facts.podsRefused)} (${reasons.join(', ')}), ` +
      `the first with "${facts.firstMessage}".`;
    const bindings =
      `Bindings that the API server refused, of pods that were gone or on their way out: ` +
      `${String(facts.bindingsRefused)}.`;
    return [...(facts.podsRefused > 0 ? [pods] : []), ...(facts.bindingsRefused > 0 ? [bindings] : [])];
  }
}

export type SchedulerParts = Pick<
  SchedulerOptions, 'configuration' | 'registry' | 'plain' | 'phase' | 'bindVolumes'
> & { readonly kernel: Kernel; readonly cluster: Cluster; readonly conflicts: SchedulingConflicts };

export function assembleScheduler({ scheduler, controlPlane }: Scenario, parts: SchedulerParts): Scheduler {
  const { kernel, cluster, conflicts, ...given } = parts;
  const delay = controlPlane.watchDelaySeconds.scheduler;
  const { cycleMicros, bindMicros, tieBreak, sampling } = scheduler;
  const options = { ...given, cycleMicros, bindMicros, tieBreak, sampling, autoRun: true };
  if (delay === null) return new Scheduler(kernel, cluster, options);
  return new Scheduler(kernel, cluster, {
    ...options,
    watch: lateWatch(kernel, cluster, 'scheduler', delay, parts.phase),
    bindingRefusals: (pod) => {
      const refusal = bindingRefusal(cluster, pod);
      if (refusal !== null) conflicts.bindingRefused();
      return refusal;
    },
  });
}

/**
 * Who answers what an autoscaler asks: its own watch is on time. A scheduler that is, too, will do; a late one has a
 * twin that never decides.
 */
export function autoscalersTwin(scheduler: Scheduler, { scheduler: settings }: Scenario, parts: SchedulerParts): Scheduler {
  const { kernel, cluster, conflicts: _conflicts, ...given } = parts;
  if (scheduler.watch.isOnTime) return scheduler;
  const { cycleMicros, bindMicros, tieBreak, sampling } = settings;
  return new Scheduler(kernel, cluster, { ...given, cycleMicros, bindMicros, tieBreak, sampling, autoRun: false });
}

function lateWatch(kernel: Kernel, cluster: Cluster, name: string, delay: Distribution, phase: number): LateWatch {
  const stream = kernel.random.stream('watch-delay', name);
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
  return watch.isOnTime || (cache.pods.belief[pod] ?? PodBelief.Unknown) !== PodBelief.Unknown;
}
