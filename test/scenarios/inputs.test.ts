// What becomes of a scenario's workloads, trace rows and manifest objects: owners, pods, templates.
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import { checkCluster } from '../../src/cluster/check.ts';
import { PodPhase } from '../../src/cluster/cluster.ts';
import type { KubernetesObject, Pod, WorkloadObject } from '../../src/cluster/objects.ts';
import { WorkloadControllers } from '../../src/controllers/workload-controllers.ts';
import { WorkloadKind } from '../../src/cluster/workload-table.ts';
import { ManifestInput } from '../../src/simulation/manifest-input.ts';
import { PodAdmission } from '../../src/control-plane/pod-admission.ts';
import type { TracePod } from '../../src/workload/traces/trace-pod.ts';
import type { Workload } from '../../src/workload/settings.ts';
import { TraceInput, WorkloadInput } from '../../src/simulation/workload-input.ts';
import type { ArrivalTargets } from '../../src/simulation/workload-input.ts';
import { WorkloadSource } from '../../src/workload/generators/workload-source.ts';
import { TraceSource } from '../../src/workload/traces/trace-source.ts';
import { OPEN_GATE } from '../../src/controllers/owned-pods.ts';
import { fixed, LIFECYCLE, playScript, World } from '../support/node-life.ts';

const PRIORITY_CLASSES = {
  high: { value: 1000, preemptionPolicy: 'Never', globalDefault: false },
  usual: { value: 7, preemptionPolicy: 'PreemptLowerPriority', globalDefault: true },
};

function targetsOf(world: World, defaultTolerationSeconds = 300): ArrivalTargets {
  const { cluster } = world;
  const admission = new PodAdmission(cluster, { priorityClasses: PRIORITY_CLASSES, nodeLifecycle: { ...LIFECYCLE, defaultTolerationSeconds } });
  const admit = (pod: Pod, like = -1): number => (like < 0 ? admission.template(pod) : admission.variant(pod, like));
  const controllers = new WorkloadControllers(world.kernel, cluster, admit, 4);
  return { cluster, admission, controllers, gate: OPEN_GATE };
}

function workload(overrides: Partial<Workload>): Workload {
  return {
    name: 'web', kind: 'Deployment', class: 'service', arrivals: { kind: 'at', atMicros: 0, count: 1 }, replicas: fixed(1), lifetimeSeconds: null, shapes: [],
    namespace: 'default', priorityClassName: null, application: null, template: { spec: { containers: [{ name: 'main', resources: { requests: { cpu: '1' } } }] } }, ...overrides,
  };
}

function worldWith(
  workloads: readonly Workload[],
  script = 'node a cpu=200 memory=64Gi',
  tolerationSeconds = 300,
): World {
  const world = new World({ ownControllers: false });
  playScript(world, script);
  const source = new WorkloadSource(workloads, world.kernel.random, null);
  world.kernel.addInput(2, new WorkloadInput(workloads, source, targetsOf(world, tolerationSeconds)));
  return world;
}

/** `name phase class` of every pod, by name. */
function podsIn(world: World): string[] {
  const { cluster } = world;
  const { pods } = cluster;
  const phases = Object.entries(PodPhase);
  const lines: string[] = [];
  for (let pod = 0; pod < pods.length; pod++) {
    if (pods.phase[pod] === PodPhase.Free) continue;
    const phase = phases.find(([, value]) => value === pods.phase[pod])?.[0] ?? '';
    lines.push(`${cluster.podName(pod).replace(/^(web-[0-9]+)-[a-z0-9]+-/, '$1-HASH-')} ${phase} ${cluster.classes.text(pods.workloadClass[pod])}`);
  }
  return lines.sort((a, b) => (a < b ? -1 : 1));
}

