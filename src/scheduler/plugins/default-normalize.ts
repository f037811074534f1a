/**
 * Upstream's DefaultNormalizeScore (plugins/helper/normalize_score.go): scales raw scores so that the greatest becomes
 * 100.
 */
import { MAX_NODE_SCORE } from '../framework/plugin-api.ts';

/** In place. `reverse`: the greatest raw score becomes 0; all 100 when every raw score is 0. */
export function defaultNormalizeScore(scores: Float64Array, reverse: boolean): void {
  let max = 0;
  for (let i = 0; i < scores.length; i++) if (scores[i] > max) max = scores[i];
  if (max === 0) {
    if (reverse) scores.fill(MAX_NODE_SCORE);
    return;
  }
  for (let i = 0; i < scores.length; i++) {
    const scaled = Math.floor((MAX_NODE_SCORE * scores[i]) / max);
    scores[i] = reverse ? MAX_NODE_SCORE - scaled : scaled;
  }
}
