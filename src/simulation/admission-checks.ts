/**
 * What admission would refuse when the pods of the manifests and workloads arrive, found when the scenario is read:
 * priorities that their class does not give, unknown or contradictory runtime classes, run times that cannot be read.
 * Costs the admission of each pod and template that no API server has seen yet.
 */
import { InputError, nearestName } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import type {
  KubernetesObject,
  Pod,
  PodSpec,
  PodTemplateSpec,
  PriorityClass,
  WorkloadObject,
} from '../cluster/objects.ts';
import { applyPodDefaults } from '../control-plane/pod-defaults.ts';
import type { LimitRange, PodDefaultsContext, RuntimeClass } from '../control-plane/pod-defaults.ts';
import { priorityClassLookup } from '../control-plane/priority-classes.ts';
import type { FileReader } from '../workload/manifests/file-reader.ts';
import type { Manifests } from '../workload/manifests/read-manifests.ts';
import type { Path, PathStep } from '../base/source-path.ts';
import { below, describeValue, parsePath } from '../base/source-path.ts';
import type { Findings } from '../base/structure.ts';
import { DURATION_ANNOTATION } from './manifest-input.ts';
import { parseSchedule, scheduleZone } from '../controllers/utc-schedule.ts';
import { ONLY_UTC } from '../controllers/zoned-time.ts';
import type { ZoneRules } from '../controllers/zoned-time.ts';
import { podSpecOf, podSpecSteps } from './pod-places.ts';
import type { Scenario } from './scenario.ts';
import { parseDuration } from '../base/duration.ts';
import { podOfWorkload } from './workload-input.ts';

/** A pod as its author wrote it, and as it enters the cluster; undefined: it does not. */
export interface AdmittedPod {
  readonly object: KubernetesObject;
  readonly steps: readonly PathStep[];
  readonly pod: Pod;
}

type ZoneTables = FileReader['timeZones'];

export interface AdmissionChecks {
  readonly problems: Problem[];
  /** Pods and templates of the manifests that would be let in, those of running pods left out. */
  readonly admitted: readonly AdmittedPod[];
}

export function admissionContext(
  objects: readonly KubernetesObject[],
  priorityClasses: Scenario['priorityClasses'],
): PodDefaultsContext {
  const classes = Object.entries(priorityClasses).map(
    ([name, { value, preemptionPolicy, globalDefault }]): PriorityClass => ({
      metadata: { name },
      value,
      preemptionPolicy,
      globalDefault,
    }),
  );
  const runtimeClasses = new Map(
    objects
      .filter(({ kind }) => kind === 'RuntimeClass')
      .map((object) => [object.metadata?.name ?? '', object as RuntimeClass]),
  );
  const limitRanges = objects.filter(({ kind }) => kind === 'LimitRange') as LimitRange[];
  return {
    priorityClasses: priorityClassLookup(classes),
    runtimeClass: (name) => runtimeClasses.get(name),
    limitRanges: (namespace) => limitRanges.filter(({ metadata }) => (metadata?.namespace ?? 'default') === namespace),
  };
}

/** A schedule that the CronJob controller cannot read, or a time zone that is not there. */
function scheduleProblems(object: KubernetesObject, manifests: Manifests, zones: ZoneTables): readonly Problem[] {
  const { schedule, timeZone } = (object.kind === 'CronJob' ? (object as WorkloadObject).spec : undefined) ?? {};
  if (schedule === undefined) return [];
  const zone = scheduleZone(schedule, timeZone);
  if (rulesOf(zones, zone) === null) {
    const field = zone === timeZone ? 'timeZone' : 'schedule';
    const message = `unknown time zone ${JSON.stringify(zone)}`;
    const suggestion = nearestName(zone, zones?.names() ?? []);
    return [manifests.placed(object, { path: pathOf(['spec', field]), part: 'value', message, suggestion })];
  }
  if (parseSchedule(schedule, timeZone, (name) => rulesOf(zones, name)) !== null) return [];
  const message = `expected a schedule such as "*/5 * * * *" or "@daily", found ${JSON.stringify(schedule)}`;
  return [manifests.placed(object, { path: pathOf(['spec', 'schedule']), part: 'value', message })];
}

function rulesOf(zones: ZoneTables, name: string): ZoneRules | null {
  return ONLY_UTC(name) ?? zones?.rulesOf(name) ?? null;
}

/** Rules of the zones that the CronJobs among the objects name, those that are there; UTC left out. */
export function namedZones(
  objects: readonly KubernetesObject[],
  zones: ZoneTables,
): Readonly<Record<string, ZoneRules>> {
  const named = new Map<string, ZoneRules>();
  for (const object of objects) {
    const { schedule, timeZone } = (object.kind === 'CronJob' ? (object as WorkloadObject).spec : undefined) ?? {};
    if (schedule === undefined) continue;
    const name = scheduleZone(schedule, timeZone);
    const rules = ONLY_UTC(name) === null ? rulesOf(zones, name) : null;
    if (rules !== null) named.set(name, rules);
  }
  return Object.fromEntries(named);
}

