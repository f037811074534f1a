/**
 * Second step of reading a scenario: every field of the decoded input becomes its resolved form, with units as
 * numbers and nothing optional.
 */
import { assert } from '../base/assert.ts';
import type { Micros } from '../base/time.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import { tryParseQuantity, unitsFromText } from '../base/quantity.ts';
import { isKubernetesVersion } from '../cluster/kubernetes-versions.ts';
import type { KubernetesVersion } from '../cluster/kubernetes-versions.ts';
import type { PodTemplateSpec, Taint } from '../cluster/objects.ts';
import type { Distribution } from '../kernel/distribution.ts';
import { labelMap, resourceList, resourceNameMistake } from '../workload/manifests/names.ts';
import { taints as taintChecks } from '../workload/manifests/object-checks.ts';
import { podTemplate } from '../workload/manifests/pod-checks.ts';
import { withoutNulls } from '../workload/manifests/read-manifests.ts';
import type { Path } from '../workload/manifests/source-path.ts';
import { below } from '../workload/manifests/source-path.ts';
import { listOf, mappingOf } from '../workload/manifests/structure.ts';
import type {
  Application, ApplicationModel, ClusterAutoscalerSettings, ContainerModel, ControlPlaneSettings, FailureProcess,
  KubeletSettings, MetricsSettings,
  NodeLifecycleSettings, NodePool, PodShape, Scenario, Workload,
  StorageSettings,
} from './scenario.ts';
import type { ScenarioNumbers } from './scenario-distributions.ts';
import { AUTHORS, WATCHERS } from './scenario-fields.ts';
import type { PartDelays } from './scenario-fields.ts';
import type { ApplicationInput, NodePoolInput, ScenarioInput, WorkloadInput } from './scenario-schema.ts';
import { autoscalerDefaults } from './scenario-schema.ts';
import { resolveSteps } from './scenario-steps.ts';

/** Everything of a scenario that does not come from other files. */
export type OwnSettings = Pick<
  Scenario,
  | 'seed'
  | 'kubernetes'
  | 'durationMicros'
  | 'nodePools'
  | 'workloads'
  | 'schedulers'
  | 'controlPlane'
  | 'applications'
  | 'kubelet'
  | 'nodeLifecycle'
  | 'storage'
  | 'failures'
  | 'steps'
  | 'autoscaler'
  | 'metrics'
> & {
  readonly priorityClasses: Scenario['priorityClasses'];
  readonly cycleMicros: Micros;
  readonly bindMicros: Micros;
};

/** kubelet maxPods, upstream's default (pkg/kubelet/apis/config/v1beta1/defaults.go). */
const DEFAULT_MAX_PODS = 110;

export function resolveSettings(input: ScenarioInput, numbers: ScenarioNumbers): OwnSettings {
  const each = <In, Out>(items: readonly In[], key: string, resolve: (item: In, path: Path) => Out): Out[] =>
    items.map((item, index) => resolve(item, below(below(null, key), index)));
  const nodePools = each(input.nodePools, 'nodePools', (pool, path) => resolvePool(pool, path, numbers));
  const controlPlane = resolveControlPlane(input.controlPlane, numbers);
  const isAutoscaled = nodePools.some((pool) => pool.autoscaling !== null);
  return {
    seed: String(input.seed),
    kubernetes: versionOf(input.kubernetes),
    durationMicros: input.duration === undefined ? null : numbers.microsAbove0(input.duration, below(null, 'duration')),
    nodePools,
    workloads: each(input.workloads, 'workloads', (workload, path) => resolveWorkload(workload, path, numbers)),
    schedulers: each(input.schedulers, 'schedulers', ({ profiles, watchDelay }, path) => ({
      profiles,
      watchDelaySeconds:
        watchDelay === undefined
          ? controlPlane.watchDelaySeconds.scheduler
          : lateOrNull(numbers.distribution(watchDelay, below(path, 'watchDelay'))),
    })),
    controlPlane,
    applications: each(input.applications, 'applications', (given, path) => resolveApplication(given, path, numbers)),
    kubelet: resolveKubelet(input.kubelet, numbers),
    nodeLifecycle: resolveNodeLifecycle(input.nodeLifecycle, numbers),
    storage: resolveStorage(input.storage, numbers),
    failures: each(input.failures, 'failures', (failure, path) => resolveFailure(failure, path, numbers)),
    steps: resolveSteps(input.steps, numbers),
    autoscaler: resolveAutoscaler(input.autoscaler, isAutoscaled, numbers),
    metrics: resolveMetrics(input.metrics, numbers),
    priorityClasses: resolvePriorityClasses(input.priorityClasses),
    cycleMicros: numbers.micros(input.scheduler.cycleTime, below(below(null, 'scheduler'), 'cycleTime')),
    bindMicros: numbers.micros(input.scheduler.bindTime, below(below(null, 'scheduler'), 'bindTime')),
  };
}

