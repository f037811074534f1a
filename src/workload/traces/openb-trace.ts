/**
 * The pod lists of Alibaba's GPU cluster trace v2023 ("openb"). docs/formats/openb.md says how each column is read and
 * where the model departs from the recording. The published lists hold about ten thousand rows and some of them are
 * not in order of time, so a list is read as a whole and put in order (rows of one instant keep the file's order);
 * MAX_ROWS bounds the memory.
 */
import { assert } from '../../base/assert.ts';
import { InputError, type Problem } from '../../base/input-error.ts';
import { MICROS_PER_SECOND, type Micros } from '../../base/time.ts';
import type { ResourceList } from '../../cluster/objects.ts';
import type { TracePod } from '../../simulation/scenario.ts';
import type { ByteSource } from './byte-source.ts';
import { clip, detached, found, isDnsSubdomain, readWholeNumber } from './cells.ts';
import { CsvRecordReader } from './csv-records.ts';
import { GPU_CARD_MODEL_LABEL, GPU_RESOURCE, readOpenbHeader } from './openb-columns.ts';
import { ProblemList, type TraceOptions, type TraceReader } from './trace-reader.ts';

export const MAX_ROWS = 500_000;

const POD_COLUMNS = [
  'name', 'cpu_milli', 'memory_mib', 'num_gpu', 'gpu_milli', 'gpu_spec', 'qos', 'pod_phase', 'creation_time', 'deletion_time', 'scheduled_time',
] as const;
const TIMELESS_COLUMNS: readonly string[] = POD_COLUMNS.slice(0, 5);

/** Our choice, the recording has no priorities: latency-sensitive first, best effort last. */
const PRIORITY_OF_QOS: ReadonlyMap<string, number> = new Map([
  ['LS', 300],
  ['Guaranteed', 200],
  ['Burstable', 100],
  ['BE', 0],
]);
const PHASES: readonly string[] = ['Pending', 'Running', 'Succeeded', 'Failed'];

/** Reads a pod list and gives its pods in order of arrival. Throws InputError with all mistakes of the file. */
export function openOpenbTrace(bytes: ByteSource, file: string, options: TraceOptions = {}): TraceReader {
  const problems = new ProblemList();
  const list = readRows(bytes, file, problems);
  problems.throwIfAny(file);
  return new OpenbTraceReader(list, options.compress ?? 1);
}

/** The mistakes of a pod list: the first hundred, then one entry with the number of the others. */
export function checkOpenbTrace(bytes: ByteSource, file: string): readonly Problem[] {
  const problems = new ProblemList();
  try {
    readRows(bytes, file, problems);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    if (error.problems.every((problem) => problem.line === undefined)) return error.problems;
    for (const problem of error.problems) problems.add(problem);
  }
  return problems.all(file);
}

/** A row, times in seconds of the recording. */
interface OpenbPod {
  readonly name: string;
  readonly requests: ResourceList;
  readonly nodeAffinityAnyOf: TracePod['nodeAffinityAnyOf'];
  readonly qos: string;
  readonly sharesGpu: boolean;
  readonly neverRan: boolean;
  readonly creation: number;
  readonly deletion: number;
  /** From the start of the pod, or from its creation when it never ran. */
  readonly runTime: number;
}

class OpenbTraceReader implements TraceReader {
  podCount = 0;
  private readonly pods: readonly OpenbPod[];
  private readonly compress: number;

  constructor(pods: readonly OpenbPod[], compress: number) {
    assert(compress > 0, 'the compression must be above 0');
    this.pods = pods;
    this.compress = compress;
  }

  next(): TracePod | null {
    if (this.podCount >= this.pods.length) return null;
    const pod = this.pods[this.podCount++];
    return {
      name: pod.name,
      namespace: 'default',
      arrivalMicros: this.scaled(pod.creation),
      durationMicros: pod.runTime * MICROS_PER_SECOND,
      priority: PRIORITY_OF_QOS.get(pod.qos) ?? 0,
      class: pod.qos,
      labels: NO_LABELS,
      nodeSelector: NO_LABELS,
      nodeAffinityAnyOf: pod.nodeAffinityAnyOf,
      requests: pod.requests,
    };
  }

