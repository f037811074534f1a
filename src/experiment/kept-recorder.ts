/**
 * Writes the log of a run (kept-log.ts) while it goes on: looks on at what the first scheduler is shown and decides,
 * and changes nothing. Costs an entry of some bytes at each notice, 12 bytes a pod row.
 */
import { assert } from '../base/assert.ts';
import { growInt32, grownCapacity } from '../base/growable.ts';
import type { Micros } from '../base/time.ts';
import { objectKey } from '../cluster/object-store.ts';
import type { KubernetesObject, Node } from '../cluster/objects.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeBefore, ObjectAction } from '../cluster/observer.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import type { ResourceVector } from '../cluster/resources.ts';
import type { FailedAttempt } from '../scheduler/failed-attempts.ts';
import type { CacheObserver } from '../scheduler/cache/cache-observer.ts';
import type { SchedulerCache } from '../scheduler/cache/scheduler-cache.ts';
import type { Scheduler, SchedulerListener } from '../scheduler/scheduler.ts';
import { podOfTemplate } from '../simulation/cluster-moment.ts';
import { KeptWriter } from './kept-bytes.ts';
import type { TakeBytes } from './kept-bytes.ts';
import { Kept, MemberForm, NODE_SECTIONS } from './kept-log.ts';

/** What is told of the log as a whole. */
export interface KeptCounts {
  readonly decisions: number;
  readonly pods: number;
  /** What the decisions depend on and the log does not hold; '': nothing. */
  readonly gap: string;
}

export class KeptRecorder implements CacheObserver, SchedulerListener {
  private readonly cluster: Cluster;
  private readonly scheduler: Scheduler;
  private readonly cache: SchedulerCache;
  private readonly writer: KeptWriter;
  private readonly pods = new KeptPods();
  private readonly images = new ImageTouches();
  /** By template id: the log's number, -1 while it has none. */
  private templates: Int32Array = new Int32Array(0);
  private templateCount = 0;
  private resourceCount = 0;
  /** When the last entry with a time was. */
  private now = 0;
  private start = 0;
  /** Cycles that the log has. */
  private decisions = 0;
  /** Pod of the cycle under way, -1: none. */
  private current = -1;
  /** Its beginning is not written yet: mostly nothing else happens before its end. */
  private isOpen = false;
  private openedAt = 0;
  private gap = '';

  /** To be made before the first node joins. `take` is handed bytes that it must not keep. */
  constructor(cluster: Cluster, scheduler: Scheduler, take: TakeBytes) {
    this.cluster = cluster;
    this.scheduler = scheduler;
    this.cache = scheduler.cache;
    this.writer = new KeptWriter(take);
    for (const [kind, object] of scheduler.cache.objects.all()) this.objectChanged(kind, 'add', object);
    scheduler.cache.observe(this);
    scheduler.listeners.push(this);
    scheduler.queue.nominator.onChange = (pod, nodeName) => { this.nominationChanged(pod, nodeName); };
  }

  /** Hands over what is left. */
  end(): KeptCounts {
    this.writeOpened();
    this.writer.flush();
    return { decisions: this.decisions, pods: this.pods.count, gap: this.gap };
  }

  // ---- decisions -------------------------------------------------------------------------------------------------

  cycleBegins(pod: number): void {
    this.openCycle(pod, this.cluster.now);
  }

  podAssumed(pod: number): void {
    assert(pod === this.current, 'a pod is assumed in its own cycle');
    const row = this.cache.pods.node[pod];
    this.pods.node[pod] = row;
    this.entry(Kept.Chosen);
    this.writer.number(row);
    this.touch(row);
  }

  cycleSucceeded(pod: number): void {
    this.entry(Kept.CycleSucceeded);
    this.writeTime(this.cluster.now);
    this.writeDevices(pod);
    this.current = -1;
  }