/** A number is as good as the text that spells it: the schema has seen to that. */
function versionOf(written: string | number): KubernetesVersion {
  const text = String(written);
  assert(isKubernetesVersion(text), `${text} is no version`);
  return text;
}

function resolvePool(pool: NodePoolInput, path: Path, numbers: ScenarioNumbers): NodePool {
  const { findings } = numbers;
  resourceList(pool.allocatable, below(path, 'allocatable'), findings);
  for (const needed of ['cpu', 'memory']) {
    const amount = pool.allocatable[needed];
    const isMisspelled = Object.keys(pool.allocatable).some((name) => resourceNameMistake(name)?.suggestion === needed);
    if (amount === undefined && isMisspelled) continue;
    if (amount === undefined)
      findings.error(
        below(path, 'allocatable'),
        `"${needed}" is missing: expected what one node offers`,
        undefined,
        'key',
      );
    else if (tryParseQuantity(amount)?.isZero() === true)
      findings.error(below(below(path, 'allocatable'), needed), 'expected a quantity above 0, found 0');
  }
  labelMap(pool.labels, below(path, 'labels'), findings);
  const taints = pool.taints.map(resolveTaint);
  taintChecks(taints, below(path, 'taints'), findings);
  const images = pool.images.map((image, index) => ({
    name: image.name,
    sizeBytes: bytes(image.size, below(below(below(path, 'images'), index), 'size'), numbers),
  }));
  return {
    name: pool.name,
    count: pool.count ?? (pool.members === undefined ? (pool.autoscaling?.min ?? 0) : 0),
    members: pool.members ?? null,
    zones: pool.zones,
    region: pool.region,
    allocatable:
      pool.allocatable['pods'] === undefined ? { ...pool.allocatable, pods: DEFAULT_MAX_PODS } : pool.allocatable,
    labels: pool.labels,
    taints,
    images,
    costPerHour: pool.costPerHour,
    autoscaling: resolveAutoscaling(pool, below(path, 'autoscaling'), numbers),
  };
}

function resolveAutoscaling(pool: NodePoolInput, path: Path, numbers: ScenarioNumbers): NodePool['autoscaling'] {
  const group = pool.autoscaling;
  if (group === undefined) return null;
  return {
    min: group.min,
    max: group.max,
    provisionSeconds: numbers.distribution(group.provisioning, below(path, 'provisioning')),
  };
}

function resolveTaint(input: NodePoolInput['taints'][number]): Taint {
  if (typeof input !== 'string') return { key: input.key, value: input.value ?? '', effect: input.effect };
  const [, key = '', value = '', effect = ''] = /^([^=:]+)(?:=([^:]*))?:(.+)$/.exec(input) ?? [];
  return { key, value, effect };
}

