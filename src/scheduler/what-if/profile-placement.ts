/**
 * PlacementOracle by the scheduler's own profiles: PreFilter once per template and look, Filter per question. Filters
 * that depend on the wider cluster (spread constraints, inter-pod affinity) learn of moves in thought through
 * PreFilter's AddPod and RemovePod; for templates whose filters look at the node alone nothing is replayed.
 *
 * What PreFilter said is kept for later looks while all that it depends on is the template: the plugins that look at
 * the cluster let every node pass. Of filters that look at the node alone, those that read only the node's object are
 * asked once per template and state of that object. A question then costs what the resources and the ports cost, some
 * 50 ns.
 */
import { growInt32, growUint32, growUint8, grownCapacity } from '../../base/growable.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import { CycleState } from '../framework/cycle-state.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import { PodInfo } from '../framework/pod-info.ts';
import { isLocal, passesAll } from '../framework/profile.ts';
import type { Plugin } from '../framework/plugin-api.ts';
import type { Profile } from '../framework/profile.ts';
import type { PlacementOracle } from './placement-oracle.ts';

type FilterPlugin = Profile['filter'][number];

interface Prepared {
  readonly profile: Profile;
  /** After PreFilter, without any move; null: rejected everywhere. */
  readonly base: CycleState | null;
  /** The only nodes worth asking about, null: all. */
  readonly nodeNames: ReadonlySet<string> | null;
  readonly isNodeLocal: boolean;
  /** If node-local: the filters that read the node's object alone, and those that look at its pods, too. */
  readonly onFacts: readonly FilterPlugin[];
  readonly onNode: readonly FilterPlugin[];
  /** By node row: the factsGeneration for which `onFacts` were asked, 0: never; and 1 when all of them agreed. */
  askedFacts: Uint32Array;
  suits: Uint8Array;
  /** The look in which this was made, or found to hold still. */
  look: number;
  /** `base` with the first `applied` moves; null: to be made. */
  state: CycleState | null;
  applied: number;
}

/** What has to be asked of a template before it is known what its filters look at. */
interface Doubts {
  /** Plugins that filter, and may look at more of a pod than its spec. */
  readonly beyondSpec: readonly Plugin[];
  /** Plugins whose PreFilter may look at more than the template. */
  readonly beyondTemplate: readonly Plugin[];
  /** Both, each once. */
  readonly all: readonly Plugin[];
}

/** Templates whose preparations are kept; beyond that the memory is emptied. */
const KEPT_TEMPLATES = 1000;

export class ProfilePlacement implements PlacementOracle {
  /** Runs of PreFilter so far. */
  preFilterCount = 0;
  private readonly cluster: SchedulerCache;
  private readonly profiles: ReadonlyMap<string, Profile>;
  private readonly refreshSnapshot: () => void;
  private readonly view: PodInfo;
  moveCount = 0;
  /** Moves in thought, one entry in each below `moveCount`: a pod, the node, 1 when it was added there. */
  private readonly movedPods: number[] = [];
  private readonly movedNodes: NodeInfo[] = [];
  private readonly movedIn: (0 | 1)[] = [];
  /** By kind of templates. */
  private readonly prepared = new Map<number, Prepared | null>();
  private look = 0;
  /** By template: the look in which it was asked about last, and its kind then. */
  private askedIn: Uint32Array = new Uint32Array(0);
  private kinds: Int32Array = new Int32Array(0);
  /** By template: what was prepared of its kind then. */
  private readonly preparedOf: (Prepared | null)[] = [];
  private readonly doubts = new Map<Profile, Doubts>();

  /** `refreshSnapshot` brings the nodes that the profiles' plugins see up to date. */
  constructor(cluster: SchedulerCache, profiles: ReadonlyMap<string, Profile>, refreshSnapshot: () => void) {
    this.cluster = cluster;
    this.profiles = profiles;
    this.refreshSnapshot = refreshSnapshot;
    this.view = new PodInfo(cluster, -1);
  }

  refresh(): void {
    this.look++;
    if (this.prepared.size > KEPT_TEMPLATES) this.prepared.clear();
    this.moveCount = 0;
    this.refreshSnapshot();
  }

  localKind(pod: number): number {
    return this.prepare(pod)?.isNodeLocal === false ? -1 : this.kinds[this.cluster.pods.template[pod]];
  }

  isOpen(pod: number): boolean {
    const prepared = this.prepare(pod);
    return prepared !== null && prepared.isNodeLocal && prepared.base !== null && prepared.nodeNames === null;
  }

  fits(pod: number, node: NodeInfo): boolean {
    const prepared = this.prepare(pod);
    if (prepared === null || prepared.base === null) return false;
    if (prepared.nodeNames !== null && !prepared.nodeNames.has(node.name)) return false;
    this.view.row = pod;
    if (prepared.isNodeLocal)
      return this.suitsFacts(prepared, prepared.base, node) && this.passes(prepared.onNode, prepared.base, node);
    return prepared.profile.runFilter(this.caughtUp(prepared, prepared.base), this.view, node) === null;
  }

  podAdded(pod: number, node: NodeInfo): void {
    this.noteMove(pod, node, 1);
  }

  podRemoved(pod: number, node: NodeInfo): void {
    this.noteMove(pod, node, 0);
  }

  rollback(moveCount: number): void {
    this.moveCount = moveCount;
    for (const prepared of this.prepared.values()) {
      if (prepared === null || prepared.applied <= moveCount) continue;
      prepared.state = null;
      prepared.applied = 0;
    }
  }

