/**
 * A thread that plays one run after the other. One that plugins of the user's own were on is not used again, so that
 * nothing that a plugin keeps in its module shows in another run: results must not depend on how many threads there
 * are.
 */
import { Worker } from 'node:worker_threads';
import type { WorkerOptions } from 'node:worker_threads';

/**
 * Room for what is young: most objects of a run live for less than a slice of it, and are gone before they are looked
 * at. Node's own limit is 48; a thread with this one takes up to 144 MiB more and a twelfth less processor time.
 */
const YOUNG_MEBIBYTES = 192;

export class PoolThread {
  private readonly url: URL;
  private readonly options: WorkerOptions;
  private worker: Worker | null = null;

  constructor(url: URL, options: WorkerOptions = {}) {
    this.url = url;
    this.options = {
      ...options,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEBIBYTES, ...options.resourceLimits },
    };
  }

  /** Calls `act` with the thread, which is made when there is none. */
  async use<T>(pluginFiles: readonly string[], act: (worker: Worker) => Promise<T>): Promise<T> {
    this.worker ??= new Worker(this.url, this.options);
    try {
      return await act(this.worker);
    } finally {
      if (pluginFiles.length > 0) await this.end();
    }
  }

  async end(): Promise<void> {
    const { worker } = this;
    this.worker = null;
    await worker?.terminate();
  }
}

/** How what a thread says is taken. */
export interface AskOptions<Message, Answer> {
  /** null: it was told on the way, and the answer is still to come. */
  readonly answerIn: (message: Message) => Answer | null;
  /** What to throw for an error outside of any answer, and for a thread that has ended without one. */
  readonly failed: (error: unknown) => Error;
  readonly exited: (code: number) => Error;
}

/** Sends a thread its task, and waits for the answer. */
export function askThread<Message, Answer>(
  worker: Worker,
  task: unknown,
  { answerIn, failed, exited }: AskOptions<Message, Answer>,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      act();
    };
    const onMessage = (message: Message): void => {
      const answer = answerIn(message);
      if (answer !== null) settle(() => { resolve(answer); });
    };
    const onError = (error: unknown): void => { settle(() => { reject(failed(error)); }); };
    const onExit = (code: number): void => { settle(() => { reject(exited(code)); }); };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
    worker.postMessage(task);
  });
}

/** How often a thread that is waited for is looked at. */
export const POLL_MILLIS = 100;

export interface SilenceWatch {
  /** Rejects when the thread is given up. */
  readonly gaveUp: Promise<never>;
  /** To be called whenever it says something. */
  heard(): void;
  end(): void;
}

/** `look` is asked again and again, with how long the thread has said nothing; the error it gives ends the waiting. */
export function watchSilence(look: (silentMillis: number) => Error | null): SilenceWatch {
  let heardAt = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const gaveUp = new Promise<never>((_resolve, reject) => {
    timer = setInterval(() => {
      const error = look(performance.now() - heardAt);
      if (error !== null) reject(error);
    }, POLL_MILLIS);
  });
  return {
    gaveUp,
    heard: () => { heardAt = performance.now(); },
    end: () => { clearInterval(timer); },
  };
}
