/**
 * The pod lists of the openb trace as experiments with GPU shares read them: what each pod asks for, in the order of
 * the file, without times. Lists with times and those without (multigpu) are read alike. See docs/formats/openb.md.
 */
import { InputError, nearestName, type Problem } from '../../base/input-error.ts';
import { DEVICE_MILLI } from '../../cluster/gpu-devices.ts';
import type { GpuPodShape } from '../../cluster/gpu-fragmentation.ts';
import type { ByteSource } from './byte-source.ts';
import { clip, detached, found, isDnsSubdomain, readWholeNumber } from './cells.ts';
import { CsvRecordReader } from './csv-records.ts';
import { ProblemList } from './trace-reader.ts';

export interface ListedPod extends GpuPodShape {
  readonly name: string;
  readonly memoryMib: number;
}

const NEEDED = ['name', 'cpu_milli', 'memory_mib', 'num_gpu', 'gpu_milli'] as const;
const OPTIONAL = ['gpu_spec', 'qos', 'pod_phase', 'creation_time', 'deletion_time', 'scheduled_time'] as const;
const MOST_DEVICES = 64;
const MOST_ROWS = 500_000;

type Column = (typeof NEEDED)[number] | 'gpu_spec';

/** The pods in file order. Throws InputError with all mistakes. */
export function readOpenbPodList(bytes: ByteSource, file: string): readonly ListedPod[] {
  const records = new CsvRecordReader(bytes, file);
  const columns = readHeader(records.next(), file, records.line);
  const problems = new ProblemList();
  const pods: ListedPod[] = [];
  const names = new Set<string>();
  for (let fields = records.next(); fields !== null && !problems.isOverfull; fields = records.next()) {
    if (pods.length >= MOST_ROWS) {
      throw new InputError({
        file,
        line: records.line,
        message: `more than ${String(MOST_ROWS)} rows: expected a published list`,
      });
    }
    const { line } = records;
    const pod = readPod(fields, columns, (path, message) => {
      problems.add({ file, line, message, path });
    });
    if (pod === null) continue;
    if (names.has(pod.name))
      problems.add({ file, line, message: `expected every pod once, and "${pod.name}" stands twice`, path: 'name' });
    names.add(pod.name);
    pods.push(pod);
  }
  if (pods.length === 0 && problems.count === 0) {
    problems.add({ file, line: records.line + 1, message: 'no rows below the header: expected one for each pod' });
  }
  problems.throwIfAny(file);
  return pods;
}

interface Columns {
  readonly count: number;
  readonly at: Readonly<Record<Column, number>>;
}

function readHeader(header: readonly string[] | null, file: string, line: number): Columns {
  const all: readonly string[] = [...NEEDED, ...OPTIONAL];
  if (header === null)
    throw new InputError({ file, line: 1, message: `the file is empty: expected the header ${NEEDED.join(',')}` });
  if (!header.some((name) => all.includes(name))) {
    throw new InputError({
      file,
      line,
      message: `the first line is not the expected header ${NEEDED.join(',')}: found "${clip(header.join(','))}"`,
    });
  }
  const problems: Problem[] = [];
  const missing = NEEDED.filter((name) => !header.includes(name));
  header.forEach((name, column) => {
    if (header.indexOf(name) !== column)
      problems.push({ file, line, message: `column "${clip(name)}" stands twice: expected every column once` });
    else if (!all.includes(name)) {
      problems.push({
        file,
        line,
        message: `unknown column "${clip(name)}": expected ${all.join(', ')}`,
        suggestion: nearestName(name, missing),
      });
    }
  });
  for (const name of missing)
    problems.push({ file, line, message: `column "${name}" is missing: expected ${NEEDED.join(', ')}` });
  if (problems.length > 0) throw new InputError(problems);
  const at = Object.fromEntries([...NEEDED, 'gpu_spec'].map((name) => [name, header.indexOf(name)])) as Record<
    Column,
    number
  >;
  return { count: header.length, at };
}

function readPod(
  fields: readonly string[],
  { count, at }: Columns,
  complain: (path: Column | undefined, message: string) => void,
): ListedPod | null {
  if (fields.length !== count) {
    complain(undefined, `expected ${String(count)} fields as in the header, found ${String(fields.length)}`);
    return null;
  }
  let isRight = true;
  const refuse = (column: Column, expected: string): void => {
    isRight = false;
    complain(column, `${expected}, ${found(fields[at[column]])}`);
  };
  const number = (column: Column, most: number, expected: string): number => {
    const value = readWholeNumber(fields[at[column]]);
    if (!(value <= most)) refuse(column, expected);
    return value;
  };
  const name = fields[at.name];
  if (!isDnsSubdomain(name)) refuse('name', 'expected a pod name');
  const cpuMilli = number('cpu_milli', Infinity, 'expected a whole number from 0');
  const memoryMib = number('memory_mib', Infinity, 'expected a whole number from 0');
  const gpuCount = number('num_gpu', MOST_DEVICES, `expected a whole number from 0 to ${String(MOST_DEVICES)}`);
  const gpuMilli = number('gpu_milli', DEVICE_MILLI, 'expected thousandths of each GPU from 0 to 1000');
  const gpuSpec = at.gpu_spec < 0 ? '' : fields[at.gpu_spec];
  if (gpuSpec !== '' && gpuSpec.split('|').includes('')) refuse('gpu_spec', 'expected card models separated by |');
  if (!isRight) return null;
  return {
    name: detached(name),
    cpuMilli,
    memoryMib,
    gpuCount,
    gpuMilli: gpuCount === 0 ? 0 : gpuMilli,
    gpuSpec: detached(gpuSpec),
  };
}