  private noteMove(pod: number, node: NodeInfo, isIn: 0 | 1): void {
    const move = this.moveCount++;
    this.movedPods[move] = pod;
    this.movedNodes[move] = node;
    this.movedIn[move] = isIn;
  }

  private suitsFacts(prepared: Prepared, base: CycleState, node: NodeInfo): boolean {
    const { nodes } = this.cluster;
    const { row } = node;
    // A node that is not there yet, or a copy of one that has changed since.
    if (row < 0 || nodes.info[row].facts !== node.facts) return this.passes(prepared.onFacts, base, node);
    if (row >= prepared.askedFacts.length) {
      prepared.askedFacts = growUint32(prepared.askedFacts, nodes.capacity);
      prepared.suits = growUint8(prepared.suits, nodes.capacity);
    }
    if (prepared.askedFacts[row] !== nodes.factsGeneration[row]) {
      prepared.askedFacts[row] = nodes.factsGeneration[row];
      prepared.suits[row] = this.passes(prepared.onFacts, base, node) ? 1 : 0;
    }
    return prepared.suits[row] === 1;
  }

  private passes(filters: readonly FilterPlugin[], state: CycleState, node: NodeInfo): boolean {
    for (let i = 0; i < filters.length; i++) if (filters[i].filter(state, this.view, node) !== null) return false;
    return true;
  }

  private prepare(pod: number): Prepared | null {
    const template = this.cluster.pods.template[pod];
    if (this.askedIn[template] === this.look) return this.preparedOf[template];
    return this.prepareTemplate(this.cluster.templates.get(template), pod);
  }

  private prepareTemplate(template: PodTemplate, pod: number): Prepared | null {
    const { id } = template;
    if (id >= this.askedIn.length) this.makeRoom(id + 1);
    this.askedIn[id] = this.look;
    const profile = this.profiles.get(template.schedulerName);
    const doubts = profile === undefined ? null : this.doubtsOf(profile);
    const hasNone = doubts !== null && allPass(doubts.all, template);
    const kind = hasNone || (doubts !== null && allPass(doubts.beyondSpec, template)) ? template.specOf : id;
    this.kinds[id] = kind;
    let prepared = this.prepared.get(kind);
    if (prepared === undefined || (prepared !== null && !this.holdsStill(prepared, hasNone, template))) {
      prepared = profile === undefined ? null : this.runPreFilter(profile, pod);
      this.prepared.set(kind, prepared);
    }
    return (this.preparedOf[id] = prepared);
  }

  private doubtsOf(profile: Profile): Doubts {
    let doubts = this.doubts.get(profile);
    if (doubts === undefined) this.doubts.set(profile, (doubts = whatToAsk(profile)));
    return doubts;
  }

  private makeRoom(templates: number): void {
    const length = grownCapacity(this.askedIn.length, templates);
    this.askedIn = growUint32(this.askedIn, length);
    this.kinds = growInt32(this.kinds, length);
    while (this.preparedOf.length < length) this.preparedOf.push(null);
  }

  /**
   * Whether PreFilter would say the same again: surely, where no plugin is in doubt. Its moves in thought are those of
   * an earlier look, if any.
   */
  private holdsStill(prepared: Prepared, hasNoDoubts: boolean, template: PodTemplate): boolean {
    if (prepared.look === this.look) return true;
    if (!prepared.isNodeLocal) return false;
    if (!hasNoDoubts && !allPass(this.doubtsOf(prepared.profile).beyondTemplate, template)) return false;
    prepared.look = this.look;
    return true;
  }

  private runPreFilter(profile: Profile, pod: number): Prepared {
    this.preFilterCount++;
    this.view.row = pod;
    const state = new CycleState();
    const { status, nodeNames } = profile.runPreFilter(state, this.view);
    const asked = profile.filter.filter((plugin) => !state.skipFilter.has(plugin.name));
    return {
      profile,
      base: status === null ? state : null,
      nodeNames,
      isNodeLocal: asked.every(({ dependence }) => isLocal(dependence?.filter)),
      onFacts: asked.filter(({ dependence }) => dependence?.filter === 'facts'),
      onNode: asked.filter(({ dependence }) => dependence?.filter !== 'facts'),
      askedFacts: new Uint32Array(0),
      suits: new Uint8Array(0),
      look: this.look,
      state: null,
      applied: 0,
    };
  }

  private caughtUp(prepared: Prepared, base: CycleState): CycleState {
    const state = (prepared.state ??= base.clone());
    for (; prepared.applied < this.moveCount; prepared.applied++) {
      const pod = this.movedPods[prepared.applied];
      const node = this.movedNodes[prepared.applied];
      if (this.movedIn[prepared.applied] === 1) prepared.profile.runPreFilterAddPod(state, this.view, pod, node);
      else prepared.profile.runPreFilterRemovePod(state, this.view, pod, node);
    }
    return state;
  }
}

/** Templates of one kind differ, if at all, in what no plugin of the profile that filters looks at. */
function whatToAsk({ preFilter, filter }: Profile): Doubts {
  const beyondSpec = [...preFilter, ...filter].filter(({ specOnly }) => specOnly !== true);
  const beyondTemplate = preFilter.filter(({ dependence }) => !isLocal(dependence?.filter));
  const all = [...new Set<Plugin>([...beyondSpec, ...beyondTemplate])];
  return { beyondSpec, beyondTemplate, all };
}

function allPass(plugins: readonly Plugin[], template: PodTemplate): boolean {
  for (let i = 0; i < plugins.length; i++) if (!passesAll(plugins[i], template)) return false;
  return true;
}
