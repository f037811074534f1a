/**
 * Random clusters and pods for laws about single decisions (fast-check: what fails is shrunk). Everything is drawn from few
 * values, so that taints meet tolerations, selectors meet labels and ports meet ports. An image has one size everywhere.
 */
import fc from 'fast-check';
import type { Affinity, Container, KubernetesObject, Node, Pod, PodAffinityTerm, PodSpec, Taint, Toleration, TopologySpreadConstraint, Volume } from '../../src/cluster/objects.ts';

export const HOSTNAME = 'kubernetes.io/hostname';
export const ZONE = 'topology.kubernetes.io/zone';
const CSI_DRIVER = 'csi.example.com';

const MEBI = 1024 * 1024;
const IMAGE_BYTES: Readonly<Record<string, number>> = { 'registry/web:v1': 80 * MEBI, 'registry/api:v1': 400 * MEBI, 'registry/db:v1': 900 * MEBI };
const CLAIMS = ['v0', 'v1', 'v2', 'solo'];
/** Bound, and used by no random pod. */
export const OWN_CLAIM = 'own';
const APPS = ['web', 'api', 'db'];

export interface DecisionCase {
  readonly nodes: readonly Node[];
  /** Running pods: each names its node. They need not fit. */
  readonly running: readonly Pod[];
  readonly pod: Pod;
}

const sometimes = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const rarely = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** The members that have a value. */
function defined<T extends object>(drawn: T): Defined<T> {
  return Object.fromEntries(Object.entries(drawn).filter(([, value]) => value !== undefined)) as Defined<T>;
}

export const taintArbitrary: fc.Arbitrary<Taint> = fc.record({
  key: fc.constantFrom('dedicated', 'spot'),
  value: fc.constantFrom('a', 'b'),
  effect: fc.constantFrom('NoSchedule', 'PreferNoSchedule', 'NoExecute'),
});

export const tolerationArbitrary: fc.Arbitrary<Toleration> = fc.record({
  key: fc.constantFrom('dedicated', 'spot', 'node.kubernetes.io/unschedulable'),
  operator: fc.constantFrom('Exists', 'Equal'),
  effect: fc.constantFrom('', 'NoSchedule', 'PreferNoSchedule', 'NoExecute'),
}).chain((toleration) => (toleration.operator === 'Exists' ? fc.constant(toleration) : fc.constantFrom('a', 'b').map((value) => ({ ...toleration, value }))));

const imageArbitrary = fc.constantFrom(...Object.keys(IMAGE_BYTES));

interface NodeDraw {
  readonly zone: string;
  readonly disk: string;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly unschedulable: boolean;
  readonly images: readonly string[];
}

const zoneArbitrary = fc.constantFrom('a', 'b', 'c', '');

const nodeDraw: fc.Arbitrary<NodeDraw> = fc.record({
  zone: zoneArbitrary,
  disk: fc.constantFrom('ssd', 'hdd'),
  allocatable: fc.record({
    cpu: fc.constantFrom('2', '8', '8', '16'),
    memory: fc.constantFrom('4Gi', '16Gi', '32Gi'),
    pods: fc.constantFrom('3', '110', '110'),
    'example.com/gpu': fc.constantFrom('2', '4'),
  }),
  taints: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(taintArbitrary, { maxLength: 2 }) }),
  unschedulable: fc.nat(19).map((roll) => roll === 0),
  images: fc.uniqueArray(imageArbitrary, { maxLength: 2 }),
});

function nodeOf(name: string, { zone, disk, allocatable, taints, unschedulable, images }: NodeDraw): Node {
  return {
    kind: 'Node',
    metadata: { name, labels: { [HOSTNAME]: name, disk, ...(zone === '' ? {} : { [ZONE]: zone }) } },
    spec: { taints, unschedulable },
    status: { allocatable, images: images.map((image) => ({ names: [image], sizeBytes: IMAGE_BYTES[image] })) },
  };
}

/** A node of this name; it may take anything or nothing. */
export function nodeArbitrary(name: string): fc.Arbitrary<Node> {
  return nodeDraw.map((drawn) => nodeOf(name, drawn));
}

