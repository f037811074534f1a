/**
 * The lines of a recording of decisions (docs/formats/conformance.md). Recordings are machine-written: lines are
 * checked for what the replay needs to start, not member by member.
 */
import type { KubernetesObject, Node, Pod } from '../cluster/objects.ts';

export const VECTOR_FORMAT = 'podyard-vectors/1';

export interface VectorHeader {
  readonly format: string;
  /** Release of the recorded scheduler, such as `v1.37.2`: the replay is of that version. Default: the newest known. */
  readonly kubernetes?: string;
  readonly suite: string;
  readonly seed?: number;
  /** KubeSchedulerConfiguration v1. */
  readonly config?: unknown;
  /**
   * Single decisions: whether a nominated pod stands in the recorded scheduler's queue, so that other pods' filters
   * count it. false: upstream knows its name alone, and counts a pod of priority 0 that asks for nothing. Default: true
   * in the suites made by hand (`small-...`), else false.
   */
  readonly countNominations?: boolean;
  /** Whole queues: a pod's status.startTime is set when it is bound. Default false: no pod starts. */
  readonly startTimes?: boolean;
  /** Whole queues: a victim stays, terminating, until a line says more. Default false: it is gone at once. */
  readonly graceful?: boolean;
  /**
   * Only what `expect` names is compared (stories written by hand); `node` must be there, null: fits nowhere. Default
   * false.
   */
  readonly partial?: boolean;
}

export type RecordedObject = KubernetesObject & { readonly kind: string; readonly status?: unknown };

export interface CreateLine {
  readonly op: 'create' | 'update';
  readonly object: RecordedObject;
}

export interface DeleteLine {
  readonly op: 'delete';
  readonly kind: string;
  readonly name: string;
}

export interface NominateLine {
  readonly op: 'nominate';
  readonly object: Pod;
  readonly node: string;
}

export interface ScheduleLine {
  readonly op: 'schedule';
  readonly object: Pod;
  readonly expect: RecordedDecision;
}

export interface TemplateLine {
  readonly op: 'template';
  readonly index: number;
  readonly object: Pod;
}

export interface StepsLine {
  readonly op: 'steps';
  readonly steps: readonly string[];
}

export interface EndLine {
  readonly op: 'end';
  readonly decisions: number;
  readonly scheduled: number;
  readonly fnv1a64: string;
}

export type VectorLine = CreateLine | DeleteLine | NominateLine | ScheduleLine | TemplateLine | StepsLine | EndLine;

/** A line of a whole-queue recording. */
export interface QueueLine {
  readonly op: 'create' | 'update' | 'delete' | 'advance' | 'cycle';
  readonly atMillis: number;
  readonly object?: RecordedObject;
  readonly kind?: string;
  readonly name?: string;
  readonly popped?: string;
  readonly bound?: string;
  readonly message?: string;
  readonly preempted?: readonly string[];
  /** So many Binding calls of this cycle, the first ones, answer ServiceUnavailable. Default 0. */
  readonly bindErrors?: number;
  /** Binding calls made; absent: not recorded. */
  readonly bindCalls?: number;
  readonly after?: RecordedQueue;
}

export interface RecordedQueue {
  readonly active?: readonly RecordedQueuedPod[];
  readonly backoff?: readonly RecordedQueuedPod[];
  readonly unschedulable?: readonly RecordedQueuedPod[];
  readonly nominated?: Readonly<Record<string, string>>;
}

export interface RecordedQueuedPod {
  readonly name: string;
  readonly backoffUntilMillis?: number;
  readonly unschedulablePlugins?: readonly string[];
  readonly pendingPlugins?: readonly string[];
  readonly attempts?: number;
  readonly unschedulableCount?: number;
  readonly consecutiveErrorsCount?: number;
  readonly gatedBy?: string;
}

export interface RecordedStatus {
  readonly code: string;
  readonly plugin?: string;
  readonly reasons?: readonly string[];
}

export interface RecordedRejections extends RecordedStatus {
  readonly nodes: readonly string[];
}

export interface RecordedDecision {
  /** Absent or null: the pod fits nowhere. */
  readonly node?: string | null;
  readonly evaluatedNodes?: number;
  readonly feasibleNodes?: number;
  readonly preFilter?: RecordedStatus;
  readonly filter?: readonly RecordedRejections[];
  readonly scoredNodes?: readonly string[];
  readonly scores?: Readonly<Record<string, readonly number[]>>;
  readonly total?: readonly number[];
  readonly message?: string;
  readonly unschedulablePlugins?: readonly string[];
  readonly preemption?: RecordedPreemption;
}

export interface RecordedPreemption {
  readonly eligible: boolean;
  readonly reason?: string;
  readonly candidates?: readonly RecordedCandidate[];
  /** Nodes that upstream may choose. */
  readonly best?: readonly string[];
  readonly message?: string;
}

export interface RecordedCandidate {
  readonly node: string;
  readonly victims: readonly string[];
  readonly pdbViolations?: number;
}

export function isNode(object: RecordedObject): object is RecordedObject & Node {
  return object.kind === 'Node';
}

export function isPod(object: RecordedObject): object is RecordedObject & Pod {
  return object.kind === 'Pod';
}

export function podKey(pod: Pod): string {
  return `${pod.metadata?.namespace ?? 'default'}/${pod.metadata?.name ?? ''}`;
}
