/**
 * Numbers and texts as bytes, for the file that is kept of a run: small numbers take one byte, and a text that differs
 * from an earlier one in its numbers only takes little more than those.
 */
import { Interner } from '../base/interner.ts';

/** Bytes that are handed over at once. */
const CHUNK_BYTES = 1 << 20;
/** Room for any number, and its kind. */
const ENTRY_BYTES = 64;
/** Numbers as they are printed, and as many digits as are exact. */
const NUMBERS = /[1-9][0-9]{0,14}|0(?![0-9])/g;
/** Stands for a number in a shape; no JSON text holds it. */
const HOLE = '\u0000';
const TWO_TO_31 = 2147483648;

/** Takes what has been written so far. */
export type TakeBytes = (bytes: Uint8Array) => void;

export class KeptWriter {
  private bytes: Uint8Array = new Uint8Array(CHUNK_BYTES + ENTRY_BYTES);
  private length = 0;
  private readonly take: TakeBytes;
  private readonly shapes = new Interner();
  private readonly encoder = new TextEncoder();

  constructor(take: TakeBytes) {
    this.take = take;
  }

  /** Begins an entry of a kind. */
  begin(kind: number): void {
    if (this.length >= CHUNK_BYTES) this.flush();
    this.makeRoom(ENTRY_BYTES);
    this.bytes[this.length++] = kind;
  }

  /** A whole number of 0 or more; 7 bits a byte. */
  number(value: number): void {
    if (this.length + 10 > this.bytes.length) this.makeRoom(ENTRY_BYTES);
    const { bytes } = this;
    let rest = value;
    while (rest >= TWO_TO_31) {
      bytes[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest > 127) {
      bytes[this.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    bytes[this.length++] = rest;
  }

  /** Any whole number; those near 0 are short. */
  signed(value: number): void {
    this.number(value < 0 ? -2 * value - 1 : 2 * value);
  }

  text(text: string): void {
    const encoded = this.encoder.encode(text);
    this.number(encoded.length);
    this.makeRoom(encoded.length);
    this.bytes.set(encoded, this.length);
    this.length += encoded.length;
  }

  /** A text whose like has been written before, but for its numbers. It must not hold the character 0. */
  shaped(text: string): void {
    const numbers: number[] = [];
    const shape = text.replace(NUMBERS, (digits) => {
      numbers.push(Number(digits));
      return HOLE;
    });
    const known = this.shapes.size;
    const id = this.shapes.intern(shape);
    this.number(id);
    if (id === known) this.text(shape);
    for (const number of numbers) this.number(number);
  }

  flush(): void {
    if (this.length > 0) this.take(this.bytes.subarray(0, this.length));
    this.length = 0;
  }

  private makeRoom(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.bytes.length, this.length + more));
    grown.set(this.bytes);
    this.bytes = grown;
  }
}

export class KeptReader {
  /** Index of the byte that is read next. */
  at = 0;
  private readonly bytes: Uint8Array;
  /** Pieces between the numbers. */
  private readonly shapes: string[][] = [];
  private readonly decoder = new TextDecoder();

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get hasMore(): boolean {
    return this.at < this.bytes.length;
  }

  byte(): number {
    return this.bytes[this.at++];
  }

  number(): number {
    const { bytes } = this;
    let byte = bytes[this.at++];
    let value = byte & 127;
    for (let shift = 7; byte > 127; shift += 7) {
      byte = bytes[this.at++];
      value = shift < 28 ? value | ((byte & 127) << shift) : value + (byte & 127) * powerOfTwo(shift);
    }
    return value;
  }

  signed(): number {
    const value = this.number();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  text(): string {
    const length = this.number();
    this.at += length;
    return this.decoder.decode(this.bytes.subarray(this.at - length, this.at));
  }

  /** As `shaped` wrote it. */
  shaped(): string {
    const id = this.number();
    if (id === this.shapes.length) this.shapes.push(this.text().split(HOLE));
    const pieces = this.shapes[id];
    let text = pieces[0];
    for (let i = 1; i < pieces.length; i++) text += `${String(this.number())}${pieces[i]}`;
    return text;
  }
}

function powerOfTwo(exponent: number): number {
  let power = 1;
  for (let i = 0; i < exponent; i++) power *= 2;
  return power;
}
