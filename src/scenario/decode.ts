/**
 * First step of reading a scenario: types and names. Every mistake becomes one finding that says what was expected
 * and what stands there.
 */
import type { z } from 'zod';
import { nearestName } from '../base/input-error.ts';
import type { Path, PathStep } from '../base/source-path.ts';
import { below, describeValue, formatPath, quoteShort } from '../base/source-path.ts';
import type { Findings } from '../base/structure.ts';
import { isMapping } from '../base/structure.ts';

/**
 * What a schema describes, with defaults, or undefined after noting what is wrong. Null members count as absent.
 * `what`: its name in messages.
 */
export function decodeBy<T>(schema: z.ZodType<T>, what: string, value: unknown, findings: Findings): T | undefined {
  const given = withoutNullMembers(value);
  if (!isMapping(given)) {
    findings.error(null, `expected ${what} (a mapping), found ${describeValue(value)}`);
    return undefined;
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap((issue) => flatten(issue, [], given));
  const misspelled = new Set<string>();
  for (const issue of issues) noteUnknownKeys(schema, issue, misspelled, findings);
  for (const issue of issues) noteMismatch(issue, misspelled, findings);
  return undefined;
}

/** A key without a value (`nodePools:`) is as good as no key; nulls in lists stay and are refused. */
function withoutNullMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNullMembers);
  if (!isMapping(value)) return value;
  const kept: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) if (member !== null) kept[key] = withoutNullMembers(member);
  return kept;
}

type Issue = z.core.$ZodIssue;

interface PlacedIssue {
  readonly issue: Issue;
  readonly steps: readonly PathStep[];
  readonly found: unknown;
}

/** An issue at its place; a failed union becomes the issues of the one branch that is about the type of value given. */
function flatten(issue: Issue, above: readonly PathStep[], root: unknown): PlacedIssue[] {
  const steps = [...above, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  const found = valueAt(root, steps);
  if (issue.code === 'invalid_union' && found !== undefined) {
    const branches = issue.errors.filter((branch) => branch.length > 0 && !branch.some(isRootMismatch));
    if (branches.length === 1) return branches[0].flatMap((inner) => flatten(inner, steps, root));
  }
  return [{ issue, steps, found }];
}

/** Unknown keys; what they were probably meant to be goes into `misspelled`. */
function noteUnknownKeys(
  schema: z.ZodType,
  { issue, steps }: PlacedIssue,
  misspelled: Set<string>,
  findings: Findings,
): void {
  if (issue.code !== 'unrecognized_keys') return;
  const known = knownKeys(schema, steps);
  for (const key of issue.keys) {
    const suggestion = nearestName(key, known);
    if (suggestion !== undefined) misspelled.add(formatPath([...steps, suggestion]));
    findings.error(below(pathOf(steps), key), `unknown field ${quoteShort(key)}`, suggestion, 'key');
  }
}

/** Missing and wrong values. A key that is there under a misspelled name is not missing. */
function noteMismatch({ issue, steps, found }: PlacedIssue, misspelled: ReadonlySet<string>, findings: Findings): void {
  if (issue.code === 'unrecognized_keys') return;
  if (found === undefined && issue.code !== 'custom') {
    if (misspelled.has(formatPath(steps))) return;
    const part = typeof steps[steps.length - 2] === 'number' ? 'value' : 'key';
    findings.error(
      pathOf(steps.slice(0, -1)),
      `${quoteShort(String(steps[steps.length - 1]))} is missing: ${expectation(issue)}`,
      undefined,
      part,
    );
    return;
  }
  const suggestion =
    issue.code === 'invalid_value' && typeof found === 'string'
      ? nearestName(found, issue.values.map(String))
      : undefined;
  findings.error(pathOf(steps), `${expectation(issue)}, found ${describeValue(found)}`, suggestion);
}

/** A union branch that is about another type altogether. */
function isRootMismatch(issue: Issue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_union');
}

function expectation(issue: Issue): string {
  if (issue.message.startsWith('expected ')) return issue.message;
  if (issue.code === 'invalid_type')
    return 'expected ' +
      `${issue.expected === 'object' || issue.expected === 'record' ? 'a mapping' : `a ${issue.expected}`}`;
  return issue.message;
}

function pathOf(steps: readonly PathStep[]): Path | null {
  return steps.reduce<Path | null>((up, step) => below(up, step), null);
}

function valueAt(root: unknown, steps: readonly PathStep[]): unknown {
  let value = root;
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<PathStep, unknown>)[step];
  }
  return value;
}

/**
 * Keys that the schema knows at a place: for did-you-mean. Walks the schema through lists, maps, unions and defaults.
 */
function knownKeys(schema: z.ZodType, steps: readonly PathStep[]): string[] {
  let schemas: AnySchema[] = [schema as unknown as AnySchema];
  for (const step of steps) schemas = schemas.flatMap(unwrap).flatMap((candidate) => childSchemas(candidate, step));
  return schemas.flatMap(unwrap).flatMap((candidate) => Object.keys(candidate.def.shape ?? {}));
}

/** The part of zod's definitions that the walk reads. */
interface AnySchema {
  readonly def: {
    readonly shape?: Readonly<Record<string, AnySchema>>;
    readonly element?: AnySchema;
    readonly valueType?: AnySchema;
    readonly innerType?: AnySchema;
    readonly options?: readonly AnySchema[];
  };
}

function unwrap(schema: AnySchema): AnySchema[] {
  if (schema.def.innerType !== undefined) return unwrap(schema.def.innerType);
  if (schema.def.options !== undefined) return schema.def.options.flatMap(unwrap);
  return [schema];
}

function childSchemas(schema: AnySchema, step: PathStep): AnySchema[] {
  if (typeof step === 'number') return schema.def.element === undefined ? [] : [schema.def.element];
  const child =
    schema.def.shape !== undefined && Object.hasOwn(schema.def.shape, step)
      ? schema.def.shape[step]
      : schema.def.valueType;
  return child === undefined ? [] : [child];
}
