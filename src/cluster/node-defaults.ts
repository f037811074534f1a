/**
 * What every Node has once its kubelet has registered it, where the object does not say so itself: labels for name,
 * operating system and architecture, capacity and allocatable. Costs a copy of the labels per node, at the start.
 * Source: pkg/kubelet/kubelet_node_status.go (initialNode), pkg/apis/core/v1/defaults.go (SetDefaults_NodeStatus),
 * pkg/kubelet/apis/well_known_labels.go (v1.36.2).
 */
import { HOSTNAME_LABEL } from './node-facts.ts';
import type { Node, NodeStatus } from './objects.ts';

export const OS_LABEL = 'kubernetes.io/os';
export const ARCH_LABEL = 'kubernetes.io/arch';
const BETA_OS_LABEL = 'beta.kubernetes.io/os';
const BETA_ARCH_LABEL = 'beta.kubernetes.io/arch';
const DEFAULT_OS = 'linux';
const DEFAULT_ARCH = 'amd64';

/** Labels of the object's own win; a deprecated label and the one that took its place say the same. */
export function withNodeDefaults(node: Node): Node {
  const { metadata, status } = node;
  const labels = metadata?.labels ?? {};
  const os = labels[OS_LABEL] ?? labels[BETA_OS_LABEL] ?? status?.nodeInfo?.operatingSystem ?? DEFAULT_OS;
  const arch = labels[ARCH_LABEL] ?? labels[BETA_ARCH_LABEL] ?? status?.nodeInfo?.architecture ?? DEFAULT_ARCH;
  const ofKubelet = {
    [HOSTNAME_LABEL]: metadata?.name ?? '',
    [OS_LABEL]: os,
    [ARCH_LABEL]: arch,
    [BETA_OS_LABEL]: os,
    [BETA_ARCH_LABEL]: arch,
  };
  return {
    ...node,
    metadata: { ...metadata, labels: { ...ofKubelet, ...labels } },
    ...(status === undefined ? {} : { status: withAmounts(status) }),
  };
}

function withAmounts(status: NodeStatus): NodeStatus {
  const { capacity, allocatable } = status;
  if (capacity !== undefined && allocatable !== undefined) return status;
  const amounts = capacity ?? allocatable;
  return amounts === undefined ? status : { ...status, capacity: amounts, allocatable: amounts };
}
