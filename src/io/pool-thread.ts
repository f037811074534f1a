/**
 * A thread that plays one run after the other. One that plugins of the user's own were on is not used again, so that
 * nothing that a plugin keeps in its module shows in another run: results must not depend on how many threads there
 * are.
 */
import { Worker } from 'node:worker_threads';
import type { WorkerOptions } from 'node:worker_threads';

export class PoolThread {
  private readonly url: URL;
  private readonly options: WorkerOptions;
  private worker: Worker | null = null;

  constructor(url: URL, options: WorkerOptions = {}) {
    this.url = url;
    this.options = options;
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
