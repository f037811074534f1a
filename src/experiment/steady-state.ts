/**
 * Runs that are meant to show a steady state: how much of their beginning to leave out, the same for all variants and
 * seeds. The warm-up is looked for in the mean over seeds, which is smoother than any run (Hoad, Robinson and Davies,
 * "Automating warm-up length estimation", Journal of the Operational Research Society 61, 2010).
 */
import { assert } from '../base/assert.ts';
import { warmUpCut, type WarmUp } from '../base/statistics/warm-up.ts';

/**
 * `observations[variant][seed]`: one number an arrival (or an interval of time), in order. The longest warm-up of any
 * variant counts for all; settled only when all are. What lies beyond the shortest run is not looked at.
 */
export function commonWarmUp(observations: readonly (readonly ArrayLike<number>[])[]): WarmUp {
  assert(observations.length > 0 && observations.every((seeds) => seeds.length > 0), 'a warm-up is looked for in runs');
  const length = observations.reduce(
    (least, seeds) => seeds.reduce((short, run) => Math.min(short, run.length), least),
    Infinity,
  );
  const cuts = observations.map((seeds) => warmUpCut(meanOverSeeds(seeds, length)));
  return { cut: Math.max(...cuts.map(({ cut }) => cut)), isSettled: cuts.every(({ isSettled }) => isSettled) };
}

function meanOverSeeds(runs: readonly ArrayLike<number>[], length: number): Float64Array {
  return Float64Array.from({ length }, (_, i) => runs.reduce((sum, run) => sum + run[i], 0) / runs.length);
}
