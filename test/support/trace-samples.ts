/**
 * The small made-up traces of workloads/samples, one or two for each format. Tests cut and damage them at every byte, so
 * the larger openb-busy-pods.csv is not among them; docs/tutorial.md uses that one.
 */
import { readFileSync } from 'node:fs';
import { TraceAccounting, type TraceAccount } from '../../src/workload/traces/account.ts';
import { byteSourceOf } from '../../src/workload/traces/byte-source.ts';
import type { TraceFormatName } from '../../src/workload/traces/catalog.ts';
import { openLoadedJobs, type TraceOptions } from '../../src/workload/traces/open-trace.ts';
import { settingsOf } from '../../src/workload/traces/settings.ts';
import { ProblemList } from '../../src/workload/traces/trace-reader.ts';
import type { Problem } from '../../src/base/input-error.ts';
import { InputError } from '../../src/base/input-error.ts';

export interface TraceSample {
  readonly file: string;
  readonly format: TraceFormatName;
  readonly files?: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, string>>;
}

const AZURE_FILES = {
  durations: 'azure-vm-v1-durations.txt',
  flavours: 'azure-vm-v1-flavours.txt',
  bins: 'azure-vm-v1-bins.txt',
};

export const TRACE_SAMPLES: readonly TraceSample[] = [
  { file: 'openb-pods.csv', format: 'openb' },
  { file: 'swf-log.swf', format: 'swf' },
  { file: 'alibaba-2017-batch-task.csv', format: 'alibaba-2017' },
  { file: 'alibaba-2017-instances.csv', format: 'alibaba-2017' },
  { file: 'alibaba-2025-instances.csv', format: 'alibaba-2025' },
  { file: 'itp-cluster.csv', format: 'itp' },
  { file: 'philly-jobs.csv', format: 'philly' },
  { file: 'philly-log.json', format: 'philly' },
  { file: 'google-2011-task-events.csv', format: 'google-2011' },
  { file: 'google-2011-tasks.csv', format: 'google-2011' },
  { file: 'google-2019-instance-events.csv', format: 'google-2019' },
  { file: 'google-2019-instance-events.json', format: 'google-2019' },
  { file: 'azure-vm-v1-arrivals.txt', format: 'azure-vm-v1', files: AZURE_FILES },
  { file: 'azure-vm-v1-vmtable.csv', format: 'azure-vm-v1' },
  { file: 'simkube-trace.json', format: 'simkube' },
  { file: 'opendc-tasks.csv', format: 'opendc' },
  { file: 'gentd26-rates.csv', format: 'gentd26' },
  { file: 'gentd26-requests.csv', format: 'gentd26' },
  { file: 'servegen-client.csv', format: 'servegen' },
];

export function sampleBytes(file: string): Uint8Array {
  return readFileSync(new URL(`../../workloads/samples/${file}`, import.meta.url));
}

export function sampleText(file: string): string {
  return new TextDecoder().decode(sampleBytes(file));
}

export function sampleOptions({ format, files = {}, settings = {} }: TraceSample): TraceOptions {
  return {
    settings: settingsOf(format, settings),
    other: (role) =>
      Object.hasOwn(files, role) ? { bytes: byteSourceOf(sampleBytes(files[role])), name: files[role] } : null,
  };
}

export interface SampleReading extends TraceAccount {
  readonly rows: number;
  readonly leftOut: number;
  readonly notes: readonly string[];
  readonly facts: Readonly<Record<string, number>>;
}

/** Every job, whatever of it can be seen. */
export type SeenJobs = string[];

/** What the sample's format makes of the bytes, or its mistakes. */
export function readSample(
  sample: TraceSample,
  bytes: Uint8Array | string,
  seen: SeenJobs = [],
): { readonly reading: SampleReading | null; readonly problems: readonly Problem[] } {
  try {
    const { reader, jobs } = openLoadedJobs(sample.format, byteSourceOf(bytes), sample.file, sampleOptions(sample));
    const problems = new ProblemList();
    const accounting = new TraceAccounting();
    for (let job = jobs.next(problems); job !== null; job = jobs.next(problems)) {
      accounting.add(job);
      seen.push(JSON.stringify({ ...job, shape: job.shape }));
    }
    problems.throwIfAny(sample.file);
    const counts = { rows: reader.rowCount, leftOut: reader.leftOutRows(), notes: jobs.notes(), facts: reader.facts() };
    return { reading: { ...accounting.account(), ...counts }, problems: [] };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { reading: null, problems: error.problems };
  }
}