  notes(): readonly string[] {
    const { pods } = this;
    const end = pods.reduce((latest, pod) => Math.max(latest, pod.deletion), 0);
    const neverRan = pods.filter((pod) => pod.neverRan).length;
    const sharing = pods.filter((pod) => pod.sharesGpu).length;
    const cut = pods.filter((pod) => pod.deletion === end && !pod.neverRan).length;
    const notes: string[] = [];
    if (neverRan > 0) notes.push(`Pods that never ran in the recording (Pending), and here run for the time from creation to deletion: ${String(neverRan)}`);
    if (sharing > 0) notes.push(`Pods that ask for a share of a GPU, and here take a whole one: ${String(sharing)}`);
    if (cut > 0) notes.push(`Pods that still ran when the recording ended, and here end then: ${String(cut)}`);
    return notes;
  }

  private scaled(seconds: number): Micros {
    return Math.round((seconds * MICROS_PER_SECOND) / this.compress);
  }
}

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});

function readRows(bytes: ByteSource, file: string, problems: ProblemList): readonly OpenbPod[] {
  const records = new CsvRecordReader(bytes, file);
  const header = records.next();
  if (header !== null && header.length === TIMELESS_COLUMNS.length && header.every((name) => TIMELESS_COLUMNS.includes(name))) {
    const message = 'this list has no times (columns creation_time, deletion_time, scheduled_time are missing, as in the multigpu lists): expected a list with 11 columns';
    throw new InputError({ file, line: 1, message });
  }
  const columns = readOpenbHeader(header, POD_COLUMNS, file, records.line);
  const decoder = new RowDecoder(columns, file, problems);
  const pods: OpenbPod[] = [];
  let rowCount = 0;
  for (let fields = records.next(); fields !== null && !problems.isOverfull; fields = records.next()) {
    if (++rowCount > MAX_ROWS) {
      const message = `more than ${String(MAX_ROWS)} rows: expected a published list; Podyard's own CSV format is read as a stream`;
      throw new InputError({ file, line: records.line, message });
    }
    const pod = decoder.decode(fields, records.line);
    if (pod !== null) pods.push(pod);
  }
  if (rowCount === 0) problems.add({ file, line: records.line + 1, message: 'no rows below the header: expected one for each pod' });
  return pods.sort((a, b) => a.creation - b.creation);
}

type PodColumn = (typeof POD_COLUMNS)[number];

class RowDecoder {
  private readonly columns: Readonly<Record<PodColumn, number>>;
  private readonly file: string;
  private readonly problems: ProblemList;
  private fields: readonly string[] = [];
  private line = 0;
  private readonly requestsByKey = new Map<string, ResourceList>();
  private readonly affinityBySpec = new Map<string, TracePod['nodeAffinityAnyOf']>();

  constructor(columns: Readonly<Record<PodColumn, number>>, file: string, problems: ProblemList) {
    this.columns = columns;
    this.file = file;
    this.problems = problems;
  }

