// A small cluster with a real scheduler and a cluster autoscaler; containers start at once, stop within a second, and
// owned pods are replaced. What happens to nodes is written down as text, in seconds.
import { WorkloadKind } from '../../src/cluster/workload-table.ts';
import { Cluster, EvictionCause, PodOutcome } from '../../src/cluster/cluster.ts';
import { checkCluster } from '../../src/cluster/check.ts';
import { GPU_MILLI } from '../../src/cluster/gpu-devices.ts';
import type { Node, PodSpec } from '../../src/cluster/objects.ts';
import { ClusterAutoscaler } from '../../src/autoscaling/cluster-autoscaler.ts';
import type { NodeGroupSpec } from '../../src/autoscaling/node-autoscaler.ts';
import type { PlacementOracle } from '../../src/scheduler/what-if/placement-oracle.ts';
import { ProfilePlacement } from '../../src/scheduler/what-if/profile-placement.ts';
import { DisruptionBudgets } from '../../src/cluster/disruption-budgets.ts';
import { evictPod } from '../../src/control-plane/eviction.ts';
import { delayedParts, rejectedPods } from '../../src/simulation/autoscaler-assembly.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { decodeSchedulerConfiguration } from '../../src/scheduler/config/scheduler-configuration.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import { checkSchedulerCache } from '../../src/scheduler/cache/check-cache.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import type { SchedulerOptions } from '../../src/scheduler/scheduler.ts';
import { fixed } from '../support/node-life.ts';
import type { Distribution } from '../../src/kernel/distribution.ts';
import type { ClusterAutoscalerSettings } from '../../src/autoscaling/settings.ts';

export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;

export const DEFAULT_SETTINGS: ClusterAutoscalerSettings = {
  scanIntervalMicros: 10 * SECOND,
  newPodScaleUpDelayMicros: 0,
  scaleDownEnabled: true,
  scaleDownUtilizationThreshold: 0.5,
  scaleDownUnneededMicros: 10 * MINUTE,
  scaleDownUnreadyMicros: 20 * MINUTE,
  scaleDownDelayAfterAddMicros: 10 * MINUTE,
  scaleDownDelayAfterFailureMicros: 3 * MINUTE,
  maxScaleDownParallelism: 10,
  maxDrainParallelism: 1,
  maxNodesPerScaleUp: 1000,
  maxNodesTotal: 0,
  expander: 'least-waste',
  expendablePodsPriorityCutoff: -10,
  skipNodesWithSystemPods: true,
  skipNodesWithLocalStorage: true,
};

export interface Pool {
  readonly name: string;
  /** Nodes at the start. */
  readonly count: number;
  readonly min?: number;
  readonly max?: number;
  readonly cpu: string;
  readonly memory: string;
  readonly pods?: string;
  /** Shares of GPUs, in thousandths. */
  readonly gpuMilli?: string;
  /** Seconds. */
  readonly provision?: number;
}

export interface PodOptions {
  readonly cpu?: string;
  readonly memory?: string;
  readonly owned?: boolean;
  readonly priority?: number;
  readonly spec?: PodSpec;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly namespace?: string;
  /** Node that it belongs to, as a DaemonSet's pod does. */
  readonly pinned?: string;
}

/** Seconds; left out: none. */
export interface Late {
  readonly watchDelay?: number;
  readonly requestLatency?: number;
}

const fixedOrNull = (seconds: number | undefined): Distribution | null => (seconds === undefined ? null : fixed(seconds));

export class AutoscaledWorld {
  readonly kernel = new Kernel({ seed: 'autoscaling' });
  readonly cluster = new Cluster(this.kernel);
  readonly autoscaler: ClusterAutoscaler;
  readonly scheduler: Scheduler;
  readonly log: string[] = [];
  /** What the autoscaler sees. */
  readonly seen: Cluster;
  /** Whose pods they are; nobody looks after it. */
  private readonly owner: number;
  private readonly actions: (() => void)[] = [];
  private readonly actionEvent = this.kernel.defineEvent('action', 2, (index) => this.actions[index]());
  /** false: terminating pods never stop. */
  podsStop = true;

