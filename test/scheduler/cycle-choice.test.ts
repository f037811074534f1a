/** Which node a pod gets: how many are looked at and from where, how scores add up, who wins among equals (pkg/scheduler/schedule_one.go, v1.36). */
import { describe, expect, test } from 'vitest';
import { firstInHeapOrder } from '../../src/scheduler/framework/algorithm.ts';
import { CycleState } from '../../src/scheduler/framework/cycle-state.ts';
import type { PluginFactory } from '../../src/scheduler/framework/plugin-api.ts';
import { PodInfo } from '../../src/scheduler/framework/pod-info.ts';
import { SKIP, errorStatus, unschedulable } from '../../src/scheduler/framework/status.ts';
import { SchedulerWorld, plugin } from './scheduler-world.ts';
import type { SchedulerWorldOptions } from './scheduler-world.ts';

const NO_EVENTS = { eventsToRegister: () => [] };

/** Scores by node name; nothing but this decides. */
function scoring(scores: Readonly<Record<string, number>>): PluginFactory {
  return plugin('Scores', { score: (_state, _pod, node) => scores[node.name] ?? 0, ...NO_EVENTS });
}

function onlyScores(scores: Readonly<Record<string, number>>, options: SchedulerWorldOptions = {}): SchedulerWorld {
  return new SchedulerWorld({ plugins: [scoring(scores)], points: { score: [{ name: 'Scores', weight: 1 }], preScore: [] }, ...options });
}

function chosenNodes(world: SchedulerWorld, pods: number, cpu = '100m'): string[] {
  for (let i = 0; i < pods; i++) world.pod(`p${i}`, cpu);
  world.runTo(60);
  return Array.from({ length: pods }, (_, i) => world.nodeOf(world.row(`p${i}`)));
}

describe('how many feasible nodes are looked for', () => {
  const target = (nodes: number, options: SchedulerWorldOptions = {}): number => {
    const world = new SchedulerWorld(options);
    return world.scheduler.algorithm.feasibleNodesToFind([...world.scheduler.profiles.values()][0], nodes);
  };

  test('below a hundred nodes: all; above: an adaptive share of at least a hundred', () => {
    const known: Record<number, number> = { 50: 50, 99: 99, 100: 100, 200: 100, 250: 120, 300: 144, 500: 230, 1000: 420, 2000: 680, 3000: 780, 5000: 500, 5625: 281, 6000: 300, 10000: 500, 15000: 750 };
    for (const [nodes, expected] of Object.entries(known)) expect([nodes, target(Number(nodes))]).toEqual([nodes, expected]);
  });

  test('a configured percentage takes its place, the profile\'s before the global one', () => {
    expect(target(1000, { percentageOfNodesToScore: 40 })).toBe(400);
    expect(target(6000, { percentageOfNodesToScore: 40 })).toBe(2400);
    expect(target(1000, { percentageOfNodesToScore: 40, profilePercentage: 70 })).toBe(700);
    expect(target(1000, { percentageOfNodesToScore: 100 })).toBe(1000);
    expect(target(150, { percentageOfNodesToScore: 1 })).toBe(100);
  });

  test('sampling switched off: all', () => {
    expect(target(5000, { sampling: false, percentageOfNodesToScore: 5 })).toBe(5000);
  });

  test('without score plugins one is enough', () => {
    expect(target(5000, { points: { score: [] } })).toBe(1);
  });
});

