/**
 * What a kubelet looks at before it starts a pod: whether the node has room beside the pods it has admitted, and
 * whether the pod belongs there. A pod that does not is Failed, with the first reason found. Source:
 * pkg/kubelet/lifecycle/predicate.go, pkg/scheduler/eventhandlers.go AdmissionCheck (v1.36.3). For a critical pod that
 * lacks nothing but room others go: pod-ends.ts.
 *
 * Costs a comparison a resource while all that is bound to the node fits; else a walk over its pods.
 */
import { PodOutcome, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { hostPortsConflict } from '../cluster/pod-template.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import { FIRST_SCALAR, amountOf, isExtendedResource } from '../cluster/resources.ts';
import { compileRequiredNodeAffinity } from '../cluster/selectors.ts';
import type { CompiledNodeAffinity } from '../cluster/selectors.ts';
import { findUntolerated } from '../cluster/tolerations.ts';
import type { StatusReports } from './status-reports.ts';

export interface AdmissionRefusal {
  /** status.reason: `OutOfcpu`, `NodeAffinity`, ... */
  readonly reason: string;
  /** status.message. */
  readonly message: string;
}

/** What a pod asks for, has been given to others, and is there. */
export interface Lack {
  readonly resource: string;
  /** Resource column, or PODS. */
  readonly column: number;
  readonly requested: number;
  readonly used: number;
  readonly capacity: number;
}

/** It would be admitted if there were room. */
export interface RoomRefusal extends AdmissionRefusal {
  readonly lacks: readonly Lack[];
}

/** In place of a column: pod slots. */
export const PODS = -1;

const NO_EXECUTE = ['NoExecute'];
const AFFINITY_MISMATCH = "node(s) didn't match Pod's node affinity/selector";
const PORTS_TAKEN = "node(s) didn't have free ports for the requested pod ports";
const NOT_TOLERATED = "node(s) had taints that the pod didn't tolerate";

export class PodAdmittance {
  /** What is asked before the rest: whether its node is under pressure or shuts down. */
  readonly gates: ((pod: number) => AdmissionRefusal | null)[] = [];
  /** Of a critical pod that lacks these amounts: whether others are going to make room. */
  makeRoom: (pod: number, lacks: readonly Lack[]) => boolean = () => false;
  /** Told of each pod that is refused, before it fails. */
  onRefused: (pod: number, refusal: AdmissionRefusal) => void = () => undefined;
  private readonly cluster: Cluster;
  /** By template that others are variants of. */
  private readonly affinities: CompiledNodeAffinity[] = [];

  private readonly reports: StatusReports | null;

  /** `reports`: what kubelets know and the API server does not yet; null: nothing. */
  constructor(cluster: Cluster, reports: StatusReports | null = null) {
    this.cluster = cluster;
    this.reports = reports;
  }

  /** Whether a pod that its kubelet sees for the first time may start; one that may not has failed. */
  admits(pod: number): boolean {
    const { cluster } = this;
    // It ran here before the simulation began.
    if (!Number.isNaN(cluster.pods.startedAt[pod])) return true;
    const refusal = this.refusalOf(pod);
    if (refusal === null || ('lacks' in refusal && this.makeRoom(pod, refusal.lacks))) return true;
    this.reject(pod, refusal);
    return false;
  }

  /** The pod has failed: it cannot run here. */
  reject(pod: number, refusal: AdmissionRefusal): void {
    const { cluster, reports } = this;
    this.onRefused(pod, refusal);
    const { reason, message } = refusal;
    const end = { phase: PodPhase.Failed, outcome: PodOutcome.Failed, reason, message };
    if (reports === null) cluster.endPod(pod, end);
    else reports.tellEnd(pod, (row) => { cluster.endPod(row, end); });
  }

  isAdmitted(pod: number): boolean {
    const { acknowledgedAt, startedAt } = this.cluster.pods;
    if (this.reports?.admitted.has(pod) === true) return true;
    return !(Number.isNaN(acknowledgedAt[pod]) && Number.isNaN(startedAt[pod]));
  }

  /** null: it may start. */
  refusalOf(pod: number): AdmissionRefusal | RoomRefusal | null {
    for (const gate of this.gates) {
      const refusal = gate(pod);
      if (refusal !== null) return refusal;
    }
    const node = this.cluster.pods.node[pod];
    const template = this.cluster.templateOf(pod);
    const lacks = this.fitsWithAll(node, template) ? [] : this.lacksOf(pod, node, template);
    const other = this.mismatchOf(pod, node, template);
    if (lacks.length === 0) return other;
    const first = outOf(lacks[0]);
    return other === null ? { ...first, lacks } : first;
  }

  /** What keeps it away however much room there is. */
  private mismatchOf(pod: number, node: number, template: PodTemplate): AdmissionRefusal | null {
    const { nodes } = this.cluster;
    const facts = nodes.facts[node];
    const affinity = (this.affinities[template.specOf] ??= compileRequiredNodeAffinity(template.spec));
    if (!affinity.empty && !affinity.matches(facts)) return failed('NodeAffinity', AFFINITY_MISMATCH);
    if (template.hostPorts.length > 0 && this.isPortTaken(pod, node, template)) return failed('NodePorts', PORTS_TAKEN);
    if (facts.taints.length === 0 || template.controller?.kind === 'Node') return null;
    const taint = findUntolerated(facts.taints, template.tolerations, NO_EXECUTE);
    return taint === undefined ? null : failed('TaintToleration', NOT_TOLERATED);
  }

  /** Whether all that is bound to the node fits, the pod among it. */
  private fitsWithAll(node: number, { requested, accounted }: PodTemplate): boolean {
    const { nodes } = this.cluster;
    if (nodes.pods[node].length > nodes.allowedPods[node]) return false;
    const base = node * nodes.stride;
    const { columns, amounts } = requested;
    for (let i = 0; i < columns.length; i++) {
      const at = base + columns[i];
      const others = nodes.requested[at] - amountOf(accounted, columns[i]);
      if (amounts[i] > nodes.allocatable[at] - others) return false;
    }
    return true;
  }

  /** Of each resource that the pods admitted before leave too little of. */
  private lacksOf(pod: number, node: number, { requested }: PodTemplate): Lack[] {
    const { nodes, resources } = this.cluster;
    const others = this.admittedOthers(pod, node);
    const lacks: Lack[] = [];
    const capacity = nodes.allowedPods[node];
    if (others.length + 1 > capacity)
      lacks.push({ resource: 'pods', column: PODS, requested: 1, used: others.length, capacity });
    const { columns, amounts } = requested;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i];
      const resource = resources.name(column);
      const offered = nodes.allocatable[node * nodes.stride + column];
      // An extended resource that the node does not know is somebody else's business.
      if (column >= FIRST_SCALAR && offered === 0 && isExtendedResource(resource)) continue;
      let used = 0;
      for (const other of others) used += amountOf(this.cluster.templateOf(other).accounted, column);
      if (amounts[i] > offered - used)
        lacks.push({ resource, column, requested: amounts[i], used, capacity: offered });
    }
    return lacks;
  }

  private isPortTaken(pod: number, node: number, { hostPorts }: PodTemplate): boolean {
    return this.admittedOthers(pod, node).some((other) =>
      this.cluster.templateOf(other).hostPorts.some((used) => hostPorts.some((port) => hostPortsConflict(port, used))),
    );
  }

  /** Pods that have passed here before, and are on the node yet. */
  admittedOthers(pod: number, node: number): number[] {
    const isOver = (row: number): boolean => this.reports?.ended.has(row) === true;
    return this.cluster.nodes.pods[node].filter((row) => row !== pod && this.isAdmitted(row) && !isOver(row));
  }
}

function outOf({ resource, requested, used, capacity }: Lack): AdmissionRefusal {
  const amounts = `requested: ${requested}, used: ${used}, capacity: ${capacity}`;
  return { reason: `OutOf${resource}`, message: rejected(`Node didn't have enough resource: ${resource}, ${amounts}`) };
}

function failed(predicate: string, description: string): AdmissionRefusal {
  return { reason: predicate, message: rejected(`Predicate ${predicate} failed: ${description}`) };
}

/** pkg/kubelet/kubelet.go rejectPod. */
export function rejected(message: string): string {
  return `Pod was rejected: ${message}`;
}
