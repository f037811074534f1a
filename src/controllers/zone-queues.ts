/**
 * Zones of the node-lifecycle controller: their health, and the rate-limited queues of nodes that wait for a NoExecute
 * taint. No kernel here: times are handed in. Source: pkg/controller/nodelifecycle/node_lifecycle_controller.go,
 * scheduler/rate_limited_queue.go (v1.36).
 */
import { MICROS_PER_SECOND, type Micros } from '../base/time.ts';

export type ZoneState = 'Normal' | 'PartialDisruption' | 'FullDisruption';

/** Upstream computes with 32-bit floats: 55 of 100 against 0.55 is decided by them. */
export function zoneState(readyCount: number, notReadyCount: number, unhealthyZoneThreshold: number): ZoneState {
  if (readyCount === 0 && notReadyCount > 0) return 'FullDisruption';
  const share = Math.fround(notReadyCount / (notReadyCount + readyCount));
  return notReadyCount > 2 && share >= Math.fround(unhealthyZoneThreshold) ? 'PartialDisruption' : 'Normal';
}

export interface EvictionRates {
  readonly evictionRatePerSecond: number;
  readonly secondaryEvictionRatePerSecond: number;
  readonly largeClusterThreshold: number;
}

/** NoExecute taints per second, as long as not all zones are fully disrupted. */
export function zoneRate(state: ZoneState, nodeCount: number, rates: EvictionRates): number {
  if (state !== 'PartialDisruption') return rates.evictionRatePerSecond;
  return nodeCount > rates.largeClusterThreshold ? rates.secondaryEvictionRatePerSecond : 0;
}

/** A zone's queue behind a token bucket that holds one token. */
export class ZoneQueue {
  state: ZoneState = 'Normal';
  /** Node rows in order of entry. */
  readonly nodes: number[] = [];
  private ratePerSecond: number;
  /** When a token is there; in the past: it lies ready. */
  tokenAt: Micros = 0;

  constructor(ratePerSecond: number) {
    this.ratePerSecond = Math.fround(ratePerSecond);
    if (this.ratePerSecond <= 0) this.tokenAt = Infinity;
  }

  private get periodMicros(): Micros {
    return this.ratePerSecond > 0 ? Math.ceil(MICROS_PER_SECOND / this.ratePerSecond) : Infinity;
  }

  /** The new bucket starts empty when the old one was. */
  setRate(ratePerSecond: number, now: Micros): void {
    const rate = Math.fround(ratePerSecond);
    if (rate === this.ratePerSecond) return;
    const wasEmpty = this.tokenAt > now;
    this.ratePerSecond = rate;
    if (rate <= 0) this.tokenAt = Infinity;
    else this.tokenAt = wasEmpty ? now + this.periodMicros : now;
  }

  /** Takes the first node if there is a token for it; -1 otherwise. */
  take(now: Micros): number {
    if (this.nodes.length === 0 || this.tokenAt > now) return -1;
    this.tokenAt = now + this.periodMicros;
    return this.nodes.shift() as number;
  }

  remove(node: number): void {
    const index = this.nodes.indexOf(node);
    if (index >= 0) this.nodes.splice(index, 1);
  }
}
