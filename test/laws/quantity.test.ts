import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QuantityError, milliFromText, parseQuantity, quantityOfMilli, quantityOfUnits, tryParseQuantity, unitsFromText } from '../../src/base/quantity.ts';
import type { Quantity } from '../../src/base/quantity.ts';
import { quantityParts, quantityTexts, slowNanos, textOfParts } from '../support/quantity-texts.ts';

const quantities: fc.Arbitrary<Quantity> = quantityTexts.map(parseQuantity);

function errorClass(text: string): string {
  try {
    return `no error: ${parseQuantity(text).toString()}`;
  } catch (error) {
    return error instanceof QuantityError ? error.errorClass : 'other';
  }
}

describe('reading quantities', () => {
  test('suffixes are powers of ten, of two, or exponents; a bare E is exa', () => {
    expect(parseQuantity('1500m').milliValue()).toBe(1500n);
    expect(parseQuantity('2Gi').value()).toBe(2147483648n);
    expect(parseQuantity('1E').value()).toBe(1000000000000000000n);
    expect(parseQuantity('1E3').value()).toBe(1000n);
    expect(parseQuantity('.5Mi').value()).toBe(524288n);
    expect(parseQuantity(2).milliValue()).toBe(2000n);
    expect(parseQuantity(0.1).milliValue()).toBe(100n);
  });

  test('amounts finer than a nano round away from zero, never to nothing', () => {
    expect(parseQuantity('0.0000000001').toString()).toBe('1n');
    expect(parseQuantity('-0.1n').toString()).toBe('-1n');
    expect(parseQuantity('1e-5000').toString()).toBe('1e-9');
  });

  test('numbers with a binary suffix are capped at 2^63-1, decimal ones are not', () => {
    expect(parseQuantity('8Ei').value()).toBe(9223372036854775807n);
    expect(parseQuantity('10E').value()).toBe(10000000000000000000n);
  });

  test('a refused text tells what is wrong with it', () => {
    for (const text of ['', 'one', '1.2.3', '1 Gi', '1mm5x', '0x10']) expect([text, errorClass(text)]).toEqual([text, 'format']);
    for (const text of ['1mi', '1K', '5e', '3iM', '1e+', '--1', '1Ei5']) expect([text, errorClass(text)]).toEqual([text, 'suffix']);
    for (const text of ['e-12', '-.Pi', '1e5000']) expect([text, errorClass(text)]).toEqual([text, 'numeric']);
    expect(tryParseQuantity('1Zi')).toBeUndefined();
    expect(tryParseQuantity(Number.NaN)).toBeUndefined();
  });

  test('agrees with school arithmetic on fractions', () => {
    fc.assert(fc.property(quantityParts, (parts) => {
      expect(parseQuantity(textOfParts(parts)).nanos).toBe(slowNanos(parts));
    }));
  });
});

describe('printing quantities', () => {
  test('the canonical text has no fraction and the largest suffix that fits', () => {
    const canonical = (text: string): string => parseQuantity(text).canonical();
    expect(['1000m', '0.5', '1.5Gi', '1024Ki', '1024', '100000', '12e2', '1e-1', '0.5Ki'].map(canonical)).toEqual(
      ['1', '500m', '1536Mi', '1Mi', '1024', '100k', '1200', '100e-3', '512'],
    );
  });

  test('a text that looks canonical is kept as typed until something is computed', () => {
    expect(parseQuantity('+1').toString()).toBe('+1');
    expect(parseQuantity('1.024T').toString()).toBe('1.024T');
    expect(parseQuantity('1000m').toString()).toBe('1');
    expect(parseQuantity('+1').add(parseQuantity('1')).toString()).toBe('2');
    expect(parseQuantity('+1').roundUp(-3).toString()).toBe('+1');
    expect(parseQuantity('+1').roundUp(3).toString()).toBe('1k');
  });

  test('printing loses nothing', () => {
    fc.assert(fc.property(quantities, (quantity) => {
      expect(parseQuantity(quantity.canonical()).nanos).toBe(quantity.nanos);
      expect(parseQuantity(quantity.toString()).nanos).toBe(quantity.nanos);
      expect(parseQuantity(quantity.canonical()).canonical()).toBe(quantity.canonical());
    }));
  });

  test('whole numbers of either format come back', () => {
    fc.assert(fc.property(fc.bigInt({ min: -(1n << 62n), max: 1n << 62n }), fc.constantFrom('DecimalSI' as const, 'BinarySI' as const), (units, format) => {
      expect(parseQuantity(quantityOfUnits(units, format).toString()).value()).toBe(units);
      expect(parseQuantity(quantityOfMilli(units, format).toString()).milliValue()).toBe(units);
    }));
  });
});

describe('arithmetic on quantities', () => {
  test('the left operand decides how a sum prints, unless it is zero', () => {
    const sum = (a: string, b: string): string => parseQuantity(a).add(parseQuantity(b)).toString();
    expect([sum('1Gi', '1G'), sum('1G', '1Gi'), sum('0', '1Gi')]).toEqual(['2073741824', '2073741824', '1Gi']);
    expect(parseQuantity('0').sub(parseQuantity('1Ki')).toString()).toBe('-1Ki');
  });

  test('adding is commutative, associative and undone by subtracting', () => {
    fc.assert(fc.property(quantities, quantities, quantities, (a, b, c) => {
      expect(a.add(b).cmp(b.add(a))).toBe(0);
      expect(a.add(b).add(c).cmp(a.add(b.add(c)))).toBe(0);
      expect(a.add(b).sub(b).nanos).toBe(a.nanos);
    }));
  });

  test('the order is total and agrees with the sign of the difference', () => {
    fc.assert(fc.property(quantities, quantities, quantities, (a, b, c) => {
      expect(a.cmp(b)).toBe(a.sub(b).sign());
      expect(a.cmp(b) + b.cmp(a)).toBe(0);
      if (a.cmp(b) <= 0 && b.cmp(c) <= 0) expect(a.cmp(c)).toBeLessThanOrEqual(0);
    }));
  });

  test('rounding goes away from zero, to the next multiple, and only once', () => {
    fc.assert(fc.property(quantities, fc.integer({ min: -12, max: 12 }), (quantity, scale) => {
      const rounded = quantity.roundUp(scale);
      const step = parseQuantity(`1e${scale}`);
      const excess = quantity.sign() < 0 ? quantity.sub(rounded) : rounded.sub(quantity);
      expect(excess.sign()).toBeGreaterThanOrEqual(0);
      expect(excess.cmp(step)).toBe(-1);
      expect(rounded.nanos % step.nanos).toBe(0n);
      expect(rounded.roundUp(scale).nanos).toBe(rounded.nanos);
      expect(rounded.scaledValue(scale)).toBe(quantity.scaledValue(scale));
    }));
  });
});

describe('quantities as numbers', () => {
  test('the remembered helpers agree with the exact number', () => {
    expect([milliFromText('0.0001'), milliFromText('250m'), milliFromText(1.5), unitsFromText('1500m'), unitsFromText('1Ki')]).toEqual([1, 250, 1500, 2, 1024]);
    fc.assert(fc.property(quantityTexts, (text) => {
      for (let repeat = 0; repeat < 2; repeat++) {
        expect(milliFromText(text)).toBe(Number(parseQuantity(text).milliValue()));
        expect(unitsFromText(text)).toBe(Number(parseQuantity(text).value()));
      }
    }));
  });

  test('a refused text is refused again', () => {
    expect(() => milliFromText('1mi')).toThrow(QuantityError);
    expect(() => milliFromText('1mi')).toThrow(QuantityError);
  });
});
