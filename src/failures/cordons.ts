/** Cordons by chance: what was schedulable before is so again when nobody holds it any more. */
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeFault } from './crash-processes.ts';

export function cordonFault(cluster: Cluster): NodeFault {
  /** By row, of nodes that were cordoned here; of one that somebody else had cordoned nothing is kept. */
  const held = new Map<number, { readonly incarnation: number; causes: number }>();
  const cordonOf = (node: number): { causes: number } | null => {
    const cordon = held.get(node);
    return cordon?.incarnation === cluster.nodes.incarnation[node] ? cordon : null;
  };
  return {
    hold: (node) => {
      const cordon = cordonOf(node);
      if (cordon !== null) cordon.causes++;
      if (cordon !== null || cluster.nodes.facts[node].unschedulable) return false;
      held.set(node, { incarnation: cluster.nodes.incarnation[node], causes: 1 });
      cluster.setUnschedulable(node, true);
      return true;
    },
    release: (node) => {
      const cordon = cordonOf(node);
      if (cordon === null || --cordon.causes > 0) return false;
      held.delete(node);
      if (!cluster.nodes.facts[node].unschedulable) return false;
      cluster.setUnschedulable(node, false);
      return true;
    },
  };
}
