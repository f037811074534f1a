/**
 * Random (PreScore, Score): any of the feasible nodes, each as likely as the others. One of the policies that FGD was
 * compared with (USENIX ATC'23; hkust-adsl/kubernetes-scheduler-simulator, pkg/simulator/plugin/random_score.go). One draw
 * a cycle, from a stream of its own. Its answers cannot be remembered, so that every node is asked every time.
 */
import { stateKey } from '../framework/cycle-state.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import { MAX_NODE_SCORE, MIN_NODE_SCORE } from '../framework/plugin-api.ts';
import type { Plugin, PluginFactory } from '../framework/plugin-api.ts';
import type { FactoryWithPoints } from '../config/default-plugins.ts';

const NAME = 'Random';
const DRAWN = stateKey<NodeInfo>(`PreScore${NAME}`);

export const Random: PluginFactory & FactoryWithPoints = {
  name: NAME,
  points: ['preScore', 'score'],
  summary: 'any feasible node, by chance',
  create(_args, handle): Plugin {
    const stream = handle.random(NAME);
    return {
      name: NAME,
      dependence: { score: 'cluster' },
      preScore(state, _pod, nodes) {
        state.write(DRAWN, nodes[Math.floor(stream.next() * nodes.length)]);
        return null;
      },
      score: (state, _pod, node) => (state.read(DRAWN) === node ? MAX_NODE_SCORE : MIN_NODE_SCORE),
      eventsToRegister: () => [],
    };
  },
};
