/**
 * Objects that are few and read whole: namespaces, services, workload owners, budgets, volumes, claims, classes.
 * Kept as written, by kind and `namespace/name`, in order of creation.
 */
import type { KubernetesObject } from './objects.ts';

/** Every Namespace carries its name under it (pkg/apis/core/v1/defaults.go, SetDefaults_Namespace). */
export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

/** `namespace/name`; the bare name for kinds without a namespace. */
export function objectKey(object: KubernetesObject): string {
  return keyOf(object.metadata?.namespace, object.metadata?.name ?? '');
}

export function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined || namespace === '' ? name : `${namespace}/${name}`;
}

export class ObjectStore {
  /** How many objects have been removed: who knows that none was may rely on what he has found. */
  removals = 0;
  private readonly kinds = new Map<string, Map<string, KubernetesObject>>();

  get<T extends KubernetesObject>(kind: string, key: string): T | undefined {
    return this.kinds.get(kind)?.get(key) as T | undefined;
  }

  /** All objects of a kind, oldest first. */
  list<T extends KubernetesObject>(kind: string): IterableIterator<T> {
    return (this.kinds.get(kind) ?? EMPTY).values() as IterableIterator<T>;
  }

  /** Every object with its kind: kinds in order of first sight, the oldest of each first. */
  all(): (readonly [kind: string, object: KubernetesObject])[] {
    return [...this.kinds].flatMap(([kind, objects]) => [...objects.values()].map((object) => [kind, object] as const));
  }

  count(kind: string): number {
    return this.kinds.get(kind)?.size ?? 0;
  }

  /** Returns the object that stood there before. `key`: the object's own. */
  put(kind: string, object: KubernetesObject, key = objectKey(object)): KubernetesObject | undefined {
    let objects = this.kinds.get(kind);
    if (objects === undefined) this.kinds.set(kind, (objects = new Map<string, KubernetesObject>()));
    const before = objects.get(key);
    objects.set(key, object);
    return before;
  }

  remove(kind: string, key: string): KubernetesObject | undefined {
    const objects = this.kinds.get(kind);
    const before = objects?.get(key);
    if (before === undefined) return undefined;
    objects?.delete(key);
    this.removals++;
    return before;
  }
}

const EMPTY: ReadonlyMap<string, KubernetesObject> = new Map<string, KubernetesObject>();
