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

/** The images of one node. */
interface Held {
  readonly numbers: Int32Array;
  /** Frozen; 0 nodes: not known yet. */
  readonly nodes: Float64Array;
  readonly sizes: Float64Array;
}

export class ImageStates {
  private readonly names = new Interner();
  /** By image number: nodes that hold it, and the size that the first of them reported. */
  private readonly liveNodes: number[] = [];
  private readonly liveSizes: number[] = [];
  /** By node row; only nodes that report images. */
  private readonly held: (Held | null)[] = [];
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
    const numbers = new Int32Array(images.size);
    let at = 0;
    for (const [name, sizeBytes] of images) {
      const number = (numbers[at++] = this.number(name));
      if (this.liveNodes[number]++ === 0) this.liveSizes[number] = sizeBytes;
    }
    this.held[info.row] = images.size === 0 ? null : { numbers, nodes: new Float64Array(images.size), sizes: new Float64Array(images.size) };
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
    const at = held.numbers.indexOf(number);
    return at < 0 || held.nodes[at] === 0 ? undefined : { sizeBytes: held.sizes[at], nodes: held.nodes[at] };
  }

  /** sizeBytes * nodes / total of an image on a node, cut to a whole number; 0 when the node lacks it. */
  spread(row: number, image: number, total: number): number {
    const held = this.held[row] ?? null;
    if (held === null) return 0;
    const { numbers, nodes, sizes } = held;
    for (let i = 0; i < numbers.length; i++) if (numbers[i] === image) return Math.trunc(sizes[i] * (nodes[i] / total));
    return 0;
  }

  /** Grows when what is frozen for a node row changes. */
  version(row: number): number {
    return this.versions[row] ?? 0;
  }

  /** Whether anything changed. */
  private freeze({ numbers, nodes, sizes }: Held): boolean {
    const { liveNodes, liveSizes } = this;
    let changed = false;
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i];
      if (nodes[i] === liveNodes[number] && sizes[i] === liveSizes[number]) continue;
      nodes[i] = liveNodes[number];
      sizes[i] = liveSizes[number];
      changed = true;
    }
    return changed;
  }

  private drop(facts: NodeFacts): void {
    for (const name of facts.images.keys()) this.liveNodes[this.number(name)]--;
  }
}
