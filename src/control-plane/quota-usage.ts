/**
 * What an object is charged for by resource quotas, and the scopes that a pod is in. Pure. A pod that has ended, or
 * whose deletion is overdue by its grace period, counts as an object and for nothing else.
 * Source: pkg/quota/v1/evaluator/core/{pods,services,persistent_volume_claims}.go (v1.36.3).
 */
import { ZERO_QUANTITY, parseQuantity, quantityOfUnits } from '../base/quantity.ts';
import type { Quantity } from '../base/quantity.ts';
import type { Container, PersistentVolumeClaim, Pod, PodAffinityTerm, PodSpec, Service } from '../cluster/objects.ts';
import { isPodLevelResource, podLimits, podRequests, qosClass, quantitiesOf } from '../cluster/pod-requests.ts';
import type { PodRequestsOptions, Quantities, ReadonlyQuantities } from '../cluster/pod-requests.ts';
import { isExtendedResource } from '../cluster/resources.ts';

const ONE = quantityOfUnits(1n, 'DecimalSI');
const OPTIONS: PodRequestsOptions = {
  useStatusResources: true, podLevel: true, containerDefaults: null, podLevelResize: false,
};

/** Amounts that requests are charged under, too, without `requests.` in front. */
const REQUESTED = ['cpu', 'memory', 'ephemeral-storage'];
/** If a quota names one of these, each container must say its own. */
const MUST_SPECIFY = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];
const POD_RESOURCES = new Set([
  ...REQUESTED.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]), 'pods', 'count/pods',
]);

/** The pod's own object alone. */
const OBJECT_USAGE: ReadonlyQuantities = new Map([['count/pods', ONE]]);

/** `isOver`: it has ended, or should have gone already. */
export function podUsage(pod: Pod, isOver: boolean): Quantities {
  if (isOver) return new Map(OBJECT_USAGE);
  return new Map([...computeUsage(podRequests(pod, OPTIONS), podLimits(pod, OPTIONS)), ...OBJECT_USAGE]);
}

/**
 * Since when deletion was asked for and the grace period, both in seconds. The deletion timestamp lies the grace period
 * ahead of the request already, and the same time is added once more.
 */
export function isPastGrace(deletingSeconds: number, graceSeconds: number): boolean {
  return deletingSeconds > 2 * graceSeconds;
}

function computeUsage(requests: ReadonlyQuantities, limits: ReadonlyQuantities): Quantities {
  const usage: Quantities = new Map([['pods', ONE]]);
  for (const [name, amount] of requests) {
    if (REQUESTED.includes(name) || isHugePage(name)) usage.set(name, amount).set(`requests.${name}`, amount);
    else if (isExtendedResource(name)) usage.set(`requests.${name}`, amount);
  }
  for (const [name, amount] of limits) if (REQUESTED.includes(name)) usage.set(`limits.${name}`, amount);
  return usage;
}

function isHugePage(name: string): boolean {
  return name.startsWith('hugepages-');
}

/** Whether pods are charged for a resource of this name. */
export function isPodQuotaResource(name: string): boolean {
  if (POD_RESOURCES.has(name) || isHugePage(name) || name.startsWith('requests.hugepages-')) return true;
  return name.startsWith('requests.') && isExtendedResource(name.slice('requests.'.length));
}

/** Of the quota's resources those that some container leaves open; none where pod-level resources are set. */
export function unspecifiedResources(pod: Pod, hard: readonly string[]): string[] {
  const spec = pod.spec ?? {};
  const { requests, limits } = spec.resources ?? {};
  if (Object.keys({ ...requests, ...limits }).some(isPodLevelResource)) return [];
  const needed = MUST_SPECIFY.filter((name) => hard.includes(name));
  if (needed.length === 0) return [];
  const said = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(usageOfContainer);
  return needed.filter((name) => said.some((usage) => !usage.has(name)));
}

