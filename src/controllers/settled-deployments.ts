/**
 * The sync of a Deployment without a deadline whose one ReplicaSet has its template and its size, or that has none yet:
 * a step then makes that one at most, and settles the status. Costs no look at a pod and, while the status stays what
 * it is, no text. The whole sync is deployment.ts; both write the same (test/controllers/short-syncs.test.ts).
 */
import type { WorkloadSpec } from '../cluster/objects.ts';
import { conditionOf, detailsAs } from '../cluster/workload-details.ts';
import type { Conditions, DeploymentDetails } from '../cluster/workload-details.ts';
import { mostSurge, mostUnavailable } from './deployment-sizes.ts';
import { Reason, withAvailability } from './deployment-status.ts';
import { createReplicaSet } from './new-replica-set.ts';
import type { ControllerContext } from './owned-pods.ts';
import { isSameTemplate } from './template-revisions.ts';

/** MaxInt32: no deadline, no limit. */
export const NO_LIMIT = 2_147_483_647;
/** No ReplicaSet, or none but those that go. */
const NONE = -1;
const SEVERAL = -2;

/** False: this is not enough, and nothing was written. */
export function syncSettled(context: ControllerContext, row: number): boolean {
  const { workloads } = context.cluster;
  const spec = workloads.object[row]?.spec;
  if (spec?.progressDeadlineSeconds !== NO_LIMIT || spec.paused === true) return false;
  if ((spec.strategy?.type ?? 'RollingUpdate') !== 'RollingUpdate') return false;
  const details = detailsAs('Deployment', workloads.details[row]);
  if (conditionOf(details.conditions, 'Progressing') !== undefined) return false;
  const set = onlySet(context, row);
  if (set === SEVERAL) return false;
  if (set === NONE && !workloads.isDeleting(row)) {
    begin(context, row, spec);
    return true;
  }
  if (set !== NONE && !fits(context, row, set, spec, details)) return false;
  settle(context, row, set, spec, details);
  return true;
}

/** The first ReplicaSet has its full size at once. */
function begin(context: ControllerContext, row: number, spec: WorkloadSpec): void {
  const { workloads } = context.cluster;
  const size = workloads.wanted[row];
  const maxReplicas = size + mostSurge(spec, size);
  const set = createReplicaSet(context, row, { size, maxReplicas, revision: 1, deadlineSeconds: null });
  // One that is not seen yet has no counts.
  if (set >= 0) settle(context, row, set, spec, detailsAs('Deployment', workloads.details[row]));
}

function onlySet({ cluster }: ControllerContext, row: number): number {
  const { workloads } = cluster;
  let only = NONE;
  for (const set of workloads.children[row]) {
    if (workloads.isDeleting(set)) continue;
    if (only !== NONE) return SEVERAL;
    only = set;
  }
  return only;
}

function fits(
  { cluster }: ControllerContext, row: number, set: number, spec: WorkloadSpec, { revision }: DeploymentDetails,
): boolean {
  const { workloads } = cluster;
  const wanted = workloads.wanted[row];
  const { template = NO_TEMPLATE, minReadySeconds = 0 } = spec;
  const told = detailsAs('ReplicaSet', workloads.details[set]);
  if (workloads.wanted[set] !== wanted || told.desiredReplicas !== wanted) return false;
  if (told.revision === 0 || told.revision !== revision || told.minReadySeconds !== minReadySeconds) return false;
  return isSameTemplate(told.template, template);
}

const NO_TEMPLATE = {};

function settle(
  { cluster, requests }: ControllerContext, row: number, set: number, spec: WorkloadSpec, details: DeploymentDetails,
): void {
  const { workloads } = cluster;
  const isNone = set === NONE;
  const replicas = isNone ? 0 : workloads.replicas[set];
  const ready = isNone ? 0 : workloads.ready[set];
  const available = isNone ? 0 : workloads.available[set];
  const terminating = isNone ? 0 : workloads.terminating[set];
  const unavailable = isNone ? 0 : Math.max(0, workloads.wanted[set] - available);
  const wanted = workloads.wanted[row];
  const least = wanted - mostUnavailable(spec, wanted);
  const conditions = saysAvailable(details.conditions, available >= least)
    ? details.conditions
    : withAvailability(details.conditions, available, least, cluster.now);
  const isSame = unavailable === details.unavailable && conditions === details.conditions;
  const { collisionCount, revision } = details;
  requests.writeStatus(
    row,
    { replicas, updated: replicas, ready, available, terminating },
    isSame ? details : { kind: 'Deployment', conditions, unavailable, collisionCount, revision },
  );
}

/** As `withAvailability` would leave it. */
function saysAvailable(conditions: Conditions, isAvailable: boolean): boolean {
  const said = conditionOf(conditions, 'Available');
  return said?.status === (isAvailable ? 'True' : 'False') &&
    said.reason === (isAvailable ? Reason.Available : Reason.Unavailable);
}
