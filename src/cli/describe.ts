/** `podyard describe`: objects of a run at any moment with their conditions and events, as kubectl lays them out. */
import type { Command, CommandContext } from './command.ts';
import { LOOKED_POSITIONAL, LOOKED_RUN_OPTIONS, LOOK_OPTIONS } from './look-options.ts';
import type { GivenOptions } from './options.ts';

export const DESCRIBE: Command = {
  usage: 'describe <scenario> <kind> [names..]',
  summary: 'Play a run to a moment and tell all of some objects, as kubectl describe does',
  positionals: [
    LOOKED_POSITIONAL,
    { name: 'kind', describe: 'As kubectl takes it: pod, node, deploy, pod/web-0' },
    { name: 'names', describe: 'Names of the objects, or how they begin; without, all of them' },
  ],
  options: {
    ...LOOK_OPTIONS,
    selector: { kind: 'text', alias: 'l', value: 'LABELS', describe: 'Only objects with these labels: app=web,tier!=db' },
    ...LOOKED_RUN_OPTIONS,
  },
  examples: [
    ['$0 describe my-cluster.yaml pod web-0-3 --at 2h', 'where it is, how it fares, what was said of it'],
    ['$0 describe my-cluster.yaml node general-0 --at 2h', 'what the node offers and who has it'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { executeDescribe } = await import('./execute-describe.ts');
    return executeDescribe(given, context);
  },
};
