/**
 * Alibaba's generative image serving, 2026 (GenTD26): request rates (qps), from which requests are drawn, or the table
 * of requests with their run times. Other tables hold latencies: `series-values.ts` reads them. See
 * docs/formats/gentd26.md.
 */
import { InputError } from '../../../base/input-error.ts';
import { MICROS_PER_SECOND, type Micros } from '../../../base/time.ts';
import { RandomStream } from '../../../kernel/random.ts';
import { drawUniformRequests } from '../../generators/request-windows.ts';
import { secondsOfStamp } from '../calendar.ts';
import { detached, found } from '../cells.ts';
import { DuplicateWatch } from '../duplicate-watch.ts';
import { makeJob } from '../make-job.ts';
import { requestShape } from '../request-shape.ts';
import { RowJobs, type RowDecoder } from '../row-jobs.ts';
import { RunTimeRule } from '../run-time-rule.ts';
import { wordOf, type TraceSettings } from '../settings.ts';
import { csvRows, headerTable, type HeaderTable, type PeekedRows } from '../table-source.ts';
import { Tally } from '../tally.ts';
import type { FormatInput, JobReader, JobShape, TraceFormat, TraceJob } from '../trace-format.ts';

const RATE_COLUMNS = ['timestamp_anon', 'value', 'container_ip', 'request_type'] as const;
const REQUEST_COLUMNS = ['gmt_create', 'predict_type', 'predict_status', 'exec_time_seconds'] as const;
const STATUSES = ['SUCCEED', 'FAILED', 'PENDING', 'PROCESSING'];
const MOST_PER_WINDOW = 10_000_000;

export const GENTD26: TraceFormat = {
  open(input) {
    const rows = csvRows(input);
    const header = rows.peek() ?? [];
    if (header.includes('gmt_create')) return openRequests(rows, input);
    if (!header.includes('request_type') && header.includes('timestamp_anon')) {
      const message =
        'this table holds measurements, no arrivals: give it as cold starts, or look at it with podyard trace info';
      throw new InputError({ file: input.name, line: 1, message });
    }
    return openRates(rows, input);
  },
  recognises: (head) => /^[^\r\n]*\b(?:timestamp_anon|gmt_create,predict_type)\b/.test(head),
};

function openRates(rows: PeekedRows, input: FormatInput): JobReader {
  const tally = new Tally();
  const table = headerTable(rows, RATE_COLUMNS, [], tally, input.name);
  return new RowJobs(table, new RateDecoder(table, input, tally), tally);
}

/** Gathers the rates of all windows; the requests come behind the last row. */
class RateDecoder implements RowDecoder {
  private readonly at: HeaderTable<(typeof RATE_COLUMNS)[number], never>['at'];
  private readonly settings: TraceSettings;
  private readonly seed: string;
  private readonly tally: Tally;
  private readonly rule: RunTimeRule;
  private readonly shape: JobShape;
  private readonly rows = new DuplicateWatch();
  /** By second: requests per second, over all containers. */
  private readonly rates = new Map<number, number>();
  private latest = -1;
  private requestCount = 0;

  constructor({ at }: HeaderTable<(typeof RATE_COLUMNS)[number], never>, input: FormatInput, tally: Tally) {
    this.at = at;
    this.settings = input.settings;
    this.seed = input.seed;
    this.tally = tally;
    this.rule = new RunTimeRule(input.settings, tally, 'Requests');
    this.shape = requestShape(input.settings);
  }

  decode(cells: Parameters<RowDecoder['decode']>[0]): void {
    const { at, tally } = this;
    const micros = cells.micros(at.timestamp_anon);
    const value = cells.decimal(at.value);
    const type = cells.oneOf(at.request_type, ['API Requests', 'Generative Requests']);
    if (!cells.isRight) return;
    if (this.rows.sawCellsBefore(cells, [at.timestamp_anon, at.container_ip, at.request_type])) {
      return tally.leaveOut('Rows of a time, container and type that stand in the file already, left out');
    }
    if (type !== wordOf(this.settings, 'requestType')) return tally.leaveOut(`Rows of ${type}, left out`);
    const second = micros / MICROS_PER_SECOND;
    if (second < this.latest) tally.count('Rows out of order of time, put in order');
    this.latest = Math.max(this.latest, second);
    this.rates.set(second, (this.rates.get(second) ?? 0) + value);
  }

