/**
 * The cells of the row at hand, read by column. What cannot be read goes to the list of problems with its line and its
 * column; the value is then NaN or an empty text, and the row gives no job.
 */
import { MICROS_PER_SECOND, type Micros } from '../../base/time.ts';
import { decimalOf, signedDecimalOf, signedOf, wholeOf } from './cell-numbers.ts';
import { found } from './cells.ts';
import type { FieldHash } from './field-hash.ts';
import type { ProblemList } from './trace-reader.ts';

const WHOLE_MICROS = /^[0-9]{1,19}$/;
/** What spreadsheets make of long numbers. */
const ROUNDED = /^-?[0-9](?:\.[0-9]+)?[eE]\+?[0-9]+$/;
/** Two pebibytes, or as many thousandths of a core: sums over a cluster stay exact. */
const MOST_AMOUNT = 2_251_799_813_685_248;
/** Times beyond this many seconds (285 years) leave the range of exact microseconds. */
export const MAX_SECONDS = 9_000_000_000;

export class RowCells {
  line = 0;
  /** Fields of the row at hand. */
  fieldCount = 0;
  /** What the row stands in, and where: from and to of each field. Cells are cut out only where a text is wanted. */
  private source = '';
  private bounds = new Int32Array(64);
  private readonly file: string;
  private readonly names: readonly string[];
  private problems: ProblemList | null = null;
  private complaints = 0;

  /** `names` of the columns, as messages tell them. */
  constructor(file: string, names: readonly string[]) {
    this.file = file;
    this.names = names;
  }

  /** Makes the fields that follow those of a new row, which stands in `source`. */
  beginRow(source: string): void {
    this.source = source;
    this.fieldCount = 0;
  }

  addField(from: number, to: number): void {
    const at = this.fieldCount * 2;
    if (at === this.bounds.length) {
      const bounds = new Int32Array(at * 2);
      bounds.set(this.bounds);
      this.bounds = bounds;
    }
    this.bounds[at] = from;
    this.bounds[at + 1] = to;
    this.fieldCount++;
  }

  /** A row whose fields have been cut out already. */
  setFields(fields: readonly string[]): void {
    this.beginRow(fields.join(''));
    let at = 0;
    for (const field of fields) this.addField(at, (at += field.length));
  }

  /** Complaints are about this row from now on. */
  startRow(line: number, problems: ProblemList): void {
    this.line = line;
    this.problems = problems;
    this.complaints = 0;
  }

  /** No cell of the row was wrong so far. */
  get isRight(): boolean {
    return this.complaints === 0;
  }

  /** `column` -1: of the whole row. */
  complain(column: number, message: string): void {
    this.complaints++;
    this.problems?.add({
      file: this.file,
      line: this.line,
      message,
      path: column < 0 ? undefined : this.names[column],
    });
  }

  text(column: number): string {
    return this.source.slice(this.bounds[column * 2], this.bounds[column * 2 + 1]);
  }

  isEmpty(column: number): boolean {
    return this.bounds[column * 2] === this.bounds[column * 2 + 1];
  }

  is(column: number, text: string): boolean {
    const from = this.bounds[column * 2];
    return this.bounds[column * 2 + 1] - from === text.length && this.source.startsWith(text, from);
  }

  /** Adds the field to a hash that tells rows apart. */
  hashField(column: number, hash: FieldHash): void {
    hash.addField(this.source, this.bounds[column * 2], this.bounds[column * 2 + 1]);
  }

  /** From 0. */
  whole(column: number): number {
    const value = wholeOf(this.source, this.bounds[column * 2], this.bounds[column * 2 + 1]);
    return Number.isNaN(value) ? this.refuse(column, 'expected a whole number from 0') : value;
  }

  signed(column: number): number {
    const value = signedOf(this.source, this.bounds[column * 2], this.bounds[column * 2 + 1]);
    return Number.isNaN(value) ? this.refuse(column, 'expected a whole number') : value;
  }

  /** From 0. */
  decimal(column: number): number {
    const value = decimalOf(this.source, this.bounds[column * 2], this.bounds[column * 2 + 1]);
    return Number.isNaN(value) ? this.refuse(column, 'expected a number from 0') : value;
  }

  /** NaN, and no complaint, for what is no number. */
  anyDecimal(column: number): number {
    return signedDecimalOf(this.source, this.bounds[column * 2], this.bounds[column * 2 + 1]);
  }

  /** A size of at least 0, in whole `unit`s of what the cluster counts (thousandths of a core, bytes). */
  amount(column: number, unit: number): number {
    const amount = this.decimal(column) * unit;
    if (!(amount > MOST_AMOUNT)) return Math.round(amount);
    return this.refuse(column, 'expected a size that a machine can have');
  }

  /** A time of at least 0, in seconds. */
  micros(column: number): Micros {
    const seconds = decimalOf(this.source, this.bounds[column * 2], this.bounds[column * 2 + 1]);
    if (Number.isNaN(seconds)) return this.refuse(column, 'expected seconds from 0');
    return this.bounded(column, seconds * MICROS_PER_SECOND);
  }

  /** A time in seconds that may lie before the zero of the trace. */
  signedMicros(column: number): Micros {
    const seconds = signedOf(this.source, this.bounds[column * 2], this.bounds[column * 2 + 1]);
    if (Number.isNaN(seconds)) return this.refuse(column, 'expected whole seconds');
    return this.bounded(column, seconds * MICROS_PER_SECOND);
  }

  /** A whole number of microseconds. */
  wholeMicros(column: number): Micros {
    const micros = wholeOf(this.source, this.bounds[column * 2], this.bounds[column * 2 + 1]);
    if (!Number.isNaN(micros)) return this.bounded(column, micros);
    const text = this.text(column);
    if (!WHOLE_MICROS.test(text)) return this.refuse(column, 'expected whole microseconds from 0');
    return this.bounded(column, Number(text));
  }

  oneOf(column: number, known: readonly string[]): string {
    for (const text of known) if (this.is(column, text)) return text;
    this.complain(column, `expected one of ${known.join(', ')}; ${found(this.text(column))}`);
    return '';
  }

  bounded(column: number, micros: number): Micros {
    if (Number.isNaN(micros)) return micros;
    if (Math.abs(micros) <= MAX_SECONDS * MICROS_PER_SECOND) return Math.round(micros);
    return this.refuse(column, `expected at most ${String(MAX_SECONDS)} seconds`);
  }

  private refuse(column: number, expected: string): number {
    const text = this.text(column);
    const hint = ROUNDED.test(text) ? ': a spreadsheet has rounded it, its last digits are lost' : '';
    this.complain(column, `${expected}, ${found(text)}${hint}`);
    return Number.NaN;
  }
}
