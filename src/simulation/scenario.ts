/**
 * The resolved scenario: every default applied, every file read, nothing optional. `scenario-reader.ts` makes it from
 * YAML; `assembly.ts` builds a simulation from it; it is written into every result. Units: micros for simulated time,
 * Kubernetes quantities (text) for resources, plain seconds inside distributions.
 */
import type { ZoneRules } from '../controllers/zoned-time.ts';
import type { KubernetesVersion } from '../cluster/kubernetes-versions.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { Micros } from '../base/time.ts';
import type { NotSimulated } from '../metrics/run-result.ts';
import type { Threshold } from '../metrics/thresholds.ts';
import type { KubernetesObject, Node, PodSpec, PodTemplateSpec, ResourceList, Taint } from '../cluster/objects.ts';
import type { MachineFormatName, TraceFormatName, TraceLoad, TraceSettings } from '../workload/traces/catalog.ts';

export interface Scenario {
  readonly name: string;
  readonly description: string;
  /** Root of every random stream; any text. */
  readonly seed: string;
  /** Whose scheduler and controllers the cluster has. */
  readonly kubernetes: KubernetesVersion;
  /** Horizon of the run. null: until all work is done and no pod that waits can ever get a node. */
  readonly durationMicros: Micros | null;
  readonly nodePools: readonly NodePool[];
  /** Node objects from manifests or traces, in file order. */
  readonly nodes: readonly Node[];
  /** Every other manifest object that is simulated, in file order. */
  readonly objects: readonly KubernetesObject[];
  /** Rules of the time zones that CronJobs name, UTC left out. */
  readonly timeZones: Readonly<Record<string, ZoneRules>>;
  /** Kinds found in manifests that are not simulated, with how many. */
  readonly ignoredKinds: Readonly<Record<string, number>>;
  /** Fields of simulated kinds that change nothing here, with how many objects use them. */
  readonly notSimulated: readonly NotSimulated[];
  /** PriorityClass name to value, for workloads that name one; the two built-in classes included. */
  readonly priorityClasses: Readonly<
    Record<string, { readonly value: number; readonly preemptionPolicy: string; readonly globalDefault: boolean }>
  >;
  readonly workloads: readonly Workload[];
  /** What runs in pods; the first that a pod's labels match, unless its annotation names one. */
  readonly applications: readonly Application[];
  readonly trace: TraceInput | null;
  /** A machine list whose nodes join the cluster. */
  readonly machines: MachineInput | null;
  readonly scheduler: SchedulerSettings;
  /** Beside the first. */
  readonly schedulers: readonly SchedulerProcess[];
  readonly controlPlane: ControlPlaneSettings;
  readonly kubelet: KubeletSettings;
  readonly nodeLifecycle: NodeLifecycleSettings;
  /** null: attaching, detaching and mounting take no time. */
  readonly storage: StorageSettings | null;
  readonly failures: readonly FailureProcess[];
  /** What people do to the cluster, in order of time. */
  readonly steps: readonly Step[];
  readonly autoscaler: ClusterAutoscalerSettings | null;
  readonly metrics: MetricsSettings;
  /** Conditions on the numbers of the run; they change nothing in it. */
  readonly thresholds: readonly Threshold[];
  /** By the path that a file is opened with: how a scenario in the folder of this one, and results, would name it. */
  readonly fileNames: Readonly<Record<string, string>>;
  /** Files and folders that all `nodes` and `objects` came from, by such names; null: some did not come from files. */
  readonly manifestFiles: { readonly nodes: readonly string[]; readonly manifests: readonly string[] } | null;
}

/** Which Node objects of files belong to a pool: all that is not empty must hold. */
export interface PoolMembers {
  readonly labels: Readonly<Record<string, string>>;
  readonly namePrefix: string;
  readonly providerIDPrefix: string;
}

/** A number of like nodes, made at the start or by the autoscaler. Names are `<pool>-<ordinal>`. */
export interface NodePool {
  readonly name: string;
  /** Nodes made at the start. */
  readonly count: number;
  /** null: no node of the files belongs to the pool. */
  readonly members: PoolMembers | null;
  /** Zone label values, dealt in turn; empty: no zone label. */
  readonly zones: readonly string[];
  /** Region label value; empty: no region label. */
  readonly region: string;
  readonly allocatable: ResourceList;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** Images present from the start. */
  readonly images: readonly { readonly name: string; readonly sizeBytes: number }[];
  /** Price of one node for one hour, any currency. */
  readonly costPerHour: number;
  /** null: the pool is not autoscaled. */
  readonly autoscaling: {
    readonly min: number;
    readonly max: number;
    /** Seconds from the request until the node is Ready. */ readonly provisionSeconds: Distribution;
  } | null;
}

export type WorkloadKind = 'Deployment' | 'Job' | 'DaemonSet' | 'Pod';

