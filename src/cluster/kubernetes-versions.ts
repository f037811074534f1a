/**
 * What differs between the versions of Kubernetes that a cluster may be of: one row a difference, one column a version.
 * Whoever behaves differently takes `featuresOf(version)` when it is built and keeps what it needs as a plain field;
 * nobody compares versions, and nothing of this is looked up while a simulation runs. Rows and texts only: the rules
 * stand where the rest of the part's rules stand.
 */

/** Oldest first: the order of the columns below. */
export const KUBERNETES_VERSIONS = ['1.36', '1.37'] as const;
export type KubernetesVersion = (typeof KUBERNETES_VERSIONS)[number];

/** The newest one of which recordings judge every rule. */
export const DEFAULT_KUBERNETES_VERSION: KubernetesVersion = '1.37';

/** One value a version. */
type Columns<Versions extends readonly string[] = typeof KUBERNETES_VERSIONS> = {
  readonly [Index in keyof Versions]: boolean;
};

export interface VersionDifference {
  /** Whether it is so, by version. */
  readonly on: Columns;
  /** Upstream's feature gate; '': the change has none. */
  readonly gate: string;
  /** The plugin, queue or controller that behaves differently. */
  readonly part: string;
  /** What is so where it is off, and where it is on. */
  readonly whenOff: string;
  readonly whenOn: string;
  /** Below pkg/scheduler unless it begins with pkg or staging. */
  readonly files: string;
  /** `no effect`: nothing that is simulated can show it. */
  readonly here: 'simulated' | 'no effect' | 'not simulated';
}

const PLUGINS = 'framework/plugins';

