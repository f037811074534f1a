/** GPU training jobs of ten clusters of Microsoft (ITP 2021, published with ElasticFlow). See docs/formats/itp.md. */
import { DuplicateWatch } from '../duplicate-watch.ts';
import { GpuJobShapes } from '../gpu-jobs.ts';
import { RowJobs } from '../row-jobs.ts';
import { wholeRunTime } from '../run-time-rule.ts';
import { csvRows, headerTable } from '../table-source.ts';
import { Tally } from '../tally.ts';
import type { FormatInput, JobReader, TraceFormat } from '../trace-format.ts';

const COLUMNS = ['job_id', 'submission_time', 'duration', 'num_gpu'] as const;

export const ITP: TraceFormat = {
  open: openItp,
  recognises: (head) => /^(?:\u00ef\u00bb\u00bf)?job_id,submission_time,duration,num_gpu\b/.test(head),
};

function openItp(input: FormatInput): JobReader {
  const tally = new Tally();
  const table = headerTable(csvRows(input), COLUMNS, [], tally, input.name);
  const { at } = table;
  const ids = new DuplicateWatch();
  const shapes = new GpuJobShapes(input.settings, tally);
  let row = 0;
  const decoder = {
    decode: (cells, jobs): void => {
      row++;
      const arrivalMicros = cells.micros(at.submission_time);
      const micros = cells.micros(at.duration);
      const gpus = shapes.gpus(cells, at.num_gpu);
      if (!cells.isRight) return;
      if (ids.sawCellsBefore(cells, [at.job_id]))
        tally.count('Rows with the job_id of an earlier one, kept as jobs of their own');
      if (micros === 0) tally.count('Jobs with a run time of 0');
      shapes.append({ ordinal: row, batch: row, arrivalMicros, runTime: wholeRunTime(micros) }, gpus, 'job', jobs);
    },
  } satisfies ConstructorParameters<typeof RowJobs>[1];
  return new RowJobs(table, decoder, tally);
}
