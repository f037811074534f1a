/** What every trace format gives: pods in order of arrival, one at a time, and remarks on how the file was read. */
import { InputError, type Problem } from '../../base/input-error.ts';
import type { TracePod } from './trace-pod.ts';

export interface TraceReader {
  /** The next pod; null at the end. Throws InputError on a row that cannot be read. Arrivals never decrease. */
  next(): TracePod | null;
  /** Pods given out so far. */
  readonly podCount: number;
  /**
   * What a reader of the results should know: rows that were bent to the model, with their number. Complete at the end.
   */
  notes(): readonly string[];
}

/** Beyond so many a file is of some other kind. */
const MOST_PROBLEMS = 10_000;

/** Gathers problems up to a limit; beyond it they are only counted. */
export class ProblemList {
  readonly limit: number;
  /** Nothing is read behind the first wrong row. */
  readonly stopsAtFirst: boolean;
  private readonly kept: Problem[] = [];
  private unkept = 0;

  constructor(limit = 100, stopsAtFirst = false) {
    this.limit = limit;
    this.stopsAtFirst = stopsAtFirst;
  }

  get count(): number {
    return this.kept.length + this.unkept;
  }

  /** Whether there are so many that the rest of the file is not worth reading. */
  get isOverfull(): boolean {
    return this.count > MOST_PROBLEMS;
  }

  add(problem: Problem): void {
    if (this.kept.length < this.limit) this.kept.push(problem);
    else this.unkept++;
  }

  /** The problems, and behind a full list one more that says how many were left out. */
  all(file: string): readonly Problem[] {
    if (this.unkept === 0) return this.kept;
    const rest = this.isOverfull ? '; the rest of the file was not read' : '';
    return [...this.kept, { file, message: `further problems, not listed: ${String(this.unkept)}${rest}` }];
  }

  throwIfAny(file: string): void {
    if (this.count > 0) throw new InputError(this.all(file));
  }
}
