/**
 * What fails on nodes beside their machines: cut off, slow, without a registry, cordoned, taken back. Loaded only where
 * a scenario has such failures or steps.
 */
import type { Cluster } from '../cluster/cluster.ts';
import type { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import { NodeTroubles } from '../cluster/node-troubles.ts';
import { cordonFault } from '../failures/cordons.ts';
import type { NodeFault } from '../failures/crash-processes.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Drains } from '../operations/drain.ts';
import type { IllnessOperation, OperationPhases, Operations } from '../operations/operations.ts';
import { Reclaims } from '../operations/reclaims.ts';
import type { FailureProcess } from '../failures/settings.ts';

export interface NodeIllnesses {
  readonly troubles: NodeTroubles;
  /** null: its machines stop. */
  faultOfProcess(process: FailureProcess): NodeFault | null;
  faultOfStep(operation: IllnessOperation): NodeFault;
  /** To be called once, before anything happens. `operations` null: the scenario has no steps. */
  drainBy(operations: Operations | null, budgets: DisruptionBudgets): void;
}

export type MakeIllnesses = (kernel: Kernel, cluster: Cluster, phases: OperationPhases) => NodeIllnesses;

export const nodeIllnesses: MakeIllnesses = (kernel, cluster, phases) => {
  const troubles = new NodeTroubles(cluster);
  const cordons = cordonFault(cluster);
  let drains: Drains | null = null;
  const reclaims = new Reclaims(kernel, cluster, {
    drain: (...drain) => drains?.begin(...drain),
    machinePhase: phases.infrastructure,
  });
  const slowed = (factor: number): NodeFault => ({
    hold: (node) => troubles.slow(node, factor),
    release: (node) => troubles.hasten(node, factor),
  });
  const cut: NodeFault = { hold: (node) => troubles.cut(node), release: (node) => troubles.mend(node) };
  const registryLost: NodeFault = {
    hold: (node) => troubles.loseRegistry(node), release: (node) => troubles.findRegistry(node),
  };
  return {
    troubles,
    faultOfProcess: ({ kind, factor, noticeMicros }) => {
      switch (kind) {
        case 'crash': return null;
        case 'slow': return slowed(factor);
        case 'partition': return cut;
        case 'registry': return registryLost;
        case 'cordon': return cordons;
        case 'reclaim': return reclaims.faultOf(noticeMicros);
      }
    },
    faultOfStep: (operation) => {
      switch (operation.verb) {
        case 'slow': return slowed(operation.factor);
        case 'partition': return cut;
        case 'registryOutage': return registryLost;
        case 'reclaim': return reclaims.faultOf(operation.noticeMicros);
      }
    },
    drainBy: (operations, budgets) => {
      drains = operations?.drains ?? new Drains(kernel, cluster, budgets, phases.controller, {});
    },
  };
};
