// The scheduler's cache against a slow twin (support/cache-twin.ts), while nodes come, go, change and are replaced under
// their names, and pods are chosen for, given up, bound elsewhere, changed, started, told to go and removed: after every
// change each sum, list, order, notice and version is what the twin makes of it anew.
import { expect, test } from 'vitest';
import { Digest } from '../../src/base/digest.ts';
import { Cluster, EvictionCause, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import { CPU, MEMORY } from '../../src/cluster/resources.ts';
import { RandomStreams } from '../../src/kernel/random.ts';
import type { CacheObserver } from '../../src/scheduler/cache/cache-observer.ts';
import { CHANGE_RING, FREE_PODS } from '../../src/scheduler/cache/cached-nodes.ts';
import { PodBelief } from '../../src/scheduler/cache/cached-pods.ts';
import { checkSchedulerCache } from '../../src/scheduler/cache/check-cache.ts';
import type { NodeInfo } from '../../src/scheduler/cache/node-info.ts';
import { Placements } from '../../src/scheduler/cache/placements.ts';
import type { PlacementCounter } from '../../src/scheduler/cache/placements.ts';
import { SchedulerCache } from '../../src/scheduler/cache/scheduler-cache.ts';
import { LiveSnapshot } from '../../src/scheduler/cache/snapshot.ts';
import { CacheTwin, GPU, SCALAR, nodeObject, podObject } from '../support/cache-twin.ts';
import type { NodeKind, NodeSums, PodKind } from '../support/cache-twin.ts';

const POD_KINDS: readonly PodKind[] = [
  {},
  { cpuMilli: 500, app: 'web' },
  { cpuMilli: 250, memoryMib: 64, affinity: 'near', priority: 5 },
  { memoryMib: 100, affinity: 'away', app: 'web', priority: -3 },
  { affinity: 'preferred', claim: 'data' },
  { cpuMilli: 100, dongles: 2, port: 80 },
  { port: 80, claim: 'logs', priority: 9 },
  { gpuMilli: 400, app: 'web' },
  { gpuMilli: 2000, cpuMilli: 50 },
  { gpuMilli: 600, port: 443, priority: 2 },
];
const NODE_KINDS: readonly NodeKind[] = [
  { cpu: 4, pods: 10 },
  { cpu: 8, pods: 3, labels: { disk: 'ssd' }, images: { web: 100, db: 300 } },
  { cpu: 2, pods: 20, dongles: 6, labels: { disk: 'hdd', rack: 'r1' }, images: { web: 120 } },
  { cpu: 16, pods: 5, gpus: 4, labels: { rack: 'r2' }, images: { web: 90, db: 310, cache: 20, a: 1, b: 2, c: 3 } },
  { cpu: 16, pods: 6, gpus: 2, labels: { disk: 'ssd', rack: 'r1' } },
];
const NAMES = ['n0', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7'];
const IMAGES = ['web', 'db', 'cache', 'a', 'b', 'c', 'nobody'];

/** Counts pods of `web` by node, as it is told of them. */
class WebCounter implements PlacementCounter {
  readonly byNode = new Map<number, { live: number; terminating: number }>();
  labelChanges = 0;
  drops = 0;
  private readonly cache: SchedulerCache;

  constructor(cache: SchedulerCache) {
    this.cache = cache;
  }

  concerns(template: number): boolean {
    return this.cache.templates.get(template).labels.get('app') === 'web';
  }

  podCame(_template: number, node: number, terminating: boolean): void {
    this.at(node)[terminating ? 'terminating' : 'live']++;
  }

  podLeft(_template: number, node: number, terminating: boolean): void {
    this.at(node)[terminating ? 'terminating' : 'live']--;
  }

  podTerminating(_template: number, node: number): void {
    this.at(node).live--;
    this.at(node).terminating++;
  }

  nodeCame(node: number): void {
    expect(this.byNode.has(node)).toBe(false);
    this.byNode.set(node, { live: 0, terminating: 0 });
  }

  nodeChanged(node: number, labelsChanged: boolean): void {
    expect(this.byNode.has(node)).toBe(true);
    if (labelsChanged) this.labelChanges++;
  }

  nodeLeft(node: number): void {
    expect(this.byNode.get(node)).toEqual({ live: 0, terminating: 0 });
    this.byNode.delete(node);
  }

  dropped(): void {
    this.drops++;
  }

  private at(node: number): { live: number; terminating: number } {
    const counts = this.byNode.get(node);
    if (counts === undefined) throw new Error(`told of a pod on row ${node} before its node`);
    return counts;
  }
}

class Story {
  readonly cluster = new Cluster({ now: 0, digest: new Digest() });
  readonly cache = new SchedulerCache(this.cluster);
  readonly snapshot: LiveSnapshot;
  readonly placements: Placements;
  readonly counter: WebCounter;
  readonly twin = new CacheTwin();
  readonly notices: string[] = [];
  private readonly dice;
  private made = 0;

  constructor(seed: string) {
    this.dice = new RandomStreams(seed).stream('cache');
    this.cluster.observe(this.cache);
    this.snapshot = new LiveSnapshot(this.cache);
    this.placements = new Placements(this.cache);
    this.counter = new WebCounter(this.cache);
    this.cache.observe(this.listener());
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.dice.next() * list.length)];
  }

  /** Names of nodes that are there. */
  living(): string[] {
    return NAMES.filter((name) => this.twin.nodes.get(name)?.alive === true);
  }

  podsThat(is: (pod: { readonly belief: string; readonly terminating: boolean }, row: number) => boolean): number[] {
    return [...this.twin.pods].filter(([row, pod]) => is(pod, row)).map(([row]) => row);
  }

  rowOf(name: string): number {
    return this.cache.nodeRow(name);
  }

  /** One change; the notices that it has to give. */
  step(): readonly string[] {
    const roll = this.dice.next();
    if (roll < 0.08) return this.addNode();
    if (roll < 0.13) return this.removeNode();
    if (roll < 0.22) return this.updateNode();
    if (roll < 0.4) return this.createPod();
    if (roll < 0.55) return this.assume();
    if (roll < 0.62) return this.forget();
    if (roll < 0.75) return this.bind();
    if (roll < 0.8) return this.update();
    if (roll < 0.85) return this.start();
    if (roll < 0.92) return this.terminate();
    return this.remove();
  }

  private addNode(): readonly string[] {
    const name = this.pick(NAMES);
    // While pods of a node that is gone are there, its name stands for it: it comes back.
    if (this.living().includes(name)) return [];
    const kind = this.pick(NODE_KINDS);
    this.twin.addNode(name, kind);
    this.cluster.addNode(nodeObject(name, kind));
    return [`nodeAdded ${name}`];
  }

  private removeNode(): readonly string[] {
    const living = this.living();
    if (living.length < 3) return [];
    const name = this.pick(living);
    this.twin.removeNode(name);
    this.cluster.removeNode(this.rowOf(name));
    return [`nodeRemoving ${name}`];
  }

  private updateNode(): readonly string[] {
    const living = this.living();
    if (living.length === 0) return [];
    const name = this.pick(living);
    const kind = this.pick(NODE_KINDS);
    const before = this.twin.node(name).kind;
    this.twin.updateNode(name, kind);
    this.cluster.updateNode(this.rowOf(name), nodeObject(name, kind));
    return [`nodeUpdated ${name} from ${before.cpu} cpu`];
  }

  private createPod(): readonly string[] {
    const kind = this.pick(POD_KINDS);
    const pinned = this.dice.next() < 0.2;
    const { cluster } = this;
    this.made++;
    const row = cluster.createPod({
      template: cluster.internTemplate(podObject(kind)).id,
      nameBase: cluster.names.intern(`p${this.made}`),
      nameOrdinal: -1,
      owner: -1,
      workloadClass: 0,
      durationMicros: Infinity,
      pinnedNode: pinned ? cluster.names.intern('n0') : -1,
    });
    this.twin.pods.set(row, { kind, pinned, belief: 'waiting', node: null, terminating: false });
    return [`podCreated ${row}`];
  }

  private assume(): readonly string[] {
    const [waiting, living] = [this.podsThat(({ belief }) => belief === 'waiting'), this.living()];
    if (waiting.length === 0 || living.length === 0) return [];
    const [pod, name] = [this.pick(waiting), this.pick(living)];
    this.twin.attach(pod, name, 'assumed');
    this.cache.assumePod(pod, this.rowOf(name));
    return [`podAssumed ${pod} on ${name}`];
  }

  /** What came of the pod meanwhile is seen now; its place is given up. */
  private forget(): readonly string[] {
    const assumed = this.podsThat(({ belief }) => belief === 'assumed');
    if (assumed.length === 0) return [];
    const pod = this.pick(assumed);
    const name = this.twin.pod(pod).node?.name ?? '';
    const changed = this.cache.pods.template[pod] !== this.cluster.pods.template[pod];
    if (changed) this.twin.renew(pod, this.kindOf(pod));
    this.twin.detach(pod);
    this.cache.forgetPod(pod);
    return [...(changed ? [`podUpdated ${pod}`] : []), `podForgotten ${pod} by ${name}`];
  }

  /** Where the scheduler has chosen, or elsewhere: another scheduler's, a pod that came with its node. */
  private bind(): readonly string[] {
    const open = this.podsThat(({ belief }) => belief !== 'assigned');
    const living = this.living();
    if (open.length === 0 || living.length === 0) return [];
    const pod = this.pick(open);
    const { node: chosen, belief } = this.twin.pod(pod);
    const isElsewhere = belief === 'waiting' || this.dice.next() < 0.3;
    const name = isElsewhere || chosen === null ? this.pick(living) : chosen.name;
    const target = this.rowFor(name);
    const changed = this.cache.pods.template[pod] !== this.cluster.pods.template[pod];
    this.twin.renew(pod, this.kindOf(pod));
    const isMoved = chosen !== null && chosen.name !== name;
    if (isMoved) this.twin.detach(pod);
    if (this.twin.pod(pod).node === null) this.twin.attach(pod, name, 'assigned');
    this.twin.pod(pod).belief = 'assigned';
    if (belief === 'waiting') this.cluster.placePod(pod, target);
    else this.cluster.bindPod(pod, target, chosen?.name === name ? this.cache.devicesOf(pod) : null);
    return [...(changed ? [`podUpdated ${pod}`] : []), ...(isMoved ? [`podForgotten ${pod} by ${chosen.name}`] : []), `podBound ${pod} on ${name}`];
  }

  /** Of a node that may be gone. */
  private rowFor(name: string): number {
    const row = this.cache.nodes.info.findIndex((info: NodeInfo | undefined, at) => info?.name === name && (this.cache.nodes.alive[at] === 1 || info.pods.length > 0));
    expect(row).toBeGreaterThanOrEqual(0);
    return row;
  }

  private update(): readonly string[] {
    const all = this.podsThat(() => true);
    if (all.length === 0) return [];
    const pod = this.pick(all);
    const kind = this.pick(POD_KINDS);
    const before = this.cluster.pods.template[pod];
    const template = this.cluster.internTemplate(podObject(kind));
    const { belief } = this.twin.pod(pod);
    // The API server tells of a waiting pod only what is new.
    if (belief !== 'assumed' && (belief === 'assigned' || before !== template.id)) this.twin.renew(pod, kind);
    this.cluster.updatePod(pod, template.id);
    if (belief === 'assumed') return [];
    if (before === template.id) return belief === 'assigned' ? [`podRewritten ${pod}`] : [];
    return [`podUpdated ${pod}`];
  }

  private start(): readonly string[] {
    const bound = this.podsThat(({ belief }, row) => belief === 'assigned' && this.cluster.pods.phase[row] === PodPhase.Bound);
    if (bound.length === 0) return [];
    const pod = this.pick(bound);
    const { cache } = this;
    const info = cache.nodes.info[cache.pods.node[pod]];
    const { orderVersion } = info;
    this.cluster.acknowledgePod(pod);
    expect(info.orderVersion, 'preemption compares start times').toBeGreaterThan(orderVersion);
    this.twin.renew(pod, this.twin.pod(pod).kind);
    this.cluster.startPod(pod);
    return [`podStarted ${pod}`];
  }

  private terminate(): readonly string[] {
    const calm = this.podsThat(({ terminating }) => !terminating);
    if (calm.length === 0) return [];
    const pod = this.pick(calm);
    const entry = this.twin.pod(pod);
    entry.terminating = true;
    if (entry.belief === 'assigned') this.twin.renew(pod, entry.kind);
    else if (entry.node !== null) entry.node.touched = true;
    this.cluster.terminatePod(pod, EvictionCause.Api);
    return [`podTerminating ${pod}`];
  }

  private remove(): readonly string[] {
    const all = this.podsThat(() => true);
    if (all.length === 0) return [];
    const pod = this.pick(all);
    const name = this.twin.pod(pod).node?.name ?? 'nowhere';
    this.twin.detach(pod);
    this.twin.pods.delete(pod);
    this.cluster.removePod(pod, PodOutcome.Deleted);
    return [`podRemoved ${pod} from ${name}`];
  }

  /** What the API server has. */
  private kindOf(pod: number): PodKind {
    const { id } = this.cluster.templateOf(pod);
    const kind = POD_KINDS.find((each) => this.cluster.internTemplate(podObject(each)).id === id);
    if (kind === undefined) throw new Error(`no kind of template ${id}`);
    return kind;
  }

  private listener(): CacheObserver {
    const { cache, notices } = this;
    const nameOf = (row: number): string => (row < 0 ? 'nowhere' : cache.nodeInfo(row).name);
    return {
      podCreated: (pod) => notices.push(`podCreated ${pod}`),
      podUpdated: (pod) => notices.push(`podUpdated ${pod}`),
      podRewritten: (pod) => notices.push(`podRewritten ${pod}`),
      podAssumed: (pod) => notices.push(`podAssumed ${pod} on ${nameOf(cache.pods.node[pod])}`),
      podForgotten: (pod, node) => notices.push(`podForgotten ${pod} by ${nameOf(node)}`),
      podBound: (pod) => notices.push(`podBound ${pod} on ${nameOf(cache.pods.node[pod])}`),
      podStarted: (pod) => notices.push(`podStarted ${pod}`),
      podTerminating: (pod) => notices.push(`podTerminating ${pod}`),
      podRemoved: (pod, node) => notices.push(`podRemoved ${pod} from ${nameOf(node)}`),
      nodeAdded: (row) => notices.push(`nodeAdded ${nameOf(row)}`),
      nodeUpdated: (row, _changes, before) => notices.push(`nodeUpdated ${nameOf(row)} from ${before.facts.object.status?.allocatable?.['cpu'] ?? ''} cpu`),
      nodeRemoving: (row) => notices.push(`nodeRemoving ${nameOf(row)}`),
    };
  }
}

