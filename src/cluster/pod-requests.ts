/**
 * What a pod asks for: requests and limits over containers, init containers, sidecars, pod-level resources, in-place
 * resize and overhead, all on exact quantities; conversion to integers happens once, at the end.
 * Source: staging/src/k8s.io/component-helpers/resource/helpers.go, pkg/apis/core/v1/helper/qos/qos.go (v1.36.3,
 * v1.37.2).
 */
import { ZERO_QUANTITY, parseQuantity, quantityOfMilli, quantityOfUnits } from '../base/quantity.ts';
import type { Quantity } from '../base/quantity.ts';
import type { Container, ContainerStatus, Pod, ResourceList } from './objects.ts';

const NO_STATUSES: ReadonlyMap<string, ContainerStatus> = new Map();

export type Quantities = Map<string, Quantity>;
export type ReadonlyQuantities = ReadonlyMap<string, Quantity>;

/**
 * Requests assumed for containers that name none; a left-out member is not assumed. cpu in milli-cores, memory in
 * bytes.
 */
export interface ContainerDefaults {
  readonly cpuMilli?: number;
  readonly memoryBytes?: number;
}

export interface PodRequestsOptions {
  /** Count resizes under way: the greatest of spec, allocated and actuated values. */
  readonly useStatusResources: boolean;
  /** Let spec.resources replace the sum over containers. */
  readonly podLevel: boolean;
  readonly containerDefaults: ContainerDefaults | null;
  /** Add spec.overhead. True when left out. */
  readonly includeOverhead?: boolean;
  /**
   * How a resize counts: the greatest of the pod's sums, or the sum of each container's greatest (when false or left
   * out).
   */
  readonly maximumOfSums?: boolean;
  /** Resize state of pod-level resources, too (gate InPlacePodLevelResourcesVerticalScaling). True when left out. */
  readonly podLevelResize?: boolean;
}

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** Requests of the whole pod by resource name. */
export function podRequests(pod: Pod, options: PodRequestsOptions): Quantities {
  const requests = containerRequests(pod, options);
  const podLevel = pod.spec?.resources?.requests;
  if (options.podLevel && hasPodLevelResource(podLevel)) {
    const status = pod.status;
    const effective = usesPodLevelResize(pod, options)
      ? effectiveRequests(pod, podLevel, status?.resources?.requests, status?.allocatedResources)
      : quantitiesOf(podLevel);
    replaceSupported(
      requests,
      options.maximumOfSums === true ? [...effective.keys()] : Object.keys(podLevel),
      effective,
    );
  }
  if (options.includeOverhead ?? true) addTo(requests, quantitiesOf(pod.spec?.overhead));
  return requests;
}

/** Limits of the whole pod; overhead raises only limits that are there and not zero. */
export function podLimits(pod: Pod, options: PodRequestsOptions): Quantities {
  const limits = containerLimits(pod, options);
  const podLevel = pod.spec?.resources?.limits;
  if (options.podLevel && hasPodLevelResource(podLevel)) {
    const effective = usesPodLevelResize(pod, options)
      ? effectiveLimits(pod, podLevel, pod.status?.resources?.limits)
      : quantitiesOf(podLevel);
    replaceSupported(limits, Object.keys(podLevel), effective);
  }
  if (options.includeOverhead ?? true) {
    for (const [name, amount] of quantitiesOf(pod.spec?.overhead)) {
      const limit = limits.get(name);
      if (limit !== undefined && !limit.isZero()) limits.set(name, limit.add(amount));
    }
  }
  return limits;
}

/** The requests of the containers alone: no pod-level resources, no overhead. */
export function containerRequests(pod: Pod, options: PodRequestsOptions): Quantities {
  const defaults = defaultQuantities(options.containerDefaults);
  const statuses = options.useStatusResources ? statusesByName(pod) : NO_STATUSES;
  const sumOf = (amountsOf: (container: Container, status: ContainerStatus | undefined) => Quantities): Quantities =>
    aggregateContainers(pod, (container) => {
      const requests = amountsOf(container, statuses.get(container.name ?? ''));
      for (const [name, amount] of defaults) if (!requests.has(name)) requests.set(name, amount);
      return requests;
    });
  if (options.useStatusResources && options.maximumOfSums === true) return greatestOfSums(pod, sumOf);
  return sumOf((container, status) => {
    const resizing = resizeStatusOf(container, pod, status);
    return resizing === undefined
      ? quantitiesOf(container.resources?.requests)
      : effectiveRequests(
          pod,
          container.resources?.requests,
          resizing.resources?.requests,
          resizing.allocatedResources,
        );
  });
}

/**
 * The greatest of what is specified, allocated and actuated, each summed over the containers; what is specified does
 * not count while a resize is infeasible. What the pod's own status tells stands for its containers'.
 */