function bytes(quantity: string | number, path: Path, numbers: ScenarioNumbers): number {
  const parsed = tryParseQuantity(quantity);
  if (parsed === undefined || parsed.sign() < 0 || parsed.value() > BigInt(Number.MAX_SAFE_INTEGER)) {
    numbers.findings.error(path, `expected a size in bytes such as 250M, found ${quantity}`);
    return 0;
  }
  return unitsFromText(quantity);
}

function bytesAbove0(quantity: string | number, path: Path, numbers: ScenarioNumbers): number {
  if (tryParseQuantity(quantity)?.isZero() === true) numbers.findings.error(path, 'expected a rate above 0, found 0');
  return bytes(quantity, path, numbers);
}

function resolveWorkload(workload: WorkloadInput, path: Path, numbers: ScenarioNumbers): Workload {
  return {
    name: workload.name,
    kind: workload.kind,
    class: workload.class ?? workload.name,
    arrivals: numbers.arrivals(workload.arrivals, below(path, 'arrivals')),
    replicas: numbers.distribution(workload.replicas, below(path, 'replicas')),
    lifetimeSeconds: resolveLifetime(workload, below(path, 'lifetime'), numbers),
    shapes: resolveShapes(workload, path, numbers),
    namespace: workload.namespace,
    priorityClassName: workload.priorityClass ?? null,
    template: resolveTemplate(workload, path, numbers),
    application:
      workload.application === undefined
        ? null
        : resolveModel(workload.application, below(path, 'application'), numbers),
  };
}

function resolveApplication(application: ApplicationInput, path: Path, numbers: ScenarioNumbers): Application {
  const { name, namespace, selector } = application;
  return { name, namespace, selector, ...resolveModel(application, path, numbers) };
}

type ModelInput = NonNullable<WorkloadInput['application']>;

function resolveModel(input: ModelInput, path: Path, numbers: ScenarioNumbers): ApplicationModel {
  const at = below(path, 'containers');
  const containers = Object.entries(input.containers).map(
    ([name, own]) => [name, resolveProgram(own, below(at, name), numbers)] as const,
  );
  return { model: resolveProgram(input, path, numbers), containers: Object.fromEntries(containers) };
}

function resolveProgram(
  input: Omit<ModelInput, 'containers'>, path: Path, numbers: ScenarioNumbers,
): ContainerModel {
  const seconds = (key: 'startup' | 'init' | 'stop' | 'preStop'): Distribution | null => {
    const given = input[key];
    return given === undefined ? null : numbers.distribution(given, below(path, key));
  };
  const { failure, hang, memory } = input;
  return {
    startupSeconds: seconds('startup'),
    initSeconds: seconds('init'),
    failure:
      failure === undefined
        ? null
        : {
            afterSeconds: numbers.distribution(failure.after, below(below(path, 'failure'), 'after')),
            probability: failure.probability,
            exitCode: failure.exitCode,
          },
    hang:
      hang === undefined
        ? null
        : {
            afterSeconds: numbers.distribution(hang.after, below(below(path, 'hang'), 'after')),
            probability: hang.probability,
          },
    stopSeconds: seconds('stop'),
    preStopSeconds: seconds('preStop'),
    memory:
      memory === undefined
        ? null
        : {
            use: numbers.distribution(memory.use, below(below(path, 'memory'), 'use')),
            growthPerHour: numbers.distribution(memory.growthPerHour, below(below(path, 'memory'), 'growthPerHour')),
          },
  };
}

/** null: for ever. */
function resolveLifetime(workload: WorkloadInput, path: Path, numbers: ScenarioNumbers): Distribution | null {
  const { lifetime } = workload;
  return lifetime === undefined || lifetime === 'forever' ? null : numbers.distribution(lifetime, path);
}