describe('generated workloads', () => {
  test('of every kind: names, ends and what stays', () => {
    const world = worldWith([
      workload({ arrivals: { kind: 'at', atMicros: 0, count: 2 }, replicas: fixed(2), lifetimeSeconds: fixed(100) }),
      workload({ name: 'batch', kind: 'Job', class: 'batch', replicas: fixed(2), lifetimeSeconds: fixed(10) }),
      workload({ name: 'solo', kind: 'Pod', class: 'solo', replicas: fixed(2), lifetimeSeconds: fixed(20) }),
      workload({ name: 'agent', kind: 'DaemonSet', class: 'daemon' }),
    ]);
    world.run(5);
    expect(podsIn(world)).toEqual([
      'agent-0 Running daemon', 'batch-0-0 Running batch', 'batch-0-1 Running batch', 'solo-0 Running solo', 'solo-1 Running solo',
      'web-0-HASH-0 Running service', 'web-0-HASH-1 Running service', 'web-1-HASH-0 Running service', 'web-1-HASH-1 Running service',
    ]);
    // Two Deployments, each with a ReplicaSet, a Job, a DaemonSet.
    expect(world.owners.count).toBe(6);
    world.run(50);
    expect(podsIn(world).map((line) => line.split(' ')[0])).toEqual(['agent-0', 'web-0-HASH-0', 'web-0-HASH-1', 'web-1-HASH-0', 'web-1-HASH-1']);
    world.run(102);
    expect(podsIn(world)).toEqual(['agent-0 Running daemon']);
    expect(world.owners.count).toBe(1);
  });

  test('one template for each shape; the first container has the shape, limits give way', () => {
    const containers = [{ name: 'main', resources: { requests: { cpu: '9' }, limits: { cpu: '9' } } }, { name: 'side', resources: { requests: { cpu: '1' } } }];
    const shapes = [{ weight: 1, requests: { cpu: '250m' } }, { weight: 1, requests: { cpu: '2', memory: '1Gi' } }];
    const world = worldWith([workload({ arrivals: { kind: 'at', atMicros: 0, count: 40 }, shapes, template: { spec: { containers } } })]);
    world.run(1);
    const { templates } = world.cluster;
    const own = Array.from({ length: templates.count }, (_, id) => templates.get(id)).filter(({ id, specOf }) => id === specOf);
    const requested = own.map((template) => [...template.requested.amounts]);
    expect(requested.sort((a, b) => a.length - b.length)).toEqual([[250], [2000, 1024 ** 3]]);
  });

  test('priority, default tolerations with the scenario\'s seconds, restart policies', () => {
    const world = worldWith(
      [workload({ priorityClassName: 'high' }), workload({ name: 'batch', kind: 'Job', lifetimeSeconds: fixed(9) }), workload({ name: 'agent', kind: 'DaemonSet' })],
      'node a', 60,
    );
    world.run(2);
    const templateOf = (name: string) => world.cluster.templateOf(world.podNamed(name));
    const { cluster } = world;
    const web = cluster.workloads.nameOf(cluster.workloads.children[cluster.workloads.find(WorkloadKind.Deployment, 'default/web-0')][0]);
    expect(templateOf(`${web}-0`)).toMatchObject({ priority: 1000, neverPreempts: true, restartPolicy: 'Always' });
    expect(templateOf(`${web}-0`).tolerations.map(({ tolerationSeconds }) => tolerationSeconds)).toEqual([60, 60]);
    expect(templateOf('batch-0-0')).toMatchObject({ priority: 7, restartPolicy: 'Never' });
    expect(templateOf('agent-0').tolerations).toHaveLength(6);
    expect(templateOf('agent-0').tolerations.every(({ tolerationSeconds }) => tolerationSeconds === undefined)).toBe(true);
  });
});

describe('traces', () => {
  const row = (overrides: Partial<TracePod>): TracePod => ({
    name: 'pod-0', namespace: 'default', arrivalMicros: 0, durationMicros: null, priority: 0, class: 'LS', labels: {}, nodeSelector: {}, nodeAffinityAnyOf: [],
    requests: { cpu: '1' }, ...overrides,
  });

  test('pods come at their times; like rows share a template; numbered names share a base', () => {
    const rows = [
      row({}), row({ name: 'pod-1', requests: { cpu: '1' }, durationMicros: 5 * MICROS_PER_SECOND }),
      row({ name: 'pod-0002', arrivalMicros: 3 * MICROS_PER_SECOND, priority: 300, nodeAffinityAnyOf: [{ key: 'gpu', values: ['P100', 'T4'] }] }),
    ];
    const world = new World({ ownControllers: false });
    playScript(world, 'node a labels=gpu:T4');
    let next = 0;
    const reader = { podCount: 0, next: () => rows[next++] ?? null, notes: () => [] };
    world.kernel.addInput(2, new TraceInput(new TraceSource(reader), targetsOf(world)));
    world.run(4);
    expect(podsIn(world)).toEqual(['pod-0 Running LS', 'pod-0002 Running LS', 'pod-1 Running LS']);
    expect(world.cluster.templates.count).toBe(2);
    expect(world.cluster.templateOf(world.podNamed('pod-0002'))).toMatchObject({
      priority: 300,
      spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'gpu', operator: 'In', values: ['P100', 'T4'] }] }] } } } },
    });
    world.run(10);
    expect(podsIn(world)).toEqual(['pod-0 Running LS', 'pod-0002 Running LS']);
  });
});

