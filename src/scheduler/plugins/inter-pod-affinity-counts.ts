/**
 * Pods counted by topology key and value. Counts that came to zero are gone, so that emptiness means something.
 * What-ifs write to a small overlay, so that a copy costs nothing by the number of domains.
 */
type Domains = Map<string, Map<string, number>>;

export class TopologyCounts {
  private readonly base: Domains;
  /** Differences to `base`; null: this is not a copy, and writes go to `base`. */
  private readonly changes: Domains | null;
  /** Domains with a count other than zero. */
  private occupied: number;

  constructor(base: Domains = new Map(), changes: Domains | null = null, occupied = 0) {
    this.base = base;
    this.changes = changes;
    this.occupied = occupied;
  }

  get isEmpty(): boolean {
    return this.occupied === 0;
  }

  get(key: string, value: string): number {
    const count = this.base.get(key)?.get(value) ?? 0;
    return this.changes === null ? count : count + (this.changes.get(key)?.get(value) ?? 0);
  }

  /** A node without the key counts nowhere. */
  add(key: string, labels: ReadonlyMap<string, string>, change: number): void {
    const value = labels.get(key);
    if (value === undefined) return;
    const before = this.get(key, value);
    if (before === 0) this.occupied++;
    if (before + change === 0) this.occupied--;
    const target = this.changes ?? this.base;
    let values = target.get(key);
    if (values === undefined) target.set(key, (values = new Map<string, number>()));
    values.set(value, (values.get(value) ?? 0) + change);
  }

  /** Whether some domain of a node has a count above zero. */
  anyAt(labels: ReadonlyMap<string, string>): boolean {
    if (this.occupied === 0) return false;
    return this.anyIn(this.base, labels) || (this.changes !== null && this.anyIn(this.changes, labels));
  }

  /** A copy to try changes on; the original must not change while it lives. */
  copy(): TopologyCounts {
    const changes: Domains = new Map();
    for (const [key, values] of this.changes ?? []) changes.set(key, new Map(values));
    return new TopologyCounts(this.base, changes, this.occupied);
  }

  private anyIn(domains: Domains, labels: ReadonlyMap<string, string>): boolean {
    for (const key of domains.keys()) {
      const value = labels.get(key);
      if (value !== undefined && this.get(key, value) > 0) return true;
    }
    return false;
  }
}
