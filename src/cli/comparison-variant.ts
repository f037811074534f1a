/**
 * One variant of a comparison: the scenario with a scheduler configuration, plugins or changes of its own. Every
 * problem of a variant is told before anything runs, and what is said of several is said once.
 */
import { InputError, formatProblem } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { createInputFiles } from '../io/input-files.ts';
import { loadPluginFiles } from '../io/plugin-files.ts';
import { scenarioParts } from '../io/run-simulation.ts';
import type { ScenarioParts } from '../io/run-simulation.ts';
import { inTreePluginNames } from '../scheduler/config/default-plugins.ts';
import { decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import type { PluginFactory } from '../scheduler/framework/plugin-api.ts';
import { pluginRegistry } from '../scheduler/plugins/registry.ts';
import { isMapping } from '../base/structure.ts';
import { foreignSchedulerWarnings } from '../simulation/foreign-schedulers.ts';
import type { Scenario } from '../simulation/scenario.ts';
import type { CommandContext } from './command.ts';
import { comparedReader } from './compared-scenario.ts';
import type { ReadCompared } from './compared-scenario.ts';
import { checkTrace } from './execute-run.ts';
import { tellWarnings } from './failures.ts';
import type { GivenOptions } from './options.ts';
import { withConfiguration } from './scenario-input.ts';
import type { LocatedScenario } from './scenario-input.ts';
import { variantWords } from './variant-words.ts';
import type { VariantWords } from './variant-words.ts';

export interface Variant extends LocatedScenario {
  readonly label: string;
  /** As they were written: `kubernetes=1.36`. */
  readonly changes: readonly string[];
  /** The scenario with its changes and a configuration of its own. */
  readonly scenario: Scenario;
  /** The same without the configuration that `--a` or `--b` names. */
  readonly changed: Scenario;
  readonly plugins: readonly PluginFactory[];
  readonly inputs: ScenarioParts;
}

/** The base first. Throws an InputError with the problems of all, each once; tells their warnings, each once. */
export async function readVariants(given: GivenOptions, context: CommandContext): Promise<Variant[]> {
  const words = variantWords(given);
  const reader = await comparedReader(given);
  const once = tellingOnce(context);
  const problems = new ProblemsOnce();
  const open = openedOnce();
  const variants: Variant[] = [];
  const isPlain = ({ changes, pluginFiles }: VariantWords): boolean => changes.length === 0 && pluginFiles.length === 0;
  let plain: LocatedScenario | null = null;
  for (const [i, own] of words.entries()) {
    // Variants that differ in their configuration alone share one reading of the scenario.
    const known: LocatedScenario | null = isPlain(own) ? plain : null;
    try {
      const variant = await readVariant(known === null ? reader : () => known, own, given, once, open);
      if (isPlain(own) && i === words.findIndex(isPlain)) {
        plain = { scenario: variant.changed, locate: variant.ownLocate };
      }
      const isTaken = words.some((other, j) => j !== i && other.label === own.label);
      variants.push({ ...variant, label: isTaken ? own.longLabel : own.label });
    } catch (error) {
      problems.note(error);
    }
  }
  problems.throwIfAny();
  context.seed = once.seed;
  return variants;
}

/** The problems of several readings of the same files, each once. */
export class ProblemsOnce {
  private readonly problems = new Map<string, Problem>();
  private readonly keyOf: (problem: Problem) => string;

  /** `keyOf`: the same of two problems that are one. */
  constructor(keyOf: (problem: Problem) => string = formatProblem) {
    this.keyOf = keyOf;
  }

  /** Throws what is no mistake in the input. */
  note(error: unknown): void {
    if (!(error instanceof InputError)) throw error;
    for (const problem of error.problems) {
      const key = this.keyOf(problem);
      if (!this.problems.has(key)) this.problems.set(key, problem);
    }
  }

  throwIfAny(): void {
    if (this.problems.size > 0) throw new InputError([...this.problems.values()]);
  }
}

export type OpenParts = (scenario: Scenario) => Promise<ScenarioParts>;

/** A trace is read through once, however many variants have it. */
export function openedOnce(): OpenParts {
  const checked = new Map<string, Promise<void>>();
  return async (scenario) => {
    const key = JSON.stringify(scenario.trace);
    const known = checked.get(key) ?? checkTrace(scenario);
    checked.set(key, known);
    await known;
    return scenarioParts(scenario);
  };
}

/** `given`: its positional `scenario` is the file. Throws an InputError with all that is wrong. */
export async function readVariant(
  reader: ReadCompared,
  { configurationFile, pluginFiles, changes, overrides }: VariantWords,
  given: GivenOptions,
  context: CommandContext,
  open: OpenParts,
): Promise<Omit<Variant, 'label'> & { readonly ownLocate: LocatedScenario['locate'] }> {
  const read = withPlugins(reader(given.withChanges(overrides), context), pluginFiles, given);
  const configured = configurationFile === null ? read : withConfiguration(read.scenario, configurationFile, context);
  const plugins = await loadPluginFiles(configured.scenario.scheduler.pluginFiles, inTreePluginNames());
  const own = pluginFiles.length === 0 ? [] : await loadPluginFiles(pluginFiles, inTreePluginNames());
  const { scenario, locate } = withEnabled(configured, own.map(({ name }) => name));
  const { kubernetes, scheduler } = scenario;
  const registry = pluginRegistry(plugins);
  const configuration = decodeSchedulerConfiguration(scheduler.configuration, { registry, kubernetes, locate });
  const names = configuration.profiles.map(({ schedulerName }) => schedulerName);
  const file = scheduler.configurationFile;
  const messages = [...configuration.warnings, ...foreignSchedulerWarnings(scenario, names)];
  tellWarnings(messages.map((message) => (file === null ? { message } : { file, message })), context);
  const inputs = await open(scenario);
  return { changes, scenario, changed: read.scenario, locate, ownLocate: read.locate, plugins, inputs };
}

function withPlugins(
  { scenario, locate }: LocatedScenario,
  pluginFiles: readonly string[],
  given: GivenOptions,
): LocatedScenario {
  if (pluginFiles.length === 0) return { scenario, locate };
  const files = createInputFiles();
  const from = given.positional('scenario');
  const names = pluginFiles.map((path) => [path, files.nameFrom?.(from, path) ?? path]);
  const { scheduler } = scenario;
  return {
    scenario: {
      ...scenario,
      scheduler: { ...scheduler, pluginFiles: [...scheduler.pluginFiles, ...pluginFiles] },
      fileNames: { ...scenario.fileNames, ...(Object.fromEntries(names) as Readonly<Record<string, string>>) },
    },
    locate,
  };
}

/**
 * Plugins that a variant brings take part in every profile, with their own weight, unless its configuration says
 * something of them.
 */
function withEnabled({ scenario, locate }: LocatedScenario, names: readonly string[]): LocatedScenario {
  const { configuration } = scenario.scheduler;
  const text = JSON.stringify(configuration);
  const added = names.filter((name) => !text.includes(`"name":${JSON.stringify(name)}`));
  if (added.length === 0) return { scenario, locate };
  const base = (configuration ?? EMPTY_CONFIGURATION) as ConfigurationShape;
  const given: unknown = base.profiles ?? [{}];
  // What is no list of mappings the decoder tells of.
  if (!Array.isArray(given) || !given.every(isMapping)) return { scenario, locate };
  const profiles = (given as NonNullable<ConfigurationShape['profiles']>).map((profile) => {
    const enabled = [...(profile.plugins?.multiPoint?.enabled ?? []), ...added.map((name) => ({ name }))];
    const multiPoint = { ...profile.plugins?.multiPoint, enabled };
    return { ...profile, plugins: { ...profile.plugins, multiPoint } };
  });
  const scheduler = { ...scenario.scheduler, configuration: { ...base, profiles } };
  return { scenario: { ...scenario, scheduler }, locate };
}

const EMPTY_CONFIGURATION = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };

/** As far as plugins are added to it; the decoder checks the rest. */
interface ConfigurationShape {
  readonly profiles?: readonly {
    readonly plugins?: { readonly multiPoint?: { readonly enabled?: readonly unknown[] } };
  }[];
}

/** The context for several readers of the same files. */
export function tellingOnce(context: CommandContext): CommandContext {
  const told = new Set<string>();
  const err = (text: string): void => {
    if (told.has(text)) return;
    told.add(text);
    context.terminal.err(text);
  };
  return { ...context, terminal: { ...context.terminal, err } };
}
