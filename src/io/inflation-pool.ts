/**
 * The runs of an inflation experiment, several at a time, each on a thread. Which thread plays what, and which run ends
 * first, shows nowhere in the results: they come back by position.
 */
import type { Worker } from 'node:worker_threads';
import type { InflationCell } from '../experiment/inflation-cells.ts';
import type { InflationResult } from '../experiment/inflation.ts';
import type { InflationPlan } from '../experiment/inflation-plan.ts';
import { PoolThread, askThread } from './pool-thread.ts';
import { unpackError } from './thread-errors.ts';
import type { ThreadError } from './thread-errors.ts';

export interface InflationTask {
  readonly plan: InflationPlan;
  readonly cell: InflationCell;
  /** null: the order is drawn. */
  readonly orderFile: string | null;
  readonly plain: boolean;
}

export type InflationAnswer = { readonly result: InflationResult } | ThreadError;

export interface InflationPoolOptions {
  readonly jobs: number;
  readonly onResult: (index: number, result: InflationResult) => void;
  /** Asked when a run has ended; true ends all threads. */
  readonly isStopped: () => boolean;
}

/** Results in the order of the tasks; null when it was stopped. Throws what a run throws. */
export async function inflateOnThreads(
  tasks: readonly InflationTask[],
  { jobs, onResult, isStopped }: InflationPoolOptions,
): Promise<InflationResult[] | null> {
  const results = new Array<InflationResult>(tasks.length);
  const threads = Array.from({ length: Math.min(jobs, tasks.length) }, () => new PoolThread(workerUrl()));
  let next = 0;
  const serve = async (thread: PoolThread): Promise<void> => {
    while (next < tasks.length && !isStopped()) {
      const index = next++;
      const task = tasks[index];
      results[index] = resultOf(await thread.use(task.plan.pluginFiles, (worker) => ask(worker, task)));
      onResult(index, results[index]);
    }
  };
  try {
    await Promise.all(threads.map(serve));
    return isStopped() ? null : results;
  } finally {
    await Promise.all(threads.map((thread) => thread.end()));
  }
}

function workerUrl(): URL {
  return new URL(`./inflation-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
}

function ask(worker: Worker, task: InflationTask): Promise<InflationAnswer> {
  return askThread(worker, task, {
    answerIn: (answer: InflationAnswer) => answer,
    failed: (error) => (error instanceof Error ? error : new Error(String(error))),
    exited: (code) => new Error(`the thread of run ${task.cell.label} ended with exit code ${String(code)}`),
  });
}

function resultOf(answer: InflationAnswer): InflationResult {
  if ('result' in answer) return answer.result;
  throw unpackError(answer);
}
