/**
 * A histogram of non-negative numbers in logarithmic buckets: every power of two is cut into 128 equal parts, so that a
 * quantile is at most 1/256 (0.4 %) away from the sample of that rank. Values are whole microseconds, seconds, shares:
 * any unit. Adding is O(1) and allocates nothing; 84 KiB each. Count, smallest, largest and the sum (of values to
 * 2^-48) are exact, hence merging gives the same bits in any order and grouping.
 *
 * Values below 2^-30 are held as 0; values must be below 2^53.
 */
import { assert } from './assert.ts';
import { nearestRank } from './statistics/quantiles.ts';

const PARTS_BITS = 7;
const LOWEST_EXPONENT = -30;
const HIGHEST_EXPONENT = 52;
const PARTS = 1 << PARTS_BITS;
/** Bucket 0 holds 0 and what is taken for it; then 128 buckets per power of two. */
const BUCKETS = 1 + (HIGHEST_EXPONENT - LOWEST_EXPONENT + 1) * PARTS;
const SMALLEST = 1 / 1_073_741_824;
const LIMIT = Number.MAX_SAFE_INTEGER;
/** What the biased exponent and first mantissa bits of SMALLEST read as, less one for bucket 0. */
const INDEX_OFFSET = (1023 + LOWEST_EXPONENT) * PARTS - 1;

const LIMB = 16_777_216;
const LIMB_INVERSE = 1 / LIMB;
/** Limbs of 24 bits; limb i counts units of 2^(24 i - 48). Five hold a value, two more its product with a weight. */
const LIMBS = 8;
const MAX_TIMES = LIMB * LIMB;
/** Plain additions (each below 2^24 per limb) that may pile up before carries must be passed on. */
const CARRY_EVERY = 1_048_576;

export interface LogHistogramJson {
  readonly count: number;
  readonly min: number | null;
  readonly max: number | null;
  /** The exact sum: limb i counts units of 2^(24 i - 48). */
  readonly sumLimbs: readonly number[];
  /** (bucket, count) of the buckets in use, ascending. */
  readonly buckets: readonly (readonly [number, number])[];
}

