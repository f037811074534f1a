/** What is told of the steps while they are worked off, for reports: names and times, no rows. */
import type { EvictionAnswer } from '../control-plane/eviction.ts';

export type StepOutcome =
  /** Nothing more comes of it by itself. */
  | 'done'
  /** It has given up; the text says why, in kubectl's words where it is a drain. */
  | 'failed';

export type NodePhase = 'boot' | 'drain';

export interface OperationListener {
  /** Before anything of it is done. */
  stepBegins?(step: number, text: string): void;
  stepEnds?(step: number, outcome: StepOutcome, text: string): void;
  /** A node boots or is drained, until the same is told with false. `pool`: '' for none. */
  nodePhaseChanged?(node: string, phase: NodePhase, begins: boolean, pool: string): void;
  /** The API has refused to evict the pod; it is asked again. `budgets`: keys of those that cover the pod. */
  evictionRefused?(pod: number, node: string, answer: EvictionAnswer, budgets: readonly string[]): void;
  evictionGranted?(pod: number, node: string): void;
  /** A drain leaves the node as it is: `pods` are in its way by `rule`. */
  drainRefused?(node: string, rule: DrainRule, pods: readonly string[]): void;
}

/** Why kubectl drain does not begin, and the option that would let it. */
export type DrainRule = 'bare' | 'localStorage' | 'daemonSet';
