/**
 * Which pods wait for which node after a preemption (pkg/scheduler/backend/queue/nominator.go). Pods of a node keep the
 * order of nomination. A list is never changed but replaced: whoever finds the same one again knows that nothing of it
 * is new.
 */
export class Nominator {
  private readonly podsByNode = new Map<string, readonly number[]>();
  private readonly nodeByPod = new Map<number, string>();
  /** Grows with every change. */
  changeCount = 0;
  /** Told of each change of a pod's nomination, '' where it is gone; null: nobody asks. */
  onChange: ((pod: number, nodeName: string) => void) | null = null;

  /** Number of nominations. */
  get size(): number {
    return this.nodeByPod.size;
  }

  add(pod: number, nodeName: string): void {
    this.remove(pod);
    this.changeCount++;
    this.nodeByPod.set(pod, nodeName);
    const pods = this.podsByNode.get(nodeName);
    this.podsByNode.set(nodeName, pods === undefined ? [pod] : [...pods, pod]);
    this.onChange?.(pod, nodeName);
  }

  /** The pod itself has changed. */
  refresh(pod: number): void {
    const nodeName = this.nodeByPod.get(pod);
    if (nodeName === undefined) return;
    this.changeCount++;
    this.podsByNode.set(nodeName, [...this.podsOf(nodeName)]);
  }

  remove(pod: number): void {
    const nodeName = this.nodeByPod.get(pod);
    if (nodeName === undefined) return;
    this.changeCount++;
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
}

const NONE: readonly number[] = [];