const ROWS = {
  storageCapacityScoring: {
    on: [false, true],
    gate: 'StorageCapacityScoring',
    part: 'VolumeBinding',
    whenOff: 'never scores; refuses the argument `shape`',
    whenOn: 'scores nodes by the room that volumes or storage have to spare for unbound claims, as `shape` says',
    files: `${PLUGINS}/volumebinding/{volume_binding,scorer,binder}.go, apis/config/v1/defaults.go`,
    here: 'simulated',
  },
  imageVolumesCounted: {
    on: [false, true],
    gate: '',
    part: 'ImageLocality',
    whenOff: 'image volumes count in the sum of sizes only',
    whenOn: 'image volumes count in the upper threshold, too, as containers do',
    files: `${PLUGINS}/imagelocality/image_locality.go`,
    here: 'simulated',
  },
  resizeMaximumOfSums: {
    on: [false, true],
    gate: '',
    part: 'NodeResourcesFit, NodeResourcesBalancedAllocation',
    whenOff: 'a pod in the middle of a resize takes the sum of each container\'s greatest amount',
    whenOn: 'a pod in the middle of a resize takes the greatest of its sums as specified, allocated and actuated',
    files: 'staging/src/k8s.io/component-helpers/resource/helpers.go',
    here: 'simulated',
  },
  namespaceSelectorMerged: {
    on: [false, true],
    gate: '',
    part: 'InterPodAffinity',
    whenOff: 'a waiting pod\'s namespaceSelector of NotIn or DoesNotExist alone means every namespace',
    whenOn: 'a waiting pod\'s namespaceSelector means the namespaces that it finds',
    files: `${PLUGINS}/interpodaffinity/{plugin,filtering,scoring}.go`,
    here: 'simulated',
  },
  volumeLimitScaling: {
    on: [false, true],
    gate: 'VolumeLimitScaling',
    part: 'NodeVolumeLimits',
    whenOff: 'ignores preventPodSchedulingIfMissing of CSIDriver objects',
    whenOn: 'rejects nodes without the CSI driver of a new volume where the CSIDriver says so',
    files: `${PLUGINS}/nodevolumelimits/csi.go, pkg/apis/storage/v1/defaults.go`,
    here: 'simulated',
  },
  nodeNameFirst: {
    on: [false, true],
    gate: '',
    part: 'NodeName',
    whenOff: 'comes behind NodeUnschedulable and rejects node by node',
    whenOn: 'comes first and, in PreFilter, leaves the named node only',
    files: `${PLUGINS}/nodename/node_name.go, apis/config/v1/default_plugins.go`,
    here: 'simulated',
  },
  taintUpdatesHinted: {
    on: [false, true],
    gate: '',
    part: 'queue',
    whenOff: 'new taints of a node move all pods whose rejectors wait for new nodes',
    whenOn: 'new taints of a node move pods by the hints of the plugins that look at taints',
    files: 'scheduler.go',
    here: 'simulated',
  },
  gatedNominationsCount: {
    on: [false, true],
    gate: '',
    part: 'queue',
    whenOff: 'a gated pod that comes with a nominated node does not count there',
    whenOn: 'a gated pod that comes with a nominated node counts there at once',
    files: 'backend/queue/{scheduling_queue,nominator}.go',
    here: 'simulated',
  },
  anyAntiAffinityTermHints: {
    on: [false, true],
    gate: '',
    part: 'InterPodAffinity',
    whenOff: 'a pod that leaves or is relabelled wakes those whose anti-affinity it matched in all terms',
    whenOn: 'a pod that leaves or is relabelled wakes those whose anti-affinity it matched in any term',
    files: `${PLUGINS}/interpodaffinity/plugin.go`,
    here: 'simulated',
  },
  gatedPodsFlushed: {
    on: [false, true],
    gate: '',
    part: 'queue',
    whenOff: 'time alone never has gated pods asked again',
    whenOn: 'gated pods are asked again after every five minutes',
    files: 'backend/queue/scheduling_queue.go',
    here: 'simulated',
  },
  bindingRetried: {
    on: [false, true],
    gate: '',
    part: 'DefaultBinder',
    whenOff: 'a Binding that the API server cannot take for now is an error',
    whenOn: 'a Binding that the API server cannot take for now is tried up to four times, about 10, 50 and 250 ms apart',
    files: `${PLUGINS}/defaultbinder/default_binder.go, util/utils.go`,
    here: 'simulated',
  },
  preemptionTold: {
    on: [false, true],
    gate: '',
    part: 'DefaultPreemption',
    whenOff: 'the message of a pod that has preempted says nothing of it',
    whenOn: 'the message of a pod that has preempted ends with its node and the number of victims',
    files: 'framework/preemption/preemption.go',
    here: 'simulated',
  },
  claimlessPodsUntold: {
    on: [false, true],
    gate: '',
    part: 'DynamicResources',
    whenOff: 'messages of pods without claims say "no new claims to deallocate"',
    whenOn: 'messages of pods without claims say nothing of claims',
    files: `${PLUGINS}/dynamicresources/dynamicresources.go`,
    here: 'simulated',
  },
  victimStartsReadOnce: {
    on: [false, true],
    gate: '',
    part: 'DefaultPreemption',
    whenOff: 'victims that have not started rank as a sort leaves them to which both of two are the earlier',
    whenOn: 'victims that have not started rank as they stand on the node',
    files: 'framework/preemption/{types,util}.go',
    here: 'simulated',
  },
  preemptorActivated: {
    on: [false, true],
    gate: '',
    part: 'DefaultPreemption',
    whenOff: 'an event wakes a preemptor whose last victim had no binding yet',
    whenOn: 'a preemptor whose last victim had no binding yet is tried again at once',
    files: 'framework/preemption/executor.go',
    here: 'simulated',
  },
  podGroupPostFilterSet: {
    on: [false, true],
    gate: '',
    part: 'KubeSchedulerConfiguration',
    whenOff: 'knows neither the plugin set podGroupPostFilter nor the plugin DeferredPodScheduling',
    whenOn: 'reads the plugin set podGroupPostFilter; the gate of DeferredPodScheduling is off',
    files: 'apis/config/{types.go,v1/default_plugins.go}',
    here: 'simulated',
  },
  podEventsSplit: {
    on: [false, true],
    gate: '',
    part: 'queue',
    whenOff: 'hints tell by identity whether an event is about the pod itself',
    whenOn: 'events on pods on nodes, waiting pods and the pod itself are three; what comes of them is the same',
    files: 'framework/{events,types}.go',
    here: 'no effect',
  },
  leaseReadLive: {
    on: [false, true],
    gate: 'NodeControllerLeaseCircuitBreaker',
    part: 'node lifecycle',
    whenOff: 'the lease as last watched tells that a node is silent',
    whenOn: 'the lease is read anew first, in case the watch is late: here it never is',
    files: 'pkg/controller/nodelifecycle/node_lifecycle_controller.go',
    here: 'no effect',
  },
  batchesRescored: {
    on: [false, true],
    gate: '',
    part: 'opportunistic batching',
    whenOff: 'a batch ends when its last node still takes the next pod',
    whenOn: 'a batch goes on with its last node scored anew',
    files: 'framework/runtime/batch.go',
    here: 'not simulated',
  },
  hpaSeesGenerations: {
    on: [false, true],
    gate: 'HPAGeneration, HPAScaleToZero',
    part: 'horizontal pod autoscaler',
    whenOff: 'a new spec waits for the period; the least is one',
    whenOn: 'a new spec counts at once; may scale to zero',
    files: 'pkg/controller/podautoscaler/horizontal.go',
    here: 'not simulated',
  },
  statefulSetMaxUnavailable: {
    on: [false, true],
    gate: 'MaxUnavailableStatefulSet',
    part: 'StatefulSet controller',
    whenOff: 'rolling updates replace one pod at a time',
    whenOn: 'rolling updates replace as many as maxUnavailable says',
    files: 'pkg/controller/statefulset/stateful_set_control.go',
    here: 'simulated',
  },
  jobExpectationsDropped: {
    on: [false, true],
    gate: '',
    part: 'Job controller',
    whenOff: 'expectations outlive the Job',
    whenOn: 'expectations go with the Job',
    files: 'pkg/controller/job/job_controller.go',
    here: 'not simulated',
  },
} as const satisfies Readonly<Record<string, VersionDifference>>;

