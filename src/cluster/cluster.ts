/**
 * The state of the world and its only writer. Every verb asserts its rows, writes the columns, keeps the totals, feeds
 * the digest and then tells the observers, who must not write in turn. Pod verbs cost a few tens of nanoseconds.
 */
import { assert } from '../base/assert.ts';
import { Interner } from '../base/interner.ts';
import type { Micros } from '../base/time.ts';
import type { KubernetesObject, Node, Pod, Taint } from './objects.ts';
import { GPU_MILLI, devicesFor, isSameRequest } from './gpu-devices.ts';
import { compileNode, type NodeFacts } from './node-facts.ts';
import { DEFAULT_KUBERNETES_VERSION, featuresOf } from './kubernetes-versions.ts';
import type { KubernetesFeatures, KubernetesVersion } from './kubernetes-versions.ts';
import { nodeAllocatable, nodeChanges, offersTheSame, toldOf } from './node-changes.ts';
import { NodeTable } from './node-table.ts';
import { NAMESPACE_NAME_LABEL, ObjectStore, objectKey } from './object-store.ts';
import { ObserverLists, listen } from './observer.ts';
import type { ClusterObserver, NodeBefore, Notice, RecordedEvent } from './observer.ts';
import { EvictionCause, PodFlag, PodPhase, PodOutcome, PodTable, type PodRowName, type RowName } from './pod-table.ts';
import type { PodEnd, PodSeed } from './pod-seed.ts';
import { TemplateTable, type PodTemplate } from './pod-template.ts';
import { ResourceRegistry } from './resources.ts';
import { Totals } from './totals.ts';
import { Verb, type ClusterClock } from './verb.ts';
import { WorkloadTable } from './workload-table.ts';
import { WorkloadWriter } from './workload-writer.ts';

/** Tables that say the same for everybody, whatever they know of the rest. */
export type SharedTables = Pick<Cluster, 'resources' | 'templates' | 'names' | 'classes' | 'pools'>;

export class Cluster {
  readonly resources: ResourceRegistry;
  readonly templates: TemplateTable;
  readonly pods: PodTable = new PodTable();
  readonly nodes: NodeTable = new NodeTable();
  readonly objects: ObjectStore = new ObjectStore();
  readonly workloads: WorkloadTable = new WorkloadTable(this.pods);
  /** The verbs of workloads. */
  readonly workloadWriter: WorkloadWriter;
  readonly totals: Totals = new Totals();
  /** Names of pods, prefixes and nodes. */
  readonly names: Interner;
  /** Workload classes, for reports. */
  readonly classes: Interner;
  readonly pools: Interner;
  /** Of the whole cluster: API server, scheduler and controllers. */
  readonly kubernetes: KubernetesVersion;
  readonly features: KubernetesFeatures;
  private readonly nodesByName = new Map<string, number>();
  private readonly observers = new ObserverLists();
  private readonly clock: ClusterClock;
  private notifying = false;

  /** `shared`: another cluster's, of which this one is a view. */
  constructor(clock: ClusterClock, kubernetes = DEFAULT_KUBERNETES_VERSION, shared: SharedTables | null = null) {
    this.clock = clock;
    this.kubernetes = kubernetes;
    this.features = featuresOf(kubernetes);
    this.resources = shared?.resources ?? new ResourceRegistry();
    this.names = shared?.names ?? new Interner();
    this.classes = shared?.classes ?? new Interner();
    this.pools = shared?.pools ?? new Interner();
    this.templates = shared?.templates ?? new TemplateTable(this.resources, this.features.resizeMaximumOfSums);
    this.workloadWriter = new WorkloadWriter(this.workloads, {
      now: () => this.now,
      begin: (verb, row, value) => this.begin(verb, row, value),
      feedText: (text) => clock.digest.addText(text),
      tell: (row, change) => {
        this.notifying = true;
        this.observers.workloadChanged.tell(row, change);
        this.notifying = false;
      },
      stood: (row) => {
        this.observers.workloadStood.tell(row);
      },
    });
    this.resources.onGrown(() => this.fitColumns());
    this.fitColumns();
  }

  get now(): Micros {
    return this.clock.now;
  }

  observe(observer: ClusterObserver): void {
    listen(this.observers, observer);
  }

  /** So that what changes nothing costs nothing: `observer` hears nothing of these notices, or hears them again. */
  hush(observer: ClusterObserver, notices: readonly Notice[], isHushed: boolean): void {
    for (const notice of notices) this.observers[notice].setHushed(observer, isHushed);
  }

