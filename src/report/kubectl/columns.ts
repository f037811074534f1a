/**
 * The columns of `kubectl get` by kind, and those that `-o wide` adds. What is not simulated (addresses, images of
 * operating systems) prints as upstream prints what is not there. Source: pkg/printers/internalversion/printers.go
 * (v1.36).
 */
import type {
  Container,
  LabelSelector,
  LookedNode,
  LookedObject,
  LookedPlain,
  LookedPod,
  LookedWorkload,
  PersistentVolume,
  PersistentVolumeClaim,
  PodDisruptionBudget,
  PriorityClass,
  StorageClass,
  WorkloadSpec,
} from '../../experiment/looked-object.ts';
import { parseTimestamp } from '../../base/timestamp.ts';
import { compareKeys } from '../format.ts';
import { ageOf, humanDuration } from './age.ts';
import { NONE, POD_TITLES, POD_WIDE_TITLES, podCells } from './pod-columns.ts';

export interface KindColumns {
  readonly titles: readonly string[];
  /** Shown by `-o wide` only. */
  readonly wide: readonly string[];
  /** Cells of `titles` and then of `wide`; `now` in micros since 1970. */
  readonly cells: (object: LookedObject, now: number) => readonly string[];
}

const TEMPLATE_TITLES = ['CONTAINERS', 'IMAGES', 'SELECTOR'] as const;
const UNKNOWN = '<unknown>';
const UNSET = '<unset>';

function columns<T extends LookedObject>(
  titles: readonly string[], wide: readonly string[], cells: (object: T, now: number) => readonly string[],
): KindColumns {
  return { titles, wide, cells: (object, now) => cells(object as T, now) };
}

const age = ({ metadata }: LookedObject, now: number): string => ageOf(metadata.creationTimestamp, now);
export const count = (value: number | undefined): string => String(value ?? 0);

