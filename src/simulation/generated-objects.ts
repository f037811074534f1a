/**
 * The objects of what a scenario generates: what their author would have written. An arrival's object is a few small
 * ones of its own; the spec of its pods is shared by all arrivals of a workload and shape.
 */
import type { Micros } from '../base/time.ts';
import { deploymentDetails } from '../controllers/deployment.ts';
import { jobDetails } from '../controllers/job.ts';
import { GENERATED } from '../cluster/lineages.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import type { WorkloadSeed } from '../cluster/workload-table.ts';
import { withLabel } from '../cluster/selectors.ts';
import type { ObjectMeta, PodSpec, PodTemplateSpec, WorkloadSpec } from '../cluster/objects.ts';

/** Label of an arrival's pods, by which its owner selects them: the name of the arrival. */
const INSTANCE_LABEL = 'podyard.dev/instance';
/** MaxInt32: no limit, no deadline. */
const NO_LIMIT = 2_147_483_647;

/** What all arrivals of a workload and shape have in common. */
export interface ArrivalKind {
  readonly namespace: string;
  /** Labels and annotations of the pods. */
  readonly podMeta: ObjectMeta;
  readonly podSpec: PodSpec;
  /** Template id of the pods. */
  readonly template: number;
  /** Interned name of the workload. */
  readonly nameBase: number;
  /** Index into Cluster.classes. */
  readonly workloadClass: number;
  /** By number of pods; filled as they are asked for. */
  readonly jobSpecs: Map<number, WorkloadSpec>;
}

/** A Deployment of so many pods that nobody waits for: it has no deadline for its progress. */
export function deploymentSeed(
  name: string, replicas: number, nameBase: number, kind: ArrivalKind,
): WorkloadSeed {
  const spec: WorkloadSpec = {
    replicas,
    selector: { matchLabels: withLabel(undefined, INSTANCE_LABEL, name) },
    template: instanceTemplate(name, kind),
    progressDeadlineSeconds: NO_LIMIT,
  };
  const { namespace, template, workloadClass } = kind;
  return {
    kind: WorkloadKind.Deployment,
    object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: metadataOf(name, namespace), spec },
    key: `${namespace}/${name}`,
    parent: -1,
    wanted: replicas,
    template, workloadClass, nameBase,
    podMicros: Infinity,
    details: NEW_DEPLOYMENT,
  };
}

/**
 * A Job that is done when each of its pods has succeeded, however often they fail; then it is gone. `podMicros`: run
 * time of its pods, where it is one for all.
 */
export function jobSeed(
  name: string, count: number, nameBase: number, podMicros: Micros, kind: ArrivalKind,
): WorkloadSeed {
  const { namespace, template, workloadClass } = kind;
  const spec = jobSpec(count, kind);
  return {
    kind: WorkloadKind.Job,
    object: { apiVersion: 'batch/v1', kind: 'Job', metadata: metadataOf(name, namespace), spec },
    key: `${namespace}/${name}`,
    parent: -1,
    wanted: -1,
    template, workloadClass, nameBase, podMicros,
    details: NEW_JOB,
  };
}

/** Jobs of one kind and size share it. */
function jobSpec(count: number, { podMeta, podSpec, jobSpecs }: ArrivalKind): WorkloadSpec {
  let spec = jobSpecs.get(count);
  if (spec !== undefined) return spec;
  spec = {
    parallelism: count,
    completions: count,
    backoffLimit: NO_LIMIT,
    ttlSecondsAfterFinished: 0,
    template: { metadata: podMeta, spec: podSpec },
  };
  jobSpecs.set(count, spec);
  return spec;
}

function instanceTemplate(name: string, { podMeta, podSpec }: ArrivalKind): PodTemplateSpec {
  const labels = withLabel(podMeta.labels, INSTANCE_LABEL, name);
  return { metadata: Object.assign({}, podMeta, { labels }), spec: podSpec };
}

function metadataOf(name: string, namespace: string): ObjectMeta {
  return { name, namespace, annotations: ANNOTATIONS };
}

/** They are never changed, and put aside at the first sync. */
const NEW_DEPLOYMENT = deploymentDetails();
const NEW_JOB = jobDetails();
const ANNOTATIONS: Readonly<Record<string, string>> = { [GENERATED]: 'true' };
