/**
 * The API server's last word on a new pod: LimitRanges, then ResourceQuotas (pods that break another rule are found
 * when the scenario is read). Whoever makes a pod asks first; what is refused is counted here by the rule that refused
 * it. Costs a look at two counters while a run has neither.
 */
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { KubernetesObject } from '../cluster/objects.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import { limitRangeRefusal } from './limit-ranges.ts';
import type { LimitRangeRefusal } from './limit-ranges.ts';
import type { LimitRange } from './pod-defaults.ts';
import type { QuotaLedger } from './quota-ledger.ts';

/** Requests that one rule has refused. */
export interface RefusedPods {
  readonly kind: 'LimitRange' | 'ResourceQuota';
  readonly namespace: string;
  readonly name: string;
  /** Requests, those of controllers that ask again among them. */
  count: number;
  /** What the first of them was told. */
  readonly message: string;
  readonly firstAtMicros: Micros;
}

export class PodGate implements ClusterObserver {
  private readonly cluster: Cluster;
  private readonly ledger: QuotaLedger;
  /** By template id; emptied when a LimitRange changes. */
  private readonly byTemplate = new Map<number, LimitRangeRefusal | null>();
  private limitsChangedAt: Micros = -1;
  private readonly refused = new Map<string, RefusedPods>();

  constructor(cluster: Cluster, ledger: QuotaLedger) {
    this.cluster = cluster;
    this.ledger = ledger;
    cluster.observe(this);
  }

  /** Whether the API server refuses another pod of the template; a request that it refuses is counted. */
  isRefused(template: number): boolean {
    const broken = this.cluster.objects.count('LimitRange') === 0 ? null : this.brokenLimits(template);
    if (broken !== null) this.note('LimitRange', template, broken.name, broken.message);
    if (broken !== null) return true;
    const exceeded = this.ledger.refusal(template);
    if (exceeded !== null) this.note('ResourceQuota', template, exceeded.name, exceeded.message);
    return exceeded !== null;
  }

  /** When a refusal may last have become out of date; -1: never. */
  roomAt(): Micros {
    return Math.max(this.ledger.roomAt, this.limitsChangedAt);
  }

  /** In order of their first refusal. */
  refusals(): readonly RefusedPods[] {
    return [...this.refused.values()];
  }

  objectChanged(kind: string, _action: string, _object: KubernetesObject): void {
    if (kind !== 'LimitRange') return;
    this.byTemplate.clear();
    this.limitsChangedAt = this.cluster.now;
  }

  private brokenLimits(template: number): LimitRangeRefusal | null {
    const known = this.byTemplate.get(template);
    if (known !== undefined) return known;
    const { namespace, spec } = this.cluster.templates.get(template);
    const ranges = [...this.cluster.objects.list<LimitRange>('LimitRange')].filter(
      ({ metadata }) => (metadata?.namespace ?? 'default') === namespace,
    );
    const refusal = limitRangeRefusal(ranges, { spec });
    this.byTemplate.set(template, refusal);
    return refusal;
  }

  private note(kind: RefusedPods['kind'], template: number, name: string, message: string): void {
    const { namespace } = this.cluster.templates.get(template);
    const key = `${kind} ${namespace}/${name}`;
    const known = this.refused.get(key);
    if (known === undefined) {
      this.refused.set(key, { kind, namespace, name, count: 1, message, firstAtMicros: this.cluster.now });
    } else known.count++;
  }
}
