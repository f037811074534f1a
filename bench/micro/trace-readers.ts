/**
 * Rows of each trace format a second of processor time (collection of garbage included), from bytes to jobs in order of
 * arrival: a million made-up rows (a thousand in the small size) that differ as those of the published traces do.
 * Formats without rows of jobs (SimKube, ServeGen, request rates) are left out. The digest is over every job.
 */
import { assert } from '../../src/base/assert.ts';
import { Digest } from '../../src/base/digest.ts';
import { byteSourceOf } from '../../src/workload/traces/byte-source.ts';
import type { TraceFormatName } from '../../src/workload/traces/catalog.ts';
import { openJobs } from '../../src/workload/traces/open-trace.ts';
import { ProblemList } from '../../src/workload/traces/trace-reader.ts';
import type { BenchRow, BenchSize } from '../bench-row.ts';

/** openb lists are read as a whole, up to so many rows. */
const MOST_OPENB_ROWS = 500_000;

interface Table {
  readonly format: TraceFormatName;
  readonly name: string;
  readonly header: string;
  readonly row: (i: number) => string;
}

const EVENT_TYPES = [0, 1, 4] as const;
const GOOGLE_2019_TYPES = [0, 3, 6] as const;

const TABLES: readonly Table[] = [
  {
    format: 'csv',
    name: 'csv',
    header: 'name,arrival,duration,cpu,memory,priority,class\n',
    row: (i) => `pod-${i},${i / 8},${(i % 977) + 0.5},${1 + (i % 7)},${1 + (i % 13)}Gi,0,batch\n`,
  },
  {
    format: 'openb',
    name: 'openb',
    header:
      'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n',
    row: (i) =>
      `pod-${i},${1000 * (1 + (i % 16))},${1024 * (1 + (i % 9))},1,1000,,LS,Succeeded,${i},${i + 900},${i + 2}\n`,
  },
  {
    format: 'swf',
    name: 'swf',
    header: '; MaxNodes: 1024\n; MaxProcs: 8192\n',
    row: (i) =>
      `${i + 1} ${i * 3} -1 ${60 + (i % 5000)} ${1 + (i % 64)} -1 -1 ${1 + (i % 64)} 86400 -1 1 ${i % 90} ` +
      `1 -1 ${i % 4} -1 -1 -1\n`,
  },
  {
    format: 'alibaba-2017',
    name: 'alibaba-2017, batch tasks',
    header: '',
    row: (i) => `${i},${i + 60 + (i % 900)},${i},${i + 1},${1 + (i % 40)},Terminated,50,0.00${(i % 8) + 1}956\n`,
  },
  {
    format: 'alibaba-2025',
    name: 'alibaba-2025',
    header:
      'instance_sn,role,app_name,cpu_request,cpu_limit,gpu_request,gpu_limit,rdma_request,rdma_limit,memory_request,' +
      'memory_limit,disk_request,disk_limit,max_instance_per_node,creation_time,scheduled_time,deletion_time\n',
    row: (i) =>
      `instance_${i},CN,app_${i % 156},${2 + (i % 64)},64,0,0,10,10,256.0,256.0,100.0,100.0,-1,${i},` +
      `${i + 5},${i + 4000}\n`,
  },
  {
    format: 'itp',
    name: 'itp',
    header: 'job_id,submission_time,duration,num_gpu\n',
    row: (i) =>
      `5dc7d9cd-c300-9a4f-c3cd-${String(i).padStart(12, '0')},${i * 2},${600 + (i % 86_400)},${[1, 2, 4, 8][i % 4]}\n`,
  },
  {
    format: 'philly',
    name: 'philly, table',
    header: 'timestamp,duration,num_gpus,gpu_time,cluster\n',
    row: (i) =>
      `2017-10-${two(1 + (i % 28))} ${two(i % 24)}:${two(i % 60)}:${two((i * 7) % 60)},${i}.0,` +
      `${1 + (i % 8)},1.0,vc${i % 15}\n`,
  },
  {
    format: 'google-2011',
    name: 'google-2011, task events',
    header: '',
    row: (i) => {
      const task = Math.floor(i / 3);
      return `${600_000_000 + i * 1000},,${task},0,38647,${EVENT_TYPES[i % 3]},user,0,${task % 12},0.0625,0.01553,0.0004,0\n`;
    },
  },
  {
    format: 'google-2019',
    name: 'google-2019, instance events',
    header: 'time,type,collection_id,priority,instance_index,resource_request.cpus,resource_request.memory\n',
    row: (i) => {
      const task = Math.floor(i / 3);
      return `${600_000_000 + i * 1000},${GOOGLE_2019_TYPES[i % 3]},${260_384_711_820 + task},${task % 360},0,0.0598,0.0169\n`;
    },
  },
  {
    format: 'azure-vm-v1',
    name: 'azure-vm-v1, vmtable',
    header: '',
    row: (i) =>
      `vm${i}+/=,sub${i % 5958},dep${i % 977},${300 * (1 + (i % 8000))},2580000,99.4,3.4,10.2,Interactive,` +
      `${1 + (i % 8)},1.75\n`,
  },
  {
    format: 'opendc',
    name: 'opendc, CSV',
    header: 'id,submission_time,duration,cpu_count,cpu_capacity,mem_capacity\n',
    row: (i) =>
      `${i},${1_376_314_846_000 + i * 500},${60_000 + (i % 9000)},${1 + (i % 16)},33600.0,${1024 * (1 + (i % 90))}\n`,
  },
  {
    format: 'gentd26',
    name: 'gentd26, requests',
    header: 'gmt_create,predict_type,predict_status,exec_time_seconds\n',
    row: (i) =>
      `2024-11-${two(1 + (Math.floor(i / 40_000) % 28))} ` +
      `${two(Math.floor(i / 3600) % 24)}:${two(Math.floor(i / 60) % 60)}:${two(i % 60)},TXT_2_IMG,SUCCEED,${i % 997}.5\n`,
  },
];

export function run(size: BenchSize): Promise<BenchRow[]> {
  const count = size === 'smoke' ? 1000 : 1_000_000;
  return Promise.resolve(
    TABLES.map((table) => measured(table, table.format === 'openb' ? Math.min(count, MOST_OPENB_ROWS) : count)),
  );
}

function measured({ format, name, header, row }: Table, count: number): BenchRow {
  const bytes = bytesOf(header, row, count);
  const digest = new Digest();
  const problems = new ProblemList();
  const start = process.cpuUsage();
  const { reader, inOrder } = openJobs(format, byteSourceOf(bytes), name);
  let jobs = 0;
  for (let job = inOrder.next(problems); job !== null; job = inOrder.next(problems)) {
    jobs++;
    digest.addNumber(job.arrivalMicros);
    digest.addNumber(job.durationMicros ?? -1);
    digest.addInt(job.pods);
  }
  const { user, system } = process.cpuUsage(start);
  const seconds = (user + system) / 1e6;
  problems.throwIfAny(name);
  assert(reader.rowCount === count, `${name}: rows are lost`);
  return {
    name,
    digest: digest.hex(),
    value: count / seconds,
    unit: 'rows/s of processor time',
    counts: { rows: count, jobs },
  };
}

function bytesOf(header: string, row: (i: number) => string, count: number): Uint8Array {
  const pieces = [Buffer.from(header)];
  for (let i = 0; i < count;) {
    let text = '';
    for (const end = Math.min(count, i + 10_000); i < end; i++) text += row(i);
    pieces.push(Buffer.from(text));
  }
  return Buffer.concat(pieces);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
