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
/** ESC [ 2 K clears the line. */
const CLEAR = '\r\u001b[2K';

export function createProgress(options: ProgressOptions): Progress {
  const { mode, stream, label = '' } = options;
  if (mode === 'none') return { update: () => undefined, done: () => undefined };
  const now = options.now ?? ((): number => performance.now());
  const isLine = mode === 'auto' && stream.isTTY === true;
  const interval = mode === 'json' ? JSON_MILLIS : isLine ? LINE_MILLIS : PLAIN_MILLIS;
  const started = now();
  let last = started;
  let isShown = false;
  return {
    update(facts): void {
      const time = now();
      if (time - last < interval) return;
      last = time;
      const perSecond = facts.events / Math.max(1e-3, (time - started) / 1000);
      if (mode === 'json') {
        stream.write(`${JSON.stringify({ ...(label === '' ? {} : { run: label }), ...facts, eventsPerSecond: Math.round(perSecond) })}\n`);
        return;
      }
      const line = progressLine(facts, perSecond, label);
      // A line longer than the terminal would wrap and could not be rewritten.
      stream.write(isLine ? `${CLEAR}${line.slice(0, Math.max(20, (stream.columns ?? 80) - 1))}` : `${line}\n`);
      isShown = isLine;
    },
    done(): void {
      if (isShown) stream.write(CLEAR);
      isShown = false;
    },
  };
}

/** `run 3 of 20   3h05m of 24h00m (13%)   1,234,567 events, 410,000/s   pending 12`. */
export function progressLine(facts: ProgressFacts, eventsPerSecond: number, label: string): string {
  const { simulatedMicros, horizonMicros, events, podsPending, podsArrived } = facts;
  const time = formatSeconds(simulatedMicros / 1e6);
  const share = horizonMicros === null || horizonMicros === 0 ? '' : ` of ${formatSeconds(horizonMicros / 1e6)} (${String(Math.floor((simulatedMicros / horizonMicros) * 100))}%)`;
  const parts = [`${time}${share}`, `${formatCount(events)} events, ${formatCount(Math.round(eventsPerSecond))}/s`, `pods ${formatCount(podsArrived)}, pending ${formatCount(podsPending)}`];
  return [...(label === '' ? [] : [label]), ...parts].join('   ');
}
