/**
 * Workload objects of a run as the API server would show them: the author's spec with the scale of the moment, and the
 * status that the controllers have written. DaemonSets that a scenario generates have no object: they are told by name,
 * kind and counts. Sources: staging/src/k8s.io/api/{apps,batch}/v1/types.go (v1.36).
 */
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { PodPhase } from '../cluster/cluster.ts';
import { GENERATED } from '../cluster/lineages.ts';
import { objectKey } from '../cluster/object-store.ts';
import type { WorkloadObject } from '../cluster/objects.ts';
import type { WorkloadCondition, WorkloadDetails } from '../cluster/workload-details.ts';
import { WORKLOAD_KIND_NAMES, WorkloadKind } from '../cluster/workload-table.ts';
import type {
  LookedMeta, LookedObject, LookedWorkload, LookedWorkloadStatus, TimedCondition,
} from './looked-object.ts';
import { apiVersionOf } from './looked-pods.ts';
import type { LookedRun } from './looked-pods.ts';

/** By which a Deployment knows its ReplicaSets' age. */
export const REVISION = 'deployment.kubernetes.io/revision';
const DESIRED = 'deployment.kubernetes.io/desired-replicas';
const MOST = 'deployment.kubernetes.io/max-replicas';
/** Messages of a Job that has failed (pkg/controller/job/job_controller.go). */
export const JOB_FAILURES: Readonly<Record<string, string>> = {
  BackoffLimitExceeded: 'Job has reached the specified backoff limit',
  DeadlineExceeded: 'Job was active longer than specified deadline',
};

/** All workloads of a kind that have an object. */
export function lookedWorkloads(run: LookedRun, kind: string): LookedWorkload[] {
  const { workloads, objects } = run.cluster;
  const found: LookedWorkload[] = [];
  for (let row = 0; row < workloads.length; row++) {
    if (workloads.used[row] === 0 || WORKLOAD_KIND_NAMES[workloads.kind[row]] !== kind) continue;
    const object = workloads.object[row];
    if (object !== null && (object.kind ?? kind) === kind) found.push(lookedWorkload(run, row, object));
  }
  if (kind === 'DaemonSet')
    for (const object of objects.list<WorkloadObject>(kind))
      if (workloads.find(WorkloadKind.DaemonSet, objectKey(object)) < 0) found.push(unruledDaemonSet(run, object));
  return found;
}

/** The DaemonSets that the scenario has generated: they own pods and have no object. */
export function generatedDaemonSets(run: LookedRun): LookedWorkload[] {
  const { workloads, objects, templates } = run.cluster;
  const found: LookedWorkload[] = [];
  for (let row = 0; row < workloads.length; row++) {
    if (workloads.used[row] === 0 || workloads.object[row] !== null || workloads.isObject(row)) continue;
    const template = workloads.template[row];
    if (template < 0 || workloads.kind[row] !== WorkloadKind.DaemonSet) continue;
    const { namespace } = templates.get(template);
    const name = run.cluster.names.text(workloads.nameBase[row]);
    if (objects.get('DaemonSet', `${namespace}/${name}`) !== undefined) continue;
    found.push(generated(run, row, namespace, name));
  }
  return found;
}

/** false: one of the generated DaemonSets; those that the API server keeps have a UID. */
export function hasObject({ kind, metadata }: LookedObject): boolean {
  return kind !== 'DaemonSet' || metadata.uid !== undefined;
}

function lookedWorkload(run: LookedRun, row: number, object: WorkloadObject): LookedWorkload {
  const { cluster, timeText } = run;
  const { workloads } = cluster;
  const kind = WORKLOAD_KIND_NAMES[workloads.kind[row]];
  const namespace = workloads.namespaceOf(row);
  const name = workloads.nameOf(row);
  const details = workloads.details[row];
  const annotations = { ...object.metadata?.annotations, ...annotationsOf(details) };
  const metadata: LookedMeta = {
    ...object.metadata,
    name,
    namespace,
    uid: object.metadata?.uid ?? `${kind}/${namespace}/${name}`,
    generation: workloads.generation[row],
    creationTimestamp: timeText(workloads.createdAt[row]),
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    ...(workloads.isDeleting(row) ? { deletionTimestamp: timeText(workloads.deletionAt[row]) } : {}),
  };
  const replicas = workloads.wanted[row] < 0 ? {} : { replicas: workloads.wanted[row] };
  return {
    ...object,
    apiVersion: object.apiVersion ?? apiVersionOf(kind),
    kind,
    metadata,
    spec: { ...object.spec, ...replicas },
    status: withoutZeros(kind, statusOf(run, row, details, object)),
  };
}

