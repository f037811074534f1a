/** What `podyard compare` compares on: a scenario, or a trace with nodes for it. */
import { InputError } from '../base/input-error.ts';
import { TRACE_CATALOG } from '../workload/traces/catalog.ts';
import type { CommandContext } from './command.ts';
import type { GivenOptions } from './options.ts';
import { COMPARED_TRACE } from './replay.ts';
import { entryOf, scenarioFrom } from './scenario-input.ts';
import type { LocatedScenario } from './scenario-input.ts';

/** Reads it anew as the options say, which differ in their changes from time to time; tells its warnings. */
export type ReadCompared = (given: GivenOptions, context: CommandContext) => LocatedScenario;

/** Throws InputError where options do not go together; what it returns, with every mistake of the files. */
export async function comparedReader(given: GivenOptions): Promise<ReadCompared> {
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
  const traced = TRACE_CATALOG.find(({ name }) => name === format);
  if (traced === undefined) {
    const entry = await entryOf(file);
    return (changed, context) => scenarioFrom(entry, changed, context);
  }
  const { openbScenario, traceScenario } = await import('./execute-replay.ts');
  return (changed, context) =>
    format === 'openb' ? openbScenario(traced, changed, context) : traceScenario(traced, file, changed, context);
}

/** Options that belong to openb alone, and to all other formats. */
const OF_OPENB = ['pods', 'gpus'];
const OF_OTHERS = ['node-pool', 'machines', 'machine-set', 'machine-clones'];

function refuse(given: GivenOptions, format: string | null): void {
  const names = Object.keys(COMPARED_TRACE).filter((name) => name !== 'replay' && given.isGiven(name));
  const problems = names.flatMap((name) => {
    if (format === null) return [{ message: `--${name} needs --replay FORMAT` }];
    if (OF_OPENB.includes(name) && format !== 'openb') return [{ message: `--${name} needs --replay openb` }];
    if (OF_OTHERS.includes(name) && format === 'openb')
      return [{ message: `--${name} does not go with --replay openb` }];
    return [];
  });
  const missing = format === 'openb' ? ['nodes', 'pods'].filter((name) => !given.isGiven(name)) : [];
  problems.push(...missing.map((name) => ({ message: `--replay openb needs --${name}` })));
  if (problems.length > 0) throw new InputError(problems);
}