function greatestOfSums(
  pod: Pod,
  sumOf: (amountsOf: (container: Container, status: ContainerStatus | undefined) => Quantities) => Quantities,
): Quantities {
  const isInfeasible = isResizeInfeasible(pod);
  const whole = pod.status?.resources?.requests;
  const wholeAllocated = pod.status?.allocatedResources;
  const wanted = ({ resources }: Container): ResourceList | undefined => resources?.requests;
  const fallback = (container: Container): ResourceList | undefined => (isInfeasible ? undefined : wanted(container));
  const hasWhole = isThere(whole) && isThere(wholeAllocated);
  const allocated = hasWhole
    ? quantitiesOf(wholeAllocated)
    : sumOf((container, status) => quantitiesOf(firstThere(status?.allocatedResources, fallback(container))));
  const actuated = hasWhole
    ? quantitiesOf(whole)
    : sumOf((container, status) =>
        quantitiesOf(firstThere(status?.resources?.requests, status?.allocatedResources, fallback(container))),
      );
  const greatest = isInfeasible ? new Map<string, Quantity>() : sumOf((container) => quantitiesOf(wanted(container)));
  raiseTo(greatest, actuated);
  raiseTo(greatest, allocated);
  return greatest;
}

function isThere(list: ResourceList | null | undefined): list is ResourceList {
  return list !== undefined && list !== null;
}

function firstThere(...lists: readonly (ResourceList | null | undefined)[]): ResourceList | undefined {
  return lists.find(isThere);
}

/** The limits of the containers alone. */
export function containerLimits(pod: Pod, options: Pick<PodRequestsOptions, 'useStatusResources'>): Quantities {
  const statuses = options.useStatusResources ? statusesByName(pod) : NO_STATUSES;
  return aggregateContainers(pod, (container) => {
    const status = resizeStatusOf(container, pod, statuses.get(container.name ?? ''));
    return status === undefined
      ? quantitiesOf(container.resources?.limits)
      : effectiveLimits(pod, container.resources?.limits, status.resources?.limits);
  });
}

/**
 * The defaults that node accounting assumes for a pod: all of them, or, with pod-level requests, only those for which
 * `requests` (computed without defaults) has no entry. Source: pkg/scheduler/framework/types.go (v1.36.3).
 */
export function accountingDefaults(
  pod: Pod, requests: ReadonlyQuantities, defaults: ContainerDefaults,
): ContainerDefaults {
  if (!hasPodLevelResource(pod.spec?.resources?.requests)) return defaults;
  return {
    ...(requests.has('cpu') || defaults.cpuMilli === undefined ? {} : { cpuMilli: defaults.cpuMilli }),
    ...(requests.has('memory') || defaults.memoryBytes === undefined ? {} : { memoryBytes: defaults.memoryBytes }),
  };
}

/** Amounts as integers, rounded up: cpu in milli-cores, everything else in whole units (memory in bytes). */
export function integerAmounts(quantities: ReadonlyQuantities): Map<string, number> {
  const amounts = new Map<string, number>();
  for (const [name, quantity] of quantities) amounts.set(name, integerAmount(name, quantity));
  return amounts;
}

export function integerAmount(name: string, quantity: Quantity): number {
  return Number(name === 'cpu' ? quantity.milliValue() : quantity.value());
}

/** A resource list of an object, parsed. Throws QuantityError. */
export function quantitiesOf(list: ResourceList | undefined): Quantities {
  const quantities: Quantities = new Map();
  for (const [name, text] of Object.entries(list ?? {})) quantities.set(name, parseQuantity(text));
  return quantities;
}

/** Resources that may stand in spec.resources: cpu, memory, huge pages. */
export function isPodLevelResource(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-');
}

export function hasPodLevelResource(list: ResourceList | undefined): list is ResourceList {
  return list !== undefined && Object.keys(list).some(isPodLevelResource);
}

/**
 * From the spec alone; only positive cpu and memory count. Where spec.resources stands, even empty, only its values
 * count; else Guaranteed needs cpu and memory limits in every container, equal in sum to the requests.
 */
