/**
 * Compiled label selectors and node selectors. Compile once per template, match often: a match costs one map lookup per
 * requirement. Every compiled selector carries a `key`: equal keys mean equal answers on every input, so selectors
 * (and counts kept per selector) can be interned by it.
 * Source: staging/src/k8s.io/apimachinery/pkg/{labels/selector.go,apis/meta/v1/helpers.go} and
 * staging/src/k8s.io/component-helpers/scheduling/corev1/nodeaffinity/nodeaffinity.go (v1.36.3).
 */
import {
  SelectorError,
  compareTexts,
  labelRequirement,
  matchesRequirement,
  printRequirement,
  requirementKey,
  sortedTexts,
  uncheckedEquality,
} from './label-requirements.ts';
import type { LabelRequirement, RequirementOperator } from './label-requirements.ts';
import type {
  LabelSelector,
  LabelSelectorRequirement,
  NodeSelector,
  NodeSelectorTerm,
  PodSpec,
  PreferredSchedulingTerm,
} from './objects.ts';
import { parseRequirements } from './selector-text.ts';

export { SelectorError } from './label-requirements.ts';
export type { LabelRequirement, RequirementOperator } from './label-requirements.ts';

export interface CompiledSelector {
  /** Equal keys, equal answers. */
  readonly key: string;
  /** Upstream's printed form: requirements sorted by key; empty for the selectors of nothing and of everything. */
  readonly text: string;
  /** Restricts nothing: the selector `{}`. */
  readonly empty: boolean;
  /** Made from no selector at all: matches nothing. */
  readonly nothing: boolean;
  readonly requirements: readonly LabelRequirement[];
  matches(labels: ReadonlyMap<string, string>): boolean;
}

/** What a node selector looks at. */
export interface SelectableNode {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
}

/** Strict refuses malformed terms when compiling; lenient keeps them as terms that never match. */
export type NodeSelectorMode = 'strict' | 'lenient';

/** `error`: nothing matched and some term was malformed. */
export interface NodeMatch {
  readonly match: boolean;
  readonly error: boolean;
}

export interface CompiledNodeSelectorTerm {
  readonly key: string;
  /** Why the term is malformed; it then never matches. Empty for a good one. */
  readonly errors: readonly string[];
  matches(node: SelectableNode): boolean;
}

export interface CompiledNodeSelector {
  readonly key: string;
  /** Terms without any requirement are left out: they match nothing. */
  readonly terms: readonly CompiledNodeSelectorTerm[];
  matches(node: SelectableNode): boolean;
  match(node: SelectableNode): NodeMatch;
}

export interface CompiledNodeAffinity {
  readonly key: string;
  /** Neither nodeSelector nor required node affinity: every node matches. */
  readonly empty: boolean;
  readonly nodeSelector: CompiledSelector;
  /** null: the pod has no required node affinity. */
  readonly required: CompiledNodeSelector | null;
  matches(node: SelectableNode): boolean;
  match(node: SelectableNode): NodeMatch;
}

export interface CompiledPreferredTerms {
  readonly key: string;
  readonly terms: readonly { readonly weight: number; readonly term: CompiledNodeSelectorTerm }[];
  /** Sum of the weights of the terms that match. */
  score(node: SelectableNode): number;
}

/** Its texts are made when somebody asks for them: most are compiled for one ReplicaSet, and looked at a few times. */
class Requirements implements CompiledSelector {
  readonly empty: boolean;
  readonly nothing = false;
  /** By key. */
  readonly requirements: readonly LabelRequirement[];

  constructor(requirements: readonly LabelRequirement[]) {
    this.requirements = requirements;
    this.empty = requirements.length === 0;
  }

  get key(): string {
    return joinKeys(this.requirements.map(requirementKey));
  }

  get text(): string {
    return this.requirements.map(printRequirement).join(',');
  }

  matches(labels: ReadonlyMap<string, string>): boolean {
    for (const requirement of this.requirements) if (!matchesRequirement(requirement, labels)) return false;
    return true;
  }
}

export const NOTHING_SELECTOR: CompiledSelector = {
  key: 'nothing', text: '', empty: false, nothing: true, requirements: [], matches: () => false,
};

export const EVERYTHING_SELECTOR: CompiledSelector = selectorOf([]);

