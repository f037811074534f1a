/**
 * Folders that `--out` made, read again: of a run, a comparison, a rehearsal, or a sweep. A folder that is none of them
 * is an InputError that says what was expected and what lies there instead. Holds one text file at a time.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import type { z } from 'zod';
import { InputError } from '../base/input-error.ts';
import type { NodeStay, PodStay } from '../experiment/node-heat.ts';
import type { TimeSeries } from '../metrics/run-result.ts';
import { formatPath } from '../base/source-path.ts';
import { createInputFiles } from './input-files.ts';
import { COMPARISON_SCHEMA, REHEARSAL_SCHEMA, RUNS_SCHEMA, RUN_SCHEMA } from './result-schema.ts';
import type { ReadComparison, ReadRehearsal, ReadRun, ReadRuns } from './result-schema.ts';
import { SweepFolder } from './sweep-folder.ts';

export type ResultFolder =
  | { readonly kind: 'run'; readonly folder: string; readonly run: ReadRun; readonly timeseries: TimeSeries }
  | {
      readonly kind: 'comparison';
      readonly folder: string;
      readonly comparison: ReadComparison;
      readonly runs: ReadRuns | null;
    }
  | { readonly kind: 'rehearsal'; readonly folder: string; readonly rehearsal: ReadRehearsal }
  | { readonly kind: 'sweep'; readonly folder: string; readonly sweep: SweepFolder };

export type RunFolder = Extract<ResultFolder, { kind: 'run' }>;

const files = createInputFiles();

/** Throws InputError for a folder that holds no result, or one that cannot be read. */
export function readResultFolder(path: string): ResultFolder {
  const folder = path.length > 1 ? path.replace(/\/+$/, '') : path;
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) throw new InputError({ file: path, message: 'no such folder' });
  if (!stats.isDirectory()) {
    throw new InputError({ file: path, message: 'expected a folder of results, as --out names it, found a file' });
  }
  if (existsSync(join(folder, 'sweep.json'))) return { kind: 'sweep', folder, sweep: new SweepFolder(folder) };
  if (existsSync(join(folder, 'comparison.json'))) {
    const comparison = read(join(folder, 'comparison.json'), COMPARISON_SCHEMA);
    const runs = join(folder, 'runs.json');
    return { kind: 'comparison', folder, comparison, runs: existsSync(runs) ? read(runs, RUNS_SCHEMA) : null };
  }
  const report = join(folder, 'report.json');
  if (!existsSync(report)) throw new InputError({ file: path, message: foundInstead(folder) });
  const json = jsonOf(report);
  if (isObject(json) && 'blockers' in json && 'availability' in json) {
    return { kind: 'rehearsal', folder, rehearsal: checked(report, json, REHEARSAL_SCHEMA) };
  }
  if (!isObject(json) || !('counts' in json)) {
    const message = 'expected the report of a run, a comparison, a sweep or a rehearsal, found another one';
    throw new InputError({ file: report, message });
  }
  return { kind: 'run', folder, run: checked(report, json, RUN_SCHEMA), timeseries: timeSeriesIn(folder) };
}

function foundInstead(folder: string): string {
  const names = readdirSync(folder, { withFileTypes: true });
  const inner = names
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .filter((name) =>
      ['report.json', 'comparison.json', 'sweep.json'].some((file) => existsSync(join(folder, name, file))),
    )
    .sort((a, b) => (a < b ? -1 : 1));
  const expected = 'expected a folder of results, with a report.json, comparison.json or sweep.json';
  if (inner.length > 0)
    return `${expected}; it holds folders of results: name ${join(folder, inner[0])}, or ${join(folder, '*')}`;
  return `${expected}, found ${names.length === 0 ? 'an empty one' : 'none of them'}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function jsonOf(file: string): unknown {
  const text = files.read(file);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new InputError({ file, message: 'expected JSON, found a file that is damaged or cut off' });
  }
}

function read<T extends z.ZodType>(file: string, schema: T): z.infer<T> {
  return checked(file, jsonOf(file), schema);
}

/** One sentence, however much is missing: a file of another version lacks many things at a time. */
function checked<T extends z.ZodType>(file: string, json: unknown, schema: T): z.infer<T> {
  const written = isObject(json) ? json['schemaVersion'] : undefined;
  if (written !== undefined && written !== 1) {
    const found = `found version ${JSON.stringify(written)}`;
    throw new InputError({ file, message: `expected version 1 of the format, ${found}: it needs a newer Podyard` });
  }
  const { success, data, error } = schema.safeParse(json);
  if (success) return data;
  const [issue] = error.issues;
  const path = formatPath(issue.path.map((step) => (typeof step === 'number' ? step : String(step))));
  const by = isObject(json) && typeof json['version'] === 'string' ? `, written by Podyard ${json['version']}` : '';
  const more = error.issues.length === 1 ? '' : ` (and ${String(error.issues.length - 1)} more)`;
  const told = issue.message.replace(/^Invalid input: /, '').replace('received undefined', 'found nothing');
  const message = `not a result that this Podyard can read${by}: ${told.replace('received', 'found')}${more}`;
  throw new InputError({ file, path, message });
}

const NO_SERIES: TimeSeries = { seconds: [], columns: {} };

function timeSeriesIn(folder: string): TimeSeries {
  const file = join(folder, 'timeseries.csv');
  if (!existsSync(file)) return NO_SERIES;
  const [header = [], ...rows] = rowsOf(file);
  const columns = header.slice(1).map((name, i) => [name, rows.map((row) => Number(row[i + 1]))]);
  return { seconds: rows.map((row) => Number(row[0])), columns: Object.fromEntries(columns) as TimeSeries['columns'] };
}

function rowsOf(file: string): string[][] {
  const text = files.read(file);
  try {
    return parse(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new InputError({ file, message: `expected a table in CSV: ${message}` });
  }
}

/** Beyond this a table of pods takes longer to read than a picture is worth. */
const MOST_POD_BYTES = 48 * 1024 * 1024;

/** null: the folder holds no pods, or too many to look at. */
export function staysIn(
  folder: string,
  endSeconds: number,
): { readonly pods: readonly PodStay[]; readonly nodes: readonly NodeStay[] } | null {
  const [podFile, nodeFile] = [join(folder, 'pods.csv'), join(folder, 'nodes.csv')];
  const size = statSync(podFile, { throwIfNoEntry: false })?.size ?? Infinity;
  if (size > MOST_POD_BYTES || !existsSync(nodeFile)) return null;
  const pods = recordsOf(podFile, ['node', 'boundSeconds', 'endedSeconds']);
  const nodes = recordsOf(nodeFile, ['name', 'pool', 'createdSeconds', 'removedSeconds']);
  const ending = (text: string): number => (text === '' ? endSeconds : Number(text));
  return {
    pods: pods
      .filter(([node, from]) => node !== '' && from !== '')
      .map(([node, from, to]) => ({ node, from: Number(from), to: ending(to) })),
    nodes: nodes.map(([name, pool, from, to]) => ({ name, pool, from: Number(from), to: ending(to) })),
  };
}

function recordsOf(file: string, columns: readonly string[]): string[][] {
  const [header = [], ...rows] = rowsOf(file);
  const places = columns.map((name) => header.indexOf(name));
  const missing = columns.find((_, i) => places[i] === -1);
  if (missing !== undefined) throw new InputError({ file, message: `expected a column ${missing}, found none` });
  return rows.map((row) => places.map((place) => row[place]));
}
