/**
 * Back-off by key: begins with a base, doubles with each call, ends at a cap; after twice the cap without a call it
 * begins anew. Source: staging/src/k8s.io/client-go/util/flowcontrol/backoff.go (v1.36).
 */
import type { Micros } from '../base/time.ts';

interface Entry {
  readonly delay: Micros;
  readonly updatedAt: Micros;
}

export class ItemBackoff {
  private readonly base: Micros;
  private readonly cap: Micros;
  private readonly entries = new Map<string, Entry>();

  constructor(base: Micros, cap: Micros) {
    this.base = base;
    this.cap = cap;
  }

  /** The delay in force, 0: none. */
  get(key: string): Micros {
    return this.entries.get(key)?.delay ?? 0;
  }

  /** Whether less than the delay has passed since the last call of `next`. */
  isWaiting(key: string, now: Micros): boolean {
    const entry = this.entries.get(key);
    return entry !== undefined && !this.hasExpired(entry, now) && now - entry.updatedAt < entry.delay;
  }

  next(key: string, now: Micros): void {
    const entry = this.entries.get(key);
    const delay = entry === undefined || this.hasExpired(entry, now) ? this.base : Math.min(entry.delay * 2, this.cap);
    this.entries.set(key, { delay, updatedAt: now });
  }

  /** Forgets what has expired. */
  collect(now: Micros): void {
    for (const [key, entry] of this.entries) if (this.hasExpired(entry, now)) this.entries.delete(key);
  }

  private hasExpired({ updatedAt }: Entry, now: Micros): boolean {
    return now - updatedAt > 2 * this.cap;
  }
}
