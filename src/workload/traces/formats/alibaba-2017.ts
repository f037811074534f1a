/**
 * Batch tasks of Alibaba's cluster trace of 2017: the table batch_task, with or without the header line that copies of
 * it have, or CloudSimPy's table of tasks with the mean run time of their instances. See docs/formats/alibaba-2017.md.
 */
import type { Micros } from '../../../base/time.ts';
import { found } from '../cells.ts';
import { DuplicateWatch } from '../duplicate-watch.ts';
import { makeJob } from '../make-job.ts';
import type { RowCells } from '../row-cells.ts';
import { RowJobs, type RowDecoder } from '../row-jobs.ts';
import { RunTimeRule, wholeRunTime, type RunTime } from '../run-time-rule.ts';
import { bytesOf, wordOf } from '../settings.ts';
import { plainShape, ShapeTable } from '../shape-table.ts';
import { csvRows, headerlessTable, headerTable, type PeekedRows } from '../table-source.ts';
import { Tally } from '../tally.ts';
import type { FormatInput, JobReader, JobShape, TraceFormat, TraceJob } from '../trace-format.ts';

const TASK_COLUMNS = [
  'task_create_time',
  'task_end_time',
  'job_id',
  'task_id',
  'number_of_instances',
  'status',
  'cpu per instance',
  'memory per instance',
] as const;
const JOB_AND_TASK = [2, 3];
const STATUSES = ['Terminated', 'Waiting', 'Running', 'Failed', 'Ready', 'Interrupted', 'Cancelled'];
/** The table counts hundredths of a core. */
const MILLI_PER_UNIT = 10;
const MOST_INSTANCES = 10_000_000;
const CLOUDSIMPY_COLUMNS = ['submit_time', 'duration', 'cpu', 'memory', 'job_id', 'task_id', 'instances_num'] as const;

export const ALIBABA_2017: TraceFormat = {
  open(input) {
    const rows = csvRows(input);
    const first = rows.peek() ?? [];
    return first.includes('instances_num') ? openCloudSimPy(rows, input) : openBatchTask(rows, input);
  },
  recognises: (head) =>
    /^(?:\u00ef\u00bb\u00bf)?(?:task_create_time,|,submit_time,duration,cpu,memory,job_id,)/.test(head) ||
    /^-?\d+,-?\d+,\d+,\d+,\d+,(?:Terminated|Waiting|Running|Failed),/.test(head),
};

function openBatchTask(rows: PeekedRows, input: FormatInput): JobReader {
  if (rows.peek()?.[0].trim() === 'task_create_time') rows.next();
  const tally = new Tally();
  return new RowJobs(headerlessTable(rows, TASK_COLUMNS, input.name), new BatchTaskDecoder(input, tally), tally);
}

class BatchTaskDecoder implements RowDecoder {
  private readonly tally: Tally;
  private readonly rule: RunTimeRule;
  private readonly shapes = new InstanceShapes();
  private readonly memoryUnit: number;
  private readonly ids = new DuplicateWatch();
  private readonly takesAll: boolean;
  private readonly byStatus = new Map<string, number>();
  private row = 0;
  private instanceCount = 0;
  private withoutRequests = 0;

  constructor({ settings }: FormatInput, tally: Tally) {
    this.tally = tally;
    this.rule = new RunTimeRule(settings, tally, 'Tasks');
    this.memoryUnit = bytesOf(settings, 'memoryUnit');
    this.takesAll = wordOf(settings, 'statuses') === 'started';
  }

