/**
 * The text of the PodScheduled condition, letter for letter as kube-scheduler v1.37 writes it (v1.36: below): what
 * PreFilter says, or nodes by reason, in the order of the text (so 10 before 2), then what PostFilter says
 * (pkg/scheduler/framework/types.go: FitError).
 */
import { describe, expect, test } from 'vitest';
import type { Affinity, KubernetesObject, PodSpec, Taint } from '../../src/cluster/objects.ts';
import { SchedulerWorld } from './scheduler-world.ts';

const ZONE = 'topology.kubernetes.io/zone';
const DEDICATED: Taint = { key: 'dedicated', value: 'db', effect: 'NoSchedule' };
/** What DefaultPreemption says, with `nodes` that no preemption helps and others without victims. */
const tail = (all: number, helpless: number): string => {
  const parts = [...(all - helpless > 0 ? [`${all - helpless} No preemption victims found for incoming pod`] : []), ...(helpless > 0 ? [`${helpless} Preemption is not helpful for scheduling`] : [])];
  return ` preemption: 0/${all} nodes are available: ${parts.sort((a, b) => (a < b ? -1 : 1)).join(', ')}.`;
};

interface Story {
  readonly what: string;
  /** Sets the stage. */
  readonly world: (world: SchedulerWorld) => void;
  readonly cpu?: string;
  readonly spec?: PodSpec;
  readonly labels?: Readonly<Record<string, string>>;
  readonly says: string;
}

const nodes = (count: number, allocatable: Readonly<Record<string, string>> = {}) => (world: SchedulerWorld): void => world.nodes(count, allocatable);
const running = (spec: PodSpec, labels: Readonly<Record<string, string>> = {}) => (world: SchedulerWorld): void => {
  world.node('n0', {}, { [ZONE]: 'a' });
  world.placed('there', 'n0', '1', spec, labels);
};
const containers = (more: object): PodSpec => ({ containers: [{ name: 'main', resources: { requests: { cpu: '1' } }, ...more }] });
const claims = (...names: string[]): PodSpec => ({ ...containers({}), volumes: names.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })) });
const web = { labelSelector: { matchLabels: { app: 'web' } }, topologyKey: ZONE };
const near: Affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [web] } };
const away: Affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [web] } };
const put = (...objects: KubernetesObject[]) => (world: SchedulerWorld): void => {
  world.nodes(2);
  for (const object of objects) world.cluster.putObject(object.kind ?? '', object);
};
const claim = (spec: object, metadata: object = {}): KubernetesObject => ({ kind: 'PersistentVolumeClaim', metadata: { namespace: 'default', name: 'data', ...metadata }, spec }) as KubernetesObject;
const storageClass = (volumeBindingMode: string, provisioner: string): KubernetesObject => ({ kind: 'StorageClass', metadata: { name: 'disk' }, provisioner, volumeBindingMode }) as KubernetesObject;

