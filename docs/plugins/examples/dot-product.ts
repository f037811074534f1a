/**
 * DotProduct (Score): the node whose free room points where the pod's wishes point: the cosine of the angle between what
 * the pod asks for and what is free, both as shares of the node. Shapes meet their like, so that less of one resource is
 * stranded behind the lack of another (Tetris, SIGCOMM'14, and others before it).
 */
import { allocatableOf, freeOn, requestOf } from 'podyard/plugin';
import type { Plugin, PluginFactory } from 'podyard/plugin';

const NAME = 'DotProduct';
const RESOURCES = ['cpu', 'memory', 'nvidia.com/gpu'];

export const plugin: PluginFactory = {
  name: NAME,
  summary: 'prefers nodes whose free room has the shape of the pod',
  create: (_args, handle): Plugin => ({
    name: NAME,
    dependence: { score: 'node' },
    score: (_state, pod, node) => {
      let [product, wanted, free] = [0, 0, 0];
      for (const resource of RESOURCES) {
        const most = allocatableOf(handle, node, resource);
        if (most === 0) continue;
        const ask = requestOf(handle, pod, resource) / most;
        const room = freeOn(handle, node, resource) / most;
        product += ask * room;
        wanted += ask * ask;
        free += room * room;
      }
      return wanted === 0 || free === 0 ? 0 : Math.min(100, Math.round((100 * product) / Math.sqrt(wanted * free)));
    },
  }),
};