  // ---- templates and objects -------------------------------------------------------------------------------------

  /** The shared template of a pod whose admission defaults have been applied. */
  internTemplate(pod: Pod): PodTemplate {
    const { template, key, fresh } = this.templates.intern(pod);
    if (fresh) {
      this.clock.digest.addInt(Verb.Template);
      this.clock.digest.addText(key);
    }
    return template;
  }

  /** `told`: what the digest is told of it; `key`: its own, where it is known. */
  putObject(kind: string, object: KubernetesObject, told = JSON.stringify(object), key = objectKey(object)): void {
    this.begin(Verb.PutObject);
    this.clock.digest.addText(`${kind} ${told}`);
    this.writeObject(kind, object, key);
  }

  /**
   * Makes a namespace that a pod is about to enter, unless it is there. It says nothing that the pod's template does
   * not, so the digest is not told.
   */
  ensureNamespace(name: string): void {
    if (this.objects.get('Namespace', name) !== undefined) return;
    assert(!this.notifying, 'observers must not write');
    this.writeObject('Namespace', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { [NAMESPACE_NAME_LABEL]: name } },
    }, name);
  }

  /** Returns false when there is no such object. */
  removeObject(kind: string, key: string): boolean {
    const before = this.objects.remove(kind, key);
    if (before === undefined) return false;
    this.begin(Verb.RemoveObject);
    this.clock.digest.addText(`${kind} ${key}`);
    this.notifying = true;
    this.observers.objectChanged.tell(kind, 'delete', before, before);
    this.notifying = false;
    return true;
  }

  // ---- nodes -----------------------------------------------------------------------------------------------------

  /** Row of a Node object's node, -1 when there is none. */
  nodeRow(name: string): number {
    const row = this.nodesByName.get(name);
    return row !== undefined && this.nodes.alive[row] === 1 ? row : -1;
  }

  /** `as`: the row that another cluster has for it. */
  addNode(node: Node, pool = '', as?: RowName): number {
    const facts = compileNode(node);
    assert(this.nodeRow(facts.name) < 0, `node ${facts.name} exists`);
    const poolIndex = this.pools.intern(pool);
    this.fitColumns();
    const ghost = this.nodesByName.get(facts.name);
    const row = ghost ?? this.nodes.allocate(facts, as);
    this.nodesByName.set(facts.name, row);
    this.begin(Verb.AddNode, row);
    this.clock.digest.addText(facts.name);
    this.nodes.facts[row] = facts;
    this.nodes.pool[row] = poolIndex;
    this.nodes.createdAt[row] = this.now;
    this.writeAllocatable(row, node);
    this.nodes.alive[row] = this.nodes.up[row] = 1;
    this.totals.nodesAlive++;
    this.totals.nodesUp++;
    this.totals.nodesByPool[poolIndex]++;
    this.totals.countNode(this.nodes, row, 1);
    this.notifying = true;
    this.observers.nodeAdded.tell(row);
    this.notifying = false;
    return row;
  }

  /** Puts a new Node object in place of the old one of the same name. Observers are told with changes = 0, too. */
  updateNode(row: number, node: Node): void {
    const { nodes } = this;
    assert(nodes.alive[row] === 1 && nodes.facts[row].name === node.metadata?.name, 'updateNode needs a living node of this name');
    const before = this.nodeState(row);
    const facts = compileNode(node, before.facts);
    nodes.facts[row] = facts;
    if (!offersTheSame(before.facts.object, node)) {
      this.totals.countNode(nodes, row, -1);
      this.writeAllocatable(row, node);
      this.totals.countNode(nodes, row, 1);
    }
    const changes = nodeChanges(before, this.nodeState(row));
    this.begin(Verb.UpdateNode, row, changes);
    this.clock.digest.addText(toldOf(facts));
    this.notifying = true;
    this.observers.nodeUpdated.tell(row, changes, before);
    this.notifying = false;
  }

  setTaints(row: number, taints: readonly Taint[]): void {
    const node = this.nodes.facts[row].object;
    this.updateNode(row, { ...node, spec: { ...node.spec, taints } });
  }

  setUnschedulable(row: number, unschedulable: boolean): void {
    const node = this.nodes.facts[row].object;
    this.updateNode(row, { ...node, spec: { ...node.spec, unschedulable } });
  }

  /** The machine stops or works again; its Node object is not touched. */
  setNodeHealth(row: number, up: boolean): void {
    assert(this.nodes.alive[row] === 1 && (this.nodes.up[row] === 1) !== up, 'setNodeHealth must change a living node');
    this.begin(Verb.NodeHealth, row, up ? 1 : 0);
    this.nodes.up[row] = up ? 1 : 0;
    this.totals.nodesUp += up ? 1 : -1;
    this.notifying = true;
    this.observers.nodeHealthChanged.tell(row, up);
    this.notifying = false;
  }

  /** Removes the Node object. Pods that are still there keep a ghost row until they are removed. */
  removeNode(row: number): void {
    assert(this.nodes.alive[row] === 1, 'removeNode needs a living node');
    this.begin(Verb.RemoveNode, row);
    this.notifying = true;
    this.observers.nodeRemoving.tell(row);
    this.notifying = false;
    this.totals.countNode(this.nodes, row, -1);
    this.totals.nodesAlive--;
    this.totals.nodesUp -= this.nodes.up[row];
    this.totals.nodesByPool[this.nodes.pool[row]]--;
    this.nodes.alive[row] = this.nodes.up[row] = 0;
    this.releaseGhost(row);
  }

  /** Somebody's picture of the cluster has this node: its row stands for it until everybody has let it go. */
  holdNode(row: number): void {
    this.nodes.holds[row]++;
  }

  letNodeGo(row: number): void {
    assert(this.nodes.holds[row] > 0, 'a node that nobody holds is not let go');
    this.nodes.holds[row]--;
    this.releaseGhost(row);
  }

  // ---- pods ------------------------------------------------------------------------------------------------------

  templateOf(pod: number): PodTemplate {
    return this.templates.get(this.pods.template[pod]);
  }

  podName(pod: number): string {
    const ordinal = this.pods.nameOrdinal[pod];
    const base = this.names.text(this.pods.nameBase[pod]);
    return ordinal < 0 ? base : `${base}-${ordinal}`;
  }

  /** `as`: the row that another cluster has for it. */
  createPod(seed: PodSeed, as?: PodRowName): number {
    const { pods } = this;
    const pod = pods.allocate(as);
    this.begin(Verb.CreatePod, pod, seed.template);
    pods.phase[pod] = PodPhase.Pending;
    pods.template[pod] = seed.template;
    pods.nameBase[pod] = seed.nameBase;
    pods.nameOrdinal[pod] = seed.nameOrdinal;
    pods.owner[pod] = seed.owner;
    pods.workloadClass[pod] = seed.workloadClass;
    pods.durationMicros[pod] = seed.durationMicros;
    pods.pinnedNode[pod] = seed.pinnedNode;
    pods.createdAt[pod] = this.now;
    if (seed.item !== undefined) pods.item[pod] = seed.item;
    if (seed.tracked === true) pods.flags[pod] = PodFlag.Tracked;
    const { indexFailures = 0, ignoredFailures = 0 } = seed;
    if (indexFailures + ignoredFailures > 0) pods.note(pod, { indexFailures, ignoredFailures });
    if (seed.owner >= 0) this.workloads.link(pod, seed.owner);
    if (seed.nominatedNode !== undefined && seed.nominatedNode >= 0) {
      this.begin(Verb.NominatePod, pod, seed.nominatedNode);
      pods.nominatedNode[pod] = seed.nominatedNode;
    }
    this.totals.podsByPhase[PodPhase.Pending]++;
    this.notifying = true;
    this.observers.podCreated.tell(pod);
    this.notifying = false;
    return pod;
  }

  /**
   * The binding of a scheduler's choice. `node` may be the row of a node that has gone meanwhile. `devices`: the GPUs
   * that the scheduler chose there; null: the node chooses.
   */
  bindPod(pod: number, node: number, devices: readonly number[] | null = null): void {
    assert(this.pods.phase[pod] === PodPhase.Pending, 'bindPod needs a pending pod');
    this.begin(Verb.BindPod, pod, node);
    this.attach(pod, node, false, devices);
  }

  /** A pod that was created with a node: no scheduler is asked. `node` may be a ghost's or dead machine's row. */
  placePod(pod: number, node: number, devices: readonly number[] | null = null): void {
    assert(this.pods.phase[pod] === PodPhase.Pending, 'placePod needs a pending pod');
    this.begin(Verb.AssumePod, pod, node);
    this.attach(pod, node, true, devices);
  }

  /** The kubelet has seen the pod: its status.startTime is written. `at`: as a recording has it. */
  acknowledgePod(pod: number, at: Micros = this.now): void {
    assert(this.pods.phase[pod] !== PodPhase.Free, 'acknowledgePod needs a pod');
    this.begin(Verb.AcknowledgePod, pod);
    this.pods.acknowledgedAt[pod] = at;
    this.notifying = true;
    this.observers.podAcknowledged.tell(pod);
    this.notifying = false;
  }

  /** Its containers run. `isReady` false: a probe has to say so first. */
  startPod(pod: number, isReady = true): void {
    assert(this.pods.phase[pod] === PodPhase.Bound, 'startPod needs a bound pod');
    this.begin(Verb.StartPod, pod, isReady ? 0 : 1);
    this.setPhase(pod, PodPhase.Running);
    this.pods.startedAt[pod] = this.now;
    if (isReady) {
      this.pods.readyAt[pod] = this.now;
      this.pods.flags[pod] |= PodFlag.Ready;
    }
    this.notifying = true;
    this.observers.podStarted.tell(pod);
    this.notifying = false;
  }

  /** The containers died with their node; the pod stays bound and may start again. */
  interruptPod(pod: number): void {
    assert(this.pods.phase[pod] === PodPhase.Running, 'interruptPod needs a running pod');
    const lost = this.now - this.pods.startedAt[pod];
    this.begin(Verb.InterruptPod, pod);
    this.setPhase(pod, PodPhase.Bound);
    this.loseReady(pod);
    this.notifying = true;
    this.observers.podInterrupted.tell(pod, lost);
    this.notifying = false;
  }

  /** Condition Ready of a running pod turns. */
  setPodReady(pod: number, ready: boolean): void {
    const { pods } = this;
    assert(
      pods.phase[pod] === PodPhase.Running && pods.isReady(pod) !== ready,
      'setPodReady must change a running pod',
    );
    this.begin(Verb.PodReady, pod, ready ? 1 : 0);
    pods.flags[pod] ^= PodFlag.Ready;
    pods.readyAt[pod] = this.now;
    this.notifying = true;
    this.observers.podReadyChanged.tell(pod, ready);
    this.notifying = false;
  }

  /** A container of a running pod has ended and is to be started again; `lostMicros`: its run was for nothing. */
  failContainer(pod: number, exitCode: number, lostMicros: Micros): void {
    assert(this.pods.phase[pod] === PodPhase.Running, 'failContainer needs a running pod');
    this.begin(Verb.FailContainer, pod, exitCode);
    this.notifying = true;
    this.observers.podContainerFailed.tell(pod, exitCode, lostMicros);
    this.notifying = false;
  }

  /** A container of the pod was started again in place: an init container's where the pod does not run yet. */
  restartContainer(pod: number): void {
    const phase = this.pods.phase[pod];
    assert(phase === PodPhase.Running || phase === PodPhase.Bound, 'restartContainer needs a pod on a node');
    this.begin(Verb.RestartContainer, pod);
    this.pods.note(pod, { restarts: this.pods.history(pod).restarts + 1 });
    this.notifying = true;
    this.observers.podContainerRestarted.tell(pod);
    this.notifying = false;
  }

  /** Its kubelet says why the containers wait; '': they wait no longer. */
  setPodWaits(pod: number, waits: string): void {
    assert(this.pods.phase[pod] === PodPhase.Bound, 'setPodWaits needs a bound pod');
    this.begin(Verb.PodWaits, pod, waits.length);
    this.pods.note(pod, { waits });
  }

  /** An event of the API, of something that no verb tells. Nothing depends on it. */
  recordEvent(pod: number, event: RecordedEvent): void {
    this.observers.eventRecorded.tell(pod, event);
  }

  /**
   * Asks for a pod's deletion: it is terminating from now on. Again asking changes nothing. `at`: deletionTimestamp
   * less the grace period, as a recording has it.
   */
  terminatePod(pod: number, cause: EvictionCause, at: Micros = this.now): void {
    assert(this.pods.phase[pod] !== PodPhase.Free, 'terminatePod needs a pod');
    if (this.pods.isTerminating(pod)) return;
    this.begin(Verb.TerminatePod, pod, cause);
    this.pods.deletionAt[pod] = at;
    if (!this.pods.hasEnded(pod)) this.pods.cause[pod] = cause;
    this.totals.podsTerminating++;
    this.notifying = true;
    if (this.pods.hasEnded(pod)) this.observers.endedPodTerminating.tell(pod);
    else this.observers.podTerminating.tell(pod);
    this.notifying = false;
  }

  /** The pod has succeeded or failed and frees what it held; its object is kept until it is removed. */
  endPod(pod: number, end: PodEnd): void {
    const { pods } = this;
    const { phase, outcome, staysReady = false } = end;
    const before = pods.phase[pod];
    assert(before !== PodPhase.Free && !pods.hasEnded(pod), 'endPod needs a pod that has not ended');
    const node = pods.node[pod];
    this.begin(Verb.EndPod, pod, phase);
    if (node >= 0) this.detach(pod);
    this.setPhase(pod, phase);
    if (!staysReady) this.loseReady(pod);
    pods.endedAt[pod] = this.now;
    pods.noteEnd(pod, end);
    this.notifying = true;
    this.observers.podRemoved.tell(pod, node, before, outcome);
    this.notifying = false;
    if (node >= 0) this.releaseGhost(node);
  }

  /** The Job controller has counted the pod: the finalizer that kept its object goes. */
  countPod(pod: number): void {
    assert(this.pods.isTracked(pod), 'countPod needs a tracked pod');
    this.begin(Verb.CountPod, pod);
    this.pods.flags[pod] &= ~PodFlag.Tracked;
    this.notifying = true;
    this.observers.podCounted.tell(pod);
    this.notifying = false;
  }

  /**
   * The pod's object goes, and what it held. Its row is reused after the notices. An ended pod's outcome was told
   * before.
   */
  removePod(pod: number, outcome: PodOutcome): void {
    const { pods } = this;
    const phase = pods.phase[pod];
    assert(phase !== PodPhase.Free, 'removePod needs a pod');
    const hasEnded = pods.hasEnded(pod);
    const node = pods.node[pod];
    const owner = pods.owner[pod];
    this.begin(Verb.RemovePod, pod, outcome);
    if (node >= 0) this.detach(pod);
    if (pods.isTerminating(pod)) this.totals.podsTerminating--;
    this.totals.podsByPhase[phase]--;
    pods.phase[pod] = PodPhase.Free;
    if (owner >= 0) this.workloads.unlink(pod, owner);
    this.notifying = true;
    if (!hasEnded) this.observers.podRemoved.tell(pod, node, phase, outcome);
    this.observers.podDeleted.tell(pod);
    this.notifying = false;
    pods.free(pod);
    if (node >= 0) this.releaseGhost(node);
  }

  /** Labels, requests, tolerations, gates: whatever an API update may change, by a new template. */
  updatePod(pod: number, template: number): void {
    const before = this.templateOf(pod);
    const node = this.pods.node[pod];
    if (before.id === template && node < 0) return;
    this.begin(Verb.UpdatePod, pod, template);
    if (node >= 0) this.accountPod(pod, node, -1);
    this.pods.template[pod] = template;
    if (node >= 0) this.accountPod(pod, node, 1);
    // Who asks for the same GPUs as before keeps those that it has.
    if (node >= 0 && !isSameRequest(before.gpu, this.templateOf(pod).gpu)) {
      this.nodes.devices[node]?.give(pod);
      this.takeDevices(pod, node, null);
    }
    this.notifying = true;
    this.observers.podUpdated.tell(pod, before);
    this.notifying = false;
  }

  /** Sets status.nominatedNodeName; an empty name clears it. */
  nominatePod(pod: number, nodeName: string): void {
    const name = nodeName === '' ? -1 : this.names.intern(nodeName);
    if (this.pods.nominatedNode[pod] === name) return;
    this.begin(Verb.NominatePod, pod, name);
    this.pods.nominatedNode[pod] = name;
  }

  /** A pod that is about to be bound waits for no node any more. */
  clearNomination(pod: number): void {
    this.pods.nominatedNode[pod] = -1;
  }

  nominatedNodeName(pod: number): string {
    const name = this.pods.nominatedNode[pod];
    return name < 0 ? '' : this.names.text(name);
  }

  // ---- within ----------------------------------------------------------------------------------------------------

  private writeObject(kind: string, object: KubernetesObject, key: string): void {
    const before = this.objects.put(kind, object, key);
    this.notifying = true;
    this.observers.objectChanged.tell(kind, before === undefined ? 'add' : 'update', object, before);
    this.notifying = false;
  }

  /** What happened, for the digest; also what a scheduler has decided without writing it yet. */
  feed(verb: number, a = 0, b = 0): void {
    const { digest } = this.clock;
    digest.addInt(verb);
    digest.addNumber(this.clock.now);
    digest.addInt(a);
    digest.addInt(b);
  }

  private begin(verb: number, a = 0, b = 0): void {
    assert(!this.notifying, 'observers must not write');
    this.feed(verb, a, b);
  }

  private setPhase(pod: number, phase: PodPhase): void {
    this.totals.podsByPhase[this.pods.phase[pod]]--;
    this.totals.podsByPhase[phase]++;
    this.pods.phase[pod] = phase;
  }

  private loseReady(pod: number): void {
    if (!this.pods.isReady(pod)) return;
    this.pods.flags[pod] &= ~PodFlag.Ready;
    this.pods.readyAt[pod] = this.now;
  }

  private attach(pod: number, node: number, placed: boolean, devices: readonly number[] | null): void {
    const list = this.nodes.pods[node];
    this.pods.node[pod] = node;
    this.pods.slot[pod] = list.length;
    this.nodes.podCount[node] = list.push(pod);
    this.accountPod(pod, node, 1);
    this.takeDevices(pod, node, devices);
    this.setPhase(pod, PodPhase.Bound);
    this.pods.boundAt[pod] = this.now;
    this.notifying = true;
    this.observers.podBound.tell(pod, placed);
    this.notifying = false;
  }

  private detach(pod: number): void {
    const node = this.pods.node[pod];
    const list = this.nodes.pods[node];
    const slot = this.pods.slot[pod];
    const last = list[list.length - 1];
    list[slot] = last;
    this.pods.slot[last] = slot;
    list.pop();
    this.nodes.podCount[node] = list.length;
    this.accountPod(pod, node, -1);
    this.nodes.devices[node]?.give(pod);
    this.pods.node[pod] = -1;
  }

  /** A pod that asks for GPUs gets some of its node's. */
  private takeDevices(pod: number, node: number, chosen: readonly number[] | null): void {
    const { gpu } = this.templateOf(pod);
    const devices = this.nodes.devices[node];
    if (gpu !== null && devices !== null) devices.take(pod, gpu, chosen ?? devices.choose(gpu));
  }

  /** Adds or takes a pod's amounts in its node and in the totals, and tracks whether the node is empty. */
  private accountPod(pod: number, node: number, sign: 1 | -1): void {
    const isDaemons = this.pods.pinnedNode[pod] >= 0;
    this.totals.accountPod(this.nodes, node, this.templateOf(pod).accounted, isDaemons ? 0 : sign, sign);
  }

  private writeAllocatable(row: number, node: Node): void {
    const { nodes } = this;
    const amounts = nodeAllocatable(node, this.resources);
    const base = row * nodes.stride;
    nodes.allocatable.fill(0, base, base + nodes.stride);
    for (const [column, amount] of amounts.columns) nodes.allocatable[base + column] = amount;
    nodes.allowedPods[row] = amounts.pods;
    const gpuMilli = amounts.columns.get(this.resources.find(GPU_MILLI)) ?? 0;
    if (nodes.devices[row] !== null) nodes.devices[row].resize(gpuMilli);
    else nodes.devices[row] = devicesFor(gpuMilli);
  }

  private nodeState(row: number): NodeBefore {
    const { facts, allocatable, allowedPods, stride } = this.nodes;
    return { facts: facts[row], allocatable: allocatable.slice(row * stride, (row + 1) * stride), allowedPods: allowedPods[row] };
  }

  private fitColumns(): void {
    this.nodes.widen(this.resources.count);
    this.totals.resize(Math.max(1, this.pools.size), this.nodes.stride);
  }

  private releaseGhost(row: number): void {
    const { nodes } = this;
    const isWanted = nodes.alive[row] === 1 || nodes.pods[row].length > 0 || nodes.holds[row] > 0;
    if (isWanted || nodes.used[row] === 0) return;
    this.nodesByName.delete(nodes.facts[row].name);
    nodes.free(row);
  }
}

export { EvictionCause, PodPhase, PodOutcome, Verb };
export type { ClusterClock, NodeFacts, PodEnd, PodSeed };