  /**
   * Of the cycle under way, of one that was never begun because it repeats another, or of a binding. Whether a cycle is
   * made or repeated hangs on how the run is cut into slices: both are written in the same way.
   */
  attemptFailed(pod: number): void {
    const { cluster: { now }, scheduler: { cycleMicros, decisions } } = this;
    if (pod !== this.current && decisions > this.decisions) this.openCycle(pod, now - cycleMicros);
    if (pod !== this.current) {
      this.entry(Kept.BindingFailed);
      this.writeTime(now);
      this.writePod(pod);
      return;
    }
    this.closeFailed(pod, now);
  }

  /** Cycles that were never begun, one behind the other. */
  attemptsFailed(pods: Int32Array, count: number, _attempt: FailedAttempt, every: Micros): void {
    const { now } = this.cluster;
    for (let i = 0; i < count; i++) {
      this.openCycle(pods[i], now + i * every);
      this.closeFailed(pods[i], now + (i + 1) * every);
    }
  }

  private closeFailed(pod: number, now: Micros): void {
    if (this.isOpen) {
      this.isOpen = false;
      this.entry(Kept.CycleFailedAlone);
      this.writeTime(this.openedAt);
      this.writePod(pod);
    } else this.entry(Kept.CycleFailed);
    this.writeTime(now);
    this.current = -1;
  }

  private openCycle(pod: number, at: number): void {
    const own = this.cluster.nominatedNodeName(pod);
    this.images.freeze();
    this.writeStart();
    if (own !== '') {
      this.entry(Kept.OwnNomination);
      this.writer.shaped(own);
    }
    this.writeOpened();
    this.current = pod;
    this.isOpen = true;
    this.openedAt = at;
    this.decisions = this.scheduler.decisions;
  }

  private writeOpened(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.writer.begin(Kept.CycleBegins);
    this.writeTime(this.openedAt);
    this.writePod(this.current);
  }

  // ---- pods ------------------------------------------------------------------------------------------------------

  podCreated(pod: number): void {
    const { cluster, cache, writer, pods } = this;
    if (pods.isKnown(pod)) return;
    this.writeOpened();
    const template = this.templateNumber(cache.pods.template[pod]);
    const ordinal = cluster.pods.nameOrdinal[pod];
    pods.enter(pod);
    if (ordinal < 0) {
      this.entry(Kept.NamedPod);
      writer.number(template);
      writer.text(cluster.podName(pod));
    } else {
      this.entry(Kept.Pod);
      writer.number(template);
      pods.writeName(writer, cluster.pods.nameBase[pod], ordinal, cluster);
    }
    const pinned = cluster.pods.pinnedNode[pod];
    if (pinned < 0) return;
    this.entry(Kept.Pinned);
    writer.shaped(cluster.names.text(pinned));
  }

  podUpdated(pod: number): void {
    const template = this.templateNumber(this.cache.pods.template[pod]);
    this.entry(Kept.PodUpdated);
    this.writePod(pod);
    this.writer.number(template);
    const row = this.cache.pods.node[pod];
    if (row < 0) return;
    this.touch(row);
    this.writeDevices(pod);
  }

  podBound(pod: number): void {
    const { cache, pods, writer } = this;
    const row = cache.pods.node[pod];
    this.touch(row);
    if (pods.node[pod] === row) return;
    pods.node[pod] = row;
    this.entry(Kept.PodPlaced);
    this.writePod(pod);
    writer.number(row);
    if (cache.templateOf(pod).hostPorts.length > 0) this.gap ||= 'pods with host ports that no scheduler placed';
    this.writeDevices(pod);
  }

  podForgotten(pod: number, row: number): void {
    this.pods.node[pod] = -1;
    this.entry(Kept.PodForgotten);
    this.writePod(pod);
    this.touch(row);
  }

  podStarted(pod: number): void {
    this.touch(this.cache.pods.node[pod]);
  }

  podTerminating(pod: number): void {
    this.entry(Kept.PodTerminating);
    this.writePod(pod);
    this.touch(this.cache.pods.node[pod]);
  }

