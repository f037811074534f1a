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
import { APPLICATION_ANNOTATION, podLife, schedulingSpec } from '../cluster/scheduling-spec.ts';
import { labelsOf, parseSelectorText } from '../cluster/selectors.ts';
import type { CompiledSelector } from '../cluster/selectors.ts';
import type { Application } from '../scenario/application.ts';

/** An application with the pods that it runs in. */
interface PlacedApplication {
  readonly name: string;
  readonly namespace: string;
  readonly selector: CompiledSelector;
}

/** The applications that find their pods by labels. */
export function placedApplications(applications: readonly Application[]): PlacedApplication[] {
  return applications
    .filter(({ selector }) => selector !== '')
    .map(({ name, namespace, selector }) => ({ name, namespace, selector: parseSelectorText(selector) }));
}

/** Name of the application that runs in the pod: its annotation, else the first whose selector matches. */
export function applicationOf({ metadata }: Pod, placed: readonly PlacedApplication[]): string | undefined {
  const named = metadata?.annotations?.[APPLICATION_ANNOTATION];
  if (typeof named === 'string') return named;
  const labels = labelsOf(metadata?.labels);
  const namespace = metadata?.namespace ?? 'default';
  return placed.find((one) => (one.namespace === '' || one.namespace === namespace) && one.selector.matches(labels))
    ?.name;
}

/** Of a scenario: what admission plugins are told. */
export interface AdmissionSettings {
  /** By name; the two built-in classes included. */
  readonly priorityClasses: Readonly<
    Record<string, { readonly value: number; readonly preemptionPolicy: string; readonly globalDefault: boolean }>
  >;
  readonly nodeLifecycle: { readonly defaultTolerationSeconds: number };
}

export class PodAdmission {
  private readonly cluster: Cluster;
  private readonly context: PodDefaultsContext;
  private readonly tolerationSeconds: number;
  private readonly placed: readonly PlacedApplication[];
  /** Template ids by what the author wrote, of pods that no limit range and no runtime class changes. */
  private readonly known = new Map<string, number>();

  constructor(
    cluster: Cluster,
    scenario: AdmissionSettings,
    applications: readonly Application[] = [],
  ) {
    this.cluster = cluster;
    this.placed = placedApplications(applications);
    this.tolerationSeconds = scenario.nodeLifecycle.defaultTolerationSeconds;
    const classes = Object.entries(scenario.priorityClasses).map(
      ([name, { value, preemptionPolicy, globalDefault }]): PriorityClass => {
        return { metadata: { name }, value, preemptionPolicy, globalDefault };
      },
    );
    this.context = {
      priorityClasses: priorityClassLookup(classes),
      limitRanges: (namespace) =>
        [...cluster.objects.list<LimitRange>('LimitRange')].filter((range) => range.metadata?.namespace === namespace),
      runtimeClass: (name) => cluster.objects.get<RuntimeClass>('RuntimeClass', name),
    };
  }

  /**
   * Id of the pod's template. `admitted`: the pod comes from a running cluster or a trace and brings its priority.
   * Makes the pod's namespace.
   */
  template(given: Pod, admitted = false): number {
    const pod = this.placed.length === 0 ? given : withApplication(given, applicationOf(given, this.placed));
    const { namespace, labels, ownerReferences } = pod.metadata ?? {};
    if (
      pod.spec?.runtimeClassName !== undefined ||
      (this.context.limitRanges?.(namespace ?? 'default') ?? []).length > 0
    )
      return this.admit(pod, admitted);
    const text = JSON.stringify([
      admitted,
      namespace,
      labels,
      ownerReferences,
      schedulingSpec(pod.spec ?? {}),
      pod.status && resizeOf(pod.status),
      drainMarks(pod),
      podLife(pod),
    ]);
    const known = this.known.get(text);
    if (known !== undefined) return known;
    const id = this.admit(pod, admitted);
    this.known.set(text, id);
    return id;
  }

  /**
   * The same for a pod that differs from those of template `like`, which have been admitted here, by labels and owner
   * alone: each time a new template, of which the digest is not told, as its object says the same. Costs a tenth.
   */
  variant(pod: Pod, like: number): number {
    const { templates, objects } = this.cluster;
    const { namespace = 'default' } = pod.metadata ?? {};
    const known = templates.get(like);
    const runsOther = this.placed.length > 0 && applicationOf(pod, this.placed) !== known.life?.application;
    const isChanged = runsOther || pod.spec?.runtimeClassName !== undefined;
    const isLimited = objects.count('LimitRange') > 0 && (this.context.limitRanges?.(namespace) ?? []).length > 0;
    if (isChanged || isLimited) return this.template(pod);
    return templates.addVariant(known, pod.metadata ?? {}).id;
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

function withApplication(pod: Pod, application: string | undefined): Pod {
  if (application === undefined) return pod;
  const annotations = { ...pod.metadata?.annotations, [APPLICATION_ANNOTATION]: application };
  return { ...pod, metadata: { ...pod.metadata, annotations } };
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
