/**
 * Podyard's own trace format: one pod a row, read as a stream. docs/formats/trace-csv.md is the reference of the
 * columns. Memory is bounded by one block of text and by caches of fixed size, whatever the size of the file; equal
 * requests, labels and selectors of different rows are the same object.
 */
import { assert } from '../../base/assert.ts';
import { InputError, type Problem } from '../../base/input-error.ts';
import type { Micros } from '../../base/time.ts';
import type { ResourceList } from '../../cluster/objects.ts';
import type { TracePod } from '../../simulation/scenario.ts';
import type { ByteSource } from './byte-source.ts';
import { detached, EXPECTED_SECONDS, found, isDnsLabel, isDnsSubdomain, quantityMistake, readPairs, readPriority, readSeconds } from './cells.ts';
import { readHeader, type TraceColumns } from './csv-header.ts';
import { CsvRecordReader } from './csv-records.ts';
import { ProblemList, type TraceOptions, type TraceReader } from './trace-reader.ts';

const CACHE_LIMIT = 16_384;
const MAX_CLASS_LENGTH = 100;
const NO_AFFINITY: TracePod['nodeAffinityAnyOf'] = [];

/** Opens a trace and reads its header. Throws InputError when the header is wrong. */
export function openTraceCsv(bytes: ByteSource, file: string, options: TraceOptions = {}): TraceReader {
  return new CsvTraceReader(bytes, file, options.compress ?? 1);
}

/** Reads a whole trace and returns its mistakes: the first hundred, then one entry with the number of the others. */
export function checkTraceCsv(bytes: ByteSource, file: string, options: TraceOptions = {}): readonly Problem[] {
  const problems = new ProblemList();
  try {
    const reader = new CsvTraceReader(bytes, file, options.compress ?? 1);
    while (!problems.isOverfull && reader.readRow(problems)) reader.pod = null;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    // Where the file itself is damaged, its rows are no mistakes of the user.
    if (error.problems.every((problem) => problem.line === undefined)) return error.problems;
    for (const problem of error.problems) problems.add(problem);
  }
  return problems.all(file);
}

class CsvTraceReader implements TraceReader {
  /** The pod of the row last read; null when that row had problems. */
  pod: TracePod | null = null;
  podCount = 0;

  private readonly records: CsvRecordReader;
  private readonly columns: TraceColumns;
  private readonly cells: CellCaches;
  private readonly file: string;
  private readonly compress: number;
  private rowCount = 0;
  /** Arrival of the row before, in micros of the file; for the order. */
  private previousArrival: Micros = 0;
  private previousArrivalText = '0';
  private endlessCount = 0;
  /** Mistakes of the row that `next` reads; nothing is read after the first. */
  private readonly rowProblems = new ProblemList();

  constructor(bytes: ByteSource, file: string, compress: number) {
    assert(compress > 0, 'the compression must be above 0');
    this.file = file;
    this.compress = compress;
    this.records = new CsvRecordReader(bytes, file);
    const header = this.records.next();
    if (header === null) throw new InputError({ file, line: 1, message: 'the file is empty: expected a header line and a row for each pod' });
    this.columns = readHeader(header, file, this.records.line);
    this.cells = new CellCaches(this.columns);
  }

  next(): TracePod | null {
    const more = this.readRow(this.rowProblems);
    this.rowProblems.throwIfAny(this.file);
    return more ? this.pod : null;
  }

  notes(): readonly string[] {
    return this.endlessCount === 0 ? [] : [`Pods without a duration, which run for ever: ${String(this.endlessCount)}`];
  }

  /** Reads one row into `pod`, its mistakes into `problems`. False at the end of the file. */
  readRow(problems: ProblemList): boolean {
    const fields = this.records.next();
    if (fields === null) {
      if (this.rowCount === 0) problems.add({ file: this.file, line: this.records.line + 1, message: 'no rows below the header: expected one for each pod' });
      return false;
    }
    this.rowCount++;
    this.pod = this.decode(fields, problems);
    if (this.pod !== null) {
      this.podCount++;
      if (this.pod.durationMicros === null) this.endlessCount++;
    }
    return true;
  }

  private decode(fields: readonly string[], problems: ProblemList): TracePod | null {
    const { columns, cells } = this;
    const before = problems.count;
    if (fields.length !== columns.count) {
      const message = `expected ${String(columns.count)} fields as in the header, found ${String(fields.length)}`;
      problems.add({ file: this.file, line: this.records.line, message });
      return null;
    }
    const arrival = this.readArrival(fields[columns.arrival], problems);
    const duration = columns.duration === -1 ? null : this.readDuration(fields[columns.duration], problems);
    const requests = cells.requests(fields);
    if (requests.mistakes.length > 0) for (const { column, message } of requests.mistakes) this.complain(problems, column, message);
    const priority = columns.priority === -1 ? 0 : this.readPriority(fields[columns.priority], problems);
    const name = this.readName(fields, problems);
    const namespace = cells.text(cells.namespaces, fields, columns.namespace, 'default');
    if (namespace === null) this.complain(problems, 'namespace', `expected a namespace name (up to 63 of a-z, 0-9 and -), ${found(fields[columns.namespace])}`);
    const podClass = cells.text(cells.classes, fields, columns.class, 'trace');
    if (podClass === null) this.complain(problems, 'class', `expected a text of up to ${String(MAX_CLASS_LENGTH)} characters, ${found(fields[columns.class])}`);
    const labels = this.readPairsCell(fields, columns.labels, 'labels', problems);
    const nodeSelector = this.readPairsCell(fields, columns.nodeSelector, 'nodeSelector', problems);
    if (problems.count > before || namespace === null || podClass === null) return null;
    return {
      name,
      namespace,
      arrivalMicros: this.scaled(arrival),
      durationMicros: duration,
      priority,
      class: podClass,
      labels,
      nodeSelector,
      nodeAffinityAnyOf: NO_AFFINITY,
      requests: requests.list,
    };
  }

