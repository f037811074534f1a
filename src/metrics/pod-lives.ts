/**
 * What became of pods: how many arrived, were bound, finished, were lost or replaced, why they were evicted, and how
 * much of their run time was of use. Keeps one byte and one double per pod row; the double is touched only by breaks.
 *
 * Every pod that is not a replacement is in exactly one of: finished, running (has a node), pending, lost. A pod that
 * was replaced hands its place in this sum to its replacement, whether it is gone by then or not.
 *
 * Run time: of a pod with a duration, a run that was broken off (crash, eviction, failure) is wasted and any other is
 * useful; of a pod without one, all run time is useful, and the time between a break and the next start is wasted.
 */
import { growFloat64, growUint8, grownCapacity } from '../base/growable.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import { EvictionCause, PodOutcome, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { EVICTION_CAUSE_NAMES } from '../cluster/pod-table.ts';
import type { ContainerFacts } from './run-result.ts';

const WAS_BOUND = 2;
const WAS_STARTED = 4;
/** Another pod has been created in its place. */
const WAS_REPLACED = 8;
/** Its containers have died, and it waits for a restart. */
const IS_BROKEN = 16;

export class PodLives {
  created = 0;
  replacements = 0;
  scheduled = 0;
  finished = 0;
  /** Containers that were started again in place. */
  restarts = 0;
  /** Evictions by EvictionCause. */
  readonly evictions: Float64Array = new Float64Array(EVICTION_CAUSE_NAMES.length);
  private readonly cluster: Cluster;
  /** Gone without finishing, replaced or not. */
  private unfinished = 0;
  private wastedMicros = 0;
  private usefulMicros = 0;
  private flags: Uint8Array = new Uint8Array(0);
  /** Run time of the current run that its failed containers have lost, of pods that have some. */
  private readonly lostMicros = new Map<number, Micros>();
  /** Since when running pods are not Ready. */
  private readonly unreadySince = new Map<number, Micros>();
  private unreadyMicros = 0;
  /** When the containers died, of pods that are broken. */
  private brokenAt: Float64Array = new Float64Array(0);

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  podCreated(pod: number): void {
    if (pod >= this.flags.length) {
      const capacity = grownCapacity(this.flags.length, pod + 1);
      this.flags = growUint8(this.flags, capacity);
      this.brokenAt = growFloat64(this.brokenAt, capacity);
    }
    this.flags[pod] = 0;
    this.created++;
  }

  /** `replaced`: row of the pod it stands in for while that is still there, -1 when it is gone. */
  replacementCreated(replaced: number): void {
    this.replacements++;
    if (replaced >= 0) this.flags[replaced] |= WAS_REPLACED;
  }

  podBound(pod: number): void {
    this.flags[pod] |= WAS_BOUND;
    this.scheduled++;
  }

  wasBound(pod: number): boolean {
    return (this.flags[pod] & WAS_BOUND) !== 0;
  }

  wasStarted(pod: number): boolean {
    return (this.flags[pod] & WAS_STARTED) !== 0;
  }

  /** true: for the first time. */
  podStarted(pod: number, now: Micros): boolean {
    this.endBreak(pod, now);
    const isFirst = (this.flags[pod] & WAS_STARTED) === 0;
    this.flags[pod] |= WAS_STARTED;
    if (!this.cluster.pods.isReady(pod)) this.unreadySince.set(pod, now);
    return isFirst;
  }

  podReadyChanged(pod: number, ready: boolean, now: Micros): void {
    if (ready) this.endUnready(pod, now);
    else this.unreadySince.set(pod, now);
  }

  /** Work that is begun anew was for nothing; who serves has served until then. */
  podContainerFailed(pod: number, lostMicros: Micros): void {
    if (lostMicros === 0 || !this.runsToCompletion(pod)) return;
    this.wastedMicros += lostMicros;
    this.lostMicros.set(pod, (this.lostMicros.get(pod) ?? 0) + lostMicros);
  }

  podInterrupted(pod: number, lostMicros: Micros, now: Micros): void {
    this.flags[pod] |= IS_BROKEN;
    this.brokenAt[pod] = now;
    this.endUnready(pod, now);
    const lost = lostMicros - this.takeLost(pod);
    if (this.runsToCompletion(pod)) this.wastedMicros += lost;
    else this.usefulMicros += lost;
  }

