/** The parts of a recorded case, and what a suite of them brings to be replayed. */
import type { TimeZones } from '../controllers/zoned-time.ts';

/** Members of a recorded case. */
export type Fields = Readonly<Record<string, unknown>>;

/** What a replay is lent from outside. */
export interface ReplayContext {
  readonly timeZones: TimeZones;
}

/** How one kind of case is replayed. Both answers are brought into the recorded form. */
export interface KindReplay {
  /** The recorded answer without what must not be compared. Absent: all of it is compared. */
  readonly expected?: (out: Fields) => Fields;
  /** Our answer; of `out` it may only use which fields were recorded. */
  readonly got: (input: Fields, out: Fields, context: ReplayContext) => Fields;
}

/** A suite by the name in the header of its recording, and the kinds of cases that are replayed. */
export interface SuiteReplay {
  readonly suite: string;
  readonly kinds: Readonly<Record<string, KindReplay>>;
}

export function without(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}
