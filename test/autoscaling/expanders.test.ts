// Expanders on options of known sizes.
import { describe, expect, test } from 'vitest';
import { chooseOption, wasteOf } from '../../src/autoscaling/expanders.ts';
import type { ExpansionOption } from '../../src/autoscaling/expanders.ts';
import { RandomStreams } from '../../src/kernel/random.ts';

const GIB = 1024 * 1024 * 1024;
const stream = new RandomStreams('expanders').stream('test');

function option(nodeCount: number, cpu: number, gib: number, podCount: number): ExpansionOption {
  return { nodeCount, podCount, cpuCapacityMilli: cpu * 1000, memoryCapacityBytes: gib * GIB, cpuMilli: podCount * 1000, memoryBytes: podCount * GIB };
}

describe('expanders', () => {
  test('least-waste: 10 pods of 1 cpu and 1 GiB on 3 nodes of 4 cpu, 16 GiB or 2 nodes of 8 cpu, 8 GiB', () => {
    const a = option(3, 4, 16, 10);
    const b = option(2, 8, 8, 10);
    expect(wasteOf(a)).toBeCloseTo(2 / 12 + 38 / 48, 12);
    expect(wasteOf(a)).toBeCloseTo(0.9583, 4);
    expect(wasteOf(b)).toBeCloseTo(0.75, 12);
    expect(chooseOption('least-waste', [a, b], () => stream)).toBe(1);
  });

  test('most-pods, least-nodes', () => {
    const options = [option(3, 4, 16, 10), option(5, 4, 16, 12), option(1, 4, 16, 3)];
    expect(chooseOption('most-pods', options, () => stream)).toBe(1);
    expect(chooseOption('least-nodes', options, () => stream)).toBe(2);
  });

  test('ties go to chance, every one of them', () => {
    const options = [option(1, 4, 16, 2), option(1, 4, 16, 2), option(2, 4, 16, 2)];
    const draws = Array.from({ length: 60 }, () => chooseOption('least-nodes', options, () => stream));
    expect(new Set(draws)).toEqual(new Set([0, 1]));
    expect(new Set(Array.from({ length: 60 }, () => chooseOption('random', options, () => stream)))).toEqual(new Set([0, 1, 2]));
  });

  test('a single best option costs no draw', () => {
    const never = (): never => {
      throw new Error('drawn');
    };
    expect(chooseOption('least-waste', [option(1, 4, 16, 2)], never)).toBe(0);
  });
});
