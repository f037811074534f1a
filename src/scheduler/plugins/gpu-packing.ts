/**
 * GpuPacking (Score): prefers devices that are in use already, then nodes that are, then the rest. One of the policies
 * that FGD was compared with (USENIX ATC'23; hkust-adsl/kubernetes-scheduler-simulator,
 * pkg/simulator/plugin/gpu_packing_score.go). A few operations a device.
 */
import { DEVICE_MILLI } from '../../cluster/gpu-devices.ts';
import type { GpuRequest } from '../../cluster/gpu-devices.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { PluginFactory } from '../framework/plugin-api.ts';
import type { FactoryWithPoints } from '../config/default-plugins.ts';
import { scorePolicy } from './gpu-policy.ts';

/** Scores of nodes whose devices are all free end here, of nodes with free ones to be taken up to the second. */
const FREE_NODE = 33;
const FREE_DEVICE = 50;

export const GpuPacking: PluginFactory & FactoryWithPoints = scorePolicy(
  'GpuPacking',
  'shared GPUs: devices in use first, then nodes in use',
  scoreOf,
);

function scoreOf({ gpu }: PodTemplate): (node: NodeInfo) => number {
  if (gpu === null) return () => 0;
  return ({ devices }) => (devices === null ? 0 : packingScore(devices.left, gpu));
}

function packingScore(left: readonly number[], gpu: GpuRequest): number {
  let free = 0;
  for (let device = 0; device < left.length; device++) if (left[device] === DEVICE_MILLI) free++;
  if (free === left.length) return Math.max(FREE_NODE - free, free);
  const { taken, takenFree, percents } = takeFullest(left, gpu);
  if (taken > 0 && takenFree > 0) return Math.max(FREE_DEVICE - takenFree, FREE_NODE);
  return Math.max(100 - Math.trunc(percents / 10), FREE_DEVICE);
}

/** The devices in order of what they have left, the first of equals first, as many as the pod asks for. */
function takeFullest(
  left: readonly number[],
  { count, milli }: GpuRequest,
): { readonly taken: number; readonly takenFree: number; readonly percents: number } {
  let taken = 0;
  let takenFree = 0;
  let percents = 0;
  let done = -1;
  let doneDevice = -1;
  while (taken < count) {
    let next = -1;
    for (let device = 0; device < left.length; device++) {
      if (left[device] < milli || left[device] < done || (left[device] === done && device <= doneDevice)) continue;
      if (next < 0 || left[device] < left[next]) next = device;
    }
    if (next < 0) break;
    done = left[next];
    doneDevice = next;
    taken++;
    if (done === DEVICE_MILLI) takenFree++;
    percents += Math.trunc((done * 100) / DEVICE_MILLI);
  }
  return { taken, takenFree, percents };
}
