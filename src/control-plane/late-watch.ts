/**
 * A watch that is late: a journal of what happened, shown to its observers in order, each change once its delay has
 * passed and never before the one ahead of it. An observer reads what has been shown from `seen`; a change carries what
 * it needs to be shown later. Rows of pods and nodes that are gone stay theirs until the watch has shown their end.
 * Pods, nodes and objects come by one stream, where upstream has one for each kind.
 *
 * Costs about 30 bytes a change on its way, 17 bytes a pod row, and one event for all changes that are due at once.
 */
import { assert } from '../base/assert.ts';
import { growFloat64, growInt32, growUint8, grownCapacity } from '../base/growable.ts';
import type { Micros } from '../base/time.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NodeFacts } from '../cluster/node-facts.ts';
import { ObjectStore, objectKey } from '../cluster/object-store.ts';
import type { KubernetesObject } from '../cluster/objects.ts';
import { ObserverLists, listen } from '../cluster/observer.ts';
import type {
  ClusterObserver, NodeBefore, ObjectAction, SeenCluster, SeenPods, Watch,
} from '../cluster/observer.ts';
import type { PodOutcome } from '../cluster/pod-table.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import type { LateOptions } from './late-cluster.ts';

/** What a change is of. */
const Change = {
  PodCreated: 0,
  PodUpdated: 1,
  PodBound: 2,
  PodAcknowledged: 3,
  PodStarted: 4,
  PodTerminating: 5,
  PodRemoved: 6,
  PodDeleted: 7,
  NodeAdded: 8,
  NodeUpdated: 9,
  NodeRemoving: 10,
  ObjectChanged: 11,
} as const;
type Change = (typeof Change)[keyof typeof Change];

/** What few changes carry. */
type Carried =
  | { readonly before: PodTemplate }
  | { readonly devices: readonly number[] }
  | { readonly facts: NodeFacts; readonly changes: number; readonly nodeBefore: NodeBefore | null }
  | {
      readonly kind: string;
      readonly action: ObjectAction;
      readonly object: KubernetesObject;
      readonly objectBefore: KubernetesObject | undefined;
    };

/** Outcomes of a pod's life, and phases, that one number has room for. */
const OUTCOMES = 8;
const PHASES = 8;
const NO_DEVICES: readonly number[] = [];

export class LateWatch implements ClusterObserver, Watch {
  readonly isOnTime = false;
  lastShownAt: Micros = -Infinity;
  private readonly kernel: Kernel;
  private readonly cluster: Cluster;
  private readonly view: LateView;
  private readonly journal = new Journal();
  private readonly observers = new ObserverLists();
  private readonly showsAfter: () => Micros;
  private readonly showEvent: EventKind;

  /** Begins with what is in the cluster, all of it shown. */
  constructor(kernel: Kernel, cluster: Cluster, { name, phase, showsAfter }: LateOptions) {
    this.kernel = kernel;
    this.cluster = cluster;
    this.showsAfter = showsAfter;
    this.view = new LateView(cluster);
    this.showEvent = kernel.defineEvent(`${name}.watch`, phase, () => this.showDue());
    cluster.pods.hold();
    cluster.observe(this);
  }

  get seen(): SeenCluster {
    return this.view;
  }

  get pendingCount(): number {
    return this.journal.length;
  }

  observe(observer: ClusterObserver): void {
    listen(this.observers, observer);
  }

  // ---- what happens ----------------------------------------------------------------------------------------------

  podCreated(pod: number): void {
    this.note(Change.PodCreated, pod, this.cluster.pods.template[pod]);
  }

  podUpdated(pod: number, before: PodTemplate): void {
    this.note(Change.PodUpdated, pod, this.cluster.pods.template[pod], 0, { before });
  }

  podBound(pod: number): void {
    const { pods } = this.cluster;
    const devices = this.cluster.nodes.heldDevices(pod, pods.node[pod]);
    this.cluster.holdNode(pods.node[pod]);
    this.note(Change.PodBound, pod, pods.node[pod], 0, devices.length === 0 ? undefined : { devices });
  }

  podAcknowledged(pod: number): void {
    this.note(Change.PodAcknowledged, pod, 0, this.cluster.pods.acknowledgedAt[pod]);
  }

  podStarted(pod: number): void {
    this.note(Change.PodStarted, pod);
  }

  podTerminating(pod: number): void {
    this.note(Change.PodTerminating, pod, this.cluster.pods.cause[pod]);
  }

  podRemoved(pod: number, node: number, phaseBefore: number, outcome: PodOutcome): void {
    const cause = this.cluster.pods.cause[pod];
    this.note(Change.PodRemoved, pod, node, (cause * PHASES + phaseBefore) * OUTCOMES + outcome);
  }

  podDeleted(pod: number): void {
    this.note(Change.PodDeleted, pod);
  }

  nodeAdded(node: number): void {
    this.cluster.holdNode(node);
    this.note(Change.NodeAdded, node, 0, 0, {
      facts: this.cluster.nodes.facts[node], changes: 0, nodeBefore: null,
    });
  }

