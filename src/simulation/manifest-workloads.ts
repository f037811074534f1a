/**
 * Workload objects of files as rows of the cluster: what a dump's status and its pods tell of a workload that runs
 * already, so that its controller goes on where the real one was. Pure, on what was read.
 */
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { objectKey } from '../cluster/object-store.ts';
import type { Pod, PodTemplateSpec, WorkloadObject } from '../cluster/objects.ts';
import type {
  DaemonSetDetails,
  JobDetails,
  Revision,
  StatefulSetDetails,
  WorkloadDetails,
} from '../cluster/workload-details.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import { deploymentDetails } from '../controllers/deployment.ts';
import { POD_TEMPLATE_HASH } from '../controllers/new-replica-set.ts';
import { cronJobDetails } from '../controllers/cron-job.ts';
import { daemonSetDetails } from '../controllers/daemon-set.ts';
import { jobDetails } from '../controllers/job.ts';
import { jobPlan } from '../controllers/job-policies.ts';
import { replicaSetDetails } from '../controllers/replica-set.ts';
import { statefulSetDetails } from '../controllers/stateful-set.ts';
import { REVISION_LABEL } from '../controllers/stateful-set-pods.ts';

/** Kinds whose controllers run on their objects. */
export const CONTROLLED_KINDS: ReadonlyMap<string, WorkloadKind> = new Map([
  ['Deployment', WorkloadKind.Deployment],
  ['ReplicaSet', WorkloadKind.ReplicaSet],
  ['ReplicationController', WorkloadKind.ReplicaSet],
  ['StatefulSet', WorkloadKind.StatefulSet],
  ['DaemonSet', WorkloadKind.DaemonSet],
  ['Job', WorkloadKind.Job],
  ['CronJob', WorkloadKind.CronJob],
]);

const UNSCALED: readonly WorkloadKind[] = [WorkloadKind.DaemonSet, WorkloadKind.Job, WorkloadKind.CronJob];

/** Row of the new workload. `existing`: its pods among the objects. */
export function createWorkload(
  cluster: Cluster, object: WorkloadObject, existing: readonly Pod[], parent: number, podMicros: Micros,
): number {
  const kind = CONTROLLED_KINDS.get(object.kind ?? '') as WorkloadKind;
  const hasScale = !UNSCALED.includes(kind);
  return cluster.workloadWriter.create({
    kind, object, parent, podMicros,
    key: objectKey(object),
    wanted: hasScale ? (object.spec?.replicas ?? 1) : -1,
    template: -1,
    workloadClass: cluster.classes.intern(object.kind ?? ''),
    nameBase: cluster.names.intern(object.metadata?.name ?? ''),
    details: detailsOf(kind, object, existing),
  });
}

function detailsOf(kind: WorkloadKind, object: WorkloadObject, existing: readonly Pod[]): WorkloadDetails {
  switch (kind) {
    case WorkloadKind.Deployment:
      return { ...deploymentDetails(), revision: annotatedNumber(object, 'deployment.kubernetes.io/revision', 0) };
    case WorkloadKind.StatefulSet:
      return statefulDetails(object, existing);
    case WorkloadKind.DaemonSet:
      return daemonDetails(object, existing);
    case WorkloadKind.CronJob:
      return cronJobDetails();
    case WorkloadKind.Job:
      return runningJob(object, existing);
    default:
      return replicaSetDetails(
        withoutHash(object.spec?.template ?? {}),
        object.spec?.minReadySeconds ?? 0,
        annotatedNumber(object, 'deployment.kubernetes.io/revision', 0),
        annotatedNumber(object, 'deployment.kubernetes.io/desired-replicas', -1),
        annotatedNumber(object, 'deployment.kubernetes.io/max-replicas', -1),
      );
  }
}

function annotatedNumber({ metadata }: WorkloadObject, name: string, fallback: number): number {
  const text = metadata?.annotations?.[name];
  return text !== undefined && /^[0-9]{1,9}$/.test(text) ? Number(text) : fallback;
}

/** As its Deployment has it. */
function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  if (template.metadata?.labels?.[POD_TEMPLATE_HASH] === undefined) return template;
  const { [POD_TEMPLATE_HASH]: _hash, ...labels } = template.metadata.labels;
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** The revisions that the status names, of which only the newest one's template is known. */
function statefulDetails({ spec, status }: WorkloadObject, existing: readonly Pod[]): StatefulSetDetails {
  const ofPods = existing.map((pod) => pod.metadata?.labels?.[REVISION_LABEL] ?? '').filter((name) => name !== '');
  const update = status?.updateRevision ?? ofPods[0];
  if (update === undefined) return statefulSetDetails();
  const template = spec?.template ?? {};
  const current = status?.currentRevision ?? update;
  const revisions: readonly Revision[] =
    current === update
      ? [{ name: update, number: 1, template }]
      : [
          {
            name: current,
            number: 1,
            template: { ...template, metadata: { ...template.metadata, annotations: { [REVISION_LABEL]: current } } },
          },
          { name: update, number: 2, template },
        ];
  return {
    kind: 'StatefulSet',
    revisions,
    currentRevision: current,
    updateRevision: update,
    currentReplicas: status?.currentReplicas ?? 0,
  };
}

/** Label of a DaemonSet's pods: the generation of the template that they were made of. */
const TEMPLATE_GENERATION = 'pod-template-generation';

/** The revision that its youngest pods name is that of its template: the one that is known. */
function daemonDetails({ spec }: WorkloadObject, existing: readonly Pod[]): DaemonSetDetails {
  let name = '';
  let generation = -1;
  for (const { metadata } of existing) {
    const number = Number(metadata?.labels?.[TEMPLATE_GENERATION] ?? 0);
    const revision = metadata?.labels?.[REVISION_LABEL];
    if (revision !== undefined && number > generation) [name, generation] = [revision, number];
  }
  if (name === '') return daemonSetDetails();
  return { ...daemonSetDetails(), revisions: [{ name, number: 1, template: spec?.template ?? {} }] };
}

/** Pods that have ended are not made again, so those that the status does not tell of yet are counted here. */
function runningJob({ spec, status }: WorkloadObject, existing: readonly Pod[]): JobDetails {
  const { isIndexed, backoffLimitPerIndex } = jobPlan(spec ?? {});
  const ended = existing.filter(({ status: of }) => of?.phase === 'Succeeded').length;
  const fresh = jobDetails(backoffLimitPerIndex !== null);
  return {
    ...fresh,
    succeeded: isIndexed ? (status?.succeeded ?? 0) : Math.max(status?.succeeded ?? 0, ended),
    failed: status?.failed ?? 0,
    completedIndexes: status?.completedIndexes ?? '',
    failedIndexes: fresh.failedIndexes === null ? null : (status?.failedIndexes ?? ''),
  };
}
