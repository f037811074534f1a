/**
 * Tells rows that stood in the file before. Holds the hashes of the last half to whole million distinct rows (53 bits
 * each, 16 MiB at most): a repetition farther behind is not seen, and of a hundred million rows about one would be
 * taken for another.
 */

const GENERATION = 524_288;
const FIRST_SLOTS = 1024;
const FREE = -1;

export class DuplicateWatch {
  private young = newTable(FIRST_SLOTS);
  private youngCount = 0;
  private old: Float64Array = newTable(FIRST_SLOTS);

  /** Whether the key was seen; it is from now on. Keys are whole numbers from 0 to 2^53 - 1. */
  sawBefore(key: number): boolean {
    if (has(this.young, key) || has(this.old, key)) return true;
    if (this.youngCount >= GENERATION) {
      this.old = this.young;
      this.young = newTable(FIRST_SLOTS);
      this.youngCount = 0;
    }
    if (this.youngCount * 2 >= this.young.length) this.young = grown(this.young);
    insert(this.young, key);
    this.youngCount++;
    return false;
  }

  sawTextBefore(text: string): boolean {
    return this.sawBefore(hashOf(text));
  }
}

/** 53 bits of two FNV-1a hashes that go through the text at once. */
export function hashOf(text: string): number {
  let a = 0x811c9dc5;
  let b = 0x2bd8f1a7;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b);
  }
  return (a >>> 0) * 2_097_152 + ((b ^ (b >>> 15)) >>> 11);
}

function newTable(slots: number): Float64Array {
  return new Float64Array(slots).fill(FREE);
}

function slotOf(table: Float64Array, key: number): number {
  const mixed = Math.imul((key % 4_294_967_296) ^ Math.floor(key / 4_294_967_296), 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) & (table.length - 1);
}

function has(table: Float64Array, key: number): boolean {
  let slot = slotOf(table, key);
  for (; table[slot] !== FREE; slot = (slot + 1) & (table.length - 1)) if (table[slot] === key) return true;
  return false;
}

function insert(table: Float64Array, key: number): void {
  let slot = slotOf(table, key);
  while (table[slot] !== FREE) slot = (slot + 1) & (table.length - 1);
  table[slot] = key;
}

function grown(table: Float64Array): Float64Array {
  const next = newTable(table.length * 2);
  for (const key of table) if (key !== FREE) insert(next, key);
  return next;
}
