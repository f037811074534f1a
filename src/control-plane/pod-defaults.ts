/**
 * What the API server fills into a new pod before anyone sees it, in its order: defaults of the type, then the
 * LimitRanger, Priority, DefaultTolerationSeconds and RuntimeClass admission plugins, then the merge of matchLabelKeys.
 * Pure. Runs once per pod template. Amounts must be readable (QuantityError otherwise).
 * Source: pkg/apis/core/v1/defaults.go, plugin/pkg/admission/{limitranger,priority,defaulttolerationseconds,
 * runtimeclass}/admission.go, pkg/registry/core/pod/strategy.go (v1.36.3).
 */
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { parseQuantity } from '../base/quantity.ts';
import { imageTag } from '../cluster/image-names.ts';
import { mergeMatchLabelKeys } from '../cluster/match-label-keys.ts';
import type {
  Container, KubernetesObject, Pod, PodSpec, ResourceList, ResourceRequirements, Toleration, Volume,
} from '../cluster/objects.ts';
import { containerLimits, containerRequests, isPodLevelResource, quantitiesOf } from '../cluster/pod-requests.ts';
import type { ReadonlyQuantities } from '../cluster/pod-requests.ts';
import { SYSTEM_PRIORITY_CLASSES, decidePriority, priorityClassLookup } from './priority-classes.ts';
import type { PriorityClassLookup } from './priority-classes.ts';
import { mergeTolerations } from '../cluster/tolerations.ts';

export const DEFAULT_TERMINATION_GRACE_SECONDS = 30;
/** How long a pod stays bound to a node that is not ready or unreachable. */
export const DEFAULT_TOLERATION_SECONDS = 300;
const SCHEDULER_NAME = 'default-scheduler';

export interface LimitRangeItem {
  readonly type?: string;
  readonly max?: ResourceList;
  readonly min?: ResourceList;
  readonly default?: ResourceList;
  readonly defaultRequest?: ResourceList;
  readonly maxLimitRequestRatio?: ResourceList;
}

export interface LimitRange extends KubernetesObject {
  readonly spec?: { readonly limits?: readonly LimitRangeItem[] };
}

export interface RuntimeClass extends KubernetesObject {
  readonly overhead?: { readonly podFixed?: ResourceList };
  readonly scheduling?: {
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly tolerations?: readonly Toleration[];
  };
}

/** What admission looks up. A left-out member stands for a cluster without such objects. */
export interface PodDefaultsContext {
  readonly priorityClasses?: PriorityClassLookup;
  readonly runtimeClass?: (name: string) => RuntimeClass | undefined;
  /** The namespace's limit ranges, in order; the first that names a resource wins. */
  readonly limitRanges?: (namespace: string) => readonly LimitRange[];
  /**
   * The pod was read from a running cluster, where admission has been over it: no limit range and no runtime class is
   * applied again, and a priority it carries stays whatever the class says today.
   */
  readonly admitted?: boolean;
}

/** The pod as the API server would store it. Throws InputError where admission would refuse it. */
export function applyPodDefaults(pod: Pod, context: PodDefaultsContext = {}): Pod {
  const problems: Problem[] = [];
  let spec = withTypeDefaults(pod.spec ?? {});
  const limitRanges =
    context.admitted === true ? undefined : context.limitRanges?.(pod.metadata?.namespace ?? 'default');
  for (const limitRange of limitRanges ?? []) spec = withLimitRange(spec, limitRange);
  spec = withPriority(spec, context, problems);
  spec = { ...spec, tolerations: withDefaultTolerations(spec.tolerations ?? []) };
  if (context.admitted !== true) spec = withRuntimeClass(spec, context, problems);
  if (problems.length > 0) throw new InputError(problems);
  return { ...pod, spec: mergeMatchLabelKeys(spec, pod.metadata?.labels ?? {}) };
}

/** Defaults of the type; the pod-level ones look at the containers' defaulted requests. */
function withTypeDefaults(spec: PodSpec): PodSpec {
  const onContainer = (container: Container): Container => withContainerDefaults(container, spec.hostNetwork === true);
  const defaulted: PodSpec = {
    ...spec,
    ...(spec.containers === undefined ? {} : { containers: spec.containers.map(onContainer) }),
    ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(onContainer) }),
    ...(spec.volumes === undefined ? {} : { volumes: spec.volumes.map(withVolumeDefaults) }),
    ...(spec.overhead === undefined ? {} : { overhead: roundedToMilli(spec.overhead) }),
    ...(spec.resources === undefined ? {} : { resources: roundedRequirements(spec.resources) }),
    restartPolicy: orDefault(spec.restartPolicy, 'Always'),
    schedulerName: orDefault(spec.schedulerName, SCHEDULER_NAME),
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? DEFAULT_TERMINATION_GRACE_SECONDS,
  };
  return withPodLevelDefaults(defaulted);
}

