/**
 * What the last attempt of each template said, for as long as it would say so again: nothing in the scheduler's cache
 * and no nomination has changed since, every node rejected the pod, and each plugin that was asked promises that its
 * answer hangs on nothing else. Asking anew (Scheduler.decide) is the plain twin. 200 bytes a template that fails, two
 * comparisons an attempt.
 */
import { assert } from '../../base/assert.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { FailedAttempt } from '../failed-attempts.ts';
import type { Diagnosis } from '../framework/diagnosis.ts';
import type { HintTable } from '../queue/hint-table.ts';
import type { Nominator } from '../queue/nominator.ts';

export interface KnownFailure {
  readonly attempt: FailedAttempt;
  /** Plugins that rejected the pod, by name, and as masks of the queue's. */
  readonly plugins: readonly string[];
  readonly rejectors: number;
  readonly pendings: number;
  readonly nodesFiltered: number;
  /** Does what PostFilter would do besides answering. */
  readonly askPostFilter: () => void;
  /** That answers the same whatever changes: with the same verdicts of the nodes the attempt says the same. */
  readonly isSettled: boolean;
  /** As of which it is known. */
  changes: number;
  /** Attempts that said the same, and that `rejections` does not know of yet. */
  repeats: number;
}

/** PostFilter's rejection, which it repeats. */
export interface RepeatedAnswer {
  readonly again: () => void;
  readonly settled?: boolean;
}

export class RepeatedFailures {
  /** Attempts that have not been made, because what they would say was known. */
  repeated = 0;
  private readonly cache: SchedulerCache;
  private readonly nominator: Nominator;
  /** By template id. */
  private readonly byTemplate: (KnownFailure | undefined)[] = [];
  private readonly counts = new Map<string, number>();

  constructor(cache: SchedulerCache, nominator: Nominator) {
    this.cache = cache;
    this.nominator = nominator;
  }

  /** Failed attempts by plugin that rejected. */
  get rejections(): ReadonlyMap<string, number> {
    for (const known of this.byTemplate) if (known !== undefined) this.countRepeats(known);
    return this.counts;
  }

  countRejections(plugins: Iterable<string>, times: number): void {
    for (const plugin of plugins) this.counts.set(plugin, (this.counts.get(plugin) ?? 0) + times);
  }

  /**
   * To be called in the pod's cycle, which failed: all pods of its template that `canRepeat` get the same answer until
   * something changes.
   */
  keep(pod: number, attempt: FailedAttempt, diagnosis: Diagnosis, hints: HintTable, answer: RepeatedAnswer): void {
    const { unschedulablePlugins, pendingPlugins, nodeCount } = diagnosis;
    const rejectors = hints.mask(unschedulablePlugins);
    const pendings = hints.mask(pendingPlugins);
    if (!this.canRepeat(pod) || (rejectors | pendings) === 0) return;
    assert(this.nominator.nodeOf(pod) === undefined, 'the status of a pod tells where it is nominated');
    const plugins = [...unschedulablePlugins];
    const template = this.cache.pods.template[pod];
    const before = this.byTemplate[template];
    if (before !== undefined) this.countRepeats(before);
    const { changes } = this;
    this.byTemplate[template] = {
      attempt,
      plugins,
      rejectors,
      pendings,
      nodesFiltered: nodeCount,
      askPostFilter: answer.again,
      isSettled: answer.settled === true,
      changes,
      repeats: 0,
    };
  }

  /** What an attempt of the pod would say now; null: it has to be made. */
  of(pod: number): KnownFailure | null {
    const known = this.byTemplate[this.cache.pods.template[pod]];
    return known !== undefined && known.changes === this.changes && this.canRepeat(pod) ? known : null;
  }

  /**
   * In the pod's cycle, which failed with this diagnosis, before PostFilter: what its attempt says, if that is what
   * the last one of its template did; it is then known again. null: it has to be found out.
   */
  asBefore(pod: number, diagnosis: Diagnosis): KnownFailure | null {
    const known = this.byTemplate[this.cache.pods.template[pod]];
    if (known === undefined || !known.isSettled || !this.canRepeat(pod)) return null;
    if (known.attempt.hasVerdicts?.(diagnosis) !== true) return null;
    known.changes = this.changes;
    return known;
  }

  /** So many attempts said what `of` had told. */
  note(known: KnownFailure, times: number): void {
    known.repeats += times;
    this.repeated += times;
  }

  /** Whether nothing but the template tells the pod from others: no node of its own. */
  canRepeat(pod: number): boolean {
    const { pods } = this.cache;
    return pods.pinnedNode[pod] < 0 && pods.nominatedNode[pod] < 0;
  }

  private get changes(): number {
    return this.cache.changeCount + this.nominator.changeCount;
  }

  private countRepeats(known: KnownFailure): void {
    if (known.repeats > 0) this.countRejections(known.plugins, known.repeats);
    known.repeats = 0;
  }
}
