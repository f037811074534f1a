/**
 * The kinds that Podyard reads, each with its API group, whether it lives in a namespace, and its check.
 * Source: pkg/apis/{core,apps,batch,policy,scheduling,storage,node}/validation (v1.36.2).
 */
import type { LabelSelector } from '../../cluster/objects.ts';
import { SelectorError, compileLabelSelector, labelsOf } from '../../cluster/selectors.ts';
import { quotaAmounts, scopeName, scopeSelector } from './quota-fields.ts';
import { labelMap, qualifiedName, resourceList, subdomainName } from './names.ts';
import { accessModes, claimSpec, metadata, podSpec, podTemplate, taintEffect, volumeMode } from './pod-checks.ts';
import { describeLabels, labelSelector, nodeSelector } from './selector-checks.ts';
import type { Path } from '../../base/source-path.ts';
import { below, quoteShort } from '../../base/source-path.ts';
import {
  CRON_JOB_FIELDS,
  DEPLOYMENT_FIELDS,
  JOB_FIELDS,
  REPLICA_SET_FIELDS,
  STATEFUL_FIELDS,
  amountOrPercent,
} from './workload-fields.ts';
import type { Check, Findings, Mapping } from '../../base/structure.ts';
import {
  COUNT,
  MAX_INT32,
  all,
  anything,
  flag,
  isMapping,
  list,
  listOf,
  mappingOf,
  object,
  oneOf,
  quantity,
  text,
  whole,
} from '../../base/structure.ts';

export interface KindRule {
  /** API group; the empty text is the core group. */
  readonly group: string;
  readonly isNamespaced: boolean;
  readonly check: Check;
}

/** Members every object may have besides its own. */
const COMMON = { apiVersion: text, kind: text, metadata };

function kind(
  group: string,
  isNamespaced: boolean,
  members: Readonly<Record<string, Check>>,
  options: { unused?: string; required?: readonly string[]; rule?: Check } = {},
): KindRule {
  const structure = object({
    used: { ...COMMON, ...members },
    unused: options.unused ?? 'status',
    required: options.required ?? [],
  });
  return { group, isNamespaced, check: options.rule === undefined ? structure : all(structure, options.rule) };
}

const taint: Check = object({
  used: { key: qualifiedName, value: text, effect: taintEffect },
  unused: 'timeAdded',
  required: ['key', 'effect'],
});

const nodeSpec: Check = all(
  object({
    used: { taints: list(taint), unschedulable: flag, providerID: text },
    unused: 'configSource externalID podCIDR podCIDRs',
  }),
  (value, path, findings) => uniqueTaints(mappingOf(value)['taints'], below(path, 'taints'), findings),
);

export const taints: Check = all(list(taint), uniqueTaints);

function uniqueTaints(value: unknown, path: Path | null, findings: Findings): void {
  const seen = new Set<string>();
  for (const [index, item] of listOf(value).entries()) {
    const { key, effect } = mappingOf(item);
    if (typeof key !== 'string' || typeof effect !== 'string') continue;
    if (seen.has(`${key}:${effect}`))
      findings.error(below(path, index), `a second taint with key ${key} and effect ${effect}`);
    seen.add(`${key}:${effect}`);
  }
}

const conditions: Check = list(
  object({
    used: { type: text, status: text, reason: text, message: text },
    unused: 'lastHeartbeatTime lastProbeTime lastTransitionTime lastUpdateTime observedGeneration',
    required: ['type', 'status'],
  }),
);

const NODE_INFO_UNUSED =
  'bootID containerRuntimeVersion kernelVersion kubeProxyVersion kubeletVersion machineID osImage swap systemUUID';

const nodeStatus: Check = object({
  used: {
    allocatable: resourceList,
    capacity: resourceList,
    images: list(object({ used: { names: list(text), sizeBytes: whole(0, Number.MAX_SAFE_INTEGER) } })),
    conditions,
    nodeInfo: object({ used: { operatingSystem: text, architecture: text }, unused: NODE_INFO_UNUSED }),
    declaredFeatures: list(text),
  },
  unused: 'addresses config daemonEndpoints features phase runtimeHandlers volumesAttached volumesInUse',
});

