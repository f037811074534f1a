// What manifests and dumps say and a cluster takes for granted: labels of nodes, namespaces, the status of Jobs and
// Deployments, claims of StatefulSets, volumes, disruption budgets. Each story tells what the real controllers do.
import { describe, expect, test } from 'vitest';
import { nodeObject, playScenario, podObject } from '../support/played-scenario.ts';
import type { PlayedPod } from '../support/played-scenario.ts';

type Fields = Readonly<Record<string, unknown>>;

const pool = (more: Fields = {}) => ({
  nodePools: [{ name: 'n', count: 2, allocatable: { cpu: 4, memory: '16Gi' }, ...more }],
});
const containers = [{ name: 'main', image: 'i', resources: { requests: { cpu: '1' } } }];
const template = (app: string, spec: Fields = {}, metadata: Fields = {}) => ({
  metadata: { labels: { app }, ...metadata },
  spec: { containers, ...spec },
});
const workload = (kind: string, name: string, spec: Fields = {}, more: Fields = {}) => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name },
  spec: { selector: { matchLabels: { app: name } }, template: template(name), ...spec },
  ...more,
});
const job = (name: string, spec: Fields, status: Fields = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name },
  spec: { template: { spec: { restartPolicy: 'Never', containers } }, ...spec },
  ...(Object.keys(status).length === 0 ? {} : { status }),
});
/** A pod's name without the hash of its ReplicaSet's template. */
const withoutHash = (name: string): string => name.replace(/-[bcdfghjklmnpqrstvwxz2456789]{8,10}-(\d+)$/, '-$1');
const told = (pods: readonly PlayedPod[]): string[] =>
  pods
    .map(({ name, node, outcome }) => `${withoutHash(name)} ${outcome}${node === '' ? '' : ` on ${node}`}`)
    .sort((a, b) => (a < b ? -1 : 1));
const play = (members: Fields, objects: readonly unknown[]): string[] =>
  told(playScenario({ duration: '10m', ...members }, objects).pods);

describe('nodes have what every kubelet writes', () => {
  const select = (nodeSelector: Fields) =>
    workload('Deployment', 'web', { template: template('web', { nodeSelector }) });

  test.each([
    [{ 'kubernetes.io/os': 'linux' }],
    [{ 'kubernetes.io/arch': 'amd64' }],
    [{ 'beta.kubernetes.io/os': 'linux', 'beta.kubernetes.io/arch': 'amd64' }],
  ])('a pool: %j', (nodeSelector) => {
    expect(play(pool({ count: 1 }), [select(nodeSelector)])).toEqual(['web-0 Running on n-0']);
  });

  test('zone and region under their old names, too', () => {
    const old = { 'failure-domain.beta.kubernetes.io/zone': 'b', 'failure-domain.beta.kubernetes.io/region': 'r' };
    expect(play(pool({ zones: ['a', 'b'], region: 'r' }), [select(old)])).toEqual(['web-0 Running on n-1']);
  });

  test('a pool of another architecture says so in its labels', () => {
    const pools = [
      { name: 'x', count: 1, allocatable: { cpu: 4, memory: '16Gi' } },
      { name: 'arm', count: 1, allocatable: { cpu: 4, memory: '16Gi' }, labels: { 'kubernetes.io/arch': 'arm64' } },
    ];
    expect(play({ nodePools: pools }, [select({ 'kubernetes.io/arch': 'arm64' })])).toEqual(['web-0 Running on arm-0']);
    expect(play({ nodePools: pools }, [select({ 'beta.kubernetes.io/arch': 'arm64' })])).toEqual([
      'web-0 Running on arm-0',
    ]);
  });

  test('an autoscaled pool that has no node yet, and its nodes in thought', () => {
    const affinity = {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/arch', operator: 'In', values: ['amd64'] }] }],
        },
      },
    };
    const grown = pool({ count: 0, autoscaling: { min: 0, max: 3, provisioning: '60s' } });
    expect(play(grown, [workload('Deployment', 'web', { template: template('web', { affinity }) })])).toEqual([
      'web-0 Running on n-0',
    ]);
    // The daemon's room is kept free on the new node: one pod of 3 cpu a node.
    const daemon = workload('DaemonSet', 'agent', {
      template: template('agent', { nodeSelector: { 'kubernetes.io/os': 'linux' } }),
    });
    const big = { containers: [{ name: 'main', image: 'i', resources: { requests: { cpu: '3' } } }] };
    expect(
      play(grown, [daemon, workload('Deployment', 'web', { replicas: 2, template: template('web', big) })]),
    ).toEqual(['agent-0 Running on n-0', 'agent-1 Running on n-1', 'web-0 Running on n-0', 'web-1 Running on n-1']);
  });

  test('a Node of the files that lacks them; what it says itself stays', () => {
    const node = (name: string, labels: Fields, more: Fields = {}) => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels },
      status: { allocatable: { cpu: '1', memory: '4Gi', pods: '9' }, ...more },
    });
    const nodes = [
      node('a', {}),
      node('b', { 'kubernetes.io/os': 'windows' }),
      node('c', {}, { nodeInfo: { operatingSystem: 'linux', architecture: 'arm64' } }),
    ];
    expect(
      play({}, [
        ...nodes,
        workload('DaemonSet', 'agent', {
          template: template('agent', { nodeSelector: { 'kubernetes.io/os': 'linux' } }),
        }),
      ]),
    ).toEqual(['agent-0 Running on a', 'agent-1 Running on c']);
    expect(play({}, [...nodes, select({ 'kubernetes.io/arch': 'arm64' })])).toEqual(['web-0 Running on c']);
    expect(play({}, [...nodes, select({ 'kubernetes.io/hostname': 'a' })])).toEqual(['web-0 Running on a']);
  });
});

