/**
 * InterPodAffinity (PreFilter, Filter, PreScore, Score): pods that want to be, or must not be, in one topology domain
 * with other pods, and what running pods want in turn. PreFilter looks at every pod when the pod has required terms,
 * else at pods on nodes with required anti-affinity; PreScore at every pod when it has preferences, else at nodes with
 * affinity.
 * Source: plugins/interpodaffinity/{plugin,filtering,scoring}.go.
 */
import type { NodeInfo } from '../cache/node-info.ts';
import { stateKey } from '../framework/cycle-state.ts';
import type { Cloneable, CycleState } from '../framework/cycle-state.ts';
import { MAX_NODE_SCORE } from '../framework/plugin-api.ts';
import type { Handle, Plugin, PluginFactory, PreFilterResult } from '../framework/plugin-api.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { SKIP, errorStatus, unresolvable, unschedulable } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';
import { TopologyCounts } from './inter-pod-affinity-counts.ts';
import { affinityDomains, hasPreferences } from '../fast/inter-pod-affinity-domains.ts';
import { affinityEvents } from './inter-pod-affinity-hints.ts';
import { AffinityRelations, NO_RELATION, matchesAllTerms } from './inter-pod-affinity-terms.ts';
import type { AffinityTerms, Relation } from './inter-pod-affinity-terms.ts';

const NAME = 'InterPodAffinity';
const AFFINITY_UNMET = unresolvable(NAME, "node(s) didn't match pod affinity rules");
const ANTI_AFFINITY_VIOLATED = unschedulable(NAME, "node(s) didn't match pod anti-affinity rules");
const EXISTING_ANTI_AFFINITY_VIOLATED = unschedulable(NAME, "node(s) didn't satisfy existing pods anti-affinity rules");

interface FilterState extends Cloneable {
  readonly terms: AffinityTerms;
  /** Existing pods' required anti-affinity to the pod. */
  readonly existingAnti: TopologyCounts;
  /** Pods that match all required affinity terms, in the domains of each term. */
  readonly affinity: TopologyCounts;
  readonly anti: TopologyCounts;
}
const FILTER_STATE = stateKey<FilterState>(`PreFilter${NAME}`);

/** Weight by topology key and value. */
type TopologyScore = ReadonlyMap<string, ReadonlyMap<string, number>>;
const SCORE_STATE = stateKey<TopologyScore>(`PreScore${NAME}`);

export const InterPodAffinity: PluginFactory = {
  name: NAME,
  summary: 'pods near to, or away from, other pods',
  defaultArgs: { hardPodAffinityWeight: 1, ignorePreferredTermsOfExistingPods: false },
  create(args, handle): Plugin {
    const relations = new AffinityRelations(handle.cluster, Number(args['hardPodAffinityWeight'] ?? 1));
    return createPlugin(relations, args['ignorePreferredTermsOfExistingPods'] === true, handle);
  },
};

function createPlugin(
  relations: AffinityRelations, ignorePreferredTermsOfExistingPods: boolean, handle: Handle,
): Plugin {
  const { cluster } = handle;
  const update = (state: CycleState, pod: PodInfo, row: number, node: NodeInfo, change: 1 | -1): null => {
    const filterState = state.read(FILTER_STATE);
    if (filterState !== undefined)
      countPod(filterState, relations.relation(pod.template, cluster.pods.template[row]), node, change);
    return null;
  };
  return {
    name: NAME,
    dependence: { filter: 'cluster', score: 'cluster' },
    inert: (template) => !template.hasPodAffinity && cluster.totals.podsWithAffinity === 0,
    inertUntilChange: true,
    domains: affinityDomains(
      relations,
      ignorePreferredTermsOfExistingPods,
      { affinity: AFFINITY_UNMET, anti: ANTI_AFFINITY_VIOLATED, existingAnti: EXISTING_ANTI_AFFINITY_VIOLATED },
      handle,
    ),
    preFilter: (state, pod) => preFilter(state, pod, relations, handle),
    preFilterExtensions: {
      addPod: (state, pod, added, node) => update(state, pod, added, node, 1),
      removePod: (state, pod, removed, node) => update(state, pod, removed, node, -1),
    },
    filter: (state, pod, node) => filter(state.read(FILTER_STATE), pod, node),
    preScore: (state, pod, nodes) => {
      const prefers = hasPreferences(pod.template);
      if (nodes.length === 0 || (ignorePreferredTermsOfExistingPods && !prefers)) return SKIP;
      return preScore(state, pod, relations, prefers, handle);
    },
    score: (state, _pod, node) => score(state.read(SCORE_STATE), node),
    normalizeScore: (state, _pod, scores) => {
      if (state.read(SCORE_STATE) !== undefined) normalizeScore(scores);
    },
    eventsToRegister: () => affinityEvents(relations, cluster.features.anyAntiAffinityTermHints),
  };
}

