/**
 * Why pods waited: by what their last failed attempt said. A pod waits for its attempt's main reason from that attempt
 * on until the next one, its binding or its end; how many pods wait for what is integrated at these instants. Pods that
 * are never rejected cost one array read each; a failed attempt costs some 50 ns; 12 bytes a pod row up to the last
 * that failed.
 */
import { assert } from '../base/assert.ts';
import { growInt32, grownCapacity } from '../base/growable.ts';
import type { Micros } from '../base/time.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { LevelIntegral } from './share-integrals.ts';

/** One failed attempt; attempts that say the same may be one object. Read when the report is made, never before. */
export interface FailedAttempt {
  /** The text of the FailedScheduling event. */
  readonly message: string;
  /** One reason that stands for all. */
  readonly mainReason: string;
}

/** A node that almost fitted. */
export interface NodeSeen {
  readonly node: string;
  readonly pool: number;
  readonly resource: string;
  /** In the resource's unit: milli-cores, bytes, or a number. */
  readonly free: number;
  readonly wanted: number;
  readonly allocatable: number;
}

/** What nodes had left for pods of a template. */
export interface RoomSeen {
  readonly at: Micros;
  readonly nearest: NodeSeen | null;
  readonly nearestByReason: ReadonlyMap<string, NodeSeen>;
  readonly pools: readonly { readonly pool: number; readonly reason: string; readonly lacksRoom: boolean }[];
}

/** Pods of one template and class that waited for one reason. */
export interface WaitGroup {
  readonly index: number;
  readonly template: number;
  readonly workloadClass: number;
  readonly reason: number;
  readonly waiting: LevelIntegral;
  /** Pods whose last failed attempt it was. */
  pods: number;
  attempts: number;
}

/** Reasons told apart; plugins may put anything into theirs. */
const MOST_REASONS = 32;
export const OTHER_REASONS = 'other reasons';

export class WaitReasons {
  readonly groups: WaitGroup[] = [];
  private readonly cluster: Cluster;
  /** Texts of reasons, in order of appearance, and pods that wait for each now. */
  readonly reasons: string[] = [];
  readonly waitingNow: number[] = [];
  private readonly reasonIndex = new Map<string, number>();
  /** By template id. */
  private readonly byTemplate: (WaitGroup[] | undefined)[] = [];
  readonly rooms: (RoomSeen | undefined)[] = [];
  private readonly lastOfTemplate: (FailedAttempt | undefined)[] = [];
  /**
   * By pod row: the last attempt, and 1 + index of the group that the pod is or was in; negative: it does not wait any
   * more.
   */
  private readonly attempts: (FailedAttempt | undefined)[] = [];
  private group: Int32Array = new Int32Array(0);

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  podCreated(pod: number): void {
    if (pod >= this.group.length || this.group[pod] === 0) return;
    this.group[pod] = 0;
    this.attempts[pod] = undefined;
  }

  attemptFailed(pod: number, attempt: FailedAttempt, now: Micros): void {
    this.groups[this.enter(pod, attempt, now)].attempts++;
    this.lastOfTemplate[this.cluster.pods.template[pod]] = attempt;
  }

  /** The same of those of a list that are pending, each `every` after the one before it, the first so long `after`. */
  attemptsFailed(pods: Int32Array, count: number, attempt: FailedAttempt, after: Micros, every: Micros): void {
    const { phase, template } = this.cluster.pods;
    const { groups, attempts } = this;
    // Most have the group of the one before, which is that of the attempt: nothing of theirs changes.
    let known = 0;
    let times = 0;
    for (let i = 0; i < count; i++) {
      const pod = pods[i];
      if (phase[pod] !== PodPhase.Pending) continue;
      if (times === 0 || this.group[pod] !== known || template[pod] !== groups[known - 1].template) {
        if (times > 0) groups[known - 1].attempts += times;
        times = 0;
        known = this.enter(pod, attempt, after + (i + 1) * every) + 1;
        this.lastOfTemplate[template[pod]] = attempt;
      } else attempts[pod] = attempt;
      times++;
    }
    if (times > 0) groups[known - 1].attempts += times;
  }

  /**
   * Something else than a failed attempt keeps the pod: out of the queue, which counts until its first failed attempt,
   * or after the choice from being bound, which counts always. Its text is that of the last failed attempt, if there
   * was one.
   */
  podHeld(pod: number, why: string, isChosen: boolean, now: Micros): void {
    const before = this.attemptOf(pod);
    const failure = before instanceof Hold ? before.failure : before;
    if (failure === undefined || isChosen) this.enter(pod, new Hold(why, failure), now);
  }

