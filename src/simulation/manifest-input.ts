/**
 * The manifest objects of a scenario as input of the kernel at its first instant. Workload objects become owners with
 * the pods they ask for; pods of a dump that belong to one of them count towards it. Everything else goes into the
 * object store as it is. docs/model.md says what is read of each kind.
 */
import { InputError } from '../base/input-error.ts';
import { MICROS_PER_MINUTE, type Micros } from '../base/time.ts';
import { EvictionCause, PodOutcome } from '../cluster/cluster.ts';
import { objectKey } from '../cluster/object-store.ts';
import type { KubernetesObject, OwnerReference, Pod, PodSpec, PodTemplateSpec, WorkloadObject } from '../cluster/objects.ts';
import { withoutNodeName } from '../cluster/pod-template.ts';
import { withDaemonTolerations } from '../controllers/daemon-sets.ts';
import { OwnerKind } from '../controllers/owners.ts';
import type { InputSource } from '../kernel/kernel.ts';
import { splitName } from '../control-plane/pod-admission.ts';
import { parseDuration } from './scenario-units.ts';
import type { ArrivalTargets } from './workload-input.ts';

/** Pod or Job: run time of each pod. Other workloads: until all their pods are deleted. On the object or its pod template. */
export const DURATION_ANNOTATION = 'podyard.dev/duration';
/** Run time of a Job's pods without the annotation: a Job that never ends would be none. */
export const DEFAULT_JOB_MICROS: Micros = MICROS_PER_MINUTE;

const CLUSTER_SCOPED = new Set([
  'Namespace', 'PriorityClass', 'PersistentVolume', 'StorageClass', 'CSINode', 'CSIDriver', 'RuntimeClass', 'VolumeAttachment',
]);
const KIND_OF_OWNER: ReadonlyMap<string, OwnerKind> = new Map([
  ['Deployment', OwnerKind.ReplicaSet],
  ['ReplicaSet', OwnerKind.ReplicaSet],
  ['ReplicationController', OwnerKind.ReplicaSet],
  ['StatefulSet', OwnerKind.StatefulSet],
  ['DaemonSet', OwnerKind.DaemonSet],
  ['Job', OwnerKind.Job],
]);

/** Register with `kernel.addInput(2, input)`, before the other inputs. Nodes must have been added. */
export class ManifestInput implements InputSource {
  private readonly targets: ArrivalTargets;
  /** Plain objects first, then pods and workloads in file order; pods of an owner among them come with the owner. */
  private readonly objects: readonly KubernetesObject[];
  private readonly podsByOwner = new Map<string, Pod[]>();
  /** Deployments whose ReplicaSets are among the objects. */
  private readonly expandedElsewhere = new Set<string>();
  private delivered = 0;

  constructor(objects: readonly KubernetesObject[], targets: ArrivalTargets) {
    this.targets = targets;
    const all = objects.map(withNamespace);
    const owners = new Set(all.filter(({ kind = '' }) => KIND_OF_OWNER.has(kind)).map(refKey));
    const active: KubernetesObject[] = [];
    for (const object of all) {
      const reference = controllerOf(object);
      const owner = reference === undefined ? '' : `${reference.kind}/${object.metadata?.namespace}/${reference.name}`;
      if (object.kind === 'ReplicaSet' && owners.has(owner)) this.expandedElsewhere.add(owner);
      if (object.kind === 'Pod' && owners.has(owner)) this.podsByOwner.set(owner, [...(this.podsByOwner.get(owner) ?? []), object]);
      else if (isActive(object)) active.push(object);
    }
    this.objects = [...all.filter((object) => !isActive(object)), ...active];
  }

  nextTime(): Micros {
    return this.delivered < this.objects.length ? this.targets.cluster.now : Infinity;
  }

  deliver(): void {
    const object = this.objects[this.delivered++];
    const { kind = '' } = object;
    if (kind === 'Pod') this.addPod(object, -1, Infinity);
    else {
      this.targets.cluster.putObject(kind, object);
      if (KIND_OF_OWNER.has(kind) && !this.expandedElsewhere.has(refKey(object))) this.addOwner(object);
    }
  }

  // ---- pods ------------------------------------------------------------------------------------------------------

  /** Pods that have ended or are being deleted are left out. With a node they are running there, unless they say Pending. */
  private addPod(pod: Pod, owner: number, durationMicros: Micros): void {
    if (isOver(pod) || pod.metadata?.deletionTimestamp !== undefined) return;
    const { cluster, admission, replacement } = this.targets;
    const { base, ordinal } = splitName(pod.metadata?.name ?? '', cluster);
    if (ordinal >= 0) replacement.owners.reserveOrdinal(base, ordinal);
    const nodeName = pod.spec?.nodeName ?? '';
    const isDaemon = controllerOf(pod)?.kind === 'DaemonSet';
    const row = cluster.createPod({
      template: admission.template(withoutNodeName(pod), pod.status !== undefined),
      nameBase: base,
      nameOrdinal: ordinal,
      owner,
      workloadClass: cluster.classes.intern(controllerOf(pod)?.kind ?? 'Pod'),
      durationMicros: durationOf(pod, null) ?? durationMicros,
      pinnedNode: isDaemon && nodeName !== '' ? cluster.names.intern(nodeName) : -1,
    });
    if (nodeName === '') return;
    const node = cluster.nodeRow(nodeName);
    if (node < 0) {
      cluster.terminatePod(row, EvictionCause.NodeFailure);
      cluster.removePod(row, PodOutcome.Evicted);
      return;
    }
    cluster.placePod(row, node);
    if (pod.status?.phase !== 'Pending' && cluster.nodes.up[node] === 1) cluster.startPod(row);
  }

