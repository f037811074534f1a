/**
 * What fails on nodes beside their machines: cut off, slow, without a registry, cordoned, taken back, hung, with a full
 * disk. Loaded only where a scenario has such failures or steps.
 */
import type { Cluster } from '../cluster/cluster.ts';
import type { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import { NodeTroubles } from '../cluster/node-troubles.ts';
import { cordonFault } from '../failures/cordons.ts';
import type { NodeFault } from '../failures/crash-processes.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { CutNodes } from '../node/cut-nodes.ts';
import { NodeShutdowns } from '../node/node-shutdown.ts';
import type { ShutdownHost } from '../node/node-shutdown.ts';
import { RuntimeHangs } from '../node/runtime-hangs.ts';
import { Drains } from '../operations/drain.ts';
import type { IllnessOperation, OperationPhases, Operations } from '../operations/operations.ts';
import { Reclaims } from '../operations/reclaims.ts';
import type { FailureProcess } from '../failures/settings.ts';
import type { ShutdownGrace } from '../node/settings.ts';

export interface NodeIllnesses {
  readonly troubles: NodeTroubles;
  /** Of the kubelets. */
  readonly cuts: CutNodes;
  /** null: its machines stop. */
  faultOfProcess(process: FailureProcess): NodeFault | null;
  faultOfStep(operation: IllnessOperation): NodeFault;
  /** Nodes that are to be reclaimed stop their pods by groups, unless there is none. To be called at most once. */
  shutDownBy(kubelet: ShutdownHost, groups: readonly ShutdownGrace[]): void;
  /** To be called once, before anything happens. `operations` null: the scenario has no steps. */
  drainBy(operations: Operations | null, budgets: DisruptionBudgets): void;
}

export type MakeIllnesses = (kernel: Kernel, cluster: Cluster, phases: OperationPhases) => NodeIllnesses;

export const nodeIllnesses: MakeIllnesses = (kernel, cluster, phases) => {
  const troubles = new NodeTroubles(cluster);
  const cordons = cordonFault(cluster);
  new RuntimeHangs(kernel, cluster, troubles);
  let drains: Drains | null = null;
  let shutdowns: NodeShutdowns | null = null;
  const reclaims = new Reclaims(kernel, cluster, {
    drain: (...drain) => drains?.begin(...drain),
    shutDown: (node, onEnd) => {
      shutdowns?.begin(node, onEnd);
      return shutdowns !== null;
    },
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
  const hung: NodeFault = { hold: (node) => troubles.hang(node), release: (node) => troubles.answer(node) };
  const filled = (share: number): NodeFault => ({
    hold: (node) => troubles.fillDisk(node, share),
    release: (node) => troubles.emptyDisk(node, share),
  });
  return {
    troubles,
    cuts: new CutNodes(cluster, troubles),
    faultOfProcess: ({ kind, factor, noticeMicros, fill }) => {
      switch (kind) {
        case 'crash': return null;
        case 'slow': return slowed(factor);
        case 'partition': return cut;
        case 'registry': return registryLost;
        case 'hang': return hung;
        case 'diskFull': return filled(fill);
        case 'cordon': return cordons;
        case 'reclaim': return reclaims.faultOf(noticeMicros);
      }
    },
    faultOfStep: (operation) => {
      switch (operation.verb) {
        case 'slow': return slowed(operation.factor);
        case 'partition': return cut;
        case 'registryOutage': return registryLost;
        case 'hang': return hung;
        case 'diskFull': return filled(operation.fill);
        case 'reclaim': return reclaims.faultOf(operation.noticeMicros);
      }
    },
    shutDownBy: (kubelet, groups) => {
      if (groups.length > 0)
        shutdowns = new NodeShutdowns(kernel, cluster, groups, kubelet, (node) => troubles.isCut(node));
    },
    drainBy: (operations, budgets) => {
      drains = operations?.drains ?? new Drains(kernel, cluster, budgets, phases.controller, {});
    },
  };
};
