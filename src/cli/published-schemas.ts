/** The JSON Schemas that are published: of each kind of file that a user writes in Podyard's own words. */
import { InputError, nearestName } from '../base/input-error.ts';
import { suiteJsonSchema } from '../experiment/bench-suite.ts';
import { inflationJsonSchema } from '../experiment/inflation-plan.ts';
import { sweepJsonSchema } from '../experiment/sweep-plan.ts';
import { scenarioJsonSchema } from '../simulation/scenario-schema.ts';

/** Kind, as the command and the file in `schemas/` are called, to its schema. */
export const PUBLISHED_SCHEMAS: ReadonlyMap<string, () => Record<string, unknown>> = new Map([
  ['scenario', scenarioJsonSchema],
  ['sweep', sweepJsonSchema],
  ['experiment', inflationJsonSchema],
  ['suite', suiteJsonSchema],
]);

/** `kind` empty: scenario. Ends in a newline. Throws an InputError for a kind that has none. */
export function schemaText(kind: string): string {
  const kinds = [...PUBLISHED_SCHEMAS.keys()];
  const schema = PUBLISHED_SCHEMAS.get(kind === '' ? 'scenario' : kind);
  if (schema === undefined) {
    const message = `expected a kind of file, ${kinds.join(', ')}, found "${kind}"`;
    throw new InputError({ message, suggestion: nearestName(kind, kinds) });
  }
  return `${JSON.stringify(schema(), null, 2)}\n`;
}