describe('rotation', () => {
  test.each([false, true])('the search goes on where the last one stopped (plain: %s)', (plain) => {
    const world = onlyScores({}, { plain, percentageOfNodesToScore: 40, tieBreak: 'first' });
    world.nodes(250);
    expect(chosenNodes(world, 4)).toEqual(['n0', 'n100', 'n200', 'n50']);
    expect(world.scheduler.algorithm.nextStartNodeIndex).toBe(150);
    expect(world.scheduler.algorithm.nodesFiltered).toBe(400);
  });

  test('a search over all nodes leaves the start where it was', () => {
    const world = onlyScores({}, { tieBreak: 'first' });
    world.nodes(90);
    expect(chosenNodes(world, 3)).toEqual(['n0', 'n0', 'n0']);
    expect(world.scheduler.algorithm.nextStartNodeIndex).toBe(0);
  });

  test.each([false, true])('rejected nodes count as looked at (plain: %s)', (plain) => {
    const odd = plugin('Odd', { filter: (_state, _pod, node) => (Number(node.name.slice(1)) % 2 === 1 ? unschedulable('Odd', 'odd') : null), ...NO_EVENTS });
    const world = new SchedulerWorld({ plugins: [odd, scoring({})], also: { filter: ['Odd'] }, points: { score: [{ name: 'Scores', weight: 1 }], preScore: [] }, plain, tieBreak: 'first', percentageOfNodesToScore: 40 });
    world.nodes(210);
    expect(chosenNodes(world, 2)).toEqual(['n0', 'n200']);
  });

  test('it neither moves when PreFilter rejects nor when the nominated node is taken', () => {
    const world = onlyScores({}, { percentageOfNodesToScore: 40, tieBreak: 'first', autoRun: false });
    world.nodes(250);
    const impossible = { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [] }] }] } } } };
    world.pod('never', '100m', impossible);
    world.scheduler.scheduleOne();
    expect(world.where('never')).toBe('Unschedulable');
    const favoured = world.pod('favoured', '100m');
    world.cluster.nominatePod(favoured, 'n77');
    world.scheduler.scheduleOne();
    expect(world.where('favoured')).toBe('assumed on n77');
    expect(world.scheduler.algorithm.nextStartNodeIndex).toBe(0);
  });

  test('a nominated node that no longer takes the pod counts as looked at, even when the search has not come to it', () => {
    const world = onlyScores({}, { percentageOfNodesToScore: 40, tieBreak: 'first', autoRun: false });
    world.nodes(250);
    world.placed('full', 'n249', '4');
    const pod = world.pod('p', '100m');
    world.cluster.nominatePod(pod, 'n249');
    world.scheduler.scheduleOne();
    expect(world.where('p')).toBe('assumed on n0');
    expect(world.scheduler.algorithm.nextStartNodeIndex).toBe(101);
  });
});

describe('among equals', () => {
  test('upstream\'s heap decides: the first maximum in pre-order', () => {
    expect(firstInHeapOrder([5, 7, 7, 7], 4, 7)).toBe(1);
    expect(firstInHeapOrder([5, 6, 7, 7], 4, 7)).toBe(3);
    expect(firstInHeapOrder([7, 7, 7], 3, 7)).toBe(0);
    expect(firstInHeapOrder([1, 2, 3, 2, 2, 3], 6, 3)).toBe(2);
  });

  test('so it does in a cycle', () => {
    const world = onlyScores({ n2: 7, n3: 7, n1: 6, n0: 5 });
    world.nodes(4);
    expect(chosenNodes(world, 1)).toEqual(['n3']);
  });

  test('the first in node order when asked for', () => {
    const world = onlyScores({ n2: 7, n3: 7, n1: 6, n0: 5 }, { tieBreak: 'first' });
    world.nodes(4);
    expect(chosenNodes(world, 1)).toEqual(['n2']);
  });

  test('any of the best when chance decides, the same ones at each run', () => {
    const run = (): string[] => {
      const world = onlyScores({ n1: 7, n2: 7, n3: 7 }, { tieBreak: 'random' });
      world.nodes(5, { cpu: '32' });
      return chosenNodes(world, 30);
    };
    const nodes = run();
    expect([...new Set(nodes)].sort((a, b) => (a < b ? -1 : 1))).toEqual(['n1', 'n2', 'n3']);
    expect(run()).toEqual(nodes);
  });
});

