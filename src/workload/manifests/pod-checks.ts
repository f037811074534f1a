/**
 * Pod specs and templates: upstream's rules for the members that the simulation reads.
 * Source: pkg/apis/core/validation/validation.go (v1.36.2); the lists of unread members follow core/v1 types.go.
 */
import { quantityMistake } from '../../base/structure.ts';
import { labelMap, labelName, qualifiedName, resourceList, subdomainName } from './names.ts';
import { isExtendedResource } from '../../cluster/resources.ts';
import { tryParseQuantity } from '../../base/quantity.ts';
import { labelSelector, nodeSelector, nodeSelectorTerm } from './selector-checks.ts';
import type { Path } from '../../base/source-path.ts';
import { below, describeValue, quoteShort } from '../../base/source-path.ts';
import type { Check, Findings, Mapping } from '../../base/structure.ts';
import {
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
  text,
  whole,
} from '../../base/structure.ts';

const INT32 = whole(-MAX_INT32 - 1, MAX_INT32);
const SECONDS = whole(0, Number.MAX_SAFE_INTEGER);
const ANY_SECONDS = whole(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

export const metadata: Check = object({
  used: {
    name: subdomainName,
    generateName: text,
    namespace: labelName,
    uid: text,
    labels: labelMap,
    annotations: anything,
    creationTimestamp: text,
    deletionTimestamp: text,
    ownerReferences: list(
      object({
        used: { apiVersion: text, kind: text, name: text, uid: text, controller: flag },
        unused: 'blockOwnerDeletion',
        required: ['kind', 'name'],
      }),
    ),
  },
  unused: 'deletionGracePeriodSeconds finalizers generation managedFields resourceVersion selfLink clusterName',
});

/** Template metadata may lack a name, but what is there must be right. */
const templateMetadata = metadata;

export const taintEffect: Check = oneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute');

const toleration: Check = all(
  object({
    used: {
      key: optionalKey,
      operator: oneOf('Exists', 'Equal', 'Lt', 'Gt'),
      value: text,
      effect: optionalEffect,
      tolerationSeconds: ANY_SECONDS,
    },
  }),
  (value, path, findings) => {
    const { key, operator, value: wanted, effect, tolerationSeconds } = mappingOf(value);
    if (isBlank(key) && operator !== 'Exists') findings.error(path, 'a toleration without a key needs operator Exists');
    if (operator === 'Exists' && !isBlank(wanted))
      findings.error(below(path, 'value'), 'operator Exists takes no value');
    if (!isAbsent(tolerationSeconds) && effect !== 'NoExecute')
      findings.error(below(path, 'tolerationSeconds'), 'tolerationSeconds needs effect NoExecute');
  },
);

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null;
}

function isBlank(value: unknown): boolean {
  return isAbsent(value) || value === '';
}

function optionalKey(value: unknown, path: Path | null, findings: Findings): void {
  if (value !== '') qualifiedName(value, path, findings);
}

function optionalEffect(value: unknown, path: Path | null, findings: Findings): void {
  if (value !== '') taintEffect(value, path, findings);
}

const podAffinityTerm: Check = all(
  object({
    used: {
      labelSelector,
      namespaces: list(text),
      namespaceSelector: labelSelector,
      topologyKey: qualifiedName,
      matchLabelKeys: list(qualifiedName),
      mismatchLabelKeys: list(qualifiedName),
    },
    required: ['topologyKey'],
  }),
);

const WEIGHT = whole(1, 100);

const podAffinity: Check = object({
  used: {
    requiredDuringSchedulingIgnoredDuringExecution: list(podAffinityTerm),
    preferredDuringSchedulingIgnoredDuringExecution: list(
      object({ used: { weight: WEIGHT, podAffinityTerm }, required: ['weight', 'podAffinityTerm'] }),
    ),
  },
});