function resolveShapes(workload: WorkloadInput, path: Path, numbers: ScenarioNumbers): PodShape[] {
  const { findings } = numbers;
  const { requests, shapes } = workload;
  if (requests !== undefined && shapes !== undefined)
    findings.error(below(path, 'requests'), 'expected either requests or shapes, found both', undefined, 'key');
  if (requests !== undefined) {
    resourceList(requests, below(path, 'requests'), findings);
    return [{ weight: 1, requests }];
  }
  const given = shapes ?? [];
  const at = below(path, 'shapes');
  if (shapes !== undefined && shapes.length === 0) findings.error(at, 'expected at least one shape');
  for (const [index, shape] of given.entries())
    resourceList(shape.requests, below(below(at, index), 'requests'), findings);
  if (given.length > 0) numbers.weightsAbove0(given.map((shape) => shape.weight), at);
  return given.map(({ weight, requests: amounts }): PodShape => ({ weight, requests: amounts }));
}

function resolveTemplate(workload: WorkloadInput, path: Path, numbers: ScenarioNumbers): PodTemplateSpec {
  const { findings } = numbers;
  const hasOwnSizes = workload.requests !== undefined || workload.shapes !== undefined;
  if (workload.template === undefined) {
    if (!hasOwnSizes) findings.error(path, `the pods have no size: expected "requests", "shapes" or a "template"`);
    const container = { name: 'main', ...(workload.image === undefined ? {} : { image: workload.image }) };
    return { metadata: { labels: { app: workload.name } }, spec: { containers: [container] } };
  }
  const at = below(path, 'template');
  if (workload.image !== undefined)
    findings.error(below(path, 'image'), 'expected either image or template, found both', undefined, 'key');
  podTemplate(workload.template, at, findings);
  const spec = mappingOf(workload.template['spec']);
  if (spec['nodeName'] !== undefined)
    findings.error(
      below(below(at, 'spec'), 'nodeName'),
      'a generated pod cannot name its node: use nodeSelector or affinity',
    );
  if (
    spec['priorityClassName'] !== undefined &&
    workload.priorityClass !== undefined &&
    spec['priorityClassName'] !== workload.priorityClass
  ) {
    findings.error(
      below(path, 'priorityClass'),
      'expected the same class as template.spec.priorityClassName, or only one of them',
    );
  }
  if (hasOwnSizes && listOf(spec['initContainers']).length > 0) {
    findings.warn(
      below(below(at, 'spec'), 'initContainers'),
      'the requests of initContainers stay as written when shapes are drawn',
      undefined,
      'key',
    );
  }
  const template = withoutNulls(workload.template) as PodTemplateSpec;
  if (template.metadata?.labels !== undefined) return template;
  return { ...template, metadata: { ...template.metadata, labels: { app: workload.name } } };
}

function resolveControlPlane(
  { watchDelay, requestLatency }: ScenarioInput['controlPlane'], numbers: ScenarioNumbers,
): ControlPlaneSettings {
  const at = below(null, 'controlPlane');
  return {
    watchDelaySeconds: delaysOf(WATCHERS, 'watches', watchDelay, below(at, 'watchDelay'), numbers),
    requestLatencySeconds: delaysOf(AUTHORS, 'authors', requestLatency, below(at, 'requestLatency'), numbers),
  };
}

/** By part, whether one distribution stands for all or some parts have one of their own. */
function delaysOf<Part extends string>(
  parts: readonly Part[], all: string, given: string | number | PartDelays, at: Path, numbers: ScenarioNumbers,
): Record<Part, Distribution | null> {
  const named = typeof given === 'object' ? parts.filter((part) => given[part] !== undefined) : [];
  if (named.length === 0) {
    const forAll = lateOrNull(numbers.distribution(given, at));
    return Object.fromEntries(parts.map((part) => [part, forAll])) as Record<Part, Distribution | null>;
  }
  const delays = given as PartDelays;
  for (const key of Object.keys(delays).filter((name) => !parts.includes(name as Part))) {
    const message = `"${key}" is for all ${all}: expected it below ${named.join(' and ')}`;
    numbers.findings.error(below(at, key), message, undefined, 'key');
  }
  const each = parts.map((part) => [part, lateOrNull(numbers.distribution(delays[part] ?? '0s', below(at, part)))]);
  return Object.fromEntries(each) as Record<Part, Distribution | null>;
}

