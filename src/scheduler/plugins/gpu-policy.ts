/**
 * What the policies that FGD was compared with have in common (USENIX ATC'23): what they look at of a node and of a
 * pod, and how they are made. A node's score depends on the node and on the pod's template alone, and nothing that
 * happens in the cluster makes a waiting pod worth another try.
 */
import type { GpuRequest } from '../../cluster/gpu-devices.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import { CPU, amountOf } from '../../cluster/resources.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { FactoryWithPoints } from '../config/default-plugins.ts';
import type { Plugin, PluginFactory } from '../framework/plugin-api.ts';

/** The largest node of the experiment, by which the policies scale: 128 cores, 8 GPUs. */
export const SCALE_CPU_MILLI = 128_000;
export const SCALE_GPU_MILLI = 8_000;

export function cpuLeftMilli(node: NodeInfo): number {
  return node.allocatable[node.base + CPU] - node.requested[node.base + CPU];
}

export function gpuLeftMilli(node: NodeInfo): number {
  return node.devices === null ? 0 : node.devices.leftMilli;
}

export function cpuMilliOf(template: PodTemplate): number {
  return amountOf(template.accounted, CPU);
}

/** Over all devices that the pod asks for. */
export function gpuMilliOf(gpu: GpuRequest | null): number {
  return gpu === null ? 0 : gpu.count * gpu.milli;
}

/** A score plugin without arguments. `scoreOf`: of any node, for pods of a template. */
export function scorePolicy(
  name: string,
  summary: string,
  scoreOf: (template: PodTemplate) => (node: NodeInfo) => number,
  more: Pick<Plugin, 'normalizeScore' | 'normalizeKeepsBest'> = {},
): PluginFactory & FactoryWithPoints {
  return {
    name,
    points: ['score'],
    summary,
    create: (): Plugin => ({
      name,
      dependence: { score: 'node' },
      specOnly: true,
      score: (_state, pod, node) => scoreOf(pod.template)(node),
      scoreOf,
      ...more,
      eventsToRegister: () => [],
    }),
  };
}
