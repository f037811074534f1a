/** Jobs of which only the number of GPUs is known. */
import { GPU_RESOURCE } from './openb-columns.ts';
import { appendPieces, type WholeJob } from './job-pieces.ts';
import { makeJob } from './make-job.ts';
import type { RowCells } from './row-cells.ts';
import { bytesOf, milliOf, numberOf, type TraceSettings } from './settings.ts';
import { plainShape, ShapeTable } from './shape-table.ts';
import type { Tally } from './tally.ts';
import type { JobShape, TraceJob } from './trace-format.ts';
import { found } from './cells.ts';

const MOST_GPUS = 1_000_000;

export class GpuJobShapes {
  private readonly shapes = new ShapeTable();
  private readonly tally: Tally;
  private readonly perNode: number;
  private readonly cutSentence: string;
  private readonly cpuMilliPerGpu: number;
  private readonly memoryBytesPerGpu: number;

  constructor(settings: TraceSettings, tally: Tally) {
    this.tally = tally;
    this.perNode = numberOf(settings, 'gpusPerNode');
    this.cutSentence = `Jobs of more than ${String(this.perNode)} GPUs, which become several pods`;
    this.cpuMilliPerGpu = milliOf(settings, 'cpuPerGpu');
    this.memoryBytesPerGpu = bytesOf(settings, 'memoryPerGpu');
  }

  /** A number of GPUs from 0. */
  gpus(cells: RowCells, column: number): number {
    const gpus = cells.whole(column);
    if (gpus > MOST_GPUS)
      cells.complain(column, `expected at most ${String(MOST_GPUS)} GPUs, ${found(cells.text(column))}`);
    return gpus;
  }

  /** Appends the pods of a job; one of no GPU at all becomes a pod without one. */
  append(job: WholeJob, gpus: number, podClass: string, jobs: TraceJob[]): void {
    if (gpus === 0) {
      this.tally.count('Jobs without a GPU, kept as pods without one');
      jobs.push(makeJob(this.shape(0, podClass), job.ordinal, job.arrivalMicros, job.runTime));
      return;
    }
    if (gpus > this.perNode) this.tally.count(this.cutSentence);
    appendPieces(job, gpus, this.perNode, (units) => this.shape(units, podClass), jobs);
  }

  private shape(gpus: number, podClass: string): JobShape {
    return this.shapes.of(podClass, gpus, 0, 0, () => {
      const cpuMilli = this.cpuMilliPerGpu * gpus;
      const memoryBytes = this.memoryBytesPerGpu * gpus;
      return plainShape('job', {
        class: podClass,
        requests: {
          ...(cpuMilli > 0 ? { cpu: `${String(cpuMilli)}m` } : {}),
          ...(memoryBytes > 0 ? { memory: String(memoryBytes) } : {}),
          ...(gpus > 0 ? { [GPU_RESOURCE]: String(gpus) } : {}),
        },
      });
    });
  }
}