  podRemoved(pod: number, row: number): void {
    this.entry(Kept.PodGone);
    this.writePod(pod);
    this.touch(row);
    this.pods.leave(pod);
    if (pod === this.current) this.current = -1;
  }

  /** The queue is told of a new pod before anybody else. */
  private nominationChanged(pod: number, nodeName: string): void {
    const { writer } = this;
    this.podCreated(pod);
    this.entry(nodeName === '' ? Kept.NominationGone : Kept.Nominated);
    this.writePod(pod);
    if (nodeName !== '') writer.shaped(nodeName);
  }

  // ---- nodes and objects -----------------------------------------------------------------------------------------

  nodeAdded(row: number): void {
    const { writer } = this;
    const { name, object, images } = this.cache.nodeInfo(row).facts;
    this.writeResources();
    this.entry(Kept.NodeAdded);
    writer.number(row);
    writer.shaped(name);
    writer.shaped(JSON.stringify(object));
    if (images.size > 0) this.images.changed();
  }

  nodeUpdated(row: number, _changes: number, before: NodeBefore): void {
    const { facts } = this.cache.nodeInfo(row);
    this.writeResources();
    this.entry(Kept.NodeUpdated);
    this.writer.number(row);
    writeNodeChanges(this.writer, before.facts.object, facts.object);
    if (facts.images.size + before.facts.images.size > 0) this.images.changed();
  }

  nodeRemoving(row: number): void {
    this.entry(Kept.NodeGone);
    this.writer.number(row);
    if (this.cache.nodeInfo(row).facts.images.size > 0) this.images.changed();
  }

  objectChanged(kind: string, action: ObjectAction, object: KubernetesObject): void {
    const { writer } = this;
    this.entry(action === 'delete' ? Kept.ObjectGone : Kept.Object);
    writer.shaped(kind);
    writer.shaped(action === 'delete' ? objectKey(object) : JSON.stringify(object));
  }

  // ---- within ----------------------------------------------------------------------------------------------------

  private entry(kind: number): void {
    this.writeOpened();
    this.writer.begin(kind);
  }

  private writeTime(at: number): void {
    this.writer.number(at - this.now);
    this.now = at;
  }

  private writePod(pod: number): void {
    this.writer.number(this.pods.count - 1 - this.pods.number[pod]);
  }

  private writeStart(): void {
    const { nextStartNodeIndex } = this.scheduler.algorithm;
    if (nextStartNodeIndex === this.start) return;
    this.start = nextStartNodeIndex;
    this.entry(Kept.Start);
    this.writer.number(nextStartNodeIndex);
  }

  private writeDevices(pod: number): void {
    const devices = this.cache.devicesOf(pod);
    if (devices === null || devices.length === 0) return;
    this.entry(Kept.Devices);
    this.writePod(pod);
    this.writer.number(devices.length);
    for (const device of devices) this.writer.number(device);
  }

  private touch(row: number): void {
    if (row < 0 || !this.images.touch(row, this.cache.nodeInfo(row).facts.images.size)) return;
    this.entry(Kept.Touched);
    this.writer.number(row);
  }

  private templateNumber(id: number): number {
    if (id >= this.templates.length) {
      this.templates = growInt32(this.templates, grownCapacity(this.templates.length, id + 1), -1);
    }
    if (this.templates[id] < 0) {
      this.writeTemplate(this.cache.templates.get(id));
      this.templates[id] = this.templateCount++;
    }
    return this.templates[id];
  }

  private writeTemplate(template: PodTemplate): void {
    this.writeResources();
    this.entry(Kept.Template);
    this.writer.shaped(template.namespace);
    this.writer.shaped(JSON.stringify(podOfTemplate(template, '')));
    if (template.claimNames.length > 0 || template.hasEphemeralVolumes) this.gap ||= 'pods with volume claims';
    if (!sameAmounts(template.accounted, template.requested)) this.gap ||= 'pods that were resized in place';
  }

