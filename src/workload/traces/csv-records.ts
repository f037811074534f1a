/**
 * CSV records from a byte source, one at a time, in bounded memory. Bytes are cut into blocks at line ends outside
 * quotes. A block without any quote character is split at line ends and commas, other blocks are scanned field by
 * field, and what is not well-formed goes through csv-parse, which is the reference for all (a test proves them equal)
 * and knows what is wrong. Costs one block of text plus one carried piece of a record; a record may not be longer than
 * MAX_RECORD_BYTES.
 *
 * The dialect: UTF-8 (a byte order mark is skipped), comma, `"` quoting with `""` inside, LF or CRLF, blank lines
 * skipped.
 */
import { CsvError, parse } from 'csv-parse/sync';
import { InputError, type Problem } from '../../base/input-error.ts';
import { isUtf16, joinedBytes } from './byte-source.ts';
import type { ByteSource } from './byte-source.ts';
import type { RowCells } from './row-cells.ts';
import { countLineFeeds, scanRecord, skipBlankLines } from './csv-scan.ts';

export const MAX_RECORD_BYTES = 1_048_576;
/** One after another; a file of more unpacks to gigabytes of nothing. */
export const MAX_BLANK_LINES = 100_000;

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const QUOTE = 34;
const COMMA = 44;
const NO_BYTES = new Uint8Array(0);

export class CsvRecordReader {
  /** Line (from 1) where the record last returned by `next` begins. */
  line = 0;
  /** The last line has no line end. Complete at the end. */
  endsOpen = false;

  private readonly bytes: ByteSource;
  private readonly file: string;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  /** Bytes behind the last block: the beginning of a record whose end has not been read. */
  private carry: Uint8Array = NO_BYTES;
  private carryInQuotes = false;
  private sawBytes = false;
  private atEnd = false;
  /** Line number of the next block's first line. */
  private blockLine = 1;

  /** The block being cut into records, how far, and whether it holds quotes. */
  private text = '';
  private textHasQuotes = false;
  private textOffset = 0;
  private textLine = 1;
  /** Blank lines since the last record. */
  private blankLines = 0;

  /** Records that csv-parse read before a mistake, with their lines, and how many were handed out. */
  private parsed: readonly ParsedRecord[] = [];
  private parsedOffset = 0;
  /** A syntax mistake behind the parsed records: thrown once they are handed out. */
  private pendingProblem: Problem | null = null;

  constructor(bytes: ByteSource, file: string) {
    this.bytes = bytes;
    this.file = file;
  }

  /** The fields of the next record; null at the end. Throws InputError on broken syntax. */
  next(): readonly string[] | null {
    for (;;) {
      if (this.parsedOffset < this.parsed.length) {
        const record = this.parsed[this.parsedOffset++];
        this.line = record.line;
        return record.fields;
      }
      if (this.textOffset < this.text.length) {
        const fields = this.textHasQuotes ? this.scanRecord() : this.splitLine();
        if (fields !== null) {
          this.blankLines = 0;
          return fields;
        }
        if (this.blankLines > MAX_BLANK_LINES) this.refuseBlankLines();
        continue;
      }
      if (this.pendingProblem !== null) throw new InputError(this.pendingProblem);
      if (!this.fillBlock()) return null;
    }
  }

  /** The next record as cells: those of a block without quotes are not cut out. False at the end. */
  nextInto(cells: RowCells): boolean {
    while (this.parsedOffset >= this.parsed.length && this.textOffset < this.text.length && !this.textHasQuotes) {
      if (this.lineInto(cells)) return true;
    }
    const fields = this.next();
    if (fields === null) return false;
    cells.setFields(fields);
    return true;
  }

  /** False for a blank line. */
  private lineInto(cells: RowCells): boolean {
    const { text } = this;
    const start = this.textOffset;
    const lineFeed = text.indexOf('\n', start);
    let end = lineFeed === -1 ? text.length : lineFeed;
    this.textOffset = end + 1;
    if (lineFeed !== -1 && end > start && text.charCodeAt(end - 1) === CARRIAGE_RETURN) end--;
    const line = this.textLine++;
    if (end === start) return false;
    this.line = line;
    cells.beginRow(text);
    for (let from = start; ; ) {
      const comma = text.indexOf(',', from);
      if (comma === -1 || comma >= end) {
        cells.addField(from, end);
        return true;
      }
      cells.addField(from, comma);
      from = comma + 1;
    }
  }

