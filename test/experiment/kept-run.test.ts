// What is kept of a run: the cluster as a decision found it is put together again, so that the answer is the one of
// playing the run once more, for decisions of random runs; and the decisions in order are those that were made.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { Explainer } from '../../src/experiment/explanation.ts';
import { playedDecisions } from '../../src/experiment/divergence.ts';
import type { Decided } from '../../src/experiment/divergence.ts';
import { forKeptDecisions, keptDecisionsOf } from '../../src/experiment/kept-decisions.ts';
import { explainKept } from '../../src/experiment/kept-explanation.ts';
import { KeptRecorder } from '../../src/experiment/kept-recorder.ts';
import type { KeptCounts } from '../../src/experiment/kept-recorder.ts';
import { decodeSchedulerConfiguration } from '../../src/scheduler/config/scheduler-configuration.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import { momentOfRun } from '../../src/simulation/cluster-moment.ts';
import type { Scenario } from '../../src/simulation/scenario.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import type { SimulationOptions } from '../../src/simulation/simulation.ts';
import { readRandom, scenarioArbitrary } from '../support/random-scenarios.ts';

const MAX_EVENTS = 1500;
const RUNS = Number(process.env['PODYARD_RUNS'] ?? 12);
/** Of the decisions of a run so many are asked about. */
const ASKED = 12;

function simulated(scenario: Scenario, watch?: NonNullable<SimulationOptions['watch']>): Simulation {
  const options = { version: 'test', userPlugins: [], openTrace: null, plain: false };
  return new Simulation(scenario, watch === undefined ? options : { ...options, watch });
}

interface KeptOfRun extends KeptCounts {
  readonly log: Uint8Array;
  readonly digest: string;
}

function keep(scenario: Scenario): KeptOfRun {
  const pieces: Uint8Array[] = [];
  const made: { recorder: KeptRecorder | null } = { recorder: null };
  const simulation = simulated(scenario, ({ cluster, scheduler }) => {
    made.recorder = new KeptRecorder(cluster, scheduler, (bytes) => { pieces.push(bytes.slice()); });
  });
  simulation.advance(MAX_EVENTS);
  const counts = made.recorder?.end() ?? { decisions: 0, pods: 0, gap: 'nothing' };
  return { ...counts, log: Buffer.concat(pieces), digest: simulation.parts.kernel.digest.hex() };
}

interface Explained {
  readonly pod: string;
  readonly text: string;
  readonly nodes: readonly string[];
}

interface AllExplained {
  readonly explained: readonly Explained[];
  readonly digest: string;
  /** The scheduler sees what is so. */
  readonly isOnTime: boolean;
}

/** Every decision as it is explained where it is made. */
function explainAll(scenario: Scenario): AllExplained {
  const simulation = simulated(scenario);
  const { kernel, cluster, scheduler } = simulation.parts;
  const { tieBreak, sampling } = scenario.scheduler;
  const { percentageOfNodesToScore } = configurationOf(scenario);
  const explainer = new Explainer(kernel, scheduler, { percentageOfNodesToScore, tieBreak, sampling });
  const explained: Explained[] = [];
  scheduler.listeners.push({
    deciding: (row) => {
      const explanation = explainer.explain(row);
      const { nodes } = momentOfRun(cluster, [scheduler.cache], scenario);
      explained.push({
        pod: `${explanation.namespace}/${explanation.pod}`,
        text: JSON.stringify(explanation),
        nodes: nodes.map(({ metadata }) => metadata?.name ?? ''),
      });
    },
  });
  simulation.advance(MAX_EVENTS);
  return { explained, digest: kernel.digest.hex(), isOnTime: scheduler.watch.isOnTime };
}

function configurationOf({ scheduler, kubernetes }: Scenario): ReturnType<typeof decodeSchedulerConfiguration> {
  return decodeSchedulerConfiguration(scheduler.configuration, { registry: pluginRegistry([]), kubernetes });
}

/** The first so many. */
function decidedOf(scenario: Scenario, count: number): Decided[] {
  const all: Decided[] = [];
  if (count === 0) return all;
  playedDecisions(simulated(scenario))((each) => all.push(each) === count);
  return all;
}

/** Cycles of a run, the first and the last among them. */
function someOf(count: number): number[] {
  const step = Math.max(1, (count - 1) / (ASKED - 1));
  const cycles = Array.from({ length: Math.min(ASKED, count) }, (_, at) => 1 + Math.floor(at * step));
  return [...new Set([...cycles, ...(count > 0 ? [count] : [])])];
}

describe('a kept run', () => {
  test('explains decisions as the run itself does when it is played again', () => {
    const seen = { asked: 0, gaps: 0, failed: 0, chosen: 0 };
    fc.assert(
      fc.property(scenarioArbitrary, (drawn) => {
        let scenario: Scenario;
        try {
          ({ scenario } = readRandom({ ...drawn, trace: '' }));
          simulated(scenario);
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
          return;
        }
        const kept = keep(scenario);
        const { explained, digest, isOnTime } = explainAll(scenario);
        expect([kept.digest, kept.decisions]).toEqual([digest, explained.length]);
        const decided: Decided[] = [];
        forKeptDecisions(kept.log, (each) => {
          decided.push(each);
          return false;
        });
        expect(decided).toEqual(decidedOf(scenario, decided.length));
        if (kept.gap !== '') {
          seen.gaps++;
          return;
        }
        const options = { scenario, configuration: configurationOf(scenario), registry: pluginRegistry([]) };
        for (const cycle of someOf(explained.length)) {
          const { pod, text, nodes } = explained[cycle - 1];
          const until = (JSON.parse(text) as { readonly atMicros: number }).atMicros;
          const { last } = keptDecisionsOf(kept.log, pod, until);
          const answer = last === null ? null : explainKept(kept.log, last, options);
          const sameTime = explained[(last?.cycle ?? 0) - 1];
          expect(answer === null ? null : JSON.stringify(answer.explanation)).toBe(sameTime.text);
          const moment = answer?.cluster.moment();
          if (isOnTime) expect(moment?.nodes.map(({ metadata }) => metadata?.name)).toEqual(nodes);
          seen.asked++;
          if (answer?.explanation.node === null) seen.failed++;
          else seen.chosen++;
        }
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    expect(Math.min(seen.asked, seen.failed, seen.chosen)).toBeGreaterThan(0);
  });
});
