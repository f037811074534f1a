/**
 * Amounts that are a number or a share of another: `3`, `25%`.
 * Source: staging/src/k8s.io/apimachinery/pkg/util/intstr/intstr.go, GetScaledValueFromIntOrPercent (v1.36).
 */

/** Of whole things, rounded up or down. */
export function percentOf(percent: number, total: number, round: 'up' | 'down'): number {
  const share = (percent * total) / 100;
  return round === 'up' ? Math.ceil(share) : Math.floor(share);
}

/** A percentage is rounded up or down; NaN for a text that is none. */
export function scaledAmount(amount: number | string, total: number, round: 'up' | 'down'): number {
  if (typeof amount === 'number') return amount;
  if (!/^[+-]?[0-9]+%$/.test(amount)) return NaN;
  return percentOf(Number(amount.slice(0, -1)), total, round);
}