function withContainerDefaults(container: Container, isOnHostNetwork: boolean): Container {
  const resources =
    container.resources === undefined ? undefined : requestsFromLimits(roundedRequirements(container.resources));
  return {
    ...container,
    ...(resources === undefined ? {} : { resources }),
    ...(isOnHostNetwork && container.ports !== undefined ? { ports: container.ports.map(withHostPort) } : {}),
    imagePullPolicy: orDefault(container.imagePullPolicy, defaultPullPolicy(container.image ?? '')),
  };
}

/** A volume that names no source is an empty directory (SetDefaults_Volume). */
function withVolumeDefaults(volume: Volume): Volume {
  if (Object.keys(volume).every((key) => key === 'name')) return { ...volume, emptyDir: {} };
  if (volume.image === undefined) return volume;
  return {
    ...volume,
    image: {
      ...volume.image,
      pullPolicy: orDefault(volume.image.pullPolicy, defaultPullPolicy(volume.image.reference ?? '')),
    },
  };
}

function defaultPullPolicy(image: string): string {
  return imageTag(image) === 'latest' ? 'Always' : 'IfNotPresent';
}

type Port = NonNullable<Container['ports']>[number];

function withHostPort(port: Port): Port {
  const isUnset = (port.hostPort ?? 0) === 0;
  return isUnset && port.containerPort !== undefined ? { ...port, hostPort: port.containerPort } : port;
}

/** A limit without a request is the request, too. */
function requestsFromLimits(resources: ResourceRequirements): ResourceRequirements {
  return resources.limits === undefined
    ? resources
    : { ...resources, requests: { ...resources.limits, ...resources.requests } };
}

/**
 * Where spec.resources names anything: huge page limits add up from the containers unless requested; then, where it has
 * limits, missing cpu and memory requests come from the containers' sum and the remaining ones from the limits.
 */
function withPodLevelDefaults(spec: PodSpec): PodSpec {
  const resources = spec.resources;
  if (resources === undefined || resources === null) return spec;
  const requests = resources.requests ?? {};
  if (isEmpty(requests) && isEmpty(resources.limits)) return spec;
  const pod: Pod = { spec };
  const options = { useStatusResources: false, podLevel: false, containerDefaults: null };
  const isHugePage = (name: string): boolean => name.startsWith('hugepages-');
  const hugePages = textsWhere(containerLimits(pod, options), (name) => isHugePage(name) && !(name in requests));
  const limits: ResourceList = { ...hugePages, ...resources.limits };
  if (isEmpty(limits)) return spec;
  const fromContainers = textsWhere(containerRequests(pod, options), (name) => name === 'cpu' || name === 'memory');
  const fromLimits = Object.fromEntries(Object.entries(limits).filter(([name]) => isPodLevelResource(name)));
  const allRequests: ResourceList = { ...fromLimits, ...fromContainers, ...requests };
  return { ...spec, resources: { ...resources, limits, ...(isEmpty(allRequests) ? {} : { requests: allRequests }) } };
}

/** Containers get what they lack: limits, then requests, each from the limit range's own defaults. */
function withLimitRange(spec: PodSpec, limitRange: LimitRange): PodSpec {
  let limits: ResourceList = {};
  let requests: ResourceList = {};
  for (const item of limitRange.spec?.limits ?? []) {
    if (item.type !== 'Container') continue;
    const itemLimits = { ...item.max, ...item.default };
    limits = { ...limits, ...itemLimits };
    requests = { ...requests, ...item.min, ...itemLimits, ...item.defaultRequest };
  }
  if (isEmpty(limits) && isEmpty(requests)) return spec;
  const fill = (container: Container): Container => ({
    ...container,
    resources: {
      ...container.resources,
      limits: { ...roundedToMilli(limits), ...container.resources?.limits },
      requests: { ...roundedToMilli(requests), ...container.resources?.requests },
    },
  });
  return {
    ...spec,
    ...(spec.containers === undefined ? {} : { containers: spec.containers.map(fill) }),
    ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(fill) }),
  };
}

function withPriority(spec: PodSpec, context: PodDefaultsContext, problems: Problem[]): PodSpec {
  if (context.admitted === true && spec.priority !== undefined) return spec;
  const decision = decidePriority(spec, withSystemClasses(context.priorityClasses));
  if (!decision.ok) {
    problems.push({ path: 'spec.priorityClassName', message: decision.reason });
    return spec;
  }
  return {
    ...spec,
    priority: decision.priority,
    ...(decision.priorityClassName === '' ? {} : { priorityClassName: decision.priorityClassName }),
    ...(decision.preemptionPolicy === null ? {} : { preemptionPolicy: decision.preemptionPolicy }),
  };
}

