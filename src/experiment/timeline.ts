/**
 * A run as a timeline: nodes and waiting pods are groups of lanes, pods are slices, what happens to them are marks.
 * Looks on only: it calls no verb and schedules nothing, so the run is the one that it would be without it. A slice is
 * handed on when it ends; kept are 12 bytes a pod row and the lanes.
 */
import { growInt32, grownCapacity } from '../base/growable.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import { EvictionCause, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ZONE_LABEL } from '../cluster/node-facts.ts';
import { NodeChange } from '../cluster/observer.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import { EVICTION_CAUSE_NAMES, POD_OUTCOME_NAMES } from '../cluster/pod-table.ts';
import type { PodOutcome } from '../cluster/pod-table.ts';
import { CPU, MEMORY, amountOf } from '../cluster/resources.ts';
import type { MarkedEvent, TimeSeries } from '../metrics/run-result.ts';
import type { SchedulerListener } from '../scheduler/scheduler.ts';
import { Lanes } from './timeline-lanes.ts';

export type TimelineFacts = Readonly<Record<string, string | number | boolean>>;

/** A track and the group that it stands in, by numbers that no other track or group has. */
export interface TimelineTrack {
  readonly group: number;
  readonly id: number;
}

/** Where the timeline goes. Times are in microseconds; tracks are told of before they are used. */
export interface TimelineSink {
  group(group: number, name: string): void;
  /** `order`: where it stands among the tracks of its group. */
  track(track: TimelineTrack, name: string, order: number): void;
  slice(track: TimelineTrack, kind: string, name: string, from: Micros, to: Micros, facts: TimelineFacts): void;
  mark(track: TimelineTrack, kind: string, name: string, at: Micros, facts: TimelineFacts): void;
  counter(track: TimelineTrack, name: string, at: Micros, value: number): void;
}

export interface TimelineOptions {
  /** What lies outside is left out, what reaches over an edge is cut there. */
  readonly from: Micros;
  readonly to: Micros;
  /** The first so many nodes of the run are shown. */
  readonly nodes: number;
}

/** What is shown, and what is not. */
export interface TimelineCounts {
  pods: number;
  /** Ended or began outside from-to, or ran on nodes that are not shown. */
  podsNotShown: number;
  waits: number;
  /** Of pods that came when all lanes for waiting pods were taken. */
  waitsNotShown: number;
  marks: number;
  nodes: number;
  nodesNotShown: number;
}

/** Waiting pods that are shown at one time. */
export const MOST_WAITING = 100;
/** Lanes of one node stand together: room for so many. */
const LANES_PER_NODE = 4096;
const NOT_SHOWN = -1;

interface NodeLanes {
  readonly name: string;
  readonly group: number;
  readonly order: number;
  readonly lanes: Lanes;
  readonly tracks: (TimelineTrack | undefined)[];
}

export class Timeline implements ClusterObserver, SchedulerListener {
  readonly counts: TimelineCounts = {
    pods: 0, podsNotShown: 0, waits: 0, waitsNotShown: 0, marks: 0, nodes: 0, nodesNotShown: 0,
  };
  private readonly cluster: Cluster;
  private readonly sink: TimelineSink;
  private readonly options: TimelineOptions;
  private ids = 0;
  private readonly groups = new Map<string, number>();
  private readonly events: TimelineTrack;
  private readonly waiting: NodeLanes;
  private readonly nodes: NodeLanes[] = [];
  /** By node row: index into `nodes`. */
  private readonly nodeOfRow: number[] = [];
  /** By pod row: lane among the waiting; on a node: its lane there, and the node's index. */
  private waitLane: Int32Array = new Int32Array(0);
  private lane: Int32Array = new Int32Array(0);
  private nodeIndex: Int32Array = new Int32Array(0);

  /** Before the first event of the run; nodes that are there already are taken in. */
  constructor(cluster: Cluster, sink: TimelineSink, options: TimelineOptions) {
    this.cluster = cluster;
    this.sink = sink;
    this.options = options;
    const group = this.groupOf('cluster');
    this.events = this.trackOf(group, 'autoscaler and outages', 0);
    this.waiting = {
      name: 'waiting', group: this.groupOf('waiting pods'), order: 0, lanes: new Lanes(), tracks: [],
    };
    for (let row = 0; row < cluster.nodes.length; row++) if (cluster.nodes.alive[row] === 1) this.nodeAdded(row);
    cluster.observe(this);
  }

  // ---- pods ------------------------------------------------------------------------------------------------------

  podCreated(pod: number): void {
    if (pod >= this.lane.length) {
      const capacity = grownCapacity(this.lane.length, pod + 1);
      this.waitLane = growInt32(this.waitLane, capacity);
      this.lane = growInt32(this.lane, capacity);
      this.nodeIndex = growInt32(this.nodeIndex, capacity);
    }
    this.lane[pod] = NOT_SHOWN;
    this.waitLane[pod] = this.waiting.lanes.take(MOST_WAITING);
  }

