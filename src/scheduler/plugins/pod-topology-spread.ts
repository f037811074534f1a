/**
 * PodTopologySpread (PreFilter, Filter, PreScore, Score): spreads the pods that a selector matches over the values of a
 * node label. PreFilter and PreScore cost one look at every node that counts and every pod on it; Filter and Score a
 * few map lookups a node (and the node's pods for the hostname key in Score).
 * Source: plugins/podtopologyspread/{plugin,common,filtering,scoring}.go.
 */
import { HOSTNAME_LABEL, ZONE_LABEL } from '../../cluster/node-facts.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { TopologySpreadConstraint } from '../../cluster/objects.ts';
import type { CachedPods } from '../cache/cached-pods.ts';
import { stateKey } from '../framework/cycle-state.ts';
import type { Cloneable, CycleState } from '../framework/cycle-state.ts';
import { MAX_NODE_SCORE } from '../framework/plugin-api.ts';
import type { Handle, Plugin, PluginFactory, PreFilterResult } from '../framework/plugin-api.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { SKIP, errorStatus, unresolvable, unschedulable } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';
import { ConstraintTable, SOFT, hasAllKeys, heldPolicies, includes } from './pod-topology-spread-constraints.ts';
import type { SpreadConstraint, SpreadConstraints } from './pod-topology-spread-constraints.ts';
import { DomainCounts } from './pod-topology-spread-counts.ts';
import { spreadDomains } from '../fast/pod-topology-spread-domains.ts';
import { spreadEvents } from './pod-topology-spread-hints.ts';

const NAME = 'PodTopologySpread';
const TOO_SKEWED = unschedulable(NAME, "node(s) didn't match pod topology spread constraints");
const LABEL_MISSING = unresolvable(
  NAME,
  "node(s) didn't match pod topology spread constraints (missing required label)",
);

const SYSTEM_DEFAULTS: readonly TopologySpreadConstraint[] = [
  { topologyKey: HOSTNAME_LABEL, whenUnsatisfiable: SOFT, maxSkew: 3 },
  { topologyKey: ZONE_LABEL, whenUnsatisfiable: SOFT, maxSkew: 5 },
];

interface FilterState extends Cloneable {
  readonly compiled: SpreadConstraints;
  /** By hard constraint. */
  readonly counts: readonly DomainCounts[];
}
const FILTER_STATE = stateKey<FilterState>(`PreFilter${NAME}`);

interface ScoreState {
  readonly constraints: readonly SpreadConstraint[];
  /** Names of feasible nodes without all the keys: they get 0. */
  readonly ignored: ReadonlySet<string>;
  /** By constraint: matching pods by domain; empty for the hostname. */
  readonly counts: readonly Map<string, number>[];
  readonly weights: readonly number[];
}
const SCORE_STATE = stateKey<ScoreState>(`PreScore${NAME}`);

export const PodTopologySpread: PluginFactory = {
  name: NAME,
  summary: 'spreads matching pods over zones, nodes or other node labels',
  defaultArgs: { defaultingType: 'System', defaultConstraints: [] },
  create(args, handle): Plugin {
    const isSystem = args['defaultingType'] === 'System';
    const defaults = isSystem
      ? SYSTEM_DEFAULTS
      : ((args['defaultConstraints'] ?? []) as readonly TopologySpreadConstraint[]);
    return createPlugin(new ConstraintTable(handle.cluster, defaults), isSystem, handle);
  },
};

function createPlugin(table: ConstraintTable, isSystem: boolean, handle: Handle): Plugin {
  const { cluster } = handle;
  const update = (state: CycleState, pod: PodInfo, row: number, node: NodeInfo, change: 1 | -1): null => {
    updateWithPod(state.read(FILTER_STATE), pod, cluster.pods.template[row], node, change);
    return null;
  };
  return {
    name: NAME,
    dependence: { filter: 'cluster', score: 'cluster' },
    inert: (template) => {
      const { hard, soft, error } = table.of(template);
      return hard.length === 0 && soft.length === 0 && error === '';
    },
    filtersNothing: (template) => {
      const { hard, error } = table.of(template);
      return hard.length === 0 && error === '';
    },
    inertUntilChange: true,
    domains: spreadDomains(table, isSystem, { missing: LABEL_MISSING, skewed: TOO_SKEWED }, handle),
    preFilter: (state, pod) => preFilter(state, pod, table.of(pod.template), handle),
    preFilterExtensions: {
      addPod: (state, pod, added, node) => update(state, pod, added, node, 1),
      removePod: (state, pod, removed, node) => update(state, pod, removed, node, -1),
    },
    filter: (state, pod, node) => filter(state.read(FILTER_STATE), pod, node),
    preScore: (state, pod, nodes) => {
      const ownConstraints = pod.template.spec.topologySpreadConstraints ?? [];
      return preScore(state, pod, table.of(pod.template), nodes, ownConstraints.length > 0 || !isSystem, handle);
    },
    score: (state, _pod, node) => score(state.read(SCORE_STATE), node, cluster.pods),
    normalizeScore: (state, _pod, scores, nodes) => {
      normalizeScore(state.read(SCORE_STATE), scores, nodes);
    },
    eventsToRegister: () => spreadEvents(table),
  };
}

