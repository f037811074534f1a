/**
 * Holds the decisions of two runs against each other up to the first in which they part, and explains it; a run that
 * was not kept is played for each.
 */
import { InputError } from '../base/input-error.ts';
import { cyclesOf, firstParting, playedDecisions } from '../experiment/divergence.ts';
import type { Decided, TellDecisions } from '../experiment/divergence.ts';
import type { Explanation } from '../experiment/explanation.ts';
import { forKeptDecisions, keptCycle } from '../experiment/kept-decisions.ts';
import { explainKept } from '../experiment/kept-explanation.ts';
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
import { isObjects } from './moment-input.ts';
import type { GivenOptions } from './options.ts';
import { playedAgain, readRun } from './run-folder.ts';
import type { ReadRun } from './run-folder.ts';
import { withConfiguration } from './scenario-input.ts';

export async function executeDiff(given: GivenOptions, context: CommandContext): Promise<number> {
  const [fileA, fileB] = [given.positional('a'), given.positional('b')];
  if (fileA === '-' || fileB === '-') throw new InputError({ message: 'diff reads files: - is not one' });
  const sourceA = await readRun(fileA, given, context);
  const sourceB = isConfiguration(fileB)
    ? { ...withConfiguration(sourceA.scenario, fileB, context), reported: null, kept: null }
    : await readRun(fileB, given, context);
  const a = await playable(sourceA, context);
  const b = await playable(sourceB, context);
  const { parting, decisions } = firstParting(a.decisions, b.decisions);
  const why =
    parting === null
      ? { a: null, b: null }
      : { a: await a.explain(parting.a), b: await b.explain(parting.b) };
  const { terminal } = context;
  if (given.text('output') === 'json') terminal.out(`${writeJson({ decisions, parting, why }, '')}\n`);
  else terminal.out(partingText({ decisions, parting, why }, paintFor(terminal.hasColor('out'), terminal.width)));
  return EXIT_OK;
}

function isConfiguration(file: string): boolean {
  const files = createInputFiles();
  if (!files.isFile(file)) return false;
  const text = files.read(file);
  // A scenario may hold one, too.
  return isObjects(text) && new RegExp(`kind["']?\\s*:\\s*["']?${CONFIG_KIND}`).test(text);
}

/** A run whose decisions are known, or can be played. */
interface Playable {
  readonly decisions: TellDecisions;
  /** null: the run had ended, or what parted was no cycle's choice (a binding that failed). */
  explain(decided: Decided | null): Promise<Explanation | null>;
}

async function playable(run: ReadRun, context: CommandContext): Promise<Playable> {
  const { scenario, locate, kept } = run;
  if (kept === null) {
    const played = await locatedRun(run, context);
    const source = { registry: pluginRegistry(played.userPlugins), kubernetes: scenario.kubernetes, locate };
    const configuration = decodeSchedulerConfiguration(scenario.scheduler.configuration, source);
    return {
      decisions: (tell) => { playedDecisions(played.make())(tell); },
      explain: (decided) => Promise.resolve(explainPlayed(played.make, scenario, configuration, decided)),
    };
  }
  const registry = pluginRegistry([]);
  const source = { registry, kubernetes: scenario.kubernetes, locate };
  const configuration = decodeSchedulerConfiguration(scenario.scheduler.configuration, source);
  return {
    decisions: (tell) => { forKeptDecisions(kept.log, tell); },
    explain: async (decided) => {
      if (decided === null) return null;
      const decision = keptCycle(kept.log, decided.cycle);
      const found = kept.gap === '' ? explainKept(kept.log, decision, { scenario, configuration, registry }) : null;
      if (found !== null) return ofPod(found.explanation, decided);
      playedAgain(kept.gap || 'something that this decision depends on', context);
      const { make } = await locatedRun(run, context);
      return explainPlayed(make, scenario, configuration, decided);
    },
  };
}

function explainPlayed(
  make: () => Simulation, scenario: Scenario, configuration: SchedulerConfiguration, decided: Decided | null,
): Explanation | null {
  if (decided === null) return null;
  const simulation = make();
  const { kernel, schedulers } = simulation.parts;
  const found: { explanation: Explanation | null } = { explanation: null };
  for (const scheduler of schedulers) {
    const explainer = explainerOf(kernel, scheduler, scenario, configuration);
    scheduler.listeners.push({
      deciding: (pod) => {
        if (cyclesOf(schedulers) !== decided.cycle || found.explanation !== null) return;
        found.explanation = explainer.explain(pod);
        kernel.stop();
      },
    });
  }
  while (found.explanation === null && simulation.advance());
  return found.explanation === null ? null : ofPod(found.explanation, decided);
}

function ofPod(explanation: Explanation, { pod }: Decided): Explanation | null {
  return `${explanation.namespace}/${explanation.pod}` === pod ? explanation : null;
}
