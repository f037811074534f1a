// podyard trace: what a trace holds, any trace as our own table, and generators fitted to traces; replay of every
// format.
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { openTraceFile } from '../../src/io/trace-stream.ts';
import type { TracePod } from '../../src/workload/traces/trace-pod.ts';
import { byteSourceOf } from '../../src/workload/traces/byte-source.ts';
import { kebabCase } from '../../src/workload/traces/catalog.ts';
import { openTrace } from '../../src/workload/traces/open-trace.ts';
import type { TraceReader } from '../../src/workload/traces/trace-reader.ts';
import { sampleBytes, sampleOptions, TRACE_SAMPLES, type TraceSample } from '../support/trace-samples.ts';
import { publishedTrace, WHY_SKIPPED } from '../support/published-traces.ts';
import { cliFolder } from './podyard.ts';

const cli = cliFolder();
const pathOf = (file: string): string => resolve('workloads/samples', file);

function podsOf(reader: TraceReader): TracePod[] {
  const pods: TracePod[] = [];
  for (let pod = reader.next(); pod !== null; pod = reader.next()) pods.push(pod);
  return pods;
}

function withFiles({ files = {} }: TraceSample): string[] {
  return Object.entries(files).flatMap(([role, file]) => ['--with', `${role}=${pathOf(file)}`]);
}

describe('trace info', () => {
  test('tells rows, span, sizes, what is missing and what was bent', () => {
    const { code, out, err } = cli.run('trace', 'info', pathOf('swf-log.swf'));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('\nFormat         swf\nRows           12, of which 2 give no job\n');
    expect(out).toContain('\nMachine        8 nodes of 4 CPUs\n');
    expect(out).toContain('\nNote: Jobs without processors, left out: 1\n');
  });

  test('as JSON holds the same numbers, and null for what is not known', () => {
    const { out } = cli.run(
      'trace',
      'info',
      pathOf('alibaba-2025-instances.csv'),
      '-o',
      'json',
      '--setting',
      'censored=forever',
    );
    expect(JSON.parse(out)).toMatchObject({
      format: 'alibaba-2025',
      rows: 5,
      jobs: 5,
      jobsCensored: 2,
      jobsStartedBefore: 2,
      machine: null,
    });
  });

  test('tells all mistakes, and of options that do not fit the format', () => {
    cli.write('bad.csv', 'job_id,submission_time,duration,num_gpu\na,1,x,1\nb,-1,600,1\n');
    expect(cli.run('trace', 'info', 'bad.csv').err).toMatch(/^error: bad\.csv:2: .*\nerror: bad\.csv:3: .*\n$/);
    const { code, err } = cli.run('trace', 'info', 'bad.csv', '--setting', 'gpuPerNode=4', '--with', 'bins=x');
    expect(code).toBe(2);
    expect(err).toContain('--setting gpuPerNode: the format itp has no setting "gpuPerNode"');
    expect(err).toContain('--with bins: the format itp has no file "bins"');
  });

  test('of a table of measurements tells their quantiles', () => {
    const { out } = cli.run('trace', 'info', pathOf('gentd26-cold-starts.csv'), '-o', 'json');
    expect(JSON.parse(out)).toMatchObject({ measurements: { count: 3, mean: 17_781, p50: 11_916, max: 41_427 } });
  });

  test('counts under the load that is asked for', () => {
    const jobs = (...load: readonly string[]): number =>
      (JSON.parse(cli.run('trace', 'info', pathOf('itp-cluster.csv'), '-o', 'json', ...load).out) as { jobs: number })
        .jobs;
    expect([jobs(), jobs('--clones', '3'), jobs('--to', '5m'), jobs('--sample', '0.000001')]).toEqual([6, 18, 2, 0]);
  });
});

