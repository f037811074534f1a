/** What a played workload hands over. Plain data; all but the times depends on the workload alone. */
import type { PhaseMeasurement } from './phase-meter.ts';

export interface WorkloadResult {
  readonly case: string;
  readonly workload: string;
  /** Made by createNodes. */
  readonly nodes: number;
  /** Counted by the measured phases; of those, with a node at the end of the phase. */
  readonly pods: number;
  readonly scheduled: number;
  /** Scheduling cycles during the measured phases. */
  readonly decisions: number;
  /** Wall time of the measured phases, everything included that is done for them. */
  readonly seconds: number;
  readonly decisionsPerSecond: number;
  readonly podsPerSecond: number;
  /** Of all decisions: nodes that Filter has a verdict on, and those of them that had to be worked out anew. */
  readonly nodesFiltered: number;
  readonly nodesEvaluated: number;
  /** Upstream's, in pods/s, of the real scheduler with API server and etcd. */
  readonly threshold: number | null;
  /** Of everything that happened in the cluster from the first op to the last. */
  readonly digest: string;
  readonly notes: readonly string[];
  readonly phases: readonly PhaseMeasurement[];
}

export interface UnsupportedWorkload {
  readonly case: string;
  readonly workload: string;
  readonly reasons: readonly string[];
}
