/**
 * One requirement on labels: a key, an operator, values. Owns the rules for valid keys and values, the matching, the
 * printed form, and the text that is the same for requirements that mean the same.
 * Source: staging/src/k8s.io/apimachinery/pkg/labels/selector.go, .../pkg/api/validate/content/{kube,dns}.go (v1.36.3).
 */

/** Upstream's selection.Operator texts. */
export type RequirementOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'exists' | '!' | 'gt' | 'lt';

export interface LabelRequirement {
  readonly key: string;
  readonly operator: RequirementOperator;
  readonly values: readonly string[];
  /** The bound of gt and lt. */
  readonly bound: bigint | null;
}

/** A selector that upstream refuses. The message lists every reason. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError';
  readonly reasons: readonly string[];

  constructor(reasons: readonly string[]) {
    super(reasons.join('; '));
    this.reasons = reasons;
  }
}

/**
 * A valid requirement; throws SelectorError. `in` and `notin` need values, equality and comparison exactly one,
 * existence none.
 */
export function labelRequirement(
  key: string,
  operator: RequirementOperator,
  values: readonly string[],
): LabelRequirement {
  if (operator === '=' && values.length === 1 && GOOD_KEYS.has(key) && isLabelValue(values[0]))
    return { key, operator, values, bound: null };
  const reasons = [...keyProblems(key), ...valueCountProblems(key, operator, values)];
  for (const value of values) {
    if (!isLabelValue(value))
      reasons.push(`${JSON.stringify(value)} is not a label value (key ${JSON.stringify(key)})`);
  }
  if (reasons.length > 0) throw new SelectorError(reasons);
  if (GOOD_KEYS.size < MOST_KEYS) GOOD_KEYS.add(key);
  return { key, operator, values, bound: operator === 'gt' || operator === 'lt' ? parseInt64(values[0]) : null };
}

/** Keys that were found to be good; ReplicaSets all have the same few. */
const GOOD_KEYS = new Set<string>();
const MOST_KEYS = 100;

/** Equality without any check of the texts, as upstream builds it from a pod's nodeSelector map. */
export function uncheckedEquality(key: string, value: string): LabelRequirement {
  return { key, operator: '=', values: [value], bound: null };
}

export function matchesRequirement(requirement: LabelRequirement, labels: ReadonlyMap<string, string>): boolean {
  const value = labels.get(requirement.key);
  switch (requirement.operator) {
    case 'in':
    case '=':
    case '==':
      return value !== undefined && requirement.values.includes(value);
    case 'notin':
    case '!=':
      return value === undefined || !requirement.values.includes(value);
    case 'exists':
      return value !== undefined;
    case '!':
      return value === undefined;
    case 'gt':
    case 'lt':
      return value !== undefined && matchesBound(requirement, value);
  }
}

/** The printed form: `a=b`, `a in (x,y)`, `!a`, `a>5`. */
export function printRequirement(requirement: LabelRequirement): string {
  const { key, operator } = requirement;
  const values = sortedTexts(requirement.values).join(',');
  switch (operator) {
    case 'exists':
      return key;
    case '!':
      return `!${key}`;
    case 'in':
    case 'notin':
      return `${key} ${operator} (${values})`;
    case 'gt':
      return `${key}>${values}`;
    case 'lt':
      return `${key}<${values}`;
    default:
      return `${key}${operator}${values}`;
  }
}

/** Equal for requirements that always give the same answer: `a=b`, `a==b` and `a in (b)` share one text. */
export function requirementKey(requirement: LabelRequirement): string {
  const { operator } = requirement;
  const meaning = operator === '=' || operator === '==' ? 'in' : operator === '!=' ? 'notin' : operator;
  const values =
    requirement.bound === null ? [...new Set(sortedTexts(requirement.values))] : [String(requirement.bound)];
  return JSON.stringify([requirement.key, meaning, ...values]);
}

export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function sortedTexts(texts: readonly string[]): string[] {
  return [...texts].sort(compareTexts);
}

const INT64_PATTERN = /^[+-]?[0-9]+$/;
const INT64_MAX = (1n << 63n) - 1n;
const INT64_MIN = -(1n << 63n);

/** A base-10 int64 with optional sign and leading zeros (Go's strconv.ParseInt), else null. */
export function parseInt64(text: string): bigint | null {
  if (!INT64_PATTERN.test(text)) return null;
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  return value >= INT64_MIN && value <= INT64_MAX ? value : null;
}

function matchesBound(requirement: LabelRequirement, value: string): boolean {
  const number = parseInt64(value);
  if (number === null || requirement.bound === null) return false;
  return requirement.operator === 'gt' ? number > requirement.bound : number < requirement.bound;
}

function valueCountProblems(key: string, operator: RequirementOperator, values: readonly string[]): string[] {
  const place = `operator ${operator} on key ${JSON.stringify(key)}`;
  switch (operator) {
    case 'in':
    case 'notin':
      return values.length === 0 ? [`${place} needs at least one value`] : [];
    case 'exists':
    case '!':
      return values.length === 0 ? [] : [`${place} takes no values`];
    case '=':
    case '==':
    case '!=':
      return values.length === 1 ? [] : [`${place} needs exactly one value, found ${values.length}`];
    case 'gt':
    case 'lt':
      if (values.length !== 1) return [`${place} needs exactly one value, found ${values.length}`];
      return parseInt64(values[0]) === null
        ? [`${place} needs a 64-bit integer, found ${JSON.stringify(values[0])}`]
        : [];
  }
}

const NAME_PATTERN = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const SUBDOMAIN_PATTERN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const NAME_LIMIT = 63;
const SUBDOMAIN_LIMIT = 253;

/** An optional DNS subdomain and a slash, then a name of at most 63 letters, digits, `-`, `_`, `.`. */
export function isLabelKey(key: string): boolean {
  const parts = key.split('/');
  if (parts.length > 2) return false;
  const name = parts[parts.length - 1];
  if (parts.length === 2 && (parts[0].length > SUBDOMAIN_LIMIT || !SUBDOMAIN_PATTERN.test(parts[0]))) return false;
  return name.length <= NAME_LIMIT && NAME_PATTERN.test(name);
}

/** Empty, or formed like a label key's name. */
export function isLabelValue(value: string): boolean {
  return value === '' || (value.length <= NAME_LIMIT && NAME_PATTERN.test(value));
}

function keyProblems(key: string): string[] {
  return isLabelKey(key) ? [] : [`${JSON.stringify(key)} is not a label key`];
}