/** As the API server writes a status: what is 0 is left out, but for what its kind always says. */
function withoutZeros(kind: string, status: LookedWorkloadStatus): LookedWorkloadStatus {
  return Object.fromEntries(Object.entries(status).filter(([name, value]) => (
    value !== 0 || (ALWAYS_TOLD[kind] ?? []).includes(name)
  )));
}

/** Without `omitempty` (staging/src/k8s.io/api/apps/v1/types.go); a Job's controller writes `ready` even so. */
const ALWAYS_TOLD: Readonly<Record<string, readonly string[]>> = {
  ReplicaSet: ['replicas'],
  StatefulSet: ['replicas', 'availableReplicas'],
  DaemonSet: ['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady'],
  Job: ['ready'],
};

function annotationsOf(details: WorkloadDetails | null): Record<string, string> {
  if (details?.kind !== 'Deployment' && details?.kind !== 'ReplicaSet') return {};
  const told: Record<string, string> = details.revision > 0 ? { [REVISION]: String(details.revision) } : {};
  if (details.kind === 'Deployment') return told;
  if (details.desiredReplicas >= 0) told[DESIRED] = String(details.desiredReplicas);
  if (details.maxReplicas >= 0) told[MOST] = String(details.maxReplicas);
  return told;
}

function statusOf(
  run: LookedRun, row: number, details: WorkloadDetails | null, { spec }: WorkloadObject,
): LookedWorkloadStatus {
  const { workloads } = run.cluster;
  const counts = {
    observedGeneration: workloads.observedGeneration[row],
    replicas: workloads.replicas[row],
    readyReplicas: workloads.ready[row],
    availableReplicas: workloads.available[row],
  };
  switch (details?.kind) {
    case 'Deployment':
      return {
        ...counts,
        updatedReplicas: workloads.updated[row],
        unavailableReplicas: details.unavailable,
        conditions: conditionsOf(run, row, details.conditions),
      };
    case 'StatefulSet': {
      const { currentReplicas, currentRevision, updateRevision } = details;
      return { ...counts, updatedReplicas: workloads.updated[row], currentReplicas, currentRevision, updateRevision };
    }
    case 'DaemonSet':
      return {
        observedGeneration: workloads.observedGeneration[row],
        desiredNumberScheduled: details.desired,
        currentNumberScheduled: workloads.replicas[row],
        updatedNumberScheduled: workloads.updated[row],
        numberMisscheduled: details.misscheduled,
        numberReady: workloads.ready[row],
        numberAvailable: workloads.available[row],
        numberUnavailable: details.unavailable,
      };
    case 'Job': {
      const { succeeded, failed, completedIndexes, failedIndexes, startAt, finishedAt, conditions } = details;
      const isComplete = conditions.some(({ type, status }) => type === 'Complete' && status === 'True');
      return {
        active: activePods(run.cluster, row),
        ready: workloads.podsOf(row).filter((pod) => run.cluster.pods.isReady(pod)).length,
        succeeded,
        failed,
        ...(spec?.completionMode === 'Indexed' ? { completedIndexes } : {}),
        ...(failedIndexes === null ? {} : { failedIndexes }),
        ...(startAt < 0 ? {} : { startTime: run.timeText(startAt) }),
        ...(isComplete && finishedAt >= 0 ? { completionTime: run.timeText(finishedAt) } : {}),
        conditions: conditionsOf(run, row, conditions),
      };
    }
    case 'CronJob': {
      const namespace = workloads.namespaceOf(row);
      const { active, lastScheduleSeconds } = details;
      const at = lastScheduleSeconds * MICROS_PER_SECOND - run.beginsMicros;
      return {
        active: active.map((name) => ({ kind: 'Job', name, namespace })),
        ...(lastScheduleSeconds < 0 ? {} : { lastScheduleTime: run.timeText(at) }),
      };
    }
    default:
      return counts;
  }
}

