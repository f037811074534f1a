/**
 * From a pod as its author wrote it to an interned template: admission defaults with the scenario's priority classes
 * and toleration seconds; pods that say the same go through it once. Also the names of pods in the cluster's way.
 */
import type { Cluster } from '../cluster/cluster.ts';
import { drainMarks } from '../cluster/drain-marks.ts';
import type { Pod, PriorityClass } from '../cluster/objects.ts';
import { applyPodDefaults, withDefaultTolerations } from './pod-defaults.ts';
import type { LimitRange, PodDefaultsContext, RuntimeClass } from './pod-defaults.ts';
import { resizeOf } from '../cluster/pod-template.ts';
import { priorityClassLookup } from './priority-classes.ts';
import { schedulingSpec } from '../cluster/scheduling-spec.ts';
import type { Scenario } from '../simulation/scenario.ts';

export class PodAdmission {
  private readonly cluster: Cluster;
  private readonly context: PodDefaultsContext;
  private readonly tolerationSeconds: number;
  /** Template ids by what the author wrote, of pods that no limit range and no runtime class changes. */
  private readonly known = new Map<string, number>();

  constructor(cluster: Cluster, scenario: Pick<Scenario, 'priorityClasses' | 'nodeLifecycle'>) {
    this.cluster = cluster;
    this.tolerationSeconds = scenario.nodeLifecycle.defaultTolerationSeconds;
    const classes = Object.entries(scenario.priorityClasses).map(([name, { value, preemptionPolicy, globalDefault }]): PriorityClass => {
      return { metadata: { name }, value, preemptionPolicy, globalDefault };
    });
    this.context = {
      priorityClasses: priorityClassLookup(classes),
      limitRanges: (namespace) => [...cluster.objects.list<LimitRange>('LimitRange')].filter((range) => range.metadata?.namespace === namespace),
      runtimeClass: (name) => cluster.objects.get<RuntimeClass>('RuntimeClass', name),
    };
  }

  /**
   * Id of the pod's template. `admitted`: the pod comes from a running cluster or a trace and brings its priority.
   * Makes the pod's namespace.
   */
  template(pod: Pod, admitted = false): number {
    const { namespace, labels, ownerReferences } = pod.metadata ?? {};
    if (pod.spec?.runtimeClassName !== undefined || (this.context.limitRanges?.(namespace ?? 'default') ?? []).length > 0) return this.admit(pod, admitted);
    const text = JSON.stringify([
      admitted,
      namespace,
      labels,
      ownerReferences,
      schedulingSpec(pod.spec ?? {}),
      pod.status && resizeOf(pod.status),
      drainMarks(pod),
    ]);
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const id = this.admit(pod, admitted);
    this.known.set(text, id);
    return id;
  }

  private admit(pod: Pod, admitted: boolean): number {
    this.cluster.ensureNamespace(pod.metadata?.namespace ?? 'default');
    const before = pod.spec?.tolerations ?? [];
    const tolerations = withDefaultTolerations(before).map((toleration, index) =>
      index < before.length ? toleration : { ...toleration, tolerationSeconds: this.tolerationSeconds },
    );
    const withTolerations: Pod = { ...pod, spec: { ...pod.spec, tolerations } };
    return this.cluster.internTemplate(applyPodDefaults(withTolerations, { ...this.context, admitted })).id;
  }
}

export interface SplitName {
  /** Interned. */
  readonly base: number;
  /** -1: the base is the whole name. */
  readonly ordinal: number;
}

const NUMBERED_NAME = /^(.+)-(0|[1-9][0-9]{0,8})$/;

/** `web-17` as base and ordinal, so that numbered names do not fill the name table. */
export function splitName(name: string, cluster: Cluster): SplitName {
  const match = NUMBERED_NAME.exec(name);
  if (match === null) return { base: cluster.names.intern(name), ordinal: -1 };
  return { base: cluster.names.intern(match[1]), ordinal: Number(match[2]) };
}
