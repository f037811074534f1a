/** From change notices to the queue's cluster events (pkg/scheduler/eventhandlers.go, framework/events.go). */
import { NodeChange } from '../cluster/observer.ts';
import type { ObjectAction } from '../cluster/observer.ts';
import { amountOf } from '../cluster/resources.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import { Action, event } from './framework/cluster-event.ts';
import type { ClusterEvent, EventResource } from './framework/cluster-event.ts';

export const NODE_ADD: ClusterEvent = event('Node', Action.Add, 'NodeAdd');
export const NODE_DELETE: ClusterEvent = event('Node', Action.Delete, 'NodeDelete');
export const ASSIGNED_POD_ADD: ClusterEvent = event('AssignedPod', Action.Add, 'AssignedPodAdd');
export const ASSIGNED_POD_DELETE: ClusterEvent = event('AssignedPod', Action.Delete, 'AssignedPodDelete');
export const ASSIGNED_POD_UPDATE: ClusterEvent = event('AssignedPod', Action.Update, 'AssignedPodUpdate');

const NODE_UPDATE_TAINT = event('Node', Action.UpdateNodeTaint, 'NodeUpdateNodeTaint');
const NODE_EVENTS: readonly (readonly [bit: number, event: ClusterEvent])[] = [
  [NodeChange.Uncordoned, NODE_UPDATE_TAINT],
  [NodeChange.Allocatable, event('Node', Action.UpdateNodeAllocatable, 'NodeUpdateNodeAllocatable')],
  [NodeChange.Labels, event('Node', Action.UpdateNodeLabel, 'NodeUpdateNodeLabel')],
  [NodeChange.Taints, NODE_UPDATE_TAINT],
  [NodeChange.Conditions, event('Node', Action.UpdateNodeCondition, 'NodeUpdateNodeCondition')],
  [NodeChange.Annotations, event('Node', Action.UpdateNodeAnnotation, 'NodeUpdateNodeAnnotation')],
  [NodeChange.DeclaredFeatures, event('Node', Action.UpdateNodeDeclaredFeature, 'NodeUpdateNodeDeclaredFeature')],
];

/** In upstream's order. */
export function nodeUpdateEvents(changes: number): ClusterEvent[] {
  return NODE_EVENTS.filter(([bit]) => (changes & bit) !== 0).map(([, nodeEvent]) => nodeEvent);
}

/** What an update of a pod amounts to; the generic Update when nothing particular changed. */
export function podUpdateEvents(
  resource: 'AssignedPod' | 'UnschedulablePod',
  before: PodTemplate,
  after: PodTemplate,
): ClusterEvent[] {
  const events: ClusterEvent[] = [];
  const add = (bit: number, detail: string): void => void events.push(event(resource, bit, `${resource}${detail}`));
  if (!sameLabels(before.labels, after.labels)) add(Action.UpdatePodLabel, 'UpdatePodLabel');
  if (requestsShrank(before, after)) add(Action.UpdatePodScaleDown, 'UpdatePodScaleDown');
  if (before.gates.length > 0 && after.gates.length === 0)
    add(Action.UpdatePodSchedulingGatesEliminated, 'UpdatePodSchedulingGatesEliminated');
  if (before.tolerations.length !== after.tolerations.length) add(Action.UpdatePodToleration, 'UpdatePodToleration');
  if (events.length === 0) add(Action.Update, 'Update');
  return events;
}

function sameLabels(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}

function requestsShrank(before: PodTemplate, after: PodTemplate): boolean {
  const { columns, amounts } = before.accounted;
  for (let i = 0; i < columns.length; i++) if (amountOf(after.accounted, columns[i]) < amounts[i]) return true;
  return false;
}

const STORAGE_KINDS: ReadonlyMap<string, EventResource> = new Map<string, EventResource>([
  ['PersistentVolume', 'PersistentVolume'],
  ['PersistentVolumeClaim', 'PersistentVolumeClaim'],
  ['StorageClass', 'StorageClass'],
  ['CSINode', 'CSINode'],
  ['CSIDriver', 'CSIDriver'],
  ['CSIStorageCapacity', 'CSIStorageCapacity'],
  ['VolumeAttachment', 'VolumeAttachment'],
]);

/** undefined for kinds that no plugin listens to. */
export function objectEvent(kind: string, action: ObjectAction): ClusterEvent | undefined {
  const resource = STORAGE_KINDS.get(kind);
  if (resource === undefined) return undefined;
  const bits = action === 'add' ? Action.Add : action === 'update' ? Action.Update : Action.Delete;
  return event(resource, bits, `${kind}${action === 'add' ? 'Add' : action === 'update' ? 'Update' : 'Delete'}`);
}
