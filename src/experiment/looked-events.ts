/**
 * Events of a run as the components of a cluster record them, with upstream's reasons and texts: an observer for
 * commands that look around, so a run that nobody asks about pays nothing. What is said again of the same object is
 * counted, not kept again; about 200 bytes an event. Sources: pkg/scheduler/schedule_one.go,
 * pkg/controller/{deployment,replicaset,statefulset,daemon,job,cronjob,nodelifecycle,tainteviction},
 * pkg/kubelet/events/event.go (v1.36).
 */
import type { Micros } from '../base/time.ts';
import { EvictionCause, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Container, KubernetesObject, PersistentVolumeClaim } from '../cluster/objects.ts';
import { NodeChange } from '../cluster/observer.ts';
import type { ClusterObserver, NodeBefore, ObjectAction, RecordedEvent, WorkloadChange } from '../cluster/observer.ts';
import { WORKLOAD_KIND_NAMES, WorkloadKind } from '../cluster/workload-table.ts';
import type { FailedAttempt } from '../scheduler/failed-attempts.ts';
import type { Scheduler, SchedulerListener } from '../scheduler/scheduler.ts';
import { podUid } from './looked-pods.ts';
import { JOB_FAILURES } from './looked-workloads.ts';

/** Of which object an event tells. */
export interface Regarding {
  readonly kind: string;
  /** '': the kind has none. */
  readonly namespace: string;
  readonly name: string;
  /** Part of it: `spec.containers{app}`; '': all of it. */
  readonly fieldPath?: string;
}

export interface LookedEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** The component that tells it. */
  readonly from: string;
  readonly regarding: Regarding;
  /** Micros of the run. */
  readonly firstAt: Micros;
  readonly lastAt: Micros;
  readonly count: number;
}

type Told = Pick<LookedEvent, 'reason' | 'message' | 'from'> & Partial<Pick<LookedEvent, 'type'>>;
type Kept = { -readonly [K in keyof LookedEvent]: LookedEvent[K] };

/** Longest note of an event (staging/src/k8s.io/api/events/v1, pkg/scheduler: truncateMessage). */
const LONGEST_NOTE = 1024;

const CONTROLLERS: Readonly<Record<string, string>> = {
  ReplicaSet: 'replicaset-controller', StatefulSet: 'statefulset-controller', DaemonSet: 'daemonset-controller',
  Job: 'job-controller',
};

export class LookedEvents implements ClusterObserver, SchedulerListener {
  private readonly cluster: Cluster;
  private readonly isWanted: (regarding: Regarding) => boolean;
  private readonly kept = new Map<string, Kept>();
  /** By workload row: replicas of a ReplicaSet as last told, or 1 for a Job whose end was told. */
  private readonly toldOf = new Map<number, number>();

  /** `isWanted`: of which objects events are kept. */
  constructor(
    cluster: Cluster,
    schedulers: readonly Pick<Scheduler, 'listeners'>[],
    isWanted: (regarding: Regarding) => boolean = () => true,
  ) {
    this.cluster = cluster;
    this.isWanted = isWanted;
    cluster.observe(this);
    for (const { listeners } of schedulers) listeners.push(this);
  }

  /** In order of the time at which they were last told. */
  list(): LookedEvent[] {
    return [...this.kept.values()].sort((a, b) => a.lastAt - b.lastAt);
  }

  // ---- pods ------------------------------------------------------------------------------------------------------

  podCreated(pod: number): void {
    const owner = this.ownerOf(pod);
    if (owner === null) return;
    const name = this.cluster.podName(pod);
    const message =
      owner.kind === 'StatefulSet'
        ? `create Pod ${name} in StatefulSet ${owner.name} successful`
        : `Created pod: ${name}`;
    this.tell(owner, { reason: 'SuccessfulCreate', from: CONTROLLERS[owner.kind], message });
  }