/**
 * A class of generated work. One *arrival* is one Deployment, Job or Pod of the class; a DaemonSet arrives once, at its
 * start.
 */
export interface Workload {
  readonly name: string;
  readonly kind: WorkloadKind;
  /** Label of the class in reports (`service`, `batch`, ...). */
  readonly class: string;
  readonly arrivals: ArrivalProcess;
  /** Pods of one arrival. */
  readonly replicas: Distribution;
  /**
   * Seconds. Deployment: from arrival to removal of all its pods. Job, Pod: run time of each pod from its start.
   * Infinity: for ever.
   */
  readonly lifetimeSeconds: Distribution | null;
  /** Relative multipliers of the template's requests per pod shape, drawn once an arrival; see `shapes`. */
  readonly shapes: readonly PodShape[];
  readonly namespace: string;
  readonly priorityClassName: string | null;
  /** The pods' template; its container requests are replaced by the drawn shape when `shapes` is not empty. */
  readonly template: PodTemplateSpec;
  /** What runs in the pods; null: nothing is said of it. */
  readonly application: ApplicationModel | null;
}

/** One pod size of a class, drawn with probability weight / sum of weights. */
export interface PodShape {
  readonly weight: number;
  readonly requests: ResourceList;
}

export type ArrivalProcess =
  /** All `count` arrivals at `atMicros`. */
  | { readonly kind: 'at'; readonly atMicros: Micros; readonly count: number }
  /** Exponential gaps. */
  | {
      readonly kind: 'poisson';
      readonly ratePerHour: number;
      readonly startMicros: Micros;
      readonly endMicros: Micros | null;
    }
  /** Non-homogeneous Poisson: rate(t) = mean * (1 + amplitude * cos(2 pi (t - peak) / period)), by thinning. */
  | {
      readonly kind: 'diurnal';
      readonly meanRatePerHour: number;
      readonly amplitude: number;
      readonly periodMicros: Micros;
      readonly peakMicros: Micros;
      readonly startMicros: Micros;
      readonly endMicros: Micros | null;
    }
  /** Non-homogeneous Poisson: so many arrivals an hour in each hour from the start, and again from the first on. */
  | {
      readonly kind: 'hourly';
      readonly ratesPerHour: readonly number[];
      readonly startMicros: Micros;
      readonly endMicros: Micros | null;
    }
  /** Bursts arrive as a Poisson process; each brings `size` arrivals with exponential gaps of mean `gapSeconds`. */
  | {
      readonly kind: 'bursty';
      readonly burstsPerHour: number;
      readonly size: Distribution;
      readonly gapSeconds: number;
      readonly startMicros: Micros;
      readonly endMicros: Micros | null;
    };

/** A stream of pods read while the simulation runs; the reader in `io/` turns rows into TracePod. */
export interface TraceInput extends TraceLoad {
  readonly format: TraceFormatName;
  readonly file: string;
  /** By role: further files of the trace. */
  readonly files: Readonly<Record<string, string>>;
  /** Every setting of the format. */
  readonly settings: TraceSettings;
}

/** The machines of a trace, as a cluster for any workload. */
export interface MachineInput {
  readonly format: MachineFormatName;
  readonly file: string;
  readonly settings: TraceSettings;
  /** Every machine stands so many times. */
  readonly clones: number;
}

/** One row of a trace: a pod that arrives, runs and ends. */
export interface TracePod {
  readonly name: string;
  readonly namespace: string;
  readonly arrivalMicros: Micros;
  /** Run time from start; null: for ever. */
  readonly durationMicros: Micros | null;
  readonly priority: number;
  readonly class: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Required node affinity, all of them: the node's label `key` is one of `values`. */
  readonly nodeAffinityAnyOf: readonly { readonly key: string; readonly values: readonly string[] }[];
  readonly requests: ResourceList;
  /** The pod's whole spec, where the trace has it: requests, selector and affinity are then part of it. */
  readonly spec?: PodSpec;
}

/** What a program in a container does that no manifest tells. null: nothing is said of it. */
export interface ContainerModel {
  /** Seconds from its start until it answers its probes. */
  readonly startupSeconds: Distribution | null;
  /** Run time of an init container. */
  readonly initSeconds: Distribution | null;
  /** Each run ends by itself so long after its start, with this probability. */
  readonly failure: {
    readonly afterSeconds: Distribution;
    readonly probability: number;
    readonly exitCode: number;
  } | null;
  /** Each run stops answering, and ignores SIGTERM, so long after its start, with this probability. */
  readonly hang: { readonly afterSeconds: Distribution; readonly probability: number } | null;
  /** Seconds from SIGTERM until it has ended. */
  readonly stopSeconds: Distribution | null;
  /** Seconds that its preStop hook takes, where that is not a sleep. */
  readonly preStopSeconds: Distribution | null;
  /** Memory in use from the start on, and what comes to it in an hour: shares of its request. */
  readonly memory: { readonly use: Distribution; readonly growthPerHour: Distribution } | null;
}

