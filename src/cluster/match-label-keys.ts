/**
 * matchLabelKeys and mismatchLabelKeys: the API server turns the new pod's own label values into requirements of the
 * term's labelSelector, so that nobody else needs to look at the keys.
 * Source: pkg/registry/core/pod/strategy.go (v1.36.3).
 */
import type {
  Affinity, LabelSelector, LabelSelectorRequirement, PodAffinity, PodAffinityTerm, PodSpec, TopologySpreadConstraint,
} from './objects.ts';

type Labels = Readonly<Record<string, string>>;

/**
 * The spec with the keys of all pod (anti-)affinity terms and spread constraints merged; a requirement already there is
 * not repeated.
 */
export function mergeMatchLabelKeys(spec: PodSpec, labels: Labels): PodSpec {
  return {
    ...spec,
    ...(spec.affinity === undefined ? {} : { affinity: mergedAffinity(spec.affinity, labels) }),
    ...(spec.topologySpreadConstraints === undefined
      ? {}
      : {
          topologySpreadConstraints: spec.topologySpreadConstraints.map((constraint) =>
            mergedConstraint(constraint, labels),
          ),
        }),
  };
}

function mergedAffinity(affinity: Affinity, labels: Labels): Affinity {
  return {
    ...affinity,
    ...(affinity.podAffinity === undefined ? {} : { podAffinity: mergedPodAffinity(affinity.podAffinity, labels) }),
    ...(affinity.podAntiAffinity === undefined
      ? {}
      : { podAntiAffinity: mergedPodAffinity(affinity.podAntiAffinity, labels) }),
  };
}

function mergedPodAffinity(affinity: PodAffinity, labels: Labels): PodAffinity {
  const required = affinity.requiredDuringSchedulingIgnoredDuringExecution;
  const preferred = affinity.preferredDuringSchedulingIgnoredDuringExecution;
  return {
    ...affinity,
    ...(required === undefined
      ? {}
      : { requiredDuringSchedulingIgnoredDuringExecution: required.map((term) => mergedTerm(term, labels)) }),
    ...(preferred === undefined
      ? {}
      : {
          preferredDuringSchedulingIgnoredDuringExecution: preferred.map((weighted) => ({
            ...weighted,
            podAffinityTerm: mergedTerm(weighted.podAffinityTerm, labels),
          })),
        }),
  };
}

function mergedTerm(term: PodAffinityTerm, labels: Labels): PodAffinityTerm {
  const added = [
    ...requirementsFor(term.matchLabelKeys, 'In', labels),
    ...requirementsFor(term.mismatchLabelKeys, 'NotIn', labels),
  ];
  const labelSelector = extendedSelector(term.labelSelector, added);
  return labelSelector === undefined ? term : { ...term, labelSelector };
}

function mergedConstraint(constraint: TopologySpreadConstraint, labels: Labels): TopologySpreadConstraint {
  const labelSelector = extendedSelector(
    constraint.labelSelector,
    requirementsFor(constraint.matchLabelKeys, 'In', labels),
  );
  return labelSelector === undefined ? constraint : { ...constraint, labelSelector };
}

/** Keys that the pod lacks are passed over. */
function requirementsFor(
  keys: readonly string[] | undefined,
  operator: 'In' | 'NotIn',
  labels: Labels,
): LabelSelectorRequirement[] {
  return (keys ?? [])
    .filter((key) => Object.hasOwn(labels, key))
    .map((key) => ({ key, operator, values: [labels[key]] }));
}

/** undefined: nothing to change. Without a selector there is nothing to restrict: it matches nothing. */
function extendedSelector(
  selector: LabelSelector | undefined,
  added: readonly LabelSelectorRequirement[],
): LabelSelector | undefined {
  if (selector === undefined || selector === null) return undefined;
  const present = selector.matchExpressions ?? [];
  const missing = added.filter((requirement) => !present.some((other) => isSame(other, requirement)));
  return missing.length === 0 ? undefined : { ...selector, matchExpressions: [...present, ...missing] };
}

function isSame(a: LabelSelectorRequirement, b: LabelSelectorRequirement): boolean {
  return a.key === b.key && a.operator === b.operator && a.values?.length === 1 && a.values[0] === b.values?.[0];
}