/** What a NodeInfo says, in the twin's words. */
function sumsOf(cache: SchedulerCache, info: NodeInfo, room: number): NodeSums {
  const requested = (column: number): number => (column < 0 ? 0 : info.requested[info.base + column]);
  return {
    pods: [...info.pods],
    cpuMilli: requested(CPU),
    memoryBytes: requested(MEMORY),
    dongles: requested(cache.resources.find(SCALAR)),
    gpuMilli: requested(cache.resources.find(GPU)),
    nonZeroCpu: info.nonZero[info.nonZeroBase],
    nonZeroMemory: info.nonZero[info.nonZeroBase + 1],
    room,
    workPods: info.workPods,
    withAffinity: info.podsWithAffinity,
    withRequiredAntiAffinity: info.podsWithRequiredAntiAffinity,
    withClaims: info.podsWithClaims,
    ports: [...(info.usedPorts?.values() ?? [])].map(({ port }) => port).sort((a, b) => a - b),
  };
}

/** Of pods that share a port, the first that leaves frees it: the twin knows whose it may be, not whether. */
function expectSame(found: NodeSums, expected: NodeSums, where: string): void {
  expect({ ...found, ports: [] }, where).toEqual({ ...expected, ports: [] });
  expect(expected.ports, where).toEqual(expect.arrayContaining([...found.ports]));
}

