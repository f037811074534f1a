/**
 * What a Node object offers, and what differs between two states of one node, in the terms of the scheduler's events.
 */
import type { NodeFacts } from './node-facts.ts';
import type { Condition, Node, Taint } from './objects.ts';
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
  if (!sameTaints(before.facts.taints, facts.taints)) changes |= NodeChange.Taints;
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

/** Texts of labels by the labels: an object that takes them over has them written already. */
const labelTexts = new WeakMap<ReadonlyMap<string, string>, string>();

/** What the digest is told of a changed node: taints, cordon and labels, as JSON. */
export function toldOf({ taints, unschedulable, labels }: NodeFacts): string {
  let text = labelTexts.get(labels);
  if (text === undefined) labelTexts.set(labels, (text = JSON.stringify([...labels])));
  return `[${JSON.stringify(taints)},${String(unschedulable)},${text}]`;
}

function sameMap<V>(a: ReadonlyMap<string, V>, b: ReadonlyMap<string, V>): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}

function sameTaints(a: readonly Taint[], b: readonly Taint[]): boolean {
  return a === b || (a.length === b.length && JSON.stringify(a) === JSON.stringify(b));
}

/** Types and statuses only, as upstream strips times and texts before it compares. */
function conditionKey(node: Node): string {
  return (node.status?.conditions ?? []).map((condition: Condition) => `${condition.type}=${condition.status}`).join();
}