const topologyKey = fc.constantFrom(HOSTNAME, ZONE);
const termArbitrary: fc.Arbitrary<PodAffinityTerm> = fc.record({ topologyKey, labelSelector: fc.constantFrom(...APPS).map((app) => ({ matchLabels: { app } })) });
const terms = fc.array(termArbitrary, { minLength: 1, maxLength: 2 });
const weighted = fc.array(fc.record({ weight: fc.constantFrom(1, 20, 100), podAffinityTerm: termArbitrary }), { minLength: 1, maxLength: 2 });
const onDisk = fc.constantFrom('ssd', 'hdd').map((disk) => ({ matchExpressions: [{ key: 'disk', operator: 'In', values: [disk] }] }));
const inZone = fc.constantFrom({ operator: 'Exists' }, { operator: 'In', values: ['a', 'b'] }, { operator: 'NotIn', values: ['c'] }).map((requirement) => ({ matchExpressions: [{ key: ZONE, ...requirement }] }));

const affinityArbitrary: fc.Arbitrary<Affinity> = fc.record(
  {
    nodeAffinity: fc.record(
      {
        requiredDuringSchedulingIgnoredDuringExecution: inZone.map((term) => ({ nodeSelectorTerms: [term] })),
        preferredDuringSchedulingIgnoredDuringExecution: fc.array(fc.record({ weight: fc.constantFrom(1, 10, 30), preference: onDisk }), { minLength: 1, maxLength: 2 }),
      },
      { requiredKeys: [] },
    ),
    podAffinity: fc.record({ requiredDuringSchedulingIgnoredDuringExecution: terms, preferredDuringSchedulingIgnoredDuringExecution: weighted }, { requiredKeys: [] }),
    podAntiAffinity: fc.record({ requiredDuringSchedulingIgnoredDuringExecution: terms, preferredDuringSchedulingIgnoredDuringExecution: weighted }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);

const spreadArbitrary: fc.Arbitrary<TopologySpreadConstraint> = fc.record(
  {
    maxSkew: fc.constantFrom(1, 2),
    topologyKey,
    whenUnsatisfiable: fc.constantFrom('DoNotSchedule', 'ScheduleAnyway'),
    labelSelector: fc.constantFrom(...APPS).map((app) => ({ matchLabels: { app } })),
    nodeTaintsPolicy: fc.constantFrom('Honor', 'Ignore'),
    nodeAffinityPolicy: fc.constantFrom('Honor', 'Ignore'),
  },
  { requiredKeys: ['maxSkew', 'topologyKey', 'whenUnsatisfiable', 'labelSelector'] },
);

const volumeArbitrary: fc.Arbitrary<Volume> = fc.oneof(
  fc.record({ pdName: fc.constantFrom('d', 'e'), readOnly: fc.boolean() }).map((gcePersistentDisk) => ({ name: `disk-${gcePersistentDisk.pdName}`, gcePersistentDisk })),
  fc.constantFrom(...CLAIMS).map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } })),
);

const containerArbitrary: fc.Arbitrary<Container> = fc.record({
  name: fc.constant('main'),
  image: imageArbitrary,
  resources: fc.record({
    requests: fc
      .record({ cpu: sometimes(fc.constantFrom('0', '100m', '3')), memory: sometimes(fc.constantFrom('0', '1Gi', '6Gi')), 'example.com/gpu': rarely(fc.constantFrom('1', '2')) })
      .map((drawn): Record<string, string> => defined(drawn)),
  }),
  ports: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, {
    weight: 1,
    arbitrary: fc.record({ hostPort: fc.constantFrom(80, 8080), protocol: fc.constantFrom('TCP', 'UDP'), hostIP: fc.constantFrom('', '0.0.0.0', '127.0.0.1') }).map((port) => [{ containerPort: 80, ...port }]),
  }),
});

