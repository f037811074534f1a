/**
 * The nodes of a DaemonSet and its pods there, kept as the notices come: a sync looks at the nodes of which something
 * has changed since the one before, and at all of them only when the DaemonSet itself has changed. Nodes stand in order
 * of their rows, names without a node behind them. Costs an entry a node that runs the DaemonSet, or is to.
 *
 * Where pods belong: the node by name, required node affinity and taints; resources are not looked at.
 * Source: pkg/controller/daemon/daemon_controller.go NodeShouldRunDaemonPod, .../util/daemonset_util.go (v1.36).
 */
import type { Cluster } from '../cluster/cluster.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { NodeFacts } from '../cluster/node-facts.ts';
import type { PodSpec, Toleration } from '../cluster/objects.ts';
import { compileRequiredNodeAffinity } from '../cluster/selectors.ts';
import type { CompiledNodeAffinity } from '../cluster/selectors.ts';
import { findUntolerated } from '../cluster/tolerations.ts';
import { isAvailable } from './owned-pods.ts';
import { REVISION_LABEL } from './stateful-set-pods.ts';

/** A pod as the sync found it. */
export interface SeenPod {
  readonly pod: number;
  readonly isTerminating: boolean;
  readonly isNew: boolean;
  readonly isReady: boolean;
  readonly isAvailable: boolean;
}

/** A node, or the name of one that is gone, with the set's pods that belong to it. */
export interface SeenNode {
  /** Interned name. */
  readonly name: number;
  /** -1: it is gone. */
  readonly node: number;
  readonly verdict: DaemonVerdict;
  /** Scheduled before unscheduled, then oldest first. Ended ones that are deleted do not count any more. */
  readonly pods: readonly SeenPod[];
  readonly pair: PodPair | null;
}

/** What an update looks at: the pods that are not terminating. null in place of a pair: more than one of a kind. */
export interface PodPair {
  readonly newPod: SeenPod | null;
  readonly oldPod: SeenPod | null;
}

interface Entry extends SeenNode {
  node: number;
  verdict: DaemonVerdict;
  pods: readonly SeenPod[];
  pair: PodPair | null;
  /** Rows of all the set's pods that are pinned here. */
  readonly rows: number[];
}

/** Sums over the nodes, as they were looked at last. */
export interface DaemonCounts {
  /** Nodes that are to run a pod. */
  desired: number;
  /** Of those, the ones that have one, and whose first pod is ready, available, up to date. */
  replicas: number;
  ready: number;
  available: number;
  updated: number;
  /** Nodes that have a pod and are not to run one. */
  misscheduled: number;
  /** Nodes with a pod that is not up to date and not terminating. */
  outdated: number;
}

/** What a DaemonSet asks for. */
export interface DaemonAim {
  readonly placement: DaemonPlacement;
  /** The revision that pods are to be of; pods that name none are. */
  readonly revision: string;
  readonly minReadySeconds: number;
}

const NOWHERE = { shouldRun: false, shouldContinue: false };
const NONE: readonly SeenNode[] = [];
const NO_PAIR: PodPair = { newPod: null, oldPod: null };

export class DaemonNodes {
  readonly counts: DaemonCounts = {
    desired: 0, replicas: 0, ready: 0, available: 0, updated: 0, misscheduled: 0, outdated: 0,
  };
  private readonly cluster: Cluster;
  /** By interned name. */
  private readonly entries = new Map<number, Entry>();
  /** What is looked at next: names, and rows of nodes whose names nobody has used yet. */
  private touched = new Set<number>();
  private readonly touchedNodes = new Set<number>();
  private allTouched = true;
  private aim: DaemonAim | null = null;
  /** The entries in order; null: there are others than when they were sorted. */
  private sorted: readonly Entry[] | null = null;

  /** Takes over the pods that `owner` has already. */
  constructor(cluster: Cluster, owner: number) {
    this.cluster = cluster;
    for (const pod of cluster.workloads.podsOf(owner)) this.podCreated(pod);
  }

