/**
 * MetricsCollector: a read-only observer of the cluster that turns its notices into a RunResult. It integrates exactly
 * at the instants of change (utilisation, node counts, node records); what needs a scan (stranded resources) or a row
 * of its own (time series) is sampled by a kernel event (RunSamples). A pod's whole life costs well under a
 * microsecond.
 */
import { assert } from '../base/assert.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { NodeChange } from '../cluster/observer.ts';
import type { ClusterObserver, WorkloadChange } from '../cluster/observer.ts';
import type { PodOutcome } from '../cluster/pod-table.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Campaigns, EventMarks } from './event-marks.ts';
import type { CampaignProcess } from './event-marks.ts';
import { PodWaits } from './latency.ts';
import { NodeRecords } from './node-records.ts';
import { PodLives } from './pod-lives.ts';
import { Replacements } from './replacements.ts';
import { BoundedPodRows, STILL_PENDING, STILL_RUNNING, STILL_STARTING } from './pod-rows.ts';
import { measureMetrics } from './declared-metrics.ts';
import type { MetricNumbers } from './declared-metrics.ts';
import type { RunEnd } from './metric.ts';
import type { Counts, PodTable, RunResult, Utilization } from './run-result.ts';
import type { SchedulingCounters } from './scheduling-counters.ts';
import type { MetricsSettings } from './settings.ts';
import { NodeLevels } from './share-integrals.ts';
import { RunSamples } from './time-series.ts';
import { UtilizationIntegrals } from './utilization.ts';
import { waitingFacts } from './wait-facts.ts';
import { WaitReasons } from './wait-reasons.ts';
import type { FailedAttempt, RoomSeen } from './wait-reasons.ts';

export interface MetricsOptions {
  readonly costPerHourByPool: ReadonlyMap<string, number>;
  /** Most pods of the pod table when `settings.pods` is `auto`. */
  readonly podTableLimit: number;
  /** Kernel phase of samples. */
  readonly phase: number;
}

/** What the assembly knows of the run and metrics does not. */
export interface RunIdentity {
  readonly scenario: string;
  readonly description: string;
  readonly seed: string;
  readonly version: string;
  readonly kubernetes: string;
  readonly complete: boolean;
  readonly resolvedScenario: unknown;
  readonly notes: readonly string[];
  readonly notSimulated: RunResult['notSimulated'];
  readonly refusedPods: RunResult['refusedPods'];
  readonly conflicts?: RunResult['conflicts'];
}

export class MetricsCollector implements ClusterObserver {
  readonly ignoresStatus = true;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly scheduling: SchedulingCounters;
  private readonly utilization: UtilizationIntegrals;
  private readonly waits: PodWaits;
  private readonly lives: PodLives;
  private readonly nodes: NodeRecords;
  private readonly reasons: WaitReasons;
  private readonly samples: RunSamples;
  private readonly replacements: Replacements;
  private readonly marks = new EventMarks();
  /** null: nothing fails by chance. */
  private campaigns: Campaigns | null = null;
  private readonly levels = new NodeLevels();
  private readonly table: BoundedPodRows;
  private readonly numbersAt: (end: RunEnd) => MetricNumbers;
  private isFinished = false;

