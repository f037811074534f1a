/**
 * Which nodes hold which image, as the scheduler's cache knows it (pkg/scheduler/backend/cache/cache.go). The size is
 * the one that the first holder reported. A node's view of how many nodes hold an image is frozen when the node's
 * snapshot entry is refreshed, that is, when the node or a pod on it has changed since the last cycle. Images are
 * numbered; a node costs 20 bytes an image.
 */
import { growUint8, grownCapacity } from '../../base/growable.ts';
import { Interner } from '../../base/interner.ts';
import type { NodeFacts, NodeInfo } from '../../cluster/node-info.ts';

export interface ImageState {
  readonly sizeBytes: number;
  /** Nodes that hold it. */
  readonly nodes: number;
}

/** Of an image on a node, side by side in one array a node: number, frozen nodes (0: not known yet), frozen size. */
const HELD = 3;

export class ImageStates {
  private readonly names = new Interner();
  /** By image number: nodes that hold it, and the size that the first of them reported. */
  private readonly liveNodes: number[] = [];
  private readonly liveSizes: number[] = [];
  /** By node row; only nodes that report images. */
  private readonly held: (Float64Array | null)[] = [];
  private readonly touchedRows: number[] = [];
  private isTouched: Uint8Array = new Uint8Array(64);
  private readonly versions: number[] = [];
  private readonly onChange: (row: number) => void;

  /** `onChange` is told of every node row whose frozen counts change. */
  constructor(onChange: (row: number) => void = () => undefined) {
    this.onChange = onChange;
  }

  /** The number of an image, for `stateOf`; the same for ever. */
  number(image: string): number {
    const number = this.names.intern(image);
    if (number === this.liveNodes.length) {
      this.liveNodes.push(0);
      this.liveSizes.push(0);
    }
    return number;
  }

  addNode(info: NodeInfo): void {
    const { images } = info.facts;
    const held = new Float64Array(images.size * HELD);
    let at = 0;
    for (const [name, sizeBytes] of images) {
      const number = (held[at] = this.number(name));
      at += HELD;
      if (this.liveNodes[number]++ === 0) this.liveSizes[number] = sizeBytes;
    }
    this.held[info.row] = images.size === 0 ? null : held;
    this.touch(info.row);
  }

  removeNode(info: NodeInfo): void {
    this.drop(info.facts);
    this.held[info.row] = null;
  }

  updateNode(info: NodeInfo, before: NodeFacts): void {
    this.drop(before);
    this.addNode(info);
  }

  /** The node or a pod on it changed. */
  touch(row: number): void {
    if (row >= this.isTouched.length) this.isTouched = growUint8(this.isTouched, grownCapacity(this.isTouched.length, row + 1));
    if (this.isTouched[row] === 1 || (this.held[row] ?? null) === null) return;
    this.isTouched[row] = 1;
    this.touchedRows.push(row);
  }

  /** To be called at the start of a cycle. */
  refresh(): void {
    const { touchedRows } = this;
    for (let row = touchedRows.pop(); row !== undefined; row = touchedRows.pop()) {
      this.isTouched[row] = 0;
      const held = this.held[row] ?? null;
      if (held !== null && this.freeze(held)) {
        this.versions[row] = (this.versions[row] ?? 0) + 1;
        this.onChange(row);
      }
    }
  }

  state(info: NodeInfo, image: string): ImageState | undefined {
    const number = this.names.find(image);
    const held = this.held[info.row] ?? null;
    if (number < 0 || held === null) return undefined;
    for (let at = 0; at < held.length; at += HELD) {
      if (held[at] === number) return held[at + 1] === 0 ? undefined : { nodes: held[at + 1], sizeBytes: held[at + 2] };
    }
    return undefined;
  }

  /** sizeBytes * nodes / total of an image on a node, cut to a whole number; 0 when the node lacks it. */
  spread(row: number, image: number, total: number): number {
    const held = this.held[row] ?? null;
    if (held === null) return 0;
    for (let at = 0; at < held.length; at += HELD) if (held[at] === image) return Math.trunc(held[at + 2] * (held[at + 1] / total));
    return 0;
  }

  /** Grows when what is frozen for a node row changes. */
  version(row: number): number {
    return this.versions[row] ?? 0;
  }

  /** Whether anything changed. */
  private freeze(held: Float64Array): boolean {
    const { liveNodes, liveSizes } = this;
    let changed = false;
    for (let at = 0; at < held.length; at += HELD) {
      const number = held[at];
      if (held[at + 1] === liveNodes[number] && held[at + 2] === liveSizes[number]) continue;
      held[at + 1] = liveNodes[number];
      held[at + 2] = liveSizes[number];
      changed = true;
    }
    return changed;
  }

  private drop(facts: NodeFacts): void {
    for (const name of facts.images.keys()) this.liveNodes[this.number(name)]--;
  }
}
