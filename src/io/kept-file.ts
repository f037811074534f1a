/**
 * The file that is kept of a run: a line of JSON that says of what, then the log (experiment/kept-log.ts), packed in
 * pieces. What is being kept stands in memory, packed, until the run has ended. Costs 10 ms a MiB of log.
 */
import { readFileSync } from 'node:fs';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { Crc32 } from './crc32.ts';

export const KEPT_FILE = 'run.kept';

/** Of the log, not of the program: raised whenever an older log would be misread. */
const FORMAT = 1;
/** Of the length before each piece. */
const LENGTH_BYTES = 4;
const NEWLINE = 10;

/** Which run it is of. */
export interface KeptRunFacts {
  /** Podyard's. */
  readonly version: string;
  readonly digest: string;
}

export interface KeptFacts extends KeptRunFacts {
  readonly decisions: number;
  readonly pods: number;
  /** What the decisions depend on and the log does not hold; '': nothing. */
  readonly gap: string;
}

interface Head extends KeptFacts {
  readonly keptFormat: number;
  /** Behind this line. */
  readonly bytes: number;
  readonly logBytes: number;
  readonly crc32: number;
}

/** Packs a log while it is written. */
export class PackedLog {
  private readonly pieces: Uint8Array[] = [];
  private readonly sum = new Crc32();
  private bytes = 0;
  private logBytes = 0;

  add(piece: Uint8Array): void {
    const packed = deflateRawSync(piece, { level: 1 });
    const length = new Uint8Array(LENGTH_BYTES);
    new DataView(length.buffer).setUint32(0, packed.length, true);
    for (const part of [length, packed]) {
      this.pieces.push(part);
      this.sum.add(part);
      this.bytes += part.length;
    }
    this.logBytes += piece.length;
  }

  file(facts: KeptFacts): readonly Uint8Array[] {
    const { bytes, logBytes } = this;
    const head: Head = { keptFormat: FORMAT, ...facts, bytes, logBytes, crc32: this.sum.value() };
    return [new TextEncoder().encode(`${JSON.stringify(head)}\n`), ...this.pieces];
  }
}

export interface KeptRun extends KeptFacts {
  readonly log: Uint8Array;
}

/** Why a file cannot be used: goes on "run.kept ...". */
export interface Unusable {
  readonly why: string;
}

export function readKeptFile(path: string, run: KeptRunFacts): KeptRun | Unusable {
  const file = readFileSync(path);
  const end = file.indexOf(NEWLINE);
  const head = headOf(file.toString('utf8', 0, Math.max(0, end)));
  if (head === null) return { why: 'is no kept run' };
  if (head.keptFormat !== FORMAT || head.version !== run.version) return { why: `is of Podyard ${head.version}` };
  if (head.digest !== run.digest) return { why: 'is of another run than the report beside it' };
  const packed = file.subarray(end + 1);
  if (packed.length < head.bytes) return { why: 'is cut short' };
  const sum = new Crc32();
  sum.add(packed);
  if (packed.length > head.bytes || sum.value() !== head.crc32) return { why: 'is damaged' };
  return { ...head, log: unpacked(packed, head.logBytes) };
}

function headOf(line: string): Head | null {
  try {
    const head = JSON.parse(line) as Head | null;
    return typeof head?.keptFormat === 'number' && typeof head.version === 'string' ? head : null;
  } catch {
    return null;
  }
}

function unpacked(packed: Uint8Array, logBytes: number): Uint8Array {
  const log = new Uint8Array(logBytes);
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  let filled = 0;
  for (let at = 0; at < packed.length; ) {
    const length = view.getUint32(at, true);
    at += LENGTH_BYTES;
    const piece = inflateRawSync(packed.subarray(at, at + length));
    log.set(piece, filled);
    filled += piece.length;
    at += length;
  }
  return log;
}