  /** The order of the columns is that of reasons in messages. */
  private writeResources(): void {
    const { resources } = this.cache;
    for (; this.resourceCount < resources.count; this.resourceCount++) {
      this.entry(Kept.Resource);
      this.writer.text(resources.name(this.resourceCount));
    }
  }
}

/** Pods by row: their number in the log, -1 where the row is free, and their node there. */
class KeptPods {
  /** Pods so far. */
  count = 0;
  number: Int32Array = new Int32Array(0);
  /** Row of the node, -1: none. */
  node: Int32Array = new Int32Array(0);
  /** By interned prefix of names: its number in the log, and the last ordinal. */
  private readonly bases = new Map<number, { readonly number: number; ordinal: number }>();

  enter(row: number): void {
    if (row >= this.number.length) {
      const capacity = grownCapacity(this.number.length, row + 1);
      this.number = growInt32(this.number, capacity, -1);
      this.node = growInt32(this.node, capacity);
    }
    this.number[row] = this.count++;
    this.node[row] = -1;
  }

  isKnown(row: number): boolean {
    return row < this.number.length && this.number[row] >= 0;
  }

  leave(row: number): void {
    this.number[row] = -1;
  }

  writeName(writer: KeptWriter, nameBase: number, ordinal: number, { names }: Cluster): void {
    let base = this.bases.get(nameBase);
    if (base === undefined) {
      base = { number: this.bases.size, ordinal: -1 };
      this.bases.set(nameBase, base);
      writer.number(base.number);
      writer.text(names.text(nameBase));
    } else writer.number(base.number);
    writer.signed(ordinal - base.ordinal - 1);
    base.ordinal = ordinal;
  }
}

/**
 * The scheduler counts the holders of a node's images anew when the node or a pod on it has changed (image-states.ts).
 * Most of the time nothing about images has changed since it last did; then nothing has to be kept.
 */
class ImageTouches {
  /** Grows with every change of some node's images. */
  private version = 1;
  /** By node row: version as of the last count. */
  private counted: Int32Array = new Int32Array(0);
  private readonly touched: number[] = [];

  changed(): void {
    this.version++;
  }

  /** Whether it has to be written. */
  touch(row: number, images: number): boolean {
    if (images === 0) return false;
    if (row >= this.counted.length) this.counted = growInt32(this.counted, grownCapacity(this.counted.length, row + 1));
    if (this.counted[row] === this.version) return false;
    this.touched.push(row);
    return true;
  }

  /** A cycle begins. */
  freeze(): void {
    for (const row of this.touched) this.counted[row] = this.version;
    this.touched.length = 0;
  }
}

function sameAmounts(a: ResourceVector, b: ResourceVector): boolean {
  return a.columns.length === b.columns.length
    && a.columns.every((column, at) => column === b.columns[at] && a.amounts[at] === b.amounts[at]);
}

type Members = Readonly<Record<string, unknown>>;

/** An update takes over what it does not change: what is the same object is the same. */
function writeNodeChanges(writer: KeptWriter, before: Node, after: Node): void {
  const changes = NODE_SECTIONS.flatMap((section, at) => {
    const old = (before[section] ?? {}) as Members;
    const now = (after[section] ?? {}) as Members;
    if (old === now) return [];
    const names = [...new Set([...Object.keys(old), ...Object.keys(now)])];
    return names.filter((name) => old[name] !== now[name]).map((name) => ({ at, name, value: now[name] }));
  });
  writer.number(changes.length);
  for (const { at, name, value } of changes) {
    writer.number(at);
    writer.shaped(name);
    if (value === undefined) writer.number(MemberForm.Gone);
    else if (Array.isArray(value)) {
      writer.number(MemberForm.List);
      writer.number(value.length);
      for (const element of value) writer.shaped(JSON.stringify(element));
    } else {
      writer.number(MemberForm.Json);
      writer.shaped(JSON.stringify(value));
    }
  }
}