describe('a namespace that a pod is in', () => {
  const near = (namespace: string) => ({
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        {
          topologyKey: 'kubernetes.io/hostname',
          labelSelector: { matchLabels: { app: 'db' } },
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
        },
      ],
    },
  });
  const db = podObject(
    'db',
    { nodeSelector: { 'kubernetes.io/hostname': 'n-1' } },
    { namespace: 'data', labels: { app: 'db' } },
  );

  test('is there and carries its name, written down or not', () => {
    const web = podObject('web', { affinity: near('data') });
    expect(play(pool(), [db, web])).toEqual(['db Running on n-1', 'web Running on n-1']);
    expect(
      play(pool(), [
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'data', labels: { team: 'a' } } },
        db,
        web,
      ]),
    ).toEqual(['db Running on n-1', 'web Running on n-1']);
    expect(play(pool(), [db, podObject('web', { affinity: near('other') })])).toEqual([
      'db Running on n-1',
      'web Pending',
    ]);
  });

  test('of generated work, too', () => {
    const workloads = [{ name: 'data', kind: 'Pod', lifetime: '1h', namespace: 'data', requests: { cpu: 1 } }];
    const affinity = near('data');
    affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchLabels.app = 'data';
    expect(play({ ...pool(), workloads }, [podObject('web', { affinity })])).toEqual(
      expect.arrayContaining([expect.stringMatching(/^web Running/)]),
    );
  });
});

