/**
 * Which pods wait for which node after a preemption (pkg/scheduler/backend/queue/nominator.go). Pods of a node keep the
 * order of nomination. A list is never changed but replaced: whoever finds the same one again knows that nothing of it
 * is new.
 */
export class Nominator implements NominationLog {
  private readonly podsByNode = new Map<string, readonly number[]>();
  private readonly nodeByPod = new Map<number, string>();
  changeCount = 0;
  /** Names of the nodes whose list has changed, in order: a ring, `changeCount` is where the next one goes. */
  private readonly changed: string[] = [];
  /** Told of each change of a pod's nomination, '' where it is gone; null: nobody asks. */
  onChange: ((pod: number, nodeName: string) => void) | null = null;

  /** Number of nominations. */
  get size(): number {
    return this.nodeByPod.size;
  }

  add(pod: number, nodeName: string): void {
    this.remove(pod);
    this.note(nodeName);
    this.nodeByPod.set(pod, nodeName);
    const pods = this.podsByNode.get(nodeName);
    this.podsByNode.set(nodeName, pods === undefined ? [pod] : [...pods, pod]);
    this.onChange?.(pod, nodeName);
  }

  /** The pod itself has changed. */
  refresh(pod: number): void {
    const nodeName = this.nodeByPod.get(pod);
    if (nodeName === undefined) return;
    this.note(nodeName);
    this.podsByNode.set(nodeName, [...this.podsOf(nodeName)]);
  }

  remove(pod: number): void {
    const nodeName = this.nodeByPod.get(pod);
    if (nodeName === undefined) return;
    this.note(nodeName);
    this.nodeByPod.delete(pod);
    const pods = this.podsByNode.get(nodeName) ?? [];
    const rest = pods.filter((other) => other !== pod);
    if (rest.length === 0) this.podsByNode.delete(nodeName);
    else this.podsByNode.set(nodeName, rest);
    this.onChange?.(pod, '');
  }

  nodeOf(pod: number): string | undefined {
    return this.nodeByPod.get(pod);
  }

  podsOf(nodeName: string): readonly number[] {
    return this.podsByNode.size === 0 ? NONE : (this.podsByNode.get(nodeName) ?? NONE);
  }

  byNode(): ReadonlyMap<string, readonly number[]> {
    return this.podsByNode;
  }

  entries(): Iterable<readonly [number, string]> {
    return this.nodeByPod;
  }

  addChangedSince(since: number, names: Set<string>): boolean {
    const { changed, changeCount } = this;
    if (changeCount - since > CHANGE_RING) return false;
    for (let i = since; i < changeCount; i++) names.add(changed[i & (CHANGE_RING - 1)]);
    return true;
  }

  private note(nodeName: string): void {
    this.changed[this.changeCount++ & (CHANGE_RING - 1)] = nodeName;
  }
}

/** What has changed of nominations, for those who have looked at all of them before. */
export interface NominationLog {
  /** Grows with every change. */
  readonly changeCount: number;
  /**
   * Adds the names of the nodes whose list has changed since the count was `since`; false: more has changed than is
   * known.
   */
  addChangedSince(since: number, names: Set<string>): boolean;
  /** The node that a pod is nominated to. */
  nodeOf(pod: number): string | undefined;
}

/** Length of the ring of changed nodes; a power of two. */
const CHANGE_RING = 1024;

const NONE: readonly number[] = [];
