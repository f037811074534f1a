/**
 * Pods that the API server could never let in, told when a scenario is read: they break a LimitRange of their
 * namespace, leave out what a ResourceQuota counts, or ask for more than a quota that nobody else uses would allow.
 * Pods of a running cluster were let in there. Costs a look at each pod and template that is admitted.
 */
import type { Problem } from '../base/input-error.ts';
import { ZERO_QUANTITY } from '../base/quantity.ts';
import type { KubernetesObject, Pod } from '../cluster/objects.ts';
import { limitRangeRefusal } from '../control-plane/limit-ranges.ts';
import { applyPodDefaults } from '../control-plane/pod-defaults.ts';
import type { PodDefaultsContext } from '../control-plane/pod-defaults.ts';
import { decideQuota, quotaRefusalText, quotaState } from '../control-plane/resource-quota.ts';
import type { QuotaState, ResourceQuota } from '../control-plane/resource-quota.ts';
import type { Manifests } from '../workload/manifests/read-manifests.ts';
import type { Findings } from '../base/structure.ts';
import { pathOf } from './admission-checks.ts';
import type { AdmittedPod } from './admission-checks.ts';
import type { Scenario } from './scenario.ts';
import { podOfWorkload } from './workload-input.ts';

/** A warning for each object whose pods could never be made. */
export function refusedPods(
  manifests: Manifests, admitted: readonly AdmittedPod[], context: PodDefaultsContext,
): Problem[] {
  const quotas = unusedQuotas(manifests.objects);
  if (quotas.size === 0 && !hasLimits(manifests.objects)) return [];
  return admitted.flatMap(({ object, steps, pod }) => {
    if (object.kind === 'Pod' && (object as Pod).status !== undefined) return [];
    const message = refusalOf(pod, quotas, context);
    if (message === null) return [];
    return manifests.placed(object, { path: pathOf(steps), part: 'key', message });
  });
}

/** The same for generated workloads, as they are without a drawn shape or with the first one. */
export function warnOfRefusedWorkloads(
  workloads: Scenario['workloads'],
  objects: readonly KubernetesObject[],
  context: PodDefaultsContext,
  findings: Findings,
): void {
  const quotas = unusedQuotas(objects);
  if (quotas.size === 0 && !hasLimits(objects)) return;
  for (const [index, workload] of workloads.entries()) {
    const pod = applyPodDefaults(podOfWorkload(workload, workload.shapes[0]?.requests ?? null), context);
    const message = refusalOf(pod, quotas, context);
    if (message !== null) findings.warn(pathOf(['workloads', index]), message, undefined, 'key');
  }
}

function hasLimits(objects: readonly KubernetesObject[]): boolean {
  return objects.some(({ kind }) => kind === 'LimitRange');
}

/** By namespace. */
function unusedQuotas(objects: readonly KubernetesObject[]): ReadonlyMap<string, readonly QuotaState[]> {
  const byNamespace = new Map<string, QuotaState[]>();
  for (const object of objects) {
    if (object.kind !== 'ResourceQuota') continue;
    const { metadata, spec } = object as ResourceQuota;
    const namespace = metadata?.namespace ?? 'default';
    const state = quotaState({ metadata: metadata ?? {}, spec: spec ?? {} });
    const unused = { ...state, used: new Map([...state.hard.keys()].map((name) => [name, ZERO_QUANTITY])) };
    byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), unused]);
  }
  return byNamespace;
}

function refusalOf(
  pod: Pod,
  quotas: ReadonlyMap<string, readonly QuotaState[]>,
  context: PodDefaultsContext,
): string | null {
  const namespace = pod.metadata?.namespace ?? 'default';
  const told = (why: string): string => `the API server will refuse these pods, so none is made: ${why}`;
  const broken = limitRangeRefusal(context.limitRanges?.(namespace) ?? [], pod);
  if (broken !== null) return told(broken.message);
  const own = quotas.get(namespace) ?? [];
  const decision = decideQuota(own, pod);
  return decision.allowed ? null : told(quotaRefusalText(decision, own, pod));
}