function compareNodes({ cache, twin }: Story, where: string): void {
  for (const node of twin.nodes.values()) {
    const row = cache.nodeRow(node.name);
    expect(row >= 0, `${where}: ${node.name} lives`).toBe(node.alive);
    if (row < 0) continue;
    const info = cache.nodeInfo(row);
    const at = `${where}: ${node.name}`;
    expectSame(sumsOf(cache, info, info.nonZero[info.nonZeroBase + FREE_PODS]), twin.sums(node, node.pods), at);
    const offered = (name: string): number => {
      const column = cache.resources.find(name);
      return column < 0 ? 0 : info.allocatable[info.base + column];
    };
    const { kind } = node;
    expect([offered('cpu'), offered(SCALAR), offered(GPU), info.allowedPods], at).toEqual([kind.cpu * 1000, kind.dongles ?? 0, (kind.gpus ?? 0) * 1000, kind.pods]);
    for (const [name, amount] of [[SCALAR, kind.dongles], [GPU, kind.gpus]] as const)
      if (amount !== undefined) expect(cache.nodes.offering.get(cache.resources.find(name)), at).toContain(row);
    for (const key of ['disk', 'rack']) {
      const column = cache.nodes.labelColumn(key);
      const peers = [...twin.nodes.values()].filter((peer) => peer.alive && peer.kind.labels?.[key] === kind.labels?.[key]);
      expect(column.ids[row] === -1, at).toBe(kind.labels?.[key] === undefined);
      for (const peer of peers) expect(column.ids[cache.nodeRow(peer.name)], at).toBe(column.ids[row]);
      const values = new Set([...twin.nodes.values()].flatMap((peer) => (peer.alive ? (peer.kind.labels?.[key] ?? []) : [])));
      expect(column.size).toBeGreaterThanOrEqual(values.size);
    }
    const gpus = kind.gpus ?? 0;
    const held = node.pods.flatMap((pod) => (cache.devicesOf(pod) ?? []).filter((device) => device < gpus).map(() => cache.templateOf(pod).gpu?.milli ?? 0));
    expect([info.devices?.count ?? 0, info.devices?.leftMilli ?? 0], at).toEqual([gpus, held.reduce((left, milli) => left - milli, gpus * 1000)]);
    for (const pod of node.pods) if (twin.pod(pod).kind.gpuMilli === undefined || info.devices === null) expect(cache.devicesOf(pod) ?? []).toEqual([]);
  }
  for (const name of NAMES) if (!twin.nodes.has(name)) expect(cache.nodeRow(name), where).toBe(-1);
  expect(cache.nodeRow('nobody')).toBe(-1);
}

