/**
 * What happened before the moment that is looked at and no table of the cluster keeps: when objects came, when a node's
 * condition turned, what the scheduler last said of a pod, where an ended pod ran. An observer for commands that look
 * around; costs an entry a pod that waits or has ended and one an object.
 */
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { objectKey } from '../cluster/object-store.ts';
import type { KubernetesObject } from '../cluster/objects.ts';
import { NodeChange } from '../cluster/observer.ts';
import type { ClusterObserver, ObjectAction } from '../cluster/observer.ts';
import type { Scheduler, SchedulerListener } from '../scheduler/scheduler.ts';
import type { FailedAttempt } from '../scheduler/failed-attempts.ts';

/** Why a pod is not bound, as its condition PodScheduled says. */
export interface Unscheduled {
  readonly message: string;
  /** Of the first attempt that failed. */
  readonly since: Micros;
}

interface Waits {
  attempt: FailedAttempt;
  readonly since: Micros;
}

export class LookedHistory implements ClusterObserver, SchedulerListener {
  private readonly cluster: Cluster;
  /** By kind and key. */
  private readonly births = new Map<string, Micros>();
  private readonly deletions = new Map<string, Micros>();
  /** By node name and condition type: status and when it came. */
  private readonly turns = new Map<string, { readonly status: string; readonly at: Micros }>();
  /** By pod row; rows are cleared when their pods are deleted. */
  private readonly waits = new Map<number, Waits>();
  private readonly endedOn = new Map<number, string>();

  constructor(cluster: Cluster, schedulers: readonly Pick<Scheduler, 'listeners'>[]) {
    this.cluster = cluster;
    cluster.observe(this);
    for (const { listeners } of schedulers) listeners.push(this);
  }

  /** When the object came; those of before the first event came at the beginning. */
  createdAt(kind: string, key: string): Micros {
    return this.births.get(`${kind}/${key}`) ?? 0;
  }

  /** When it was asked to go; null: not while anybody looked. */
  deletedAt(kind: string, key: string): Micros | null {
    return this.deletions.get(`${kind}/${key}`) ?? null;
  }

  /** When a node's condition turned to this status. */
  turnedAt(nodeName: string, type: string, status: string): Micros | null {
    const turn = this.turns.get(`${nodeName}/${type}`);
    return turn?.status === status ? turn.at : null;
  }

  unscheduled(pod: number): Unscheduled | null {
    const waits = this.waits.get(pod);
    return waits === undefined ? null : { message: waits.attempt.message, since: waits.since };
  }

  /** Name of the node that an ended pod ran on; '': none. */
  nodeOfEnded(pod: number): string {
    return this.endedOn.get(pod) ?? '';
  }

  attemptFailed(pod: number, attempt: FailedAttempt): void {
    const waits = this.waits.get(pod);
    if (waits === undefined) this.waits.set(pod, { attempt, since: this.cluster.now });
    else waits.attempt = attempt;
  }

  podBound(pod: number): void {
    this.waits.delete(pod);
  }

  podRemoved(pod: number, node: number): void {
    this.waits.delete(pod);
    if (node >= 0) this.endedOn.set(pod, this.cluster.nodes.facts[node].name);
  }

  podDeleted(pod: number): void {
    this.endedOn.delete(pod);
  }

  nodeUpdated(node: number, changes: number): void {
    if ((changes & NodeChange.Conditions) === 0) return;
    const { name, object } = this.cluster.nodes.facts[node];
    for (const { type, status } of object.status?.conditions ?? []) {
      const key = `${name}/${type}`;
      if (this.turns.get(key)?.status !== status) this.turns.set(key, { status, at: this.cluster.now });
    }
  }

  objectChanged(
    kind: string, action: ObjectAction, object: KubernetesObject, before: KubernetesObject | undefined,
  ): void {
    const key = `${kind}/${objectKey(object)}`;
    if (action === 'add') this.births.set(key, this.cluster.now);
    else if (action === 'delete') {
      this.births.delete(key);
      this.deletions.delete(key);
    } else if (isLeaving(object) && !isLeaving(before)) this.deletions.set(key, this.cluster.now);
  }
}

function isLeaving(object: KubernetesObject | undefined): boolean {
  return object?.metadata?.deletionTimestamp !== undefined;
}
