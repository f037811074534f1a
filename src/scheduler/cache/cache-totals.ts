/** Sums over the pods that the scheduler's cache has, kept so that plugins never scan. */
export class CacheTotals {
  /** Pods that have any inter-pod affinity or anti-affinity. */
  podsWithAffinity = 0;
  /** Pods that have no node, not even an assumed one. */
  podsPending = 0;
  /** Pods whose binding has not been seen yet. */
  podsAssumed = 0;
  /** Pods by priority, in ascending order of priority. */
  private readonly priorities: { readonly priority: number; count: number }[] = [];

  /** The least priority of a pod on a node; Infinity when there is none. */
  get lowestPriority(): number {
    for (const entry of this.priorities) if (entry.count > 0) return entry.priority;
    return Infinity;
  }

  countPriority(priority: number, sign: 1 | -1): void {
    const { priorities } = this;
    let at = 0;
    while (at < priorities.length && priorities[at].priority < priority) at++;
    if (at === priorities.length || priorities[at].priority !== priority) priorities.splice(at, 0, { priority, count: 0 });
    priorities[at].count += sign;
  }
}
