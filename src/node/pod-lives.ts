/** What the kubelet and the pods whose application is known ask of each other. Types alone: nothing is loaded. */
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { ApplicationModel } from '../scenario/application.ts';
import type { Use } from './application-runs.ts';
import type { KubeletEviction } from './pod-ends.ts';

export interface KubeletHost {
  readonly nextTicket: (pod: number) => number;
  readonly isCurrent: (pod: number, ticket: number) => boolean;
  readonly containerStartMicros: (pod: number) => Micros;
  /** What its containers have from SIGTERM on. */
  readonly graceMicros: (pod: number) => Micros;
  readonly isEvicting: (pod: number) => boolean;
  /** Makes a pod that runs, and is not being deleted, end as Failed. */
  readonly evict: (pod: number, eviction: KubeletEviction) => void;
  /** true: the node is cut off, and whatever becomes of the pod is seen when it is back; `then` is called there. */
  readonly isHeldBack: (pod: number, ticket: number, then: (pod: number) => void) => boolean;
  /** Whether the node's kubelet has told of all that became of its pods. */
  readonly isReported: (pod: number) => boolean;
  /** What the kubelet has said last of the pod's condition Ready; null: not yet that it runs. */
  readonly isToldReady: (pod: number) => boolean | null;
  readonly tellStarted: (pod: number, isReady: boolean) => void;
  readonly tellReady: (pod: number, isReady: boolean) => void;
  /** Something else of the pod's status. */
  readonly tell: (pod: number, write: (pod: number) => void) => void;
  /** Its containers have ended for good; exit code 0: it has succeeded. */
  readonly end: (pod: number, exitCode: number) => void;
}

export interface ContainerEnd {
  readonly exitCode: number;
  readonly ranFrom: Micros;
  readonly at: Micros;
}

/** A container as its status would show it. */
export interface ContainerLook {
  /** `backoff`: it has ended and waits for its restart (CrashLoopBackOff). */
  readonly state: 'waiting' | 'backoff' | 'running' | 'ended';
  readonly restarts: number;
  readonly runsFrom: Micros;
  readonly isStarted: boolean;
  readonly isReady: boolean;
  readonly last: ContainerEnd | null;
}

/** What the containers of a pod take of its node now. */
export interface PodUses {
  readonly memory: Use;
  readonly storage: Use;
  readonly inodes: Use;
  readonly pids: Use;
}

/** A pod that has written more than it may, or will have so long from now; Infinity: never. */
export interface StorageExcess {
  readonly afterMicros: number;
  /** Of its status, when it is so. */
  readonly message: string;
}

export interface PodLives {
  /** Init containers first, as in the pod's spec. */
  look(pod: number): readonly ContainerLook[];
  /** Whether the pod's application is known. */
  has(pod: number): boolean;
  /** What its containers take of the node now; null: nobody says. */
  usesOf(pod: number): PodUses | null;
  /** When it passes a limit of ephemeral-storage; null: nobody says. */
  storageExcess(pod: number): StorageExcess | null;
  /** Dead containers go, and what they have left on the disk. */
  removeDead(pod: number): void;
  podCreated(pod: number): void;
  podRemoved(pod: number): void;
  /** The kubelet begins with the pod, for the first time or after its machine has come back. */
  podSeen(pod: number): void;
  /** Sandbox and images are there. */
  imagesPulled(pod: number): void;
  /** Whether the kubelet itself has started it. */
  hasStarted(pod: number): boolean;
  /** Its condition Ready was taken back while nobody heard of its node: the kubelet says what it is. */
  reportReady(pod: number): void;
  /** It ran before the simulation began. */
  podFound(pod: number): void;
  /** How long a running pod takes to stop; drawn. */
  stopMicros(pod: number): Micros;
  check(): void;
}

export type MakePodLives = (
  kernel: Kernel, cluster: Cluster, applications: ReadonlyMap<string, ApplicationModel>, host: KubeletHost,
) => PodLives;
