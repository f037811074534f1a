/**
 * Copies of nodes for thinking on: a place's copy is made anew in every look at the cluster, in the memory of its last
 * one. Costs some 200 bytes a place that was ever changed in thought, and no garbage.
 */
import { growUint32, grownCapacity } from '../../base/growable.ts';
import type { NodeInfo } from '../cache/node-info.ts';

export class ThoughtCopies {
  private readonly copies: NodeInfo[] = [];
  /** By place: the look for which its copy was made. */
  private madeIn: Uint32Array = new Uint32Array(0);
  private look = 0;

  /** A new look, at so many places: none has a copy. */
  clear(places: number): void {
    this.look++;
    if (places > this.madeIn.length) this.madeIn = growUint32(this.madeIn, grownCapacity(this.madeIn.length, places));
  }

  has(place: number): boolean {
    return this.madeIn[place] === this.look;
  }

  /** The copy of a place that has one. */
  get(place: number): NodeInfo {
    return this.copies[place];
  }

  /** Copies a node to a place that has no copy; `columns` is the number of resource columns. */
  make(place: number, source: NodeInfo, columns: number): NodeInfo {
    const old = this.copies[place] as NodeInfo | undefined;
    this.madeIn[place] = this.look;
    if (old !== undefined && old.row === source.row && old.allocatable.length === columns) {
      overwrite(old, source, columns);
      return old;
    }
    return (this.copies[place] = source.whatIf(columns));
  }
}

/** Makes `copy`, a what-if copy with so many columns, what `source.whatIf(columns)` would be. */
function overwrite(copy: NodeInfo, source: NodeInfo, columns: number): void {
  for (let column = 0; column < columns; column++) {
    copy.allocatable[column] = source.allocatable[source.base + column];
    copy.requested[column] = source.requested[source.base + column];
  }
  copy.nonZero[0] = source.nonZero[source.nonZeroBase];
  copy.nonZero[1] = source.nonZero[source.nonZeroBase + 1];
  // Setting a length costs more than the few pods.
  const { pods } = source;
  while (copy.pods.length > pods.length) copy.pods.pop();
  for (let i = 0; i < pods.length; i++) copy.pods[i] = pods[i];
  copy.takeOver(source);
}