  /** Must exist before the first node is added; `scheduling` is read from the first binding on. */
  constructor(
    kernel: Kernel,
    cluster: Cluster,
    { pods, sampleMicros }: MetricsSettings,
    scheduling: SchedulingCounters,
    { costPerHourByPool, podTableLimit, phase }: MetricsOptions,
  ) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.scheduling = scheduling;
    this.utilization = new UtilizationIntegrals(cluster);
    this.waits = new PodWaits(cluster);
    this.lives = new PodLives(cluster);
    this.nodes = new NodeRecords(cluster, costPerHourByPool);
    this.reasons = new WaitReasons(cluster);
    const { utilization, reasons } = this;
    this.samples = new RunSamples({ kernel, cluster, scheduling, utilization, reasons }, sampleMicros, phase);
    this.table = new BoundedPodRows(cluster, pods !== 'none', pods === 'auto' ? podTableLimit : Infinity);
    assert(cluster.totals.nodesAlive === 0 && kernel.now === 0, 'metrics must watch from the beginning');
    cluster.observe(this);
    this.replacements = new Replacements(cluster, (lost) => this.lives.replacementCreated(lost));
    const { lives, levels, nodes } = this;
    this.numbersAt = measureMetrics({ kernel, cluster, scheduling, lives, levels, nodes });
    this.samples.begin();
  }

  /** Something worth a mark on the plots: told by whoever makes it happen, never guessed from notices. */
  mark(kind: string, label: string, count: number): void {
    this.marks.add(this.kernel.now, kind, label, count);
  }

  /** To be told what these failure processes do; before anything happens, at most once. */
  campaignsOf(processes: readonly CampaignProcess[]): Campaigns {
    return (this.campaigns = new Campaigns(this.cluster, processes));
  }

  /** A scheduling attempt failed; told at its end. */
  attemptFailed(pod: number, attempt: FailedAttempt): void {
    this.reasons.attemptFailed(pod, attempt, this.kernel.now);
  }

  /** The same of many, of one template; each ends `every` after the one before, the first `every` from now. */
  attemptsFailed(pods: Int32Array, count: number, attempt: FailedAttempt, every: Micros): void {
    this.reasons.attemptsFailed(pods, count, attempt, this.kernel.now, every);
  }

  /** Something else than a failed attempt keeps a pod out of the queue, or from being bound. */
  podHeld(pod: number, why: string): void {
    this.reasons.podHeld(pod, why, this.scheduling.isAssumed(pod), this.kernel.now);
  }

  /** What nodes had left for a template's pods when one of them failed. */
  roomSeen(template: number, room: RoomSeen): void {
    this.reasons.roomSeen(template, room);
  }

  // ---- pods ------------------------------------------------------------------------------------------------------

  podCreated(pod: number): void {
    this.lives.podCreated(pod);
    this.reasons.podCreated(pod);
    this.utilization.pendingChanged(this.kernel.now);
    this.table.podCreated(this.lives.created);
    this.samples.fragmentation.podCreated(pod);
    this.replacements.podCreated(pod);
  }

  podUpdated(pod: number): void {
    const node = this.cluster.pods.node[pod];
    if (node < 0) return;
    this.samples.fragmentation.podsMoved(node);
    this.nodes.nodeChanged(node, this.kernel.now);
    this.utilization.poolChanged(this.cluster.nodes.pool[node], this.kernel.now);
  }

  podBound(pod: number, placed: boolean): void {
    const node = this.cluster.pods.node[pod];
    this.lives.podBound(pod);
    this.reasons.podLeft(pod, this.kernel.now);
    this.nodes.podBound(node);
    this.moved(pod, node);
    if (placed) {
      this.waits.placedWithNode++;
      this.reasons.podPlaced(pod);
      return;
    }
    this.waits.podBound(pod, this.kernel.now, this.scheduling);
  }

  podStarted(pod: number): void {
    const { now } = this.kernel;
    if (this.lives.podStarted(pod, now)) this.waits.podStarted(pod, now);
  }

  podReadyChanged(pod: number, ready: boolean): void {
    this.lives.podReadyChanged(pod, ready, this.kernel.now);
  }

  podContainerFailed(pod: number, _exitCode: number, lostMicros: number): void {
    this.lives.podContainerFailed(pod, lostMicros);
  }

  podContainerRestarted(): void {
    this.lives.restarts++;
  }

  podInterrupted(pod: number, lostMicros: number): void {
    this.lives.podInterrupted(pod, lostMicros, this.kernel.now);
  }

  podTerminating(pod: number): void {
    this.lives.podTerminating(pod);
    this.replacements.podTerminating(pod);
  }

  podRemoved(pod: number, node: number, phaseBefore: number, outcome: PodOutcome): void {
    const { now } = this.kernel;
    if (node >= 0) this.moved(pod, node);
    else this.utilization.pendingChanged(now);
    if (!this.lives.wasStarted(pod)) this.waits.podLeft(pod, this.lives.wasBound(pod), now);
    this.lives.podRemoved(pod, phaseBefore, outcome, now);
    this.reasons.podLeft(pod, now);
    this.addRow(pod, node, now, outcome);
    this.replacements.podRemoved(pod, outcome);
  }

  workloadChanged(row: number, change: WorkloadChange): void {
    this.replacements.workloadChanged(row, change);
  }

  // ---- nodes -----------------------------------------------------------------------------------------------------

  nodeAdded(node: number): void {
    const { now } = this.kernel;
    this.nodes.nodeAdded(node, now);
    this.samples.fragmentation.nodeChanged(node);
    this.samples.packing.nodesChanged();
    this.utilization.poolChanged(this.cluster.nodes.pool[node], now);
    this.levels.changed(this.cluster.totals.nodesAlive, this.cluster.totals.nodesEmpty, now);
  }

  nodeUpdated(node: number, changes: number): void {
    if ((changes & NodeChange.Allocatable) !== 0) this.samples.packing.nodesChanged();
    this.samples.fragmentation.nodeChanged(node);
    this.nodes.nodeChanged(node, this.kernel.now);
    this.utilization.poolChanged(this.cluster.nodes.pool[node], this.kernel.now);
  }

  nodeRemoving(node: number): void {
    const { now } = this.kernel;
    this.nodes.nodeRemoving(node, now);
    this.samples.packing.nodesChanged();
    this.samples.fragmentation.nodeRemoving(node);
    this.utilization.nodeLeaves(node, now);
    const { totals: { nodesAlive, nodesEmpty }, nodes: { workPods } } = this.cluster;
    this.levels.changed(nodesAlive - 1, nodesEmpty - (workPods[node] === 0 ? 1 : 0), now);
  }

  nodeHealthChanged(node: number, up: boolean): void {
    this.nodes.healthChanged(node, up, this.kernel.now);
    if (!up) this.levels.failures++;
  }

  // ---- the result ------------------------------------------------------------------------------------------------

  /** Closes the books at the kernel's time. Once. */
  result(identity: RunIdentity, autoscaler: RunEnd['autoscaler']): RunResult {
    assert(!this.isFinished, 'a run has one result');
    this.isFinished = true;
    const { now } = this.kernel;
    this.samples.finish();
    this.nodes.finish(now);
    const numbers = this.numbersAt({ now, pods: this.finishPods(now), autoscaler });
    const { counts } = numbers;
    const waits = this.waits.groups.summary();
    const pods = this.podTable();
    const utilization = this.utilization.overall(now);
    return {
      schemaVersion: 1,
      scenario: identity.scenario,
      description: identity.description,
      seed: identity.seed,
      version: identity.version,
      kubernetes: identity.kubernetes,
      digest: this.kernel.digest.hex(),
      simulatedSeconds: now / MICROS_PER_SECOND,
      complete: identity.complete,
      counts,
      utilization,
      utilizationByPool: this.utilization.byPool(now),
      latency: waits.latency,
      latencyByPriority: waits.latencyByPriority,
      latencyByClass: waits.latencyByClass,
      scheduling: {
        ...this.waits.efforts(),
        rejectionsByPlugin: Object.fromEntries(
          [...this.scheduling.rejectionsByPlugin].sort(([a], [b]) => (a < b ? -1 : 1)),
        ),
        ...numbers.scheduling,
        profile: this.scheduling.profile,
      },
      waiting: waitingFacts(this.cluster, this.reasons, (pod) => this.scheduling.isAssumed(pod), now),
      packing: {
        densityOfNonEmptyNodes: this.samples.packing.densityOfNonEmptyNodes(),
        ...numbers.packing,
        strandedShare: this.samples.packing.strandedShare(),
        fragmentation: this.samples.fragmentation.facts(),
      },
      failures: {
        evictionsByCause: this.lives.evictionsByCause(),
        ...numbers.failures,
        ...this.campaigns?.facts(),
        ...this.lives.containerFacts(),
      },
      autoscaling: numbers.autoscaling,
      cost: { ...numbers.cost, nodeHoursByPool: this.nodes.cost(now).nodeHoursByPool },
      notes: [...identity.notes, ...this.notes(counts, waits.isExact), ...overfullNotes(utilization)],
      notSimulated: identity.notSimulated,
      refusedPods: identity.refusedPods,
      ...(identity.conflicts === undefined ? {} : { conflicts: identity.conflicts }),
      resolvedScenario: identity.resolvedScenario,
      timeseries: this.samples.series.result(),
      events: this.marks.result(),
      pods,
      nodes: this.nodes.results(now),
    };
  }

  private notes(counts: Counts, isExact: boolean): string[] {
    const { waits: { leftWaiting, placedWithNode }, table } = this;
    const { askedMicros, series: { intervalMicros } } = this.samples;
    const notes: string[] = [];
    const say = (count: number, text: string): void => void (count > 0 && notes.push(text));
    say(
      counts.podsPending,
      `Pods that still waited for a node at the end: ${counts.podsPending}. Their waits so far are counted as lower ` +
        'bounds.',
    );
    say(
      leftWaiting,
      `Pods that left before they had a node: ${leftWaiting}. Their waits until then are counted as lower bounds.`,
    );
    say(
      placedWithNode,
      `Pods that came with a node of their own: ${placedWithNode}. They have no queue wait.`,
    );
    say(
      counts.podsReplaced,
      `Replacement pods: ${counts.podsReplaced}. They count in latencies and in podsScheduled as pods of their own, ` +
        'but not in podsArrived.',
    );
    say(
      isExact ? 0 : 1,
      'Waits of the larger groups are summed up in a histogram: their quantiles are exact to 0.4 %.',
    );
    say(
      table.isGivenUp ? 1 : 0,
      `The pod table is left out: there were more than ${table.limit} pods (metrics.pods: all writes ` +
        'it anyway).',
    );
    say(this.marks.dropped, `Events that happened but are not marked, to keep the marks few: ${this.marks.dropped}.`);
    say(
      intervalMicros > askedMicros ? 1 : 0,
      `Time series rows are ${intervalMicros / MICROS_PER_SECOND} s apart instead of ` +
        `${askedMicros / MICROS_PER_SECOND} s, to keep them few.`,
    );
    return notes;
  }

  private finishPods(now: Micros): RunEnd['pods'] {
    const { pods } = this.cluster;
    for (let pod = 0; pod < pods.length; pod++)
      if (pods.isLive(pod) && !this.lives.wasStarted(pod)) this.waits.censor(pod, this.lives.wasBound(pod), now);
    return this.lives.finish(now);
  }

  /** Pods that are still there come last, oldest first. */
  private podTable(): PodTable | null {
    const { pods } = this.cluster;
    const { rows } = this.table;
    if (rows === null) return null;
    const there: number[] = [];
    for (let pod = 0; pod < pods.length; pod++) if (pods.isLive(pod)) there.push(pod);
    there.sort((a, b) => pods.createdAt[a] - pods.createdAt[b] || a - b);
    for (const pod of there) {
      const phase = pods.phase[pod];
      this.addRow(
        pod,
        pods.node[pod],
        NaN,
        phase === PodPhase.Running ? STILL_RUNNING : phase === PodPhase.Bound ? STILL_STARTING : STILL_PENDING,
      );
    }
    return rows.result((record) => this.nodes.nameOf(record));
  }

  // ---- within ----------------------------------------------------------------------------------------------------

  /** A pod came to a node or left it. */
  private moved(pod: number, node: number): void {
    const { now } = this.kernel;
    this.samples.fragmentation.podsMoved(node);
    const template: PodTemplate = this.cluster.templates.get(this.cluster.pods.template[pod]);
    this.utilization.pendingChanged(now);
    this.utilization.podMoved(this.cluster.nodes.pool[node], template, now);
    this.nodes.podMoved(node, template, now);
    const { nodesEmpty } = this.cluster.totals;
    if (nodesEmpty !== this.levels.empty.value) this.levels.empty.set(nodesEmpty, now);
  }

  private addRow(pod: number, node: number, endedAt: Micros, outcome: number): void {
    const { rows } = this.table;
    if (rows === null) return;
    const nodeRecord = node < 0 ? -1 : this.nodes.recordOf(node);
    rows.add(pod, {
      nodeRecord,
      attempts: this.scheduling.attempts(pod),
      startedAt: this.cluster.pods.startedAt[pod],
      endedAt,
      outcome,
      failed: this.reasons.attemptOf(pod),
    });
  }
}

/** What more was requested of than there is: it has a mean and a largest share, but no quantile, above 1. */
function overfullNotes(utilization: Readonly<Record<string, Utilization>>): string[] {
  const overfull = Object.entries(utilization).filter(([, { max }]) => max > 1);
  if (overfull.length === 0) return [];
  const shares = overfull
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { max }]) => `${name} up to ${(max * 100).toFixed(1)}%`);
  return [
    `More was requested than nodes offer (${shares.join(', ')}): pods came with a node of their own, or nodes shrank.` +
      ' Means and largest shares count it, quantiles of utilization end at 100%.',
  ];
}
