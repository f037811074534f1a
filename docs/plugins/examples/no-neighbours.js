/**
 * NoNeighbours (Filter): a node that holds as many pods as `mostPods` takes no more of them, whatever room it has.
 * Plain JavaScript: no build step, no types needed.
 */
import { unschedulable } from 'podyard/plugin';

const NAME = 'NoNeighbours';

/** @type {import('podyard/plugin').PluginFactory} */
export const plugin = {
  name: NAME,
  summary: 'keeps nodes to a number of pods',
  defaultArgs: { mostPods: 1 },
  create(args) {
    const mostPods = Number(args.mostPods);
    // Made once: a verdict costs nothing then. The reason stands in the text of pods that wait, and in reports.
    const full = unschedulable(NAME, 'node(s) held as many pods as allowed');
    return {
      name: NAME,
      // The verdict changes when pods come to or leave the node.
      dependence: { filter: 'node' },
      filter: (_state, _pod, node) => (node.pods.length < mostPods ? null : full),
    };
  },
};