describe('the status of a dump', () => {
  const done = { completions: 1, parallelism: 1 };

  test.each([
    ['complete', job('j', done, { succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] }), 0],
    ['failed', job('j', done, { failed: 7, conditions: [{ type: 'Failed', status: 'True' }] }), 0],
    ['about to be', job('j', done, { conditions: [{ type: 'FailureTarget', status: 'True' }] }), 0],
    [
      'was suspended once, and is not finished',
      job('j', done, { conditions: [{ type: 'Suspended', status: 'False' }] }),
      1,
    ],
    ['suspended', job('j', { completions: 3, parallelism: 3, suspend: true }), 0],
    ['half done', job('j', { completions: 4, parallelism: 2 }, { succeeded: 3, active: 1 }), 1],
    ['all done, and not yet said so', job('j', { completions: 4, parallelism: 2 }, { succeeded: 4 }), 0],
    [
      'indexed',
      job(
        'j',
        { completions: 6, parallelism: 6, completionMode: 'Indexed' },
        { succeeded: 9, completedIndexes: '0,2-4' },
      ),
      2,
    ],
    [
      'indexed, with indexes given up',
      job(
        'j',
        { completions: 6, parallelism: 6, completionMode: 'Indexed', backoffLimitPerIndex: 1 },
        { completedIndexes: '0,2-4', failedIndexes: '1' },
      ),
      1,
    ],
    ['a work queue', job('j', { parallelism: 3 }), 3],
    ['a work queue that has brought a result', job('j', { parallelism: 3 }, { succeeded: 1 }), 0],
    ["another manager's", job('j', { ...done, managedBy: 'kueue.x-k8s.io/multikueue' }), 0],
    ["the controller's own", job('j', { ...done, managedBy: 'kubernetes.io/job-controller' }), 1],
    ['without parallelism', job('j', { parallelism: 0, completions: 3 }), 0],
  ])('a Job that is %s', (_what, object, count) => {
    const { result } = playScenario({ duration: '1h', ...pool() }, [object]);
    expect([result.counts.podsArrived, result.counts.podsFinished]).toEqual([count, count]);
  });

  test('pods of a Job that are there count: running ones go on, succeeded ones are done', () => {
    const reference = [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j', controller: true }];
    const there = (name: string, phase: string) => ({
      ...(podObject(name, { nodeName: 'n-0', restartPolicy: 'Never' }, { ownerReferences: reference }) as object),
      status: { phase },
    });
    const objects = [
      job('j', { completions: 5, parallelism: 2 }, { succeeded: 2, active: 1 }),
      there('j-a', 'Succeeded'),
      there('j-b', 'Running'),
    ];
    const { result } = playScenario({ duration: '1h', ...pool() }, objects);
    // Three are left: the running one and two more.
    expect([result.counts.podsArrived, result.counts.podsFinished]).toEqual([3, 3]);
  });

  test('pods of a suspended Job are deleted', () => {
    const reference = [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j', controller: true }];
    const running = {
      ...(podObject('j-a', { nodeName: 'n-0' }, { ownerReferences: reference }) as object),
      status: { phase: 'Running' },
    };
    expect(play(pool(), [job('j', { suspend: true }), running])).toEqual(['j-a Deleted on n-0']);
  });

  test('a paused Deployment makes no ReplicaSet; one that has one keeps its size', () => {
    const paused = (status: Fields) => workload('Deployment', 'web', { replicas: 2, paused: true }, status);
    expect(play(pool(), [paused({})])).toEqual([]);
    expect(play(pool(), [paused({ status: { replicas: 2, observedGeneration: 3 } })])).toHaveLength(2);
  });

  test('a workload that is being deleted makes no pods', () => {
    const gone = {
      ...workload('ReplicaSet', 'web', { replicas: 2 }),
      metadata: { name: 'web', deletionTimestamp: '2026-01-01T00:00:00Z' },
    };
    expect(play(pool(), [gone])).toEqual([]);
  });

  test('a StatefulSet counts from its first ordinal; pods that are there keep theirs', () => {
    expect(
      play(pool(), [workload('StatefulSet', 'db', { replicas: 2, ordinals: { start: 5 } })]).map(
        (line) => line.split(' ')[0],
      ),
    ).toEqual(['db-5', 'db-6']);
    const reference = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', controller: true }];
    const there = {
      ...(podObject('db-1', { nodeName: 'n-1' }, { labels: { app: 'db' }, ownerReferences: reference }) as object),
      status: { phase: 'Running' },
    };
    expect(
      play(pool(), [workload('StatefulSet', 'db', { replicas: 3 }), there]).map((line) => line.split(' ')[0]),
    ).toEqual(['db-0', 'db-1', 'db-2']);
  });

  test('pods of a Job and of a StatefulSet carry the labels of their controllers', () => {
    const near = (labels: Fields) => ({
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: labels } },
          ],
        },
      },
    });
    const pinned = { nodeSelector: { 'kubernetes.io/hostname': 'n-1' }, containers };
    const load = { ...job('load', {}), spec: { template: { spec: { restartPolicy: 'Never', ...pinned } } } };
    expect(play(pool(), [load, podObject('p', near({ 'job-name': 'load' }))])).toContain('p Running on n-1');
    expect(
      play(pool(), [
        workload('StatefulSet', 'db', { template: template('db', pinned) }),
        podObject('p', near({ 'statefulset.kubernetes.io/pod-name': 'db-0', 'apps.kubernetes.io/pod-index': '0' })),
      ]),
    ).toContain('p Running on n-1');
  });
});

