/** A run at one moment as lists of API objects by kind, in order of namespace and name as the API server has them. */
import type { Micros } from '../base/time.ts';
import { timestampText } from '../base/timestamp.ts';
import { compareTexts } from '../cluster/label-requirements.ts';
import { keyOf } from '../cluster/object-store.ts';
import type {
  Condition, KubernetesObject, Node, PersistentVolume, PersistentVolumeClaim, PodSpec,
} from '../cluster/objects.ts';
import { podLimits, podRequests } from '../cluster/pod-requests.ts';
import { WORKLOAD_KIND_NAMES } from '../cluster/workload-table.ts';
import type { Scenario } from '../simulation/scenario.ts';
import type { ContainerLook, Simulation } from '../simulation/simulation.ts';
import type { LookedHistory } from './looked-history.ts';
import type { LookedNode, LookedObject, LookedPlain, TimedCondition } from './looked-object.ts';
import { lookedPod, podRows } from './looked-pods.ts';
import type { LookedRun } from './looked-pods.ts';
import { generatedDaemonSets, lookedWorkloads } from './looked-workloads.ts';

/** On volumes that a provisioner made (pkg/controller/volume/persistentvolume). */
const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';

/** Amounts of a pod by resource, as quantity texts. */
export interface PodAmounts {
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
}

export class LookedCluster {
  private readonly run: LookedRun;
  private readonly scenario: Scenario;

  /** `beginsMicros`: the time of day at the beginning of the run, since 1970. */
  constructor(simulation: Simulation, history: LookedHistory, scenario: Scenario, beginsMicros: Micros) {
    const { cluster } = simulation.parts;
    const containersOf = (pod: number): readonly ContainerLook[] | null => simulation.containersOf(pod);
    const timeText = (at: Micros): string => timestampText(beginsMicros + at);
    this.run = { cluster, history, containersOf, timeText, beginsMicros };
    this.scenario = scenario;
  }

  /** Micros since 1970. */
  get now(): Micros {
    return this.run.beginsMicros + this.run.cluster.now;
  }

  /**
   * Every object of a kind. `withGenerated`: with the DaemonSets that the scenario generates, which have no object.
   */
  list(kind: string, withGenerated = false): LookedObject[] {
    const generated = withGenerated && kind === 'DaemonSet' ? generatedDaemonSets(this.run) : [];
    return [...this.unsorted(kind), ...generated].sort((a, b) => compareTexts(sortKey(a), sortKey(b)));
  }

  private unsorted(kind: string): LookedObject[] {
    if (kind === 'Pod') return podRows(this.run.cluster).map((row) => lookedPod(this.run, row));
    if (kind === 'Node') return this.nodes();
    if (WORKLOAD_KIND_NAMES.includes(kind)) return lookedWorkloads(this.run, kind);
    const stored = [...this.run.cluster.objects.list(kind)];
    if (kind !== 'PriorityClass') return stored.map((object) => this.plain(kind, object));
    const known = new Set(stored.map(({ metadata }) => metadata?.name));
    const others = Object.entries(this.scenario.priorityClasses).filter(([name]) => !known.has(name));
    const named = others.map(([name, { value, globalDefault, preemptionPolicy }]) => (
      { apiVersion: 'scheduling.k8s.io/v1', kind, metadata: { name }, value, globalDefault, preemptionPolicy }
    ));
    return [...stored, ...named].map((object) => this.plain(kind, object));
  }

  private nodes(): LookedNode[] {
    const { cluster } = this.run;
    const found: LookedNode[] = [];
    for (let row = 0; row < cluster.nodes.length; row++)
      if (cluster.nodes.alive[row] === 1)
        found.push(this.node(cluster.nodes.facts[row].object, cluster.nodes.createdAt[row]));
    return found;
  }

  private node(object: Node, createdAt: Micros): LookedNode {
    const { timeText, cluster, history } = this.run;
    const name = object.metadata?.name ?? '';
    const nodeInfo = { kubeletVersion: `v${cluster.kubernetes}`, ...object.status?.nodeInfo };
    const conditions = (object.status?.conditions ?? []).map((condition): TimedCondition => {
      const at = history.turnedAt(name, condition.type, condition.status) ?? createdAt;
      return { ...withWords(condition), lastTransitionTime: timeText(at) };
    });
    return {
      ...object,
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { ...object.metadata, name, creationTimestamp: timeText(createdAt) },
      status: { ...object.status, conditions, nodeInfo },
    };
  }

  private plain(kind: string, object: KubernetesObject): LookedPlain {
    const { history, timeText } = this.run;
    const { name = '', namespace } = object.metadata ?? {};
    // Every cluster has these from its beginning; here they come with their first pod.
    const isOld = kind === 'Namespace' && (name === 'default' || name.startsWith('kube-'));
    const creationTimestamp = timeText(isOld ? 0 : history.createdAt(kind, keyOf(namespace, name)));
    const deletedAt = history.deletedAt(kind, keyOf(namespace, name));
    const leaving = deletedAt === null ? {} : { deletionTimestamp: timeText(deletedAt) };
    const metadata = { ...object.metadata, name, creationTimestamp, ...leaving };
    return { apiVersion: 'v1', ...object, ...this.defaultsOf(kind, object), kind, metadata };
  }

  /** What the API server and the volume controller fill in and the simulation does without. */
  private defaultsOf(kind: string, object: KubernetesObject): Readonly<Record<string, unknown>> {
    if (kind === 'Namespace') return { status: { phase: 'Active' } };
    if (kind === 'StorageClass') return { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', ...object };
    if (kind === 'PersistentVolume') {
      const { spec } = object as PersistentVolume;
      const isMade = object.metadata?.annotations?.[PROVISIONED_BY] !== undefined;
      const persistentVolumeReclaimPolicy = isMade ? 'Delete' : 'Retain';
      return { spec: { persistentVolumeReclaimPolicy, volumeMode: 'Filesystem', ...spec } };
    }
    return kind === 'PersistentVolumeClaim' ? this.claimOf(object) : {};
  }

  private claimOf({ spec, status }: PersistentVolumeClaim): Readonly<Record<string, unknown>> {
    const volume = this.run.cluster.objects.get<PersistentVolume>('PersistentVolume', spec?.volumeName ?? '');
    const { capacity, accessModes } = volume?.spec ?? {};
    const bound = volume === undefined ? {} : { capacity, accessModes };
    return {
      spec: { volumeMode: 'Filesystem', ...spec },
      status: { phase: 'Pending', ...bound, ...status },
    };
  }
}

/** What the pod asks for and may use at most (component-helpers/resource/helpers.go). */
export function amountsOf({ spec }: { readonly spec?: PodSpec }): PodAmounts {
  const pod = spec === undefined ? {} : { spec };
  const options = { useStatusResources: false, podLevel: true, containerDefaults: null };
  const texts = (amounts: ReadonlyMap<string, { toString(): string }>): Record<string, string> =>
    Object.fromEntries(Array.from(amounts, ([name, amount]) => [name, amount.toString()]));
  return { requests: texts(podRequests(pod, options)), limits: texts(podLimits(pod, options)) };
}

/** Words of the kubelet and of the node-lifecycle controller, where the object has none. */
function withWords(condition: Condition): Condition {
  if (condition.type !== 'Ready' || condition.message !== undefined) return condition;
  if (condition.status === 'True')
    return { ...condition, reason: 'KubeletReady', message: 'kubelet is posting ready status' };
  return condition.status === 'Unknown'
    ? { ...condition, reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.' }
    : condition;
}

/** Order of the API server's keys. */
function sortKey({ metadata }: LookedObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}
