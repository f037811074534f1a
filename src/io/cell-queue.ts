/**
 * The cells of a sweep as jobs of a BullMQ queue on Redis or Valkey: whoever plans the sweep asks for cells, workers on
 * any machine play them. The queue's name is the hash of the whole plan, so that a worker with other files, or of
 * another version, never answers for it. Answers travel in the job; the folder of the one who asked is what counts, and
 * the queue can be lost at any time. Needs the packages bullmq and ioredis, which are asked for here.
 */
import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type * as BullMq from 'bullmq';
import type * as IoRedis from 'ioredis';
import { InputError } from '../base/input-error.ts';
import { isMeasuredRun } from '../experiment/cells.ts';
import type { CellOutcome } from '../experiment/sweep-record.ts';
import { OutputError } from './system-errors.ts';

/** Sweeps that somebody waits for, by name of their queue: the name of the sweep. */
const SWEEPS = 'podyard:sweeps';
const REACHED_WITHIN_MILLIS = 5000;
/** A worker that has not been heard of for so long is taken for dead; its thread for messages is never busy. */
const LOCK_MILLIS = 6000;
const STALLED_CHECK_MILLIS = 2000;
/** Cells are safe to play again: no number of dead workers fails one. */
const STALLED_MOST = 1_000_000;
/** Answers that an event did not tell of are looked for so often. */
const LOOK_MILLIS = 3000;
const ASKED_CHECK_MILLIS = 500;
const POLL_MILLIS = 100;
const BATCH = 1000;
/** BullMQ's own names may not be whole numbers, which hashes can look like. */
const JOB_PREFIX = 'cell-';
const KEPT: BullMq.JobsOptions = { removeOnComplete: false, removeOnFail: false };

export interface QueueAddress {
  /** redis://, rediss:// or unix socket. */
  readonly url: string;
  /** Of the sweep's plan, with the names of its cells. */
  readonly recordText: string;
  /** For messages to people. */
  readonly sweep: string;
}

interface Packages {
  readonly bullmq: Pick<typeof BullMq, 'Queue' | 'QueueEvents' | 'Worker'>;
  readonly ioredis: Pick<typeof IoRedis, 'Redis'>;
}

/** What a worker answers. */
interface Answer {
  readonly cell: string;
  readonly outcome: NonNullable<CellOutcome>;
}

export interface AskOptions {
  readonly onOutcome: (cell: string, outcome: NonNullable<CellOutcome>) => void;
  readonly onTrouble: (message: string) => void;
  readonly isStopped: () => boolean;
}

/**
 * Asks for the cells and hands on each outcome once. false: stopped; what was asked for stays in the queue. Throws
 * InputError where a package is missing, OutputError where the server is not to be reached.
 */
export async function askForCells(
  address: QueueAddress,
  cells: readonly string[],
  { onOutcome, onTrouble, isStopped }: AskOptions,
): Promise<boolean> {
  const connection = await connectionTo(address.url);
  const { bullmq } = await packages();
  const name = queueNameOf(address);
  const trouble = troubleOf(onTrouble);
  const queue: BullMq.Queue = new bullmq.Queue(name, { connection: connection.open(trouble.lost) });
  const events: BullMq.QueueEvents = new bullmq.QueueEvents(name, { connection: connection.open(trouble.lost) });
  const open = new Set(cells);
  const take = (jobId: string, value: unknown): void => {
    const answer = answerOf(jobId, value);
    if (answer === null || !open.delete(answer.cell)) return;
    onOutcome(answer.cell, answer.outcome);
  };
  try {
    queue.on('error', trouble.lost);
    events.on('error', trouble.lost);
    events.on('completed', ({ jobId, returnvalue }) => { take(jobId, returnvalue); });
    events.on('failed', ({ jobId, failedReason }) => { take(jobId, { cell: cellOf(jobId), failure: failedReason }); });
    await events.waitUntilReady();
    await connection.main.hset(SWEEPS, name, address.sweep);
    await takeAnswers(queue, take, true);
    await ask(queue, [...open]);
    let looked = performance.now();
    while (open.size > 0 && !isStopped()) {
      await setTimeout(POLL_MILLIS);
      if (performance.now() - looked < LOOK_MILLIS) continue;
      looked = performance.now();
      trouble.back();
      await takeAnswers(queue, take, false);
      if (open.size > 0 && (await queue.getWorkersCount()) === 0)
        trouble.once('no worker is there: podyard worker SWEEP --redis URL starts one');
    }
    if (open.size > 0) return false;
    await connection.main.hdel(SWEEPS, name);
    await queue.obliterate({ force: true });
    return true;
  } finally {
    await Promise.allSettled([events.close(), queue.close()]);
    connection.close();
  }
}

export interface ServeOptions {
  /** Cells at one time. */
  readonly jobs: number;
  /** `slot`: below `jobs`, and that of no other cell at this time. */
  readonly play: (cell: string, slot: number) => Promise<NonNullable<CellOutcome>>;
  readonly onTrouble: (message: string) => void;
  readonly isStopped: () => boolean;
}

/**
 * Plays cells that the sweep is asked for, until it is done: true. false: stopped. Waits for a sweep that nobody has
 * asked for yet. Throws as `askForCells` does.
 */
