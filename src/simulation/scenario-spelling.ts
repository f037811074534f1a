/**
 * A resolved scenario in the user's own spelling, as plain data: what results hold, and what `podyard validate` prints.
 * It is a scenario again and resolves to the same values.
 *
 * Objects from files stand in it themselves, so that it runs anywhere; a dump beyond a mebibyte is named by its files
 * instead. Traces and plugins are always named. Names of files are those that a scenario in the same folder would use.
 */
import { microsFromSeconds } from '../base/time.ts';
import type { KubernetesObject } from '../cluster/objects.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type {
  ApplicationModel, ArrivalProcess, ContainerModel, NodePool, Scenario, StorageSettings, Workload,
} from './scenario.ts';
import { spellSteps } from './scenario-steps-spelling.ts';
import { formatDuration } from '../base/duration.ts';

/** Objects of more than so many characters of JSON are not repeated in every result. */
const MOST_INLINE_CHARACTERS = 1 << 20;

export function spellScenario(scenario: Scenario): Record<string, unknown> {
  const fromFiles = new Set(
    scenario.objects.filter(({ kind }) => kind === 'PriorityClass').map(({ metadata }) => metadata?.name),
  );
  const classes = Object.entries(scenario.priorityClasses).filter(
    ([name]) => !name.startsWith('system-') && !fromFiles.has(name),
  );
  const { scheduler, trace, machines } = scenario;
  const nameOf = (path: string): string => scenario.fileNames[path] ?? path;
  return {
    name: scenario.name,
    description: scenario.description,
    seed: scenario.seed,
    kubernetes: scenario.kubernetes,
    ...(scenario.durationMicros === null ? {} : { duration: formatDuration(scenario.durationMicros) }),
    ...spellObjects(scenario),
    nodePools: scenario.nodePools.map(spellPool),
    priorityClasses: Object.fromEntries(classes),
    workloads: scenario.workloads.map(spellWorkload),
    ...(scenario.applications.length === 0
      ? {}
      : {
          applications: scenario.applications.map(({ name, namespace, selector, ...runs }) => (
            { name, namespace, selector, ...spellApplication(runs) }
          )),
        }),
    ...(machines === null ? {} : { machines: { ...machines, file: nameOf(machines.file) } }),
    ...(trace === null ? {} : { trace: spellTrace(trace, nameOf) }),
    scheduler: {
      ...(scheduler.configuration === null ? {} : { config: scheduler.configuration }),
      cycleTime: formatDuration(scheduler.cycleMicros),
      bindTime: formatDuration(scheduler.bindMicros),
      tieBreak: scheduler.tieBreak,
      sampling: scheduler.sampling,
      ...(scheduler.pluginFiles.length === 0 ? {} : { plugins: scheduler.pluginFiles.map(nameOf) }),
    },
    ...spellMachinery(scenario),
    ...(scenario.thresholds.length === 0 ? {} : { thresholds: scenario.thresholds.map(({ text }) => text) }),
  };
}

function spellTrace(
  { fromMicros, toMicros, files, ...rest }: NonNullable<Scenario['trace']>,
  nameOf: (path: string) => string,
): Record<string, unknown> {
  return {
    ...rest,
    file: nameOf(rest.file),
    files: Object.fromEntries(Object.entries(files).map(([role, path]) => [role, nameOf(path)])),
    from: formatDuration(fromMicros),
    ...(toMicros === null ? {} : { to: formatDuration(toMicros) }),
  };
}

/** The scenario as it is written into results. How often totals are checked changes nothing in a run. */
export function resultScenario(scenario: Scenario): unknown {
  const { metrics, ...rest } = spellScenario(scenario) as Readonly<Record<string, unknown>> & {
    readonly metrics: Readonly<Record<string, unknown>>;
  };
  const { checkEvery: _checks, ...reported } = metrics;
  return { ...rest, metrics: reported };
}

