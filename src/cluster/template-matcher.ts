/**
 * Label selectors asked of pod templates. All pods of a template give the same answer, so each matcher remembers one
 * byte a template; counting matching pods then costs two array reads a pod. Matchers are shared by namespace and
 * selector key.
 */
import type { LabelRequirement } from './label-requirements.ts';
import type { TemplateTable } from './pod-template.ts';
import type { TemplateLabels } from './template-labels.ts';

/** What a matcher needs of a selector. */
export interface LabelTest {
  /** Equal keys, equal answers. */
  readonly key: string;
  /** Restricts nothing: the selector `{}`. */
  readonly empty: boolean;
  /** All of them hold where it matches. */
  readonly requirements: readonly LabelRequirement[];
  matches(labels: ReadonlyMap<string, string>): boolean;
}

/** The conjunction of two selectors. */
export function bothTests(first: LabelTest, second: LabelTest): LabelTest {
  if (second.empty) return first;
  if (first.empty) return second;
  return {
    get key(): string { return `${first.key}&${second.key}`; },
    empty: false,
    requirements: [...first.requirements, ...second.requirements],
    matches: (labels) => first.matches(labels) && second.matches(labels),
  };
}

const UNKNOWN = 0;
const NO = 1;
const YES = 2;
const NO_VERDICTS = new Uint8Array(0);

/** Pods by row, as somebody sees them. */
export interface RunningPods {
  readonly template: Int32Array;
  isTerminating(row: number): boolean;
}

/** Pods of one namespace that a selector matches. */
export class TemplateMatcher {
  private readonly templates: TemplateTable;
  private readonly namespace: string;
  readonly test: LabelTest;
  /** By template id. */
  private verdicts: Uint8Array = NO_VERDICTS;
  /** Templates among which all that match are; null: nobody has looked for some, or there is no telling. */
  private candidates: readonly number[] | null = null;
  /** The first of them that were looked at, and those that match. */
  private looked = 0;
  private readonly matched: number[] = [];

  constructor(templates: TemplateTable, namespace: string, test: LabelTest) {
    this.templates = templates;
    this.namespace = namespace;
    this.test = test;
  }

  matches(template: number): boolean {
    const verdict = template < this.verdicts.length ? this.verdicts[template] : UNKNOWN;
    return verdict === UNKNOWN ? this.judge(template) : verdict === YES;
  }

  /** All templates that match, found by a label that the selector asks for; null: it asks for none. */
  matching(labels: TemplateLabels): readonly number[] | null {
    if (this.candidates === null) {
      if ((this.candidates = this.candidatesIn(labels)) === null) return null;
    } else labels.fill();
    for (; this.looked < this.candidates.length; this.looked++) {
      const id = this.candidates[this.looked];
      const { namespace, labels: own } = this.templates.get(id);
      if (namespace === this.namespace && this.test.matches(own)) this.matched.push(id);
    }
    return this.matched;
  }

  /** Of the labels that it asks for, the one that the fewest templates have. */
  private candidatesIn(labels: TemplateLabels): readonly number[] | null {
    let fewest: readonly number[] | null = null;
    for (const { key, operator, values } of this.test.requirements) {
      const isEquality = operator === '=' || operator === '==' || operator === 'in';
      if (!isEquality || values.length !== 1) continue;
      const ids = labels.having(this.namespace, key, values[0]);
      if (fewest === null || ids.length < fewest.length) fewest = ids;
      // What one template has is its own mark as a rule.
      if (ids.length === 1) break;
    }
    return fewest;
  }

  /** Matching pods among `rows` that are not terminating. */
  countRunning(rows: readonly number[], pods: RunningPods): number {
    let count = 0;
    for (let i = 0; i < rows.length; i++)
      if (this.matches(pods.template[rows[i]]) && !pods.isTerminating(rows[i])) count++;
    return count;
  }

  private judge(id: number): boolean {
    if (id >= this.verdicts.length) {
      const grown = new Uint8Array(Math.max(this.templates.count, 2 * this.verdicts.length));
      grown.set(this.verdicts);
      this.verdicts = grown;
    }
    const template = this.templates.get(id);
    const verdict = template.namespace === this.namespace && this.test.matches(template.labels);
    this.verdicts[id] = verdict ? YES : NO;
    return verdict;
  }
}

export class TemplateMatchers {
  private readonly templates: TemplateTable;
  private readonly byKey = new Map<string, TemplateMatcher>();

  constructor(templates: TemplateTable) {
    this.templates = templates;
  }

  get(namespace: string, test: LabelTest): TemplateMatcher {
    const key = `${namespace} ${test.key}`;
    let matcher = this.byKey.get(key);
    if (matcher === undefined) this.byKey.set(key, (matcher = new TemplateMatcher(this.templates, namespace, test)));
    return matcher;
  }
}
