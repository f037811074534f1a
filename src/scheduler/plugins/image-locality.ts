/**
 * ImageLocality (Score): prefers nodes that hold the pod's images. Image volumes enlarge the sum; in the upper
 * threshold they count from v1.37 on.
 * Source: plugins/imagelocality/image_locality.go.
 */
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import { MAX_NODE_SCORE } from '../framework/plugin-api.ts';
import type { SchedulerSnapshot } from '../cache/snapshot.ts';
import type { Handle, NodeNumbers, Plugin, PluginFactory } from '../framework/plugin-api.ts';

const NAME = 'ImageLocality';
const MIB = 1024 * 1024;
const MIN_THRESHOLD = 23 * MIB;
const MAX_CONTAINER_THRESHOLD = 1000 * MIB;

export const ImageLocality: PluginFactory = {
  name: NAME,
  summary: 'prefers nodes that hold the pod\'s images already',
  create(_args, handle): Plugin {
    const countsVolumes = handle.cluster.features.imageVolumesCounted;
    const maxOf = ({ containerCount, imageVolumeCount }: PodTemplate): number =>
      MAX_CONTAINER_THRESHOLD * (countsVolumes ? containerCount + imageVolumeCount : containerCount);
    return {
      name: NAME,
      dependence: { score: 'node' },
      specOnly: true,
      countsNodes: (template, node) => template.images.some((image) => node.facts.images.has(image)),
      score: (_state, { template }, node) => scoreOf(template, node, handle, maxOf(template)),
      scoreOf: (template) => {
        const { snapshot } = handle;
        const numbers = template.images.map((image) => snapshot.imageNumber(image));
        const max = maxOf(template);
        return (_node, row) => scaled(spreadOf(snapshot, row, numbers), max);
      },
      steadyScoreOf: (template) => {
        const { snapshot } = handle;
        const numbers = template.images.map((image) => snapshot.imageNumber(image));
        const max = maxOf(template);
        return (row, within) => {
          const sum = spreadOf(snapshot, row, numbers);
          const score = scaled(sum, max);
          narrow(within, sum, score, (max - MIN_THRESHOLD) / MAX_NODE_SCORE, numbers.length + 1);
          return score;
        };
      },
      eventsToRegister: () => [],
    };
  },
};

/** Sum of the images' shares on a node, in bytes. */
function spreadOf(snapshot: SchedulerSnapshot, row: number, numbers: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < numbers.length; i++) sum += snapshot.imageSpread(row, numbers[i]);
  return sum;
}

/**
 * To numbers of nodes with which the score stays. A sum is in inverse ratio to the number, but for less than `cut`
 * bytes that are cut off, and each `step` of bytes above the threshold gives one point.
 */
function narrow(within: NodeNumbers, sum: number, score: number, step: number, cut: number): void {
  const { now } = within;
  const from = MIN_THRESHOLD + score * step;
  if (score > 0) within.most = Math.min(within.most, Math.max(now, Math.floor((sum * now) / (from + cut))));
  if (score === MAX_NODE_SCORE) return;
  within.least = Math.max(within.least, Math.min(now, Math.ceil(((sum + cut) * now) / (from + step - cut))));
}

function scoreOf(template: PodTemplate, node: NodeInfo, handle: Handle, max: number): number {
  if (node.facts.images.size === 0) return 0;
  const { snapshot } = handle;
  const total = snapshot.nodes.length;
  let sum = 0;
  for (const image of template.images) {
    const state = snapshot.imageState(node, image);
    if (state !== undefined) sum += Math.trunc(state.sizeBytes * (state.nodes / total));
  }
  return scaled(sum, max);
}

function scaled(sum: number, max: number): number {
  if (sum <= MIN_THRESHOLD) return 0;
  const clamped = Math.max(MIN_THRESHOLD, Math.min(sum, max));
  return Math.trunc((MAX_NODE_SCORE * (clamped - MIN_THRESHOLD)) / (max - MIN_THRESHOLD));
}
