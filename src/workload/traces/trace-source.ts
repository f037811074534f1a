/**
 * A trace as a sorted stream of arrivals, with one pod read ahead: the counterpart of WorkloadSource. `peekTime` says
 * when the next arrival is due, `advance` moves on to it.
 */
import type { Micros } from '../../base/time.ts';
import type { TracePod } from './trace-pod.ts';
import type { TraceReader } from './trace-reader.ts';

export class TraceSource {
  /** The current arrival; null before the first `advance` and after the last. */
  pod: TracePod | null = null;
  private readonly reader: TraceReader;
  private upcoming: TracePod | null;

  /** Reads the first row at once; throws InputError as the reader does. */
  constructor(reader: TraceReader) {
    this.reader = reader;
    this.upcoming = reader.next();
  }

  /** Time of the next arrival; Infinity when there is none. */
  peekTime(): Micros {
    return this.upcoming === null ? Infinity : this.upcoming.arrivalMicros;
  }

  /** Makes the next arrival the current one. False, and no current arrival, at the end. */
  advance(): boolean {
    this.pod = this.upcoming;
    if (this.pod === null) return false;
    this.upcoming = this.reader.next();
    return true;
  }

  notes(): readonly string[] {
    return this.reader.notes();
  }
}
