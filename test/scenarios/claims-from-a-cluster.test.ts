// Claims and volumes of manifests and dumps: those of StatefulSets, with their zones, and what nobody makes. Each story
// tells what the real controllers do.
import { describe, expect, test } from 'vitest';
import { play, template, workload } from '../support/dumped-objects.ts';
import { withoutHash } from '../support/without-hash.ts';
import type { Fields } from '../support/dumped-objects.ts';
import { nodeObject, playScenario, podObject } from '../support/played-scenario.ts';

describe('claims', () => {
  const zones = ['c', 'b', 'a'].map((zone) => nodeObject(`node-${zone}`, { zone }));
  const storageClass = (name: string, more: Fields = {}) => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: 'disk.example',
    volumeBindingMode: 'WaitForFirstConsumer',
    ...more,
  });
  const claimSpec = (more: Fields = {}) => ({
    accessModes: ['ReadWriteOnce'],
    storageClassName: 'disk',
    resources: { requests: { storage: '1Gi' } },
    ...more,
  });
  const claim = (name: string, more: Fields = {}, metadata: Fields = {}) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, ...metadata },
    spec: claimSpec(more),
  });
  const inZone = (zone: string) => ({
    required: {
      nodeSelectorTerms: [
        { matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: [zone] }] },
      ],
    },
  });
  const volume = (name: string, more: Fields = {}) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'disk',
      csi: { driver: 'disk.example', volumeHandle: name },
      ...more,
    },
  });
  const uses = (claimName: string) => ({ volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }] });
  const bound = ['a', 'b', 'c'].flatMap((zone, ordinal) => [
    volume(`vol-${ordinal}`, {
      claimRef: { namespace: 'default', name: `data-store-${ordinal}`, uid: `u${ordinal}` },
      nodeAffinity: inZone(zone),
    }),
    claim(
      `data-store-${ordinal}`,
      { volumeName: `vol-${ordinal}` },
      { uid: `u${ordinal}`, annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
    ),
  ]);
  const store = (more: Fields = {}) =>
    workload('StatefulSet', 'store', {
      replicas: 3,
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claimSpec() }],
      ...more,
    });

  test('of a StatefulSet: each ordinal goes where its volume is, and so does the pod that replaces it', () => {
    const expected = ['store-0 Running on node-a', 'store-1 Running on node-b', 'store-2 Running on node-c'];
    expect(play({}, [...zones, storageClass('disk'), ...bound, store()])).toEqual(expected);
    const vip = {
      name: 'vip',
      kind: 'Pod',
      arrivals: { at: '1m', count: 1 },
      lifetime: '1m',
      priorityClass: 'vip',
      template: {
        spec: {
          containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '4' } } }],
          nodeSelector: { 'kubernetes.io/hostname': 'node-a' },
        },
      },
    };
    const pods = play({ priorityClasses: { vip: 1000 }, workloads: [vip] }, [
      ...zones,
      storageClass('disk'),
      ...bound,
      store(),
    ]);
    expect(pods.filter((line) => line.startsWith('store-0'))).toEqual([
      'store-0 Evicted on node-a',
      'store-0 Running on node-a',
    ]);
  });

  test('of a StatefulSet that are not there are made, and the volumes stay in the zone of the first pod', () => {
    const { pods } = playScenario({ duration: '1h', failures: [{ name: 'crash', uptime: '10m', repair: '1m' }] }, [
      ...zones,
      storageClass('disk'),
      store({ replicas: 2 }),
    ]);
    const where = new Map<string, Set<string>>();
    for (const { name, node } of pods) where.set(name, (where.get(name) ?? new Set()).add(node));
    expect([...where.values()].every((nodes) => nodes.size === 1)).toBe(true);
    expect(where.size).toBe(2);
  });

  test('a claim that waits for its first consumer is provisioned where the pod goes, and ties it to that zone', () => {
    const objects = [
      ...zones,
      storageClass('disk'),
      claim('files'),
      workload('Deployment', 'blog', { template: template('blog', { ...uses('files'), nodeSelector: {} }) }),
    ];
    const { pods } = playScenario({ duration: '10m' }, objects);
    expect(pods.map(({ name }) => withoutHash(name))).toEqual(['blog-0']);
    expect(pods).toMatchObject([{ outcome: 'Running', attempts: 1 }]);
    // A second pod of the same claim must go to the same zone.
    const second = podObject('later', { ...uses('files'), nodeSelector: { 'topology.kubernetes.io/zone': 'a' } });
    expect(play({}, [...objects, second])).toEqual(['blog-0 Running on node-a', 'later Running on node-a']);
  });

  test.each([
    [
      'the default class, where the claim names none',
      [
        storageClass('disk', {
          metadata: { name: 'disk', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
        }),
        claim('files', { storageClassName: undefined }),
      ],
      'Running',
    ],
    [
      'no default class among several',
      [storageClass('disk'), claim('files', { storageClassName: undefined })],
      'Pending',
    ],
    ['a class of the cluster, implied', [claim('files')], 'Running'],
    ['the default class of the cluster, implied', [claim('files', { storageClassName: undefined })], 'Running'],
    [
      'a class that binds at once',
      [storageClass('disk', { volumeBindingMode: 'Immediate' }), claim('files')],
      'Running',
    ],
    [
      'a class without a provisioner and without volumes',
      [storageClass('disk', { provisioner: 'kubernetes.io/no-provisioner' }), claim('files')],
      'Pending',
    ],
    [
      'a class without a provisioner, with a volume made by hand',
      [
        storageClass('disk', { provisioner: 'kubernetes.io/no-provisioner' }),
        volume('v', { nodeAffinity: inZone('b') }),
        claim('files'),
      ],
      'Running on node-b',
    ],
    [
      'a class of the dump\'s volumes, which a provisioner has made',
      [
        {
          ...volume('v', { claimRef: { namespace: 'default', name: 'other', uid: 'u' } }),
          metadata: { name: 'v', annotations: { 'pv.kubernetes.io/provisioned-by': 'disk.example' } },
        },
        claim('files'),
      ],
      'Running',
    ],
    [
      'no class object at all, and a volume made by hand',
      [
        volume('v', { storageClassName: 'manual', hostPath: { path: '/d' } }),
        claim('files', { storageClassName: 'manual' }),
      ],
      'Running',
    ],
    [
      'the empty class, and a volume without one',
      [volume('v', { storageClassName: undefined }), claim('files', { storageClassName: '' })],
      'Running',
    ],
    ['the empty class, and none', [volume('v'), claim('files', { storageClassName: '' })], 'Pending'],
    [
      'a volume that it names',
      [volume('v', { nodeAffinity: inZone('a') }), claim('files', { volumeName: 'v' })],
      'Running on node-a',
    ],
    [
      'a volume that is kept for it',
      [
        storageClass('disk'),
        volume('v', { claimRef: { namespace: 'default', name: 'files' }, nodeAffinity: inZone('a') }),
        claim('files'),
      ],
      'Running on node-a',
    ],
    [
      'a volume that is too small',
      [
        volume('v', { capacity: { storage: '1Mi' }, storageClassName: 'manual' }),
        claim('files', { storageClassName: 'manual' }),
      ],
      'Pending',
    ],
  ])('%s', (_what, objects, outcome) => {
    const [line] = play({}, [...zones, ...objects, podObject('p', uses('files'))]);
    expect(line.startsWith(`p ${outcome}`), line).toBe(true);
  });

  test("the driver's keys, the class's topologies, or sharing say where a new volume may be used", () => {
    const csiNode = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSINode',
      metadata: { name: 'node-c' },
      spec: { drivers: [{ name: 'disk.example', nodeID: 'c', topologyKeys: ['kubernetes.io/hostname'] }] },
    };
    const sameZone = nodeObject('node-d', { zone: 'c' });
    const both = (
      more: readonly unknown[],
      spec: Fields = {},
      nodes: readonly unknown[] = [...zones.slice(0, 1), sameZone],
    ): string[] => {
      const apart = (name: string, host: string) =>
        podObject(name, { ...uses('files'), nodeSelector: { 'kubernetes.io/hostname': host } }, {});
      return play({}, [
        ...nodes,
        storageClass('disk'),
        claim('files', spec),
        ...more,
        apart('p', 'node-c'),
        apart('q', 'node-d'),
      ]);
    };
    expect(both([])).toEqual(['p Running on node-c', 'q Running on node-d']);
    expect(both([csiNode])).toEqual(['p Running on node-c', 'q Pending']);
    expect(both([], { accessModes: ['ReadWriteMany'] }, [zones[0], nodeObject('node-d', { zone: 'd' })])).toEqual([
      'p Running on node-c',
      'q Running on node-d',
    ]);
    expect(both([], {}, [zones[0], nodeObject('node-d', { zone: 'd' })])).toEqual(['p Running on node-c', 'q Pending']);
  });

  test('ephemeral volumes get a claim for each pod, and lose it with the pod', () => {
    const scratch = { volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec: claimSpec() } } }] };
    const vip = {
      name: 'vip',
      kind: 'Pod',
      arrivals: { at: '1m', count: 1 },
      lifetime: '1m',
      priorityClass: 'vip',
      requests: { cpu: 4 },
    };
    const objects = [
      zones[0],
      storageClass('disk'),
      workload('StatefulSet', 'job', { template: template('job', scratch) }),
    ];
    expect(play({}, objects)).toEqual(['job-0 Running on node-c']);
    // Its successor of the same name has a claim of its own again.
    expect(play({ priorityClasses: { vip: 1000 }, workloads: [vip] }, objects)).toEqual([
      'job-0 Evicted on node-c',
      'job-0 Running on node-c',
      'vip-0 Succeeded on node-c',
    ]);
  });
});
