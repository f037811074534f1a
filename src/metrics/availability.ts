/**
 * How many pods are available, over time, of each disruption budget, Service and workload: what a rehearsal is judged
 * by. Available: Running, Ready, not terminating. Counting begins when it is asked for, with what is there then.
 * Costs a look at a byte per pod notice, and a point per group and instant in which its numbers change.
 */
import { grownCapacity, growUint8 } from '../base/growable.ts';
import type { Micros } from '../base/time.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { objectKey } from '../cluster/object-store.ts';
import type { KubernetesObject, PodDisruptionBudget, Service } from '../cluster/objects.ts';
import type { ClusterObserver, ObjectAction, WorkloadChange } from '../cluster/observer.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import { compileLabelSelector, selectorFromLabels } from '../cluster/selectors.ts';
import type { CompiledSelector } from '../cluster/selectors.ts';
import { WORKLOAD_KIND_NAMES, WorkloadKind } from '../cluster/workload-table.ts';

export interface AvailabilityGroup {
  readonly kind: string;
  /** `namespace/name`. */
  readonly key: string;
  /** By point: when the numbers became these. */
  readonly times: Micros[];
  readonly available: number[];
  /** Pods that there should be. */
  readonly wanted: number[];
  /** Below it the budget is broken; 1 for what has no budget. */
  readonly needed: number[];
  /** Pods missing at the beginning: no fault of what came then. */
  readonly missingAtStart: number;
}

interface Group extends AvailabilityGroup {
  missingAtStart: number;
  availableNow: number;
  wantedNow: number;
  neededNow: number;
  readonly selects: { readonly namespace: string; readonly selector: CompiledSelector } | null;
}

/** Workloads whose pods stand in for each other. */
const COUNTED_KINDS: readonly number[] = [WorkloadKind.Deployment, WorkloadKind.StatefulSet, WorkloadKind.ReplicaSet];

