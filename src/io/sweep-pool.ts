/**
 * Cells of a sweep, several at a time, each on a thread. Whatever a cell does to its thread (it throws, loops, ends it,
 * uses up its memory) is that cell's failure; the others go on.
 */
import { totalmem } from 'node:os';
import { InputError } from '../base/input-error.ts';
import { withoutTables } from '../experiment/without-tables.ts';
import { measureRun } from '../experiment/measured-run.ts';
import type { CellOutcome } from '../experiment/sweep-record.ts';
import type { Scenario } from '../simulation/scenario.ts';
import type { ProgressFacts } from './progress.ts';
import { PoolThread, watchSilence } from './pool-thread.ts';
import { ask, resultOf, unlessStopped, workerUrl } from './run-pool.ts';
import type { PoolTask } from './run-pool.ts';

export interface SweepPoolOptions {
  readonly jobs: number;
  readonly version: string;
  readonly plain: boolean;
  /** How long a cell with plugins of one's own may say nothing. */
  readonly patienceSeconds: number;
  readonly onProgress: (index: number, facts: ProgressFacts) => void;
  /** Called as cells end, in any order. */
  readonly onOutcome: (index: number, outcome: NonNullable<CellOutcome>) => void;
  /** Asked a few times a second; true ends all threads. */
  readonly isStopped: () => boolean;
}

const MEBIBYTE = 1024 * 1024;
/** Of the heap of a thread: what Node takes of large machines, and what a day's run needs at least. */
const MOST_HEAP_MIB = 4096;
const LEAST_HEAP_MIB = 512;
const SHARE_OF_MEMORY = 0.75;

/** `scenarioAt`: asked once for each index. false: stopped. Throws what `onOutcome` throws. */
export async function sweepOnThreads(
  count: number,
  scenarioAt: (index: number) => Scenario,
  options: SweepPoolOptions,
): Promise<boolean> {
  const slots = Array.from({ length: Math.min(options.jobs, count) }, () => new SweepThread(options));
  let next = 0;
  const serve = async (slot: SweepThread): Promise<void> => {
    while (next < count && !options.isStopped()) {
      const index = next++;
      options.onOutcome(index, await slot.play(index, scenarioAt(index)));
    }
  };
  try {
    const isDone = await unlessStopped(Promise.all(slots.map(serve)), options.isStopped);
    return isDone && !options.isStopped();
  } finally {
    await Promise.all(slots.map((slot) => slot.end()));
  }
}

export type SweepThreadOptions = Pick<
  SweepPoolOptions,
  'jobs' | 'version' | 'plain' | 'patienceSeconds' | 'onProgress'
>;

/** A thread that is made anew when a cell has spoilt it. */
export class SweepThread {
  private readonly options: SweepThreadOptions;
  private readonly thread: PoolThread;

  constructor(options: SweepThreadOptions) {
    this.options = options;
    const resourceLimits = { maxOldGenerationSizeMb: heapMebibytes(options.jobs) };
    this.thread = new PoolThread(workerUrl(), { resourceLimits });
  }

  async play(index: number, scenario: Scenario): Promise<NonNullable<CellOutcome>> {
    const { version, plain, onProgress } = this.options;
    const { pluginFiles } = scenario.scheduler;
    const patience = pluginFiles.length > 0 ? this.options.patienceSeconds : Infinity;
    const watch = watchSilence((silentMillis) =>
      silentMillis <= patience * 1000
        ? null
        : new SilenceError(`has not come back from a call for ${String(patience)} s (an endless loop?)`),
    );
    const listener = {
      onProgress: (of: number, facts: ProgressFacts): void => {
        watch.heard();
        onProgress(of, facts);
      },
      onWarnings: () => undefined,
    };
    try {
      const task: PoolTask = { index, scenario, version, plain, keepsSeries: false, stopFlag: null };
      const result = resultOf(
        await this.thread.use(pluginFiles, (worker) => Promise.race([ask(worker, task, listener), watch.gaveUp])),
      );
      return { run: measureRun(withoutTables(result)) };
    } catch (error) {
      await this.end();
      return { failure: reasonOf(error, scenario) };
    } finally {
      watch.end();
    }
  }

  end(): Promise<void> {
    return this.thread.end();
  }
}

class SilenceError extends Error {
  override readonly name = 'SilenceError';
}

/** One line, the same on every machine: places name the file without its folder. */
function reasonOf(error: unknown, scenario: Scenario): string {
  return failureOf(error, scenario).replace(/file:\/\/\/\S*\/([^/\s]+)/g, '$1');
}

function failureOf(error: unknown, { scheduler }: Scenario): string {
  const plugins = scheduler.pluginFiles.join(', ');
  if (error instanceof InputError) return error.message.split('\n').join('; ');
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  if (/reaching memory limit/.test(message)) {
    return `${plugins === '' ? '' : `${plugins}: `}out of memory: the thread of the cell has reached its limit`;
  }
  if (name === 'SilenceError') return `${plugins}: a plugin ${message}`;
  const line = message.split('\n')[0];
  if (name === 'PluginFailure') return line;
  return name === 'AssertionFailure' ? `an internal check failed: ${line}` : `an unexpected error: ${line}`;
}

function heapMebibytes(jobs: number): number {
  const share = Math.floor((totalmem() / MEBIBYTE) * SHARE_OF_MEMORY / jobs);
  return Math.max(LEAST_HEAP_MIB, Math.min(MOST_HEAP_MIB, share));
}