  podCreated(pod: number): void {
    const name = this.cluster.pods.pinnedNode[pod];
    if (name < 0) return;
    this.entryOf(name).rows.push(pod);
    this.touched.add(name);
  }

  podDeleted(pod: number): void {
    const name = this.cluster.pods.pinnedNode[pod];
    const rows = this.entries.get(name)?.rows ?? [];
    const at = rows.indexOf(pod);
    if (at >= 0) rows.splice(at, 1);
    this.touched.add(name);
  }

  /** Something has changed at the node of this name. */
  touch(name: number): void {
    if (name >= 0) this.touched.add(name);
  }

  touchNode(node: number): void {
    this.touchedNodes.add(node);
  }

  /**
   * Whether the object of a node, which has changed, means to the set what it meant when it was looked at last. Nodes
   * that came or went since then are touched already.
   */
  isJudgedAlike(node: number): boolean {
    const { nodes, names } = this.cluster;
    if (this.aim === null) return false;
    const facts = nodes.facts[node];
    const { shouldRun, shouldContinue } = daemonVerdict(this.aim.placement, facts);
    const entry = this.entries.get(names.find(facts.name));
    if (entry === undefined) return !shouldRun;
    const { verdict } = entry;
    return verdict.shouldRun === shouldRun && verdict.shouldContinue === shouldContinue;
  }

  /**
   * Looks at the nodes that were touched; at all of them when the aim is another one. Those on which time alone will
   * change something are touched again.
   */
  look(aim: DaemonAim): readonly SeenNode[] {
    const before = this.aim;
    this.aim = aim;
    const isSame =
      before?.placement === aim.placement && before.revision === aim.revision &&
      before.minReadySeconds === aim.minReadySeconds;
    if (!isSame || this.allTouched) this.touchAll();
    this.nameTouchedNodes();
    this.allTouched = false;
    if (this.touched.size === 0) return NONE;
    const names = [...this.touched];
    this.touched = new Set();
    const seen: SeenNode[] = [];
    for (const name of names) {
      const entry = this.see(name, aim);
      if (entry !== null) seen.push(entry);
    }
    return seen.length > 1 ? seen.sort(byNode) : seen;
  }

  /** All of them, as they were looked at last. */
  all(): readonly SeenNode[] {
    this.sorted ??= [...this.entries.values()].sort(byNode);
    return this.sorted;
  }

  private touchAll(): void {
    const { nodes } = this.cluster;
    for (let node = 0; node < nodes.length; node++) if (nodes.alive[node] === 1) this.touchedNodes.add(node);
    for (const name of this.entries.keys()) this.touched.add(name);
  }

  private nameTouchedNodes(): void {
    const { nodes, names } = this.cluster;
    for (const node of this.touchedNodes)
      if (nodes.alive[node] === 1) this.touched.add(names.intern(nodes.facts[node].name));
    this.touchedNodes.clear();
  }

  private entryOf(name: number): Entry {
    let entry = this.entries.get(name);
    if (entry !== undefined) return entry;
    entry = { name, node: -1, verdict: NOWHERE, pods: [], pair: NO_PAIR, rows: [] };
    this.entries.set(name, entry);
    this.sorted = null;
    return entry;
  }

  /** null: there is no node that is to run a pod, and no pod. */
  private see(name: number, aim: DaemonAim): SeenNode | null {
    const { cluster } = this;
    const node = cluster.nodeRow(cluster.names.text(name));
    const verdict = node < 0 ? NOWHERE : daemonVerdict(aim.placement, cluster.nodes.facts[node]);
    const known = this.entries.get(name);
    if (known !== undefined) this.count(known, -1);
    if (!verdict.shouldRun && (known === undefined || known.rows.length === 0)) {
      if (this.entries.delete(name)) this.sorted = null;
      return null;
    }
    const entry = known ?? this.entryOf(name);
    if (entry.node !== node) this.sorted = null;
    entry.node = node;
    entry.verdict = verdict;
    entry.pods = this.podsOf(entry.rows, aim);
    entry.pair = pairOf(entry.pods);
    this.count(entry, 1);
    if (aim.minReadySeconds > 0 && entry.pods.some((pod) => pod.isReady && !pod.isAvailable)) this.touched.add(name);
    return entry;
  }

