/** `podyard schema`: the JSON Schemas of the files that users write, for editors and checkers. */
import type { Command, CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import type { GivenOptions } from './options.ts';

export const SCHEMA: Command = {
  usage: 'schema [kind]',
  summary: 'Print the JSON Schema of scenarios, or of another kind of file',
  positionals: [{ name: 'kind', describe: 'scenario, sweep, experiment or suite. Default: scenario' }],
  options: {},
  examples: [
    ['$0 schema > scenario.schema.json', 'for an editor that completes and checks YAML'],
    ['$0 schema sweep > sweep.schema.json', 'of podyard sweep; experiment: of growing demand; suite: of podyard bench'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { schemaText } = await import('./published-schemas.ts');
    context.terminal.out(schemaText(given.positional('kind')));
    return EXIT_OK;
  },
};
