/** Stories of VolumeRestrictions; upstream: pkg/scheduler/framework/plugins/volumerestrictions (v1.36). */
import { describe, expect, test } from 'vitest';
import type { Pod, Volume } from '../../src/cluster/objects.ts';
import { Action } from '../../src/scheduler/framework/cluster-event.ts';
import { VolumeRestrictions } from '../../src/scheduler/plugins/volume-restrictions.ts';
import { fixture, node, pod, podView } from '../support/scheduler-fixture.ts';

const NO_DISK = 'Unschedulable: node(s) had no available disk';
const IN_USE = 'Unschedulable: node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod';
const nodes = [node('n1'), node('n2')];

const withVolumes = (name: string, volumes: readonly Volume[], nodeName = ''): Pod => pod(name, {}, { volumes, ...(nodeName === '' ? {} : { nodeName }) });
const claimed = (claimName: string): Volume => ({ name: 'data', persistentVolumeClaim: { claimName } });
const claim = (name: string, accessMode = 'ReadWriteOncePod', namespace = 'default') => ({ kind: 'PersistentVolumeClaim', metadata: { namespace, name }, spec: { accessModes: [accessMode] } });

describe('disks that one node mounts (Filter)', () => {
  const verdict = (running: Volume, wanted: Volume) => {
    const story = fixture({ nodes, pods: [withVolumes('old', [running], 'n1')] }).plugin(VolumeRestrictions);
    return (story.filter(withVolumes('new', [wanted])) as Record<string, string>)['n1'];
  };

  test('GCE disks may be shared for reading, EBS volumes never', () => {
    expect(verdict({ gcePersistentDisk: { pdName: 'd' } }, { gcePersistentDisk: { pdName: 'd' } })).toBe(NO_DISK);
    expect(verdict({ gcePersistentDisk: { pdName: 'd', readOnly: true } }, { gcePersistentDisk: { pdName: 'd', readOnly: true } })).toBe('ok');
    expect(verdict({ gcePersistentDisk: { pdName: 'd' } }, { gcePersistentDisk: { pdName: 'e' } })).toBe('ok');
    expect(verdict({ awsElasticBlockStore: { volumeID: 'v', readOnly: true } }, { awsElasticBlockStore: { volumeID: 'v', readOnly: true } })).toBe(NO_DISK);
  });

  test('iSCSI targets by name; RBD images by monitor, pool and image', () => {
    expect(verdict({ iscsi: { iqn: 'q' } }, { iscsi: { iqn: 'q', readOnly: true } })).toBe(NO_DISK);
    const image = (monitor: string, more: Partial<NonNullable<Volume['rbd']>> = {}): Volume => ({ rbd: { monitors: ['m0', monitor], image: 'i', ...more } });
    expect(verdict(image('m1'), image('m2', { pool: 'rbd' }))).toBe(NO_DISK);
    expect(verdict({ rbd: { monitors: ['m1'], image: 'i' } }, { rbd: { monitors: ['m2'], image: 'i' } })).toBe('ok');
    expect(verdict(image('m1'), image('m1', { pool: 'other' }))).toBe('ok');
    expect(verdict(image('m1', { readOnly: true }), image('m1', { readOnly: true }))).toBe('ok');
  });

  test('other nodes are not affected; a pod without such disks skips the plugin', () => {
    const disk: Volume = { gcePersistentDisk: { pdName: 'd' } };
    const story = fixture({ nodes, pods: [withVolumes('old', [disk], 'n1')] }).plugin(VolumeRestrictions);
    expect(story.filter(withVolumes('new', [disk]))).toEqual({ n1: NO_DISK, n2: 'ok' });
    expect(story.preFilter(withVolumes('new', [{ emptyDir: {} }]))).toBe('Skip');
  });
});

describe('ReadWriteOncePod claims (PreFilter)', () => {
  const objects = [claim('solo'), claim('shared', 'ReadWriteOnce'), claim('solo', 'ReadWriteOncePod', 'team')];

  test('a claim in use rejects the pod on every node; preemption of its user would help', () => {
    const world = fixture({ nodes, pods: [withVolumes('old', [claimed('solo')], 'n1')], objects });
    const story = world.plugin(VolumeRestrictions);
    const wanting = withVolumes('new', [claimed('solo')]);
    expect(story.filter(wanting)).toEqual({ n1: IN_USE, n2: IN_USE });
    expect(story.filterWhatIf(wanting, 'n1', { without: ['old'] })).toBe('ok');
    expect(story.filterWhatIf(wanting, 'n1', { without: ['old'], with: ['old'] })).toBe(IN_USE);
  });

  test('free claims, claims of other modes and other namespaces are no obstacle', () => {
    const story = fixture({ nodes, pods: [withVolumes('team/old', [claimed('solo')], 'n1'), withVolumes('other', [claimed('shared')], 'n1')], objects }).plugin(VolumeRestrictions);
    expect(story.preFilter(withVolumes('new', [claimed('solo')]))).toBe('Skip');
    expect(story.preFilter(withVolumes('new', [claimed('shared')]))).toBe('Skip');
  });

  test('what-ifs compare claims by name, whatever the namespace, as upstream does', () => {
    const pods = [withVolumes('old', [claimed('solo')], 'n1'), withVolumes('team/far', [claimed('solo')], 'n1')];
    const story = fixture({ nodes, pods, objects }).plugin(VolumeRestrictions);
    expect(story.filterWhatIf(withVolumes('new', [claimed('solo')]), 'n1', { without: ['far'] })).toBe('ok');
  });

  test('a claim that is not there', () => {
    expect(fixture({ nodes }).plugin(VolumeRestrictions).preFilter(withVolumes('new', [claimed('gone')]))).toBe('UnschedulableAndUnresolvable: persistentvolumeclaim "gone" not found');
  });
});

test('queueing hints: a pod of the namespace that shared a disk or a claim went; its own claim came', () => {
  const world = fixture({ nodes });
  const story = world.plugin(VolumeRestrictions);
  const waiting = withVolumes('new', [claimed('solo'), { gcePersistentDisk: { pdName: 'd' } }]);
  const gone = (object: Pod) => story.hint(waiting, 'AssignedPod', Action.Delete, { pod: podView(world, object) });
  expect(gone(withVolumes('x', [claimed('solo')], 'n1'))).toBe('Queue');
  expect(gone(withVolumes('x', [{ gcePersistentDisk: { pdName: 'd' } }], 'n1'))).toBe('Queue');
  expect(gone(withVolumes('x', [claimed('other')], 'n1'))).toBe('QueueSkip');
  expect(gone(withVolumes('team/x', [claimed('solo')], 'n1'))).toBe('QueueSkip');
  expect(story.hint(waiting, 'PersistentVolumeClaim', Action.Add, { object: claim('solo') })).toBe('Queue');
  expect(story.hint(waiting, 'PersistentVolumeClaim', Action.Add, { object: claim('other') })).toBe('QueueSkip');
  expect(story.hint(waiting, 'Node', Action.Add, {})).toBe('Queue');
});