  end(jobs: TraceJob[]): void {
    const seconds = [...this.rates.keys()].sort((a, b) => a - b);
    const length = seconds.reduce(
      (least, second, i) => (i > 0 ? Math.min(least, second - seconds[i - 1]) : least),
      Infinity,
    );
    const step = length === Infinity ? 60 : length;
    let carried = 0;
    for (const [index, second] of seconds.entries()) {
      if (index > 0) this.countGap(second - seconds[index - 1], step);
      const wanted = Math.min(MOST_PER_WINDOW, (this.rates.get(second) ?? 0) * step + carried);
      const count = Math.floor(wanted + 1e-9);
      carried = wanted - count;
      const stream = new RandomStream(`${this.seed}/trace-window/${String(index)}`);
      for (const offset of drawUniformRequests(count, step * MICROS_PER_SECOND, stream))
        this.append(second * MICROS_PER_SECOND + offset, jobs);
    }
  }

  facts(): Readonly<Record<string, number>> {
    let rates = 0;
    for (const rate of this.rates.values()) rates += rate;
    return {
      windows: this.rates.size,
      meanRatePerSecond: this.rates.size === 0 ? 0 : rates / this.rates.size,
      requests: this.requestCount,
    };
  }

  private countGap(gap: number, step: number): void {
    const missing = Math.round(gap / step) - 1;
    if (missing > 0) this.tally.count('Windows without a row, read as without requests', missing);
  }

  private append(arrivalMicros: Micros, jobs: TraceJob[]): void {
    const ordinal = ++this.requestCount;
    const runTime = this.rule.unknown();
    if (runTime !== null) jobs.push(makeJob(this.shape, ordinal, arrivalMicros, runTime));
  }
}

function openRequests(rows: PeekedRows, input: FormatInput): JobReader {
  const tally = new Tally();
  const table = headerTable(rows, REQUEST_COLUMNS, [], tally, input.name);
  const { at } = table;
  const rule = new RunTimeRule(input.settings, tally, 'Requests');
  const watch = new DuplicateWatch();
  const shapes = new Map<string, JobShape>();
  const shapeOf = (type: string): JobShape => {
    const known = shapes.get(type) ?? requestShape(input.settings, detached(type));
    shapes.set(known.class, known);
    return known;
  };
  let row = 0;
  const decoder: RowDecoder = {
    decode: (cells, jobs): void => {
      row++;
      const stamp = secondsOfStamp(cells.text(at.gmt_create));
      if (Number.isNaN(stamp))
        cells.complain(
          at.gmt_create,
          `expected a time such as 2024-11-15 16:57:50, ${found(cells.text(at.gmt_create))}`,
        );
      const status = cells.oneOf(at.predict_status, STATUSES);
      const micros = cells.micros(at.exec_time_seconds);
      const type = cells.text(at.predict_type);
      if (type === '' || type.length > 100)
        cells.complain(at.predict_type, `expected a type of request, ${found(type)}`);
      if (!cells.isRight) return;
      if (watch.sawRowBefore(cells))
        tally.count('Rows that are equal to an earlier one, kept: the trace names no requests');
      if (status === 'FAILED') tally.count('Requests that failed, and here run as long as they did');
      const isKnown = status === 'SUCCEED' || status === 'FAILED';
      if (isKnown && micros === 0) tally.count('Requests with a run time of 0');
      const runTime = isKnown ? rule.known(micros) : rule.unknown();
      if (runTime === null) return;
      const arrivalMicros = Math.round(stamp * MICROS_PER_SECOND);
      jobs.push(makeJob(shapeOf(type), row, arrivalMicros, runTime));
    },
  };
  return new RowJobs(table, decoder, tally);
}
