/** The shapes of random quantities. Values are plain numbers; the unit (seconds, bytes, count) belongs to the field that holds the distribution. */
export type Distribution = (
  | { readonly kind: 'fixed'; readonly value: number }
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }
  | { readonly kind: 'exponential'; readonly mean: number }
  | { readonly kind: 'lognormal'; readonly median: number; readonly sigma: number }
  | { readonly kind: 'weibull'; readonly scale: number; readonly shape: number }
  | { readonly kind: 'boundedPareto'; readonly min: number; readonly max: number; readonly alpha: number }
  | { readonly kind: 'choice'; readonly values: readonly number[]; readonly weights: readonly number[] }
) & {
  /** Results are clamped into [atLeast, atMost]; null: no bound. */
  readonly atLeast: number | null;
  readonly atMost: number | null;
};
