/**
 * How many pods a workload object wants, from its spec and from the status that a dump brings along. Pure.
 * Source: pkg/controller/job/{job_controller,indexed_job_utils}.go,
 * pkg/controller/deployment/{deployment_controller,sync}.go (v1.36.2).
 */
import type { Pod, WorkloadObject } from '../cluster/objects.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';

export interface WantedPods {
  /** At once; pods that are there count. */
  readonly now: number;
  /** Job: one more for each pod that succeeds, up to so many. */
  readonly later: number;
  /** Why nobody makes or replaces pods of the object; '' when somebody does. */
  readonly rest: '' | 'deleted' | 'finished' | 'suspended' | 'managedElsewhere';
}

/** The Job controller leaves Jobs of other managers alone (pkg/apis/batch/types.go JobControllerName). */
const JOB_CONTROLLER = 'kubernetes.io/job-controller';
/** Any of them true: no pod is made any more. */
const FINISHED = new Set(['Complete', 'Failed', 'FailureTarget', 'SuccessCriteriaMet']);

export function wantedPods(object: WorkloadObject, kind: WorkloadKind, existing: readonly Pod[]): WantedPods {
  const { metadata, spec, status } = object;
  if (metadata?.deletionTimestamp !== undefined) return none('deleted');
  if (kind === WorkloadKind.Job) return podsOfJob(object, existing);
  // A paused Deployment makes no ReplicaSet; one that it has keeps its size.
  const isNew = status?.replicas === undefined && status?.observedGeneration === undefined;
  if (object.kind === 'Deployment' && spec?.paused === true && isNew && existing.length === 0)
    return { now: 0, later: 0, rest: '' };
  return { now: spec?.replicas ?? 1, later: 0, rest: '' };
}

function none(rest: WantedPods['rest']): WantedPods {
  return { now: 0, later: 0, rest };
}

function podsOfJob({ spec, status }: WorkloadObject, existing: readonly Pod[]): WantedPods {
  if ((spec?.managedBy ?? JOB_CONTROLLER) !== JOB_CONTROLLER) return none('managedElsewhere');
  if (status?.conditions?.some(({ type, status: state }) => FINISHED.has(type) && state === 'True') === true)
    return none('finished');
  if (spec?.suspend === true) return none('suspended');
  const phaseCount = (phases: readonly string[]): number =>
    existing.filter((pod) => phases.includes(pod.status?.phase ?? 'Pending')).length;
  const active = phaseCount(['Pending', 'Running', 'Unknown']);
  const isIndexed = spec?.completionMode === 'Indexed';
  const counted =
    isIndexed && status?.completedIndexes !== undefined
      ? countIndexes(status.completedIndexes)
      : (status?.succeeded ?? 0);
  const succeeded = Math.max(counted, phaseCount(['Succeeded']));
  const parallelism = spec?.parallelism ?? 1;
  const completions = spec?.completions ?? (spec?.parallelism === undefined ? 1 : undefined);
  // A work queue: once a pod has succeeded no new ones come.
  if (completions === undefined) return { now: succeeded > 0 ? active : parallelism, later: 0, rest: '' };
  const left = Math.max(0, completions - succeeded - (isIndexed ? countIndexes(status?.failedIndexes ?? '') : 0));
  const now = Math.min(parallelism, left);
  return { now, later: left - Math.min(left, Math.max(now, active)), rest: '' };
}

/** `1,3-5,7` are five. */
function countIndexes(text: string): number {
  let count = 0;
  for (const part of text.split(',')) {
    const [first, last = first] = part.split('-');
    if (/^\d+$/.test(first) && /^\d+$/.test(last)) count += Math.max(0, Number(last) - Number(first) + 1);
  }
  return count;
}
