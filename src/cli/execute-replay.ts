/** A scenario around a recorded trace, and its run. */
import { assert } from '../base/assert.ts';
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import { lastArrivalOf } from '../io/trace-input.ts';
import { openTraceFile } from '../io/trace-stream.ts';
import type { Node } from '../cluster/objects.ts';
import type { RunResult } from '../metrics/run-result.ts';
import { formatCount } from '../report/format.ts';
import type { Scenario } from '../simulation/scenario.ts';
import { readOpenbNodes } from '../workload/traces/openb-nodes.ts';
import type { CommandContext } from './command.ts';
import { executeRun } from './execute-run.ts';
import type { GivenOptions } from './options.ts';
import { gathering, overridesOf, scenarioFrom } from './scenario-input.ts';
import type { LocatedScenario } from './scenario-input.ts';

export async function replayOpenb(given: GivenOptions, context: CommandContext): Promise<number> {
  const { endsWithRecording, ...source } = openbScenario(given, context);
  const remarks = (result: RunResult): string[] => [
    ...accountOf(result),
    ...(endsWithRecording ? [END_OF_RECORDING] : []),
  ];
  return executeRun({ ...source, given, context, remarks });
}

export async function replayCsv(given: GivenOptions, context: CommandContext): Promise<number> {
  return executeRun({ ...csvScenario(given.positional('file'), given, context), given, context, remarks: accountOf });
}

/** The scenario around an openb recording: `--nodes`, `--pods`, and as long as it was recorded. */
export function openbScenario(
  given: GivenOptions,
  context: CommandContext,
): LocatedScenario & { readonly endsWithRecording: boolean } {
  const nodesFile = given.text('nodes') ?? '';
  const problems: Problem[] = [];
  const nodes = gathering(problems, () => readNodes(nodesFile)) ?? [];
  const source = gathering(problems, () => scenarioAround(given, context, 'openb', given.text('pods') ?? '', {}));
  const recorded = source === undefined ? undefined : gathering(problems, () => recordedTime(source.scenario, given));
  if (problems.length > 0 || source === undefined || recorded === undefined) throw new InputError(problems);
  const endsWithRecording = recorded.durationMicros !== source.scenario.durationMicros;
  return { ...source, scenario: { ...source.scenario, ...recorded, nodes, manifestFiles: null }, endsWithRecording };
}

/** The scenario around a trace in our own format: `--nodes` or `--node-pool`. */
export function csvScenario(file: string, given: GivenOptions, context: CommandContext): LocatedScenario {
  const nodes = given.text('nodes');
  const pools = given.list('node-pool').map(poolOf);
  if (nodes === null && pools.length === 0) {
    throw new InputError({
      message: 'the cluster has no nodes: expected --nodes FILE or --node-pool count=100,cpu=16,memory=64Gi',
    });
  }
  return scenarioAround(given, context, 'csv', file, { ...(nodes === null ? {} : { nodes }), nodePools: pools });
}

const END_OF_RECORDING = 'Ends with the recording, after its last arrival; --set duration=null plays on until the last pod has ended.';

/**
 * A recording ends with its last arrival; what it would go on to do is unknown, and one pod may run for months. Reads
 * the whole list: throws InputError with its mistakes. What --set says counts before.
 */
function recordedTime({ trace, durationMicros, metrics }: Scenario, given: GivenOptions): Pick<Scenario, 'durationMicros' | 'metrics'> {
  if (trace === null) return { durationMicros, metrics };
  const end = endBehind(lastArrivalOf(trace));
  const changed = overridesOf(given.list('set')).map(({ path }) => path.split('.')[0]);
  if (changed.includes('duration')) return { durationMicros, metrics };
  const sampleMicros = Math.min(metrics.sampleMicros, Math.ceil(end / SAMPLES / MICROS_PER_SECOND) * MICROS_PER_SECOND);
  return { durationMicros: end, metrics: changed.includes('metrics') ? metrics : { ...metrics, sampleMicros } };
}

/** So many make a plot, where a minute between them would make less. */
const SAMPLES = 500;

