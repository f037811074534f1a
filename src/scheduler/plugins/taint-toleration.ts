/**
 * TaintToleration (Filter, PreScore, Score): NoSchedule and NoExecute taints reject, PreferNoSchedule taints cost
 * score. Source: plugins/tainttoleration/taint_toleration.go.
 */
import type { Taint, Toleration } from '../../cluster/objects.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import { findUntolerated, toleratesTaint } from '../../cluster/tolerations.ts';
import { Action, event, isOwnPod } from '../framework/cluster-event.ts';
import { PRE_FILTER_PASSES } from '../framework/plugin-api.ts';
import type { Plugin, PluginFactory } from '../framework/plugin-api.ts';
import { unresolvable } from '../framework/status.ts';
import { defaultNormalizeScore } from './default-normalize.ts';

const NAME = 'TaintToleration';
const UNTOLERATED = unresolvable(NAME, 'node(s) had untolerated taint(s)');
const HARD_EFFECTS: readonly string[] = ['NoSchedule', 'NoExecute'];

export const TaintToleration: PluginFactory = {
  name: NAME,
  summary: 'rejects nodes with taints that the pod does not tolerate, prefers nodes with fewer PreferNoSchedule taints',
  create(): Plugin {
    return {
      name: NAME,
      dependence: { filter: 'facts', score: 'facts' },
      filterNeverFails: true,
      specOnly: true,
      preFilter: () => PRE_FILTER_PASSES,
      filter: (_state, pod, node) => {
        const { taints } = node.facts;
        return taints.length > 0 && !toleratesHard(taints, pod.template) ? UNTOLERATED : null;
      },
      preScore: () => null,
      score: (_state, pod, node) =>
        node.facts.taints.length === 0 ? 0 : untoleratedPreferences(node.facts.taints, pod.template.tolerations),
      normalizeScore: (_state, _pod, scores) => defaultNormalizeScore(scores, true),
      normalizeByValue: true,
      eventsToRegister: () => [
        {
          event: event('Node', Action.Add | Action.UpdateNodeTaint),
          hint: (pod, { node, nodeBefore }) => {
            if (node === undefined || !toleratesHard(node.facts.taints, pod.template)) return 'QueueSkip';
            return nodeBefore === undefined || !toleratesHard(nodeBefore.facts.taints, pod.template)
              ? 'Queue'
              : 'QueueSkip';
          },
        },
        {
          event: event('Pod', Action.UpdatePodToleration),
          hint: (pod, subject) => (isOwnPod(pod, subject.pod) ? 'Queue' : 'QueueSkip'),
        },
      ],
    };
  },
};

function toleratesHard(taints: readonly Taint[], template: PodTemplate): boolean {
  return findUntolerated(taints, template.tolerations, HARD_EFFECTS) === undefined;
}

/** Only tolerations with an empty or the PreferNoSchedule effect count here. */
function untoleratedPreferences(taints: readonly Taint[], tolerations: readonly Toleration[]): number {
  let count = 0;
  for (const taint of taints) {
    if (taint.effect !== 'PreferNoSchedule') continue;
    const soft = tolerations.filter(
      (toleration) => (toleration.effect ?? '') === '' || toleration.effect === 'PreferNoSchedule',
    );
    if (!toleratesTaint(soft, taint)) count++;
  }
  return count;
}
