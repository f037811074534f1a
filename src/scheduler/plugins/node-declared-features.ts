/**
 * NodeDeclaredFeatures (PreFilter, Filter): a pod that needs a kubelet feature goes to nodes that declare it. In v1.36
 * a pod can need two. Source: plugins/nodedeclaredfeatures/nodedeclaredfeatures.go,
 * staging/src/k8s.io/component-helpers/nodedeclaredfeatures/features.
 */
import type { Container, PodSpec } from '../../cluster/objects.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import { Action, event, isOwnPod } from '../framework/cluster-event.ts';
import type { EventSubject, Hint } from '../framework/cluster-event.ts';
import type { Plugin, PluginFactory } from '../framework/plugin-api.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { SKIP, unresolvable } from '../framework/status.ts';

const NAME = 'NodeDeclaredFeatures';
const FEATURES_MISSING = unresolvable(NAME, "node(s) didn't match Pod's required features");

export const NodeDeclaredFeatures: PluginFactory = {
  name: NAME,
  summary: 'nodes that declare the features the pod needs',
  create(): Plugin {
    const byTemplate: (readonly string[])[] = [];
    const required = (template: PodTemplate): readonly string[] =>
      (byTemplate[template.id] ??= requiredFeatures(template.spec));
    return {
      name: NAME,
      dependence: { filter: 'facts' },
      specOnly: true,
      preFilter: (_state, pod) => ({ status: required(pod.template).length === 0 ? SKIP : null, nodeNames: null }),
      filter: (_state, pod, node) =>
        hasAll(required(pod.template), node.facts.declaredFeatures) ? null : FEATURES_MISSING,
      eventsToRegister: () => [
        {
          event: event('Node', Action.Add | Action.UpdateNodeDeclaredFeature),
          hint: (_pod, subject) => afterNodeChange(subject),
        },
        { event: event('Pod', Action.Update), hint: (pod, subject) => afterOwnUpdate(pod, subject, required) },
      ],
    };
  },
};

/** Sorted by name. */
function requiredFeatures(spec: PodSpec): readonly string[] {
  const features: string[] = [];
  if ([...(spec.containers ?? []), ...(spec.initContainers ?? [])].some(restartsAll))
    features.push('RestartAllContainersOnContainerExits');
  if (spec.hostNetwork === true && spec.hostUsers === false) features.push('UserNamespacesHostNetworkSupport');
  return features;
}

function restartsAll({ restartPolicyRules = [] }: Container): boolean {
  return restartPolicyRules.some(({ action }) => action === 'RestartAllContainers');
}

function hasAll(required: readonly string[], declared: ReadonlySet<string>): boolean {
  return required.every((feature) => declared.has(feature));
}

function afterNodeChange({ node, nodeBefore }: EventSubject): Hint {
  if (node === undefined || nodeBefore === undefined) return 'Queue';
  const now = node.facts.declaredFeatures;
  const before = nodeBefore.facts.declaredFeatures;
  return now.size === before.size && hasAll([...now], before) ? 'QueueSkip' : 'Queue';
}

function afterOwnUpdate(
  pod: PodInfo,
  { pod: now, podBefore: before }: EventSubject,
  required: (template: PodTemplate) => readonly string[],
): Hint {
  if (now === undefined || before === undefined || !isOwnPod(pod, now)) return 'QueueSkip';
  return required(now.template).join() === required(before.template).join() ? 'QueueSkip' : 'Queue';
}