const specArbitrary: fc.Arbitrary<PodSpec> = fc
  .record({
    containers: fc.array(containerArbitrary, { minLength: 1, maxLength: 2 }).map((containers) => containers.map((container, index) => ({ ...container, name: `c${index}` }))),
    priority: fc.constantFrom(0, 0, 100),
    nodeSelector: sometimes(fc.constantFrom({ disk: 'ssd' }, { disk: 'hdd' })),
    tolerations: sometimes(fc.array(tolerationArbitrary, { minLength: 1, maxLength: 2 })),
    affinity: sometimes(affinityArbitrary),
    topologySpreadConstraints: sometimes(fc.uniqueArray(spreadArbitrary, { minLength: 1, maxLength: 2, selector: (constraint) => constraint.topologyKey })),
    volumes: sometimes(fc.uniqueArray(volumeArbitrary, { minLength: 1, maxLength: 2, selector: (volume) => volume.name })),
  })
  .map((spec): PodSpec => defined(spec));

/** A pod of this name, in one of two namespaces. */
export function podArbitrary(name: string): fc.Arbitrary<Pod> {
  return fc.record({ spec: specArbitrary, app: fc.constantFrom(...APPS), namespace: fc.constantFrom('default', 'default', 'team') }).map(({ spec, app, namespace }) => ({
    kind: 'Pod',
    metadata: { name, namespace, labels: { app } },
    spec,
  }));
}

/** The pod with other members of its spec. */
export function withSpec(pod: Pod, more: PodSpec): Pod {
  return { ...pod, spec: { ...pod.spec, ...more } };
}

/** The objects that the pods' claims and selectors name: bound claims on volumes, one of them of a zone, limits, a Service. */
export function clusterObjects(nodes: readonly Node[]): KubernetesObject[] {
  const claims = ['default', 'team'].flatMap((namespace) => [...CLAIMS, OWN_CLAIM].flatMap((name) => boundClaim(namespace, name)));
  const limits = nodes.map((node) => csiNode(node.metadata?.name ?? ''));
  const service = { kind: 'Service', metadata: { name: 'web', namespace: 'default' }, spec: { selector: { app: 'web' } } } as KubernetesObject;
  return [...claims, ...limits, service];
}

/** Room for one to three volumes, by the last letter of the name. */
function csiNode(name: string): KubernetesObject {
  return { kind: 'CSINode', metadata: { name }, spec: { drivers: [{ name: CSI_DRIVER, allocatable: { count: 1 + (name.charCodeAt(name.length - 1) % 3) } }] } } as KubernetesObject;
}

function boundClaim(namespace: string, name: string): KubernetesObject[] {
  const volumeName = `${namespace}-${name}`;
  const inZoneA = { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: 'In', values: ['a'] }] }] } };
  return [
    { kind: 'PersistentVolume', metadata: { name: volumeName }, spec: { csi: { driver: CSI_DRIVER, volumeHandle: volumeName }, ...(name === 'v1' ? { nodeAffinity: inZoneA } : {}) } } as KubernetesObject,
    {
      kind: 'PersistentVolumeClaim',
      metadata: { namespace, name, annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
      spec: { volumeName, accessModes: [name === 'solo' ? 'ReadWriteOncePod' : 'ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    } as KubernetesObject,
  ];
}

/** One to eight nodes of at most three kinds, up to ten running pods, and a pod to be placed. */
export const caseArbitrary: fc.Arbitrary<DecisionCase> = fc.integer({ min: 1, max: 8 }).chain((count) => {
  const kinds = fc.array(nodeDraw, { minLength: 1, maxLength: 3 });
  const members = fc.array(fc.record({ kind: fc.nat(2), zone: zoneArbitrary }), { minLength: count, maxLength: count });
  const nodes = fc.tuple(kinds, members).map(([drawn, picks]) => picks.map(({ kind, zone }, index) => nodeOf(`n${index}`, { ...drawn[kind % drawn.length], zone })));
  const running = fc
    .array(fc.tuple(fc.nat(count - 1), podArbitrary('running')), { maxLength: 10 })
    .map((pods) => pods.map(([node, pod], index) => runningOn(`n${node}`, pod, `running-${index}`)));
  return fc.record({ nodes, running, pod: podArbitrary('new') });
});

export function runningOn(nodeName: string, pod: Pod, name: string): Pod {
  return { ...pod, metadata: { ...pod.metadata, name }, spec: { ...pod.spec, nodeName } };
}
