/**
 * DotProd (Score): prefers nodes whose leftovers point another way than what the pod asks for, by the dot product of
 * both in shares of the largest node. One of the policies that FGD was compared with (USENIX ATC'23; hkust-
 * adsl/kubernetes-scheduler-simulator, pkg/simulator/plugin/dot_product_score.go). A few operations a node.
 */
import type { PodTemplate } from '../../cluster/pod-template.ts';
import type { NodeInfo } from '../cache/node-info.ts';
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

export const DotProd: PluginFactory & FactoryWithPoints = scorePolicy(
  'DotProd',
  'shared GPUs: least dot product of what is left with what is asked for',
  scoreOf,
);

function scoreOf(template: PodTemplate): (node: NodeInfo) => number {
  const cpu = cpuMilliOf(template) / SCALE_CPU_MILLI;
  const gpu = gpuMilliOf(template.gpu) / SCALE_GPU_MILLI;
  return (node) => {
    const product = (cpuLeftMilli(node) / SCALE_CPU_MILLI) * cpu + (gpuLeftMilli(node) / SCALE_GPU_MILLI) * gpu;
    return Math.max(0, Math.trunc(100 * (1 - product / 2)));
  };
}