/** No selector matches nothing, `{}` everything; throws SelectorError on what upstream refuses. */
export function compileLabelSelector(selector: LabelSelector | undefined | null): CompiledSelector {
  if (selector === undefined || selector === null) return NOTHING_SELECTOR;
  const equalities = Object.entries(selector.matchLabels ?? {});
  const requirements = equalities.map(([key, value]) => labelRequirement(key, '=', [value]));
  for (const { key, operator, values } of selector.matchExpressions ?? []) {
    const known = LABEL_OPERATORS.get(operator);
    if (known === undefined)
      throw new SelectorError([`${JSON.stringify(operator)} is not one of In, NotIn, Exists, DoesNotExist`]);
    requirements.push(labelRequirement(key, known, values ?? []));
  }
  return selectorOf(requirements);
}

/** A selector in text form (upstream's labels.Parse); throws SelectorError. */
export function parseSelectorText(text: string): CompiledSelector {
  return selectorOf(parseRequirements(text));
}

/**
 * Equality with every label of a map, the texts unchecked (labels.SelectorFromSet); the empty map matches everything.
 */
export function selectorFromLabels(labels: Readonly<Record<string, string>> | undefined | null): CompiledSelector {
  return selectorOf(Object.entries(labels ?? {}).map(([key, value]) => uncheckedEquality(key, value)));
}

/** A label map of an object as the matchers take it. */
export function labelsOf(labels: Readonly<Record<string, string>> | undefined | null): ReadonlyMap<string, string> {
  return new Map(Object.entries(labels ?? {}));
}

/**
 * The labels with one more, last unless it is there: `{ ...labels, [name]: value }` says the same and costs 30 times as
 * much, as does each member that a literal adds to what it spreads.
 */
export function withLabel(
  labels: Readonly<Record<string, string>> | undefined, name: string, value: string,
): Readonly<Record<string, string>> {
  const all: Record<string, string> = {};
  if (labels !== undefined) for (const key of Object.keys(labels)) all[key] = labels[key];
  all[name] = value;
  return all;
}

/** One term: its expressions and fields must all hold. A term without any matches nothing. */
export function compileNodeSelectorTerm(
  term: NodeSelectorTerm,
  mode: NodeSelectorMode = 'lenient',
): CompiledNodeSelectorTerm {
  if (isEmptyTerm(term)) return { key: 'empty', errors: [], matches: () => false };
  const errors: string[] = [];
  const labels = selectorOf(collect(term.matchExpressions, errors, nodeRequirement));
  const fields = collect(term.matchFields, errors, fieldRequirement);
  if (errors.length === 0) return nodeSelectorTermOf(labels, fields);
  if (mode === 'strict') throw new SelectorError(errors);
  return { key: 'malformed', errors, matches: () => false };
}

/**
 * The terms of a selector that has any requirement, in order. Strict mode throws one SelectorError with all reasons.
 */
export function compileNodeSelectorTerms(
  terms: readonly NodeSelectorTerm[],
  mode: NodeSelectorMode = 'lenient',
): CompiledNodeSelectorTerm[] {
  const compiled = terms.filter((term) => !isEmptyTerm(term)).map((term) => compileNodeSelectorTerm(term));
  const errors = compiled.flatMap((term) => term.errors);
  if (mode === 'strict' && errors.length > 0) throw new SelectorError(errors);
  return compiled;
}

/** Any term suffices; without terms nothing matches. */
export function compileNodeSelector(selector: NodeSelector, mode: NodeSelectorMode = 'lenient'): CompiledNodeSelector {
  const terms = compileNodeSelectorTerms(selector.nodeSelectorTerms ?? [], mode);
  const isMalformed = terms.some((term) => term.errors.length > 0);
  const matches = (node: SelectableNode): boolean => terms.some((term) => term.matches(node));
  return {
    key: joinKeys(terms.map((term) => term.key)),
    terms,
    matches,
    match: (node) => nodeMatch(matches(node), isMalformed),
  };
}

/** The pod's nodeSelector and its required node affinity, malformed terms never matching. */
export function compileRequiredNodeAffinity(spec: Pick<PodSpec, 'nodeSelector' | 'affinity'>): CompiledNodeAffinity {
  const nodeSelector = selectorFromLabels(spec.nodeSelector);
  const requiredTerms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? null;
  const required = requiredTerms === null ? null : compileNodeSelector(requiredTerms);
  return {
    key: `${nodeSelector.key}&${required === null ? 'any' : required.key}`,
    empty: nodeSelector.empty && required === null,
    nodeSelector,
    required,
    matches: (node) => nodeSelector.matches(node.labels) && (required === null || required.matches(node)),
    match: (node) => {
      if (!nodeSelector.matches(node.labels)) return nodeMatch(false, false);
      return required === null ? nodeMatch(true, false) : required.match(node);
    },
  };
}

