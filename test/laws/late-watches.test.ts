// Whoever is told late is told the same as one who is told at once: every notice, in order, with what was so when it
// happened, when its delay has passed and never before the one ahead of it. No row means something else meanwhile.
import { expect, test } from 'vitest';
import { Cluster, EvictionCause, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import type { Node, Pod } from '../../src/cluster/objects.ts';
import type { ClusterObserver, SeenCluster } from '../../src/cluster/observer.ts';
import { LateCluster, drawnDelays, inOrder, kubeletWatches, lateClusterOf } from '../../src/control-plane/late-cluster.ts';
import { LateWatch } from '../../src/control-plane/late-watch.ts';
import { WorkloadKind } from '../../src/cluster/workload-table.ts';
import type { Distribution } from '../../src/kernel/distribution.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { onTime } from '../../src/scheduler/cache/scheduler-cache.ts';

const GPU = 'alibabacloud.com/gpu-milli';
const PODS: readonly Pod[] = [
  { metadata: { namespace: 'default' }, spec: { containers: [{ name: 'main' }] } },
  { metadata: { namespace: 'default', labels: { app: 'web' } }, spec: { containers: [{ name: 'main', resources: { requests: { cpu: '1' } } }] } },
  { metadata: { namespace: 'team' }, spec: { containers: [{ name: 'main', resources: { requests: { [GPU]: '500' } } }] } },
  { metadata: { namespace: 'team', labels: { app: 'web' } }, spec: { containers: [{ name: 'main', resources: { requests: { [GPU]: '500' } } }] } },
];
const CAUSES = Object.values(EvictionCause);

const nodeObject = (name: string, cpu: number): Node => ({ metadata: { name, labels: { cpu: `c${cpu}` } }, status: { allocatable: { cpu: `${cpu}`, pods: '99', [GPU]: '4000' } } });

/** Every notice in words, with what whoever hears it sees then. */
function told(log: string[], now: () => number, seen: SeenCluster): ClusterObserver {
  const say = (text: string): void => void log.push(`${now()} ${text}`);
  const podText = (pod: number): string => {
    const { template, node, acknowledgedAt } = seen.pods;
    return `${pod} of ${template[pod]} on ${node[pod]} since ${acknowledgedAt[pod]} with ${node[pod] < 0 ? '' : seen.heldDevices(pod).join('+')}`;
  };
  const nodeText = (node: number): string => `${seen.nodes.facts[node].name} ${JSON.stringify(seen.nodes.facts[node].object.status?.allocatable)}`;
  return {
    podCreated: (pod) => say(`created ${podText(pod)}`),
    podUpdated: (pod, before) => say(`updated ${podText(pod)} from ${before.id}`),
    podBound: (pod) => say(`bound ${podText(pod)} to ${nodeText(seen.pods.node[pod])}`),
    podAcknowledged: (pod) => say(`acknowledged ${podText(pod)}`),
    podStarted: (pod) => say(`started ${podText(pod)}`),
    podTerminating: (pod) => say(`terminating ${podText(pod)} cause ${seen.pods.cause[pod]}`),
    podRemoved: (pod, node, phase, outcome) => say(`removed ${podText(pod)} from ${node} in ${phase} as ${outcome} cause ${seen.pods.cause[pod]}`),
    nodeAdded: (node) => say(`node ${nodeText(node)}`),
    nodeUpdated: (node, changes, before) => say(`node now ${nodeText(node)} was ${JSON.stringify(before.facts.object.status?.allocatable)} ${changes}`),
    nodeRemoving: (node) => say(`node goes ${nodeText(node)}`),
    objectChanged: (kind, action, object, before) => say(`${action} ${kind} ${JSON.stringify(object)} was ${JSON.stringify(before)} of ${seen.objects.count(kind)}`),
  };
}

/** What only a late cluster tells. */
function alsoTold(log: string[], now: () => number, cluster: Cluster): ClusterObserver {
  const say = (text: string): void => void log.push(`${now()} ${text}`);
  return {
    podInterrupted: (pod, lost) => say(`interrupted ${pod} lost ${lost}`),
    podReadyChanged: (pod, ready) => say(`ready ${pod} ${ready}`),
    podContainerFailed: (pod, code, lost) => say(`failed ${pod} ${code} ${lost} restarts ${cluster.pods.isReady(pod)}`),
    podContainerRestarted: (pod) => say(`restarted ${pod}`),
    endedPodTerminating: (pod) => say(`ended and going ${pod} since ${cluster.pods.deletionAt[pod]}`),
    podDeleted: (pod) => say(`deleted ${pod}`),
    podCounted: (pod) => say(`counted ${pod}`),
    workloadStood: (row) => say(`stood ${cluster.workloads.key[row]}`),
    workloadChanged: (row, change) => say(`workload ${cluster.workloads.key[row]} ${change} ${JSON.stringify(cluster.workloads.stateOf(row))}`),
    nodeHealthChanged: (node, up) => say(`health ${node} ${up}`),
  };
}

class Course {
  readonly kernel: Kernel;
  readonly cluster: Cluster;
  private readonly dice;
  private made = 0;

  constructor(seed: string) {
    this.kernel = new Kernel({ seed });
    this.cluster = new Cluster(this.kernel);
    this.dice = this.kernel.random.stream('course', 'verbs');
  }

  roll(sides: number): number {
    return Math.floor(this.dice.next() * sides);
  }

  /** One verb a turn, turns 0 to 3 microseconds apart. */
  play(turns: number): void {
    const act = this.kernel.defineEvent('act', 2, () => this.act());
    for (let turn = 0, at = 1; turn < turns; turn++, at += this.roll(4)) this.kernel.at(at, act);
  }

  private act(): void {
    const roll = this.roll(20);
    if (roll < 2) this.nodeVerb();
    else if (roll < 3) this.objectVerb();
    else if (roll < 5) this.workloadVerb();
    else if (roll < 9 || this.rows().length === 0) this.create();
    else this.podVerb();
  }

  private rows(): number[] {
    const { pods } = this.cluster;
    return Array.from({ length: pods.length }, (_, row) => row).filter((row) => pods.phase[row] !== PodPhase.Free);
  }

  private create(): void {
    const { cluster } = this;
    const seed = { nameBase: cluster.names.intern('p'), nameOrdinal: this.made++, owner: this.roll(2) === 0 ? -1 : (this.workloads()[0] ?? -1), workloadClass: 0, durationMicros: 7e6, pinnedNode: -1 };
    cluster.createPod({ ...seed, template: cluster.internTemplate(PODS[this.roll(4)]).id, tracked: this.roll(2) === 0 });
  }

  private nodeVerb(): void {
    const { cluster } = this;
    const name = `n${this.roll(4)}`;
    const row = cluster.nodeRow(name);
    const isThere = row >= 0 && cluster.nodes.alive[row] === 1;
    const roll = this.roll(4);
    if (!isThere) cluster.addNode(nodeObject(name, 4 + this.roll(4)), `pool-${this.roll(2)}`);
    else if (roll === 0) cluster.removeNode(row);
    else if (roll === 1) cluster.setNodeHealth(row, cluster.nodes.up[row] === 0);
    else cluster.updateNode(row, nodeObject(name, 4 + this.roll(4)));
  }

  private workloads(): number[] {
    const { workloads } = this.cluster;
    return Array.from({ length: workloads.length }, (_, row) => row).filter((row) => workloads.used[row] !== 0);
  }

  private workloadVerb(): void {
    const { cluster } = this;
    const { workloadWriter: writer, workloads } = cluster;
    const rows = this.workloads();
    const row = rows[this.roll(rows.length)];
    const name = `w${this.made++}`;
    const object = { kind: 'ReplicaSet', metadata: { name, namespace: 'default' }, spec: { replicas: this.roll(9) } };
    const seed = { kind: WorkloadKind.ReplicaSet, object, key: `default/${name}`, parent: -1, wanted: this.roll(9), template: -1, workloadClass: 0, nameBase: cluster.names.intern(name), podMicros: Infinity, details: null };
    const verb = this.roll(8);
    const isOwner = this.rows().some((pod) => cluster.pods.owner[pod] === row);
    if (rows.length < 2) writer.create(seed);
    else if (verb === 0) writer.stand({ ...seed, object: null });
    else if (verb === 1) writer.create(seed);
    else if (verb === 2 && !isOwner && workloads.isObject(row)) writer.remove(row);
    else if (verb === 3) writer.delete(row);
    else if (verb === 4) writer.update(row, object, this.roll(9));
    else if (verb === 5) writer.scale(row, this.roll(9));
    else writer.writeStatus(row, { replicas: this.roll(5), ready: this.roll(5), available: this.roll(5) });
  }

  private objectVerb(): void {
    const name = `q${this.roll(3)}`;
    if (this.roll(3) === 0) this.cluster.removeObject('PriorityClass', name);
    else this.cluster.putObject('PriorityClass', { kind: 'PriorityClass', metadata: { name, labels: { v: `${this.roll(9)}` } } });
  }

  private podVerb(): void {
    const { cluster } = this;
    const { pods } = cluster;
    const rows = this.rows();
    const pod = rows[this.roll(rows.length)];
    const roll = this.roll(10);
    const phase = pods.phase[pod];
    const nodes = Array.from({ length: cluster.nodes.length }, (_, row) => row).filter((row) => cluster.nodes.alive[row] === 1);
    if (pods.hasEnded(pod)) {
      if (pods.isTracked(pod) && roll < 5) cluster.countPod(pod);
      else if (roll < 8 && !pods.isTerminating(pod)) cluster.terminatePod(pod, EvictionCause.Api, cluster.now + 3);
      else cluster.removePod(pod, PodOutcome.Deleted);
    } else if (roll === 0) cluster.removePod(pod, [PodOutcome.Deleted, PodOutcome.Evicted][this.roll(2)]);
    else if (roll === 1) cluster.terminatePod(pod, CAUSES[this.roll(CAUSES.length)], cluster.now - this.roll(2));
    // The GPUs of a pod stay as they are.
    else if (roll === 2) cluster.updatePod(pod, cluster.internTemplate(PODS[(cluster.templateOf(pod).gpu === null ? 0 : 2) + this.roll(2)]).id);
    else if (phase === PodPhase.Pending && nodes.length > 0) cluster[this.roll(2) === 0 ? 'placePod' : 'bindPod'](pod, nodes[this.roll(nodes.length)]);
    else if (phase === PodPhase.Bound) {
      if (Number.isNaN(pods.acknowledgedAt[pod])) cluster.acknowledgePod(pod);
      else cluster.startPod(pod, this.roll(2) === 0);
    } else if (phase === PodPhase.Running) this.runningVerb(pod, roll);
  }

  private runningVerb(pod: number, roll: number): void {
    const { cluster } = this;
    const ends = [{ phase: PodPhase.Succeeded, outcome: PodOutcome.Succeeded }, { phase: PodPhase.Failed, outcome: PodOutcome.Failed, exitCode: 42 }, { phase: PodPhase.Failed, outcome: PodOutcome.Evicted, cause: EvictionCause.Preemption, staysReady: true }] as const;
    if (roll < 5) cluster.setPodReady(pod, !cluster.pods.isReady(pod));
    else if (roll < 6) cluster.interruptPod(pod);
    else cluster.endPod(pod, ends[this.roll(3)]);
  }
}

/** When each change of a log was to be shown, by the delays that were drawn. */
function shownAt(log: readonly string[], delays: readonly number[]): string[] {
  let due = 0;
  return log.map((line, i) => {
    const [at, ...words] = line.split(' ');
    due = Math.max(due, Number(at) + delays[i]);
    return `${due} ${words.join(' ')}`;
  });
}

test.each([['late-0', 9], ['late-1', 1], ['late-2', 3000]])('a late watch (%s, delays below %i)', (seed, most) => {
  const course = new Course(seed);
  const { kernel, cluster } = course;
  const [atOnce, late]: [string[], string[]] = [[], []];
  /** Of the notices that are told; the end of an object alone is not. */
  const delays: number[] = [];
  let lastDelay = 0;
  cluster.observe(told(atOnce, () => kernel.now, onTime(cluster).seen));
  const dice = kernel.random.stream('course', 'delays');
  const watch = new LateWatch(kernel, cluster, {
    name: 'test',
    phase: 4,
    showsAfter: inOrder(kernel, () => {
      lastDelay = Math.floor(dice.next() * most);
      if (atOnce.length > delays.length) delays.push(lastDelay);
      return lastDelay;
    }),
  });
  watch.observe(told(late, () => kernel.now, watch.seen));
  const taken = new Set<number>();
  cluster.observe({ podCreated: (pod) => { expect(taken.has(pod), 'a row stands for one pod until its end is shown').toBe(false); }, podRemoved: (pod) => taken.add(pod) });
  watch.observe({ podRemoved: (pod) => taken.delete(pod) });
  course.play(500);
  kernel.run();
  expect(watch.pendingCount).toBe(0);
  expect(lastDelay).toBeLessThan(most);
  expect(late.map((line) => line.replace(/^\d+ /, ''))).toEqual(atOnce.map((line) => line.replace(/^\d+ /, '')));
  const times = (log: readonly string[]): number[] => log.map((line) => Number(line.split(' ')[0]));
  const [shown, least] = [times(late), times(shownAt(atOnce, delays))];
  shown.forEach((at, i) => {
    expect(at, late[i]).toBeGreaterThanOrEqual(least[i]);
    if (i > 0) expect(at).toBeGreaterThanOrEqual(shown[i - 1]);
  });
  expect(watch.lastShownAt).toBeGreaterThanOrEqual(shown[shown.length - 1]);
  expect(atOnce.length).toBeGreaterThan(280);
});

test.each([['view-0', 9], ['view-1', 1], ['view-2', 2000]])('a late cluster (%s, delays below %i)', (seed, most) => {
  const course = new Course(seed);
  const { kernel, cluster } = course;
  const [atOnce, late]: [string[], string[]] = [[], []];
  let shows = 0;
  const dice = kernel.random.stream('course', 'delays');
  let lastDueAt = 0;
  const dueAt: number[] = [];
  const both = (log: string[], now: () => number, of: Cluster): void => {
    of.observe(told(log, now, onTime(of).seen));
    of.observe(alsoTold(log, now, of));
  };
  both(atOnce, () => kernel.now, cluster);
  const view = new LateCluster(kernel, cluster, {
    name: 'test',
    phase: 4,
    showsAfter: () => {
      lastDueAt = Math.max(lastDueAt, kernel.now + Math.floor(dice.next() * most));
      dueAt[kernel.now] = lastDueAt;
      return lastDueAt - kernel.now;
    },
  });
  // A view's clock stands where what is shown has happened.
  both(late, () => view.view.now, view.view);
  const shownAt: number[] = [];
  view.view.observe({ podCreated: () => shownAt.push(kernel.now) });
  view.onShown = () => { shows++; };
  course.play(500);
  while (kernel.run({ until: kernel.now + 150 }) !== undefined && view.pendingCount > 0) view.check();
  kernel.run();
  view.check();
  expect([view.pendingCount, view.notedCount]).toEqual([0, view.shownCount]);
  expect(view.view.now).toBe(kernel.now);
  expect(late).toEqual(atOnce);
  const created = atOnce.filter((line) => /^\d+ created /.test(line)).map((line) => dueAt[Number(line.split(' ')[0])]);
  expect(shownAt).toEqual(created);
  expect(shows).toBeGreaterThan(0);
  expect(shows).toBeLessThanOrEqual(view.shownCount);
});

test('a late watch that begins with what is there shows it, and keeps it until it has shown otherwise', () => {
  const kernel = new Kernel({ seed: 'begun' });
  const cluster = new Cluster(kernel);
  const create = (template: Pod): number => cluster.createPod({ template: cluster.internTemplate(template).id, nameBase: cluster.names.intern('p'), nameOrdinal: -1, owner: -1, workloadClass: 0, durationMicros: Infinity, pinnedNode: -1 });
  const node = cluster.addNode(nodeObject('n', 4));
  cluster.putObject('PriorityClass', { kind: 'PriorityClass', metadata: { name: 'high' } });
  const [bound, waiting] = [create(PODS[2]), create(PODS[0])];
  cluster.placePod(bound, node);
  cluster.acknowledgePod(bound, 3);
  const watch = new LateWatch(kernel, cluster, { name: 'test', phase: 4, showsAfter: () => 10 });
  const seen = (): unknown => {
    const { pods, nodes, objects } = watch.seen;
    return [bound, waiting].map((pod) => [pods.template[pod], pods.node[pod], pods.acknowledgedAt[pod], pods.cause[pod], watch.seen.heldDevices(pod)]).concat([[nodes.facts[node].object.status?.allocatable, objects.count('PriorityClass')]] as never);
  };
  const before = seen();
  expect(before).toEqual([[0, node, 3, 0, [0]], [1, -1, NaN, 0, []], [nodeObject('n', 4).status?.allocatable, 1]]);
  cluster.terminatePod(bound, EvictionCause.Api);
  cluster.acknowledgePod(bound, 5);
  cluster.updatePod(bound, cluster.internTemplate(PODS[3]).id);
  cluster.removePod(bound, PodOutcome.Deleted);
  cluster.placePod(waiting, node);
  cluster.updateNode(node, nodeObject('n', 8));
  cluster.removeObject('PriorityClass', 'high');
  expect(seen()).toEqual(before);
  kernel.run();
  expect(seen()).toEqual([[2, -1, 5, EvictionCause.Api, []], [1, node, NaN, 0, []], [nodeObject('n', 8).status?.allocatable, 0]]);
});

test('what happens later is never shown before what happened first', () => {
  const kernel = new Kernel({ seed: 'order' });
  const delays = [50, 10, 0, 3, 90, 1];
  const showsAfter = inOrder(kernel, () => delays.shift() ?? 0);
  const shown: number[] = [];
  const event = kernel.defineEvent('happens', 2, () => shown.push(kernel.now + showsAfter()));
  for (const at of [0, 5, 49, 60, 61, 200]) kernel.at(at, event);
  kernel.run();
  expect(shown).toEqual([50, 50, 50, 63, 151, 201]);
});

test('each kubelet has a watch of its own, by the name of its node; without delay there is none', () => {
  const delaysOf = (): readonly unknown[] => {
    const kernel = new Kernel({ seed: 'kubelets' });
    const cluster = new Cluster(kernel);
    const rows = ['a', 'b'].map((name) => cluster.addNode(nodeObject(name, 4)));
    const spread: Distribution = { kind: 'uniform', min: 0, max: 10, atLeast: null, atMost: null };
    expect([kubeletWatches(kernel, cluster, null), lateClusterOf(kernel, cluster, 'x', null, 4)]).toEqual([null, null]);
    const watches = kubeletWatches(kernel, cluster, spread);
    const drawn = drawnDelays(new Kernel({ seed: 'kubelets' }), 'kubelet/b', spread);
    const [first, other] = [watches?.(rows[0]), watches?.(rows[1])];
    // Of one watch nothing overtakes: in the same instant the later is shown no earlier.
    const again = Array.from({ length: 9 }, () => watches?.(rows[0]) ?? -1);
    expect([...again].sort((a, b) => a - b)).toEqual(again);
    expect(again[0]).toBeGreaterThanOrEqual(first ?? Infinity);
    expect(other).toBe(drawn());
    return [first, other, ...again];
  };
  const [one, two] = [delaysOf(), delaysOf()];
  expect(one).toEqual(two);
  expect(one[0]).not.toBe(one[1]);
});
