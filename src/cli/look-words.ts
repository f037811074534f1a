/** Which objects the words of a command line name, and what selectors and orders say about them. */
import { InputError, nearestName } from '../base/input-error.ts';
import { compareTexts } from '../cluster/label-requirements.ts';
import { SelectorError, parseSelectorText } from '../cluster/selectors.ts';
import { createInputFiles } from '../io/input-files.ts';
import type { LookedObject } from '../experiment/looked-object.ts';
import { kindOf, kindWords, LOOKED_KINDS } from '../report/kubectl/kinds.ts';
import type { LookedKind } from '../report/kubectl/kinds.ts';

export interface KindRequest {
  readonly kind: LookedKind;
  /** Empty: all of them. */
  readonly names: readonly string[];
}

export interface LookWords {
  readonly path: string;
  readonly requests: readonly KindRequest[];
}

/**
 * The run comes first, as in all commands; `get pods RUN` is understood, too. Throws InputError for kinds that are not
 * known.
 */
export function readLookWords(first: string, second: string, names: readonly string[]): LookWords {
  const files = createInputFiles();
  const isThere = (path: string): boolean => path === '-' || files.isFile(path) || files.isFolder(path);
  const isSwapped = !isThere(first) && isThere(second) && isKinds(first);
  const [path, kinds] = isSwapped ? [second, first] : [first, second];
  return { path, requests: requestsOf(kinds, names) };
}

function isKinds(words: string): boolean {
  return words.split(/[,/]/).some((word) => word === 'all' || kindOf(word) !== undefined);
}

function requestsOf(words: string, names: readonly string[]): KindRequest[] {
  if (words.includes('/')) {
    return [words, ...names].map((word): KindRequest => {
      const [kind, name = '', ...rest] = word.split('/');
      if (name === '' || rest.length > 0)
        throw new InputError({ message: `expected KIND/NAME for every object, found "${word}"` });
      return { kind: knownKind(kind), names: [name] };
    });
  }
  const kinds = words.split(',').filter((word) => word !== '');
  const known = kinds.flatMap((word) =>
    word === 'all' ? LOOKED_KINDS.filter(({ inAll }) => inAll) : [knownKind(word)]);
  if (known.length === 0) throw new InputError({ message: 'expected a kind such as pods, found nothing' });
  return known.map((kind) => ({ kind, names }));
}

/** `option`: how the message begins. Throws InputError. */
export function knownKind(word: string, option = ''): LookedKind {
  const kind = kindOf(word);
  if (kind !== undefined) return kind;
  const suggestion = nearestName(word.toLowerCase(), kindWords());
  throw new InputError({ message: `${option}the server doesn't have a resource type "${word}"`, suggestion });
}

/** Whether an object is meant by `-l`. Throws InputError. */
export function labelFilter(text: string | null): (object: LookedObject) => boolean {
  if (text === null) return () => true;
  try {
    const selector = parseSelectorText(text);
    return ({ metadata }) => selector.matches(new Map(Object.entries(metadata.labels ?? {})));
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    throw new InputError({ message: `--selector: ${error.message}` });
  }
}

/** Fields that the API server selects by, of every kind and of some. */
const FIELDS: readonly string[] = ['metadata.name', 'metadata.namespace'];
const FIELDS_BY_KIND: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec.nodeName', 'spec.restartPolicy', 'spec.schedulerName', 'status.phase', 'status.nominatedNodeName'],
  Node: ['spec.unschedulable'],
  Namespace: ['status.phase'],
  Job: ['status.successful'],
  ReplicaSet: ['status.replicas'],
  Event: [
    'type', 'reason', 'involvedObject.kind', 'involvedObject.namespace', 'involvedObject.name', 'reportingComponent',
  ],
};
/** What the API server fills in where an object says nothing. */
const FIELD_DEFAULTS: Readonly<Record<string, string>> = {
  'spec.unschedulable': 'false', 'spec.restartPolicy': 'Always', 'spec.schedulerName': 'default-scheduler',
};

/** Whether an object is meant by `--field-selector`. Throws InputError for a field that a kind asked for has not. */
export function fieldFilter(text: string | null, kinds: readonly LookedKind[]): (object: LookedObject) => boolean {
  if (text === null) return () => true;
  const terms = text.split(',').filter((term) => term !== '').map((term) => {
    const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(term);
    if (match === null)
      throw new InputError({ message: `--field-selector: expected FIELD=VALUE or FIELD!=VALUE, found "${term}"` });
    const [, field, operator, value] = match;
    for (const { kind } of kinds) checkField(field, kind);
    return { field, value, isEqual: operator !== '!=' };
  });
  return (object) =>
    terms.every(({ field, value, isEqual }) => (textAt(object, field) === value) === isEqual);
}

function checkField(field: string, kind: string): void {
  const known = [...FIELDS, ...(FIELDS_BY_KIND[kind] ?? [])];
  if (known.includes(field)) return;
  const message = `--field-selector: field label not supported: ${field}; ${kind} has ${known.join(', ')}`;
  throw new InputError({ message });
}

function textAt(object: LookedObject, field: string): string {
  const value = valueAt(object, field.split('.'));
  if (value === undefined) return FIELD_DEFAULTS[field] ?? '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const step of path) {
    if (found === null || typeof found !== 'object') return undefined;
    found = (found as Readonly<Record<string, unknown>>)[step];
  }
  return found;
}

/** `--sort-by`: a field as kubectl's JSONPath names it: `.a.b`, `{.a.b[0].c}`. Throws InputError. */
export function sortOrder(text: string | null): ((a: LookedObject, b: LookedObject) => number) | null {
  if (text === null) return null;
  const inner = /^\{?\.?([A-Za-z_][\w.\-/[\]]*)\}?$/.exec(text)?.[1];
  if (inner === undefined)
    throw new InputError({ message: `--sort-by: expected a field such as .metadata.name, found "${text}"` });
  const path = inner.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
  return (a, b) => compareValues(valueAt(a, path), valueAt(b, path));
}

function compareValues(a: unknown, b: unknown): number {
  if (a === undefined || b === undefined) return Number(b === undefined) - Number(a === undefined) || 0;
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [a, b].map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return compareTexts(left, right);
}
