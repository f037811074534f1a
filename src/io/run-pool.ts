/**
 * Several runs at a time, each on a thread of its own. Which thread runs what, and which run ends first, shows nowhere
 * in the results: they come back by position.
 */
import { Worker } from 'node:worker_threads';
import type { RunResult } from '../metrics/run-result.ts';
import { PluginFailure } from '../scheduler/framework/guarded-plugin.ts';
import type { Scenario } from '../simulation/scenario.ts';
import { POLL_MILLIS, PoolThread, askThread, watchSilence } from './pool-thread.ts';
import type { SilenceWatch } from './pool-thread.ts';
import type { ProgressFacts } from './progress.ts';
import type { DrivenRun, StopRequest } from './run-simulation.ts';
import { unpackError } from './thread-errors.ts';
import type { ThreadError } from './thread-errors.ts';

/** What a thread is sent. */
export interface PoolTask {
  readonly index: number;
  readonly scenario: Scenario;
  readonly version: string;
  readonly plain: boolean;
  /** The result is answered with its series over time. */
  readonly keepsSeries: boolean;
  /** Set to end the run between two events; it is answered whole, with its tables. null: the result alone. */
  readonly stopFlag: Int32Array | null;
}

/** What it tells on the way. */
export interface PoolProgress {
  readonly index: number;
  readonly progress: ProgressFacts;
}

/** Doubtful things that stop nothing, told before a whole run begins. */
export interface PoolWarnings {
  readonly index: number;
  readonly warnings: readonly string[];
}

/** What it answers. */
export type PoolAnswer = { readonly index: number } & (
  | { readonly result: RunResult }
  | { readonly run: DrivenRun }
  | ThreadError
);

export interface PoolOptions {
  readonly jobs: number;
  readonly version: string;
  readonly plain: boolean;
  /** Results come with their series over time; those that are returned are without. */
  readonly keepsSeries?: boolean;
  /** Called again and again for each run under way, many times a second. */
  readonly onProgress: (index: number, facts: ProgressFacts) => void;
  /** Called as runs end, in any order. */
  readonly onResult: (index: number, result: RunResult) => void;
  /** Asked a few times a second; true ends all threads. */
  readonly isStopped: () => boolean;
}

/** Results in the order of the scenarios; null when it was stopped. Throws what a run throws. */
export async function runOnThreads(scenarios: readonly Scenario[], options: PoolOptions): Promise<RunResult[] | null> {
  const { version, plain, keepsSeries = false } = options;
  const results = new Array<RunResult>(scenarios.length);
  const threads = Array.from({ length: Math.min(options.jobs, scenarios.length) }, () => new PoolThread(workerUrl()));
  const listener = { onProgress: options.onProgress, onWarnings: () => undefined };
  let [next, isStopping] = [0, false];
  const serve = async (thread: PoolThread): Promise<void> => {
    while (next < scenarios.length && !isStopping) {
      const index = next++;
      const scenario = scenarios[index];
      const task: PoolTask = { index, scenario, version, plain, keepsSeries, stopFlag: null };
      const result = resultOf(
        await thread.use(scenario.scheduler.pluginFiles, (worker) => ask(worker, task, listener)),
      );
      options.onResult(index, result);
      results[index] = keepsSeries ? { ...result, timeseries: { seconds: [], columns: {} } } : result;
    }
  };
  try {
    const isDone = await unlessStopped(Promise.all(threads.map(serve)), options.isStopped);
    return isDone ? results : null;
  } finally {
    isStopping = true;
    await Promise.all(threads.map((thread) => thread.end()));
  }
}

/** Waits for the work, but no longer than until `isStopped` says so: false then. Throws what the work throws. */
export async function unlessStopped(work: Promise<unknown>, isStopped: () => boolean): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const stopped = new Promise<false>((resolve) => {
    timer = setInterval(() => { if (isStopped()) resolve(false); }, POLL_MILLIS);
  });
  try {
    return await Promise.race([work.then(() => true), stopped]);
  } finally {
    clearInterval(timer);
  }
}

