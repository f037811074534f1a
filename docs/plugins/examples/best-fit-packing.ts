/**
 * BestFitPacking (Score): the node on which the pod leaves the least room, summed over cpu and memory as shares of the
 * node. The oldest packing rule there is.
 */
import { allocatableOf, freeOn, requestOf } from 'podyard/plugin';
import type { Plugin, PluginFactory } from 'podyard/plugin';

const NAME = 'BestFitPacking';
const RESOURCES = ['cpu', 'memory', 'nvidia.com/gpu'];

export const plugin: PluginFactory = {
  name: NAME,
  summary: 'prefers the node on which the least room is left',
  create: (_args, handle): Plugin => ({
    name: NAME,
    // The score changes when pods come to or leave the node.
    dependence: { score: 'node' },
    score: (_state, pod, node) => {
      const has = RESOURCES.filter((resource) => allocatableOf(handle, node, resource) > 0);
      const left = has.map(
        (resource) =>
          (freeOn(handle, node, resource) - requestOf(handle, pod, resource)) / allocatableOf(handle, node, resource),
      );
      return Math.round(100 * (1 - left.reduce((sum, share) => sum + share, 0) / has.length));
    },
  }),
};
