/**
 * NodeUnschedulable (Filter): cordoned nodes, unless the pod tolerates the unschedulable taint. Source:
 * plugins/nodeunschedulable/node_unschedulable.go.
 */
import type { PodTemplate } from '../../cluster/pod-template.ts';
import { toleratesTaint } from '../../cluster/tolerations.ts';
import { Action, event, isOwnPod } from '../framework/cluster-event.ts';
import { PRE_FILTER_PASSES } from '../framework/plugin-api.ts';
import type { Plugin, PluginFactory } from '../framework/plugin-api.ts';
import { unresolvable } from '../framework/status.ts';

const NAME = 'NodeUnschedulable';
const UNSCHEDULABLE = unresolvable(NAME, 'node(s) were unschedulable');
const TAINT = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export const NodeUnschedulable: PluginFactory = {
  name: NAME,
  summary: 'rejects cordoned nodes',
  create(): Plugin {
    return {
      name: NAME,
      dependence: { filter: 'facts' },
      filterNeverFails: true,
      specOnly: true,
      preFilter: () => PRE_FILTER_PASSES,
      filter: (_state, pod, node) =>
        node.facts.unschedulable && !toleratesCordon(pod.template) ? UNSCHEDULABLE : null,
      eventsToRegister: () => [
        {
          event: event('Node', Action.Add | Action.UpdateNodeTaint),
          hint: (_pod, { node, nodeBefore }) => {
            if (node === undefined || node.facts.unschedulable) return 'QueueSkip';
            return nodeBefore === undefined || nodeBefore.facts.unschedulable ? 'Queue' : 'QueueSkip';
          },
        },
        {
          event: event('Pod', Action.UpdatePodToleration),
          hint: (pod, subject) => (isOwnPod(pod, subject.pod) && toleratesCordon(pod.template) ? 'Queue' : 'QueueSkip'),
        },
      ],
    };
  },
};

function toleratesCordon(template: PodTemplate): boolean {
  return toleratesTaint(template.tolerations, TAINT);
}
