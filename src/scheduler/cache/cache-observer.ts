/**
 * Notices of the scheduler's cache: what it has seen of the cluster, and what the scheduler itself has chosen. Told
 * after the cache has changed and in order of registration.
 */
import type { KubernetesObject } from '../../cluster/objects.ts';
import { Listeners } from '../../cluster/observer.ts';
import type { NodeBefore, ObjectAction, Told } from '../../cluster/observer.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';

export interface CacheObserver {
  podCreated?(pod: number): void;
  podUpdated?(pod: number, before: PodTemplate): void;
  /** An update came to a pod on a node that says nothing new of what is scheduled by. */
  podRewritten?(pod: number): void;
  podAssumed?(pod: number): void;
  /** The scheduler gave the node up again, or the pod was bound to another one. `node` is where it was assumed. */
  podForgotten?(pod: number, node: number): void;
  podBound?(pod: number): void;
  podStarted?(pod: number): void;
  podTerminating?(pod: number): void;
  /** The pod is gone; `node` is where it was, -1: nowhere. */
  podRemoved?(pod: number, node: number): void;
  nodeAdded?(node: number): void;
  nodeUpdated?(node: number, changes: number, before: NodeBefore): void;
  /** Before the node leaves the cache. */
  nodeRemoving?(node: number): void;
  objectChanged?(
    kind: string,
    action: ObjectAction,
    object: KubernetesObject,
    before: KubernetesObject | undefined,
  ): void;
}

/** One list per notice, so that a notice costs only those who listen. */
export class CacheObserverLists {
  readonly podCreated: Told<CacheObserver, 'podCreated'> = new Listeners();
  readonly podUpdated: Told<CacheObserver, 'podUpdated'> = new Listeners();
  readonly podRewritten: Told<CacheObserver, 'podRewritten'> = new Listeners();
  readonly podAssumed: Told<CacheObserver, 'podAssumed'> = new Listeners();
  readonly podForgotten: Told<CacheObserver, 'podForgotten'> = new Listeners();
  readonly podBound: Told<CacheObserver, 'podBound'> = new Listeners();
  readonly podStarted: Told<CacheObserver, 'podStarted'> = new Listeners();
  readonly podTerminating: Told<CacheObserver, 'podTerminating'> = new Listeners();
  readonly podRemoved: Told<CacheObserver, 'podRemoved'> = new Listeners();
  readonly nodeAdded: Told<CacheObserver, 'nodeAdded'> = new Listeners();
  readonly nodeUpdated: Told<CacheObserver, 'nodeUpdated'> = new Listeners();
  readonly nodeRemoving: Told<CacheObserver, 'nodeRemoving'> = new Listeners();
  readonly objectChanged: Told<CacheObserver, 'objectChanged'> = new Listeners();
}
