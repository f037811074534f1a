/**
 * Requests within a window of time of which number and burstiness are known. The draws are conditioned on both: a
 * window gives exactly its number of requests, and gaps with exactly its coefficient of variation, whatever chance
 * does; what is drawn is their order, their sizes within that, and where in the window they stand. A plain renewal
 * process would not do it: with a coefficient of 8 and 800 requests in a window its rate alone would scatter by 30 %.
 *
 * Costs about 60 exponentials for each request.
 */
import { assert } from '../../base/assert.ts';
import type { Micros } from '../../base/time.ts';
import type { RandomStream } from '../../kernel/random.ts';
import { meanOf } from '../../kernel/sampling.ts';

export interface RequestWindow {
  readonly lengthMicros: Micros;
  readonly requests: number;
  /** Standard deviation of the gaps over their mean. */
  readonly cv: number;
  /** The family that the gaps come from, and its parameters; the scale is in micros. */
  readonly family: 'Gamma' | 'Weibull';
  readonly shape: number;
  readonly scaleMicros: number;
}

/** Offsets of the requests from the beginning of the window, ascending, below its length. */
export function drawRequests(window: RequestWindow, stream: RandomStream): Float64Array {
  const { requests, lengthMicros } = window;
  assert(requests >= 0 && lengthMicros > 0, 'a window has a length');
  const offsets = new Float64Array(requests);
  if (requests === 0) return offsets;
  const gaps = requests < 2 ? new Float64Array(0) : drawGaps(window, stream);
  const most = lengthMicros - 1;
  const span = gaps.length === 0 ? 0 : Math.min(most, meanGap(window) * gaps.length);
  const scale = gaps.length === 0 ? 0 : span / sumOf(gaps);
  let at = stream.next() * (most - span);
  for (let i = 0; i < requests; i++) {
    offsets[i] = Math.min(most, Math.round(at));
    if (i < gaps.length) at += gaps[i] * scale;
  }
  return offsets;
}

/** Requests that stand anywhere in the window with the same chance: a Poisson process, given their number. */
export function drawUniformRequests(requests: number, lengthMicros: Micros, stream: RandomStream): Float64Array {
  const offsets = new Float64Array(requests);
  for (let i = 0; i < requests; i++) offsets[i] = Math.floor(stream.next() * lengthMicros);
  return offsets.sort((a, b) => a - b);
}

function meanGap({ family, shape, scaleMicros }: RequestWindow): number {
  return family === 'Gamma'
    ? shape * scaleMicros
    : meanOf({ kind: 'weibull', scale: scaleMicros, shape, atLeast: null, atMost: null });
}

/**
 * Gaps with the wanted coefficient of variation, of any mean: draws of the family raised to the power that gives it.
 */
function drawGaps({ requests, cv, family, shape }: RequestWindow, stream: RandomStream): Float64Array {
  const logs = new Float64Array(requests - 1);
  let largest = -Infinity;
  for (let i = 0; i < logs.length; i++) {
    logs[i] = family === 'Gamma' ? logOfGamma(shape, stream) : Math.log(exponential(stream)) / shape;
    if (logs[i] > largest) largest = logs[i];
  }
  for (let i = 0; i < logs.length; i++) logs[i] -= largest;
  const power = powerFor(cv, logs);
  for (let i = 0; i < logs.length; i++) logs[i] = Math.exp(logs[i] * power);
  return logs;
}

const STEPS = 60;
/** Powers beyond it leave one gap and nothing else. */
const LARGEST_POWER = 1e6;

/**
 * The coefficient of variation of `exp(power * log)` grows with the power, from 0 to the root of the number of gaps.
 */
function powerFor(cv: number, logs: Float64Array): number {
  if (logs.length < 2) return 1;
  let low = 0;
  let high = 1;
  while (variation(logs, high) < cv && high < LARGEST_POWER) {
    low = high;
    high *= 2;
  }
  for (let step = 0; step < STEPS && high - low > high * 1e-12; step++) {
    const middle = (low + high) / 2;
    if (variation(logs, middle) < cv) low = middle;
    else high = middle;
  }
  return high;
}

function variation(logs: Float64Array, power: number): number {
  let sum = 0;
  let squares = 0;
  for (const log of logs) {
    const gap = Math.exp(log * power);
    sum += gap;
    squares += gap * gap;
  }
  const mean = sum / logs.length;
  return Math.sqrt(Math.max(0, squares / logs.length - mean * mean)) / mean;
}

/** Of mean 1; above 0. */
function exponential(stream: RandomStream): number {
  return Math.max(Number.MIN_VALUE, -Math.log1p(-stream.next()));
}

/**
 * Logarithm of a draw from the gamma distribution of scale 1 (Marsaglia and Tsang, A simple method for generating gamma
 * variables, 2000). Shapes below 1 go through shape + 1; in logarithms nothing becomes 0.
 */
function logOfGamma(shape: number, stream: RandomStream): number {
  if (shape < 1) return logOfGamma(shape + 1, stream) - exponential(stream) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(stream);
    const root = 1 + c * x;
    if (root <= 0) continue;
    const v = root * root * root;
    if (Math.log(1 - stream.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return Math.log(d * v);
  }
}

function normal(stream: RandomStream): number {
  return Math.sqrt(2 * exponential(stream)) * Math.cos(2 * Math.PI * stream.next());
}

function sumOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}