export async function serveCells(
  address: QueueAddress,
  { jobs, play, onTrouble, isStopped }: ServeOptions,
): Promise<boolean> {
  const connection = await connectionTo(address.url);
  const { bullmq } = await packages();
  const name = queueNameOf(address);
  const trouble = troubleOf(onTrouble);
  const free = Array.from({ length: jobs }, (_, slot) => jobs - 1 - slot);
  const answer = async (cell: string): Promise<Answer> => {
    const slot = free.pop() ?? 0;
    try {
      return { cell, outcome: await play(cell, slot) };
    } finally {
      free.push(slot);
    }
  };
  const worker: BullMq.Worker = new bullmq.Worker(name, (job) => answer(cellOf(job.id ?? '')), {
    connection: connection.open(trouble.lost),
    concurrency: jobs,
    lockDuration: LOCK_MILLIS,
    stalledInterval: STALLED_CHECK_MILLIS,
    maxStalledCount: STALLED_MOST,
  });
  worker.on('error', trouble.lost);
  try {
    let wasAsked = false;
    while (!isStopped()) {
      const asked = await connection.main.hgetall(SWEEPS);
      trouble.back();
      if (name in asked) wasAsked = true;
      else if (wasAsked) return true;
      else trouble.once(waiting(address.sweep, Object.values(asked)));
      for (let waited = 0; waited < ASKED_CHECK_MILLIS && !isStopped(); waited += POLL_MILLIS)
        await setTimeout(POLL_MILLIS);
    }
    return false;
  } finally {
    // What is being played is left to others: its lock runs out.
    await Promise.allSettled([worker.close(true)]);
    connection.close();
  }
}

function waiting(sweep: string, asked: readonly string[]): string {
  if (!asked.includes(sweep)) return `nobody has asked for ${sweep} yet: waiting`;
  return `${sweep} is asked for, but with other files or another version of Podyard: waiting for this one`;
}

/**
 * Takes the outcomes that lie in the queue out of it. `again`: what failed there is forgotten, to be asked for again.
 */
async function takeAnswers(
  queue: BullMq.Queue,
  take: (jobId: string, value: unknown) => void,
  again: boolean,
): Promise<void> {
  for (const state of ['completed', 'failed'] as const) {
    for (;;) {
      const jobs = await queue.getJobs([state], 0, BATCH - 1, true);
      for (const job of jobs) {
        const id = job.id ?? '';
        if (state === 'completed') take(id, job.returnvalue);
        else if (!again) take(id, { cell: cellOf(id), failure: job.failedReason });
        await job.remove();
      }
      if (jobs.length < BATCH) break;
    }
  }
}

/** Jobs that are there already are left as they are. */
async function ask(queue: BullMq.Queue, cells: readonly string[]): Promise<void> {
  for (let from = 0; from < cells.length; from += BATCH) {
    const jobs = cells.slice(from, from + BATCH).map((cell) => ({
      name: 'cell',
      data: {},
      opts: { ...KEPT, jobId: `${JOB_PREFIX}${cell}` },
    }));
    await queue.addBulk(jobs);
  }
}

function queueNameOf({ recordText }: QueueAddress): string {
  return `podyard-sweep-${createHash('sha256').update(recordText).digest('hex').slice(0, 32)}`;
}

function cellOf(jobId: string): string {
  return jobId.startsWith(JOB_PREFIX) ? jobId.slice(JOB_PREFIX.length) : jobId;
}

/** null: not the answer of a worker of ours. */
function answerOf(jobId: string, value: unknown): Answer | null {
  const { cell, outcome, failure } = value as { cell?: unknown; outcome?: CellOutcome; failure?: unknown };
  if (cell !== cellOf(jobId) || typeof cell !== 'string') return null;
  if (typeof failure === 'string') return { cell, outcome: { failure } };
  if (outcome === null || outcome === undefined) return null;
  if ('failure' in outcome) return typeof outcome.failure === 'string' ? { cell, outcome } : null;
  return isMeasuredRun(outcome.run) ? { cell, outcome } : null;
}

interface Connection {
  /** For plain commands. */
  readonly main: IoRedis.Redis;
  /** One more, as BullMQ wants it: it waits for the server for as long as that takes. */
  open(onError: (error: Error) => void): IoRedis.Redis;
  close(): void;
}

async function connectionTo(url: string): Promise<Connection> {
  const { ioredis } = await packages();
  const probe = new ioredis.Redis(url, {
    lazyConnect: true,
    connectTimeout: REACHED_WITHIN_MILLIS,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  let reason = '';
  probe.on('error', (error: Error) => { reason = error.message; });
  try {
    await probe.connect();
    await probe.ping();
  } catch (error) {
    const why = reason === '' && error instanceof Error ? error.message : reason;
    throw new OutputError(`${withoutPassword(url)}: no Redis or Valkey answers there (${why})`);
  } finally {
    probe.disconnect();
  }
  const made: IoRedis.Redis[] = [];
  const open = (onError: (error: Error) => void): IoRedis.Redis => {
    const client = new ioredis.Redis(url, { maxRetriesPerRequest: null });
    client.on('error', onError);
    made.push(client);
    return client;
  };
  return {
    main: open(() => undefined),
    open,
    close: () => { for (const client of made) client.disconnect(); },
  };
}

/** What is told once, until it has changed. */
function troubleOf(onTrouble: (message: string) => void): {
  readonly lost: (error: Error) => void;
  readonly back: () => void;
  readonly once: (message: string) => void;
} {
  let isLost = false;
  const told = new Set<string>();
  return {
    lost: ({ message }) => {
      if (isLost) return;
      isLost = true;
      onTrouble(`the queue does not answer (${message}): waiting for it`);
    },
    back: () => { isLost = false; },
    once: (message) => {
      if (told.has(message)) return;
      told.add(message);
      onTrouble(message);
    },
  };
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//');
}

async function packages(): Promise<Packages> {
  try {
    const [bullmq, ioredis] = await Promise.all([import('bullmq'), import('ioredis')]);
    return { bullmq, ioredis };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new InputError({ message: 'a queue needs two packages that are not installed: npm install bullmq ioredis' });
  }
}
