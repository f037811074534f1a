/**
 * Cluster events and queueing hints (pkg/scheduler/framework/events.go, kube-scheduler/framework/types.go): what may
 * make an unschedulable pod schedulable again, as plugins register for it.
 */
import type { KubernetesObject } from '../../cluster/objects.ts';
import type { NodeFacts } from '../../cluster/node-facts.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import type { PodInfo } from './pod-info.ts';

export const Action = {
  Add: 1,
  Delete: 2,
  UpdateNodeAllocatable: 4,
  UpdateNodeLabel: 8,
  UpdateNodeTaint: 16,
  UpdateNodeCondition: 32,
  UpdateNodeAnnotation: 64,
  UpdateNodeDeclaredFeature: 128,
  UpdatePodLabel: 256,
  UpdatePodScaleDown: 512,
  UpdatePodToleration: 1024,
  UpdatePodSchedulingGatesEliminated: 2048,
  UpdatePodGeneratedResourceClaim: 4096,
  /** All update bits. */
  Update: 8188,
  All: 8191,
} as const;

/** Upstream's resource names; `AssignedPod` and `UnschedulablePod` are what `Pod` registrations also match. */
export type EventResource =
  | '*'
  | 'Pod'
  | 'AssignedPod'
  | 'UnschedulablePod'
  | 'Node'
  | 'PersistentVolume'
  | 'PersistentVolumeClaim'
  | 'StorageClass'
  | 'CSINode'
  | 'CSIDriver'
  | 'CSIStorageCapacity'
  | 'VolumeAttachment'
  | 'ResourceClaim'
  | 'ResourceSlice'
  | 'DeviceClass';

export interface ClusterEvent {
  readonly resource: EventResource;
  /** Action bits. */
  readonly actions: number;
  /** The `event` label of upstream's metrics. */
  readonly label: string;
}

/** What an event is about; members that do not apply are absent. */
export interface EventSubject {
  /** The pod concerned (events on pods), as it is or was. */
  readonly pod?: PodEventView;
  readonly podBefore?: PodEventView;
  readonly node?: NodeEventView;
  readonly nodeBefore?: NodeEventView;
  readonly object?: KubernetesObject;
  readonly objectBefore?: KubernetesObject;
}

export interface PodEventView {
  /** Row; with `incarnation` the pod's identity. */
  readonly row: number;
  readonly incarnation: number;
  readonly template: PodTemplate;
  /** '' when unassigned. */
  readonly nodeName: string;
  readonly nominatedNodeName: string;
}

export interface NodeEventView {
  readonly facts: NodeFacts;
  /** Allocatable amount by resource column. */
  readonly allocatable: ArrayLike<number>;
  /** Index of column 0 in `allocatable`. */
  readonly base: number;
  readonly allowedPods: number;
}

export type Hint = 'Queue' | 'QueueSkip';
export type QueueingHint = (pod: PodInfo, subject: EventSubject) => Hint;

export interface EventRegistration {
  readonly event: ClusterEvent;
  /** null: always Queue. */
  readonly hint: QueueingHint | null;
}

export function event(resource: EventResource, actions: number, label = ''): ClusterEvent {
  return { resource, actions, label };
}

export const WILDCARD_EVENT: ClusterEvent = { resource: '*', actions: Action.All, label: 'WildCardEvent' };
export const UNSCHEDULABLE_TIMEOUT: ClusterEvent = {
  resource: '*',
  actions: Action.All,
  label: 'UnschedulableTimeout',
};

export function isWildcard(candidate: ClusterEvent): boolean {
  return candidate.resource === '*' && candidate.actions === Action.All;
}

/** Whether a registered event covers one that happened. */
export function eventMatches(registered: ClusterEvent, incoming: ClusterEvent): boolean {
  if (isWildcard(registered)) return true;
  return (
    resourceMatches(registered.resource, incoming.resource) &&
    (registered.actions & incoming.actions) !== 0 &&
    incoming.actions <= registered.actions
  );
}

function resourceMatches(registered: EventResource, incoming: EventResource): boolean {
  if (registered === '*' || registered === incoming) return true;
  return registered === 'Pod' && (incoming === 'AssignedPod' || incoming === 'UnschedulablePod');
}

export function podEventView(cache: SchedulerCache, pod: number): PodEventView {
  const node = cache.pods.node[pod];
  return {
    row: pod,
    incarnation: cache.pods.incarnation[pod],
    template: cache.templateOf(pod),
    nodeName: node < 0 ? '' : cache.nodeInfo(node).name,
    nominatedNodeName: cache.nominatedNodeName(pod),
  };
}

export function nodeEventView(info: NodeInfo): NodeEventView {
  return { facts: info.facts, allocatable: info.allocatable, base: info.base, allowedPods: info.allowedPods };
}

/** Whether an event on a pod concerns the waiting pod itself (upstream compares UIDs). */
export function isOwnPod(pod: PodInfo, subject: PodEventView | undefined): boolean {
  return subject !== undefined && subject.row === pod.row && subject.incarnation === pod.incarnation;
}