  private scaled(micros: Micros): Micros {
    return this.compress === 1 ? micros : Math.round(micros / this.compress);
  }

  private complain(problems: ProblemList, path: string, message: string): void {
    problems.add({ file: this.file, line: this.records.line, message, path });
  }

  private readArrival(text: string, problems: ProblemList): Micros {
    const micros = readSeconds(text);
    if (Number.isNaN(micros)) {
      this.complain(problems, 'arrival', `${EXPECTED_SECONDS}, ${found(text)}`);
      return 0;
    }
    if (micros < this.previousArrival) {
      this.complain(problems, 'arrival', `expected rows in order of arrival: at least ${this.previousArrivalText} as in the row before, found "${text}"`);
    }
    this.previousArrival = micros;
    this.previousArrivalText = text;
    return micros;
  }

  private readDuration(text: string, problems: ProblemList): Micros | null {
    if (text === '') return null;
    const micros = readSeconds(text);
    if (Number.isNaN(micros)) this.complain(problems, 'duration', `${EXPECTED_SECONDS}, or nothing for a pod that runs for ever; ${found(text)}`);
    return micros;
  }

  private readPriority(text: string, problems: ProblemList): number {
    if (text === '' || text === '0') return 0;
    const priority = readPriority(text);
    if (Number.isNaN(priority)) this.complain(problems, 'priority', `expected a whole number from -2147483648 to 2147483647, ${found(text)}`);
    return priority;
  }

  private readName(fields: readonly string[], problems: ProblemList): string {
    const text = this.columns.name === -1 ? '' : fields[this.columns.name];
    if (text === '') return `pod-${String(this.rowCount)}`;
    if (!isDnsSubdomain(text)) this.complain(problems, 'name', `expected a pod name (up to 253 of a-z, 0-9, - and .), ${found(text)}`);
    return detached(text);
  }

  private readPairsCell(fields: readonly string[], column: number, name: string, problems: ProblemList): Readonly<Record<string, string>> {
    if (column === -1 || fields[column] === '') return NO_PAIRS;
    const result = this.cells.pairs(fields[column]);
    if (result.mistake !== null) this.complain(problems, name, `${result.mistake}; ${found(fields[column])}`);
    return result.pairs ?? NO_PAIRS;
  }
}

const NO_PAIRS: Readonly<Record<string, string>> = Object.freeze({});

interface ReadRequests {
  readonly list: ResourceList;
  readonly mistakes: readonly { readonly column: string; readonly message: string }[];
}

/** Cell texts that were read before, with what they stand for. Emptied when full: that changes no answer. */
class CellCaches {
  readonly namespaces: TextCache = { known: new Map(), isValid: isDnsLabel };
  readonly classes: TextCache = { known: new Map(), isValid: (text) => text.length <= MAX_CLASS_LENGTH };
  private readonly requestsByKey = new Map<string, ReadRequests>();
  private readonly pairsByText = new Map<string, ReturnType<typeof readPairs>>();
  private readonly resources: TraceColumns['resources'];

  constructor(columns: TraceColumns) {
    this.resources = columns.resources;
  }

  /** The requests of a row; the resource columns together are the key. */
  requests(fields: readonly string[]): ReadRequests {
    let key = '';
    for (const { column } of this.resources) key += `${fields[column]},`;
    let known = this.requestsByKey.get(key);
    if (known === undefined) {
      known = readRequests(this.resources, fields);
      remember(this.requestsByKey, key, known);
    }
    return known;
  }

  pairs(text: string): ReturnType<typeof readPairs> {
    let known = this.pairsByText.get(text);
    if (known === undefined) {
      known = readPairs(text);
      remember(this.pairsByText, detached(text), known);
    }
    return known;
  }

  /** The text of a cell, `fallback` for an empty or missing one, null for one that is not valid. */
  text(cache: TextCache, fields: readonly string[], column: number, fallback: string): string | null {
    if (column === -1 || fields[column] === '') return fallback;
    let known = cache.known.get(fields[column]);
    if (known === undefined) {
      if (!cache.isValid(fields[column])) return null;
      known = detached(fields[column]);
      remember(cache.known, known, known);
    }
    return known;
  }
}

interface TextCache {
  readonly known: Map<string, string>;
  readonly isValid: (text: string) => boolean;
}

function remember<Value>(cache: Map<string, Value>, key: string, value: Value): void {
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(key, value);
}

function readRequests(resources: TraceColumns['resources'], fields: readonly string[]): ReadRequests {
  const list: Record<string, string> = {};
  const mistakes: { column: string; message: string }[] = [];
  for (const { name, column } of resources) {
    const text = fields[column];
    if (text === '') continue;
    const mistake = quantityMistake(name, text);
    if (mistake === null) list[name] = detached(text);
    else mistakes.push({ column: name, message: `${mistake}, ${found(text)}` });
  }
  return { list, mistakes };
}
