/**
 * Objects of a simulated cluster at one moment, as the API server would answer: what is simulated of each kind, with
 * the status that controllers have written. Plain data; shapes follow staging/src/k8s.io/api (v1.36).
 */
import type {
  Condition,
  ContainerStatus,
  KubernetesObject,
  Node,
  NodeStatus,
  ObjectMeta,
  Pod,
  PodSpec,
  PodStatus,
  WorkloadSpec,
} from '../cluster/objects.ts';

export type {
  Container,
  LabelSelector,
  PersistentVolume,
  PersistentVolumeClaim,
  PodDisruptionBudget,
  PodSpec,
  PriorityClass,
  Service,
  StorageClass,
  Toleration,
  WorkloadSpec,
} from '../cluster/objects.ts';

export interface LookedMeta extends ObjectMeta {
  readonly name: string;
  readonly deletionGracePeriodSeconds?: number;
}

export interface LookedObject extends KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: LookedMeta;
}

/** A condition with the times that it says. Timestamps are RFC 3339. */
export interface TimedCondition extends Condition {
  readonly lastTransitionTime?: string;
  readonly lastHeartbeatTime?: string;
}

export interface ContainerState {
  readonly waiting?: { readonly reason: string };
  readonly running?: { readonly startedAt: string };
  readonly terminated?: {
    readonly exitCode: number;
    readonly reason: string;
    readonly startedAt?: string;
    readonly finishedAt?: string;
  };
}

export interface LookedContainerStatus extends ContainerStatus {
  readonly name: string;
  readonly image: string;
  readonly ready: boolean;
  readonly started: boolean;
  readonly restartCount: number;
  readonly state: ContainerState;
  readonly lastState?: ContainerState;
}

export interface LookedPodStatus extends PodStatus {
  readonly phase: string;
  readonly reason?: string;
  readonly message?: string;
  readonly qosClass: string;
  readonly conditions: readonly TimedCondition[];
  readonly containerStatuses?: readonly LookedContainerStatus[];
  readonly initContainerStatuses?: readonly LookedContainerStatus[];
}

export interface LookedPod extends LookedObject, Pick<Pod, 'spec'> {
  readonly kind: 'Pod';
  readonly spec: PodSpec;
  readonly status: LookedPodStatus;
}

export interface LookedNode extends LookedObject, Pick<Node, 'spec'> {
  readonly kind: 'Node';
  readonly status: Omit<NodeStatus, 'conditions'> & {
    readonly conditions: readonly TimedCondition[];
    readonly nodeInfo: NodeStatus['nodeInfo'] & { readonly kubeletVersion: string };
  };
}

/** Status members of all kinds of workloads; those that a kind does not have are left out. */
export interface LookedWorkloadStatus {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly updatedReplicas?: number;
  readonly unavailableReplicas?: number;
  readonly currentReplicas?: number;
  readonly currentRevision?: string;
  readonly updateRevision?: string;
  readonly desiredNumberScheduled?: number;
  readonly currentNumberScheduled?: number;
  readonly updatedNumberScheduled?: number;
  readonly numberReady?: number;
  readonly numberAvailable?: number;
  readonly numberUnavailable?: number;
  readonly numberMisscheduled?: number;
  /** Job: a number; CronJob: its Jobs that run. */
  readonly active?: number | readonly { readonly kind: string; readonly name: string; readonly namespace: string }[];
  readonly ready?: number;
  readonly succeeded?: number;
  readonly failed?: number;
  readonly completedIndexes?: string;
  readonly failedIndexes?: string;
  readonly startTime?: string;
  readonly completionTime?: string;
  readonly lastScheduleTime?: string;
  readonly conditions?: readonly TimedCondition[];
}

export interface LookedWorkload extends LookedObject {
  readonly spec: WorkloadSpec;
  readonly status: LookedWorkloadStatus;
}

/** Any other kind, kept as it was written, with what its controllers say of it. */
export interface LookedPlain extends LookedObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
}