/** `nodes` and `manifests`, in the order in which the objects were read. */
function spellObjects({ nodes, objects, manifestFiles }: Scenario): Record<string, unknown> {
  if (manifestFiles !== null && isBeyond([...nodes, ...objects], MOST_INLINE_CHARACTERS)) {
    return Object.fromEntries(Object.entries(manifestFiles).filter(([, files]) => files.length > 0));
  }
  return { ...(nodes.length === 0 ? {} : { nodes }), ...(objects.length === 0 ? {} : { manifests: objects }) };
}

function isBeyond(objects: readonly KubernetesObject[], most: number): boolean {
  let characters = 0;
  return objects.some((object) => (characters += JSON.stringify(object).length) > most);
}

function spellPool(pool: NodePool): Record<string, unknown> {
  const { autoscaling, images, members, ...rest } = pool;
  const group =
    autoscaling === null
      ? {}
      : {
          autoscaling: {
            min: autoscaling.min,
            max: autoscaling.max,
            provisioning: spellSeconds(autoscaling.provisionSeconds),
          },
        };
  return {
    ...rest,
    ...(members === null ? {} : { members }),
    images: images.map(({ name, sizeBytes }) => ({ name, size: sizeBytes })),
    ...group,
  };
}

function spellWorkload(workload: Workload): Record<string, unknown> {
  const { name, kind, namespace, template } = workload;
  const isDaemon = kind === 'DaemonSet';
  return {
    name,
    kind,
    class: workload.class,
    arrivals: spellArrivals(workload.arrivals),
    ...(isDaemon ? {} : { replicas: spellNumber(workload.replicas) }),
    ...(workload.lifetimeSeconds === null
      ? isDaemon
        ? {}
        : { lifetime: 'forever' }
      : { lifetime: spellSeconds(workload.lifetimeSeconds) }),
    ...(workload.shapes.length === 0 ? {} : { shapes: workload.shapes }),
    namespace,
    ...(workload.priorityClassName === null ? {} : { priorityClass: workload.priorityClassName }),
    template,
    ...(workload.application === null ? {} : { application: spellApplication(workload.application) }),
  };
}

function spellApplication({ model, containers }: ApplicationModel): Record<string, unknown> {
  const named = Object.entries(containers).map(([name, own]) => [name, spellProgram(own)] as const);
  return { ...spellProgram(model), ...(named.length === 0 ? {} : { containers: Object.fromEntries(named) }) };
}

function spellProgram(program: ContainerModel): Record<string, unknown> {
  const { failure, hang, memory } = program;
  const spelled = {
    startup: program.startupSeconds,
    init: program.initSeconds,
    stop: program.stopSeconds,
    preStop: program.preStopSeconds,
  };
  const times: Record<string, unknown> = {};
  for (const [key, given] of Object.entries(spelled)) if (given !== null) times[key] = spellSeconds(given);
  const ending = ({ afterSeconds, probability }: NonNullable<ContainerModel['hang']>): Record<string, unknown> => (
    { after: spellSeconds(afterSeconds), probability }
  );
  return {
    ...times,
    ...(failure === null ? {} : { failure: { ...ending(failure), exitCode: failure.exitCode } }),
    ...(hang === null ? {} : { hang: ending(hang) }),
    ...(memory === null
      ? {}
      : { memory: { use: spellNumber(memory.use), growthPerHour: spellNumber(memory.growthPerHour) } }),
  };
}

function spellArrivals(arrivals: ArrivalProcess): Record<string, unknown> {
  if (arrivals.kind === 'at') return { at: formatDuration(arrivals.atMicros), count: arrivals.count };
  const window = {
    from: formatDuration(arrivals.startMicros),
    ...(arrivals.endMicros === null ? {} : { until: formatDuration(arrivals.endMicros) }),
  };
  switch (arrivals.kind) {
    case 'poisson':
      return { poisson: { ratePerHour: arrivals.ratePerHour, ...window } };
    case 'diurnal': {
      const { meanRatePerHour, amplitude } = arrivals;
      return {
        diurnal: {
          meanRatePerHour,
          amplitude,
          period: formatDuration(arrivals.periodMicros),
          peak: formatDuration(arrivals.peakMicros),
          ...window,
        },
      };
    }
    case 'hourly':
      return { hourly: { ratesPerHour: arrivals.ratesPerHour, ...window } };
    case 'bursty':
      return {
        bursty: {
          burstsPerHour: arrivals.burstsPerHour,
          size: spellNumber(arrivals.size),
          gap: spellDuration(arrivals.gapSeconds),
          ...window,
        },
      };
  }
}

