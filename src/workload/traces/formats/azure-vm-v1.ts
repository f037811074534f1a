/**
 * Virtual machines of Azure, 2017 (V1): the published table, or arrivals by flavour with binned run times that others
 * derived from it (there: `azure-vm-flavours.ts`). See docs/formats/azure-vm-v1.md.
 */
import type { Micros } from '../../../base/time.ts';
import { openAzureFlavours } from '../azure-vm-flavours.ts';
import { startOf } from '../byte-source.ts';
import { detached, found } from '../cells.ts';
import { DuplicateWatch } from '../duplicate-watch.ts';
import { makeJob } from '../make-job.ts';
import type { RowCells } from '../row-cells.ts';
import { RowJobs, type RowDecoder } from '../row-jobs.ts';
import { RunTimeRule } from '../run-time-rule.ts';
import { microsOf } from '../settings.ts';
import { plainShape, ShapeTable } from '../shape-table.ts';
import { csvRows, headerlessTable } from '../table-source.ts';
import { Tally } from '../tally.ts';
import type { FormatInput, JobReader, TraceFormat, TraceJob } from '../trace-format.ts';

const COLUMNS = [
  'vmid',
  'subscriptionid',
  'deploymentid',
  'vmcreated',
  'vmdeleted',
  'maxcpu',
  'avgcpu',
  'p95maxcpu',
  'vmcategory',
  'vmcorecount',
  'vmmemory',
] as const;
const CREATED = 3;
const DELETED = 4;
const CATEGORY = 8;
const CORES = 9;
const MEMORY = 10;
const SIZES = [CORES, MEMORY];
const CATEGORIES = ['Delay-insensitive', 'Interactive', 'Unknown', 'Unkown'];
/** A gigabyte of a virtual machine's memory is one of 2^30 bytes. */
const GIBIBYTE = 1_073_741_824;

const FLAVOUR_LINE = /^(?:\u00ef\u00bb\u00bf)?\d+ (?:[a-z]|\|)(?:,|[\r\n])/;

const TABLE_HEADER = /^(?:\u00ef\u00bb\u00bf)?vmid,/;
const TABLE_ROW = /^(?:[^,\r\n]+,){3}\d+,\d+,(?:[^,\r\n]*,){3}(?:Delay-insensitive|Interactive|Unknown),/;

export const AZURE_VM_V1: TraceFormat = {
  open(input) {
    const { head, bytes } = startOf(input.bytes, 64);
    return FLAVOUR_LINE.test(head) ? openAzureFlavours({ ...input, bytes }) : openVmTable({ ...input, bytes });
  },
  recognises: (head) => FLAVOUR_LINE.test(head) || TABLE_HEADER.test(head) || TABLE_ROW.test(head),
};

function openVmTable(input: FormatInput): JobReader {
  const rows = csvRows(input);
  if (rows.peek()?.[0] === 'vmid') rows.next();
  const tally = new Tally();
  return new RowJobs(headerlessTable(rows, COLUMNS, input.name), new VmDecoder(input, tally), tally);
}

class VmDecoder implements RowDecoder {
  private readonly tally: Tally;
  private readonly rule: RunTimeRule;
  private readonly recordingEnd: Micros;
  private readonly shapes = new ShapeTable();
  private readonly ids = new DuplicateWatch();
  private row = 0;

  constructor({ settings }: FormatInput, tally: Tally) {
    this.tally = tally;
    this.rule = new RunTimeRule(settings, tally, 'Machines');
    this.recordingEnd = microsOf(settings, 'recordingEnd');
  }

  decode(cells: RowCells, jobs: TraceJob[]): void {
    const { tally } = this;
    this.row++;
    const created = cells.micros(CREATED);
    const deleted = cells.micros(DELETED);
    if (deleted < created) cells.complain(DELETED, `expected at least the vmcreated, ${found(cells.text(DELETED))}`);
    for (const column of SIZES)
      if (cells.text(column).startsWith('>'))
        cells.complain(column, 'expected a size; the tables of V2 (2019) hold ranges of sizes, which are not read');
    const category = cells.oneOf(CATEGORY, CATEGORIES);
    if (!cells.isRight) return;
    const cpuMilli = cells.amount(CORES, 1000);
    const memoryBytes = cells.amount(MEMORY, GIBIBYTE);
    if (!cells.isRight) return;
    if (this.ids.sawCellsBefore(cells, [0]))
      tally.count('Rows with the vmid of an earlier one, kept as machines of their own');
    const startedBefore = created === 0;
    if (startedBefore) tally.count('Machines that stood when the recording began (vmcreated 0)');
    const runTime =
      deleted >= this.recordingEnd ? this.rule.censored(deleted - created) : this.rule.known(deleted - created);
    if (runTime === null) return;
    const shape = this.shapes.of(category, cpuMilli, memoryBytes, 0, () =>
      plainShape('vm', {
        class: detached(category),
        requests: { cpu: `${String(cpuMilli)}m`, memory: String(memoryBytes) },
      }),
    );
    jobs.push(makeJob(shape, this.row, created, runTime, { startedBefore }));
  }
}
