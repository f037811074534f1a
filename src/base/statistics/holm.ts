/**
 * Several tests at a time (Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
 * Statistics 6, 1979).
 */

/**
 * Adjusted p-values, in the order given: rejecting those that are at most alpha rejects any true hypothesis with
 * probability at most alpha, however the tests depend on each other.
 */
export function holmAdjusted(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((i, j) => pValues[i] - pValues[j] || i - j);
  const adjusted = new Array<number>(pValues.length);
  let least = 0;
  order.forEach((i, rank) => {
    least = Math.min(1, Math.max(least, (pValues.length - rank) * pValues[i]));
    adjusted[i] = least;
  });
  return adjusted;
}
