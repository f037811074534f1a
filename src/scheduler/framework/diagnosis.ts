/**
 * Why a pod fits nowhere: the verdict of every node, who rejected, and upstream's FitError text
 * (pkg/scheduler/framework/types.go).
 */
import { compareTexts } from '../../cluster/label-requirements.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { NodeBits, NodeStatuses } from './plugin-api.ts';
import { Code } from './status.ts';
import type { Status } from './status.ts';

/** Nodes by status; equal reasons may stand under several. */
export type StatusCounts = readonly (readonly [Status, number])[];

/** Verdicts that stand elsewhere; good for as long as the state does not change. */
export interface StatusSource {
  readonly explicitCount: number;
  /** Nodes by status. */
  counts(): StatusCounts;
  get(nodeName: string): Status | undefined;
  ofNode(node: NodeInfo): Status | undefined;
  /** As NodeStatuses. */
  unschedulable(): readonly NodeInfo[];
  unschedulableBits?(): NodeBits;
  explicit(): Iterable<readonly [string, Status]>;
}

const NONE: ReadonlySet<string> = new Set();
const ABSENT: Status = { code: Code.UnschedulableAndUnresolvable, reasons: [], plugin: '' };
const NO_NAMES: string[] = [];
const NO_STATUSES: Status[] = [];

export class Diagnosis implements NodeStatuses {
  /** Nodes in the snapshot; 1 for failures after the choice. */
  readonly nodeCount: number;
  /** Set when PreFilter rejected the pod. */
  preFilterMessage = '';
  preFilterStatus: Status | null = null;
  /** Verdict on nodes without one of their own. */
  absentStatus: Status = ABSENT;
  /** Made when there is one to hold. */
  private unschedulableSet: Set<string> | null = null;
  private pendingSet: Set<string> | null = null;
  /** Verdicts of its own, by node name; `NO_STATUSES` until there is one. */
  private nodeNames: string[] = NO_NAMES;
  private statuses: Status[] = NO_STATUSES;
  /** Made on the first look-up. */
  private byName: Map<string, Status> | null = null;

  private readonly source: StatusSource | null;
  /** Nodes by status, as the source counts them; null: there is no source. */
  private readonly sourceCounts: StatusCounts | null;

  constructor(nodeCount: number, source: StatusSource | null = null) {
    this.nodeCount = nodeCount;
    this.source = source;
    this.sourceCounts = source === null ? null : source.counts();
    if (this.sourceCounts !== null) for (const [status] of this.sourceCounts) this.addPlugin(status);
  }

  get unschedulablePlugins(): ReadonlySet<string> {
    return this.unschedulableSet ?? NONE;
  }

  get pendingPlugins(): ReadonlySet<string> {
    return this.pendingSet ?? NONE;
  }

  get explicitCount(): number {
    return this.source === null ? this.statuses.length : this.source.explicitCount;
  }

  set(nodeName: string, status: Status): void {
    if (this.statuses === NO_STATUSES) {
      this.nodeNames = [];
      this.statuses = [];
    }
    this.nodeNames.push(nodeName);
    this.statuses.push(status);
    this.byName = null;
    this.addPlugin(status);
  }

  addPlugin(status: Status): void {
    if (status.plugin === '') return;
    if (status.code === Code.Pending) (this.pendingSet ??= new Set()).add(status.plugin);
    else if (status.code === Code.Unschedulable || status.code === Code.UnschedulableAndUnresolvable)
      this.addUnschedulable(status.plugin);
  }

  addUnschedulable(plugin: string): void {
    (this.unschedulableSet ??= new Set()).add(plugin);
  }

  get(nodeName: string): Status {
    if (this.source !== null) return this.source.get(nodeName) ?? this.absentStatus;
    this.byName ??= new Map(this.explicit());
    return this.byName.get(nodeName) ?? this.absentStatus;
  }

  ofNode(node: NodeInfo): Status {
    return this.source === null ? this.get(node.name) : (this.source.ofNode(node) ?? this.absentStatus);
  }

  /** `nodes`: those of the snapshot. */
  unschedulable(nodes: readonly NodeInfo[]): readonly NodeInfo[] {
    return this.source === null
      ? nodes.filter((node) => this.ofNode(node).code === Code.Unschedulable)
      : this.source.unschedulable();
  }

  unschedulableBits(): NodeBits | null {
    return this.source?.unschedulableBits?.() ?? null;
  }

  unschedulableCount(): number {
    let sum = 0;
    for (const [{ code }, nodes] of this.counts()) if (code === Code.Unschedulable) sum += nodes;
    return sum;
  }

  *explicit(): Generator<readonly [string, Status]> {
    if (this.source !== null) yield* this.source.explicit();
    for (let i = 0; i < this.statuses.length; i++) yield [this.nodeNames[i], this.statuses[i]];
  }

  /** The FitError text; `postFilterMessage` is '' when preemption was not tried or succeeded. */
  message(postFilterMessage: string): string {
    return fitErrorText(this.nodeCount, this.preFilterMessage, this.counts(), postFilterMessage);
  }

  /** Nodes by status, those without one of their own under that of absent nodes. */
  counts(): StatusCounts {
    const counts = this.sourceCounts ?? this.ownCounts();
    const absent = this.nodeCount - this.explicitCount;
    return absent > 0 ? [...counts, [this.absentStatus, absent]] : counts;
  }

  /** Neighbours often have the same verdict. */
  private ownCounts(): (readonly [Status, number])[] {
    const { statuses } = this;
    const times = new Map<Status, number>();
    for (let from = 0, i = 1; i <= statuses.length; i++) {
      if (i < statuses.length && statuses[i] === statuses[from]) continue;
      times.set(statuses[from], (times.get(statuses[from]) ?? 0) + i - from);
      from = i;
    }
    return [...times];
  }
}

/** Upstream's FitError text: nodes by reason, one that gave several under each. */
export function fitErrorText(
  nodeCount: number,
  preFilterMessage: string,
  counts: StatusCounts,
  postFilterMessage: string,
): string {
  const reasons = preFilterMessage === '' ? histogram(counts) : preFilterMessage;
  const text = `0/${nodeCount} nodes are available:${reasons === '' ? '' : ` ${reasons}.`}`;
  return postFilterMessage === '' ? text : `${text} ${postFilterMessage}`;
}

function histogram(counts: StatusCounts): string {
  const nodes = new Map<string, number>();
  for (const [{ reasons }, count] of counts) {
    if (count > 0) for (const reason of reasons) nodes.set(reason, (nodes.get(reason) ?? 0) + count);
  }
  const entries = [...nodes].map(([reason, count]) => `${count} ${reason}`);
  return entries.sort(compareTexts).join(', ');
}
