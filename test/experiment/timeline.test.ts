// The timeline of random runs: nothing overlaps on a track, one slice a binding, and the run is the same without it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { Lanes } from '../../src/experiment/timeline-lanes.ts';
import { Timeline } from '../../src/experiment/timeline.ts';
import type { TimelineOptions } from '../../src/experiment/timeline.ts';
import type { RunResult } from '../../src/metrics/run-result.ts';
import { compareKeys } from '../../src/report/format.ts';
import { TraceEventText } from '../../src/report/trace-events.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { byteSourceOf } from '../../src/workload/traces/byte-source.ts';
import { openTrace } from '../../src/workload/traces/open-trace.ts';
import { readRandom, scenarioArbitrary } from '../support/random-scenarios.ts';
import type { RandomScenario } from '../support/random-scenarios.ts';
import { sized } from '../support/thorough.ts';
import { overlaps, readTrace } from '../support/trace-event-reader.ts';
import type { ReadTrace } from '../support/trace-event-reader.ts';

interface Seen {
  /** `node pod at`, of each podBound notice. */
  readonly bindings: string[];
  placed: number;
  preemptions: number;
  failures: number;
}

interface Played {
  readonly result: RunResult;
  readonly trace: ReadTrace;
  readonly seen: Seen;
}

const WHOLE: TimelineOptions = { from: 0, to: Infinity, nodes: Infinity };
const MOST_EVENTS = 6000;

function simulationOf(drawn: RandomScenario): Simulation {
  return new Simulation(readRandom(drawn).scenario, {
    version: 'law', userPlugins: [], plain: false,
    openTrace: ({ format, file, compress }) => openTrace(format, byteSourceOf(drawn.trace), file, { compress }),
  });
}

function play(drawn: RandomScenario, options = WHOLE): Played {
  const simulation = simulationOf(drawn);
  const { cluster, scheduler, kernel } = simulation.parts;
  let text = '';
  const events = new TraceEventText((piece) => { text += piece; });
  const timeline = new Timeline(cluster, events, options);
  scheduler.listeners.push(timeline);
  const seen: Seen = { bindings: [], placed: 0, preemptions: 0, failures: 0 };
  cluster.observe({
    podBound: (pod, placed) => {
      const { name } = cluster.nodes.facts[cluster.pods.node[pod]];
      seen.bindings.push(`${name} ${cluster.podName(pod)} ${String(kernel.now)}`);
      if (placed) seen.placed++;
    },
    nodeHealthChanged: (_node, up) => { if (!up) seen.failures++; },
  });
  scheduler.listeners.push({ preempted: () => { seen.preemptions++; } });
  simulation.advance(MOST_EVENTS);
  const result = simulation.result(false);
  timeline.finish(result.timeseries, result.events);
  events.end({ ...timeline.counts });
  return { result, trace: readTrace(text), seen };
}

