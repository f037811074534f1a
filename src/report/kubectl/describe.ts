/**
 * `kubectl describe` of pods, workloads and all other kinds. What is not simulated (addresses, identifiers of
 * containers, mounts) is empty or `<none>`. Source: staging/src/k8s.io/kubectl/pkg/describe/describe.go (v1.36).
 */
import type { LookedObject, LookedPlain, LookedPod, LookedWorkload } from '../../experiment/looked-object.ts';
import { compareKeys } from '../format.ts';
import { ageOf } from './age.ts';
import { count, jobDuration, selectorText } from './columns.ts';
import {
  containerLines, eventLines, longTime, pairLines, templateLines, tolerationLines, volumeLines,
} from './describe-parts.ts';
import type { DescribedEvents } from './describe-parts.ts';
import { NONE } from './pod-columns.ts';
import { DESCRIBE_LAYOUT, layOut } from './tabbed.ts';

/** `now` in micros since 1970. */
export function describePod(pod: LookedPod, events: DescribedEvents, now: number): string {
  const { metadata, spec, status } = pod;
  const isOver = status.phase === 'Succeeded' || status.phase === 'Failed';
  const isLeaving = metadata.deletionTimestamp !== undefined && !isOver;
  const inits = spec.initContainers ?? [];
  return layOut([
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace ?? ''}`,
    ...(spec.priority === undefined ? [] : [`Priority:\t${String(spec.priority)}`]),
    ...(spec.priorityClassName === undefined ? [] : [`Priority Class Name:\t${spec.priorityClassName}`]),
    ...(spec.runtimeClassName === undefined ? [] : [`Runtime Class Name:\t${spec.runtimeClassName}`]),
    `Node:\t${spec.nodeName === undefined ? NONE : `${spec.nodeName}/`}`,
    ...(status.startTime === undefined ? [] : [`Start Time:\t${longTime(status.startTime)}`]),
    ...pairLines('Labels', metadata.labels),
    ...pairLines('Annotations', metadata.annotations, ': '),
    ...(isLeaving
      ? [
          `Status:\tTerminating (lasts ${ageOf(metadata.deletionTimestamp, now)})`,
          `Termination Grace Period:\t${String(metadata.deletionGracePeriodSeconds ?? 0)}s`,
        ]
      : [`Status:\t${status.phase}`]),
    ...(status.reason === undefined ? [] : [`Reason:\t${status.reason}`]),
    ...(status.message === undefined ? [] : [`Message:\t${status.message}`]),
    'IP:\t',
    `IPs:\t${NONE}`,
    ...ownerLines(pod),
    ...(status.nominatedNodeName === undefined ? [] : [`NominatedNodeName:\t${status.nominatedNodeName}`]),
    ...(inits.length === 0 ? [] : containerLines('Init Containers', inits, status.initContainerStatuses ?? [])),
    ...containerLines('Containers', spec.containers ?? [], status.containerStatuses ?? []),
    ...(status.conditions.length === 0
      ? []
      : ['Conditions:', '  Type\tStatus', ...status.conditions.map((own) => `  ${own.type} \t${own.status} `)]),
    ...volumeLines(spec),
    `QoS Class:\t${status.qosClass}`,
    ...pairLines('Node-Selectors', spec.nodeSelector),
    ...tolerationLines(spec.tolerations),
    ...spreadLines(pod),
    ...eventLines(events),
  ], DESCRIBE_LAYOUT);
}

function spreadLines({ spec: { topologySpreadConstraints = [] } }: LookedPod): string[] {
  const sorted = [...topologySpreadConstraints].sort((a, b) => compareKeys(a.topologyKey, b.topologyKey));
  return sorted.map(({ topologyKey, whenUnsatisfiable, maxSkew, labelSelector }, index) => {
    const selector = labelSelector === undefined ? '' : ` for selector ${selectorText(labelSelector)}`;
    const told = `${topologyKey}:${whenUnsatisfiable} when max skew ${String(maxSkew)} is exceeded${selector}`;
    return `${index === 0 ? 'Topology Spread Constraints:' : ''}\t${told}`;
  });
}

/** Pods of a workload, by their phase. */
export interface PodTally {
  readonly running: number;
  readonly waiting: number;
  readonly succeeded: number;
  readonly failed: number;
}

export interface DescribedWorkload {
  readonly workload: LookedWorkload;
  readonly pods: PodTally;
  /** A Deployment's ReplicaSets: those before the newest, and it. */
  readonly oldSets: readonly LookedWorkload[];
  readonly newSet: LookedWorkload | null;
}

export function describeWorkload(described: DescribedWorkload, events: DescribedEvents, now: number): string {
  const { workload } = described;
  const { metadata, spec } = workload;
  return layOut([
    `Name:\t${metadata.name}`,
    `Namespace:\t${metadata.namespace ?? ''}`,
    ...(workload.kind === 'Deployment' || workload.kind === 'StatefulSet'
      ? [`CreationTimestamp:\t${longTime(metadata.creationTimestamp)}`]
      : []),
    ...(workload.kind === 'CronJob' ? [] : [`Selector:\t${selectorText(spec.selector)}`]),
    ...pairLines('Labels', metadata.labels),
    ...pairLines('Annotations', metadata.annotations, ': '),
    ...OWN_LINES[workload.kind](described, now),
    ...eventLines(events),
  ], DESCRIBE_LAYOUT);
}

function statusLine({ running, waiting, succeeded, failed }: PodTally): string {
  const parts = [`${count(running)} Running`, `${count(waiting)} Waiting`, `${count(succeeded)} Succeeded`];
  return `Pods Status:\t${parts.join(' / ')} / ${count(failed)} Failed`;
}

function ownerLines({ metadata }: LookedObject): string[] {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  return owner === undefined ? [] : [`Controlled By:\t${owner.kind}/${owner.name}`];
}

type Lines = (described: DescribedWorkload, now: number) => readonly string[];

/** What each kind says between its annotations and its events. */
const OWN_LINES: Readonly<Record<string, Lines>> = {
  Deployment: ({ workload: { spec, status }, oldSets, newSet }) => [
    `Replicas:\t${count(spec.replicas ?? 1)} desired | ${count(status.updatedReplicas)} updated | ` +
      `${count(status.replicas)} total | ${count(status.availableReplicas)} available | ` +
      `${count(status.unavailableReplicas)} unavailable`,
    `StrategyType:\t${spec.strategy?.type ?? 'RollingUpdate'}`,
    `MinReadySeconds:\t${count(spec.minReadySeconds)}`,
    ...(spec.strategy?.type === 'Recreate'
      ? []
      : [
          `RollingUpdateStrategy:\t${String(spec.strategy?.rollingUpdate?.maxUnavailable ?? '25%')} max unavailable, ` +
            `${String(spec.strategy?.rollingUpdate?.maxSurge ?? '25%')} max surge`,
        ]),
    ...templateLines(spec),
    ...(status.conditions === undefined || status.conditions.length === 0
      ? []
      : [
          'Conditions:', '  Type\tStatus\tReason', '  ----\t------\t------',
          ...status.conditions.map(({ type, status: is, reason = '' }) => `  ${type} \t${is}\t${reason}`),
        ]),
    ...(newSet === null && oldSets.length === 0
      ? []
      : [`OldReplicaSets:\t${setsText(oldSets)}`, `NewReplicaSet:\t${setsText(newSet === null ? [] : [newSet])}`]),
  ],
  ReplicaSet: ({ workload, pods }) => [
    ...ownerLines(workload),
    `Replicas:\t${count(workload.status.replicas)} current / ${count(workload.spec.replicas ?? 1)} desired`,
    statusLine(pods),
    ...templateLines(workload.spec),
  ],
  StatefulSet: ({ workload: { spec, status }, pods }) => [
    `Replicas:\t${count(spec.replicas ?? 1)} desired | ${count(status.replicas)} total`,
    `Update Strategy:\t${spec.updateStrategy?.type ?? 'RollingUpdate'}`,
    ...((spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate'
      ? [`  Partition:\t${count(spec.updateStrategy?.rollingUpdate?.partition)}`]
      : []),
    statusLine(pods),
    ...templateLines(spec),
    ...claimLines(spec.volumeClaimTemplates ?? []),
  ],
  DaemonSet: ({ workload: { spec, status }, pods }) => [
    `Desired Number of Nodes Scheduled: ${count(status.desiredNumberScheduled)}`,
    `Current Number of Nodes Scheduled: ${count(status.currentNumberScheduled)}`,
    `Number of Nodes Scheduled with Up-to-date Pods: ${count(status.updatedNumberScheduled)}`,
    `Number of Nodes Scheduled with Available Pods: ${count(status.numberAvailable)}`,
    `Number of Nodes Misscheduled: ${count(status.numberMisscheduled)}`,
    statusLine(pods),
    ...templateLines(spec),
  ],
  Job: ({ workload, pods }, now) => [...ownerLines(workload), ...jobLines(workload, pods, now)],
  CronJob: ({ workload: { spec, status } }) => [
    `Schedule:\t${spec.schedule ?? ''}`,
    `Concurrency Policy:\t${spec.concurrencyPolicy ?? 'Allow'}`,
    `Suspend:\t${spec.suspend === true ? 'True' : 'False'}`,
    `Successful Job History Limit:\t${count(spec.successfulJobsHistoryLimit ?? 3)}`,
    `Failed Job History Limit:\t${count(spec.failedJobsHistoryLimit ?? 1)}`,
    `Starting Deadline Seconds:\t${
      spec.startingDeadlineSeconds === undefined ? '<unset>' : `${count(spec.startingDeadlineSeconds)}s`
    }`,
    ...templateLines(spec.jobTemplate?.spec ?? {}),
    `Last Schedule Time:\t${status.lastScheduleTime === undefined ? '<unset>' : longTime(status.lastScheduleTime)}`,
    `Active Jobs:\t${activeJobs(status.active)}`,
  ],
};

function activeJobs(active: LookedWorkload['status']['active']): string {
  const names = Array.isArray(active) ? (active as readonly { readonly name: string }[]).map(({ name }) => name) : [];
  return names.length === 0 ? NONE : names.join(', ');
}

function jobLines(job: LookedWorkload, { succeeded, failed }: PodTally, now: number): string[] {
  const { spec, status } = job;
  const completed = status.completionTime === undefined ? [] : [`Completed At:\t${longTime(status.completionTime)}`];
  const active = typeof status.active === 'number' ? status.active : 0;
  const done = `${count(status.succeeded ?? succeeded)} Succeeded / ${count(status.failed ?? failed)} Failed`;
  return [
    `Parallelism:\t${count(spec.parallelism ?? 1)}`,
    `Completions:\t${count(spec.completions ?? 1)}`,
    `Completion Mode:\t${spec.completionMode ?? 'NonIndexed'}`,
    `Suspend:\t${String(spec.suspend ?? false)}`,
    `Backoff Limit:\t${count(spec.backoffLimit ?? 6)}`,
    ...(status.startTime === undefined ? [] : [`Start Time:\t${longTime(status.startTime)}`]),
    ...completed,
    ...(status.completionTime === undefined || status.startTime === undefined
      ? []
      : [`Duration:\t${jobDuration(job, now)}`]),
    `Pods Statuses:\t${String(active)} Active (${count(status.ready)} Ready) / ${done}`,
    ...(status.completedIndexes === undefined ? [] : [`Completed Indexes:\t${status.completedIndexes || NONE}`]),
    ...templateLines(spec),
  ];
}

function claimLines(templates: NonNullable<LookedWorkload['spec']['volumeClaimTemplates']>): string[] {
  if (templates.length === 0) return [`Volume Claims:\t${NONE}`];
  return [
    'Volume Claims:',
    ...templates.flatMap(({ metadata, spec }) => [
      `  Name:\t${metadata?.name ?? ''}`,
      `  StorageClass:\t${spec?.storageClassName ?? ''}`,
      `  Capacity:\t${String(spec?.resources?.requests?.['storage'] ?? '<default>')}`,
      `  Access Modes:\t[${(spec?.accessModes ?? []).join(' ')}]`,
    ]),
  ];
}

function setsText(sets: readonly LookedWorkload[]): string {
  const texts = sets.map(({ metadata, spec, status }) =>
    `${metadata.name} (${count(status.replicas)}/${count(spec.replicas ?? 1)} replicas created)`);
  return texts.length === 0 ? NONE : texts.join(', ');
}

/** Any other kind, with its fields one a line, as kubectl does for kinds that it does not know. */
export function describePlain(object: LookedPlain, events: DescribedEvents): string {
  const { metadata, apiVersion, kind, ...fields } = object;
  return layOut([
    `Name:\t${metadata.name}`,
    ...(metadata.namespace === undefined ? [] : [`Namespace:\t${metadata.namespace}`]),
    ...pairLines('Labels', metadata.labels),
    ...pairLines('Annotations', metadata.annotations, ': '),
    `API Version:\t${apiVersion}`,
    `Kind:\t${kind}`,
    `CreationTimestamp:\t${longTime(metadata.creationTimestamp)}`,
    ...fieldLines(fields, ''),
    ...eventLines(events),
  ], DESCRIBE_LAYOUT);
}

/** `minAvailable` as `Min Available`, nested fields below their title. */
function fieldLines(value: unknown, indent: string): string[] {
  if (value === null || typeof value !== 'object') return [`${indent}${String(value)}`];
  return Object.entries(value).filter(([, member]) => member !== undefined).flatMap(([key, member]): string[] => {
    const title = Array.isArray(value) ? '-' : `${titleOf(key)}:`;
    if (member === null || typeof member !== 'object') return [`${indent}${title}\t${String(member)}`];
    return [`${indent}${title}`, ...fieldLines(member, `${indent}  `)];
  });
}

function titleOf(field: string): string {
  const words = field.replaceAll(/([a-z])([A-Z])/g, '$1 $2');
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
}
