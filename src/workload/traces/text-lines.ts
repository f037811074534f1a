/**
 * Lines of text from a byte source, one at a time, in bounded memory: one block of text and one carried piece of a
 * line. UTF-8 (a byte order mark is skipped), LF or CRLF. A line may not be longer than MAX_LINE_BYTES.
 */
import { InputError, type Problem } from '../../base/input-error.ts';
import { isUtf16, joinedBytes } from './byte-source.ts';
import type { ByteSource } from './byte-source.ts';

export const MAX_LINE_BYTES = 4_194_304;

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const NO_BYTES = new Uint8Array(0);

export class TextLineReader {
  /** Line (from 1) last returned by `next`. */
  line = 0;
  /** The last line has no line end. Complete at the end. */
  endsOpen = false;

  private readonly bytes: ByteSource;
  private readonly file: string;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  private carry: Uint8Array = NO_BYTES;
  private atEnd = false;
  private isFirst = true;
  private text = '';
  private offset = 0;
  /** Thrown when the lines before it have been handed out. */
  private pending: Problem | null = null;

  constructor(bytes: ByteSource, file: string) {
    this.bytes = bytes;
    this.file = file;
  }

  /** The next line without its end; null behind the last. Throws InputError on what is no text. */
  next(): string | null {
    while (this.offset >= this.text.length) {
      if (this.pending !== null) throw new InputError(this.pending);
      if (!this.fill()) return null;
    }
    const start = this.offset;
    const lineFeed = this.text.indexOf('\n', start);
    let end = lineFeed === -1 ? this.text.length : lineFeed;
    this.offset = end + 1;
    if (lineFeed !== -1 && end > start && this.text.charCodeAt(end - 1) === CARRIAGE_RETURN) end--;
    this.line++;
    return this.text.slice(start, end);
  }

  private fill(): boolean {
    while (!this.atEnd) {
      const chunk = this.bytes.read();
      if (chunk === null) {
        this.atEnd = true;
        if (this.carry.length === 0) return false;
        this.endsOpen = true;
        const rest = this.carry;
        this.carry = NO_BYTES;
        this.take(rest);
        return true;
      }
      const boundary = chunk.lastIndexOf(LINE_FEED) + 1;
      if (boundary > 0) {
        const block = joinedBytes(this.carry, chunk.subarray(0, boundary));
        this.carry = chunk.slice(boundary);
        this.take(block);
        return true;
      }
      this.carry = joinedBytes(this.carry, chunk.slice());
      if (this.carry.length > MAX_LINE_BYTES) this.refuseLongLine();
    }
    return false;
  }

  private take(block: Uint8Array): void {
    this.offset = 0;
    if (this.isFirst && isUtf16(block)) {
      throw new InputError({ file: this.file, line: 1, message: 'text in UTF-16: expected a file saved as UTF-8' });
    }
    const nul = block.indexOf(0);
    const readable = nul === -1 ? block : block.subarray(0, block.lastIndexOf(LINE_FEED, nul) + 1);
    this.text = this.decode(readable);
    if (this.isFirst && this.text.charCodeAt(0) === 0xfeff) this.text = this.text.slice(1);
    this.isFirst = false;
    if (nul !== -1 && this.pending === null) {
      this.pending = { file: this.file, line: this.lineBehind(readable), message: 'a NUL byte: expected text' };
    }
  }

  private decode(block: Uint8Array): string {
    try {
      return this.decoder.decode(block);
    } catch {
      return this.decodeUntilMistake(block);
    }
  }

  /** The text of the lines before the first one that is not UTF-8. */
  private decodeUntilMistake(block: Uint8Array): string {
    let text = '';
    for (let start = 0; start < block.length;) {
      const lineFeed = block.indexOf(LINE_FEED, start);
      const end = lineFeed === -1 ? block.length : lineFeed + 1;
      try {
        text += this.decoder.decode(block.subarray(start, end));
      } catch {
        const message = 'bytes that are not UTF-8 text: expected a file saved as UTF-8';
        this.pending = { file: this.file, line: this.lineBehind(block.subarray(0, start)), message };
        break;
      }
      start = end;
    }
    return text;
  }

  /** Number of the line that follows `block`, which begins behind the line last given. */
  private lineBehind(block: Uint8Array): number {
    let line = this.line + 1;
    for (let at = block.indexOf(LINE_FEED); at !== -1; at = block.indexOf(LINE_FEED, at + 1)) line++;
    return line;
  }

  private refuseLongLine(): never {
    const message = `a line longer than ${String(MAX_LINE_BYTES)} bytes: expected lines of text`;
    throw new InputError({ file: this.file, line: this.line + 1, message });
  }
}
