/**
 * The result of one run: what `metrics` hands over and all that `report` and `experiment` read. Plain data,
 * deterministic (no wall-clock fact), so that equal runs give byte-equal files. `report.json` is this, less the
 * tables at the end, which go to CSV files. Documented in docs/formats/report.md. Single numbers are declared in
 * declared-metrics.ts, which tells what each is.
 */
import type { Numbers } from './declared-metrics.ts';

export interface RunResult {
  readonly schemaVersion: 1;
  readonly scenario: string;
  readonly description: string;
  readonly seed: string;
  /** Podyard's version. */
  readonly version: string;
  /** Version of Kubernetes that was simulated. */
  readonly kubernetes: string;
  readonly digest: string;
  readonly simulatedSeconds: number;
  /** false: stopped before its end (interrupted or out of budget); everything is up to `simulatedSeconds`. */
  readonly complete: boolean;
  readonly counts: Counts;
  /**
   * Requested share of allocatable by resource name (`cpu`, `memory`, ...): 0 to 1, more where pods came past the
   * scheduler.
   */
  readonly utilization: Readonly<Record<string, Utilization>>;
  /** The same by node pool, then resource. */
  readonly utilizationByPool: Readonly<Record<string, Readonly<Record<string, Utilization>>>>;
  readonly latency: LatencyGroup;
  readonly latencyByPriority: Readonly<Record<string, LatencyGroup>>;
  readonly latencyByClass: Readonly<Record<string, LatencyGroup>>;
  readonly scheduling: SchedulingFacts;
  readonly waiting: WaitingFacts;
  readonly packing: PackingFacts;
  readonly failures: FailureFacts;
  readonly autoscaling: AutoscalingFacts;
  readonly cost: CostFacts;
  /** Things the reader of the report must know (departures, censored data, ignored kinds). */
  readonly notes: readonly string[];
  /** Fields of the manifests that change nothing here. */
  readonly notSimulated: readonly NotSimulated[];
  /** Requests for pods that the API server has refused, by the rule that refused them, in order of the first. */
  readonly refusedPods: readonly RefusedPods[];
  /** Only where there were any. */
  readonly conflicts?: ConflictFacts;
  /** The resolved scenario, JSON-safe. */
  readonly resolvedScenario: unknown;
  readonly timeseries: TimeSeries;
  readonly events: readonly MarkedEvent[];
  readonly pods: PodTable | null;
  readonly nodes: readonly NodeRecord[];
}

/** Choices of schedulers that did not know what had happened meanwhile. */
export interface ConflictFacts {
  /** Pods that the kubelet of their node would not start. */
  readonly podsRefused: number;
  /** By status.reason: `OutOfcpu`, `NodeAffinity`, ... */
  readonly podsRefusedByReason: Readonly<Record<string, number>>;
  /** status.message of the first; empty: none was refused. */
  readonly firstMessage: string;
  /** Bindings of pods that were gone, on their way out or on a node already. */
  readonly bindingsRefused: number;
}

export interface NotSimulated {
  readonly kind: string;
  /** `spec.containers[*].lifecycle` */
  readonly field: string;
  /** Objects that use it. */
  readonly count: number;
  /** What happens instead. */
  readonly effect: string;
}

export interface RefusedPods {
  /** LimitRange or ResourceQuota. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Requests; a controller that asks again counts again. */
  readonly count: number;
  readonly firstAtSeconds: number;
  /** What the first of them was told. */
  readonly message: string;
}

export type Counts = Numbers<'counts'>;

/** Mean and largest share may be above 1; quantiles end there. */
export interface Utilization {
  /** Time-weighted mean over the run. */
  readonly mean: number;
  readonly p5: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  /** Time-weighted mean while at least one pod was pending; null when none ever was. */
  readonly meanWhilePending: number | null;
}

/** Seconds. Quantiles are nearest-rank. null: no sample. */
export interface Quantiles {
  readonly count: number;
  readonly mean: number | null;
  readonly p50: number | null;
  readonly p90: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number | null;
  /** Still waiting at the end: counted, with their wait so far as a lower bound, in the quantiles too. */
  readonly censored: number;
}

export interface LatencyGroup {
  /** Arrival to binding. */
  readonly queueWaitSeconds: Quantiles;
  /** Arrival to containers running. */
  readonly startSeconds: Quantiles;
  /** (seconds, share of pods) steps of the queue wait's distribution, at most 400 points. */
  readonly queueWaitCdf: readonly (readonly [number, number])[];
}

