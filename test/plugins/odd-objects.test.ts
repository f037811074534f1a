// What the API allows and manifests seldom have: empty lists, members that are missing, objects that name what is not
// there. Upstream (v1.36): pkg/scheduler/framework/plugins, component-helpers/scheduling/corev1/nodeaffinity.
import { expect, test } from 'vitest';
import type { KubernetesObject, Pod, Volume } from '../../src/cluster/objects.ts';
import { Action } from '../../src/scheduler/framework/cluster-event.ts';
import { InterPodAffinity } from '../../src/scheduler/plugins/inter-pod-affinity.ts';
import { NodeAffinity } from '../../src/scheduler/plugins/node-affinity.ts';
import { NodeVolumeLimits } from '../../src/scheduler/plugins/node-volume-limits.ts';
import { PodTopologySpread } from '../../src/scheduler/plugins/pod-topology-spread.ts';
import { VolumeBinding } from '../../src/scheduler/plugins/volume-binding.ts';
import { VolumeRestrictions } from '../../src/scheduler/plugins/volume-restrictions.ts';
import { VolumeZone } from '../../src/scheduler/plugins/volume-zone.ts';
import { fixture, node, pod } from '../support/scheduler-fixture.ts';

const object = (value: Readonly<Record<string, unknown>>): KubernetesObject => value;
const nodes = [node('n1', { zone: 'a' }), node('n2')];
const MISMATCH = "UnschedulableAndUnresolvable: node(s) didn't match Pod's node affinity/selector";
const DRIVER = 'csi.example.com';
const MIGRATED = { 'storage.alpha.kubernetes.io/migrated-plugins': 'kubernetes.io/aws-ebs,kubernetes.io/gce-pd' };
const withVolumes = (name: string, volumes: readonly Volume[], nodeName = ''): Pod => pod(name, {}, { volumes, ...(nodeName === '' ? {} : { nodeName }) });
const claimed = (claimName: string): Volume => ({ name: claimName, persistentVolumeClaim: { claimName } });
const csiNode = (name: string, driver: string, count: number): KubernetesObject =>
  object({ kind: 'CSINode', metadata: { name, annotations: MIGRATED }, spec: { drivers: [{ name: driver, allocatable: { count } }] } });

