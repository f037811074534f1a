/**
 * NodeInfo: one node as plugins see it, upstream's framework.NodeInfo. A live NodeInfo reads the node table's columns;
 * a what-if copy (preemption dry run, autoscaler) owns small arrays of its own and may be changed freely.
 */
import type { Node, Taint } from './objects.ts';
import type { HostPort, PodTemplate } from './pod-template.ts';

export const HOSTNAME_LABEL = 'kubernetes.io/hostname';
export const ZONE_LABEL = 'topology.kubernetes.io/zone';
export const REGION_LABEL = 'topology.kubernetes.io/region';
export const BETA_ZONE_LABEL = 'failure-domain.beta.kubernetes.io/zone';
export const BETA_REGION_LABEL = 'failure-domain.beta.kubernetes.io/region';

/** What a Node object says, compiled. Immutable: an update puts another one in its place. */
export interface NodeFacts {
  readonly object: Node;
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
  readonly taints: readonly Taint[];
  readonly unschedulable: boolean;
  /** Image name as the node reports it, to bytes. */
  readonly images: ReadonlyMap<string, number>;
  readonly declaredFeatures: ReadonlySet<string>;
  /** `<region>:\0:<zone>`, empty when the node has neither label (component-helpers/node/topology). */
  readonly zoneKey: string;
}

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
  /** Rows of the pods here (assumed, bound, terminating): appended on arrival, the last one fills the hole on removal. */
  pods: number[] = [];
  /** Grows when the order of `pods`, or when one of them was acknowledged, changes: what the node's generation does not tell. */
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
    const copy = new NodeInfo(this.row, this.facts, { allocatable: slice(this.allocatable), requested: slice(this.requested), base: 0, nonZero, nonZeroBase: 0 });
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
    this.podsWithAffinity = source.podsWithAffinity;
    this.podsWithRequiredAntiAffinity = source.podsWithRequiredAntiAffinity;
    this.podsWithClaims = source.podsWithClaims;
  }

  /** Adds a pod to a what-if copy. */
  addPod(pod: number, template: PodTemplate): void {
    this.pods.push(pod);
    this.account(template, 1);
  }

  /** Takes a pod off a what-if copy. */
  removePod(pod: number, template: PodTemplate): void {
    const index = this.pods.indexOf(pod);
    if (index < 0) return;
    this.pods[index] = this.pods[this.pods.length - 1];
    this.pods.pop();
    this.account(template, -1);
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

/** `before`: of the same node. What the new object has taken over from its object is not compiled again. */
export function compileNode(node: Node, before: NodeFacts | null = null): NodeFacts {
  const { metadata, spec, status } = node;
  const old = before?.object;
  const labels = before !== null && metadata?.labels === old?.metadata?.labels ? before.labels : new Map(Object.entries(metadata?.labels ?? {}));
  return {
    object: node,
    name: metadata?.name ?? '',
    labels,
    annotations: before !== null && metadata?.annotations === old?.metadata?.annotations ? before.annotations : new Map(Object.entries(metadata?.annotations ?? {})),
    taints: spec?.taints ?? NO_TAINTS,
    unschedulable: spec?.unschedulable ?? false,
    images: before !== null && status?.images === old?.status?.images ? before.images : imagesOf(node),
    declaredFeatures: before !== null && status?.declaredFeatures === old?.status?.declaredFeatures ? before.declaredFeatures : new Set(status?.declaredFeatures ?? []),
    zoneKey: labels === before?.labels ? before.zoneKey : zoneKeyOf(labels),
  };
}

const NO_TAINTS: readonly Taint[] = [];

function imagesOf(node: Node): ReadonlyMap<string, number> {
  const images = new Map<string, number>();
  for (const image of node.status?.images ?? []) for (const name of image.names ?? []) images.set(name, image.sizeBytes ?? 0);
  return images;
}

export function zoneKeyOf(labels: ReadonlyMap<string, string>): string {
  const zone = labels.get(BETA_ZONE_LABEL) ?? labels.get(ZONE_LABEL) ?? '';
  const region = labels.get(BETA_REGION_LABEL) ?? labels.get(REGION_LABEL) ?? '';
  return zone === '' && region === '' ? '' : `${region}:\u0000:${zone}`;
}
