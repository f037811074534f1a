// What manifests and dumps say and a cluster takes for granted: labels of nodes, namespaces, the status of Jobs and
// Deployments, disruption budgets. Each story tells what the real controllers do.
import { describe, expect, test } from 'vitest';
import { containers, job, play, pool, template, workload } from '../support/dumped-objects.ts';
import type { Fields } from '../support/dumped-objects.ts';
import { nodeObject, playScenario, podObject } from '../support/played-scenario.ts';

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
