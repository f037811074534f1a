// Passes that look only at nodes that have changed do what passes over all nodes do: in random crowds of crashes,
// repairs, outages of zones and of everything, nodes that come, go, and change their taints and labels by other hands.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import type { Node, Taint } from '../../src/cluster/objects.ts';
import { NodeLifecycle } from '../../src/controllers/node-lifecycle.ts';
import { withReadyStatus } from '../../src/controllers/node-taints.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { LIFECYCLE } from '../support/node-life.ts';

const NODES = 12;
const ZONES = 3;
const END_SECONDS = 1500;
const UNREACHABLE: Taint = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' };

interface Act {
  readonly seconds: number;
  readonly what:
    | 'crash'
    | 'repair'
    | 'zoneDown'
    | 'zoneUp'
    | 'allDown'
    | 'allUp'
    | 'remove'
    | 'add'
    | 'taint'
    | 'untaint'
    | 'exclude'
    | 'include'
    | 'cordon'
    | 'saysReady'
    | 'saysNotReady';
  readonly node: number;
}

function nodeOf(index: number, labels: Readonly<Record<string, string>> = {}): Node {
  return { metadata: { name: `n${index}`, labels: { 'topology.kubernetes.io/zone': `z${index % ZONES}`, ...labels } }, status: { conditions: [{ type: 'Ready', status: 'True' }] } };
}

/** What happened to nodes and zones. `isPlain`: every pass looks at all nodes and counts them anew. */
function story(acts: readonly Act[], isPlain: boolean): string[] {
  const kernel = new Kernel({ seed: 'passes' });
  const cluster = new Cluster(kernel);
  const lifecycle = new NodeLifecycle(kernel, cluster, { ...LIFECYCLE, largeClusterThreshold: 2 });
  const lines: string[] = [];
  cluster.observe({
    nodeUpdated: (row, changes) => void lines.push(`${kernel.now / MICROS_PER_SECOND} ${cluster.nodes.facts[row].name} ${changes} ${JSON.stringify(cluster.nodes.facts[row].taints)}`),
  });
  for (let index = 0; index < NODES; index++) cluster.addNode(nodeOf(index));
  const act = kernel.defineEvent('act', 2, (index) => perform(cluster, acts[index]));
  acts.forEach(({ seconds }, index) => kernel.at(seconds * MICROS_PER_SECOND, act, index));
  const beforePass = kernel.defineEvent('before the pass', 3, () => void (isPlain && lifecycle.lookAtAll()));
  const afterPass = kernel.defineEvent('after the pass', 5, () => void lines.push([...lifecycle.zoneStates().values()].join()));
  for (let seconds = 0; seconds < END_SECONDS; seconds += 5) {
    kernel.at(seconds * MICROS_PER_SECOND, beforePass);
    kernel.at(seconds * MICROS_PER_SECOND, afterPass);
  }
  kernel.run({ until: END_SECONDS * MICROS_PER_SECOND });
  return [...lines, kernel.digest.hex()];
}

function perform(cluster: Cluster, { what, node }: Act): void {
  const row = cluster.nodeRow(`n${node}`);
  const setHealth = (isMeant: (index: number) => boolean, up: boolean): void => {
    for (let index = 0; index < NODES; index++) {
      const other = cluster.nodeRow(`n${index}`);
      if (isMeant(index) && other >= 0 && (cluster.nodes.up[other] === 1) !== up) cluster.setNodeHealth(other, up);
    }
  };
  if (what === 'crash' || what === 'repair') setHealth((index) => index === node, what === 'repair');
  else if (what === 'zoneDown' || what === 'zoneUp') setHealth((index) => index % ZONES === node % ZONES, what === 'zoneUp');
  else if (what === 'allDown' || what === 'allUp') setHealth(() => true, what === 'allUp');
  else if (what === 'add') {
    if (row < 0) cluster.addNode(node % 2 === 0 ? nodeOf(node) : { ...nodeOf(node), spec: { taints: [UNREACHABLE] } });
  } else if (row >= 0) change(cluster, row, what, node);
}