function nodeRule(value: unknown, path: Path | null, findings: Findings): void {
  const status = mappingOf(mappingOf(value)['status']);
  const room = mappingOf(status['allocatable'] ?? status['capacity']);
  const missing = ['cpu', 'memory', 'pods'].filter((name) => room[name] === undefined);
  if (missing.length > 0)
    findings.warn(
      below(path, 'status'),
      `the node offers no ${missing.join(', no ')}: pods that need it cannot run there`,
      undefined,
      'key',
    );
}

/** The selector of a workload must match the labels of its own template. Waits until both are right in themselves. */
function selectorRule(value: unknown, path: Path | null, findings: Findings): void {
  const spec = mappingOf(mappingOf(value)['spec']);
  const { selector, template } = spec;
  if (!isMapping(selector) || findings.errors.length > 0) return;
  const labels = mappingOf(mappingOf(mappingOf(template)['metadata'])['labels']);
  const at = below(below(path, 'spec'), 'selector');
  const wanted = mappingOf(value)['kind'] === 'ReplicationController' ? { matchLabels: selector } : selector;
  if (Object.keys(mappingOf(wanted['matchLabels'])).length + listOf(wanted['matchExpressions']).length === 0) {
    if (mappingOf(value)['kind'] !== 'ReplicationController')
      findings.error(at, 'an empty selector would match every pod: expected matchLabels or matchExpressions');
  } else if (isMapping(template) && !matches(wanted, labels, at, findings)) {
    findings.error(at, `expected a selector that matches the template, which has ${describeLabels(labels)}`);
  }
}

function matches(selector: LabelSelector, labels: Mapping, path: Path, findings: Findings): boolean {
  try {
    return compileLabelSelector(selector).matches(labelsOf(labels as Readonly<Record<string, string>>));
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    findings.error(path, error.message);
    return true;
  }
}

function restartRule(allowed: readonly string[], hint: string): Check {
  return (value, path, findings) => {
    const pod = mappingOf(mappingOf(mappingOf(mappingOf(value)['spec'])['template'])['spec']);
    const policy = pod['restartPolicy'] ?? 'Always';
    if (typeof policy !== 'string' || allowed.includes(policy)) return;
    const at = below(below(below(path, 'spec'), 'template'), 'spec');
    if (pod['restartPolicy'] === undefined) findings.warn(at, hint, undefined, 'key');
    else findings.error(below(at, 'restartPolicy'), `expected ${allowed.join(' or ')}, found ${policy}`);
  };
}

const ALWAYS_RESTART = restartRule(['Always'], '');
const JOB_RESTART = restartRule(
  ['Never', 'OnFailure'],
  'kubectl would refuse a Job whose template has no restartPolicy Never or OnFailure: Never is taken',
);

function workloadKind(
  group: string,
  used: Readonly<Record<string, Check>>,
  unused: string,
  options: { selector?: Check; needsSelector?: boolean; restart: Check },
): KindRule {
  const spec = object({
    used: { ...used, selector: options.selector ?? labelSelector, template: podTemplate },
    unused,
    required: options.needsSelector === false ? ['template'] : ['selector', 'template'],
  });
  const rule = all(selectorRule, options.restart);
  return kind(group, true, { spec, status: workloadStatus }, { unused: '', required: ['spec'], rule });
}

/** Of all kinds that make pods: what is read of it. */
const workloadStatus: Check = object({
  used: {
    replicas: COUNT,
    observedGeneration: whole(0, Number.MAX_SAFE_INTEGER),
    currentReplicas: COUNT,
    currentRevision: text,
    updateRevision: text,
    succeeded: COUNT,
    failed: COUNT,
    completedIndexes: text,
    failedIndexes: text,
    conditions,
  },
  unused:
    'active availableReplicas collisionCount completionTime currentNumberScheduled ' +
    'desiredNumberScheduled fullyLabeledReplicas numberAvailable numberMisscheduled numberReady numberUnavailable ' +
    'ready readyReplicas startTime terminating terminatingReplicas unavailableReplicas uncountedTerminatedPods ' +
    'updatedNumberScheduled updatedReplicas',
});

