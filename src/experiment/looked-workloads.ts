/**
 * Workload objects of a run as the API server would show them: the author's spec with the scale of the moment, and the
 * status that the controllers have written. Workloads that a scenario generates have no object: they are told by name,
 * kind and counts. Sources: staging/src/k8s.io/api/{apps,batch}/v1/types.go (v1.36).
 */
import type { Cluster } from '../cluster/cluster.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { WorkloadObject } from '../cluster/objects.ts';
import type { WorkloadCondition, WorkloadDetails } from '../cluster/workload-details.ts';
import { WORKLOAD_KIND_NAMES, WorkloadKind } from '../cluster/workload-table.ts';
import type { LookedMeta, LookedWorkload, LookedWorkloadStatus, TimedCondition } from './looked-object.ts';
import type { LookedRun } from './looked-pods.ts';

const REVISION = 'deployment.kubernetes.io/revision';
const DESIRED = 'deployment.kubernetes.io/desired-replicas';
const MOST = 'deployment.kubernetes.io/max-replicas';
/** On workloads that a scenario generates: no object stands behind them. */
export const GENERATED = 'podyard.dev/generated';

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
    for (const object of objects.list<WorkloadObject>(kind)) {
      const { name = '', namespace = 'default' } = object.metadata ?? {};
      if (!found.some(({ metadata }) => metadata.name === name && metadata.namespace === namespace))
        found.push(daemonSet(run, object, daemonRow(run.cluster, namespace, name)));
    }
  return found;
}

/** What the scenario has generated: the Deployments, Jobs and DaemonSets that own pods and have no object. */
export function generatedWorkloads(run: LookedRun, kind: string): LookedWorkload[] {
  const { workloads, objects, templates } = run.cluster;
  const found: LookedWorkload[] = [];
  for (let row = 0; row < workloads.length; row++) {
    if (workloads.used[row] === 0 || workloads.object[row] !== null || workloads.isObject(row)) continue;
    const template = workloads.template[row];
    if (template < 0 || generatedKind(workloads.kind[row]) !== kind) continue;
    const { namespace } = templates.get(template);
    const name = run.cluster.names.text(workloads.nameBase[row]);
    if (objects.get(kind, `${namespace}/${name}`) === undefined) found.push(generated(run, row, kind, namespace, name));
  }
  return found;
}

/** A generated Deployment stands in the table as the one ReplicaSet that it has. */
function generatedKind(kind: number): string {
  return kind === WorkloadKind.ReplicaSet ? 'Deployment' : WORKLOAD_KIND_NAMES[kind];
}

function lookedWorkload(run: LookedRun, row: number, object: WorkloadObject): LookedWorkload {
  const { cluster, timeText } = run;
  const { workloads } = cluster;
  const kind = WORKLOAD_KIND_NAMES[workloads.kind[row]];
  const slash = workloads.key[row].indexOf('/');
  const namespace = slash < 0 ? 'default' : workloads.key[row].slice(0, slash);
  const name = workloads.key[row].slice(slash + 1);
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
    apiVersion: object.apiVersion ?? (details?.kind === 'Job' || details?.kind === 'CronJob' ? 'batch/v1' : 'apps/v1'),
    kind,
    metadata,
    spec: { ...object.spec, ...replicas },
    status: statusOf(run, row, details, object),
  };
}

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
      const namespace = workloads.key[row].slice(0, workloads.key[row].indexOf('/'));
      const { active, lastScheduleSeconds } = details;
      const at = lastScheduleSeconds * 1_000_000 - run.beginsMicros;
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
function conditionsOf({ cluster, timeText }: LookedRun, row: number, all: readonly WorkloadCondition[]): TimedCondition[] {
  const name = cluster.workloads.key[row].slice(cluster.workloads.key[row].indexOf('/') + 1);
  const newest = cluster.workloads.children[row].at(-1);
  const set = newest === undefined ? '' : cluster.workloads.key[newest].slice(cluster.workloads.key[newest].indexOf('/') + 1);
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
    BackoffLimitExceeded: 'Job has reached the specified backoff limit',
    DeadlineExceeded: 'Job was active longer than specified deadline',
  };
  return all.map(({ type, status, reason, lastTransitionAt }) => ({
    type,
    status,
    reason,
    ...(messages[reason] === undefined ? {} : { message: messages[reason].replace('{name}', name) }),
    lastTransitionTime: timeText(lastTransitionAt),
  }));
}

function activePods({ workloads, pods }: Cluster, row: number): number {
  return workloads.podsOf(row).filter((pod) => pods.isActive(pod)).length;
}

/** Row of the owner of a DaemonSet's pods, -1: none. */
function daemonRow({ workloads, names, templates }: Cluster, namespace: string, name: string): number {
  for (let row = 0; row < workloads.length; row++) {
    if (workloads.used[row] === 0 || workloads.kind[row] !== WorkloadKind.DaemonSet) continue;
    const template = workloads.template[row];
    if (names.text(workloads.nameBase[row]) !== name || template < 0) continue;
    if (templates.get(template).namespace === namespace) return row;
  }
  return -1;
}

function daemonSet(run: LookedRun, object: WorkloadObject, row: number): LookedWorkload {
  const { cluster, history, timeText } = run;
  const { name = '', namespace = 'default' } = object.metadata ?? {};
  return {
    ...object,
    apiVersion: object.apiVersion ?? 'apps/v1',
    kind: 'DaemonSet',
    metadata: {
      ...object.metadata, name, namespace,
      uid: object.metadata?.uid ?? `DaemonSet/${namespace}/${name}`,
      creationTimestamp: timeText(history.createdAt('DaemonSet', `${namespace}/${name}`)),
    },
    spec: object.spec ?? {},
    status: row < 0 ? {} : daemonStatus(cluster, row),
  };
}

function daemonStatus({ workloads, pods }: Cluster, row: number): LookedWorkloadStatus {
  const own = workloads.podsOf(row);
  const desired = own.filter((pod) => pods.isActive(pod)).length;
  const ready = own.filter((pod) => pods.phase[pod] === PodPhase.Running && pods.isReady(pod)).length;
  const current = own.filter((pod) => pods.isActive(pod) && pods.node[pod] >= 0).length;
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

function generated(run: LookedRun, row: number, kind: string, namespace: string, name: string): LookedWorkload {
  const { cluster, timeText } = run;
  const { workloads, pods } = cluster;
  const { labels, spec } = cluster.templates.get(workloads.template[row]);
  const own = workloads.podsOf(row);
  const ready = own.filter((pod) => pods.phase[pod] === PodPhase.Running && pods.isReady(pod)).length;
  const active = activePods(cluster, row);
  const wanted = workloads.wanted[row];
  const status: LookedWorkloadStatus =
    kind === 'DaemonSet'
      ? daemonStatus(cluster, row)
      : kind === 'Job'
        ? { active, ready, startTime: timeText(workloads.createdAt[row]) }
        : { replicas: active, readyReplicas: ready, availableReplicas: ready, updatedReplicas: active };
  return {
    apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
    kind,
    metadata: {
      name, namespace, annotations: { [GENERATED]: 'true' }, creationTimestamp: timeText(workloads.createdAt[row]),
    },
    spec: {
      ...(kind === 'Deployment' ? { replicas: wanted } : {}),
      template: { metadata: { labels: Object.fromEntries(labels) }, spec },
    },
    status,
  };
}
