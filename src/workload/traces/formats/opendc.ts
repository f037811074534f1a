/**
 * Workloads of OpenDC: tasks.parquet (read as a table by io/), or the same table as CSV. See docs/formats/opendc.md.
 */
import { DuplicateWatch } from '../duplicate-watch.ts';
import { makeJob } from '../make-job.ts';
import { RowJobs, type RowDecoder } from '../row-jobs.ts';
import { wholeRunTime } from '../run-time-rule.ts';
import { bytesOf } from '../settings.ts';
import { plainShape, ShapeTable } from '../shape-table.ts';
import { csvRows, headerTable } from '../table-source.ts';
import { Tally } from '../tally.ts';
import type { FormatInput, JobReader, TraceFormat } from '../trace-format.ts';

const NEEDED = ['id', 'submission_time', 'duration', 'cpu_count', 'mem_capacity'] as const;
const OPTIONAL = ['cpu_capacity', 'deferrable', 'deadline', 'nature'] as const;
const MICROS_PER_MILLI = 1000;

export const OPENDC: TraceFormat = {
  open: openTasks,
  recognises: (head) => /^(?:\u00ef\u00bb\u00bf)?id,submission_time,duration,/.test(head),
};

function openTasks(input: FormatInput): JobReader {
  const tally = new Tally();
  const table = headerTable<(typeof NEEDED)[number], (typeof OPTIONAL)[number]>(
    csvRows(input),
    NEEDED,
    OPTIONAL,
    tally,
    input.name,
  );
  const { at } = table;
  const memoryUnit = bytesOf(input.settings, 'memoryUnit');
  const shapes = new ShapeTable();
  const ids = new DuplicateWatch();
  let row = 0;
  const decoder: RowDecoder = {
    decode: (cells, jobs): void => {
      row++;
      const arrivalMicros = cells.bounded(at.submission_time, cells.whole(at.submission_time) * MICROS_PER_MILLI);
      const micros = cells.bounded(at.duration, cells.whole(at.duration) * MICROS_PER_MILLI);
      const cpuMilli = cells.amount(at.cpu_count, 1000);
      const memoryBytes = cells.amount(at.mem_capacity, memoryUnit);
      if (!cells.isRight) return;
      if (ids.sawCellsBefore(cells, [at.id]))
        tally.count('Rows with the id of an earlier one, kept as tasks of their own');
      if (micros === 0) tally.count('Tasks with a run time of 0');
      if (at.deferrable !== -1 && cells.is(at.deferrable, 'true'))
        tally.count('Tasks that may be put off until a deadline, and here arrive when they were submitted');
      const shape = shapes.of(cpuMilli, memoryBytes, 0, 0, () =>
        plainShape('task', { requests: { cpu: `${String(cpuMilli)}m`, memory: String(memoryBytes) } }),
      );
      jobs.push(makeJob(shape, row, arrivalMicros, wholeRunTime(micros)));
    },
  };
  return new RowJobs(table, decoder, tally);
}
