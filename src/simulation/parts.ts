/**
 * The list of parts: blocks of a scenario, controllers that look after nodes and after pods of whatever owner, node
 * autoscalers. A new one is a file of its own and a line here; docs/architecture.md tells how.
 */
import type { z } from 'zod';
import { ClusterAutoscaler } from '../autoscaling/cluster-autoscaler.ts';
import type { NodeAutoscaler, NodeAutoscalerParts, NodeGroupSpec } from '../autoscaling/node-autoscaler.ts';
import { autoscalerBlock } from '../autoscaling/settings.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import type { NodeTroubles } from '../cluster/node-troubles.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import { controlPlaneBlock } from '../control-plane/settings.ts';
import { Disruption } from '../controllers/disruption.ts';
import { NodeLifecycle } from '../controllers/node-lifecycle.ts';
import type { ApiRequests } from '../controllers/owned-pods.ts';
import { PodGc } from '../controllers/pod-gc.ts';
import { nodeLifecycleBlock } from '../controllers/settings.ts';
import { TaintEviction } from '../controllers/taint-eviction.ts';
import { failuresBlock } from '../failures/settings.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { metricsBlock } from '../metrics/settings.ts';
import { kubeletBlock } from '../node/settings.ts';
import { stepsBlock } from '../operations/settings.ts';
import type { Block, BlockContext } from '../scenario/block.ts';
import type { ScenarioNumbers } from '../scenario/numbers.ts';
import { storageBlock } from '../storage/settings.ts';

// ---- blocks, in the order of results -------------------------------------------------------------------------------

const BLOCKS = {
  controlPlane: controlPlaneBlock,
  kubelet: kubeletBlock,
  nodeLifecycle: nodeLifecycleBlock,
  storage: storageBlock,
  failures: failuresBlock,
  steps: stepsBlock,
  autoscaler: autoscalerBlock,
  metrics: metricsBlock,
};

type Blocks = typeof BLOCKS;

/** By key: what the scenario says, resolved. */
export type BlockSettings = { readonly [Key in keyof Blocks]: ReturnType<Blocks[Key]['resolve']> };

/** As `z.output` of a mapping of the fields has it: what may be left out is optional. */
type BlockInputs = z.output<z.ZodObject<{ [Key in keyof Blocks]: Blocks[Key]['field'] }>>;

const ENTRIES = Object.entries(BLOCKS) as unknown as readonly (readonly [keyof Blocks, Block<z.ZodType, unknown>])[];

export const BLOCK_FIELDS = Object.fromEntries(ENTRIES.map(([key, { field }]) => [key, field])) as {
  readonly [Key in keyof Blocks]: Blocks[Key]['field'];
};

export function resolveBlocks(input: BlockInputs, numbers: ScenarioNumbers, context: BlockContext): BlockSettings {
  const settings = ENTRIES.map(([key, block]) => [key, block.resolve(input[key], numbers, context)] as const);
  return Object.fromEntries(settings) as BlockSettings;
}

export function spellBlocks(settings: BlockSettings, context: BlockContext): Record<string, unknown> {
  const spelled = ENTRIES.map(([key, block]) => [key, block.spell(settings[key], context)] as const);
  return Object.fromEntries(spelled.filter(([, value]) => value !== undefined));
}

// ---- controllers, in the order of their notices --------------------------------------------------------------------

export interface ControllerParts {
  readonly kernel: Kernel;
  /** The cluster as controllers see it. */
  readonly cluster: Cluster;
  /** What they ask of the API server. */
  readonly requests: ApiRequests;
  /** As they see them. */
  readonly budgets: DisruptionBudgets;
  /** null: nothing fails but machines. */
  readonly troubles: NodeTroubles | null;
  /** Kernel phase of controllers. */
  readonly phase: number;
}

/** It works by notices and by kernel events of its own, once it has been made. */
export interface Controller extends ClusterObserver {
  /** Whether it will do something to pods at a time that is set already. */
  hasTimers?(): boolean;
}

const CONTROLLERS: readonly ((settings: BlockSettings, parts: ControllerParts) => Controller)[] = [
  (_, { kernel, cluster, budgets, phase, requests }) => new Disruption(kernel, cluster, budgets, phase, { requests }),
  ({ nodeLifecycle }, { kernel, cluster, troubles, requests }) =>
    new NodeLifecycle(kernel, cluster, nodeLifecycle, undefined, troubles, requests),
  (_, { kernel, cluster, requests }) => new TaintEviction(kernel, cluster, requests),
  (_, { kernel, cluster, requests }) => new PodGc(kernel, cluster, requests),
];

export function makeControllers(settings: BlockSettings, parts: ControllerParts): readonly Controller[] {
  return CONTROLLERS.map((make) => make(settings, parts));
}

// ---- node autoscalers: the first whose settings are there serves ---------------------------------------------------

/** `cluster`: as the autoscaler sees it. */
export type MakeNodeAutoscaler = (
  kernel: Kernel, cluster: Cluster, groups: readonly NodeGroupSpec[], parts: NodeAutoscalerParts,
) => NodeAutoscaler;

const NODE_AUTOSCALERS: readonly ((settings: BlockSettings) => MakeNodeAutoscaler | null)[] = [
  ({ autoscaler }) => autoscaler &&
    ((kernel, cluster, groups, parts) => new ClusterAutoscaler(kernel, cluster, autoscaler, groups, parts)),
];

/** null: the scenario has none. */
export function nodeAutoscalerOf(settings: BlockSettings): MakeNodeAutoscaler | null {
  for (const makerOf of NODE_AUTOSCALERS) {
    const make = makerOf(settings);
    if (make !== null) return make;
  }
  return null;
}
