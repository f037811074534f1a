/**
 * What a user's plugin is shown of nodes, pods and the scheduler's cache: the objects themselves behind a view that
 * refuses to be written to. A refusal is also noted, so that a plugin that swallows it is told all the same. Copies that
 * a plugin asks for (`whatIf`, `slice`) are its own. A look through a view costs some hundredths of a microsecond.
 */

/** Methods that change what they belong to, apart from those of collections. */
const WRITERS: ReadonlySet<string> = new Set([
  'assumePod', 'forgetPod', 'podCreated', 'podUpdated', 'podBound', 'podStarted', 'podTerminating', 'podRemoved',
  'nodeAdded', 'nodeUpdated', 'nodeRemoving', 'objectChanged', 'observe', 'touch', 'countFreePods', 'widen', 'noteOffer',
  'make', 'addPod', 'removePod', 'account', 'takeOver', 'refresh', 'countPriority', 'setBelief', 'onGrown', 'register',
]);
const COLLECTION_WRITERS: ReadonlySet<string> = new Set([
  'set', 'add', 'delete', 'clear', 'fill', 'sort', 'reverse', 'copyWithin',
]);
/** What these give is the caller's own. */
const COPIERS: ReadonlySet<string> = new Set(['whatIf', 'slice', 'toSorted', 'toReversed', 'with']);

/** The object behind each view, of all plugins. */
const behind = new WeakMap<object, object>();

/** The object behind a view; what is no view comes back as it is. */
export function plain<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  return (behind.get(value) ?? value) as Value;
}

export class ReadOnlyViews {
  /** What the plugin tried to write first since this was last taken; null: nothing. */
  private attempt: string | null = null;
  private readonly views = new WeakMap<object, object>();
  private readonly handler: ProxyHandler<object>;

  constructor() {
    const refuse = (_target: object, key: string | symbol): never => this.refuse(String(key));
    this.handler = {
      get: (target, key) => this.member(target, key),
      set: refuse,
      deleteProperty: refuse,
      defineProperty: refuse,
      setPrototypeOf: (target) => refuse(target, 'prototype'),
      preventExtensions: (target) => refuse(target, 'extensions'),
    };
  }

  of<Value>(value: Value): Value {
    if (typeof value !== 'object' || value === null || behind.has(value)) return value;
    const known = this.views.get(value);
    if (known !== undefined) return known as Value;
    const view = new Proxy(value, this.handler);
    this.views.set(value, view);
    behind.set(view, value);
    return view as Value;
  }

  /** What the plugin has tried to write since the last call of this; null: nothing. */
  takeAttempt(): string | null {
    const { attempt } = this;
    this.attempt = null;
    return attempt;
  }

  private member(target: object, key: string | symbol): unknown {
    const value: unknown = Reflect.get(target, key, target);
    if (typeof value === 'function') return Array.isArray(target) ? value : this.method(target, value as Method, key);
    // Of a frozen object the language wants the very member.
    return typeof value === 'object' && value !== null && !isFixed(target, key) ? this.of(value) : value;
  }

  private method(target: object, method: Method, key: string | symbol): Method {
    const known = this.views.get(method) as Method | undefined;
    if (known !== undefined) return known;
    const name = String(key);
    const isWriter = (isCollection(target) ? COLLECTION_WRITERS : WRITERS).has(name);
    const call = (self: unknown, values: readonly unknown[]): unknown => {
      if (isWriter) return this.refuse(`${name}()`);
      const result: unknown = method.apply(self, values.map(plain));
      return COPIERS.has(name) ? result : this.of(result);
    };
    const guarded: Method = function guarded(this: unknown, ...values: readonly unknown[]): unknown {
      return call(plain(this), values);
    };
    this.views.set(method, guarded);
    return guarded;
  }

  private refuse(what: string): never {
    this.attempt ??= what;
    throw new TypeError(`${what} cannot be written: nodes, pods and the cache are read-only to plugins`);
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