function lateOrNull(delay: Distribution): Distribution | null {
  return delay.kind === 'fixed' && Math.max(delay.value, delay.atLeast ?? 0) === 0 ? null : delay;
}

function resolveKubelet(kubelet: ScenarioInput['kubelet'], numbers: ScenarioNumbers): KubeletSettings {
  const at = below(null, 'kubelet');
  const sizes = Object.entries(kubelet.imageSizes).map(
    ([image, size]) => [image, bytes(size, below(below(at, 'imageSizes'), image), numbers)] as const,
  );
  return {
    sandboxSeconds: numbers.distribution(kubelet.sandbox, below(at, 'sandbox')),
    containerStartSeconds: numbers.distribution(kubelet.containerStart, below(at, 'containerStart')),
    pullBaseSeconds: numbers.micros(kubelet.pullBase, below(at, 'pullBase')) / MICROS_PER_SECOND,
    pullBytesPerSecond: bytesAbove0(kubelet.pullBytesPerSecond, below(at, 'pullBytesPerSecond'), numbers),
    unpackBytesPerSecond: bytesAbove0(kubelet.unpackBytesPerSecond, below(at, 'unpackBytesPerSecond'), numbers),
    defaultImageBytes: bytes(kubelet.defaultImageSize, below(at, 'defaultImageSize'), numbers),
    imageBytes: Object.fromEntries(sizes),
    serializeImagePulls: kubelet.serializeImagePulls,
  };
}

function resolveNodeLifecycle(
  lifecycle: ScenarioInput['nodeLifecycle'], numbers: ScenarioNumbers,
): NodeLifecycleSettings {
  const at = below(null, 'nodeLifecycle');
  return {
    monitorPeriodMicros: numbers.microsAbove0(lifecycle.nodeMonitorPeriod, below(at, 'nodeMonitorPeriod')),
    monitorGraceMicros: numbers.microsAbove0(lifecycle.nodeMonitorGracePeriod, below(at, 'nodeMonitorGracePeriod')),
    leaseRenewMicros: numbers.microsAbove0(lifecycle.leaseRenewInterval, below(at, 'leaseRenewInterval')),
    evictionRatePerSecond: lifecycle.nodeEvictionRate,
    secondaryEvictionRatePerSecond: lifecycle.secondaryNodeEvictionRate,
    largeClusterThreshold: lifecycle.largeClusterSizeThreshold,
    unhealthyZoneThreshold: lifecycle.unhealthyZoneThreshold,
    defaultTolerationSeconds: lifecycle.defaultTolerationSeconds,
  };
}

function resolveStorage(storage: ScenarioInput['storage'], numbers: ScenarioNumbers): StorageSettings | null {
  if (storage === undefined) return null;
  const at = below(null, 'storage');
  return {
    attachSeconds: numbers.distribution(storage.attach, below(at, 'attach')),
    detachSeconds: numbers.distribution(storage.detach, below(at, 'detach')),
    mountSeconds: numbers.distribution(storage.mount, below(at, 'mount')),
  };
}

/** Kubernetes has no label for racks. */
export const DEFAULT_RACK_LABEL = 'topology.kubernetes.io/rack';

/** Nobody has measured how slow a slow kubelet is; with 4 its heartbeats still come in time. */
const DEFAULT_SLOW_FACTOR = 4;
/** Of AWS spot instances. */
const DEFAULT_NOTICE = '2m';

