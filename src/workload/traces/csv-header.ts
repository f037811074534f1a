/** The header of a trace in Podyard's own format: which column is which, and every mistake in one go. */
import { InputError, nearestName, type Problem } from '../../base/input-error.ts';
import { isScalarResource } from '../../cluster/resources.ts';
import { clip } from './cells.ts';

const PLAIN_COLUMNS = [
  'name', 'arrival', 'duration', 'priority', 'class', 'namespace', 'labels', 'nodeSelector', 'nodeAffinity',
] as const;
const PLAIN_RESOURCES = ['cpu', 'memory', 'ephemeral-storage'] as const;
const KNOWN: readonly string[] = [...PLAIN_COLUMNS, ...PLAIN_RESOURCES];

type PlainColumn = (typeof PLAIN_COLUMNS)[number];

/** Position of every column (from 0); -1 for one that the file does not have. */
export type TraceColumns = Readonly<Record<PlainColumn, number>> & {
  readonly resources: readonly { readonly name: string; readonly column: number }[];
  readonly count: number;
};

/** Reads the header record; throws InputError with all that is wrong. */
export function readHeader(fields: readonly string[], file: string, line: number): TraceColumns {
  const positions = Object.fromEntries(PLAIN_COLUMNS.map((name) => [name, -1])) as Record<PlainColumn, number>;
  const resources: { name: string; column: number }[] = [];
  const problems: Problem[] = [];
  if (!fields.some(looksLikeColumn)) {
    const message = `the first line is not a header: expected column names separated by commas, such as arrival,duration,cpu,memory; found "${clip(fields.join(','))}"`;
    throw new InputError({ file, line, message });
  }
  const seen = new Set<string>();
  fields.forEach((name, column) => {
    if (seen.has(name)) {
      problems.push({ file, line, message: `column "${clip(name)}" stands twice: expected every column once` });
    } else if (isPlainColumn(name)) positions[name] = column;
    else if (isResource(name)) resources.push({ name, column });
    else problems.push(unknownColumn(name, column, file, line));
    seen.add(name);
  });
  const arrivalMisspelt = problems.some((problem) => problem.suggestion === 'arrival');
  if (positions.arrival === -1 && !arrivalMisspelt) {
    problems.push({
      file,
      line,
      message: 'column "arrival" is missing: expected the time of arrival of each pod in seconds',
    });
  }
  if (problems.length > 0) throw new InputError(problems);
  return { ...positions, resources, count: fields.length };
}

/** Whether a line is the header of a trace in this format. */
export function isCsvHeader(line: string): boolean {
  const names = line
    .replace(/^\ufeff|^\u00ef\u00bb\u00bf/, '')
    .split(',')
    .map((name) => name.replace(/^"(.*)"$/, '$1'));
  return names.includes('arrival') && names.every((name) => isPlainColumn(name) || isResource(name));
}

function looksLikeColumn(name: string): boolean {
  return isPlainColumn(name) || isResource(name) || (!/^[0-9]/.test(name) && nearestName(name, KNOWN) !== undefined);
}

function isPlainColumn(name: string): name is PlainColumn {
  return (PLAIN_COLUMNS as readonly string[]).includes(name);
}

function isResource(name: string): boolean {
  return (PLAIN_RESOURCES as readonly string[]).includes(name) || isScalarResource(name);
}

function unknownColumn(name: string, column: number, file: string, line: number): Problem {
  if (name.trim() === '')
    return { file, line, message: `column ${String(column + 1)} has no name: expected one for every column` };
  const message = `unknown column "${clip(name)}": expected one of ${PLAIN_COLUMNS.join(', ')}, ${PLAIN_RESOURCES.join(', ')}, or a resource such as nvidia.com/gpu`;
  const suggestion = /^gpus?$/i.test(name) ? 'nvidia.com/gpu' : nearestName(name.trim(), KNOWN);
  return { file, line, message, suggestion };
}
