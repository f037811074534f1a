/**
 * A trace as a table of our own, in pieces: docs/formats/trace-csv.md. Two readings, so that nothing is half-written.
 * Others work between the pieces: a signal is heard, and what was written is sent on.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TraceInput } from '../workload/trace-settings.ts';
import type { TracePod } from '../workload/traces/trace-pod.ts';
import { tableColumns, tableRow, type TableCounts } from '../workload/traces/table-text.ts';
import { openTraceInput } from './trace-input.ts';

const PIECE_PODS = 10_000;

/** Where the text goes, which is held until the next `flush`. */
export interface TableTarget {
  write(text: string): void;
  flush(): Promise<void>;
}

interface TableWriting {
  readonly target: TableTarget;
  /** Asked between pieces: whether it is to end early. */
  readonly isStopped: () => boolean;
}

/** Throws InputError with the first mistake of the trace before anything is written. null: it was stopped. */
export async function writeTable(
  trace: TraceInput,
  seed: string,
  { target, isStopped }: TableWriting,
): Promise<TableCounts | null> {
  const turn = async (): Promise<boolean> => {
    await target.flush();
    await nextTurn();
    return !isStopped();
  };
  const resources = new Set<string>();
  let lastRequests: object | null = null;
  const isRead = await eachPod(trace, seed, turn, (pod) => {
    if (pod.requests === lastRequests) return;
    lastRequests = pod.requests;
    for (const name of Object.keys(pod.requests)) resources.add(name);
  });
  if (!isRead) return null;
  const names = [...resources].sort((a, b) => (a < b ? -1 : 1));
  const counts: TableCounts = { pods: 0, affinities: 0, specs: 0 };
  target.write(`${tableColumns(names).join(',')}\n`);
  const isWritten = await eachPod(trace, seed, turn, (pod) => { target.write(tableRow(pod, names, counts)); });
  return isWritten ? counts : null;
}

/** false: `turn` said that it is to end. */
async function eachPod(
  trace: TraceInput,
  seed: string,
  turn: () => Promise<boolean>,
  take: (pod: TracePod) => void,
): Promise<boolean> {
  const stream = openTraceInput(trace, seed);
  let taken = 0;
  for (let pod = stream.next(); pod !== null; pod = stream.next()) {
    take(pod);
    if (++taken % PIECE_PODS === 0 && !(await turn())) return false;
  }
  return turn();
}