describe('trace convert', () => {
  test.each(TRACE_SAMPLES)('$file has the same pods as a table of our own', (sample) => {
    const { code, out, err } = cli.run('trace', 'convert', pathOf(sample.file), ...withFiles(sample));
    expect(code, err).toBe(0);
    const plain = podsOf(
      openTrace(sample.format, byteSourceOf(sampleBytes(sample.file)), sample.file, sampleOptions(sample)),
    );
    const read = podsOf(openTrace('csv', byteSourceOf(out), 'out'));
    const comparable = ({ spec: _spec, nodeAffinityAnyOf: _affinity, requests, ...pod }: TracePod): object => ({
      ...pod,
      nodeSelector: {},
      requests: Object.fromEntries(Object.entries(requests).sort(([a], [b]) => (a < b ? -1 : 1))),
    });
    expect(read.map(comparable)).toEqual(plain.map(comparable));
    const lossy = plain.some(
      (pod) => pod.spec !== undefined || pod.nodeAffinityAnyOf.some(({ values }) => values.length > 1),
    );
    expect(err.startsWith('warning: ')).toBe(lossy);
  });

  test('packs, refuses to write over a file, and leaves nothing of a wrong trace', () => {
    expect(cli.run('trace', 'convert', pathOf('philly-jobs.csv'), '--out', 'ph.csv.gz').code).toBe(0);
    expect(podsOf(openTrace('csv', openTraceFile(join(cli.path(), 'ph.csv.gz')), 'ph'))).toHaveLength(6);
    expect(cli.run('trace', 'convert', pathOf('philly-jobs.csv'), '--out', 'ph.csv.gz')).toMatchObject({
      code: 2,
      out: '',
    });
    cli.write('bad.csv', 'job_id,submission_time,duration,num_gpu\na,1,x,1\n');
    expect(cli.run('trace', 'convert', 'bad.csv', '--out', 'none.csv').code).toBe(2);
    expect(existsSync(join(cli.path(), 'none.csv'))).toBe(false);
  });

  test('reads standard input as -, as every command that reads a trace does', () => {
    const input = readFileSync(pathOf('philly-jobs.csv'), 'utf8');
    const converted = cli.run('trace', 'convert', pathOf('philly-jobs.csv'));
    expect(cli.runWith({ input }, 'trace', 'convert', '-')).toEqual(converted);
    const told = cli.runWith({ input }, 'trace', 'info', '-', '-o', 'json');
    expect(JSON.parse(told.out)).toEqual({
      ...(JSON.parse(cli.run('trace', 'info', pathOf('philly-jobs.csv'), '-o', 'json').out) as object),
      file: '/dev/stdin',
    });
    expect(cli.runWith({ input: '' }, 'trace', 'info', '-').code).toBe(2);
  });

  test('is whole or not at all: a kill leaves no half of a table, and a signal nothing', async () => {
    const rows = Array.from({ length: 150_000 }, (_, i) => `${String(i)},60,${String((i % 7) + 1)},1Gi\n`);
    cli.write('many.csv', `arrival,duration,cpu,memory\n${rows.join('')}`);
    cli.write('old.csv', 'what stood there\n');
    const unfinished = (): string[] => readdirSync(cli.path()).filter((name) => name.includes('.partial-'));
    for (const [signal, out] of [['SIGKILL', 'new.csv'], ['SIGKILL', 'old.csv'], ['SIGTERM', 'new.csv']] as const) {
      const { child, ended } = cli.start('trace', 'convert', 'many.csv', '--out', out, '--force');
      while (unfinished().length === 0 && child.exitCode === null) await setTimeout(2);
      child.kill(signal);
      const { code, err } = await ended;
      expect([code, err], err).toEqual(
        signal === 'SIGTERM' ? [143, 'warning: stopped by SIGTERM before the end: no file was written\n'] : [null, ''],
      );
      expect(unfinished()).toHaveLength(signal === 'SIGTERM' ? 0 : 1);
      expect(existsSync(join(cli.path(), 'new.csv'))).toBe(false);
      expect(readFileSync(join(cli.path(), 'old.csv'), 'utf8')).toBe('what stood there\n');
      // Of a process that lives, and of another file: not for the next run to clear.
      const others = [`.${out}.partial-${String(process.ppid)}`, '.other.csv.partial-999999999'];
      for (const name of others) cli.write(name, '');
      expect(cli.run('trace', 'convert', pathOf('philly-jobs.csv'), '--out', out, '--force').code).toBe(0);
      expect(new Set(unfinished())).toEqual(new Set(others));
      for (const name of [...others, out]) rmSync(join(cli.path(), name));
      cli.write('old.csv', 'what stood there\n');
    }
    expect(cli.run('trace', 'convert', 'many.csv', '--out', 'old.csv', '--force').code).toBe(0);
    expect(readFileSync(join(cli.path(), 'old.csv'), 'utf8').split('\n')).toHaveLength(150_002);
  });
});