function spellDuration(seconds: number): string {
  return formatDuration(microsFromSeconds(seconds));
}

function spellSeconds(distribution: Distribution): unknown {
  return spellDistribution(distribution, spellDuration);
}

function spellNumber(distribution: Distribution): unknown {
  return spellDistribution(distribution, (value) => value);
}

function spellDistribution(distribution: Distribution, spellValue: (value: number) => unknown): unknown {
  const bounds = {
    ...(distribution.atLeast === null ? {} : { atLeast: spellValue(distribution.atLeast) }),
    ...(distribution.atMost === null ? {} : { atMost: spellValue(distribution.atMost) }),
  };
  switch (distribution.kind) {
    case 'fixed':
      return Object.keys(bounds).length === 0
        ? spellValue(distribution.value)
        : { fixed: spellValue(distribution.value), ...bounds };
    case 'uniform':
      return { uniform: { min: spellValue(distribution.min), max: spellValue(distribution.max) }, ...bounds };
    case 'exponential':
      return { exponential: { mean: spellValue(distribution.mean) }, ...bounds };
    case 'lognormal':
      return { lognormal: { median: spellValue(distribution.median), sigma: distribution.sigma }, ...bounds };
    case 'weibull':
      return { weibull: { scale: spellValue(distribution.scale), shape: distribution.shape }, ...bounds };
    case 'boundedPareto':
      return {
        boundedPareto: {
          min: spellValue(distribution.min),
          max: spellValue(distribution.max),
          alpha: distribution.alpha,
        },
        ...bounds,
      };
    case 'choice':
      return { choice: { values: distribution.values.map(spellValue), weights: distribution.weights }, ...bounds };
  }
}

function spellMachinery(scenario: Scenario): Record<string, unknown> {
  const { kubelet, nodeLifecycle, autoscaler, metrics } = scenario;
  return {
    ...spellSchedulers(scenario.schedulers),
    ...spellControlPlane(scenario.controlPlane),
    kubelet: {
      sandbox: spellSeconds(kubelet.sandboxSeconds),
      containerStart: spellSeconds(kubelet.containerStartSeconds),
      pullBase: spellDuration(kubelet.pullBaseSeconds),
      pullBytesPerSecond: kubelet.pullBytesPerSecond,
      unpackBytesPerSecond: kubelet.unpackBytesPerSecond,
      defaultImageSize: kubelet.defaultImageBytes,
      imageSizes: kubelet.imageBytes,
      serializeImagePulls: kubelet.serializeImagePulls,
    },
    nodeLifecycle: {
      nodeMonitorPeriod: formatDuration(nodeLifecycle.monitorPeriodMicros),
      nodeMonitorGracePeriod: formatDuration(nodeLifecycle.monitorGraceMicros),
      leaseRenewInterval: formatDuration(nodeLifecycle.leaseRenewMicros),
      nodeEvictionRate: nodeLifecycle.evictionRatePerSecond,
      secondaryNodeEvictionRate: nodeLifecycle.secondaryEvictionRatePerSecond,
      largeClusterSizeThreshold: nodeLifecycle.largeClusterThreshold,
      unhealthyZoneThreshold: nodeLifecycle.unhealthyZoneThreshold,
      defaultTolerationSeconds: nodeLifecycle.defaultTolerationSeconds,
    },
    ...(scenario.storage === null ? {} : { storage: spellStorage(scenario.storage) }),
    failures: scenario.failures.map((failure) => ({
      name: failure.name,
      ...(failure.kind === 'crash' ? {} : { kind: failure.kind }),
      scope: failure.scope,
      ...(failure.label === '' ? {} : { label: failure.label }),
      ...(failure.share === 1 ? {} : { share: failure.share }),
      ...(failure.kind === 'slow' ? { factor: failure.factor } : {}),
      ...(failure.kind === 'reclaim' ? { notice: formatDuration(failure.noticeMicros) } : {}),
      pools: failure.pools,
      uptime: spellSeconds(failure.uptimeSeconds),
      repair: spellSeconds(failure.repairSeconds),
    })),
    ...(scenario.steps.length === 0 ? {} : { steps: spellSteps(scenario.steps, spellSeconds) }),
    ...(autoscaler === null ? spellNoAutoscaler(scenario) : { autoscaler: spellAutoscaler(autoscaler) }),
    metrics: {
      sampleInterval: formatDuration(metrics.sampleMicros),
      pods: metrics.pods,
      checkEvery: metrics.checkEveryEvents,
    },
  };
}