export const COLUMNS: Readonly<Record<string, KindColumns>> = {
  Pod: columns<LookedPod>(POD_TITLES, POD_WIDE_TITLES, podCells),
  Node: columns<LookedNode>(
    ['NAME', 'STATUS', 'ROLES', 'AGE', 'VERSION'],
    ['INTERNAL-IP', 'EXTERNAL-IP', 'OS-IMAGE', 'KERNEL-VERSION', 'CONTAINER-RUNTIME'],
    (node, now) => [
      node.metadata.name, nodeStatus(node), nodeRoles(node), age(node, now), node.status.nodeInfo.kubeletVersion,
      NONE, NONE, UNKNOWN, UNKNOWN, UNKNOWN,
    ],
  ),
  Deployment: columns<LookedWorkload>(
    ['NAME', 'READY', 'UP-TO-DATE', 'AVAILABLE', 'AGE'], TEMPLATE_TITLES,
    (own, now) => [
      own.metadata.name, readyOf(own), count(own.status.updatedReplicas), count(own.status.availableReplicas),
      age(own, now), ...templateCells(own.spec), selectorText(own.spec.selector),
    ],
  ),
  ReplicaSet: columns<LookedWorkload>(
    ['NAME', 'DESIRED', 'CURRENT', 'READY', 'AGE'], TEMPLATE_TITLES,
    (own, now) => [
      own.metadata.name, count(own.spec.replicas ?? 1), count(own.status.replicas), count(own.status.readyReplicas),
      age(own, now), ...templateCells(own.spec), selectorText(own.spec.selector),
    ],
  ),
  StatefulSet: columns<LookedWorkload>(['NAME', 'READY', 'AGE'], ['CONTAINERS', 'IMAGES'], (own, now) => [
    own.metadata.name, readyOf(own), age(own, now), ...templateCells(own.spec),
  ]),
  DaemonSet: columns<LookedWorkload>(
    ['NAME', 'DESIRED', 'CURRENT', 'READY', 'UP-TO-DATE', 'AVAILABLE', 'NODE SELECTOR', 'AGE'], TEMPLATE_TITLES,
    (own, now) => {
      const { desiredNumberScheduled, currentNumberScheduled, numberReady, updatedNumberScheduled } = own.status;
      return [
        own.metadata.name, count(desiredNumberScheduled), count(currentNumberScheduled), count(numberReady),
        count(updatedNumberScheduled), count(own.status.numberAvailable),
        labelsText(own.spec.template?.spec?.nodeSelector), age(own, now),
        ...templateCells(own.spec), selectorText(own.spec.selector),
      ];
    },
  ),
  Job: columns<LookedWorkload>(['NAME', 'STATUS', 'COMPLETIONS', 'DURATION', 'AGE'], TEMPLATE_TITLES, (job, now) => [
    job.metadata.name, jobStatus(job), completionsOf(job), jobDuration(job, now), age(job, now),
    ...templateCells(job.spec), selectorText(job.spec.selector),
  ]),
  CronJob: columns<LookedWorkload>(
    ['NAME', 'SCHEDULE', 'TIMEZONE', 'SUSPEND', 'ACTIVE', 'LAST SCHEDULE', 'AGE'], TEMPLATE_TITLES,
    (own, now) => {
      const { schedule = '', timeZone, suspend, jobTemplate } = own.spec;
      const { active, lastScheduleTime } = own.status;
      return [
        own.metadata.name, schedule, timeZone ?? NONE, suspend === true ? 'True' : 'False',
        String(Array.isArray(active) ? active.length : 0),
        lastScheduleTime === undefined ? NONE : ageOf(lastScheduleTime, now), age(own, now),
        ...templateCells(jobTemplate?.spec ?? {}), selectorText(jobTemplate?.spec?.selector),
      ];
    },
  ),
  PodDisruptionBudget: columns<PodDisruptionBudget & LookedObject>(
    ['NAME', 'MIN AVAILABLE', 'MAX UNAVAILABLE', 'ALLOWED DISRUPTIONS', 'AGE'], [],
    (budget, now) => [
      budget.metadata.name, String(budget.spec?.minAvailable ?? 'N/A'), String(budget.spec?.maxUnavailable ?? 'N/A'),
      count(budget.status?.disruptionsAllowed), age(budget, now),
    ],
  ),
  PersistentVolumeClaim: columns<PersistentVolumeClaim & LookedObject>(
    ['NAME', 'STATUS', 'VOLUME', 'CAPACITY', 'ACCESS MODES', 'STORAGECLASS', 'VOLUMEATTRIBUTESCLASS', 'AGE'],
    ['VOLUMEMODE'],
    (claim, now) => {
      const { volumeName = '', storageClassName = '', volumeMode, volumeAttributesClassName } = claim.spec ?? {};
      const { capacity, accessModes, phase } = (claim as LookedPlain).status ?? {};
      const status = claim.metadata.deletionTimestamp === undefined ? String(phase) : 'Terminating';
      const storage = (capacity as Readonly<Record<string, unknown>> | undefined)?.['storage'];
      return [
        claim.metadata.name, status, volumeName, volumeName === '' ? '' : shown(storage),
        volumeName === '' ? '' : accessModesText(accessModes as readonly string[] | undefined),
        storageClassName, volumeAttributesClassName ?? UNSET, age(claim, now), volumeMode ?? UNSET,
      ];
    },
  ),
  PersistentVolume: columns<PersistentVolume & LookedObject>(
    [
      'NAME', 'CAPACITY', 'ACCESS MODES', 'RECLAIM POLICY', 'STATUS', 'CLAIM', 'STORAGECLASS', 'VOLUMEATTRIBUTESCLASS',
      'REASON', 'AGE',
    ],
    ['VOLUMEMODE'],
    (volume, now) => {
      const { spec } = volume;
      const { claimRef } = spec ?? {};
      const { persistentVolumeReclaimPolicy: policy } = (spec ?? {}) as { persistentVolumeReclaimPolicy?: string };
      return [
        volume.metadata.name, shown(spec?.capacity?.['storage']), accessModesText(spec?.accessModes), shown(policy),
        volume.status?.phase ?? '',
        claimRef === undefined ? '' : `${claimRef.namespace ?? ''}/${claimRef.name ?? ''}`,
        spec?.storageClassName ?? '', spec?.volumeAttributesClassName ?? UNSET, '', age(volume, now),
        spec?.volumeMode ?? UNSET,
      ];
    },
  ),
  StorageClass: columns<StorageClass & LookedObject>(
    ['NAME', 'PROVISIONER', 'RECLAIMPOLICY', 'VOLUMEBINDINGMODE', 'ALLOWVOLUMEEXPANSION', 'AGE'], [],
    (own, now) => {
      const isDefault = own.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true';
      const { reclaimPolicy, allowVolumeExpansion } = own as { reclaimPolicy?: string; allowVolumeExpansion?: boolean };
      return [
        `${own.metadata.name}${isDefault ? ' (default)' : ''}`, own.provisioner ?? '', reclaimPolicy ?? 'Delete',
        own.volumeBindingMode ?? 'Immediate', String(allowVolumeExpansion ?? false), age(own, now),
      ];
    },
  ),
  Namespace: columns<LookedPlain>(['NAME', 'STATUS', 'AGE'], [], (own, now) => [
    own.metadata.name, own.metadata.deletionTimestamp === undefined ? 'Active' : 'Terminating', age(own, now),
  ]),
  PriorityClass: columns<PriorityClass & LookedObject>(
    ['NAME', 'VALUE', 'GLOBAL-DEFAULT', 'AGE', 'PREEMPTIONPOLICY'], [],
    (own, now) => [
      own.metadata.name, count(own.value), String(own.globalDefault ?? false), age(own, now),
      own.preemptionPolicy ?? 'PreemptLowerPriority',
    ],
  ),
  ResourceQuota: columns<LookedPlain>(['NAME', 'REQUEST', 'LIMIT', 'AGE'], [], (quota, now) => [
    quota.metadata.name, quotaText(quota, false), quotaText(quota, true), age(quota, now),
  ]),
  Service: columns<LookedPlain>(
    ['NAME', 'TYPE', 'CLUSTER-IP', 'EXTERNAL-IP', 'PORT(S)', 'AGE'], ['SELECTOR'],
    (own, now) => {
      const { type = 'ClusterIP', ports, selector } = own.spec ?? {};
      const all = (ports ?? []) as readonly { port?: number; nodePort?: number; protocol?: string }[];
      const texts = all.map(({ port = 0, nodePort, protocol = 'TCP' }) =>
        `${String(port)}${nodePort === undefined ? '' : `:${String(nodePort)}`}/${protocol}`);
      return [
        own.metadata.name, shown(type), NONE, type === 'LoadBalancer' ? '<pending>' : NONE,
        texts.length === 0 ? NONE : texts.join(','), age(own, now),
        labelsText(selector as Readonly<Record<string, string>> | undefined),
      ];
    },
  ),
};

