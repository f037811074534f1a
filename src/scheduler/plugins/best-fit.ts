/**
 * BestFit (Score): prefers nodes that the pod fills best, cpu and GPU counting alike, in shares of the largest node.
 * One of the policies that FGD was compared with (USENIX ATC'23; hkust-adsl/kubernetes-scheduler-simulator,
 * pkg/simulator/plugin/best_fit_score.go). Normalised over the feasible nodes of each cycle: a few operations a node.
 */
import type { PodTemplate } from '../../cluster/pod-template.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import { MAX_NODE_SCORE } from '../framework/plugin-api.ts';
import type { PluginFactory } from '../framework/plugin-api.ts';
import type { FactoryWithPoints } from '../config/default-plugins.ts';
import {
  SCALE_CPU_MILLI,
  SCALE_GPU_MILLI,
  cpuLeftMilli,
  cpuMilliOf,
  gpuLeftMilli,
  gpuMilliOf,
  scorePolicy,
} from './gpu-policy.ts';

export const BestFit: PluginFactory & FactoryWithPoints = scorePolicy(
  'BestFit',
  'shared GPUs: the node with the least left afterwards',
  scoreOf,
  {
    normalizeScore: (_state, _pod, scores) => {
      spread(scores);
    },
    normalizeKeepsBest: true,
  },
);

function scoreOf(template: PodTemplate): (node: NodeInfo) => number {
  const cpu = cpuMilliOf(template);
  const gpu = gpuMilliOf(template.gpu);
  return (node) => {
    const cpuPart = ((cpuLeftMilli(node) - cpu) / SCALE_CPU_MILLI) * 0.5;
    const gpuPart = ((gpuLeftMilli(node) - gpu) / SCALE_GPU_MILLI) * 0.5;
    return Math.trunc(100 * (1 - (cpuPart + gpuPart)));
  };
}

/** The lowest becomes 0, the highest 100; all 0 where none stands out. */
function spread(scores: Float64Array): void {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] < low) low = scores[i];
    if (scores[i] > high) high = scores[i];
  }
  const range = high - low;
  for (let i = 0; i < scores.length; i++) {
    scores[i] = range === 0 ? 0 : Math.trunc(((scores[i] - low) * MAX_NODE_SCORE) / range);
  }
}
