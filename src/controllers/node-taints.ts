/**
 * The taints that the node-lifecycle controller keeps on nodes. Source:
 * pkg/controller/nodelifecycle/node_lifecycle_controller.go (v1.36).
 */
import type { Condition, Node, Taint } from '../cluster/objects.ts';

export const TAINT_NOT_READY = 'node.kubernetes.io/not-ready';
export const TAINT_UNREACHABLE = 'node.kubernetes.io/unreachable';
const TAINT_UNSCHEDULABLE = 'node.kubernetes.io/unschedulable';

/** Condition type, then status, to the key of the taint that mirrors it. */
const KEY_BY_CONDITION: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Ready: { False: TAINT_NOT_READY, Unknown: TAINT_UNREACHABLE },
  MemoryPressure: { True: 'node.kubernetes.io/memory-pressure' },
  DiskPressure: { True: 'node.kubernetes.io/disk-pressure' },
  NetworkUnavailable: { True: 'node.kubernetes.io/network-unavailable' },
  PIDPressure: { True: 'node.kubernetes.io/pid-pressure' },
};
const MIRROR_KEYS = new Set([
  TAINT_UNSCHEDULABLE,
  ...Object.values(KEY_BY_CONDITION).flatMap((byStatus) => Object.values(byStatus)),
]);

/**
 * The node's taints with the NoSchedule ones that mirror its conditions and spec.unschedulable put right; the same list
 * when they are right.
 */
export function mirroredTaints(
  taints: readonly Taint[], conditions: readonly Condition[], unschedulable: boolean,
): readonly Taint[] {
  const wanted = new Set<string>();
  for (const { type, status } of conditions) {
    const key = Object.hasOwn(KEY_BY_CONDITION, type) ? KEY_BY_CONDITION[type][status] : undefined;
    if (key !== undefined) wanted.add(key);
  }
  if (unschedulable) wanted.add(TAINT_UNSCHEDULABLE);
  const isMirror = ({ key, effect }: Taint): boolean => effect === 'NoSchedule' && MIRROR_KEYS.has(key);
  const kept = taints.filter((taint) => !isMirror(taint) || wanted.has(taint.key));
  for (const taint of kept) if (isMirror(taint)) wanted.delete(taint.key);
  if (wanted.size === 0 && kept.length === taints.length) return taints;
  return [...kept, ...Array.from(wanted, (key): Taint => ({ key, effect: 'NoSchedule' }))];
}

export function hasTaint(taints: readonly Taint[], key: string, effect: string): boolean {
  return taints.some((taint) => taint.key === key && taint.effect === effect);
}

export function withoutTaint(taints: readonly Taint[], key: string, effect: string): readonly Taint[] {
  return taints.filter((taint) => taint.key !== key || taint.effect !== effect);
}

const READY_REASONS = { True: 'KubeletReady', False: 'KubeletNotReady', Unknown: 'NodeStatusUnknown' } as const;

/** The node with this status of its Ready condition, and the taint that goes with it. */
export function withReadyStatus(node: Node, status: keyof typeof READY_REASONS): Node {
  const before = node.status?.conditions ?? [];
  const reason = READY_REASONS[status];
  const conditions: readonly Condition[] = [
    ...before.filter(({ type }) => type !== 'Ready'),
    { type: 'Ready', status, reason },
  ];
  const taints = mirroredTaints(node.spec?.taints ?? [], conditions, node.spec?.unschedulable ?? false);
  return { ...node, spec: { ...node.spec, taints }, status: { ...node.status, conditions } };
}