export const affinity: Check = object({
  used: {
    nodeAffinity: object({
      used: {
        requiredDuringSchedulingIgnoredDuringExecution: nodeSelector,
        preferredDuringSchedulingIgnoredDuringExecution: list(
          object({ used: { weight: WEIGHT, preference: nodeSelectorTerm }, required: ['weight', 'preference'] }),
        ),
      },
    }),
    podAffinity,
    podAntiAffinity: podAffinity,
  },
});

const spreadConstraint: Check = all(
  object({
    used: {
      maxSkew: whole(1, MAX_INT32),
      topologyKey: qualifiedName,
      whenUnsatisfiable: oneOf('DoNotSchedule', 'ScheduleAnyway'),
      labelSelector,
      minDomains: whole(1, MAX_INT32),
      nodeAffinityPolicy: oneOf('Honor', 'Ignore'),
      nodeTaintsPolicy: oneOf('Honor', 'Ignore'),
      matchLabelKeys: list(qualifiedName),
    },
    required: ['maxSkew', 'topologyKey', 'whenUnsatisfiable'],
  }),
  (value, path, findings) => {
    const { minDomains, whenUnsatisfiable, matchLabelKeys, labelSelector: selector } = mappingOf(value);
    if (!isAbsent(minDomains) && whenUnsatisfiable === 'ScheduleAnyway')
      findings.error(below(path, 'minDomains'), 'minDomains needs whenUnsatisfiable DoNotSchedule');
    if (listOf(matchLabelKeys).length > 0 && isAbsent(selector))
      findings.error(below(path, 'matchLabelKeys'), 'matchLabelKeys needs a labelSelector');
  },
);

/** Requests, limits and how they relate. */
export const resourceRequirements: Check = all(
  object({ used: { requests: resourceList, limits: resourceList, claims: noClaims } }),
  (value, path, findings) => {
    const { requests, limits } = mappingOf(value);
    const bounds = mappingOf(limits);
    for (const [name, requested] of Object.entries(mappingOf(requests))) {
      if (quantityMistake(requested) !== undefined) continue;
      const limit = bounds[name];
      const at = below(below(path, 'requests'), name);
      const limitIsRight = !isAbsent(limit) && quantityMistake(limit) === undefined;
      if (isExtendedResource(name)) extendedRule(requested, limit, limitIsRight, at, findings);
      else if (limitIsRight && compareQuantities(requested, limit) > 0) {
        findings.error(
          at,
          `expected a request of at most the limit ${showAmount(limit)}, found ${showAmount(requested)}`,
        );
      }
    }
  },
);

function extendedRule(requested: unknown, limit: unknown, limitIsRight: boolean, at: Path, findings: Findings): void {
  const amount = tryParseQuantity(requested as string | number);
  if (amount !== undefined && amount.nanos % 1_000_000_000n !== 0n)
    findings.error(at, `expected whole units of an extended resource, found ${showAmount(requested)}`);
  else if (isAbsent(limit))
    findings.warn(at, 'kubectl would refuse a request for an extended resource without an equal limit');
  else if (limitIsRight && compareQuantities(requested, limit) !== 0) {
    findings.error(
      at,
      `expected a request equal to the limit ${showAmount(limit)} (extended resources cannot be overcommitted), ` +
        `found ${showAmount(requested)}`,
    );
  }
}

function compareQuantities(a: unknown, b: unknown): number {
  const left = tryParseQuantity(a as string | number);
  const right = tryParseQuantity(b as string | number);
  return left === undefined || right === undefined ? 0 : left.cmp(right);
}

function showAmount(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : describeValue(value);
}

function noClaims(value: unknown, path: Path | null, findings: Findings): void {
  if (listOf(value).length > 0)
    findings.error(path, 'resource claims (dynamic resource allocation) are not supported yet', undefined, 'key');
}

const containerPort: Check = object({
  used: {
    name: text,
    containerPort: whole(1, 65_535),
    hostPort: whole(0, 65_535),
    hostIP: text,
    protocol: oneOf('TCP', 'UDP', 'SCTP'),
  },
  required: ['containerPort'],
});

