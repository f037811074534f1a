/** Wires the schedulers to the cluster, on time or late, and their counters to metrics. */
import { InputError } from '../base/input-error.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { delayedRequests, drawnDelays, inOrder } from '../control-plane/late-cluster.ts';
import { LateWatch, bindingRefusal } from '../control-plane/late-watch.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { ConflictFacts } from '../metrics/run-result.ts';
import type { SchedulingCounters } from '../metrics/scheduling-counters.ts';
import type { SchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import { PodBelief } from '../scheduler/cache/cached-pods.ts';
import type { ProfileSpec } from '../scheduler/framework/profile.ts';
import type { SchedulerOptions } from '../scheduler/scheduler.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { formatPath } from '../base/source-path.ts';
import { sharesOfProfiles } from './foreign-schedulers.ts';
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

/** All scheduler processes, the first one first. Throws InputError where the shares of profiles do not add up. */
export function assembleSchedulers(scenario: Scenario, parts: SchedulerParts): readonly Scheduler[] {
  const { profiles } = parts.configuration;
  const { schedulers, controlPlane } = scenario;
  const problems = sharesOfProfiles(schedulers, profiles.map(({ schedulerName }) => schedulerName));
  if (problems.length > 0) throw new InputError(problems.map(({ steps, message, suggestion }) => (
    { path: formatPath(steps), message, suggestion }
  )));
  const taken = new Set(schedulers.flatMap((process) => process.profiles));
  const first = profiles.filter(({ schedulerName }) => !taken.has(schedulerName));
  return [
    assembleScheduler(scenario, parts, first, '', controlPlane.watchDelaySeconds.scheduler),
    ...schedulers.map((process) => {
      const own = profiles.filter(({ schedulerName }) => process.profiles.includes(schedulerName));
      return assembleScheduler(scenario, parts, own, process.profiles[0], process.watchDelaySeconds);
    }),
  ];
}

/** `name`: empty for the first process. */
function assembleScheduler(
  { scheduler, controlPlane }: Scenario, parts: SchedulerParts, profiles: readonly ProfileSpec[], name: string,
  delay: Distribution | null,
): Scheduler {
  const { kernel, cluster, conflicts, ...given } = parts;
  const { cycleMicros, bindMicros, tieBreak, sampling } = scheduler;
  const label = name === '' ? 'scheduler' : `scheduler/${name}`;
  const latency = controlPlane.requestLatencySeconds.scheduler;
  const others = parts.configuration.profiles.filter((profile) => !profiles.includes(profile));
  const options: SchedulerOptions = {
    ...given,
    cycleMicros, bindMicros, tieBreak, sampling,
    autoRun: true,
    configuration: { ...parts.configuration, profiles },
    process: name,
    isServedElsewhere: (asked) => others.some(({ schedulerName }) => schedulerName === asked),
  };
  if (delay === null && latency === null) return new Scheduler(kernel, cluster, options);
  return new Scheduler(kernel, cluster, {
    ...options,
    ...(delay === null ? {} : { watch: lateWatch(kernel, cluster, label, delay, parts.phase) }),
    requests: delayedRequests(kernel, label, latency, parts.phase),
    bindingRefusals: (pod) => {
      const refusal = bindingRefusal(cluster, pod);
      if (refusal !== null) conflicts.bindingRefused();
      return refusal;
    },
  });
}

/**
 * Who answers what an autoscaler asks. `view`: what that sees; null: what there is. Then a single scheduler whose watch
 * is on time, too, will do; else a twin that serves all profiles and never decides.
 */
export function autoscalersTwin(
  schedulers: readonly Scheduler[], { scheduler: settings }: Scenario, parts: SchedulerParts, view: Cluster | null,
): Scheduler {
  const { kernel, cluster, conflicts: _conflicts, ...given } = parts;
  if (view === null && schedulers.length === 1 && schedulers[0].watch.isOnTime) return schedulers[0];
  const { cycleMicros, bindMicros, tieBreak, sampling } = settings;
  const options = { ...given, cycleMicros, bindMicros, tieBreak, sampling, autoRun: false };
  return new Scheduler(kernel, view ?? cluster, options);
}

function lateWatch(kernel: Kernel, cluster: Cluster, name: string, delay: Distribution, phase: number): LateWatch {
  return new LateWatch(kernel, cluster, { name, phase, showsAfter: inOrder(kernel, drawnDelays(kernel, name, delay)) });
}

/** `schedulers` is asked late: metrics must watch the cluster before they exist. Sums over all of them. */
export function schedulingCounters(
  schedulers: () => readonly Scheduler[], cluster: () => Cluster, configuration: SchedulerConfiguration,
): SchedulingCounters {
  const profile = configuration.profiles.map(({ schedulerName, percentageOfNodesToScore, points, args }) => ({
    schedulerName,
    percentageOfNodesToScore,
    points,
    args,
  }));
  const sum = (count: (scheduler: Scheduler) => number): number => {
    let total = 0;
    for (const scheduler of schedulers()) total += count(scheduler);
    return total;
  };
  const knowing = (pod: number): Scheduler | undefined => {
    const all = schedulers();
    const { schedulerName } = cluster().templateOf(pod);
    const own = all.length === 1 ? all[0] : all.find(({ profiles }) => profiles.has(schedulerName));
    return own !== undefined && isKnown(own, pod) ? own : undefined;
  };
  return {
    get decisions() {
      return sum((scheduler) => scheduler.decisions);
    },
    get unschedulableDecisions() {
      return sum((scheduler) => scheduler.unschedulableDecisions);
    },
    get rejectionsByPlugin() {
      const all = schedulers();
      return all.length === 1 ? all[0].rejectionsByPlugin : rejectionsOf(all);
    },
    get nodesFiltered() {
      return sum(({ algorithm }) => algorithm.nodesFiltered);
    },
    get nodesScored() {
      return sum(({ algorithm }) => algorithm.nodesScored);
    },
    profile,
    get activeCount() {
      return sum(({ queue }) => queue.activeCount);
    },
    get backoffCount() {
      return sum(({ queue }) => queue.backoffCount);
    },
    get unschedulableCount() {
      return sum(({ queue }) => queue.unschedulableCountNow + queue.gatedCount);
    },
    attempts: (pod) => knowing(pod)?.queue.attempts(pod) ?? 0,
    backoffMicros: (pod) => knowing(pod)?.queue.backoffMicros(pod) ?? 0,
    isAssumed: (pod) => schedulers().some(({ cache }) => cache.pods.belief[pod] === PodBelief.Assumed),
  };
}

function rejectionsOf(schedulers: readonly Scheduler[]): ReadonlyMap<string, number> {
  const all = new Map<string, number>();
  for (const { rejectionsByPlugin } of schedulers)
    for (const [plugin, count] of rejectionsByPlugin) all.set(plugin, (all.get(plugin) ?? 0) + count);
  return all;
}

/** A late scheduler may not have heard of a pod that is in the system: its row speaks of an earlier one. */
function isKnown({ cache, watch }: Scheduler, pod: number): boolean {
  return watch.isOnTime || (cache.pods.belief[pod] ?? PodBelief.Unknown) !== PodBelief.Unknown;
}