function spellSchedulers(schedulers: Scenario['schedulers']): Record<string, unknown> {
  if (schedulers.length === 0) return {};
  return {
    schedulers: schedulers.map(({ profiles, watchDelaySeconds }) => ({
      profiles,
      watchDelay: watchDelaySeconds === null ? '0s' : spellSeconds(watchDelaySeconds),
    })),
  };
}

/** What is never late goes without saying. */
function spellStorage({ attachSeconds, detachSeconds, mountSeconds }: StorageSettings): Record<string, unknown> {
  return {
    attach: spellSeconds(attachSeconds), detach: spellSeconds(detachSeconds), mount: spellSeconds(mountSeconds),
  };
}

function spellControlPlane(
  { watchDelaySeconds, requestLatencySeconds }: Scenario['controlPlane'],
): Record<string, unknown> {
  const delays = [['watchDelay', watchDelaySeconds], ['requestLatency', requestLatencySeconds]] as const;
  const late = delays.flatMap(([key, byPart]) => {
    const given = Object.entries(byPart).flatMap(([part, delay]) => (
      delay === null ? [] : [[part, spellSeconds(delay)] as const]
    ));
    return given.length === 0 ? [] : [[key, Object.fromEntries(given)] as const];
  });
  return late.length === 0 ? {} : { controlPlane: Object.fromEntries(late) };
}

function spellNoAutoscaler(scenario: Scenario): Record<string, unknown> {
  return scenario.nodePools.some((pool) => pool.autoscaling !== null) ? { autoscaler: { enabled: false } } : {};
}

function spellAutoscaler(autoscaler: NonNullable<Scenario['autoscaler']>): Record<string, unknown> {
  return {
    scanInterval: formatDuration(autoscaler.scanIntervalMicros),
    newPodScaleUpDelay: formatDuration(autoscaler.newPodScaleUpDelayMicros),
    scaleDownEnabled: autoscaler.scaleDownEnabled,
    scaleDownUtilizationThreshold: autoscaler.scaleDownUtilizationThreshold,
    scaleDownUnneededTime: formatDuration(autoscaler.scaleDownUnneededMicros),
    scaleDownUnreadyTime: formatDuration(autoscaler.scaleDownUnreadyMicros),
    scaleDownDelayAfterAdd: formatDuration(autoscaler.scaleDownDelayAfterAddMicros),
    scaleDownDelayAfterFailure: formatDuration(autoscaler.scaleDownDelayAfterFailureMicros),
    maxScaleDownParallelism: autoscaler.maxScaleDownParallelism,
    maxDrainParallelism: autoscaler.maxDrainParallelism,
    maxNodesPerScaleUp: autoscaler.maxNodesPerScaleUp,
    maxNodesTotal: autoscaler.maxNodesTotal,
    expander: autoscaler.expander,
    expendablePodsPriorityCutoff: autoscaler.expendablePodsPriorityCutoff,
    skipNodesWithSystemPods: autoscaler.skipNodesWithSystemPods,
    skipNodesWithLocalStorage: autoscaler.skipNodesWithLocalStorage,
  };
}
