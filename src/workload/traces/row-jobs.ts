/**
 * Jobs from a table, row by row: the loop that all formats with rows share. A format gives a decoder; what it cannot
 * read it tells through the cells, what it bends or leaves out through the tally.
 */
import type { Tally } from './tally.ts';
import type { RowCells } from './row-cells.ts';
import type { JobReader, TraceJob, TraceMachine } from './trace-format.ts';
import type { ProblemList } from './trace-reader.ts';

/** Records of a table: CSV, or lines cut at another character. */
export interface RowSource {
  /** Makes the next record the row at hand; false at the end. Throws InputError on broken syntax. */
  nextInto(cells: RowCells): boolean;
  /** Line where the record last given begins. */
  readonly line: number;
  /** The last line has no line end. Complete at the end. */
  readonly endsOpen: boolean;
}

/** Records that can be had as texts, too: for headers. */
export interface RecordSource extends RowSource {
  /** null at the end. */
  next(): readonly string[] | null;
}

export interface RowDecoder {
  /**
   * Appends the jobs of the row at hand. A row that is wrong has been complained of, one that is left out is tallied.
   */
  decode(cells: RowCells, jobs: TraceJob[]): void;
  /** Behind the last row: jobs that only now are known. */
  end?(jobs: TraceJob[]): void;
  notes?(): readonly string[];
  facts?(): Readonly<Record<string, number>>;
  machine?(): TraceMachine | null;
}

export interface RowTable {
  readonly rows: RowSource;
  readonly cells: RowCells;
  /** Fields of every row; -1: the decoder looks itself. */
  readonly width: number;
  readonly file: string;
}

/** A file that was cut may end in the middle of a number, and nobody can tell: but whole files end with a line end. */
export const ENDS_OPEN = 'Last lines without a line end (a file that was cut short may look so)';

export class RowJobs implements JobReader {
  rowCount = 0;
  line = 0;
  private readonly table: RowTable;
  private readonly decoder: RowDecoder;
  private readonly tally: Tally;
  /** Jobs of the last row that have not been given yet, from `queueOffset` on. */
  private readonly queue: TraceJob[] = [];
  private queueOffset = 0;
  private atEnd = false;

  constructor(table: RowTable, decoder: RowDecoder, tally: Tally) {
    this.table = table;
    this.decoder = decoder;
    this.tally = tally;
  }

  next(problems: ProblemList): TraceJob | null {
    const { queue } = this;
    while (this.queueOffset >= queue.length) {
      // Emptied only where it must be: that gives the list's memory away.
      if (queue.length > 0) queue.length = 0;
      this.queueOffset = 0;
      if (this.atEnd) return null;
      if (!this.table.rows.nextInto(this.table.cells)) this.finish(problems);
      else if (!this.decodeRow(problems) && problems.stopsAtFirst) return null;
    }
    return queue.length === 1 ? (queue.pop() ?? null) : queue[this.queueOffset++];
  }

  notes(): readonly string[] {
    return [...(this.decoder.notes?.() ?? []), ...this.tally.notes()];
  }

  leftOutRows(): number {
    return this.tally.leftOutRows();
  }

  facts(): Readonly<Record<string, number>> {
    return this.decoder.facts?.() ?? {};
  }

  machine(): TraceMachine | null {
    return this.decoder.machine?.() ?? null;
  }

  /** False when the row is wrong. */
  private decodeRow(problems: ProblemList): boolean {
    const { rows, cells, width } = this.table;
    this.rowCount++;
    this.line = rows.line;
    cells.startRow(rows.line, problems);
    if (width >= 0 && cells.fieldCount !== width) {
      cells.complain(-1, `expected ${String(width)} fields, found ${String(cells.fieldCount)}`);
      return false;
    }
    this.decoder.decode(cells, this.queue);
    if (cells.isRight) return true;
    this.queue.length = 0;
    return false;
  }

  private finish(problems: ProblemList): void {
    this.atEnd = true;
    if (this.rowCount === 0) {
      const { file, rows } = this.table;
      problems.add({ file, line: rows.line + 1, message: 'the table has no rows: expected one for each job' });
      return;
    }
    if (this.table.rows.endsOpen) this.tally.count(ENDS_OPEN);
    this.decoder.end?.(this.queue);
  }
}
