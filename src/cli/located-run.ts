/** A scenario that a command plays in its own process: plugins and inputs are read once, runs are made at will. */
import { loadPluginFiles } from '../io/plugin-files.ts';
import { inTreePluginNames } from '../scheduler/config/default-plugins.ts';
import type { PluginFactory } from '../scheduler/framework/plugin-api.ts';
import type { Scenario } from '../simulation/scenario.ts';
import { Simulation } from '../simulation/simulation.ts';
import type { CommandContext } from './command.ts';
import { checkedParts } from './execute-run.ts';
import type { LocatedScenario } from './scenario-input.ts';

export interface LocatedRun {
  readonly userPlugins: readonly PluginFactory[];
  /** From the beginning; of a scenario that differs in what needs no reading. */
  make(played?: Scenario): Simulation;
}

/** Throws InputError with the mistakes of plugins and of traces. */
export async function locatedRun({ scenario, locate }: LocatedScenario, context: CommandContext): Promise<LocatedRun> {
  const userPlugins = await loadPluginFiles(scenario.scheduler.pluginFiles, inTreePluginNames());
  const inputs = await checkedParts(scenario);
  const options = { version: context.version, userPlugins, ...inputs, plain: false, locate };
  return { userPlugins, make: (played = scenario) => new Simulation(played, options) };
}
