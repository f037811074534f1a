/** Stories of NodeVolumeLimits; upstream: pkg/scheduler/framework/plugins/nodevolumelimits/csi.go (v1.36). */
import { describe, expect, test } from 'vitest';
import type { KubernetesObject, Pod, Volume } from '../../src/cluster/objects.ts';
import { Action } from '../../src/scheduler/framework/cluster-event.ts';
import { NodeVolumeLimits } from '../../src/scheduler/plugins/node-volume-limits.ts';
import { fixture, node, pod, podView } from '../support/scheduler-fixture.ts';

const DRIVER = 'csi.example.com';
const FULL = 'Unschedulable: node(s) exceed max volume count';
const nodes = [node('n1'), node('n2')];

const csiNode = (name: string, count: number | null, annotations: Record<string, string> = {}): KubernetesObject =>
  ({ kind: 'CSINode', metadata: { name, annotations }, spec: { drivers: [{ name: DRIVER, ...(count === null ? {} : { allocatable: { count } }) }] } }) as KubernetesObject;
const bound = (name: string): KubernetesObject[] => [
  { kind: 'PersistentVolume', metadata: { name: `pv-${name}` }, spec: { csi: { driver: DRIVER, volumeHandle: `h-${name}` } } } as KubernetesObject,
  { kind: 'PersistentVolumeClaim', metadata: { namespace: 'default', name }, spec: { volumeName: `pv-${name}` } } as KubernetesObject,
];
const unbound = (name: string, storageClassName: string): KubernetesObject => ({ kind: 'PersistentVolumeClaim', metadata: { namespace: 'default', name }, spec: { storageClassName } }) as KubernetesObject;
const storageClass = (name: string, provisioner: string): KubernetesObject => ({ kind: 'StorageClass', metadata: { name }, provisioner }) as KubernetesObject;
function using(name: string, claims: readonly string[], nodeName = ''): Pod {
  const volumes: Volume[] = claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } }));
  return pod(name, {}, { volumes, ...(nodeName === '' ? {} : { nodeName }) });
}

