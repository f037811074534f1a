import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Digest } from '../../src/base/digest.ts';
import { TimeIndex } from '../../src/kernel/time-index.ts';

function digestOf(fill: (digest: Digest) => void): string {
  const digest = new Digest();
  fill(digest);
  return digest.hex();
}

const ofInts = (words: readonly number[]) => digestOf((digest) => words.forEach((word) => digest.addInt(word)));

describe('the digest', () => {
  it('gives the same frozen texts on every machine and Node version', () => {
    expect(ofInts([])).toMatchInlineSnapshot(`"e307c538088ed1bd8849abee20b8b268"`);
    expect(ofInts([1, 2, -3])).toMatchInlineSnapshot(`"a6df16179e3f9fa4cab2f4483b975a42"`);
    expect(digestOf((d) => [0.1, -1e300, NaN, Infinity, 2 ** 53].forEach((n) => d.addNumber(n)))).toMatchInlineSnapshot(`"453089073132d0cd763254ffe5d1591e"`);
    expect(digestOf((d) => d.addText('zone-a/überall 🐟'))).toMatchInlineSnapshot(`"db19092098581b4bc5382c259e3cefcb"`);
  });

  it('is 32 hex digits, and asking for it disturbs nothing', () => {
    const watched = new Digest();
    const quiet = new Digest();
    for (let i = 0; i < 100; i++) {
      watched.addInt(i);
      quiet.addInt(i);
      expect(watched.hex()).toMatch(/^[0-9a-f]{32}$/);
    }
    expect(watched.hex()).toBe(quiet.hex());
  });

  it('sees order, length and every bit', () => {
    expect(ofInts([1, 2])).not.toBe(ofInts([2, 1]));
    expect(ofInts([])).not.toBe(ofInts([0]));
    expect(ofInts([0])).not.toBe(ofInts([0, 0]));
    const singleBits = Array.from({ length: 32 }, (_, bit) => ofInts([7, 1 << bit, 7]));
    expect(new Set(singleBits).size).toBe(32);
    expect(digestOf((d) => (d.addText('ab'), d.addText('c')))).not.toBe(digestOf((d) => (d.addText('a'), d.addText('bc'))));
    expect(digestOf((d) => d.addText('a'))).not.toBe(digestOf((d) => d.addText('a\u0000')));
  });

  it('does not collide over many near-equal inputs, in any of its four words', () => {
    const texts: string[] = [];
    for (let a = 0; a < 60; a++) for (let b = 0; b < 60; b++) texts.push(ofInts([a, b]), ofInts([a, 0, b]), ofInts([a << 20, -b - 1]));
    expect(new Set(texts).size).toBe(texts.length);
    for (let word = 0; word < 4; word++) {
      // 10 800 words of 32 bits: 0.01 chance collisions are expected, three would be a flaw.
      const parts = new Set(texts.map((text) => text.slice(word * 8, word * 8 + 8)));
      expect(parts.size).toBeGreaterThan(texts.length - 3);
    }
  });

  it('flips about half of its bits when one input bit flips', () => {
    const base = Array.from({ length: 12 }, (_, i) => Math.imul(i, 0x9e3779b1));
    const reference = BigInt(`0x${ofInts(base)}`);
    for (let place = 0; place < base.length; place++) {
      for (let bit = 0; bit < 32; bit++) {
        const changed = base.map((word, i) => (i === place ? word ^ (1 << bit) : word));
        const flipped = (reference ^ BigInt(`0x${ofInts(changed)}`)).toString(2).replaceAll('0', '').length;
        if (flipped < 36 || flipped > 92) expect.fail(`word ${place} bit ${bit} flips ${flipped} of 128 bits`);
      }
    }
  });

  it('takes -0 for 0 and all NaN for one, and tells all other doubles apart', () => {
    const ofNumber = (n: number) => digestOf((d) => d.addNumber(n));
    expect(ofNumber(-0)).toBe(ofNumber(0));
    expect(ofNumber(new Float64Array(new BigUint64Array([0xfff8_0000_0000_1234n]).buffer)[0])).toBe(ofNumber(NaN));
    fc.assert(
      fc.property(fc.double(), fc.double(), (x, y) => {
        expect(ofNumber(x) === ofNumber(y)).toBe(x === y || Object.is(x, y));
      }),
    );
  });
});

describe('the time index', () => {
  it('finds what a Map finds, through additions, removals and growth', () => {
    const timeArbitrary = fc.oneof(fc.nat(40), fc.nat(40).map((n) => n * 3_600_000_000), fc.maxSafeNat());
    fc.assert(
      fc.property(fc.array(fc.record({ add: fc.boolean(), time: timeArbitrary }), { maxLength: 200 }), (steps) => {
        let capacity = 2;
        const index = new TimeIndex(capacity);
        const twin = new Map<number, number>();
        const freeRows: number[] = [];
        for (const { add, time } of steps) {
          expect(index.find(time)).toBe(twin.get(time) ?? -1);
          if (twin.has(time) && !add) {
            expect(index.take(time)).toBe(twin.get(time));
            freeRows.push(twin.get(time)!);
            twin.delete(time);
          } else if (!twin.has(time) && add) {
            const row = freeRows.pop() ?? twin.size;
            if (row === capacity) index.grow((capacity *= 2));
            index.add(row, time);
            twin.set(time, row);
          }
        }
        for (const [time, row] of twin) expect(index.find(time)).toBe(row);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses to take a time that it does not hold', () => {
    const index = new TimeIndex(4);
    index.add(0, 5);
    expect(() => index.take(6)).toThrow(/in the time index/);
  });
});