describe('a DaemonSet that stands first', () => {
  const daemon = workload('DaemonSet', 'agent', {
    template: template('agent', { containers: [{ name: 'main', image: 'i', resources: { requests: { cpu: '2' } } }] }),
  });
  const web = workload('Deployment', 'web', { replicas: 8 });

  test('does not lose the race to a Deployment of the same instant', () => {
    expect(play(pool(), [daemon, web]).filter((line) => line.startsWith('agent'))).toEqual([
      'agent-0 Running on n-0',
      'agent-1 Running on n-1',
    ]);
  });

  test('nor among generated workloads', () => {
    const workloads = [
      { name: 'agent', kind: 'DaemonSet', requests: { cpu: 2 } },
      { name: 'web', kind: 'Deployment', replicas: 8, requests: { cpu: 1 } },
    ];
    expect(play({ ...pool(), workloads }, []).filter((line) => line.startsWith('agent'))).toEqual([
      'agent-0 Running on n-0',
      'agent-1 Running on n-1',
    ]);
  });
});

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

describe('disruption budgets without a status', () => {
  // n1 has the more important pods: preemption goes there only to spare a budget.
  const running = (name: string, node: string, spec: Fields, app: string) => ({
    ...(podObject(name, { nodeName: node, ...spec }, { labels: { app } }) as object),
    status: { phase: 'Running' },
  });
  const cluster = [
    nodeObject('n0', { cpu: '2' }),
    nodeObject('n1', { cpu: '2' }),
    running('a', 'n0', {}, 'low'),
    running('b', 'n0', {}, 'low'),
    running('c', 'n1', { priority: 1 }, 'high'),
    running('d', 'n1', { priority: 1 }, 'high'),
  ];
  const budget = (spec: Fields, status: Fields = {}) => ({
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'low' },
    spec: { selector: { matchLabels: { app: 'low' } }, ...spec },
    ...status,
  });
  const vip = { name: 'vip', kind: 'Pod', lifetime: '30d', priorityClass: 'vip', requests: { cpu: 1 } };
  const workloads = [
    { ...vip, arrivals: { at: '1s', count: 1 } },
    { ...vip, name: 'vip-again', arrivals: { at: '3m', count: 1 } },
  ];
  const evicted = (object: unknown): string[] => {
    const { pods } = playScenario({ duration: '10m', priorityClasses: { vip: 1000 }, workloads }, [...cluster, object]);
    return pods
      .filter(({ outcome }) => outcome === 'Evicted')
      .map(({ name }) => name)
      .sort((a, b) => (a < b ? -1 : 1));
  };

  test('allow what the controller would: one of two, and nothing more once that one is gone', () => {
    expect(evicted(budget({ minAvailable: 1 }))).toEqual(['a', 'd']);
    expect(evicted(budget({ minAvailable: 0 }))).toEqual(['a', 'b']);
    expect(evicted(budget({ minAvailable: 2 }))).toEqual(['c', 'd']);
  });

  test('an old status gives way to what the pods say', () => {
    expect(evicted(budget({ minAvailable: 1 }, { status: { disruptionsAllowed: 0 } }))).toEqual(['a', 'd']);
    expect(evicted(budget({ minAvailable: 2 }, { status: { disruptionsAllowed: 2 } }))).toEqual(['c', 'd']);
  });
});
