/**
 * GpuClustering (Score): keeps GPU pods of one kind together, a kind being a share or a number of devices. One of the
 * policies that FGD was compared with (USENIX ATC'23; hkust-adsl/kubernetes-scheduler-simulator,
 * pkg/simulator/plugin/gpu_clustering_score.go). A node remembers every kind that it was ever given. A few operations a
 * node.
 */
import { kindBit } from '../../cluster/gpu-devices.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { PluginFactory } from '../framework/plugin-api.ts';
import type { FactoryWithPoints } from '../config/default-plugins.ts';
import { SCALE_GPU_MILLI, scorePolicy } from './gpu-policy.ts';

/** What a node scores at least that holds this kind and no other, this kind and others, none yet, others only. */
const ONLY_THIS = 75;
const THIS_TOO = 50;
const NONE_YET = 25;
const OTHERS = 0;

export const GpuClustering: PluginFactory & FactoryWithPoints = scorePolicy(
  'GpuClustering',
  'shared GPUs: pods of a kind together',
  scoreOf,
);

function scoreOf({ gpu }: PodTemplate): (node: NodeInfo) => number {
  if (gpu === null) return () => 0;
  const kind = kindBit(gpu);
  return ({ devices }) => {
    if (devices === null) return 0;
    const used = SCALE_GPU_MILLI - devices.leftMilli;
    return Math.max(0, Math.min(100, Math.trunc((25 * used) / SCALE_GPU_MILLI) + levelOf(devices.kinds, kind)));
  };
}

function levelOf(kinds: number, kind: number): number {
  if (kinds === kind) return ONLY_THIS;
  if ((kinds & kind) !== 0) return THIS_TOO;
  return kinds === 0 ? NONE_YET : OTHERS;
}
