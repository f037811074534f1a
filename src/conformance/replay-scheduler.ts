/**
 * The scheduler's parts as a replay of single decisions needs them: the real profiles and the real algorithm on a
 * replayed cluster, nominations as recorded, and no queue. Nothing here decides anything.
 */
import { assert } from '../base/assert.ts';
import { Digest } from '../base/digest.ts';
import { checkCluster } from '../cluster/check.ts';
import { Cluster } from '../cluster/cluster.ts';
import type { KubernetesVersion } from '../cluster/kubernetes-versions.ts';
import type { NodeInfo } from '../scheduler/cache/node-info.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import { RandomStreams } from '../kernel/random.ts';
import type { RandomStream } from '../kernel/random.ts';
import { Algorithm } from '../scheduler/framework/algorithm.ts';
import type { CycleState } from '../scheduler/framework/cycle-state.ts';
import { checkSchedulerCache } from '../scheduler/cache/check-cache.ts';
import { Placements } from '../scheduler/cache/placements.ts';
import { SchedulerCache } from '../scheduler/cache/scheduler-cache.ts';
import type { PodInfo } from '../scheduler/framework/pod-info.ts';
import type { DecidingRoom, Handle, Plugin, PluginFactory, PreemptionPort } from '../scheduler/framework/plugin-api.ts';
import { Profile } from '../scheduler/framework/profile.ts';
import { LiveSnapshot } from '../scheduler/cache/snapshot.ts';
import type { Status } from '../scheduler/framework/status.ts';
import { decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import { Nominator } from '../scheduler/queue/nominator.ts';
import type { NominationLog } from '../scheduler/queue/nominator.ts';

export interface ReplaySettings {
  readonly registry: ReadonlyMap<string, PluginFactory>;
  /** The recorded scheduler's. */
  readonly kubernetes: KubernetesVersion;
  /** true: without the scheduler's caches. */
  readonly plain: boolean;
  /** true: recompute the cluster's aggregates after every decision (after every line of a long run). */
  readonly check: boolean;
}

/** A cluster in which time stands still. */
export function timelessCluster(kubernetes: KubernetesVersion): Cluster {
  return new Cluster({ now: 0, digest: new Digest() }, kubernetes);
}

const NO_PREEMPTION: PreemptionPort = { execute: () => undefined, isRunningFor: () => false };

/** A profile's view of the replay; the profile is set as soon as it is made. */
class ReplayHandle implements Handle {
  readonly cluster: SchedulerCache;
  readonly snapshot: LiveSnapshot;
  readonly placements: Placements;
  readonly preemption: PreemptionPort = NO_PREEMPTION;
  readonly schedulerName: string;
  profile: Profile | null = null;
  private readonly nominator: Nominator;
  private readonly streams = new RandomStreams('conformance');

  constructor(
    cluster: SchedulerCache,
    snapshot: LiveSnapshot,
    placements: Placements,
    nominator: Nominator,
    schedulerName: string,
  ) {
    this.cluster = cluster;
    this.snapshot = snapshot;
    this.placements = placements;
    this.nominator = nominator;
    this.schedulerName = schedulerName;
  }

  filterWithNominatedPods(state: CycleState, pod: PodInfo, node: NodeInfo): Status | null {
    return this.made().runFilterWithNominatedPods(state, pod, node);
  }

  decidingFilter(template: PodTemplate): Plugin | null {
    return this.made().decidingFilter(template);
  }

  decidingRoom(state: CycleState, template: PodTemplate): DecidingRoom | null {
    return this.made().decidingRoom(state, template);
  }

  asksNodeOnly(template: PodTemplate): boolean {
    return this.made().asksNodeOnly(template);
  }

  runPreFilterAddPod(state: CycleState, pod: PodInfo, podToAdd: number, node: NodeInfo): Status | null {
    return this.made().runPreFilterAddPod(state, pod, podToAdd, node);
  }

  runPreFilterRemovePod(state: CycleState, pod: PodInfo, podToRemove: number, node: NodeInfo): Status | null {
    return this.made().runPreFilterRemovePod(state, pod, podToRemove, node);
  }

  nominatedPods(nodeName: string): readonly number[] {
    return this.nominator.podsOf(nodeName);
  }

  nominations(): ReadonlyMap<string, readonly number[]> {
    return this.nominator.byNode();
  }

  nominationCount(): number {
    return this.nominator.size;
  }

  nominationLog(): NominationLog {
    return this.nominator;
  }

  random(purpose: string): RandomStream {
    return this.streams.stream(purpose);
  }

  now(): number {
    return this.cluster.now;
  }

  activate(): void {
    // No queue.
  }

  allowWaitingPod(): void {
    // Nothing waits on Permit.
  }

  rejectWaitingPod(): boolean {
    return false;
  }

  private made(): Profile {
    assert(this.profile !== null, 'a plugin must not run anything while it is made');
    return this.profile;
  }
}

export class ReplayScheduler {
  private readonly cluster: Cluster;
  readonly cache: SchedulerCache;
  readonly snapshot: LiveSnapshot;
  readonly algorithm: Algorithm;
  readonly nominator: Nominator = new Nominator();
  private readonly profiles = new Map<string, { readonly profile: Profile; readonly handle: Handle }>();

  constructor(cluster: Cluster, config: unknown, { registry, kubernetes, plain }: ReplaySettings) {
    const configuration = decodeSchedulerConfiguration(config, { registry, kubernetes });
    this.cluster = cluster;
    const cache = (this.cache = new SchedulerCache(cluster));
    cluster.observe(cache);
    this.snapshot = new LiveSnapshot(cache);
    const placements = new Placements(cache);
    this.algorithm = new Algorithm(cache, this.snapshot, {
      percentageOfNodesToScore: configuration.percentageOfNodesToScore,
      sampling: true,
      plain,
      tieBreak: 'upstream',
      tieStream: new RandomStreams('conformance').stream('ties'),
    });
    for (const spec of configuration.profiles) {
      const handle = new ReplayHandle(cache, this.snapshot, placements, this.nominator, spec.schedulerName);
      const profile = new Profile(spec, registry, handle);
      handle.profile = profile;
      this.profiles.set(spec.schedulerName, { profile, handle });
    }
  }

  /** Recomputes all sums. */
  checkTables(): void {
    checkCluster(this.cluster);
    checkSchedulerCache(this.cache);
  }

  profileOf(pod: PodInfo): Profile {
    return this.entryOf(pod).profile;
  }

  handleOf(pod: PodInfo): Handle {
    return this.entryOf(pod).handle;
  }

  private entryOf(pod: PodInfo): { readonly profile: Profile; readonly handle: Handle } {
    const { schedulerName } = pod.template;
    const entry = this.profiles.get(schedulerName);
    assert(entry !== undefined, `the recording's configuration has no profile ${schedulerName}`);
    return entry;
  }
}
