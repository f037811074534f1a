/**
 * Objects of a JSON array, or of JSON lines, one at a time, in bounded memory: the file may be larger than memory, one
 * object may not be larger than MAX_OBJECT_BYTES.
 */
import { InputError } from '../../base/input-error.ts';
import type { ByteSource } from './byte-source.ts';

export const MAX_OBJECT_BYTES = 16_777_216;

const QUOTE = 34;
const COMMA = 44;
const LINE_FEED = 10;
const OPEN_ARRAY = 91;
const BACKSLASH = 92;
const CLOSE_ARRAY = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

export class JsonElementReader {
  /** Line on which the object last given begins. */
  line = 0;
  /** The last line has no line end. Complete at the end. */
  endsOpen = false;
  private readonly bytes: ByteSource;
  private readonly file: string;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });
  private chunk: Uint8Array = new Uint8Array(0);
  private offset = 0;
  private currentLine = 1;
  /** Whether the array that holds the objects is open, was closed, or has not been seen. */
  private array: 'none' | 'open' | 'closed' = 'none';
  private isFirst = true;

  constructor(bytes: ByteSource, file: string) {
    this.bytes = bytes;
    this.file = file;
  }

  /** The next object; undefined behind the last. Throws InputError on anything else. */
  next(): unknown {
    for (let byte = this.take(); byte !== -1; byte = this.take()) {
      if (byte === OPEN_OBJECT && this.array !== 'closed') return this.object();
      if (byte === LINE_FEED) this.currentLine++;
      else if (byte === OPEN_ARRAY && this.array === 'none') this.array = 'open';
      else if (byte === CLOSE_ARRAY && this.array === 'open') this.array = 'closed';
      else if (byte > 32 && byte !== COMMA && !(this.isFirst && byte >= 0xbb)) this.refuse('expected JSON objects');
    }
    if (this.array === 'open') this.refuse('the JSON ends before its list is closed: the file was cut short');
    return undefined;
  }

  private take(): number {
    if (this.offset >= this.chunk.length) {
      const next = this.bytes.read();
      if (next === null) return -1;
      this.chunk = next;
      this.offset = 0;
    }
    const byte = this.chunk[this.offset++];
    this.endsOpen = byte !== LINE_FEED;
    return byte;
  }

  /** From behind its opening brace. */
  private object(): unknown {
    this.line = this.currentLine;
    this.isFirst = false;
    const parts: Uint8Array[] = [];
    let start = this.offset - 1;
    let length = 0;
    for (let depth = 1, inText = false; depth > 0;) {
      if (this.offset >= this.chunk.length) {
        // A copy: the source may reuse its chunk.
        parts.push(this.chunk.slice(start));
        length += this.chunk.length - start;
        if (length > MAX_OBJECT_BYTES) this.refuse(`an object longer than ${String(MAX_OBJECT_BYTES)} bytes`);
        if (this.take() === -1) this.refuse('the JSON ends within an object: the file was cut short');
        this.offset = 0;
        start = 0;
      }
      const byte = this.chunk[this.offset++];
      if (byte === LINE_FEED) this.currentLine++;
      if (inText) {
        if (byte === QUOTE) inText = false;
        else if (byte === BACKSLASH)
          this.skipOne(parts, start, (from) => {
            start = from;
          });
      } else if (byte === QUOTE) inText = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth--;
    }
    this.endsOpen = true;
    parts.push(this.chunk.slice(start, this.offset));
    return this.parsed(parts);
  }

  /** The byte behind a backslash means nothing to us; it may stand in the next chunk. */
  private skipOne(parts: Uint8Array[], start: number, restart: (from: number) => void): void {
    if (this.offset < this.chunk.length) {
      this.offset++;
      return;
    }
    parts.push(this.chunk.slice(start));
    if (this.take() === -1) this.refuse('the JSON ends within an object: the file was cut short');
    restart(0);
  }

  private parsed(parts: readonly Uint8Array[]): unknown {
    let text = '';
    try {
      for (const part of parts) text += this.decoder.decode(part, { stream: true });
      text += this.decoder.decode();
    } catch {
      throw new InputError({
        file: this.file,
        line: this.line,
        message: 'bytes that are not UTF-8 text: expected a file saved as UTF-8',
      });
    }
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      const reason = error instanceof Error ? error.message.replace(/\s+/g, ' ').slice(0, 100) : 'not JSON';
      throw new InputError({ file: this.file, line: this.line, message: `broken JSON: ${reason}` });
    }
  }

  private refuse(message: string): never {
    throw new InputError({ file: this.file, line: this.currentLine, message });
  }
}
