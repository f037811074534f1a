/**
 * The manifest objects of a scenario as input of the kernel at its first instant. Workload objects become workloads,
 * whose controllers make the pods they ask for; pods of a dump that belong to one of them count towards it. Everything
 * else goes into the object store with its defaults. docs/model.md says what is read of each kind.
 */
import { InputError } from '../base/input-error.ts';
import { MICROS_PER_MINUTE, type Micros } from '../base/time.ts';
import { EvictionCause, PodOutcome } from '../cluster/cluster.ts';
import { keyOf, objectKey } from '../cluster/object-store.ts';
import type {
  KubernetesObject,
  OwnerReference,
  Pod,
  PodSpec,
  PodTemplateSpec,
  WorkloadObject,
} from '../cluster/objects.ts';
import { withoutNodeName } from '../cluster/pod-template.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import { newReplicaSet } from '../controllers/new-replica-set.ts';
import type { InputSource } from '../kernel/kernel.ts';
import { splitName } from '../control-plane/pod-admission.ts';
import { impliedStorageClasses, withObjectDefaults } from './object-defaults.ts';
import { CONTROLLED_KINDS, createWorkload } from './manifest-workloads.ts';
import { KIND_OF_OWNER } from './pod-places.ts';
import { parseDuration } from '../base/duration.ts';
import { wantedPods } from './wanted-pods.ts';
import type { ArrivalTargets } from './workload-input.ts';

