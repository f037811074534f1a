/**
 * Podyard's own trace format: one pod a row, read as a stream. docs/formats/trace-csv.md is the reference of the
 * columns. Memory is bounded by one block of text and by caches of fixed size, whatever the size of the file; equal
 * requests, labels and selectors of different rows are the same object.
 */
import { InputError } from '../../../base/input-error.ts';
import type { Micros } from '../../../base/time.ts';
import type { ResourceList } from '../../../cluster/objects.ts';
import type { TracePod } from '../trace-pod.ts';
import {
  detached,
  EXPECTED_SECONDS,
  found,
  isDnsLabel,
  isDnsSubdomain,
  quantityMistake,
  readAnyOf,
  readPairs,
  readPriority,
  readSeconds,
} from '../cells.ts';
import { isCsvHeader, readHeader, type TraceColumns } from '../csv-header.ts';
import { CsvRecordReader } from '../csv-records.ts';
import { DuplicateWatch } from '../duplicate-watch.ts';
import { ENDS_OPEN } from '../row-jobs.ts';
import { NO_LABELS } from '../shape-table.ts';
import { Tally } from '../tally.ts';
import type { FormatInput, JobReader, JobShape, TraceFormat, TraceJob } from '../trace-format.ts';
import type { ProblemList } from '../trace-reader.ts';

export const CSV: TraceFormat = {
  open: (input) => new CsvJobs(input),
  recognises: (head) => isCsvHeader(head.slice(0, head.search(/[\r\n]|$/))),
};

const CACHE_LIMIT = 16_384;
const MAX_CLASS_LENGTH = 100;
const NO_AFFINITY: TracePod['nodeAffinityAnyOf'] = [];

class CsvJobs implements JobReader {
  rowCount = 0;
  private readonly records: CsvRecordReader;
  private readonly columns: TraceColumns;
  private readonly cells: CellCaches;
  private readonly file: string;
  private readonly tally = new Tally();
  private readonly names = new DuplicateWatch();
  /** Arrival of the row before, in micros of the file; for the order. */
  private previousArrival: Micros = 0;
  private previousArrivalText = '0';
  private endlessCount = 0;
  private shape: JobShape | null = null;

  constructor({ bytes, name }: FormatInput) {
    this.file = name;
    this.records = new CsvRecordReader(bytes, name);
    const header = this.records.next();
    if (header === null)
      throw new InputError({
        file: name,
        line: 1,
        message: 'the file is empty: expected a header line and a row for each pod',
      });
    this.columns = readHeader(header, name, this.records.line);
    this.cells = new CellCaches(this.columns);
  }

  get line(): number {
    return this.records.line;
  }

  next(problems: ProblemList): TraceJob | null {
    for (;;) {
      const fields = this.records.next();
      if (fields === null) {
        this.finish(problems);
        return null;
      }
      this.rowCount++;
      const job = this.decode(fields, problems);
      if (job !== null || problems.stopsAtFirst || problems.isOverfull) return job;
    }
  }

  notes(): readonly string[] {
    const endless =
      this.endlessCount === 0 ? [] : [`Pods without a duration, which run for ever: ${String(this.endlessCount)}`];
    return [...endless, ...this.tally.notes()];
  }

  leftOutRows(): number {
    return 0;
  }

  facts(): Readonly<Record<string, number>> {
    return {};
  }

  machine(): null {
    return null;
  }

  private finish(problems: ProblemList): void {
    if (this.rowCount === 0)
      problems.add({
        file: this.file,
        line: this.records.line + 1,
        message: 'no rows below the header: expected one for each pod',
      });
    if (this.records.endsOpen) this.tally.count(ENDS_OPEN);
  }

