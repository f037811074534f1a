/** Stories of VolumeBinding; upstream: pkg/scheduler/framework/plugins/volumebinding (v1.36, v1.37). */
import { describe, expect, test } from 'vitest';
import type { KubernetesObject, ObjectMeta, PersistentVolume, PersistentVolumeClaim, Pod, Volume } from '../../src/cluster/objects.ts';
import { Action } from '../../src/scheduler/framework/cluster-event.ts';
import { CycleState } from '../../src/scheduler/framework/cycle-state.ts';
import { VolumeBinding } from '../../src/scheduler/plugins/volume-binding.ts';
import { fixture, node, pod, text } from '../support/scheduler-fixture.ts';
import type { SchedulerFixture } from '../support/scheduler-fixture.ts';

const UNRESOLVABLE = 'UnschedulableAndUnresolvable: ';
const WRONG_NODE = `${UNRESOLVABLE}node(s) didn't match PersistentVolume's node affinity`;
const NO_VOLUME = `${UNRESOLVABLE}node(s) didn't find available persistent volumes to bind`;
const NO_SPACE = `${UNRESOLVABLE}node(s) did not have enough free storage`;
const NO_PV = `${UNRESOLVABLE}node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)`;
const nodes = [node('n1', { zone: 'a' }), node('n2', { zone: 'b' })];

function storageClass(name: string, more: Record<string, unknown> = {}): KubernetesObject {
  return { kind: 'StorageClass', metadata: { name }, provisioner: 'csi.example.com', volumeBindingMode: 'WaitForFirstConsumer', ...more } as KubernetesObject;
}
const LOCAL = storageClass('local', { provisioner: 'kubernetes.io/no-provisioner' });
const DYNAMIC = storageClass('dynamic');

function claim(
  name: string, spec: PersistentVolumeClaim['spec'] = {}, metadata: ObjectMeta = {},
): PersistentVolumeClaim {
  return { kind: 'PersistentVolumeClaim', metadata: { namespace: 'default', name, uid: name, ...metadata }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '10Gi' } }, storageClassName: 'local', ...spec } };
}
const boundTo = (name: string, volumeName: string): PersistentVolumeClaim => claim(name, { volumeName }, { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } });

function volume(
  name: string, storage: string, zone = '', spec: PersistentVolume['spec'] = {}, more: Partial<PersistentVolume> = {},
): PersistentVolume {
  const nodeAffinity = { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: [zone] }] }] } };
  return {
    kind: 'PersistentVolume', metadata: { name }, status: { phase: 'Available' },
    spec: { capacity: { storage }, accessModes: ['ReadWriteOnce'], storageClassName: 'local', ...(zone === '' ? {} : { nodeAffinity }), ...spec }, ...more,
  };
}
const using = (...claims: string[]): Pod => pod('new', {}, { volumes: claims.map((claimName): Volume => ({ name: claimName, persistentVolumeClaim: { claimName } })) });
const verdicts = (objects: readonly KubernetesObject[], object: Pod) => fixture({ nodes, objects }).plugin(VolumeBinding).filter(object);

describe('the state of claims (PreFilter)', () => {
  test('no claims: Skip', () => {
    expect(verdicts([], pod('new'))).toBe('Skip');
  });

  test('claims that are missing, lost, or going', () => {
    expect(verdicts([], using('c'))).toBe(`${UNRESOLVABLE}persistentvolumeclaim "c" not found`);
    expect(verdicts([{ ...claim('c', { volumeName: 'pv' }), status: { phase: 'Lost' } } as KubernetesObject], using('c'))).toBe(`${UNRESOLVABLE}persistentvolumeclaim "c" bound to non-existent persistentvolume "pv"`);
    expect(verdicts([claim('c', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })], using('c'))).toBe(`${UNRESOLVABLE}persistentvolumeclaim "c" is being deleted`);
  });

  test('claims of ephemeral volumes are named after the pod and belong to it', () => {
    const ephemeral = pod('new', {}, { volumes: [{ name: 'tmp', ephemeral: {} }] });
    expect(verdicts([], ephemeral)).toBe(`${UNRESOLVABLE}waiting for ephemeral volume controller to create the persistentvolumeclaim "new-tmp"`);
    expect(verdicts([claim('new-tmp')], ephemeral)).toBe(`${UNRESOLVABLE}PVC default/new-tmp was not created for pod default/new (pod is not owner)`);
    const own = claim('new-tmp', { storageClassName: 'dynamic' }, { ownerReferences: [{ kind: 'Pod', name: 'new', controller: true }] });
    expect(verdicts([DYNAMIC, own], ephemeral)).toEqual({ n1: 'ok', n2: 'ok' });
  });

  test('an unbound claim waits only in a class that waits for its first consumer', () => {
    const unbound = `${UNRESOLVABLE}pod has unbound immediate PersistentVolumeClaims`;
    expect(verdicts([storageClass('now', { volumeBindingMode: 'Immediate' }), claim('c', { storageClassName: 'now' })], using('c'))).toBe(unbound);
    expect(verdicts([claim('c', { storageClassName: 'gone' })], using('c'))).toBe(unbound);
    expect(verdicts([DYNAMIC, claim('c', { storageClassName: 'dynamic', volumeName: 'pv' })], using('c'))).toBe(unbound);
  });
});

