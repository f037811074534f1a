/**
 * Label values of nodes as columns: for each key that somebody asked for, a small number a node row. Equal values of a
 * key have equal numbers, from 0 in order of appearance; numbers are never given up.
 */
import { growInt32 } from '../../base/growable.ts';
import { ZONE_LABEL } from '../../cluster/node-facts.ts';
import type { NodeInfo } from './node-info.ts';

export class LabelColumn {
  readonly key: string;
  /** By node row: the number of the node's value, -1: the node lacks the label. Replaced when the table grows. */
  ids: Int32Array = new Int32Array(0);
  /** Grows when a node's number changes. */
  version = 0;
  private readonly numbers = new Map<string, number>();

  constructor(key: string) {
    this.key = key;
  }

  /** Values seen so far. */
  get size(): number {
    return this.numbers.size;
  }

  write(row: number, labels: ReadonlyMap<string, string>): void {
    const value = labels.get(this.key);
    let id = value === undefined ? -1 : this.numbers.get(value);
    if (id === undefined) this.numbers.set(value as string, (id = this.numbers.size));
    if (this.ids[row] === id) return;
    this.ids[row] = id;
    this.version++;
  }

  grow(capacity: number): void {
    this.ids = growInt32(this.ids, capacity, -1);
  }
}

export class LabelColumns {
  /**
   * The zone's is there from the beginning: nearly every cluster asks for it, and a node's labels are at hand when it
   * comes.
   */
  private readonly columns = new Map<string, LabelColumn>([[ZONE_LABEL, new LabelColumn(ZONE_LABEL)]]);
  private capacity = 0;

  /** The column of a key; on first sight made from the nodes that there are. */
  column(key: string, nodes: readonly (NodeInfo | undefined)[]): LabelColumn {
    const known = this.columns.get(key);
    if (known !== undefined) return known;
    const column = new LabelColumn(key);
    column.grow(this.capacity);
    for (const node of nodes) if (node !== undefined) column.write(node.row, node.labels);
    this.columns.set(key, column);
    return column;
  }

  /** A node came, or its labels may have changed. */
  write(row: number, labels: ReadonlyMap<string, string>): void {
    for (const column of this.columns.values()) column.write(row, labels);
  }

  grow(capacity: number): void {
    this.capacity = capacity;
    for (const column of this.columns.values()) column.grow(capacity);
  }
}