  decode(cells: RowCells, jobs: TraceJob[]): void {
    this.row++;
    const create = cells.signedMicros(0);
    const end = cells.signedMicros(1);
    const instances = cells.whole(4);
    if (instances > MOST_INSTANCES)
      cells.complain(4, `expected at most ${String(MOST_INSTANCES)} instances, ${found(cells.text(4))}`);
    cells.whole(2);
    cells.whole(3);
    const status = cells.oneOf(5, STATUSES);
    const cpuMilli = cells.isEmpty(6) ? -1 : cells.amount(6, MILLI_PER_UNIT);
    const memoryBytes = cells.isEmpty(7) ? -1 : cells.amount(7, this.memoryUnit);
    if (!cells.isRight) return;
    this.instanceCount += instances;
    if (cpuMilli < 0 || memoryBytes < 0) this.withoutRequests++;
    this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
    if (this.ids.sawCellsBefore(cells, JOB_AND_TASK))
      this.tally.count('Rows with the job and task of an earlier one, kept as tasks of their own');
    const reason = this.reasonAgainst(status, create, end, instances, cpuMilli < 0 || memoryBytes < 0);
    if (reason !== null) return this.tally.leaveOut(reason);
    if (end === create) this.tally.count('Tasks with a run time of 0');
    const runTime: RunTime | null =
      status === 'Terminated' ? this.rule.known(end - create) : this.rule.censored(end - create);
    if (runTime === null) return;
    const shape = this.shapes.of(cpuMilli, memoryBytes);
    jobs.push(makeJob(shape, this.row, create, runTime, { pods: instances, firstPod: instances === 1 ? -1 : 0 }));
  }

  facts(): Readonly<Record<string, number>> {
    return {
      instancesOfAllRows: this.instanceCount,
      rowsWithoutRequests: this.withoutRequests,
      ...Object.fromEntries(Array.from(this.byStatus, ([status, rows]) => [`status${status}`, rows])),
    };
  }

  /** Why the row gives no pods; null: it does. */
  private reasonAgainst(
    status: string,
    create: Micros,
    end: Micros,
    instances: number,
    lacksRequests: boolean,
  ): string | null {
    if (status !== 'Terminated' && !this.takesAll) return `Tasks that are ${status}, left out`;
    if (lacksRequests) return 'Tasks without requests (they never started), left out';
    if (create < 0) return 'Tasks created before the recording began, left out';
    if (end < create) return 'Tasks that end before they are created, left out';
    return instances === 0 ? 'Tasks without an instance, left out' : null;
  }
}

function openCloudSimPy(rows: PeekedRows, input: FormatInput): JobReader {
  const tally = new Tally();
  const table = headerTable(rows, CLOUDSIMPY_COLUMNS, ['', 'disk'], tally, input.name);
  const { at } = table;
  const shapes = new InstanceShapes();
  const memoryUnit = bytesOf(input.settings, 'memoryUnit');
  const ids = new DuplicateWatch();
  let row = 0;
  const decoder: RowDecoder = {
    decode: (cells, jobs): void => {
      row++;
      const arrivalMicros = cells.micros(at.submit_time);
      const micros = cells.micros(at.duration);
      const cpuMilli = cells.amount(at.cpu, 1000);
      const memoryBytes = cells.amount(at.memory, memoryUnit);
      const instances = cells.whole(at.instances_num);
      if (instances > MOST_INSTANCES)
        cells.complain(
          at.instances_num,
          `expected at most ${String(MOST_INSTANCES)} instances, ${found(cells.text(at.instances_num))}`,
        );
      if (!cells.isRight) return;
      if (ids.sawCellsBefore(cells, [at.job_id, at.task_id]))
        tally.count('Rows with the job and task of an earlier one, kept as tasks of their own');
      if (instances === 0) return tally.leaveOut('Tasks without an instance, left out');
      const shape = shapes.of(cpuMilli, memoryBytes);
      jobs.push(
        makeJob(shape, row, arrivalMicros, wholeRunTime(micros), {
          pods: instances,
          firstPod: instances === 1 ? -1 : 0,
        }),
      );
    },
  };
  return new RowJobs(table, decoder, tally);
}

class InstanceShapes {
  private readonly table = new ShapeTable();

  of(cpuMilli: number, memoryBytes: number): JobShape {
    return this.table.of(cpuMilli, memoryBytes, 0, 0, () =>
      plainShape('task', { class: 'batch', requests: { cpu: `${String(cpuMilli)}m`, memory: String(memoryBytes) } }),
    );
  }
}
