/**
 * A scheduler with a cluster and a kernel around it, for stories of the scheduling cycle: nodes and pods by name, plugins
 * of the story's own, a log of what happened and when (seconds). Terminating pods go away two seconds later.
 */
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import { checkCluster } from '../../src/cluster/check.ts';
import { Cluster, EvictionCause, PodOutcome } from '../../src/cluster/cluster.ts';
import type { KubernetesVersion } from '../../src/cluster/kubernetes-versions.ts';
import type { PodSpec } from '../../src/cluster/objects.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { decodeSchedulerConfiguration } from '../../src/scheduler/config/scheduler-configuration.ts';
import type { Handle, Plugin, PluginFactory } from '../../src/scheduler/framework/plugin-api.ts';
import type { ProfilePoints } from '../../src/scheduler/framework/profile.ts';
import type { Diagnosis } from '../../src/scheduler/framework/diagnosis.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import { QueuePlace } from '../../src/scheduler/queue/scheduling-queue.ts';
import { checkSchedulerCache } from '../../src/scheduler/cache/check-cache.ts';
import { PodBelief } from '../../src/scheduler/cache/cached-pods.ts';
import { Scheduler } from '../../src/scheduler/scheduler.ts';
import { reapTerminating } from '../support/churn-scheduler.ts';
import type { SchedulerOptions } from '../../src/scheduler/scheduler.ts';

export interface SchedulerWorldOptions extends Partial<Pick<SchedulerOptions, 'tieBreak' | 'sampling' | 'autoRun' | 'plain' | 'cycleMicros' | 'bindMicros'>> {
  readonly plugins?: readonly PluginFactory[];
  /** Appended to the default profile's points; a score plugin's weight is 1. */
  readonly also?: Partial<Record<keyof ProfilePoints, readonly string[]>>;
  /** In place of the default profile's points. */
  readonly points?: Partial<ProfilePoints>;
  readonly percentageOfNodesToScore?: number;
  readonly profilePercentage?: number;
  readonly kubernetes?: KubernetesVersion | undefined;
}

export const REAP_SECONDS = 2;
const PLACE_NAMES = Object.fromEntries(Object.entries(QueuePlace).map(([name, place]) => [place, name]));

/** A plugin of the story's own. */
export function plugin(name: string, methods: Omit<Plugin, 'name'>): PluginFactory {
  return { name, summary: '', create: () => ({ name, ...methods }) };
}

/** One that needs what the framework offers. */
export function pluginWith(name: string, make: (handle: Handle) => Omit<Plugin, 'name'>): PluginFactory {
  return { name, summary: '', create: (_args, handle) => ({ name, ...make(handle) }) };
}

export class SchedulerWorld {
  readonly kernel: Kernel = new Kernel({ seed: 'story' });
  readonly cluster: Cluster;
  readonly scheduler: Scheduler;
  readonly log: string[] = [];
  readonly messages: string[] = [];
  readonly diagnoses: (Diagnosis | null)[] = [];
  private readonly rows = new Map<string, number>();
  private placedCount = 0;

  constructor(options: SchedulerWorldOptions = {}) {
    const { kernel } = this;
    const cluster = (this.cluster = new Cluster(kernel, options.kubernetes));
    const registry = pluginRegistry(options.plugins);
    const decoded = decodeSchedulerConfiguration(undefined, { registry, kubernetes: cluster.kubernetes });
    const [standard] = decoded.profiles;
    const points: ProfilePoints = { ...standard.points, ...options.points };
    const profile = { ...standard, percentageOfNodesToScore: options.profilePercentage ?? null, points: withMore(points, options.also ?? {}) };
    this.scheduler = new Scheduler(kernel, cluster, {
      configuration: { ...decoded, percentageOfNodesToScore: options.percentageOfNodesToScore ?? 0, profiles: [profile] },
      registry,
      cycleMicros: options.cycleMicros ?? 1000,
      bindMicros: options.bindMicros ?? 2000,
      tieBreak: options.tieBreak ?? 'upstream',
      sampling: options.sampling ?? true,
      autoRun: options.autoRun ?? true,
      plain: options.plain ?? false,
      phase: 5,
    });
    this.scheduler.listeners.push({
      cycleSucceeded: (pod, node) => this.note(`${this.nameOf(pod)} chosen for ${this.cluster.nodes.facts[node].name}`),
      cycleFailed: (pod, message, diagnosis) => {
        this.note(`${this.nameOf(pod)} failed`);
        this.messages.push(message);
        this.diagnoses.push(diagnosis);
      },
      preempted: (preemptor, victim) => this.note(`${this.nameOf(preemptor)} preempted ${this.nameOf(victim)}`),
    });
    cluster.observe({
      podBound: (pod) => this.note(`${this.nameOf(pod)} bound to ${this.nodeOf(pod)}`),
      podRemoved: (pod) => this.note(`${this.nameOf(pod)} removed`),
    });
    this.scheduler.cache.observe({
      podForgotten: (pod, node) => this.note(`${this.nameOf(pod)} forgotten by ${cluster.nodes.facts[node].name}`),
    });
    reapTerminating(kernel, cluster, REAP_SECONDS * MICROS_PER_SECOND);
  }

