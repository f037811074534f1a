/** Sets of small numbers as bits of 32-bit words. */

/** Number `n` stands in word `n >> WORD_BITS`, at bit `n & WORD_MASK`. */
export const WORD_BITS = 5;
export const WORD_MASK = (1 << WORD_BITS) - 1;

/** Place of the lowest bit of a number that is not 0. */
export function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** How many bits are set. */
export function bitCount(bits: number): number {
  let counted = bits - ((bits >>> 1) & 0x5555_5555);
  counted = (counted & 0x3333_3333) + ((counted >>> 2) & 0x3333_3333);
  return Math.imul((counted + (counted >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/** Place of the n-th set bit, counted from 0; there are more. */
export function nthBit(bits: number, n: number): number {
  if (bits === -1) return n;
  let left = bits;
  for (let i = 0; i < n; i++) left &= left - 1;
  return lowestBit(left);
}

/** The bits without the lowest `n` that are set. */
export function bitsFrom(bits: number, n: number): number {
  if (n >= 1 << WORD_BITS) return 0;
  if (bits === -1) return -1 << n;
  let left = bits;
  for (let i = 0; i < n; i++) left &= left - 1;
  return left;
}