export type KubernetesFeature = keyof typeof ROWS;
export type KubernetesFeatures = Readonly<Record<KubernetesFeature, boolean>>;

/** Every difference, by the name that code knows it by. */
export const VERSION_DIFFERENCES: Readonly<Record<KubernetesFeature, VersionDifference>> = ROWS;

export function isKubernetesVersion(text: string): text is KubernetesVersion {
  return (KUBERNETES_VERSIONS as readonly string[]).includes(text);
}

/** One column of the table. */
export function featuresOf(version: KubernetesVersion): KubernetesFeatures {
  const column = KUBERNETES_VERSIONS.indexOf(version);
  const entries = Object.entries(VERSION_DIFFERENCES).map(([name, { on }]) => [name, on[column]] as const);
  return Object.fromEntries(entries) as KubernetesFeatures;
}

/** Gates that what is simulated depends on, and how they stand in a version. */
export function gatesOf(version: KubernetesVersion): Readonly<Record<string, boolean>> {
  const column = KUBERNETES_VERSIONS.indexOf(version);
  const rows = Object.values(VERSION_DIFFERENCES).filter(({ gate, here }) => gate !== '' && here === 'simulated');
  return Object.fromEntries(rows.map(({ gate, on }) => [gate, on[column]]));
}

/** Rows in which two versions differ, in the order of the table. */
export function differencesBetween(from: KubernetesVersion, to: KubernetesVersion): VersionDifference[] {
  const [a, b] = [KUBERNETES_VERSIONS.indexOf(from), KUBERNETES_VERSIONS.indexOf(to)];
  return Object.values(VERSION_DIFFERENCES).filter(({ on }) => on[a] !== on[b]);
}

/** `v1.36.3` and `1.36` are of 1.36; undefined: of none that is known. */
export function versionOfRelease(release: string): KubernetesVersion | undefined {
  const match = /^v?(\d+\.\d+)(?:[.+-]|$)/.exec(release);
  return match !== null && isKubernetesVersion(match[1]) ? match[1] : undefined;
}
