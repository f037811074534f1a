/**
 * Which nodes hold which image, as the scheduler's cache knows it (pkg/scheduler/backend/cache/cache.go). The size is
 * the one that the first holder reported. A node's view of how many nodes hold an image is frozen when the node's
 * snapshot entry is refreshed, that is, when the node or a pod on it has changed since the last cycle.
 */
import type { Cluster } from '../../cluster/cluster.ts';
import type { NodeFacts, NodeInfo } from '../../cluster/node-info.ts';

export interface ImageState {
  readonly sizeBytes: number;
  /** Nodes that hold it. */
  readonly nodes: number;
}

interface LiveState {
  readonly sizeBytes: number;
  nodes: number;
}

export class ImageStates {
  private readonly live = new Map<string, LiveState>();
  /** By node row; only nodes that report images. */
  private readonly frozen = new Map<number, Map<string, ImageState>>();
  private readonly touched = new Set<number>();
  private readonly versions: number[] = [];
  private readonly onChange: (row: number) => void;

  /** `onChange` is told of every node row whose frozen counts change. */
  constructor(onChange: (row: number) => void = () => undefined) {
    this.onChange = onChange;
  }

  addNode(info: NodeInfo): void {
    for (const [name, sizeBytes] of info.facts.images) {
      const state = this.live.get(name);
      if (state === undefined) this.live.set(name, { sizeBytes, nodes: 1 });
      else state.nodes++;
    }
    if (info.facts.images.size > 0) this.frozen.set(info.row, new Map());
    else this.frozen.delete(info.row);
    this.touch(info.row);
  }

  removeNode(info: NodeInfo): void {
    this.drop(info.facts);
    this.frozen.delete(info.row);
  }

  updateNode(info: NodeInfo, before: NodeFacts): void {
    this.drop(before);
    this.addNode(info);
  }

  /** The node or a pod on it changed. */
  touch(row: number): void {
    if (this.frozen.has(row)) this.touched.add(row);
  }

  refresh(cluster: Cluster): void {
    if (this.touched.size === 0) return;
    for (const row of this.touched) {
      const view = this.frozen.get(row);
      if (view === undefined) continue;
      const { images } = cluster.nodeInfo(row).facts;
      if (this.isCurrent(view, images)) continue;
      this.versions[row] = (this.versions[row] ?? 0) + 1;
      this.onChange(row);
      view.clear();
      for (const name of images.keys()) {
        const state = this.live.get(name);
        if (state !== undefined) view.set(name, { sizeBytes: state.sizeBytes, nodes: state.nodes });
      }
    }
    this.touched.clear();
  }

  state(info: NodeInfo, image: string): ImageState | undefined {
    return this.frozen.get(info.row)?.get(image);
  }

  /** Grows when what is frozen for a node row changes. */
  version(row: number): number {
    return this.versions[row] ?? 0;
  }

  private isCurrent(view: ReadonlyMap<string, ImageState>, images: ReadonlyMap<string, number>): boolean {
    if (view.size !== images.size) return false;
    for (const name of images.keys()) {
      const frozen = view.get(name);
      const state = this.live.get(name);
      if (frozen === undefined || state === undefined || frozen.nodes !== state.nodes || frozen.sizeBytes !== state.sizeBytes) return false;
    }
    return true;
  }

  private drop(facts: NodeFacts): void {
    for (const name of facts.images.keys()) {
      const state = this.live.get(name);
      if (state !== undefined && --state.nodes === 0) this.live.delete(name);
    }
  }
}
