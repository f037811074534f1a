/**
 * Every published trace that is at hand is read whole, and its counts and sums are those that its authors, or whoever
 * looked at it with other tools, tell of it.
 */
import { describe, expect, test } from 'vitest';
import { readMachineInput } from '../../src/io/trace-input.ts';
import { openTraceFile } from '../../src/io/trace-stream.ts';
import type { MachineFormatName } from '../../src/workload/traces/catalog.ts';
import { readSeries } from '../../src/workload/traces/series-values.ts';
import { checkMachineSettings } from '../../src/workload/traces/settings.ts';
import { checkTrace } from '../../src/workload/traces/open-trace.ts';
import {
  accountOf,
  publishedFiles,
  publishedTrace,
  WHY_SKIPPED,
  type AccountedTrace,
} from '../support/published-traces.ts';

const GPU = 'nvidia.com/gpu';
const GPU_HOUR = 3600;

/** One test for a file; it says so when the file is not there. */
function reads(path: string, account: () => AccountedTrace, check: (found: AccountedTrace) => void): void {
  test(path, (context) => {
    if (publishedTrace(path) === null) context.skip(WHY_SKIPPED);
    check(account());
  });
}

/** The number at the end of a note. */
function counted({ notes }: AccountedTrace, beginning: string): number {
  const note = notes.find((text) => text.startsWith(beginning));
  return note === undefined ? 0 : Number(/: (\d+)$/.exec(note)?.[1]);
}

describe('openb', () => {
  const path = 'openb/openb_pod_list_default.csv';
  reads(
    path,
    () => accountOf('openb', path),
    (found) => {
      expect(found).toMatchObject({ rows: 8152, pods: 8152, leftOut: 0, jobsCensored: 34, jobsUnknown: 897 });
      expect(found.classes).toEqual({ LS: 4647, BE: 3398, Burstable: 100, Guaranteed: 7 });
      expect(found.facts).toEqual({ podsThatNeverRan: 897, podsThatShareAGpu: 3078 });
      expect(Math.round(found.resources['cpu'].sum)).toBe(85_436);
      expect(found.resources[GPU]).toMatchObject({ pods: 8152 - 1088, largest: 8 });
      expect(found.resources[GPU].sum).toBe(6989 + 16 * 2 + 15 * 4 + 44 * 8);
      expect(found.resources['memory'].pods).toBe(8151);
      expect(found).toMatchObject({ lastArrivalSeconds: 12_901_761, lastEndSeconds: 12_902_960, jobsOfNoTime: 1 });
    },
  );
});

describe('SWF', () => {
  const swf = (path: string, check: (found: AccountedTrace) => void): void =>
    reads(path, () => accountOf('swf', path), check);
  swf('swf/KTH-SP2-1996-2.swf', (found) => {
    expect(found).toMatchObject({ rows: 28_489, jobs: 28_489, jobsOfNoTime: 8 });
    expect(found.machine).toEqual({ nodes: 100, cpuPerNode: 1 });
    expect(counted(found, 'Jobs that ran longer than they asked for')).toBe(475);
  });
  swf('swf/NASA-iPSC-1993-3.1-cln.swf', (found) => {
    expect(found).toMatchObject({ rows: 18_239, jobs: 18_239, machine: { nodes: 128, cpuPerNode: 1 } });
    // Utilization 0.4661 of 128 processors.
    expect(found.resourceSeconds['cpu'] / (128 * found.lastEndSeconds)).toBeCloseTo(0.4661, 4);
  });
  swf('swf/LLNL-Atlas-2006-2.1-cln.swf', (found) => {
    expect(found).toMatchObject({ rows: 43_778, leftOut: 4571, jobs: 43_778 - 4571 });
    expect(found.machine).toEqual({ nodes: 1152, cpuPerNode: 8 });
    expect(counted(found, 'Jobs without processors')).toBe(4571);
  });
  swf('swf/wagap-2013.swf', (found) => {
    expect(found).toMatchObject({ rows: 17_900, leftOut: 2, machine: null });
    expect(counted(found, 'Run times below 0 other than -1')).toBe(2);
    expect(counted(found, 'Rows with more than 18 fields')).toBe(17_900);
  });
  swf('swf/HPC2N-2002-first3170.swf', (found) => expect(found.rows).toBe(3170));
  swf('swf/lublin_256.swf', (found) => expect(found).toMatchObject({ rows: 10_000, jobs: 10_000 }));
  // Written by a simulator in order of end.
  swf('easy-oracle/KTH-SP2.easy.swf.gz', (found) =>
    expect(found).toMatchObject({ jobs: 28_481, machine: { nodes: 100 } }),
  );
  swf('easy-oracle/CTC-SP2.easy.swf.gz', (found) =>
    expect(found).toMatchObject({ jobs: 77_199, machine: { nodes: 338 } }),
  );
  swf('easy-oracle/SDSC-SP2.easy.swf.gz', (found) =>
    expect(found).toMatchObject({ jobs: 54_006, machine: { nodes: 128 } }),
  );
});