/** Of the threads that play runs. */
export function workerUrl(): URL {
  return new URL(`./run-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
}

export interface Listener {
  readonly onProgress: PoolOptions['onProgress'];
  readonly onWarnings: (warnings: readonly string[]) => void;
}

/** Throws what ended the thread. */
export function ask(worker: Worker, task: PoolTask, { onProgress, onWarnings }: Listener): Promise<PoolAnswer> {
  return askThread(worker, task, {
    answerIn: (message: PoolAnswer | PoolProgress | PoolWarnings) => {
      if ('progress' in message) onProgress(message.index, message.progress);
      else if ('warnings' in message) onWarnings(message.warnings);
      else return message;
      return null;
    },
    failed: (error) => lateFailure(task, error),
    exited: (code) => exitFailure(task, code),
  });
}

/** Nothing of ours throws outside of an answer: with plugins it is theirs. */
function lateFailure({ scenario }: PoolTask, error: unknown): Error {
  const { pluginFiles } = scenario.scheduler;
  const given = error instanceof Error ? error : new Error(String(error));
  if (pluginFiles.length === 0) return given;
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const message = `${pluginFiles.join(', ')}: something that a plugin left for later threw ${what}`;
  return new PluginFailure(message);
}

function exitFailure({ index, scenario }: PoolTask, code: number): Error {
  const { pluginFiles } = scenario.scheduler;
  if (pluginFiles.length > 0) {
    return new PluginFailure(`${pluginFiles.join(', ')}: a plugin ended its thread with exit code ${String(code)}`);
  }
  return new Error(`the thread of run ${String(index + 1)} ended with exit code ${String(code)}`);
}

export interface ThreadOptions {
  readonly version: string;
  readonly plain: boolean;
  readonly stop: Pick<StopRequest, 'received'>;
  readonly onProgress: (facts: ProgressFacts) => void;
  /** Also called while the run goes on. */
  readonly onWarnings: (warnings: readonly string[]) => void;
}

/** How long a run may say nothing after it was asked to stop. */
const STOP_PATIENCE_MILLIS = 5_000;
/** And how long at all, before that is told. */
const SILENCE_MILLIS = 10_000;

/**
 * One whole run on a thread of its own, so that signals are heard whatever a plugin does. Throws what the run throws,
 * and PluginFailure when it does not end though it was told to.
 */
export async function runOnThread(scenario: Scenario, options: ThreadOptions): Promise<DrivenRun> {
  const { version, plain, stop, onWarnings } = options;
  const worker = new Worker(workerUrl());
  const stopFlag = new Int32Array(new SharedArrayBuffer(4));
  const task: PoolTask = { index: 0, scenario, version, plain, keepsSeries: false, stopFlag };
  const watch = watchRun(task, options);
  const onProgress: PoolOptions['onProgress'] = (_index, facts) => {
    watch.heard();
    options.onProgress(facts);
  };
  try {
    const answer = await Promise.race([ask(worker, task, { onProgress, onWarnings }), watch.gaveUp]);
    if (!('run' in answer)) throw errorOf(answer);
    return { ...answer.run, stoppedBy: answer.run.stoppedBy === null ? null : stop.received };
  } finally {
    watch.end();
    await worker.terminate();
  }
}

/** Asks the run to stop when it shall, and complains when it says nothing for long. */
function watchRun({ scenario, stopFlag }: PoolTask, { stop, onWarnings }: ThreadOptions): SilenceWatch {
  const who = `${scenario.scheduler.pluginFiles.join(', ')}: a plugin does not come back from a call`;
  let [askedAt, isTold] = [Infinity, false];
  return watchSilence((silentMillis) => {
    const now = performance.now();
    if (stop.received !== null && stopFlag !== null && askedAt === Infinity) {
      Atomics.store(stopFlag, 0, 1);
      askedAt = now;
    }
    if (now - askedAt > STOP_PATIENCE_MILLIS && silentMillis > STOP_PATIENCE_MILLIS) {
      return new PluginFailure(`${who} (an endless loop?): the run was ended after ${String(stop.received)}`);
    }
    if (silentMillis > SILENCE_MILLIS && !isTold) {
      isTold = true;
      const since = `${String(SILENCE_MILLIS / 1000)} s ago`;
      onWarnings([`${who}, begun ${since} (an endless loop?): Ctrl-C twice ends the run at once`]);
    }
    return null;
  });
}

/** Throws what the run threw. */
export function resultOf(answer: PoolAnswer): RunResult {
  if ('result' in answer) return answer.result;
  throw errorOf(answer);
}

function errorOf(answer: PoolAnswer): Error {
  if ('problems' in answer || 'failure' in answer) return unpackError(answer);
  return new Error('a thread answered what it was not asked');
}