  attemptFailed(pod: number, { message }: FailedAttempt): void {
    const note = message.length > LONGEST_NOTE ? `${message.slice(0, LONGEST_NOTE - 4)} ...` : message;
    const told: Told = { type: 'Warning', reason: 'FailedScheduling', from: this.profileOf(pod), message: note };
    this.tell(this.refOf(pod), told);
  }

  podBound(pod: number, placed: boolean): void {
    if (placed) return;
    const ref = this.refOf(pod);
    const node = this.cluster.nodes.facts[this.cluster.pods.node[pod]].name;
    const message = `Successfully assigned ${ref.namespace}/${ref.name} to ${node}`;
    this.tell(ref, { reason: 'Scheduled', from: this.profileOf(pod), message });
  }

  podStarted(pod: number): void {
    const { boundAt } = this.cluster.pods;
    // It ran before the run began.
    if (boundAt[pod] === this.cluster.now) return;
    for (const part of this.containersOf(pod)) {
      this.tell(part, { reason: 'Created', from: 'kubelet', message: 'Container created' });
      this.tell(part, { reason: 'Started', from: 'kubelet', message: 'Container started' });
    }
  }

  eventRecorded(pod: number, { fieldPath, ...told }: RecordedEvent): void {
    this.tell({ ...this.refOf(pod), ...(fieldPath === '' ? {} : { fieldPath }) }, told);
  }

  preempted(preemptor: number, victim: number): void {
    const { pods, nodes } = this.cluster;
    const node = pods.node[victim] < 0 ? '' : nodes.facts[pods.node[victim]].name;
    const message = `Preempted by pod ${podUid(pods.serial[preemptor])} on node ${node}`;
    this.tell(this.refOf(victim), { reason: 'Preempted', from: this.profileOf(preemptor), message });
  }

  /** A profile's recorder has its name (pkg/scheduler/profile/profile.go). */
  private profileOf(pod: number): string {
    return this.cluster.templateOf(pod).schedulerName;
  }

  podTerminating(pod: number): void {
    const { pods, nodes } = this.cluster;
    const ref = this.refOf(pod);
    const cause = pods.cause[pod];
    if (cause === EvictionCause.Taint) {
      const message = `Marking for deletion Pod ${ref.namespace}/${ref.name}`;
      this.tell(ref, { reason: 'TaintManagerEviction', from: 'taint-eviction-controller', message });
    } else if (cause === EvictionCause.ScaleDown) {
      const message = 'deleting pod for node scale down';
      this.tell(ref, { reason: 'ScaleDown', from: 'cluster-autoscaler', message });
    } else if (cause === EvictionCause.None) this.tellDeletion(pod);
    if (pods.phase[pod] !== PodPhase.Running || nodes.up[pods.node[pod]] === 0) return;
    for (const { name = '' } of this.cluster.templateOf(pod).spec.containers ?? [])
      this.tell(partOf(ref, name), { reason: 'Killing', from: 'kubelet', message: `Stopping container ${name}` });
  }

  /** Its controller has taken it away. */
  private tellDeletion(pod: number): void {
    const owner = this.ownerOf(pod);
    if (owner === null) return;
    const name = this.cluster.podName(pod);
    const message =
      owner.kind === 'StatefulSet'
        ? `delete Pod ${name} in StatefulSet ${owner.name} successful`
        : `Deleted pod: ${name}`;
    this.tell(owner, { reason: 'SuccessfulDelete', from: CONTROLLERS[owner.kind], message });
  }

  // ---- workloads -------------------------------------------------------------------------------------------------

  workloadChanged(row: number, change: WorkloadChange): void {
    const { workloads } = this.cluster;
    const kind = workloads.kind[row];
    if (kind === WorkloadKind.ReplicaSet) this.replicaSetChanged(row, change);
    else if (kind === WorkloadKind.Job) this.jobChanged(row, change);
  }

