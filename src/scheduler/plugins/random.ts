/**
 * Random (PreScore, Score, Reserve): any of the feasible nodes, each as likely as the others; a share of a GPU goes to
 * any device with room. One of the policies that FGD was compared with (USENIX ATC'23; hkust-adsl/kubernetes-scheduler-
 * simulator, pkg/simulator/plugin/{random_score,open_gpu_share}.go). A draw or two a cycle, from streams of its own.
 */
import { isShare } from '../../cluster/gpu-devices.ts';
import { stateKey } from '../framework/cycle-state.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import { MAX_NODE_SCORE, MIN_NODE_SCORE } from '../framework/plugin-api.ts';
import type { Plugin, PluginFactory } from '../framework/plugin-api.ts';
import type { DomainAnswers } from '../fast/domain-answers.ts';
import type { FactoryWithPoints } from '../config/default-plugins.ts';

const NAME = 'Random';
const DRAWN = stateKey<NodeInfo>(`PreScore${NAME}`);

export const Random: PluginFactory & FactoryWithPoints = {
  name: NAME,
  points: ['preScore', 'score', 'reserve'],
  summary: 'any feasible node, and of shared GPUs any device, by chance',
  create(_args, { cluster, random }): Plugin {
    const nodeStream = random(`${NAME}:node`);
    const deviceStream = random(`${NAME}:device`);
    const draw = (count: number): number => Math.floor(nodeStream.next() * count);
    const answers: DomainAnswers = {
      tests: [],
      score: (_rows, count, weight, totals) => {
        totals[draw(count)] += weight * MAX_NODE_SCORE;
      },
      table: null,
      favourite: draw,
    };
    return {
      name: NAME,
      dependence: { score: 'cluster' },
      // The draw without a question to each node.
      domains: { answers: () => answers },
      preScore(state, _pod, nodes) {
        state.write(DRAWN, nodes[draw(nodes.length)]);
        return null;
      },
      score: (state, _pod, node) => (state.read(DRAWN) === node ? MAX_NODE_SCORE : MIN_NODE_SCORE),
      reserve(_state, pod, nodeName) {
        const { gpu } = pod.template;
        const { devices } = cluster.nodeInfo(cluster.nodeRow(nodeName));
        if (gpu === null || devices === null || !isShare(gpu)) return null;
        const held = devices.devicesOf(pod.row);
        const leftOf = (device: number): number => devices.left[device] + (held.includes(device) ? gpu.milli : 0);
        const roomy = Array.from(devices.left.keys()).filter((device) => leftOf(device) >= gpu.milli);
        if (roomy.length > 0) cluster.assumeDevices(pod.row, [roomy[Math.floor(deviceStream.next() * roomy.length)]]);
        return null;
      },
      eventsToRegister: () => [],
    };
  },
};
