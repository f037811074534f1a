/**
 * Zones of the node-lifecycle controller: their health, and the rate-limited queues of nodes that wait for a NoExecute
 * taint. No kernel here: times are handed in. Source: pkg/controller/nodelifecycle/node_lifecycle_controller.go,
 * scheduler/rate_limited_queue.go (v1.36).
 */
import { growInt32, growUint8 } from '../base/growable.ts';
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
  /** Without nodes that are excluded from disruption. */
  ready = 0;
  notReady = 0;
  /** When the queue is looked at next; Infinity: not as things are. */
  lookAt: Micros = Infinity;
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

export interface DisruptionSettings extends EvictionRates {
  readonly unhealthyZoneThreshold: number;
}

/** How a node is counted in its zone. */
const Counted = { Not: 0, Ready: 1, NotReady: 2 } as const;

/** The zones there have ever been, and which nodes are counted in them. */
export class DisruptionZones {
  readonly zones: ZoneQueue[] = [];
  private readonly indexes = new Map<string, number>();
  private readonly settings: DisruptionSettings;
  /** By node row. */
  private zone: Int32Array = new Int32Array(0);
  /** One of Counted. */
  private counted: Uint8Array = new Uint8Array(0);

  constructor(settings: DisruptionSettings) {
    this.settings = settings;
  }

  /** Names of zones as topology keys, with their state now. */
  states(): ReadonlyMap<string, ZoneState> {
    return new Map(Array.from(this.indexes, ([key, index]) => [key, this.zones[index].state]));
  }

  place(node: number, zoneKey: string): void {
    let index = this.indexes.get(zoneKey);
    if (index === undefined) {
      index = this.zones.length;
      this.indexes.set(zoneKey, index);
      this.zones.push(new ZoneQueue(this.settings.evictionRatePerSecond));
    }
    this.zone[node] = index;
  }

  of(node: number): ZoneQueue {
    return this.zones[this.zone[node]];
  }

  /** Counts the node where it belongs now. */
  count(node: number, isReady: boolean): void {
    this.uncount(node);
    const zone = this.of(node);
    if (isReady) zone.ready++;
    else zone.notReady++;
    this.counted[node] = isReady ? Counted.Ready : Counted.NotReady;
  }

  uncount(node: number): void {
    if (this.counted[node] === Counted.Ready) this.of(node).ready--;
    else if (this.counted[node] === Counted.NotReady) this.of(node).notReady--;
    this.counted[node] = Counted.Not;
  }

  /**
   * Zone states and rates; with all zones down the fault is taken to be the controller's own, and nothing is tainted.
   * `told` is called as soon as that begins or ends, before rates are set from counts.
   */
  handleDisruption(now: Micros, told: (change: 'allDown' | 'overcome') => void): void {
    const states = this.zones.map((zone) => this.stateOf(zone));
    const present = states.filter((state) => state !== null);
    const allAreFull = present.length > 0 && present.every((state) => state === 'FullDisruption');
    const allWereFull = this.zones.every((zone, index) => states[index] === null || zone.state === 'FullDisruption');
    if (allAreFull && allWereFull) return;
    if (allAreFull) told('allDown');
    else if (allWereFull) told('overcome');
    this.zones.forEach((zone, index) => {
      const state = states[index];
      if (state === null) {
        zone.state = 'Normal';
        return;
      }
      const isUnchanged = zone.state === state && !allWereFull;
      zone.state = state;
      if (allAreFull) zone.setRate(0, now);
      else if (!isUnchanged) zone.setRate(zoneRate(state, zone.ready + zone.notReady, this.settings), now);
    });
  }

  /** null: no node that counts. */
  private stateOf({ ready, notReady }: ZoneQueue): ZoneState | null {
    return ready + notReady === 0 ? null : zoneState(ready, notReady, this.settings.unhealthyZoneThreshold);
  }

  grow(capacity: number): void {
    this.zone = growInt32(this.zone, capacity);
    this.counted = growUint8(this.counted, capacity);
  }
}
