/**
 * Laws of the choice: the order in which things were created decides among equals only; and on what a node's score depends
 * besides itself. All nodes are looked at: with sampling, order decides which nodes are looked at, too.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Node } from '../../src/cluster/objects.ts';
import { caseArbitrary, nodeArbitrary, podArbitrary, runningOn, ZONE } from '../support/decision-cases.ts';
import type { DecisionCase } from '../support/decision-cases.ts';
import { best, decide } from '../support/decided-case.ts';
import type { ByNode, Decided } from '../support/decided-case.ts';
import { node, pod } from '../support/scheduler-fixture.ts';
import { sized } from '../support/thorough.ts';

/** PODYARD_RUNS=5000 for a long hunt. */
const RUNS = { numRuns: Number(process.env['PODYARD_RUNS'] ?? sized(200, 500)) };
const byText = (a: string, b: string): number => (a < b ? -1 : 1);

/** Feasible nodes and their scores, whatever their order. */
function judged({ scores, feasible }: Decided): unknown {
  return { scores, feasible: [...feasible].sort(byText) };
}

function shuffled<T>(list: readonly T[]): fc.Arbitrary<T[]> {
  return fc.shuffledSubarray([...list], { minLength: list.length });
}

describe('the order of creation', () => {
  test('whoever is chosen has the best total', () => {
    let ties = 0;
    fc.assert(fc.property(caseArbitrary, (drawn) => {
      const decision = decide(drawn);
      const candidates = best(decision);
      if (decision.chosen === null) expect(candidates).toEqual([]);
      else expect(candidates).toContain(decision.chosen);
      if (candidates.length > 1) ties++;
    }), RUNS);
    expect(ties).toBeGreaterThan(5);
  });

  test('of nodes changes neither who is feasible nor any score: another choice is one among equals', () => {
    let others = 0;
    fc.assert(fc.property(caseArbitrary.chain((drawn) => fc.record({ drawn: fc.constant(drawn), nodes: shuffled(drawn.nodes) })), ({ drawn, nodes }) => {
      const before = decide(drawn);
      const after = decide({ ...drawn, nodes });
      expect(judged(after)).toEqual(judged(before));
      expect(best(after)).toEqual(best(before));
      if (before.chosen === null) expect(after.chosen).toBeNull();
      else expect(best(before)).toContain(after.chosen);
      if (after.chosen !== before.chosen) others++;
    }), RUNS);
    expect(others).toBeGreaterThan(0);
  });

  test('of running pods changes nothing', () => {
    fc.assert(fc.property(caseArbitrary.chain((drawn) => fc.record({ drawn: fc.constant(drawn), running: shuffled(drawn.running) })), ({ drawn, running }) => {
      expect(decide({ ...drawn, running })).toEqual(decide(drawn));
    }), RUNS);
  });
});

/** The same cluster with one more node at its end; pods that run on it, too. */
const grownCase = fc.record({ drawn: caseArbitrary, node: nodeArbitrary('more'), pods: fc.array(podArbitrary('more'), { maxLength: 3 }) });

function grown(drawn: DecisionCase, node: Node, pods: DecisionCase['running']): DecisionCase {
  return { ...drawn, nodes: [...drawn.nodes, node], running: [...drawn.running, ...pods.map((pod, index) => runningOn('more', pod, `more-${index}`))] };
}

/** Cordoned, and full besides: no pod can go there. */
function closed(node: Node): Node {
  return { ...node, spec: { ...node.spec, unschedulable: true }, status: { ...node.status, allocatable: { ...node.status?.allocatable, pods: '0' } } };
}

/** Scores of the nodes that were there before, by those plugins. */
function scoresOf(decision: Decided, plugins: readonly string[], nodes: readonly string[]): Record<string, ByNode<number>> {
  const kept = plugins.filter((plugin) => decision.scores[plugin] !== undefined);
  return Object.fromEntries(kept.map((plugin) => [plugin, Object.fromEntries(nodes.map((name) => [name, decision.scores[plugin][name]]))]));
}

/** Plugins whose score of a node hangs on that node (and the pod) alone: none of them normalises. */
const OF_THE_NODE_ALONE = ['NodeResourcesFit', 'NodeResourcesBalancedAllocation'];
/** Plugins that normalise over the feasible nodes, and look at those alone. */
const AMONG_FEASIBLE = ['TaintToleration', 'NodeAffinity', 'DynamicResources'];
/** Plugins that normalise over the feasible nodes, and count pods on all nodes. */
const COUNTING_PODS = ['PodTopologySpread', 'InterPodAffinity'];