/** Those that are not refused, in words. */
const scenarios = scenarioArbitrary.filter((drawn) => {
  try {
    return simulationOf(drawn).parts.kernel.now === 0;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
});
const RUNS = sized(20, 40);
/** Minutes, and the number of nodes. */
const upTo = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
const cuts = fc.record({ start: fc.nat(20), length: upTo(20), nodes: upTo(4) });
const sorted = (spans: readonly object[]): string[] => spans.map((span) => JSON.stringify(span)).sort(compareKeys);

describe('the timeline of a random run', () => {
  test('has one slice a binding, marks for what was told, and nothing overlaps on a track', () => {
    const all = { bindings: 0, preemptions: 0, failures: 0, evictions: 0, waits: 0 };
    fc.assert(
      fc.property(scenarios, (drawn) => {
        const { trace: { slices, marks, threads, counters }, seen, result } = play(drawn);
        expect(overlaps(slices)).toEqual([]);
        const pods = slices.filter(({ cat }) => cat === 'pod');
        const bound = pods.map(({ name, ts, args }) => `${String(args['node'])} ${name} ${String(ts)}`);
        expect(bound.sort(compareKeys)).toEqual([...seen.bindings].sort(compareKeys));
        // A slice stands on its node's lanes.
        for (const { tid, args } of pods) expect(threads.get(tid)?.name.replace(/ \(\d+\)$/, '')).toBe(args['node']);
        const count = (cat: string): number => marks.filter((mark) => mark.cat === cat).length;
        expect(count('preemption')).toBe(seen.preemptions);
        expect(count('node failure')).toBe(seen.failures);
        expect(count('preemption') + count('eviction')).toBe(result.counts.evictions);
        const marked = marks.filter(({ cat }) => cat === 'scaleUp').map(({ args }) => args['count']);
        const noted = result.events.filter(({ kind }) => kind === 'scaleUp').map((event) => event.count);
        expect(marked).toEqual(noted);
        const pending = counters.filter(({ name }) => name === 'pods pending').map(({ value }) => value);
        expect(pending).toEqual(result.timeseries.columns['pods.pending'] ?? []);
        all.bindings += seen.bindings.length;
        all.preemptions += seen.preemptions;
        all.failures += seen.failures;
        all.evictions += count('eviction');
        all.waits += slices.length - pods.length;
      }),
      { numRuns: RUNS },
    );
    // The law is about something.
    for (const [what, count] of Object.entries(all)) expect(count, what).toBeGreaterThan(0);
  });

  test('leaves the run as it is', () => {
    fc.assert(
      fc.property(scenarios, (drawn) => {
        const alone = simulationOf(drawn);
        alone.advance(MOST_EVENTS);
        expect(play(drawn).result).toEqual(alone.result(false));
      }),
      { numRuns: RUNS / 2 },
    );
  });

  test('cut in time and nodes has the slices of the whole that reach into the cut', () => {
    fc.assert(
      fc.property(scenarios, cuts, (drawn, { start, length, nodes }) => {
        const [from, to] = [start * 60e6, (start + length) * 60e6];
        const whole = play(drawn).trace;
        const cut = play(drawn, { from, to, nodes }).trace;
        const shownNodes = new Set([...cut.threads.values()].map(({ name }) => name));
        const expected = whole.slices
          .filter(({ ts, dur }) => ts <= to && ts + dur >= from)
          .filter(({ cat, args }) => cat === 'wait' || shownNodes.has(args['node'] as string))
          .map(({ name, ts, dur }) => ({ name, ts: Math.max(ts, from), end: Math.min(ts + dur, to) }));
        const shown = cut.slices.map(({ name, ts, dur }) => ({ name, ts, end: ts + dur }));
        expect(sorted(shown)).toEqual(sorted(expected));
        expect(overlaps(cut.slices)).toEqual([]);
        expect(cut.marks.every(({ ts }) => ts >= from && ts <= to)).toBe(true);
      }),
      { numRuns: RUNS / 2 },
    );
  });
});

test('the reader of tracks finds an overlap', () => {
  const slice = { cat: 'pod', name: 'a', pid: 1, tid: 2, ts: 0, dur: 10, args: {} };
  expect(overlaps([slice, { ...slice, ts: 10 }, { ...slice, tid: 3, ts: 5 }])).toEqual([]);
  expect(overlaps([slice, { ...slice, ts: 9 }])).toHaveLength(1);
});

test('the lowest free lane is taken', () => {
  const lanes = new Lanes();
  expect([lanes.take(), lanes.take(), lanes.take()]).toEqual([0, 1, 2]);
  lanes.release(1);
  lanes.release(0);
  expect([lanes.take(), lanes.take(), lanes.take(), lanes.count]).toEqual([0, 1, 3, 4]);
  expect(lanes.take(4)).toBe(-1);
  lanes.release(2);
  expect(lanes.take(4)).toBe(2);
});
