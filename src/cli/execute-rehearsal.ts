/** `podyard rehearse`: reads a dump or a scenario, plays it with the steps asked for, tells what came of them. */
import type { Problem } from '../base/input-error.ts';
import { InputError } from '../base/input-error.ts';
import { Rehearsal } from '../experiment/rehearsal.ts';
import type { RehearsalResult } from '../experiment/rehearsal-result.ts';
import { failRule, sloRule } from '../experiment/rehearsal-verdict.ts';
import type { Rule } from '../experiment/rehearsal-verdict.ts';
import { nameOfFile } from '../simulation/scenario-reader.ts';
import { loadPluginFiles } from '../io/plugin-files.ts';
import { listenForStop } from '../io/run-simulation.ts';
import { renderRehearsalTable } from '../report/rehearsal-table.ts';
import { inTreePluginNames } from '../scheduler/config/default-plugins.ts';
import type { Override } from '../simulation/scenario-reader.ts';
import type { CommandContext } from './command.ts';
import { EXIT_LIMIT, EXIT_OK, exitCodeOf } from './command.ts';
import { checkedParts, claimFolder, drive, tellWritten } from './execute-run.ts';
import { paintFor } from '../report/table.ts';
import { tellWarnings } from './failures.ts';
import { dumpAsScenario, inputFiles, isObjects } from './moment-input.ts';
import type { GivenOptions } from './options.ts';
import { repeatLine } from './repeat-line.ts';
import { stepsGiven } from './rehearsed-steps.ts';
import { gathering, scenarioFrom } from './scenario-input.ts';
import type { ReadScenario } from './scenario-input.ts';

/** Longest rehearsal of a dump: a night's maintenance and what comes after it. */
const DUMP_DURATION = '24h';

/** Returns the exit code. */
export async function executeRehearsal(given: GivenOptions, context: CommandContext): Promise<number> {
  const folder = claimFolder(given);
  const { source, rules } = await readInput(given, context);
  const plugins = await loadPluginFiles(source.scenario.scheduler.pluginFiles, inTreePluginNames());
  const inputs = await checkedParts(source.scenario);
  folder?.lock();
  const stop = listenForStop();
  try {
    const rehearsal = new Rehearsal(source.scenario);
    const run = await drive({ ...source, plugins, inputs, given, context, stop, watch: rehearsal.watch });
    const result = rehearsal.result(run.result, run.stoppedBy !== null);
    if (run.stoppedBy !== null) {
      tellWarnings([`stopped by ${run.stoppedBy} before the end: there is no result`], context);
      return exitCodeOf(run.stoppedBy);
    }
    const { renderRehearsalFiles } = await import('../report/rehearsal-files.ts');
    const repeat = repeatLine('rehearse', 'input', given, context);
    const written = folder?.write(renderRehearsalFiles(result, repeat)) ?? null;
    const code = tell(result, rules, given, context);
    return tellWritten(written, given, context) || code;
  } finally {
    stop.release();
    folder?.release();
  }
}

interface RehearsalInput {
  readonly source: ReadScenario;
  readonly rules: readonly Rule[];
}

/** Throws InputError with what is wrong in the options, the input and the steps. */
async function readInput(given: GivenOptions, context: CommandContext): Promise<RehearsalInput> {
  const problems: Problem[] = [];
  const slo = given.text('slo');
  const rules = gathering(problems, () => [
    ...given.list('fail-if').map(failRule),
    ...(slo === null ? [] : [sloRule(slo)]),
  ]);
  const steps = gathering(problems, () => stepsGiven(given));
  if (rules === undefined || steps === undefined) throw new InputError(problems);
  const input = given.positional('input');
  const files = await inputFiles(input);
  const isDump = files.isFolder(input) || isObjects(files.read(input));
  const duration = given.text('duration');
  const changes: Override[] = [
    ...(steps.length === 0 ? [] : [{ path: 'steps', value: JSON.stringify(steps), option: 'steps' }]),
    ...(duration === null ? [] : [{ path: 'duration', value: duration, option: '--duration' }]),
  ];
  const changed = given.withChanges(changes);
  const retell = (problem: Problem): Problem => ofStep(problem, steps.length > 0);
  const source = isDump
    ? dumpAsScenario(input, files, changed, context, { name: nameOfDump(input), duration: DUMP_DURATION }, retell)
    : scenarioFrom(
        input === '-' ? { text: files.read(input), name: 'stdin' } : { file: input },
        changed,
        context,
        retell,
      );
  if (source.scenario.steps.length === 0)
    throw new InputError({
      message:
        'nothing to rehearse: expected --drain, --upgrade, --outage, --kill, --cordon or --rollout, or a scenario with steps',
    });
  return { source, rules };
}

/** A problem of an option is shown where the option stands, not the JSON that was made of it. */
function ofStep(problem: Problem, isGiven: boolean): Problem {
  if (!isGiven || problem.file?.startsWith('steps steps=') !== true) return problem;
  const verb = /^steps\[\d+\]\.([a-z]+)/.exec(problem.path ?? '')?.[1];
  const { suggestion } = problem;
  const message = `${verb === undefined ? '' : `--${verb}: `}${problem.message}`;
  return { message, ...(suggestion === undefined ? {} : { suggestion }) };
}

/** What a scenario around a dump is called: as its file. */
function nameOfDump(path: string): string {
  return path === '-' ? 'dump' : nameOfFile(path, 'dump');
}

function tell(result: RehearsalResult, rules: readonly Rule[], given: GivenOptions, context: CommandContext): number {
  const { terminal } = context;
  if (given.text('output') === 'json') terminal.out(`${JSON.stringify(result, null, 2)}\n`);
  else terminal.out(renderRehearsalTable(result, { color: terminal.hasColor('out'), width: terminal.width }));
  const broken = rules.map((rule) => rule(result)).filter((text) => text !== '');
  const label = paintFor(terminal.hasColor('err')).bad('failed:');
  for (const text of broken) terminal.err(`${label} ${text}\n`);
  return broken.length === 0 ? EXIT_OK : EXIT_LIMIT;
}
