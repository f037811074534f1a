/** Sets of small numbers as bits of 32-bit words. */

/** Place of the lowest bit of a number that is not 0. */
export function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
