/** One scenario, one result: the library's counterpart of `podyard run`. */
import { InputError } from '../base/input-error.ts';
import type { Problem, SourcePlace } from '../base/input-error.ts';
import type { RunResult } from '../metrics/run-result.ts';
import type { PluginFactory } from '../scheduler/framework/plugin-api.ts';
import type { Scenario } from '../simulation/scenario.ts';
import type { SchedulerSettings } from '../scheduler/settings.ts';
import { readConfigurationFile, readScenario } from '../simulation/scenario-reader.ts';
import type { ScenarioEntry } from '../simulation/scenario-reader.ts';
import type { ScenarioDocument } from '../simulation/scenario-schema.ts';
import { Simulation } from '../simulation/simulation.ts';
import type { Progress } from '../simulation/simulation.ts';
import { locateConfiguration, locateInFile } from './configuration-places.ts';
import type { LocateConfiguration } from './configuration-places.ts';
import { givenPlugins } from './given-plugins.ts';
import { createInputFiles } from './input-files.ts';
import { setPluginTraps } from './plugin-traps.ts';
import { runSimulation, scenarioParts } from './run-simulation.ts';
import { checkTraceInput } from './trace-input.ts';
import { packageVersion } from './version.ts';

/**
 * A path; a text with the name it is called in messages; the scenario itself as it would stand in a file; or one that
 * `readScenario` has read.
 */
export type RunInput = string | ScenarioEntry | ScenarioDocument | Scenario;

export interface RunOptions {
  /** Root of every random stream, any text; counts before the scenario's. */
  readonly seed?: string;
  /** Fields changed before anything is checked: `{ duration: '2h', 'nodePools[general].count': 50 }`. */
  readonly set?: Readonly<Record<string, unknown>>;
  /** KubeSchedulerConfiguration, itself or its file; counts before the scenario's. */
  readonly scheduler?: string | Readonly<Record<string, unknown>>;
  /** Scheduler plugins, files or factories; the configuration names them under any extension point or `multiPoint`. */
  readonly plugins?: readonly (string | PluginFactory)[];
  /** true: without the scheduler's caches; slower, the same result. Default: false. */
  readonly plain?: boolean;
  /** Recompute all totals every so many events, and fail when one is wrong. Default: never. */
  readonly checkEveryEvents?: number;
  /** Called many times a second. */
  readonly onProgress?: (progress: Progress) => void;
  /** Doubtful things that stop nothing; default: they are not told. */
  readonly onWarning?: (warning: Problem) => void;
  /** Aborted: the run ends between two events, and its result says `complete: false`. */
  readonly signal?: AbortSignal;
}

/**
 * Plays the scenario to its end. The same scenario, seed and plugins give the same result, whatever else the process
 * does. Lets other work of the process go on every 40 ms or so.
 *
 * Throws an InputError that lists every mistake of the scenario, its files, the configuration and the plugins; whatever
 * a plugin throws while it runs comes through as it is.
 */
export async function run(scenario: RunInput, options: RunOptions = {}): Promise<RunResult> {
  const warn = options.onWarning ?? ((): void => undefined);
  const read = readGiven(scenario, options, warn);
  const { scenario: resolved, locate } = withOptions(read, options, warn);
  const given = options.plugins ?? [];
  const files = [...resolved.scheduler.pluginFiles, ...given.filter((plugin) => typeof plugin === 'string')];
  const userPlugins = await givenPlugins(files, given.filter((plugin) => typeof plugin !== 'string'));
  checkTraceInput(resolved.trace);
  const parts = await scenarioParts(resolved);
  const make = (): Simulation => {
    const simulation = new Simulation(resolved, {
      version: packageVersion(),
      userPlugins,
      ...parts,
      plain: options.plain ?? false,
      locate,
    });
    for (const message of simulation.warnings) warn({ message });
    return simulation;
  };
  const stop = {
    get received(): 'SIGINT' | null {
      return options.signal?.aborted === true ? 'SIGINT' : null;
    },
    release: (): void => undefined,
  };
  const removeTraps = userPlugins.length > 0 ? setPluginTraps() : (): void => undefined;
  try {
    const { result } = await runSimulation(make, stop, options.onProgress ?? ((): void => undefined));
    return result;
  } finally {
    removeTraps();
  }
}

