/**
 * Several runs at a time, each on a thread of its own. Which thread runs what, and which run ends first, shows nowhere
 * in the results: they come back by position.
 */
import { Worker } from 'node:worker_threads';
import { AssertionFailure } from '../base/assert.ts';
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import type { RunResult } from '../metrics/run-result.ts';
import type { Scenario } from '../simulation/scenario.ts';
import type { ProgressFacts } from './progress.ts';

/** What a thread is sent. */
export interface PoolTask {
  readonly index: number;
  readonly scenario: Scenario;
  readonly version: string;
  readonly plain: boolean;
}

/** What it tells on the way. */
export interface PoolProgress {
  readonly index: number;
  readonly progress: ProgressFacts;
}

/** What it answers. Errors lose their class on the way: what is needed to make them again comes along. */
export type PoolAnswer =
  | { readonly index: number; readonly result: RunResult }
  | { readonly index: number; readonly problems: readonly Problem[] }
  | { readonly index: number; readonly failure: { readonly name: string; readonly message: string; readonly stack: string } };

export interface PoolOptions {
  readonly jobs: number;
  readonly version: string;
  readonly plain: boolean;
  /** Called again and again for each run under way, many times a second. */
  readonly onProgress: (index: number, facts: ProgressFacts) => void;
  /** Called as runs end, in any order. */
  readonly onResult: (index: number, result: RunResult) => void;
  /** Asked a few times a second; true ends all threads. */
  readonly isStopped: () => boolean;
}

const STOP_POLL_MILLIS = 100;

/** Results in the order of the scenarios; null when it was stopped. Throws what a run throws. */
export async function runOnThreads(scenarios: readonly Scenario[], options: PoolOptions): Promise<RunResult[] | null> {
  const results = new Array<RunResult>(scenarios.length);
  const workers = Array.from({ length: Math.min(options.jobs, scenarios.length) }, () => new Worker(workerUrl()));
  let next = 0;
  const poll = { timer: undefined as NodeJS.Timeout | undefined };
  const stopped = new Promise<'stopped'>((resolve) => {
    poll.timer = setInterval(() => { if (options.isStopped()) resolve('stopped'); }, STOP_POLL_MILLIS);
  });
  const serve = async (worker: Worker): Promise<void> => {
    while (next < scenarios.length) {
      const index = next++;
      const answer = await ask(
        worker,
        { index, scenario: scenarios[index], version: options.version, plain: options.plain },
        options.onProgress,
      );
      results[index] = resultOf(answer);
      options.onResult(index, results[index]);
    }
  };
  try {
    const outcome = await Promise.race([Promise.all(workers.map(serve)), stopped]);
    return outcome === 'stopped' ? null : results;
  } finally {
    clearInterval(poll.timer);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function workerUrl(): URL {
  return new URL(`./run-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
}

function ask(worker: Worker, task: PoolTask, onProgress: PoolOptions['onProgress']): Promise<PoolAnswer> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: PoolAnswer | PoolProgress): void => {
      if ('progress' in message) onProgress(message.index, message.progress);
      else settle(() => { resolve(message); });
    };
    const onError = (error: Error): void => { settle(() => { reject(error); }); };
    const onExit = (code: number): void => { settle(() => { reject(new Error(`the thread of run ${String(task.index + 1)} ended with exit code ${String(code)}`)); }); };
    const settle = (act: () => void): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      act();
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage(task);
  });
}

function resultOf(answer: PoolAnswer): RunResult {
  if ('result' in answer) return answer.result;
  if ('problems' in answer) throw new InputError(answer.problems);
  const { name, message, stack } = answer.failure;
  const error = name === 'AssertionFailure' ? new AssertionFailure(message) : new Error(message);
  error.stack = stack;
  throw error;
}
