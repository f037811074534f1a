/**
 * Where a DaemonSet's pods belong: the node by name, required node affinity and taints; resources are not looked at.
 * Source: pkg/controller/daemon/daemon_controller.go NodeShouldRunDaemonPod, .../util/daemonset_util.go (v1.36).
 */
import type { NodeFacts } from '../cluster/node-facts.ts';
import type { PodSpec, Toleration } from '../cluster/objects.ts';
import { compileRequiredNodeAffinity } from '../cluster/selectors.ts';
import type { CompiledNodeAffinity } from '../cluster/selectors.ts';
import { findUntolerated } from '../cluster/tolerations.ts';
import { withDaemonTolerations } from './daemon-sets.ts';

const NO_SCHEDULING = ['NoSchedule', 'NoExecute'];
const NO_RUNNING = ['NoExecute'];

export interface DaemonPlacement {
  /** spec.nodeName of the template, empty: any node. */
  readonly nodeName: string;
  readonly affinity: CompiledNodeAffinity;
  readonly tolerations: readonly Toleration[];
}

export function daemonPlacement(spec: PodSpec): DaemonPlacement {
  const { nodeName = '', tolerations = [] } = withDaemonTolerations(spec);
  return { nodeName, affinity: compileRequiredNodeAffinity(spec), tolerations };
}

export interface DaemonVerdict {
  /** A pod is to be made here. */
  readonly shouldRun: boolean;
  /** One that is here may stay. */
  readonly shouldContinue: boolean;
}

export function daemonVerdict(
  { nodeName, affinity, tolerations }: DaemonPlacement,
  facts: Pick<NodeFacts, 'name' | 'labels' | 'taints'>,
): DaemonVerdict {
  const isSuited = (nodeName === '' || nodeName === facts.name) && affinity.matches(facts);
  if (!isSuited) return { shouldRun: false, shouldContinue: false };
  const shouldRun = findUntolerated(facts.taints, tolerations, NO_SCHEDULING) === undefined;
  return {
    shouldRun,
    shouldContinue: shouldRun || findUntolerated(facts.taints, tolerations, NO_RUNNING) === undefined,
  };
}
