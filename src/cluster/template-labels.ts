/**
 * Pod templates by namespace and label, so that a selector that asks for a label's value is tried on those that have it
 * alone. Filled as it is asked, with the labels that somebody has asked for; costs a map entry for each value of such a
 * label, and a number for each template that has it.
 */
import type { TemplateTable } from './pod-template.ts';

/** Of one label's key. */
interface AskedKey {
  readonly key: string;
  /** By namespace and value: template ids in ascending order. */
  readonly byValue: Map<string, number[]>;
  /** Templates below this id stand there. */
  filled: number;
}

export class TemplateLabels {
  private readonly templates: TemplateTable;
  /** In order of the first question. */
  private readonly asked: AskedKey[] = [];

  constructor(templates: TemplateTable) {
    this.templates = templates;
  }

  /** Ids of the templates with this label. The list grows: with `fill`, by those that have come since. */
  having(namespace: string, key: string, value: string): readonly number[] {
    let lists = this.asked.find((one) => one.key === key);
    if (lists === undefined) this.asked.push((lists = { key, byValue: new Map<string, number[]>(), filled: 0 }));
    this.fillKey(lists);
    return listOf(lists, namespace, value);
  }

  fill(): void {
    for (const lists of this.asked) this.fillKey(lists);
  }

  private fillKey(lists: AskedKey): void {
    while (lists.filled < this.templates.count) {
      const { id, namespace, labels } = this.templates.get(lists.filled++);
      const value = labels.get(lists.key);
      if (value !== undefined) listOf(lists, namespace, value).push(id);
    }
  }
}

function listOf({ byValue }: AskedKey, namespace: string, value: string): number[] {
  const name = `${namespace} ${value}`;
  let ids = byValue.get(name);
  if (ids === undefined) byValue.set(name, (ids = []));
  return ids;
}
