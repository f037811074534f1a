/**
 * From which streams a pod draws what will happen to it: those of its work, not those of the instant in which it is
 * made. The first pods of a generated workload draw in the order of arrivals, which is the same under every scheduler;
 * pods that exist because of earlier decisions draw from streams of their own and never shift the others.
 */
import type { Cluster } from './cluster.ts';
import { WORKLOAD_KIND_NAMES, WorkloadKind } from './workload-table.ts';
import type { WorkloadTable } from './workload-table.ts';

/** Annotation of workloads that a scenario generates. */
export const GENERATED = 'podyard.dev/generated';

export const Lineage = {
  /** A bare pod, or one that a generated workload came with. */
  First: 0,
  /** Of a generated workload: in place of a lost one, or of a later revision. */
  Later: 1,
  /** Pinned to a node (DaemonSets). */
  Pinned: 2,
  /** Of an object that somebody wrote down: streams of that object. */
  Own: 3,
} as const;
export type Lineage = (typeof Lineage)[keyof typeof Lineage];

export function lineageOf(cluster: Cluster, pod: number): Lineage {
  const { pods, workloads } = cluster;
  const owner = pods.owner[pod];
  if (owner >= 0 && workloads.isObject(owner) && !isGenerated(workloads, owner)) return Lineage.Own;
  if (pods.pinnedNode[pod] >= 0) return Lineage.Pinned;
  return owner < 0 || firstPods(workloads, owner) > pods.nameOrdinal[pod] ? Lineage.First : Lineage.Later;
}

/** By a scenario: the workload itself, or the one that has made it. */
export function isGenerated({ parent, object }: WorkloadTable, row: number): boolean {
  const top = parent[row] >= 0 ? parent[row] : row;
  return object[top]?.metadata?.annotations?.[GENERATED] !== undefined;
}

/** Entity of the streams, for those who open them by name. */
export function streamEntityOf(cluster: Cluster, pod: number): string {
  const { pods, workloads, classes } = cluster;
  const lineage = lineageOf(cluster, pod);
  if (lineage === Lineage.Own) return ownEntity(workloads, pods.owner[pod]);
  return `${classes.text(pods.workloadClass[pod])}${LINEAGE_NAMES[lineage]}`;
}

export function ownEntity({ kind, key }: WorkloadTable, owner: number): string {
  return `${WORKLOAD_KIND_NAMES[kind[owner]]}/${key[owner]}`;
}

/** Behind the name of a class. */
export const LINEAGE_NAMES = ['', '/replacements', '/pinned'] as const;

/** How many pods the workload came with; the ordinals below it are theirs. */
function firstPods({ kind, wanted, details, object }: WorkloadTable, owner: number): number {
  const told = details[owner];
  if (kind[owner] === WorkloadKind.Job) return object[owner]?.spec?.completions ?? 0;
  return told?.kind === 'ReplicaSet' && told.revision > 1 ? 0 : wanted[owner];
}
