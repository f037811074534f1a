/** What `podyard compare` compares on: a scenario, or a trace with nodes for it. */
import { InputError } from '../base/input-error.ts';
import type { Scenario } from '../simulation/scenario.ts';
import type { CommandContext } from './command.ts';
import type { GivenOptions } from './options.ts';
import { readScenarioFor } from './scenario-input.ts';

/** Throws InputError where options do not go together, and with every mistake of the files. */
export async function comparedScenario(given: GivenOptions, context: CommandContext): Promise<Scenario> {
  const file = given.positional('scenario');
  const format = given.text('replay');
  refuse(given, format);
  if (format === 'openb') {
    if (file !== '') {
      throw new InputError({
        message: `unexpected argument ${file}: --replay openb takes its files by --nodes and --pods`,
      });
    }
    const { openbScenario } = await import('./execute-replay.ts');
    return openbScenario(given, context).scenario;
  }
  if (file === '') {
    throw new InputError({
      message: `an argument is missing: podyard compare ${format === 'csv' ? '<trace> --replay csv' : '<scenario>'}`,
    });
  }
  if (format === null) return (await readScenarioFor(file, given, context)).scenario;
  const { csvScenario } = await import('./execute-replay.ts');
  return csvScenario(file, given, context).scenario;
}

/** Options of traces, and the formats that they belong to. */
const BELONGS: Readonly<Record<string, readonly string[]>> = {
  nodes: ['openb', 'csv'],
  pods: ['openb'],
  'node-pool': ['csv'],
  compress: ['openb', 'csv'],
};

function refuse(given: GivenOptions, format: string | null): void {
  const problems = Object.entries(BELONGS)
    .filter(([name, formats]) => given.isGiven(name) && !formats.includes(format ?? ''))
    .map(([name, formats]) => ({ message: `--${name} needs --replay ${formats.join(' or --replay ')}` }));
  const missing = format === 'openb' ? ['nodes', 'pods'].filter((name) => !given.isGiven(name)) : [];
  problems.push(...missing.map((name) => ({ message: `--replay openb needs --${name}` })));
  if (problems.length > 0) throw new InputError(problems);
}