/** What runs in the containers of a pod; `containers`: those of these names, where they differ. */
export interface ApplicationModel {
  readonly model: ContainerModel;
  readonly containers: Readonly<Record<string, ContainerModel>>;
}

/** What runs in pods of manifests and traces. */
export interface Application extends ApplicationModel {
  readonly name: string;
  /** Of the pods; '': any. */
  readonly namespace: string;
  /** Label selector as for kubectl; '': only pods whose annotation names the application. */
  readonly selector: string;
}

export interface SchedulerSettings {
  /**
   * KubeSchedulerConfiguration as decoded YAML (null: upstream's defaults), with the file it came from for messages.
   */
  readonly configuration: unknown;
  readonly configurationFile: string | null;
  /** Simulated time of one scheduling cycle. */
  readonly cycleMicros: Micros;
  /** Simulated time from the decision until the binding is written. */
  readonly bindMicros: Micros;
  /**
   * How the best of equals is taken. `upstream`: kube-scheduler's heap order; `first`: node order; `random`: a named
   * stream.
   */
  readonly tieBreak: 'upstream' | 'first' | 'random';
  /** false: every node is looked at, whatever percentageOfNodesToScore says. */
  readonly sampling: boolean;
  /** User plugin files (`--plugin`), absolute or relative to the working directory. */
  readonly pluginFiles: readonly string[];
}

/** A scheduler process with a cache and a queue of its own. */
export interface SchedulerProcess {
  /** schedulerNames of the configuration's profiles that it serves. */
  readonly profiles: readonly string[];
  /** Seconds; null: on time. */
  readonly watchDelaySeconds: Distribution | null;
}

/** How late each part learns of a change, and how long its own writes take to be one. */
export interface ControlPlaneSettings {
  /** Seconds; null: at once. */
  readonly watchDelaySeconds: Readonly<Record<'scheduler' | 'controllers' | 'kubelets', Distribution | null>>;
  /** Seconds; null: at once. */
  readonly requestLatencySeconds: Readonly<Record<'scheduler' | 'controllers' | 'kubelets', Distribution | null>>;
}

export interface KubeletSettings {
  /** Seconds from binding until the kubelet has set up the sandbox. */
  readonly sandboxSeconds: Distribution;
  /** Seconds to create and start one pod's containers. */
  readonly containerStartSeconds: Distribution;
  /** Fixed part of a pull, seconds. */
  readonly pullBaseSeconds: number;
  readonly pullBytesPerSecond: number;
  readonly unpackBytesPerSecond: number;
  /** Size of an image that no list of image sizes names. */
  readonly defaultImageBytes: number;
  /** Known sizes by image name. */
  readonly imageBytes: Readonly<Record<string, number>>;
  /** One pull at a time on a node (upstream's default). */
  readonly serializeImagePulls: boolean;
}

/** Node-lifecycle and taint-eviction controllers; defaults are upstream's (control plane §2). */
export interface NodeLifecycleSettings {
  readonly monitorPeriodMicros: Micros;
  readonly monitorGraceMicros: Micros;
  readonly leaseRenewMicros: Micros;
  readonly evictionRatePerSecond: number;
  readonly secondaryEvictionRatePerSecond: number;
  readonly largeClusterThreshold: number;
  readonly unhealthyZoneThreshold: number;
  /** DefaultTolerationSeconds admission: seconds given to not-ready and unreachable. */
  readonly defaultTolerationSeconds: number;
}

/** How long volumes take, each time drawn anew. */
export interface StorageSettings {
  readonly attachSeconds: Distribution;
  readonly detachSeconds: Distribution;
  /** All volumes of a pod together. */
  readonly mountSeconds: Distribution;
}

/**
 * What a failure does to a node: its machine stops (`crash`), its kubelet is slow, it is cut off from the API server
 * (`partition`), the provider takes the machine back (`reclaim`), pulls fail (`registry`), it is cordoned.
 */
export type FailureKind = 'crash' | 'slow' | 'partition' | 'reclaim' | 'registry' | 'cordon';

/** A source of failures: of single nodes, or of whole groups of them at once. */
export interface FailureProcess {
  readonly name: string;
  readonly kind: FailureKind;
  /** What fails at once. */
  readonly scope: 'node' | 'zone' | 'rack' | 'cluster';
  /** Label whose value tells racks or zones apart; '': zones by their region and zone labels. */
  readonly label: string;
  /** Of the nodes of a zone, rack or cluster that are struck, drawn anew each time; above 0, at most 1. */
  readonly share: number;
  /** Of `slow`: how many times as long everything takes. */
  readonly factor: number;
  /** Of `reclaim`: from the notice until the machine goes. */
  readonly noticeMicros: Micros;
  /** Pools it strikes; empty: all. */
  readonly pools: readonly string[];
  /** Seconds of up time between failures of one node (or zone). */
  readonly uptimeSeconds: Distribution;
  /** Seconds until repaired. */
  readonly repairSeconds: Distribution;
}

