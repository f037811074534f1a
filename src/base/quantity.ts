/**
 * Kubernetes quantities, exact. A Quantity is a whole number of nano units in a BigInt: upstream never keeps anything
 * finer, because parsing rounds up to one nano. Parsing costs about a microsecond; `milliFromText` and `unitsFromText`
 * remember what they have seen, so bulk readers pay a map lookup.
 * Source: staging/src/k8s.io/apimachinery/pkg/api/resource/{quantity,suffix,amount,scale_int}.go (v1.36.3).
 */

/** How a quantity prints: 1500m and 2k, 2Ki, or 2e3. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

/** What is wrong with a text: no number plus suffix, an unknown suffix, or a suffix without a usable number. */
export type QuantityErrorClass = 'format' | 'suffix' | 'numeric';

export class QuantityError extends Error {
  override readonly name = 'QuantityError';
  readonly errorClass: QuantityErrorClass;
  readonly text: string;

  constructor(errorClass: QuantityErrorClass, text: string) {
    super(`${JSON.stringify(text)} is not a quantity: ${ERROR_TEXT[errorClass]}`);
    this.errorClass = errorClass;
    this.text = text;
  }
}

const ERROR_TEXT: Readonly<Record<QuantityErrorClass, string>> = {
  format: 'expected digits, at most one point, and a suffix such as m, k, Mi or e3',
  suffix: 'expected one of the suffixes n u m k M G T P E Ki Mi Gi Ti Pi Ei or an exponent such as e3',
  numeric: 'the number before the suffix is missing or out of range',
};

const NANOS_PER_UNIT = 1_000_000_000n;
/** The cap for numbers with a binary suffix, in nanos; decimal ones have none. */
const BINARY_CAP_NANOS = ((1n << 63n) - 1n) * NANOS_PER_UNIT;
/** Numbers with a larger exponent are refused as `numeric`; upstream takes them and may compute for minutes. */
const EXPONENT_LIMIT = 1000;
/** Longest digit string that upstream keeps in an int64; only those can keep the text as typed. */
const FAST_DIGITS = 18;

const QUANTITY_PATTERN = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[+-]?[0-9]*)$/;
const EXPONENT_PATTERN = /^[eE]([+-]?[0-9]+)$/;

const DECIMAL_EXPONENTS: ReadonlyMap<string, number> = new Map([
  ['n', -9], ['u', -6], ['m', -3], ['', 0], ['k', 3], ['M', 6], ['G', 9], ['T', 12], ['P', 15], ['E', 18],
]);
const BINARY_EXPONENTS: ReadonlyMap<string, number> = new Map([
  ['Ki', 10], ['Mi', 20], ['Gi', 30], ['Ti', 40], ['Pi', 50], ['Ei', 60],
]);
const DECIMAL_SUFFIXES: ReadonlyMap<number, string> = new Map(
  [...DECIMAL_EXPONENTS].map(([suffix, exponent]) => [exponent, suffix]),
);
const BINARY_SUFFIXES: ReadonlyMap<number, string> = new Map(
  [...BINARY_EXPONENTS].map(([suffix, exponent]) => [exponent, suffix]),
);

interface Suffix {
  readonly format: QuantityFormat;
  /** Power of ten, or of two for BinarySI. */
  readonly exponent: number;
}

/** The text as typed, kept for printing while nothing was computed, and the power of ten of its last digit. */
interface KeptText {
  readonly text: string;
  readonly scale: number;
}

/** An exact number with a preferred way to print. Immutable: `add` and `sub` make new ones. */
export class Quantity {
  /** The number in nano units. */
  readonly nanos: bigint;
  readonly format: QuantityFormat;
  readonly #kept: KeptText | undefined;

  constructor(nanos: bigint, format: QuantityFormat, kept?: KeptText) {
    this.nanos = nanos;
    this.format = format;
    this.#kept = kept;
  }

  /** The sum; prints like the left operand unless that is zero. */
  add(other: Quantity): Quantity {
    return new Quantity(this.nanos + other.nanos, this.nanos === 0n ? other.format : this.format);
  }

  /** The difference; prints like the left operand unless that is zero. */
  sub(other: Quantity): Quantity {
    return new Quantity(this.nanos - other.nanos, this.nanos === 0n ? other.format : this.format);
  }

  cmp(other: Quantity): -1 | 0 | 1 {
    return this.nanos < other.nanos ? -1 : this.nanos > other.nanos ? 1 : 0;
  }

  sign(): -1 | 0 | 1 {
    return this.nanos < 0n ? -1 : this.nanos > 0n ? 1 : 0;
  }

  isZero(): boolean {
    return this.nanos === 0n;
  }

  /** Whole units, rounded away from zero. */
  value(): bigint {
    return divideAwayFromZero(this.nanos, NANOS_PER_UNIT);
  }

