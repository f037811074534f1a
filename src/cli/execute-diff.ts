/** Plays two runs side by side to the first decision in which they part, then each of them again to explain it. */
import { InputError } from '../base/input-error.ts';
import { firstParting } from '../experiment/divergence.ts';
import type { Decided } from '../experiment/divergence.ts';
import type { Explanation } from '../experiment/explanation.ts';
import { createInputFiles } from '../io/input-files.ts';
import { writeJson } from '../report/json.ts';
import { partingText } from '../report/parting-table.ts';
import { paintFor } from '../report/table.ts';
import { CONFIG_KIND, decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import type { SchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import { pluginRegistry } from '../scheduler/plugins/registry.ts';
import type { Scenario } from '../simulation/scenario.ts';
import type { Simulation } from '../simulation/simulation.ts';
import type { CommandContext } from './command.ts';
import { EXIT_OK } from './command.ts';
import { explainerOf } from './execute-explain.ts';
import { locatedRun } from './located-run.ts';
import type { GivenOptions } from './options.ts';
import { readScenarioFor, withConfiguration } from './scenario-input.ts';
import type { LocatedScenario } from './scenario-input.ts';

export async function executeDiff(given: GivenOptions, context: CommandContext): Promise<number> {
  const [fileA, fileB] = [given.positional('a'), given.positional('b')];
  if (fileA === '-' || fileB === '-') throw new InputError({ message: 'diff reads files: - is not one' });
  const sourceA = await readScenarioFor(fileA, given, context);
  const sourceB = isConfiguration(fileB)
    ? withConfiguration(sourceA.scenario, fileB, context)
    : await readScenarioFor(fileB, given, context);
  const a = await playable(sourceA, context);
  const b = await playable(sourceB, context);
  const { parting, decisions } = firstParting(a.make(), b.make());
  const why =
    parting === null ? { a: null, b: null } : { a: explainCycle(a, parting.a), b: explainCycle(b, parting.b) };
  const { terminal } = context;
  if (given.text('output') === 'json') terminal.out(`${writeJson({ decisions, parting, why }, '')}\n`);
  else terminal.out(partingText({ decisions, parting, why }, paintFor(terminal.hasColor('out'), terminal.width)));
  return EXIT_OK;
}

function isConfiguration(file: string): boolean {
  const files = createInputFiles();
  const kind = new RegExp(`^["'{\\s]*kind["']?\\s*:\\s*["']?${CONFIG_KIND}`, 'm');
  return files.isFile(file) && kind.test(files.read(file));
}

interface Playable {
  readonly scenario: Scenario;
  readonly configuration: SchedulerConfiguration;
  make(): Simulation;
}

async function playable({ scenario, locate }: LocatedScenario, context: CommandContext): Promise<Playable> {
  const { userPlugins, make } = await locatedRun({ scenario, locate }, context);
  const source = { registry: pluginRegistry(userPlugins), kubernetes: scenario.kubernetes, locate };
  const configuration = decodeSchedulerConfiguration(scenario.scheduler.configuration, source);
  return { scenario, configuration, make };
}

/** null: the run had ended, or what parted was no cycle's choice (a binding that failed). */
function explainCycle({ scenario, configuration, make }: Playable, decided: Decided | null): Explanation | null {
  if (decided === null) return null;
  const simulation = make();
  const { kernel, scheduler } = simulation.parts;
  const explainer = explainerOf(simulation, scenario, configuration);
  const found: { explanation: Explanation | null } = { explanation: null };
  scheduler.listeners.push({
    deciding: (pod) => {
      if (scheduler.decisions !== decided.cycle || found.explanation !== null) return;
      found.explanation = explainer.explain(pod);
      kernel.stop();
    },
  });
  while (found.explanation === null && simulation.advance());
  const { explanation } = found;
  return explanation !== null && `${explanation.namespace}/${explanation.pod}` === decided.pod ? explanation : null;
}