/** The next whole hour, or the next whole minute where an hour would be much of the run: every arrival lies before it. */
function endBehind(last: Micros): Micros {
  const unit = last >= 4 * MICROS_PER_HOUR ? MICROS_PER_HOUR : MICROS_PER_MINUTE;
  return (Math.floor(last / unit) + 1) * unit;
}

function readNodes(file: string): readonly Node[] {
  const source = openTraceFile(file);
  try {
    return readOpenbNodes(source, file);
  } finally {
    source.close();
  }
}

/** JSON is YAML: the scenario reader gives defaults and checks as for any other. */
function scenarioAround(given: GivenOptions, context: CommandContext, format: 'openb' | 'csv', file: string, cluster: Readonly<Record<string, unknown>>): LocatedScenario {
  const document = {
    name: `replay-${format}`,
    description: `Replay of ${file.slice(file.lastIndexOf('/') + 1)}`,
    ...cluster,
    trace: { format, file, compress: given.number('compress') ?? 1 },
  };
  const name = `replay ${format}`;
  return scenarioFrom({ text: JSON.stringify(document), name }, given, context, (problem) => (problem.file === name ? ofOption(problem, format, given) : problem));
}

/** The user has not seen the scenario: a problem is told of the option it comes from. */
function ofOption({ path = '', message, suggestion }: Problem, format: 'openb' | 'csv', given: GivenOptions): Problem {
  const pool = /^nodePools\[(\d+)\]/.exec(path);
  if (pool !== null) return { message: `--node-pool ${given.list('node-pool')[Number(pool[1])]}: ${message}`, suggestion };
  const options = {
    'trace.file': format === 'openb' ? '--pods' : undefined,
    'trace.compress': '--compress',
    nodes: '--nodes',
  };
  const option = Object.entries(options).find(([start]) => path.startsWith(start))?.[1];
  return { message: option === undefined ? message : `${option}: ${message}`, suggestion };
}

const POOL_EXAMPLE = 'expected count=100,cpu=16,memory=64Gi';

/** `count`, `name`, `zones` (separated by |) and `cost` are the pool's; every other key is a resource. */
function poolOf(text: string, index: number): Record<string, unknown> {
  const fields = new Map<string, string>();
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    if (equals < 1 || equals === part.length - 1) throw new InputError({ message: `--node-pool ${text}: ${POOL_EXAMPLE}, found "${part}"` });
    const key = part.slice(0, equals).trim();
    if (fields.has(key)) throw new InputError({ message: `--node-pool ${text}: ${key} is given twice` });
    fields.set(key, part.slice(equals + 1).trim());
  }
  const { count, name = `pool-${String(index + 1)}`, zones, cost, ...allocatable } = Object.fromEntries(fields);
  if (count === undefined || !/^[1-9]\d{0,6}$/.test(count)) throw new InputError({ message: `--node-pool ${text}: ${POOL_EXAMPLE}: count is a whole number from 1` });
  if (cost !== undefined && !/^\d+(\.\d+)?$/.test(cost)) throw new InputError({ message: `--node-pool ${text}: cost is the price of one node for one hour, found "${cost}"` });
  return {
    name,
    count: Number(count),
    allocatable,
    ...(zones === undefined ? {} : { zones: zones.split('|') }),
    ...(cost === undefined ? {} : { costPerHour: Number(cost) }),
  };
}

/** Every pod that arrived is somewhere. */
function accountOf({ counts }: RunResult): string[] {
  const { podsArrived, podsFinished, podsRunning, podsPending, podsLost } = counts;
  const sum = podsFinished + podsRunning + podsPending + podsLost;
  assert(sum === podsArrived, `pods are unaccounted for: ${String(podsArrived)} arrived, ${String(sum)} finished, running, pending or lost`);
  const parts = [`${formatCount(podsFinished)} finished`, `${formatCount(podsRunning)} running`, `${formatCount(podsPending)} pending`, `${formatCount(podsLost)} lost`];
  return [`${formatCount(podsArrived)} arrived = ${parts.join(' + ')}`];
}