function resolveFailure(
  failure: ScenarioInput['failures'][number], path: Path, numbers: ScenarioNumbers,
): FailureProcess {
  const uptimeSeconds = numbers.distribution(failure.uptime, below(path, 'uptime'));
  if (uptimeSeconds.kind === 'fixed' && uptimeSeconds.value === 0)
    numbers.findings.error(below(path, 'uptime'), 'expected a duration above 0: nodes would fail without end');
  const { name, kind, scope, pools, share, factor = DEFAULT_SLOW_FACTOR } = failure;
  const { label = scope === 'rack' ? DEFAULT_RACK_LABEL : '' } = failure;
  if (share === 0) numbers.findings.error(below(path, 'share'), 'expected a number above 0: no node would ever fail');
  return {
    name, kind, scope, label, share, factor, pools, uptimeSeconds,
    noticeMicros: numbers.micros(failure.notice ?? DEFAULT_NOTICE, below(path, 'notice')),
    repairSeconds: numbers.distribution(failure.repair, below(path, 'repair')),
  };
}

/** A pool with `autoscaling` turns the autoscaler on, with upstream's flags where the scenario gives none. */
function resolveAutoscaler(
  given: ScenarioInput['autoscaler'], isAutoscaled: boolean, numbers: ScenarioNumbers,
): ClusterAutoscalerSettings | null {
  const at = below(null, 'autoscaler');
  if (given !== undefined && !isAutoscaled)
    numbers.findings.warn(at, 'no pool has "autoscaling": the autoscaler has nothing to do', undefined, 'key');
  const input = given ?? autoscalerDefaults();
  if (!isAutoscaled || !input.enabled) return null;
  return {
    scanIntervalMicros: numbers.microsAbove0(input.scanInterval, below(at, 'scanInterval')),
    newPodScaleUpDelayMicros: numbers.micros(input.newPodScaleUpDelay, below(at, 'newPodScaleUpDelay')),
    scaleDownEnabled: input.scaleDownEnabled,
    scaleDownUtilizationThreshold: input.scaleDownUtilizationThreshold,
    scaleDownUnneededMicros: numbers.micros(input.scaleDownUnneededTime, below(at, 'scaleDownUnneededTime')),
    scaleDownUnreadyMicros: numbers.micros(input.scaleDownUnreadyTime, below(at, 'scaleDownUnreadyTime')),
    scaleDownDelayAfterAddMicros: numbers.micros(input.scaleDownDelayAfterAdd, below(at, 'scaleDownDelayAfterAdd')),
    scaleDownDelayAfterFailureMicros: numbers.micros(
      input.scaleDownDelayAfterFailure,
      below(at, 'scaleDownDelayAfterFailure'),
    ),
    maxScaleDownParallelism: input.maxScaleDownParallelism,
    maxDrainParallelism: input.maxDrainParallelism,
    maxNodesPerScaleUp: input.maxNodesPerScaleUp,
    maxNodesTotal: input.maxNodesTotal,
    expander: input.expander,
    expendablePodsPriorityCutoff: input.expendablePodsPriorityCutoff,
    skipNodesWithSystemPods: input.skipNodesWithSystemPods,
    skipNodesWithLocalStorage: input.skipNodesWithLocalStorage,
  };
}

function resolveMetrics(metrics: ScenarioInput['metrics'], numbers: ScenarioNumbers): MetricsSettings {
  return {
    sampleMicros: numbers.microsAbove0(metrics.sampleInterval, below(below(null, 'metrics'), 'sampleInterval')),
    pods: metrics.pods,
    checkEveryEvents: metrics.checkEvery,
  };
}

function resolvePriorityClasses(input: ScenarioInput['priorityClasses']): Scenario['priorityClasses'] {
  const classes = Object.entries(input).map(([name, entry]) => {
    if (typeof entry === 'number')
      return [name, { value: entry, preemptionPolicy: 'PreemptLowerPriority', globalDefault: false }] as const;
    return [
      name,
      { value: entry.value, preemptionPolicy: entry.preemptionPolicy, globalDefault: entry.globalDefault },
    ] as const;
  });
  return Object.fromEntries(classes);
}
