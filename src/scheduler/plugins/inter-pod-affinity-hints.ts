/**
 * When a pod that InterPodAffinity turned away is worth another attempt. Selectors of namespaces are asked of a
 * namespace without labels, as upstream does; in v1.36 anti-affinity terms are asked whether they *all* match, later
 * whether any does. Source: plugins/interpodaffinity/plugin.go (isSchedulableAfterPodChange,
 * isSchedulableAfterNodeChange).
 */
import type { PodTemplate } from '../../cluster/pod-template.ts';
import { Action, event, isOwnPod } from '../framework/cluster-event.ts';
import type { EventRegistration, EventSubject, Hint, PodEventView } from '../framework/cluster-event.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { matchesAllTerms, matchesAnyTerm } from './inter-pod-affinity-terms.ts';
import type { AffinityRelations, AffinityTerm } from './inter-pod-affinity-terms.ts';

/** `anyAntiTerm`: one required anti-affinity term that matches is enough. */
export function affinityEvents(relations: AffinityRelations, anyAntiTerm: boolean): readonly EventRegistration[] {
  const repels: Repels = anyAntiTerm ? matchesAnyTerm : matchesAllTerms;
  return [
    {
      event: event('Pod', Action.Add | Action.UpdatePodLabel),
      hint: (pod, subject) => afterPodChange(pod, subject, relations, repels),
    },
    {
      event: event('Pod', Action.Delete),
      hint: (pod, subject) => afterPodWent(pod, subject.pod ?? subject.podBefore, relations, repels),
    },
    {
      event: event('Node', Action.Add | Action.UpdateNodeLabel),
      hint: (pod, subject) => afterNodeChange(pod, subject, relations),
    },
  ];
}

/** Whether a pod is one that the terms keep away from. */
type Repels = (terms: readonly AffinityTerm[], pod: PodTemplate) => boolean;

function hasPlace({ nodeName, nominatedNodeName }: PodEventView): boolean {
  return nodeName !== '' || nominatedNodeName !== '';
}

function afterPodChange(
  pod: PodInfo,
  { pod: now, podBefore: before }: EventSubject,
  relations: AffinityRelations,
  repels: Repels,
): Hint {
  if (now === undefined) return 'QueueSkip';
  if (isOwnPod(pod, now)) return 'Queue';
  if (!hasPlace(now) || (before !== undefined && !hasPlace(before))) return 'QueueSkip';
  const { required, requiredAnti } = relations.terms(pod.template);
  const attracts = matchesAllTerms(required, now.template);
  if (before === undefined) return attracts ? 'Queue' : 'QueueSkip';
  if (attracts && !matchesAllTerms(required, before.template)) return 'Queue';
  return repels(requiredAnti, before.template) && !repels(requiredAnti, now.template) ? 'Queue' : 'QueueSkip';
}

function afterPodWent(
  pod: PodInfo,
  gone: PodEventView | undefined,
  relations: AffinityRelations,
  repels: Repels,
): Hint {
  if (gone === undefined || !hasPlace(gone)) return 'QueueSkip';
  if (repels(relations.terms(pod.template).requiredAnti, gone.template)) return 'Queue';
  return repels(relations.terms(gone.template).requiredAnti, pod.template) ? 'Queue' : 'QueueSkip';
}

function afterNodeChange(pod: PodInfo, { node, nodeBefore }: EventSubject, relations: AffinityRelations): Hint {
  if (node === undefined) return 'QueueSkip';
  const { required, requiredAnti } = relations.terms(pod.template);
  const now = node.facts.labels;
  if (nodeBefore === undefined)
    return requiredAnti.length > 0 || required.some(({ topologyKey }) => now.has(topologyKey)) ? 'Queue' : 'QueueSkip';
  const before = nodeBefore.facts.labels;
  const differs = (key: string): boolean => now.get(key) !== before.get(key);
  const attracts = required.some(({ topologyKey }) => now.has(topologyKey) && differs(topologyKey));
  const frees = requiredAnti.some(({ topologyKey }) => before.has(topologyKey) && differs(topologyKey));
  return attracts || frees ? 'Queue' : 'QueueSkip';
}