const ONE_REASON: readonly Story[] = [
  { what: 'NodeUnschedulable', world: (world) => world.cluster.setUnschedulable(world.node('n0'), true), says: `0/1 nodes are available: 1 node(s) were unschedulable.${tail(1, 1)}` },
  { what: 'TaintToleration', world: (world) => world.cluster.setTaints(world.node('n0'), [DEDICATED]), says: `0/1 nodes are available: 1 node(s) had untolerated taint(s).${tail(1, 1)}` },
  { what: 'NodeAffinity', world: nodes(2), spec: { ...containers({}), nodeSelector: { disk: 'ssd' } }, says: `0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.${tail(2, 2)}` },
  { what: 'NodePorts', world: running(containers({ ports: [{ containerPort: 80, hostPort: 80 }] })), spec: containers({ ports: [{ containerPort: 80, hostPort: 80 }] }), says: `0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.${tail(1, 0)}` },
  { what: 'NodeResourcesFit: number of pods', world: nodes(3, { pods: '0' }), says: `0/3 nodes are available: 3 Too many pods.${tail(3, 0)}` },
  { what: 'NodeResourcesFit: more than there ever is', world: nodes(3), cpu: '5', says: `0/3 nodes are available: 3 Insufficient cpu.${tail(3, 3)}` },
  { what: 'NodeResourcesFit: more than is free', world: running({}), cpu: '4', says: `0/1 nodes are available: 1 Insufficient cpu.${tail(1, 0)}` },
  { what: 'VolumeRestrictions', world: running({ volumes: [{ name: 'd', gcePersistentDisk: { pdName: 'd' } }] }), spec: { ...containers({}), volumes: [{ name: 'd', gcePersistentDisk: { pdName: 'd' } }] }, says: `0/1 nodes are available: 1 node(s) had no available disk.${tail(1, 0)}` },
  { what: 'InterPodAffinity: affinity', world: nodes(2), spec: { ...containers({}), affinity: near }, says: `0/2 nodes are available: 2 node(s) didn't match pod affinity rules.${tail(2, 2)}` },
  { what: 'InterPodAffinity: anti-affinity', world: running({}, { app: 'web' }), spec: { ...containers({}), affinity: away }, says: `0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules.${tail(1, 0)}` },
  { what: 'InterPodAffinity: of a running pod', world: running({ affinity: away }), labels: { app: 'web' }, says: `0/1 nodes are available: 1 node(s) didn't satisfy existing pods anti-affinity rules.${tail(1, 0)}` },
  {
    what: 'PodTopologySpread: no such label', world: nodes(2), spec: { ...containers({}), topologySpreadConstraints: [{ ...web, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }] },
    says: `0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints (missing required label).${tail(2, 2)}`,
  },
  { what: 'NodeDeclaredFeatures', world: nodes(1), spec: { ...containers({}), hostNetwork: true, hostUsers: false }, says: `0/1 nodes are available: 1 node(s) didn't match Pod's required features.${tail(1, 1)}` },
  { what: 'VolumeBinding: nothing to bind', world: put(storageClass('WaitForFirstConsumer', 'kubernetes.io/no-provisioner'), claim({ storageClassName: 'disk' })), spec: claims('data'), says: `0/2 nodes are available: 2 node(s) didn't find available persistent volumes to bind.${tail(2, 2)}` },
];

const DELETED = { deletionTimestamp: '2026-01-01T00:00:00Z' };

/** DynamicResources' PostFilter finds nothing of its PreFilter's, which was not reached: an error, the last word. */
const PRE_FILTER: readonly Story[] = [
  {
    what: 'a claim that is not there', world: put(), spec: claims('data'),
    says: '0/2 nodes are available: persistentvolumeclaim "data" not found. not found',
  },
  {
    what: 'a claim that somebody else has to bind',
    world: put(storageClass('Immediate', 'csi.example.com'), claim({ storageClassName: 'disk' })), spec: claims('data'),
    says: '0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found',
  },
  {
    what: 'a claim that is being deleted',
    world: put(storageClass('Immediate', 'csi.example.com'), claim({ storageClassName: 'disk' }, DELETED)),
    spec: claims('data'),
    says: '0/2 nodes are available: persistentvolumeclaim "data" is being deleted. not found',
  },
];

function spread(world: SchedulerWorld): void {
  for (const [name, zone] of [['a', 'a'], ['b', 'b']]) world.node(name, {}, { [ZONE]: zone });
  world.placed('web', 'a', '1', {}, { app: 'web' });
  world.cluster.setUnschedulable(world.cluster.nodeRow('b'), true);
}

