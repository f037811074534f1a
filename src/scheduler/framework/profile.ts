/**
 * A profile: the plugins of one schedulerName in their order at each extension point, and how verdicts combine
 * (pkg/scheduler/framework/runtime/framework.go). Holds no state of a cycle: that is in CycleState.
 */
import { compareTexts, sortedTexts } from '../../cluster/label-requirements.ts';
import { assert } from '../../base/assert.ts';
import type { Micros } from '../../base/time.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import type { CycleState } from './cycle-state.ts';
import type { NominationLog } from '../queue/nominator.ts';
import { PodInfo } from './pod-info.ts';
import { MAX_NODE_SCORE, MIN_NODE_SCORE } from './plugin-api.ts';
import type {
  DecidingRoom,
  Dependence,
  Handle,
  NodeStatuses,
  Plugin,
  PluginFactory,
  PostFilterResult,
} from './plugin-api.ts';
import { Code, errorStatus, lazyStatus, statusMessage, unresolvable } from './status.ts';
import type { Status } from './status.ts';

/** A decoded profile: plugin names per extension point, in order. */
export interface ProfileSpec {
  readonly schedulerName: string;
  /** null: the global setting counts. */
  readonly percentageOfNodesToScore: number | null;
  readonly points: ProfilePoints;
  /** Arguments by plugin name, defaulted. */
  readonly args: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface ProfilePoints {
  readonly preEnqueue: readonly string[];
  readonly queueSort: readonly string[];
  readonly preFilter: readonly string[];
  readonly filter: readonly string[];
  readonly postFilter: readonly string[];
  readonly preScore: readonly string[];
  readonly score: readonly { readonly name: string; readonly weight: number }[];
  readonly reserve: readonly string[];
  readonly permit: readonly string[];
  readonly preBind: readonly string[];
  readonly bind: readonly string[];
  readonly postBind: readonly string[];
}

type Implementing<K extends keyof Plugin> = Plugin & Required<Pick<Plugin, K>>;

export interface ScorePlugin {
  readonly plugin: Implementing<'score'>;
  readonly weight: number;
}

export interface PreFilterVerdict {
  readonly status: Status | null;
  /** null: all nodes. */
  readonly nodeNames: ReadonlySet<string> | null;
  /** Plugins that restricted the nodes, sorted. */
  readonly restrictors: readonly string[];
}

/** What a plugin's weighted scores came from: one of each a node. */
export interface CollectedScores {
  readonly nodes: readonly NodeInfo[];
  readonly raw: Float64Array;
  readonly normalized: Float64Array;
  readonly weight: number;
}

/** Receives each plugin's weighted final scores, for explanations and conformance. */
export type ScoreCollector = (plugin: string, weighted: Float64Array, from: CollectedScores) => void;

export class Profile {
  readonly schedulerName: string;
  readonly percentageOfNodesToScore: number | null;
  readonly preEnqueue: readonly Implementing<'preEnqueue'>[];
  readonly queueSort: Implementing<'less'>;
  readonly preFilter: readonly Implementing<'preFilter'>[];
  readonly filter: readonly Implementing<'filter'>[];
  readonly postFilter: readonly Implementing<'postFilter'>[];
  readonly preScore: readonly Implementing<'preScore'>[];
  readonly score: readonly ScorePlugin[];
  readonly reserve: readonly Plugin[];
  readonly permit: readonly Implementing<'permit'>[];
  readonly preBind: readonly Implementing<'preBind'>[];
  readonly bind: readonly Implementing<'bind'>[];
  readonly postBind: readonly Implementing<'postBind'>[];
  /** Every plugin once, in order of first mention. */
  readonly plugins: readonly Plugin[];
  /** What remembered answers say of all nodes changes with the cluster, and only then: each plugin promises it. */
  readonly changesWithCluster: boolean;
  readonly spec: ProfileSpec;
  private readonly handle: Handle;

