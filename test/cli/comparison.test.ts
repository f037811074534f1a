// Which runs a comparison takes and what follows from them, without a simulation.
import { expect, test } from 'vitest';
import { compare, compareOutcomes, comparisonCells } from '../../src/experiment/compare.ts';
import { withoutTables } from '../../src/experiment/without-tables.ts';
import { makeRunResult } from '../support/run-result.ts';

const PLAN = { scenario: 's', labelA: 'a', labelB: 'b', configurationA: { x: 1 }, configurationB: { x: 2 }, seeds: ['1', '2', '3'] };

test('every seed is one pair of runs, A before B', () => {
  expect(comparisonCells(PLAN).map(({ side, configuration, seed }) => `${side}${seed} ${JSON.stringify(configuration)}`)).toEqual([
    'A1 {"x":1}', 'B1 {"x":2}', 'A2 {"x":1}', 'B2 {"x":2}', 'A3 {"x":1}', 'B3 {"x":2}',
  ]);
});

test('equal runs differ nowhere; digests stand beside the numbers', () => {
  const asked: string[] = [];
  const comparison = compare(PLAN, (_configuration, seed) => {
    asked.push(seed);
    return makeRunResult({ seed });
  });
  expect(asked).toEqual(['1', '1', '2', '2', '3', '3']);
  expect(comparison.seeds).toEqual(['1', '2', '3']);
  expect(comparison.digestsA).toEqual(comparison.digestsB);
  expect(comparison.metrics.length).toBeGreaterThan(10);
  expect(comparison.metrics.filter(({ significant }) => significant)).toEqual([]);
});

test('what a comparison needs of a run is kept, its tables are not', () => {
  const run = makeRunResult({ seed: '1' });
  const kept = withoutTables(run);
  expect(kept).toMatchObject({ digest: run.digest, counts: run.counts, latency: run.latency, pods: null, nodes: [] });
  expect(kept.timeseries.seconds).toEqual([]);
});

test('a run that was stopped is refused', () => {
  const runs = comparisonCells(PLAN).map(({ seed }) => makeRunResult({ seed }));
  runs[3] = { ...runs[3], complete: false };
  expect(() => compareOutcomes(PLAN, runs)).toThrow('cannot be compared');
  expect(() => compareOutcomes(PLAN, runs.slice(1))).toThrow('5 runs for 3 seeds');
});
