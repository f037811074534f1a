/**
 * PreferCheapNodes (Score): of the nodes that can take a pod, those with a lower price come first. The price
 * is a label of the node; a node without it counts as expensive as the dearest one.
 */
import type { NodeInfo, Plugin, PluginFactory } from 'podyard/plugin';

const NAME = 'PreferCheapNodes';

export const plugin: PluginFactory = {
  name: NAME,
  summary: 'prefers nodes with a lower price, given by a label',
  // Every argument that pluginConfig may give, with its default.
  defaultArgs: { priceLabel: 'example.com/price-per-hour' },

  create(args): Plugin {
    const label = String(args['priceLabel']);
    // Scores are whole numbers: ten-thousandths of the price's unit.
    const priceOf = (node: NodeInfo): number => {
      const price = Number(node.labels.get(label));
      return price >= 0 ? Math.round(price * 10_000) : -1;
    };
    return {
      name: NAME,
      // The score reads nothing but the node's labels: it is computed once per kind of pod and node, then remembered.
      dependence: { score: 'facts' },
      score: (_state, _pod, node) => priceOf(node),
      // Raw scores become 0 to 100: the cheapest node gets 100, the dearest and those without a price 0.
      normalizeScore: (_state, _pod, scores) => {
        const prices = Array.from(scores).filter((score) => score >= 0);
        const low = Math.min(...prices);
        const high = Math.max(...prices);
        for (let i = 0; i < scores.length; i++) {
          const isPriced = scores[i] >= 0;
          scores[i] = !isPriced || prices.length === 0 ? 0 : high === low ? 100 : Math.round((100 * (high - scores[i])) / (high - low));
        }
      },
    };
  },
};