  constructor(spec: ProfileSpec, registry: ReadonlyMap<string, PluginFactory>, handle: Handle) {
    const made = new Map<string, Plugin>();
    const plugin = (name: string): Plugin => {
      const known = made.get(name);
      if (known !== undefined) return known;
      const factory = registry.get(name);
      assert(factory !== undefined, `plugin ${name} is not registered`);
      const created = factory.create(spec.args[name] ?? factory.defaultArgs ?? {}, handle);
      made.set(name, created);
      return created;
    };
    const implementing = <K extends keyof Plugin>(point: K, names: readonly string[]): Implementing<K>[] =>
      names.map((name) => {
        const candidate = plugin(name);
        assert(candidate[point] !== undefined, `plugin ${name} does not implement ${String(point)}`);
        return candidate as Implementing<K>;
      });
    const { points } = spec;
    this.spec = spec;
    this.schedulerName = spec.schedulerName;
    this.percentageOfNodesToScore = spec.percentageOfNodesToScore;
    this.preEnqueue = implementing('preEnqueue', points.preEnqueue);
    this.queueSort = implementing('less', points.queueSort)[0];
    this.preFilter = implementing('preFilter', points.preFilter);
    this.filter = implementing('filter', points.filter);
    this.postFilter = implementing('postFilter', points.postFilter);
    this.preScore = implementing('preScore', points.preScore);
    this.score = points.score.map(({ name, weight }) => ({ plugin: implementing('score', [name])[0], weight }));
    this.reserve = points.reserve.map(plugin);
    this.permit = implementing('permit', points.permit);
    this.preBind = implementing('preBind', points.preBind);
    this.bind = implementing('bind', points.bind);
    this.postBind = implementing('postBind', points.postBind);
    this.plugins = [...made.values()];
    this.changesWithCluster = [...this.preFilter, ...this.filter].every(changesWithCluster);
    this.handle = handle;
  }

  /** Whether PreScore of a plugin fails because its PreFilter is left out: the plain scan finds out which. */
  get lacksPreFilter(): boolean {
    const { preFilter } = this;
    return this.preScore.some(
      (plugin: Plugin) =>
        plugin.preScoreNeedsPreFilter === true && !preFilter.some((other: Plugin) => other === plugin),
    );
  }

  /** PreScore of plugins whose Score is not asked. */
  get lonePreScores(): readonly Implementing<'preScore'>[] {
    const scored = new Set<Plugin>(this.score.map(({ plugin }) => plugin));
    return this.preScore.filter((plugin: Plugin) => !scored.has(plugin));
  }

  /** Whether any pod waits for a node after a preemption: filters must then count it. */
  get hasNominatedPods(): boolean {
    return this.handle.nominationCount() > 0;
  }

  /** Of pods that are nominated to a node, whether filters take any as present in a cycle of this pod. */
  countsAnyOf(nominated: readonly number[], pod: PodInfo): boolean {
    return nominated.some((other) => this.countsNominated(other, pod));
  }

  /** Another one of no lower priority. */
  private countsNominated(nominated: number, pod: PodInfo): boolean {
    return nominated !== pod.row && this.handle.cluster.templateOf(nominated).priority >= pod.priority;
  }

  /** Handle's: the pods nominated to each node, by its name. */
  nominations(): ReadonlyMap<string, readonly number[]> {
    return this.handle.nominations();
  }

  /** Handle's. */
  nominationLog(): NominationLog | undefined {
    return this.handle.nominationLog?.();
  }

  /**
   * The filter whose rejection of a node, in a cycle of such a pod, is also what the node would say with pods taken
   * off as long as this one filter rejects it: those before it hang on the node's object alone or skip the pod, it
   * looks at the node and its pods only, and no plugin has to be told of pods that come and go. null: there is none.
   */
  decidingFilter(template: PodTemplate): Plugin | null {
    if (this.followsPods(template)) return null;
    const first = this.filter.find((plugin) => plugin.dependence?.filter !== 'facts' && !passesAll(plugin, template));
    return first?.dependence?.filter === 'node' ? first : null;
  }

