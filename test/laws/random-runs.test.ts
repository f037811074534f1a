/** Laws of whole runs on random scenarios: the books balance at any moment, caches change nothing, mistakes are the user's or none. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import type { RunResult } from '../../src/metrics/run-result.ts';
import { change, changed } from '../support/random-changes.ts';
import { playRandom, scenarioArbitrary } from '../support/random-scenarios.ts';
import type { PlayOptions, RandomScenario } from '../support/random-scenarios.ts';
import { sized } from '../support/thorough.ts';

/** PODYARD_RUNS=2000 for a long hunt. */
const RUNS = Number(process.env['PODYARD_RUNS'] ?? sized(40, 80));
const MAX_EVENTS = 6000;

/** null: the scenario is refused, in words. Anything else that is thrown fails the test. */
function attempt(drawn: RandomScenario, options: PlayOptions): RunResult | null {
  try {
    return playRandom(drawn, options);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    expect(error.message).toMatch(/\w+ \w+/);
    return null;
  }
}

/** What a run must have seen for the law to say something; not every run has it. */
function happenings({ counts, failures: { evictionsByCause } }: RunResult): readonly string[] {
  const happened = { ...counts, ...evictionsByCause } as Readonly<Record<string, number>>;
  return Object.keys(happened).filter((name) => happened[name] > 0);
}

describe('random runs', () => {
  test('balance their books all along, with failures, autoscaling and preemption', () => {
    const seen = new Map<string, number>();
    fc.assert(fc.property(scenarioArbitrary, (drawn) => {
      const result = attempt(drawn, { checkEvery: 25, maxEvents: MAX_EVENTS });
      for (const name of result === null ? ['refused'] : happenings(result)) seen.set(name, (seen.get(name) ?? 0) + 1);
    }), { numRuns: RUNS });
    expect(seen.get('refused') ?? 0).toBeLessThan(RUNS / 2);
    expect([...seen.keys()]).toEqual(expect.arrayContaining(['podsFinished', 'podsPending', 'podsReplaced', 'podsLost', 'nodeFailures', 'evictions']));
  });

  test('are the same with the scheduler\'s caches and without, event by event', () => {
    fc.assert(fc.property(scenarioArbitrary, (drawn) => {
      const options = { checkEvery: 0, maxEvents: MAX_EVENTS };
      expect(attempt(drawn, { ...options, plain: true })).toEqual(attempt(drawn, options));
    }), { numRuns: RUNS });
  });

  test('of scenarios with a few mistakes are refused in words, or played', () => {
    const outcomes = { played: 0, refused: 0 };
    fc.assert(fc.property(scenarioArbitrary, fc.array(change, { minLength: 1, maxLength: 3 }), fc.constantFrom('tree', 'objects'), (drawn, changes, where) => {
      const wrong = changes.reduce<unknown>(changed, drawn[where]);
      const result = attempt({ ...drawn, [where]: wrong }, { checkEvery: 200, maxEvents: MAX_EVENTS / 3 });
      outcomes[result === null ? 'refused' : 'played']++;
    }), { numRuns: RUNS * 2 });
    expect(outcomes.played).toBeGreaterThan(RUNS / 10);
    expect(outcomes.refused).toBeGreaterThan(RUNS / 10);
  });
});
