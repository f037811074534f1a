// What is said of variants beside a base, and in which words.
import { expect, test } from 'vitest';
import type { MeasuredRun } from '../../src/experiment/measured-run.ts';
import { compareVariants, variantName } from '../../src/experiment/variant-comparison.ts';
import type { VariantsCompared } from '../../src/experiment/variant-comparison.ts';
import { summarySentence, verdictSentence } from '../../src/report/compare-verdict.ts';

const WAIT = { name: 'latency.queueWaitSeconds.p99', unit: 's', better: 'lower' } as const;
const NODES = { name: 'packing.meanEmptyNodes', unit: 'nodes', better: 'neither' } as const;

function runsOf(label: string, waits: readonly number[], nodes: readonly (number | null)[]): MeasuredRun[] {
  return waits.map((wait, i) => ({
    seed: String(i + 1),
    digest: `${label}${String(i)}`,
    version: 'test',
    complete: true,
    metrics: [{ ...WAIT, value: wait }, { ...NODES, value: nodes[i] }],
  }));
}

const A = [41, 38, 44, 40, 47, 39];
const EMPTY = [3, 4, 3, 5, 4, 3];

function compared(...waits: readonly (readonly number[])[]): VariantsCompared {
  return compareVariants([A, ...waits].map((own, i) => {
    const label = variantName(i);
    return { label, runs: runsOf(label, own, i === 0 ? EMPTY : EMPTY.map((value) => value + i)) };
  }));
}

function sentences(found: VariantsCompared): string[] {
  return found.comparisons.map((metric) => verdictSentence(metric, found));
}

test('names go on after Z', () => {
  expect([0, 1, 25, 26, 27, 51, 52].map(variantName)).toEqual(['A', 'B', 'Z', 'AA', 'AB', 'AZ', 'BA']);
});

test('each metric of each variant has a verdict and a sentence that says it', () => {
  const found = compared([37, 35, 39, 37, 42, 36], [45, 43, 49, 44, 52, 43]);
  expect(found.comparisons.map(({ variant, shortName, verdict }) => `${shortName} ${variant} ${verdict}`)).toEqual([
    'queueWait.p99 B better', 'queueWait.p99 C worse',
    'packing.meanEmptyNodes B higher', 'packing.meanEmptyNodes C higher',
  ]);
  expect(sentences(found)).toEqual([
    'queueWait.p99: B is better: 9.24% lower than A (7.32% to 10.9% lower).',
    'queueWait.p99: C is worse: 10.8% higher than A (9.62% to 12.1% higher).',
    'packing.meanEmptyNodes: B is 27.3% higher than A (22.1% to 35.6% higher).',
    'packing.meanEmptyNodes: C is 54.5% higher than A (44.2% to 71.2% higher).',
  ]);
  expect(summarySentence('B', found.comparisons)).toBe(
    'B is better than A in 1 metric and different in 1 metric of which neither way is good in itself.',
  );
});

test('a variant that is the base shows nothing', () => {
  const found = compareVariants([
    { label: 'a', runs: runsOf('a', A, EMPTY) },
    { label: 'a', runs: runsOf('a', A, EMPTY) },
  ]);
  expect(found.comparisons.map(({ verdict }) => verdict)).toEqual(['same', 'same']);
  expect(summarySentence('B', found.comparisons)).toBe(
    'B is not shown to differ from A; 2 metrics are the same with every seed.',
  );
});

test('where nothing is shown, it is told how many more seeds would show it', () => {
  const [wait] = compared(A.map((value, i) => value + (i % 2 === 0 ? 3 : -2))).comparisons;
  expect(wait).toMatchObject({ verdict: 'unknown', isWithinMargin: false });
  expect(wait.moreSeeds).toBeGreaterThan(20);
  const found = compared(A.map((value, i) => value + (i % 2 === 0 ? 3 : -2)));
  expect(verdictSentence(wait, found)).toMatch(
    /^queueWait\.p99: no difference is shown, and none is ruled out: B less A may be -\d.* to \+\d.*%; about \d+ more /,
  );
  expect(verdictSentence(wait, found)).toMatch(/ more seeds would show the \+1\.20% seen, if that is true\.$/);
});

test('equal for practical purposes needs an interval within the margin', () => {
  const near = compared(A.map((value, i) => value * (1 + (i % 2 === 0 ? 0.0005 : -0.0004))));
  expect(near.comparisons[0]).toMatchObject({ verdict: 'equal', isWithinMargin: true });
  expect(verdictSentence(near.comparisons[0], near)).toMatch(
    /^queueWait\.p99: B equals A for practical purposes: the difference is within ±1% \(.*% to .*%\)\.$/,
  );
});

test('four pairs show nothing, however large the difference', () => {
  const found = compareVariants([
    { label: 'a', runs: runsOf('a', A.slice(0, 4), EMPTY) },
    { label: 'b', runs: runsOf('b', [1, 2, 1, 2], EMPTY) },
  ]);
  expect(found.comparisons[0].verdict).toBe('unknown');
  expect(verdictSentence(found.comparisons[0], found)).toBe(
    'queueWait.p99: 4 seeds are too few to show anything of B; it takes 5 or more.',
  );
});

test('where every seed gives the same run, differences are facts, with two seeds already', () => {
  const same = (label: string, wait: number): MeasuredRun[] =>
    runsOf(label, [wait, wait], [null, null]).map((run) => ({ ...run, digest: label }));
  const found = compareVariants([{ label: 'a', runs: same('a', 40) }, { label: 'b', runs: same('b', 30) }]);
  expect(found.seedsChangeNothing).toBe(true);
  expect(sentences(found)).toEqual([
    'queueWait.p99: B is better: 25.0% lower than A (exactly).',
    'packing.meanEmptyNodes: not known of B: no seed gave a value both of A and of B.',
  ]);
});

test('more variants and more metrics make each answer harder to get', () => {
  const b = [40, 37.8, 42.5, 39.2, 47.1, 38];
  const alone = compareVariants(
    [{ label: 'a', runs: runsOf('a', A, EMPTY) }, { label: 'b', runs: runsOf('b', b, EMPTY) }],
    { metrics: ['queueWait.*'] },
  );
  expect(alone.comparisons).toHaveLength(1);
  expect(alone.comparisons[0].verdict).toBe('better');
  const many = compared(b, A.map((value, i) => value + (i % 2)), A.map((value, i) => value - (i % 3)));
  expect(many.comparisons[0].verdict).toBe('unknown');
});