  private replicaSetChanged(row: number, change: WorkloadChange): void {
    const { workloads } = this.cluster;
    if (change === 'gone') this.toldOf.delete(row);
    const parent = workloads.parent[row];
    if (parent < 0 || (change !== 'created' && change !== 'spec')) return;
    const [before, now] = [this.toldOf.get(row) ?? 0, workloads.wanted[row]];
    this.toldOf.set(row, now);
    if (before === now) return;
    const verb = now > before ? 'up' : 'down';
    const message = `Scaled ${verb} replica set ${workloads.nameOf(row)} from ${String(before)} to ${String(now)}`;
    this.tell(this.workloadRef(parent), { reason: 'ScalingReplicaSet', from: 'deployment-controller', message });
  }

  private jobChanged(row: number, change: WorkloadChange): void {
    const { workloads } = this.cluster;
    const parent = workloads.parent[row];
    const from = 'cronjob-controller';
    const name = workloads.nameOf(row);
    if (parent >= 0 && change === 'created')
      this.tell(this.workloadRef(parent), { reason: 'SuccessfulCreate', from, message: `Created job ${name}` });
    if (parent >= 0 && change === 'gone')
      this.tell(this.workloadRef(parent), { reason: 'SuccessfulDelete', from, message: `Deleted job ${name}` });
    if (change === 'gone') this.toldOf.delete(row);
    const details = workloads.details[row];
    if (change !== 'status' || details?.kind !== 'Job' || this.toldOf.has(row)) return;
    const end = details.conditions.find(
      ({ type, status }) => status === 'True' && (type === 'Complete' || type === 'Failed'),
    );
    if (end === undefined) return;
    this.toldOf.set(row, 1);
    const { reason } = end;
    const told: Omit<Told, 'from'> =
      end.type === 'Complete'
        ? { reason: 'Completed', message: 'Job completed' }
        : { type: 'Warning', reason, message: JOB_FAILURES[reason] ?? reason };
    this.tell(this.workloadRef(row), { ...told, from: 'job-controller' });
    if (parent < 0) return;
    const message = `Saw completed job: ${name}, condition: ${end.type}`;
    this.tell(this.workloadRef(parent), { reason: 'SawCompletedJob', from, message });
  }

  // ---- nodes -----------------------------------------------------------------------------------------------------

  nodeAdded(node: number): void {
    const { name } = this.cluster.nodes.facts[node];
    const message = `Node ${name} event: Registered Node ${name} in Controller`;
    this.tell(nodeRef(name), { reason: 'RegisteredNode', from: 'node-controller', message });
  }

  nodeRemoving(node: number): void {
    const { name } = this.cluster.nodes.facts[node];
    const message = `Node ${name} event: Removing Node ${name} from Controller`;
    this.tell(nodeRef(name), { reason: 'RemovingNode', from: 'node-controller', message });
  }

  nodeHealthChanged(node: number, up: boolean): void {
    if (!up) return;
    const { name } = this.cluster.nodes.facts[node];
    this.tell(nodeRef(name), { reason: 'Starting', from: 'kubelet', message: 'Starting kubelet.' });
  }