/** Nodes that a step is about: all that is not empty must hold. Read when the step begins. */
export interface NodeChoice {
  readonly names: readonly string[];
  /** Label selector as for kubectl. */
  readonly selector: string;
  /** A pool of the scenario, or the value of a label by which a cloud names its node groups. */
  readonly pool: string;
}

/** The object of a step. */
export interface StepTarget {
  /** `Deployment`, `Node`, ... */
  readonly kind: string;
  /** '' for kinds without one. */
  readonly namespace: string;
  readonly name: string;
}

/** A number of nodes, or a percentage of those that are there when the step begins. */
export interface NodeAmount {
  readonly value: number;
  readonly isPercent: boolean;
}

export type Operation =
  | { readonly verb: 'cordon' | 'uncordon'; readonly nodes: NodeChoice }
  /** kubectl drain, with its options. timeoutMicros null: it waits for ever. */
  | {
      readonly verb: 'drain';
      readonly nodes: NodeChoice;
      readonly force: boolean;
      readonly deleteEmptyDirData: boolean;
      readonly ignoreDaemonSets: boolean;
      readonly timeoutMicros: Micros | null;
    }
  /** The machines stop; forMicros null: for ever. */
  | { readonly verb: 'kill'; readonly nodes: NodeChoice; readonly forMicros: Micros | null }
  /** The nodes are cut off from the API server, or from the image registry. */
  | { readonly verb: 'partition' | 'registryOutage'; readonly nodes: NodeChoice; readonly forMicros: Micros | null }
  /** Their kubelets take so many times as long. */
  | { readonly verb: 'slow'; readonly nodes: NodeChoice; readonly factor: number; readonly forMicros: Micros | null }
  /** The provider takes the machines back after the notice; forMicros: until new ones come, null: never. */
  | {
      readonly verb: 'reclaim';
      readonly nodes: NodeChoice;
      readonly noticeMicros: Micros;
      readonly forMicros: Micros | null;
    }
  /** So do all nodes whose label has the value, and those that join them meanwhile. */
  | { readonly verb: 'outage'; readonly label: string; readonly zone: string; readonly forMicros: Micros | null }
  | { readonly verb: 'scale'; readonly target: StepTarget; readonly replicas: number }
  /** image '': the pods are only made anew. A leading `:` changes the tag alone. container '': all of them. */
  | { readonly verb: 'rollout'; readonly target: StepTarget; readonly image: string; readonly container: string }
  | { readonly verb: 'delete'; readonly target: StepTarget }
  /** Node for node: a new one boots, the old one is drained and deleted. drainTimeoutMicros null: never by force. */
  | {
      readonly verb: 'upgrade';
      readonly nodes: NodeChoice;
      readonly surge: NodeAmount;
      readonly maxUnavailable: NodeAmount;
      readonly provisionSeconds: Distribution;
      readonly drainTimeoutMicros: Micros | null;
    };

export interface Step {
  readonly atMicros: Micros;
  readonly operation: Operation;
}

/** cluster-autoscaler's flags, upstream's defaults (control plane §5.1.1). */
export interface ClusterAutoscalerSettings {
  readonly scanIntervalMicros: Micros;
  readonly newPodScaleUpDelayMicros: Micros;
  readonly scaleDownEnabled: boolean;
  readonly scaleDownUtilizationThreshold: number;
  readonly scaleDownUnneededMicros: Micros;
  readonly scaleDownUnreadyMicros: Micros;
  readonly scaleDownDelayAfterAddMicros: Micros;
  readonly scaleDownDelayAfterFailureMicros: Micros;
  readonly maxScaleDownParallelism: number;
  readonly maxDrainParallelism: number;
  readonly maxNodesPerScaleUp: number;
  readonly maxNodesTotal: number;
  readonly expander: 'least-waste' | 'most-pods' | 'least-nodes' | 'random';
  readonly expendablePodsPriorityCutoff: number;
  readonly skipNodesWithSystemPods: boolean;
  readonly skipNodesWithLocalStorage: boolean;
}

export interface MetricsSettings {
  /** Interval of the rows of `timeseries.csv`. */
  readonly sampleMicros: Micros;
  /** `auto`: pods.csv holds every pod up to 200,000 pods and none beyond (said in the report). */
  readonly pods: 'auto' | 'all' | 'none';
  /** Recompute all aggregates every so many events; 0: never (`--check`). */
  readonly checkEveryEvents: number;
}
