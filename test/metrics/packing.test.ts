// What nodes offer in all is added up only after they have changed: the samples are those of adding up every time.
import { expect, test } from 'vitest';
import { Cluster } from '../../src/cluster/cluster.ts';
import type { Node } from '../../src/cluster/objects.ts';
import { NodeChange } from '../../src/cluster/observer.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { PackingSamples } from '../../src/metrics/packing.ts';

test('remembered sums give the shares that sums made anew give', () => {
  const kernel = new Kernel({ seed: 'packing' });
  const cluster = new Cluster(kernel);
  const remembering = new PackingSamples(cluster);
  const plain = new PackingSamples(cluster);
  cluster.observe({
    nodeAdded: () => remembering.nodesChanged(),
    nodeUpdated: (_node, changes) => void ((changes & NodeChange.Allocatable) !== 0 && remembering.nodesChanged()),
    nodeRemoving: () => remembering.nodesChanged(),
  });
  const random = kernel.random.stream('test', 'packing');
  const draw = (count: number): number => Math.floor(random.next() * count);
  const nodeOf = (index: number): Node => {
    const allocatable: Record<string, string> = { cpu: `${1 + draw(4)}`, memory: `${4 + draw(9)}Gi`, pods: `${2 + draw(9)}` };
    if (draw(3) === 0) allocatable['example.com/gpu'] = `${draw(3)}`;
    return { metadata: { name: `n${index}`, labels: { l: `${draw(2)}` } }, status: { allocatable } };
  };
  const template = (): number => {
    const requests = { cpu: `${100 + draw(20) * 100}m`, memory: `${1 + draw(4)}Gi`, ...(draw(4) === 0 ? { 'example.com/gpu': '1' } : {}) };
    return cluster.internTemplate({ metadata: { namespace: 'default' }, spec: { priority: 0, containers: [{ name: 'c', image: 'i', resources: { requests } }] } }).id;
  };
  for (let step = 0; step < 2000; step++) {
    const index = draw(20);
    const row = cluster.nodeRow(`n${index}`);
    const act = draw(8);
    if (row < 0) cluster.addNode(nodeOf(index));
    else if (act === 0 && cluster.nodes.pods[row].length === 0) cluster.removeNode(row);
    else if (act === 1) cluster.updateNode(row, nodeOf(index));
    else if (act === 2) cluster.setUnschedulable(row, draw(2) === 0);
    else if (act < 6) {
      const pod = cluster.createPod({ template: template(), nameBase: cluster.names.intern('p'), nameOrdinal: step, owner: -1, workloadClass: 0, durationMicros: Infinity, pinnedNode: -1 });
      cluster.placePod(pod, row);
    } else for (const pod of cluster.nodes.pods[row].slice(0, 2)) cluster.removePod(pod, 0);
    if (draw(3) > 0) continue;
    plain.nodesChanged();
    plain.sample(1 + step);
    remembering.sample(1 + step);
    expect(remembering.strandedShare()).toEqual(plain.strandedShare());
  }
  expect(remembering.densityOfNonEmptyNodes()).toEqual(plain.densityOfNonEmptyNodes());
  expect(Object.keys(plain.strandedShare())).toContain('example.com/gpu');
  expect(Object.values(plain.strandedShare()).every((share) => share > 0)).toBe(true);
});