describe('the limit of a driver (Filter)', () => {
  const objects = [csiNode('n1', 2), ...bound('a'), ...bound('b'), ...bound('c')];

  test('volumes on the node and new ones together; without a limit any number', () => {
    const story = fixture({ nodes, pods: [using('old', ['a'], 'n1'), using('old2', ['a', 'b'], 'n2')], objects }).plugin(NodeVolumeLimits);
    expect(story.filter(using('new', ['b']))).toEqual({ n1: 'ok', n2: 'ok' });
    expect(story.filter(using('new', ['b', 'c']))).toEqual({ n1: FULL, n2: 'ok' });
  });

  test('a volume counts once however many pods use it, the new one included', () => {
    const story = fixture({ nodes, pods: [using('old', ['a'], 'n1'), using('old2', ['a', 'b'], 'n1')], objects }).plugin(NodeVolumeLimits);
    expect(story.filter(using('new', ['a', 'b']))).toMatchObject({ n1: 'ok' });
    expect(story.filter(using('new', ['c']))).toMatchObject({ n1: FULL });
  });

  test('unbound claims count for the driver of their class, each as a volume of its own', () => {
    const classes = [storageClass('dynamic', DRIVER), storageClass('other', 'elsewhere.example.com'), unbound('x', 'dynamic'), unbound('y', 'dynamic'), unbound('z', 'other')];
    const story = fixture({ nodes, pods: [using('old', ['a'], 'n1')], objects: [...objects, ...classes] }).plugin(NodeVolumeLimits);
    expect(story.filter(using('new', ['x']))).toMatchObject({ n1: 'ok' });
    expect(story.filter(using('new', ['x', 'y']))).toMatchObject({ n1: FULL });
    expect(story.filter(using('new', ['x', 'z']))).toMatchObject({ n1: 'ok' });
    expect(story.filter(using('new', ['x', 'x']))).toMatchObject({ n1: 'ok' });
  });

  test('VolumeAttachments count beside the pods\' volumes, once each', () => {
    const attached = (name: string): KubernetesObject =>
      ({ kind: 'VolumeAttachment', metadata: { name: `at-${name}` }, spec: { attacher: DRIVER, nodeName: 'n1', source: { persistentVolumeName: `pv-${name}` } } }) as KubernetesObject;
    const story = fixture({ nodes, pods: [using('old', ['a'], 'n1')], objects: [...objects, attached('a'), attached('b')] }).plugin(NodeVolumeLimits);
    expect(story.filter(using('new', ['c']))).toEqual({ n1: FULL, n2: 'ok' });
  });

  test('in-tree volumes count where the node says that CSI serves them', () => {
    const ebs: Volume = { awsElasticBlockStore: { volumeID: 'aws://zone/vol-1' } };
    const limited = { kind: 'CSINode', metadata: { name: 'n1', annotations: { 'storage.alpha.kubernetes.io/migrated-plugins': 'kubernetes.io/aws-ebs' } }, spec: { drivers: [{ name: 'ebs.csi.aws.com', allocatable: { count: 0 } }] } };
    expect(fixture({ nodes, objects: [limited] }).plugin(NodeVolumeLimits).filter(pod('new', {}, { volumes: [ebs] }))).toEqual({ n1: FULL, n2: 'ok' });
    const unserved = { ...limited, metadata: { name: 'n1' } };
    expect(fixture({ nodes, objects: [unserved] }).plugin(NodeVolumeLimits).filter(pod('new', {}, { volumes: [ebs] }))).toEqual({ n1: 'ok', n2: 'ok' });
  });

  test('a pod without claims skips the plugin; a claim that is not there rejects it', () => {
    const story = fixture({ nodes, objects }).plugin(NodeVolumeLimits);
    expect(story.preFilter(pod('new', {}, { volumes: [{ emptyDir: {} }] }))).toBe('Skip');
    expect(story.filter(using('new', ['gone']))).toMatchObject({ n2: 'UnschedulableAndUnresolvable: looking up PVC default/gone: persistentvolumeclaim "gone" not found' });
  });

  test('an ephemeral volume\'s claim must be the pod\'s own', () => {
    const ephemeral = pod('new', {}, { volumes: [{ name: 'tmp', ephemeral: {} }] });
    const claim = (owner: string): KubernetesObject =>
      ({ kind: 'PersistentVolumeClaim', metadata: { namespace: 'default', name: 'new-tmp', ownerReferences: [{ kind: 'Pod', name: owner, controller: true }] }, spec: {} }) as KubernetesObject;
    expect(fixture({ nodes, objects: [claim('new')] }).plugin(NodeVolumeLimits).filter(ephemeral)).toMatchObject({ n1: 'ok' });
    expect(fixture({ nodes, objects: [claim('other')] }).plugin(NodeVolumeLimits).filter(ephemeral)).toMatchObject({ n1: 'Error: PVC default/new-tmp was not created for pod default/new (pod is not owner)' });
  });
});

test('queueing hints: limits that grow, volumes that go', () => {
  const world = fixture({ nodes });
  const story = world.plugin(NodeVolumeLimits);
  const waiting = using('new', ['a']);
  const limit = (from: number | null, to: number | null) => story.hint(waiting, 'CSINode', Action.Update, { object: csiNode('n1', to), objectBefore: csiNode('n1', from) });
  expect([limit(1, 2), limit(2, 1), limit(2, 2)]).toEqual(['Queue', 'QueueSkip', 'QueueSkip']);
  expect(story.hint(waiting, 'CSINode', Action.Add, { object: csiNode('n1', 1) })).toBe('Queue');
  const gone = (object: Pod) => story.hint(waiting, 'AssignedPod', Action.Delete, { pod: podView(world, object) });
  expect([gone(using('x', ['b'], 'n1')), gone(using('x', ['b'])), gone(pod('x', {}, { nodeName: 'n1' }))]).toEqual(['Queue', 'QueueSkip', 'QueueSkip']);
  const detached = (attacher: string): KubernetesObject => ({ kind: 'VolumeAttachment', metadata: { name: 'at' }, spec: { attacher } }) as KubernetesObject;
  expect(story.hint(waiting, 'VolumeAttachment', Action.Delete, { object: detached(DRIVER) })).toBe('Queue');
  const inline = pod('new', {}, { volumes: [{ awsElasticBlockStore: { volumeID: 'v' } }] });
  expect(story.hint(inline, 'VolumeAttachment', Action.Delete, { object: detached('ebs.csi.aws.com') })).toBe('Queue');
  expect(story.hint(inline, 'VolumeAttachment', Action.Delete, { object: detached(DRIVER) })).toBe('QueueSkip');
});