  podBound(pod: number, placed: boolean): void {
    this.endWait(pod, placed ? null : this.cluster.nodes.facts[this.cluster.pods.node[pod]].name);
    const index = this.nodeOfRow[this.cluster.pods.node[pod]];
    this.nodeIndex[pod] = index;
    this.lane[pod] = this.nodes[index].lanes.take();
  }

  podInterrupted(pod: number, lostMicros: number): void {
    const facts = { pod: this.cluster.podName(pod), lostSeconds: lostMicros / MICROS_PER_SECOND };
    this.markPod(pod, 'interrupted', `${facts.pod} is interrupted`, facts);
  }

  podTerminating(pod: number): void {
    const cause = this.cluster.pods.cause[pod];
    // Preemption is told by the scheduler, which knows for whom.
    if (cause !== EvictionCause.None && cause !== EvictionCause.Preemption) this.markEviction(pod, cause);
  }

  podRemoved(pod: number, node: number, _phaseBefore: number, outcome: PodOutcome): void {
    const { pods } = this.cluster;
    const cause = pods.cause[pod];
    if (cause !== EvictionCause.None && cause !== EvictionCause.Preemption && !pods.isTerminating(pod)) {
      this.markEviction(pod, cause);
    }
    const name = POD_OUTCOME_NAMES[outcome];
    const ended = cause === EvictionCause.None ? name : `${name}: ${EVICTION_CAUSE_NAMES[cause]}`;
    if (node < 0) this.endWait(pod, null, ended);
    else this.endPod(pod, ended);
  }

  preempted(preemptor: number, victim: number): void {
    const [by, pod] = [this.nameOf(preemptor), this.nameOf(victim)];
    this.markPod(victim, 'preemption', `${by} preempts ${pod}`, { pod, by });
  }

  // ---- nodes -----------------------------------------------------------------------------------------------------

  nodeAdded(node: number): void {
    const { facts, pool } = this.cluster.nodes;
    const { name, labels } = facts[node];
    const poolName = this.cluster.pools.text(pool[node]);
    const zone = labels.get(ZONE_LABEL) ?? '';
    const index = this.nodes.length;
    this.nodeOfRow[node] = index;
    const isShown = this.isShown(index);
    this.counts[isShown ? 'nodes' : 'nodesNotShown']++;
    const groupName = poolName !== '' ? `pool ${poolName}` : zone !== '' ? `zone ${zone}` : 'nodes';
    const group = isShown ? this.groupOf(groupName) : NOT_SHOWN;
    this.nodes.push({ name, group, order: index, lanes: new Lanes(), tracks: [] });
    if (isShown) this.laneTrack(this.nodes[index], 0);
    if (this.cluster.now > 0) this.markNode(node, 'node added');
  }

  nodeUpdated(node: number, changes: number): void {
    if ((changes & NodeChange.Cordoned) !== 0) this.markNode(node, 'node cordoned');
    if ((changes & NodeChange.Uncordoned) !== 0) this.markNode(node, 'node uncordoned');
  }

  nodeRemoving(node: number): void {
    this.markNode(node, 'node removed');
  }

  nodeHealthChanged(node: number, up: boolean): void {
    this.markNode(node, up ? 'node works again' : 'node failure');
  }

  // ---- the end ---------------------------------------------------------------------------------------------------

  /** Hands on what still lasts, and what the metrics of the run have noted. Once. */
  finish(series: TimeSeries, marks: readonly MarkedEvent[]): void {
    const { pods } = this.cluster;
    for (let pod = 0; pod < pods.length; pod++) {
      if (!pods.isLive(pod)) continue;
      if (pods.node[pod] < 0) this.endWait(pod, null, 'still waiting');
      else this.endPod(pod, pods.phase[pod] === PodPhase.Running ? 'still running' : 'still starting');
    }
    for (const { seconds, kind, label, count } of marks) {
      this.mark(this.events, kind, `${kind} ${label}`, Math.round(seconds * MICROS_PER_SECOND), { count });
    }
    for (const [column, name] of COUNTERS) {
      series.columns[column]?.forEach((value, row) => {
        const at = Math.round(series.seconds[row] * MICROS_PER_SECOND);
        if (at >= this.options.from && at <= this.options.to) this.sink.counter(this.events, name, at, value);
      });
    }
  }

  // ---- within ----------------------------------------------------------------------------------------------------