/** Names of the containers that leave a resource open. */
export function containersWithout({ spec }: Pod, resource: string): string[] {
  const open = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].filter(
    (each) => !usageOfContainer(each).has(resource),
  );
  return [...new Set(open.map(({ name = '' }) => name))].sort((a, b) => (a < b ? -1 : 1));
}

function usageOfContainer({ resources }: Container): Quantities {
  return computeUsage(quantitiesOf(resources?.requests), quantitiesOf(resources?.limits));
}

/** One of a quota's `scopes`, or an expression of its scope selector. */
export interface QuotaScope {
  readonly scopeName?: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

export const POD_SCOPES = ['Terminating', 'NotTerminating', 'BestEffort', 'NotBestEffort', 'PriorityClass'] as const;

/** A scope by its name alone stands for `Exists`. */
export function isInScope(pod: Pod, { scopeName = '', operator = 'Exists', values = [] }: QuotaScope): boolean {
  const spec = pod.spec ?? {};
  switch (scopeName) {
    case 'Terminating':
      return isTerminatingScope(spec);
    case 'NotTerminating':
      return !isTerminatingScope(spec);
    case 'BestEffort':
      return qosClass(pod) === 'BestEffort';
    case 'NotBestEffort':
      return qosClass(pod) !== 'BestEffort';
    case 'PriorityClass':
      return matchesName(spec.priorityClassName ?? '', operator, values);
    case 'CrossNamespacePodAffinity':
      return affinityTerms(spec).some(crossesNamespaces);
    default:
      return false;
  }
}

function isTerminatingScope({ activeDeadlineSeconds }: PodSpec): boolean {
  return activeDeadlineSeconds !== undefined && activeDeadlineSeconds !== null && activeDeadlineSeconds >= 0;
}

function matchesName(name: string, operator: string, values: readonly string[]): boolean {
  if (operator === 'In') return values.includes(name) && name !== '';
  if (operator === 'NotIn') return name === '' || !values.includes(name);
  return operator === 'DoesNotExist' ? name === '' : name !== '';
}

function affinityTerms({ affinity }: PodSpec): PodAffinityTerm[] {
  return [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((side) => [
    ...(side?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(side?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(
      ({ podAffinityTerm }) => podAffinityTerm ?? [],
    ),
  ]);
}

function crossesNamespaces({ namespaces, namespaceSelector }: PodAffinityTerm): boolean {
  return (namespaces ?? []).length > 0 || (namespaceSelector !== undefined && namespaceSelector !== null);
}

export function serviceUsage({ spec }: Service): Quantities {
  const ports = spec?.ports ?? [];
  const isBalanced = spec?.type === 'LoadBalancer';
  const withNodePorts = ports.filter(({ nodePort }) => (nodePort ?? 0) !== 0).length;
  const allPorts = isBalanced || spec?.type === 'NodePort' ? ports.length : 0;
  const nodePorts = isBalanced && spec.allocateLoadBalancerNodePorts === false ? withNodePorts : allPorts;
  return new Map([
    ['count/services', ONE],
    ['services', ONE],
    ['services.loadbalancers', isBalanced ? ONE : ZERO_QUANTITY],
    ['services.nodeports', quantityOfUnits(BigInt(nodePorts), 'DecimalSI')],
  ]);
}

export function claimUsage({ spec }: PersistentVolumeClaim): Quantities {
  const request: Quantity = parseQuantity(spec?.resources?.requests?.storage ?? '0');
  const usage: Quantities = new Map([
    ['count/persistentvolumeclaims', ONE], ['persistentvolumeclaims', ONE], ['requests.storage', request],
  ]);
  const storageClass = spec?.storageClassName ?? '';
  if (storageClass === '') return usage;
  const prefix = `${storageClass}.storageclass.storage.k8s.io/`;
  return usage.set(`${prefix}persistentvolumeclaims`, ONE).set(`${prefix}requests.storage`, request);
}