  constructor(
    pools: readonly Pool[],
    settings: Partial<ClusterAutoscalerSettings> = {},
    placementOf: (...parts: ConstructorParameters<typeof ProfilePlacement>) => PlacementOracle = (...parts) => new ProfilePlacement(...parts),
    late: Late = {},
  ) {
    const { kernel, cluster } = this;
    const registry = pluginRegistry();
    const configuration = decodeSchedulerConfiguration(undefined, { registry });
    const options: SchedulerOptions = { configuration, registry, cycleMicros: 1000, bindMicros: 1000, tieBreak: 'first', sampling: true, plain: false, autoRun: true, phase: 5 };
    this.scheduler = new Scheduler(kernel, cluster, options);
    const delayed = delayedParts({ kernel, cluster, schedulers: [this.scheduler], loopPhase: 6, watchPhase: 5 }, fixedOrNull(late.watchDelay), fixedOrNull(late.requestLatency));
    this.seen = delayed?.watch.view ?? cluster;
    this.owner = cluster.workloadWriter.stand({
      kind: WorkloadKind.ReplicaSet, template: -1, workloadClass: 0, nameBase: cluster.names.intern('owner'), wanted: -1, object: null, key: '', parent: -1,
      podMicros: Infinity, details: null,
    });
    const twin = delayed === null ? this.scheduler : new Scheduler(kernel, this.seen, { ...options, autoRun: false });
    const { snapshot, profiles } = twin;
    const budgets = new DisruptionBudgets(cluster);
    const groups = pools.flatMap((pool): NodeGroupSpec[] => {
      if (pool.max === undefined) return [];
      const value = pool.provision ?? 60;
      return [{ name: pool.name, min: pool.min ?? 0, max: pool.max, provisionSeconds: fixed(value), firstOrdinal: pool.count }];
    });
    const { cache } = twin;
    this.autoscaler = new ClusterAutoscaler(kernel, this.seen, { ...DEFAULT_SETTINGS, ...settings }, groups, {
      cache,
      unschedulable: delayed?.rejections ?? { pods: () => rejectedPods(this.scheduler), nominatedNodeName: (pod) => cluster.nominatedNodeName(pod) },
      budgets: delayed === null ? budgets : new DisruptionBudgets(this.seen),
      evict: (pod, cause) => evictPod(cluster, budgets, pod, cause),
      placement: placementOf(cache, profiles, () => snapshot.refresh()),
      nodes: { makeNode: (name, ordinal) => nodeOf(pools.find((pool) => pool.name === name), ordinal) },
      daemons: null,
      mark: (kind, label) => this.note(`${kind} ${label}`),
      loopPhase: 6,
      machinePhase: 1,
      late: delayed,
    });
    cluster.observe({
      podBound: (pod) => this.soon(0, () => this.cluster.startPod(pod)),
      podTerminating: (pod) => this.stopSoon(pod),
      nodeAdded: (node) => kernel.now > 0 && this.note(`${cluster.nodes.facts[node].name} is there`),
      nodeRemoving: (node) => this.note(`${cluster.nodes.facts[node].name} is gone`),
    });
    for (const pool of pools) for (let ordinal = 0; ordinal < pool.count; ordinal++) cluster.addNode(nodeOf(pool, ordinal), pool.name);
  }

  at(seconds: number, action: () => void): void {
    this.kernel.at(seconds * SECOND, this.actionEvent, this.actions.push(action) - 1);
  }

  /** What has happened up to `seconds`, from where the last call ended. */
  until(seconds: number): string {
    this.kernel.run({ until: seconds * SECOND });
    if (this.cluster.nodes.length > 0) checkCluster(this.cluster);
    checkSchedulerCache(this.scheduler.cache);
    return this.log.splice(0).join('\n');
  }

  pod(options: PodOptions = {}): number {
    const { cluster } = this;
    const requests = { cpu: options.cpu ?? '1', memory: options.memory ?? '1Gi' };
    const template = cluster.internTemplate({
      metadata: { labels: options.labels ?? {}, annotations: options.annotations ?? {}, namespace: options.namespace ?? 'default' },
      spec: { priority: options.priority ?? 0, containers: [{ name: 'c', image: 'i', resources: { requests } }], ...options.spec },
    });
    return cluster.createPod({
      template: template.id,
      nameBase: cluster.names.intern('pod'),
      nameOrdinal: cluster.pods.length,
      owner: options.owned === false ? -1 : this.owner,
      workloadClass: 0,
      durationMicros: Infinity,
      pinnedNode: options.pinned === undefined ? -1 : cluster.names.intern(options.pinned),
    });
  }

  pods(count: number, options: PodOptions = {}): number[] {
    return Array.from({ length: count }, () => this.pod(options));
  }

  finish(pods: readonly number[]): void {
    for (const pod of pods) this.cluster.removePod(pod, PodOutcome.Succeeded);
  }

  /** Node name to number of pods. */
  get layout(): string {
    const rows = Array.from({ length: this.cluster.nodes.length }, (_, row) => row).filter((row) => this.cluster.nodes.alive[row] === 1);
    return rows.map((row) => `${this.cluster.nodes.facts[row].name}:${this.cluster.nodes.pods[row].length}`).join(' ');
  }

  private note(text: string): void {
    this.log.push(`${this.kernel.now / SECOND} ${text}`);
  }

  private soon(micros: number, action: () => void): void {
    this.kernel.after(micros, this.actionEvent, this.actions.push(action) - 1);
  }

  private stopSoon(pod: number): void {
    const { pods } = this.cluster;
    if (!this.podsStop) return;
    const seed = { template: pods.template[pod], nameBase: pods.nameBase[pod], nameOrdinal: this.actions.length, owner: pods.owner[pod], workloadClass: 0, durationMicros: Infinity, pinnedNode: -1 };
    if (pods.cause[pod] === EvictionCause.ScaleDown) this.soon(0, () => void this.cluster.createPod(seed));
    this.soon(SECOND, () => this.cluster.removePod(pod, PodOutcome.Evicted));
  }
}

function nodeOf(pool: Pool | undefined, ordinal: number): Node {
  const name = `${pool?.name}-${ordinal}`;
  const gpus = pool?.gpuMilli === undefined ? {} : { [GPU_MILLI]: pool.gpuMilli };
  const allocatable = { cpu: pool?.cpu ?? '0', memory: pool?.memory ?? '0', pods: pool?.pods ?? '110', ...gpus };
  return { metadata: { name, labels: { 'kubernetes.io/hostname': name } }, status: { allocatable, capacity: allocatable } };
}
