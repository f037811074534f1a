/**
 * The priority of a new pod from its PriorityClass.
 * Source: plugin/pkg/admission/priority/admission.go, pkg/apis/scheduling/types.go (v1.36.3).
 */
import type { PodSpec, PriorityClass } from '../cluster/objects.ts';
import { CRITICAL_PRIORITY } from '../cluster/scheduling-spec.ts';

/** Classes that every cluster is born with. */
export const SYSTEM_PRIORITY_CLASSES: readonly PriorityClass[] = [
  { metadata: { name: 'system-cluster-critical' }, value: CRITICAL_PRIORITY, preemptionPolicy: 'PreemptLowerPriority' },
  {
    metadata: { name: 'system-node-critical' },
    value: CRITICAL_PRIORITY + 1000,
    preemptionPolicy: 'PreemptLowerPriority',
  },
];

export interface PriorityClassLookup {
  byName(name: string): PriorityClass | undefined;
  /** The class for pods that name none. */
  globalDefault(): PriorityClass | undefined;
}

/** What admission writes into the pod, or why it refuses the pod. */
export type PriorityDecision =
  | {
      readonly ok: true;
      readonly priorityClassName: string;
      readonly priority: number;
      readonly preemptionPolicy: string | null;
    }
  | { readonly ok: false; readonly reason: string };

/** A lookup over a list: of several global defaults the one with the lowest value counts, of equal ones the first. */
export function priorityClassLookup(classes: readonly PriorityClass[]): PriorityClassLookup {
  const byName = new Map<string, PriorityClass>();
  let globalDefault: PriorityClass | undefined;
  for (const priorityClass of classes) {
    byName.set(priorityClass.metadata?.name ?? '', priorityClass);
    if (priorityClass.globalDefault !== true) continue;
    if (globalDefault === undefined || (globalDefault.value ?? 0) > (priorityClass.value ?? 0))
      globalDefault = priorityClass;
  }
  return { byName: (name) => byName.get(name), globalDefault: () => globalDefault };
}

/** A priority or policy that the pod brings along must be the one that its class gives. */
export function decidePriority(
  spec: Pick<PodSpec, 'priority' | 'priorityClassName' | 'preemptionPolicy'>,
  classes: PriorityClassLookup,
): PriorityDecision {
  const name = spec.priorityClassName ?? '';
  const priorityClass = name === '' ? classes.globalDefault() : classes.byName(name);
  if (priorityClass === undefined && name !== '')
    return { ok: false, reason: `no PriorityClass with name ${JSON.stringify(name)} was found` };
  const priority = priorityClass?.value ?? 0;
  // The class that a cluster without a global default assumes preempts.
  const classPolicy = priorityClass === undefined ? 'PreemptLowerPriority' : (priorityClass.preemptionPolicy ?? null);
  const wanted = spec.priority ?? null;
  if (wanted !== null && wanted !== priority) {
    return { ok: false, reason: `priority ${wanted} differs from ${priority}, which the PriorityClass gives` };
  }
  const wantedPolicy = spec.preemptionPolicy ?? null;
  if (classPolicy !== null && wantedPolicy !== null && wantedPolicy !== classPolicy) {
    return {
      ok: false,
      reason: `preemptionPolicy ${JSON.stringify(wantedPolicy)} differs from ${JSON.stringify(classPolicy)}, which ` +
        'the PriorityClass gives',
    };
  }
  return {
    ok: true,
    priorityClassName: name === '' ? (priorityClass?.metadata?.name ?? '') : name,
    priority,
    preemptionPolicy: classPolicy ?? wantedPolicy,
  };
}
