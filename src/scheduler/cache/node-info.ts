/**
 * NodeInfo: one node as plugins see it, upstream's framework.NodeInfo. A live NodeInfo reads the columns of the
 * scheduler's cache; a what-if copy (preemption dry run, autoscaler) owns small arrays of its own and may be changed
 * freely.
 */
import type { NodeDevices } from '../../cluster/gpu-devices.ts';
import type { NodeFacts } from '../../cluster/node-facts.ts';
import type { HostPort, PodTemplate } from '../../cluster/pod-template.ts';

/** Where a NodeInfo's numbers stand. */
export interface NodeAmounts {
  readonly allocatable: Float64Array;
  readonly requested: Float64Array;
  readonly base: number;
  readonly nonZero: Float64Array;
  readonly nonZeroBase: number;
}

export class NodeInfo {
  /** Row in the node table; -1 for a node that exists only in a what-if. */
  readonly row: number;
  facts: NodeFacts;
  /**
   * Rows of the pods here (assumed, bound, terminating): appended on arrival, the last one fills the hole on removal.
   */
  pods: number[] = [];
  /**
   * Grows when the order of `pods`, or when one of them was acknowledged, changes: what the node's generation does not
   * tell.
   */
  orderVersion = 0;
  allowedPods = 0;
  /** Columns of this node are at `base + resource column`. */
  allocatable: Float64Array;
  requested: Float64Array;
  base: number;
  /** Requests with upstream's container defaults, for scoring: milli-cores at `nonZeroBase`, bytes after it. */
  nonZero: Float64Array;
  nonZeroBase: number;
  /**
   * Ports in use by `protocol port ip`; null: none was ever used. A set, as upstream's HostPortInfo: of two pods that
   * share a port (put here past the scheduler), the first to leave frees it.
   */
  usedPorts: Map<string, HostPort> | null = null;
  /** Pods here other than DaemonSets' (pinned ones). */
  workPods = 0;
  /** GPUs that pods share; null: the node offers none. */
  devices: NodeDevices | null = null;
  podsWithAffinity = 0;
  podsWithRequiredAntiAffinity = 0;
  /** Pods here that use a claim. */
  podsWithClaims = 0;

  constructor(row: number, facts: NodeFacts, amounts: NodeAmounts) {
    this.row = row;
    this.facts = facts;
    this.allocatable = amounts.allocatable;
    this.requested = amounts.requested;
    this.base = amounts.base;
    this.nonZero = amounts.nonZero;
    this.nonZeroBase = amounts.nonZeroBase;
  }

  get name(): string {
    return this.facts.name;
  }

  get labels(): ReadonlyMap<string, string> {
    return this.facts.labels;
  }

  /** A copy that owns its arrays; `columns` is the number of resource columns. */
  whatIf(columns: number): NodeInfo {
    const slice = (source: Float64Array): Float64Array => source.slice(this.base, this.base + columns);
    const nonZero = this.nonZero.slice(this.nonZeroBase, this.nonZeroBase + 2);
    const copy = new NodeInfo(this.row, this.facts, {
      allocatable: slice(this.allocatable),
      requested: slice(this.requested),
      base: 0,
      nonZero,
      nonZeroBase: 0,
    });
    copy.pods = this.pods.slice();
    copy.takeOver(this);
    return copy;
  }

  /** All that another node says and counts, but for its amounts and its list of pods. */
  takeOver(source: NodeInfo): void {
    this.facts = source.facts;
    this.allowedPods = source.allowedPods;
    this.usedPorts = source.usedPorts === null ? null : new Map(source.usedPorts);
    this.workPods = source.workPods;
    this.devices = source.devices === null ? null : source.devices.whatIf();
    this.podsWithAffinity = source.podsWithAffinity;
    this.podsWithRequiredAntiAffinity = source.podsWithRequiredAntiAffinity;
    this.podsWithClaims = source.podsWithClaims;
  }

  /** Adds a pod to a what-if copy. */
  addPod(pod: number, template: PodTemplate): void {
    this.pods.push(pod);
    this.account(template, 1);
    if (template.gpu !== null) this.devices?.takeChosen(pod, template.gpu);
  }

  /** Takes a pod off a what-if copy. */
  removePod(pod: number, template: PodTemplate): void {
    const index = this.pods.indexOf(pod);
    if (index < 0) return;
    this.pods[index] = this.pods[this.pods.length - 1];
    this.pods.pop();
    this.account(template, -1);
    if (template.gpu !== null) this.devices?.give(pod);
  }

  /** Adds (+1) or takes away (-1) what a pod uses; the pod list is the caller's affair. */
  account(template: PodTemplate, sign: 1 | -1): void {
    const { columns, amounts } = template.accounted;
    const { requested, base } = this;
    for (let i = 0; i < columns.length; i++) requested[base + columns[i]] += sign * amounts[i];
    this.nonZero[this.nonZeroBase] += sign * template.nonZeroCpu;
    this.nonZero[this.nonZeroBase + 1] += sign * template.nonZeroMemory;
    if (template.hasPodAffinity) {
      this.podsWithAffinity += sign;
      if (template.requiredAntiAffinityTerms.length > 0) this.podsWithRequiredAntiAffinity += sign;
    }
    if (template.claimNames.length > 0) this.podsWithClaims += sign;
    for (let i = 0; i < template.hostPorts.length; i++) this.accountPort(template.hostPorts[i], sign);
  }

  private accountPort(port: HostPort, sign: 1 | -1): void {
    this.usedPorts ??= new Map();
    const key = `${port.protocol} ${port.port} ${port.ip}`;
    if (sign > 0) this.usedPorts.set(key, port);
    else this.usedPorts.delete(key);
  }
}
