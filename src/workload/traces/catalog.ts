/**
 * The trace formats as data: what the command line, the scenario's schema and the documents say of them. What reads a
 * format stands in `formats/`, one file each, behind `registry.ts`; nothing is loaded from there to print a help page.
 */
import type { Micros } from '../../base/time.ts';

export const TRACE_FORMAT_NAMES = [
  'csv',
  'openb',
  'swf',
  'alibaba-2017',
  'alibaba-2025',
  'itp',
  'philly',
  'google-2011',
  'google-2019',
  'azure-vm-v1',
  'simkube',
  'opendc',
  'gentd26',
  'servegen',
] as const;
export type TraceFormatName = (typeof TRACE_FORMAT_NAMES)[number];

/** A value for every setting of a format; durations and quantities as texts. */
export type TraceSettings = Readonly<Record<string, string | number>>;

/** Another load out of the same trace. */
export interface TraceLoad {
  /** Arrival times are divided by this, run times are kept: so much more load. Greater than 0. */
  readonly compress: number;
  /** Jobs that arrive before it are left out; it becomes time 0. */
  readonly fromMicros: Micros;
  /** Jobs that arrive then or later are left out; null: none. */
  readonly toMicros: Micros | null;
  /** Share of the jobs that is kept, drawn job by job; above 0, 1: all. */
  readonly sample: number;
  /** Every job arrives so many times; a whole number from 1. */
  readonly clones: number;
  /** By resource: factor of what pods ask for; above 0. */
  readonly scale: Readonly<Record<string, number>>;
}

/** What a trace needs to be told that its file does not say. */
export interface TraceSetting {
  /** As in a scenario's `trace.settings`; the option of `replay` is the same in kebab-case. */
  readonly name: string;
  readonly kind: 'whole' | 'number' | 'quantity' | 'duration' | 'word';
  /** Words that are taken, too; with `word` nothing else is. */
  readonly words?: readonly string[];
  /** Numbers: the smallest that is taken. Default 0. */
  readonly least?: number;
  readonly fallback: string | number;
  readonly describe: string;
}

/** A second file of a trace. */
export interface TraceFileRole {
  /** As in a scenario's `trace.files`; the option of `replay` is the same in kebab-case. */
  readonly role: string;
  readonly describe: string;
}

export interface TraceFormatEntry {
  readonly name: TraceFormatName;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Below docs/formats/. */
  readonly document: string;
  /** What the main file is. */
  readonly file: string;
  readonly files: readonly TraceFileRole[];
  readonly settings: readonly TraceSetting[];
  /**
   * How long `replay` plays: until the last pod has ended, or the time of the recording (services, cut-off run times).
   */
  readonly ends: 'last-end' | 'last-arrival';
  /** Settings of the replayed scenario that the format brings: a batch system has no start delays of its own. */
  readonly scenario: Readonly<Record<string, unknown>>;
  /** Arguments behind `podyard replay NAME`, and what they do. */
  readonly example: readonly [string, string];
}

const NO_ROLES: readonly TraceFileRole[] = [];

/** Rows that wait for earlier ones; about 80 bytes each, and no more rows are held than the file has. */
function reorder(rows: number): TraceSetting {
  return {
    name: 'reorder',
    kind: 'whole',
    least: 1,
    fallback: rows,
    describe: 'How many rows are held to put them in order of time (about 80 bytes each)',
  };
}

const PUBLISHED_IN_ORDER = reorder(65_536);
const PUBLISHED_OUT_OF_ORDER = reorder(4_194_304);
/** A job is known when its last event has been read. */
const KNOWN_AT_THE_END = reorder(67_108_864);

function unknownDuration(fallback: string): TraceSetting {
  return {
    name: 'unknownDuration',
    kind: 'duration',
    words: ['forever', 'leave-out'],
    fallback,
    describe:
      'Run time of a job whose run time the trace does not tell: forever, leave-out (no such job), or a duration',
  };
}

function censored(fallback: string): TraceSetting {
  return {
    name: 'censored',
    kind: 'word',
    words: ['end', 'forever', 'leave-out'],
    fallback,
    describe: 'Jobs that still ran when the recording ended: end (with it), forever, or leave-out (no such job)',
  };
}

function origin(fallback: 'zero' | 'first'): TraceSetting {
  return {
    name: 'origin',
    kind: 'word',
    words: ['zero', 'first'],
    fallback,
    describe: "Where time begins: at the trace's own zero, or with the first arrival",
  };
}

