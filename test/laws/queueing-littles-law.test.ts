// Little's law, L = lambda W, on the queues of real runs (Little, "A proof for the queuing formula L = lambda W",
// Operations Research 9, 1961). Over a run that begins empty it holds exactly, for any scenario: the time integral of
// how many are there is the sum of how long each has been there. Left and right come from different books: totals, and
// times of each pod.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import { PodPhase, type Cluster } from '../../src/cluster/cluster.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { PodTable, RunResult } from '../../src/metrics/run-result.ts';
import type { Scheduler } from '../../src/scheduler/scheduler.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { byteSourceOf } from '../../src/workload/traces/byte-source.ts';
import { openTrace } from '../../src/workload/traces/open-trace.ts';
import { readRandom, scenarioArbitrary, type RandomScenario } from '../support/random-scenarios.ts';

const RUNS = Number(process.env['PODYARD_RUNS'] ?? 12);
const MAX_EVENTS = 3000;

interface WatchedRun {
  readonly result: RunResult;
  readonly pods: PodTable;
  /** Pod-microseconds added up event by event: without a node, on a node, being deleted. */
  readonly integrals: { pending: number; placed: number; terminating: number };
  /** Time that each pod spent being deleted, added up. */
  readonly terminatingMicros: number;
  /** Instants after which a pending pod stood in none of the scheduler's queues, or in two. */
  readonly astray: readonly string[];
}

interface Parts {
  readonly kernel: Kernel;
  readonly cluster: Cluster;
  readonly schedulers: readonly Scheduler[];
}

/** Pending pods of a scheduler that is not there: they wait for ever, in nobody's queue. */
function ownerlessPods(cluster: Cluster, schedulers: readonly Scheduler[]): number {
  return cluster.pods.phase.reduce((count, phase, row) => {
    const serves = ({ profiles }: Scheduler): boolean => profiles.has(cluster.templateOf(row).schedulerName);
    return count + (phase === PodPhase.Pending && !schedulers.some(serves) ? 1 : 0);
  }, 0);
}

/** `isOnTime`: schedulers see what is there; a pod that a late one has not seen yet is in nobody's queue. */
function watch(simulation: Simulation, isOnTime: boolean): WatchedRun | null {
  const { kernel, cluster, schedulers } = simulation as unknown as Parts;
  const summed = (valueOf: (scheduler: Scheduler) => number): number =>
    schedulers.reduce((sum, scheduler) => sum + valueOf(scheduler), 0);
  const { totals } = cluster;
  const integrals = { pending: 0, placed: 0, terminating: 0 };
  const astray: string[] = [];
  const deletedAt = new Map<number, number>();
  let terminatingMicros = 0;
  cluster.observe({
    podTerminating: (pod) => void deletedAt.set(pod, kernel.now),
    // A pod of a Job that has stopped is there until its controller has counted it.
    podDeleted: (pod) => {
      terminatingMicros += kernel.now - (deletedAt.get(pod) ?? kernel.now);
      deletedAt.delete(pod);
    },
  });
  // To the first instant; from then on the clock stands at an instant before its events are played.
  kernel.run({ maxEvents: 0 });
  for (let events = 0, more = true; more && events < MAX_EVENTS; events++) {
    const before = kernel.now;
    more = simulation.advance(1);
    const micros = kernel.now - before;
    integrals.pending += micros * totals.podsByPhase[PodPhase.Pending];
    integrals.placed += micros * (totals.podsByPhase[PodPhase.Bound] + totals.podsByPhase[PodPhase.Running]);
    integrals.terminating += micros * totals.podsTerminating;
    if (micros === 0 || !isOnTime) continue;
    const queued = summed(
      ({ queue }) => queue.activeCount + queue.backoffCount + queue.unschedulableCountNow + queue.gatedCount,
    );
    // One pod at most of each scheduler is in a cycle that will fail.
    const mostInCycles = summed(({ queue }) => Math.min(1, queue.inFlight.podCount));
    const inCycle = totals.podsByPhase[PodPhase.Pending] - summed(({ cache }) => cache.totals.podsAssumed) - queued;
    const isAccounted = (pods: number): boolean => pods >= 0 && pods <= mostInCycles;
    if (!isAccounted(inCycle) && !isAccounted(inCycle - ownerlessPods(cluster, schedulers))) {
      astray.push(`${before}: ${inCycle}`);
    }
  }
  for (const since of deletedAt.values()) terminatingMicros += kernel.now - since;
  const result = simulation.result(false);
  return result.pods === null ? null : { result, pods: result.pods, integrals, terminatingMicros, astray };
}

