/**
 * The pods that wait for an event, grouped by what decides whether an event helps: template, rejecting plugins, gate.
 * Pods stand in two linked lists, of their group and of all, each in the order in which they came. Add and remove are
 * O(1) and allocate nothing; 20 bytes a pod row, a small object a group that ever was.
 */
import { growInt32, grownCapacity } from '../../base/growable.ts';

export interface PodGroup {
  /** Bit of the gating plugin, 0: not gated. */
  readonly gate: number;
  readonly rejectors: number;
  readonly pendings: number;
  /** Place in the list of all groups. */
  readonly index: number;
  /** Rows; -1: there is no pod. */
  first: number;
  last: number;
}

export class UnschedulablePods {
  size = 0;
  gatedCount = 0;
  private readonly all: PodGroup[] = [];
  /** By template id. */
  private readonly byTemplate: (PodGroup[] | undefined)[] = [];
  /** Groups with pods, in the order in which they came to have some. */
  private readonly present = new Set<PodGroup>();
  private capacity = 0;
  /** By pod row: 1 + index of the pod's group, 0: it does not wait here. */
  private groupOf: Int32Array = new Int32Array(0);
  /** Rows before and after a pod in its group, and among all; -1: none. */
  private before: Int32Array = new Int32Array(0);
  private after: Int32Array = new Int32Array(0);
  private beforeOfAll: Int32Array = new Int32Array(0);
  private afterOfAll: Int32Array = new Int32Array(0);
  private firstOfAll = -1;
  private lastOfAll = -1;

  add(pod: number, template: number, rejectors: number, pendings: number, gate: number): void {
    if (pod >= this.capacity) this.grow(pod + 1);
    this.remove(pod);
    const group = this.groupFor(template, rejectors, pendings, gate);
    if (group.last < 0) {
      group.first = pod;
      this.present.add(group);
    } else this.after[group.last] = pod;
    this.before[pod] = group.last;
    this.after[pod] = -1;
    group.last = pod;
    if (this.lastOfAll < 0) this.firstOfAll = pod;
    else this.afterOfAll[this.lastOfAll] = pod;
    this.beforeOfAll[pod] = this.lastOfAll;
    this.afterOfAll[pod] = -1;
    this.lastOfAll = pod;
    this.groupOf[pod] = group.index + 1;
    this.size++;
    if (gate !== 0) this.gatedCount++;
  }

  remove(pod: number): void {
    if (pod >= this.capacity || this.groupOf[pod] === 0) return;
    const group = this.all[this.groupOf[pod] - 1];
    this.groupOf[pod] = 0;
    this.unlink(pod, group);
    if (group.first < 0) this.present.delete(group);
    this.size--;
    if (group.gate !== 0) this.gatedCount--;
  }

  /** A copy: groups may come and go while it is walked. */
  groups(): PodGroup[] {
    return [...this.present];
  }

  /** Rows of a group, a copy. */
  podsOf({ first }: PodGroup): number[] {
    const pods: number[] = [];
    for (let pod = first; pod >= 0; pod = this.after[pod]) pods.push(pod);
    return pods;
  }

  /** Takes all pods out of a group; their rows. */
  takeAll(group: PodGroup): number[] {
    const { beforeOfAll, afterOfAll, groupOf } = this;
    const pods = this.podsOf(group);
    for (let i = 0; i < pods.length; i++) {
      const pod = pods[i];
      const before = beforeOfAll[pod];
      const after = afterOfAll[pod];
      if (before < 0) this.firstOfAll = after;
      else afterOfAll[before] = after;
      if (after < 0) this.lastOfAll = before;
      else beforeOfAll[after] = before;
      groupOf[pod] = 0;
    }
    group.first = group.last = -1;
    this.present.delete(group);
    this.size -= pods.length;
    if (group.gate !== 0) this.gatedCount -= pods.length;
    return pods;
  }

  /** All rows, a copy. */
  rows(): number[] {
    const rows: number[] = [];
    for (let pod = this.firstOfAll; pod >= 0; pod = this.afterOfAll[pod]) rows.push(pod);
    return rows;
  }

  private unlink(pod: number, group: PodGroup): void {
    const { before, after, beforeOfAll, afterOfAll } = this;
    if (before[pod] < 0) group.first = after[pod];
    else after[before[pod]] = after[pod];
    if (after[pod] < 0) group.last = before[pod];
    else before[after[pod]] = before[pod];
    if (beforeOfAll[pod] < 0) this.firstOfAll = afterOfAll[pod];
    else afterOfAll[beforeOfAll[pod]] = afterOfAll[pod];
    if (afterOfAll[pod] < 0) this.lastOfAll = beforeOfAll[pod];
    else beforeOfAll[afterOfAll[pod]] = beforeOfAll[pod];
  }

  private groupFor(template: number, rejectors: number, pendings: number, gate: number): PodGroup {
    const groups = (this.byTemplate[template] ??= []);
    for (const group of groups)
      if (group.rejectors === rejectors && group.pendings === pendings && group.gate === gate) return group;
    const group = { gate, rejectors, pendings, index: this.all.length, first: -1, last: -1 };
    groups.push(group);
    this.all.push(group);
    return group;
  }

  private grow(needed: number): void {
    const capacity = grownCapacity(this.capacity, needed);
    this.groupOf = growInt32(this.groupOf, capacity);
    this.before = growInt32(this.before, capacity);
    this.after = growInt32(this.after, capacity);
    this.beforeOfAll = growInt32(this.beforeOfAll, capacity);
    this.afterOfAll = growInt32(this.afterOfAll, capacity);
    this.capacity = capacity;
  }
}