  /**
   * The same in amounts, with the filters after it that are not skipped and look at the node's object alone; null:
   * there is no such filter, or it asks for more.
   */
  decidingRoom(state: CycleState, template: PodTemplate): DecidingRoom | null {
    const deciding = this.decidingFilter(template);
    const wanted = deciding?.roomOf?.(template) ?? null;
    if (deciding === null || wanted === null) return null;
    const after = this.filter.slice(this.filter.findIndex((plugin) => plugin === deciding) + 1);
    const others = after.filter((plugin) => !state.skipFilter.has(plugin.name) && !passesAll(plugin, template));
    return others.every(({ dependence }) => dependence?.filter === 'facts') ? { wanted, others } : null;
  }

  /**
   * Whether all that filters say of a node in a cycle of such a pod hangs on the node, its pods and those nominated
   * to it, with some of them taken off, too.
   */
  asksNodeOnly(template: PodTemplate): boolean {
    return (
      !this.followsPods(template) &&
      this.filter.every((plugin) => isLocal(plugin.dependence?.filter) || passesAll(plugin, template))
    );
  }

  /** Whether some plugin has to be told, in a cycle of such a pod, of pods that come and go in thought. */
  private followsPods(template: PodTemplate): boolean {
    return this.preFilter.some((plugin) => plugin.preFilterExtensions !== undefined && !passesAll(plugin, template));
  }

  /** null: may enter the active queue. The first plugin that refuses gates the pod. */
  runPreEnqueue(pod: PodInfo): Status | null {
    for (const plugin of this.preEnqueue) {
      const status = plugin.preEnqueue(pod);
      if (status !== null) return status;
    }
    return null;
  }

  /** Whether no pod of the template would be gated, as things stand. */
  letsAllIn(template: PodTemplate): boolean {
    return this.preEnqueue.every((plugin) => plugin.letsAllIn?.(template) === true);
  }

  runPreFilter(state: CycleState, pod: PodInfo): PreFilterVerdict {
    let nodeNames: ReadonlySet<string> | null = null;
    let rejection: Status | null = null;
    const restrictors: string[] = [];
    for (const plugin of this.preFilter) {
      const result = plugin.preFilter(state, pod);
      const { status } = result;
      if (status !== null) {
        if (status.code === Code.Skip) state.skipFilter.add(plugin.name);
        else if (status.code === Code.UnschedulableAndUnresolvable) return { status, nodeNames: null, restrictors };
        else if (status.code === Code.Unschedulable) rejection = status;
        else
          return {
            status: errorStatus(plugin.name, `running PreFilter plugin "${plugin.name}": ${statusMessage(status)}`),
            nodeNames: null,
            restrictors,
          };
        if (status.code !== Code.Skip) continue;
      }
      if (result.nodeNames === null) continue;
      restrictors.push(plugin.name);
      nodeNames = nodeNames === null ? result.nodeNames : intersection(nodeNames, result.nodeNames);
      if (nodeNames.size === 0)
        return { status: emptyNodeSet(restrictors), nodeNames, restrictors: restrictors.sort(compareTexts) };
    }
    return { status: rejection, nodeNames, restrictors: restrictors.sort(compareTexts) };
  }

  /** The first rejection, or null. */
  runFilter(state: CycleState, pod: PodInfo, node: NodeInfo): Status | null {
    const { filter } = this;
    const skipped = state.skipFilter;
    for (let i = 0; i < filter.length; i++) {
      const plugin = filter[i];
      if (skipped.has(plugin.name)) continue;
      const status = plugin.filter(state, pod, node);
      if (status !== null) return status;
    }
    return null;
  }

  /**
   * Filters with the pods that are nominated to the node and at least as important taken as present, then without
   * them; both must pass (pkg/scheduler/framework/runtime: RunFilterPluginsWithNominatedPods).
   */
  runFilterWithNominatedPods(state: CycleState, pod: PodInfo, node: NodeInfo): Status | null {
    const nominated = this.handle.nominatedPods(node.name);
    if (nominated.length > 0) {
      const { cluster } = this.handle;
      const others = nominated.filter((other) => this.countsNominated(other, pod));
      if (others.length > 0) {
        const whatIfState = state.clone();
        const whatIfNode = node.whatIf(cluster.nodes.stride);
        for (const other of others) {
          whatIfNode.addPod(other, cluster.templateOf(other));
          const added = this.runPreFilterAddPod(whatIfState, pod, other, whatIfNode);
          if (added !== null) return added;
        }
        const status = this.runFilter(whatIfState, pod, whatIfNode);
        if (status !== null) return status;
      }
    }
    return this.runFilter(state, pod, node);
  }

