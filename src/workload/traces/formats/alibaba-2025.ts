/**
 * Instances of recommendation models that Alibaba served on CPU nodes and GPU nodes apart, 2025 (Prism). Long-running:
 * many stood before the recording began, many after it ended. See docs/formats/alibaba-2025.md.
 */
import { MICROS_PER_SECOND, type Micros } from '../../../base/time.ts';
import { detached, found } from '../cells.ts';
import { DuplicateWatch } from '../duplicate-watch.ts';
import { makeJob } from '../make-job.ts';
import { GPU_RESOURCE } from '../openb-columns.ts';
import type { RowCells } from '../row-cells.ts';
import { RowJobs, type RowDecoder } from '../row-jobs.ts';
import { RunTimeRule } from '../run-time-rule.ts';
import { plainShape, ShapeTable } from '../shape-table.ts';
import { csvRows, headerTable, type HeaderTable } from '../table-source.ts';
import { Tally } from '../tally.ts';
import type { FormatInput, JobShape, TraceFormat, TraceJob } from '../trace-format.ts';

const COLUMNS = [
  'instance_sn',
  'role',
  'app_name',
  'cpu_request',
  'gpu_request',
  'memory_request',
  'disk_request',
  'creation_time',
  'scheduled_time',
  'deletion_time',
] as const;
const OPTIONAL = [
  'cpu_limit',
  'gpu_limit',
  'rdma_request',
  'rdma_limit',
  'memory_limit',
  'disk_limit',
  'max_instance_per_node',
] as const;
type Table = HeaderTable<(typeof COLUMNS)[number], (typeof OPTIONAL)[number]>;

/** The recording is of 31 days; nothing in it is later. */
const RECORDING_END: Micros = 31 * 86_400 * MICROS_PER_SECOND;
const GIBIBYTE = 1_073_741_824;

/** Counted up to here. */
const MOST_APPLICATIONS = 100_000;

export const ALIBABA_2025: TraceFormat = {
  open(input) {
    const tally = new Tally();
    const table: Table = headerTable(csvRows(input), COLUMNS, OPTIONAL, tally, input.name);
    return new RowJobs(table, new InstanceDecoder(table, input, tally), tally);
  },
  recognises: (head) => /^(?:\u00ef\u00bb\u00bf)?instance_sn,role,app_name,/.test(head),
};

class InstanceDecoder implements RowDecoder {
  private readonly at: Table['at'];
  private readonly tally: Tally;
  private readonly rule: RunTimeRule;
  /** Of CPU nodes and of GPU nodes. */
  private readonly shapes = [new ShapeTable(), new ShapeTable()] as const;
  private readonly names = new DuplicateWatch();
  private readonly nameKey: readonly number[];
  private readonly byRole = new Map<string, number>();
  private readonly applications = new Set<string>();
  private row = 0;

  constructor({ at }: Table, { settings }: FormatInput, tally: Tally) {
    this.at = at;
    this.nameKey = [at.instance_sn];
    this.tally = tally;
    this.rule = new RunTimeRule(settings, tally, 'Instances');
  }

  decode(cells: RowCells, jobs: TraceJob[]): void {
    const { at, tally } = this;
    this.row++;
    const role = cells.oneOf(at.role, ['CN', 'HN']);
    const times = this.times(cells);
    const shape = this.shape(cells, role);
    if (shape === null || !cells.isRight) return;
    if (this.applications.size < MOST_APPLICATIONS) this.applications.add(shape.labels['app']);
    this.byRole.set(role, (this.byRole.get(role) ?? 0) + 1);
    if (this.names.sawCellsBefore(cells, this.nameKey))
      tally.count('Rows with the instance_sn of an earlier one, kept as instances of their own');
    if (times.startedBefore)
      tally.count('Instances that stood before the recording began, and here arrive at its beginning');
    if (at.rdma_request !== -1 && !cells.is(at.rdma_request, '0'))
      tally.count('Instances that ask for a share of a network card (rdma_request), which is not kept');
    const most = at.max_instance_per_node;
    if (most !== -1 && !cells.is(most, '-1')) {
      if (!/^[1-9]\d{0,5}$/.test(cells.text(most)))
        return cells.complain(most, `expected a whole number from 1, -1 for none; ${found(cells.text(most))}`);
      tally.count(
        'Instances whose application bounds its instances on a node (max_instance_per_node), which is not kept',
      );
    }
    const { arrivalMicros, startMicros, endMicros, startedBefore } = times;
    const runTime =
      endMicros === null
        ? this.rule.censored(Math.max(0, RECORDING_END - startMicros))
        : this.rule.known(endMicros - startMicros);
    if (runTime === null) return;
    jobs.push(makeJob(shape, this.row, arrivalMicros, runTime, { startedBefore }));
  }

  facts(): Readonly<Record<string, number>> {
    const roles = Object.fromEntries(Array.from(this.byRole, ([role, rows]) => [`role${role}`, rows]));
    return { ...roles, applications: this.applications.size };
  }

  private times(cells: RowCells): {
    arrivalMicros: Micros;
    startMicros: Micros;
    endMicros: Micros | null;
    startedBefore: boolean;
  } {
    const { at } = this;
    const startedBefore = cells.isEmpty(at.creation_time);
    const arrivalMicros = startedBefore ? 0 : cells.micros(at.creation_time);
    if (startedBefore !== cells.isEmpty(at.scheduled_time)) {
      const expected = startedBefore
        ? 'expected nothing, as creation_time is empty'
        : 'expected seconds, as creation_time has a value';
      cells.complain(at.scheduled_time, `${expected}; ${found(cells.text(at.scheduled_time))}`);
      return { arrivalMicros, startMicros: arrivalMicros, endMicros: null, startedBefore };
    }
    const startMicros = startedBefore ? 0 : cells.micros(at.scheduled_time);
    const endMicros = cells.isEmpty(at.deletion_time) ? null : cells.micros(at.deletion_time);
    if (startMicros < arrivalMicros)
      cells.complain(at.scheduled_time, `expected at least the creation_time, ${found(cells.text(at.scheduled_time))}`);
    if (endMicros !== null && endMicros < startMicros)
      cells.complain(at.deletion_time, `expected at least the scheduled_time, ${found(cells.text(at.deletion_time))}`);
    return { arrivalMicros, startMicros, endMicros, startedBefore };
  }

  private shape(cells: RowCells, role: string): JobShape | null {
    const { at } = this;
    const cpuMilli = cells.amount(at.cpu_request, 1000);
    const gpus = cells.whole(at.gpu_request);
    const memoryBytes = cells.amount(at.memory_request, GIBIBYTE);
    const diskBytes = cells.amount(at.disk_request, GIBIBYTE);
    const app = cells.text(at.app_name);
    if (gpus >= 1024)
      cells.complain(at.gpu_request, `expected fewer than 1024 GPUs, ${found(cells.text(at.gpu_request))}`);
    if (!/^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(app))
      cells.complain(at.app_name, `expected the name of an application, ${found(app)}`);
    if (!cells.isRight) return null;
    return this.shapes[role === 'CN' ? 0 : 1].of(app, cpuMilli, memoryBytes, diskBytes * 1024 + gpus, () =>
      plainShape('instance', {
        class: detached(role),
        labels: { app: detached(app) },
        requests: {
          cpu: `${String(cpuMilli)}m`,
          memory: String(memoryBytes),
          ...(diskBytes > 0 ? { 'ephemeral-storage': String(diskBytes) } : {}),
          ...(gpus > 0 ? { [GPU_RESOURCE]: String(gpus) } : {}),
        },
      }),
    );
  }
}
