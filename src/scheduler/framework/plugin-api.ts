/**
 * What a scheduler plugin is: upstream's extension points (pkg/scheduler/framework, v1.36) as optional methods of one
 * small object. A plugin implements a point by having its method. This file is the public `podyard/plugin` entry.
 */
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import type { VolumePlan } from '../../cluster/volume-matching.ts';
import type { RandomStream } from '../../kernel/random.ts';
import type { EventRegistration } from './cluster-event.ts';
import type { CycleState } from './cycle-state.ts';
import type { DomainPlugin } from '../fast/domain-answers.ts';
import type { Placements } from '../cache/placements.ts';
import type { NominationLog } from '../queue/nominator.ts';
import type { PodInfo } from './pod-info.ts';
import type { SchedulerSnapshot } from '../cache/snapshot.ts';
import type { Status } from './status.ts';

export const MAX_NODE_SCORE = 100;
export const MIN_NODE_SCORE = 0;

/**
 * What an answer depends on besides the pod's template. Fast paths are built from it and tests hold plugins to it.
 *  - `facts`: the node's own object (labels, taints, name, images, ...) alone;
 *  - `node`: the node's object, its pods and what they use;
 *  - `cluster`: anything. What is not declared is taken to be this.
 */
export type Dependence = 'facts' | 'node' | 'cluster';

/** Queue entries in the order that QueueSort compares. */
export interface QueuedPod {
  readonly pod: PodInfo;
  /** Micros: when it entered the queue, or came back after its last failed attempt. */
  readonly timestamp: number;
}

export interface PreFilterResult {
  readonly status: Status | null;
  /** The only nodes worth filtering, by name; null: all. */
  readonly nodeNames: ReadonlySet<string> | null;
}

/** Nothing against the pod, and every node is worth filtering. */
export const PRE_FILTER_PASSES: PreFilterResult = { status: null, nodeNames: null };

/** How PreFilter's state follows a what-if: pods added to or removed from one node. */
export interface PreFilterExtensions {
  addPod(state: CycleState, podToSchedule: PodInfo, podToAdd: number, node: NodeInfo): Status | null;
  removePod(state: CycleState, podToSchedule: PodInfo, podToRemove: number, node: NodeInfo): Status | null;
}

export interface PostFilterResult {
  readonly status: Status | null;
  /** null: leave the nomination as it is; '' clears it. */
  readonly nominatedNodeName: string | null;
  /** Where it succeeded: what the pod's message says of it; absent: nothing. */
  readonly message?: string;
  /**
   * A promise of a rejection: while nothing changes in the cluster and every node says the same, all pods of the
   * template that are not nominated to a node get it again. The call stands for asking: it draws the random numbers
   * that PostFilter would draw. Absent: PostFilter is asked at each attempt.
   */
  readonly again?: () => void;
  /** true, with `again`: they get it whatever changes and whatever nodes say, and asking does nothing else. */
  readonly settled?: boolean;
}

/** Verdicts of one failed cycle, by node name. */
export interface NodeStatuses {
  /** The status of a node that was looked at, else the status of absent nodes. */
  get(nodeName: string): Status | null;
  /** The same for a node of the snapshot; cheaper where verdicts stand by row. */
  ofNode(node: NodeInfo): Status | null;
  /** Those of `nodes`, the nodes of the snapshot, with the code Unschedulable, in the same order. */
  unschedulable(nodes: readonly NodeInfo[]): readonly NodeInfo[];
  /** How many these are, where that is known without making the list. */
  unschedulableCount?(): number;
  /** The same as bits, where they are at hand. */
  unschedulableBits?(): NodeBits | null;
  /** Nodes with a status of their own, in the order they were looked at. */
  explicit(): Iterable<readonly [string, Status]>;
}

/** Some nodes of the snapshot, by their place in its order; good until somebody asks for others. */
export interface NodeBits {
  /** 32 places a word. */
  readonly words: Int32Array;
  readonly count: number;
  /** The snapshot's: the node row at each place (another array, another order), and back. */
  readonly rows: Int32Array;
  readonly positionOf: Int32Array;
}

/** Columns and amounts that a node must have left, beside a place for one more pod. */
export interface RoomWanted {
  readonly plugin: Plugin;
  readonly columns: ArrayLike<number>;
  readonly amounts: ArrayLike<number>;
}

/** What lets a pod onto a node with some pods taken off. */
export interface DecidingRoom {
  readonly wanted: RoomWanted;
  /** Filters that have to be asked, too: they look at the node's object only. */
  readonly others: readonly Plugin[];
}

/** PreBind may take simulated time: `afterMicros` later it is called again. */
export interface RetryLater {
  readonly afterMicros: number;
}

/** Numbers of nodes from `least` to `most`; `now` is how many there are. */
export interface NodeNumbers {
  readonly now: number;
  least: number;
  most: number;
}

