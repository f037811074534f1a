/**
 * DaemonSets: one pod on each node that the pod's required node affinity selects and whose NoSchedule and NoExecute
 * taints it tolerates. The pod is pinned to its node and waits there for the scheduler; resources are not looked at.
 * A pod whose node no longer suits (affinity, or a NoExecute taint) is deleted; a lost pod comes back once it is gone;
 * pods still unscheduled when their node goes are deleted, the others are left to pod garbage collection.
 * Source: pkg/controller/daemon/daemon_controller.go, pkg/controller/daemon/util/daemonset_util.go (v1.36).
 * Not modelled: rolling updates, the back-off of failing pods.
 *
 * Costs a map entry per DaemonSet and node, and a check of every DaemonSet when a node's labels or taints change.
 */
import type { Cluster } from '../cluster/cluster.ts';
import { EvictionCause, PodPhase } from '../cluster/cluster.ts';
import { NodeChange } from '../cluster/observer.ts';
import type { NodeFacts } from '../cluster/node-facts.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import type { PodSpec, Toleration } from '../cluster/objects.ts';
import { compileRequiredNodeAffinity, type CompiledNodeAffinity } from '../cluster/selectors.ts';
import { findUntolerated } from '../cluster/tolerations.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import type { WorkloadTable } from '../cluster/workload-table.ts';
import { OPEN_GATE } from './owned-pods.ts';
import type { CreationGate } from './owned-pods.ts';
import { WorkQueue } from './work-queue.ts';

interface DaemonSet {
  readonly owner: number;
  readonly affinity: CompiledNodeAffinity;
  readonly tolerations: readonly Toleration[];
  /** spec.nodeName of the template, empty: any node. */
  readonly nodeName: string;
  /** Interned node name to pod row. */
  readonly podByNode: Map<number, number>;
}

const NO_SCHEDULING = ['NoSchedule', 'NoExecute'];
const NO_RUNNING = ['NoExecute'];

function suits(set: DaemonSet, facts: NodeFacts): boolean {
  return (set.nodeName === '' || set.nodeName === facts.name) && set.affinity.matches(facts);
}

export class DaemonSets implements ClusterObserver {
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly owners: WorkloadTable;
  private readonly hasEnded: (owner: number) => boolean;
  private readonly sets: DaemonSet[] = [];
  private readonly byOwner = new Map<number, DaemonSet>();
  private readonly syncNodeEvent: EventKind;
  private readonly nodeGoneEvent: EventKind;
  private readonly gate: CreationGate;
  /** Owners that were refused a pod. */
  private readonly retries: WorkQueue;

  /** `hasEnded`: the pods of the owner are on their way out. */
  constructor(kernel: Kernel, cluster: Cluster, hasEnded: (owner: number) => boolean, gate: CreationGate = OPEN_GATE) {
    this.kernel = kernel;
    this.gate = gate;
    this.retries = new WorkQueue(kernel, cluster.workloads, 4, 'refused daemons', (owner) => this.retry(owner));
    this.cluster = cluster;
    this.owners = cluster.workloads;
    this.hasEnded = hasEnded;
    this.syncNodeEvent = kernel.defineEvent('daemon node sync', 4, (node, incarnation) => this.syncNode(node, incarnation));
    this.nodeGoneEvent = kernel.defineEvent('daemon node gone', 4, (nodeName) => this.nodeGone(nodeName));
    cluster.observe(this);
  }

  /**
   * `owner` is a row of kind DaemonSet. Pods that it has already are taken over, the others are made at once: whatever
   * arrives after the DaemonSet in the same instant stands behind its pods.
   */
  add(owner: number): void {
    const { spec, tolerations } = this.cluster.templates.get(this.owners.template[owner]);
    const set: DaemonSet = { owner, affinity: compileRequiredNodeAffinity(spec), tolerations, nodeName: spec.nodeName ?? '', podByNode: new Map() };
    for (const pod of this.owners.podsOf(owner)) set.podByNode.set(this.cluster.pods.pinnedNode[pod], pod);
    this.byOwner.set(owner, set);
    this.sets.push(set);
    this.syncSet(set);
  }

  /** Templates of the pods that a new node of this kind would get at once. */
  templatesFor(facts: NodeFacts): PodTemplate[] {
    const { owners, cluster } = this;
    const wanted = this.sets.filter(
      (set) =>
        !this.hasEnded(set.owner) &&
        suits(set, facts) &&
        findUntolerated(facts.taints, set.tolerations, NO_SCHEDULING) === undefined,
    );
    return wanted.map((set) => cluster.templates.get(owners.template[set.owner]));
  }

  nodeAdded(node: number): void {
    this.scheduleNode(node);
  }

  nodeUpdated(node: number, changes: number): void {
    if ((changes & (NodeChange.Labels | NodeChange.Taints)) !== 0) this.scheduleNode(node);
  }

