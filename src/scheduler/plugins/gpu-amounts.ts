/** What the placement policies for shared GPUs look at: what a node has left, and what a pod asks for. */
import type { GpuRequest } from '../../cluster/gpu-devices.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import { CPU, amountOf } from '../../cluster/resources.ts';
import type { NodeInfo } from '../cache/node-info.ts';

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