  podTerminating(pod: number): void {
    const cause = this.cluster.pods.cause[pod];
    if (cause !== EvictionCause.None) this.evictions[cause]++;
  }

  podRemoved(pod: number, phaseBefore: number, outcome: PodOutcome, now: Micros): void {
    const { pods } = this.cluster;
    const flags = this.flags[pod];
    const evicted = outcome === PodOutcome.Evicted;
    if (evicted && !pods.isTerminating(pod)) this.evictions[pods.cause[pod]]++;
    this.endBreak(pod, now);
    if (phaseBefore === PodPhase.Running) {
      this.endUnready(pod, now);
      const ran = now - pods.startedAt[pod] - this.takeLost(pod);
      const wasted = (evicted || outcome === PodOutcome.Failed) && this.runsToCompletion(pod);
      if (wasted) this.wastedMicros += ran;
      else this.usefulMicros += ran;
    }
    const deletedByOwner =
      outcome === PodOutcome.Deleted && pods.cause[pod] === EvictionCause.None && (flags & WAS_STARTED) !== 0;
    if ((outcome === PodOutcome.Succeeded || deletedByOwner) && (flags & WAS_REPLACED) === 0) this.finished++;
    else this.unfinished++;
  }

  /** Counts at the end; `lost` follows from what is left of the replaced pods. */
  finish(now: Micros): { readonly running: number; readonly pending: number; readonly lost: number } {
    const { pods } = this.cluster;
    let running = 0;
    let pending = 0;
    let replacedAndThere = 0;
    for (let pod = 0; pod < pods.length; pod++) {
      const phase = pods.phase[pod];
      if (!pods.isLive(pod)) continue;
      this.endBreak(pod, now);
      this.endUnready(pod, now);
      if (phase === PodPhase.Running) this.usefulMicros += now - pods.startedAt[pod] - this.takeLost(pod);
      if ((this.flags[pod] & WAS_REPLACED) !== 0) replacedAndThere++;
      else if (phase === PodPhase.Bound || phase === PodPhase.Running) running++;
      else pending++;
    }
    return { running, pending, lost: this.unfinished - (this.replacements - replacedAndThere) };
  }

  wastedPodSeconds(): number {
    return this.wastedMicros / MICROS_PER_SECOND;
  }

  usefulPodSeconds(): number {
    return this.usefulMicros / MICROS_PER_SECOND;
  }

  /** Nothing where nothing was known of what runs in pods. */
  containerFacts(): { readonly containers?: ContainerFacts } {
    const { templates } = this.cluster;
    let isKnown = false;
    for (let id = 0; id < templates.count; id++) isKnown ||= templates.get(id).life !== null;
    if (!isKnown) return {};
    return { containers: { restarts: this.restarts, unreadyPodSeconds: this.unreadyMicros / MICROS_PER_SECOND } };
  }

  evictionsByCause(): Record<string, number> {
    const result: Record<string, number> = {};
    for (let cause = 0; cause < this.evictions.length; cause++)
      if (this.evictions[cause] > 0) result[EVICTION_CAUSE_NAMES[cause]] = this.evictions[cause];
    return result;
  }

  private runsToCompletion(pod: number): boolean {
    return this.cluster.pods.durationMicros[pod] < Infinity;
  }

  private takeLost(pod: number): Micros {
    if (this.lostMicros.size === 0) return 0;
    const lost = this.lostMicros.get(pod) ?? 0;
    this.lostMicros.delete(pod);
    return lost;
  }

  private endUnready(pod: number, now: Micros): void {
    if (this.unreadySince.size === 0) return;
    const since = this.unreadySince.get(pod);
    if (since === undefined) return;
    this.unreadyMicros += now - since;
    this.unreadySince.delete(pod);
  }

  private endBreak(pod: number, now: Micros): void {
    if ((this.flags[pod] & IS_BROKEN) === 0) return;
    this.flags[pod] &= ~IS_BROKEN;
    if (!this.runsToCompletion(pod)) this.wastedMicros += now - this.brokenAt[pod];
  }
}
