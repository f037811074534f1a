// Expected fragmentation against the definition, pod by pod, on drawn nodes; typical pods of a list.
import { expect, test } from 'vitest';
import { gpuRequestOf } from '../../src/cluster/gpu-devices.ts';
import type { GpuRequest } from '../../src/cluster/gpu-devices.ts';
import { GpuFragmentation, outcomes, typicalPodsOf } from '../../src/cluster/gpu-fragmentation.ts';
import type { GpuPodShape, TypicalPod } from '../../src/cluster/gpu-fragmentation.ts';
import { RandomStream } from '../../src/kernel/random.ts';

const MODELS = ['G2', 'T4', 'P100'];

/** The definition, word by word. */
function fragmentationOf(
  typical: readonly TypicalPod[],
  model: string,
  cpuLeft: number,
  left: readonly number[],
): number {
  const idle = left.reduce((sum, milli) => sum + milli, 0);
  const pods = typical.reduce((sum, { count }) => sum + count, 0);
  let sum = 0;
  for (const { cpuMilli, gpuCount, gpuMilli, gpuSpec, count } of typical) {
    const isAllowed = gpuSpec === '' || gpuSpec.split('|').includes(model);
    const fits =
      gpuCount > 0 && isAllowed && cpuLeft >= cpuMilli && left.filter((milli) => milli >= gpuMilli).length >= gpuCount;
    const lost = fits ? left.filter((milli) => milli < gpuMilli).reduce((all, milli) => all + milli, 0) : idle;
    sum += lost * count;
  }
  return sum / pods;
}

function drawShape(stream: RandomStream): GpuPodShape {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(stream.next() * list.length)];
  const gpuCount = pick([0, 1, 1, 1, 1, 2, 4, 8]);
  const gpuMilli = gpuCount === 0 ? 0 : gpuCount > 1 ? 1000 : pick([100, 250, 500, 730, 1000]);
  return {
    cpuMilli: pick([1000, 4000, 16_000, 64_000]),
    gpuCount,
    gpuMilli,
    gpuSpec: gpuCount === 0 ? '' : pick(['', '', 'G2', 'T4|P100']),
  };
}

test('is what the definition says, and so is what a pod would leave', () => {
  const stream = new RandomStream('fragmentation');
  for (let round = 0; round < 40; round++) {
    const typical = typicalPodsOf(Array.from({ length: 60 }, () => drawShape(stream)));
    const fragmentation = new GpuFragmentation(typical);
    for (let i = 0; i < 10; i++) {
      const left = Array.from(
        { length: 1 + Math.floor(stream.next() * 8) },
        () => Math.floor(stream.next() * 11) * 100,
      );
      const model = MODELS[i % MODELS.length];
      const cpuLeft = Math.floor(stream.next() * 96_000);
      const view = fragmentation.forModel(model);
      const look = fragmentation.look(left);
      const expected = fragmentationOf(typical, model, cpuLeft, left);
      expect(fragmentation.weightedOf(view, cpuLeft, look) / fragmentation.weight).toBeCloseTo(expected, 6);
      expect(fragmentation.asPublished(view, cpuLeft, left)).toBeCloseTo(expected, 6);
      const total = [0, 250, 500, 1000, 2000][i % 5];
      const gpu: GpuRequest | null = gpuRequestOf(total);
      if (gpu !== null && left.filter((milli) => milli >= gpu.milli).length < gpu.count) continue;
      const ways = outcomes(left, gpu).map((after) => fragmentationOf(typical, model, cpuLeft, after));
      const after = fragmentation.weightedAfter(view, cpuLeft, left, look, gpu) / fragmentation.weight;
      expect(after).toBeCloseTo(Math.min(...ways), 6);
      expect(look).toEqual(fragmentation.look(left));
    }
  }
});

test('typical pods are the most frequent shapes that cover 95 % of a list', () => {
  const shape = (cpuMilli: number): GpuPodShape => ({ cpuMilli, gpuCount: 1, gpuMilli: 500, gpuSpec: '' });
  const list = [
    ...Array.from({ length: 90 }, () => shape(1000)),
    ...Array.from({ length: 6 }, () => shape(2000)),
    ...[3, 4, 5, 6].map((cpu) => shape(cpu * 1000)),
  ];
  expect(typicalPodsOf(list)).toEqual([
    { ...shape(1000), count: 90 },
    { ...shape(2000), count: 6 },
  ]);
  expect(
    typicalPodsOf([shape(1000), shape(2000), { ...shape(2000), gpuSpec: 'T4' }]).map(({ cpuMilli, gpuSpec }) => [
      cpuMilli,
      gpuSpec,
    ]),
  ).toEqual([
    [2000, 'T4'],
    [2000, ''],
    [1000, ''],
  ]);
});

test('pods on which no cpu tells nodes apart leave fragmentation alone', () => {
  const fragmentation = new GpuFragmentation([{ cpuMilli: 4000, gpuCount: 1, gpuMilli: 500, gpuSpec: '', count: 1 }]);
  expect([
    fragmentation.tellsApart(8000, 4000),
    fragmentation.tellsApart(8000, 3999),
    fragmentation.tellsApart(3999, 0),
  ]).toEqual([false, true, false]);
});
