/** The recorded suite quota, answered by the admission that the pods of a run go through. */
import { parseQuantity } from '../base/quantity.ts';
import type { Pod } from '../cluster/objects.ts';
import { quantitiesOf } from '../cluster/pod-requests.ts';
import type { ReadonlyQuantities } from '../cluster/pod-requests.ts';
import {
  POD_SCOPES,
  claimUsage,
  isInScope,
  isPastGrace,
  podUsage,
  serviceUsage,
} from '../control-plane/quota-usage.ts';
import { decideQuota, scopesOf } from '../control-plane/resource-quota.ts';
import type { QuotaState } from '../control-plane/resource-quota.ts';
import type { Fields, SuiteReplay } from './recorded-fields.ts';

export const QUOTA_SUITE: SuiteReplay = {
  suite: 'quota',
  kinds: {
    usage: { expected: comparableUsage, got: replayUsage },
    admit: { expected: comparableDecision, got: replayAdmit },
    services: { expected: comparableUsage, got: replayServices },
    claims: { expected: comparableUsage, got: replayClaims },
  },
};

type Texts = Readonly<Record<string, string>>;

/** Quantities are compared by value. */
function valuesOf(quantities: ReadonlyQuantities): Fields {
  return Object.fromEntries([...quantities].map(([name, quantity]) => [name, String(quantity.nanos)]));
}

function valuesOfTexts(texts: Texts): Fields {
  return valuesOf(new Map(Object.entries(texts).map(([name, text]) => [name, parseQuantity(text)])));
}

function comparableUsage(out: Fields): Fields {
  return { ...out, usage: valuesOfTexts(out.usage as Texts) };
}

function comparableDecision(out: Fields): Fields {
  if (out.used === undefined) return out;
  const used = Object.entries(out.used as Readonly<Record<string, Texts>>);
  return { ...out, used: Object.fromEntries(used.map(([name, texts]) => [name, valuesOfTexts(texts)])) };
}

interface RecordedPod extends Pod {
  readonly deletingSince: number | null;
  readonly grace: number | null;
}

function replayUsage(input: Fields): Fields {
  const { deletingSince, grace, ...pod } = input.pod as RecordedPod;
  const phase = (pod.status as { readonly phase?: string } | undefined)?.phase;
  const hasEnded = phase === 'Succeeded' || phase === 'Failed';
  const isOver = hasEnded || (deletingSince !== null && isPastGrace(deletingSince, grace ?? 0));
  return {
    usage: valuesOf(podUsage(pod, isOver)),
    scopes: POD_SCOPES.filter((scopeName) => isInScope(pod, { scopeName })),
  };
}

interface RecordedQuota {
  readonly name: string;
  readonly hard: Texts;
  readonly used: Texts;
  readonly scopes?: readonly string[];
  readonly priorityClasses?: readonly string[];
}

function replayAdmit(input: Fields): Fields {
  const quotas = (input.quotas as readonly RecordedQuota[]).map(quotaOf);
  const decision = decideQuota(quotas, input.pod as Pod);
  if (decision.allowed) {
    return {
      allowed: true,
      used: Object.fromEntries([...decision.used].map(([name, used]) => [name, valuesOf(used)])),
    };
  }
  const { reason, quota, resources } = decision;
  const told = reason === 'unknownStatus' ? 'other' : reason;
  return { allowed: false, reason: told, ...(reason === 'exceeded' ? { exceeded: { quota, resources } } : {}) };
}

function quotaOf({ name, hard, used, scopes, priorityClasses }: RecordedQuota): QuotaState {
  const matchExpressions = priorityClasses === undefined
    ? [] : [{ scopeName: 'PriorityClass', operator: 'In', values: priorityClasses }];
  return {
    name,
    scopes: scopesOf({ ...(scopes === undefined ? {} : { scopes }), scopeSelector: { matchExpressions } }),
    hard: quantitiesOf(hard),
    used: quantitiesOf(used),
  };
}

function replayServices(input: Fields): Fields {
  const { type, ports, nodePorts, allocateNodePorts } = input.service as {
    readonly type: string;
    readonly ports: number;
    readonly nodePorts: number;
    readonly allocateNodePorts: boolean | null;
  };
  const spec = {
    type,
    ports: Array.from({ length: ports }, (_, index) => (index < nodePorts ? { nodePort: 30_000 + index } : {})),
    ...(allocateNodePorts === null ? {} : { allocateLoadBalancerNodePorts: allocateNodePorts }),
  };
  return { usage: valuesOf(serviceUsage({ spec })) };
}

function replayClaims(input: Fields): Fields {
  const { storageClass, request } = input.claim as { readonly storageClass: string | null; readonly request: string };
  const spec = {
    resources: { requests: { storage: request } },
    ...(storageClass === null ? {} : { storageClassName: storageClass }),
  };
  return { usage: valuesOf(claimUsage({ spec })) };
}
