/** The slow twin of ProfilePlacement: PreFilter runs anew in every look, and every Filter at every question. */
import type { SchedulerCache } from '../../src/scheduler/cache/scheduler-cache.ts';
import type { NodeInfo } from '../../src/scheduler/cache/node-info.ts';
import { CycleState } from '../../src/scheduler/framework/cycle-state.ts';
import { PodInfo } from '../../src/scheduler/framework/pod-info.ts';
import type { Profile } from '../../src/scheduler/framework/profile.ts';
import type { PlacementOracle } from '../../src/scheduler/what-if/placement-oracle.ts';

interface Prepared {
  readonly profile: Profile;
  /** After PreFilter, without any move; null: rejected everywhere. */
  readonly base: CycleState | null;
  /** The only nodes worth asking about, null: all. */
  readonly nodeNames: ReadonlySet<string> | null;
  readonly isNodeLocal: boolean;
  /** `base` with the first `applied` moves; null: to be made. */
  state: CycleState | null;
  applied: number;
}

interface Move {
  readonly pod: number;
  readonly node: NodeInfo;
  readonly isAdded: boolean;
}

export class PlainPlacement implements PlacementOracle {
  private readonly cluster: SchedulerCache;
  private readonly profiles: ReadonlyMap<string, Profile>;
  private readonly refreshSnapshot: () => void;
  private readonly view: PodInfo;
  private readonly moves: Move[] = [];
  private readonly prepared = new Map<number, Prepared | null>();

  /** `refreshSnapshot` brings the nodes that the profiles' plugins see up to date. */
  constructor(cluster: SchedulerCache, profiles: ReadonlyMap<string, Profile>, refreshSnapshot: () => void) {
    this.cluster = cluster;
    this.profiles = profiles;
    this.refreshSnapshot = refreshSnapshot;
    this.view = new PodInfo(cluster, -1);
  }

  refresh(): void {
    this.prepared.clear();
    this.moves.length = 0;
    this.refreshSnapshot();
  }

  get moveCount(): number {
    return this.moves.length;
  }

  localKind(pod: number): number {
    return this.prepare(pod)?.isNodeLocal === false ? -1 : this.cluster.pods.template[pod];
  }

  isOpen(pod: number): boolean {
    const prepared = this.prepare(pod);
    return prepared !== null && prepared.base !== null && prepared.isNodeLocal && prepared.nodeNames === null;
  }

  fits(pod: number, node: NodeInfo): boolean {
    const prepared = this.prepare(pod);
    if (prepared === null || prepared.base === null) return false;
    if (prepared.nodeNames !== null && !prepared.nodeNames.has(node.name)) return false;
    this.view.row = pod;
    const state = prepared.isNodeLocal ? prepared.base : this.caughtUp(prepared, prepared.base);
    return prepared.profile.runFilter(state, this.view, node) === null;
  }

  podAdded(pod: number, node: NodeInfo): void {
    this.moves.push({ pod, node, isAdded: true });
  }

  podRemoved(pod: number, node: NodeInfo): void {
    this.moves.push({ pod, node, isAdded: false });
  }

  rollback(moveCount: number): void {
    this.moves.length = moveCount;
    for (const prepared of this.prepared.values()) {
      if (prepared === null || prepared.applied <= moveCount) continue;
      prepared.state = null;
      prepared.applied = 0;
    }
  }

  private prepare(pod: number): Prepared | null {
    const template = this.cluster.pods.template[pod];
    const known = this.prepared.get(template);
    if (known !== undefined) return known;
    const profile = this.profiles.get(this.cluster.templates.get(template).schedulerName);
    const made = profile === undefined ? null : this.runPreFilter(profile, pod);
    this.prepared.set(template, made);
    return made;
  }

  private runPreFilter(profile: Profile, pod: number): Prepared {
    this.view.row = pod;
    const state = new CycleState();
    const { status, nodeNames } = profile.runPreFilter(state, this.view);
    const isNodeLocal = profile.filter.every((plugin) => state.skipFilter.has(plugin.name) || (plugin.dependence?.filter ?? 'cluster') !== 'cluster');
    return { profile, base: status === null ? state : null, nodeNames, isNodeLocal, state: null, applied: 0 };
  }

  private caughtUp(prepared: Prepared, base: CycleState): CycleState {
    const state = (prepared.state ??= base.clone());
    for (; prepared.applied < this.moves.length; prepared.applied++) {
      const { pod, node, isAdded } = this.moves[prepared.applied];
      if (isAdded) prepared.profile.runPreFilterAddPod(state, this.view, pod, node);
      else prepared.profile.runPreFilterRemovePod(state, this.view, pod, node);
    }
    return state;
  }
}
