/** Stories of VolumeZone; upstream: pkg/scheduler/framework/plugins/volumezone/volume_zone.go (v1.36). */
import { describe, expect, test } from 'vitest';
import type { KubernetesObject, Pod } from '../../src/cluster/objects.ts';
import { Action } from '../../src/scheduler/framework/cluster-event.ts';
import { VolumeZone } from '../../src/scheduler/plugins/volume-zone.ts';
import { fixture, node, pod } from '../support/scheduler-fixture.ts';

const ZONE = 'topology.kubernetes.io/zone';
const BETA_ZONE = 'failure-domain.beta.kubernetes.io/zone';
const REGION = 'topology.kubernetes.io/region';
const CONFLICT = 'UnschedulableAndUnresolvable: node(s) had no available volume zone';
const nodes = [node('a', { [ZONE]: 'a', [REGION]: 'r' }), node('b', { [ZONE]: 'b', [REGION]: 'r' }), node('bare')];

const claim = (spec: Record<string, unknown>): KubernetesObject => ({ kind: 'PersistentVolumeClaim', metadata: { namespace: 'default', name: 'c' }, spec }) as KubernetesObject;
const volume = (labels: Record<string, string>): KubernetesObject => ({ kind: 'PersistentVolume', metadata: { name: 'pv', labels } });
const storageClass = (volumeBindingMode: string): KubernetesObject => ({ kind: 'StorageClass', metadata: { name: 'class' }, volumeBindingMode }) as KubernetesObject;
const using: Pod = pod('new', {}, { volumes: [{ persistentVolumeClaim: { claimName: 'c' } }] });
const verdicts = (...objects: KubernetesObject[]) => fixture({ nodes, objects }).plugin(VolumeZone).filter(using);
const labelled = (labels: Record<string, string>) => verdicts(claim({ volumeName: 'pv' }), volume(labels));

describe('zones of bound volumes (Filter)', () => {
  test('the node must be in the volume\'s zone; a node without any zone or region label takes all', () => {
    expect(labelled({ [ZONE]: 'a' })).toEqual({ a: 'ok', b: CONFLICT, bare: 'ok' });
  });

  test('a volume may be in several zones; zone and region must both suit', () => {
    expect(labelled({ [ZONE]: 'a__b' })).toEqual({ a: 'ok', b: 'ok', bare: 'ok' });
    expect(labelled({ [ZONE]: 'a', [REGION]: 'elsewhere' })).toEqual({ a: CONFLICT, b: CONFLICT, bare: 'ok' });
  });

  test('a beta label of the volume is compared with the node\'s current one', () => {
    expect(labelled({ [BETA_ZONE]: 'a' })).toEqual({ a: 'ok', b: CONFLICT, bare: 'ok' });
  });

  test('without zone labels, or with one that has an empty part, the plugin is skipped', () => {
    expect(labelled({ disk: 'ssd' })).toBe('Skip');
    expect(labelled({ [ZONE]: 'a__' })).toBe('Skip');
    expect(fixture({ nodes }).plugin(VolumeZone).preFilter(pod('new'))).toBe('Skip');
  });
});

test('claims without a volume (PreFilter)', () => {
  const unresolvable = 'UnschedulableAndUnresolvable: ';
  expect(verdicts()).toBe(`${unresolvable}persistentvolumeclaim "c" not found`);
  expect(verdicts(claim({ volumeName: 'pv' }))).toBe(`${unresolvable}persistentvolume "pv" not found`);
  expect(verdicts(claim({}))).toBe(`${unresolvable}PersistentVolumeClaim had no pv name and storageClass name`);
  expect(verdicts(claim({ storageClassName: 'class' }))).toBe(`${unresolvable}storageclass.storage.k8s.io "class" not found`);
  expect(verdicts(claim({ storageClassName: 'class' }), storageClass('Immediate'))).toBe(`${unresolvable}PersistentVolume had no name`);
  expect(verdicts(claim({ storageClassName: 'class' }), storageClass('WaitForFirstConsumer'))).toBe('Skip');
});

test('queueing hints', () => {
  const story = fixture({ nodes }).plugin(VolumeZone);
  expect(story.hint(using, 'StorageClass', Action.Add, { object: storageClass('WaitForFirstConsumer') })).toBe('Queue');
  expect(story.hint(using, 'StorageClass', Action.Add, { object: storageClass('Immediate') })).toBe('QueueSkip');
  expect(story.hint(using, 'Node', Action.UpdateNodeLabel, {})).toBe('Queue');
  expect(story.hint(using, 'PersistentVolumeClaim', Action.Update, { object: claim({}) })).toBe('Queue');
  expect(story.hint(using, 'PersistentVolume', Action.Add, { object: volume({}) })).toBe('Queue');
  const relabelled = (from: Record<string, string>, to: Record<string, string>) => story.hint(using, 'PersistentVolume', Action.Update, { object: volume(to), objectBefore: volume(from) });
  expect(relabelled({ [ZONE]: 'a' }, { [ZONE]: 'b' })).toBe('Queue');
  expect(relabelled({ [ZONE]: 'a__b' }, { [ZONE]: 'b__a', disk: 'ssd' })).toBe('QueueSkip');
});