  runPreFilterAddPod(state: CycleState, pod: PodInfo, podToAdd: number, node: NodeInfo): Status | null {
    for (const plugin of this.preFilter) {
      if (plugin.preFilterExtensions === undefined || state.skipFilter.has(plugin.name)) continue;
      const status = plugin.preFilterExtensions.addPod(state, pod, podToAdd, node);
      if (status !== null) return status;
    }
    return null;
  }

  runPreFilterRemovePod(state: CycleState, pod: PodInfo, podToRemove: number, node: NodeInfo): Status | null {
    for (const plugin of this.preFilter) {
      if (plugin.preFilterExtensions === undefined || state.skipFilter.has(plugin.name)) continue;
      const status = plugin.preFilterExtensions.removePod(state, pod, podToRemove, node);
      if (status !== null) return status;
    }
    return null;
  }

  /** Success or UU ends the round; Unschedulable collects reasons and goes on. */
  runPostFilter(state: CycleState, pod: PodInfo, statuses: NodeStatuses): PostFilterResult {
    const verdicts: Status[] = [];
    let nominatedNodeName: string | null = null;
    let rejected = '';
    const again: (() => void)[] = [];
    let settled = true;
    for (const plugin of this.postFilter) {
      const result = plugin.postFilter(state, pod, statuses);
      if (result.status === null || result.status.code === Code.UnschedulableAndUnresolvable) {
        const { again: _promise, settled: _always, ...said } = result;
        return said;
      }
      if (result.status.code !== Code.Unschedulable)
        return { status: errorStatus(plugin.name, ...result.status.reasons), nominatedNodeName: null };
      verdicts.push(result.status);
      if (result.again !== undefined) again.push(result.again);
      settled &&= result.settled === true;
      rejected = plugin.name;
      if (result.nominatedNodeName !== null) nominatedNodeName = result.nominatedNodeName;
    }
    const words = (): readonly string[] => verdicts.flatMap((status) => status.reasons);
    const result = { status: lazyStatus(rejected, verdicts, words), nominatedNodeName };
    if (again.length < verdicts.length) return result;
    return { ...result, settled, again: again.length === 1 ? again[0] : () => again.forEach((ask) => ask()) };
  }

  /** PreFilter of these plugins only. false: one rejects the pod or restricts its nodes, and ends it. */
  passesPreFilter(state: CycleState, pod: PodInfo, only: ReadonlySet<Plugin>): boolean {
    for (const plugin of this.preFilter) {
      if (!only.has(plugin)) continue;
      const { status, nodeNames } = plugin.preFilter(state, pod);
      if (status?.code === Code.Skip) state.skipFilter.add(plugin.name);
      else if (status !== null || nodeNames !== null) return false;
    }
    return true;
  }

  /** `only`: of these plugins; absent: of all. */
  runPreScore(
    state: CycleState, pod: PodInfo, nodes: readonly NodeInfo[], only?: ReadonlySet<Plugin>,
  ): Status | null {
    for (const plugin of this.preScore) {
      if (only?.has(plugin) === false) continue;
      const status = plugin.preScore(state, pod, nodes);
      if (status === null) continue;
      if (status.code !== Code.Skip)
        return errorStatus(plugin.name, `running PreScore plugin "${plugin.name}": ${statusMessage(status)}`);
      state.skipScore.add(plugin.name);
    }
    return null;
  }

  /** Adds all plugins' weighted scores into `totals` (one per node, zeroed here); `scratch` is as long. */
  runScore(
    state: CycleState,
    pod: PodInfo,
    nodes: readonly NodeInfo[],
    totals: Float64Array,
    scratch: Float64Array,
    collect?: ScoreCollector,
  ): Status | null {
    totals.fill(0, 0, nodes.length);
    return this.addScores(this.score, state, pod, nodes, totals, scratch, collect);
  }