const SYSTEM_CLASSES = priorityClassLookup(SYSTEM_PRIORITY_CLASSES);

function withSystemClasses(classes: PriorityClassLookup | undefined): PriorityClassLookup {
  if (classes === undefined) return SYSTEM_CLASSES;
  return {
    byName: (name) => classes.byName(name) ?? SYSTEM_CLASSES.byName(name),
    globalDefault: () => classes.globalDefault(),
  };
}

/** Whoever tolerates the NoExecute taint of a sick node in any way keeps what was asked for. */
export function withDefaultTolerations(tolerations: readonly Toleration[]): readonly Toleration[] {
  const added: Toleration[] = [];
  for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
    const isCovered = tolerations.some(
      (toleration) =>
        (toleration.key === key || orDefault(toleration.key, '') === '') &&
        (toleration.effect === 'NoExecute' || orDefault(toleration.effect, '') === ''),
    );
    if (!isCovered)
      added.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: DEFAULT_TOLERATION_SECONDS });
  }
  return added.length === 0 ? tolerations : [...tolerations, ...added];
}

/** Overhead, node selector and tolerations of the pod's RuntimeClass. */
function withRuntimeClass(spec: PodSpec, context: PodDefaultsContext, problems: Problem[]): PodSpec {
  const name = spec.runtimeClassName;
  if (name === undefined || name === null) return spec;
  const runtimeClass = context.runtimeClass?.(name);
  if (runtimeClass === undefined) {
    problems.push({ path: 'spec.runtimeClassName', message: `RuntimeClass ${JSON.stringify(name)} not found` });
    return spec;
  }
  return withRuntimeScheduling(withRuntimeOverhead(spec, runtimeClass, problems), runtimeClass, problems);
}

function withRuntimeOverhead(spec: PodSpec, runtimeClass: RuntimeClass, problems: Problem[]): PodSpec {
  if (runtimeClass.overhead === undefined) return spec;
  const overhead = roundedToMilli(runtimeClass.overhead.podFixed ?? {});
  if (!isEmpty(spec.overhead) && !equalAmounts(quantitiesOf(spec.overhead), quantitiesOf(overhead))) {
    problems.push({ path: 'spec.overhead', message: 'the overhead differs from that of the RuntimeClass' });
    return spec;
  }
  return { ...spec, overhead };
}

function withRuntimeScheduling(spec: PodSpec, runtimeClass: RuntimeClass, problems: Problem[]): PodSpec {
  const scheduling = runtimeClass.scheduling;
  if (scheduling === undefined) return spec;
  const nodeSelector: Record<string, string> = { ...spec.nodeSelector };
  for (const [key, value] of Object.entries(scheduling.nodeSelector ?? {})) {
    if (nodeSelector[key] !== undefined && nodeSelector[key] !== value) {
      problems.push({
        path: 'spec.nodeSelector',
        message: `${key}=${nodeSelector[key]} contradicts ${key}=${value} of the RuntimeClass`,
      });
    }
    nodeSelector[key] = value;
  }
  return { ...spec, nodeSelector, tolerations: mergeTolerations(spec.tolerations ?? [], scheduling.tolerations ?? []) };
}

/** The API server stores no amount finer than a thousandth. Texts that need no rounding stay as typed. */
function roundedToMilli(list: ResourceList): ResourceList {
  let rounded: Record<string, string | number> | undefined;
  for (const [name, text] of Object.entries(list)) {
    const quantity = parseQuantity(text);
    const milli = quantity.roundUp(-3);
    if (milli.cmp(quantity) === 0) continue;
    rounded ??= { ...list };
    rounded[name] = milli.toString();
  }
  return rounded ?? list;
}

function roundedRequirements(resources: ResourceRequirements): ResourceRequirements {
  return {
    ...resources,
    ...(resources.requests === undefined ? {} : { requests: roundedToMilli(resources.requests) }),
    ...(resources.limits === undefined ? {} : { limits: roundedToMilli(resources.limits) }),
  };
}

function textsWhere(quantities: ReadonlyQuantities, accepts: (name: string) => boolean): ResourceList {
  return Object.fromEntries(
    [...quantities].filter(([name]) => accepts(name)).map(([name, quantity]) => [name, quantity.toString()]),
  );
}

function equalAmounts(a: ReadonlyQuantities, b: ReadonlyQuantities): boolean {
  return a.size === b.size && [...a].every(([name, amount]) => b.get(name)?.cmp(amount) === 0);
}

function isEmpty(list: ResourceList | undefined): boolean {
  return list === undefined || Object.keys(list).length === 0;
}

/** Upstream defaults the empty text like a missing one. */
function orDefault(text: string | undefined, fallback: string): string {
  return text === undefined || text === '' ? fallback : text;
}
