/**
 * The pods that a manifest asks for, named as its controller would name them, when somebody wants to know whether they
 * fit: all at once, nobody looks after them. Pure but for the objects it gives along (the ReplicaSet of a Deployment,
 * the claims of a StatefulSet), which filters and scores look at. Sources:
 * pkg/controller/{deployment,replicaset,statefulset,daemon,job} (v1.36).
 */
import { withObjectDefaults } from './object-defaults.ts';
import type { NodeFacts } from '../cluster/node-facts.ts';
import type { KubernetesObject, OwnerReference, Pod, PodSpec, Volume, WorkloadObject } from '../cluster/objects.ts';
import { compileRequiredNodeAffinity } from '../cluster/selectors.ts';
import { findUntolerated } from '../cluster/tolerations.ts';
import { withDaemonTolerations } from '../controllers/daemon-nodes.ts';

export interface AskedPod {
  /** `Deployment/web`: the object that asks. */
  readonly from: string;
  readonly namespace: string;
  readonly name: string;
  readonly pod: Pod;
  /** The only node that it may go to; '': any. */
  readonly pinnedNodeName: string;
}

export interface Asked {
  readonly pods: readonly AskedPod[];
  /** To be there before the pods are. */
  readonly objects: readonly KubernetesObject[];
}

const SUSPENDED: Asked = { pods: [], objects: [] };
const MADE_OF_TEMPLATES = new Set([
  'Deployment', 'ReplicaSet', 'ReplicationController', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob',
]);

/** `nodes`: those that a DaemonSet would look at. Objects without pods stand among the objects. */
export function askedBy(objects: readonly KubernetesObject[], nodes: readonly NodeFacts[]): Asked {
  const asked = objects.map((object) => askedByOne(withObjectDefaults(object), nodes));
  return { pods: asked.flatMap(({ pods }) => pods), objects: asked.flatMap((each) => each.objects) };
}

function askedByOne(object: KubernetesObject, nodes: readonly NodeFacts[]): Asked {
  const { kind = '', metadata } = object;
  if (kind === 'Pod') {
    const pod: AskedPod = {
      from: `Pod/${metadata?.name ?? ''}`,
      namespace: metadata?.namespace ?? 'default',
      name: metadata?.name ?? '',
      pod: object,
      pinnedNodeName: '',
    };
    return { pods: [pod], objects: [] };
  }
  return MADE_OF_TEMPLATES.has(kind) ? askedByWorkload(object, nodes) : { pods: [], objects: [object] };
}

function askedByWorkload(object: WorkloadObject, nodes: readonly NodeFacts[]): Asked {
  const { kind = '', spec } = object;
  switch (kind) {
    case 'DaemonSet':
      return askedByDaemonSet(object, nodes);
    case 'StatefulSet':
      return askedByStatefulSet(object);
    case 'CronJob':
      return askedByJob({ ...object, kind: 'Job', spec: jobSpecOf(object) });
    case 'Job':
      return askedByJob(object);
    default:
      return askedByReplicas(object, spec?.replicas ?? 1);
  }
}

/** One run of a CronJob. */
function jobSpecOf(object: WorkloadObject): NonNullable<WorkloadObject['spec']> {
  const { spec } = object as { readonly spec?: { readonly jobTemplate?: { readonly spec?: WorkloadObject['spec'] } } };
  return spec?.jobTemplate?.spec ?? {};
}

function askedByReplicas(object: WorkloadObject, count: number): Asked {
  const { kind = '', metadata, spec } = object;
  const own = referenceTo(object, kind);
  if (kind !== 'Deployment') return { pods: numbered(object, count, podOf(object, own)), objects: [object] };
  const { name = '', namespace = 'default' } = metadata ?? {};
  const replicaSet: WorkloadObject = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name, namespace, labels: spec?.template?.metadata?.labels ?? {}, ownerReferences: [own] },
    spec: { ...spec },
  };
  const pod = podOf(object, referenceTo(replicaSet, 'ReplicaSet'));
  return { pods: numbered(object, count, pod), objects: [object, replicaSet] };
}