  /** Adds the weighted scores of some of the score plugins. */
  addScores(
    plugins: readonly ScorePlugin[],
    state: CycleState,
    pod: PodInfo,
    nodes: readonly NodeInfo[],
    totals: Float64Array,
    scratch: Float64Array,
    collect?: ScoreCollector,
  ): Status | null {
    const count = nodes.length;
    for (const { plugin, weight } of plugins) {
      if (state.skipScore.has(plugin.name)) continue;
      const scores = scratch.subarray(0, count);
      for (let i = 0; i < count; i++) scores[i] = plugin.score(state, pod, nodes[i]);
      const raw = collect === undefined ? null : scores.slice();
      plugin.normalizeScore?.(state, pod, scores, nodes);
      for (let i = 0; i < count; i++) {
        if (!isValidScore(scores[i])) return invalidScore(plugin, scores[i]);
        totals[i] += weight * scores[i];
      }
      if (collect === undefined || raw === null) continue;
      const from = { nodes, raw, normalized: scores.slice(), weight };
      collect(plugin.name, scores.map((value) => value * weight), from);
    }
    return null;
  }
}

/** Whether the plugin has nothing to say in a cycle of such a pod, as things stand. */
export function isInert(plugin: Plugin, template: PodTemplate): boolean {
  return plugin.inert?.(template) === true;
}

/** Whether its filter rejects no node, and nobody has to tell it of pods. */
export function passesAll(plugin: Plugin, template: PodTemplate): boolean {
  return isInert(plugin, template) || plugin.filtersNothing?.(template) === true;
}

function changesWithCluster({ dependence, inert, inertUntilChange, domains }: Plugin): boolean {
  if (isLocal(dependence?.filter)) return true;
  return inert === undefined ? domains !== undefined : inertUntilChange === true;
}

/** Whether an answer with this dependence hangs on the node and its pods at most. */
/** Whether a PreScore whose Score is not asked may fail for other reasons than the pod's template. */
export function mayFailAlone({ dependence, domains, preScoreNeedsPreFilter }: Plugin): boolean {
  return !isLocal(dependence?.score) && domains === undefined && preScoreNeedsPreFilter !== true;
}

export function isLocal(dependence: Dependence | undefined): boolean {
  return dependence === 'facts' || dependence === 'node';
}

export function isValidScore(score: number): boolean {
  return score >= MIN_NODE_SCORE && score <= MAX_NODE_SCORE;
}

export function invalidScore({ name }: Plugin, score: number): Status {
  return errorStatus(
    name,
    `plugin "${name}" returns an invalid score ${score}, it should in the range of [${MIN_NODE_SCORE}, ` +
      `${MAX_NODE_SCORE}] after normalizing`,
  );
}

function intersection(a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...a].filter((name) => b.has(name)));
}

function emptyNodeSet(restrictors: readonly string[]): Status {
  const names = sortedTexts(restrictors);
  if (names.length === 1) return unresolvable('', `node(s) didn't satisfy plugin ${names[0]}`);
  return unresolvable('', `node(s) didn't satisfy plugin(s) [${names.join(' ')}] simultaneously`);
}

/**
 * Which of two pods QueueSort puts first; null: it is PrioritySort. All profiles of a scheduler have the same one.
 * `timestampOf`: when a pod came into the queue.
 */
export function orderBefore(
  profiles: ReadonlyMap<string, Profile>, cache: SchedulerCache, timestampOf: (pod: number) => Micros,
): ((a: number, b: number) => boolean) | null {
  const [first] = profiles.values();
  assert(first !== undefined, 'a scheduler has a profile');
  if (first.queueSort.name === 'PrioritySort') return null;
  const left = new PodInfo(cache, -1);
  const right = new PodInfo(cache, -1);
  return (a, b) => {
    left.row = a;
    right.row = b;
    return first.queueSort.less({ pod: left, timestamp: timestampOf(a) }, { pod: right, timestamp: timestampOf(b) });
  };
}
