/**
 * How a plugin that looks at other pods answers for all nodes at once: what its Filter says of a node is a few range
 * tests on counts of the node's topology domains, and its scores of a window of nodes come in one call. The plugin's
 * PreFilter, Filter, PreScore, Score and NormalizeScore are the plain twin, and give the same answers.
 */
import type { LabelColumn } from '../cache/label-columns.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import type { Status } from '../framework/status.ts';

/** A node passes when least <= counts[its domain] <= most. */
export interface DomainTest {
  /** Its ids are the nodes' domains. */
  readonly column: LabelColumn;
  /** By domain of the column. */
  counts: Int32Array;
  least: number;
  most: number;
  /** Verdict on nodes without the label; null: they pass. */
  readonly missing: Status | null;
  /** Verdict on nodes outside the range. */
  readonly status: Status;
}

export interface DomainAnswers {
  /** In the order in which Filter looks at them; empty: every node passes. Good until the cluster changes. */
  readonly tests: readonly DomainTest[];
  /** null: adds nothing. */
  readonly score: DomainScore | null;
  /** The same score where a node's domain alone decides it; null: it does not. */
  readonly table: DomainTable | null;
  /**
   * The same score where one node gets MAX_NODE_SCORE and the others nothing: which of `count`, in the order found.
   * Absent: it is not so.
   */
  readonly favourite?: (count: number) => number;
}

/** Normalised scores by topology domain. */
export interface DomainTable {
  readonly column: LabelColumn;
  /** By domain + 1 (0: nodes without the label), when the window's nodes are in the domains that are 1 in `present`. */
  of(present: Uint8Array): Int32Array;
}

/** Adds weight * normalised score to totals[i] of the i-th of the first `count` node rows; `scratch` is as long. */
export type DomainScore = (
  rows: Int32Array,
  count: number,
  weight: number,
  totals: Float64Array,
  scratch: Float64Array,
) => void;

export interface DomainPlugin {
  /** For an ordinary pod: not pinned to a node. null: has to be asked node by node. */
  answers(pod: PodInfo): DomainAnswers | null;
}
