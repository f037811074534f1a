/**
 * What a workload's feature gates mean here: the simulator models one state of each, and says where another is asked
 * for.
 */

import { DEFAULT_KUBERNETES_VERSION, gatesOf } from '../cluster/kubernetes-versions.ts';

/** The modelled state of gates that the scheduler's decisions depend on. */
const MODELLED: Readonly<Record<string, boolean>> = {
  ...gatesOf(DEFAULT_KUBERNETES_VERSION),
  SchedulerQueueingHints: true,
  SchedulerAsyncPreemption: true,
  NodeDeclaredFeatures: true,
  NodeInclusionPolicyInPodTopologySpread: true,
  MatchLabelKeysInPodTopologySpread: true,
  MinDomainsInPodTopologySpread: true,
  InPlacePodVerticalScaling: true,
};

/** Gates that change nothing where API calls take no time and no pod has a claim. */
const WITHOUT_EFFECT = new Set([
  'SchedulerAsyncAPICalls',
  'DynamicResourceAllocation',
  'DRAExtendedResource',
  'SchedulerPopFromBackoffQ',
]);

export function featureGateNotes(gates: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(gates).flatMap(([name, state]) => {
    if (WITHOUT_EFFECT.has(name)) return [];
    if (MODELLED[name] === undefined) return [`feature gate ${name}=${state}: not modelled, without effect`];
    return MODELLED[name] === state
      ? []
      : [`feature gate ${name}=${state}: decisions are made as with ${name}=${MODELLED[name]}`];
  });
}
