/** Names that the node and the pod lists of the openb trace share, and the reading of their headers. */
import { InputError, nearestName, type Problem } from '../../base/input-error.ts';
import { GPU_MILLI } from '../../cluster/gpu-devices.ts';
import type { ResourceList } from '../../cluster/objects.ts';
import { clip } from './cells.ts';

/** Label of a node's GPU model, as the trace's own converter writes it. */
export const GPU_CARD_MODEL_LABEL = 'alibabacloud.com/gpu-card-model';
/** Extended resource that stands for whole GPUs. */
export const GPU_RESOURCE = 'nvidia.com/gpu';

/** So many GPUs, so much of each of them: whole ones, or by the thousandth. */
export function gpuAmount(shared: boolean, count: number, milliOfEach: number): ResourceList {
  if (count === 0) return {};
  return shared ? { [GPU_MILLI]: String(count * milliOfEach) } : { [GPU_RESOURCE]: String(count) };
}

/** Position of every column; throws InputError unless the header holds exactly `expected`, in any order. */
export function readOpenbHeader<Column extends string>(
  header: readonly string[] | null,
  expected: readonly Column[],
  file: string,
  line: number,
): Readonly<Record<Column, number>> {
  if (header === null)
    throw new InputError({ file, line: 1, message: `the file is empty: expected the header ${expected.join(',')}` });
  if (!header.some((name) => (expected as readonly string[]).includes(name))) {
    throw new InputError({
      file,
      line,
      message: `the first line is not the expected header ${expected.join(',')}: found "${clip(header.join(','))}"`,
    });
  }
  const problems: Problem[] = [];
  const suggested = new Set<string>();
  const missing = expected.filter((name) => !header.includes(name));
  header.forEach((name, column) => {
    if (header.indexOf(name) !== column)
      problems.push({ file, line, message: `column "${clip(name)}" stands twice: expected every column once` });
    else if (!(expected as readonly string[]).includes(name)) {
      const suggestion = nearestName(name, missing);
      if (suggestion !== undefined) suggested.add(suggestion);
      problems.push({
        file,
        line,
        message: `unknown column "${clip(name)}": expected ${expected.join(', ')}`,
        suggestion,
      });
    }
  });
  for (const name of missing) {
    if (!suggested.has(name))
      problems.push({ file, line, message: `column "${name}" is missing: expected ${expected.join(', ')}` });
  }
  if (problems.length > 0) throw new InputError(problems);
  return Object.fromEntries(expected.map((name) => [name, header.indexOf(name)])) as Record<Column, number>;
}
