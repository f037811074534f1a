/** What a rehearsal tells: plain data. Times are seconds of the run; `startSeconds` is when the first step began. */
export interface RehearsalResult {
  readonly scenario: string;
  readonly seed: string;
  readonly version: string;
  readonly kubernetes: string;
  readonly digest: string;
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** Why it ended: all was done and healed; nothing moved any more; the time was over; somebody stopped it. */
  readonly end: 'healed' | 'stuck' | 'horizon' | 'stopped';
  /** When the first step began. */
  readonly nodesAtStart: number;
  readonly podsAtStart: number;
  readonly steps: readonly RehearsedStep[];
  readonly blockers: readonly Blocker[];
  /** Budgets, then Services, then workloads. */
  readonly availability: readonly GroupAvailability[];
  readonly pending: readonly PendingPods[];
  /** Pods that nobody makes anew. */
  readonly lost: readonly LostPods[];
  /** Nodes to which something happened. */
  readonly nodes: readonly NodeLane[];
  /** From the first step until every workload had its pods again; null: not before the end. */
  readonly healSeconds: number | null;
  /** Of all workloads: pods missing times how long. */
  readonly unavailablePodSeconds: number;
  readonly extraNodeHours: number;
  /** In the currency of the pools; 0 without prices. */
  readonly extraCost: number;
}

export interface RehearsedStep {
  readonly text: string;
  readonly beginSeconds: number;
  readonly endSeconds: number | null;
  readonly outcome: 'done' | 'failed' | 'unfinished';
  readonly message: string;
}

export interface Blocker {
  /** What is in the way: `PDB payments/db`, or `pod default/debug`. */
  readonly object: string;
  readonly node: string;
  readonly pods: readonly string[];
  /** Answers of the API that said no. */
  readonly refusals: number;
  readonly beginSeconds: number;
  /** null: it was still in the way at the end. */
  readonly endSeconds: number | null;
  /** No wait helps: the rule can never let the pod go as things are. */
  readonly isForEver: boolean;
  /** `PDB payments/db blocks node-7 for ever: 1 replica, minAvailable 1`. */
  readonly text: string;
}

export interface GroupAvailability {
  readonly kind: string;
  readonly key: string;
  /** `minAvailable 2`, or '' for what has no budget. */
  readonly rule: string;
  readonly wantedAtStart: number;
  readonly availableAtStart: number;
  readonly leastAvailable: number;
  readonly availableAtEnd: number;
  /** The budget's floor, or 1: at the start. */
  readonly neededAtStart: number;
  /** Times below the floor. */
  readonly broken: readonly (readonly [number, number])[];
  readonly belowSeconds: number;
  /** Share of the time from the first step to the end that was not below the floor. */
  readonly availability: number;
  readonly unavailablePodSeconds: number;
  readonly series: {
    readonly seconds: readonly number[];
    readonly available: readonly number[];
    readonly wanted: readonly number[];
    readonly needed: readonly number[];
  };
}

export interface PendingPods {
  /** Workload, or the pod itself. */
  readonly owner: string;
  readonly pods: number;
  readonly stillPending: number;
  readonly longestSeconds: number;
  /** Of the FailedScheduling event of the one that waited longest. */
  readonly message: string;
}

export interface LostPods {
  readonly reason: 'bare' | 'unknownController';
  /** The controller's kind and name; '' for bare ones. */
  readonly controller: string;
  readonly pods: readonly string[];
}

export type NodeState = 'booting' | 'ready' | 'cordoned' | 'draining' | 'down';

export interface NodeLane {
  readonly name: string;
  readonly spans: readonly { readonly state: NodeState; readonly from: number; readonly to: number }[];
}
