/**
 * NodeName (PreFilter, Filter): spec.nodeName, when set, must be the node's name. Profiles of v1.37 have both points,
 * so that the other nodes are not even asked; those of v1.36 have Filter alone.
 * Source: plugins/nodename/node_name.go.
 */
import { Action, event } from '../framework/cluster-event.ts';
import { PRE_FILTER_PASSES } from '../framework/plugin-api.ts';
import type { Plugin, PluginFactory } from '../framework/plugin-api.ts';
import type { PodInfo } from '../framework/pod-info.ts';
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
      preFilter: (_state, pod) => {
        const wanted = wantedName(pod);
        return wanted === '' ? PRE_FILTER_PASSES : { status: null, nodeNames: new Set([wanted]) };
      },
      filter: (_state, pod, node) => {
        const wanted = wantedName(pod);
        return wanted === '' || wanted === node.name ? null : MISMATCH;
      },
      eventsToRegister: () => [{ event: event('Node', Action.Add), hint: null }],
    };
  },
};

/** '': any node. */
function wantedName({ template }: PodInfo): string {
  return template.spec.nodeName ?? '';
}
