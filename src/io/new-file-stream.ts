/**
 * One file for the user that is written piece by piece, whole or not at all, as new-file.ts does it; packed when its
 * name ends with .gz. What is held in memory is what came since the last `flush`. The pieces are equally long whenever
 * they come, so that a packed file has the same bytes, too.
 */
import { once } from 'node:events';
import { createWriteStream, openSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs';
import type { Stats, WriteStream } from 'node:fs';
import { createGzip } from 'node:zlib';
import type { Gzip } from 'node:zlib';
import { clearPartials, newFileError, partialName, putNew } from './new-file.ts';

const PIECE_BYTES = 1 << 18;

export class NewFileStream {
  /** Bytes before they are packed. */
  bytes = 0;
  private readonly path: string;
  private readonly isNew: boolean;
  /** null: what is there is no regular file, and is written to as it is. */
  private readonly partial: string | null;
  private readonly place: string;
  private readonly file: WriteStream;
  private readonly gzip: Gzip | null;
  private readonly failure = new AbortController();
  private texts: string[] = [];
  private rest: Buffer = Buffer.alloc(0);

  /** Throws InputError when there is a file and `force` is not set, or no folder. */
  constructor(path: string, { force }: { readonly force: boolean }) {
    this.path = path;
    const stats = seen(path);
    if (stats?.isFile() === true && !force) throw newFileError(systemError('EEXIST'), path);
    if (stats?.isDirectory() === true) throw newFileError(systemError('EISDIR'), path);
    this.isNew = stats === undefined;
    this.place = stats?.isFile() === true ? realpathSync(path) : path;
    this.partial = stats === undefined || stats.isFile() ? partialName(this.place) : null;
    if (this.partial !== null) clearPartials(this.place);
    const fd = opened(this.partial ?? path, path, stats?.isFile() === true ? stats.mode : 0o666);
    this.file = createWriteStream('', { fd });
    this.file.on('error', (error) => { this.failure.abort(error); });
    this.gzip = path.endsWith('.gz') ? createGzip() : null;
    this.gzip?.pipe(this.file);
  }

  /** Held until the next `flush`. */
  write(text: string): void {
    this.texts.push(text);
  }

  /** Sends whole pieces on and waits until there is room for more. */
  async flush(): Promise<void> {
    if (this.texts.length === 0) return;
    const bytes = Buffer.concat([this.rest, Buffer.from(this.texts.join(''))]);
    this.texts = [];
    this.bytes += bytes.length - this.rest.length;
    let from = 0;
    for (; bytes.length - from >= PIECE_BYTES; from += PIECE_BYTES) {
      await this.send(bytes.subarray(from, from + PIECE_BYTES));
    }
    this.rest = Buffer.from(bytes.subarray(from));
  }

  /** The file stands in its place. */
  async commit(): Promise<void> {
    try {
      await this.flush();
      await this.send(this.rest);
      this.head.end();
      if (!this.file.closed) await once(this.file, 'close', { signal: this.failure.signal });
      if (this.partial === null) return;
      if (this.isNew) putNew(this.partial, this.place);
      else renameSync(this.partial, this.place);
    } catch (error) {
      throw this.told(error);
    } finally {
      this.removePartial();
    }
  }

  /** Nothing remains of it, unless it is committed already. */
  abandon(): void {
    this.file.destroy();
    this.removePartial();
  }

  private get head(): Gzip | WriteStream {
    return this.gzip ?? this.file;
  }

  private async send(piece: Buffer): Promise<void> {
    const { signal } = this.failure;
    try {
      signal.throwIfAborted();
      if (!this.head.write(piece)) await once(this.head, 'drain', { signal });
    } catch (error) {
      throw this.told(error);
    }
  }

  /** `once` throws an AbortError; the reason is what the system said. */
  private told(error: unknown): unknown {
    return newFileError(this.failure.signal.aborted ? this.failure.signal.reason : error, this.path);
  }

  private removePartial(): void {
    if (this.partial !== null) rmSync(this.partial, { force: true });
  }
}

function seen(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw newFileError(error, path);
  }
}

function opened(place: string, path: string, mode: number): number {
  try {
    return openSync(place, 'w', mode);
  } catch (error) {
    throw newFileError(error, path);
  }
}

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code, syscall: 'open' });
}