export interface SchedulingFacts extends Numbers<'scheduling'> {
  /** Attempts of pods that were bound. */
  readonly attemptsPerPod: Quantiles;
  readonly backoffSeconds: Quantiles;
  /** Unschedulable verdicts by plugin that rejected. */
  readonly rejectionsByPlugin: Readonly<Record<string, number>>;
  readonly profile: unknown;
}

/**
 * Why pods waited. Records by reason hold at most 32, the last one for all others; a reason is one of upstream's texts.
 */
export interface WaitingFacts {
  readonly byReason: Readonly<Record<string, WaitFacts>>;
  /** By workload class, then reason. */
  readonly byClass: Readonly<Record<string, Readonly<Record<string, WaitFacts>>>>;
  /** Only pools that some waiting pod was tried on. */
  readonly byPool: Readonly<Record<string, PoolWait>>;
  /** Whose pods wait at the end: those with most pods first, at most 50. */
  readonly templates: readonly WaitingTemplate[];
  readonly templatesNotListed: number;
}

export interface WaitFacts {
  /** Pods whose last failed attempt had this main reason; each pod that ever failed counts once. */
  readonly pods: number;
  /** Those of them that wait at the end. */
  readonly podsPending: number;
  readonly attempts: number;
  /** From a failed attempt to the next one, the binding or the end, summed over pods. */
  readonly podSeconds: number;
  /** null: it was not room that was lacking. */
  readonly nearest: NearestNode | null;
}

/** The largest node that almost fitted, as it was when it was last looked for. */
export interface NearestNode {
  readonly node: string;
  readonly pool: string;
  /** When. */
  readonly seconds: number;
  /** What it was short of. */
  readonly resource: string;
  /** Cores, bytes, or a number. */
  readonly free: number;
  readonly wanted: number;
  readonly allocatable: number;
}

/** A pod counts in every pool. */
export interface PoolWait {
  /** Pods for which nodes of the pool lacked nothing but room. */
  readonly podSecondsForRoom: number;
  readonly podsPendingForRoom: number;
  /** Pods that an empty node of the pool would not have taken. */
  readonly podSecondsBarred: number;
  readonly podsPendingBarred: number;
  /** What most of their nodes said; '' for none. */
  readonly barredBy: string;
}

/** Pods of one template and class that wait at the end. */
export interface WaitingTemplate {
  readonly namespace: string;
  readonly oldestPod: string;
  readonly class: string;
  readonly priority: number;
  readonly pods: number;
  /** Of the oldest pod. */
  readonly waitedSeconds: number;
  /** Main reason of the oldest pod. */
  readonly reason: string;
  /** The last FailedScheduling text of any of them; '': none has been tried. */
  readonly message: string;
  readonly nearest: NearestNode | null;
}

export interface PackingFacts extends Numbers<'packing'> {
  /** Time-weighted mean over non-empty nodes of requested / allocatable, by resource. */
  readonly densityOfNonEmptyNodes: Readonly<Record<string, number>>;
  /**
   * Time-weighted share of allocatable that is free but on nodes where another resource is (nearly) exhausted, by
   * resource.
   */
  readonly strandedShare: Readonly<Record<string, number>>;
  readonly fragmentation: FragmentationFacts;
}

/** What the free room is good for, by resources alone; nodes that are down or cordoned have none. */
export interface FragmentationFacts {
  /**
   * Share of the shared GPUs that a pod drawn from the workload's typical ones could not use, time-weighted and at
   * the end. null: no node shares GPUs.
   */
  readonly gpuFragmentedShare: { readonly mean: number; readonly end: number } | null;
  /** By resource: the most that one node has left at the end. Cores, bytes, or a number. */
  readonly largestFree: Readonly<Record<string, number>>;
  /** Requests of the largest pod that fits at the end, of the proportions of the workload's mean pod. */
  readonly largestPod: Readonly<Record<string, number>>;
  /** The shapes of most pods, at most 8. */
  readonly room: readonly PodRoom[];
}

export interface PodRoom {
  /** Cores, bytes, or a number. */
  readonly requests: Readonly<Record<string, number>>;
  readonly podsCreated: number;
  /** More pods of this shape alone that would fit at the end. */
  readonly podsThatFit: number;
}