/** As many as run at one time. */
function askedByJob(object: WorkloadObject): Asked {
  const { spec } = object;
  if (spec?.suspend === true) return SUSPENDED;
  const parallelism = spec?.parallelism ?? 1;
  const count = Math.min(parallelism, spec?.completions ?? parallelism);
  const { metadata, spec: podSpec } = podOf(object, referenceTo(object, 'Job'));
  const name = object.metadata?.name ?? '';
  const labels = { ...metadata?.labels, 'batch.kubernetes.io/job-name': name, 'job-name': name };
  const restartPolicy = podSpec?.restartPolicy === 'OnFailure' ? 'OnFailure' : 'Never';
  const pod: Pod = { metadata: { ...metadata, labels }, spec: { ...podSpec, restartPolicy } };
  return { pods: numbered(object, count, pod), objects: [object] };
}

/**
 * One on each node that its affinity selects and whose taints it tolerates (daemon_controller.go
 * NodeShouldRunDaemonPod).
 */
function askedByDaemonSet(object: WorkloadObject, nodes: readonly NodeFacts[]): Asked {
  const made = podOf(object, referenceTo(object, 'DaemonSet'));
  const spec = withDaemonTolerations(made.spec ?? {});
  const affinity = compileRequiredNodeAffinity(spec);
  const { nodeName = '', tolerations = [] } = spec;
  const suits = (facts: NodeFacts): boolean =>
    (nodeName === '' || nodeName === facts.name) &&
    affinity.matches(facts) &&
    findUntolerated(facts.taints, tolerations, ['NoSchedule', 'NoExecute']) === undefined;
  const chosen = nodes.filter(suits);
  const pods = numbered(object, chosen.length, { ...made, spec }).map(
    (pod, index): AskedPod => ({ ...pod, pinnedNodeName: chosen[index].name }),
  );
  return { pods, objects: [object] };
}

/**
 * Each pod has its own name in its labels, and claims of its own (stateful_set_utils.go updateIdentity, updateStorage).
 */
function askedByStatefulSet(object: WorkloadObject): Asked {
  const { metadata, spec } = object;
  const { name: setName = '', namespace = 'default' } = metadata ?? {};
  const made = podOf(object, referenceTo(object, 'StatefulSet'));
  const start = spec?.ordinals?.start ?? 0;
  const objects: KubernetesObject[] = [object];
  const pods = Array.from({ length: spec?.replicas ?? 1 }, (_, index): AskedPod => {
    const ordinal = String(start + index);
    const name = `${setName}-${ordinal}`;
    const claims = (spec?.volumeClaimTemplates ?? []).map(({ metadata: own, spec: claimSpec }): Volume => {
      const claim = { ...own, name: `${own?.name ?? ''}-${name}`, namespace };
      const made: KubernetesObject & { readonly spec: object } = {
        apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: claim, spec: claimSpec ?? {},
      };
      objects.push(made);
      return { name: own?.name ?? '', persistentVolumeClaim: { claimName: claim.name } };
    });
    const others = (made.spec?.volumes ?? []).filter((volume) => !claims.some((claim) => claim.name === volume.name));
    const labels = {
      ...made.metadata?.labels,
      'apps.kubernetes.io/pod-index': ordinal,
      'statefulset.kubernetes.io/pod-name': name,
    };
    const volumes = claims.length + others.length === 0 ? {} : { volumes: [...claims, ...others] };
    const pod: Pod = { metadata: { ...made.metadata, labels, name }, spec: { ...made.spec, ...volumes } };
    return { from: `StatefulSet/${setName}`, namespace, name, pod, pinnedNodeName: '' };
  });
  return { pods, objects };
}

function numbered(object: WorkloadObject, count: number, pod: Pod): AskedPod[] {
  const { name: base = '', namespace = 'default' } = object.metadata ?? {};
  return Array.from({ length: count }, (_, ordinal): AskedPod => {
    const name = `${base}-${String(ordinal)}`;
    const own: Pod = { ...pod, metadata: { ...pod.metadata, name } };
    return { from: `${object.kind ?? ''}/${base}`, namespace, name, pod: own, pinnedNodeName: '' };
  });
}

function podOf({ metadata, spec }: WorkloadObject, owner: OwnerReference): Pod {
  const template = spec?.template ?? {};
  const podSpec: PodSpec = template.spec ?? {};
  const namespace = metadata?.namespace ?? 'default';
  return { metadata: { ...template.metadata, namespace, ownerReferences: [owner] }, spec: podSpec };
}

function referenceTo({ metadata }: KubernetesObject, kind: string): OwnerReference {
  const { name = '', namespace = 'default', uid = `${kind}/${namespace}/${name}` } = metadata ?? {};
  return { kind, name, uid, controller: true };
}