describe('scores', () => {
  test('are normalised, weighted and added', () => {
    const half = plugin('Half', { score: (_state, _pod, node) => (node.name === 'n1' ? 8 : 4), normalizeScore: (_state, _pod, scores) => scores.forEach((value, i) => void (scores[i] = value * 10)), ...NO_EVENTS });
    const world = new SchedulerWorld({ plugins: [half, scoring({ n0: 100, n1: 0 })], points: { score: [{ name: 'Half', weight: 2 }, { name: 'Scores', weight: 1 }], preScore: [] } });
    world.nodes(2);
    expect(chosenNodes(world, 1)).toEqual(['n0']);
    const heavier = new SchedulerWorld({ plugins: [half, scoring({ n0: 100, n1: 0 })], points: { score: [{ name: 'Half', weight: 3 }, { name: 'Scores', weight: 1 }], preScore: [] } });
    heavier.nodes(2);
    expect(chosenNodes(heavier, 1)).toEqual(['n1']);
  });

  test('of plugins that skip in PreScore do not count', () => {
    const skipping = plugin('Skipping', { preScore: () => SKIP, score: (_state, _pod, node) => (node.name === 'n1' ? 100 : 0), ...NO_EVENTS });
    const world = new SchedulerWorld({ plugins: [skipping, scoring({ n0: 1 })], points: { preScore: ['Skipping'], score: [{ name: 'Skipping', weight: 9 }, { name: 'Scores', weight: 1 }] } });
    world.nodes(2);
    expect(chosenNodes(world, 1)).toEqual(['n0']);
  });

  test.each([false, true])('without any score plugin all nodes are equal (plain: %s)', (plain) => {
    const world = new SchedulerWorld({ points: { score: [], preScore: [] }, plain });
    world.nodes(3);
    expect(chosenNodes(world, 4)).toEqual(['n0', 'n1', 'n2', 'n0']);
    expect(world.scheduler.algorithm.nodesScored).toBe(0);
  });

  test.each([false, true])('a single feasible node is taken without any (plain: %s)', (plain) => {
    const asked: string[] = [];
    const asking = plugin('Asking', { score: (_state, pod) => (asked.push(pod.name), 1), ...NO_EVENTS });
    const world = new SchedulerWorld({ plugins: [asking], also: { score: ['Asking'] }, plain });
    world.node('big');
    world.node('small', { cpu: '100m' });
    world.pod('p', '2');
    world.pod('q', '50m');
    world.runTo(1);
    expect(asked).toEqual(['q', 'q']);
    expect(world.where('p')).toBe('on big');
  });

  test.each([101, -1, NaN])('of %f after normalising are an error of the cycle, whatever the plugin depends on', (score) => {
    const dependences = ['facts', 'node', 'cluster'] as const;
    for (const dependence of dependences) {
      for (const normalizeScore of [undefined, () => undefined]) {
        for (const first of [50, score]) {
          const odd = plugin('Odd', { dependence: { score: dependence }, score: (_state, _pod, node) => (node.name === 'n1' ? score : first), ...(normalizeScore && { normalizeScore }), ...NO_EVENTS });
          const world = new SchedulerWorld({ plugins: [odd], also: { score: ['Odd'] } });
          world.nodes(2);
          world.pod('p');
          world.runTo(0.5);
          expect(world.messages).toEqual([`plugin "Odd" returns an invalid score ${score}, it should in the range of [0, 100] after normalizing`]);
          expect(world.where('p')).toBe('ErrorBackoff');
        }
      }
    }
  });

  test('an invalid score of a node that is not feasible hurts nobody', () => {
    const odd = plugin('Odd', { dependence: { score: 'node' }, score: (_state, _pod, node) => (node.name === 'n0' ? -1 : 50), ...NO_EVENTS });
    const world = new SchedulerWorld({ plugins: [odd], also: { score: ['Odd'] } });
    world.nodes(3);
    world.pod('p', '4');
    world.runTo(0.5);
    expect(world.messages).toHaveLength(1);
    world.placed('full', 'n0', '4');
    world.runTo(5);
    expect(world.where('p')).toBe('on n1');
  });

  test('normalising sees the nodes that the scores are of, whatever the plugin depends on', () => {
    const dependences = ['facts', 'cluster'] as const;
    for (const dependence of dependences) {
      const preferred = plugin('Preferred', {
        dependence: { score: dependence },
        score: (_state, _pod, node) => Number(node.name.slice(1)),
        normalizeScore: (_state, _pod, scores, nodes) => nodes.forEach((node, i) => void (scores[i] = node.name === 'n1' ? 100 : 0)),
        ...NO_EVENTS,
      });
      const world = new SchedulerWorld({ plugins: [preferred], also: { score: ['Preferred'] } });
      world.nodes(3);
      world.pod('p');
      world.runTo(0.5);
      expect(world.where('p')).toBe('on n1');
    }
  });

  test.each([
    ['facts', false, [0]],
    ['node', false, [0]],
    ['cluster', false, [3, 3]],
    ['node', true, [3, 3]],
  ] as const)('PreScore of a plugin whose score depends on %s sees the feasible nodes only where the score is not remembered (plain: %s)', (score, plain, seen) => {
    const counts: number[] = [];
    const counting = plugin('Counting', { dependence: { score }, preScore: (_state, _pod, nodes) => (counts.push(nodes.length), null), score: () => 0, ...NO_EVENTS });
    const world = new SchedulerWorld({ plugins: [counting], points: { preScore: ['Counting'], score: [{ name: 'Counting', weight: 1 }] }, plain });
    world.nodes(3);
    world.pod('a');
    world.pod('b');
    world.runTo(0.5);
    expect(counts).toEqual(seen);
  });

  test('a PreScore error ends the cycle', () => {
    const failing = plugin('Failing', { preScore: () => errorStatus('Failing', 'no scale'), score: () => 0, ...NO_EVENTS });
    const world = new SchedulerWorld({ plugins: [failing], points: { preScore: ['Failing'], score: [{ name: 'Failing', weight: 1 }] } });
    world.nodes(2);
    world.pod('p');
    world.runTo(0.5);
    expect(world.messages).toEqual(['running PreScore plugin "Failing": no scale']);
  });
});