  /** The pod of a row; null when the row has mistakes. */
  decode(fields: readonly string[], line: number): OpenbPod | null {
    const before = this.problems.count;
    this.fields = fields;
    this.line = line;
    if (fields.length !== POD_COLUMNS.length) {
      this.complain(undefined, `expected ${String(POD_COLUMNS.length)} fields as in the header, found ${String(fields.length)}`);
      return null;
    }
    const name = this.cell('name');
    if (!isDnsSubdomain(name)) this.complain('name', `expected a pod name, ${found(name)}`);
    const cpuMilli = this.wholeNumber('cpu_milli');
    const memoryMib = this.wholeNumber('memory_mib');
    const gpuCount = this.wholeNumber('num_gpu');
    const gpuMilli = this.wholeNumber('gpu_milli');
    if (gpuMilli > 1000) this.complain('gpu_milli', `expected thousandths of each GPU from 0 to 1000, ${found(this.cell('gpu_milli'))}`);
    const qos = this.oneOf('qos', [...PRIORITY_OF_QOS.keys()]);
    const neverRan = this.oneOf('pod_phase', PHASES) === 'Pending';
    const nodeAffinityAnyOf = this.affinity(this.cell('gpu_spec'));
    const { creation, deletion, scheduled } = this.times(neverRan);
    if (this.problems.count > before) return null;
    return {
      name: detached(name),
      requests: this.requests(cpuMilli, memoryMib, gpuCount),
      nodeAffinityAnyOf,
      qos,
      sharesGpu: gpuCount > 0 && gpuMilli < 1000,
      neverRan,
      creation,
      deletion,
      runTime: deletion - (neverRan ? creation : scheduled),
    };
  }

  private times(neverRan: boolean): { creation: number; deletion: number; scheduled: number } {
    const creation = this.wholeNumber('creation_time');
    const deletion = this.wholeNumber('deletion_time');
    const scheduledText = this.cell('scheduled_time');
    if (neverRan) {
      if (scheduledText !== '') this.complain('scheduled_time', `expected nothing for a Pending pod, ${found(scheduledText)}`);
    } else if (scheduledText === '') this.complain('scheduled_time', 'expected whole seconds for a pod that is not Pending, found nothing');
    const scheduled = scheduledText === '' || neverRan ? creation : this.wholeNumber('scheduled_time');
    if (scheduled < creation) this.complain('scheduled_time', `expected at least the creation_time ${String(creation)}, ${found(scheduledText)}`);
    else if (deletion < scheduled) {
      const bound = scheduledText === '' ? `creation_time ${String(creation)}` : `scheduled_time ${String(scheduled)}`;
      this.complain('deletion_time', `expected at least the ${bound}, ${found(this.cell('deletion_time'))}`);
    }
    return { creation, deletion, scheduled };
  }

  private requests(cpuMilli: number, memoryMib: number, gpuCount: number): ResourceList {
    const key = `${String(cpuMilli)}/${String(memoryMib)}/${String(gpuCount)}`;
    let list = this.requestsByKey.get(key);
    if (list === undefined) {
      const gpus = gpuCount === 0 ? {} : { [GPU_RESOURCE]: String(gpuCount) };
      list = { cpu: `${String(cpuMilli)}m`, memory: `${String(memoryMib)}Mi`, ...gpus };
      this.requestsByKey.set(key, list);
    }
    return list;
  }

  private affinity(spec: string): TracePod['nodeAffinityAnyOf'] {
    let known = this.affinityBySpec.get(spec);
    if (known === undefined) {
      const models = spec === '' ? [] : spec.split('|');
      if (models.includes('')) this.complain('gpu_spec', `expected card models separated by |, ${found(spec)}`);
      const values = [...new Set(models)].map(detached);
      known = values.length === 0 ? [] : [{ key: GPU_CARD_MODEL_LABEL, values }];
      if (!models.includes('')) this.affinityBySpec.set(detached(spec), known);
    }
    return known;
  }

  private cell(column: PodColumn): string {
    return this.fields[this.columns[column]];
  }

  private wholeNumber(column: PodColumn): number {
    const text = this.cell(column);
    const value = readWholeNumber(text);
    if (Number.isNaN(value)) this.complain(column, `expected a whole number from 0, ${found(text)}`);
    return value;
  }

  private oneOf(column: PodColumn, known: readonly string[]): string {
    const text = this.cell(column);
    const value = known.find((candidate) => candidate === text);
    if (value === undefined) this.complain(column, `expected one of ${known.join(', ')}; ${found(clip(text))}`);
    return value ?? '';
  }

  private complain(path: PodColumn | undefined, message: string): void {
    this.problems.add({ file: this.file, line: this.line, message, path });
  }
}