function comparePods({ cache, cluster, twin, counter }: Story, where: string): void {
  const beliefs = { waiting: PodBelief.Waiting, assumed: PodBelief.Assumed, assigned: PodBelief.Assigned };
  for (const [row, pod] of twin.pods) {
    const found = [cache.pods.belief[row], cache.pods.isTerminating(row), cache.templateOf(row).id];
    expect(found, `${where}: pod ${row}`).toEqual([beliefs[pod.belief], pod.terminating, cluster.internTemplate(podObject(pod.kind)).id]);
    expect(cache.pods.node[row] < 0 ? null : cache.nodeInfo(cache.pods.node[row]).name).toBe(pod.node?.name ?? null);
  }
  const { podsPending, podsAssumed, podsWithAffinity, lowestPriority } = cache.totals;
  expect({ pending: podsPending, assumed: podsAssumed, withAffinity: podsWithAffinity, lowestPriority }, where).toEqual(twin.totals());
  const webs = [...twin.nodes.values()].filter(({ alive }) => alive).map(({ name, pods }) => {
    const here = pods.map((row) => twin.pod(row)).filter(({ kind }) => kind.app === 'web');
    return [cache.nodeRow(name), { live: here.filter(({ terminating }) => !terminating).length, terminating: here.filter(({ terminating }) => terminating).length }] as const;
  });
  expect(new Map([...counter.byNode].sort(([a], [b]) => a - b)), where).toEqual(new Map(webs.sort(([a], [b]) => a - b)));
}

