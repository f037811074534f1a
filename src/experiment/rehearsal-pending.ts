/** Pods that waited for a node since the first step, by owner: how long, and what the scheduler said. */
import type { Micros } from '../base/time.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import { WORKLOAD_KIND_NAMES } from '../cluster/workload-table.ts';
import type { PendingPods } from './rehearsal-result.ts';

interface Wait {
  readonly since: Micros;
  message: string;
}

interface Owner {
  pods: number;
  longest: Micros;
  message: string;
  stillPending: number;
}

export class RehearsalPending implements ClusterObserver {
  private readonly cluster: Cluster;
  /** Pod row to its wait: the scheduler has tried it in vain. */
  private readonly waits = new Map<number, Wait>();
  private readonly owners = new Map<string, Owner>();
  private startAt: Micros = Infinity;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    cluster.observe(this);
  }

  begin(): void {
    this.startAt = this.cluster.now;
  }

  attemptFailed(pod: number, attempt: { readonly message: string }): void {
    const known = this.waits.get(pod);
    if (known !== undefined) known.message = attempt.message;
    else this.waits.set(pod, { since: this.cluster.pods.createdAt[pod], message: attempt.message });
  }

  podBound(pod: number): void {
    this.ends(pod, false);
  }

  podRemoved(pod: number): void {
    this.ends(pod, false);
  }

  result(): PendingPods[] {
    const { pods } = this.cluster;
    for (const pod of [...this.waits.keys()]) if (pods.phase[pod] === PodPhase.Pending) this.ends(pod, true);
    return [...this.owners]
      .map(([owner, { longest, ...rest }]) => ({ owner, ...rest, longestSeconds: longest / MICROS_PER_SECOND }))
      .sort((a, b) => b.stillPending - a.stillPending || b.longestSeconds - a.longestSeconds);
  }

  /** Waits that were over before the first step do not count. */
  private ends(pod: number, isPending: boolean): void {
    const wait = this.waits.get(pod);
    if (wait === undefined) return;
    this.waits.delete(pod);
    if (this.startAt === Infinity) return;
    const name = this.ownerOf(pod);
    const owner = this.owners.get(name) ?? { pods: 0, longest: -1, message: '', stillPending: 0 };
    const lasted = this.cluster.now - Math.max(wait.since, this.startAt);
    owner.pods++;
    if (isPending) owner.stillPending++;
    if (lasted > owner.longest) Object.assign(owner, { longest: lasted, message: wait.message });
    this.owners.set(name, owner);
  }

  private ownerOf(pod: number): string {
    const { workloads, pods } = this.cluster;
    const owner = pods.owner[pod];
    const { namespace, controller } = this.cluster.templateOf(pod);
    if (owner < 0 || !workloads.isObject(owner)) {
      if (controller !== null) return `${controller.kind} ${namespace}/${controller.name}`;
      return `Pod ${namespace}/${this.cluster.podName(pod)}`;
    }
    const top = workloads.parent[owner] >= 0 ? workloads.parent[owner] : owner;
    return `${WORKLOAD_KIND_NAMES[workloads.kind[top]]} ${workloads.key[top]}`;
  }
}