/** Name and age: of kinds that have no columns of their own. */
export const PLAIN_COLUMNS: KindColumns = columns<LookedPlain>(['NAME', 'CREATED AT'], [], (own) => [
  own.metadata.name, own.metadata.creationTimestamp ?? UNKNOWN,
]);

/** `Ready`, `NotReady,SchedulingDisabled`. */
export function nodeStatus({ spec, status }: LookedNode): string {
  const ready = status.conditions.find(({ type }) => type === 'Ready');
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return spec?.unschedulable === true ? `${word},SchedulingDisabled` : word;
}

const ROLE_PREFIX = 'node-role.kubernetes.io/';

export function nodeRoles({ metadata }: LookedNode): string {
  const labels = Object.entries(metadata.labels ?? {});
  const roles = labels.flatMap(([key, value]) => {
    const own = key === 'kubernetes.io/role' ? value : '';
    const role = key.startsWith(ROLE_PREFIX) ? key.slice(ROLE_PREFIX.length) : own;
    return role === '' ? [] : [role];
  });
  return roles.length === 0 ? NONE : [...new Set(roles)].sort(compareKeys).join(',');
}

function readyOf({ spec, status }: LookedWorkload): string {
  return `${count(status.readyReplicas)}/${count(spec.replicas ?? 1)}`;
}