/** 0 stands for the default. `isDeadly`: a failure kills the container, and one success has to do. */
function probe(isDeadly: boolean): Check {
  const count = whole(0, MAX_INT32);
  return object({
    used: {
      initialDelaySeconds: count,
      timeoutSeconds: count,
      periodSeconds: count,
      successThreshold: isDeadly ? whole(0, 1) : count,
      failureThreshold: count,
      terminationGracePeriodSeconds: whole(1, MAX_INT32),
    },
    unused: 'exec httpGet tcpSocket grpc',
  });
}

const container: Check = object({
  used: {
    name: labelName,
    image: text,
    imagePullPolicy: oneOf('Always', 'IfNotPresent', 'Never'),
    resources: resourceRequirements,
    ports: list(containerPort),
    restartPolicy: oneOf('Always', 'OnFailure', 'Never'),
    restartPolicyRules: list(anything),
    startupProbe: probe(true),
    readinessProbe: probe(false),
    livenessProbe: probe(true),
    lifecycle: object({
      used: {
        preStop: object({ used: { sleep: object({ used: { seconds: SECONDS } }) }, unused: 'exec httpGet tcpSocket' }),
      },
      unused: 'postStart stopSignal',
    }),
  },
  unused:
    'args command env envFrom resizePolicy securityContext stdin stdinOnce targetContainerName ' +
    'terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir',
  required: ['name'],
});

export const accessModes: Check = list(oneOf('ReadWriteOnce', 'ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOncePod'));
export const volumeMode: Check = oneOf('Filesystem', 'Block');

export const claimSpec: Check = all(
  object({
    used: {
      accessModes,
      selector: labelSelector,
      resources: resourceRequirements,
      volumeName: text,
      storageClassName: text,
      volumeMode,
      volumeAttributesClassName: text,
    },
    unused: 'dataSource dataSourceRef',
  }),
  (value, path, findings) => {
    const spec = mappingOf(value);
    if (listOf(spec['accessModes']).length === 0) findings.error(path, 'expected at least one of accessModes');
    if (mappingOf(mappingOf(spec['resources'])['requests'])['storage'] === undefined) {
      findings.error(path, '"resources.requests.storage" is missing');
    }
  },
);

/** Of a StatefulSet (with a name) or an ephemeral volume. */
export const claimTemplate: Check = object({
  used: { apiVersion: text, kind: text, metadata, spec: claimSpec },
  unused: 'status',
  required: ['spec'],
});

const volume: Check = object({
  used: {
    name: labelName,
    persistentVolumeClaim: object({ used: { claimName: subdomainName, readOnly: flag }, required: ['claimName'] }),
    ephemeral: object({ used: { volumeClaimTemplate: claimTemplate } }),
    csi: anything,
    emptyDir: anything,
    hostPath: anything,
  },
  unused:
    'awsElasticBlockStore azureDisk azureFile cephfs cinder configMap downwardAPI fc flexVolume flocker gcePersistentDisk gitRepo glusterfs image iscsi nfs ' +
    'photonPersistentDisk portworxVolume projected quobyte rbd scaleIO secret storageos vsphereVolume',
  required: ['name'],
});

export const podSpec: Check = all(
  object({
    used: {
      nodeName: text,
      nodeSelector: labelMap,
      affinity,
      tolerations: list(toleration),
      topologySpreadConstraints: list(spreadConstraint),
      schedulingGates: list(object({ used: { name: qualifiedName }, required: ['name'] })),
      schedulerName: text,
      priority: INT32,
      priorityClassName: text,
      preemptionPolicy: oneOf('PreemptLowerPriority', 'Never'),
      runtimeClassName: text,
      overhead: resourceList,
      resources: resourceRequirements,
      resourceClaims: noClaims,
      hostNetwork: flag,
      hostUsers: flag,
      restartPolicy: oneOf('Always', 'OnFailure', 'Never'),
      terminationGracePeriodSeconds: SECONDS,
      activeDeadlineSeconds: whole(1, MAX_INT32),
      containers: list(container),
      initContainers: list(container),
      volumes: list(volume),
    },
    unused:
      'automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks ephemeralContainers hostAliases hostIPC hostPID hostname hostnameOverride ' +
      'imagePullSecrets os readinessGates securityContext serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain workloadRef ' +
      'schedulingGroup',
  }),
  podRules,
);

