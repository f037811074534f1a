/**
 * What a user's plugin is shown of a run besides nodes and pods, which have views of their own: the objects themselves
 * behind a proxy that refuses to be written to. Copies that a plugin asks for (`whatIf`, `slice`) are its own. A look
 * through a proxy costs about a tenth of a microsecond.
 */
import { NodeInfo } from '../cache/node-info.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import { PodInfo } from './pod-info.ts';
import { MapView, NodeView, PodView } from './plugin-views.ts';
import { refuseWrite } from './plugin-watch.ts';
import type { PluginWatch } from './plugin-watch.ts';

/** Methods that change what they belong to, apart from those of collections. */
const WRITERS: ReadonlySet<string> = new Set([
  'assumePod', 'forgetPod', 'assumeDevices', 'podCreated', 'podUpdated', 'podBound', 'podAcknowledged', 'podStarted',
  'podTerminating', 'podRemoved', 'nodeAdded', 'nodeUpdated', 'nodeRemoving', 'addPod', 'removePod', 'account',
  'takeOver', 'takeChosen', 'give',
]);
const COLLECTION_WRITERS: ReadonlySet<string> = new Set([
  'set', 'add', 'delete', 'clear', 'fill', 'sort', 'reverse', 'copyWithin',
]);
/** What these give is the caller's own. */
const COPIERS: ReadonlySet<string> = new Set(['whatIf', 'slice', 'toSorted', 'toReversed', 'with']);

/** The object behind each proxy, of all plugins. */
const behind = new WeakMap<object, object>();

/** The object behind a view; what is no view comes back as it is. */
export function plain<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  const proxied = behind.get(value);
  if (proxied !== undefined) return proxied as Value;
  if (value instanceof NodeView) return NodeView.behind(value) as Value;
  return (value instanceof PodView ? PodView.behind(value) : value) as Value;
}

/** Of one plugin. */
export class ReadOnlyViews {
  private readonly watch: PluginWatch;
  private readonly cluster: SchedulerCache;
  private readonly views = new WeakMap<object, object>();
  /** By row: nodes keep their view as long as they live. */
  private readonly nodeViews: NodeInfo[] = [];
  /** Whose views these are. */
  private readonly nodes: (NodeInfo | null)[] = [];
  private lastPod: PodInfo | null = null;
  private lastPodView: PodInfo | null = null;
  private readonly handler: ProxyHandler<object>;

  constructor(watch: PluginWatch, cluster: SchedulerCache) {
    this.watch = watch;
    this.cluster = cluster;
    const refuse = (target: object, key: string | symbol): never => refuseWrite(memberText(target, key));
    this.handler = {
      get: (target, key) => this.member(target, key),
      set: refuse,
      deleteProperty: refuse,
      defineProperty: refuse,
      setPrototypeOf: (target) => refuse(target, 'prototype'),
      preventExtensions: (target) => refuse(target, 'extensions'),
    };
  }

  node(node: NodeInfo): NodeInfo {
    const { row } = node;
    return this.nodes[row] === node ? this.nodeViews[row] : this.newNodeView(node);
  }

  pod(pod: PodInfo): PodInfo {
    if (pod === this.lastPod && this.lastPodView !== null) return this.lastPodView;
    const view = pod instanceof PodInfo ? this.fresh(pod) : pod;
    this.lastPod = pod;
    this.lastPodView = view;
    return view;
  }

  /** A view of its own, for pods that are made to be looked at once. */
  fresh(pod: PodInfo): PodInfo {
    return new PodView(pod, this.of) as unknown as PodInfo;
  }

  readonly of = <Value>(value: Value): Value => {
    if (typeof value !== 'object' || value === null || behind.has(value)) return value;
    if (value instanceof NodeInfo) return this.node(value) as Value;
    if (value instanceof PodInfo) return this.fresh(value) as Value;
    if (value instanceof NodeView || value instanceof PodView || value instanceof MapView) return value;
    return this.shared(value) as Value;
  };

  private newNodeView(node: NodeInfo): NodeInfo {
    if (!(node instanceof NodeInfo)) return node;
    const view = new NodeView(node, this.watch, this.of, this.cluster) as unknown as NodeInfo;
    const { row } = node;
    if (row < 0 || this.cluster.nodes.info[row] !== node) return view;
    while (this.nodes.length <= row) {
      this.nodes.push(null);
      this.nodeViews.push(view);
    }
    this.nodes[row] = node;
    this.nodeViews[row] = view;
    return view;
  }

  /** One view for each object, so that plugins can tell what is the same. */
  private shared(value: object): object {
    const known = this.views.get(value);
    if (known !== undefined) return known;
    const view = value instanceof Map ? new MapView(value, this.of) : new Proxy(value, this.handler);
    this.views.set(value, view);
    if (!(view instanceof MapView)) behind.set(view, value);
    return view;
  }

  private member(target: object, key: string | symbol): unknown {
    const value: unknown = Reflect.get(target, key, target);
    if (typeof value === 'function') return Array.isArray(target) ? value : this.method(value as Method, target, key);
    // Of a frozen object the language wants the very member.
    return typeof value === 'object' && value !== null && !isFixed(target, key) ? this.of(value) : value;
  }

  private method(method: Method, target: object, key: string | symbol): Method {
    const known = this.views.get(method) as Method | undefined;
    if (known !== undefined) return known;
    const name = String(key);
    const isWriter = (isCollection(target) ? COLLECTION_WRITERS : WRITERS).has(name);
    const call = (self: unknown, values: readonly unknown[]): unknown => {
      if (isWriter) return refuseWrite(`what a plugin is shown (${name})`);
      const result: unknown = method.apply(self, values.map(plain));
      return COPIERS.has(name) ? result : this.of(result);
    };
    const guarded: Method = function guarded(this: unknown, ...values: readonly unknown[]): unknown {
      return call(plain(this), values);
    };
    this.views.set(method, guarded);
    return guarded;
  }
}

type Method = (this: unknown, ...values: readonly unknown[]) => unknown;

function isCollection(target: object): boolean {
  return target instanceof Map || target instanceof Set || ArrayBuffer.isView(target);
}

function isFixed(target: object, key: string | symbol): boolean {
  const descriptor = Reflect.getOwnPropertyDescriptor(target, key);
  return descriptor !== undefined && descriptor.configurable === false && descriptor.writable === false;
}

function memberText(target: object, key: string | symbol): string {
  const isList = Array.isArray(target) || ArrayBuffer.isView(target);
  return isList ? `a list (${String(key)})` : `what a plugin is shown (${String(key)})`;
}
