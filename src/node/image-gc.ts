/**
 * Image garbage collection: every five minutes a kubelet looks which images are there and in use. When the file system
 * of images is in use to its high threshold, unused ones go, the least recently used first, until it is at the low one;
 * so do, where a maximum age is set, those that nobody has used for so long. Younger ones than the minimum age stay.
 * An image is known from the first look on that finds it, and was last used when a look last found it in use. A
 * kubelet that starts anew has forgotten both.
 * Source: pkg/kubelet/images/image_gc_manager.go (v1.36).
 *
 * Loaded only where something looks at disks. Costs an event a node every five minutes, and an entry for each image.
 */
import { MICROS_PER_MINUTE, type Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import type { NodeDisks } from './node-disks.ts';
import type { PressureSettings } from './settings.ts';

/** pkg/kubelet/kubelet.go: ImageGCPeriod. */
const PERIOD_MICROS: Micros = 5 * MICROS_PER_MINUTE;

interface ImageRecord {
  readonly detectedAt: Micros;
  /** -1: never, as far as the kubelet knows. */
  lastUsedAt: Micros;
}

export class ImageGc implements ClusterObserver {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly disks: NodeDisks;
  private readonly settings: PressureSettings;
  private readonly passEvent: EventKind;
  /** By node row, then image id. */
  private readonly records: Map<number, ImageRecord>[] = [];
  /** By node row: when its kubelet has started. */
  private readonly startedAt: Micros[] = [];
  /** By node row: passes of an earlier start of the kubelet do nothing. */
  private readonly starts: number[] = [];

  constructor(kernel: Kernel, cluster: Cluster, disks: NodeDisks, settings: PressureSettings) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.disks = disks;
    this.settings = settings;
    this.passEvent = kernel.defineEvent('image garbage collection', 3, (node, start) => {
      if (this.starts[node] !== start) return;
      this.pass(node);
      kernel.after(PERIOD_MICROS, this.passEvent, node, start);
    });
    cluster.observe(this);
  }

  nodeAdded(node: number): void {
    this.start(node);
  }

  nodeHealthChanged(node: number, up: boolean): void {
    if (up) this.start(node);
    else this.stop(node);
  }

  nodeRemoving(node: number): void {
    this.stop(node);
  }

  private start(node: number): void {
    this.stop(node);
    this.records[node] = new Map();
    this.startedAt[node] = this.kernel.now;
    if (this.cluster.nodes.up[node] === 1) this.kernel.after(0, this.passEvent, node, this.starts[node]);
  }

  private stop(node: number): void {
    this.starts[node] = (this.starts[node] ?? 0) + 1;
  }

  private pass(node: number): void {
    this.detect(node);
    this.freeOld(node);
    const { imageHighPercent, imageLowPercent } = this.settings;
    const { left, capacity } = this.disks.imageFs(node);
    if (100 - Math.floor((left * 100) / capacity) < imageHighPercent) return;
    this.free(node, Math.trunc((capacity * (100 - imageLowPercent)) / 100) - left);
  }

  /** All that are unused and old enough, as the kubelet needs room. */
  freeAll(node: number): void {
    this.detect(node);
    this.free(node, Infinity);
  }

  /** What is there, and what of it is in use now. */
  private detect(node: number): void {
    const { now } = this.kernel;
    const records = this.records[node];
    const there = new Set(this.disks.imagesOn(node));
    const used = this.disks.imagesInUse(node);
    for (const image of records.keys()) if (!there.has(image)) records.delete(image);
    for (const image of there) {
      const record = records.get(image) ?? { detectedAt: now, lastUsedAt: -1 };
      records.set(image, record);
      if (used.has(image)) record.lastUsedAt = now;
    }
  }

  /** Those that are not in use, the least recently used first, then the one that was found first. */
  private unused(node: number): (readonly [number, ImageRecord])[] {
    const { now } = this.kernel;
    return [...this.records[node]]
      .filter(([, { lastUsedAt }]) => lastUsedAt < now)
      .sort(([a, one], [b, other]) => one.lastUsedAt - other.lastUsedAt || one.detectedAt - other.detectedAt || a - b);
  }

  private freeOld(node: number): void {
    const { now } = this.kernel;
    const { imageMaximumAgeMicros: most } = this.settings;
    // A kubelet that has not watched for so long does not know their ages.
    if (most === 0 || now - this.startedAt[node] <= most) return;
    const old = this.unused(node).filter(([, { lastUsedAt }]) => now - lastUsedAt > most);
    this.removeAll(node, old.filter(([, record]) => this.isOldEnough(record)).map(([image]) => image));
  }

  private free(node: number, bytes: number): void {
    const gone: number[] = [];
    let freed = 0;
    for (const [image, record] of this.unused(node)) {
      if (freed >= bytes) break;
      if (!this.isOldEnough(record)) continue;
      gone.push(image);
      freed += this.disks.sizeOf(image);
    }
    this.removeAll(node, gone);
  }

  private isOldEnough({ detectedAt }: ImageRecord): boolean {
    return this.kernel.now - detectedAt >= this.settings.imageMinimumAgeMicros;
  }

  private removeAll(node: number, images: readonly number[]): void {
    if (images.length === 0) return;
    for (const image of images) this.records[node].delete(image);
    this.disks.remove(node, new Set(images));
  }
}
