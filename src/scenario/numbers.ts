/** Numbers and distributions: from the user's spelling to numbers, with the checks of their parameters. */
import { parseDuration } from '../base/duration.ts';
import { tryParseQuantity, unitsFromText } from '../base/quantity.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { Path } from '../base/source-path.ts';
import { below, quoteShort } from '../base/source-path.ts';
import type { Findings } from '../base/structure.ts';
import type { DistributionInput } from './fields.ts';

/** Turns texts into numbers at one place of a document, noting what cannot be. */
export class ScenarioNumbers {
  readonly findings: Findings;

  constructor(findings: Findings) {
    this.findings = findings;
  }

  micros(text: string, path: Path | null): Micros {
    const micros = parseDuration(text);
    if (micros === undefined)
      this.findings.error(path, `expected a duration of at most 100 years, found ${quoteShort(text)}`);
    return micros ?? 0;
  }

  microsAbove0(text: string, path: Path | null): Micros {
    const micros = this.micros(text, path);
    if (micros === 0 && parseDuration(text) !== undefined)
      this.findings.error(path, `expected a duration above 0, found ${quoteShort(text)}`);
    return micros;
  }

  /** Seconds of a duration text, or a plain number as it stands. */
  amount(value: string | number, path: Path | null): number {
    return typeof value === 'number' ? value : this.micros(value, path) / MICROS_PER_SECOND;
  }

  /** Whole bytes of a quantity. */
  bytes(quantity: string | number, path: Path): number {
    const parsed = tryParseQuantity(quantity);
    if (parsed === undefined || parsed.sign() < 0 || parsed.value() > BigInt(Number.MAX_SAFE_INTEGER)) {
      this.findings.error(path, `expected a size in bytes such as 250M, found ${quantity}`);
      return 0;
    }
    return unitsFromText(quantity);
  }

  bytesAbove0(quantity: string | number, path: Path, what = 'rate'): number {
    if (tryParseQuantity(quantity)?.isZero() === true) this.findings.error(path, `expected a ${what} above 0, found 0`);
    return this.bytes(quantity, path);
  }

  /** Durations in seconds, other numbers as they are. */
  distribution(input: string | number | DistributionInput, path: Path | null): Distribution {
    if (typeof input !== 'object')
      return { kind: 'fixed', value: this.amount(input, path), atLeast: null, atMost: null };
    const bound = (key: 'atLeast' | 'atMost'): number | null =>
      input[key] === undefined ? null : this.amount(input[key], below(path, key));
    const atLeast = bound('atLeast');
    const atMost = bound('atMost');
    if (atLeast !== null && atMost !== null && atLeast > atMost)
      this.findings.error(below(path, 'atMost'), 'expected atMost to be at least atLeast');
    const shapes = SHAPES.filter((shape) => input[shape] !== undefined);
    if (shapes.length !== 1) {
      const found = shapes.length === 0 ? 'none' : shapes.join(' and ');
      this.findings.error(path, `expected exactly one of ${SHAPES.join(', ')}, found ${found}`);
      return { kind: 'fixed', value: 0, atLeast, atMost };
    }
    return { ...this.#shape(input, below(path, shapes[0])), atLeast, atMost };
  }

  #shape(input: DistributionInput, path: Path): DistributionShape {
    const amount = (value: string | number, key: string): number => this.amount(value, below(path, key));
    const positive = (value: string | number, key: string): number =>
      this.#positive(value, amount(value, key), below(path, key));
    const { uniform, exponential, lognormal, weibull, boundedPareto, choice } = input;
    if (uniform !== undefined) {
      const min = amount(uniform.min, 'min');
      return { kind: 'uniform', min, max: this.#notBelow(min, amount(uniform.max, 'max'), path) };
    }
    if (exponential !== undefined) return { kind: 'exponential', mean: positive(exponential.mean, 'mean') };
    if (lognormal !== undefined)
      return { kind: 'lognormal', median: positive(lognormal.median, 'median'), sigma: lognormal.sigma };
    if (weibull !== undefined)
      return { kind: 'weibull', scale: positive(weibull.scale, 'scale'), shape: positive(weibull.shape, 'shape') };
    if (boundedPareto !== undefined) {
      const min = positive(boundedPareto.min, 'min');
      return {
        kind: 'boundedPareto',
        min,
        max: this.#notBelow(min, amount(boundedPareto.max, 'max'), path),
        alpha: positive(boundedPareto.alpha, 'alpha'),
      };
    }
    if (choice !== undefined) return this.#choice(choice, path);
    return { kind: 'fixed', value: this.amount(input.fixed ?? 0, path) };
  }

  #choice(choice: NonNullable<DistributionInput['choice']>, path: Path): DistributionShape {
    const values = choice.values.map((value, index) => this.amount(value, below(below(path, 'values'), index)));
    const weights = choice.weights ?? values.map(() => 1);
    if (values.length === 0) this.findings.error(below(path, 'values'), 'expected at least one value');
    else if (weights.length !== values.length)
      this.findings.error(
        below(path, 'weights'),
        `expected one weight for each of ${values.length} values, found ${weights.length}`,
      );
    else this.weightsAbove0(weights, below(path, 'weights'));
    return { kind: 'choice', values, weights };
  }

  weightsAbove0(weights: readonly number[], path: Path, what = 'weight'): void {
    if (!weights.some((weight) => weight > 0)) this.findings.error(path, `expected at least one ${what} above 0`);
  }

  /** A duration that could not be read has been noted already. */
  #positive(given: string | number, value: number, path: Path): number {
    const isRead = typeof given === 'number' || parseDuration(given) !== undefined;
    if (isRead && !(value > 0)) this.findings.error(path, `expected a value above 0, found ${given}`);
    return value;
  }

  #notBelow(min: number, max: number, path: Path): number {
    if (max < min) this.findings.error(below(path, 'max'), 'expected max to be at least min');
    return max;
  }
}

const SHAPES = ['fixed', 'uniform', 'exponential', 'lognormal', 'weibull', 'boundedPareto', 'choice'] as const;
/** A distribution before its bounds. */
type DistributionShape = Distribution extends infer D
  ? D extends Distribution
    ? Omit<D, 'atLeast' | 'atMost'>
    : never
  : never;
