/** Looks into a run at any moment, as kubectl looks into a cluster: `podyard get`, `describe` and `events`. */
import type { Command, CommandContext } from './command.ts';
import type { GivenOptions, OptionTable } from './options.ts';
import { RUN_OPTIONS } from './options.ts';

const LOOKED_POSITIONAL = {
  name: 'scenario',
  describe: "Scenario file, the --out folder of its run, or a cluster's dump; - reads standard input",
};

const LOOK_OPTIONS: OptionTable = {
  at: {
    kind: 'text', value: 'TIME', describe: 'Moment of the run, such as 90m; without, its end (of a dump: its own)',
  },
  namespace: { kind: 'text', alias: 'n', value: 'NAME', describe: 'Namespace; without, "default"' },
  'all-namespaces': { kind: 'flag', alias: 'A', describe: 'All namespaces' },
};

const SELECTOR: OptionTable = {
  selector: {
    kind: 'text', alias: 'l', value: 'LABELS', describe: 'Only objects with these labels: app=web,tier!=db',
  },
};

const LOOKED_RUN_OPTIONS: OptionTable = {
  seed: RUN_OPTIONS['seed'],
  kubernetes: RUN_OPTIONS['kubernetes'],
  set: RUN_OPTIONS['set'],
  scheduler: RUN_OPTIONS['scheduler'],
  plugin: RUN_OPTIONS['plugin'],
};

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
    ...SELECTOR,
    'field-selector': {
      kind: 'text', value: 'FIELDS', describe: 'Only objects with these fields: status.phase=Pending',
    },
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
    ...SELECTOR,
    ...LOOKED_RUN_OPTIONS,
  },
  examples: [
    ['$0 describe my-cluster.yaml pod web-0-5587b49ccd-3 --at 2h', 'where it is, how it fares, what was said of it'],
    ['$0 describe my-cluster.yaml node general-0 --at 2h', 'what the node offers and who has it'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { executeDescribe } = await import('./execute-describe.ts');
    return executeDescribe(given, context);
  },
};

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
    ['$0 events my-cluster.yaml --for pod/web-0-5587b49ccd-3 --at 2h', 'all that was said of a pod by then'],
    ['$0 events my-cluster.yaml -A --types Warning', 'what went wrong in the run'],
  ],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { executeEvents } = await import('./execute-events.ts');
    return executeEvents(given, context);
  },
};
