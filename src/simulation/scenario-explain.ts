/**
 * A resolved scenario in the user's own spelling: what `podyard validate` prints. The text is a scenario again and
 * resolves to the same values, except for objects that came from files, which are only counted.
 */
import { stringify } from 'yaml';
import { microsFromSeconds } from '../base/time.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { ArrivalProcess, NodePool, Scenario, Workload } from './scenario.ts';
import { formatDuration } from './scenario-units.ts';

export function explainScenario(scenario: Scenario): string {
  const text = stringify(spell(scenario), { lineWidth: 140, aliasDuplicateObjects: false, flowCollectionPadding: false });
  return `${fileComment(scenario)}${text}`;
}

function fileComment(scenario: Scenario): string {
  const ignored = Object.entries(scenario.ignoredKinds).map(([kind, count]) => `${count} ${kind}`);
  const lines: string[] = [];
  if (scenario.nodes.length > 0) lines.push(`# from files: ${scenario.nodes.length} nodes`);
  if (scenario.objects.length > 0) lines.push(`# from files: ${countKinds(scenario)}`);
  if (ignored.length > 0) lines.push(`# not simulated: ${ignored.join(', ')}`);
  return lines.map((line) => `${line}\n`).join('');
}

function countKinds(scenario: Scenario): string {
  const counts = new Map<string, number>();
  for (const { kind = '?' } of scenario.objects) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
}

function spell(scenario: Scenario): Record<string, unknown> {
  const fromFiles = new Set(scenario.objects.filter(({ kind }) => kind === 'PriorityClass').map(({ metadata }) => metadata?.name));
  const classes = Object.entries(scenario.priorityClasses).filter(([name]) => !name.startsWith('system-') && !fromFiles.has(name));
  const { scheduler, trace } = scenario;
  return {
    name: scenario.name,
    description: scenario.description,
    seed: scenario.seed,
    ...(scenario.durationMicros === null ? {} : { duration: formatDuration(scenario.durationMicros) }),
    nodePools: scenario.nodePools.map(spellPool),
    priorityClasses: Object.fromEntries(classes),
    workloads: scenario.workloads.map(spellWorkload),
    ...(scenario.machines === null ? {} : { machines: scenario.machines }),
    ...(trace === null ? {} : { trace: spellTrace(trace) }),
    scheduler: {
      ...(scheduler.configuration === null ? {} : { config: scheduler.configuration }),
      cycleTime: formatDuration(scheduler.cycleMicros),
      bindTime: formatDuration(scheduler.bindMicros),
      tieBreak: scheduler.tieBreak,
      sampling: scheduler.sampling,
      ...(scheduler.pluginFiles.length === 0 ? {} : { plugins: scheduler.pluginFiles }),
    },
    ...spellMachinery(scenario),
  };
}

function spellTrace({ fromMicros, toMicros, ...rest }: NonNullable<Scenario['trace']>): Record<string, unknown> {
  return { ...rest, from: formatDuration(fromMicros), ...(toMicros === null ? {} : { to: formatDuration(toMicros) }) };
}

function spellPool(pool: NodePool): Record<string, unknown> {
  const { autoscaling, images, members, ...rest } = pool;
  const group = autoscaling === null ? {} : { autoscaling: { min: autoscaling.min, max: autoscaling.max, provisioning: spellSeconds(autoscaling.provisionSeconds) } };
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
    ...(workload.lifetimeSeconds === null ? (isDaemon ? {} : { lifetime: 'forever' }) : { lifetime: spellSeconds(workload.lifetimeSeconds) }),
    ...(workload.shapes.length === 0 ? {} : { shapes: workload.shapes }),
    namespace,
    ...(workload.priorityClassName === null ? {} : { priorityClass: workload.priorityClassName }),
    template,
  };
}

function spellArrivals(arrivals: ArrivalProcess): Record<string, unknown> {
  if (arrivals.kind === 'at') return { at: formatDuration(arrivals.atMicros), count: arrivals.count };
  const window = { from: formatDuration(arrivals.startMicros), ...(arrivals.endMicros === null ? {} : { until: formatDuration(arrivals.endMicros) }) };
  switch (arrivals.kind) {
    case 'poisson':
      return { poisson: { ratePerHour: arrivals.ratePerHour, ...window } };
    case 'diurnal': {
      const { meanRatePerHour, amplitude } = arrivals;
      return { diurnal: { meanRatePerHour, amplitude, period: formatDuration(arrivals.periodMicros), peak: formatDuration(arrivals.peakMicros), ...window } };
    }
    case 'hourly':
      return { hourly: { ratesPerHour: arrivals.ratesPerHour, ...window } };
    case 'bursty':
      return { bursty: { burstsPerHour: arrivals.burstsPerHour, size: spellNumber(arrivals.size), gap: spellDuration(arrivals.gapSeconds), ...window } };
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
      return Object.keys(bounds).length === 0 ? spellValue(distribution.value) : { fixed: spellValue(distribution.value), ...bounds };
    case 'uniform':
      return { uniform: { min: spellValue(distribution.min), max: spellValue(distribution.max) }, ...bounds };
    case 'exponential':
      return { exponential: { mean: spellValue(distribution.mean) }, ...bounds };
    case 'lognormal':
      return { lognormal: { median: spellValue(distribution.median), sigma: distribution.sigma }, ...bounds };
    case 'weibull':
      return { weibull: { scale: spellValue(distribution.scale), shape: distribution.shape }, ...bounds };
    case 'boundedPareto':
      return { boundedPareto: { min: spellValue(distribution.min), max: spellValue(distribution.max), alpha: distribution.alpha }, ...bounds };
    case 'choice':
      return { choice: { values: distribution.values.map(spellValue), weights: distribution.weights }, ...bounds };
  }
}

function spellMachinery(scenario: Scenario): Record<string, unknown> {
  const { kubelet, nodeLifecycle, autoscaler, metrics } = scenario;
  return {
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
    failures: scenario.failures.map((failure) => ({
      name: failure.name,
      scope: failure.scope,
      pools: failure.pools,
      uptime: spellSeconds(failure.uptimeSeconds),
      repair: spellSeconds(failure.repairSeconds),
    })),
    ...(autoscaler === null ? spellNoAutoscaler(scenario) : { autoscaler: spellAutoscaler(autoscaler) }),
    metrics: { sampleInterval: formatDuration(metrics.sampleMicros), pods: metrics.pods, checkEvery: metrics.checkEveryEvents },
  };
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
