/**
 * Why pods that are nominated to nodes keep a pod from them: upstream filters such a node with them in place, and
 * without them (RunFilterPluginsWithNominatedPods). What the nodes say to a template is remembered where it hangs on
 * nothing else than the node, its pods and the nominations to it, and only nodes of which one has changed are asked
 * again. The plain way, which asks all of them each time, is Profile.runFilterWithNominatedPods. About 100 bytes a
 * nominated node and template that came to it.
 */
import { BoundedMap } from '../../base/bounded-map.ts';
import { CHANGE_RING } from '../cache/cached-nodes.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { CycleState } from '../framework/cycle-state.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import type { Profile } from '../framework/profile.ts';
import type { LiveSnapshot } from '../cache/snapshot.ts';
import { isRejected } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';
import type { NominationLog } from '../queue/nominator.ts';
import { NominatedNodes } from './nominated-nodes.ts';

/** Templates of a profile that are remembered. */
const MOST_TEMPLATES = 64;
/**
 * A template's entries begin anew when there are so many more than nominated nodes: most are of nodes that no pod waits
 * for any more.
 */
const MOST_LEFT_OVER = 500;

interface Entry {
  /** What the answer is of: the pods nominated to the node, the node and its version. */
  readonly pods: readonly number[];
  readonly node: NodeInfo;
  readonly generation: number;
  readonly status: Status | null;
}

/** What the nodes say to a pod of a template that is nominated to none of them. */
interface Remembered {
  /** By row. */
  readonly entries: Map<number, Entry>;
  /** By row: those that reject it. Never changed once it was handed out. */
  rejections: Map<number, Status>;
  isHandedOut: boolean;
  /** Rows of the nodes that may say something else by now. */
  readonly stale: Set<number>;
  /** As of which list of nodes, change of the node table and change of nominations; null: of none. */
  nodes: readonly NodeInfo[] | null;
  nodeChanges: number;
  nominationChanges: number;
}

/** A cycle in which nodes are asked. */
interface Asking {
  readonly profile: Profile;
  readonly state: CycleState;
  readonly pod: PodInfo;
  /** PreFilter has run. */
  isPrepared: boolean;
}

export class NominatedVerdicts {
  private readonly cluster: SchedulerCache;
  private readonly snapshot: LiveSnapshot;
  private readonly nominated: NominatedNodes;
  private readonly byProfile = new Map<Profile, BoundedMap<number, Remembered>>();
  private readonly names = new Set<string>();

  constructor(cluster: SchedulerCache, snapshot: LiveSnapshot) {
    this.cluster = cluster;
    this.snapshot = snapshot;
    this.nominated = new NominatedNodes(cluster, snapshot);
  }

  /** Whether another pod of no lower priority is nominated anywhere. */
  concern(profile: Profile, pod: PodInfo): boolean {
    for (const pods of profile.nominations().values()) if (profile.countsAnyOf(pods, pod)) return true;
    return false;
  }

  /**
   * By row, the nodes that reject the pod and to which another pod of no lower priority is nominated. `remember`: the
   * answers hang on the node alone. null: PreFilter or a filter says something that only the plain scan can tell.
   * Leaves no state.
   */
  rejections(profile: Profile, state: CycleState, pod: PodInfo, remember: boolean): ReadonlyMap<number, Status> | null {
    const asking = { profile, state, pod, isPrepared: false };
    const log = remember ? profile.nominationLog() : undefined;
    const rejections = log === undefined ? this.askAll(asking) : this.askStale(asking, log);
    if (asking.isPrepared) state.reset();
    return rejections;
  }

  private askAll(asking: Asking): ReadonlyMap<number, Status> | null {
    const rejections = new Map<number, Status>();
    for (const name of asking.profile.nominations().keys()) {
      const node = this.snapshot.find(name);
      const status = node === undefined ? null : this.verdict(asking, node, null);
      if (status === undefined) return null;
      if (status !== null && node !== undefined) rejections.set(node.row, status);
    }
    return rejections;
  }