export interface Plugin {
  readonly name: string;
  /**
   * By extension point. Of a plugin whose filter (score) depends on less than the cluster, PreFilter (PreScore) is
   * taken to depend on the pod's template alone.
   */
  readonly dependence?: { readonly filter?: Dependence; readonly score?: Dependence };

  /**
   * true: of a pod without volumes and resource claims, `facts` and `node` answers look at nothing but its spec (and
   * what it requests): neither namespace, labels, priority nor affinity to pods. Templates that differ only in those
   * then share what is remembered.
   */
  readonly specOnly?: boolean;

  /**
   * Faster twins of `filter` and `score` for the pods of one template, for answers that depend on `facts` or `node`;
   * they read no cycle state. `row` is the node's place in `handle.cluster.nodes`. The same answers: the plain scan
   * uses `filter` and `score`.
   */
  filterOf?(template: PodTemplate): (node: NodeInfo, row: number) => Status | null;
  scoreOf?(template: PodTemplate): (node: NodeInfo, row: number) => number;

  /** What `filter` asks of a node, where it asks for nothing else, for pods of this template; null: for more. */
  roomOf?(template: PodTemplate): RoomWanted | null;

  /** true: `filter` passes or rejects, and never gives an error. */
  readonly filterNeverFails?: boolean;

  /**
   * Tells the rows outside of which `filter` rejects a pod of the template, where they are known without a look at
   * the nodes; null: any may pass.
   */
  onlyRowsOf?(template: PodTemplate): (() => ReadonlySet<number>) | null;

  /**
   * For a `node` score that looks at the number of nodes, too: whether it does on this node. It is then asked again
   * when nodes come or go.
   */
  countsNodes?(template: PodTemplate, node: NodeInfo): boolean;

  /**
   * `scoreOf` of such a score, which also narrows `within` to numbers of nodes with which the node's score is the same,
   * for as long as its image counts are. Absent: it may be another one with each number.
   */
  steadyScoreOf?(template: PodTemplate): (row: number, within: NodeNumbers) => number;

  /**
   * true: for pods of this template, as things stand, PreFilter would skip, and PreScore would, too, or Score would
   * give 0 on every node without normalizing. Asked at every cycle, so it must cost next to nothing; absent: never
   * inert.
   */
  inert?(template: PodTemplate): boolean;

  /** true: what `inert` says of a template it says for ever: it is asked once. */
  readonly inertByTemplate?: boolean;

  /**
   * true: for pods of this template, as things stand, PreFilter would skip, so that every node passes, although the
   * plugin may score them. Asked as often as `inert`; absent: only where it is inert.
   */
  filtersNothing?(template: PodTemplate): boolean;

  /**
   * true: what `inert` and `filtersNothing` say changes only when something in the cluster, or in the scheduler's cache
   * of it, does.
   */
  readonly inertUntilChange?: boolean;

  /** The same answers as Filter and Score, for all nodes at once from counts by topology domain. */
  readonly domains?: DomainPlugin;

  /**
   * true: whatever the raw scores, `normalizeScore` makes valid ones of them, and the nodes with the greatest raw
   * score, no others, have the greatest.
   */
  readonly normalizeKeepsBest?: boolean;

  /**
   * true: what `normalizeScore` makes of a raw score depends on that score and on which raw scores there are: not on
   * how many nodes have each, nor on state, pod and nodes.
   */
  readonly normalizeByValue?: boolean;

  /** true: PreScore gives an error where the profile does not let this plugin's PreFilter run. */
  readonly preScoreNeedsPreFilter?: boolean;

  /**
   * Reserve, PreBind and the like do nothing for pods without volume or resource claims: then they are not called at
   * all.
   */
  readonly claimsOnly?: boolean;

  /** null lets the pod into the active queue; anything else gates it. */
  preEnqueue?(pod: PodInfo): Status | null;
  /** true: `preEnqueue` lets in every pod of this template, as things stand. Absent: each has to be asked about. */
  letsAllIn?(template: PodTemplate): boolean;
  /** QueueSort: whether `a` is to be scheduled before `b`. */
  less?(a: QueuedPod, b: QueuedPod): boolean;
  preFilter?(state: CycleState, pod: PodInfo): PreFilterResult;
  readonly preFilterExtensions?: PreFilterExtensions;
  filter?(state: CycleState, pod: PodInfo, node: NodeInfo): Status | null;
  postFilter?(state: CycleState, pod: PodInfo, statuses: NodeStatuses): PostFilterResult;
  preScore?(state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[]): Status | null;
  /** Any whole number; with normalizeScore the final one must be 0 to 100. */
  score?(state: CycleState, pod: PodInfo, node: NodeInfo): number;
  /** Rewrites `scores` (one per node of `nodes`) in place. */
  normalizeScore?(state: CycleState, pod: PodInfo, scores: Float64Array, nodes: readonly NodeInfo[]): void;
  reserve?(state: CycleState, pod: PodInfo, nodeName: string): Status | null;
  unreserve?(state: CycleState, pod: PodInfo, nodeName: string): void;
  /** Wait with a timeout in micros, or a verdict. */
  permit?(
    state: CycleState,
    pod: PodInfo,
    nodeName: string,
  ): { readonly status: Status | null; readonly timeoutMicros: number };
  preBind?(state: CycleState, pod: PodInfo, nodeName: string): Status | RetryLater | null;
  /** Skip hands on to the next Bind plugin. */
  bind?(state: CycleState, pod: PodInfo, nodeName: string): Status | null;
  postBind?(state: CycleState, pod: PodInfo, nodeName: string): void;

