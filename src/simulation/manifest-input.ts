/**
 * The manifest objects of a scenario as input of the kernel at its first instant. Workload objects become owners with
 * the pods they ask for; pods of a dump that belong to one of them count towards it. Everything else goes into the
 * object store with its defaults. docs/model.md says what is read of each kind.
 */
import { InputError } from '../base/input-error.ts';
import { MICROS_PER_MINUTE, type Micros } from '../base/time.ts';
import { EvictionCause, PodOutcome } from '../cluster/cluster.ts';
import { objectKey } from '../cluster/object-store.ts';
import type {
  KubernetesObject,
  ObjectMeta,
  OwnerReference,
  Pod,
  PodSpec,
  PodTemplateSpec,
  Volume,
  WorkloadObject,
} from '../cluster/objects.ts';
import { withoutNodeName } from '../cluster/pod-template.ts';
import { withDaemonTolerations } from '../controllers/daemon-sets.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import type { InputSource } from '../kernel/kernel.ts';
import { splitName } from '../control-plane/pod-admission.ts';
import { impliedStorageClasses, withObjectDefaults } from './object-defaults.ts';
import { KIND_OF_OWNER } from './pod-places.ts';
import { parseDuration } from './scenario-units.ts';
import { wantedPods } from './wanted-pods.ts';
import type { ArrivalTargets } from './workload-input.ts';

/** Pod or Job: run time of each pod. Other workloads: until all their pods are deleted. On the object or its pod template. */
export const DURATION_ANNOTATION = 'podyard.dev/duration';
/** Run time of a Job's pods without the annotation: a Job that never ends would be none. */
export const DEFAULT_JOB_MICROS: Micros = MICROS_PER_MINUTE;

/** Register with `kernel.addInput(2, input)`, before the other inputs. Nodes must have been added. */
export class ManifestInput implements InputSource {
  private readonly targets: ArrivalTargets;
  /** Plain objects first, then pods and workloads in file order; pods of an owner among them come with the owner. */
  private readonly objects: readonly KubernetesObject[];
  private readonly podsByOwner = new Map<string, Pod[]>();
  /** Deployments whose ReplicaSets are among the objects. */
  private readonly expandedElsewhere = new Set<string>();
  private delivered = 0;

  /** `podSpecs`: of pods that come another way; claims that they bring along may need a class. */
  constructor(objects: readonly KubernetesObject[], targets: ArrivalTargets, podSpecs: readonly PodSpec[] = []) {
    this.targets = targets;
    const all = [...impliedStorageClasses(objects, podSpecs).values(), ...objects].map(withObjectDefaults);
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
    if (pod.status?.phase !== 'Pending' && cluster.nodes.up[node] === 1) {
      cluster.acknowledgePod(row);
      cluster.startPod(row);
    }
  }

  // ---- owners ----------------------------------------------------------------------------------------------------

  private addOwner(object: WorkloadObject): void {
    const { cluster, replacement, daemonSets } = this.targets;
    const kind = KIND_OF_OWNER.get(object.kind ?? '') as WorkloadKind;
    const existing = this.podsByOwner.get(refKey(object)) ?? [];
    const wanted = wantedPods(object, kind, existing);
    const lifetime = durationOf(object, object.spec?.template ?? null);
    const durationMicros = kind === WorkloadKind.Job ? (lifetime ?? DEFAULT_JOB_MICROS) : Infinity;
    if (wanted.rest !== '') {
      // A suspended Job's pods are deleted; whatever others have left behind stays, and nobody replaces it.
      if (wanted.rest !== 'suspended') for (const pod of existing) this.addPod(pod, -1, durationMicros);
      return;
    }
    const pod = this.podOf(object);
    const { admission } = this.targets;
    const owner = replacement.addOwner({
      kind,
      template: admission.template(pod),
      templateOf:
        kind === WorkloadKind.StatefulSet
          ? (ordinal) => admission.template(this.podOfOrdinal(object, pod, ordinal))
          : undefined,
      workloadClass: cluster.classes.intern(object.kind ?? ''),
      nameBase: cluster.names.intern(object.metadata?.name ?? ''),
      endsAtMicros: kind === WorkloadKind.Job ? Infinity : cluster.now + (lifetime ?? Infinity),
      podsToCome: wanted.later,
      scale: kind === WorkloadKind.ReplicaSet || kind === WorkloadKind.StatefulSet ? (object.spec?.replicas ?? 1) : -1,
    });
    for (const known of existing) {
      const isPendingDaemon = kind === WorkloadKind.DaemonSet && (known.spec?.nodeName ?? '') === '';
      if (!isPendingDaemon) this.addPod(known, owner, durationMicros);
    }
    if (kind === WorkloadKind.DaemonSet) daemonSets.add(owner);
    else if (kind === WorkloadKind.StatefulSet) this.fillOrdinals(owner, object.spec?.ordinals?.start ?? 0, wanted.now);
    else this.fillUp(owner, wanted.now, durationMicros);
  }