  private endWait(pod: number, node: string | null, ended?: string): void {
    const lane = this.waitLane[pod];
    this.waitLane[pod] = NOT_SHOWN;
    if (lane >= 0) this.waiting.lanes.release(lane);
    // It came with its node, and did not wait.
    if (node === null && ended === undefined) return;
    const created = this.cluster.pods.createdAt[pod];
    if (!this.isWithin(created, this.cluster.now)) return;
    if (lane < 0) {
      this.counts.waitsNotShown++;
      return;
    }
    this.counts.waits++;
    const how = node === null ? { ended: ended ?? '' } : { node };
    this.slice(this.laneTrack(this.waiting, lane), 'wait', pod, created, how);
  }

  private endPod(pod: number, ended: string): void {
    const lane = this.lane[pod];
    const node = this.nodes[this.nodeIndex[pod]];
    this.lane[pod] = NOT_SHOWN;
    node.lanes.release(lane);
    const { boundAt, createdAt, startedAt } = this.cluster.pods;
    const bound = boundAt[pod];
    if (node.group === NOT_SHOWN || !this.isWithin(bound, this.cluster.now)) {
      this.counts.podsNotShown++;
      return;
    }
    this.counts.pods++;
    const waitSeconds = (bound - createdAt[pod]) / MICROS_PER_SECOND;
    const started = startedAt[pod];
    const start = started === started ? { startedSeconds: started / MICROS_PER_SECOND } : {};
    this.slice(this.laneTrack(node, lane), 'pod', pod, bound, { node: node.name, waitSeconds, ...start, ended });
  }

  /** Up to now. */
  private slice(track: TimelineTrack, kind: string, pod: number, since: Micros, how: TimelineFacts): void {
    const { cluster, options } = this;
    const { namespace, priority, accounted } = cluster.templateOf(pod);
    const workloadClass = cluster.pods.workloadClass[pod];
    const isCut = since < options.from || cluster.now > options.to ? { cut: true } : {};
    const facts = {
      namespace,
      class: workloadClass >= 0 && workloadClass < cluster.classes.size ? cluster.classes.text(workloadClass) : '',
      priority,
      cpu: amountOf(accounted, CPU) / 1000,
      memory: amountOf(accounted, MEMORY),
      ...how,
      ...isCut,
    };
    const [from, to] = [Math.max(since, options.from), Math.min(cluster.now, options.to)];
    this.sink.slice(track, kind, cluster.podName(pod), from, to, facts);
  }

  private markEviction(pod: number, cause: number): void {
    const name = this.nameOf(pod);
    const facts = { pod: name, cause: EVICTION_CAUSE_NAMES[cause] };
    this.markPod(pod, 'eviction', `${name} is evicted: ${facts.cause}`, facts);
  }

  private markPod(pod: number, kind: string, name: string, facts: TimelineFacts): void {
    const lane = this.lane[pod];
    const node = lane < 0 ? null : this.nodes[this.nodeIndex[pod]];
    if (node?.group === NOT_SHOWN || !this.isWithin(this.cluster.now, this.cluster.now)) return;
    this.mark(node === null ? this.events : this.laneTrack(node, lane), kind, name, this.cluster.now, facts);
  }

  private markNode(row: number, kind: string): void {
    const node = this.nodes[this.nodeOfRow[row]];
    if (node.group === NOT_SHOWN) return;
    this.mark(this.laneTrack(node, 0), kind, kind, this.cluster.now, { node: node.name });
  }

  private mark(track: TimelineTrack, kind: string, name: string, at: Micros, facts: TimelineFacts): void {
    if (!this.isWithin(at, at)) return;
    this.counts.marks++;
    this.sink.mark(track, kind, name, at, facts);
  }

  private isWithin(from: Micros, to: Micros): boolean {
    return from <= this.options.to && to >= this.options.from;
  }

  private isShown(node: number): boolean {
    return node < this.options.nodes;
  }

  private nameOf(pod: number): string {
    return `${this.cluster.templateOf(pod).namespace}/${this.cluster.podName(pod)}`;
  }

  private groupOf(name: string): number {
    let group = this.groups.get(name);
    if (group === undefined) {
      this.groups.set(name, (group = ++this.ids));
      this.sink.group(group, name);
    }
    return group;
  }

  private laneTrack(node: NodeLanes, lane: number): TimelineTrack {
    const name = lane === 0 ? node.name : `${node.name} (${String(lane + 1)})`;
    const order = node.order * LANES_PER_NODE + Math.min(lane, LANES_PER_NODE - 1);
    return (node.tracks[lane] ??= this.trackOf(node.group, name, order));
  }

  private trackOf(group: number, name: string, order: number): TimelineTrack {
    const track = { group, id: ++this.ids };
    this.sink.track(track, name, order);
    return track;
  }
}

/** Columns of the time series that are shown as counters. */
const COUNTERS: readonly (readonly [string, string])[] = [
  ['pods.pending', 'pods pending'],
  ['utilization.cpu', 'cpu utilization'],
];
