/** The chi-squared distribution: of sums of squares, and of how badly counts fit what was expected. */
import { assert } from '../assert.ts';
import { logGamma, lowerGammaShare, upperGammaShare } from './gamma.ts';
import { normalQuantile } from './normal.ts';

/** Probability of at most `x` with `degrees` of freedom (positive, whole or not). */
export function chiSquaredCdf(x: number, degrees: number): number {
  assert(degrees > 0, `degrees of freedom are positive, not ${degrees}`);
  return x <= 0 ? 0 : lowerGammaShare(degrees / 2, x / 2);
}

/** Probability of more than `x`. */
export function chiSquaredUpperTail(x: number, degrees: number): number {
  assert(degrees > 0, `degrees of freedom are positive, not ${degrees}`);
  return x <= 0 ? 1 : upperGammaShare(degrees / 2, x / 2);
}

/** The x that a share `probability` of the distribution does not exceed. 0 at 0, infinite at 1. */
export function chiSquaredQuantile(probability: number, degrees: number): number {
  assert(probability >= 0 && probability <= 1, `a probability is from 0 to 1, not ${probability}`);
  assert(degrees > 0, `degrees of freedom are positive, not ${degrees}`);
  if (probability === 0) return 0;
  if (probability === 1) return Number.POSITIVE_INFINITY;
  // The smaller side is solved for: it keeps its digits.
  const upper = probability > 0.5;
  const excessAt = (x: number): number =>
    upper ? 1 - probability - chiSquaredUpperTail(x, degrees) : chiSquaredCdf(x, degrees) - probability;
  let low = 0;
  let high = Math.max(1, 2 * degrees);
  while (excessAt(high) < 0) high *= 2;
  let x = startingPoint(probability, degrees);
  if (!(x > low && x < high)) x = high / 2;
  for (let step = 0; step < 400; step++) {
    const excess = excessAt(x);
    if (excess === 0) return x;
    if (excess > 0) high = x;
    else low = x;
    const newton = x - excess / density(x, degrees);
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - x) <= 1e-15 * x) return next;
    x = next;
  }
  return x;
}

function density(x: number, degrees: number): number {
  const a = degrees / 2;
  return Math.exp((a - 1) * Math.log(x / 2) - x / 2 - logGamma(a)) / 2;
}

/** Wilson and Hilferty's cube; near 0, where it is useless, the first term of the series. */
function startingPoint(probability: number, degrees: number): number {
  const share = 2 / (9 * degrees);
  const root = 1 - share + normalQuantile(probability) * Math.sqrt(share);
  if (root > 0.3) return degrees * root * root * root;
  const a = degrees / 2;
  return 2 * Math.exp((Math.log(probability) + logGamma(a + 1)) / a);
}
