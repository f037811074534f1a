/**
 * `--set path=value`: changes to a scenario before it is decoded, so that they are checked like anything else in it.
 */
import { nearestName } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { readDocuments } from '../workload/manifests/documents.ts';
import type { PathStep } from '../base/source-path.ts';
import { formatPath, parsePath, quoteShort } from '../base/source-path.ts';

export interface Override {
  /** `duration`, `nodePools[0].count`, or by name: `nodePools[general].count`. */
  readonly path: string;
  /** Read as YAML: `50`, `2h`, `[a, b]`, `{poisson: {ratePerHour: 30}}`. */
  readonly value: string;
  /** The option that says so, for messages. Default `--set`. */
  readonly option?: string;
}

export interface AppliedOverrides {
  readonly value: unknown;
  /** What was set, by printed path: problems below it are the override's, not the file's. */
  readonly applied: readonly { readonly steps: readonly PathStep[]; readonly origin: string }[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** A changed copy; lists and maps on the way are made where they are missing, lists grow by one item at most. */
export function applyOverrides(root: unknown, overrides: readonly Override[]): AppliedOverrides {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const applied: { steps: PathStep[]; origin: string }[] = [];
  let value = root;
  for (const override of overrides) {
    const origin = `${override.option ?? '--set'} ${override.path}=${override.value}`;
    const steps = parsePath(override.path);
    if (steps === undefined) {
      problems.push({
        file: origin,
        message: `expected a path such as duration or nodePools[0].count, found ${quoteShort(override.path)}`,
      });
      continue;
    }
    const read = readDocuments(override.value, origin);
    if (read.problems.length > 0 || read.documents.length > 1) {
      problems.push({
        file: origin,
        message: `expected one YAML value after "=", found ${quoteShort(override.value)}`,
      });
      continue;
    }
    warnings.push(...read.warnings);
    const taken: PathStep[] = [];
    const outcome = setIn(value, steps, read.documents[0]?.value ?? null, taken);
    if ('message' in outcome)
      problems.push({
        file: origin,
        path: formatPath(taken),
        message: outcome.message,
        suggestion: outcome.suggestion,
      });
    else {
      value = outcome.value;
      applied.push({ steps: taken, origin });
    }
  }
  return { value, applied, problems, warnings };
}

type Outcome = { readonly value: unknown } | { readonly message: string; readonly suggestion?: string | undefined };

function setIn(target: unknown, steps: readonly PathStep[], value: unknown, taken: PathStep[]): Outcome {
  if (steps.length === 0) return { value };
  const [step, ...rest] = steps;
  if (Array.isArray(target) || (target === undefined && typeof step === 'number')) {
    const list = (target ?? []) as readonly unknown[];
    const index = typeof step === 'number' ? step : list.findIndex((item) => nameOf(item) === step);
    if (index < 0) {
      const names = list.map(nameOf).filter((name) => name !== undefined);
      return { message: `no item is named ${quoteShort(String(step))}`, suggestion: nearestName(String(step), names) };
    }
    if (index > list.length) return { message: `the list has ${list.length} items: [${index}] is out of range` };
    taken.push(index);
    const inner = setIn(list[index], rest, value, taken);
    return 'message' in inner ? inner : { value: [...list.slice(0, index), inner.value, ...list.slice(index + 1)] };
  }
  if (target !== undefined && target !== null && typeof target !== 'object')
    return { value: nest([step, ...rest], value) };
  if (step === '__proto__') return { message: 'the key "__proto__" is not allowed' };
  taken.push(String(step));
  const map = (target ?? {}) as Readonly<Record<string, unknown>>;
  const inner = setIn(Object.hasOwn(map, step) ? map[step] : undefined, rest, value, taken);
  return 'message' in inner ? inner : { value: { ...map, [step]: inner.value } };
}

/**
 * A plain value gives way to a mapping: `lifetime.exponential.mean=5m` over `lifetime: 10m`; all of it is the
 * override's.
 */
function nest(steps: readonly PathStep[], value: unknown): unknown {
  return steps.reduceRight<unknown>((inner, step) => ({ [String(step)]: inner }), value);
}

function nameOf(item: unknown): string | undefined {
  const name = (item as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name : undefined;
}