function change(cluster: Cluster, row: number, what: Act['what'], node: number): void {
  const { taints, object } = cluster.nodes.facts[row];
  const others = taints.filter(({ key, effect }) => key !== UNREACHABLE.key || effect !== UNREACHABLE.effect);
  if (what === 'remove') cluster.removeNode(row);
  else if (what === 'taint') cluster.setTaints(row, [...others, UNREACHABLE]);
  else if (what === 'untaint') cluster.setTaints(row, others);
  else if (what === 'saysReady' || what === 'saysNotReady') {
    if (cluster.nodes.up[row] === 1)
      cluster.updateNode(row, withReadyStatus(object, what === 'saysReady' ? 'True' : 'False'));
  } else if (what === 'cordon') cluster.setUnschedulable(row, !cluster.nodes.facts[row].unschedulable);
  else {
    const excluded: Readonly<Record<string, string>> = what === 'exclude' ? { 'node.kubernetes.io/exclude-disruption': '' } : {};
    cluster.updateNode(row, { ...object, metadata: { ...object.metadata, labels: nodeOf(node, excluded).metadata?.labels ?? {} } });
  }
}

const acts = fc.array(
  fc.record({
    seconds: fc.integer({ min: 0, max: END_SECONDS }),
    what: fc.constantFrom<Act['what'][]>(
      'crash',
      'crash',
      'repair',
      'repair',
      'zoneDown',
      'zoneUp',
      'allDown',
      'allUp',
      'remove',
      'add',
      'add',
      'taint',
      'untaint',
      'exclude',
      'include',
      'cordon',
      'saysReady',
      'saysNotReady',
    ),
    node: fc.integer({ min: 0, max: NODES - 1 }),
  }),
  { maxLength: 60 },
);

test('looking only at nodes that have changed does what looking at all nodes does', () => {
  fc.assert(
    fc.property(acts, (list) => {
      expect(story(list, false)).toEqual(story(list, true));
    }),
    { numRuns: 150, seed: 20260 },
  );
});

test('the stories hold outages of zones and of everything', () => {
  const down = [0, 1, 2].map((node): Act => ({ seconds: 100 + 200 * node, what: 'zoneDown', node }));
  const states = story([...down, { seconds: 1000, what: 'allUp', node: 0 }], false).filter((line) => line.includes('Disruption'));
  expect([...new Set(states)]).toEqual([
    'PartialDisruption,Normal,Normal',
    'FullDisruption,Normal,Normal',
    'FullDisruption,FullDisruption,Normal',
    'FullDisruption,FullDisruption,PartialDisruption',
    'FullDisruption,FullDisruption,FullDisruption',
  ]);
});

test('a node whose kubelet says that it is not ready is tainted so, then as unreachable when it falls silent', () => {
  const said = story(
    [
      { seconds: 101, what: 'saysNotReady', node: 0 },
      { seconds: 300, what: 'crash', node: 0 },
      { seconds: 500, what: 'repair', node: 0 },
    ],
    false,
  )
    .filter((line) => / n0 /.test(line))
    .map((line) => line.replace(/ n0 \d+ /, ' ').replaceAll('node.kubernetes.io/', ''));
  expect(said).toEqual([
    '101 [{"key":"not-ready","effect":"NoSchedule"}]',
    '105 [{"key":"not-ready","effect":"NoSchedule"},{"key":"not-ready","effect":"NoExecute"}]',
    '355 [{"key":"not-ready","effect":"NoExecute"},{"key":"unreachable","effect":"NoSchedule"}]',
    '355 [{"key":"unreachable","effect":"NoSchedule"},{"key":"unreachable","effect":"NoExecute"}]',
    '500 [{"key":"unreachable","effect":"NoExecute"}]',
    '500 []',
  ]);
});