describe('Microsoft ITP', () => {
  /** Cluster, jobs, GPU-hours, most GPUs if nothing ever waited. */
  const clusters = [
    ['01', 1595, 22_740, 330],
    ['02', 5778, 123_748, 346],
    ['03', 3011, 165_443, 1379],
    ['04', 15_802, 705_683, 2025],
    ['05', 3629, 14_303, 341],
    ['06', 2396, 123_879, 516],
    ['07', 12_699, 366_800, 1903],
    ['08', 13_047, 67_100, 282],
    ['09', 11_134, 39_001, 118],
    ['10', 260, 4024, 52],
  ] as const;
  const pathOf = (cluster: string): string => `msft-itp-2021/raw/cluster${cluster}.csv`;
  test('ten clusters', (context) => {
    if (publishedTrace(pathOf('01')) === null) context.skip(WHY_SKIPPED);
    let [jobs, gpuSeconds] = [0, 0];
    for (const [cluster, rows, gpuHours, peak] of clusters) {
      const found = accountOf('itp', pathOf(cluster));
      expect(found, cluster).toMatchObject({ rows, jobs: rows });
      expect(Math.abs(found.resourceSeconds[GPU] / GPU_HOUR - gpuHours), cluster).toBeLessThanOrEqual(0.51);
      expect(found.resources[GPU].peak, cluster).toBe(peak);
      jobs += found.jobs;
      gpuSeconds += found.resourceSeconds[GPU];
    }
    expect(jobs).toBe(69_351);
    expect(gpuSeconds / GPU_HOUR).toBeCloseTo(1_632_719.74, 2);
  });
});

describe('Philly', () => {
  const path = 'philly/philly.csv';
  reads(
    path,
    () => accountOf('philly', path),
    (found) => {
      expect(found).toMatchObject({ rows: 82_247, jobs: 82_247, leftOut: 0 });
      expect(Object.keys(found.classes)).toHaveLength(15);
      expect(found.resources[GPU].sum / found.jobs).toBeCloseTo(1.304, 3);
      expect(found.resourceSeconds[GPU] / GPU_HOUR).toBeCloseTo(978_078.5, 1);
      expect(Math.round(found.runTimes.meanSeconds)).toBe(13_136);
      // The histogram behind it is within 0.4 %.
      expect(Math.abs(found.runTimes.medianSeconds / 1144 - 1)).toBeLessThan(0.004);
      expect(Math.abs(found.runTimes.p90Seconds / 11_266 - 1)).toBeLessThan(0.004);
      expect(Math.abs(found.runTimes.p99Seconds / 254_884 - 1)).toBeLessThan(0.004);
    },
  );
});

describe('Alibaba', () => {
  const tasks = 'alibaba-2017/batch_task.csv';
  reads(
    tasks,
    () => accountOf('alibaba-2017', tasks),
    (found) => {
      expect(found).toMatchObject({ rows: 80_553, jobs: 66_836, pods: 10_134_838, leftOut: 80_553 - 66_836 });
      expect(found.facts).toEqual({
        instancesOfAllRows: 11_909_321,
        rowsWithoutRequests: 9017,
        statusTerminated: 67_013,
        statusWaiting: 8847,
        statusRunning: 3567,
        statusFailed: 1126,
      });
    },
  );
  const instances = 'alibaba-2017/cloudsimpy_jobs.csv';
  reads(
    instances,
    () => accountOf('alibaba-2017', instances),
    (found) => {
      expect(found).toMatchObject({ rows: 31_756, jobs: 31_756 });
      expect(Math.ceil(found.runTimes.longestSeconds)).toBe(3629);
    },
  );
  const serving = 'alibaba-2025/disaggregated_DLRM_trace.csv';
  reads(
    serving,
    () => accountOf('alibaba-2025', serving),
    (found) => {
      expect(found).toMatchObject({ rows: 23_871, pods: 23_871, jobsStartedBefore: 7280, jobsCensored: 8878 });
      expect(found.facts).toEqual({ roleCN: 16_485, roleHN: 7386, applications: 156 });
      expect(found.lastEndSeconds).toBe(2_677_541);
      expect(found.resources['cpu']).toMatchObject({ smallest: 2, largest: 192 });
      expect(found.resources['memory'].largest / 1_073_741_824).toBe(1000);
    },
  );
});