const sumOf = (pods: PodTable, valueOf: (row: number) => number): number =>
  pods.name.reduce((sum, _, row) => sum + valueOf(row), 0);
const orElse = (value: number, otherwise: number): number => (Number.isNaN(value) ? otherwise : value);

/** Over the whole run: integrals of how many are there against sums of how long each was. Returns the sums. */
function checkIntegrals({ pods, integrals, terminatingMicros, result: { simulatedSeconds } }: WatchedRun): number[] {
  const leftAt = (row: number): number => orElse(pods.endedSeconds[row], simulatedSeconds);
  const boundAt = (row: number): number => orElse(pods.boundSeconds[row], leftAt(row));
  const waits = sumOf(pods, (row) => boundAt(row) - pods.createdSeconds[row]);
  const stays = sumOf(pods, (row) => leftAt(row) - boundAt(row));
  // Seconds in the table are doubles: a rounding for each pod.
  const rounding = 1e-6 * (1 + pods.name.length);
  expect(Math.abs(waits - integrals.pending / MICROS_PER_SECOND)).toBeLessThan(rounding);
  expect(Math.abs(stays - integrals.placed / MICROS_PER_SECOND)).toBeLessThan(rounding);
  expect(integrals.terminating).toBe(terminatingMicros);
  return [waits, stays, terminatingMicros];
}

/**
 * At each sample of the time series: as many wait and run as the times of pods say. Returns how many did, over all
 * samples.
 */
function checkSamples({
  pods,
  result: {
    timeseries: { seconds, columns },
  },
}: WatchedRun): number {
  let seen = 0;
  // The last row may stand in the middle of an instant, where the run was broken off.
  seconds.slice(0, -1).forEach((time, sample) => {
    const isBetween = (from: number, to: number): number => (from <= time && !(to <= time) ? 1 : 0);
    const waiting = sumOf(pods, (row) =>
      isBetween(pods.createdSeconds[row], orElse(pods.boundSeconds[row], pods.endedSeconds[row])),
    );
    const placed = sumOf(pods, (row) => isBetween(pods.boundSeconds[row], pods.endedSeconds[row]));
    const sampled = columns['pods.starting'][sample] + columns['pods.running'][sample];
    expect([columns['pods.pending'][sample], sampled]).toEqual([waiting, placed]);
    seen += waiting + placed;
  });
  return seen;
}

test("Little's law holds exactly in any run, for pods that wait, that are on nodes and that are being deleted", () => {
  const happened = [0, 0, 0];
  let [played, sampled] = [0, 0];
  const attempt = (drawn: RandomScenario): WatchedRun | null => {
    try {
      return play(drawn);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return null;
    }
  };
  fc.assert(
    fc.property(scenarioArbitrary, (drawn) => {
      const run = attempt(drawn);
      if (run === null) return;
      played++;
      checkIntegrals(run).forEach((amount, i) => (happened[i] += amount));
      sampled += checkSamples(run);
      expect(run.astray).toEqual([]);
    }),
    { numRuns: RUNS },
  );
  expect(played).toBeGreaterThan(RUNS / 2);
  expect(sampled).toBeGreaterThan(100 * RUNS);
  for (const amount of happened) expect(amount).toBeGreaterThan(0);
});

function play(drawn: RandomScenario): WatchedRun | null {
  const read = readRandom(drawn).scenario;
  const metrics = { ...read.metrics, pods: 'all', checkEveryEvents: 0, sampleMicros: 20 * MICROS_PER_SECOND } as const;
  const { scheduler: late } = read.controlPlane.watchDelaySeconds;
  const isOnTime = late === null && read.schedulers.every(({ watchDelaySeconds }) => watchDelaySeconds === null);
  return watch(
    new Simulation(
      { ...read, metrics },
      {
        version: 'law',
        userPlugins: [],
        plain: false,
        openTrace: ({ format, file, compress }) => openTrace(format, byteSourceOf(drawn.trace), file, { compress }),
      },
    ),
    isOnTime,
  );
}