function templateCells({ template }: WorkloadSpec): [names: string, images: string] {
  const containers: readonly Container[] = template?.spec?.containers ?? [];
  return [containers.map(({ name = '' }) => name).join(','), containers.map(({ image = '' }) => image).join(',')];
}

function jobStatus({ metadata, status }: LookedWorkload): string {
  const isTrue = (type: string): boolean =>
    status.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
  if (isTrue('Complete')) return 'Complete';
  if (isTrue('Failed')) return 'Failed';
  if (metadata.deletionTimestamp !== undefined) return 'Terminating';
  if (isTrue('Suspended')) return 'Suspended';
  return isTrue('FailureTarget') ? 'FailureTarget' : 'Running';
}

function completionsOf({ spec, status }: LookedWorkload): string {
  const done = count(status.succeeded);
  // The API server fills in one completion where neither number is given.
  const completions = spec.completions ?? (spec.parallelism === undefined ? 1 : undefined);
  if (completions !== undefined) return `${done}/${String(completions)}`;
  const parallelism = spec.parallelism ?? 0;
  return parallelism > 1 ? `${done}/1 of ${String(parallelism)}` : `${done}/1`;
}

export function jobDuration({ status: { startTime, completionTime } }: LookedWorkload, now: number): string {
  const [from, to] = [startTime, completionTime].map((text) => (text === undefined ? undefined : parseTimestamp(text)));
  if (from === undefined) return '';
  return to === undefined ? ageOf(startTime, now) : humanDuration(to - from);
}

/** `requests.cpu: 4/10, pods: 5/50`; requests and limits stand in columns of their own. */
function quotaText({ spec, status }: LookedPlain, ofLimits: boolean): string {
  const hard = ((status?.['hard'] ?? spec?.['hard']) ?? {}) as Readonly<Record<string, unknown>>;
  const used = (status?.['used'] ?? {}) as Readonly<Record<string, unknown>>;
  const names = Object.keys(hard).filter((name) => name.startsWith('limits.') === ofLimits).sort(compareKeys);
  return names.map((name) => `${name}: ${shown(used[name] ?? '0')}/${shown(hard[name])}`).join(', ');
}

const ACCESS_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP',
};

/** In upstream's order of modes, each once. */
function accessModesText(modes: readonly string[] = []): string {
  return Object.entries(ACCESS_MODES).flatMap(([mode, text]) => (modes.includes(mode) ? [text] : [])).join(',');
}

export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(labels ?? {}).sort(([a], [b]) => compareKeys(a, b));
  return entries.length === 0 ? NONE : entries.map(([key, value]) => `${key}=${value}`).join(',');
}

/** As metav1.FormatLabelSelector prints it. */
export function selectorText(selector: LabelSelector | Readonly<Record<string, string>> | undefined): string {
  const { matchLabels, matchExpressions } = (selector ?? {}) as LabelSelector;
  if (selector !== undefined && matchLabels === undefined && matchExpressions === undefined)
    return labelsText(selector as Readonly<Record<string, string>>);
  const equalities = Object.entries(matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  const others = (matchExpressions ?? []).map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${[...values].sort(compareKeys).join(',')})`;
  });
  const all = [...equalities, ...others].sort(compareKeys);
  return all.length === 0 ? NONE : all.join(',');
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
