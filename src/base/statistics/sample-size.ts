/**
 * How many pairs (seeds) are needed, judged by those that are there. Both answers take what was seen for the truth and
 * are therefore themselves uncertain: from ten pairs the standard deviation is known to about a quarter.
 */
import { assert } from '../assert.ts';
import { logGamma } from './gamma.ts';
import { normalCdf, normalQuantile } from './normal.ts';
import { studentTQuantile } from './student-t.ts';

/** Answers beyond this are "none": no one will run that many. */
export const MOST_PAIRS = 1_000_000;

/**
 * Pairs in all for a t interval of at most this half width (same unit as the standard deviation). Stein's rule ("A
 * two-sample test for a linear hypothesis whose power is independent of the variance", Annals of Mathematical
 * Statistics 16, 1945): with the first pairs' standard deviation and t quantile kept, the interval covers as it says.
 * Never fewer than the first pairs. null: more than MOST_PAIRS.
 */
export function pairsForHalfWidth(
  firstPairs: number,
  standardDeviation: number,
  halfWidth: number,
  confidence = 0.95,
): number | null {
  assert(firstPairs >= 2, `a standard deviation needs two pairs, not ${firstPairs}`);
  assert(standardDeviation >= 0 && halfWidth >= 0, 'neither standard deviation nor half width is negative');
  const t = studentTQuantile(1 - (1 - confidence) / 2, firstPairs - 1);
  const root = standardDeviation === 0 ? 0 : (t * standardDeviation) / halfWidth;
  const needed = Math.max(firstPairs, Math.ceil(root * root));
  return needed <= MOST_PAIRS ? needed : null;
}

/**
 * Probability that a two-sided paired t test shows a difference of `effect` standard deviations (of the differences).
 * The noncentral t distribution, integrated over that of the standard deviation; good to about 1e-10.
 */
export function pairedTPower(effect: number, pairs: number, confidence = 0.95): number {
  assert(pairs >= 2, `a paired t test needs two pairs, not ${pairs}`);
  const degrees = pairs - 1;
  const critical = studentTQuantile(1 - (1 - confidence) / 2, degrees);
  const shift = Math.abs(effect) * Math.sqrt(pairs);
  // The standard deviation found, as a multiple s of the true one, has the density of a chi variable / sqrt(degrees).
  const half = degrees / 2;
  const logScale = Math.log(2) + half * Math.log(half) - logGamma(half);
  const spread = 10 / Math.sqrt(2 * degrees);
  // The critical value of one degree is so large that the integrand has a step.
  const panels = degrees === 1 ? 16 : 5;
  return integral(Math.max(0, 1 - spread), 1 + spread, panels, (s) => {
    const logDensity = logScale + (degrees - 1) * Math.log(s) - half * s * s;
    // The wrong side counts only when the effect is small.
    const wrongSide = shift + critical * s < 8 ? normalCdf(-shift - critical * s) : 0;
    return Math.exp(logDensity) * (normalCdf(shift - critical * s) + wrongSide);
  });
}

/**
 * Least number of pairs with which a paired t test shows a difference of `effect` standard deviations with the given
 * power. null: no difference, or more than MOST_PAIRS.
 */
export function pairsToShow(effect: number, power = 0.8, confidence = 0.95): number | null {
  assert(power > 0 && power < 1, `a power is between 0 and 1, not ${power}`);
  const size = Math.abs(effect);
  if (Number.isNaN(size) || size === 0) return null;
  // The normal distribution's answer, with Guenther's correction for t: mostly right, at most a few off.
  const critical = normalQuantile(1 - (1 - confidence) / 2);
  const root = (critical + normalQuantile(power)) / size;
  const rough = root * root + (critical * critical) / 2;
  if (rough > MOST_PAIRS) return null;
  const shows = (pairs: number): boolean => pairedTPower(size, pairs, confidence) >= power;
  let enough = Math.max(2, Math.ceil(rough));
  while (!shows(enough)) enough++;
  while (enough > 2 && shows(enough - 1)) enough--;
  return enough;
}

/** Positive abscissas and weights of Gauss-Legendre quadrature with 16 points (Abramowitz and Stegun, table 25.4). */
const POINTS = [
  0.0950125098376374402, 0.2816035507792589132, 0.4580167776572273863, 0.6178762444026437484, 0.7554044083550030339,
  0.8656312023878317439, 0.9445750230732325761, 0.9894009349916499326,
];
const WEIGHTS = [
  0.1894506104550684963, 0.1826034150449235889, 0.169156519395002538, 0.1495959888165767321, 0.1246289712555338721,
  0.095158511682492785, 0.062253523938647893, 0.0271524594117540949,
];

function integral(low: number, high: number, panels: number, f: (x: number) => number): number {
  const half = (high - low) / (2 * panels);
  let sum = 0;
  for (let panel = 0; panel < panels; panel++) {
    const center = low + (2 * panel + 1) * half;
    POINTS.forEach((point, i) => {
      sum += WEIGHTS[i] * (f(center - half * point) + f(center + half * point));
    });
  }
  return sum * half;
}