const GPU_JOBS: readonly TraceSetting[] = [
  {
    name: 'gpusPerNode',
    kind: 'whole',
    least: 1,
    fallback: 8,
    describe: 'Larger jobs become several pods of at most so many GPUs',
  },
  {
    name: 'cpuPerGpu',
    kind: 'quantity',
    fallback: '0',
    describe: 'CPU that a pod asks for with each GPU; not recorded',
  },
  {
    name: 'memoryPerGpu',
    kind: 'quantity',
    fallback: '0',
    describe: 'Memory that a pod asks for with each GPU; not recorded',
  },
];

/** The sizes of the trace are shares of its largest machine; only their proportions are known. */
export const GOOGLE_CPU_UNIT = '64';
export const GOOGLE_MEMORY_UNIT = '256Gi';

export const NORMALISED_SIZES: readonly TraceSetting[] = [
  {
    name: 'cpuUnit',
    kind: 'quantity',
    fallback: GOOGLE_CPU_UNIT,
    describe: 'CPU of the largest machine, which the trace calls 1.0',
  },
  {
    name: 'memoryUnit',
    kind: 'quantity',
    fallback: GOOGLE_MEMORY_UNIT,
    describe: 'Memory of the largest machine, which the trace calls 1.0',
  },
];

/** What one request asks for: load traces know requests only. */
const REQUEST_SIZES: readonly TraceSetting[] = [
  { name: 'cpu', kind: 'quantity', fallback: '1', describe: 'CPU that the pod of a request asks for; not recorded' },
  {
    name: 'memory',
    kind: 'quantity',
    fallback: '1Gi',
    describe: 'Memory that the pod of a request asks for; not recorded',
  },
  { name: 'gpu', kind: 'whole', fallback: 0, describe: 'Whole GPUs that the pod of a request asks for; not recorded' },
];

/** The run times of a batch log hold everything that happens on the nodes; decisions took no time that it knows of. */
const BATCH_SYSTEM = {
  scheduler: { cycleTime: '0s', bindTime: '0s' },
  kubelet: { sandbox: '0s', containerStart: '0s', pullBase: '0s' },
};

/** Nodes and pods of a run must be read alike. */
export const SHARED_GPUS: TraceSetting = {
  name: 'gpus',
  kind: 'word',
  words: ['whole', 'shared'],
  fallback: 'whole',
  describe: 'GPUs by the thousandth, shared by pods; or whole ones (nvidia.com/gpu), each share counting as one',
};