  /** Cuts the next line off the quote-free block; null for a blank line. */
  private splitLine(): string[] | null {
    const start = this.textOffset;
    const lineFeed = this.text.indexOf('\n', start);
    let end = lineFeed === -1 ? this.text.length : lineFeed;
    this.textOffset = end + 1;
    if (lineFeed !== -1 && end > start && this.text.charCodeAt(end - 1) === CARRIAGE_RETURN) end--;
    const line = this.textLine++;
    if (end === start) {
      this.blankLines++;
      return null;
    }
    this.line = line;
    return this.text.slice(start, end).split(',');
  }

  /**
   * Cuts the next record off a block with quotes; null for the blank end of it, and when csv-parse has to take over.
   */
  private scanRecord(): string[] | null {
    const start = skipBlankLines(this.text, this.textOffset);
    const blank = countLineFeeds(this.text, this.textOffset, start);
    this.textLine += blank;
    this.blankLines += blank;
    this.textOffset = start;
    if (start === this.text.length) return null;
    const fields: string[] = [];
    const end = scanRecord(this.text, start, fields);
    if (end === -1) {
      this.parseRest(this.text.slice(start));
      return null;
    }
    this.line = this.textLine;
    this.textLine += countLineFeeds(this.text, start, end);
    this.textOffset = end;
    return fields;
  }

  /** Reads until a block of whole records is at hand. False at the end of the source. */
  private fillBlock(): boolean {
    while (!this.atEnd) {
      const chunk = this.bytes.read();
      if (chunk === null) {
        this.atEnd = true;
        if (this.carry.length === 0) return false;
        const rest = this.carry;
        this.carry = NO_BYTES;
        this.endsOpen = rest[rest.length - 1] !== LINE_FEED;
        this.takeBlock(rest);
        return true;
      }
      const boundary = this.safeBoundary(chunk);
      const joined = boundary === 0 ? null : joinedBytes(this.carry, chunk.subarray(0, boundary));
      // Copies: the source may reuse its chunk.
      this.carry = boundary === 0 ? joinedBytes(this.carry, chunk.slice()) : chunk.slice(boundary);
      if (joined !== null) {
        this.takeBlock(joined);
        return true;
      }
      if (this.carry.length > MAX_RECORD_BYTES) this.refuseLongRecord();
    }
    return false;
  }

  /** Offset behind the last line end of `chunk` that stands outside quotes; 0 when there is none. Tracks the quotes. */
  private safeBoundary(chunk: Uint8Array): number {
    let quote = chunk.indexOf(QUOTE);
    let inQuotes = this.carryInQuotes;
    let boundary = 0;
    let from = 0;
    while (quote !== -1) {
      if (!inQuotes) boundary = Math.max(boundary, lastLineEnd(chunk, from, quote));
      inQuotes = !inQuotes;
      from = quote + 1;
      quote = chunk.indexOf(QUOTE, from);
    }
    if (!inQuotes) boundary = Math.max(boundary, lastLineEnd(chunk, from, chunk.length));
    this.carryInQuotes = inQuotes;
    return boundary;
  }

  private takeBlock(block: Uint8Array): void {
    const first = !this.sawBytes;
    this.sawBytes = true;
    if (first) this.refuseOtherEncodings(block);
    const nul = block.indexOf(0);
    const text = this.decode(nul === -1 ? block : block.subarray(0, block.lastIndexOf(LINE_FEED, nul) + 1), first);
    if (nul !== -1 && this.pendingProblem === null) {
      const line = this.blockLine + countLines(block, nul);
      this.pendingProblem = { file: this.file, line, message: 'a NUL byte: expected text' };
    }
    this.text = text;
    this.textHasQuotes = text.includes('"');
    this.textOffset = 0;
    this.textLine = this.blockLine;
    this.blockLine += countLines(block, block.length);
  }

  private decode(block: Uint8Array, first: boolean): string {
    try {
      const text = this.decoder.decode(block);
      return first && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    } catch {
      return this.decodeUntilMistake(block, first);
    }
  }

  /** The text of the lines before the first one that is not UTF-8; that line becomes the pending problem. */
  private decodeUntilMistake(block: Uint8Array, first: boolean): string {
    let text = '';
    let line = this.blockLine;
    for (let start = 0; start < block.length; line++) {
      const lineFeed = block.indexOf(LINE_FEED, start);
      const end = lineFeed === -1 ? block.length : lineFeed + 1;
      try {
        text += this.decoder.decode(block.subarray(start, end));
      } catch {
        this.pendingProblem = {
          file: this.file,
          line,
          message: 'bytes that are not UTF-8 text: expected a file saved as UTF-8',
        };
        break;
      }
      start = end;
    }
    return first && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }

