/**
 * What a namespace's LimitRanges refuse: containers and pods that ask for less than `min` or more than `max`, or whose
 * limit is too many times their request. Pure; the pod must have its defaults. Texts are upstream's.
 * Source: plugin/pkg/admission/limitranger/admission.go PodValidateLimitFunc (v1.36.3). Resources are gone through in
 * order of their names, where upstream's order is random. Claims are not looked at.
 */
import { parseQuantity } from '../base/quantity.ts';
import type { Quantity } from '../base/quantity.ts';
import type { Pod, ResourceList, ResourceRequirements } from '../cluster/objects.ts';
import { podLimits, podRequests, quantitiesOf } from '../cluster/pod-requests.ts';
import type { PodRequestsOptions, ReadonlyQuantities } from '../cluster/pod-requests.ts';
import type { LimitRange, LimitRangeItem } from './pod-defaults.ts';

const OPTIONS: PodRequestsOptions = {
  useStatusResources: false, podLevel: true, containerDefaults: null, includeOverhead: false,
};

interface Asked {
  readonly requests: ReadonlyQuantities;
  readonly limits: ReadonlyQuantities;
}

export interface LimitRangeRefusal {
  /** Name of the LimitRange. */
  readonly name: string;
  readonly message: string;
}

/** Of the first LimitRange that refuses the pod; null: none does. */
export function limitRangeRefusal(ranges: readonly LimitRange[], pod: Pod): LimitRangeRefusal | null {
  for (const { metadata, spec } of ranges) {
    const said = (spec?.limits ?? []).flatMap((item) => brokenBy(item, pod));
    // An aggregate of errors tells each text once.
    const texts = [...new Set(said)];
    if (texts.length === 0) continue;
    return { name: metadata?.name ?? '', message: texts.length === 1 ? texts[0] : `[${texts.join(', ')}]` };
  }
  return null;
}

function brokenBy(item: LimitRangeItem, pod: Pod): string[] {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  if (item.type === 'Container') {
    return [...containers, ...initContainers].flatMap(({ resources }) => broken(item, askedBy(resources)));
  }
  return item.type === 'Pod'
    ? broken(item, { requests: podRequests(pod, OPTIONS), limits: podLimits(pod, OPTIONS) })
    : [];
}

function askedBy(resources: ResourceRequirements | undefined): Asked {
  return { requests: quantitiesOf(resources?.requests), limits: quantitiesOf(resources?.limits) };
}

function broken({ type = '', min, max, maxLimitRequestRatio }: LimitRangeItem, asked: Asked): string[] {
  return [
    ...each(min, (name, bound) =>
      belowMin(`minimum ${name} usage per ${type} is ${bound.toString()}`, name, bound, asked),
    ),
    ...each(max, (name, bound) =>
      aboveMax(`maximum ${name} usage per ${type} is ${bound.toString()}`, name, bound, asked),
    ),
    ...each(maxLimitRequestRatio, (name, bound) =>
      aboveRatio(`${name} max limit to request ratio per ${type} is ${bound.toString()}`, name, bound, asked),
    ),
  ];
}

function each(bounds: ResourceList | undefined, say: (name: string, bound: Quantity) => string | null): string[] {
  const names = Object.keys(bounds ?? {}).sort((a, b) => (a < b ? -1 : 1));
  return names.flatMap((name) => say(name, parseQuantity(bounds?.[name] ?? '0')) ?? []);
}

function belowMin(rule: string, name: string, bound: Quantity, { requests, limits }: Asked): string | null {
  const request = requests.get(name);
  const limit = limits.get(name);
  if (request === undefined) return `${rule}.  No request is specified`;
  if (isLess(request, bound)) return `${rule}, but request is ${request.toString()}`;
  return limit !== undefined && isLess(limit, bound) ? `${rule}, but limit is ${limit.toString()}` : null;
}

function aboveMax(rule: string, name: string, bound: Quantity, { requests, limits }: Asked): string | null {
  const request = requests.get(name);
  const limit = limits.get(name);
  if (limit === undefined) return `${rule}.  No limit is specified`;
  if (isLess(bound, limit)) return `${rule}, but limit is ${limit.toString()}`;
  return request !== undefined && isLess(bound, request) ? `${rule}, but request is ${request.toString()}` : null;
}

function aboveRatio(rule: string, name: string, bound: Quantity, { requests, limits }: Asked): string | null {
  const request = requests.get(name);
  const limit = limits.get(name);
  if (request === undefined || request.isZero()) return `${rule}, but no request is specified or request is 0`;
  if (limit === undefined || limit.isZero()) return `${rule}, but no limit is specified or limit is 0`;
  const ratio = Number(limit.milliValue()) / Number(request.milliValue());
  return ratio * 1000 > Number(bound.milliValue()) ? `${rule}, but provided ratio is ${ratio.toFixed(6)}` : null;
}

/** Thousandths are the finest that count. */
function isLess(a: Quantity, b: Quantity): boolean {
  return a.milliValue() < b.milliValue();
}