describe('replay', () => {
  const POOL = [
    '--node-pool',
    'count=40,cpu=64,memory=512Gi,nvidia.com/gpu=8',
    '-o',
    'json',
    '--progress',
    'none',
    '--check',
  ];
  const others = TRACE_SAMPLES.filter(({ format }) => format !== 'openb');

  test.each(others)('$format plays $file, and every pod of it is accounted for', (sample) => {
    const { format, file, files = {} } = sample;
    const roles = Object.entries(files).flatMap(([role, name]) => [`--${kebabCase(role)}`, pathOf(name)]);
    const { code, out, err } = cli.run('replay', format, pathOf(file), ...roles, ...POOL);
    expect(code, err).toBe(0);
    const plain = podsOf(openTrace(format, byteSourceOf(sampleBytes(file)), file, sampleOptions(sample)));
    const { counts, resolvedScenario } = JSON.parse(out) as {
      counts: { podsArrived: number };
      resolvedScenario?: { trace: object };
    };
    expect(counts.podsArrived).toBe(plain.length);
    if (resolvedScenario !== undefined) expect(resolvedScenario.trace).toMatchObject({ format });
  });

  test('swf runs on the machine of its header, where no nodes are given', () => {
    const { code, out, err } = cli.run('replay', 'swf', pathOf('swf-log.swf'), '--progress', 'none');
    expect(code, err).toBe(0);
    expect(out).toMatch(/\n29 arrived = /);
    expect(out).toMatch(/\n +8 +8 +8 /);
  });

  test('gentd26 takes cold starts, and a machine list serves as the cluster of any trace', () => {
    const { code, out, err } = cli.run(
      'replay',
      'gentd26',
      pathOf('gentd26-requests.csv'),
      '--cold-starts',
      pathOf('gentd26-cold-starts.csv'),
      '--machines',
      `alibaba-2026=${pathOf('alibaba-2026-machines.csv')}`,
      '--machine-clones',
      '3',
      '--progress',
      'none',
      '-o',
      'json',
    );
    expect(code, err).toBe(0);
    const result = JSON.parse(out) as { latency: { startSeconds: { max: number } } };
    expect(result).toMatchObject({ counts: { nodes: 6, podsArrived: 4 } });
    // Without cold starts containers start within a second or two.
    expect(result.latency.startSeconds.max).toBeGreaterThan(11);
  });

  test.each([
    ['openb', 'openb-nodes.csv', 3],
    ['alibaba-2020', 'alibaba-2020-machines.csv', 3],
    ['alibaba-2026', 'alibaba-2026-machines.csv', 2],
    ['google-2011', 'google-2011-machines.csv', 3],
    ['google-2011', 'google-2011-machine-events.csv', 3],
  ])('the machines of %s in %s are %i nodes', (format, file, nodes) => {
    const { code, out, err } = cli.run(
      'replay',
      'itp',
      pathOf('itp-cluster.csv'),
      '--machines',
      `${format}=${pathOf(file)}`,
      '-o',
      'json',
      '--set',
      'duration=10m',
      '-q',
    );
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ counts: { nodesAtStart: nodes } });
  });

  const nasa = publishedTrace('swf/NASA-iPSC-1993-3.1-cln.swf');
  test(`nothing of NASA-iPSC waits on enough nodes${nasa === null ? ` (SKIPPED: ${WHY_SKIPPED})` : ''}`, (context) => {
    if (nasa === null) return context.skip(WHY_SKIPPED);
    const { out } = cli.run(
      'replay',
      'swf',
      nasa,
      '--node-pool',
      'count=256,cpu=1,memory=1Gi',
      '-o',
      'csv',
      '-q',
      '--to',
      '30d',
    );
    expect(out).toMatch(/^latency\.queueWaitSeconds\.max,0,s$/m);
  });
});

