/** Cordons by chance: what was schedulable before is so again when nobody holds it any more. */
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeFault } from './crash-processes.ts';

export function cordonFault(cluster: Cluster): NodeFault {
  /** Row to causes; of nodes that somebody else had cordoned nothing is kept. */
  const held = new Map<number, number>();
  const incarnations = new Map<number, number>();
  const isKnown = (node: number): boolean => incarnations.get(node) === cluster.nodes.incarnation[node];
  return {
    hold: (node) => {
      const causes = isKnown(node) ? (held.get(node) ?? 0) : 0;
      if (causes === 0 && cluster.nodes.facts[node].unschedulable) return false;
      incarnations.set(node, cluster.nodes.incarnation[node]);
      held.set(node, causes + 1);
      if (causes > 0) return false;
      cluster.setUnschedulable(node, true);
      return true;
    },
    release: (node) => {
      const causes = isKnown(node) ? (held.get(node) ?? 0) : 0;
      if (causes === 0) return false;
      held.set(node, causes - 1);
      if (causes > 1 || !cluster.nodes.facts[node].unschedulable) return false;
      cluster.setUnschedulable(node, false);
      return true;
    },
  };
}
