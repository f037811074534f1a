/**
 * Matching pods per topology domain for one hard constraint, with the smallest count at hand. What-ifs (pods added to
 * or taken off one node) go to a small overlay, so that a copy costs nothing by the number of domains.
 */

interface LowDomain {
  readonly value: string;
  readonly count: number;
}

/** Greater than any count. */
const NO_DOMAIN: LowDomain = { value: '', count: Number.MAX_SAFE_INTEGER };

export class DomainCounts {
  /** Not changed after construction. */
  private readonly base: ReadonlyMap<string, number>;
  private changed: Map<string, number> | null = null;
  /**
   * The two smallest. Between two copies only one domain changes (a what-if touches one node), therefore one of the
   * two is always the true minimum (upstream's critical paths).
   */
  private low: LowDomain = NO_DOMAIN;
  private next: LowDomain = NO_DOMAIN;

  /** `original`: counts over the same base that this is a copy of. */
  constructor(base: ReadonlyMap<string, number>, original: DomainCounts | null = null) {
    this.base = base;
    if (original === null) {
      for (const [value, count] of base) this.rank(value, count);
      return;
    }
    this.changed = original.changed === null ? null : new Map(original.changed);
    this.low = original.low;
    this.next = original.next;
  }

  /** Of a domain without a node that counts: 0. */
  count(value: string): number {
    return this.changed?.get(value) ?? this.base.get(value) ?? 0;
  }

  /** The smallest count; 0 with fewer domains than `minDomains`. */
  minimum(minDomains: number): number {
    return this.base.size < minDomains ? 0 : this.low.count;
  }

  add(value: string, change: 1 | -1): void {
    const count = this.count(value) + change;
    this.changed ??= new Map();
    this.changed.set(value, count);
    this.rank(value, count);
  }

  copy(): DomainCounts {
    return new DomainCounts(this.base, this);
  }

  private rank(value: string, count: number): void {
    const domain: LowDomain = { value, count };
    if (value === this.low.value && this.low !== NO_DOMAIN) {
      this.low = domain;
      if (count > this.next.count) this.swap();
    } else if (value === this.next.value && this.next !== NO_DOMAIN) {
      this.next = domain;
      if (count < this.low.count) this.swap();
    } else if (count < this.low.count) {
      this.next = this.low;
      this.low = domain;
    } else if (count < this.next.count) {
      this.next = domain;
    }
  }

  private swap(): void {
    const { low } = this;
    this.low = this.next;
    this.next = low;
  }
}