export function checkAdmission(manifests: Manifests, context: PodDefaultsContext, zones?: ZoneTables): AdmissionChecks {
  const problems: Problem[] = [];
  const admitted: AdmittedPod[] = [];
  const runtimeClasses = manifests.objects
    .filter(({ kind }) => kind === 'RuntimeClass')
    .map(({ metadata }) => metadata?.name ?? '');
  for (const object of manifests.objects) {
    problems.push(...durationProblems(object, manifests), ...scheduleProblems(object, manifests, zones));
    const steps = podSpecSteps(object.kind ?? '');
    const spec = podSpecOf(object);
    if (steps === null || spec === undefined) continue;
    const pod: Pod = { metadata: { ...metadataOf(object), namespace: object.metadata?.namespace ?? 'default' }, spec };
    const isKnown = object.kind === 'Pod' && (object as Pod).status !== undefined;
    // An API server has seen it, and all that is asked of it is a priority.
    const result = isKnown && spec.priority !== undefined ? { pod } : admit(pod, { ...context, admitted: isKnown });
    if ('pod' in result) {
      if ((spec.nodeName ?? '') === '') admitted.push({ object, steps, pod: result.pod });
      continue;
    }
    for (const { path = 'spec', message } of result.problems) {
      if (isUnknownClass(path, spec, context)) continue; // told by the reader of the files
      const suggestion =
        path === 'spec.runtimeClassName' ? nearestName(spec.runtimeClassName ?? '', runtimeClasses) : undefined;
      problems.push(
        manifests.placed(object, {
          path: pathOf([...steps, ...(parsePath(path) ?? []).slice(1)]),
          part: 'value',
          message,
          suggestion,
        }),
      );
    }
  }
  return { problems, admitted };
}

/** The same for the templates of generated workloads. */
export function checkWorkloadAdmission(
  workloads: Scenario['workloads'],
  context: PodDefaultsContext,
  findings: Findings,
): void {
  for (const [index, workload] of workloads.entries()) {
    const pod = podOfWorkload(workload, workload.shapes[0]?.requests ?? null);
    const result = admit(pod, context);
    if ('pod' in result) continue;
    for (const { path = 'spec', message } of result.problems) {
      if (isUnknownClass(path, pod.spec ?? {}, context)) continue;
      findings.error(pathOf(['workloads', index, 'template', ...(parsePath(path) ?? [])]), message);
    }
  }
}

function admit(
  pod: Pod,
  context: PodDefaultsContext,
): { readonly pod: Pod } | { readonly problems: readonly Problem[] } {
  try {
    return { pod: applyPodDefaults(pod, context) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { problems: error.problems };
  }
}

function isUnknownClass(path: string, { priorityClassName = '' }: PodSpec, context: PodDefaultsContext): boolean {
  const isBuiltIn = priorityClassName === 'system-cluster-critical' || priorityClassName === 'system-node-critical';
  return (
    path === 'spec.priorityClassName' &&
    priorityClassName !== '' &&
    !isBuiltIn &&
    context.priorityClasses?.byName(priorityClassName) === undefined
  );
}

function metadataOf(object: KubernetesObject): KubernetesObject['metadata'] {
  return object.kind === 'Pod' ? object.metadata : (object as WorkloadObject).spec?.template?.metadata;
}

function durationProblems(object: KubernetesObject, manifests: Manifests): Problem[] {
  if (object.kind === 'Pod' && object.metadata?.annotations === undefined) return NO_PROBLEMS;
  const template =
    object.kind === 'Pod'
      ? undefined
      : (object as { readonly spec?: { readonly template?: PodTemplateSpec } }).spec?.template;
  const places: [KubernetesObject['metadata'], PathStep[]][] = [
    [object.metadata, ['metadata']],
    [template?.metadata, ['spec', 'template', 'metadata']],
  ];
  return places.flatMap(([metadata, steps]) => {
    const text: unknown = metadata?.annotations?.[DURATION_ANNOTATION];
    if (text === undefined || (typeof text === 'string' && parseDuration(text) !== undefined)) return [];
    const message = `expected a duration such as 90s, 10m or 1h30m, found ${describeValue(text)}`;
    return [
      manifests.placed(object, {
        path: pathOf([...steps, 'annotations', DURATION_ANNOTATION]),
        part: 'value',
        message,
      }),
    ];
  });
}

const NO_PROBLEMS: Problem[] = [];

export function pathOf(steps: readonly PathStep[]): Path | null {
  return steps.reduce<Path | null>((up, step) => below(up, step), null);
}