export const TRACE_CATALOG: readonly TraceFormatEntry[] = [
  {
    name: 'openb',
    summary: "Replay Alibaba's GPU cluster trace of 2023 (openb)",
    document: 'openb.md',
    file: 'Pod list, openb_pod_list_*.csv, gzip accepted',
    files: NO_ROLES,
    settings: [SHARED_GPUS],
    ends: 'last-arrival',
    scenario: {},
    example: [
      '--nodes openb_node_list_all_node.csv --pods openb_pod_list_default.csv --compress 400',
      'five months in nine hours',
    ],
  },
  {
    name: 'csv',
    summary: "Replay a trace in Podyard's own format, CSV or Parquet",
    document: 'trace-csv.md',
    file: 'Trace, one pod a row in order of arrival, gzip accepted',
    files: NO_ROLES,
    settings: [],
    ends: 'last-end',
    scenario: {},
    example: ['pods.csv.gz --node-pool count=100,cpu=16,memory=64Gi', 'on a hundred like nodes'],
  },
  {
    name: 'swf',
    summary: 'Replay a log in the Standard Workload Format of batch systems',
    document: 'swf.md',
    file: 'Log, *.swf, gzip accepted',
    files: NO_ROLES,
    ends: 'last-end',
    scenario: BATCH_SYSTEM,
    settings: [
      {
        name: 'procsPerNode',
        kind: 'whole',
        fallback: 0,
        describe:
          'Processors of a node; larger jobs become several pods. 0: as the header says (MaxProcs / MaxNodes)',
      },
      {
        name: 'memory',
        kind: 'word',
        words: ['keep', 'leave-out'],
        fallback: 'keep',
        describe: 'Whether pods ask for the memory that their jobs asked for',
      },
      {
        name: 'overrun',
        kind: 'word',
        words: ['keep', 'cut'],
        fallback: 'keep',
        describe: 'Jobs that ran longer than they asked for: keep their run time, or cut it at what they asked for',
      },
      unknownDuration('leave-out'),
      origin('first'),
      PUBLISHED_IN_ORDER,
    ],
    example: ['NASA-iPSC-1993-3.1-cln.swf', 'on the machine that the header of the log names'],
  },
  {
    name: 'alibaba-2017',
    summary: "Replay the batch tasks of Alibaba's cluster trace of 2017",
    document: 'alibaba-2017.md',
    file: "batch_task.csv, or CloudSimPy's jobs.csv made from it; gzip accepted",
    files: NO_ROLES,
    ends: 'last-end',
    scenario: {},
    settings: [
      {
        name: 'statuses',
        kind: 'word',
        words: ['terminated', 'started'],
        fallback: 'terminated',
        describe:
          'Tasks that count: those that terminated, or all that ever started (of the others the end is not known)',
      },
      {
        name: 'memoryUnit',
        kind: 'quantity',
        fallback: '128Gi',
        describe: 'Memory of the largest machine, which the trace calls 1.0',
      },
      censored('end'),
      origin('zero'),
      PUBLISHED_OUT_OF_ORDER,
    ],
    example: ['batch_task.csv --node-pool count=1313,cpu=64,memory=88Gi --sample 0.01', 'every hundredth task'],
  },
  {
    name: 'alibaba-2025',
    summary: "Replay Alibaba's disaggregated recommendation serving of 2025",
    document: 'alibaba-2025.md',
    file: 'disaggregated_DLRM_trace.csv, gzip accepted',
    files: NO_ROLES,
    ends: 'last-arrival',
    scenario: {},
    settings: [censored('forever'), PUBLISHED_OUT_OF_ORDER],
    example: [
      'disaggregated_DLRM_trace.csv --node-pool count=6000,cpu=128,memory=1Ti ' +
        '--node-pool count=900,cpu=128,memory=1Ti,nvidia.com/gpu=8',
      'on CPU nodes and GPU nodes of a size that we chose',
    ],
  },
  {
    name: 'itp',
    summary: "Replay Microsoft's GPU training jobs of 2021 (ITP, ElasticFlow)",
    document: 'itp.md',
    file: 'clusterNN.csv, gzip accepted',
    files: NO_ROLES,
    ends: 'last-end',
    scenario: {},
    settings: [...GPU_JOBS, origin('first'), PUBLISHED_IN_ORDER],
    example: ['cluster09.csv --node-pool count=15,cpu=64,memory=512Gi,nvidia.com/gpu=8', 'one cluster on 120 GPUs'],
  },
  {
    name: 'philly',
    summary: "Replay Microsoft's GPU jobs of 2017 (Philly)",
    document: 'philly.md',
    file: 'philly.csv, or the published cluster_job_log (JSON); gzip accepted',
    files: NO_ROLES,
    ends: 'last-end',
    scenario: {},
    settings: [...GPU_JOBS, unknownDuration('leave-out'), censored('end'), origin('first'), PUBLISHED_OUT_OF_ORDER],
    example: ['philly.csv --node-pool count=300,cpu=64,memory=512Gi,nvidia.com/gpu=8', 'on 2,400 GPUs'],
  },
  {
    name: 'google-2011',
    summary: "Replay Google's cluster trace of 2011 (Borg)",
    document: 'google-2011.md',
    file: 'task_events, all parts one after the other, or the tasks of time 0 as a table; gzip accepted',
    files: NO_ROLES,
    ends: 'last-arrival',
    scenario: {},
    settings: [...NORMALISED_SIZES, unknownDuration('leave-out'), censored('forever'), KNOWN_AT_THE_END],
    example: [
      'tasks_t0.csv --machines google-2011=machines.csv',
      'the tasks that stood at the beginning, on the machines of the cell',
    ],
  },
  {
    name: 'google-2019',
    summary: "Replay Google's cluster trace of 2019 (Borg, version 3)",
    document: 'google-2019.md',
    file: 'instance_events, exported as CSV or as JSON lines; gzip accepted',
    files: NO_ROLES,
    ends: 'last-arrival',
    scenario: {},
    settings: [...NORMALISED_SIZES, unknownDuration('leave-out'), censored('forever'), KNOWN_AT_THE_END],
    example: ['instance_events.csv.gz --node-pool count=1000,cpu=64,memory=256Gi --to 1d', 'its first day'],
  },
  {
    name: 'azure-vm-v1',
    summary: "Replay Azure's virtual machines of 2017 (V1)",
    document: 'azure-vm-v1.md',
    file: 'vmtable.csv, or arrivals by flavour (v1.*.txt) with --durations, --flavours and --bins; gzip accepted',
    files: [
      { role: 'durations', describe: 'With arrivals by flavour: their run times, v1.*.cNNN.txt' },
      { role: 'flavours', describe: 'With arrivals by flavour: the sizes of the flavours, flav_map.txt' },
      { role: 'bins', describe: 'With arrivals by flavour: the limits of the run times, v1.interval_map.txt' },
    ],
    ends: 'last-arrival',
    scenario: {},
    settings: [
      {
        name: 'binPoint',
        kind: 'word',
        words: ['lower', 'middle', 'upper'],
        fallback: 'middle',
        describe: 'Run time within a bin of run times: its lower limit, its middle or its upper limit',
      },
      {
        name: 'recordingEnd',
        kind: 'duration',
        fallback: '2591700s',
        describe: 'When the recording ended: machines deleted then or later still ran',
      },
      unknownDuration('forever'),
      censored('forever'),
      origin('zero'),
      PUBLISHED_OUT_OF_ORDER,
    ],
    example: [
      'v1.dev.txt --durations v1.dev.c2100000.txt --flavours flav_map.txt --bins v1.interval_map.txt --origin first ' +
        '--node-pool count=2000,cpu=32,memory=128Gi',
      'three and a half days',
    ],
  },
  {
    name: 'simkube',
    summary: 'Replay what SimKube recorded of a Kubernetes cluster',
    document: 'simkube.md',
    file: 'Trace of format 2, MessagePack or JSON; gzip accepted',
    files: NO_ROLES,
    ends: 'last-end',
    scenario: {},
    settings: [unknownDuration('forever'), censored('forever'), origin('first')],
    example: ['trace.sktrace --node-pool count=10,cpu=16,memory=64Gi', 'its Deployments on ten nodes'],
  },
  {
    name: 'opendc',
    summary: 'Replay a workload of OpenDC (tasks.parquet)',
    document: 'opendc.md',
    file: 'tasks.parquet, or the same table as CSV',
    files: NO_ROLES,
    ends: 'last-end',
    scenario: {},
    settings: [
      {
        name: 'memoryUnit',
        kind: 'quantity',
        fallback: '1M',
        describe: 'What mem_capacity counts: megabytes in OpenDC; some traces hold kilobytes (1Ki)',
      },
      origin('first'),
      PUBLISHED_OUT_OF_ORDER,
    ],
    example: ['surf_month_tasks.parquet --node-pool count=277,cpu=16,memory=100G', 'on the hosts of the cluster'],
  },
  {
    name: 'gentd26',
    summary: "Replay the load of Alibaba's generative image serving of 2026 (GenTD26)",
    document: 'gentd26.md',
    file: 'qps.csv (request rates) or lora_request_trace.csv (requests), gzip accepted',
    files: NO_ROLES,
    ends: 'last-end',
    scenario: {},
    settings: [
      {
        name: 'requestType',
        kind: 'word',
        words: ['API Requests', 'Generative Requests'],
        fallback: 'API Requests',
        describe: 'Which rows of the request rates count',
      },
      ...REQUEST_SIZES,
      unknownDuration('29s'),
      origin('first'),
      PUBLISHED_IN_ORDER,
    ],
    example: [
      'qps.csv.gz --cold-starts pipeline_update_latency_anon.csv.gz --node-pool count=20,cpu=16,memory=64Gi',
      'a day of requests',
    ],
  },
  {
    name: 'servegen',
    summary: 'Replay the request load of one client of ServeGen',
    document: 'servegen.md',
    file: '*-trace.csv: windows of 600 s with rate and burstiness, gzip accepted',
    files: NO_ROLES,
    ends: 'last-end',
    scenario: {},
    settings: [...REQUEST_SIZES, unknownDuration('10s')],
    example: ['m-large-chunk-0-trace.csv.gz --to 1d --node-pool count=10,cpu=16,memory=64Gi', "one client's first day"],
  },
];

export const MACHINE_FORMAT_NAMES = ['openb', 'alibaba-2020', 'alibaba-2026', 'google-2011'] as const;
export type MachineFormatName = (typeof MACHINE_FORMAT_NAMES)[number];

/** Machine lists that serve as a cluster, with any workload; docs/formats/machines.md. */
export const MACHINE_CATALOG: Readonly<Record<MachineFormatName, readonly TraceSetting[]>> = {
  openb: [SHARED_GPUS],
  'alibaba-2020': [],
  'alibaba-2026': [
    {
      name: 'memoryPerCpu',
      kind: 'quantity',
      fallback: '8Gi',
      describe: 'Memory of a machine for each of its CPUs; not recorded',
    },
  ],
  'google-2011': NORMALISED_SIZES,
};

const BY_NAME: ReadonlyMap<string, TraceFormatEntry> = new Map(TRACE_CATALOG.map((entry) => [entry.name, entry]));

export function catalogEntry(name: TraceFormatName): TraceFormatEntry {
  return BY_NAME.get(name) as TraceFormatEntry;
}

/** `unknownDuration` as an option: `unknown-duration`. */
export function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