function preFilter(state: CycleState, pod: PodInfo, relations: AffinityRelations, handle: Handle): PreFilterResult {
  const { template } = pod;
  const terms = relations.waitingTerms(template);
  if (terms.error !== '') return { status: unresolvable(NAME, `parsing pod: ${terms.error}`), nodeNames: null };
  const hasRequiredTerms = terms.required.length + terms.requiredAnti.length > 0;
  if (!hasRequiredTerms && handle.cluster.totals.podsWithAffinity === 0) return { status: SKIP, nodeNames: null };
  const filterState = newFilterState(terms, new TopologyCounts(), new TopologyCounts(), new TopologyCounts());
  const templateOf = handle.cluster.pods.template;
  for (const node of handle.snapshot.nodes) {
    if (!hasRequiredTerms && node.podsWithRequiredAntiAffinity === 0) continue;
    for (const row of node.pods) {
      const relation = relations.relation(template, templateOf[row]);
      if (relation !== NO_RELATION) countPod(filterState, relation, node, 1);
    }
  }
  if (!hasRequiredTerms && filterState.existingAnti.isEmpty) return { status: SKIP, nodeNames: null };
  state.write(FILTER_STATE, filterState);
  return { status: null, nodeNames: null };
}

function newFilterState(
  terms: AffinityTerms, existingAnti: TopologyCounts, affinity: TopologyCounts, anti: TopologyCounts,
): FilterState {
  return {
    terms,
    existingAnti,
    affinity,
    anti,
    clone: () => newFilterState(terms, existingAnti.copy(), affinity.copy(), anti.copy()),
  };
}

function countPod(
  { terms, existingAnti, affinity, anti }: FilterState, relation: Relation, { labels }: NodeInfo, change: 1 | -1,
): void {
  for (const key of relation.existingAntiKeys) existingAnti.add(key, labels, change);
  if (relation.matchesAffinity) for (const { topologyKey } of terms.required) affinity.add(topologyKey, labels, change);
  for (const key of relation.antiKeys) anti.add(key, labels, change);
}

function filter(state: FilterState | undefined, pod: PodInfo, node: NodeInfo): Status | null {
  if (state === undefined) return null;
  if (!satisfiesAffinity(state, pod, node)) return AFFINITY_UNMET;
  if (!satisfiesAntiAffinity(state, node)) return ANTI_AFFINITY_VIOLATED;
  return state.existingAnti.anyAt(node.labels) ? EXISTING_ANTI_AFFINITY_VIOLATED : null;
}

/**
 * The first pod of a group that wants to be together may go anywhere: no pod matches yet, and it would match itself.
 */
function satisfiesAffinity({ terms, affinity }: FilterState, pod: PodInfo, { labels }: NodeInfo): boolean {
  let podsExist = true;
  for (const { topologyKey } of terms.required) {
    const value = labels.get(topologyKey);
    if (value === undefined) return false;
    if (affinity.get(topologyKey, value) <= 0) podsExist = false;
  }
  return podsExist || (affinity.isEmpty && matchesAllTerms(terms.required, pod.template));
}

function satisfiesAntiAffinity({ terms, anti }: FilterState, { labels }: NodeInfo): boolean {
  if (anti.isEmpty) return true;
  for (const { topologyKey } of terms.requiredAnti) {
    const value = labels.get(topologyKey);
    if (value !== undefined && anti.get(topologyKey, value) > 0) return false;
  }
  return true;
}

function preScore(
  state: CycleState, pod: PodInfo, relations: AffinityRelations, prefers: boolean, handle: Handle,
): Status | null {
  const { template } = pod;
  const { error } = relations.waitingTerms(template);
  if (error !== '') return errorStatus(NAME, `failed to parse pod: ${error}`);
  const templateOf = handle.cluster.pods.template;
  const topologyScore = new Map<string, Map<string, number>>();
  for (const node of handle.snapshot.nodes) {
    if (node.labels.size === 0 || (!prefers && node.podsWithAffinity === 0)) continue;
    for (const row of node.pods) {
      for (const { topologyKey, weight } of relations.relation(template, templateOf[row]).weights)
        addScore(topologyScore, topologyKey, node, weight);
    }
  }
  if (topologyScore.size === 0) return SKIP;
  state.write(SCORE_STATE, topologyScore);
  return null;
}

function addScore(
  topologyScore: Map<string, Map<string, number>>, key: string, { labels }: NodeInfo, weight: number,
): void {
  const value = labels.get(key);
  if (value === undefined) return;
  let values = topologyScore.get(key);
  if (values === undefined) topologyScore.set(key, (values = new Map<string, number>()));
  values.set(value, (values.get(value) ?? 0) + weight);
}

function score(topologyScore: TopologyScore | undefined, { labels }: NodeInfo): number {
  let sum = 0;
  for (const [key, values] of topologyScore ?? []) {
    const value = labels.get(key);
    if (value !== undefined) sum += values.get(value) ?? 0;
  }
  return sum;
}

/** The quotient comes first and is a float64: 29 of 50 gives 57. */
function normalizeScore(scores: Float64Array): void {
  let min = Infinity;
  let max = -Infinity;
  for (const raw of scores) {
    if (raw < min) min = raw;
    if (raw > max) max = raw;
  }
  const range = max - min;
  for (let i = 0; i < scores.length; i++)
    scores[i] = range > 0 ? Math.trunc(MAX_NODE_SCORE * ((scores[i] - min) / range)) : 0;
}
