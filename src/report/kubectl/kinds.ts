/**
 * The kinds that one can look at, by the names that kubectl takes for them, in the order in which `all` lists its own.
 * Source: the storage of each kind below pkg/registry (ShortNames, Categories), v1.36.
 */
export interface LookedKind {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  /** API group, '' for the core. */
  readonly group: string;
  readonly isNamespaced: boolean;
  /** Part of `all`. */
  readonly inAll: boolean;
}

type Names = readonly [plural: string, singular: string, shortNames: readonly string[], group: string];

function namespaced(kind: string, [plural, singular, shortNames, group]: Names, inAll = false): LookedKind {
  return { kind, plural, singular, shortNames, group, isNamespaced: true, inAll };
}

function clusterWide(kind: string, names: Names): LookedKind {
  return { ...namespaced(kind, names), isNamespaced: false };
}

export const LOOKED_KINDS: readonly LookedKind[] = [
  namespaced('Pod', ['pods', 'pod', ['po'], ''], true),
  namespaced('Service', ['services', 'service', ['svc'], ''], true),
  namespaced('DaemonSet', ['daemonsets', 'daemonset', ['ds'], 'apps'], true),
  namespaced('Deployment', ['deployments', 'deployment', ['deploy'], 'apps'], true),
  namespaced('ReplicaSet', ['replicasets', 'replicaset', ['rs'], 'apps'], true),
  namespaced('StatefulSet', ['statefulsets', 'statefulset', ['sts'], 'apps'], true),
  namespaced('CronJob', ['cronjobs', 'cronjob', ['cj'], 'batch'], true),
  namespaced('Job', ['jobs', 'job', [], 'batch'], true),
  clusterWide('Node', ['nodes', 'node', ['no'], '']),
  namespaced('PodDisruptionBudget', ['poddisruptionbudgets', 'poddisruptionbudget', ['pdb'], 'policy']),
  namespaced('PersistentVolumeClaim', ['persistentvolumeclaims', 'persistentvolumeclaim', ['pvc'], '']),
  clusterWide('PersistentVolume', ['persistentvolumes', 'persistentvolume', ['pv'], '']),
  clusterWide('StorageClass', ['storageclasses', 'storageclass', ['sc'], 'storage.k8s.io']),
  clusterWide('Namespace', ['namespaces', 'namespace', ['ns'], '']),
  clusterWide('PriorityClass', ['priorityclasses', 'priorityclass', ['pc'], 'scheduling.k8s.io']),
  namespaced('ResourceQuota', ['resourcequotas', 'resourcequota', ['quota'], '']),
  namespaced('LimitRange', ['limitranges', 'limitrange', ['limits'], '']),
  namespaced('Event', ['events', 'event', ['ev'], '']),
];

/** What kubectl's words `nodes`, `no`, `deployments.apps` stand for; undefined: nothing that is known. */
export function kindOf(word: string): LookedKind | undefined {
  const name = word.toLowerCase();
  return LOOKED_KINDS.find(({ plural, singular, shortNames, group }) =>
    [plural, singular, ...shortNames].some((known) => name === known || (group !== '' && name === `${known}.${group}`)),
  );
}

/** Every word that stands for a kind. */
export function kindWords(): string[] {
  return ['all', ...LOOKED_KINDS.flatMap(({ plural, singular, shortNames }) => [plural, singular, ...shortNames])];
}

/** `pods`, `deployments.apps`: as messages of the API server name a kind. */
export function resourceName({ plural, group }: LookedKind): string {
  return group === '' ? plural : `${plural}.${group}`;
}

/** `pod/web-0`, `deployment.apps/web`: as `-o name` prints an object. */
export function objectName({ singular, group }: LookedKind, name: string): string {
  return `${group === '' ? singular : `${singular}.${group}`}/${name}`;
}
