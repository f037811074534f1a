/** NodePorts (PreFilter, Filter): host ports must be free on the node. Source: plugins/nodeports/node_ports.go. */
import type { NodeInfo } from '../cache/node-info.ts';
import { hostPortsConflict } from '../../cluster/pod-template.ts';
import type { HostPort } from '../../cluster/pod-template.ts';
import { Action, event } from '../framework/cluster-event.ts';
import type { Plugin, PluginFactory } from '../framework/plugin-api.ts';
import { SKIP, unschedulable } from '../framework/status.ts';

const NAME = 'NodePorts';
const TAKEN = unschedulable(NAME, "node(s) didn't have free ports for the requested pod ports");

export const NodePorts: PluginFactory = {
  name: NAME,
  summary: 'rejects nodes on which a wanted host port is taken',
  create(): Plugin {
    return {
      name: NAME,
      dependence: { filter: 'node' },
      filterNeverFails: true,
      specOnly: true,
      inert: ({ hostPorts }) => hostPorts.length === 0,
      preFilter: (_state, pod) => ({ status: pod.template.hostPorts.length === 0 ? SKIP : null, nodeNames: null }),
      filter: (_state, pod, node) => (pod.template.hostPorts.some((port) => isTaken(port, node)) ? TAKEN : null),
      eventsToRegister: () => [
        {
          event: event('Pod', Action.Delete),
          hint: (pod, { pod: deleted }) => {
            if (deleted === undefined || (deleted.nodeName === '' && deleted.nominatedNodeName === ''))
              return 'QueueSkip';
            const clash = pod.template.hostPorts.some((wanted) =>
              deleted.template.hostPorts.some((used) => hostPortsConflict(wanted, used)),
            );
            return clash ? 'Queue' : 'QueueSkip';
          },
        },
        { event: event('Node', Action.Add), hint: null },
      ],
    };
  },
};

function isTaken(wanted: HostPort, node: NodeInfo): boolean {
  if (node.usedPorts === null) return false;
  for (const used of node.usedPorts.values()) if (hostPortsConflict(wanted, used)) return true;
  return false;
}
