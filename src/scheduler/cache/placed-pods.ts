/**
 * Pods on living nodes by template, as lists through their rows: 8 bytes a pod row, 4 a template. Only Placements
 * writes here.
 */
import { growInt32, grownCapacity } from '../../base/growable.ts';

export class PlacedPods {
  /** By template id, -1: none. */
  private firstOf: Int32Array = new Int32Array(0);
  /** By pod row, -1: none. */
  private next: Int32Array = new Int32Array(0);
  private previous: Int32Array = new Int32Array(0);

  /** Any of them, -1: there is none. */
  first(template: number): number {
    return template < this.firstOf.length ? this.firstOf[template] : -1;
  }

  /** The one behind it, -1: it is the last. */
  after(pod: number): number {
    return this.next[pod];
  }

  enter(pod: number, template: number): void {
    if (pod >= this.next.length) {
      const capacity = grownCapacity(this.next.length, pod + 1);
      this.next = growInt32(this.next, capacity);
      this.previous = growInt32(this.previous, capacity);
    }
    if (template >= this.firstOf.length)
      this.firstOf = growInt32(this.firstOf, grownCapacity(this.firstOf.length, template + 1), -1);
    const first = this.firstOf[template];
    this.next[pod] = first;
    this.previous[pod] = -1;
    if (first >= 0) this.previous[first] = pod;
    this.firstOf[template] = pod;
  }

  leave(pod: number, template: number): void {
    const next = this.next[pod];
    const previous = this.previous[pod];
    if (next >= 0) this.previous[next] = previous;
    if (previous >= 0) this.next[previous] = next;
    else this.firstOf[template] = next;
  }
}
