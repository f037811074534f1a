/**
 * The pod lists of Alibaba's GPU cluster trace v2023 ("openb"). docs/formats/openb.md says how each column is read and
 * where the model departs from the recording. The published lists hold about ten thousand rows and some of them are
 * not in order of time, so a list is read as a whole and put in order (rows of one instant keep the file's order);
 * MAX_ROWS bounds the memory.
 */
import { InputError } from '../../../base/input-error.ts';
import { MICROS_PER_SECOND } from '../../../base/time.ts';
import type { ResourceList } from '../../../cluster/objects.ts';
import type { TracePod } from '../../../simulation/scenario.ts';
import { clip, detached, found, isDnsSubdomain, readWholeNumber } from '../cells.ts';
import { CsvRecordReader } from '../csv-records.ts';
import { GPU_CARD_MODEL_LABEL, gpuAmount, readOpenbHeader } from '../openb-columns.ts';
import { DuplicateWatch } from '../duplicate-watch.ts';
import { makeJob } from '../make-job.ts';
import { MAX_SECONDS } from '../row-cells.ts';
import { ENDS_OPEN } from '../row-jobs.ts';
import { wordOf } from '../settings.ts';
import { plainShape, ShapeTable } from '../shape-table.ts';
import { Tally } from '../tally.ts';
import type { FormatInput, JobReader, JobShape, TraceFormat, TraceJob } from '../trace-format.ts';
import type { ProblemList } from '../trace-reader.ts';

export const MAX_ROWS = 500_000;

