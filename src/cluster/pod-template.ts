/**
 * Pod templates: everything of a pod that a scheduler may look at, compiled once and shared by all pods that are alike
 * (the pods of a ReplicaSet, a job, a trace shape). Interned by canonical text of what is looked at, so pods that are
 * scheduled alike share one row.
 *
 * Resource views, as upstream keeps them (pkg/scheduler/framework/types.go, component-helpers/resource/helpers.go):
 *  - `accounted`: what the pod takes from its node (status-aware, with pod-level resources and overhead);
 *  - `requested`: what NodeResourcesFit's filter asks for (spec values only);
 *  - `nonZeroCpu`, `nonZeroMemory`: the accounted amounts with 100m and 200 MiB for containers that name none;
 *  - `scored`: what NodeResourcesFit's score assumes (container defaults, pod-level resources ignored).
 */
import type { Affinity, ObjectMeta, Pod, PodSpec, PodAffinityTerm, PodStatus, Toleration } from './objects.ts';
import { drainMarks, hasMarks, isLocalVolume } from './drain-marks.ts';
import { GPU_MILLI, gpuRequestOf } from './gpu-devices.ts';
import type { GpuRequest } from './gpu-devices.ts';
import type { DrainMarks } from './drain-marks.ts';
import { compareTexts } from './label-requirements.ts';
import { normalizedImageName } from './image-names.ts';
import { accountingDefaults, podRequests } from './pod-requests.ts';
import type { PodRequestsOptions } from './pod-requests.ts';
import { CPU, MEMORY, amountOf, resourceVector } from './resources.ts';
import type { ResourceRegistry, ResourceVector } from './resources.ts';
import { podLife, schedulingSpec } from './scheduling-spec.ts';
import type { PodLife } from './scheduling-spec.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';

/** Upstream's defaults for containers without a request (pkg/scheduler/util/pod_resources.go). */
export const DEFAULT_CPU_MILLI = 100;
export const DEFAULT_MEMORY_BYTES = 200 * 1024 * 1024;
export const DEFAULT_SCHEDULER_NAME = 'default-scheduler';

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

const ANY_ADDRESS = '0.0.0.0';

/** Same protocol and port, and the same address or one of them all addresses (`::` is nothing special). */
export function hostPortsConflict(a: HostPort, b: HostPort): boolean {
  const isSamePlace = a.ip === b.ip || a.ip === ANY_ADDRESS || b.ip === ANY_ADDRESS;
  return a.port === b.port && a.protocol === b.protocol && isSamePlace;
}

export interface ControllerReference {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

export interface PodTemplate {
  readonly id: number;
  /** Id of the template that it is a variant of: that with its namespace and spec; its own: of none. */
  readonly specOf: number;
  readonly namespace: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly spec: PodSpec;
  readonly controller: ControllerReference | null;
  readonly priority: number;
  readonly neverPreempts: boolean;
  readonly schedulerName: string;
  readonly accounted: ResourceVector;
  readonly requested: ResourceVector;
  readonly scored: ResourceVector;
  /** What it takes of its node's GPUs, where they are shared; null: nothing. */
  readonly gpu: GpuRequest | null;
  readonly nonZeroCpu: number;
  readonly nonZeroMemory: number;
  readonly hostPorts: readonly HostPort[];
  readonly tolerations: readonly Toleration[];
  /** Normalised names: init containers, containers, image volumes, in this order. */
  readonly images: readonly string[];
  /** Containers and init containers (image volumes do not count). */
  readonly containerCount: number;
  readonly imageVolumeCount: number;
  /** Names of scheduling gates. */
  readonly gates: readonly string[];
  readonly requiredAffinityTerms: readonly PodAffinityTerm[];
  readonly requiredAntiAffinityTerms: readonly PodAffinityTerm[];
  /** Any inter-pod affinity or anti-affinity, required or preferred. */
  readonly hasPodAffinity: boolean;
  readonly claimNames: readonly string[];
  /** A claim has to be made for each of its pods. */
  readonly hasEphemeralVolumes: boolean;
  readonly graceMicros: number;
  /** What its annotations say to whoever drains a node. */
  readonly drainMarks: DrainMarks;
  /** Annotation controller.kubernetes.io/pod-deletion-cost. */
  readonly deletionCost: number;
  /** It keeps data on its node that nobody has given up. */
  readonly hasLocalStorage: boolean;
  /** `Never`: a crash ends the pod; otherwise its containers are started again in place. */
  readonly restartPolicy: string;
  /** null: what runs in its containers is not known. */
  readonly life: PodLife | null;
}

export class TemplateTable {
  private readonly byKey = new Map<string, PodTemplate>();
  private readonly rows: PodTemplate[] = [];
  private readonly registry: ResourceRegistry;
  private readonly maximumOfSums: boolean;
  private hasVolumes = false;
  private readonly volumeListeners: (() => void)[] = [];

