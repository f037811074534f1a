/**
 * Label selectors asked of pod templates. All pods of a template give the same answer, so each matcher remembers one
 * byte a template; counting matching pods then costs two array reads a pod. Matchers are shared by namespace and
 * selector key.
 */
import type { TemplateTable } from './pod-template.ts';

/** What a matcher needs of a selector. */
export interface LabelTest {
  /** Equal keys, equal answers. */
  readonly key: string;
  /** Restricts nothing: the selector `{}`. */
  readonly empty: boolean;
  matches(labels: ReadonlyMap<string, string>): boolean;
}

/** The conjunction of two selectors. */
export function bothTests(first: LabelTest, second: LabelTest): LabelTest {
  if (second.empty) return first;
  if (first.empty) return second;
  return {
    key: `${first.key}&${second.key}`,
    empty: false,
    matches: (labels) => first.matches(labels) && second.matches(labels),
  };
}

const UNKNOWN = 0;
const NO = 1;
const YES = 2;

/** Pods by row, as somebody sees them. */
export interface RunningPods {
  readonly template: Int32Array;
  isTerminating(row: number): boolean;
}

/** Pods of one namespace that a selector matches. */
export class TemplateMatcher {
  private readonly templates: TemplateTable;
  private readonly namespace: string;
  private readonly test: LabelTest;
  /** By template id. */
  private verdicts: Uint8Array = new Uint8Array(64);

  constructor(templates: TemplateTable, namespace: string, test: LabelTest) {
    this.templates = templates;
    this.namespace = namespace;
    this.test = test;
  }

  matches(template: number): boolean {
    const verdict = template < this.verdicts.length ? this.verdicts[template] : UNKNOWN;
    return verdict === UNKNOWN ? this.judge(template) : verdict === YES;
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

/** Pods by row, as somebody sees them. */
export interface RunningPods {
  readonly template: Int32Array;
  isTerminating(row: number): boolean;
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
