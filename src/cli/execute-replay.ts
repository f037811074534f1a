/** A scenario around a recorded trace, and its run. */
import { assert } from '../base/assert.ts';
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { MICROS_PER_HOUR, MICROS_PER_MINUTE, MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import { streamNamed } from '../io/spooled-streams.ts';
import { lastArrivalOf, machineOfTrace, readSeriesFile } from '../io/trace-input.ts';
import { openTraceFile } from '../io/trace-stream.ts';
import type { Node } from '../cluster/objects.ts';
import type { RunResult } from '../metrics/run-result.ts';
import { formatCount } from '../report/format.ts';
import type { Scenario } from '../simulation/scenario.ts';
import { kebabCase, MACHINE_CATALOG, MACHINE_FORMAT_NAMES, type TraceFormatEntry } from '../workload/traces/catalog.ts';
import { readOpenbNodes } from '../workload/traces/machines/openb.ts';
import { middlesOf } from '../workload/traces/series-values.ts';
import type { CommandContext } from './command.ts';
import { executeRun } from './execute-run.ts';
import type { GivenOptions } from './options.ts';
import { gathering, overridesBy, scenarioFrom } from './scenario-input.ts';
import type { LocatedScenario } from './scenario-input.ts';
import { optionOfPath, pairsOf, traceDocument } from './trace-options.ts';

export async function replayOpenb(
  entry: TraceFormatEntry,
  given: GivenOptions,
  context: CommandContext,
): Promise<number> {
  return executeReplay(openbScenario(entry, given, context), given, context);
}

export async function replayTrace(
  entry: TraceFormatEntry,
  given: GivenOptions,
  context: CommandContext,
): Promise<number> {
  return executeReplay(traceScenario(entry, given.positional('file'), given, context), given, context);
}

/** A scenario around a trace, as long as it is played. */
export interface ReplayedScenario extends LocatedScenario {
  /** It ends because the recording does. */
  readonly endsWithRecording: boolean;
}

/** The scenario around an openb recording: `--nodes`, `--pods`, and as long as it was recorded. */
export function openbScenario(entry: TraceFormatEntry, given: GivenOptions, context: CommandContext): ReplayedScenario {
  const nodesFile = given.text('nodes') ?? '';
  const podsFile = given.text('pods') ?? '';
  const problems: Problem[] = [];
  const nodes = gathering(problems, () => readNodes(nodesFile, given.text('gpus') === 'shared')) ?? [];
  const source = gathering(problems, () => scenarioAround(entry, podsFile, {}, given, context));
  const recorded = source === undefined ? undefined : gathering(problems, () => recordedTime(source.scenario, given));
  if (problems.length > 0 || source === undefined || recorded === undefined) throw new InputError(problems);
  return endingAsRecorded({ ...source, scenario: { ...source.scenario, nodes, manifestFiles: null } }, recorded);
}

/** The scenario around a trace of any other format: on `--nodes`, `--node-pool`, `--machines`, or its own machine. */
export function traceScenario(
  entry: TraceFormatEntry,
  file: string,
  given: GivenOptions,
  context: CommandContext,
): ReplayedScenario {
  const cluster = clusterOf(entry, given);
  const source = scenarioAround(entry, file, cluster ?? { nodePools: [UNKNOWN_MACHINE] }, given, context);
  const scenario = cluster === null ? onItsMachine(source.scenario) : source.scenario;
  return endingAsRecorded(
    { ...source, scenario },
    entry.ends === 'last-end' ? scenario : recordedTime(scenario, given),
  );
}

type RecordedTime = Pick<Scenario, 'durationMicros' | 'metrics'>;

function endingAsRecorded(source: LocatedScenario, { durationMicros, metrics }: RecordedTime): ReplayedScenario {
  const endsWithRecording = durationMicros !== source.scenario.durationMicros;
  return { ...source, scenario: { ...source.scenario, durationMicros, metrics }, endsWithRecording };
}

function executeReplay(
  { endsWithRecording, ...source }: ReplayedScenario,
  given: GivenOptions,
  context: CommandContext,
): Promise<number> {
  const remarks = (result: RunResult): string[] => [
    ...accountOf(result),
    ...(endsWithRecording ? [END_OF_RECORDING] : []),
  ];
  return executeRun({ ...source, given, context, remarks });
}

const END_OF_RECORDING =
  'Ends with the recording, after its last arrival; --set duration=null plays on until the last pod has ended.';

/**
 * A recording ends with its last arrival; what it would go on to do is unknown, and one pod may run for months. Reads
 * the whole list: throws InputError with its mistakes. What --set says counts before.
 */
function recordedTime(
  { trace, seed, durationMicros, metrics }: Scenario,
  given: GivenOptions,
): Pick<Scenario, 'durationMicros' | 'metrics'> {
  if (trace === null) return { durationMicros, metrics };
  const end = endBehind(lastArrivalOf(trace, seed));
  const changed = overridesBy(given).map(({ path }) => path.split('.')[0]);
  if (changed.includes('duration')) return { durationMicros, metrics };
  const sampleMicros = Math.min(metrics.sampleMicros, Math.ceil(end / SAMPLES / MICROS_PER_SECOND) * MICROS_PER_SECOND);
  return { durationMicros: end, metrics: changed.includes('metrics') ? metrics : { ...metrics, sampleMicros } };
}

/** So many make a plot, where a minute between them would make less. */
const SAMPLES = 500;

/**
 * The next whole hour, or the next whole minute where an hour would be much of the run: every arrival lies before it.
 */
function endBehind(last: Micros): Micros {
  const unit = last >= 4 * MICROS_PER_HOUR ? MICROS_PER_HOUR : MICROS_PER_MINUTE;
  return (Math.floor(last / unit) + 1) * unit;
}

/** Nodes of the scenario by the options; null: those of the machine that the trace's header tells. */
function clusterOf(entry: TraceFormatEntry, given: GivenOptions): Readonly<Record<string, unknown>> | null {
  const nodes = given.text('nodes');
  const nodePools = given.list('node-pool').map(poolOf);
  const machines = machinesOf(entry, given);
  if (nodes === null && nodePools.length === 0 && machines === null) {
    if (entry.name === 'swf') return null;
    throw new InputError({ message: NO_NODES });
  }
  return {
    ...(nodes === null ? {} : { nodes }),
    nodePools,
    ...(machines === null ? {} : { machines }),
  };
}

const NO_NODES = 'the cluster has no nodes: expected --nodes FILE or --node-pool count=100,cpu=16,memory=64Gi';

/** A machine list of the trace's own format takes the trace's settings where it has none of its own. */
function machinesOf(entry: TraceFormatEntry, given: GivenOptions): Readonly<Record<string, unknown>> | null {
  const text = given.text('machines');
  if (text === null) return null;
  const equals = text.indexOf('=');
  if (equals < 1 || equals === text.length - 1) {
    const known = MACHINE_FORMAT_NAMES.join(', ');
    throw new InputError({ message: `--machines ${text}: expected FORMAT=FILE, FORMAT being one of ${known}` });
  }
  const format = text.slice(0, equals);
  const shared = MACHINE_FORMAT_NAMES.filter((name) => name === format && name === entry.name).flatMap((name) =>
    MACHINE_CATALOG[name].map((setting) => [setting.name, given.text(kebabCase(setting.name)) ?? '']),
  );
  const own = pairsOf(given, 'machine-set', 'cpuUnit=32');
  const settings = Object.fromEntries([...shared, ...own]) as Record<string, string>;
  return { format, file: text.slice(equals + 1), settings, clones: given.number('machine-clones') ?? 1 };
}

/** Headers do not tell the memory of a node: as much as any job may ask for. */
const UNKNOWN_MACHINE = { name: 'node', count: 1, allocatable: { cpu: '1', memory: '1Pi' } };
const DEFAULT_PODS = 110;

/** The machine that the log's own header tells: nodes of so many processors. */
function onItsMachine(scenario: Scenario): Scenario {
  const { trace, seed, nodePools } = scenario;
  const machine = trace === null ? null : machineOfTrace(trace, seed);
  if (machine === null) {
    const message = `the header of the log names no machine (MaxNodes, MaxProcs), and ${NO_NODES}`;
    throw new InputError({ file: trace?.file, message });
  }
  const { nodes: count, cpuPerNode } = machine;
  const pods = String(Math.max(DEFAULT_PODS, cpuPerNode));
  const pools = nodePools.map((pool) => ({
    ...pool,
    count,
    allocatable: { ...pool.allocatable, cpu: String(cpuPerNode), pods },
  }));
  return { ...scenario, nodePools: pools };
}

function readNodes(file: string, shared: boolean): readonly Node[] {
  const source = openTraceFile(file);
  try {
    return readOpenbNodes(source, file, shared);
  } finally {
    source.close();
  }
}

/** JSON is YAML: the scenario reader gives defaults and checks as for any other. */
function scenarioAround(
  entry: TraceFormatEntry,
  file: string,
  cluster: Readonly<Record<string, unknown>>,
  given: GivenOptions,
  context: CommandContext,
): LocatedScenario {
  const name = `replay ${entry.name}`;
  const document = {
    name: `replay-${entry.name}`,
    description: `Replay of ${file.slice(file.lastIndexOf('/') + 1)}`,
    ...entry.scenario,
    ...startDelays(given.text('cold-starts')),
    ...cluster,
    trace: traceDocument(entry, streamNamed(file), given),
  };
  const retold = (problem: Problem): Problem => (problem.file === name ? ofOption(problem, entry, given) : problem);
  return scenarioFrom({ text: JSON.stringify(document), name }, given, context, retold);
}

/** Containers start as slowly as was measured: values that stand for equal shares of all, in ms. */
function startDelays(file: string | null): Readonly<Record<string, unknown>> {
  if (file === null) return {};
  const values = middlesOf(readSeriesFile(file), START_DELAYS).map(
    (millis) => `${String(Math.round(millis * 1000))}us`,
  );
  return { kubelet: { containerStart: { choice: { values } } } };
}

const START_DELAYS = 500;

/** The user has not seen the scenario: a problem is told of the option it comes from. */
function ofOption({ path = '', message, suggestion }: Problem, entry: TraceFormatEntry, given: GivenOptions): Problem {
  const pool = /^nodePools\[(\d+)\]/.exec(path);
  if (pool !== null) {
    return { message: `--node-pool ${given.list('node-pool')[Number(pool[1])]}: ${message}`, suggestion };
  }
  const option = optionOfPath(path, entry.name === 'openb' ? '--pods' : '');
  return { message: option === undefined || option === '' ? message : `${option}: ${message}`, suggestion };
}

const POOL_EXAMPLE = 'expected count=100,cpu=16,memory=64Gi';

/** `count`, `name`, `zones` (separated by |) and `cost` are the pool's; every other key is a resource. */
function poolOf(text: string, index: number): Record<string, unknown> {
  const fields = new Map<string, string>();
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    if (equals < 1 || equals === part.length - 1)
      throw new InputError({ message: `--node-pool ${text}: ${POOL_EXAMPLE}, found "${part}"` });
    const key = part.slice(0, equals).trim();
    if (fields.has(key)) throw new InputError({ message: `--node-pool ${text}: ${key} is given twice` });
    fields.set(key, part.slice(equals + 1).trim());
  }
  const { count, name = `pool-${String(index + 1)}`, zones, cost, ...allocatable } = Object.fromEntries(fields);
  if (count === undefined || !/^[1-9]\d{0,6}$/.test(count))
    throw new InputError({ message: `--node-pool ${text}: ${POOL_EXAMPLE}: count is a whole number from 1` });
  if (cost !== undefined && !/^\d+(\.\d+)?$/.test(cost))
    throw new InputError({
      message: `--node-pool ${text}: cost is the price of one node for one hour, found "${cost}"`,
    });
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
  assert(
    sum === podsArrived,
    `pods are unaccounted for: ${String(podsArrived)} arrived, ${String(sum)} finished, running, pending or lost`,
  );
  const parts = [
    `${formatCount(podsFinished)} finished`,
    `${formatCount(podsRunning)} running`,
    `${formatCount(podsPending)} pending`,
    `${formatCount(podsLost)} lost`,
  ];
  return [`${formatCount(podsArrived)} arrived = ${parts.join(' + ')}`];
}
