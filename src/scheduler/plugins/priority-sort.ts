/**
 * PrioritySort (QueueSort): higher priority first, then the earlier queue timestamp. Source:
 * plugins/queuesort/priority_sort.go.
 */
import type { Plugin, PluginFactory, QueuedPod } from '../framework/plugin-api.ts';

export const PrioritySort: PluginFactory = {
  name: 'PrioritySort',
  summary: 'orders the active queue by priority, then by time in the queue',
  create(): Plugin {
    return { name: 'PrioritySort', less };
  },
};

function less(a: QueuedPod, b: QueuedPod): boolean {
  const difference = a.pod.priority - b.pod.priority;
  return difference > 0 || (difference === 0 && a.timestamp < b.timestamp);
}