describe('bound claims (Filter)', () => {
  test('the volume must be there and reachable', () => {
    expect(verdicts([boundTo('c', 'pv'), volume('pv', '10Gi', 'a')], using('c'))).toEqual({ n1: 'ok', n2: WRONG_NODE });
    expect(verdicts([boundTo('c', 'pv')], using('c'))).toEqual({ n1: NO_PV, n2: NO_PV });
  });

  test('reasons of several claims come together', () => {
    const taken = volume('pv', '10Gi', 'a', { claimRef: { namespace: 'default', name: 'c' } }, { status: { phase: 'Bound' } });
    expect(verdicts([LOCAL, boundTo('c', 'pv'), taken, claim('d')], using('c', 'd'))).toEqual({
      n1: NO_VOLUME,
      n2: `${WRONG_NODE}, node(s) didn't find available persistent volumes to bind`,
    });
  });
});

describe('volumes that are there already (FindMatchingVolume)', () => {
  test('large enough, of the class, reachable, free, with the access modes', () => {
    expect(verdicts([LOCAL, claim('c'), volume('pv', '10Gi', 'a')], using('c'))).toEqual({ n1: 'ok', n2: NO_VOLUME });
    const unsuitable: PersistentVolume[] = [
      volume('small', '5Gi'),
      volume('elsewhere', '10Gi', '', { storageClassName: 'other' }),
      volume('reader', '10Gi', '', { accessModes: ['ReadOnlyMany'] }),
      volume('block', '10Gi', '', { volumeMode: 'Block' }),
      volume('fast', '10Gi', '', { volumeAttributesClassName: 'gold' }),
      volume('taken', '10Gi', '', { claimRef: { namespace: 'default', name: 'other' } }),
      volume('released', '10Gi', '', {}, { status: { phase: 'Released' } }),
      volume('going', '10Gi', '', {}, { metadata: { name: 'going', deletionTimestamp: '2026-01-01T00:00:00Z' } }),
    ];
    expect(verdicts([LOCAL, claim('c'), ...unsuitable], using('c'))).toEqual({ n1: NO_VOLUME, n2: NO_VOLUME });
  });

  test('the claim\'s selector chooses by labels', () => {
    const labelled = volume('pv', '10Gi', '', {}, { metadata: { name: 'pv', labels: { disk: 'ssd' } } });
    const choosing = (disk: string) => claim('c', { selector: { matchLabels: { disk } } });
    expect(verdicts([LOCAL, choosing('ssd'), labelled], using('c'))).toMatchObject({ n1: 'ok' });
    expect(verdicts([LOCAL, choosing('hdd'), labelled], using('c'))).toMatchObject({ n1: NO_VOLUME });
  });

  test('each claim takes the smallest that does, small claims first', () => {
    const large = claim('large', { resources: { requests: { storage: '50Gi' } } });
    expect(verdicts([LOCAL, large, claim('small'), volume('pv-50', '50Gi'), volume('pv-20', '20Gi')], using('large', 'small'))).toEqual({ n1: 'ok', n2: 'ok' });
    expect(verdicts([LOCAL, claim('c'), claim('d'), volume('pv', '20Gi')], using('c', 'd'))).toEqual({ n1: NO_VOLUME, n2: NO_VOLUME });
  });

  test('a volume reserved for the claim wins; where it cannot be reached, nothing else will do', () => {
    const reserved = volume('pv-1', '20Gi', 'a', { claimRef: { namespace: 'default', name: 'c' } });
    expect(verdicts([LOCAL, claim('c'), volume('pv-0', '10Gi'), reserved], using('c'))).toEqual({ n1: 'ok', n2: NO_VOLUME });
    const forEarlierClaim = volume('pv-1', '20Gi', 'a', { claimRef: { namespace: 'default', name: 'c', uid: 'earlier' } });
    expect(verdicts([LOCAL, claim('c'), forEarlierClaim], using('c'))).toMatchObject({ n1: NO_VOLUME });
  });
});