  note(text: string): void {
    this.log.push(`${(this.kernel.now / MICROS_PER_SECOND).toFixed(3)} ${text}`);
  }

  node(name: string, allocatable: Readonly<Record<string, string>> = {}, labels: Readonly<Record<string, string>> = {}): number {
    return this.cluster.addNode({ metadata: { name, labels }, status: { allocatable: { cpu: '4', memory: '8Gi', pods: '110', ...allocatable } } });
  }

  nodes(count: number, allocatable: Readonly<Record<string, string>> = {}): void {
    for (let i = 0; i < count; i++) this.node(`n${i}`, allocatable);
  }

  /** A pending pod that asks for so much cpu (`''`: nothing). */
  pod(name: string, cpu = '1', spec: PodSpec = {}, labels: Readonly<Record<string, string>> = {}): number {
    const { cluster } = this;
    const resources = cpu === '' ? {} : { requests: { cpu } };
    const template = cluster.internTemplate({ metadata: { namespace: 'default', labels }, spec: { containers: [{ name: 'main', resources }], ...spec } });
    const row = cluster.createPod({ template: template.id, nameBase: cluster.names.intern(name), nameOrdinal: -1, owner: -1, workloadClass: 0, durationMicros: Infinity, pinnedNode: -1 });
    this.rows.set(name, row);
    return row;
  }

  /** A pod that is bound to the node already; each started a second after the one before. */
  placed(name: string, nodeName: string, cpu = '1', spec: PodSpec = {}, labels: Readonly<Record<string, string>> = {}): number {
    const { cluster } = this;
    const template = cluster.internTemplate({ metadata: { namespace: 'default', labels }, spec: { containers: [{ name: 'main', resources: { requests: { cpu } } }], ...spec } });
    const row = cluster.createPod({ template: template.id, nameBase: cluster.names.intern(name), nameOrdinal: -1, owner: -1, workloadClass: 0, durationMicros: Infinity, pinnedNode: -1 });
    this.rows.set(name, row);
    cluster.placePod(row, cluster.nodeRow(nodeName));
    cluster.acknowledgePod(row, this.placedCount++ * MICROS_PER_SECOND);
    this.log.pop();
    return row;
  }

  row(name: string): number {
    const row = this.rows.get(name);
    if (row === undefined) throw new Error(`no pod ${name}`);
    return row;
  }

  nameOf(row: number): string {
    return this.cluster.podName(row);
  }

  /** Plays until so many seconds after the start. */
  runTo(seconds: number): this {
    this.kernel.run({ until: Math.round(seconds * MICROS_PER_SECOND) });
    checkCluster(this.cluster);
    checkSchedulerCache(this.scheduler.cache);
    return this;
  }

  /** Does something at a moment of the story's. */
  at(seconds: number, what: () => void): void {
    const kind = this.kernel.defineEvent('story', 2, what);
    this.kernel.at(Math.round(seconds * MICROS_PER_SECOND), kind);
  }

  terminate(name: string): void {
    this.cluster.terminatePod(this.row(name), EvictionCause.Api);
  }

  remove(name: string): void {
    this.cluster.removePod(this.row(name), PodOutcome.Deleted);
  }

  /** Where a pod stands: its node, or its place in the queue. */
  where(name: string): string {
    const row = this.row(name);
    const { pods } = this.scheduler.cache;
    if (pods.node[row] >= 0) return `${pods.belief[row] === PodBelief.Assumed ? 'assumed on' : 'on'} ${this.nodeOf(row)}`;
    if (this.scheduler.queue.isGated(row)) return `gated by ${this.scheduler.queue.gatingPlugin(row)}`;
    return PLACE_NAMES[this.scheduler.queue.placeOf(row)];
  }

  nodeOf(row: number): string {
    return this.cluster.nodes.facts[this.scheduler.cache.pods.node[row]].name;
  }
}

function withMore(points: ProfilePoints, more: Partial<Record<keyof ProfilePoints, readonly string[]>>): ProfilePoints {
  const merged: Record<string, unknown> = { ...points };
  for (const [point, names] of Object.entries(more)) {
    const added = point === 'score' ? names.map((name) => ({ name, weight: 1 })) : names;
    merged[point] = [...(points[point as keyof ProfilePoints] as readonly unknown[]), ...added];
  }
  return merged as unknown as ProfilePoints;
}
