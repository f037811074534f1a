/**
 * The fast paths' twin is the plain scan: caches, the index over cache order, counts by topology domain. The same digest of
 * everything that happened and the same words to every pod that failed, over clusters that change all the time, of each
 * version of Kubernetes in turn.
 * PODYARD_DECISIONS=500000 is what continuous integration runs; special kinds of clusters have a file of their own,
 * `fast-equals-plain-kinds.test.ts`.
 */
import { describe, expect, test } from 'vitest';
import { KUBERNETES_VERSIONS } from '../../src/cluster/kubernetes-versions.ts';
import { churnRun } from '../support/template-churn.ts';
import type { ChurnOptions } from '../support/template-churn.ts';

const WANTED = Number(process.env['PODYARD_DECISIONS'] ?? 12_000);
const KINDS: readonly Omit<ChurnOptions, 'seed' | 'plain'>[] = [
  { nodes: 7, steps: 2500, priorities: false, percentage: 0 },
  { nodes: 24, steps: 2000, priorities: false, percentage: 0 },
  { nodes: 15, steps: 1500, priorities: true, percentage: 0 },
  { nodes: 12, steps: 2500, priorities: true, percentage: 0, isolated: true },
  { nodes: 140, steps: 700, priorities: true, percentage: 20 },
  { nodes: 130, steps: 900, priorities: false, percentage: 30 },
  { nodes: 230, steps: 500, priorities: false, percentage: 0 },
];

describe('decisions by the fast paths', () => {
  test(`are those of the plain scan, ${WANTED} and more of them`, { timeout: 900_000 }, () => {
    let decisions = 0;
    let failed = 0;
    let [replacedNodes, returnedGroups] = [0, 0];
    for (let round = 0; decisions < WANTED; round++) {
      const kubernetes = KUBERNETES_VERSIONS[round % KUBERNETES_VERSIONS.length];
      const options = { ...KINDS[round % KINDS.length], kubernetes, seed: `churn-${round}` };
      const fast = churnRun({ ...options, plain: false });
      const plain = churnRun({ ...options, plain: true });
      expect(fast.messages, options.seed).toEqual(plain.messages);
      expect(fast, options.seed).toEqual(plain);
      decisions += fast.decisions;
      failed += fast.unschedulable;
      replacedNodes += fast.replacedNodes;
      returnedGroups += fast.returnedGroups;
    }
    expect(failed).toBeGreaterThan(decisions / 20);
    expect(failed).toBeLessThan(decisions * 0.9);
    expect(replacedNodes).toBeGreaterThan(20);
    expect(returnedGroups).toBeGreaterThan(20);
  });
});