function preFilter(state: CycleState, pod: PodInfo, compiled: SpreadConstraints, handle: Handle): PreFilterResult {
  if (compiled.error !== '') return { status: errorStatus(NAME, compiled.error), nodeNames: null };
  const { hard } = compiled;
  if (hard.length === 0) return { status: SKIP, nodeNames: null };
  const counts = hard.map(() => new Map<string, number>());
  for (const node of handle.snapshot.nodes) {
    if (!hasAllKeys(node.labels, hard)) continue;
    const held = heldPolicies(compiled, pod, node);
    for (let i = 0; i < hard.length; i++) {
      if (includes(hard[i], held))
        addTo(counts[i], node.labels.get(hard[i].topologyKey) ?? '', countPods(hard[i], node, handle.cluster.pods));
    }
  }
  state.write(FILTER_STATE, filterState(compiled, counts.map((base) => new DomainCounts(base))));
  return { status: null, nodeNames: null };
}

function filterState(compiled: SpreadConstraints, counts: readonly DomainCounts[]): FilterState {
  return { compiled, counts, clone: () => filterState(compiled, counts.map((domain) => domain.copy())) };
}

/** An empty selector counts no pod. */
function countPods({ test, matcher }: SpreadConstraint, node: NodeInfo, pods: CachedPods): number {
  return test.empty ? 0 : matcher.countRunning(node.pods, pods);
}

function addTo(counts: Map<string, number>, value: string, count: number): void {
  counts.set(value, (counts.get(value) ?? 0) + count);
}

/** Neither terminating pods nor empty selectors are an exception here, as upstream has it. */
function updateWithPod(
  state: FilterState | undefined, pod: PodInfo, template: number, node: NodeInfo, change: 1 | -1,
): void {
  if (state === undefined) return;
  const { compiled, counts } = state;
  const { hard } = compiled;
  if (!hasAllKeys(node.labels, hard)) return;
  const held = heldPolicies(compiled, pod, node);
  for (let i = 0; i < hard.length; i++) {
    if (hard[i].matcher.matches(template) && includes(hard[i], held))
      counts[i].add(node.labels.get(hard[i].topologyKey) ?? '', change);
  }
}

function filter(state: FilterState | undefined, pod: PodInfo, node: NodeInfo): Status | null {
  if (state === undefined) return null;
  const { compiled, counts } = state;
  for (let i = 0; i < compiled.hard.length; i++) {
    const constraint = compiled.hard[i];
    const value = node.labels.get(constraint.topologyKey);
    if (value === undefined) return LABEL_MISSING;
    const self = constraint.matcher.matches(pod.template.id) ? 1 : 0;
    if (counts[i].count(value) + self - counts[i].minimum(constraint.minDomains) > constraint.maxSkew)
      return TOO_SKEWED;
  }
  return null;
}

function preScore(
  state: CycleState,
  pod: PodInfo,
  compiled: SpreadConstraints,
  feasible: readonly NodeInfo[],
  requireAll: boolean,
  handle: Handle,
): Status | null {
  if (compiled.error !== '') return errorStatus(NAME, compiled.error);
  const { soft } = compiled;
  if (soft.length === 0 || handle.snapshot.nodes.length === 0) return SKIP;
  const ignored = new Set<string>();
  const counts = soft.map(() => new Map<string, number>());
  for (const node of feasible) {
    if (requireAll && !hasAllKeys(node.labels, soft)) {
      ignored.add(node.name);
      continue;
    }
    for (let i = 0; i < soft.length; i++) {
      if (soft[i].topologyKey !== HOSTNAME_LABEL) counts[i].set(node.labels.get(soft[i].topologyKey) ?? '', 0);
    }
  }
  for (const node of handle.snapshot.nodes) {
    if (requireAll && !hasAllKeys(node.labels, soft)) continue;
    const held = heldPolicies(compiled, pod, node);
    for (let i = 0; i < soft.length; i++) {
      if (!includes(soft[i], held)) continue;
      const value = node.labels.get(soft[i].topologyKey) ?? '';
      if (counts[i].has(value)) addTo(counts[i], value, countPods(soft[i], node, handle.cluster.pods));
    }
  }
  const nodesInPlay = feasible.length - ignored.size;
  const weights = soft.map(({ topologyKey }, i) =>
    Math.log((topologyKey === HOSTNAME_LABEL ? nodesInPlay : counts[i].size) + 2),
  );
  state.write(SCORE_STATE, { constraints: soft, ignored, counts, weights });
  return null;
}

/** The fewer matching pods there are in the node's domains, the smaller; the more domains, the more a pod weighs. */
function score(state: ScoreState | undefined, node: NodeInfo, pods: CachedPods): number {
  if (state === undefined || state.ignored.has(node.name)) return 0;
  let sum = 0;
  for (let i = 0; i < state.constraints.length; i++) {
    const constraint = state.constraints[i];
    const value = node.labels.get(constraint.topologyKey);
    if (value === undefined) continue;
    const count =
      constraint.topologyKey === HOSTNAME_LABEL ? countPods(constraint, node, pods) : (state.counts[i].get(value) ?? 0);
    sum += count * state.weights[i] + (constraint.maxSkew - 1);
  }
  return Math.round(sum);
}

function normalizeScore(state: ScoreState | undefined, scores: Float64Array, nodes: readonly NodeInfo[]): void {
  if (state === undefined) return;
  const { ignored } = state;
  let min = Infinity;
  let max = 0;
  for (let i = 0; i < nodes.length; i++) {
    if (ignored.has(nodes[i].name)) continue;
    if (scores[i] < min) min = scores[i];
    if (scores[i] > max) max = scores[i];
  }
  for (let i = 0; i < nodes.length; i++) {
    if (ignored.has(nodes[i].name)) scores[i] = 0;
    else scores[i] = max === 0 ? MAX_NODE_SCORE : Math.floor((MAX_NODE_SCORE * (max + min - scores[i])) / max);
  }
}
