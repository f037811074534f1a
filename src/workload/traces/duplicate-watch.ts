/**
 * Tells rows that stood in the file before. Holds hashes of 53 bits of the last 262,144 distinct rows at least and of
 * twice as many at most (8 MiB): a repetition farther behind is not seen, and of a billion rows about one would be
 * taken for another.
 */
import { FieldHash } from './field-hash.ts';
import type { RowCells } from './row-cells.ts';

const GENERATION = 262_144;
const FIRST_SLOTS = 1024;
const FREE = -1;

export class DuplicateWatch {
  private young = newTable(FIRST_SLOTS);
  private youngCount = 0;
  /** null: the first generation is still young. */
  private old: Float64Array | null = null;

  /** Whether the key was seen; it is from now on. Keys are whole numbers from 0 to 2^53 - 1. */
  sawBefore(key: number): boolean {
    const mixed = mix(key);
    const slot = find(this.young, key, mixed);
    if (this.young[slot] === key) return true;
    if (this.old !== null && this.old[find(this.old, key, mixed)] === key) return true;
    this.young[slot] = key;
    this.youngCount++;
    if (this.youngCount >= GENERATION) {
      this.old = this.young;
      this.young = newTable(FIRST_SLOTS);
      this.youngCount = 0;
    } else if (this.youngCount * 2 >= this.young.length) this.young = grown(this.young);
    return false;
  }

  sawTextBefore(text: string): boolean {
    return this.sawBefore(this.hash.start().addField(text, 0, text.length).value());
  }

  /** The cells of these columns together. */
  sawCellsBefore(cells: RowCells, columns: readonly number[]): boolean {
    this.hash.start();
    for (const column of columns) cells.hashField(column, this.hash);
    return this.sawBefore(this.hash.value());
  }

  sawRowBefore(cells: RowCells): boolean {
    this.hash.start();
    for (let column = 0; column < cells.fieldCount; column++) cells.hashField(column, this.hash);
    return this.sawBefore(this.hash.value());
  }

  private readonly hash = new FieldHash();
}

function newTable(slots: number): Float64Array {
  return new Float64Array(slots).fill(FREE);
}

function mix(key: number): number {
  const mixed = Math.imul((key % 4_294_967_296) ^ Math.floor(key / 4_294_967_296), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}

/** Where the key stands, or the free slot where it would. */
function find(table: Float64Array, key: number, mixed: number): number {
  const mask = table.length - 1;
  let slot = mixed & mask;
  while (table[slot] !== FREE && table[slot] !== key) slot = (slot + 1) & mask;
  return slot;
}

function grown(table: Float64Array): Float64Array {
  const next = newTable(table.length * 4);
  for (const key of table) if (key !== FREE) next[find(next, key, mix(key))] = key;
  return next;
}
