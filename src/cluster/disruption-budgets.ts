/**
 * Which disruption budgets cover a pod, by its template. Nothing is kept while there are no budgets; otherwise an
 * answer per template, until a budget comes, goes or selects otherwise.
 * Source: pkg/registry/core/pod/storage/eviction.go (getPodDisruptionBudgets), v1.36.2.
 */
import type { Micros } from '../base/time.ts';
import type { Cluster } from './cluster.ts';
import { objectKey } from './object-store.ts';
import type { KubernetesObject, PodDisruptionBudget } from './objects.ts';
import type { ClusterObserver, ObjectAction } from './observer.ts';
import type { PodTemplate } from './pod-template.ts';
import { compileLabelSelector } from './selectors.ts';
import type { CompiledSelector } from './selectors.ts';

const NONE: readonly string[] = [];

export class DisruptionBudgets implements ClusterObserver {
  private readonly cluster: Cluster;
  private compiled: { readonly key: string; readonly namespace: string; readonly selector: CompiledSelector }[] | null =
    null;
  /** By template id. */
  private covering: (readonly string[] | undefined)[] = [];

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    cluster.observe(this);
  }

  objectChanged(
    kind: string,
    _action: ObjectAction,
    object: KubernetesObject,
    before: KubernetesObject | undefined,
  ): void {
    if (kind !== 'PodDisruptionBudget' || !selectsOtherwise(object, before)) return;
    this.compiled = null;
    this.covering = [];
  }

  get isEmpty(): boolean {
    return this.cluster.objects.count('PodDisruptionBudget') === 0;
  }

  /**
   * `namespace/name` of the budgets that cover pods of a template. A budget without a selector covers none, one with an
   * empty selector all.
   */
  coveringKeys(template: PodTemplate): readonly string[] {
    if (this.isEmpty) return NONE;
    const known = this.covering[template.id];
    if (known !== undefined) return known;
    this.compiled ??= [...this.cluster.objects.list<PodDisruptionBudget>('PodDisruptionBudget')].map((budget) => ({
      key: objectKey(budget),
      namespace: budget.metadata?.namespace ?? 'default',
      selector: compileLabelSelector(budget.spec?.selector),
    }));
    const keys = this.compiled
      .filter(({ namespace, selector }) => namespace === template.namespace && selector.matches(template.labels))
      .map(({ key }) => key);
    return (this.covering[template.id] = keys.length === 0 ? NONE : keys);
  }

  get(key: string): PodDisruptionBudget | undefined {
    return this.cluster.objects.get<PodDisruptionBudget>('PodDisruptionBudget', key);
  }

  /** What its status allows now. */
  allowed(key: string): number {
    return this.get(key)?.status?.disruptionsAllowed ?? 0;
  }
}

/** When a pod was put on record; a text is a dump's, taken at the start of the run. */
export function recordedAt(time: string | Micros): Micros {
  return typeof time === 'number' ? time : 0;
}

/** A new status is no other budget. */
export function selectsOtherwise(budget: KubernetesObject, before: KubernetesObject | undefined): boolean {
  return (
    before === undefined ||
    before === budget ||
    (budget as PodDisruptionBudget).spec !== (before as PodDisruptionBudget).spec
  );
}
