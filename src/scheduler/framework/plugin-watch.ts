/**
 * What a user's plugin does during its calls besides answering: writing to what it was shown, ending the process,
 * leaving work for later, asking for chance or time that no seed gives. The parts that see it note it here, against the
 * plugin whose call is under way.
 */

/** Numbers that a plugin was lent a copy of, to be compared when its call is over. */
interface Loan {
  readonly copy: ArrayLike<number>;
  readonly source: ArrayLike<number>;
  /** Where in the source the copy begins. */
  readonly base: number;
  readonly what: string;
}

/** One plugin of one run. */
export class PluginWatch {
  /** The first thing that no plugin may do since this was last taken, in words; null: nothing. */
  offence: string | null = null;
  /** Calls by the name of what was called: chance and time that differ from run to run. */
  readonly unsteady: Map<string, number> = new Map();
  /** Told as it is entered: what was lent in one call is not lent in the next. */
  calls = 0;
  private loans: Loan[] = [];

  /** Nothing has to be looked at behind the call. */
  get isCalm(): boolean {
    return this.offence === null && this.loans.length === 0;
  }

  lend(loan: Loan): void {
    this.loans.push(loan);
  }

  noteUnsteady(what: string): void {
    this.unsteady.set(what, (this.unsteady.get(what) ?? 0) + 1);
  }

  /** What the plugin did that it must not, in words; forgotten with that. */
  takeOffence(): string | null {
    for (const { copy, source, base, what } of this.loans) {
      if (this.offence === null && isChanged(copy, source, base)) this.offence = written(what);
    }
    this.loans = [];
    const { offence } = this;
    this.offence = null;
    return offence;
  }
}

let running: PluginWatch | null = null;

/** The plugin whose call is under way, the innermost one; null: none. */
export function runningPlugin(): PluginWatch | null {
  return running;
}

/** A call begins. Gives the call around it, for `leave`. */
export function enter(watch: PluginWatch): PluginWatch | null {
  const outer = running;
  watch.calls++;
  running = watch;
  return outer;
}

export function leave(outer: PluginWatch | null): void {
  running = outer;
}

/** Notes what a plugin must not do, and stops it there. The note tells of it even when the plugin goes on. */
export function refuse(offence: string): never {
  if (running !== null) running.offence ??= offence;
  throw new TypeError(offence);
}

/** Refuses a write. */
export function refuseWrite(what: string): never {
  return refuse(written(what));
}

export const READ_ONLY =
  'nodes, pods and the cache are read-only to plugins (a copy made by node.whatIf() is not)';

function written(what: string): string {
  return `tried to change ${what}: ${READ_ONLY}`;
}

function isChanged(copy: ArrayLike<number>, source: ArrayLike<number>, base: number): boolean {
  for (let i = 0; i < copy.length; i++) if (copy[i] !== source[base + i]) return true;
  return false;
}
