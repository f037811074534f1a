/** Explains a decision of a kept run: what playing the run again up to there would say. */
import { Explainer } from './explanation.ts';
import type { Explanation } from './explanation.ts';
import { KeptCluster } from './kept-cluster.ts';
import type { KeptClusterOptions } from './kept-cluster.ts';
import type { KeptDecision } from './kept-decisions.ts';

export interface KeptExplanation {
  readonly explanation: Explanation;
  /** The cluster as the decision found it. */
  readonly cluster: KeptCluster;
}

/** null: the decision as it would be made on this cluster is not the one that was made, so something is missing. */
export function explainKept(
  log: Uint8Array, decision: KeptDecision, options: KeptClusterOptions,
): KeptExplanation | null {
  const cluster = new KeptCluster(log, decision, options);
  const { scenario: { scheduler: { tieBreak, sampling } }, configuration: { percentageOfNodesToScore } } = options;
  const explainer = new Explainer(cluster.kernel, cluster.scheduler, { percentageOfNodesToScore, tieBreak, sampling });
  const explanation = explainer.explain(cluster.asked, cluster.taken);
  return explanation.node === cluster.taken ? { explanation, cluster } : null;
}