/** A scenario, and where the values of its scheduler's configuration stand. */
interface GivenScenario {
  readonly scenario: Scenario;
  readonly locate: LocateConfiguration;
}

function readGiven(given: RunInput, { set = {} }: RunOptions, warn: (warning: Problem) => void): GivenScenario {
  const overrides = Object.entries(set).map(([path, value]) => ({ path, value: JSON.stringify(value) ?? 'null' }));
  if (typeof given !== 'string' && isResolved(given)) {
    if (overrides.length > 0) {
      throw new InputError({ message: 'set: this scenario has been read already: give the changes to readScenario' });
    }
    const file = given.scheduler.configurationFile;
    return { scenario: given, locate: file === null ? placeless : locateInFile(file) };
  }
  const entry = entryOf(given);
  const isObject = 'text' in entry && entry.name === OBJECT;
  try {
    const { scenario, warnings } = readScenario(entry, createInputFiles(), overrides);
    for (const warning of warnings) warn(isObject ? withoutLine(warning) : warning);
    return { scenario, locate: isObject ? placeless : locateConfiguration(scenario, entry) };
  } catch (error) {
    throw isObject && error instanceof InputError ? new InputError(error.problems.map(withoutLine)) : error;
  }
}

function entryOf(scenario: string | ScenarioEntry | ScenarioDocument): ScenarioEntry {
  if (typeof scenario === 'string') return { file: scenario };
  if ('file' in scenario && typeof scenario.file === 'string') return { file: scenario.file };
  if ('text' in scenario && typeof scenario.text === 'string') return { text: scenario.text, name: scenario.name };
  return { text: JSON.stringify(scenario), name: OBJECT };
}

/** How a scenario that is an object is called in messages: it has paths and no lines. */
const OBJECT = 'scenario';

function withoutLine(problem: Problem): Problem {
  return problem.file === OBJECT ? { ...problem, line: undefined, column: undefined } : problem;
}

/** A scenario that was read has every field, with its unit in its name. */
function isResolved(scenario: ScenarioEntry | ScenarioDocument | Scenario): scenario is Scenario {
  return 'durationMicros' in scenario;
}

function withOptions(
  { scenario, locate }: GivenScenario,
  options: RunOptions,
  warn: (warning: Problem) => void,
): GivenScenario {
  const { seed = scenario.seed, checkEveryEvents = scenario.metrics.checkEveryEvents, scheduler } = options;
  const metrics = { ...scenario.metrics, checkEveryEvents };
  if (scheduler === undefined) return { scenario: { ...scenario, seed, metrics }, locate };
  const configured = configurationFrom(scheduler, warn);
  const { configurationFile } = configured;
  return {
    scenario: { ...scenario, seed, metrics, scheduler: { ...scenario.scheduler, ...configured } },
    locate: configurationFile === null ? placeless : locateInFile(configurationFile),
  };
}

function configurationFrom(
  scheduler: NonNullable<RunOptions['scheduler']>,
  warn: (warning: Problem) => void,
): Pick<SchedulerSettings, 'configuration' | 'configurationFile'> {
  if (typeof scheduler !== 'string') return { configuration: scheduler, configurationFile: null };
  const { value, warnings } = readConfigurationFile(scheduler, createInputFiles());
  for (const warning of warnings) warn(warning);
  return { configuration: value, configurationFile: scheduler };
}

/** Of an object that stands in no file. */
function placeless(): SourcePlace {
  return { file: 'scheduler' };
}
