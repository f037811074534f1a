/** Conditions that a kubelet writes into its Node object. */
import type { Condition, Node } from '../cluster/objects.ts';

/** The node with this condition in place of the one of its type. */
export function withCondition(node: Node, condition: Condition): Node {
  const others = (node.status?.conditions ?? []).filter(({ type }) => type !== condition.type);
  return { ...node, status: { ...node.status, conditions: [...others, condition] } };
}

export function conditionStatus({ status }: Node, wanted: string): string | undefined {
  return status?.conditions?.find(({ type }) => type === wanted)?.status;
}
