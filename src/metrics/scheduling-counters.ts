/** What metrics asks of a scheduler. Metrics does not know the scheduler: the assembly hands in an adapter. */
export interface SchedulingCounters {
  /** Scheduling cycles, and those that found no node. */
  readonly decisions: number;
  readonly unschedulableDecisions: number;
  readonly rejectionsByPlugin: ReadonlyMap<string, number>;
  readonly nodesFiltered: number;
  readonly nodesScored: number;
  /** Plain data that tells the reader which profile decided. */
  readonly profile: unknown;
  readonly activeCount: number;
  readonly backoffCount: number;
  readonly unschedulableCount: number;
  /** Of a pod that is in the system or just leaves it; 0 for pods that no scheduler has seen. */
  attempts(pod: number): number;
  backoffMicros(pod: number): number;
  /** The scheduler has chosen its node and has not seen it bound yet. */
  isAssumed(pod: number): boolean;
}