/** Messages of a Deployment's conditions (pkg/controller/deployment/util/deployment_util.go, .../progress.go). */
function conditionsOf(
  { cluster: { workloads }, timeText }: LookedRun, row: number, all: readonly WorkloadCondition[],
): TimedCondition[] {
  const newest = workloads.children[row].at(-1);
  const set = newest === undefined ? '' : workloads.nameOf(newest);
  const messages: Readonly<Record<string, string>> = {
    MinimumReplicasAvailable: 'Deployment has minimum availability.',
    MinimumReplicasUnavailable: 'Deployment does not have minimum availability.',
    NewReplicaSetCreated: `Created new replica set "${set}"`,
    FoundNewReplicaSet: `Found new replica set "${set}"`,
    ReplicaSetUpdated: `ReplicaSet "${set}" is progressing.`,
    NewReplicaSetAvailable: `ReplicaSet "${set}" has successfully progressed.`,
    ProgressDeadlineExceeded: `ReplicaSet "${set}" has timed out progressing.`,
    DeploymentPaused: 'Deployment is paused',
    DeploymentResumed: 'Deployment is resumed',
    CompletionsReached: 'Reached expected number of succeeded pods',
    ...JOB_FAILURES,
  };
  return all.map(({ type, status, reason, lastTransitionAt }) => ({
    type,
    status,
    reason,
    ...(messages[reason] === undefined ? {} : { message: messages[reason] }),
    lastTransitionTime: timeText(lastTransitionAt),
  }));
}

function activePods({ workloads, pods }: Cluster, row: number): number {
  return workloads.podsOf(row).filter((pod) => pods.isActive(pod)).length;
}

/** One that no controller looks after, as it is being deleted. */
function unruledDaemonSet({ history, timeText }: LookedRun, object: WorkloadObject): LookedWorkload {
  const { name = '', namespace = 'default' } = object.metadata ?? {};
  return {
    ...object,
    apiVersion: object.apiVersion ?? apiVersionOf('DaemonSet'),
    kind: 'DaemonSet',
    metadata: {
      ...object.metadata, name, namespace,
      uid: object.metadata?.uid ?? `DaemonSet/${namespace}/${name}`,
      creationTimestamp: timeText(history.createdAt('DaemonSet', `${namespace}/${name}`)),
    },
    spec: object.spec ?? {},
    status: {},
  };
}

function daemonStatus({ workloads, pods }: Cluster, row: number, desired: number, ready: number): LookedWorkloadStatus {
  const current = workloads.podsOf(row).filter((pod) => pods.isActive(pod) && pods.node[pod] >= 0).length;
  return {
    desiredNumberScheduled: desired,
    currentNumberScheduled: current,
    updatedNumberScheduled: current,
    numberMisscheduled: 0,
    numberReady: ready,
    numberAvailable: ready,
    numberUnavailable: desired - ready,
  };
}

function generated(run: LookedRun, row: number, namespace: string, name: string): LookedWorkload {
  const { cluster, timeText } = run;
  const { workloads, pods } = cluster;
  const { labels, spec } = cluster.templates.get(workloads.template[row]);
  const ready = workloads.podsOf(row).filter((pod) => pods.phase[pod] === PodPhase.Running && pods.isReady(pod)).length;
  return {
    apiVersion: apiVersionOf('DaemonSet'),
    kind: 'DaemonSet',
    metadata: {
      name, namespace, annotations: { [GENERATED]: 'true' }, creationTimestamp: timeText(workloads.createdAt[row]),
    },
    spec: { template: { metadata: { labels: Object.fromEntries(labels) }, spec } },
    status: daemonStatus(cluster, row, activePods(cluster, row), ready),
  };
}
