/**
 * The scenarios of a sweep: one for each point and variant, read and checked as `run` would, before anything runs. What
 * is wrong in a value is told at its place in the sweep file, and what many points have in common once.
 */
import { InputError, formatProblem } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import type { SweepPlan, SweepRow } from '../experiment/sweep-plan.ts';
import { sameValue } from '../experiment/sweep-points.ts';
import type { CellStore } from '../io/cell-store.ts';
import type { Override } from '../simulation/scenario-reader.ts';
import type { Scenario } from '../simulation/scenario.ts';
import type { CommandContext } from './command.ts';
import { ProblemsOnce, openedOnce, readVariant, tellingOnce } from './comparison-variant.ts';
import type { GivenOptions } from './options.ts';
import { GivenOptions as Options } from './options.ts';
import { scenarioFrom } from './scenario-input.ts';
import { wordsOf } from './variant-words.ts';
import type { VariantWords } from './variant-words.ts';

/** Scenarios by row. Throws an InputError with the problems of all, each once; tells warnings, each once. */
export async function sweepScenarios(plan: SweepPlan, context: CommandContext): Promise<Scenario[]> {
  const problems = new ProblemsOnce((problem) => keyOf(problem, plan));
  const words = plan.variants.map(({ name, words: given }): VariantWords | null => {
    try {
      const own = wordsOf(plan.placeOf(['variants', name]), given);
      refuseParameters(own, name, plan);
      return own;
    } catch (error) {
      problems.note(error);
      return null;
    }
  });
  const given: GivenOptions = new Options({ scenario: plan.scenarioFile }, {});
  const once = tellingOnce(context);
  const open = openedOnce();
  const scenarios: Scenario[] = [];
  for (const row of plan.rows) {
    const own = words[row.variant];
    if (own === null) continue;
    const overrides = [...overridesOf(row, plan), ...own.overrides];
    try {
      const entry = { file: plan.scenarioFile };
      const { scenario } = await readVariant(
        (changed, told) => scenarioFrom(entry, changed, told), { ...own, overrides }, given, once, open,
      );
      scenarios.push(scenario);
    } catch (error) {
      problems.note(error);
    }
  }
  problems.throwIfAny();
  return scenarios;
}

/** The run of a cell. */
export function cellScenario(scenario: Scenario, seed: string): Scenario {
  return { ...scenario, seed, metrics: { ...scenario.metrics, pods: 'none' } };
}

/** Names of cells by row, then by seed. Throws InputError when a scenario reads what can be read once only. */
export function cellNames(plan: SweepPlan, scenarios: readonly Scenario[], store: CellStore): string[][] {
  return scenarios.map((scenario) => plan.seeds.map((seed) => {
    const key = store.keyOf(cellScenario(scenario, seed));
    if (key !== null) return key;
    throw new InputError({ file: plan.scenarioFile, message: 'a sweep needs files that can be read again and again' });
  }));
}

function overridesOf({ point }: SweepRow, plan: SweepPlan): Override[] {
  return plan.parameters.map(({ path, values }, i) => {
    const index = values.kind === 'listed' ? values.values.findIndex((value) => sameValue(value, point[i])) : -1;
    const steps = ['parameters', path, ...(index === -1 ? [] : [index])];
    return { path, value: JSON.stringify(point[i]), option: plan.placeOf(steps) };
  });
}

/** A variant that set a parameter would make its points all the same. */
function refuseParameters({ overrides }: VariantWords, name: string, plan: SweepPlan): void {
  const taken = overrides.filter(({ path }) => plan.parameters.some((parameter) => parameter.path === path));
  if (taken.length === 0) return;
  const place = plan.placeOf(['variants', name]);
  throw new InputError(taken.map(({ path }) => ({
    message: `${place} variant ${name} sets ${path}, which is a parameter of the sweep`,
  })));
}

/** The same mistake in the name of a parameter shows with each of its values. */
function keyOf(problem: Problem, { parameters }: SweepPlan): string {
  const parameter = parameters.find(({ path }) => problem.file?.includes(`: ${path}=`) === true);
  if (parameter === undefined) return formatProblem(problem);
  return [parameter.path, problem.message, problem.path ?? ''].join('\n');
}
