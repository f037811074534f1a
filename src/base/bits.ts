/** Sets of small numbers as bits of 32-bit words. */

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
