/**
 * Trace files as synchronous byte sources, in pieces, gzip unpacked on the way (known by its first bytes, not by its
 * name; several members one after another count as one file); tables in Parquet come as CSV. Memory: one piece of the
 * file, what it unpacks to (at most about a thousand times GZIP_PIECE_BYTES), and the window of the decompressor.
 *
 * The decompressor (fflate) neither checks sums nor notices every early end, so every member's CRC-32 and length are
 * checked here: a file that was cut or damaged is refused, whatever the place.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { Gunzip } from 'fflate';
import { InputError } from '../base/input-error.ts';
import type { ByteSource } from '../workload/traces/byte-source.ts';
import { Crc32 } from './crc32.ts';
import { isParquet, openParquet } from './parquet-source.ts';
import { spooledStream } from './spooled-streams.ts';
import { OutputError, isMachineFault, systemCode, systemReason } from './system-errors.ts';

const FILE_PIECE_BYTES = 262_144;
const GZIP_PIECE_BYTES = 16_384;
const GZIP_TRAILER_BYTES = 8;

export interface OpenByteSource extends ByteSource {
  /** Closes the file; reading to the end does so, too. */
  close(): void;
}

/** Opens a file for reading from its beginning. Throws InputError when it cannot be opened or read. */
export function openTraceFile(path: string): OpenByteSource {
  const file = new FileSource(path);
  const head = file.read();
  if (head !== null && isParquet(head)) {
    file.close();
    return openParquet(path);
  }
  const raw: OpenByteSource = { read: prepended(head, file), close: () => { file.close(); } };
  return head !== null && isGzip(head) ? new GunzipSource(raw, path) : raw;
}

/** Unpacks `bytes` when they are gzip, else hands them on. `name` stands in messages. */
export function unpacked(bytes: ByteSource, name: string): ByteSource {
  let head: Uint8Array | null = bytes.read()?.slice() ?? null;
  // The two magic bytes may come in two pieces.
  while (head !== null && head.length < 2) {
    const more = bytes.read();
    if (more === null) break;
    head = joined(head, more);
  }
  const source = { read: prepended(head, bytes), close: (): void => undefined };
  return head !== null && isGzip(head) ? new GunzipSource(source, name) : source;
}

function isGzip(head: Uint8Array): boolean {
  return head.length >= 2 && head[0] === 0x1f && head[1] === 0x8b;
}

function prepended(head: Uint8Array | null, rest: ByteSource): () => Uint8Array | null {
  let first = head;
  return () => {
    if (first === null) return rest.read();
    const bytes = first;
    first = null;
    return bytes;
  };
}

class FileSource implements OpenByteSource {
  private readonly path: string;
  private readonly buffer = new Uint8Array(FILE_PIECE_BYTES);
  /** Of the copy of a stream, which others read, too; null: the file itself is read. */
  private readonly copy: number | null;
  private descriptor: number | null;
  private position = 0;

  constructor(path: string) {
    this.path = path;
    this.copy = spooledStream(path);
    this.descriptor = this.copy ?? this.attempt('open', () => openSync(path, 'r'));
  }

  read(): Uint8Array | null {
    const { descriptor } = this;
    if (descriptor === null) return null;
    const length = this.attempt('read', () =>
      readSync(descriptor, this.buffer, 0, FILE_PIECE_BYTES, this.copy === null ? null : this.position),
    );
    this.position += length;
    if (length > 0) return this.buffer.subarray(0, length);
    this.close();
    return null;
  }

  close(): void {
    if (this.descriptor !== null && this.copy === null) closeSync(this.descriptor);
    this.descriptor = null;
  }

  private attempt<Result>(verb: string, action: () => Result): Result {
    try {
      return action();
    } catch (error) {
      const code = systemCode(error);
      if (code !== undefined && isMachineFault(code))
        throw new OutputError(`${this.path} cannot be read: ${systemReason(code)}`);
      throw new InputError({ file: this.path, message: `cannot ${verb} the file: ${reasonOf(error)}` });
    }
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EISDIR':
      return 'it is a folder';
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    default:
      return systemReason(code);
  }
}

class GunzipSource implements OpenByteSource {
  private readonly source: OpenByteSource;
  private readonly name: string;
  private readonly gunzip: Gunzip;
  private readonly output: Uint8Array[] = [];
  /** The piece of the file at hand, and what of it has been unpacked. */
  private piece: Uint8Array = new Uint8Array(0);
  private pieceOffset = 0;
  private atEnd = false;

  /** Sum and length of the member being unpacked. */
  private readonly crc = new Crc32();
  private memberBytes = 0;
  /** The last bytes given to the decompressor, long enough to hold the trailer before a member that just began. */
  private recent: Uint8Array = new Uint8Array(0);
  /** Bytes given to the decompressor so far. */
  private givenBytes = 0;

  constructor(source: OpenByteSource, name: string) {
    this.source = source;
    this.name = name;
    this.gunzip = new Gunzip((bytes) => {
      if (bytes.length === 0) return;
      this.crc.add(bytes);
      this.memberBytes += bytes.length;
      this.output.push(bytes);
    });
    this.gunzip.onmember = (offset): void => {
      this.checkTrailer(offset);
    };
  }

  read(): Uint8Array | null {
    while (this.output.length === 0) {
      if (this.atEnd) return null;
      this.unpackMore();
    }
    return this.output.shift() ?? null;
  }

  close(): void {
    this.source.close();
  }

  private unpackMore(): void {
    if (this.pieceOffset >= this.piece.length) {
      const piece = this.source.read();
      if (piece === null) {
        this.push(new Uint8Array(0), true);
        this.checkTrailer(this.givenBytes);
        this.atEnd = true;
        return;
      }
      this.piece = piece;
      this.pieceOffset = 0;
    }
    // A copy: the decompressor keeps what it could not use yet, the file reuses its buffer.
    const bytes = this.piece.slice(this.pieceOffset, this.pieceOffset + GZIP_PIECE_BYTES);
    this.pieceOffset += bytes.length;
    this.recent = joined(this.recent.subarray(Math.max(0, this.recent.length - GZIP_PIECE_BYTES)), bytes);
    this.givenBytes += bytes.length;
    this.push(bytes, false);
  }

  private push(bytes: Uint8Array, final: boolean): void {
    try {
      this.gunzip.push(bytes, final);
    } catch (error) {
      if (error instanceof InputError) throw error;
      this.refuse();
    }
  }

  /** Compares sum and length with the trailer that ends at `offset`, then begins a new member. */
  private checkTrailer(offset: number): void {
    const start = this.recent.length - (this.givenBytes - offset) - GZIP_TRAILER_BYTES;
    if (start < 0) this.refuse();
    const trailer = new DataView(this.recent.buffer, this.recent.byteOffset + start, GZIP_TRAILER_BYTES);
    const sumAgrees = trailer.getUint32(0, true) === this.crc.value();
    const lengthAgrees = trailer.getUint32(4, true) === this.memberBytes % 4_294_967_296;
    if (!sumAgrees || !lengthAgrees) this.refuse();
    this.crc.reset();
    this.memberBytes = 0;
  }

  private refuse(): never {
    this.close();
    const message = 'the gzip data is cut short or damaged: expected it to end with the checksum of its content';
    throw new InputError({ file: this.name, message });
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