describe('trace fit', () => {
  const rows = (): string => {
    let text = 'arrival,duration,cpu,memory,class,priority\n';
    for (let i = 0; i < 6000; i++) {
      const hour = Math.floor(i / 125);
      const second = hour * 3600 + ((i * 7919) % 3600);
      const own = `${String(30 + ((i * i) % 977))},${i % 3 === 0 ? '2' : '500m'},${i % 5 === 0 ? '4Gi' : '1Gi'}`;
      text += `${String(second)},${own},${i % 2 === 0 ? 'Web' : 'batch'},${i % 2 === 0 ? '100' : '0'}\n`;
    }
    const [head, ...body] = text.trimEnd().split('\n');
    return `${[head, ...body.sort((a, b) => Number(a.split(',')[0]) - Number(b.split(',')[0]))].join('\n')}\n`;
  };

  test('writes a valid scenario, the picture and the numbers, the same each time; the fit is close', () => {
    cli.write('pods.csv', rows());
    const first = cli.run('trace', 'fit', 'pods.csv', '--out', 'fit', '-o', 'json');
    expect(first.code, first.err).toBe(0);
    const fit = JSON.parse(first.out) as {
      largestDifference: Record<string, number>;
      arrivals: { recorded: number; simulated: number };
    };
    expect(fit.arrivals.recorded).toBe(6000);
    expect(Math.abs(fit.arrivals.simulated - 6000)).toBeLessThan(5 * Math.sqrt(6000));
    for (const [name, distance] of Object.entries(fit.largestDifference)) expect(distance, name).toBeLessThan(0.03);
    const files = (): string[] =>
      ['scenario.yaml', 'fit.svg', 'fit.json'].map((name) => readFileSync(join(cli.path(), 'fit', name), 'utf8'));
    const before = files();
    expect(before[2]).toBe(first.out);
    expect(before[1]).toMatch(/^<svg xmlns="[^"]+" viewBox="0 0 1040 \d+"/);
    expect(before[1]).not.toMatch(/NaN|Infinity|undefined/);
    expect(cli.run('validate', 'fit/scenario.yaml').out).toContain('web (Pod), batch (Pod)');
    expect(cli.run('trace', 'fit', 'pods.csv', '--out', 'fit').code).toBe(2);
    expect(cli.run('trace', 'fit', 'pods.csv', '--out', 'fit', '--force').code).toBe(0);
    expect(files()).toEqual(before);
    expect(cli.run('run', 'fit/scenario.yaml', '-q', '--set', 'duration=2h').out).toMatch(/class Web/);
  });

  test('tells when arrivals do not follow the cycle, and follows them without one', () => {
    const text = Array.from(
      { length: 3000 },
      (_, i) => `${String(Math.floor(90 * 86_400 * Math.sqrt(i / 3000)))},60,1`,
    ).join('\n');
    cli.write('growing.csv', `arrival,duration,cpu\n${text}\n`);
    const told = 'Arrivals do not repeat by the day';
    expect(cli.run('trace', 'fit', 'growing.csv', '--out', 'growing').out).toContain(told);
    expect(cli.run('trace', 'fit', 'growing.csv', '--cycle', 'none', '--out', 'growing', '--force').out).not.toContain(
      told,
    );
  });

  test('what stood before the recording is a workload of its own, and cut-off run times are told', () => {
    const { code, out } = cli.run('trace', 'fit', pathOf('alibaba-2025-instances.csv'), '--out', 'stood');
    expect(code).toBe(0);
    expect(out).toContain('no end was seen, and all run for ever: 1');
    const scenario = readFileSync(join(cli.path(), 'stood', 'scenario.yaml'), 'utf8');
    expect(scenario).toContain('-before\n');
    expect(scenario).toContain('kind: Deployment\n');
  });

  const azure = publishedTrace('azure-vm-v1/v1.dev.txt');
  test(`Azure V1 and openb are met within 2 %${azure === null ? ` (SKIPPED: ${WHY_SKIPPED})` : ''}`, (context) => {
    if (azure === null) return context.skip(WHY_SKIPPED);
    const file = (name: string): string => publishedTrace(name) ?? '';
    const runs = [
      [
        azure,
        '--setting',
        'origin=first',
        '--with',
        `durations=${file('azure-vm-v1/v1.dev.c2100000.txt')}`,
        '--with',
        `flavours=${file('azure-vm-v1/flav_map.txt')}`,
        '--with',
        `bins=${file('azure-vm-v1/v1.interval_map.txt')}`,
      ],
      [file('openb/openb_pod_list_default.csv'), '--cycle', 'none'],
    ];
    for (const words of runs) {
      const { out, err } = cli.run('trace', 'fit', ...words, '--out', 'published', '--force', '-o', 'json');
      const { largestDifference } = JSON.parse(out) as { largestDifference: Record<string, number> };
      expect(Object.keys(largestDifference).length, err).toBeGreaterThan(2);
      for (const [name, distance] of Object.entries(largestDifference)) expect(distance, name).toBeLessThan(0.02);
    }
  });
});