describe('one more node', () => {
  /** Compares cases in which the nodes of before are judged as before: a topology spread that must hold may judge them otherwise. */
  function compare(plugins: readonly string[], withPods: boolean, change: (node: Node) => Node): void {
    let compared = 0;
    fc.assert(fc.property(grownCase, ({ drawn, node, pods }) => {
      const before = decide(drawn);
      const after = decide(grown(drawn, change(node), withPods ? pods : []));
      if (JSON.stringify(after.feasible.filter((name) => name !== 'more').sort(byText)) !== JSON.stringify([...before.feasible].sort(byText))) return;
      if (before.chosen === null) return;
      expect(scoresOf(after, plugins, before.feasible)).toEqual(scoresOf(before, plugins, before.feasible));
      compared++;
    }), RUNS);
    expect(compared).toBeGreaterThan(RUNS.numRuns / 20);
  }

  test('of whatever kind changes no score of NodeResourcesFit and NodeResourcesBalancedAllocation', () => {
    compare(OF_THE_NODE_ALONE, true, (node) => node);
  });

  test('that is infeasible changes no score of TaintToleration and NodeAffinity either: they normalise over feasible nodes', () => {
    compare([...OF_THE_NODE_ALONE, ...AMONG_FEASIBLE], true, closed);
  });

  test('that is infeasible and without pods changes no score but those of ImageLocality', () => {
    compare([...OF_THE_NODE_ALONE, ...AMONG_FEASIBLE, ...COUNTING_PODS], false, closed);
  });
});

/** Where the laws end: what one node more (or another order) does change, upstream as here. */
describe('what is not so', () => {
  const soft = { key: 'spot', value: '', effect: 'PreferNoSchedule' };
  const image = (name: string, sizeBytes: number) => ({ status: { allocatable: { cpu: '8', memory: '32Gi', pods: '110' }, images: [{ names: [name], sizeBytes }] } });
  const using = (name: string) => pod('new', {}, { containers: [{ name: 'main', image: name }] });
  const score = (plugin: string, drawn: DecisionCase) => decide(drawn).scores[plugin];

  test('a feasible node that is worse than all makes the others look better: normalised scores', () => {
    const nodes = [node('plain'), node('spot', {}, { spec: { taints: [soft] } })];
    const worse = node('worse', {}, { spec: { taints: [soft, { ...soft, key: 'old' }] } });
    expect(score('TaintToleration', { nodes, running: [], pod: pod('new') })).toEqual({ plain: 300, spot: 0 });
    expect(score('TaintToleration', { nodes: [...nodes, worse], running: [], pod: pod('new') })).toEqual({ plain: 300, spot: 150, worse: 0 });
  });

  test('pods on an infeasible node count for their zone in PodTopologySpread and InterPodAffinity', () => {
    const nodes = [node('a', { [ZONE]: 'a' }), node('b', { [ZONE]: 'b' })];
    const cordoned = node('a2', { [ZONE]: 'a' }, { spec: { unschedulable: true } });
    const labelSelector = { matchLabels: { app: 'web' } };
    const podAffinity = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 10, podAffinityTerm: { topologyKey: ZONE, labelSelector } }] };
    const spread = [{ maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: 'ScheduleAnyway', labelSelector }];
    const wanted = pod('new', {}, { affinity: { podAffinity }, topologySpreadConstraints: spread });
    const running = [pod('web', { app: 'web' }, { nodeName: 'a2' })];
    const before = decide({ nodes, running: [], pod: wanted });
    expect([before.scores['PodTopologySpread'], before.scores['InterPodAffinity']]).toEqual([{ a: 200, b: 200 }, undefined]);
    const after = decide({ nodes: [...nodes, cordoned], running, pod: wanted });
    expect([after.scores['PodTopologySpread'], after.scores['InterPodAffinity']]).toEqual([{ a: 0, b: 200 }, { a: 200, b: 0 }]);
  });

  test('any node makes an image rarer: ImageLocality counts nodes', () => {
    const nodes = [node('has', {}, image('big:1', 900 * 1024 * 1024)), node('lacks')];
    const cordoned = node('full', {}, { spec: { unschedulable: true } });
    expect(score('ImageLocality', { nodes, running: [], pod: using('big:1') })).toEqual({ has: 43, lacks: 0 });
    expect(score('ImageLocality', { nodes: [...nodes, cordoned], running: [], pod: using('big:1') })).toEqual({ has: 28, lacks: 0 });
  });

  test('an image of two sizes has that of the first node that brought it: order shows in scores', () => {
    const nodes = [node('small', {}, image('app:1', 100 * 1024 * 1024)), node('large', {}, image('app:1', 600 * 1024 * 1024))];
    expect(score('ImageLocality', { nodes, running: [], pod: using('app:1') })).toEqual({ small: 7, large: 7 });
    expect(score('ImageLocality', { nodes: nodes.toReversed(), running: [], pod: using('app:1') })).toEqual({ small: 59, large: 59 });
  });

  test('an empty infeasible node may be a zone that a hard topology spread has to fill first', () => {
    const labelSelector = { matchLabels: { app: 'web' } };
    const wanted = pod('new', { app: 'web' }, { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: ZONE, whenUnsatisfiable: 'DoNotSchedule', labelSelector }] });
    const nodes = [node('a', { [ZONE]: 'a' })];
    const running = [pod('web', { app: 'web' }, { nodeName: 'a' })];
    const cordoned = node('b', { [ZONE]: 'b' }, { spec: { unschedulable: true } });
    expect(decide({ nodes, running, pod: wanted }).chosen).toBe('a');
    expect(decide({ nodes: [...nodes, cordoned], running, pod: wanted }).chosen).toBeNull();
  });
});