/** A cycle begins: nodes by name and what is known of images are as the twin has them. */
function compareSnapshot({ cache, snapshot, twin }: Story, where: string): void {
  const rows = [...twin.nodes.values()].filter(({ alive }) => alive).map(({ name }) => cache.nodeRow(name));
  const textOf = (row: number): string => IMAGES.map((image) => JSON.stringify(snapshot.imageState(cache.nodeInfo(row), image) ?? null)).join();
  const before = rows.map((row) => [textOf(row), snapshot.imagesVersion(row)] as const);
  const { version } = snapshot;
  const told = snapshot.imageChanges.count;
  snapshot.refresh();
  twin.refresh();
  for (const node of twin.nodes.values()) {
    if (node.alive) expect(snapshot.find(node.name)).toBe(cache.nodeInfo(cache.nodeRow(node.name)));
    else expect(snapshot.find(node.name)).toBeUndefined();
    if (!node.alive) continue;
    const info = cache.nodeInfo(cache.nodeRow(node.name));
    for (const image of IMAGES) {
      const known = node.frozen.get(image);
      expect(snapshot.imageState(info, image), `${where}: ${image} on ${node.name}`).toEqual(known);
      const share = known === undefined ? 0 : Math.trunc(known.sizeBytes * (known.nodes / snapshot.nodes.length));
      expect(snapshot.imageSpread(info.row, snapshot.imageNumber(image))).toBe(share);
    }
  }
  const changed = rows.filter((row, at) => textOf(row) !== before[at][0]);
  const versions = rows.filter((row, at) => snapshot.imagesVersion(row) !== before[at][1]);
  expect(versions, where).toEqual(expect.arrayContaining(changed));
  const ring = Array.from({ length: snapshot.imageChanges.count - told }, (_, i) => snapshot.imageChanges.rows[(told + i) & (CHANGE_RING - 1)]);
  expect([...new Set(ring)].sort((a, b) => a - b), where).toEqual([...versions].sort((a, b) => a - b));
  expect(snapshot.version, where).toBeGreaterThanOrEqual(version);
  expect(new Set(snapshot.nodes)).toEqual(new Set(rows.map((row) => cache.nodeInfo(row))));
  expect(snapshot.nodes).toHaveLength(rows.length);
}

