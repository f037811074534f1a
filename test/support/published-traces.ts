/** The published traces, where they lie beside the checkout. */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openTraceFile } from '../../src/io/trace-stream.ts';
import { TraceAccounting, type TraceAccount } from '../../src/workload/traces/account.ts';
import type { TraceFormatName } from '../../src/workload/traces/catalog.ts';
import { openJobs } from '../../src/workload/traces/open-trace.ts';
import { settingsOf } from '../../src/workload/traces/settings.ts';
import { ProblemList } from '../../src/workload/traces/trace-reader.ts';

const FOLDER = fileURLToPath(new URL('../../../shared/traces/', import.meta.url));

/** Path of a file below the folder of the traces; null when it is not there. */
export function publishedTrace(path: string): string | null {
  return existsSync(`${FOLDER}${path}`) ? `${FOLDER}${path}` : null;
}

/** Names of the files of a folder of the traces; empty when it is not there. */
export function publishedFiles(folder: string): readonly string[] {
  return existsSync(`${FOLDER}${folder}`) ? readdirSync(`${FOLDER}${folder}`).sort((a, b) => (a < b ? -1 : 1)) : [];
}

export const WHY_SKIPPED = 'the published traces are not beside the checkout';

export interface AccountedTrace extends TraceAccount {
  readonly rows: number;
  readonly leftOut: number;
  readonly facts: Readonly<Record<string, number>>;
  readonly notes: readonly string[];
  readonly machine: { readonly nodes: number; readonly cpuPerNode: number } | null;
}

/** Reads a trace to its end; throws with the mistakes that it has. `files` by role, below the folder. */
export function accountOf(
  format: TraceFormatName,
  path: string,
  options: {
    readonly files?: Readonly<Record<string, string>>;
    readonly settings?: Readonly<Record<string, string | number>>;
  } = {},
): AccountedTrace {
  const { files = {}, settings = {} } = options;
  const { reader, inOrder } = openJobs(format, openTraceFile(`${FOLDER}${path}`), path, {
    settings: settingsOf(format, settings),
    other: (role) =>
      Object.hasOwn(files, role) ? { bytes: openTraceFile(`${FOLDER}${files[role]}`), name: files[role] } : null,
  });
  const accounting = new TraceAccounting();
  const problems = new ProblemList();
  for (let job = inOrder.next(problems); job !== null; job = inOrder.next(problems)) accounting.add(job);
  problems.throwIfAny(path);
  return {
    ...accounting.account(),
    rows: reader.rowCount,
    leftOut: reader.leftOutRows(),
    facts: reader.facts(),
    notes: inOrder.notes(),
    machine: reader.machine(),
  };
}