  private podsOf(rows: readonly number[], { revision, minReadySeconds }: DaemonAim): readonly SeenPod[] {
    const { cluster } = this;
    const { pods } = cluster;
    const seen: SeenPod[] = [];
    for (const pod of rows) {
      const isTerminating = pods.isTerminating(pod);
      if (isTerminating && pods.hasEnded(pod)) continue;
      seen.push({
        pod, isTerminating,
        isNew: (cluster.templateOf(pod).labels.get(REVISION_LABEL) ?? revision) === revision,
        isReady: pods.isReady(pod),
        isAvailable: isAvailable(cluster, pod, minReadySeconds),
      });
    }
    return seen.length > 1 ? seen.sort((a, b) => this.compareAge(a.pod, b.pod)) : seen;
  }

  private compareAge(a: number, b: number): number {
    const { pods } = this.cluster;
    const isScheduled = (pod: number): number => (pods.phase[pod] === PodPhase.Pending ? 1 : 0);
    return isScheduled(a) - isScheduled(b) || pods.createdAt[a] - pods.createdAt[b] || pods.serial[a] - pods.serial[b];
  }

  private count({ node, verdict, pods }: SeenNode, sign: 1 | -1): void {
    const { counts } = this;
    if (verdict.shouldRun) counts.desired += sign;
    if (pods.length === 0) return;
    const [first] = pods;
    if (verdict.shouldRun) {
      counts.replicas += sign;
      if (first.isReady) counts.ready += sign;
      if (first.isReady && first.isAvailable) counts.available += sign;
      if (first.isNew) counts.updated += sign;
    } else if (node >= 0) counts.misscheduled += sign;
    if (pods.some((pod) => !pod.isNew && !pod.isTerminating)) counts.outdated += sign;
  }
}

function pairOf(pods: readonly SeenPod[]): PodPair | null {
  let newPod: SeenPod | null = null;
  let oldPod: SeenPod | null = null;
  for (const pod of pods) {
    if (pod.isTerminating) continue;
    if ((pod.isNew ? newPod : oldPod) !== null) return null;
    if (pod.isNew) newPod = pod;
    else oldPod = pod;
  }
  return newPod === null && oldPod === null ? NO_PAIR : { newPod, oldPod };
}

function byNode(a: SeenNode, b: SeenNode): number {
  if (a.node < 0 || b.node < 0) return a.node < 0 && b.node < 0 ? a.name - b.name : b.node - a.node;
  return a.node - b.node;
}

// ---- placement -----------------------------------------------------------------------------------------------------

const NO_SCHEDULING = ['NoSchedule', 'NoExecute'];
const NO_RUNNING = ['NoExecute'];

export interface DaemonPlacement {
  /** spec.nodeName of the template, empty: any node. */
  readonly nodeName: string;
  readonly affinity: CompiledNodeAffinity;
  readonly tolerations: readonly Toleration[];
}

export function daemonPlacement(spec: PodSpec): DaemonPlacement {
  const { nodeName = '', tolerations = [] } = withDaemonTolerations(spec);
  return { nodeName, affinity: compileRequiredNodeAffinity(spec), tolerations };
}

export interface DaemonVerdict {
  /** A pod is to be made here. */
  readonly shouldRun: boolean;
  /** One that is here may stay. */
  readonly shouldContinue: boolean;
}

export function daemonVerdict(
  { nodeName, affinity, tolerations }: DaemonPlacement,
  facts: Pick<NodeFacts, 'name' | 'labels' | 'taints'>,
): DaemonVerdict {
  const isSuited = (nodeName === '' || nodeName === facts.name) && affinity.matches(facts);
  if (!isSuited) return NOWHERE;
  const shouldRun = findUntolerated(facts.taints, tolerations, NO_SCHEDULING) === undefined;
  return {
    shouldRun,
    shouldContinue: shouldRun || findUntolerated(facts.taints, tolerations, NO_RUNNING) === undefined,
  };
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
