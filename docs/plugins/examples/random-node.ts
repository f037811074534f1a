/**
 * RandomNode (Score): any node with room, by chance: what every other plugin must beat. Chance comes from a stream of
 * the run's seed, so that a run can be repeated.
 */
import type { Plugin, PluginFactory } from 'podyard/plugin';

const NAME = 'RandomNode';

export const plugin: PluginFactory = {
  name: NAME,
  summary: 'any node with room, by chance',
  create: (_args, handle): Plugin => {
    const stream = handle.random(NAME);
    return {
      name: NAME,
      // Never the same answer twice: nothing of it may be remembered.
      dependence: { score: 'cluster' },
      score: () => Math.floor(stream.next() * 101),
    };
  },
};