const SEVERAL: readonly Story[] = [
  { what: 'a node counts for each of its reasons', world: nodes(1, { cpu: '1', memory: '1Gi' }), spec: { containers: [{ name: 'main', resources: { requests: { cpu: '2', memory: '2Gi' } } }] }, says: `0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.${tail(1, 1)}` },
  {
    what: 'entries stand in the order of their texts: 10 before 2',
    world: (world) => {
      world.nodes(12);
      for (let row = 0; row < 10; row++) world.cluster.setTaints(row, [DEDICATED]);
    },
    cpu: '5',
    says: `0/12 nodes are available: 10 node(s) had untolerated taint(s), 2 Insufficient cpu.${tail(12, 12)}`,
  },
  {
    what: 'only the first plugin that rejects a node is told of',
    world: (world) => world.cluster.setTaints(world.node('n0', { cpu: '1' }), [DEDICATED, { key: 'other', effect: 'NoExecute' }]),
    cpu: '2', spec: { containers: [{ name: 'main', resources: { requests: { cpu: '2' } } }], nodeSelector: { disk: 'ssd' } },
    says: `0/1 nodes are available: 1 node(s) had untolerated taint(s).${tail(1, 1)}`,
  },
  {
    what: 'a zone that must be filled first, but cannot be',
    world: spread, labels: { app: 'web' }, spec: { ...containers({}), topologySpreadConstraints: [{ ...web, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }] },
    says: `0/2 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) were unschedulable.${tail(2, 1)}`,
  },
  {
    what: 'a DaemonSet\'s pod: the other nodes are not looked at',
    world: (world) => {
      world.nodes(3);
      world.placed('there', 'n1', '1', { containers: [{ name: 'main', resources: { requests: { memory: '7Gi' } } }] });
    },
    spec: {
      containers: [{ name: 'main', resources: { requests: { memory: '2Gi' } } }],
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] }] } } },
    },
    says: `0/3 nodes are available: 1 Insufficient memory, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].${tail(3, 2)}`,
  },
  {
    what: 'a pod that may not preempt',
    world: nodes(1), cpu: '5', spec: { ...containers({ resources: { requests: { cpu: '5' } } }), preemptionPolicy: 'Never' },
    says: '0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.',
  },
  { what: 'no node at all', world: () => undefined, says: 'no nodes available to schedule pods' },
];

describe.each([
  ['one reason', ONE_REASON],
  ['what PreFilter rejects has no nodes by reason', PRE_FILTER],
  ['several reasons', SEVERAL],
])('%s', (_, stories) => {
  test.each(stories)('$what: $says', ({ world: setUp, cpu, spec, labels, says }) => {
    for (const plain of [false, true]) {
      const world = new SchedulerWorld({ plain });
      setUp(world);
      world.pod('p', cpu ?? '1', spec ?? {}, labels);
      world.runTo(0.5);
      expect([plain, ...world.messages]).toEqual([plain, says]);
    }
  });
});

test.each([
  ['1.36', '0/1 nodes are available: 1 Insufficient cpu.'],
  [
    '1.37',
    '0/1 nodes are available: 1 Insufficient cpu. preemption: found a potential placement for pod on node n0, preempting 1 victims',
  ],
] as const)('a preemption that helps is told of from v1.37 on (v%s)', (kubernetes, says) => {
  const world = new SchedulerWorld({ kubernetes });
  world.node('n0', { cpu: '1' });
  world.placed('low', 'n0', '1');
  world.pod('high', '1', { priority: 5 });
  world.runTo(0.5);
  expect(world.messages).toEqual([says]);
});

test('up to v1.36 DynamicResources says that it has no claims to free, whether the pod has any or not', () => {
  const world = new SchedulerWorld({ kubernetes: '1.36' });
  world.nodes(1);
  world.pod('p', '5');
  world.pod('q', '5', { ...containers({ resources: { requests: { cpu: '5' } } }), preemptionPolicy: 'Never' });
  world.runTo(0.5);
  const text = '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption:';
  expect(world.messages).toEqual([
    `${text} 0/1 nodes are available: 1 Preemption is not helpful for scheduling.`,
    `${text} not eligible due to preemptionPolicy=Never.`,
  ]);
});
