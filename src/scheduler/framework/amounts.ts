/**
 * What a plugin asks most, by the names that manifests use: how much of a resource a node has, how much of it is free,
 * how much a pod asks for, which pods a node holds. cpu is in milli-cores, memory and ephemeral-storage in bytes,
 * `pods` and everything else in units. A name that nothing in the cluster has is 0. Each costs one look-up of the name.
 */
import { amountOf } from '../../cluster/resources.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import { PodInfo } from './pod-info.ts';
import { HandleView, NodeView, PodView } from './plugin-views.ts';

/** What these functions need of a plugin's handle. */
export interface ClusterHandle {
  readonly cluster: SchedulerCache;
}

/** `allocatableOf(handle, node, 'cpu')`: what the node offers in all. */
export function allocatableOf(handle: ClusterHandle, node: NodeInfo, resource: string): number {
  const { allowedPods, allocatable, base } = NodeView.behind(node);
  return resource === 'pods' ? allowedPods : amountAt(handle, allocatable, base, resource);
}

/** What is asked for by the pods on the node. */
export function requestedOn(handle: ClusterHandle, node: NodeInfo, resource: string): number {
  const { pods, requested, base } = NodeView.behind(node);
  return resource === 'pods' ? pods.length : amountAt(handle, requested, base, resource);
}

/** What is left; below 0 where pods were put past the scheduler. */
export function freeOn(handle: ClusterHandle, node: NodeInfo, resource: string): number {
  return allocatableOf(handle, node, resource) - requestedOn(handle, node, resource);
}

/** What the pod takes from a node, overhead included. */
export function requestOf(handle: ClusterHandle, pod: PodInfo, resource: string): number {
  if (resource === 'pods') return 1;
  const column = HandleView.clusterBehind(handle).resources.find(resource);
  return column < 0 ? 0 : amountOf(PodView.behind(pod).template.accounted, column);
}

/** The pods on a node, those that are ending included, in no order that means anything. */
export function podsOn(handle: ClusterHandle, node: NodeInfo): PodInfo[] {
  const cluster = HandleView.clusterBehind(handle);
  return NodeView.behind(node).pods.map((row) => HandleView.shown(handle, new PodInfo(cluster, row)));
}

function amountAt(handle: ClusterHandle, amounts: Float64Array, base: number, resource: string): number {
  const column = HandleView.clusterBehind(handle).resources.find(resource);
  return column < 0 ? 0 : (amounts[base + column] ?? 0);
}
