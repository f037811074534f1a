/**
 * DynamicResources (PreEnqueue, PreFilter, Filter, PostFilter, Score, Reserve, PreBind): what the plugin of the default
 * profile does for pods without resource claims, which shows in scores (0) and in messages of failed cycles. Claims are
 * not simulated: a pod that has some stays unschedulable, and its message says so.
 * Source: plugins/dynamicresources/dynamicresources.go.
 */
import { Action, event } from '../framework/cluster-event.ts';
import type { Plugin, PluginFactory } from '../framework/plugin-api.ts';
import { stateKey } from '../framework/cycle-state.ts';
import { SKIP, errorStatus, unresolvable, unschedulable } from '../framework/status.ts';
import { defaultNormalizeScore } from './default-normalize.ts';

const NAME = 'DynamicResources';
const NOTHING_TO_DEALLOCATE = unschedulable(NAME, 'no new claims to deallocate');
const NO_CLAIMS = unschedulable(NAME);
/** What upstream keeps of the pod's claims: nothing here, but whether it was written shows in PostFilter. */
const CLAIMS = stateKey<true>(NAME);
/** PreFilter was broken off before this plugin's turn: it finds no state (ErrNotFound); no later plugin is asked. */
const NO_STATE = errorStatus(NAME, 'not found');
const NOT_SIMULATED = unresolvable(NAME, 'resource claims (spec.resourceClaims) are not simulated yet');

export const DynamicResources: PluginFactory = {
  name: NAME,
  summary: 'resource claims (pods that have some cannot be placed yet)',
  defaultArgs: { filterTimeout: '10s', bindingTimeout: '10m0s' },
  create(_args, { cluster }): Plugin {
    const nothing = cluster.features.claimlessPodsUntold ? NO_CLAIMS : NOTHING_TO_DEALLOCATE;
    return {
      name: NAME,
      dependence: { filter: 'facts', score: 'facts' },
      specOnly: true,
      claimsOnly: true,
      preEnqueue: () => null,
      letsAllIn: () => true,
      preFilter: (state, pod) => {
        state.write(CLAIMS, true);
        return { status: (pod.template.spec.resourceClaims ?? []).length > 0 ? NOT_SIMULATED : SKIP, nodeNames: null };
      },
      filter: () => null,
      postFilter: (state) => {
        if (!state.isWritten(CLAIMS)) return { status: NO_STATE, nominatedNodeName: null };
        return { status: nothing, nominatedNodeName: null, again: () => undefined, settled: true };
      },
      score: () => 0,
      normalizeScore: (_state, _pod, scores) => {
        defaultNormalizeScore(scores, false);
      },
      normalizeByValue: true,
      reserve: () => null,
      unreserve: () => undefined,
      preBind: () => null,
      eventsToRegister: () => [
        { event: event('Node', Action.Add | Action.UpdateNodeLabel | Action.UpdateNodeAllocatable), hint: null },
        { event: event('ResourceClaim', Action.Add | Action.Update), hint: () => 'QueueSkip' },
        { event: event('Pod', Action.UpdatePodGeneratedResourceClaim), hint: () => 'QueueSkip' },
        { event: event('DeviceClass', Action.Add | Action.Update), hint: null },
        { event: event('ResourceSlice', Action.Add | Action.Update), hint: null },
      ],
    };
  },
};
