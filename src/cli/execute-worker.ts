/** `podyard worker`: reads the sweep as the one who asks does, and plays what it is asked for. */
import { InputError } from '../base/input-error.ts';
import { readSweepPlan } from '../experiment/sweep-plan.ts';
import { serveCells } from '../io/cell-queue.ts';
import { createInputFiles } from '../io/input-files.ts';
import { listenForStop } from '../io/run-simulation.ts';
import { SweepThread } from '../io/sweep-pool.ts';
import { plainText } from '../report/table.ts';
import type { CommandContext } from './command.ts';
import { EXIT_OK, exitCodeOf } from './command.ts';
import { cellsToPlay, plannedSweep, recordText, threadOptions } from './execute-sweep.ts';
import type { GivenOptions } from './options.ts';
import { gathering } from './scenario-input.ts';
import { redisProblems } from './sweep-request.ts';

export async function workOn(given: GivenOptions, context: CommandContext): Promise<number> {
  const url = given.text('redis') ?? '';
  const problems = redisProblems(url);
  const plan = gathering(problems, () => readSweepPlan(given.positional('file'), createInputFiles()));
  if (problems.length > 0 || plan === undefined) throw new InputError(problems);
  const planned = await plannedSweep(plan, context);
  const { record } = planned;
  const cells = new Map(cellsToPlay(plan, planned).map((cell) => [cell.key, cell]));
  const options = { ...threadOptions(given, context), onProgress: () => undefined };
  const threads = Array.from({ length: options.jobs }, () => new SweepThread(options));
  const { terminal } = context;
  const tell = (line: string): void => { if (!given.flag('quiet')) terminal.err(`${line}\n`); };
  const stop = listenForStop();
  let played = 0;
  try {
    const isDone = await serveCells({ url, recordText: recordText(record), sweep: record.name }, {
      jobs: options.jobs,
      play: async (key, slot) => {
        const cell = cells.get(key);
        if (cell === undefined) return { failure: 'the worker knows no such cell' };
        const outcome = await threads[slot].play(slot, cell.scenario);
        const words = 'failure' in outcome ? `failed: ${plainText(outcome.failure)}` : `digest ${outcome.run.digest}`;
        tell(`cell ${String(++played)} of this worker (${cell.label}): ${words}`);
        return outcome;
      },
      onTrouble: tell,
      isStopped: () => stop.received !== null,
    });
    return isDone ? EXIT_OK : exitCodeOf(stop.received ?? 'SIGINT');
  } finally {
    await Promise.all(threads.map((thread) => thread.end()));
    stop.release();
  }
}
