/**
 * When a pod that PodTopologySpread turned away is worth another attempt: pods that hard constraints count, nodes that
 * carry their keys. Source: plugins/podtopologyspread/plugin.go (isSchedulableAfterPodChange, ...AfterNodeChange).
 */
import type { Taint, Toleration } from '../../cluster/objects.ts';
import { Action, event, isOwnPod } from '../framework/cluster-event.ts';
import type { EventRegistration, EventSubject, Hint, NodeEventView, PodEventView } from '../framework/cluster-event.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { Policy, hasAllKeys } from './pod-topology-spread-constraints.ts';
import type { ConstraintTable, SpreadConstraint } from './pod-topology-spread-constraints.ts';

export function spreadEvents(table: ConstraintTable): readonly EventRegistration[] {
  const constraintsOf = (pod: PodInfo): readonly SpreadConstraint[] => table.of(pod.template).hard;
  return [
    {
      event: event('Pod', Action.Add | Action.UpdatePodLabel | Action.UpdatePodToleration),
      hint: (pod, subject) => afterPodChange(pod, subject, constraintsOf(pod)),
    },
    {
      event: event('Pod', Action.Delete),
      hint: (pod, subject) => afterPodCame(pod, subject.pod ?? subject.podBefore, constraintsOf(pod)),
    },
    {
      event: event('Node', Action.Add | Action.UpdateNodeLabel | Action.UpdateNodeTaint),
      hint: (pod, subject) => afterNodeChange(subject, constraintsOf(pod)),
    },
    {
      event: event('Node', Action.Delete),
      hint: (pod, subject) => afterNodeCame(subject.node ?? subject.nodeBefore, constraintsOf(pod)),
    },
  ];
}

/** The waiting pod itself, or a pod of its namespace that has a node or a nomination. */
function isInvolved(pod: PodInfo, other: PodEventView): boolean {
  if (other.template.namespace !== pod.namespace) return false;
  return isOwnPod(pod, other) || other.nodeName !== '' || other.nominatedNodeName !== '';
}

function afterPodChange(
  pod: PodInfo,
  { pod: now, podBefore: before }: EventSubject,
  constraints: readonly SpreadConstraint[],
): Hint {
  if (now === undefined || before === undefined) return afterPodCame(pod, now ?? before, constraints);
  if (!isInvolved(pod, now) || !isInvolved(pod, before)) return 'QueueSkip';
  const honorsTaints = constraints.some(({ honors }) => (honors & Policy.Taints) !== 0);
  if (honorsTaints && isOwnPod(pod, now) && !sameTolerations(now.template.tolerations, before.template.tolerations))
    return 'Queue';
  const flips = constraints.some(
    ({ test }) => test.matches(now.template.labels) !== test.matches(before.template.labels),
  );
  return flips ? 'Queue' : 'QueueSkip';
}

/** A pod came, or went. */
function afterPodCame(pod: PodInfo, other: PodEventView | undefined, constraints: readonly SpreadConstraint[]): Hint {
  if (other === undefined || !isInvolved(pod, other)) return 'QueueSkip';
  return constraints.some(({ test }) => test.matches(other.template.labels)) ? 'Queue' : 'QueueSkip';
}

function afterNodeChange(
  { node: now, nodeBefore: before }: EventSubject,
  constraints: readonly SpreadConstraint[],
): Hint {
  if (now === undefined || before === undefined) return afterNodeCame(now ?? before, constraints);
  const counts = hasAllKeys(now.facts.labels, constraints);
  if (counts !== hasAllKeys(before.facts.labels, constraints)) return 'Queue';
  if (!counts) return 'QueueSkip';
  const moved = constraints.some(
    ({ topologyKey }) => now.facts.labels.get(topologyKey) !== before.facts.labels.get(topologyKey),
  );
  return moved || !sameTaints(now.facts.taints, before.facts.taints) ? 'Queue' : 'QueueSkip';
}

/** A node came, or went. */
function afterNodeCame(node: NodeEventView | undefined, constraints: readonly SpreadConstraint[]): Hint {
  return node !== undefined && hasAllKeys(node.facts.labels, constraints) ? 'Queue' : 'QueueSkip';
}

function sameTaints(a: readonly Taint[], b: readonly Taint[]): boolean {
  const same = (one: Taint, other: Taint): boolean =>
    one.key === other.key && one.effect === other.effect && (one.value ?? '') === (other.value ?? '');
  return a.length === b.length && a.every((taint, i) => same(taint, b[i]));
}

function sameTolerations(a: readonly Toleration[], b: readonly Toleration[]): boolean {
  const text = ({ key, operator, value, effect, tolerationSeconds }: Toleration): string =>
    JSON.stringify([key, operator, value, effect, tolerationSeconds]);
  return a.length === b.length && a.every((toleration, i) => text(toleration) === text(b[i]));
}