  nodeRemoving(node: number): void {
    if (this.sets.length > 0) this.kernel.after(0, this.nodeGoneEvent, this.cluster.names.find(this.cluster.nodes.facts[node].name));
  }

  podRemoved(pod: number): void {
    const { pods } = this.cluster;
    const owner = pods.owner[pod];
    if (owner < 0 || !this.byOwner.has(owner)) return;
    const nodeName = pods.pinnedNode[pod];
    this.byOwner.get(owner)?.podByNode.delete(nodeName);
    const node = this.cluster.nodeRow(this.cluster.names.text(nodeName));
    if (node >= 0) this.scheduleNode(node);
  }

  private scheduleNode(node: number): void {
    if (this.sets.length > 0) this.kernel.after(0, this.syncNodeEvent, node, this.cluster.nodes.incarnation[node]);
  }

  private syncSet(set: DaemonSet): void {
    const { nodes } = this.cluster;
    for (let node = 0; node < nodes.length; node++) {
      if (nodes.alive[node] === 1 && !this.sync(set, node)) return this.retries.addRateLimited(set.owner);
    }
    if (this.retries.retries(set.owner) > 0) this.retries.forget(set.owner);
  }

  private retry(owner: number): void {
    const set = this.byOwner.get(owner);
    if (set !== undefined) this.syncSet(set);
  }

  private syncNode(node: number, incarnation: number): void {
    const { nodes } = this.cluster;
    if (nodes.incarnation[node] !== incarnation || nodes.alive[node] === 0) return;
    for (const set of this.sets) if (!this.sync(set, node)) this.retries.addRateLimited(set.owner);
  }

  /** false: a pod was refused. */
  private sync(set: DaemonSet, node: number): boolean {
    const { cluster, owners } = this;
    const { owner } = set;
    if (this.hasEnded(owner)) return true;
    const facts = cluster.nodes.facts[node];
    const nodeName = cluster.names.intern(facts.name);
    const pod = set.podByNode.get(nodeName);
    const isSuited = suits(set, facts);
    if (pod !== undefined) {
      if (!isSuited || findUntolerated(facts.taints, set.tolerations, NO_RUNNING) !== undefined) cluster.terminatePod(pod, EvictionCause.None);
      return true;
    }
    if (!isSuited || findUntolerated(facts.taints, set.tolerations, NO_SCHEDULING) !== undefined) return true;
    if (this.gate.isRefused(owners.template[owner])) return false;
    const nameBase = owners.nameBase[owner];
    const created = cluster.createPod({
      template: owners.template[owner],
      nameBase,
      nameOrdinal: owners.takeOrdinal(nameBase),
      owner,
      workloadClass: owners.workloadClass[owner],
      durationMicros: Infinity,
      pinnedNode: nodeName,
    });
    set.podByNode.set(nodeName, created);
    return true;
  }

  private nodeGone(nodeName: number): void {
    if (nodeName < 0 || this.cluster.nodeRow(this.cluster.names.text(nodeName)) >= 0) return;
    for (const { podByNode } of this.sets) {
      const pod = podByNode.get(nodeName);
      if (pod !== undefined && this.cluster.pods.phase[pod] < PodPhase.Bound) this.cluster.terminatePod(pod, EvictionCause.None);
    }
  }
}

/** The pod spec with what every daemon tolerates. Source: AddOrUpdateDaemonPodTolerations. */
export function withDaemonTolerations(spec: PodSpec): PodSpec {
  const added = [
    daemonToleration('node.kubernetes.io/not-ready', 'NoExecute'),
    daemonToleration('node.kubernetes.io/unreachable', 'NoExecute'),
    daemonToleration('node.kubernetes.io/disk-pressure', 'NoSchedule'),
    daemonToleration('node.kubernetes.io/memory-pressure', 'NoSchedule'),
    daemonToleration('node.kubernetes.io/pid-pressure', 'NoSchedule'),
    daemonToleration('node.kubernetes.io/unschedulable', 'NoSchedule'),
    ...(spec.hostNetwork === true ? [daemonToleration('node.kubernetes.io/network-unavailable', 'NoSchedule')] : []),
  ];
  const tolerations = [...(spec.tolerations ?? [])];
  for (const toleration of added) {
    // One of the same key, operator, value and effect is replaced where it stands (AddOrUpdateTolerationInPod).
    const { key, operator, effect } = toleration;
    const at = tolerations.findIndex(
      (own) => own.key === key && own.operator === operator && own.effect === effect && (own.value ?? '') === '',
    );
    if (at >= 0) tolerations[at] = toleration;
    else tolerations.push(toleration);
  }
  return { ...spec, tolerations };
}

function daemonToleration(key: string, effect: string): Toleration {
  return { key, operator: 'Exists', effect };
}
