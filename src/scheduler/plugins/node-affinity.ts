/**
 * NodeAffinity (PreFilter, Filter, PreScore, Score): nodeSelector, required and preferred node affinity, and the
 * affinity that the configuration adds. A pod pinned to a node (a DaemonSet's) counts as one whose every required term
 * names that node by `metadata.name`. Source: plugins/nodeaffinity/node_affinity.go.
 */
import type { NodeFacts } from '../../cluster/node-facts.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { NodeAffinity as NodeAffinityObject, NodeSelectorTerm } from '../../cluster/objects.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import {
  SelectorError,
  compileNodeSelector,
  compilePreferredTerms,
  compileRequiredNodeAffinity,
} from '../../cluster/selectors.ts';
import type { CompiledNodeAffinity, CompiledNodeSelector, CompiledPreferredTerms } from '../../cluster/selectors.ts';
import { Action, event } from '../framework/cluster-event.ts';
import type { Plugin, PluginFactory, PreFilterResult } from '../framework/plugin-api.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { SKIP, errorStatus, unresolvable } from '../framework/status.ts';
import { defaultNormalizeScore } from './default-normalize.ts';

const NAME = 'NodeAffinity';
const POD_MISMATCH = unresolvable(NAME, "node(s) didn't match Pod's node affinity/selector");
const ENFORCED_MISMATCH = unresolvable(NAME, "node(s) didn't match scheduler-enforced node affinity");
const TERMS_CONFLICT = unresolvable(NAME, 'pod affinity terms conflict');

interface Compiled {
  readonly required: CompiledNodeAffinity;
  /** Names that `metadata.name` fields leave; null: no such restriction. */
  readonly nodeNames: ReadonlySet<string> | null;
  readonly hasPreferred: boolean;
  /** null: a preferred term is malformed. */
  readonly preferred: CompiledPreferredTerms | null;
  readonly preferredError: string;
}

export const NodeAffinity: PluginFactory = {
  name: NAME,
  summary: 'nodeSelector, required and preferred node affinity',
  defaultArgs: { addedAffinity: null },
  create(args): Plugin {
    return createNodeAffinity((args['addedAffinity'] ?? null));
  },
};

function createNodeAffinity(added: NodeAffinityObject | null): Plugin {
  const addedRequired = compileAdded(added);
  const addedPreferredTerms = added?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const addedPreferred = compilePreferredTerms(addedPreferredTerms);
  const byTemplate: Compiled[] = [];
  const compiled = (template: PodTemplate): Compiled => (byTemplate[template.id] ??= compile(template));
  const matches = (template: PodTemplate, facts: NodeFacts): boolean =>
    (addedRequired === null || addedRequired.matches(facts)) && compiled(template).required.matches(facts);
  return {
    name: NAME,
    dependence: { filter: 'facts', score: 'facts' },
    filterNeverFails: true,
    specOnly: true,
    preFilter: (_state, pod) => preFilter(pod, compiled(pod.template), addedRequired !== null),
    filter: (_state, pod, node) => {
      if (addedRequired !== null && !addedRequired.matches(node)) return ENFORCED_MISMATCH;
      const pin = pod.pinnedNodeName;
      if (pin !== '' && pin !== node.name) return POD_MISMATCH;
      return compiled(pod.template).required.matches(node) ? null : POD_MISMATCH;
    },
    preScore: (_state, pod) => {
      const { hasPreferred, preferred, preferredError } = compiled(pod.template);
      if (!hasPreferred && addedPreferredTerms.length === 0) return SKIP;
      return preferred === null ? errorStatus(NAME, preferredError) : null;
    },
    score: (_state, pod, node: NodeInfo) =>
      (compiled(pod.template).preferred?.score(node) ?? 0) + addedPreferred.score(node),
    normalizeScore: (_state, _pod, scores) => defaultNormalizeScore(scores, false),
    normalizeByValue: true,
    eventsToRegister: () => [
      {
        event: event('Node', Action.Add | Action.UpdateNodeLabel),
        hint: (pod, { node, nodeBefore }) => {
          if (node === undefined || !matches(pod.template, node.facts)) return 'QueueSkip';
          return nodeBefore === undefined || !matches(pod.template, nodeBefore.facts) ? 'Queue' : 'QueueSkip';
        },
      },
    ],
  };
}

function preFilter(pod: PodInfo, { required, nodeNames }: Compiled, enforced: boolean): PreFilterResult {
  const pin = pod.pinnedNodeName;
  if (pin !== '') return { status: null, nodeNames: new Set([pin]) };
  if (required.empty && !enforced) return { status: SKIP, nodeNames: null };
  if (nodeNames !== null && nodeNames.size === 0) return { status: TERMS_CONFLICT, nodeNames: null };
  return { status: null, nodeNames };
}

function compileAdded(added: NodeAffinityObject | null): CompiledNodeSelector | null {
  const required = added?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined ? null : compileNodeSelector(required);
}

function compile(template: PodTemplate): Compiled {
  const affinity = template.spec.affinity?.nodeAffinity;
  const preferredTerms = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  let preferred: CompiledPreferredTerms | null = null;
  let preferredError = '';
  try {
    preferred = compilePreferredTerms(preferredTerms);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    preferredError = error.message;
  }
  const required = affinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return {
    required: compileRequiredNodeAffinity(template.spec),
    nodeNames: required === undefined ? null : namedNodes(required.nodeSelectorTerms ?? []),
    hasPreferred: affinity?.preferredDuringSchedulingIgnoredDuringExecution !== undefined,
    preferred,
    preferredError,
  };
}

/** Union over terms of the intersection of a term's `metadata.name In` lists; null when some term has none. */
function namedNodes(terms: readonly NodeSelectorTerm[]): ReadonlySet<string> | null {
  if (terms.length === 0) return null;
  const names = new Set<string>();
  for (const term of terms) {
    let termNames: readonly string[] | null = null;
    for (const field of term.matchFields ?? []) {
      if (field.key !== 'metadata.name' || field.operator !== 'In') continue;
      const values = field.values ?? [];
      termNames = termNames === null ? values : termNames.filter((name) => values.includes(name));
    }
    if (termNames === null) return null;
    for (const name of termNames) names.add(name);
  }
  return names;
}
