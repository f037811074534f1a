/** `podyard get`: the objects of a run at any moment, in kubectl's columns and words. */
import type { Command, CommandContext } from './command.ts';
import { LOOKED_POSITIONAL, LOOKED_RUN_OPTIONS, LOOK_OPTIONS } from './look-options.ts';
import type { GivenOptions } from './options.ts';

export const GET: Command = {
  usage: 'get <scenario> <kind> [names..]',
  summary: "Play a run to a moment and list nodes, pods, deployments, ... as kubectl get does",
  positionals: [
    LOOKED_POSITIONAL,
    { name: 'kind', describe: "As kubectl takes it: pods, po, deploy,rs, all, pod/web-0" },
    { name: 'names', describe: 'Names of the objects; without, all of them' },
  ],
  options: {
    ...LOOK_OPTIONS,
    selector: { kind: 'text', alias: 'l', value: 'LABELS', describe: 'Only objects with these labels: app=web,tier!=db' },
    'field-selector': { kind: 'text', value: 'FIELDS', describe: 'Only objects with these fields: status.phase=Pending' },
    'sort-by': { kind: 'text', value: 'FIELD', describe: 'Order, such as .metadata.creationTimestamp' },
    output: {
      kind: 'text', alias: 'o', choices: ['table', 'wide', 'yaml', 'json', 'name'], fallback: 'table',
      describe: 'What to print',
    },
    'show-labels': { kind: 'flag', describe: 'Labels as the last column' },
    'no-headers': { kind: 'flag', describe: 'Without the line of titles' },
    ...LOOKED_RUN_OPTIONS,
  },
  examples: [
    ['$0 get my-cluster.yaml nodes --at 2h', 'the nodes after two hours'],
    ['$0 get my-cluster.yaml pods -A --field-selector status.phase=Pending --at 2h', 'the pods that wait then'],
    ['$0 get my-cluster.yaml nodes,pods -A -o yaml --at 2h > then.yaml', 'a dump for whatif and rehearse'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { executeGet } = await import('./execute-get.ts');
    return executeGet(given, context);
  },
};