describe('Azure', () => {
  const files = (run: string): Record<string, string> => ({
    durations: `azure-vm-v1/v1.${run}.txt`,
    flavours: 'azure-vm-v1/flav_map.txt',
    bins: 'azure-vm-v1/v1.interval_map.txt',
  });
  const dev = 'azure-vm-v1/v1.dev.txt';
  reads(
    dev,
    () => accountOf('azure-vm-v1', dev, { files: files('dev.c2100000') }),
    (found) => {
      expect(found).toMatchObject({ rows: 259_159, batches: 53_109, jobsCensored: 14_317, shapes: 16 });
      expect(found.facts).toMatchObject({ bins: 1000, batches: 53_109 });
      expect(found).toMatchObject({ firstArrivalSeconds: 1_800_000, lastArrivalSeconds: 2_099_700 });
    },
  );
  const later = 'azure-vm-v1/v1.test.txt';
  reads(
    later,
    () => accountOf('azure-vm-v1', later, { files: files('test.c2591400') }),
    (found) => {
      expect(found).toMatchObject({ rows: 410_276, batches: 82_946, jobsCensored: 23_311 });
      expect(found.facts).toMatchObject({ bins: 1638, batches: 82_946 });
      expect(found).toMatchObject({ firstArrivalSeconds: 2_100_000, lastArrivalSeconds: 2_591_100 });
    },
  );
  const table = 'azure-vm-v1/fixture-vmtable-v1-sample.csv.gz';
  reads(
    table,
    () => accountOf('azure-vm-v1', table),
    (found) => {
      expect(found).toMatchObject({ rows: 10, jobsCensored: 6, jobsStartedBefore: 7 });
    },
  );
});

describe('Google', () => {
  const standing = 'google-2011/tasks_t0.csv';
  reads(
    standing,
    () => accountOf('google-2011', standing),
    (found) => {
      expect(found).toMatchObject({ rows: 33_302, jobs: 33_302, jobsCensored: 31_035, jobsStartedBefore: 33_302 });
      expect(found.facts['cpuInLargestMachines']).toBeCloseTo(2762.28, 2);
      expect(found.facts['memoryInLargestMachines']).toBeCloseTo(2008.95, 2);
      expect(found.resources['cpu'].sum / 64).toBeCloseTo(2762.28, 1);
    },
  );
  const events = 'google-2011/fixture-task-events-sample-1.csv';
  reads(
    events,
    () => accountOf('google-2011', events),
    (found) => expect(found.jobs).toBe(11),
  );
  const instances = 'google-2019/instance-sample.csv';
  reads(
    instances,
    () => accountOf('google-2019', instances),
    (found) => expect(found.rows).toBe(999),
  );
  test('a copy that a spreadsheet rounded is refused', (context) => {
    const path = publishedTrace('google-2019/borg_traces_data_kaggle5000.csv');
    if (path === null) return context.skip(WHY_SKIPPED);
    const problems = checkTrace('google-2019', openTraceFile(path), 'kaggle.csv');
    expect(problems).toMatchObject([{ line: 1, message: expect.stringContaining('a spreadsheet has saved') }]);
  });
});

describe('SimKube', () => {
  const path = 'simkube/large_trace.json';
  reads(
    path,
    () => accountOf('simkube', path),
    (found) => {
      expect(found.facts).toEqual({ events: 89, applied: 250, deleted: 0, owners: 27 });
      expect(found).toMatchObject({ rows: 250, lastEndSeconds: 1265, jobsCensored: 27 });
    },
  );
});

