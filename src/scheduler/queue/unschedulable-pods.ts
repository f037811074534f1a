/**
 * The pods that wait for an event, grouped by what decides whether an event helps: template, rejecting plugins, gate.
 * Each group is a list of rows in the order in which they came; a row that leaves from between leaves its slot empty.
 * Add and remove are O(1) and allocate nothing; 16 bytes a pod row, a small object and a list a group that ever was.
 */
import { growFloat64, growInt32, grownCapacity } from '../../base/growable.ts';

export interface PodGroup {
  /** Bit of the gating plugin, 0: not gated. */
  readonly gate: number;
  readonly rejectors: number;
  readonly pendings: number;
  /** Place in the list of all groups. */
  readonly index: number;
  size: number;
  /** Slots in use, of which those before `start` and some others are empty (-1). */
  length: number;
  start: number;
  rows: Int32Array;
}

const NO_ROWS = new Int32Array(0);
const EMPTY = -1;

export class UnschedulablePods {
  size = 0;
  gatedCount = 0;
  private readonly all: PodGroup[] = [];
  /** By template id. */
  private readonly byTemplate: (PodGroup[] | undefined)[] = [];
  /** Groups with pods, in the order in which they came to have some. */
  private readonly present = new Set<PodGroup>();
  private capacity = 0;
  /** By pod row: 1 + index of the pod's group, 0: it does not wait here; and its slot there. */
  private groupOf: Int32Array = new Int32Array(0);
  private slotOf: Int32Array = new Int32Array(0);
  /** By pod row: what tells the order in which they came, whatever their group. */
  private order: Float64Array = new Float64Array(0);
  private sequence = 0;
  /** A list for the next group that is taken whole. */
  private spare: Int32Array = NO_ROWS;

  add(pod: number, template: number, rejectors: number, pendings: number, gate: number): void {
    this.remove(pod);
    const group = this.groupFor(template, rejectors, pendings, gate);
    if (group.size++ === 0) this.present.add(group);
    if (group.length === group.rows.length) this.makeRoom(group);
    this.append(group, pod);
    this.size++;
    if (gate !== 0) this.gatedCount++;
  }

  /** The first so many of a list, which do not wait here, of one template and not gated. */
  addMany(pods: Int32Array, count: number, template: number, rejectors: number, pendings: number): void {
    const group = this.groupFor(template, rejectors, pendings, 0);
    if (group.size === 0) this.present.add(group);
    group.size += count;
    this.size += count;
    if (group.length + count > group.rows.length) this.makeRoom(group);
    for (let i = 0; i < count; i++) if (pods[i] >= this.capacity) this.grow(pods[i] + 1);
    const { slotOf, groupOf, order, sequence } = this;
    const { rows, length, index } = group;
    for (let i = 0; i < count; i++) {
      const pod = pods[i];
      slotOf[pod] = length + i;
      rows[length + i] = pod;
      groupOf[pod] = index + 1;
      order[pod] = sequence + i;
    }
    group.length += count;
    this.sequence += count;
  }

  remove(pod: number): void {
    if (pod >= this.capacity || this.groupOf[pod] === 0) return;
    const group = this.all[this.groupOf[pod] - 1];
    this.groupOf[pod] = 0;
    group.rows[this.slotOf[pod]] = EMPTY;
    if (--group.size === 0) this.clear(group);
    else while (group.rows[group.start] < 0) group.start++;
    this.size--;
    if (group.gate !== 0) this.gatedCount--;
  }

  /** A copy: groups may come and go while it is walked. */
  groups(): PodGroup[] {
    return [...this.present];
  }

  /** The row that came first, -1 when there is none. */
  firstOf({ size, rows, start }: PodGroup): number {
    return size === 0 ? -1 : rows[start];
  }

  /** Rows of a group, a copy. */
  podsOf({ rows, start, length }: PodGroup): number[] {
    const pods: number[] = [];
    for (let slot = start; slot < length; slot++) if (rows[slot] >= 0) pods.push(rows[slot]);
    return pods;
  }

  /** Takes all pods out of a group. Their rows are the first `group.size` there was of the list, for `giveBack`. */
  takeAll(group: PodGroup): Int32Array {
    const { rows, start, length, size } = group;
    const { groupOf } = this;
    let count = 0;
    for (let slot = start; slot < length; slot++) {
      const pod = rows[slot];
      if (pod < 0) continue;
      groupOf[pod] = 0;
      rows[count++] = pod;
    }
    group.rows = this.spare;
    this.spare = NO_ROWS;
    this.clear(group);
    group.size = 0;
    this.size -= size;
    if (group.gate !== 0) this.gatedCount -= size;
    return rows;
  }

  /** A list that takeAll() gave, when its rows have been read. */
  giveBack(rows: Int32Array): void {
    this.spare = rows;
  }

  /** All rows in the order in which they came, a copy. */
  rows(): number[] {
    const rows: number[] = [];
    for (const group of this.present) rows.push(...this.podsOf(group));
    return this.inOrder(rows);
  }

  /** Those that pass, in the order in which they came. */
  filter(passes: (pod: number) => boolean): number[] {
    const found: number[] = [];
    for (const { rows, start, length } of this.present) {
      for (let slot = start; slot < length; slot++) if (rows[slot] >= 0 && passes(rows[slot])) found.push(rows[slot]);
    }
    return this.inOrder(found);
  }

  private append(group: PodGroup, pod: number): void {
    if (pod >= this.capacity) this.grow(pod + 1);
    this.slotOf[pod] = group.length;
    group.rows[group.length++] = pod;
    this.groupOf[pod] = group.index + 1;
    this.order[pod] = this.sequence++;
  }

  private inOrder(rows: number[]): number[] {
    const { order } = this;
    return rows.sort((a, b) => order[a] - order[b]);
  }

  private clear(group: PodGroup): void {
    group.start = group.length = 0;
    this.present.delete(group);
  }

  private groupFor(template: number, rejectors: number, pendings: number, gate: number): PodGroup {
    const groups = (this.byTemplate[template] ??= []);
    for (let i = 0; i < groups.length; i++) {
      const group = groups[i];
      if (group.rejectors === rejectors && group.pendings === pendings && group.gate === gate) return group;
    }
    const index = this.all.length;
    const group = { gate, rejectors, pendings, index, size: 0, length: 0, start: 0, rows: NO_ROWS };
    groups.push(group);
    this.all.push(group);
    return group;
  }

  /** For those whom `size` counts already: without gaps, in a longer list where half of this one is needed. */
  private makeRoom(group: PodGroup): void {
    const { rows, start, length, size } = group;
    const next = size * 2 <= rows.length ? rows : new Int32Array(grownCapacity(16, size * 2));
    let count = 0;
    for (let slot = start; slot < length; slot++) {
      const pod = rows[slot];
      if (pod < 0) continue;
      this.slotOf[pod] = count;
      next[count++] = pod;
    }
    group.rows = next;
    group.start = 0;
    group.length = count;
  }

  private grow(needed: number): void {
    const capacity = grownCapacity(this.capacity, needed);
    this.groupOf = growInt32(this.groupOf, capacity);
    this.slotOf = growInt32(this.slotOf, capacity);
    this.order = growFloat64(this.order, capacity);
    this.capacity = capacity;
  }
}