export class LogHistogram {
  /** How often a value of each bucket was added. */
  readonly #counts = new Float64Array(BUCKETS);
  readonly #sum = new Float64Array(LIMBS);
  /** The value at hand, in limbs; kept between calls so that adding allocates nothing. */
  readonly #limbs = new Float64Array(5);
  readonly #bits = new DataView(new ArrayBuffer(8));
  #uncarried = 0;
  #count = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#count;
  }

  /** NaN when empty, as all that follow. */
  get min(): number {
    return this.#count === 0 ? Number.NaN : this.#min;
  }

  get max(): number {
    return this.#count === 0 ? Number.NaN : this.#max;
  }

  get mean(): number {
    return this.#count === 0 ? Number.NaN : this.sum / this.#count;
  }

  get sum(): number {
    this.#carry();
    let sum = 0;
    for (let i = LIMBS - 1; i >= 0; i--) sum = sum * LIMB + this.#sum[i];
    return sum * LIMB_INVERSE * LIMB_INVERSE;
  }

  /** `times`: a whole number below 2^48, for weights such as microseconds spent at a value. */
  add(value: number, times = 1): void {
    // The message is built only when it is needed: this is a hot path.
    if (!(value >= 0 && value <= LIMIT)) assert(false, `a histogram takes numbers from 0 to 2^53, not ${value}`);
    if (value < this.#min && times > 0) this.#min = value;
    if (value > this.#max && times > 0) this.#max = value;
    this.#counts[this.#bucketOf(value)] += times;
    this.#count += times;
    this.#split(value);
    if (times === 1) this.#addLimbs();
    else this.#addProduct(times);
  }

  /**
   * Nearest-rank quantile: the middle of the bucket that holds the sample of that rank, and the exact smallest and
   * largest value at both ends.
   */
  quantile(share: number): number {
    if (this.#count === 0) return Number.NaN;
    const rank = nearestRank(share, this.#count);
    if (rank >= this.#count) return this.#max;
    if (rank <= 1) return this.#min;
    let below = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      below += this.#counts[bucket];
      if (below >= rank) return Math.min(this.#max, Math.max(this.#min, middleOf(bucket)));
    }
    return this.#max;
  }

  merge(other: LogHistogram): void {
    other.#carry();
    this.#carry();
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#counts[bucket] += other.#counts[bucket];
    for (let i = 0; i < LIMBS; i++) this.#sum[i] += other.#sum[i];
    this.#uncarried = 1;
    this.#carry();
    this.#count += other.#count;
    if (other.#min < this.#min) this.#min = other.#min;
    if (other.#max > this.#max) this.#max = other.#max;
  }

  /** (upper bound, cumulative count) of the buckets in use, ascending: the steps of the distribution function. */
  steps(): (readonly [number, number])[] {
    const steps: (readonly [number, number])[] = [];
    let below = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      if (this.#counts[bucket] === 0) continue;
      below += this.#counts[bucket];
      steps.push([Math.min(this.#max, upperBoundOf(bucket)), below]);
    }
    return steps;
  }

  toJSON(): LogHistogramJson {
    this.#carry();
    const buckets: (readonly [number, number])[] = [];
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      if (this.#counts[bucket] > 0) buckets.push([bucket, this.#counts[bucket]]);
    }
    const empty = this.#count === 0;
    return {
      count: this.#count,
      min: empty ? null : this.#min,
      max: empty ? null : this.#max,
      sumLimbs: Array.from(this.#sum),
      buckets,
    };
  }

  static fromJSON(json: LogHistogramJson): LogHistogram {
    const histogram = new LogHistogram();
    histogram.#count = json.count;
    histogram.#min = json.min ?? Number.POSITIVE_INFINITY;
    histogram.#max = json.max ?? Number.NEGATIVE_INFINITY;
    histogram.#sum.set(json.sumLimbs);
    for (const [bucket, count] of json.buckets) {
      assert(Number.isInteger(bucket) && bucket >= 0 && bucket < BUCKETS, `no histogram bucket ${bucket}`);
      histogram.#counts[bucket] = count;
    }
    return histogram;
  }

  /** Exponent and leading mantissa bits, read as one number, are the logarithmic index: no logarithm is taken. */
  #bucketOf(value: number): number {
    if (value < SMALLEST) return 0;
    this.#bits.setFloat64(0, value);
    return (this.#bits.getUint32(0) >>> (20 - PARTS_BITS)) - INDEX_OFFSET;
  }

  #split(value: number): void {
    const limbs = this.#limbs;
    const whole = Math.floor(value);
    const fraction = (value - whole) * LIMB;
    limbs[1] = Math.floor(fraction);
    limbs[0] = Math.floor((fraction - limbs[1]) * LIMB);
    const upper = Math.floor(whole * LIMB_INVERSE);
    limbs[2] = whole - upper * LIMB;
    limbs[4] = Math.floor(upper * LIMB_INVERSE);
    limbs[3] = upper - limbs[4] * LIMB;
  }

  #addLimbs(): void {
    const sum = this.#sum;
    const limbs = this.#limbs;
    sum[0] += limbs[0];
    sum[1] += limbs[1];
    sum[2] += limbs[2];
    sum[3] += limbs[3];
    sum[4] += limbs[4];
    this.#uncarried++;
    if (this.#uncarried >= CARRY_EVERY) this.#carry();
  }

  #addProduct(times: number): void {
    assert(
      Number.isInteger(times) && times >= 0 && times < MAX_TIMES,
      `a weight is a whole number from 0 to 2^48, not ${times}`,
    );
    const upper = Math.floor(times * LIMB_INVERSE);
    const lower = times - upper * LIMB;
    this.#carry();
    for (let i = 0; i < 5; i++) {
      this.#sum[i] += this.#limbs[i] * lower;
      this.#sum[i + 1] += this.#limbs[i] * upper;
    }
    this.#uncarried = 1;
    this.#carry();
  }

  #carry(): void {
    if (this.#uncarried === 0) return;
    this.#uncarried = 0;
    let carry = 0;
    for (let i = 0; i < LIMBS; i++) {
      const total = this.#sum[i] + carry;
      carry = Math.floor(total * LIMB_INVERSE);
      this.#sum[i] = total - carry * LIMB;
    }
    assert(carry === 0, "a histogram's sum has outgrown its 192 bits");
  }
}

function lowerBoundOf(bucket: number): number {
  if (bucket === 0) return 0;
  const power = Math.floor((bucket - 1) / PARTS);
  const part = (bucket - 1) % PARTS;
  return powerOfTwo(power + LOWEST_EXPONENT) * (1 + part / PARTS);
}

function upperBoundOf(bucket: number): number {
  return bucket === 0 ? SMALLEST : lowerBoundOf(bucket + 1);
}

function middleOf(bucket: number): number {
  return bucket === 0 ? 0 : (lowerBoundOf(bucket) + upperBoundOf(bucket)) / 2;
}

/** Exact, for whole exponents within the histogram's range. */
function powerOfTwo(exponent: number): number {
  let result = 1;
  for (let i = 0; i < exponent; i++) result *= 2;
  for (let i = 0; i > exponent; i--) result /= 2;
  return result;
}