function budgetRule(value: unknown, path: Path | null, findings: Findings): void {
  const { minAvailable, maxUnavailable } = mappingOf(mappingOf(value)['spec']);
  if (minAvailable !== undefined && minAvailable !== null && maxUnavailable !== undefined && maxUnavailable !== null) {
    findings.error(below(path, 'spec'), 'expected either minAvailable or maxUnavailable, found both');
  }
}

export const MAX_USER_PRIORITY = 1_000_000_000;

function priorityRule(value: unknown, path: Path | null, findings: Findings): void {
  const object = mappingOf(value);
  const name = mappingOf(object['metadata'])['name'];
  const number = object['value'];
  if (typeof name !== 'string' || typeof number !== 'number') return;
  const isSystem = name === 'system-cluster-critical' || name === 'system-node-critical';
  if (!isSystem && name.startsWith('system-'))
    findings.error(below(below(path, 'metadata'), 'name'), 'names that start with "system-" are reserved');
  if (!isSystem && number > MAX_USER_PRIORITY)
    findings.error(below(path, 'value'), `expected a priority of at most ${MAX_USER_PRIORITY}, found ${number}`);
}

const limitItem: Check = object({
  used: {
    type: text,
    max: resourceList,
    min: resourceList,
    default: resourceList,
    defaultRequest: resourceList,
    maxLimitRequestRatio: resourceList,
  },
  required: ['type'],
});

const topologyTerm: Check = object({
  used: {
    matchLabelExpressions: list(
      object({ used: { key: qualifiedName, values: list(text) }, required: ['key', 'values'] }),
    ),
  },
});

const persistentVolumeSpec: Check = object({
  used: {
    capacity: resourceList,
    accessModes,
    storageClassName: text,
    volumeMode,
    volumeAttributesClassName: text,
    claimRef: object({
      used: { namespace: text, name: text, uid: text },
      unused: 'apiVersion kind fieldPath resourceVersion',
    }),
    nodeAffinity: object({ used: { required: nodeSelector } }),
    csi: anything,
    persistentVolumeReclaimPolicy: oneOf('Retain', 'Delete', 'Recycle'),
  },
  unused:
    'mountOptions awsElasticBlockStore azureDisk azureFile cephfs cinder fc flexVolume flocker ' +
    'gcePersistentDisk glusterfs ' +
    'hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume',
});

const csiDrivers: Check = list(
  object({
    used: {
      name: text,
      nodeID: text,
      topologyKeys: list(qualifiedName),
      allocatable: object({ used: { count: COUNT } }),
    },
    required: ['name'],
  }),
);

/** A Job as a CronJob makes it. */
const jobTemplate: Check = object({
  used: {
    metadata,
    spec: object({
      used: { ...JOB_FIELDS, selector: labelSelector, template: podTemplate },
      unused: 'manualSelector',
      required: ['template'],
    }),
  },
  required: ['spec'],
});

