/** `podyard replay`: recorded pods instead of a scenario's own. */
import type { Command, CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import type { GivenOptions, OptionSpec, OptionTable } from './options.ts';
import { RUN_OPTIONS } from './options.ts';

const COMPRESS: OptionSpec = {
  kind: 'number', fractions: true, fallback: '1',
  describe: 'Divide arrival times by this and keep run times: the load grows as much',
};
const NODE_POOL: OptionSpec = {
  kind: 'list', value: 'KEY=VALUE,...',
  describe: 'Like nodes: count=100,cpu=16,memory=64Gi[,name=general]; any resource may follow; repeatable',
};

/** `compare` on a trace. */
export const COMPARED_TRACE: OptionTable = grouped('In place of a scenario', {
  replay: {
    kind: 'text',
    choices: ['openb', 'csv'],
    describe: 'Compare on a trace: openb needs --nodes and --pods, csv its file where the scenario stands',
  },
  nodes: {
    kind: 'text',
    value: 'FILE',
    describe: 'openb: the node list; csv: manifests, or the output of kubectl get nodes -o yaml',
  },
  pods: { kind: 'text', value: 'FILE', describe: 'openb: the pod list' },
  'node-pool': { ...NODE_POOL, describe: `csv: ${NODE_POOL.describe}` },
  compress: COMPRESS,
});

function grouped(group: string, table: OptionTable): OptionTable {
  return Object.fromEntries(Object.entries(table).map(([name, spec]) => [name, { ...spec, group }]));
}

const OPENB: Command = {
  usage: 'openb',
  summary: "Replay Alibaba's GPU cluster trace of 2023 (openb)",
  positionals: [],
  options: {
    nodes: { kind: 'text', value: 'FILE', required: true, describe: 'Node list, openb_node_list_*.csv, gzip accepted' },
    pods: { kind: 'text', value: 'FILE', required: true, describe: 'Pod list, openb_pod_list_*.csv, gzip accepted' },
    compress: COMPRESS,
    ...RUN_OPTIONS,
  },
  examples: [['$0 replay openb --nodes openb_node_list_all_node.csv --pods openb_pod_list_default.csv --compress 400', 'five months in nine hours']],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { replayOpenb } = await import('./execute-replay.ts');
    return replayOpenb(given, context);
  },
};

const CSV: Command = {
  usage: 'csv <file>',
  summary: "Replay a trace in Podyard's own CSV format",
  positionals: [{ name: 'file', describe: 'Trace, one pod a row in order of arrival, gzip accepted' }],
  options: {
    nodes: { kind: 'text', value: 'FILE', describe: 'Nodes: manifests, or the output of kubectl get nodes -o yaml' },
    'node-pool': NODE_POOL,
    compress: COMPRESS,
    ...RUN_OPTIONS,
  },
  examples: [['$0 replay csv pods.csv.gz --node-pool count=100,cpu=16,memory=64Gi', 'on a hundred like nodes']],
  async run(given: GivenOptions, context: CommandContext): Promise<number> {
    const { replayCsv } = await import('./execute-replay.ts');
    return replayCsv(given, context);
  },
};

export const REPLAY: Command = {
  usage: 'replay',
  summary: 'Replay a recorded stream of pods',
  positionals: [],
  options: {},
  examples: [],
  subcommands: [OPENB, CSV],
  run: () => Promise.resolve(EXIT_OK),
};
