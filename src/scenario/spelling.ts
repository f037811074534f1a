/** Numbers of a resolved scenario as users write them: the way back of `numbers.ts`. */
import { formatDuration } from '../base/duration.ts';
import { microsFromSeconds } from '../base/time.ts';
import type { Distribution } from '../kernel/distribution.ts';

export function spellDuration(seconds: number): string {
  return formatDuration(microsFromSeconds(seconds));
}

export function spellSeconds(distribution: Distribution): unknown {
  return spellDistribution(distribution, spellDuration);
}

export function spellNumber(distribution: Distribution): unknown {
  return spellDistribution(distribution, (value) => value);
}

function spellDistribution(distribution: Distribution, spellValue: (value: number) => unknown): unknown {
  const bounds = {
    ...(distribution.atLeast === null ? {} : { atLeast: spellValue(distribution.atLeast) }),
    ...(distribution.atMost === null ? {} : { atMost: spellValue(distribution.atMost) }),
  };
  switch (distribution.kind) {
    case 'fixed':
      return Object.keys(bounds).length === 0
        ? spellValue(distribution.value)
        : { fixed: spellValue(distribution.value), ...bounds };
    case 'uniform':
      return { uniform: { min: spellValue(distribution.min), max: spellValue(distribution.max) }, ...bounds };
    case 'exponential':
      return { exponential: { mean: spellValue(distribution.mean) }, ...bounds };
    case 'lognormal':
      return { lognormal: { median: spellValue(distribution.median), sigma: distribution.sigma }, ...bounds };
    case 'weibull':
      return { weibull: { scale: spellValue(distribution.scale), shape: distribution.shape }, ...bounds };
    case 'boundedPareto':
      return {
        boundedPareto: {
          min: spellValue(distribution.min),
          max: spellValue(distribution.max),
          alpha: distribution.alpha,
        },
        ...bounds,
      };
    case 'choice':
      return { choice: { values: distribution.values.map(spellValue), weights: distribution.weights }, ...bounds };
  }
}
