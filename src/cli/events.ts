/** `podyard events`: what the components of a cluster would have recorded in a run up to a moment. */
import type { Command, CommandContext } from './command.ts';
import { LOOKED_POSITIONAL, LOOKED_RUN_OPTIONS, LOOK_OPTIONS } from './look-options.ts';
import type { GivenOptions } from './options.ts';

export const EVENTS: Command = {
  usage: 'events <scenario>',
  summary: 'Play a run to a moment and list its events, as kubectl events does',
  positionals: [LOOKED_POSITIONAL],
  options: {
    ...LOOK_OPTIONS,
    for: { kind: 'text', value: 'KIND/NAME', describe: 'Only events of this object: pod/web-0' },
    types: { kind: 'text', value: 'TYPES', describe: 'Only these types: Normal, Warning' },
    output: {
      kind: 'text', alias: 'o', choices: ['table', 'yaml', 'json'], fallback: 'table', describe: 'What to print',
    },
    'no-headers': { kind: 'flag', describe: 'Without the line of titles' },
    ...LOOKED_RUN_OPTIONS,
  },
  examples: [
    ['$0 events my-cluster.yaml --for pod/web-0-3 --at 2h', 'all that was said of a pod by then'],
    ['$0 events my-cluster.yaml -A --types Warning', 'what went wrong in the run'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { executeEvents } = await import('./execute-events.ts');
    return executeEvents(given, context);
  },
};
