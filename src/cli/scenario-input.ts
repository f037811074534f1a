/** From the words of a command line to a resolved scenario. */
import { dirname } from 'node:path';
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { createInputFiles } from '../io/input-files.ts';
import { readStandardInput } from '../io/standard-input.ts';
import type { Scenario } from '../simulation/scenario.ts';
import { readScenario } from '../simulation/scenario-reader.ts';
import type { Override, ScenarioEntry, ScenarioRead } from '../simulation/scenario-reader.ts';
import type { CommandContext } from './command.ts';
import { locateConfiguration } from './configuration-places.ts';
import type { LocateConfiguration } from './configuration-places.ts';
import { tellWarnings } from './failures.ts';
import type { GivenOptions } from './options.ts';

/** A scenario, and where the values of its scheduler's configuration stand. */
export interface LocatedScenario {
  readonly scenario: Scenario;
  readonly locate: LocateConfiguration;
  /** Where the paths in its report begin, so that they do not depend on how it was called. */
  readonly folder: string;
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

/** `retold`: how problems are told when the user did not write the scenario. */
export function scenarioFrom(
  entry: ScenarioEntry,
  given: GivenOptions,
  context: CommandContext,
  retold: (problem: Problem) => Problem = (problem) => problem,
): ReadScenario {
  const { scenario, warnings, notSimulated } = readRetold(entry, given, retold);
  tellWarnings(warnings.map(retold), context);
  const changed = withOptions(scenario, given);
  context.seed = changed.seed;
  return { scenario: changed, locate: locateConfiguration(changed, entry), folder: 'file' in entry ? dirname(entry.file) : '.', notSimulated };
}

function readRetold(entry: ScenarioEntry, given: GivenOptions, retold: (problem: Problem) => Problem): ScenarioRead {
  try {
    return readScenario(entry, createInputFiles(), overridesOf(given.list('set')));
  } catch (error) {
    throw error instanceof InputError ? new InputError(error.problems.map(retold)) : error;
  }
}

/** `-` is standard input; the files that it names are sought from the working directory. */
export async function entryOf(path: string): Promise<ScenarioEntry> {
  return path === '-' ? { text: await readStandardInput(), name: 'stdin' } : { file: path };
}

export function overridesOf(changes: readonly string[]): Override[] {
  return changes.map((change) => {
    const equals = change.indexOf('=');
    if (equals < 1) throw new InputError({ message: `--set ${change}: expected path=value, such as duration=2h or nodePools[general].count=50` });
    return { path: change.slice(0, equals), value: change.slice(equals + 1) };
  });
}

/** Options that count before the scenario's own words. */
function withOptions(scenario: Scenario, given: GivenOptions): Scenario {
  const { scheduler, metrics } = scenario;
  return {
    ...scenario,
    seed: given.text('seed') ?? scenario.seed,
    scheduler: { ...scheduler, pluginFiles: [...scheduler.pluginFiles, ...given.list('plugin')] },
    metrics: { ...metrics, checkEveryEvents: given.number('check') ?? metrics.checkEveryEvents },
  };
}
