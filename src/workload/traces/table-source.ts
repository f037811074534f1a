/**
 * Tables as published: with or without a header, a comment line above, separators other than the comma. A header may
 * hold its columns in any order, and more of them than are read.
 */
import { InputError, nearestName, type Problem } from '../../base/input-error.ts';
import { clip } from './cells.ts';
import { CsvRecordReader } from './csv-records.ts';
import { RowCells } from './row-cells.ts';
import type { RecordSource, RowSource, RowTable } from './row-jobs.ts';
import { TextLineReader } from './text-lines.ts';
import type { Tally } from './tally.ts';
import type { FormatFile } from './trace-format.ts';

/** Looks one record ahead. */
export class PeekedRows implements RecordSource {
  line = 0;
  private readonly rows: RecordSource;
  private ahead: { readonly fields: readonly string[] | null; readonly line: number } | null = null;

  constructor(rows: RecordSource) {
    this.rows = rows;
  }

  get endsOpen(): boolean {
    return this.rows.endsOpen;
  }

  peek(): readonly string[] | null {
    this.ahead ??= { fields: this.rows.next(), line: this.rows.line };
    return this.ahead.fields;
  }

  next(): readonly string[] | null {
    const fields = this.peek();
    this.line = this.ahead?.line ?? 0;
    this.ahead = null;
    return fields;
  }

  nextInto(cells: RowCells): boolean {
    if (this.ahead === null) {
      const hasRow = this.rows.nextInto(cells);
      this.line = this.rows.line;
      return hasRow;
    }
    return intoCells(this.next(), cells);
  }
}

export function csvRows({ bytes, name }: FormatFile): PeekedRows {
  return new PeekedRows(new CsvRecordReader(bytes, name));
}

export function intoCells(fields: readonly string[] | null, cells: RowCells): boolean {
  if (fields === null) return false;
  cells.setFields(fields);
  return true;
}

/** Lines cut at every `separator`; blank ones are passed over. */
export function separatedRows({ bytes, name }: FormatFile, separator: string): PeekedRows {
  const lines = new TextLineReader(bytes, name);
  return new PeekedRows({
    nextInto(cells): boolean {
      return intoCells(this.next(), cells);
    },
    get line() {
      return lines.line;
    },
    get endsOpen() {
      return lines.endsOpen;
    },
    next(): readonly string[] | null {
      for (let text = lines.next(); text !== null; text = lines.next())
        if (text.trim() !== '') return text.split(separator);
      return null;
    },
  });
}

/** A table without a header, all columns in order. Messages tell a column by number and name. */
export function headerlessTable(rows: RowSource, columns: readonly string[], file: string): RowTable {
  const names = columns.map((name, index) => `column ${String(index + 1)}: ${name}`);
  return { rows, cells: new RowCells(file, names), width: columns.length, file };
}

export type Columns<Needed extends string, Optional extends string> = Readonly<Record<Needed, number>> &
  Readonly<Record<Optional, number>>;

export interface HeaderTable<Needed extends string, Optional extends string> extends RowTable {
  /** Position of every column; -1 for an optional one that the table does not have. */
  readonly at: Columns<Needed, Optional>;
}

/** Reads the header; further columns are tallied. Throws InputError with all that is wrong with it. */
export function headerTable<Needed extends string, Optional extends string = never>(
  rows: RecordSource,
  needed: readonly Needed[],
  optional: readonly Optional[],
  tally: Tally,
  file: string,
): HeaderTable<Needed, Optional> {
  const header = rows.next()?.map((name) => name.trim()) ?? null;
  if (header === null)
    throw new InputError({ file, line: 1, message: `the file is empty: expected a header with ${needed.join(', ')}` });
  const problems = headerProblems(header, needed, [...needed, ...optional], file, rows.line);
  if (problems.length > 0) throw new InputError(problems);
  const others = header.filter(
    (name) => !(needed as readonly string[]).includes(name) && !(optional as readonly string[]).includes(name),
  );
  if (others.length > 0)
    tally.count(`Columns that are not read (${others.map((name) => clip(name)).join(', ')})`, others.length);
  const at = Object.fromEntries([...needed, ...optional].map((name) => [name, header.indexOf(name)])) as Columns<
    Needed,
    Optional
  >;
  return { rows, cells: new RowCells(file, header), width: header.length, file, at };
}

function headerProblems(
  header: readonly string[],
  needed: readonly string[],
  known: readonly string[],
  file: string,
  line: number,
): Problem[] {
  if (!header.some((name) => known.includes(name))) {
    const message = `the first line is not the expected header ${needed.join(',')}: found "${clip(header.join(','))}"`;
    return [{ file, line, message }];
  }
  const twice = header.filter((name, index) => known.includes(name) && header.indexOf(name) !== index);
  const missing = needed.filter((name) => !header.includes(name));
  const strangers = header.filter((name) => !known.includes(name));
  return [
    ...twice.map((name) => ({
      file,
      line,
      message: `column "${clip(name)}" stands twice: expected every column once`,
    })),
    ...missing.map((name) => {
      const near = strangers.find((stranger) => nearestName(stranger, [name]) !== undefined);
      const message = `column "${name}" is missing: expected ${needed.join(', ')}`;
      return near === undefined
        ? { file, line, message }
        : { file, line, message: `${message}; found "${clip(near)}"`, suggestion: name };
    }),
  ];
}
