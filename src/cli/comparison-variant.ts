/**
 * One side of a comparison: the scenario with a scheduler configuration of its own, with some fields changed, or both.
 * Every problem of a side is told before anything runs, and what is said of both sides is said once.
 */
import { basename } from 'node:path';
import { InputError, formatProblem } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { locateInFile } from '../io/configuration-places.ts';
import { createInputFiles } from '../io/input-files.ts';
import { loadPluginFiles } from '../io/plugin-files.ts';
import { inTreePluginNames } from '../scheduler/config/default-plugins.ts';
import { decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import type { PluginFactory } from '../scheduler/framework/plugin-api.ts';
import { pluginRegistry } from '../scheduler/plugins/registry.ts';
import { foreignSchedulerWarnings } from '../simulation/foreign-schedulers.ts';
import type { Scenario } from '../simulation/scenario.ts';
import type { Override } from '../simulation/scenario-reader.ts';
import { readConfigurationFile } from '../simulation/scenario-reader.ts';
import type { CommandContext } from './command.ts';
import { comparedReader } from './compared-scenario.ts';
import type { ReadCompared } from './compared-scenario.ts';
import { checkedInputs } from './execute-run.ts';
import type { RecordedInputs } from './execute-run.ts';
import { tellWarnings } from './failures.ts';
import type { GivenOptions } from './options.ts';
import { overridesOf } from './scenario-input.ts';
import type { LocatedScenario } from './scenario-input.ts';

export type Side = 'A' | 'B';
export type Sides<T> = Readonly<Record<Side, T>>;

export interface Variant extends LocatedScenario {
  readonly label: string;
  /** As they were written: `kubernetes=1.36`. */
  readonly changes: readonly string[];
  /** The scenario with its changes and a configuration of its own. */
  readonly scenario: Scenario;
  /** The same without the configuration that `--a` or `--b` names. */
  readonly changed: Scenario;
  readonly plugins: readonly PluginFactory[];
  readonly inputs: RecordedInputs;
}

/** What was written after `--a` or `--b`. */
interface VariantWords {
  /** null: the scenario's own configuration. */
  readonly configurationFile: string | null;
  readonly changes: readonly string[];
  readonly overrides: readonly Override[];
  /** With the file by its name alone, and as it was written. */
  readonly label: string;
  readonly longLabel: string;
}

/** Both sides. Throws an InputError with the problems of both, each once; tells their warnings, each once. */
export async function readVariants(given: GivenOptions, context: CommandContext): Promise<Sides<Variant>> {
  const words: Sides<VariantWords> = { A: wordsOf('a', given), B: wordsOf('b', given) };
  const isSame = words.A.label === words.B.label;
  const labelOf = ({ label, longLabel }: VariantWords): string => (isSame ? longLabel : label);
  const reader = await comparedReader(given);
  const once = tellingOnce(context);
  const problems = new Map<string, Problem>();
  const note = (error: unknown): null => {
    if (!(error instanceof InputError)) throw error;
    for (const problem of error.problems) problems.set(formatProblem(problem), problem);
    return null;
  };
  const alike = words.A.changes.length === 0 && words.B.changes.length === 0;
  const opened = new Map<string, Promise<RecordedInputs>>();
  const open = (scenario: Scenario): Promise<RecordedInputs> => {
    const key = JSON.stringify([scenario.trace, scenario.machines]);
    const known = opened.get(key) ?? checkedInputs(scenario);
    opened.set(key, known);
    return known;
  };
  const a = await readVariant(reader, words.A, given, once, open).catch(note);
  const readB = alike && a !== null ? () => ({ scenario: a.changed, locate: a.locate }) : reader;
  const b = await readVariant(readB, words.B, given, once, open).catch(note);
  if (a === null || b === null) throw new InputError([...problems.values()]);
  context.seed = once.seed;
  return { A: { ...a, label: labelOf(words.A) }, B: { ...b, label: labelOf(words.B) } };
}

/** A word with `=` that is no file is a change. */
function wordsOf(side: 'a' | 'b', given: GivenOptions): VariantWords {
  const option = `--${side}`;
  const words = given.list(side);
  const files = createInputFiles();
  const isChange = (word: string): boolean => word.includes('=') && !files.isFile(word);
  const configurations = words.filter((word) => !isChange(word));
  const changes = words.filter(isChange);
  if (configurations.length > 1) {
    const found = configurations.join(' and ');
    throw new InputError({ message: `${option}: expected one KubeSchedulerConfiguration, found ${found}` });
  }
  return {
    configurationFile: configurations[0] ?? null,
    changes,
    overrides: overridesOf(changes, option),
    label: [...configurations.map((file) => basename(file)), ...changes].join(', '),
    longLabel: words.join(', '),
  };
}

async function readVariant(
  reader: ReadCompared,
  { configurationFile, changes, overrides }: VariantWords,
  given: GivenOptions,
  context: CommandContext,
  open: (scenario: Scenario) => Promise<RecordedInputs>,
): Promise<Omit<Variant, 'label'>> {
  const read = reader(given.withChanges(overrides), context);
  const { scenario, locate } = configurationFile === null ? read : withConfiguration(read, configurationFile, context);
  const { kubernetes, scheduler } = scenario;
  const plugins = await loadPluginFiles(scheduler.pluginFiles, inTreePluginNames());
  const registry = pluginRegistry(plugins);
  const configuration = decodeSchedulerConfiguration(scheduler.configuration, { registry, kubernetes, locate });
  const names = configuration.profiles.map(({ schedulerName }) => schedulerName);
  const file = scheduler.configurationFile;
  const messages = [...configuration.warnings, ...foreignSchedulerWarnings(scenario, names)];
  tellWarnings(messages.map((message) => (file === null ? { message } : { file, message })), context);
  const inputs = await open(scenario);
  return { changes, scenario, changed: read.scenario, locate, plugins, inputs };
}

function withConfiguration({ scenario }: LocatedScenario, file: string, context: CommandContext): LocatedScenario {
  const { value, warnings } = readConfigurationFile(file, createInputFiles());
  tellWarnings(warnings, context);
  const scheduler = { ...scenario.scheduler, configuration: value, configurationFile: file };
  return { scenario: { ...scenario, scheduler }, locate: locateInFile(file) };
}

/** The context for several readers of the same files. */
function tellingOnce(context: CommandContext): CommandContext {
  const told = new Set<string>();
  const err = (text: string): void => {
    if (told.has(text)) return;
    told.add(text);
    context.terminal.err(text);
  };
  return { ...context, terminal: { ...context.terminal, err } };
}