/**
 * Pod or Job: run time of each pod. Other workloads: until all their pods are deleted. On the object or its pod
 * template.
 */
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
  private readonly setsByDeployment = new Set<string>();
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
      if (object.kind === 'ReplicaSet' && owners.has(owner)) this.setsByDeployment.add(owner);
      if (object.kind === 'Pod' && owners.has(owner))
        this.podsByOwner.set(owner, [...(this.podsByOwner.get(owner) ?? []), object]);
      else if (isActive(object)) active.push(object);
    }
    this.objects = [
      ...all.filter((object) => !isActive(object)),
      ...active.filter(makesOthers),
      ...active.filter((object) => !makesOthers(object)),
    ];
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
      if (kind === 'CronJob') this.addCronJob(object);
      else if (KIND_OF_OWNER.has(kind)) this.addOwner(object);
    }
  }

  // ---- pods ------------------------------------------------------------------------------------------------------

  /**
   * Pods that have ended or are being deleted are left out. With a node they are running there, unless they say
   * Pending.
   */
  private addPod(pod: Pod, owner: number, durationMicros: Micros): void {
    if (isOver(pod) || pod.metadata?.deletionTimestamp !== undefined) return;
    const { cluster, admission, gate } = this.targets;
    const isKnown = pod.status !== undefined;
    const template = admission.template(withoutNodeName(pod), isKnown);
    // What comes from a running cluster was let in there.
    if (!isKnown && owner < 0 && gate.isRefused(template)) return;
    const { base, ordinal } = splitName(pod.metadata?.name ?? '', cluster);
    if (ordinal >= 0) cluster.workloads.reserveOrdinal(base, ordinal);
    const nodeName = pod.spec?.nodeName ?? '';
    const isDaemon = controllerOf(pod)?.kind === 'DaemonSet';
    const row = cluster.createPod({
      template,
      nameBase: base,
      nameOrdinal: ordinal,
      owner,
      workloadClass: cluster.classes.intern(controllerOf(pod)?.kind ?? 'Pod'),
      durationMicros: durationOf(pod, null) ?? durationMicros,
      pinnedNode: isDaemon && nodeName !== '' ? cluster.names.intern(nodeName) : -1,
      item: itemOf(pod, ordinal),
      tracked: owner >= 0 && cluster.workloads.kind[owner] === WorkloadKind.Job,
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
    const kind = KIND_OF_OWNER.get(object.kind ?? '') as WorkloadKind;
    const existing = this.podsByOwner.get(refKey(object)) ?? [];
    const { rest } = wantedPods(object, kind, existing);
    const lifetime = durationOf(object, object.spec?.template ?? null);
    const isJob = kind === WorkloadKind.Job;
    const durationMicros = isJob ? (lifetime ?? DEFAULT_JOB_MICROS) : Infinity;
    if (rest === 'deleted' || rest === 'finished' || rest === 'managedElsewhere') {
      // Whatever others have left behind stays, and nobody replaces it.
      for (const pod of existing) this.addPod(pod, -1, durationMicros);
    } else {
      const { cluster, controllers } = this.targets;
      const row = createWorkload(cluster, object, existing, this.parentOf(object), durationMicros);
      // A DaemonSet's pods that have no node yet are made again, where they are to go.
      const isDaemon = kind === WorkloadKind.DaemonSet;
      for (const pod of existing)
        if (!isDaemon || (pod.spec?.nodeName ?? '') !== '') this.addPod(pod, row, durationMicros);
      if (isDaemon) controllers.daemonSets.arrive(row);
      if (object.kind === 'Deployment') this.addPausedSet(object, row);
      if (!isJob) controllers.deleteAt(row, cluster.now + (lifetime ?? Infinity));
    }
  }

  /** A paused Deployment makes no ReplicaSet: one that ran before has one, although the files leave it out. */
  private addPausedSet(object: WorkloadObject, row: number): void {
    const { spec, status } = object;
    const hasRun = status?.replicas !== undefined || status?.observedGeneration !== undefined;
    if (spec?.paused !== true || !hasRun || this.setsByDeployment.has(refKey(object))) return;
    const { cluster } = this.targets;
    const set = newReplicaSet(cluster, row, 0).object;
    const annotations = { 'deployment.kubernetes.io/revision': '1' };
    const sized: WorkloadObject = {
      ...set,
      metadata: { ...set.metadata, annotations },
      spec: { ...set.spec, replicas: spec.replicas ?? 1 },
    };
    cluster.putObject('ReplicaSet', sized);
    createWorkload(cluster, sized, [], row, Infinity);
  }

  /** Row of the workload that has made this one, -1: nobody, or none of the files. */
  private parentOf(object: WorkloadObject): number {
    const { workloads } = this.targets.cluster;
    const reference = controllerOf(object);
    const kind = CONTROLLED_KINDS.get(reference?.kind ?? '');
    return kind === undefined ? -1 : workloads.find(kind, keyOf(object.metadata?.namespace, reference?.name ?? ''));
  }

  /** The run time of its pods stands on it, on its Jobs' template or on their pods' template. */
  private addCronJob(object: WorkloadObject): void {
    const jobTemplate = object.spec?.jobTemplate;
    const job: WorkloadObject = { ...object, spec: jobTemplate?.spec ?? {} };
    const onTemplate =
      jobTemplate?.metadata === undefined ? undefined : durationOf({ ...job, metadata: jobTemplate.metadata }, null);
    const lifetime = durationOf(job, job.spec?.template ?? null) ?? onTemplate;
    createWorkload(this.targets.cluster, object, [], -1, lifetime ?? DEFAULT_JOB_MICROS);
  }
}

function isActive({ kind = '' }: KubernetesObject): boolean {
  return kind === 'Pod' || kind === 'CronJob' || KIND_OF_OWNER.has(kind);
}

/** Completion index of a Job's pod, or ordinal of a StatefulSet's. */
function itemOf(pod: Pod, ordinal: number): number {
  const index = pod.metadata?.annotations?.['batch.kubernetes.io/job-completion-index'];
  if (index !== undefined && /^[0-9]{1,9}$/.test(index)) return Number(index);
  return controllerOf(pod)?.kind === 'StatefulSet' ? ordinal : -1;
}

/** Whoever makes others comes before them. */
function makesOthers({ kind = '' }: KubernetesObject): boolean {
  return kind === 'Deployment' || kind === 'CronJob';
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
  const text =
    object.metadata?.annotations?.[DURATION_ANNOTATION] ?? template?.metadata?.annotations?.[DURATION_ANNOTATION];
  if (text === undefined) return undefined;
  const micros = parseDuration(text);
  if (micros === undefined) {
    const message = `${refKey(object)}: annotation ${DURATION_ANNOTATION}: expected a duration such as 90s, 10m or 1h30m, found ${JSON.stringify(text)}`;
    throw new InputError({ message });
  }
  return micros;
}
