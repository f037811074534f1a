/**
 * What plugins remember during one scheduling cycle. Typed by its keys; values that a dry run changes know how to copy
 * themselves.
 */

/** A value that preemption's dry runs modify. */
export interface Cloneable {
  clone(): unknown;
}

/** Make one per plugin and kind of data; the name shows in error messages. */
export interface StateKey<T> {
  readonly name: string;
  /** Never read: carries the type. */
  readonly phantom?: T;
}

export function stateKey<T>(name: string): StateKey<T> {
  return { name };
}

export class CycleState {
  private readonly values = new Map<StateKey<unknown>, unknown>();
  /** Runs PreFilter when somebody first asks: a cycle decided from remembered answers has not run it. */
  private fill: (() => void) | null = null;
  /** Plugins whose Filter (and AddPod/RemovePod) is left out in this cycle. */
  readonly skipFilter: Set<string> = new Set();
  readonly skipScore: Set<string> = new Set();

  /** `fill` is called before the first read or copy. */
  fillLater(fill: () => void): void {
    this.fill = fill;
  }

  read<T>(key: StateKey<T>): T | undefined {
    this.ensureFilled();
    return this.values.get(key) as T | undefined;
  }

  /** Whether PreFilter came as far as to write the value. A cycle that is filled later has passed all of PreFilter. */
  isWritten<T>(key: StateKey<T>): boolean {
    return this.fill !== null || this.values.has(key);
  }

  write<T>(key: StateKey<T>, value: T): void {
    this.values.set(key, value);
  }

  reset(): void {
    this.fill = null;
    // Clearing an empty collection makes a new table all the same.
    if (this.values.size > 0) this.values.clear();
    if (this.skipFilter.size > 0) this.skipFilter.clear();
    if (this.skipScore.size > 0) this.skipScore.clear();
  }

  private ensureFilled(): void {
    const { fill } = this;
    if (fill === null) return;
    this.fill = null;
    fill();
  }

  clone(): CycleState {
    this.ensureFilled();
    const copy = new CycleState();
    for (const [key, value] of this.values) copy.values.set(key, isCloneable(value) ? value.clone() : value);
    for (const name of this.skipFilter) copy.skipFilter.add(name);
    for (const name of this.skipScore) copy.skipScore.add(name);
    return copy;
  }
}

function isCloneable(value: unknown): value is Cloneable {
  return typeof value === 'object' && value !== null && 'clone' in value && typeof value.clone === 'function';
}
