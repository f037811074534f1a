/** `podyard replay`: recorded pods instead of a scenario's own. */
import { SHARED_GPUS, TRACE_CATALOG, TRACE_FORMAT_NAMES, type TraceFormatEntry } from '../workload/traces/catalog.ts';
import type { BackfillPolicy } from '../experiment/backfill.ts';
import type { Command, CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import type { GivenOptions, OptionSpec, OptionTable } from './options.ts';
import { RUN_OPTIONS } from './options.ts';
import { formatOptions, LOAD_OPTIONS, MACHINE_OPTIONS } from './trace-options.ts';

const REPLAY_OPTIONS: OptionTable = { ...LOAD_OPTIONS, ...RUN_OPTIONS };

const NODE_OPTIONS: OptionTable = {
  nodes: { kind: 'text', value: 'FILE', describe: 'Nodes: manifests, or the output of kubectl get nodes -o yaml' },
  'node-pool': {
    kind: 'list',
    value: 'KEY=VALUE,...',
    describe: 'Like nodes: count=100,cpu=16,memory=64Gi[,name=general]; any resource may follow; repeatable',
  },
  ...MACHINE_OPTIONS,
};

const SHARED_GPU_OPTION: OptionSpec = {
  kind: 'text',
  fallback: 'shared',
  choices: SHARED_GPUS.words ?? [],
  describe: SHARED_GPUS.describe,
};

/** Its nodes are a list of the trace, and its file is an option. */
const OPENB_OPTIONS: OptionTable = {
  nodes: { kind: 'text', value: 'FILE', required: true, describe: 'Node list, openb_node_list_*.csv, gzip accepted' },
  pods: { kind: 'text', value: 'FILE', required: true, describe: 'Pod list, openb_pod_list_*.csv, gzip accepted' },
  gpus: SHARED_GPU_OPTION,
};

/** Names as in experiment/backfill.ts, which is not loaded to print a help page. */
const BATCH_OPTIONS: OptionTable = {
  policy: {
    kind: 'text',
    choices: ['easy', 'easy-clairvoyant', 'easy-sjbf'],
    describe: 'Instead of a cluster: whole jobs on the machine of the header, by EASY backfilling',
  },
};

/** A table of measurements beside the trace. */
const COLD_START_OPTIONS: OptionTable = {
  'cold-starts': {
    kind: 'text',
    describe:
      'Times to load a model, *_update_latency_anon.csv: how long containers take to start; docs/formats/gentd26.md',
  },
};

/** `compare` on a trace; its file stands where the scenario would, but for openb. */
export const COMPARED_TRACE: OptionTable = grouped('In place of a scenario', {
  replay: {
    kind: 'text',
    choices: TRACE_FORMAT_NAMES,
    describe: 'Compare on a trace: openb needs --nodes and --pods, others their file where the scenario stands',
  },
  ...NODE_OPTIONS,
  nodes: {
    kind: 'text',
    value: 'FILE',
    describe: 'openb: the node list; others: manifests, or the output of kubectl get nodes -o yaml',
  },
  pods: { kind: 'text', value: 'FILE', describe: 'openb: the pod list' },
  gpus: { ...SHARED_GPU_OPTION, describe: `openb: ${SHARED_GPU_OPTION.describe}` },
  setting: { kind: 'list', describe: 'Setting of the format, docs/formats/traces.md: name=value; repeatable' },
  with: { kind: 'list', describe: 'Further file of the trace: role=path; repeatable' },
  ...LOAD_OPTIONS,
});

function grouped(group: string, table: OptionTable): OptionTable {
  return Object.fromEntries(Object.entries(table).map(([name, spec]) => [name, { ...spec, group }]));
}

function optionsOf(entry: TraceFormatEntry): OptionTable {
  const nodes = entry.name === 'openb' ? OPENB_OPTIONS : NODE_OPTIONS;
  const beside = entry.name === 'gentd26' ? COLD_START_OPTIONS : {};
  const batch = entry.name === 'swf' ? BATCH_OPTIONS : {};
  return { ...formatOptions(entry), ...nodes, ...beside, ...batch, ...REPLAY_OPTIONS };
}

function commandOf(entry: TraceFormatEntry): Command {
  const { name, summary, file, example } = entry;
  const isOpenb = name === 'openb';
  return {
    usage: isOpenb ? name : `${name} <file>`,
    summary,
    positionals: isOpenb ? [] : [{ name: 'file', describe: file }],
    options: optionsOf(entry),
    examples: [[`$0 replay ${name} ${example[0]}`, example[1]]],
    async run(given: GivenOptions, context: CommandContext): Promise<number> {
      const policy = name === 'swf' ? given.text('policy') : null;
      if (policy !== null) {
        const { replayBatch } = await import('./execute-batch-replay.ts');
        return replayBatch(policy as BackfillPolicy, given, context);
      }
      const { replayOpenb, replayTrace } = await import('./execute-replay.ts');
      return isOpenb ? replayOpenb(entry, given, context) : replayTrace(entry, given, context);
    },
  };
}

export const REPLAY: Command = {
  usage: 'replay',
  summary: 'Replay a recorded stream of pods',
  positionals: [],
  options: {},
  examples: [],
  subcommands: TRACE_CATALOG.map(commandOf),
  run: () => Promise.resolve(EXIT_OK),
};
