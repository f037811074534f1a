/**
 * The pod lists of Alibaba's GPU cluster trace v2023 ("openb"). docs/formats/openb.md says how each column is read and
 * where the model departs from the recording. The published lists hold about ten thousand rows and some of them are
 * not in order of time, so a list is read as a whole and put in order (rows of one instant keep the file's order);
 * MAX_ROWS bounds the memory.
 */
import { InputError } from '../../../base/input-error.ts';
import { MICROS_PER_SECOND } from '../../../base/time.ts';
import type { TracePod } from '../trace-pod.ts';
import { detached, found, isDnsSubdomain } from '../cells.ts';
import { CsvRecordReader } from '../csv-records.ts';
import { GPU_CARD_MODEL_LABEL, gpuAmount, readOpenbHeader } from '../openb-columns.ts';
import { DuplicateWatch } from '../duplicate-watch.ts';
import { makeJob } from '../make-job.ts';
import { MAX_SECONDS, RowCells } from '../row-cells.ts';
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
const QOS_CLASSES: readonly string[] = [...PRIORITY_OF_QOS.keys()];
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
  private readonly cells: RowCells;
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
    this.cells = new RowCells(input.name, header ?? []);
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
    const { records, input, cells } = this;
    const decoder = new RowDecoder(this.columns, this.tally, this.shared);
    const pods: OpenbPod[] = [];
    while (!problems.isOverfull && records.nextInto(cells)) {
      if (++this.rowCount > MAX_ROWS) {
        const message = `more than ${String(MAX_ROWS)} rows: expected a published list; Podyard's own CSV format is read as a stream`;
        throw new InputError({ file: input.name, line: records.line, message });
      }
      cells.startRow(records.line, problems);
      const pod = decoder.decode(cells);
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
  private readonly tally: Tally;
  private readonly shapes = new ShapeTable();
  private readonly names = new DuplicateWatch();
  private readonly shared: boolean;
  private readonly affinityBySpec = new Map<string, TracePod['nodeAffinityAnyOf']>();

  constructor(columns: Readonly<Record<PodColumn, number>>, tally: Tally, shared: boolean) {
    this.columns = columns;
    this.tally = tally;
    this.shared = shared;
  }

  /** The pod of the row at hand; null when the row has mistakes. */
  decode(cells: RowCells): OpenbPod | null {
    const { columns } = this;
    if (cells.fieldCount !== POD_COLUMNS.length) {
      const wanted = String(POD_COLUMNS.length);
      cells.complain(-1, `expected ${wanted} fields as in the header, found ${String(cells.fieldCount)}`);
      return null;
    }
    const name = cells.text(columns.name);
    if (!isDnsSubdomain(name)) cells.complain(columns.name, `expected a pod name, ${found(name)}`);
    const cpuMilli = cells.whole(columns.cpu_milli);
    const memoryMib = cells.whole(columns.memory_mib);
    const gpuCount = cells.whole(columns.num_gpu);
    const gpuMilli = cells.whole(columns.gpu_milli);
    if (gpuMilli > 1000) {
      const milli = found(cells.text(columns.gpu_milli));
      cells.complain(columns.gpu_milli, `expected thousandths of each GPU from 0 to 1000, ${milli}`);
    }
    const qos = cells.oneOf(columns.qos, QOS_CLASSES);
    const phase = cells.oneOf(columns.pod_phase, PHASES);
    const neverRan = phase === 'Pending';
    const spec = cells.text(columns.gpu_spec);
    const nodeAffinityAnyOf = this.affinity(cells, spec);
    const creation = this.seconds(cells, columns.creation_time);
    const deletion = this.seconds(cells, columns.deletion_time);
    const scheduled = this.scheduled(cells, neverRan, creation);
    this.checkOrder(cells, creation, scheduled, deletion);
    if (!cells.isRight) return null;
    if (this.names.sawTextBefore(name))
      this.tally.count('Rows with the name of an earlier one, kept as pods of their own');
    const gpuKey = QOS_CLASSES.indexOf(qos) + QOS_CLASSES.length * (gpuMilli + 1001 * gpuCount);
    return {
      name: detached(name),
      shape: this.shapes.of(spec, cpuMilli, memoryMib, gpuKey, () =>
        plainShape('pod', {
          class: qos,
          priority: PRIORITY_OF_QOS.get(qos) ?? 0,
          nodeAffinityAnyOf,
          requests: {
            cpu: `${String(cpuMilli)}m`,
            memory: `${String(memoryMib)}Mi`,
            ...gpuAmount(this.shared, gpuCount, gpuMilli),
          },
        }),
      ),
      line: cells.line,
      sharesGpu: gpuCount > 0 && gpuMilli < 1000,
      neverRan,
      isRunning: phase === 'Running',
      creation,
      deletion,
      runTime: deletion - (neverRan ? creation : scheduled),
    };
  }

  /** When the pod was bound; its creation for one that never was. */
  private scheduled(cells: RowCells, neverRan: boolean, creation: number): number {
    const column = this.columns.scheduled_time;
    if (neverRan) {
      if (!cells.isEmpty(column))
        cells.complain(column, `expected nothing for a Pending pod, ${found(cells.text(column))}`);
      return creation;
    }
    if (!cells.isEmpty(column)) return this.seconds(cells, column);
    cells.complain(column, 'expected whole seconds for a pod that is not Pending, found nothing');
    return creation;
  }

  private checkOrder(cells: RowCells, creation: number, scheduled: number, deletion: number): void {
    const { scheduled_time: scheduledAt, deletion_time: deletionAt } = this.columns;
    if (scheduled < creation) {
      const bound = `expected at least the creation_time ${String(creation)}`;
      cells.complain(scheduledAt, `${bound}, ${found(cells.text(scheduledAt))}`);
    } else if (deletion < scheduled) {
      const earliest = cells.isEmpty(scheduledAt)
        ? `creation_time ${String(creation)}`
        : `scheduled_time ${String(scheduled)}`;
      cells.complain(deletionAt, `expected at least the ${earliest}, ${found(cells.text(deletionAt))}`);
    }
  }

  private affinity(cells: RowCells, spec: string): TracePod['nodeAffinityAnyOf'] {
    let known = this.affinityBySpec.get(spec);
    if (known === undefined) {
      const models = spec === '' ? [] : spec.split('|');
      if (models.includes(''))
        cells.complain(this.columns.gpu_spec, `expected card models separated by |, ${found(spec)}`);
      const values = [...new Set(models)].map(detached);
      known = values.length === 0 ? [] : [{ key: GPU_CARD_MODEL_LABEL, values }];
      if (!models.includes('')) this.affinityBySpec.set(detached(spec), known);
    }
    return known;
  }

  private seconds(cells: RowCells, column: number): number {
    const value = cells.whole(column);
    if (value > MAX_SECONDS)
      cells.complain(column, `expected at most ${String(MAX_SECONDS)} seconds, ${found(cells.text(column))}`);
    return value;
  }
}