  /** `maximumOfSums`: as PodRequestsOptions. */
  constructor(registry: ResourceRegistry, maximumOfSums = false) {
    this.registry = registry;
    this.maximumOfSums = maximumOfSums;
  }

  get count(): number {
    return this.rows.length;
  }

  get(id: number): PodTemplate {
    return this.rows[id];
  }

  /** Calls when the first template comes whose pods may have volumes, at once if it is there. */
  onVolumes(then: () => void): void {
    if (this.hasVolumes) then();
    else this.volumeListeners.push(then);
  }

  /** The template of a pod whose admission defaults have been applied. `fresh` tells that it was not known before. */
  intern(whole: Pod): { readonly template: PodTemplate; readonly key: string; readonly fresh: boolean } {
    const pod: Pod = { ...whole, spec: schedulingSpec(whole.spec ?? {}) };
    const marks = drainMarks(whole);
    const life = podLife(whole);
    const key = templateKey(pod, marks, life);
    const known = this.byKey.get(key);
    if (known !== undefined) return { template: known, key, fresh: false };
    const compiled = compileTemplate(this.rows.length, pod, marks, this.registry, this.maximumOfSums);
    const template = life === null ? compiled : { ...compiled, life };
    this.byKey.set(key, template);
    this.rows.push(template);
    if (template.spec.volumes !== undefined && !this.hasVolumes) {
      this.hasVolumes = true;
      for (const then of this.volumeListeners) then();
    }
    return { template, key, fresh: true };
  }

  /** The template of pods that differ from those of another one by labels and controller alone: always a new one. */
  addVariant(of: PodTemplate, { labels = {}, ownerReferences }: ObjectMeta): PodTemplate {
    const own = new Map<string, string>();
    for (const key of Object.keys(labels)) own.set(key, labels[key]);
    const variant: PodTemplate = {
      ...of,
      id: this.rows.length,
      labels: own,
      controller: spreadController(ownerReferences),
    };
    this.rows.push(variant);
    return variant;
  }
}

/** Canonical text of what makes two pods alike. */
export function templateKey(pod: Pod, marks: DrainMarks, life: PodLife | null = null): string {
  const { nodeName = '', ...others } = pod.spec ?? {};
  const spec = nodeName === '' ? others : { ...others, nodeName };
  const resize = pod.status && resizeOf(pod.status);
  return canonicalText({
    namespace: pod.metadata?.namespace ?? 'default',
    labels: pod.metadata?.labels ?? {},
    controller: spreadController(pod.metadata?.ownerReferences),
    spec,
    resize,
    drain: hasMarks(marks) ? marks : undefined,
    life: life ?? undefined,
  });
}

/** What of a status counts for a pod's amounts. */
export function resizeOf(status: PodStatus): object {
  return {
    containers: status.containerStatuses?.map(({ name, resources, allocatedResources }) => ({
      name,
      resources,
      allocatedResources,
    })),
    init: status.initContainerStatuses?.map(({ name, resources, allocatedResources }) => ({
      name,
      resources,
      allocatedResources,
    })),
    resources: status.resources,
    allocated: status.allocatedResources,
    pending: status.conditions?.filter((condition) => condition.type === 'PodResizePending'),
  };
}

/** The pod without the node that it is on, so that all pods like it share a template wherever they run. */
export function withoutNodeName(pod: Pod): Pod {
  const { nodeName: _nodeName, ...spec } = pod.spec ?? {};
  return { ...pod, spec };
}

/** JSON with sorted keys; undefined members, empty objects and empty lists inside objects are kept out. */
export function canonicalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const parts: string[] = [];
  const record = value as Record<string, unknown>;
  for (const key of Object.keys(record).sort(compareTexts)) {
    if (record[key] !== undefined) parts.push(`${JSON.stringify(key)}:${canonicalText(record[key])}`);
  }
  return `{${parts.join(',')}}`;
}

/** Only controllers whose selector feeds PodTopologySpread's default constraints tell pods apart. */
function spreadController(owners: ObjectMeta['ownerReferences']): ControllerReference | null {
  const owner = owners?.find((reference) => reference.controller === true);
  if (owner === undefined) return null;
  const counts = owner.kind === 'ReplicaSet' || owner.kind === 'StatefulSet' || owner.kind === 'ReplicationController';
  return counts ? { kind: owner.kind, name: owner.name, uid: owner.uid ?? '' } : null;
}