describe('OpenDC', () => {
  const machines = 'opendc/bitbrains-small_tasks.parquet';
  reads(
    machines,
    () => accountOf('opendc', machines),
    (found) => expect(found).toMatchObject({ rows: 50, jobs: 50 }),
  );
  const month = 'opendc/surf_month_tasks.parquet';
  reads(
    month,
    () => accountOf('opendc', month),
    (found) => {
      expect(found).toMatchObject({ rows: 68_648, jobs: 68_648, shapes: 1 });
      expect(found.resources['cpu']).toMatchObject({ smallest: 16, largest: 16 });
      expect(found.resources['memory'].largest).toBe(100_000_000_000);
    },
  );
});

describe('GenTD26', () => {
  const rates = 'gentd26/qps.csv.gz';
  reads(
    rates,
    () => accountOf('gentd26', rates),
    (found) => {
      // Lines less the header.
      expect(found.rows).toBe(24_627);
      const wanted = found.facts['meanRatePerSecond'] * found.facts['windows'];
      expect(Math.abs(found.jobs / (wanted * 57) - 1)).toBeLessThan(0.001);
    },
  );
  const requests = 'gentd26/lora_request_trace.csv.gz';
  reads(
    requests,
    () => accountOf('gentd26', requests),
    (found) => expect(found.rows).toBe(26_823),
  );
  test('measurements', (context) => {
    /** Lines of the tables, header included. */
    const tables = {
      queue_rt_raw_anon: 23_479,
      queue_size_raw_anon: 1435,
      pipeline_update_latency_anon: 36_047,
      basemodel_update_latency_anon: 7532,
      lora_update_latency_anon: 27_416,
      controlnet_latency_data_anon: 29_222,
    };
    for (const [name, lines] of Object.entries(tables)) {
      const path = publishedTrace(`gentd26/${name}.csv.gz`);
      if (path === null) return context.skip(WHY_SKIPPED);
      expect(readSeries({ bytes: openTraceFile(path), name }).length, name).toBe(lines - 1);
    }
  });
});

describe('ServeGen', () => {
  test('clients', (context) => {
    const clients = publishedFiles('servegen').filter((name) => name.endsWith('.gz'));
    if (clients.length === 0) context.skip(WHY_SKIPPED);
    expect(clients).toHaveLength(7);
    // The others are drawn from by the test of the windows.
    const found = accountOf('servegen', 'servegen/m-large-chunk-2-trace.csv.gz');
    expect(found).toMatchObject({ rows: 2016, jobs: found.facts['requests'] });
  });
});

describe('machine lists', () => {
  const lists: readonly (readonly [MachineFormatName, string, number, number, number])[] = [
    ['openb', 'openb/openb_node_list_all_node.csv', 1523, 6212, 125_514],
    ['openb', 'openb/openb_node_list_gpu_node.csv', 1213, 6212, 107_018],
    ['alibaba-2020', 'alibaba-2020/pai_machine_spec.csv', 1897, 6742, Number.NaN],
    ['alibaba-2026', 'alibaba-2026-spot/node_info_df.csv', 4278, 10_412, Number.NaN],
    ['google-2011', 'google-2011/machines.csv', 12_580, 0, 6657.5 * 64],
  ];
  for (const [format, path, machines, gpus, cores] of lists) {
    test(`${format}: ${path}`, (context) => {
      const file = publishedTrace(path);
      if (file === null) return context.skip(WHY_SKIPPED);
      const { settings } = checkMachineSettings(format, {});
      const { nodes } = readMachineInput({ format, file, settings: settings ?? {}, clones: 1 });
      const sum = (resource: string): number =>
        nodes.reduce((total, node) => total + Number.parseFloat(String(node.status?.capacity?.[resource] ?? 0)), 0);
      expect(nodes).toHaveLength(machines);
      expect(sum(GPU)).toBe(gpus);
      if (!Number.isNaN(cores)) expect(Math.abs(sum('cpu') / 1000 / cores - 1)).toBeLessThan(1e-4);
      const twice = readMachineInput({ format, file, settings: settings ?? {}, clones: 2 });
      expect(new Set(twice.nodes.map((node) => node.metadata?.name)).size).toBe(2 * machines);
    });
  }
});
