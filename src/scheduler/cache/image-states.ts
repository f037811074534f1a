/**
 * Which nodes hold which image, as the scheduler's cache knows it (pkg/scheduler/backend/cache/cache.go). The size is
 * the one that the first holder reported. A node's view of how many nodes hold an image is frozen when the node's
 * snapshot entry is refreshed, that is, when the node or a pod on it has changed since the last cycle. Images are
 * numbered; a node costs 16 bytes for each image of the node that has most.
 */
import { growUint8, grownCapacity } from '../../base/growable.ts';
import { Interner } from '../../base/interner.ts';
import type { NodeFacts } from '../../cluster/node-facts.ts';
import type { NodeInfo } from './node-info.ts';

export interface ImageState {
  readonly sizeBytes: number;
  /** Nodes that hold it. */
  readonly nodes: number;
}

export class ImageStates {
  private readonly names = new Interner();
  /** By image number: nodes that hold it, and the size that the first of them reported. */
  private readonly liveNodes: number[] = [];
  private readonly liveSizes: number[] = [];
  /** By node row, `width` each: numbers of its images, frozen nodes (0: not known yet), frozen sizes. */
  private held: Int32Array = new Int32Array(0);
  private frozenNodes: Int32Array = new Int32Array(0);
  private frozenSizes: Float64Array = new Float64Array(0);
  /** By node row: the place behind its last image. */
  private heldEnds: Int32Array = new Int32Array(0);
  private width = 0;
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
    const { row } = info;
    const { images } = info.facts;
    this.makeRoom(row, images.size);
    let at = row * this.width;
    for (const [name, sizeBytes] of images) {
      const number = (this.held[at] = this.number(name));
      this.frozenNodes[at] = this.frozenSizes[at] = 0;
      at++;
      if (this.liveNodes[number]++ === 0) this.liveSizes[number] = sizeBytes;
    }
    this.heldEnds[row] = at;
    this.touch(row);
  }

  removeNode(info: NodeInfo): void {
    this.drop(info.facts);
    this.heldEnds[info.row] = info.row * this.width;
  }

  updateNode(info: NodeInfo, before: NodeFacts): void {
    this.drop(before);
    this.addNode(info);
  }

  /** The node or a pod on it changed. */
  touch(row: number): void {
    if (row >= this.isTouched.length)
      this.isTouched = growUint8(this.isTouched, grownCapacity(this.isTouched.length, row + 1));
    if (this.isTouched[row] === 1 || row >= this.heldEnds.length || this.heldEnds[row] === row * this.width) return;
    this.isTouched[row] = 1;
    this.touchedRows.push(row);
  }

  /** No node has changed since the last cycle. */
  forgetTouches(): void {
    for (const row of this.touchedRows) this.isTouched[row] = 0;
    this.touchedRows.length = 0;
  }

  /** To be called at the start of a cycle. */
  refresh(): void {
    const { touchedRows } = this;
    for (let row = touchedRows.pop(); row !== undefined; row = touchedRows.pop()) {
      this.isTouched[row] = 0;
      if (this.freeze(row)) {
        this.versions[row] = (this.versions[row] ?? 0) + 1;
        this.onChange(row);
      }
    }
  }

  state(info: NodeInfo, image: string): ImageState | undefined {
    const number = this.names.find(image);
    if (number < 0) return undefined;
    const { frozenNodes, frozenSizes } = this;
    const at = this.find(info.row, number);
    return at < 0 || frozenNodes[at] === 0 ? undefined : { nodes: frozenNodes[at], sizeBytes: frozenSizes[at] };
  }

  /** sizeBytes * nodes / total of an image on a node, cut to a whole number; 0 when the node lacks it. */
  spread(row: number, image: number, total: number): number {
    const at = this.find(row, image);
    return at < 0 ? 0 : Math.trunc(this.frozenSizes[at] * (this.frozenNodes[at] / total));
  }

  /** Grows when what is frozen for a node row changes. */
  version(row: number): number {
    return this.versions[row] ?? 0;
  }

  /** Place of an image among those of a node row, -1: the node lacks it. */
  private find(row: number, image: number): number {
    if (row >= this.heldEnds.length) return -1;
    const { held } = this;
    const end = this.heldEnds[row];
    for (let at = row * this.width; at < end; at++) if (held[at] === image) return at;
    return -1;
  }

  /** For so many images on a node row. */
  private makeRoom(row: number, images: number): void {
    const { held, frozenNodes, frozenSizes, heldEnds, width } = this;
    if (images <= width && row < heldEnds.length) return;
    const rows = row < heldEnds.length ? heldEnds.length : grownCapacity(heldEnds.length, row + 1);
    while (images > this.width) this.width = Math.max(4, 2 * this.width);
    this.held = new Int32Array(rows * this.width);
    this.frozenNodes = new Int32Array(rows * this.width);
    this.frozenSizes = new Float64Array(rows * this.width);
    this.heldEnds = new Int32Array(rows);
    for (let old = 0; old < rows; old++) {
      const from = old * width;
      const end = old < heldEnds.length ? heldEnds[old] : from;
      const to = old * this.width;
      this.held.set(held.subarray(from, end), to);
      this.frozenNodes.set(frozenNodes.subarray(from, end), to);
      this.frozenSizes.set(frozenSizes.subarray(from, end), to);
      this.heldEnds[old] = to + (end - from);
    }
  }

  /** Whether anything changed. */
  private freeze(row: number): boolean {
    const { held, frozenNodes, frozenSizes, liveNodes, liveSizes } = this;
    const end = this.heldEnds[row];
    let changed = false;
    for (let at = row * this.width; at < end; at++) {
      const number = held[at];
      if (frozenNodes[at] === liveNodes[number] && frozenSizes[at] === liveSizes[number]) continue;
      frozenNodes[at] = liveNodes[number];
      frozenSizes[at] = liveSizes[number];
      changed = true;
    }
    return changed;
  }

  private drop(facts: NodeFacts): void {
    for (const name of facts.images.keys()) this.liveNodes[this.number(name)]--;
  }
}
