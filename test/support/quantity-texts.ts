/** Quantity texts of every form that upstream reads, and their exact value worked out the slow way. */
import fc from 'fast-check';

const SUFFIXES = ['', 'n', 'u', 'm', 'k', 'M', 'G', 'T', 'P', 'Ki', 'Mi', 'Gi', 'Ti', 'e3', 'E-2', 'e+6', 'e-9'] as const;

export interface QuantityParts {
  readonly sign: string;
  readonly whole: string;
  readonly fraction: string;
  readonly suffix: string;
}

const digits = (maxLength: number): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom(...'0123456789'), maxLength });

/** Numbers below 10^21 with up to twelve decimals. */
export const quantityParts: fc.Arbitrary<QuantityParts> = fc.record({
  sign: fc.constantFrom('', '-', '+'),
  whole: fc.oneof(fc.nat(4096).map(String), digits(5).map((text) => `0${text}`)),
  fraction: fc.oneof(fc.constant(''), digits(12)),
  suffix: fc.constantFrom(...SUFFIXES),
});

export function textOfParts({ sign, whole, fraction, suffix }: QuantityParts): string {
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}${suffix}`;
}

export const quantityTexts: fc.Arbitrary<string> = quantityParts.map(textOfParts);

/** The value in nanos, any remainder rounded away from zero: numerator and denominator of plain school arithmetic. */
export function slowNanos({ sign, whole, fraction, suffix }: QuantityParts): bigint {
  let numerator = BigInt(whole + fraction) * 1_000_000_000n;
  let denominator = BigInt(`1${'0'.repeat(fraction.length)}`);
  const binary = ['Ki', 'Mi', 'Gi', 'Ti'].indexOf(suffix);
  const decimal = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15 }[suffix] ?? (/^[eE]/.test(suffix) ? Number(suffix.slice(1)) : 0);
  if (binary >= 0) numerator *= 1n << BigInt(10 * (binary + 1));
  if (decimal > 0) numerator *= BigInt(`1${'0'.repeat(decimal)}`);
  if (decimal < 0) denominator *= BigInt(`1${'0'.repeat(-decimal)}`);
  const nanos = (numerator + denominator - 1n) / denominator;
  return sign === '-' ? -nanos : nanos;
}