  /** The pod was bound, or is gone. */
  podLeft(pod: number, now: Micros): void {
    if (pod >= this.group.length || this.group[pod] <= 0) return;
    this.leave(this.groups[this.group[pod] - 1], now);
    this.group[pod] = -this.group[pod];
  }

  /** A pod that came with its node was held for no time at all, if it was held: that never was. */
  podPlaced(pod: number): void {
    if (pod >= this.group.length || this.group[pod] === 0) return;
    this.groups[Math.abs(this.group[pod]) - 1].pods--;
    this.podCreated(pod);
  }

  roomSeen(template: number, room: RoomSeen): void {
    this.rooms[template] = room;
  }

  /** The last failed attempt of a pod, or what keeps it out of the queue. */
  attemptOf(pod: number): FailedAttempt | undefined {
    return this.attempts[pod];
  }

  /** The last failed attempt of any pod of a template. */
  lastOf(template: number): FailedAttempt | undefined {
    return this.lastOfTemplate[template];
  }

  /** Of a pod that waits, the text of its reason; '' when it has none. */
  reasonOf(pod: number): string {
    return pod < this.group.length && this.group[pod] > 0 ? this.reasons[this.groups[this.group[pod] - 1].reason] : '';
  }

  private enter(pod: number, attempt: FailedAttempt, now: Micros): number {
    if (pod >= this.group.length) this.group = growInt32(this.group, grownCapacity(this.group.length, pod + 1));
    const before = this.group[pod];
    if (before > 0 && this.attempts[pod] === attempt) return before - 1;
    this.attempts[pod] = attempt;
    if (before > 0 && this.isIn(this.groups[before - 1], pod, attempt)) return before - 1;
    const index = this.groupFor(pod, attempt.mainReason);
    if (before === index + 1) return index;
    if (before !== 0) this.groups[Math.abs(before) - 1].pods--;
    if (before > 0) this.leave(this.groups[before - 1], now);
    const { waiting, reason } = this.groups[index];
    this.groups[index].pods++;
    waiting.set(waiting.value + 1, now);
    this.waitingNow[reason]++;
    this.group[pod] = index + 1;
    return index;
  }

  private isIn({ template, reason }: WaitGroup, pod: number, attempt: FailedAttempt): boolean {
    return this.reasons[reason] === attempt.mainReason && this.cluster.pods.template[pod] === template;
  }

  private leave({ waiting, reason }: WaitGroup, now: Micros): void {
    assert(waiting.value > 0, 'nobody waits for this reason');
    waiting.set(waiting.value - 1, now);
    this.waitingNow[reason]--;
  }

  private groupFor(pod: number, text: string): number {
    const { pods } = this.cluster;
    const template = pods.template[pod];
    const workloadClass = pods.workloadClass[pod];
    const reason = this.reasonFor(text);
    const known = (this.byTemplate[template] ??= []);
    let group = known.find((one) => one.reason === reason && one.workloadClass === workloadClass);
    if (group === undefined) {
      group = {
        index: this.groups.length,
        template,
        workloadClass,
        reason,
        waiting: new LevelIntegral(),
        pods: 0,
        attempts: 0,
      };
      known.push(group);
      this.groups.push(group);
    }
    return group.index;
  }

  private reasonFor(text: string): number {
    const known = this.reasonIndex.get(text);
    if (known !== undefined) return known;
    const name = this.reasons.length < MOST_REASONS - 1 ? text : OTHER_REASONS;
    let index = this.reasons.indexOf(name);
    if (index < 0) {
      index = this.reasons.push(name) - 1;
      this.waitingNow.push(0);
    }
    if (this.reasonIndex.size < MOST_REMEMBERED) this.reasonIndex.set(text, index);
    return index;
  }
}

/** Texts whose reason is remembered, though most of them are "other reasons". */
const MOST_REMEMBERED = 4096;

/** Stands for what keeps a pod without failing an attempt. */
class Hold implements FailedAttempt {
  readonly mainReason: string;
  readonly failure: FailedAttempt | undefined;

  constructor(why: string, failure: FailedAttempt | undefined) {
    this.mainReason = why;
    this.failure = failure;
  }

  get message(): string {
    return this.failure?.message ?? this.mainReason;
  }
}
