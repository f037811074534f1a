/** From the words of a command line to a resolved scenario. */
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { createInputFiles } from '../io/input-files.ts';
import { readStandardInput } from '../io/standard-input.ts';
import type { FileReader } from '../workload/manifests/file-reader.ts';
import type { Scenario } from '../simulation/scenario.ts';
import type { SchedulerSettings } from '../scheduler/settings.ts';
import { readConfigurationFile, readScenario } from '../simulation/scenario-reader.ts';
import type { Override, ScenarioEntry, ScenarioRead } from '../simulation/scenario-reader.ts';
import type { CommandContext } from './command.ts';
import { locateConfiguration, locateInFile } from '../io/configuration-places.ts';
import type { LocateConfiguration } from '../io/configuration-places.ts';
import { tellWarnings } from './failures.ts';
import { kubernetesOf } from './options.ts';
import type { GivenOptions } from './options.ts';

/** A scenario, and where the values of its scheduler's configuration stand. */
export interface LocatedScenario {
  readonly scenario: Scenario;
  readonly locate: LocateConfiguration;
}

export interface ReadScenario extends LocatedScenario, Pick<ScenarioRead, 'notSimulated'> {}

/** Reads the scenario with the options that change it, tells its warnings, notes its seed. */
export async function readScenarioFor(
  path: string,
  given: GivenOptions,
  context: CommandContext,
): Promise<ReadScenario> {
  return scenarioFrom(await entryOf(path), given, context);
}

/** `retold`: how problems are told when the user did not write the scenario; `files`: where it is read from. */
export function scenarioFrom(
  entry: ScenarioEntry,
  given: GivenOptions,
  context: CommandContext,
  retold: (problem: Problem) => Problem = (problem) => problem,
  files: FileReader = createInputFiles(),
): ReadScenario {
  const problems: Problem[] = [];
  const read = gathering(problems, () => readRetold(entry, given, retold, files));
  const configured = gathering(problems, () => schedulerGiven(given));
  if (read === undefined || configured === undefined) throw new InputError(problems);
  tellWarnings([...read.warnings.map(retold), ...configured.warnings], context);
  const changed = withOptions(read.scenario, configured.scheduler, given, 'file' in entry ? entry.file : entry.name);
  context.seed = changed.seed;
  return { scenario: changed, locate: locateConfiguration(changed, entry), notSimulated: read.notSimulated };
}

/** The scenario under the configuration of a file; tells its warnings. */
export function withConfiguration(scenario: Scenario, file: string, context: CommandContext): LocatedScenario {
  const { value, warnings } = readConfigurationFile(file, createInputFiles());
  tellWarnings(warnings, context);
  const scheduler = { ...scenario.scheduler, configuration: value, configurationFile: file };
  return { scenario: { ...scenario, scheduler }, locate: locateInFile(file) };
}

/** What `work` returns; its mistakes go to the others. */
export function gathering<T>(problems: Problem[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

interface GivenScheduler {
  /** Empty: the scenario's own. */
  readonly scheduler: Partial<Pick<SchedulerSettings, 'configuration' | 'configurationFile'>>;
  readonly warnings: readonly Problem[];
}

/** `--scheduler`. */
function schedulerGiven(given: GivenOptions): GivenScheduler {
  const file = given.text('scheduler');
  if (file === null) return { scheduler: {}, warnings: [] };
  const files = createInputFiles();
  if (files.isFolder(file)) throw new InputError({ message: `--scheduler: expected a file, found a folder: ${file}` });
  if (!files.isFile(file)) throw new InputError({ message: `--scheduler: no such file: ${file}` });
  const { value, warnings } = readConfigurationFile(file, files);
  return { scheduler: { configuration: value, configurationFile: file }, warnings };
}

function readRetold(
  entry: ScenarioEntry,
  given: GivenOptions,
  retold: (problem: Problem) => Problem,
  files: FileReader,
): ScenarioRead {
  try {
    return readScenario(entry, files, overridesBy(given));
  } catch (error) {
    throw error instanceof InputError ? new InputError(error.problems.map(retold)) : error;
  }
}

/** `-` is standard input; the files that it names are sought from the working directory. */
export async function entryOf(path: string): Promise<ScenarioEntry> {
  return path === '-' ? { text: await readStandardInput(), name: 'stdin' } : { file: path };
}

export function overridesOf(changes: readonly string[], option = '--set'): Override[] {
  return changes.map((change) => {
    const equals = change.indexOf('=');
    if (equals < 1) {
      const expected = 'expected path=value, such as duration=2h or nodePools[general].count=50';
      throw new InputError({ message: `${option} ${change}: ${expected}` });
    }
    return { path: change.slice(0, equals), value: change.slice(equals + 1), option };
  });
}

/** What options and changes say of fields of the scenario. */
export function overridesBy(given: GivenOptions): Override[] {
  const kubernetes = kubernetesOf(given);
  const version = kubernetes === null ? [] : [{ path: 'kubernetes', value: kubernetes, option: '--kubernetes' }];
  return [...overridesOf(given.list('set')), ...version, ...given.changes];
}

/** Options that count before the scenario's own words. */
function withOptions(
  scenario: Scenario,
  configured: GivenScheduler['scheduler'],
  given: GivenOptions,
  file: string,
): Scenario {
  const { scheduler, metrics } = scenario;
  const files = createInputFiles();
  return {
    ...scenario,
    seed: given.text('seed') ?? scenario.seed,
    scheduler: { ...scheduler, ...configured, pluginFiles: [...scheduler.pluginFiles, ...given.list('plugin')] },
    metrics: { ...metrics, checkEveryEvents: given.number('check') ?? metrics.checkEveryEvents },
    fileNames: {
      ...scenario.fileNames,
      ...Object.fromEntries(given.list('plugin').map((path) => [path, files.nameFrom?.(file, path) ?? path])),
    },
  };
}