  /** Creates what is lacking to `wanted` pods. */
  private fillUp(owner: number, wanted: number, durationMicros: Micros): void {
    const { owners } = this.targets.replacement;
    while (owners.alive[owner] < wanted)
      this.createPod(owner, owners.takeOrdinal(owners.nameBase[owner]), durationMicros);
  }

  /** Creates what is lacking of the ordinals from `start` on. */
  private fillOrdinals(owner: number, start: number, wanted: number): void {
    const { cluster, replacement } = this.targets;
    const taken = new Set(replacement.owners.podsOf(owner).map((pod) => cluster.pods.nameOrdinal[pod]));
    for (let ordinal = start; ordinal < start + wanted; ordinal++)
      if (!taken.has(ordinal)) this.createPod(owner, ordinal, Infinity);
  }

  private createPod(owner: number, nameOrdinal: number, durationMicros: Micros): void {
    const { replacement } = this.targets;
    const { owners } = replacement;
    this.targets.cluster.createPod({
      template: replacement.templateFor(owner, nameOrdinal),
      nameBase: owners.nameBase[owner],
      nameOrdinal,
      owner,
      workloadClass: owners.workloadClass[owner],
      durationMicros,
      pinnedNode: -1,
    });
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
    const labels = {
      ...template.metadata?.labels,
      ...(kind === 'Job' ? { 'batch.kubernetes.io/job-name': name, 'job-name': name } : {}),
    };
    return { metadata: { ...template.metadata, labels, namespace, ownerReferences: [reference] }, spec: podSpec };
  }

  /**
   * A StatefulSet's pod with its own name in labels and its own claims, which are made when they are not there
   * (pkg/controller/statefulset/stateful_set_utils.go: newStatefulSetPod, updateIdentity, updateStorage).
   */
  private podOfOrdinal({ metadata, spec }: WorkloadObject, pod: Pod, ordinal: number): Pod {
    const { cluster } = this.targets;
    const name = `${metadata?.name ?? ''}-${String(ordinal)}`;
    const claims = (spec?.volumeClaimTemplates ?? []).map((template): Volume => {
      const claim: ObjectMeta = {
        ...template.metadata,
        name: `${template.metadata?.name ?? ''}-${name}`,
        namespace: metadata?.namespace ?? 'default',
        labels: { ...template.metadata?.labels, ...matchLabelsOf(spec?.selector) },
      };
      if (cluster.objects.get('PersistentVolumeClaim', objectKey({ metadata: claim })) === undefined) {
        const object = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: claim, spec: template.spec ?? {} };
        cluster.putObject('PersistentVolumeClaim', object);
      }
      return { name: template.metadata?.name ?? '', persistentVolumeClaim: { claimName: claim.name ?? '' } };
    });
    const others = (pod.spec?.volumes ?? []).filter((volume) => !claims.some((claim) => claim.name === volume.name));
    const labels = {
      ...pod.metadata?.labels,
      'apps.kubernetes.io/pod-index': String(ordinal),
      'statefulset.kubernetes.io/pod-name': name,
    };
    return { ...pod, metadata: { ...pod.metadata, labels }, spec: { ...pod.spec, volumes: [...claims, ...others] } };
  }
}

function matchLabelsOf(selector: NonNullable<WorkloadObject['spec']>['selector']): Readonly<Record<string, string>> {
  const matchLabels = selector?.['matchLabels'];
  return typeof matchLabels === 'object' ? (matchLabels) : {};
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
