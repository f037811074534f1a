import type { Micros } from '../../base/time.ts';
import type { PodSpec, ResourceList } from '../../cluster/objects.ts';

/** One row of a trace: a pod that arrives, runs and ends. */
export interface TracePod {
  readonly name: string;
  readonly namespace: string;
  readonly arrivalMicros: Micros;
  /** Run time from start; null: for ever. */
  readonly durationMicros: Micros | null;
  readonly priority: number;
  readonly class: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Required node affinity, all of them: the node's label `key` is one of `values`. */
  readonly nodeAffinityAnyOf: readonly { readonly key: string; readonly values: readonly string[] }[];
  readonly requests: ResourceList;
  /** The pod's whole spec, where the trace has it: requests, selector and affinity are then part of it. */
  readonly spec?: PodSpec;
}
