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

type Method = (...told: unknown[]) => void;

interface Listener {
  readonly observer: object;
  readonly method: Method;
  isHushed: boolean;
}

/**
 * Those who listen to one notice, in order of registration. Methods stand apart from their objects: looking them up by
 * name in objects of many classes costs more than most of them do.
 */
export class Listeners {
  private readonly all: Listener[] = [];
  private observers: object[] = [];
  private methods: Method[] = [];

  add(observer: object, method: Method): void {
    this.all.push({ observer, method, isHushed: false });
    this.observers.push(observer);
    this.methods.push(method);
  }

  /** Who is hushed hears nothing until it listens again, in its old place; a notice under way goes on as it began. */
  setHushed(observer: object, isHushed: boolean): void {
    const own = this.all.find((listener) => listener.observer === observer);
    if (own === undefined || own.isHushed === isHushed) return;
    own.isHushed = isHushed;
    const heard = this.all.filter((listener) => !listener.isHushed);
    this.observers = heard.map((listener) => listener.observer);
    this.methods = heard.map((listener) => listener.method);
  }

  tell(a?: unknown, b?: unknown, c?: unknown, d?: unknown): void {
    const { observers, methods } = this;
    for (let i = 0; i < methods.length; i++) methods[i].call(observers[i], a, b, c, d);
  }
}

/** The listeners of a notice, as whoever tells it sees them. */
export type Told<Observer, Notice extends keyof Observer> = Omit<Listeners, 'tell'> & {
  tell(...told: Observer[Notice] extends ((...told: infer What) => void) | undefined ? What : never): void;
};

/** Lists of listeners by notice. */
type ListenerLists = Readonly<Record<string, Omit<Listeners, 'tell'>>>;

/** Enters an observer in the lists of all notices that it has a method for. */
export function listen(lists: object, observer: object): void {
  const methods = observer as Readonly<Record<string, Method | undefined>>;
  for (const [notice, listeners] of Object.entries(lists as ListenerLists)) {
    const method = methods[notice];
    if (method !== undefined) listeners.add(observer, method);
  }
}

/** A notice of the cluster. */
export type Notice = Exclude<keyof ClusterObserver, 'ignoresStatus'>;

/** One list per notice, so that a notice costs only those who listen. */
export class ObserverLists {
  readonly podCreated: Told<ClusterObserver, 'podCreated'> = new Listeners();
  readonly podUpdated: Told<ClusterObserver, 'podUpdated'> = new Listeners();
  readonly podBound: Told<ClusterObserver, 'podBound'> = new Listeners();
  readonly podAcknowledged: Told<ClusterObserver, 'podAcknowledged'> = new Listeners();
  readonly podStarted: Told<ClusterObserver, 'podStarted'> = new Listeners();
  readonly podInterrupted: Told<ClusterObserver, 'podInterrupted'> = new Listeners();
  readonly podContainerFailed: Told<ClusterObserver, 'podContainerFailed'> = new Listeners();
  readonly podContainerRestarted: Told<ClusterObserver, 'podContainerRestarted'> = new Listeners();
  readonly podTerminating: Told<ClusterObserver, 'podTerminating'> = new Listeners();
  readonly endedPodTerminating: Told<ClusterObserver, 'endedPodTerminating'> = new Listeners();
  readonly podReadyChanged: Told<ClusterObserver, 'podReadyChanged'> = new Listeners();
  readonly podRemoved: Told<ClusterObserver, 'podRemoved'> = new Listeners();
  readonly podDeleted: Told<ClusterObserver, 'podDeleted'> = new Listeners();
  readonly podCounted: Told<ClusterObserver, 'podCounted'> = new Listeners();
  readonly workloadChanged: WorkloadListeners = new WorkloadListeners();
  readonly workloadStood: Told<ClusterObserver, 'workloadStood'> = new Listeners();
  readonly nodeAdded: Told<ClusterObserver, 'nodeAdded'> = new Listeners();
  readonly nodeUpdated: Told<ClusterObserver, 'nodeUpdated'> = new Listeners();
  readonly nodeRemoving: Told<ClusterObserver, 'nodeRemoving'> = new Listeners();
  readonly nodeHealthChanged: Told<ClusterObserver, 'nodeHealthChanged'> = new Listeners();
  readonly eventRecorded: Told<ClusterObserver, 'eventRecorded'> = new Listeners();
  readonly objectChanged: Told<ClusterObserver, 'objectChanged'> = new Listeners();
}

/** Who is told of workloads. */
class WorkloadListeners {
  private readonly all = new Listeners();
  private readonly ofStatus = new Listeners();

  add(observer: ClusterObserver, method: Method): void {
    this.all.add(observer, method);
    if (observer.ignoresStatus !== true) this.ofStatus.add(observer, method);
  }

  setHushed(observer: ClusterObserver, isHushed: boolean): void {
    this.all.setHushed(observer, isHushed);
    this.ofStatus.setHushed(observer, isHushed);
  }

  tell(row: number, change: WorkloadChange): void {
    (change === 'status' ? this.ofStatus : this.all).tell(row, change);
  }
}
