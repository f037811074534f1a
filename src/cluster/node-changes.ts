/**
 * What a Node object offers, and what differs between two states of one node, in the terms of the scheduler's events.
 */
import type { Condition, Node } from './objects.ts';
import { milliFromText, unitsFromText } from '../base/quantity.ts';
import { NodeChange } from './observer.ts';
import type { NodeBefore } from './observer.ts';
import { CPU } from './resources.ts';
import type { ResourceRegistry } from './resources.ts';

/** Allocatable amounts by column and the allowed pod number (0 when `pods` is missing, as upstream). */
export function nodeAllocatable(
  node: Node,
  resources: ResourceRegistry,
): { readonly columns: ReadonlyMap<number, number>; readonly pods: number } {
  const columns = new Map<number, number>();
  const allocatable = node.status?.allocatable ?? node.status?.capacity ?? {};
  let pods = 0;
  for (const [name, quantity] of Object.entries(allocatable)) {
    if (name === 'pods') pods = unitsFromText(quantity);
    const column = resources.column(name);
    if (column >= 0) columns.set(column, column === CPU ? milliFromText(quantity) : unitsFromText(quantity));
  }
  return { columns, pods };
}

/** Whether one object has taken over the other's amounts; false says nothing. */
export function offersTheSame(before: Node, after: Node): boolean {
  return before.status?.allocatable === after.status?.allocatable && before.status?.capacity === after.status?.capacity;
}

/** NodeChange bits (pkg/scheduler/eventhandlers.go, framework/events.go: nodeSchedulingPropertiesChange). */
export function nodeChanges(before: NodeBefore, after: NodeBefore): number {
  let changes = 0;
  const facts = after.facts;
  if (before.facts.unschedulable && !facts.unschedulable) changes |= NodeChange.Uncordoned;
  if (!before.facts.unschedulable && facts.unschedulable) changes |= NodeChange.Cordoned;
  let allocatableChanged = before.allowedPods !== after.allowedPods;
  for (let column = 0; column < after.allocatable.length; column++) {
    if (before.allocatable[column] !== after.allocatable[column]) allocatableChanged = true;
  }
  if (allocatableChanged) changes |= NodeChange.Allocatable;
  if (!sameMap(before.facts.labels, facts.labels)) changes |= NodeChange.Labels;
  if (before.facts.taints !== facts.taints && JSON.stringify(before.facts.taints) !== JSON.stringify(facts.taints))
    changes |= NodeChange.Taints;
  if (
    before.facts.object.status?.conditions !== facts.object.status?.conditions &&
    conditionKey(before.facts.object) !== conditionKey(facts.object)
  )
    changes |= NodeChange.Conditions;
  if (!sameMap(before.facts.annotations, facts.annotations)) changes |= NodeChange.Annotations;
  if (
    before.facts.declaredFeatures !== facts.declaredFeatures &&
    [...before.facts.declaredFeatures].join() !== [...facts.declaredFeatures].join()
  )
    changes |= NodeChange.DeclaredFeatures;
  if (!sameMap(before.facts.images, facts.images)) changes |= NodeChange.Images;
  return changes;
}

function sameMap<V>(a: ReadonlyMap<string, V>, b: ReadonlyMap<string, V>): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}

/** Types and statuses only, as upstream strips times and texts before it compares. */
function conditionKey(node: Node): string {
  return (node.status?.conditions ?? []).map((condition: Condition) => `${condition.type}=${condition.status}`).join();
}