  /** What may make a pod that this plugin rejected schedulable again. Absent: any event. */
  eventsToRegister?(): readonly EventRegistration[];
}

/** What the framework offers a plugin. */
export interface Handle {
  readonly cluster: SchedulerCache;
  /** The nodes of the current cycle in the cache's order. */
  readonly snapshot: SchedulerSnapshot;
  /** Tells counters which pods come to nodes and leave them. */
  readonly placements: Placements;
  /**
   * Runs the Filter plugins of the profile on one node, nominated pods of equal or higher priority included (for
   * PostFilter plugins).
   */
  filterWithNominatedPods(state: CycleState, pod: PodInfo, node: NodeInfo): Status | null;
  /** As Profile's; absent or null: every plugin has to be asked. */
  decidingFilter?(template: PodTemplate): Plugin | null;
  /** As Profile's; absent or null: it cannot be told in amounts. */
  decidingRoom?(state: CycleState, template: PodTemplate): DecidingRoom | null;
  /** As Profile's; absent: it cannot be said. */
  asksNodeOnly?(template: PodTemplate): boolean;
  runPreFilterAddPod(state: CycleState, pod: PodInfo, podToAdd: number, node: NodeInfo): Status | null;
  runPreFilterRemovePod(state: CycleState, pod: PodInfo, podToRemove: number, node: NodeInfo): Status | null;
  /**
   * Pods nominated to a node, in order of nomination; rows. The same list as long as neither they nor their number
   * change.
   */
  nominatedPods(nodeName: string): readonly number[];
  /** By name of the node, the pods nominated to it. */
  nominations(): ReadonlyMap<string, readonly number[]>;
  /** Nominations in all. */
  nominationCount(): number;
  /** What has changed of them; absent: nobody knows. */
  nominationLog?(): NominationLog;
  /** A named random stream of this plugin's own. */
  random(purpose: string): RandomStream;
  /** Micros. */
  now(): number;
  /** Moves pods from backoff or unschedulable to the active queue, ignoring backoff. */
  activate(pods: readonly number[]): void;
  /** Pods that wait on Permit: let one go, or reject it. */
  allowWaitingPod(pod: number, plugin: string): void;
  rejectWaitingPod(pod: number, plugin: string, message: string): boolean;
  /** Writes into claims and volumes what Reserve promised (BindPodVolumes); absent: nobody does, or somebody else. */
  readonly bindVolumes?:
    | ((plan: VolumePlan, node: { readonly name: string; readonly labels: ReadonlyMap<string, string> }) => void)
    | undefined;
  /** Asks the API to delete a victim; asynchronous when preemption is. */
  readonly preemption: PreemptionPort;
  readonly schedulerName: string;
}

/** What preemption does to the world; implemented by the scheduler. */
export interface PreemptionPort {
  /** Deletes the victims and clears lower nominations on the node; the preemptor is gated until the calls are done. */
  execute(preemptor: number, victims: readonly number[], nodeName: string): void;
  isRunningFor(pod: number): boolean;
  /** true: it runs for no pod. Absent: nobody knows. */
  readonly isIdle?: boolean;
}

export interface PluginFactory {
  readonly name: string;
  /** One line for `podyard plugins`. */
  readonly summary: string;
  /** Arguments with their defaults, as KubeSchedulerConfiguration's pluginConfig names them; absent: takes none. */
  readonly defaultArgs?: Readonly<Record<string, unknown>>;
  /** `args` are decoded and defaulted. */
  create(args: Readonly<Record<string, unknown>>, handle: Handle): Plugin;
}

export { allocatableOf, freeOn, podsOn, requestOf, requestedOn } from './amounts.ts';
export type { CycleState, StateKey } from './cycle-state.ts';
export { stateKey } from './cycle-state.ts';
export { Code, SKIP, unschedulable, unresolvable, errorStatus } from './status.ts';
export type { Status } from './status.ts';
export { Action, event } from './cluster-event.ts';
export type { EventRegistration, QueueingHint } from './cluster-event.ts';
export type { PodInfo } from './pod-info.ts';
export type { NodeInfo } from '../cache/node-info.ts';
export type { SchedulerSnapshot } from '../cache/snapshot.ts';