  nodeUpdated(node: number, changes: number, before: NodeBefore): void {
    if ((changes & NodeChange.Cordoned) !== 0) this.tellNodeStatus(node, 'NodeNotSchedulable', 'kubelet');
    if ((changes & NodeChange.Uncordoned) !== 0) this.tellNodeStatus(node, 'NodeSchedulable', 'kubelet');
    if ((changes & NodeChange.Conditions) === 0) return;
    const [was, is] = [before.facts.object, this.cluster.nodes.facts[node].object].map(
      ({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True',
    );
    if (was === is) return;
    if (is) return this.tellNodeStatus(node, 'NodeReady', 'kubelet');
    this.tellNodeStatus(node, 'NodeNotReady', 'node-controller');
    const message = 'Node is not ready';
    const told: Told = { type: 'Warning', reason: 'NodeNotReady', from: 'node-controller', message };
    for (const pod of this.cluster.nodes.pods[node]) this.tell(this.refOf(pod), told);
  }

  private tellNodeStatus(node: number, reason: string, from: string): void {
    const { name } = this.cluster.nodes.facts[node];
    this.tell(nodeRef(name), { reason, from, message: `Node ${name} status is now: ${reason}` });
  }

  // ---- claims ----------------------------------------------------------------------------------------------------

  objectChanged(
    kind: string, action: ObjectAction, object: KubernetesObject, before: KubernetesObject | undefined,
  ): void {
    if (kind !== 'PersistentVolumeClaim' || action === 'delete') return;
    const { spec } = object as PersistentVolumeClaim;
    const { name = '', namespace = 'default' } = object.metadata ?? {};
    const ref = { kind, namespace, name };
    const volume = spec?.volumeName ?? '';
    const volumeBefore = (before as PersistentVolumeClaim | undefined)?.spec?.volumeName ?? '';
    if (volume === '' && action === 'add') {
      const from = 'persistentvolume-controller';
      const message = 'waiting for first consumer to be created before binding';
      if (this.waitsForConsumer(spec?.storageClassName))
        this.tell(ref, { reason: 'WaitForFirstConsumer', from, message });
    } else if (volume !== '' && volumeBefore === '' && volume.startsWith('pvc-')) {
      const storageClass = this.cluster.objects.get('StorageClass', spec?.storageClassName ?? '');
      const from = (storageClass as { readonly provisioner?: string } | undefined)?.provisioner ?? '';
      if (from === '') return;
      this.tell(ref, { reason: 'ProvisioningSucceeded', from, message: `Successfully provisioned volume ${volume}` });
    }
  }

  private waitsForConsumer(name = ''): boolean {
    const storageClass = this.cluster.objects.get('StorageClass', name);
    const { volumeBindingMode } = (storageClass ?? {}) as { readonly volumeBindingMode?: string };
    return volumeBindingMode === 'WaitForFirstConsumer';
  }

  // ---- within ----------------------------------------------------------------------------------------------------

  private tell(regarding: Regarding, { type = 'Normal', reason, message, from }: Told): void {
    if (!this.isWanted(regarding)) return;
    const { now } = this.cluster;
    const { kind, namespace, name, fieldPath = '' } = regarding;
    const key = [kind, namespace, name, fieldPath, reason, message].join('\u0000');
    const known = this.kept.get(key);
    if (known === undefined)
      this.kept.set(key, { type, reason, message, from, regarding, firstAt: now, lastAt: now, count: 1 });
    else {
      known.lastAt = now;
      known.count++;
    }
  }

  private refOf(pod: number): Regarding {
    return { kind: 'Pod', namespace: this.cluster.templateOf(pod).namespace, name: this.cluster.podName(pod) };
  }

  private containersOf(pod: number): Regarding[] {
    const ref = this.refOf(pod);
    const containers: readonly Container[] = this.cluster.templateOf(pod).spec.containers ?? [];
    return containers.map(({ name = '' }) => partOf(ref, name));
  }

  /** The workload that has made the pod, when an object stands behind it. */
  private ownerOf(pod: number): Regarding | null {
    const { workloads, pods } = this.cluster;
    const owner = pods.owner[pod];
    return owner >= 0 && workloads.isObject(owner) ? this.workloadRef(owner) : null;
  }

  private workloadRef(row: number): Regarding {
    const { workloads } = this.cluster;
    const kind = WORKLOAD_KIND_NAMES[workloads.kind[row]];
    return { kind, namespace: workloads.namespaceOf(row), name: workloads.nameOf(row) };
  }
}

/** The container of a pod. */
function partOf(pod: Regarding, container: string): Regarding {
  return { ...pod, fieldPath: `spec.containers{${container}}` };
}

function nodeRef(name: string): Regarding {
  return { kind: 'Node', namespace: '', name };
}