  nodeUpdated(node: number, changes: number, nodeBefore: NodeBefore): void {
    this.note(Change.NodeUpdated, node, 0, 0, { facts: this.cluster.nodes.facts[node], changes, nodeBefore });
  }

  nodeRemoving(node: number): void {
    this.note(Change.NodeRemoving, node);
  }

  objectChanged(
    kind: string, action: ObjectAction, object: KubernetesObject, objectBefore: KubernetesObject | undefined,
  ): void {
    this.note(Change.ObjectChanged, 0, 0, 0, { kind, action, object, objectBefore });
  }

  private note(change: Change, row: number, a = 0, value = 0, carried?: Carried): void {
    const { kernel, journal } = this;
    const dueAt = kernel.now + this.showsAfter();
    journal.push(dueAt, change, row, a, value, carried);
    if (journal.length === 1) kernel.at(dueAt, this.showEvent);
  }

  // ---- what is shown ---------------------------------------------------------------------------------------------

  private showDue(): void {
    const { kernel, journal } = this;
    this.lastShownAt = kernel.now;
    while (journal.length > 0 && journal.dueAt[journal.head] <= kernel.now) {
      const at = journal.head;
      this.show(journal.change[at] as Change, journal.row[at], at);
      journal.shift();
    }
    if (journal.length > 0) kernel.at(journal.dueAt[journal.head], this.showEvent);
  }

  private show(change: Change, row: number, at: number): void {
    if (change <= Change.PodDeleted) this.showPod(change, row, at);
    else if (change === Change.ObjectChanged) this.showObject(this.journal.carried.get(at));
    else this.showNode(change, row, this.journal.carried.get(at));
  }

  private showPod(change: Change, pod: number, at: number): void {
    const { journal, observers, view } = this;
    const a = journal.a[at];
    const carried = journal.carried.size === 0 ? undefined : journal.carried.get(at);
    switch (change) {
      case Change.PodCreated:
        view.enter(pod, a);
        observers.podCreated.tell(pod);
        return;
      case Change.PodUpdated:
        assert(carried !== undefined && 'before' in carried, 'an update carries the template before');
        view.pods.template[pod] = a;
        observers.podUpdated.tell(pod, carried.before);
        return;
      case Change.PodBound:
        view.bind(pod, a, carried !== undefined && 'devices' in carried ? carried.devices : NO_DEVICES);
        observers.podBound.tell(pod, false);
        this.cluster.letNodeGo(a);
        return;
      case Change.PodAcknowledged:
        view.pods.acknowledgedAt[pod] = journal.value[at];
        observers.podAcknowledged.tell(pod);
        return;
      case Change.PodStarted:
        observers.podStarted.tell(pod);
        return;
      case Change.PodTerminating:
        view.pods.cause[pod] = a;
        observers.podTerminating.tell(pod);
        return;
      case Change.PodRemoved:
        view.release(pod);
        this.showRemoval(pod, a, journal.value[at]);
        return;
      default:
        this.cluster.pods.letGo(pod);
    }
  }

  private showRemoval(pod: number, node: number, packed: number): void {
    const outcome = (packed % OUTCOMES) as PodOutcome;
    const rest = (packed - outcome) / OUTCOMES;
    const phaseBefore = rest % PHASES;
    // Its end may have one that its deletion had not: kubelets evict pods that nobody has asked to go.
    this.view.pods.cause[pod] = (rest - phaseBefore) / PHASES;
    this.observers.podRemoved.tell(pod, node, phaseBefore, outcome);
  }

  private showNode(change: Change, node: number, carried: Carried | undefined): void {
    const { observers, view } = this;
    if (change === Change.NodeRemoving) {
      observers.nodeRemoving.tell(node);
      return;
    }
    assert(carried !== undefined && 'facts' in carried, 'a node carries its facts');
    const { facts, changes, nodeBefore } = carried;
    view.nodes.facts[node] = facts;
    if (nodeBefore !== null) {
      observers.nodeUpdated.tell(node, changes, nodeBefore);
      return;
    }
    observers.nodeAdded.tell(node);
    this.cluster.letNodeGo(node);
  }

  private showObject(carried: Carried | undefined): void {
    assert(carried !== undefined && 'object' in carried, 'a change of an object carries it');
    const { kind, action, object, objectBefore } = carried;
    if (action === 'delete') this.view.objects.remove(kind, objectKey(object));
    else this.view.objects.put(kind, object);
    this.observers.objectChanged.tell(kind, action, object, objectBefore);
  }
}

/** What has been shown. */
class LateView implements SeenCluster {
  readonly pods: SeenPods & {
    template: Int32Array;
    node: Int32Array;
    acknowledgedAt: Float64Array;
    cause: Uint8Array;
  };
  readonly nodes: { readonly facts: NodeFacts[] };
  readonly objects = new ObjectStore();
  private readonly devices = new Map<number, readonly number[]>();

