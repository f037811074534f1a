/**
 * SchedulingGates (PreEnqueue): keeps pods with scheduling gates out of the queue. Source:
 * plugins/schedulinggates/scheduling_gates.go.
 */
import { Action, event, isOwnPod } from '../framework/cluster-event.ts';
import type { Plugin, PluginFactory } from '../framework/plugin-api.ts';
import { unresolvable } from '../framework/status.ts';

const NAME = 'SchedulingGates';

export const SchedulingGates: PluginFactory = {
  name: NAME,
  summary: 'keeps pods with scheduling gates out of the queue',
  create(): Plugin {
    return {
      name: NAME,
      preEnqueue: (pod) => {
        const { gates } = pod.template;
        return gates.length === 0 ? null : unresolvable(NAME, `waiting for scheduling gates: [${gates.join(' ')}]`);
      },
      letsAllIn: ({ gates }) => gates.length === 0,
      eventsToRegister: () => [
        {
          event: event('Pod', Action.UpdatePodSchedulingGatesEliminated),
          hint: (pod, subject) => (isOwnPod(pod, subject.pod) ? 'Queue' : 'QueueSkip'),
        },
      ],
    };
  },
};
