/**
 * The fast paths' twin is the plain scan, on clusters that random ones seldom become: crowded, slow to let go, full of
 * nominations, of devices, under plugins that declare nothing. `fast-equals-plain.test.ts` has the random ones.
 */
import { describe, expect, test } from 'vitest';
import { CHANGE_RING } from '../../src/scheduler/cache/cached-nodes.ts';
import { crowdedRun } from '../support/crowded-cluster.ts';
import { churnRun } from '../support/template-churn.ts';
import { sized } from '../support/thorough.ts';

describe('decisions by the fast paths', () => {
  test.each([6, 40])('are those of the plain scan while many of the pods on %i nodes are on their way out', (nodes) => {
    const kind = { priorities: true, percentage: 0, isolated: true, reapMicros: 400_000 };
    const options = { ...kind, seed: `terminating-${nodes}`, nodes, steps: 1500 };
    const fast = churnRun({ ...options, plain: false });
    expect(fast).toEqual(churnRun({ ...options, plain: true }));
    expect(fast.mostTerminating).toBeGreaterThan(nodes);
  });

  const CROWDS = [[3, 20_000], [5, 14_000], [40, 12_000]] as const;
  test.each(CROWDS)('are so on %i crowded nodes that do not take a pod for thousands of changes', (nodes, changes) => {
    const options = { seed: `crowded-${nodes}`, nodes, changes };
    const fast = crowdedRun({ ...options, plain: false });
    expect(fast).toEqual(crowdedRun({ ...options, plain: true }));
    expect(fast.longestBlock).toBeGreaterThan(CHANGE_RING);
    expect(fast.largeBound).toBeGreaterThan(2);
  });

  const WAITING = sized([[60, 1500]], [[60, 1500], [110, 2600]]);
  test.each(WAITING)('are so while dozens of pods wait on %i nodes for the victims of their preemptions', (nodes, steps) => {
    const kind = { priorities: true, percentage: 0, isolated: true, calm: true, reapMicros: 4_000_000 };
    const options = { ...kind, seed: `nominated-a-${nodes}`, nodes, steps };
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

  const MOODS = [[['filter']], [['score']], [['filter', 'score']], [['preScore']], [['preScore', 'score']]] as const;
  test.each(MOODS)('are so with a plugin that declares nothing and has %j', (moody) => {
    const options = { seed: `moody-${moody.join()}`, nodes: 40, steps: 700, priorities: false, percentage: 0, moody };
    const fast = churnRun({ ...options, plain: false });
    expect(fast).toEqual(churnRun({ ...options, plain: true }));
    expect(fast.decisions).toBeGreaterThan(1000);
  });
});