  constructor(cluster: Cluster) {
    const { template, node, acknowledgedAt, cause, length } = cluster.pods;
    this.pods = {
      template: template.slice(), node: node.slice(), acknowledgedAt: acknowledgedAt.slice(), cause: cause.slice(),
    };
    this.nodes = { facts: cluster.nodes.facts.slice() };
    for (const [kind, object] of cluster.objects.all()) this.objects.put(kind, object);
    for (let pod = 0; pod < length; pod++)
      if (node[pod] >= 0) this.bind(pod, node[pod], cluster.nodes.heldDevices(pod, node[pod]));
  }

  heldDevices(pod: number): readonly number[] {
    return this.devices.get(pod) ?? NO_DEVICES;
  }

  /** Starts a row anew. */
  enter(pod: number, template: number): void {
    const { pods } = this;
    if (pod >= pods.node.length) this.grow(pod + 1);
    pods.template[pod] = template;
    pods.node[pod] = -1;
    pods.acknowledgedAt[pod] = NaN;
    pods.cause[pod] = 0;
  }

  bind(pod: number, node: number, devices: readonly number[]): void {
    this.pods.node[pod] = node;
    if (devices.length > 0) this.devices.set(pod, devices);
  }

  release(pod: number): void {
    this.pods.node[pod] = -1;
    if (this.devices.size > 0) this.devices.delete(pod);
  }

  private grow(needed: number): void {
    const { pods } = this;
    const capacity = grownCapacity(pods.node.length, needed);
    pods.template = growInt32(pods.template, capacity);
    pods.node = growInt32(pods.node, capacity, -1);
    pods.acknowledgedAt = growFloat64(pods.acknowledgedAt, capacity);
    pods.cause = growUint8(pods.cause, capacity);
  }
}

/** Changes in order, in columns: a ring. */
class Journal {
  length = 0;
  /** Place of the first. */
  head = 0;
  dueAt: Float64Array = new Float64Array(256);
  change: Uint8Array = new Uint8Array(256);
  row: Int32Array = new Int32Array(256);
  /** Template id, node row or cause. */
  a: Int32Array = new Int32Array(256);
  value: Float64Array = new Float64Array(256);
  /** By place. */
  readonly carried = new Map<number, Carried>();

  push(dueAt: Micros, change: Change, row: number, a: number, value: number, carried: Carried | undefined): void {
    if (this.length === this.dueAt.length) this.grow();
    const at = (this.head + this.length++) % this.dueAt.length;
    this.dueAt[at] = dueAt;
    this.change[at] = change;
    this.row[at] = row;
    this.a[at] = a;
    this.value[at] = value;
    if (carried !== undefined) this.carried.set(at, carried);
  }

  shift(): void {
    assert(this.length > 0, 'there is a change to be taken');
    if (this.carried.size > 0) this.carried.delete(this.head);
    this.head = (this.head + 1) % this.dueAt.length;
    this.length--;
  }

  /** Lays the ring straight in twice the room. */
  private grow(): void {
    const { head, length } = this;
    const place = (i: number): number => (head + i) % length;
    const carried = [...this.carried].map(([at, what]) => [(at - head + length) % length, what] as const);
    const laid = <T extends Float64Array | Int32Array | Uint8Array>(from: T, to: T): T => {
      for (let i = 0; i < length; i++) to[i] = from[place(i)];
      return to;
    };
    this.dueAt = laid(this.dueAt, new Float64Array(2 * length));
    this.change = laid(this.change, new Uint8Array(2 * length));
    this.row = laid(this.row, new Int32Array(2 * length));
    this.a = laid(this.a, new Int32Array(2 * length));
    this.value = laid(this.value, new Float64Array(2 * length));
    this.head = 0;
    this.carried.clear();
    for (const [at, what] of carried) this.carried.set(at, what);
  }
}

// ---- what a scheduler is told that is late -------------------------------------------------------------------------

export interface BindingRefusal {
  readonly reason: 'NotFound' | 'Conflict';
  readonly message: string;
}

/**
 * The binding subresource of a pod, for one who has not seen yet what became of it; null: the Binding is written.
 * Whether the node is there is not asked. Source: pkg/registry/core/pod/storage/storage.go BindingREST.assignPod,
 * setPodNodeAndMetadata (v1.36.3).
 */
export function bindingRefusal(cluster: Cluster, pod: number): BindingRefusal | null {
  const { pods, nodes } = cluster;
  const isGated = cluster.templateOf(pod).gates.length > 0;
  if (pods.phase[pod] === PodPhase.Pending && !pods.isTerminating(pod) && !isGated) return null;
  const name = cluster.podName(pod);
  if (pods.phase[pod] === PodPhase.Free) return { reason: 'NotFound', message: `pods "${name}" not found` };
  if (pods.isTerminating(pod)) return conflict(name, `pod ${name} is being deleted, cannot be assigned to a host`);
  const node = pods.node[pod];
  if (node >= 0) return conflict(name, `pod ${name} is already assigned to node "${nodes.facts[node].name}"`);
  return conflict(name, `pod ${name} has non-empty .spec.schedulingGates`);
}

function conflict(name: string, why: string): BindingRefusal {
  return { reason: 'Conflict', message: `Operation cannot be fulfilled on pods/binding "${name}": ${why}` };
}