  private decode(fields: readonly string[], problems: ProblemList): TraceJob | null {
    const { columns, cells } = this;
    const before = problems.count;
    if (fields.length !== columns.count) {
      const message = `expected ${String(columns.count)} fields as in the header, found ${String(fields.length)}`;
      problems.add({ file: this.file, line: this.records.line, message });
      return null;
    }
    const arrivalMicros = this.readArrival(fields[columns.arrival], problems);
    const durationMicros = columns.duration === -1 ? null : this.readDuration(fields[columns.duration], problems);
    const requests = cells.requests(fields);
    if (requests.mistakes.length > 0)
      for (const { column, message } of requests.mistakes) this.complain(problems, column, message);
    const priority = columns.priority === -1 ? 0 : this.readPriority(fields[columns.priority], problems);
    const name = this.readName(fields, problems);
    const namespace = cells.text(cells.namespaces, fields, columns.namespace, 'default');
    if (namespace === null)
      this.complain(
        problems,
        'namespace',
        `expected a namespace name (up to 63 of a-z, 0-9 and -), ${found(fields[columns.namespace])}`,
      );
    const podClass = cells.text(cells.classes, fields, columns.class, 'trace');
    if (podClass === null)
      this.complain(
        problems,
        'class',
        `expected a text of up to ${String(MAX_CLASS_LENGTH)} characters, ${found(fields[columns.class])}`,
      );
    const labels = this.readPairsCell(fields, columns.labels, 'labels', problems);
    const nodeSelector = this.readPairsCell(fields, columns.nodeSelector, 'nodeSelector', problems);
    const nodeAffinityAnyOf = this.readAffinity(fields, problems);
    if (problems.count > before || namespace === null || podClass === null) return null;
    if (durationMicros === null) this.endlessCount++;
    const shape = this.shapeOf(namespace, priority, podClass, labels, nodeSelector, nodeAffinityAnyOf, requests.list);
    return {
      shape,
      name,
      ordinal: this.rowCount,
      batch: this.rowCount,
      arrivalMicros,
      durationMicros,
      runTime: durationMicros === null ? 'unknown' : 'whole',
      observedMicros: durationMicros ?? 0,
      startedBefore: false,
      pods: 1,
      firstPod: -1,
    };
  }

  /** Rows are often like the one before. */
  private shapeOf(
    namespace: string,
    priority: number,
    podClass: string,
    labels: JobShape['labels'],
    nodeSelector: JobShape['labels'],
    nodeAffinityAnyOf: TracePod['nodeAffinityAnyOf'],
    requests: ResourceList,
  ): JobShape {
    const last = this.shape;
    const isSame =
      last !== null &&
      last.requests === requests &&
      last.priority === priority &&
      last.class === podClass &&
      last.namespace === namespace &&
      last.labels === labels &&
      last.nodeSelector === nodeSelector &&
      last.nodeAffinityAnyOf === nodeAffinityAnyOf;
    if (isSame) return last;
    return (this.shape = {
      nameBase: 'pod',
      namespace,
      priority,
      class: podClass,
      labels,
      nodeSelector,
      nodeAffinityAnyOf,
      requests,
      spec: null,
    });
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
      this.complain(
        problems,
        'arrival',
        `expected rows in order of arrival: at least ${this.previousArrivalText} as in the row before, found "${text}"`,
      );
    }
    this.previousArrival = micros;
    this.previousArrivalText = text;
    return micros;
  }

  private readDuration(text: string, problems: ProblemList): Micros | null {
    if (text === '') return null;
    const micros = readSeconds(text);
    if (Number.isNaN(micros))
      this.complain(
        problems,
        'duration',
        `${EXPECTED_SECONDS}, or nothing for a pod that runs for ever; ${found(text)}`,
      );
    return micros;
  }

  private readPriority(text: string, problems: ProblemList): number {
    if (text === '' || text === '0') return 0;
    const priority = readPriority(text);
    if (Number.isNaN(priority))
      this.complain(problems, 'priority', `expected a whole number from -2147483648 to 2147483647, ${found(text)}`);
    return priority;
  }

  /** null: by ordinal. */
  private readName(fields: readonly string[], problems: ProblemList): string | null {
    const text = this.columns.name === -1 ? '' : fields[this.columns.name];
    if (text === '') return null;
    if (!isDnsSubdomain(text))
      this.complain(problems, 'name', `expected a pod name (up to 253 of a-z, 0-9, - and .), ${found(text)}`);
    else if (this.names.sawTextBefore(text))
      this.tally.count('Rows with the name of an earlier one, kept as pods of their own');
    return detached(text);
  }

  private readAffinity(fields: readonly string[], problems: ProblemList): TracePod['nodeAffinityAnyOf'] {
    const column = this.columns.nodeAffinity;
    if (column === -1 || fields[column] === '') return NO_AFFINITY;
    const result = this.cells.anyOf(fields[column]);
    if (result.mistake !== null) this.complain(problems, 'nodeAffinity', `${result.mistake}; ${found(fields[column])}`);
    return result.anyOf ?? NO_AFFINITY;
  }

  private readPairsCell(
    fields: readonly string[],
    column: number,
    name: string,
    problems: ProblemList,
  ): Readonly<Record<string, string>> {
    if (column === -1 || fields[column] === '') return NO_LABELS;
    const result = this.cells.pairs(fields[column]);
    if (result.mistake !== null) this.complain(problems, name, `${result.mistake}; ${found(fields[column])}`);
    return result.pairs ?? NO_LABELS;
  }
}

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
  private readonly anyOfByText = new Map<string, ReturnType<typeof readAnyOf>>();
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

  anyOf(text: string): ReturnType<typeof readAnyOf> {
    let known = this.anyOfByText.get(text);
    if (known === undefined) {
      known = readAnyOf(text);
      remember(this.anyOfByText, detached(text), known);
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
