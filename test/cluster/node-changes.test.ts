// What of a node changed, in the terms of the scheduler's events: each kind of change by itself, and nothing else with it
// (pkg/scheduler/framework/events.go nodeSchedulingPropertiesChange, v1.36).
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodeChanges, toldOf } from '../../src/cluster/node-changes.ts';
import { compileNode } from '../../src/cluster/node-facts.ts';
import type { Node } from '../../src/cluster/objects.ts';
import { NodeChange } from '../../src/cluster/observer.ts';
import { fixture } from '../support/scheduler-fixture.ts';

const BASE: Node = {
  metadata: { name: 'n', labels: { disk: 'ssd' }, annotations: { a: '1' } },
  spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] },
  status: {
    allocatable: { cpu: '4', memory: '1Gi', pods: '10' },
    conditions: [{ type: 'Ready', status: 'True' }],
    images: [{ names: ['x'], sizeBytes: 5 }],
    declaredFeatures: ['F'],
  },
};
const withStatus = (status: NonNullable<Node['status']>): Node => ({ ...BASE, status: { ...BASE.status, ...status } });
const withSpec = (spec: NonNullable<Node['spec']>): Node => ({ ...BASE, spec: { ...BASE.spec, ...spec } });
const withMetadata = (metadata: NonNullable<Node['metadata']>): Node => ({ ...BASE, metadata: { ...BASE.metadata, ...metadata } });

test.each<[string, Node, readonly (keyof typeof NodeChange)[]]>([
  ['nothing', structuredClone(BASE), []],
  ['cpu', withStatus({ allocatable: { cpu: '5', memory: '1Gi', pods: '10' } }), ['Allocatable']],
  ['a resource of its own', withStatus({ allocatable: { cpu: '4', memory: '1Gi', pods: '10', 'example.com/x': '1' } }), ['Allocatable']],
  ['places for pods', withStatus({ allocatable: { cpu: '4', memory: '1Gi', pods: '11' } }), ['Allocatable']],
  ['the same amounts in other words', withStatus({ allocatable: { cpu: '4000m', memory: '1024Mi', pods: '10' } }), []],
  ['a label', withMetadata({ labels: { disk: 'hdd' } }), ['Labels']],
  ['a label that goes', withMetadata({ labels: {} }), ['Labels']],
  ['an annotation', withMetadata({ annotations: { a: '2' } }), ['Annotations']],
  ['a taint', withSpec({ taints: [{ key: 'k', effect: 'NoExecute' }] }), ['Taints']],
  ['cordoned', withSpec({ unschedulable: true }), ['Cordoned']],
  ['a condition', withStatus({ conditions: [{ type: 'Ready', status: 'False' }] }), ['Conditions']],
  ['an image', withStatus({ images: [{ names: ['x', 'y'], sizeBytes: 5 }] }), ['Images']],
  ['a feature', withStatus({ declaredFeatures: ['F', 'G'] }), ['DeclaredFeatures']],
  ['two things', { ...withMetadata({ labels: {} }), spec: { ...BASE.spec, unschedulable: true } }, ['Labels', 'Cordoned']],
])('%s', (_, after, names) => {
  const { cluster } = fixture({ nodes: [BASE] });
  const told: number[] = [];
  cluster.observe({ nodeUpdated: (_row, changes) => told.push(changes) });
  const bits = names.reduce((sum, name) => sum | NodeChange[name], 0);
  cluster.updateNode(0, after);
  expect(told).toEqual([bits]);
  cluster.updateNode(0, BASE);
  const back = names.includes('Cordoned') ? (bits & ~NodeChange.Cordoned) | NodeChange.Uncordoned : bits;
  expect(told[1]).toBe(back);
});

test('the digest is told of taints, cordon and labels as JSON has them, and taints differ when their JSON does', () => {
  const word = fc.constantFrom('', 'a', 'b"c', 'zone/x', 'é\n');
  const labels = fc.dictionary(word, word, { maxKeys: 3 });
  const taint = fc.record({ key: word, value: word, effect: fc.constantFrom('NoSchedule', 'PreferNoSchedule') }, { requiredKeys: ['key'] });
  const change = fc.record({ labels: fc.option(labels), taints: fc.option(fc.array(taint, { maxLength: 2 })), unschedulable: fc.option(fc.boolean()) });
  let others = 0;
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
      let facts = compileNode(BASE);
      for (const { labels: next, taints, unschedulable } of changes) {
        const { object } = facts;
        const changed = compileNode({
          ...object,
          metadata: next === null ? object.metadata : { ...object.metadata, labels: next },
          spec: { ...object.spec, ...(taints === null ? {} : { taints }), ...(unschedulable === null ? {} : { unschedulable }) },
        } as Node, facts);
        expect(toldOf(changed)).toBe(JSON.stringify([changed.taints, changed.unschedulable, [...changed.labels]]));
        const amounts = { allocatable: new Float64Array(0), allowedPods: 0 };
        const bits = nodeChanges({ facts, ...amounts }, { facts: changed, ...amounts });
        const areOthers = JSON.stringify(facts.taints) !== JSON.stringify(changed.taints);
        expect((bits & NodeChange.Taints) !== 0).toBe(areOthers);
        if (areOthers) others++;
        facts = changed;
      }
    }),
    { numRuns: 300, seed: 12 },
  );
  expect(others).toBeGreaterThan(100);
});
