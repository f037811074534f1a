/**
 * The ResourceQuota admission plugin for one new pod: which quotas it falls under, whether it fits them, and what they
 * have in use then. Pure. Only an increase can be refused; a quota without a resource that pods are charged for, or
 * with a scope that the pod is not in, has no say.
 * Source: staging/src/k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go CheckRequest (v1.36.3).
 */
import { ZERO_QUANTITY } from '../base/quantity.ts';
import type { KubernetesObject, Pod, ResourceList } from '../cluster/objects.ts';
import { quantitiesOf } from '../cluster/pod-requests.ts';
import type { Quantities, ReadonlyQuantities } from '../cluster/pod-requests.ts';
import { containersWithout, isInScope, isPodQuotaResource, podUsage, unspecifiedResources } from './quota-usage.ts';
import type { QuotaScope } from './quota-usage.ts';

export interface ResourceQuota extends KubernetesObject {
  readonly spec?: {
    readonly hard?: ResourceList;
    readonly scopes?: readonly string[];
    readonly scopeSelector?: { readonly matchExpressions?: readonly QuotaScope[] };
  };
  readonly status?: { readonly hard?: ResourceList; readonly used?: ResourceList };
}

/** A quota with its limits and what is in use, read. */
export interface QuotaState {
  readonly name: string;
  readonly scopes: readonly QuotaScope[];
  readonly hard: ReadonlyQuantities;
  readonly used: ReadonlyQuantities;
}

export type QuotaDecision =
  | { readonly allowed: true; readonly used: ReadonlyMap<string, ReadonlyQuantities> }
  | {
      readonly allowed: false;
      /**
       * `mustSpecify`: a container leaves out what the quota counts. `unknownStatus`: the quota was not worked out yet.
       */
      readonly reason: 'mustSpecify' | 'exceeded' | 'unknownStatus';
      readonly quota: string;
      readonly resources: readonly string[];
    };

export function quotaState({ metadata, spec, status }: ResourceQuota): QuotaState {
  return {
    name: metadata?.name ?? '',
    scopes: scopesOf(spec),
    hard: quantitiesOf(status?.hard ?? spec?.hard),
    used: quantitiesOf(status?.used),
  };
}

export function scopesOf(spec: ResourceQuota['spec']): readonly QuotaScope[] {
  const named = (spec?.scopes ?? []).map((scopeName): QuotaScope => ({ scopeName }));
  return [...named, ...(spec?.scopeSelector?.matchExpressions ?? [])];
}

/** The quota counts pods, and this one falls under all of its scopes. */
export function coversPod({ scopes, hard }: Pick<QuotaState, 'scopes' | 'hard'>, pod: Pod): boolean {
  return [...hard.keys()].some(isPodQuotaResource) && scopes.every((scope) => isInScope(pod, scope));
}

/** What a pod asks of its namespace's quotas: the same for all pods that are alike. */
export interface QuotaDemand {
  readonly usage: ReadonlyQuantities;
  /** By name of each quota that covers the pod: what the quota counts and some container leaves open. */
  readonly missing: ReadonlyMap<string, readonly string[]>;
}

export function quotaDemand(quotas: readonly Pick<QuotaState, 'name' | 'scopes' | 'hard'>[], pod: Pod): QuotaDemand {
  const covering = quotas.filter((quota) => coversPod(quota, pod));
  const missing = covering.map(({ name, hard }): [string, string[]] => [
    name,
    unspecifiedResources(pod, [...hard.keys()]),
  ]);
  return { usage: podUsage(pod, false), missing: new Map(missing) };
}

/** `used` of an allowed pod holds every quota by name. */
export function decideQuota(quotas: readonly QuotaState[], pod: Pod): QuotaDecision {
  return decideDemand(quotas, quotaDemand(quotas, pod));
}

export function decideDemand(quotas: readonly QuotaState[], { usage, missing }: QuotaDemand): QuotaDecision {
  const covering = quotas.filter(({ name }) => missing.has(name));
  for (const { name, hard, used } of covering) {
    const open = missing.get(name) ?? [];
    if (open.length > 0) return { allowed: false, reason: 'mustSpecify', quota: name, resources: open };
    const unknown = [...hard.keys()].filter((resource) => isPodQuotaResource(resource) && !used.has(resource));
    if (unknown.length > 0) return { allowed: false, reason: 'unknownStatus', quota: name, resources: unknown };
  }
  const used = new Map(quotas.map((quota): [string, ReadonlyQuantities] => [quota.name, quota.used]));
  for (const quota of covering) {
    const next = chargedTo(quota, usage, 1);
    const exceeded = [...next.keys()].filter((name) => isExceeded(quota, usage, next, name));
    if (exceeded.length > 0)
      return { allowed: false, reason: 'exceeded', quota: quota.name, resources: sorted(exceeded) };
    used.set(quota.name, next);
  }
  return { allowed: true, used };
}

/** What the API server says when a quota refuses the pod. */
export function quotaRefusalText(
  decision: QuotaDecision & { readonly allowed: false },
  quotas: readonly QuotaState[],
  pod: Pod,
): string {
  const { reason, quota: name, resources } = decision;
  if (reason === 'unknownStatus') return `status unknown for quota: ${name}, resources: ${sorted(resources).join(',')}`;
  if (reason === 'mustSpecify') {
    const open = sorted(resources).map((resource) => `${resource} for: ${containersWithout(pod, resource).join(',')}`);
    return `failed quota: ${name}: must specify ${open.join('; ')}`;
  }
  const quota = quotas.find((each) => each.name === name);
  const listed = (amounts: ReadonlyQuantities | undefined): string =>
    resources.map((resource) => `${resource}=${(amounts?.get(resource) ?? ZERO_QUANTITY).toString()}`).join(',');
  const requested = listed(podUsage(pod, false));
  return `exceeded quota: ${name}, requested: ${requested}, used: ${listed(quota?.used)}, limited: ${listed(quota?.hard)}`;
}

/**
 * What is in use with the pod's usage added (1) or taken off (-1); resources that the quota does not limit stay out.
 */
export function chargedTo({ hard, used }: QuotaState, usage: ReadonlyQuantities, sign: 1 | -1): Quantities {
  const next: Quantities = new Map(used);
  for (const [name, amount] of usage) {
    if (!hard.has(name) || amount.isZero()) continue;
    const before = next.get(name);
    if (sign === 1) next.set(name, before === undefined ? amount : before.add(amount));
    else if (before !== undefined) next.set(name, before.sub(amount));
  }
  return next;
}

/** What the pod does not ask for is not looked at, be it over its limit already. */
function isExceeded({ hard }: QuotaState, usage: ReadonlyQuantities, next: ReadonlyQuantities, name: string): boolean {
  const asked = usage.get(name);
  const limit = hard.get(name);
  const amount = next.get(name);
  if (asked === undefined || asked.isZero() || limit === undefined || amount === undefined) return false;
  return amount.cmp(limit) > 0;
}

function sorted(names: readonly string[]): string[] {
  return [...names].sort((a, b) => (a < b ? -1 : 1));
}