function publishing(storageCapacity: boolean): KubernetesObject {
  return { kind: 'CSIDriver', metadata: { name: 'csi.example.com' }, spec: { storageCapacity } } as KubernetesObject;
}

describe('volumes to be made (checkVolumeProvisions)', () => {
  const waiting = claim('c', { storageClassName: 'dynamic' });

  test('a provisioner makes one where the class allows', () => {
    expect(verdicts([DYNAMIC, waiting], using('c'))).toEqual({ n1: 'ok', n2: 'ok' });
    const inA = storageClass('dynamic', { allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a'] }] }] });
    expect(verdicts([inA, waiting], using('c'))).toEqual({ n1: 'ok', n2: NO_VOLUME });
  });

  test('once a node is selected, it is that one', () => {
    const selected = claim('c', { storageClassName: 'dynamic' }, { annotations: { 'volume.kubernetes.io/selected-node': 'n2' } });
    expect(verdicts([DYNAMIC, selected], using('c'))).toEqual({ n1: NO_VOLUME, n2: 'ok' });
  });

  test('a driver that publishes its capacity must have some for the node', () => {
    const driver = publishing(true);
    const capacity = (more: Record<string, unknown>): KubernetesObject =>
      ({ kind: 'CSIStorageCapacity', metadata: { namespace: 'csi', name: 'a' }, storageClassName: 'dynamic', nodeTopology: { matchLabels: { zone: 'a' } }, capacity: '100Gi', ...more }) as KubernetesObject;
    expect(verdicts([DYNAMIC, waiting, driver], using('c'))).toEqual({ n1: NO_SPACE, n2: NO_SPACE });
    expect(verdicts([DYNAMIC, waiting, driver, capacity({})], using('c'))).toEqual({ n1: 'ok', n2: NO_SPACE });
    expect(verdicts([DYNAMIC, waiting, driver, capacity({ maximumVolumeSize: '1Gi' })], using('c'))).toMatchObject({ n1: NO_SPACE });
    expect(verdicts([DYNAMIC, waiting, publishing(false)], using('c'))).toEqual({ n1: 'ok', n2: 'ok' });
  });
});

describe('Reserve and PreBind', () => {
  function reserved(world: SchedulerFixture, object: Pod, nodeName: string) {
    const story = world.plugin(VolumeBinding);
    const { state, info } = story.begin(object);
    const status = text(story.plugin.reserve?.(state, info, nodeName) ?? null);
    return { story, state, info, status };
  }

  test('a promised volume is nobody else\'s until it is given back', () => {
    const world = fixture({ nodes, objects: [LOCAL, claim('c'), claim('d'), volume('pv', '10Gi')] });
    const { story, state, info, status } = reserved(world, using('c'), 'n1');
    expect(status).toBe('ok');
    expect(story.filter(using('d'))).toMatchObject({ n1: NO_VOLUME });
    story.plugin.unreserve?.(state, info, 'n1');
    expect(story.filter(using('d'))).toMatchObject({ n1: 'ok' });
  });

  test('a claim that is to be provisioned for a node binds other pods to the node', () => {
    const world = fixture({ nodes, objects: [DYNAMIC, claim('c', { storageClassName: 'dynamic' })] });
    const { story } = reserved(world, using('c'), 'n2');
    expect(story.filter(using('c'))).toEqual({ n1: NO_VOLUME, n2: 'ok' });
  });

  test('PreBind waits second by second until the claims are bound', () => {
    const world = fixture({ nodes, objects: [LOCAL, claim('c'), volume('pv', '10Gi', 'a')] });
    const { story, state, info } = reserved(world, using('c'), 'n1');
    expect(story.plugin.preBind?.(state, info, 'n1')).toEqual({ afterMicros: 1_000_000 });
    world.put(boundTo('c', 'pv'));
    expect(story.plugin.preBind?.(state, info, 'n1')).toBeNull();
  });

  test('it gives up after bindTimeoutSeconds, and when the volume turns out to be out of reach', () => {
    const world = fixture({ nodes, objects: [LOCAL, claim('c'), volume('pv', '10Gi', 'a')] });
    const { story, state, info } = reserved(world, using('c'), 'n1');
    story.plugin.preBind?.(state, info, 'n1');
    world.clock.now += 600_000_000;
    expect(story.plugin.preBind?.(state, info, 'n1')).toMatchObject({ reasons: ['binding volumes: context deadline exceeded'] });
    world.put(volume('far', '10Gi', 'b'));
    world.put(boundTo('c', 'far'));
    expect(story.plugin.preBind?.(state, info, 'n1')).toMatchObject({ reasons: ['binding volumes: pv "far" node affinity doesn\'t match node "n1": no matching NodeSelectorTerms'] });
  });

  test('nothing to do for bound claims, nor for pods without claims', () => {
    const world = fixture({ nodes, objects: [boundTo('c', 'pv'), volume('pv', '10Gi')] });
    const { story, state, info, status } = reserved(world, using('c'), 'n1');
    expect([status, story.plugin.preBind?.(state, info, 'n1')]).toEqual(['ok', null]);
    expect(story.plugin.preBind?.(new CycleState(), info, 'n1')).toBeNull();
  });

});

describe('the score of storage (v1.37)', () => {
  const shape = [{ utilization: 0, score: 10 }, { utilization: 100, score: 0 }];
  const driver = {
    kind: 'CSIDriver',
    metadata: { name: 'csi.example.com' },
    spec: { storageCapacity: true },
  } as KubernetesObject;
  const capacityIn = (zone: string, capacity: string | undefined, more: object = {}, storageClassName = 'dynamic') => ({
    kind: 'CSIStorageCapacity',
    metadata: { namespace: 'kube-system', name: `${storageClassName}-${zone}` },
    storageClassName,
    nodeTopology: { matchLabels: { zone } },
    ...(capacity === undefined ? {} : { capacity }),
    ...more,
  }) as KubernetesObject;
  const scored = (
    objects: readonly KubernetesObject[],
    object: Pod,
    more: { shape?: object[]; kubernetes?: '1.36' } = {},
  ) => {
    const world = fixture({ nodes, objects, kubernetes: more.kubernetes });
    const story = world.plugin(VolumeBinding, { shape: more.shape ?? shape });
    world.snapshot.refresh();
    const { state, info } = story.begin(object);
    const fits = world.snapshot.nodes.filter((each) => story.plugin.filter?.(state, info, each) === null);
    const preScore = text(story.plugin.preScore?.(state, info, fits) ?? null);
    if (preScore !== 'ok') return preScore;
    return Object.fromEntries(fits.map((each) => [each.name, story.plugin.score?.(state, info, each)]));
  };
  const wanting = claim('c', { storageClassName: 'dynamic' });

  test('what the claims leave of a storage\'s capacity; a pod without claims gets 0 everywhere; v1.36 skips', () => {
    const objects = [
      DYNAMIC,
      driver,
      wanting,
      capacityIn('a', '40Gi'),
      capacityIn('b', '100Gi', { maximumVolumeSize: '20Gi' }),
    ];
    expect(scored(objects, using('c'))).toEqual({ n1: 75, n2: 90 });
    expect(scored(objects, pod('new'))).toEqual({ n1: 0, n2: 0 });
    expect(scored(objects, using('c'), { kubernetes: '1.36' })).toBe('Skip');
  });

  test('a driver that publishes no capacity has no score', () => {
    expect(scored([DYNAMIC, wanting], using('c'))).toEqual({ n1: 0, n2: 0 });
  });

  test('the shape turns it round', () => {
    const full = [{ utilization: 0, score: 0 }, { utilization: 50, score: 4 }, { utilization: 100, score: 10 }];
    const objects = [DYNAMIC, driver, wanting, capacityIn('a', '40Gi'), capacityIn('b', '10Gi')];
    expect(scored(objects, using('c'), { shape: full })).toEqual({ n1: 20, n2: 100 });
  });

  test('a claim that finds a volume: the volume\'s size counts, and what is to be provisioned does not', () => {
    const objects = [LOCAL, DYNAMIC, driver, claim('l'), wanting, volume('pv', '40Gi', 'a'), capacityIn('a', '10Gi')];
    expect(scored(objects, using('l', 'c'))).toEqual({ n1: 75 });
  });

  test('claims of a class add up, its capacity does not; classes are averaged, half up', () => {
    const two = [DYNAMIC, driver, wanting, claim('d', { storageClassName: 'dynamic' }), capacityIn('a', '40Gi')];
    expect(scored(two, using('c', 'd'))).toEqual({ n1: 50 });
    const other = storageClass('other');
    const classes = [DYNAMIC, other, driver, wanting, claim('o', { storageClassName: 'other' })];
    const storages = [capacityIn('a', '40Gi'), capacityIn('a', '20Gi', {}, 'other')];
    expect(scored([...classes, ...storages], using('c', 'o'))).toEqual({ n1: 63 });
  });

  test('an object with a largest volume and no capacity counts as full, where upstream dies', () => {
    expect(
      scored([DYNAMIC, driver, wanting, capacityIn('a', undefined, { maximumVolumeSize: '20Gi' })], using('c')),
    ).toEqual({ n1: 0 });
  });

  test('without its PreFilter it has no state to score from', () => {
    const story = fixture({ nodes }).plugin(VolumeBinding, { shape });
    expect(text(story.plugin.preScore?.(new CycleState(), story.begin(pod('new')).info, []) ?? null)).toBe(
      'Error: not found',
    );
  });
});

test('queueing hints', () => {
  const story = fixture({ nodes }).plugin(VolumeBinding);
  const waiting = using('c');
  const update = (resource: 'StorageClass' | 'CSINode' | 'CSIDriver' | 'CSIStorageCapacity', objectBefore: unknown, object: unknown, who: Pod = waiting) =>
    story.hint(who, resource, Action.Update, { object: object as KubernetesObject, objectBefore: objectBefore as KubernetesObject });
  expect(story.hint(waiting, 'StorageClass', Action.Add, { object: DYNAMIC })).toBe('Queue');
  expect(update('StorageClass', DYNAMIC, storageClass('dynamic', { allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['a'] }] }] }))).toBe('Queue');
  expect(update('StorageClass', DYNAMIC, DYNAMIC)).toBe('QueueSkip');
  for (const action of [Action.Add, Action.Update]) {
    expect(story.hint(waiting, 'PersistentVolumeClaim', action, { object: claim('c') })).toBe('Queue');
    expect(story.hint(waiting, 'PersistentVolumeClaim', action, { object: claim('d') })).toBe('QueueSkip');
    expect(story.hint(waiting, 'PersistentVolumeClaim', action, { object: claim('c', {}, { namespace: 'team' }) })).toBe('QueueSkip');
    expect(story.hint(waiting, 'PersistentVolume', action, {})).toBe('Queue');
  }
  const migrated = (plugins: string) => ({ metadata: { name: 'n1', annotations: { 'storage.alpha.kubernetes.io/migrated-plugins': plugins } } });
  expect(update('CSINode', migrated(''), migrated('kubernetes.io/aws-ebs'))).toBe('Queue');
  expect(update('CSINode', migrated('x'), migrated('x'))).toBe('QueueSkip');
  const inline = pod('new', {}, { volumes: [{ csi: { driver: 'd' } }] });
  const driver = (storageCapacity: boolean) => ({ metadata: { name: 'd' }, spec: { storageCapacity } });
  expect(update('CSIDriver', driver(true), driver(false), inline)).toBe('Queue');
  expect(update('CSIDriver', driver(true), driver(false))).toBe('QueueSkip');
  expect(update('CSIDriver', driver(false), driver(true), inline)).toBe('QueueSkip');
  expect(update('CSIStorageCapacity', { capacity: '1Gi' }, { capacity: '2Gi' })).toBe('Queue');
  expect(update('CSIStorageCapacity', { capacity: '2Gi' }, { capacity: '2Gi', maximumVolumeSize: '1Gi' })).toBe('QueueSkip');
  expect(story.hint(waiting, 'Node', Action.UpdateNodeLabel, {})).toBe('Queue');
  expect(story.hint(waiting, 'AssignedPod', Action.Delete, {})).toBe('none');
});
