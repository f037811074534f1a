// Explanations: for every decision of random runs the explained node is the one that the scheduler takes, and nothing
// of the run is changed by looking on.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { Explainer } from '../../src/experiment/explanation.ts';
import type { Explanation } from '../../src/experiment/explanation.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { createInputFiles } from '../../src/io/input-files.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { readRandom, scenarioArbitrary } from '../support/random-scenarios.ts';
import type { Scenario } from '../../src/simulation/scenario.ts';

const MAX_EVENTS = 1500;

interface Followed {
  readonly digest: string;
  readonly decisions: number;
  readonly differences: readonly string[];
  readonly kinds: ReadonlySet<string>;
}

/** Plays the scenario; with `explains` every decision is explained beforehand and compared with what comes of it. */
function follow(scenario: Scenario, explains: boolean): Followed {
  const simulation = new Simulation(scenario, { version: 'test', userPlugins: [], openTrace: null, plain: false });
  const { kernel, scheduler } = simulation.parts;
  const latest = new Map<number, Explanation>();
  const differences: string[] = [];
  const kinds = new Set<string>();
  const { tieBreak, sampling } = scenario.scheduler;
  const explainer = new Explainer(kernel, scheduler, { percentageOfNodesToScore: 0, tieBreak, sampling });
  if (explains) {
    scheduler.listeners.push({
      deciding: (pod) => { latest.set(pod, explainer.explain(pod)); },
      cycleSucceeded: (pod, node) => {
        const { name } = scheduler.cache.nodeInfo(node);
        const explained = latest.get(pod);
        kinds.add(explained?.best.length === 1 ? 'one best' : 'several best');
        if (explained?.node !== name) differences.push(`${String(explained?.node)}, not ${name}`);
        if (explained?.best.includes(name) !== true) differences.push(`${name} is not among the best`);
      },
      cycleFailed: (pod, message) => {
        const explained = latest.get(pod);
        kinds.add('no node');
        // Permit and Reserve speak after the choice, and preemption behind the filters.
        if (explained?.node === null && !message.startsWith(explained.message)) {
          differences.push(`${explained.message}, not ${message}`);
        }
      },
    });
  }
  simulation.advance(MAX_EVENTS);
  return { digest: kernel.digest.hex(), decisions: scheduler.decisions, differences, kinds };
}

describe('explanations', () => {
  test('agree with every decision of random runs, and change nothing', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(scenarioArbitrary, (drawn) => {
        let scenario: Scenario;
        try {
          ({ scenario } = readRandom({ ...drawn, trace: '' }));
          new Simulation(scenario, { version: 'test', userPlugins: [], openTrace: null, plain: false });
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
          return;
        }
        const explained = follow(scenario, true);
        expect(explained.differences).toEqual([]);
        for (const kind of explained.kinds) seen.add(kind);
        const { digest, decisions } = follow(scenario, false);
        expect([explained.digest, explained.decisions]).toEqual([digest, decisions]);
      }),
      { numRuns: 25 },
    );
    expect([...seen].sort((a, b) => (a < b ? -1 : 1))).toEqual(['no node', 'one best', 'several best']);
  });

  test('tell each plugin, raw, normalized and weighted, and why a node is not taken', () => {
    const text = `duration: 1m
nodePools:
  - {name: big, count: 1, allocatable: {cpu: 8, memory: 8Gi}}
  - {name: small, count: 1, allocatable: {cpu: 4, memory: 8Gi}}
  - {name: tiny, count: 1, allocatable: {cpu: 1, memory: 8Gi}}
workloads:
  - {name: task, kind: Pod, arrivals: {at: 1s}, lifetime: 1m, requests: {cpu: 2, memory: 1Gi}}
`;
    const { scenario } = readScenario({ text, name: 'made.yaml' }, createInputFiles());
    const simulation = new Simulation(scenario, { version: 'test', userPlugins: [], openTrace: null, plain: false });
    const { kernel, scheduler } = simulation.parts;
    const explainer = new Explainer(kernel, scheduler, {
      percentageOfNodesToScore: 0,
      tieBreak: 'upstream',
      sampling: true,
    });
    const explained: Explanation[] = [];
    scheduler.listeners.push({ deciding: (pod) => { explained.push(explainer.explain(pod)); } });
    simulation.advance(MAX_EVENTS);
    expect(explained).toHaveLength(1);
    const [{ node, nodes, best, evaluatedNodes, feasibleNodes }] = explained;
    expect({ node, best, evaluatedNodes, feasibleNodes }).toEqual({
      node: 'big-0', best: ['big-0'], evaluatedNodes: 3, feasibleNodes: 2,
    });
    const tiny = nodes.find((each) => each.node === 'tiny-0');
    expect(tiny).toMatchObject({
      verdict: 'rejected',
      plugin: 'NodeResourcesFit',
      reasons: ['Insufficient cpu'],
      total: null,
    });
    const big = nodes.find((each) => each.node === 'big-0');
    // (8 - 2) / 8 of the cpu and (8 - 1) / 8 of the memory are left: 75 and 87.5, rounded down to a mean of 81.
    expect(big?.scores.find(({ plugin }) => plugin === 'NodeResourcesFit')).toEqual({
      plugin: 'NodeResourcesFit', raw: 81, normalized: 81, weighted: 81,
    });
    expect(big?.scores.find(({ plugin }) => plugin === 'TaintToleration')).toEqual({
      plugin: 'TaintToleration', raw: 0, normalized: 100, weighted: 300,
    });
    expect(big?.total).toBe(big?.scores.reduce((sum, { weighted }) => sum + weighted, 0));
  });
});
