/** The recorded suite priority-preemption-pdb: priority admission. */
import { decidePriority, priorityClassLookup } from '../control-plane/priority-classes.ts';
import type { Fields, SuiteReplay } from './recorded-fields.ts';

export const DISRUPTION_SUITE: SuiteReplay = {
  suite: 'priority-preemption-pdb',
  kinds: { priority: { got: replayPriority } },
};

function replayPriority(input: Fields): Fields {
  const classes = input.classes as readonly { readonly name: string; readonly value: number; readonly globalDefault: boolean; readonly preemptionPolicy: string | null }[];
  const asked = input.pod as { readonly priorityClassName: string; readonly priority: number | null; readonly preemptionPolicy: string | null };
  const lookup = priorityClassLookup(classes.map(({ name, value, globalDefault, preemptionPolicy }) => ({
    metadata: { name }, value, globalDefault, ...(preemptionPolicy === null ? {} : { preemptionPolicy }),
  })));
  const decision = decidePriority({
    priorityClassName: asked.priorityClassName,
    ...(asked.priority === null ? {} : { priority: asked.priority }),
    ...(asked.preemptionPolicy === null ? {} : { preemptionPolicy: asked.preemptionPolicy }),
  }, lookup);
  return decision.ok ? { ...decision } : { ok: false };
}