export interface FailureFacts extends Numbers<'failures'> {
  /** By cause: `nodeFailure`, `taint`, `scaleDown`, `preemption`, `api`, ... */
  readonly evictionsByCause: Readonly<Record<string, number>>;
  /**
   * One for each failure process of the scenario, then for each step that strikes nodes, in their orders. Absent where
   * none of them has struck.
   */
  readonly campaigns?: readonly CampaignFacts[];
  /** Absent where nobody has said what runs in any pod. */
  readonly containers?: ContainerFacts;
}

/**
 * What one failure process or step did. A node is struck from when it is hit (with a reclaim: from the notice on) until
 * the process lets go of it, the Node object goes or the run ends, whatever else ails it meanwhile.
 */
export interface CampaignFacts {
  readonly name: string;
  /** `crash`, `slow`, `partition`, `reclaim`, `registry`, `cordon`, `hang`, `diskFull` */
  readonly kind: string;
  /** `node`, `zone`, `rack`, `cluster`; `step` */
  readonly scope: string;
  /** A zone, rack or cluster that is struck counts once. */
  readonly strikes: number;
  /** Different names of nodes. */
  readonly nodesStruck: number;
  /** Nodes that are struck at the end: their durations so far are counted as lower bounds, never dropped. */
  readonly nodesStruckAtEnd: number;
  /** Of struck nodes, summed. */
  readonly nodeSeconds: number;
  /** Of a node's being struck once, nearest-rank; null: it has not struck. */
  readonly medianSeconds: number | null;
  readonly longestSeconds: number | null;
  /**
   * Pods that were evicted from a struck node, or died there with their machine and did not come again. One on a node
   * that several campaigns hold counts for each.
   */
  readonly podsDisrupted: number;
  /** Times that a pod whose machine stopped was started again there. */
  readonly podsRestarted: number;
}

export interface ContainerFacts {
  /** Containers that were started again in place. */
  readonly restarts: number;
  /** Time that running pods were not Ready, summed over pods. */
  readonly unreadyPodSeconds: number;
}

export type AutoscalingFacts = Numbers<'autoscaling'>;

export interface CostFacts extends Numbers<'cost'> {
  readonly nodeHoursByPool: Readonly<Record<string, number>>;
}

/** One array per column, all of the same length as `seconds`; the value at the end of each interval. */
export interface TimeSeries {
  readonly seconds: readonly number[];
  /**
   * Column name to values: `utilization.cpu`, `pods.pending`, `pods.running`, `queue.active`, `queue.backoff`,
   * `queue.unschedulable`, `waiting.<reason>`, `nodes.ready`, `nodes.total`, `nodes.empty`, ...
   */
  readonly columns: Readonly<Record<string, readonly number[]>>;
}

/** Something worth a mark on a plot: node crash, repair, zone outage, scale-up, scale-down. */
export interface MarkedEvent {
  readonly seconds: number;
  readonly kind: string;
  readonly label: string;
  readonly count: number;
}

/**
 * Column arrays, one row per pod in order of leaving the system (pending and running ones last). NaN: never happened.
 */
export interface PodTable {
  readonly name: readonly string[];
  readonly namespace: readonly string[];
  readonly class: readonly string[];
  readonly priority: ArrayLike<number>;
  readonly node: readonly string[];
  readonly createdSeconds: ArrayLike<number>;
  readonly boundSeconds: ArrayLike<number>;
  readonly startedSeconds: ArrayLike<number>;
  readonly endedSeconds: ArrayLike<number>;
  readonly attempts: ArrayLike<number>;
  /** `Succeeded`, `Failed`, `Evicted`, `Running`, `Pending`, ... */
  readonly outcome: readonly string[];
  /** The last FailedScheduling text, or what keeps the pod out of the queue; '': it never waited for such a thing. */
  readonly waitReason: readonly string[];
}

export interface NodeRecord {
  readonly name: string;
  readonly pool: string;
  readonly zone: string;
  readonly createdSeconds: number;
  /** null: still there at the end. */
  readonly removedSeconds: number | null;
  readonly podsHosted: number;
  readonly failures: number;
  readonly downSeconds: number;
  readonly cost: number;
  /** Time-weighted mean of requested / allocatable while the node existed. */
  readonly meanUtilization: Readonly<Record<string, number>>;
}

/** Wall-clock facts of one run, apart from the result: `timing.json`. */
export interface RunTiming {
  readonly wallSeconds: number;
  readonly eventsPerSecond: number;
  readonly decisionsPerSecond: number;
  readonly peakRssBytes: number;
}