export class Availability implements ClusterObserver {
  /** Since when every workload has had what it had at the start, NaN: some has not. */
  healedAt: Micros = NaN;
  /** When any of the numbers last changed. */
  lastChangeAt: Micros = 0;
  private readonly cluster: Cluster;
  private readonly list: Group[] = [];
  private readonly budgets = new Map<string, Group>();
  /** By row of a workload without a counted parent. */
  private readonly byWorkload = new Map<number, Group>();
  /** By template id: those that select it. */
  private selecting: (readonly Group[] | undefined)[] = [];
  /** By pod row: 1 when counted as available. */
  private counted: Uint8Array = new Uint8Array(0);
  private missing = 0;
  private isCounting = false;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    cluster.observe(this);
  }

  get groups(): readonly AvailabilityGroup[] {
    return this.list;
  }

  /** Begins to count; what is added later to the cluster is not counted. */
  begin(): void {
    const { cluster } = this;
    for (const budget of cluster.objects.list<PodDisruptionBudget>('PodDisruptionBudget')) {
      const selector = compileLabelSelector(budget.spec?.selector);
      const group = this.add('PodDisruptionBudget', objectKey(budget), { namespace: namespaceOf(budget), selector });
      this.budgets.set(group.key, group);
      this.readStatus(group, budget);
    }
    for (const service of cluster.objects.list<Service>('Service')) {
      const labels = service.spec?.selector;
      if (labels === undefined || Object.keys(labels).length === 0) continue;
      this.add('Service', objectKey(service), {
        namespace: namespaceOf(service),
        selector: selectorFromLabels(labels),
      });
    }
    this.addWorkloads();
    this.isCounting = true;
    for (let pod = 0; pod < cluster.pods.length; pod++) this.look(pod);
    for (const group of this.list) this.settle(group);
    this.missing = 0;
    this.healedAt = cluster.now;
  }

  // ---- notices ---------------------------------------------------------------------------------------------------

  podStarted(pod: number): void {
    this.look(pod);
  }

  podReadyChanged(pod: number): void {
    this.look(pod);
  }

  podInterrupted(pod: number): void {
    this.look(pod);
  }

  podTerminating(pod: number): void {
    this.look(pod);
  }

  podRemoved(pod: number): void {
    this.turn(pod, this.cluster.templateOf(pod), 0);
  }

  podUpdated(pod: number, before: PodTemplate): void {
    this.turn(pod, before, 0);
    this.look(pod);
  }

  objectChanged(kind: string, _action: ObjectAction, object: KubernetesObject): void {
    if (!this.isCounting || kind !== 'PodDisruptionBudget') return;
    const group = this.budgets.get(objectKey(object));
    if (group === undefined) return;
    this.readStatus(group, object);
    this.note(group);
  }

  workloadChanged(row: number, change: WorkloadChange): void {
    if (!this.isCounting) return;
    const group = this.byWorkload.get(row);
    if (group === undefined) return;
    if (change === 'gone') this.byWorkload.delete(row);
    const wanted = change === 'gone' || change === 'deleting' ? 0 : this.cluster.workloads.wanted[row];
    if (group.wantedNow === wanted) return;
    this.change(group, () => {
      group.wantedNow = wanted;
      group.neededNow = Math.min(1, wanted);
    });
  }

  // ---- counting --------------------------------------------------------------------------------------------------

  private addWorkloads(): void {
    const { workloads } = this.cluster;
    for (let row = 0; row < workloads.length; row++) {
      if (workloads.used[row] === 0 || !workloads.isObject(row) || workloads.parent[row] >= 0) continue;
      if (!COUNTED_KINDS.includes(workloads.kind[row])) continue;
      const group = this.add(WORKLOAD_KIND_NAMES[workloads.kind[row]], workloads.key[row], null);
      group.wantedNow = workloads.wanted[row];
      group.neededNow = Math.min(1, group.wantedNow);
      this.byWorkload.set(row, group);
    }
  }

  private add(kind: string, key: string, selects: Group['selects']): Group {
    const group: Group = {
      kind, key, selects, times: [], available: [], wanted: [], needed: [],
      missingAtStart: 0, availableNow: 0, wantedNow: 0, neededNow: 0,
    };
    this.list.push(group);
    return group;
  }

  /** The first point; a Service wants what it has. */
  private settle(group: Group): void {
    if (group.kind === 'Service') {
      group.wantedNow = group.availableNow;
      group.neededNow = Math.min(1, group.wantedNow);
    }
    group.missingAtStart = Math.max(0, group.wantedNow - group.availableNow);
    group.times.length = group.available.length = group.wanted.length = group.needed.length = 0;
    this.note(group);
  }

  private readStatus(group: Group, { status }: PodDisruptionBudget): void {
    group.wantedNow = status?.expectedPods ?? 0;
    group.neededNow = status?.desiredHealthy ?? 0;
  }

  private look(pod: number): void {
    if (!this.isCounting) return;
    const { pods } = this.cluster;
    if (pods.phase[pod] === PodPhase.Free) return;
    const isAvailable = pods.phase[pod] === PodPhase.Running && pods.isReady(pod) && !pods.isTerminating(pod);
    this.turn(pod, this.cluster.templateOf(pod), isAvailable ? 1 : 0);
  }

  private turn(pod: number, template: PodTemplate, available: 0 | 1): void {
    if (!this.isCounting) return;
    if (pod >= this.counted.length) this.counted = growUint8(this.counted, grownCapacity(this.counted.length, pod + 1));
    if (this.counted[pod] === available) return;
    this.counted[pod] = available;
    const sign = available === 1 ? 1 : -1;
    for (const group of this.selectingOf(template)) {
      group.availableNow += sign;
      this.note(group);
    }
    const group = this.workloadOf(pod);
    if (group !== undefined) this.change(group, () => { group.availableNow += sign; });
  }

  private selectingOf(template: PodTemplate): readonly Group[] {
    return (this.selecting[template.id] ??= this.list.filter(
      ({ selects }) => selects?.namespace === template.namespace && selects.selector.matches(template.labels),
    ));
  }

  private workloadOf(pod: number): Group | undefined {
    const owner = this.cluster.pods.owner[pod];
    if (owner < 0) return undefined;
    const parent = this.cluster.workloads.parent[owner];
    return this.byWorkload.get(parent >= 0 ? parent : owner);
  }

  /** Changes a workload's numbers and keeps the sum of what is missing. */
  private change(group: Group, write: () => void): void {
    const before = newlyMissing(group);
    write();
    this.note(group);
    const more = newlyMissing(group) - before;
    if (more === 0) return;
    this.missing += more;
    if (this.missing > 0) this.healedAt = NaN;
    else if (Number.isNaN(this.healedAt)) this.healedAt = this.cluster.now;
  }

  /** A point for this instant, in place of another of the same; the first, from before the first step, stays. */
  private note(group: Group): void {
    const { now } = this.cluster;
    const { times, available, wanted, needed } = group;
    const last = times.length - 1;
    const isAgain = last > 0 && times[last] === now;
    if (!isAgain) {
      const isSame =
        available[last] === group.availableNow && wanted[last] === group.wantedNow && needed[last] === group.neededNow;
      if (isSame) return;
    }
    const at = isAgain ? last : last + 1;
    this.lastChangeAt = now;
    times[at] = now;
    available[at] = group.availableNow;
    wanted[at] = group.wantedNow;
    needed[at] = group.neededNow;
  }
}

function newlyMissing(group: Group): number {
  return Math.max(0, group.wantedNow - group.availableNow - group.missingAtStart);
}

function namespaceOf(object: KubernetesObject): string {
  return object.metadata?.namespace ?? 'default';
}
