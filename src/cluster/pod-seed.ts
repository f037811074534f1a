/** What is said of a pod when it is made, and when it ends. */
import type { Micros } from '../base/time.ts';
import type { EndNote, PodOutcome, PodPhase } from './pod-table.ts';

/** Of a new pod. */
export interface PodSeed {
  /** Template id. */
  readonly template: number;
  /** Interned name (see Cluster.names), or a prefix when `nameOrdinal` is not negative. */
  readonly nameBase: number;
  readonly nameOrdinal: number;
  readonly owner: number;
  /** Index into Cluster.classes. */
  readonly workloadClass: number;
  /** Infinity: runs for ever. */
  readonly durationMicros: Micros;
  /** Interned name of the only node it may go to, -1: any. */
  readonly pinnedNode: number;
  /** Completion index or ordinal of its work. */
  readonly item?: number;
  /** A Job's: kept until its controller has counted it. */
  readonly tracked?: boolean;
  /** Of its completion index: failures before it, and how many of them a podFailurePolicy ignores. */
  readonly indexFailures?: number;
  readonly ignoredFailures?: number;
  /** Interned name of the node that it comes nominated to; -1 or absent: none. */
  readonly nominatedNode?: number;
}

/** How a pod ends. */
export interface PodEnd extends EndNote {
  readonly phase: typeof PodPhase.Succeeded | typeof PodPhase.Failed;
  /** For the accounts: Evicted where it failed because it was made to go. */
  readonly outcome: PodOutcome;
  /** Whoever wrote the phase has said nothing of the condition Ready, as controllers do where no kubelet reports. */
  readonly staysReady?: boolean;
}
