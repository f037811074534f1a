/** The blocks of a scenario that parts of the simulation bring, by key, in the order of results. */
import type { z } from 'zod';
import { autoscalerBlock } from '../autoscaling/settings.ts';
import { controlPlaneBlock } from '../control-plane/settings.ts';
import { nodeLifecycleBlock } from '../controllers/settings.ts';
import { failuresBlock } from '../failures/settings.ts';
import { metricsBlock } from '../metrics/settings.ts';
import { kubeletBlock } from '../node/settings.ts';
import { stepsBlock } from '../operations/settings.ts';
import type { Block, BlockContext } from '../scenario/block.ts';
import type { ScenarioNumbers } from '../scenario/numbers.ts';
import { storageBlock } from '../storage/settings.ts';

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
