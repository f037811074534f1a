/**
 * Change notices, and watches that give them to components. Observers are told after the write and in order of
 * registration; they must not call verbs (the cluster asserts it): they note what they need and schedule a kernel
 * event.
 */
import type { KubernetesObject } from './objects.ts';
import type { NodeFacts } from './node-facts.ts';
import type { ObjectStore } from './object-store.ts';
import type { PodTemplate } from './pod-template.ts';
import type { PodOutcome } from './pod-table.ts';

/** What of a node changed; bits. */
export const NodeChange = {
  Allocatable: 1,
  Labels: 2,
  Taints: 4,
  /** spec.unschedulable went from true to false. */
  Uncordoned: 8,
  Cordoned: 16,
  Conditions: 32,
  Annotations: 64,
  DeclaredFeatures: 128,
  Images: 256,
} as const;

export type WorkloadChange = 'created' | 'spec' | 'status' | 'deleting' | 'gone';

/** A node as it was before an update, or is after it. */
export interface NodeBefore {
  readonly facts: NodeFacts;
  /** Allocatable amounts by resource column. */
  readonly allocatable: Float64Array;
  readonly allowedPods: number;
}

export type ObjectAction = 'add' | 'update' | 'delete';

/** As client-go's EventRecorder is given it. */
export interface RecordedEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** The component that tells it. */
  readonly from: string;
  /** '': the whole pod. */
  readonly fieldPath: string;
}

export interface ClusterObserver {
  podCreated?(pod: number): void;
  /** Template, nomination or terminating state of a pod changed through the API. */
  podUpdated?(pod: number, before: PodTemplate): void;
  /** `placed`: it came with its node, no scheduler chose it. */
  podBound?(pod: number, placed: boolean): void;
  /** The kubelet has seen the pod: status.startTime is set. */
  podAcknowledged?(pod: number): void;
  podStarted?(pod: number): void;
  /** The run was broken off (node crash); the pod is Bound again and has lost `lostMicros` of run time. */
  podInterrupted?(pod: number, lostMicros: number): void;
  /** A container of a running pod has ended and is to be started again; `lostMicros` of its run are lost. */
  podContainerFailed?(pod: number, exitCode: number, lostMicros: number): void;
  podContainerRestarted?(pod: number): void;
  /** Deletion was asked for; the pod holds its resources until it is removed. */
  podTerminating?(pod: number): void;
  /** The same of a pod that has ended, which holds nothing. */
  endedPodTerminating?(pod: number): void;
  /**
   * Condition Ready turned; a pod without probes is Ready when it starts, podInterrupted and podRemoved take it back.
   */
  podReadyChanged?(pod: number, ready: boolean): void;
  /**
   * The pod has ended or is gone: it holds nothing any more. Its row is still readable but for `node` and `phase`,
   * which were these. An ended pod's object is kept (`phase` says so) until podDeleted.
   */
  podRemoved?(pod: number, node: number, phaseBefore: number, outcome: PodOutcome): void;
  /**
   * The object is gone: after podRemoved, at once or when an ended pod is deleted. Its row is used again after the
   * notices.
   */
  podDeleted?(pod: number): void;
  /** Finalizer job-tracking was taken off an ended pod. */
  podCounted?(pod: number): void;
  /** Spec, status or deletion of a workload changed; `gone`: its row is freed after the notices. */
  workloadChanged?(workload: number, change: WorkloadChange): void;
  /** It is not told of 'status', which is three notices of four. */
  readonly ignoresStatus?: true;
  /** An owner that is no object came; nobody is told when it goes. */
  workloadStood?(workload: number): void;
  nodeAdded?(node: number): void;
  nodeUpdated?(node: number, changes: number, before: NodeBefore): void;
  /** Before the node leaves the tables. */
  nodeRemoving?(node: number): void;
  /** The machine (not its Node object) stopped or works again. */
  nodeHealthChanged?(node: number, up: boolean): void;
  /** A component says something about a pod. */
  eventRecorded?(pod: number, event: RecordedEvent): void;
  objectChanged?(
    kind: string,
    action: ObjectAction,
    object: KubernetesObject,
    before: KubernetesObject | undefined,
  ): void;
}

/** Of pods, by row: what changes in a pod's life and a component reads of it. */
export interface SeenPods {
  readonly template: Int32Array;
  /** Node row, -1 while there is none. */
  readonly node: Int32Array;
  /** Micros: status.startTime; NaN until the kubelet has acknowledged the pod. */
  readonly acknowledgedAt: Float64Array;
  /** EvictionCause of a terminating pod. */
  readonly cause: Uint8Array;
}

/** What a watch has shown. */
export interface SeenCluster {
  readonly pods: SeenPods;
  readonly nodes: { readonly facts: readonly NodeFacts[] };
  readonly objects: ObjectStore;
  /** The GPUs that a pod with a node holds there. */
  heldDevices(pod: number): readonly number[];
}

/** The cluster as a component is shown it. */
export interface Watch {
  readonly seen: SeenCluster;
  /** Every change is shown as it happens. */
  readonly isOnTime: boolean;
  /** Changes that have happened and were not shown yet. */
  readonly pendingCount: number;
  /** When something was last shown late; -Infinity: never. */
  readonly lastShownAt: number;
  observe(observer: ClusterObserver): void;
}

/** One list per notice, so that a notice costs only those who listen. */
export class ObserverLists {
  readonly podCreated: ClusterObserver[] = [];
  readonly podUpdated: ClusterObserver[] = [];
  readonly podBound: ClusterObserver[] = [];
  readonly podAcknowledged: ClusterObserver[] = [];
  readonly podStarted: ClusterObserver[] = [];
  readonly podInterrupted: ClusterObserver[] = [];
  readonly podContainerFailed: ClusterObserver[] = [];
  readonly podContainerRestarted: ClusterObserver[] = [];
  readonly podTerminating: ClusterObserver[] = [];
  readonly endedPodTerminating: ClusterObserver[] = [];
  readonly podReadyChanged: ClusterObserver[] = [];
  readonly podRemoved: ClusterObserver[] = [];
  readonly podDeleted: ClusterObserver[] = [];
  readonly podCounted: ClusterObserver[] = [];
  readonly workloadChanged: WorkloadListeners = new WorkloadListeners();
  readonly workloadStood: ClusterObserver[] = [];
  readonly nodeAdded: ClusterObserver[] = [];
  readonly nodeUpdated: ClusterObserver[] = [];
  readonly nodeRemoving: ClusterObserver[] = [];
  readonly nodeHealthChanged: ClusterObserver[] = [];
  readonly eventRecorded: ClusterObserver[] = [];
  readonly objectChanged: ClusterObserver[] = [];

  add(observer: ClusterObserver): void {
    for (const name of Object.keys(this) as (keyof ObserverLists & keyof ClusterObserver)[])
      if (observer[name] !== undefined) this[name].push(observer);
  }
}

/** Who is told of workloads. */
class WorkloadListeners {
  private readonly all: ClusterObserver[] = [];
  private readonly ofStatus: ClusterObserver[] = [];

  push(observer: ClusterObserver): void {
    this.all.push(observer);
    if (observer.ignoresStatus !== true) this.ofStatus.push(observer);
  }

  tell(row: number, change: WorkloadChange): void {
    for (const observer of change === 'status' ? this.ofStatus : this.all) observer.workloadChanged?.(row, change);
  }
}
