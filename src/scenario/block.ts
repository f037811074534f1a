import type { z } from 'zod';
import type { ScenarioNumbers } from './numbers.ts';

/** What a block may have to know of the rest of its scenario. */
export interface BlockContext {
  /** Whether some node pool is a group of the cluster autoscaler. */
  readonly isAutoscaled: boolean;
}

/**
 * One key of a scenario with all that is to be known of it: what users write, with types, defaults and help; what it is
 * resolved to; how results spell it. Its key stands in `simulation/parts.ts`.
 */
export interface Block<Field extends z.ZodType, Settings> {
  readonly field: Field;
  resolve(input: z.output<Field>, numbers: ScenarioNumbers, context: BlockContext): Settings;
  /** undefined: goes without saying. */
  spell(settings: Settings, context: BlockContext): unknown;
}
