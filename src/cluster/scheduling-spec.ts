/**
 * What of a pod's spec anything in the cluster looks at. Pods read from a running cluster differ in much else (the name
 * of their token volume, host names, environments): with it left out, pods that are scheduled alike share a template.
 */
import type { Container, LivingContainer, Pod, PodSpec, Volume } from './objects.ts';

type Fields<T> = Readonly<Record<keyof Required<T>, true>>;

const SPEC_FIELDS: Fields<PodSpec> = {
  nodeName: true,
  nodeSelector: true,
  affinity: true,
  tolerations: true,
  topologySpreadConstraints: true,
  schedulingGates: true,
  schedulerName: true,
  priority: true,
  priorityClassName: true,
  preemptionPolicy: true,
  runtimeClassName: true,
  overhead: true,
  resources: true,
  resourceClaims: true,
  hostNetwork: true,
  hostUsers: true,
  restartPolicy: true,
  terminationGracePeriodSeconds: true,
  activeDeadlineSeconds: true,
  containers: true,
  initContainers: true,
  volumes: true,
};
const CONTAINER_FIELDS: Fields<Container> = {
  name: true,
  image: true,
  imagePullPolicy: true,
  resources: true,
  ports: true,
  restartPolicy: true,
  restartPolicyRules: true,
};
const VOLUME_FIELDS: Fields<Volume> = {
  name: true,
  persistentVolumeClaim: true,
  ephemeral: true,
  gcePersistentDisk: true,
  awsElasticBlockStore: true,
  rbd: true,
  iscsi: true,
  image: true,
  csi: true,
  emptyDir: true,
  hostPath: true,
};

/** The spec without what nobody looks at; the same object when there is nothing of that. */
export function schedulingSpec(spec: PodSpec): PodSpec {
  let kept: PodSpec = onlyFields(spec, SPEC_FIELDS);
  if (spec.containers?.some((container) => !hasOnly(container, CONTAINER_FIELDS)) === true)
    kept = { ...kept, containers: spec.containers.map((container) => onlyFields(container, CONTAINER_FIELDS)) };
  if (spec.initContainers?.some((container) => !hasOnly(container, CONTAINER_FIELDS)) === true)
    kept = { ...kept, initContainers: spec.initContainers.map((container) => onlyFields(container, CONTAINER_FIELDS)) };
  if (spec.volumes === undefined || spec.volumes.length === 0) return kept;
  const { volumes: _all, ...others } = kept;
  const volumes = spec.volumes.filter(isLookedAt).map(withoutIdleName);
  return volumes.length === 0 ? others : { ...others, volumes };
}

/** Tokens, secrets and the like say nothing to a scheduler or an autoscaler. */
function isLookedAt(volume: Volume): boolean {
  return Object.keys(volume).some((key) => key !== 'name' && key in VOLUME_FIELDS);
}

/** The name of a generic ephemeral volume is part of its claim's; of the others nobody asks. */
function withoutIdleName(volume: Volume): Volume {
  if (volume.ephemeral !== undefined) return volume;
  const { name: _name, ...source } = volume;
  return source;
}

function hasOnly<T extends object>(object: T, fields: Fields<T>): boolean {
  for (const key in object) if (!(key in fields)) return false;
  return true;
}

function onlyFields<T extends object>(object: T, fields: Fields<T>): T {
  if (hasOnly(object, fields)) return object;
  return Object.fromEntries(Object.entries(object).filter(([key]) => key in fields)) as T;
}

/** system-critical: of the classes that every cluster is born with, the lower one (pkg/apis/scheduling/types.go). */
export const CRITICAL_PRIORITY = 2_000_000_000;

/** Name of an application of the scenario: what runs in the pod's containers. */
export const APPLICATION_ANNOTATION = 'podyard.dev/application';

/** What the kubelet needs to know of a pod whose application is known. */
export interface PodLife {
  readonly application: string;
  readonly initContainers: readonly LivingContainer[];
  readonly containers: readonly LivingContainer[];
}

const LIFE_FIELDS: Fields<LivingContainer> = {
  name: true, startupProbe: true, readinessProbe: true, livenessProbe: true, lifecycle: true,
};

/** null: nobody has said what runs in the pod; its containers start, run and stop without any trouble. */
export function podLife({ metadata, spec }: Pod): PodLife | null {
  const application = metadata?.annotations?.[APPLICATION_ANNOTATION];
  if (typeof application !== 'string') return null;
  const picked = (list: readonly LivingContainer[] = []): readonly LivingContainer[] =>
    list.map((container) => onlyFields(container, LIFE_FIELDS));
  return { application, initContainers: picked(spec?.initContainers), containers: picked(spec?.containers) };
}