/** A copy may be changed freely, and says the same as a node on which this really happened. */
function compareThought(story: Story, where: string): void {
  const { cache, twin, cluster } = story;
  const [name] = story.living();
  const node = twin.node(name);
  const info = cache.nodeInfo(cache.nodeRow(name));
  const copy = info.whatIf(cache.nodes.stride);
  expect([copy.name, copy.labels, copy.allowedPods]).toEqual([info.name, info.labels, info.allowedPods]);
  expect(copy.devices?.left).toEqual(info.devices?.left);
  const rows = [...node.pods];
  const victim = rows.length > 0 ? story.pick(rows) : -1;
  if (victim >= 0) {
    copy.removePod(victim, cluster.templates.get(cache.pods.template[victim]));
    rows[rows.indexOf(victim)] = rows[rows.length - 1];
    rows.pop();
  }
  const guests = story.podsThat(({ belief }) => belief === 'waiting').slice(0, 2);
  for (const guest of guests) copy.addPod(guest, cache.templateOf(guest));
  rows.push(...guests);
  copy.removePod(99_999, cluster.templates.get(0));
  // Only what is bound to a node knows whether it is a daemon's.
  const { room, workPods } = twin.sums(node, rows);
  expectSame({ ...sumsOf(cache, copy, room), workPods }, twin.sums(node, rows), `${where}: a copy of ${name}`);
  expectSame(sumsOf(cache, info, twin.sums(node, node.pods).room), twin.sums(node, node.pods), `${where}: ${name} itself`);
}