  // ---- owners ----------------------------------------------------------------------------------------------------

  private addOwner(object: WorkloadObject): void {
    const { cluster, replacement, daemonSets } = this.targets;
    const kind = KIND_OF_OWNER.get(object.kind ?? '') as OwnerKind;
    const existing = this.podsByOwner.get(refKey(object)) ?? [];
    const counts = podCounts(object, kind, existing);
    const lifetime = durationOf(object, object.spec?.template ?? null);
    const durationMicros = kind === OwnerKind.Job ? (lifetime ?? DEFAULT_JOB_MICROS) : Infinity;
    const owner = replacement.addOwner({
      kind,
      template: this.targets.admission.template(this.podOf(object)),
      workloadClass: cluster.classes.intern(object.kind ?? ''),
      nameBase: cluster.names.intern(object.metadata?.name ?? ''),
      endsAtMicros: kind === OwnerKind.Job ? Infinity : cluster.now + (lifetime ?? Infinity),
      podsToCome: counts.later,
    });
    for (const pod of existing) {
      const isPendingDaemon = kind === OwnerKind.DaemonSet && (pod.spec?.nodeName ?? '') === '';
      if (!isPendingDaemon) this.addPod(pod, owner, durationMicros);
    }
    if (kind === OwnerKind.DaemonSet) daemonSets.add(owner);
    else this.fillUp(owner, counts.now, durationMicros);
  }

  /** Creates what is lacking to `wanted` pods; a StatefulSet's get the lowest free ordinals. */
  private fillUp(owner: number, wanted: number, durationMicros: Micros): void {
    const { cluster, replacement } = this.targets;
    const { owners } = replacement;
    const nameBase = owners.nameBase[owner];
    const isOrdered = owners.kind[owner] === OwnerKind.StatefulSet;
    const taken = new Set(owners.podsOf(owner).map((pod) => cluster.pods.nameOrdinal[pod]));
    let ordinal = 0;
    while (owners.alive[owner] < wanted) {
      while (isOrdered && taken.has(ordinal)) ordinal++;
      cluster.createPod({
        template: owners.template[owner],
        nameBase,
        nameOrdinal: isOrdered ? ordinal++ : owners.takeOrdinal(nameBase),
        owner,
        workloadClass: owners.workloadClass[owner],
        durationMicros,
        pinnedNode: -1,
      });
    }
  }

  /** A pod of the owner as its controller would make it. A Deployment gets its ReplicaSet, of the same name. */
  private podOf(object: WorkloadObject): Pod {
    const { metadata, kind = '', spec } = object;
    const name = metadata?.name ?? '';
    const namespace = metadata?.namespace ?? 'default';
    const template = spec?.template ?? {};
    let reference: OwnerReference = { kind, name, uid: metadata?.uid ?? refKey(object), controller: true };
    if (kind === 'Deployment') {
      const uid = `ReplicaSet/${namespace}/${name}`;
      const replicaSet: WorkloadObject = {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: { name, namespace, uid, labels: template.metadata?.labels ?? {}, ownerReferences: [reference] },
        spec: { ...spec },
      };
      this.targets.cluster.putObject('ReplicaSet', replicaSet);
      reference = { kind: 'ReplicaSet', name, uid, controller: true };
    }
    let podSpec: PodSpec = template.spec ?? {};
    if (kind === 'DaemonSet') podSpec = withDaemonTolerations(podSpec);
    if (kind === 'Job' && podSpec.restartPolicy !== 'OnFailure') podSpec = { ...podSpec, restartPolicy: 'Never' };
    return { metadata: { ...template.metadata, namespace, ownerReferences: [reference] }, spec: podSpec };
  }
}

/** How many pods an owner wants at once, and how many more in place of succeeded ones. */
function podCounts({ spec }: WorkloadObject, kind: OwnerKind, existing: readonly Pod[]): { readonly now: number; readonly later: number } {
  if (kind !== OwnerKind.Job) return { now: spec?.replicas ?? 1, later: 0 };
  const parallelism = spec?.parallelism ?? 1;
  const succeeded = existing.filter((pod) => pod.status?.phase === 'Succeeded').length;
  const completions = spec?.completions ?? parallelism;
  const left = Math.max(0, completions - succeeded);
  const now = Math.min(parallelism, left);
  return { now, later: left - now };
}

function isActive({ kind = '' }: KubernetesObject): boolean {
  return kind === 'Pod' || KIND_OF_OWNER.has(kind);
}

function isOver(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find(({ controller }) => controller === true);
}

function refKey(object: KubernetesObject): string {
  return `${object.kind}/${objectKey(object)}`;
}

function withNamespace(object: KubernetesObject): KubernetesObject {
  if (object.metadata?.namespace !== undefined || CLUSTER_SCOPED.has(object.kind ?? '')) return object;
  return { ...object, metadata: { ...object.metadata, namespace: 'default' } };
}

/** Micros of the duration annotation; undefined when there is none. */
function durationOf(object: KubernetesObject, template: PodTemplateSpec | null): Micros | undefined {
  const text = object.metadata?.annotations?.[DURATION_ANNOTATION] ?? template?.metadata?.annotations?.[DURATION_ANNOTATION];
  if (text === undefined) return undefined;
  const micros = parseDuration(text);
  if (micros === undefined) {
    const message = `${refKey(object)}: annotation ${DURATION_ANNOTATION}: expected a duration such as 90s, 10m or 1h30m, found ${JSON.stringify(text)}`;
    throw new InputError({ message });
  }
  return micros;
}