test('NodeAffinity: no term at all matches no node, a term without expressions none either; names of terms are united', () => {
  const story = fixture({ nodes }).plugin(NodeAffinity);
  const required = (nodeSelectorTerms: readonly unknown[]): Pod =>
    pod('p', {}, { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: nodeSelectorTerms as never } } } });
  const named = (...values: string[]): unknown => ({ matchFields: [{ key: 'metadata.name', operator: 'In', values }] });
  expect(story.filter(required([]))).toEqual({ n1: MISMATCH, n2: MISMATCH });
  expect(story.filter(required([{}]))).toEqual({ n1: MISMATCH, n2: MISMATCH });
  const namesOf = (...terms: readonly unknown[]): readonly string[] | null => {
    const { state, info } = story.begin(required(terms));
    const names = story.plugin.preFilter?.(state, info).nodeNames;
    return names === undefined || names === null ? null : [...names];
  };
  expect(namesOf(named('n1'), named('n2', 'n1'))).toEqual(['n1', 'n2']);
  expect(namesOf(named('n1'), { matchExpressions: [{ key: 'zone', operator: 'Exists' }] })).toBeNull();
  expect(namesOf({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1', 'n2'] }, { key: 'metadata.name', operator: 'In', values: ['n2'] }] })).toEqual(['n2']);
  expect(namesOf({ matchFields: [{ key: 'metadata.name', operator: 'NotIn', values: ['n1'] }] })).toBeNull();
});

test('NodeVolumeLimits: disks of Google named in the pod count where the node says that CSI serves them', () => {
  const disk = (pdName: string): Volume => ({ name: pdName, gcePersistentDisk: { pdName } });
  const world = fixture({ nodes, pods: [withVolumes('old', [disk('x')], 'n1')], objects: [csiNode('n1', 'pd.csi.storage.gke.io', 1)] });
  const story = world.plugin(NodeVolumeLimits);
  expect(story.filter(withVolumes('same', [disk('x')]))).toEqual({ n1: 'ok', n2: 'ok' });
  expect(story.filter(withVolumes('other', [disk('y')]))).toEqual({ n1: 'Unschedulable: node(s) exceed max volume count', n2: 'ok' });
});

test('NodeVolumeLimits: attachments without an attacher, a node, a source or a volume count nothing', () => {
  const odd = [
    {}, { spec: {} }, { spec: { attacher: DRIVER, nodeName: 'n1' } }, { spec: { nodeName: 'n1', source: { persistentVolumeName: 'pv' } } },
    { spec: { attacher: DRIVER, nodeName: 'n1', source: { persistentVolumeName: 'gone' } } }, { spec: { attacher: DRIVER, nodeName: 'n2', source: { persistentVolumeName: 'pv' } } },
  ];
  const objects = [
    csiNode('n1', DRIVER, 1),
    object({ kind: 'PersistentVolume', metadata: { name: 'pv' }, spec: { csi: { driver: DRIVER, volumeHandle: 'h' } } }),
    object({ kind: 'PersistentVolume', metadata: { name: 'pv-new' }, spec: { csi: { driver: DRIVER, volumeHandle: 'h-new' } } }),
    object({ kind: 'PersistentVolumeClaim', metadata: { namespace: 'default', name: 'new' }, spec: { volumeName: 'pv-new' } }),
    ...odd.map((more, i) => object({ kind: 'VolumeAttachment', metadata: { name: `a${String(i)}` }, ...more })),
  ];
  expect(fixture({ nodes, objects }).plugin(NodeVolumeLimits).filter(withVolumes('p', [claimed('new')]))).toEqual({ n1: 'ok', n2: 'ok' });
});

test('VolumeBinding: a claim whose class is missing, or cannot make a volume, finds no node', () => {
  const claim = (name: string, storageClassName: string): KubernetesObject =>
    object({ kind: 'PersistentVolumeClaim', metadata: { namespace: 'default', name }, spec: { storageClassName, resources: { requests: { storage: '1Gi' } } } });
  const waiting = { volumeBindingMode: 'WaitForFirstConsumer' };
  const objects = [
    claim('lost', 'gone'), claim('none', 'no-provisioner'), claim('zoned', 'zoned'),
    object({ kind: 'StorageClass', metadata: { name: 'no-provisioner' }, provisioner: 'kubernetes.io/no-provisioner', ...waiting }),
    object({ kind: 'StorageClass', metadata: { name: 'zoned' }, provisioner: DRIVER, allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a'] }] }], ...waiting }),
  ];
  const story = fixture({ nodes, objects }).plugin(VolumeBinding);
  const CONFLICT = "UnschedulableAndUnresolvable: node(s) didn't find available persistent volumes to bind";
  expect(story.filter(withVolumes('none', [claimed('none')]))).toEqual({ n1: CONFLICT, n2: CONFLICT });
  expect(story.filter(withVolumes('zoned', [claimed('zoned')]))).toEqual({ n1: 'ok', n2: CONFLICT });
  expect(story.filter(withVolumes('lost', [claimed('lost')]))).toMatch(/^Unschedulable/);
});

test('VolumeBinding: only capacity with a topology that can be read and that holds the node counts', () => {
  const capacityOf = (name: string, nodeTopology: unknown, more: Readonly<Record<string, unknown>> = { capacity: '10Gi' }): KubernetesObject =>
    object({ kind: 'CSIStorageCapacity', metadata: { namespace: 'default', name }, storageClassName: 'c', ...(nodeTopology === null ? {} : { nodeTopology }), ...more });
  const verdicts = (...capacities: KubernetesObject[]): unknown => {
    const objects = [
      object({ kind: 'PersistentVolumeClaim', metadata: { namespace: 'default', name: 'new' }, spec: { storageClassName: 'c', resources: { requests: { storage: '5Gi' } } } }),
      object({ kind: 'StorageClass', metadata: { name: 'c' }, provisioner: DRIVER, volumeBindingMode: 'WaitForFirstConsumer' }),
      object({ kind: 'CSIDriver', metadata: { name: DRIVER }, spec: { storageCapacity: true } }),
      ...capacities,
    ];
    return fixture({ nodes, objects }).plugin(VolumeBinding).filter(withVolumes('p', [claimed('new')]));
  };
  const FULL = 'UnschedulableAndUnresolvable: node(s) did not have enough free storage';
  expect(verdicts(capacityOf('a', { matchLabels: { zone: 'a' } }))).toEqual({ n1: 'ok', n2: FULL });
  expect(verdicts(capacityOf('a', null), capacityOf('b', { matchExpressions: [{ key: 'zone', operator: 'Near' }] }), capacityOf('c', {}, {}))).toEqual({ n1: FULL, n2: FULL });
  expect(verdicts(capacityOf('a', {}, { capacity: '5Gi' }))).toEqual({ n1: 'ok', n2: 'ok' });
  expect(verdicts(capacityOf('a', {}, { capacity: '9Gi', maximumVolumeSize: '4Gi' }))).toEqual({ n1: FULL, n2: FULL });
});

test('VolumeRestrictions: images of Ceph are the same by a monitor, pool and name; a claim is looked for in its namespace', () => {
  const rbd = (monitors: readonly string[], image: string, pool?: string): Volume => ({ name: 'v', rbd: { monitors, image, ...(pool === undefined ? {} : { pool }) } });
  const story = fixture({ nodes, pods: [withVolumes('old', [rbd(['m1', 'm2'], 'i')], 'n1')] }).plugin(VolumeRestrictions);
  const on = (volume: Volume): string => String((story.filter(withVolumes('p', [volume])) as Record<string, string>)['n1']).split(':')[0];
  expect([on(rbd(['m2', 'm3'], 'i')), on(rbd(['m3'], 'i')), on(rbd(['m1'], 'other')), on(rbd(['m1'], 'i', 'rbd')), on(rbd(['m1'], 'i', 'fast'))])
    .toEqual(['Unschedulable', 'ok', 'ok', 'Unschedulable', 'ok']);
});

test('InterPodAffinity: a selector of namespaces takes those that match beside those named, an empty one takes all', () => {
  const namespace = (name: string, labels: Readonly<Record<string, string>>): KubernetesObject => object({ kind: 'Namespace', metadata: { name, labels } });
  const pods = ['default', 'blue', 'red'].map((name, i) => pod(`${name}/old`, { app: 'db' }, { nodeName: i === 1 ? 'n2' : 'n1' }));
  const objects = [namespace('blue', { color: 'blue' }), namespace('red', { color: 'red' }), namespace('default', {})];
  const feasible = (term: Readonly<Record<string, unknown>>): string => {
    const podAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'host', labelSelector: { matchLabels: { app: 'db' } }, ...term }] };
    const hosts = [node('n1', { host: '1' }), node('n2', { host: '2' })];
    const verdicts = fixture({ nodes: hosts, pods, objects }).plugin(InterPodAffinity).filter(pod('green/new', {}, { affinity: { podAffinity } }));
    return typeof verdicts === 'string' ? verdicts : Object.keys(verdicts).filter((name) => verdicts[name] === 'ok').join(' ');
  };
  expect(feasible({})).toBe('');
  expect(feasible({ namespaces: ['blue'] })).toBe('n2');
  expect(feasible({ namespaceSelector: { matchLabels: { color: 'red' } } })).toBe('n1');
  expect(feasible({ namespaces: ['blue'], namespaceSelector: { matchLabels: { color: 'red' } } })).toBe('n1 n2');
  expect(feasible({ namespaceSelector: {} })).toBe('n1 n2');
});

