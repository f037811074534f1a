/**
 * The cells of the row at hand, read by column. What cannot be read goes to the list of problems with its line and its
 * column; the value is then NaN or an empty text, and the row gives no job.
 */
import { MICROS_PER_SECOND, type Micros } from '../../base/time.ts';
import { found } from './cells.ts';
import type { ProblemList } from './trace-reader.ts';

const WHOLE = /^[0-9]{1,15}$/;
const SIGNED = /^-?[0-9]{1,15}$/;
const DECIMAL = /^[0-9]{1,15}(?:\.[0-9]+)?$/;
/** What spreadsheets make of long numbers. */
const ROUNDED = /^-?[0-9](?:\.[0-9]+)?[eE]\+?[0-9]+$/;
/** Two pebibytes, or as many thousandths of a core: sums over a cluster stay exact. */
const MOST_AMOUNT = 2_251_799_813_685_248;
/** Times beyond this many seconds (285 years) leave the range of exact microseconds. */
export const MAX_SECONDS = 9_000_000_000;

export class RowCells {
  fields: readonly string[] = [];
  line = 0;
  private readonly file: string;
  private readonly names: readonly string[];
  private problems: ProblemList | null = null;
  private complaints = 0;

  /** `names` of the columns, as messages tell them. */
  constructor(file: string, names: readonly string[]) {
    this.file = file;
    this.names = names;
  }

  /** Makes `fields` the row at hand. */
  load(fields: readonly string[], line: number, problems: ProblemList): void {
    this.fields = fields;
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
    this.problems?.add({ file: this.file, line: this.line, message, path: column < 0 ? undefined : this.names[column] });
  }

  text(column: number): string {
    return this.fields[column];
  }

  isEmpty(column: number): boolean {
    return this.fields[column] === '';
  }

  /** From 0. */
  whole(column: number): number {
    const text = this.fields[column];
    if (WHOLE.test(text)) return Number(text);
    return this.refuse(column, 'expected a whole number from 0');
  }

  signed(column: number): number {
    const text = this.fields[column];
    if (SIGNED.test(text)) return Number(text);
    return this.refuse(column, 'expected a whole number');
  }

  /** From 0. */
  decimal(column: number): number {
    const text = this.fields[column];
    if (DECIMAL.test(text)) return Number(text);
    return this.refuse(column, 'expected a number from 0');
  }

  /** A size of at least 0, in whole `unit`s of what the cluster counts (thousandths of a core, bytes). */
  amount(column: number, unit: number): number {
    const amount = this.decimal(column) * unit;
    if (!(amount > MOST_AMOUNT)) return Math.round(amount);
    return this.refuse(column, 'expected a size that a machine can have');
  }

  /** A time of at least 0, in seconds. */
  micros(column: number): Micros {
    const text = this.fields[column];
    if (!DECIMAL.test(text)) return this.refuse(column, 'expected seconds from 0');
    return this.bounded(column, Number(text) * MICROS_PER_SECOND);
  }

  /** A time in seconds that may lie before the zero of the trace. */
  signedMicros(column: number): Micros {
    const text = this.fields[column];
    if (!SIGNED.test(text)) return this.refuse(column, 'expected whole seconds');
    return this.bounded(column, Number(text) * MICROS_PER_SECOND);
  }

  /** A whole number of microseconds. */
  wholeMicros(column: number): Micros {
    const text = this.fields[column];
    if (!/^[0-9]{1,19}$/.test(text)) return this.refuse(column, 'expected whole microseconds from 0');
    return this.bounded(column, Number(text));
  }

  oneOf(column: number, known: readonly string[]): string {
    const text = this.fields[column];
    if (known.includes(text)) return text;
    this.complain(column, `expected one of ${known.join(', ')}; ${found(text)}`);
    return '';
  }

  bounded(column: number, micros: number): Micros {
    if (Number.isNaN(micros)) return micros;
    if (Math.abs(micros) <= MAX_SECONDS * MICROS_PER_SECOND) return Math.round(micros);
    return this.refuse(column, `expected at most ${String(MAX_SECONDS)} seconds`);
  }

  private refuse(column: number, expected: string): number {
    const text = this.fields[column];
    const hint = ROUNDED.test(text) ? ': a spreadsheet has rounded it, its last digits are lost' : '';
    this.complain(column, `${expected}, ${found(text)}${hint}`);
    return Number.NaN;
  }
}