/**
 * Terms with a weight and a requirement; the others are ignored, even when malformed. Throws SelectorError with all
 * reasons.
 */
export function compilePreferredTerms(terms: readonly PreferredSchedulingTerm[]): CompiledPreferredTerms {
  const used = terms.filter((term) => (term.weight ?? 0) !== 0 && !isEmptyTerm(term.preference ?? {}));
  const compiled = used.map((term) => ({ weight: term.weight, term: compileNodeSelectorTerm(term.preference) }));
  const errors = compiled.flatMap(({ term }) => term.errors);
  if (errors.length > 0) throw new SelectorError(errors);
  return {
    key: sortedTexts(compiled.map(({ weight, term }) => `${weight}*${term.key}`)).join('+'),
    terms: compiled,
    score: (node) => compiled.reduce((sum, { weight, term }) => (term.matches(node) ? sum + weight : sum), 0),
  };
}

const LABEL_OPERATORS: ReadonlyMap<string, RequirementOperator> = new Map([
  ['In', 'in'], ['NotIn', 'notin'], ['Exists', 'exists'], ['DoesNotExist', '!'],
]);
const NODE_OPERATORS: ReadonlyMap<string, RequirementOperator> = new Map([
  ...LABEL_OPERATORS,
  ['Gt', 'gt'],
  ['Lt', 'lt'],
]);

/** `metadata.name` (any other field reads as empty) equals or differs from one value. */
interface FieldRequirement {
  readonly field: string;
  readonly operator: 'In' | 'NotIn';
  readonly value: string;
}

function selectorOf(unsorted: readonly LabelRequirement[]): CompiledSelector {
  return new Requirements([...unsorted].sort((a, b) => compareTexts(a.key, b.key)));
}

function nodeSelectorTermOf(labels: CompiledSelector, fields: readonly FieldRequirement[]): CompiledNodeSelectorTerm {
  const fieldKeys = fields.map(({ field, operator, value }) => JSON.stringify([field, operator, value]));
  return {
    key: `${labels.key}/${joinKeys(fieldKeys)}`,
    errors: [],
    // A node without a name has no fields, and field requirements are then not looked at.
    matches: (node) =>
      labels.matches(node.labels) && (node.name === '' || fields.every((field) => matchesField(field, node))),
  };
}

function matchesField({ field, operator, value }: FieldRequirement, node: SelectableNode): boolean {
  const actual = field === 'metadata.name' ? node.name : '';
  return (actual === value) === (operator === 'In');
}

function nodeRequirement({ key, operator, values }: LabelSelectorRequirement): LabelRequirement {
  const known = NODE_OPERATORS.get(operator);
  if (known === undefined)
    throw new SelectorError([`${JSON.stringify(operator)} is not one of In, NotIn, Exists, DoesNotExist, Gt, Lt`]);
  return labelRequirement(key, known, values ?? []);
}

function fieldRequirement({ key, operator, values }: LabelSelectorRequirement): FieldRequirement {
  if (operator !== 'In' && operator !== 'NotIn')
    throw new SelectorError([`${JSON.stringify(operator)} is not one of In, NotIn (field ${JSON.stringify(key)})`]);
  if (values?.length !== 1)
    throw new SelectorError([`operator ${operator} on field ${JSON.stringify(key)} needs exactly one value`]);
  return { field: key, operator, value: values[0] };
}

/** Compiles every requirement; the reasons of the malformed ones go to `errors`. */
function collect<T>(
  list: readonly LabelSelectorRequirement[] | undefined,
  errors: string[],
  compile: (requirement: LabelSelectorRequirement) => T,
): T[] {
  const compiled: T[] = [];
  for (const requirement of list ?? []) {
    try {
      compiled.push(compile(requirement));
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error;
      errors.push(...error.reasons);
    }
  }
  return compiled;
}

function isEmptyTerm(term: NodeSelectorTerm): boolean {
  return (term.matchExpressions?.length ?? 0) + (term.matchFields?.length ?? 0) === 0;
}

function nodeMatch(match: boolean, isMalformed: boolean): NodeMatch {
  return { match, error: !match && isMalformed };
}

/** Order and repetition change no conjunction and no disjunction. */
function joinKeys(keys: readonly string[]): string {
  return `[${sortedTexts([...new Set(keys)]).join(',')}]`;
}
