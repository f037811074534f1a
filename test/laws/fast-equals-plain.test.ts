/**
 * The fast paths' twin is the plain scan: caches, the index over cache order, counts by topology domain. The same digest of
 * everything that happened and the same words to every pod that failed, over clusters that change all the time.
 * PODYARD_DECISIONS=500000 is what continuous integration runs.
 */
import { describe, expect, test } from 'vitest';
import { churnRun } from '../support/template-churn.ts';

const WANTED = Number(process.env['PODYARD_DECISIONS'] ?? 12_000);
/** Nodes, steps, whether priorities differ, percentageOfNodesToScore, whether pods look at nodes only. */
const KINDS: readonly (readonly [number, number, boolean, number, boolean])[] = [
  [7, 2500, false, 0, false],
  [24, 2000, false, 0, false],
  [15, 1500, true, 0, false],
  [12, 2500, true, 0, true],
  [140, 700, true, 20, false],
  [130, 900, false, 30, false],
  [230, 500, false, 0, false],
];

describe('decisions by the fast paths', () => {
  test(`are those of the plain scan, ${WANTED} and more of them`, { timeout: 900_000 }, () => {
    let decisions = 0;
    let failed = 0;
    for (let round = 0; decisions < WANTED; round++) {
      const [nodes, steps, priorities, percentage, isolated] = KINDS[round % KINDS.length];
      const options = { seed: `churn-${round}`, nodes, steps, priorities, percentage, isolated };
      const fast = churnRun({ ...options, plain: false });
      const plain = churnRun({ ...options, plain: true });
      expect(fast.messages, options.seed).toEqual(plain.messages);
      expect(fast, options.seed).toEqual(plain);
      decisions += fast.decisions;
      failed += fast.unschedulable;
    }
    expect(failed).toBeGreaterThan(decisions / 20);
    expect(failed).toBeLessThan(decisions * 0.9);
  });

  test.each([[60, 1500], [110, 2600]] as const)('are so while dozens of pods wait on %i nodes for the victims of their preemptions', (nodes, steps) => {
    const options = { seed: `nominated-${nodes}`, nodes, steps, priorities: true, percentage: 0, isolated: true, reapMicros: 4_000_000 };
    const fast = churnRun({ ...options, plain: false });
    expect(fast).toEqual(churnRun({ ...options, plain: true }));
    expect(fast.mostNominated).toBeGreaterThan(25);
    expect(fast.unschedulable).toBeGreaterThan(2000);
  });

  test.each([9, 40, 160])('are so where few of %i nodes have what a pod asks for, and little room to remember', (nodes) => {
    const options = { seed: `devices-${nodes}`, nodes, steps: 1200, priorities: true, percentage: 0, isolated: true, devices: true };
    const plain = churnRun({ ...options, plain: true });
    expect(churnRun({ ...options, plain: false })).toEqual(plain);
    expect(churnRun({ ...options, plain: false, cacheBytes: 20_000 })).toEqual(plain);
    expect(plain.decisions).toBeGreaterThan(2000);
  });

  test.each([[['filter']], [['score']], [['filter', 'score']]] as const)('are so with a plugin that declares nothing and has %j', (moody) => {
    const options = { seed: `moody-${moody.join()}`, nodes: 40, steps: 700, priorities: false, percentage: 0, moody };
    const fast = churnRun({ ...options, plain: false });
    expect(fast).toEqual(churnRun({ ...options, plain: true }));
    expect(fast.decisions).toBeGreaterThan(1000);
  });
});
