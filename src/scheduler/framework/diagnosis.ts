/** Why a pod fits nowhere: the verdict of every node, who rejected, and upstream's FitError text (pkg/scheduler/framework/types.go). */
import type { NodeInfo } from '../cache/node-info.ts';
import type { NodeStatuses } from './plugin-api.ts';
import { Code } from './status.ts';
import type { Status } from './status.ts';

/** Verdicts that stand elsewhere; good for as long as the state does not change. */
export interface StatusSource {
  readonly explicitCount: number;
  /** Nodes by status. */
  counts(): Iterable<readonly [Status, number]>;
  get(nodeName: string): Status | undefined;
  ofNode(node: NodeInfo): Status | undefined;
  /** As NodeStatuses. */
  unschedulable(): readonly NodeInfo[];
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

  constructor(nodeCount: number, source: StatusSource | null = null) {
    this.nodeCount = nodeCount;
    this.source = source;
    if (source !== null) for (const [status] of source.counts()) this.addPlugin(status);
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
    else if (status.code === Code.Unschedulable || status.code === Code.UnschedulableAndUnresolvable) this.addUnschedulable(status.plugin);
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
    return this.source === null ? nodes.filter((node) => this.ofNode(node).code === Code.Unschedulable) : this.source.unschedulable();
  }

  *explicit(): Generator<readonly [string, Status]> {
    if (this.source !== null) yield* this.source.explicit();
    for (let i = 0; i < this.statuses.length; i++) yield [this.nodeNames[i], this.statuses[i]];
  }

  /** The FitError text; `postFilterMessage` is '' when preemption was not tried or succeeded. */
  message(postFilterMessage: string): string {
    let text = `0/${this.nodeCount} nodes are available:`;
    if (this.preFilterMessage !== '') text += ` ${this.preFilterMessage}.`;
    else {
      const histogram = this.histogram();
      if (histogram !== '') text += ` ${histogram}.`;
    }
    return postFilterMessage === '' ? text : `${text} ${postFilterMessage}`;
  }

  /** Nodes by status; equal reasons may stand under several. */
  counts(): Iterable<readonly [Status, number]> {
    if (this.source !== null) return this.source.counts();
    const times = new Map<Status, number>();
    for (const status of this.statuses) times.set(status, (times.get(status) ?? 0) + 1);
    return times;
  }

  private histogram(): string {
    const counts = new Map<string, number>();
    const count = (reason: string, by: number): void => void counts.set(reason, (counts.get(reason) ?? 0) + by);
    for (const [status, nodes] of this.counts()) for (const reason of status.reasons) count(reason, nodes);
    const absent = this.nodeCount - this.explicitCount;
    if (absent > 0) for (const reason of this.absentStatus.reasons) count(reason, absent);
    const entries = [...counts].map(([reason, nodes]) => `${nodes} ${reason}`);
    return entries.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join(', ');
  }
}