function podRules(value: unknown, path: Path | null, findings: Findings): void {
  if (!isMapping(value)) return;
  const containers = listOf(value['containers']);
  const initContainers = listOf(value['initContainers']);
  if (containers.length === 0 && (isAbsent(value['containers']) || Array.isArray(value['containers']))) {
    findings.error(path, 'expected at least one container in "containers"');
  }
  const names = new Map<string, string>();
  uniqueNames(containers, below(path, 'containers'), 'containers', names, findings);
  uniqueNames(initContainers, below(path, 'initContainers'), 'initContainers', names, findings);
  uniqueNames(listOf(value['volumes']), below(path, 'volumes'), 'volumes', new Map(), findings);
  portRules(value, containers, path, findings);
  spreadRules(listOf(value['topologySpreadConstraints']), below(path, 'topologySpreadConstraints'), findings);
}

function uniqueNames(
  items: readonly unknown[],
  path: Path,
  group: string,
  seen: Map<string, string>,
  findings: Findings,
): void {
  for (const [index, item] of items.entries()) {
    const name = mappingOf(item)['name'];
    if (typeof name !== 'string') continue;
    const before = seen.get(name);
    if (before === undefined) seen.set(name, `${group}[${index}]`);
    else findings.error(below(below(path, index), 'name'), `the name ${quoteShort(name)} is taken by ${before}`);
  }
}

function portRules(spec: Mapping, containers: readonly unknown[], path: Path | null, findings: Findings): void {
  const taken = new Map<string, string>();
  for (const [index, item] of containers.entries()) {
    for (const [ordinal, port] of listOf(mappingOf(item)['ports']).entries()) {
      const { hostPort, containerPort: inner, protocol = 'TCP', hostIP = '' } = mappingOf(port);
      const at = below(below(below(below(path, 'containers'), index), 'ports'), ordinal);
      if (spec['hostNetwork'] === true && typeof hostPort === 'number' && hostPort !== 0 && hostPort !== inner) {
        findings.error(
          below(at, 'hostPort'),
          `with hostNetwork, hostPort must equal containerPort ${showAmount(inner)}, found ${hostPort}`,
        );
      }
      if (typeof hostPort !== 'number' || hostPort === 0) continue;
      const key = `${String(protocol)} ${String(hostIP)} ${hostPort}`;
      const before = taken.get(key);
      if (before === undefined) taken.set(key, `containers[${index}].ports[${ordinal}]`);
      else findings.error(below(at, 'hostPort'), `host port ${hostPort} is taken by ${before}`);
    }
  }
}

function spreadRules(constraints: readonly unknown[], path: Path, findings: Findings): void {
  const seen = new Set<string>();
  for (const [index, item] of constraints.entries()) {
    const { topologyKey, whenUnsatisfiable } = mappingOf(item);
    if (typeof topologyKey !== 'string' || typeof whenUnsatisfiable !== 'string') continue;
    const key = `${topologyKey} ${whenUnsatisfiable}`;
    if (seen.has(key))
      findings.error(
        below(path, index),
        `a second constraint with topologyKey ${topologyKey} and whenUnsatisfiable ${whenUnsatisfiable}`,
      );
    seen.add(key);
  }
}

export const podTemplate: Check = object({ used: { metadata: templateMetadata, spec: podSpec }, required: ['spec'] });
