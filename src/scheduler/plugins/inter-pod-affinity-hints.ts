/**
 * When a pod that InterPodAffinity turned away is worth another attempt. Two properties of v1.36 show: anti-affinity
 * terms are asked whether they *all* match, and selectors of namespaces are asked of a namespace without labels.
 * Source: plugins/interpodaffinity/plugin.go (isSchedulableAfterPodChange, isSchedulableAfterNodeChange).
 */
import { Action, event } from '../framework/cluster-event.ts';
import type { EventRegistration, EventSubject, Hint, PodEventView } from '../framework/cluster-event.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { matchesAllTerms } from './inter-pod-affinity-terms.ts';
import type { AffinityRelations } from './inter-pod-affinity-terms.ts';
import { isOwnPod } from './own-pod.ts';

export function affinityEvents(relations: AffinityRelations): readonly EventRegistration[] {
  return [
    { event: event('Pod', Action.Add | Action.UpdatePodLabel), hint: (pod, subject) => afterPodChange(pod, subject, relations) },
    { event: event('Pod', Action.Delete), hint: (pod, subject) => afterPodWent(pod, subject.pod ?? subject.podBefore, relations) },
    { event: event('Node', Action.Add | Action.UpdateNodeLabel), hint: (pod, subject) => afterNodeChange(pod, subject, relations) },
  ];
}

function hasPlace({ nodeName, nominatedNodeName }: PodEventView): boolean {
  return nodeName !== '' || nominatedNodeName !== '';
}

function afterPodChange(pod: PodInfo, { pod: now, podBefore: before }: EventSubject, relations: AffinityRelations): Hint {
  if (now === undefined) return 'QueueSkip';
  if (isOwnPod(pod, now)) return 'Queue';
  if (!hasPlace(now) || (before !== undefined && !hasPlace(before))) return 'QueueSkip';
  const { required, requiredAnti } = relations.terms(pod.template);
  const attracts = matchesAllTerms(required, now.template);
  if (before === undefined) return attracts ? 'Queue' : 'QueueSkip';
  if (attracts && !matchesAllTerms(required, before.template)) return 'Queue';
  return matchesAllTerms(requiredAnti, before.template) && !matchesAllTerms(requiredAnti, now.template) ? 'Queue' : 'QueueSkip';
}

function afterPodWent(pod: PodInfo, gone: PodEventView | undefined, relations: AffinityRelations): Hint {
  if (gone === undefined || !hasPlace(gone)) return 'QueueSkip';
  if (matchesAllTerms(relations.terms(pod.template).requiredAnti, gone.template)) return 'Queue';
  return matchesAllTerms(relations.terms(gone.template).requiredAnti, pod.template) ? 'Queue' : 'QueueSkip';
}

function afterNodeChange(pod: PodInfo, { node, nodeBefore }: EventSubject, relations: AffinityRelations): Hint {
  if (node === undefined) return 'QueueSkip';
  const { required, requiredAnti } = relations.terms(pod.template);
  const now = node.facts.labels;
  if (nodeBefore === undefined) return requiredAnti.length > 0 || required.some(({ topologyKey }) => now.has(topologyKey)) ? 'Queue' : 'QueueSkip';
  const before = nodeBefore.facts.labels;
  const differs = (key: string): boolean => now.get(key) !== before.get(key);
  const attracts = required.some(({ topologyKey }) => now.has(topologyKey) && differs(topologyKey));
  const frees = requiredAnti.some(({ topologyKey }) => before.has(topologyKey) && differs(topologyKey));
  return attracts || frees ? 'Queue' : 'QueueSkip';
}