function compileTemplate(
  id: number,
  pod: Pod,
  marks: DrainMarks,
  registry: ResourceRegistry,
  maximumOfSums: boolean,
): PodTemplate {
  const spec = pod.spec ?? {};
  const containerDefaults = { cpuMilli: DEFAULT_CPU_MILLI, memoryBytes: DEFAULT_MEMORY_BYTES };
  const accounting: PodRequestsOptions = {
    useStatusResources: true,
    podLevel: true,
    containerDefaults: null,
    maximumOfSums,
  };
  const vector = (options: PodRequestsOptions): ResourceVector => requestVector(pod, options, registry);
  const assumed = accountingDefaults(pod, podRequests(pod, accounting), containerDefaults);
  const nonZero = vector({ ...accounting, containerDefaults: assumed });
  const affinity = spec.affinity;
  const accounted = vector(accounting);
  return {
    id,
    specOf: id,
    namespace: pod.metadata?.namespace ?? 'default',
    labels: new Map(Object.entries(pod.metadata?.labels ?? {})),
    spec,
    controller: spreadController(pod.metadata?.ownerReferences),
    priority: spec.priority ?? 0,
    neverPreempts: spec.preemptionPolicy === 'Never',
    schedulerName: spec.schedulerName ?? DEFAULT_SCHEDULER_NAME,
    accounted,
    gpu: gpuRequestOf(amountOf(accounted, registry.find(GPU_MILLI))),
    requested: vector({ useStatusResources: false, podLevel: true, containerDefaults: null }),
    scored: vector({ useStatusResources: false, podLevel: false, containerDefaults }),
    nonZeroCpu: amountOf(nonZero, CPU),
    nonZeroMemory: amountOf(nonZero, MEMORY),
    hostPorts: hostPortsOf(spec),
    tolerations: spec.tolerations ?? [],
    images: imagesOf(spec),
    containerCount: (spec.containers?.length ?? 0) + (spec.initContainers?.length ?? 0),
    imageVolumeCount: (spec.volumes ?? []).filter(({ image }) => image !== undefined).length,
    gates: (spec.schedulingGates ?? []).map((gate) => gate.name),
    requiredAffinityTerms: affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    requiredAntiAffinityTerms: affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [],
    hasPodAffinity: hasPodAffinity(affinity),
    claimNames: (spec.volumes ?? []).flatMap((volume) =>
      volume.persistentVolumeClaim === undefined ? [] : [volume.persistentVolumeClaim.claimName],
    ),
    hasEphemeralVolumes: (spec.volumes ?? []).some((volume) => volume.ephemeral !== undefined),
    graceMicros: (spec.terminationGracePeriodSeconds ?? 30) * MICROS_PER_SECOND,
    drainMarks: marks,
    deletionCost: marks.deletionCost ?? 0,
    hasLocalStorage: marks.localStorageIsSafe !== true && (spec.volumes ?? []).some(isLocalVolume),
    restartPolicy: spec.restartPolicy ?? 'Always',
    life: null,
  };
}

function requestVector(pod: Pod, options: PodRequestsOptions, registry: ResourceRegistry): ResourceVector {
  const pairs = new Map<number, number>();
  for (const [name, quantity] of podRequests(pod, options)) {
    const column = registry.column(name);
    if (column < 0) continue;
    pairs.set(column, Number(column === CPU ? quantity.milliValue() : quantity.value()));
  }
  return resourceVector(pairs);
}

/** Ports with a hostPort of regular containers and restartable init containers; missing ip and protocol filled in. */
function hostPortsOf(spec: PodSpec): HostPort[] {
  const sidecars = (spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  return [...sidecars, ...(spec.containers ?? [])].flatMap((container) =>
    (container.ports ?? []).flatMap((port) => {
      const hostPort = port.hostPort ?? 0;
      return hostPort > 0
        ? [
            {
              ip: port.hostIP === undefined || port.hostIP === '' ? '0.0.0.0' : port.hostIP,
              protocol: port.protocol === undefined || port.protocol === '' ? 'TCP' : port.protocol,
              port: hostPort,
            },
          ]
        : [];
    }),
  );
}

function imagesOf(spec: PodSpec): string[] {
  const names = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].map((container) => container.image ?? '');
  for (const volume of spec.volumes ?? [])
    if (volume.image?.reference !== undefined) names.push(volume.image.reference);
  return names.map(normalizedImageName);
}

function hasPodAffinity(affinity: Affinity | undefined): boolean {
  const count = (list: readonly unknown[] | undefined): number => list?.length ?? 0;
  const attract = affinity?.podAffinity;
  const repel = affinity?.podAntiAffinity;
  return (
    count(attract?.requiredDuringSchedulingIgnoredDuringExecution) +
      count(attract?.preferredDuringSchedulingIgnoredDuringExecution) >
      0 ||
    count(repel?.requiredDuringSchedulingIgnoredDuringExecution) +
      count(repel?.preferredDuringSchedulingIgnoredDuringExecution) >
      0
  );
}
