/**
 * Pod templates by namespace and label, so that a selector that asks for a label's value is tried on those that have it
 * alone. Filled as it is asked; costs a map entry a label and value, and a number a label of a template.
 */
import type { PodTemplate, TemplateTable } from './pod-template.ts';

export class TemplateLabels {
  private readonly templates: TemplateTable;
  /** By namespace, key and value: template ids in ascending order. */
  private readonly byLabel = new Map<string, number[]>();
  /** Templates below this id stand there. */
  private filled = 0;

  constructor(templates: TemplateTable) {
    this.templates = templates;
  }

  /** Ids of the templates with this label. The list grows: with `fill`, by those that have come since. */
  having(namespace: string, key: string, value: string): readonly number[] {
    this.fill();
    return this.listOf(`${namespace} ${key}=${value}`);
  }

  fill(): void {
    while (this.filled < this.templates.count) this.add(this.templates.get(this.filled++));
  }

  private add({ id, namespace, labels }: PodTemplate): void {
    for (const [key, value] of labels) this.listOf(`${namespace} ${key}=${value}`).push(id);
  }

  private listOf(label: string): number[] {
    let ids = this.byLabel.get(label);
    if (ids === undefined) this.byLabel.set(label, (ids = []));
    return ids;
  }
}
