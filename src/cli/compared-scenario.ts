/** What `podyard compare` compares on: a scenario, or a trace with nodes for it. */
import { InputError } from '../base/input-error.ts';
import type { Scenario } from '../simulation/scenario.ts';
import { TRACE_CATALOG } from '../workload/traces/catalog.ts';
import type { CommandContext } from './command.ts';
import type { GivenOptions } from './options.ts';
import { COMPARED_TRACE } from './replay.ts';
import { readScenarioFor } from './scenario-input.ts';

/** Throws InputError where options do not go together, and with every mistake of the files. */
export async function comparedScenario(given: GivenOptions, context: CommandContext): Promise<Scenario> {
  const file = given.positional('scenario');
  const format = given.text('replay');
  refuse(given, format);
  if (format === 'openb' && file !== '') {
    throw new InputError({
      message: `unexpected argument ${file}: --replay openb takes its files by --nodes and --pods`,
    });
  }
  if (format !== 'openb' && file === '') {
    throw new InputError({
      message: `an argument is missing: podyard compare ${format === null ? '<scenario>' : `<trace> --replay ${format}`}`,
    });
  }
  const entry = TRACE_CATALOG.find(({ name }) => name === format);
  if (entry === undefined) return (await readScenarioFor(file, given, context)).scenario;
  const { openbScenario, traceScenario } = await import('./execute-replay.ts');
  const replayed = format === 'openb' ? openbScenario(entry, given, context) : traceScenario(entry, file, given, context);
  return replayed.scenario;
}

/** Options that belong to openb alone, and to all other formats. */
const OF_OPENB = ['pods', 'gpus'];
const OF_OTHERS = ['node-pool', 'machines', 'machine-set', 'machine-clones'];

function refuse(given: GivenOptions, format: string | null): void {
  const names = Object.keys(COMPARED_TRACE).filter((name) => name !== 'replay' && given.isGiven(name));
  const problems = names.flatMap((name) => {
    if (format === null) return [{ message: `--${name} needs --replay FORMAT` }];
    if (OF_OPENB.includes(name) && format !== 'openb') return [{ message: `--${name} needs --replay openb` }];
    if (OF_OTHERS.includes(name) && format === 'openb') return [{ message: `--${name} does not go with --replay openb` }];
    return [];
  });
  const missing = format === 'openb' ? ['nodes', 'pods'].filter((name) => !given.isGiven(name)) : [];
  problems.push(...missing.map((name) => ({ message: `--replay openb needs --${name}` })));
  if (problems.length > 0) throw new InputError(problems);
}
