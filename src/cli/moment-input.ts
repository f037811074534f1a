/**
 * The cluster that a question is asked about: a dump as kubectl writes it (a file, a folder, standard input), or a
 * scenario at some moment of its run; and the manifests that are asked about.
 */
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import type { Micros } from '../base/time.ts';
import type { KubernetesObject, Node, PriorityClass } from '../cluster/objects.ts';
import { createInputFiles } from '../io/input-files.ts';
import { loadPluginFiles } from '../io/plugin-files.ts';
import { readStandardInput } from '../io/standard-input.ts';
import { inTreePluginNames } from '../scheduler/config/default-plugins.ts';
import { decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import type { PluginFactory } from '../scheduler/framework/plugin-api.ts';
import { pluginRegistry } from '../scheduler/plugins/registry.ts';
import { admissionContext, checkAdmission } from '../simulation/admission-checks.ts';
import { momentOfObjects, momentOfRun } from '../simulation/cluster-moment.ts';
import type { ClusterMoment } from '../simulation/cluster-moment.ts';
import type { Scenario } from '../simulation/scenario.ts';
import { parseDuration } from '../base/duration.ts';
import { Simulation } from '../simulation/simulation.ts';
import type { StillOptions } from '../simulation/still-cluster.ts';
import type { FileReader } from '../workload/manifests/file-reader.ts';
import { collectManifests } from '../workload/manifests/read-manifests.ts';
import type { CommandContext } from './command.ts';
import { checkedParts } from './execute-run.ts';
import { tellWarnings } from './failures.ts';
import type { GivenOptions } from './options.ts';
import { wrongDuration } from './options.ts';
import { scenarioFrom } from './scenario-input.ts';
import type { LocatedScenario, ReadScenario } from './scenario-input.ts';

export interface AskedCluster {
  readonly moment: ClusterMoment;
  readonly options: StillOptions;
  readonly scenario: Scenario;
  readonly userPlugins: readonly PluginFactory[];
}

const STDIN = '-';
/** What the scenario around a dump is called in messages. */
const AROUND = 'cluster';

/** Throws InputError with every mistake. */
export async function readCluster(
  path: string,
  given: GivenOptions,
  context: CommandContext,
): Promise<AskedCluster> {
  const files = await inputFiles(path);
  const isDump = path !== STDIN && files.isFolder(path) ? true : isObjects(files.read(path));
  if (isDump && given.isGiven('at')) throw new InputError({ message: '--at: a dump is one moment already' });
  const located = isDump ? dumpAsScenario(path, files, given, context) : readWhole(path, files, given, context);
  const { scenario, locate } = located;
  const userPlugins = await loadPluginFiles(scenario.scheduler.pluginFiles, inTreePluginNames());
  const registry = pluginRegistry(userPlugins);
  const source = { registry, kubernetes: scenario.kubernetes, locate };
  const configuration = decodeSchedulerConfiguration(scenario.scheduler.configuration, source);
  tellWarnings(configuration.warnings, context);
  const { tieBreak, sampling } = scenario.scheduler;
  const options = {
    configuration, registry, tieBreak, sampling, plain: given.flag('plain'), seed: scenario.seed,
  };
  const moment = isDump
    ? momentOfObjects(scenario)
    : await momentAt(located, { userPlugins, given, context });
  if (moment.podsWithoutNode > 0) {
    const count = String(moment.podsWithoutNode);
    tellWarnings([`pods on nodes that are not in the cluster are left out: ${count}`], context);
  }
  return { moment, options, scenario, userPlugins };
}

export interface AskedManifests {
  readonly nodes: readonly Node[];
  readonly objects: readonly KubernetesObject[];
  readonly priorityClasses: Scenario['priorityClasses'];
}

/** The manifests that are asked about, checked as the API server would check them in this cluster. */
export function readAsked(
  paths: readonly string[],
  { moment }: AskedCluster,
  context: CommandContext,
): AskedManifests {
  const { problems, ...manifests } = collectManifests(paths, createInputFiles(), {
    priorityClasses: Object.keys(moment.priorityClasses),
  });
  if (problems.length > 0) throw new InputError(problems);
  const own = manifests.objects.filter(({ kind }) => kind === 'PriorityClass') as readonly PriorityClass[];
  const priorityClasses = { ...moment.priorityClasses };
  for (const { metadata, value = 0, preemptionPolicy = 'PreemptLowerPriority', globalDefault = false } of own)
    priorityClasses[metadata?.name ?? ''] = { value, preemptionPolicy, globalDefault };
  const admission = admissionContext([...moment.objects, ...manifests.objects], priorityClasses);
  const refused = checkAdmission(manifests, admission).problems;
  if (refused.length > 0) throw new InputError(refused);
  tellWarnings(manifests.warnings, context);
  return { nodes: manifests.nodes, objects: manifests.objects, priorityClasses };
}

/** Files, and standard input as the file `-`. */
export async function inputFiles(path: string): Promise<FileReader> {
  const files = createInputFiles();
  if (path !== STDIN) return files;
  const text = await readStandardInput();
  return {
    ...files,
    read: (name) => (name === STDIN ? text : files.read(name)),
    isFile: (name) => name === STDIN || files.isFile(name),
    isFolder: (name) => name !== STDIN && files.isFolder(name),
    resolve: (from, name) => (name === STDIN ? STDIN : files.resolve(from, name)),
    realPath: (name) => (name === STDIN ? STDIN : files.realPath(name)),
  };
}

/** Whether the text holds Kubernetes objects: a scenario has no `apiVersion` of its own. */
export function isObjects(text: string): boolean {
  const start = text.trimStart();
  if (start.startsWith('{')) return /^\{\s*"(?:apiVersion|kind)"/.test(start);
  return /^["']?(?:apiVersion|kind)["']?\s*:/m.test(text) || /^-\s+apiVersion\s*:/.test(start);
}

/** `own`: members of the scenario around the dump. `retell`: how problems of changes are told. */
export function dumpAsScenario(
  path: string,
  files: FileReader,
  given: GivenOptions,
  context: CommandContext,
  own: Readonly<Record<string, unknown>> = { name: AROUND, duration: '1h' },
  retell: (problem: Problem) => Problem = (problem) => problem,
): ReadScenario {
  const text = JSON.stringify({ ...own, manifests: [path] });
  // Nobody has written the scenario around the dump.
  const retold = (told: Problem): Problem => {
    const { file, line, column, ...problem } = retell(told);
    return file === AROUND ? { ...problem, path: undefined, file: path } : { file, line, column, ...problem };
  };
  const asGiven: FileReader = {
    ...files,
    resolve: (from, name) => (from === AROUND ? name : files.resolve(from, name)),
    realPath: (name) => (name === AROUND ? '' : files.realPath(name)),
  };
  return scenarioFrom({ text, name: AROUND }, given, context, retold, asGiven);
}

/** A file that is a scenario. */
export function readWhole(
  path: string, files: FileReader, given: GivenOptions, context: CommandContext,
): LocatedScenario {
  const entry = path === STDIN ? { text: files.read(STDIN), name: 'stdin' } : { file: path };
  return scenarioFrom(entry, given, context);
}

interface Playing {
  readonly userPlugins: readonly PluginFactory[];
  readonly given: GivenOptions;
  readonly context: CommandContext;
}

/** `--at`; null: not given. Throws InputError. */
export function givenMoment(given: GivenOptions): Micros | null {
  const text = given.text('at');
  const micros = text === null ? null : text === '0' ? 0 : parseDuration(text);
  if (micros === undefined) throw new InputError(wrongDuration('--at', text));
  return micros;
}

/** The scenario played to `--at`; without it, its first instant. */
async function momentAt(
  { scenario, locate }: LocatedScenario,
  { userPlugins, given, context }: Playing,
): Promise<ClusterMoment> {
  const at = givenMoment(given) ?? 0;
  const inputs = await checkedParts(scenario);
  const played = { ...scenario, durationMicros: at };
  const simulation = new Simulation(played, { version: context.version, userPlugins, ...inputs, plain: false, locate });
  simulation.advance();
  const { cluster, schedulers } = simulation.parts;
  return momentOfRun(cluster, schedulers.map(({ cache }) => cache), scenario);
}