  /** Thousandths, rounded away from zero. */
  milliValue(): bigint {
    return divideAwayFromZero(this.nanos, 1_000_000n);
  }

  /** Multiples of ten to the power `scale`, rounded away from zero: scale 0 is `value`, -3 is `milliValue`. */
  scaledValue(scale: number): bigint {
    return scale >= -9 ? divideAwayFromZero(this.nanos, powerOfTen(scale + 9)) : this.nanos * powerOfTen(-9 - scale);
  }

  /**
   * Rounded away from zero to a multiple of ten to the power `scale`. A text kept as typed survives when it was that
   * round already.
   */
  roundUp(scale: number): Quantity {
    if (this.#kept !== undefined && this.#kept.scale >= scale) return this;
    if (scale <= -9) return this.#kept === undefined ? this : new Quantity(this.nanos, this.format);
    return new Quantity(this.scaledValue(scale) * powerOfTen(scale + 9), this.format);
  }

  /**
   * The canonical text: no fraction, the largest suffix that leaves a whole number. Upstream has no suffix for
   * multiples of 1000E and 1024Ei and prints none, so `1000E` prints as `1`; so do we.
   */
  canonical(): string {
    if (this.nanos === 0n) return '0';
    if (this.format === 'BinarySI') {
      const isSmall = this.nanos > -1024n * NANOS_PER_UNIT && this.nanos < 1024n * NANOS_PER_UNIT;
      if (!isSmall && this.nanos % NANOS_PER_UNIT === 0n) return printBinary(this.nanos / NANOS_PER_UNIT);
      return printDecimal(this.nanos, 'DecimalSI');
    }
    return printDecimal(this.nanos, this.format);
  }

  /**
   * What upstream prints: the text as typed when that looked canonical (a plus sign, leading zeros and `1.5G` do), else
   * `canonical()`.
   */
  toString(): string {
    return this.#kept === undefined ? this.canonical() : this.#kept.text;
  }
}

/** A quantity of whole units (upstream's NewQuantity). */
export function quantityOfUnits(units: bigint, format: QuantityFormat): Quantity {
  return new Quantity(units * NANOS_PER_UNIT, format);
}

/** A quantity of thousandths (upstream's NewMilliQuantity). */
export function quantityOfMilli(milli: bigint, format: QuantityFormat): Quantity {
  return new Quantity(milli * 1_000_000n, format);
}

export const ZERO_QUANTITY: Quantity = new Quantity(0n, 'DecimalSI');

/** Reads a quantity; throws QuantityError. A number stands for its shortest decimal text, as YAML gives `cpu: 2`. */
export function parseQuantity(text: string | number): Quantity {
  const typed = typeof text === 'number' ? String(text) : text;
  const match = typed === '' ? null : QUANTITY_PATTERN.exec(typed);
  if (match === null) throw new QuantityError('format', typed);
  const suffix = interpretSuffix(match[4]);
  if (suffix === undefined) throw new QuantityError('suffix', typed);
  const isNegative = match[1] === '-';
  const fraction = match[3] ?? '';
  const whole = stripLeadingZeros(match[2]);
  return (
    parseFast(typed, isNegative, whole, fraction, suffix) ??
    parseSlow(typed, isNegative, match[2] + fraction, fraction.length, suffix)
  );
}

/** Like `parseQuantity`, but undefined for a text that is none. */
export function tryParseQuantity(text: string | number): Quantity | undefined {
  try {
    return parseQuantity(text);
  } catch (error) {
    if (error instanceof QuantityError) return undefined;
    throw error;
  }
}

const CACHE_LIMIT = 1 << 16;
const milliByText = new Map<string | number, number>();
const unitsByText = new Map<string | number, number>();

/**
 * Thousandths, rounded away from zero, as a number: for cpu. Beyond 2^53 thousandths (9 * 10^12 cores) the number is
 * the nearest double. Throws QuantityError.
 */
export function milliFromText(text: string | number): number {
  return remembered(milliByText, text, (quantity) => quantity.milliValue());
}

/**
 * Whole units, rounded away from zero, as a number: bytes, pods, devices. Beyond 2^53 (9 PB) the number is the nearest
 * double. Throws QuantityError.
 */
export function unitsFromText(text: string | number): number {
  return remembered(unitsByText, text, (quantity) => quantity.value());
}

function remembered(
  cache: Map<string | number, number>,
  text: string | number,
  convert: (quantity: Quantity) => bigint,
): number {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const value = Number(convert(parseQuantity(text)));
  // A pure function's cache: emptying it changes no answer.
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(text, value);
  return value;
}

/**
 * The short numbers that upstream holds in an int64 and a power of ten: exact, and the only ones whose text may be
 * kept.
 */
function parseFast(
  typed: string,
  isNegative: boolean,
  whole: string,
  fraction: string,
  suffix: Suffix,
): Quantity | undefined {
  const digits = whole + fraction;
  if (suffix.format === 'BinarySI') {
    // Upstream estimates 3 decimal digits for each binary prefix and leaves the rest to big numbers.
    const room = 14 - whole.length - Math.trunc((suffix.exponent * 3) / 10);
    if (fraction !== '' || room < 0) return undefined;
    const number = BigInt(digits);
    const looksCanonical = (number & 7n) !== 0n;
    const nanos = (number << BigInt(suffix.exponent)) * NANOS_PER_UNIT;
    return new Quantity(
      isNegative ? -nanos : nanos,
      'BinarySI',
      looksCanonical ? { text: typed, scale: 0 } : undefined,
    );
  }
  const scale = suffix.exponent - fraction.length;
  if (digits.length > FAST_DIGITS || scale < -9) return undefined;
  const looksCanonical = typed === '0' || (scale % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0'));
  const nanos = scaleUp(typed, BigInt(digits), scale + 9);
  return new Quantity(isNegative ? -nanos : nanos, suffix.format, looksCanonical ? { text: typed, scale } : undefined);
}

/** Everything else: rounded up to whole nanos, capped when binary, never kept as typed. */
function parseSlow(
  typed: string,
  isNegative: boolean,
  digits: string,
  fractionDigits: number,
  suffix: Suffix,
): Quantity {
  if (digits === '') throw new QuantityError('numeric', typed);
  const unscaled = BigInt(digits);
  let nanos: bigint;
  let format = suffix.format;
  if (format === 'BinarySI') {
    nanos = divideAwayFromZero((unscaled << BigInt(suffix.exponent)) * NANOS_PER_UNIT, powerOfTen(fractionDigits));
    if (nanos > BINARY_CAP_NANOS) nanos = BINARY_CAP_NANOS;
    if (nanos > 0n && nanos < NANOS_PER_UNIT) format = 'DecimalSI';
  } else {
    const power = suffix.exponent - fractionDigits + 9;
    // Any part of one nano rounds up to one: no need to divide by a power longer than the digits.
    nanos =
      power >= 0
        ? scaleUp(typed, unscaled, power)
        : divideAwayFromZero(unscaled, powerOfTen(Math.min(-power, digits.length)));
  }
  return new Quantity(isNegative ? -nanos : nanos, format);
}

function scaleUp(typed: string, unscaled: bigint, power: number): bigint {
  if (unscaled === 0n) return 0n;
  if (power > EXPONENT_LIMIT) throw new QuantityError('numeric', typed);
  return unscaled * powerOfTen(power);
}

function interpretSuffix(suffix: string): Suffix | undefined {
  const decimal = DECIMAL_EXPONENTS.get(suffix);
  if (decimal !== undefined) return { format: 'DecimalSI', exponent: decimal };
  const binary = BINARY_EXPONENTS.get(suffix);
  if (binary !== undefined) return { format: 'BinarySI', exponent: binary };
  const exponent = EXPONENT_PATTERN.exec(suffix);
  return exponent === null ? undefined : { format: 'DecimalExponent', exponent: Number(exponent[1]) };
}

/** Without leading zeros, but never empty. */
function stripLeadingZeros(digits: string): string {
  let start = 0;
  while (start < digits.length && digits[start] === '0') start++;
  return start === digits.length ? '0' : digits.slice(start);
}

/** Mantissa and the greatest power of ten that is a multiple of three and leaves the mantissa whole. */
function printDecimal(nanos: bigint, format: 'DecimalSI' | 'DecimalExponent'): string {
  let mantissa = nanos;
  let exponent = -9;
  while (mantissa % 1000n === 0n) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (format === 'DecimalExponent') return exponent === 0 ? String(mantissa) : `${mantissa}e${exponent}`;
  return `${mantissa}${DECIMAL_SUFFIXES.get(exponent) ?? ''}`;
}

function printBinary(units: bigint): string {
  let mantissa = units;
  let exponent = 0;
  while (mantissa % 1024n === 0n) {
    mantissa /= 1024n;
    exponent += 10;
  }
  return `${mantissa}${BINARY_SUFFIXES.get(exponent) ?? ''}`;
}

function divideAwayFromZero(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  if (quotient * divisor === dividend) return quotient;
  return dividend < 0n ? quotient - 1n : quotient + 1n;
}

const powersOfTen: bigint[] = [1n];

function powerOfTen(exponent: number): bigint {
  for (let next = powersOfTen.length; next <= exponent; next++) powersOfTen.push(powersOfTen[next - 1] * 10n);
  return powersOfTen[exponent];
}