  private askStale(asking: Asking, log: NominationLog): ReadonlyMap<number, Status> | null {
    const { profile, pod } = asking;
    const { info } = this.cluster.nodes;
    const remembered = this.rememberedOf(profile, pod.template.id);
    this.follow(remembered, profile, log);
    const { stale, entries } = remembered;
    const own = this.snapshot.find(log.nodeOf(pod.row) ?? '')?.row ?? -1;
    for (const row of stale) {
      // To its own node the pod itself is no obstacle; to others of its template it is.
      if (row === own) continue;
      const status = this.verdict(asking, info[row], entries);
      if (status === undefined) {
        remembered.nodes = null;
        return null;
      }
      noteRejection(remembered, row, status);
      stale.delete(row);
    }
    if (own >= 0) return this.withOwnNode(asking, own, remembered.rejections);
    remembered.isHandedOut = true;
    return remembered.rejections;
  }

  /** What others are told, but for the node that the pod itself is nominated to. */
  private withOwnNode(
    asking: Asking, row: number, rejections: ReadonlyMap<number, Status>,
  ): ReadonlyMap<number, Status> | null {
    const status = this.verdict(asking, this.cluster.nodes.info[row], null);
    if (status === undefined) return null;
    const own = new Map(rejections);
    if (status === null) own.delete(row);
    else own.set(row, status);
    return own;
  }

  /** Finds the nodes that may say something else than what is remembered. */
  private follow(remembered: Remembered, profile: Profile, log: NominationLog): void {
    const { snapshot, names, nominated } = this;
    const { nodes } = this.cluster;
    const { stale } = remembered;
    nominated.bringUpToDate(profile.nominations(), log);
    const isFollowed =
      remembered.nodes === snapshot.nodes &&
      nodes.changeCount - remembered.nodeChanges <= CHANGE_RING &&
      log.addChangedSince(remembered.nominationChanges, names);
    if (isFollowed) {
      for (const name of names) {
        const row = snapshot.find(name)?.row;
        if (row !== undefined) stale.add(row);
      }
      for (let i = remembered.nodeChanges; i < nodes.changeCount; i++) {
        const row = nodes.changedRows[i & (CHANGE_RING - 1)];
        if (nominated.isNominated[row] === 1) stale.add(row);
      }
    } else {
      remembered.rejections = new Map();
      remembered.isHandedOut = false;
      stale.clear();
      for (const row of nominated.rows) stale.add(row);
      if (remembered.entries.size > stale.size + MOST_LEFT_OVER) remembered.entries.clear();
    }
    names.clear();
    remembered.nodes = snapshot.nodes;
    remembered.nodeChanges = nodes.changeCount;
    remembered.nominationChanges = log.changeCount;
  }

  /**
   * Why the node rejects the pod while others are nominated to it; null: it does not, or none of them counts;
   * undefined: only the plain scan can tell. `entries`: what is remembered of nodes that the pod is not nominated to.
   */
  private verdict(asking: Asking, node: NodeInfo, entries: Map<number, Entry> | null): Status | null | undefined {
    const { profile, state, pod } = asking;
    const pods = profile.nominations().get(node.name);
    if (pods === undefined || !profile.countsAnyOf(pods, pod)) return null;
    const { row } = node;
    const generation = this.cluster.nodes.generation[row];
    const entry = entries?.get(row);
    if (entry?.pods === pods && entry.node === node && entry.generation === generation) return entry.status;
    if (!asking.isPrepared && profile.runPreFilter(state, pod).status !== null) return undefined;
    asking.isPrepared = true;
    const status = profile.runFilterWithNominatedPods(state, pod, node);
    if (status !== null && !isRejected(status)) return undefined;
    entries?.set(row, { pods, node, generation, status });
    return status;
  }

  private rememberedOf(profile: Profile, template: number): Remembered {
    let byTemplate = this.byProfile.get(profile);
    if (byTemplate === undefined)
      this.byProfile.set(profile, (byTemplate = new BoundedMap(MOST_TEMPLATES, nothingRemembered)));
    return byTemplate.of(template);
  }
}

function nothingRemembered(): Remembered {
  return {
    entries: new Map(),
    rejections: new Map(),
    isHandedOut: false,
    stale: new Set(),
    nodes: null,
    nodeChanges: 0,
    nominationChanges: 0,
  };
}

function noteRejection(remembered: Remembered, row: number, status: Status | null): void {
  if ((remembered.rejections.get(row) ?? null) === status) return;
  if (remembered.isHandedOut) {
    remembered.rejections = new Map(remembered.rejections);
    remembered.isHandedOut = false;
  }
  if (status === null) remembered.rejections.delete(row);
  else remembered.rejections.set(row, status);
}