test('the worked example: three nodes with different use, every plugin of the default profile', () => {
  const world = new SchedulerWorld({ autoRun: false });
  world.nodes(3);
  const asking = (cpu: string, memory: string) => ({ containers: [{ name: 'main', resources: { requests: { cpu, memory } } }] });
  world.placed('a', 'n1', '', asking('1', '1Gi'));
  world.placed('b', 'n2', '', asking('3', '2Gi'));
  const [profile] = world.scheduler.profiles.values();
  const { algorithm } = world.scheduler;
  const scored = (pod: number): Record<string, number[]> => {
    const weighted: Record<string, number[]> = {};
    const result = algorithm.schedule(profile, new CycleState(), new PodInfo(world.scheduler.cache, pod), (name, values) => void (weighted[name] = [...values]));
    expect(result).toMatchObject({ kind: 'scheduled', evaluatedNodes: 3, feasibleNodes: 3 });
    return { ...weighted, total: [0, 1, 2].map((i) => algorithm.total(i)) };
  };
  expect(scored(world.pod('p', '', asking('500m', '512Mi')))).toEqual({
    TaintToleration: [300, 300, 300],
    NodeResourcesFit: [90, 71, 40],
    NodeResourcesBalancedAllocation: [73, 73, 73],
    ImageLocality: [0, 0, 0],
    DynamicResources: [0, 0, 0],
    VolumeBinding: [0, 0, 0],
    total: [463, 444, 413],
  });
  expect(scored(world.pod('best-effort', ''))).toMatchObject({ NodeResourcesFit: [97, 78, 47], total: [397, 378, 347] });
});
