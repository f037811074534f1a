/** Fewer rows of what is read out or listed. */

/**
 * Rows spread evenly over `count`, the last one always among them: for read-outs, where every value is a true sample.
 */
export function spreadRows(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: most }, (_, i) => Math.floor(((i + 1) * count) / most) - 1);
}
