// What of a node changed, in the terms of the scheduler's events: each kind of change by itself, and nothing else with it
// (pkg/scheduler/framework/events.go nodeSchedulingPropertiesChange, v1.36).
import { expect, test } from 'vitest';
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