export const KINDS: ReadonlyMap<string, KindRule> = new Map<string, KindRule>([
  ['Node', kind('', false, { spec: nodeSpec, status: nodeStatus }, { unused: '', rule: nodeRule })],
  ['Namespace', kind('', false, { status: anything }, { unused: 'spec' })],
  ['Pod', kind('', true, { spec: podSpec, status: anything }, { unused: '', required: ['spec'] })],
  ['ReplicationController', workloadKind('', REPLICA_SET_FIELDS, '', { selector: labelMap, needsSelector: false, restart: ALWAYS_RESTART })],
  ['Deployment', workloadKind('apps', DEPLOYMENT_FIELDS, '', { restart: ALWAYS_RESTART })],
  ['ReplicaSet', workloadKind('apps', REPLICA_SET_FIELDS, '', { restart: ALWAYS_RESTART })],
  ['StatefulSet', workloadKind('apps', STATEFUL_FIELDS, 'serviceName', { restart: ALWAYS_RESTART })],
  ['DaemonSet', workloadKind('apps', {}, 'minReadySeconds revisionHistoryLimit updateStrategy', { restart: ALWAYS_RESTART })],
  ['Job', workloadKind('batch', JOB_FIELDS, 'manualSelector', { needsSelector: false, restart: JOB_RESTART })],
  [
    'CronJob',
    kind('batch', true, { spec: object({ used: { ...CRON_JOB_FIELDS, jobTemplate }, required: ['schedule', 'jobTemplate'] }), status: anything }, { unused: '', required: ['spec'] }),
  ],
  ['Service', kind('', true, { spec: object({ used: { selector: labelMap }, unused: 'ports type clusterIP clusterIPs externalIPs externalName' }) })],
  [
    'ResourceQuota',
    kind('', true, { spec: object({ used: { hard: quotaAmounts, scopes: list(scopeName), scopeSelector } }), status: anything }, { unused: '' }),
  ],
  ['LimitRange', kind('', true, { spec: object({ used: { limits: list(limitItem) } }) })],
  ['PersistentVolume', kind('', false, { spec: persistentVolumeSpec, status: anything }, { unused: '', required: ['spec'] })],
  ['PersistentVolumeClaim', kind('', true, { spec: claimSpec, status: anything }, { unused: '', required: ['spec'] })],
  [
    'PodDisruptionBudget',
    kind(
      'policy',
      true,
      { spec: object({ used: { selector: labelSelector, minAvailable: amountOrPercent, maxUnavailable: amountOrPercent }, unused: 'unhealthyPodEvictionPolicy' }), status: anything },
      { unused: '', rule: budgetRule },
    ),
  ],
  [
    'PriorityClass',
    kind(
      'scheduling.k8s.io',
      false,
      { value: whole(-MAX_INT32 - 1, MAX_INT32), globalDefault: flag, preemptionPolicy: oneOf('PreemptLowerPriority', 'Never') },
      { unused: 'description', required: ['value'], rule: priorityRule },
    ),
  ],
  [
    'StorageClass',
    kind(
      'storage.k8s.io',
      false,
      {
        provisioner: text, volumeBindingMode: oneOf('Immediate', 'WaitForFirstConsumer'),
        allowedTopologies: list(topologyTerm), reclaimPolicy: oneOf('Retain', 'Delete'),
      },
      { unused: 'allowVolumeExpansion mountOptions parameters', required: ['provisioner'] },
    ),
  ],
  ['CSINode', kind('storage.k8s.io', false, { spec: object({ used: { drivers: csiDrivers } }) })],
  ['CSIDriver', kind('storage.k8s.io', false, { spec: object({ used: { storageCapacity: flag, preventPodSchedulingIfMissing: flag }, unused: 'attachRequired fsGroupPolicy podInfoOnMount requiresRepublish seLinuxMount tokenRequests volumeLifecycleModes nodeAllocatableUpdatePeriodSeconds serviceAccountTokenInSecrets' }) })],
  [
    'CSIStorageCapacity',
    kind('storage.k8s.io', true, { nodeTopology: labelSelector, storageClassName: text, capacity: quantity, maximumVolumeSize: quantity }, { unused: '', required: ['storageClassName'] }),
  ],
  [
    'VolumeAttachment',
    kind('storage.k8s.io', false, {
      spec: object({ used: { attacher: text, nodeName: text, source: object({ used: { persistentVolumeName: text }, unused: 'inlineVolumeSpec' }) } }),
    }),
  ],
  [
    'RuntimeClass',
    kind('node.k8s.io', false, {
      handler: text,
      overhead: object({ used: { podFixed: resourceList } }),
      scheduling: object({ used: { nodeSelector: labelMap, tolerations: anything } }),
    }),
  ],
]);

/**
 * The name of an object is required and follows its kind's syntax; the generated kind (`generateName`) is filled in
 * by the reader.
 */
export function nameRule(value: unknown, path: Path | null, findings: Findings): void {
  const { name, generateName } = mappingOf(mappingOf(value)['metadata']);
  if (name !== undefined && name !== null) return;
  if (typeof generateName === 'string' && generateName !== '') {
    const at = below(below(path, 'metadata'), 'generateName');
    subdomainName(`${generateName}0`, at, findings);
    return;
  }
  findings.error(path, `${quoteShort('metadata.name')} is missing`);
}
