/**
 * Rows of a bounded time series: the values at the end of each interval. When MAX_ROWS are full, the interval doubles
 * and every second row goes, so that a run of any length keeps between half of MAX_ROWS and all of them.
 */
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { TimeSeries } from './run-result.ts';

export const MAX_ROWS = 2000;

export class BoundedTimeSeries {
  /** Distance of rows now. */
  intervalMicros: Micros;
  private times: Micros[] = [];
  private readonly columns = new Map<string, number[]>();
  private readonly maxRows: number;

  constructor(intervalMicros: Micros, maxRows = MAX_ROWS) {
    this.intervalMicros = intervalMicros;
    this.maxRows = maxRows;
  }

  /** Starts a row; its values follow by `value`, then `endRow`. Columns without a value in a row have 0 there. */
  row(time: Micros): void {
    this.times.push(time);
    for (const column of this.columns.values()) column.push(0);
  }

  value(name: string, value: number): void {
    let column = this.columns.get(name);
    if (column === undefined) this.columns.set(name, (column = new Array<number>(this.times.length).fill(0)));
    column[column.length - 1] = value;
  }

  endRow(): void {
    if (this.times.length >= this.maxRows) this.halve();
  }

  result(): TimeSeries {
    return { seconds: this.times.map((time) => time / MICROS_PER_SECOND), columns: Object.fromEntries(this.columns) };
  }

  /** Rows at even multiples of the interval stay: the later one of each pair. */
  private halve(): void {
    this.intervalMicros *= 2;
    const isKept = (_: number, row: number): boolean => row % 2 === 1;
    this.times = this.times.filter(isKept);
    for (const [name, column] of this.columns) this.columns.set(name, column.filter(isKept));
  }
}