describe('manifests', () => {
  const template = (app: string): WorkloadObject['spec'] => ({
    selector: { matchLabels: { app } }, template: { metadata: { labels: { app } }, spec: { containers: [{ name: 'main', resources: { requests: { cpu: '100m' } } }] } },
  });
  const play = (objects: readonly KubernetesObject[], until = 3): World => {
    const world = new World({ ownControllers: false });
    world.cluster.addNode({ metadata: { name: 'n' }, status: { allocatable: { cpu: '8', pods: '50' } } });
    world.kernel.addInput(2, new ManifestInput(objects, targetsOf(world)));
    world.run(until);
    checkCluster(world.cluster);
    return world;
  };
  const deployment: WorkloadObject = { kind: 'Deployment', metadata: { name: 'web' }, spec: { ...template('web'), replicas: 2 } };

  test('workloads of all kinds make their pods; a Deployment by a ReplicaSet that its pods name', () => {
    const world = play([
      { kind: 'Namespace', metadata: { name: 'prod' } },
      deployment,
      { kind: 'StatefulSet', metadata: { name: 'db' }, spec: { ...template('db'), replicas: 2 } } as WorkloadObject,
      { kind: 'DaemonSet', metadata: { name: 'agent' }, spec: template('agent') } as WorkloadObject,
      { kind: 'Job', metadata: { name: 'sum' }, spec: { ...template('sum'), completions: 3, parallelism: 2 } } as WorkloadObject,
      { kind: 'Pod', metadata: { name: 'bare' }, spec: { containers: [] } } as Pod,
    ]);
    const { cluster } = world;
    const set = [...cluster.objects.list<WorkloadObject>('ReplicaSet')][0].metadata?.name ?? '';
    expect(podsIn(world)).toEqual([
      'agent-0 Running DaemonSet', 'bare Running Pod', 'db-0 Running StatefulSet', 'db-1 Running StatefulSet', 'sum-0 Running Job', 'sum-1 Running Job',
      `${set}-0 Running Deployment`, `${set}-1 Running Deployment`,
    ]);
    expect(cluster.templateOf(world.podNamed(`${set}-0`)).controller).toEqual({
      kind: 'ReplicaSet',
      name: set,
      uid: `ReplicaSet/default/${set}`,
    });
    const hash = set.slice('web-'.length);
    expect(cluster.objects.get<WorkloadObject>('ReplicaSet', `default/${set}`)?.spec?.selector).toEqual({
      matchLabels: { app: 'web', 'pod-template-hash': hash },
    });
    expect(cluster.templateOf(world.podNamed(`${set}-0`)).labels.get('pod-template-hash')).toBe(hash);
    expect(cluster.objects.get('Namespace', 'prod')).toBeDefined();
  });

  test('a Job runs a minute by default, one completion after another; the annotation changes that', () => {
    const job = (name: string, annotations: Record<string, string>): WorkloadObject => ({ kind: 'Job', metadata: { name, annotations }, spec: { ...template(name), completions: 2 } });
    const world = play([job('usual', {}), job('short', { 'podyard.dev/duration': '10s' })], 40);
    expect(podsIn(world)).toEqual(['short-0 Succeeded Job', 'short-1 Succeeded Job', 'usual-0 Running Job']);
    world.run(70);
    expect(podsIn(world).slice(2)).toEqual(['usual-0 Succeeded Job', 'usual-1 Running Job']);
    world.run(200);
    expect(podsIn(world).slice(2)).toEqual(['usual-0 Succeeded Job', 'usual-1 Succeeded Job']);
  });

  test('a duration on a Deployment ends it; a wrong one is refused', () => {
    const timed = (text: string): WorkloadObject => ({ ...deployment, metadata: { name: 'web', annotations: { 'podyard.dev/duration': text } } });
    expect(podsIn(play([timed('1m')], 62))).toEqual([]);
    expect(() => play([timed('soon')])).toThrow(InputError);
  });

  test('a dump: running pods stay where they are and count towards their owners', () => {
    const owned = (name: string, kind: string, owner: string, extra: Partial<Pod> = {}): Pod => ({
      kind: 'Pod',
      metadata: { name, namespace: 'default', ownerReferences: [{ kind, name: owner, controller: true }] },
      spec: { nodeName: 'n', containers: [{ name: 'main', image: 'shop:2' }], priority: 3 },
      status: { phase: 'Running' },
      ...extra,
    });
    const world = play([
      deployment,
      { kind: 'ReplicaSet', metadata: { name: 'web-5d', namespace: 'default', ownerReferences: [{ kind: 'Deployment', name: 'web', controller: true }] }, spec: { ...template('web'), replicas: 2 } } as WorkloadObject,
      owned('web-5d-x7', 'ReplicaSet', 'web-5d'),
      owned('web-5d-over', 'ReplicaSet', 'web-5d', { status: { phase: 'Succeeded' } }),
      { kind: 'StatefulSet', metadata: { name: 'db' }, spec: { ...template('db'), replicas: 3 } } as WorkloadObject,
      owned('db-1', 'StatefulSet', 'db'),
      { kind: 'DaemonSet', metadata: { name: 'agent' }, spec: template('agent') } as WorkloadObject,
      owned('agent-q', 'DaemonSet', 'agent'),
    ], 0);
    expect(podsIn(world).filter((line) => line.includes('Running'))).toEqual(['agent-q Running DaemonSet', 'db-1 Running StatefulSet', 'web-5d-x7 Running ReplicaSet']);
    world.run(8);
    expect(podsIn(world)).toEqual([
      'agent-q Running DaemonSet', 'db-0 Running StatefulSet', 'db-1 Running StatefulSet', 'db-2 Running StatefulSet',
      'web-5d-0 Running ReplicaSet', 'web-5d-x7 Running ReplicaSet',
    ]);
    const { pods } = world.cluster;
    expect(world.owners.kind[pods.owner[world.podNamed('db-1')]]).toBe(WorkloadKind.StatefulSet);
    expect(world.cluster.templateOf(world.podNamed('db-1')).priority).toBe(3);
    expect(pods.pinnedNode[world.podNamed('agent-q')]).toBe(world.cluster.names.find('n'));
    expect(pods.acknowledgedAt[world.podNamed('web-5d-x7')]).toBe(0);
  });

  test('a lost pod that is the last of its file is removed once', () => {
    const lost: Pod = { kind: 'Pod', metadata: { name: 'lost' }, spec: { nodeName: 'nowhere', containers: [{ name: 'main' }] }, status: { phase: 'Running' } };
    expect(play([lost]).log.filter((line) => line.includes('lost'))).toEqual(['    0.0  created lost', '    0.0  terminating lost: nodeFailure', '    0.0  removed lost: Evicted']);
  });

  test('a pod on a node that does not exist is lost; a pending one with a node starts there', () => {
    const pod = (name: string, nodeName: string, phase: string): Pod => ({ kind: 'Pod', metadata: { name }, spec: { nodeName, containers: [{ name: 'main' }] }, status: { phase } });
    const world = play([pod('lost', 'nowhere', 'Running'), pod('late', 'n', 'Pending'), pod('there', 'n', 'Running')]);
    expect(podsIn(world)).toEqual(['late Running Pod', 'there Running Pod']);
    expect(world.log.filter((line) => /lost|started/.test(line))).toEqual([
      '    0.0  created lost', '    0.0  terminating lost: nodeFailure', '    0.0  removed lost: Evicted', '    0.0  started there on n', '    1.0  started late on n',
    ]);
  });
});
