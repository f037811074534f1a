/** NodeName (Filter): spec.nodeName, when set, must be the node's name. Source: plugins/nodename/node_name.go. */
import { Action, event } from '../framework/cluster-event.ts';
import type { Plugin, PluginFactory } from '../framework/plugin-api.ts';
import { unresolvable } from '../framework/status.ts';

const NAME = 'NodeName';
const MISMATCH = unresolvable(NAME, "node(s) didn't match the requested node name");

export const NodeName: PluginFactory = {
  name: NAME,
  summary: 'rejects all nodes but the one that spec.nodeName asks for',
  create(): Plugin {
    return {
      name: NAME,
      dependence: { filter: 'facts' },
      filterNeverFails: true,
      specOnly: true,
      filter: (_state, pod, node) => {
        const wanted = pod.template.spec.nodeName;
        return wanted === undefined || wanted === '' || wanted === node.name ? null : MISMATCH;
      },
      eventsToRegister: () => [{ event: event('Node', Action.Add), hint: null }],
    };
  },
};