  private refuseOtherEncodings(block: Uint8Array): void {
    if (isUtf16(block)) {
      throw new InputError({ file: this.file, line: 1, message: 'text in UTF-16: expected a file saved as UTF-8' });
    }
  }

  /** Hands the rest of the block, from a record that is not well-formed, to csv-parse. */
  private parseRest(text: string): void {
    const { records, problem, quoteOpen } = parseQuotedText(text, this.textLine, this.file);
    this.parsed = records;
    this.parsedOffset = 0;
    this.text = '';
    this.textOffset = 0;
    // A text cut short before undecodable bytes may end inside quotes: then those bytes are the mistake.
    const cutShort = quoteOpen && this.pendingProblem !== null;
    if (problem !== null && !cutShort) this.pendingProblem = problem;
  }

  private refuseBlankLines(): never {
    const message = `more than ${String(MAX_BLANK_LINES)} blank lines one after another: expected rows`;
    throw new InputError({ file: this.file, line: this.textLine, message });
  }

  private refuseLongRecord(): never {
    const text = new TextDecoder('utf-8').decode(this.carry);
    const { problem } = parseQuotedText(text, this.blockLine, this.file);
    const limit = `${String(MAX_RECORD_BYTES)} bytes`;
    const message = `a record longer than ${limit}: expected rows of a few hundred bytes`;
    throw new InputError(problem ?? { file: this.file, line: this.blockLine, message });
  }
}

interface ParsedRecord {
  readonly fields: readonly string[];
  readonly line: number;
}

interface ParsedText {
  readonly records: readonly ParsedRecord[];
  readonly problem: Problem | null;
  /** The problem is a quote that was still open at the end of the text. */
  readonly quoteOpen: boolean;
}

/**
 * Records of a text through csv-parse, up to the first mistake. Lines are counted here: csv-parse counts lone carriage
 * returns, too.
 */
function parseQuotedText(text: string, firstLine: number, file: string): ParsedText {
  const bytes = new TextEncoder().encode(text);
  const records: ParsedRecord[] = [];
  let line = firstLine;
  let counted = 0;
  const lineAt = (offset: number): number => {
    for (; counted < offset; counted++) if (bytes[counted] === LINE_FEED) line++;
    return line;
  };
  try {
    parse(text, {
      record_delimiter: ['\r\n', '\n'],
      relax_column_count: true,
      skip_empty_lines: true,
      on_record: (fields: string[], context: { bytes: number }) => {
        // `bytes` is the offset behind the record and its line end.
        records.push({ fields, line: lineAt(context.bytes - 1) - countNewlines(fields) });
        return null;
      },
    });
    return { records, problem: null, quoteOpen: false };
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const behind = typeof error['bytes'] === 'number' ? error['bytes'] : 0;
    const message = syntaxMessage(error.code);
    return {
      records,
      problem: { file, line: lineAt(fieldStart(bytes, behind)), message },
      quoteOpen: error.code === 'CSV_QUOTE_NOT_CLOSED',
    };
  }
}

/**
 * Where the next field begins: `behind` is the offset of a comma, or the offset behind a record. Blank lines are
 * stepped over.
 */
function fieldStart(bytes: Uint8Array, behind: number): number {
  let at = behind;
  if (bytes[at] === COMMA) return at + 1;
  for (;;) {
    if (bytes[at] === LINE_FEED) at++;
    else if (bytes[at] === CARRIAGE_RETURN && bytes[at + 1] === LINE_FEED) at += 2;
    else return at;
  }
}

function syntaxMessage(code: string): string {
  switch (code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'a quoted field that begins on this line is never closed: expected a second " before the end';
    case 'INVALID_OPENING_QUOTE':
      return 'a quote inside an unquoted field: expected the whole field in quotes, and "" for a quote inside';
    case 'CSV_INVALID_CLOSING_QUOTE':
      return 'text behind the closing quote of a field: expected a comma or the end of the line, and "" for a quote inside';
    default:
      return `broken CSV (${code})`;
  }
}

function countNewlines(fields: readonly string[]): number {
  let count = 0;
  for (const field of fields) for (let at = field.indexOf('\n'); at !== -1; at = field.indexOf('\n', at + 1)) count++;
  return count;
}

function countLines(bytes: Uint8Array, end: number): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at !== -1 && at < end; at = bytes.indexOf(LINE_FEED, at + 1)) count++;
  return count;
}

/** Offset behind the last line feed in [from, to); 0 when there is none. */
function lastLineEnd(bytes: Uint8Array, from: number, to: number): number {
  if (to <= from) return 0;
  const at = bytes.lastIndexOf(LINE_FEED, to - 1);
  return at >= from ? at + 1 : 0;
}
