/**
 * Progress on standard error, never on standard output. On a terminal one line that is rewritten; elsewhere one line
 * each ten seconds, so that logs stay short; or one JSON object a second for programs.
 */
import { formatCount, formatSeconds } from '../report/format.ts';

export type ProgressMode = 'auto' | 'plain' | 'json' | 'none';

/** Where a run stands. */
export interface ProgressFacts {
  readonly simulatedMicros: number;
  /** null: until nothing can change any more. */
  readonly horizonMicros: number | null;
  readonly events: number;
  readonly decisions: number;
  readonly podsPending: number;
  readonly podsArrived: number;
}

export interface Progress {
  /** Cheap when it is not time to show anything. */
  update(facts: ProgressFacts): void;
  /** Clears the line; what is printed next starts in the first column. */
  done(): void;
}

/** Progress of several runs, of which one or more are under way. */
export interface RunsProgress {
  update(run: number, facts: ProgressFacts): void;
  /** The run has ended, and its part of the work is done. Clears the line. */
  end(run: number): void;
  /** Clears the line. */
  done(): void;
}

export interface ProgressOptions {
  readonly mode: ProgressMode;
  readonly stream: { readonly isTTY?: boolean; readonly columns?: number; write(text: string): unknown };
  /** Before everything else on the line: which run of several. */
  readonly label?: string;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

const LINE_MILLIS = 100;
const PLAIN_MILLIS = 10_000;
const JSON_MILLIS = 1000;
/** Before that the start of the program would be taken for the pace of the run. */
const ETA_FROM_MILLIS = 2000;
/** ESC [ 2 K clears the line. */
const CLEAR = '\r\u001b[2K';

export function createProgress(options: ProgressOptions): Progress {
  const runs = createRunsProgress({ ...options, labels: [options.label ?? ''] });
  return { update: (facts) => { runs.update(0, facts); }, done: () => { runs.done(); } };
}

/** One label for each run. */
export function createRunsProgress(
  options: Omit<ProgressOptions, 'label'> & { readonly labels: readonly string[] },
): RunsProgress {
  const { mode, stream, labels } = options;
  if (mode === 'none') return { update: () => undefined, end: () => undefined, done: () => undefined };
  const now = options.now ?? ((): number => performance.now());
  const isLine = mode === 'auto' && stream.isTTY === true;
  const interval = mode === 'json' ? JSON_MILLIS : isLine ? LINE_MILLIS : PLAIN_MILLIS;
  const started = now();
  const work = new RunsUnderWay(labels.length, started);
  let last = started;
  let isShown = false;
  const clear = (): void => {
    if (isShown) stream.write(CLEAR);
    isShown = false;
  };
  return {
    update(run, facts): void {
      const time = now();
      work.note(run, facts);
      if (time - last < interval) return;
      last = time;
      const pace: Pace = { eventsPerSecond: work.pace(time), etaSeconds: work.etaSeconds(time - started) };
      if (mode === 'json') stream.write(jsonLine(facts, pace, labels[run]));
      else {
        const line = work.underWay === 1 ? progressLine(facts, pace, labels[run]) : runsLine(work, pace);
        // A line longer than the terminal would wrap and could not be rewritten.
        stream.write(isLine ? `${CLEAR}${line.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}` : `${line}\n`);
        isShown = isLine;
      }
    },
    end(run): void {
      work.end(run, now());
      clear();
    },
    done: clear,
  };
}

/** How fast it goes, and how long it will go on. */
interface Pace {
  /** Of all runs under way. */
  readonly eventsPerSecond: number;
  /** Until the last run has ended; null: not known. */
  readonly etaSeconds: number | null;
}

interface RunUnderWay {
  readonly startedMillis: number;
  facts: ProgressFacts;
}

class RunsUnderWay {
  readonly total: number;
  done = 0;
  private readonly runs = new Map<number, RunUnderWay>();
  /** When the next run begins that has not been heard of: as soon as another ends. */
  private beginMillis: number;

  constructor(total: number, beginMillis: number) {
    this.total = total;
    this.beginMillis = beginMillis;
  }

  get underWay(): number {
    return this.runs.size;
  }

  note(run: number, facts: ProgressFacts): void {
    const known = this.runs.get(run);
    if (known === undefined) this.runs.set(run, { startedMillis: this.beginMillis, facts });
    else known.facts = facts;
  }

  end(run: number, time: number): void {
    this.runs.delete(run);
    this.done++;
    this.beginMillis = time;
  }

  /** Events a second, of all runs under way. */
  pace(time: number): number {
    let sum = 0;
    for (const { facts, startedMillis } of this.runs.values()) {
      sum += facts.events / Math.max(1e-3, (time - startedMillis) / 1000);
    }
    return sum;
  }

  /** Part of all work that is done, 0 to 1, by simulated time. */
  share(): number {
    let share = this.done;
    for (const { facts } of this.runs.values()) share += shareOf(facts) ?? 0;
    return share / this.total;
  }

  etaSeconds(elapsedMillis: number): number | null {
    const share = this.share();
    return share <= 0 || elapsedMillis < ETA_FROM_MILLIS
      ? null
      : Math.round(((elapsedMillis / 1000) * (1 - share)) / share);
  }
}

/** null: a run without a horizon. */
function shareOf({ simulatedMicros, horizonMicros }: ProgressFacts): number | null {
  return horizonMicros === null || horizonMicros === 0 ? null : simulatedMicros / horizonMicros;
}

function jsonLine(facts: ProgressFacts, { eventsPerSecond, etaSeconds }: Pace, label: string): string {
  const run = label === '' ? {} : { run: label };
  return `${JSON.stringify({ ...run, ...facts, eventsPerSecond: Math.round(eventsPerSecond), etaSeconds })}\n`;
}

/** `run 3 of 20   3h05m of 24h00m (13%)   ETA 2m10s   1,234,567 events, 410,000/s   pods 90, pending 12`. */
function progressLine(facts: ProgressFacts, pace: Pace, label: string): string {
  const { simulatedMicros, horizonMicros, events, podsPending, podsArrived } = facts;
  const share = shareOf(facts);
  const time = formatSeconds(simulatedMicros / 1e6);
  return lineOf([
    label,
    share === null
      ? time
      : `${time} of ${formatSeconds((horizonMicros ?? 0) / 1e6)} (${String(Math.floor(share * 100))}%)`,
    etaText(pace),
    `${formatCount(events)} events, ${formatCount(Math.round(pace.eventsPerSecond))}/s`,
    `pods ${formatCount(podsArrived)}, pending ${formatCount(podsPending)}`,
  ]);
}

/** `4 of 20 runs done, 2 under way (27%)   ETA 3m00s   410,000 events/s`. */
function runsLine(work: RunsUnderWay, pace: Pace): string {
  const { done, total, underWay } = work;
  const share = String(Math.floor(work.share() * 100));
  return lineOf([
    `${String(done)} of ${String(total)} runs done, ${String(underWay)} under way (${share}%)`,
    etaText(pace),
    `${formatCount(Math.round(pace.eventsPerSecond))} events/s`,
  ]);
}

function etaText({ etaSeconds }: Pace): string {
  return etaSeconds === null ? '' : `ETA ${formatSeconds(etaSeconds)}`;
}

function lineOf(parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('   ');
}