/** A scheduler that starts now believes the same of what is bound. */
function compareLateStart({ cluster, twin }: Story): void {
  const late = new SchedulerCache(cluster);
  checkSchedulerCache(late);
  for (const [row, pod] of twin.pods) {
    const isBound = pod.belief === 'assigned';
    expect(late.pods.belief[row]).toBe(isBound ? PodBelief.Assigned : PodBelief.Waiting);
    expect(late.pods.isTerminating(row)).toBe(pod.terminating);
    if (isBound) expect(late.nodeInfo(late.pods.node[row]).name).toBe(pod.node?.name);
  }
  expect(late.totals.podsPending).toBe([...twin.pods.values()].filter(({ belief }) => belief !== 'assigned').length);
}

/** Rows with their versions, to tell what a change has touched. */
function generations({ cache }: Story): Map<NodeInfo, readonly [number, number, number, string]> {
  const { nodes } = cache;
  const rows = nodes.info.filter((info: NodeInfo | undefined): info is NodeInfo => info !== undefined);
  return new Map(rows.map((info) => [info, [nodes.generation[info.row], nodes.factsGeneration[info.row], info.orderVersion, info.pods.join()]]));
}

/** Who changed is told by versions and by the ring; nobody else is. */
function compareVersions(story: Story, before: ReturnType<typeof generations>, notices: readonly string[], ringBefore: number, where: string): void {
  const { nodes } = story.cache;
  const grown: number[] = [];
  for (const [info, [generation, facts, order, pods]] of generations(story)) {
    const [oldGeneration, oldFacts, oldOrder, oldPods] = before.get(info) ?? [nodes.generation[info.row] - 1, 0, 0, ''];
    if (generation > oldGeneration) grown.push(info.row);
    const isFirst = !before.has(info);
    const isAddressed = notices.some((notice) => notice.startsWith('node') && notice.split(' ')[1] === info.name && !notice.startsWith('nodeRemoving'));
    if (!isFirst) expect(facts > oldFacts, `${where}: facts of ${info.name}`).toBe(isAddressed);
    if (pods !== oldPods) expect(generation > oldGeneration || order > oldOrder, `${where}: order of ${info.name}`).toBe(true);
  }
  const ring = Array.from({ length: nodes.changeCount - ringBefore }, (_, i) => nodes.changedRows[(ringBefore + i) & (CHANGE_RING - 1)]);
  expect([...new Set(ring)].sort((a, b) => a - b), where).toEqual(grown.sort((a, b) => a - b));
  expect(notices.filter((notice) => /^node(Added|Updated)/.test(notice)).length, where).toBeLessThanOrEqual(grown.length);
}

test.each(Array.from({ length: 4 }, (_, i) => `cache-${i}`))('%s', (seed) => {
  const story = new Story(seed);
  story.placements.keep(story.counter);
  let changes = 0;
  for (let step = 0; step < 170; step++) {
    const where = `${seed}, step ${step}`;
    const before = generations(story);
    const [ring, count] = [story.cache.nodes.changeCount, story.cache.changeCount];
    story.notices.length = 0;
    const expected = story.step();
    expect(story.notices, where).toEqual(expected);
    if (expected.length > 0) expect(story.cache.changeCount, where).toBeGreaterThan(count);
    changes += expected.length;
    compareVersions(story, before, expected, ring, where);
    compareNodes(story, where);
    comparePods(story, where);
    checkSchedulerCache(story.cache);
    if (step % 3 === 0) compareSnapshot(story, where);
    if (step % 5 === 0 && story.living().length > 0) compareThought(story, where);
  }
  compareLateStart(story);
  expect(changes).toBeGreaterThan(80);
  expect(story.counter.labelChanges).toBeGreaterThan(2);
});