const POD_COLUMNS = [
  'name',
  'cpu_milli',
  'memory_mib',
  'num_gpu',
  'gpu_milli',
  'gpu_spec',
  'qos',
  'pod_phase',
  'creation_time',
  'deletion_time',
  'scheduled_time',
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

export const OPENB: TraceFormat = {
  open: (input) => new OpenbJobs(input),
  recognises: (head) => /^(?:\ufeff|\u00ef\u00bb\u00bf)?[^\r\n]*\bcpu_milli\b[^\r\n]*\bnum_gpu\b/.test(head),
};

/** A row, times in seconds of the recording. */
interface OpenbPod {
  readonly name: string;
  readonly shape: JobShape;
  readonly line: number;
  readonly sharesGpu: boolean;
  readonly neverRan: boolean;
  readonly isRunning: boolean;
  readonly creation: number;
  readonly deletion: number;
  /** From the start of the pod, or from its creation when it never ran. */
  readonly runTime: number;
}

/** Reads the whole list when the first job is asked for. */
class OpenbJobs implements JobReader {
  rowCount = 0;
  line = 0;
  private readonly input: FormatInput;
  private readonly columns: Readonly<Record<PodColumn, number>>;
  private readonly records: CsvRecordReader;
  private readonly tally = new Tally();
  private pods: readonly OpenbPod[] | null = null;
  private given = 0;
  /** GPUs are asked for by the thousandth. */
  private readonly shared: boolean;
  /** When the recording ended: no pod was deleted later. */
  private end = 0;

  constructor(input: FormatInput) {
    this.input = input;
    this.shared = wordOf(input.settings, 'gpus') === 'shared';
    this.records = new CsvRecordReader(input.bytes, input.name);
    const header = this.records.next();
    if (
      header !== null &&
      header.length === TIMELESS_COLUMNS.length &&
      header.every((name) => TIMELESS_COLUMNS.includes(name))
    ) {
      const message =
        'this list has no times (columns creation_time, deletion_time, scheduled_time are missing, as in the ' +
        'multigpu lists): expected a list with 11 columns';
      throw new InputError({ file: input.name, line: 1, message });
    }
    this.columns = readOpenbHeader(header, POD_COLUMNS, input.name, this.records.line);
  }

  next(problems: ProblemList): TraceJob | null {
    this.pods ??= this.readAll(problems);
    if (this.given >= this.pods.length || problems.count > 0) return null;
    const pod = this.pods[this.given++];
    this.line = pod.line;
    const { name, shape, creation, neverRan } = pod;
    const runMicros = pod.runTime * MICROS_PER_SECOND;
    const known = neverRan ? 'unknown' : this.isCut(pod) ? 'censored' : 'whole';
    const runTime = { durationMicros: runMicros, runTime: known, observedMicros: neverRan ? 0 : runMicros } as const;
    return makeJob(shape, this.given, creation * MICROS_PER_SECOND, runTime, { name });
  }

  notes(): readonly string[] {
    const pods = this.pods ?? [];
    const neverRan = pods.filter((pod) => pod.neverRan).length;
    const sharing = pods.filter((pod) => pod.sharesGpu).length;
    const cut = pods.filter((pod) => this.isCut(pod)).length;
    const notes: string[] = [];
    if (neverRan > 0)
      notes.push(
        'Pods that never ran in the recording (Pending), and here run for the time from creation to deletion: ' +
          String(neverRan),
      );
    if (sharing > 0 && !this.shared)
      notes.push(`Pods that ask for a share of a GPU, and here take a whole one: ${String(sharing)}`);
    if (cut > 0) notes.push(`Pods that still ran when the recording ended, and here end then: ${String(cut)}`);
    return [...notes, ...this.tally.notes()];
  }

  leftOutRows(): number {
    return 0;
  }

  facts(): Readonly<Record<string, number>> {
    const pods = this.pods ?? [];
    return {
      podsThatNeverRan: pods.filter((pod) => pod.neverRan).length,
      podsThatShareAGpu: pods.filter((pod) => pod.sharesGpu).length,
    };
  }

  machine(): null {
    return null;
  }

  /** It still ran when the recording ended. */
  private isCut({ isRunning, deletion }: OpenbPod): boolean {
    return isRunning && deletion === this.end;
  }

  private readAll(problems: ProblemList): readonly OpenbPod[] {
    const { records, input } = this;
    const decoder = new RowDecoder(this.columns, input.name, problems, this.tally, this.shared);
    const pods: OpenbPod[] = [];
    for (let fields = records.next(); fields !== null && !problems.isOverfull; fields = records.next()) {
      if (++this.rowCount > MAX_ROWS) {
        const message = `more than ${String(MAX_ROWS)} rows: expected a published list; Podyard's own CSV format is read as a stream`;
        throw new InputError({ file: input.name, line: records.line, message });
      }
      const pod = decoder.decode(fields, records.line);
      if (pod === null) continue;
      pods.push(pod);
      this.end = Math.max(this.end, pod.deletion);
    }
    if (this.rowCount === 0)
      problems.add({
        file: input.name,
        line: records.line + 1,
        message: 'no rows below the header: expected one for each pod',
      });
    if (records.endsOpen) this.tally.count(ENDS_OPEN);
    const outOfOrder = pods.reduce(
      (count, { creation }, i) => (i > 0 && creation < pods[i - 1].creation ? count + 1 : count),
      0,
    );
    if (outOfOrder > 0) this.tally.count('Rows out of order of time, put in order', outOfOrder);
    return pods.sort((a, b) => a.creation - b.creation);
  }
}

type PodColumn = (typeof POD_COLUMNS)[number];

class RowDecoder {
  private readonly columns: Readonly<Record<PodColumn, number>>;
  private readonly file: string;
  private readonly problems: ProblemList;
  private fields: readonly string[] = [];
  private line = 0;
  private readonly tally: Tally;
  private readonly shapes = new ShapeTable();
  private readonly names = new DuplicateWatch();
  private readonly requestsByKey = new Map<string, ResourceList>();
  private readonly shared: boolean;
  private readonly affinityBySpec = new Map<string, TracePod['nodeAffinityAnyOf']>();

  constructor(
    columns: Readonly<Record<PodColumn, number>>,
    file: string,
    problems: ProblemList,
    tally: Tally,
    shared: boolean,
  ) {
    this.columns = columns;
    this.file = file;
    this.problems = problems;
    this.tally = tally;
    this.shared = shared;
  }

  /** The pod of a row; null when the row has mistakes. */
  decode(fields: readonly string[], line: number): OpenbPod | null {
    const before = this.problems.count;
    this.fields = fields;
    this.line = line;
    if (fields.length !== POD_COLUMNS.length) {
      this.complain(
        undefined,
        `expected ${String(POD_COLUMNS.length)} fields as in the header, found ${String(fields.length)}`,
      );
      return null;
    }
    const name = this.cell('name');
    if (!isDnsSubdomain(name)) this.complain('name', `expected a pod name, ${found(name)}`);
    const cpuMilli = this.wholeNumber('cpu_milli');
    const memoryMib = this.wholeNumber('memory_mib');
    const gpuCount = this.wholeNumber('num_gpu');
    const gpuMilli = this.wholeNumber('gpu_milli');
    if (gpuMilli > 1000)
      this.complain('gpu_milli', `expected thousandths of each GPU from 0 to 1000, ${found(this.cell('gpu_milli'))}`);
    const qos = this.oneOf('qos', [...PRIORITY_OF_QOS.keys()]);
    const phase = this.oneOf('pod_phase', PHASES);
    const neverRan = phase === 'Pending';
    const nodeAffinityAnyOf = this.affinity(this.cell('gpu_spec'));
    const { creation, deletion, scheduled } = this.times(neverRan);
    if (this.problems.count > before) return null;
    if (this.names.sawTextBefore(name))
      this.tally.count('Rows with the name of an earlier one, kept as pods of their own');
    const requests = this.requests(cpuMilli, memoryMib, gpuCount, gpuMilli);
    return {
      name: detached(name),
      shape: this.shapes.of(
        `${qos} ${this.cell('gpu_milli')} ${this.cell('gpu_spec')}`,
        cpuMilli,
        memoryMib,
        gpuCount,
        () => plainShape('pod', { class: qos, priority: PRIORITY_OF_QOS.get(qos) ?? 0, nodeAffinityAnyOf, requests }),
      ),
      line,
      sharesGpu: gpuCount > 0 && gpuMilli < 1000,
      neverRan,
      isRunning: phase === 'Running',
      creation,
      deletion,
      runTime: deletion - (neverRan ? creation : scheduled),
    };
  }

  private times(neverRan: boolean): { creation: number; deletion: number; scheduled: number } {
    const creation = this.seconds('creation_time');
    const deletion = this.seconds('deletion_time');
    const scheduledText = this.cell('scheduled_time');
    if (neverRan) {
      if (scheduledText !== '')
        this.complain('scheduled_time', `expected nothing for a Pending pod, ${found(scheduledText)}`);
    } else if (scheduledText === '')
      this.complain('scheduled_time', 'expected whole seconds for a pod that is not Pending, found nothing');
    const scheduled = scheduledText === '' || neverRan ? creation : this.seconds('scheduled_time');
    if (scheduled < creation)
      this.complain(
        'scheduled_time',
        `expected at least the creation_time ${String(creation)}, ${found(scheduledText)}`,
      );
    else if (deletion < scheduled) {
      const bound = scheduledText === '' ? `creation_time ${String(creation)}` : `scheduled_time ${String(scheduled)}`;
      this.complain('deletion_time', `expected at least the ${bound}, ${found(this.cell('deletion_time'))}`);
    }
    return { creation, deletion, scheduled };
  }

  private requests(cpuMilli: number, memoryMib: number, gpuCount: number, gpuMilli: number): ResourceList {
    const key = [cpuMilli, memoryMib, gpuCount, gpuMilli].map(String).join('/');
    let list = this.requestsByKey.get(key);
    if (list === undefined) {
      const gpus = gpuAmount(this.shared, gpuCount, gpuMilli);
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

  private seconds(column: PodColumn): number {
    const value = this.wholeNumber(column);
    if (value > MAX_SECONDS)
      this.complain(column, `expected at most ${String(MAX_SECONDS)} seconds, ${found(this.cell(column))}`);
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
