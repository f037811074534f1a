/**
 * The ReplicaSet that a Deployment makes for its template: its object, its name with the template's hash, its
 * annotations.
 * Source: pkg/controller/deployment/sync.go getNewReplicaSet, pkg/controller/controller_utils.go ComputeHash (v1.36).
 */
import type { Cluster } from '../cluster/cluster.ts';
import type { LabelSelector, WorkloadObject } from '../cluster/objects.ts';
import { withLabel } from '../cluster/selectors.ts';
import { detailsAs, newCondition, withCondition } from '../cluster/workload-details.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import { Reason } from './deployment-status.ts';
import { controllerReference, nameOf, namespaceOf } from './owned-pods.ts';
import type { ControllerContext } from './owned-pods.ts';
import { replicaSetDetails } from './replica-set.ts';
import { templateHash } from './template-revisions.ts';

/** Label of a ReplicaSet and its pods, and of nobody else's. */
export const POD_TEMPLATE_HASH = 'pod-template-hash';

/** What its Deployment writes into it. */
interface FirstSize {
  readonly size: number;
  /** Annotation max-replicas. */
  readonly maxReplicas: number;
  readonly revision: number;
  /** null: none, and then no condition Progressing. */
  readonly deadlineSeconds: number | null;
}

/** Makes it, and notes so in the Deployment. -1: it is not seen yet. */
export function createReplicaSet(
  { cluster, requests }: ControllerContext, row: number, { size, maxReplicas, revision, deadlineSeconds }: FirstSize,
): number {
  const { workloads } = cluster;
  const details = detailsAs('Deployment', workloads.details[row]);
  const { template = {}, minReadySeconds = 0 } = workloads.object[row]?.spec ?? {};
  const { object, collisionCount, name, key } = newReplicaSet(cluster, row, details.collisionCount);
  const set = requests.createWorkload({
    kind: WorkloadKind.ReplicaSet,
    object, key,
    parent: row,
    wanted: size,
    template: -1,
    workloadClass: workloads.workloadClass[row],
    nameBase: cluster.names.intern(name),
    podMicros: workloads.podMicros[row],
    details: replicaSetDetails(template, minReadySeconds, revision, workloads.wanted[row], maxReplicas),
  }, object);
  const { conditions: told, unavailable } = detailsAs('Deployment', workloads.details[row]);
  const conditions = deadlineSeconds === null
    ? told
    : withCondition(told, newCondition('Progressing', 'True', Reason.NewReplicaSet, cluster.now));
  requests.annotate(row, { kind: 'Deployment', conditions, unavailable, collisionCount, revision });
  return set;
}

export interface NewReplicaSet {
  readonly object: WorkloadObject;
  readonly name: string;
  /** With its namespace. */
  readonly key: string;
  /** How often the name was taken; it is part of the hash. */
  readonly collisionCount: number;
}

/** The ReplicaSet of the Deployment's template, under a name that is free. */
export function newReplicaSet(cluster: Cluster, row: number, collisionsBefore: number): NewReplicaSet {
  const { template = {}, selector, minReadySeconds } = cluster.workloads.object[row]?.spec ?? {};
  const namespace = namespaceOf(cluster, row);
  const nameNow = (): string => `${nameOf(cluster, row)}-${suffix}`;
  let collisionCount = collisionsBefore;
  let suffix = templateHash(template, collisionCount);
  let name = nameNow();
  let key = `${namespace}/${name}`;
  while (cluster.workloads.find(WorkloadKind.ReplicaSet, key) >= 0) {
    suffix = templateHash(template, ++collisionCount);
    name = nameNow();
    key = `${namespace}/${name}`;
  }
  const labels = withLabel(template.metadata?.labels, POD_TEMPLATE_HASH, suffix);
  const { matchLabels } = (selector ?? {}) as LabelSelector;
  const own = {
    selector: { ...selector, matchLabels: withLabel(matchLabels, POD_TEMPLATE_HASH, suffix) },
    template: { ...template, metadata: { ...template.metadata, labels } },
  };
  const object: WorkloadObject = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name, namespace, labels,
      uid: `ReplicaSet/${key}`,
      ownerReferences: [controllerReference(cluster, row)],
    },
    spec: minReadySeconds === undefined ? own : { minReadySeconds, ...own },
  };
  return { object, name, key, collisionCount };
}