test("PodTopologySpread: a controller's selector that cannot be read is left out of the default constraints", () => {
  const objects = [object({ kind: 'Service', metadata: { namespace: 'default', name: 's' }, spec: { selector: { app: 'web' } } })];
  const zoned = [node('a', { 'topology.kubernetes.io/zone': 'a', 'kubernetes.io/hostname': 'a' }), node('b', { 'topology.kubernetes.io/zone': 'b', 'kubernetes.io/hostname': 'b' })];
  const story = fixture({ nodes: zoned, pods: [pod('old', { app: 'web' }, { nodeName: 'a' })], objects }).plugin(PodTopologySpread);
  const scores = story.scores(pod('new', { app: 'web' })) as Record<string, number>;
  expect(scores['b']).toBeGreaterThan(scores['a']);
});

test('VolumeZone: a volume that moves to other zones may help, the same zones in another order do not', () => {
  const story = fixture({ nodes }).plugin(VolumeZone);
  const volume = (zone: string): KubernetesObject => object({ kind: 'PersistentVolume', metadata: { name: 'v', labels: { 'topology.kubernetes.io/zone': zone } } });
  const hint = (before: string, after: string): string => story.hint(pod('p'), 'PersistentVolume', Action.Update, { object: volume(after), objectBefore: volume(before) });
  expect([hint('a', 'b'), hint('a', 'a'), hint('a__b', 'b__a')]).toEqual(['Queue', 'QueueSkip', 'QueueSkip']);
});