export function qosClass(pod: Pod): QosClass {
  const spec = pod.spec ?? {};
  const isPodLevel = spec.resources !== undefined && spec.resources !== null;
  const parts = isPodLevel ? [spec] : [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const requests: Quantities = new Map();
  const limits: Quantities = new Map();
  let hasAllLimits = true;
  for (const { resources } of parts) {
    const partLimits = positiveComputeAmounts(resources?.limits);
    addTo(requests, positiveComputeAmounts(resources?.requests));
    addTo(limits, partLimits);
    if (partLimits.size < 2) hasAllLimits = false;
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort';
  if (!hasAllLimits || requests.size !== limits.size) return 'Burstable';
  const areEqual = [...requests].every(([name, amount]) => limits.get(name)?.cmp(amount) === 0);
  return areEqual ? 'Guaranteed' : 'Burstable';
}

/**
 * Regular containers and sidecars add up. Before that the init containers run one by one, each beside the sidecars
 * started so far; the pod needs the greater of both per resource.
 */
function aggregateContainers(pod: Pod, amountsOf: (container: Container) => Quantities): Quantities {
  const total: Quantities = new Map();
  for (const container of pod.spec?.containers ?? []) addTo(total, amountsOf(container));
  const sidecars: Quantities = new Map();
  const initPeak: Quantities = new Map();
  for (const container of pod.spec?.initContainers ?? []) {
    const amounts = amountsOf(container);
    if (isSidecar(container)) {
      addTo(total, amounts);
      addTo(sidecars, amounts);
      raiseTo(initPeak, sidecars);
    } else {
      addTo(amounts, sidecars);
      raiseTo(initPeak, amounts);
    }
  }
  raiseTo(total, initPeak);
  return total;
}

function isSidecar({ restartPolicy }: Container): boolean {
  return restartPolicy === 'Always';
}

/** Container statuses by name, those of init containers winning. */
function statusesByName({ status }: Pod): ReadonlyMap<string, ContainerStatus> {
  const statuses = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  return new Map(statuses.map((entry) => [entry.name ?? '', entry]));
}

/**
 * Where sums are made of each container's greatest: only a status with `resources` tells of a resize, and none of an
 * ordinary init container's.
 */
function resizeStatusOf(
  container: Container,
  { spec }: Pod,
  status: ContainerStatus | undefined,
): ContainerStatus | undefined {
  if (status?.resources === undefined || status.resources === null) return undefined;
  return isSidecar(container) || spec?.initContainers?.includes(container) !== true ? status : undefined;
}

function effectiveRequests(
  pod: Pod, spec: ResourceList | undefined, actuated: ResourceList | undefined, allocated: ResourceList | undefined,
): Quantities {
  const amounts = quantitiesOf(isResizeInfeasible(pod) ? undefined : spec);
  raiseTo(amounts, quantitiesOf(actuated));
  raiseTo(amounts, quantitiesOf(allocated));
  return amounts;
}

function effectiveLimits(pod: Pod, spec: ResourceList | undefined, actuated: ResourceList | undefined): Quantities {
  const amounts = quantitiesOf(isResizeInfeasible(pod) ? undefined : spec);
  raiseTo(amounts, quantitiesOf(actuated));
  return amounts;
}

/** The first PodResizePending condition decides. */
function isResizeInfeasible(pod: Pod): boolean {
  return pod.status?.conditions?.find((condition) => condition.type === 'PodResizePending')?.reason === 'Infeasible';
}

function usesPodLevelResize(pod: Pod, options: PodRequestsOptions): boolean {
  const resources = pod.status?.resources;
  return (
    options.useStatusResources && (options.podLevelResize ?? true) && resources !== undefined && resources !== null
  );
}

/** Pod-level values replace the sum; a name that the effective values lack counts as zero. */
function replaceSupported(total: Quantities, names: readonly string[], effective: ReadonlyQuantities): void {
  for (const name of names) {
    if (isPodLevelResource(name)) total.set(name, effective.get(name) ?? ZERO_QUANTITY);
  }
}

function addTo(total: Quantities, amounts: ReadonlyQuantities): void {
  for (const [name, amount] of amounts) {
    const before = total.get(name);
    total.set(name, before === undefined ? amount : before.add(amount));
  }
}

function raiseTo(total: Quantities, amounts: ReadonlyQuantities): void {
  for (const [name, amount] of amounts) {
    const before = total.get(name);
    if (before === undefined || amount.cmp(before) > 0) total.set(name, amount);
  }
}

function positiveComputeAmounts(list: ResourceList | undefined): Quantities {
  const amounts = quantitiesOf(list);
  for (const [name, amount] of amounts) {
    if ((name !== 'cpu' && name !== 'memory') || amount.sign() <= 0) amounts.delete(name);
  }
  return amounts;
}

function defaultQuantities(defaults: ContainerDefaults | null): Quantities {
  const quantities: Quantities = new Map();
  if (defaults?.cpuMilli !== undefined) quantities.set('cpu', quantityOfMilli(BigInt(defaults.cpuMilli), 'DecimalSI'));
  if (defaults?.memoryBytes !== undefined)
    quantities.set('memory', quantityOfUnits(BigInt(defaults.memoryBytes), 'BinarySI'));
  return quantities;
}
