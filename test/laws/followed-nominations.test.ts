/**
 * What follows changes of nominations and nodes, against the same found out anew: which nodes have nominated pods, what
 * those nodes say, on which nodes preemption is hopeless, which nodes the dry run is about, and which node it chooses.
 */
import { expect, test } from 'vitest';
import { Cluster, PodOutcome } from '../../src/cluster/cluster.ts';
import type { KubernetesVersion } from '../../src/cluster/kubernetes-versions.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import type { NodeInfo } from '../../src/scheduler/cache/node-info.ts';
import { HopelessNodes } from '../../src/scheduler/fast/hopeless-nodes.ts';
import { NominatedNodes } from '../../src/scheduler/fast/nominated-nodes.ts';
import { Trials } from '../../src/scheduler/fast/trials.ts';
import type { Trial } from '../../src/scheduler/fast/trials.ts';
import { NominatedVerdicts } from '../../src/scheduler/fast/nominated-verdicts.ts';
import { CycleState } from '../../src/scheduler/framework/cycle-state.ts';
import type { Handle, NodeBits, NodeStatuses } from '../../src/scheduler/framework/plugin-api.ts';
import { PodInfo } from '../../src/scheduler/framework/pod-info.ts';
import { statusMessage, unschedulable } from '../../src/scheduler/framework/status.ts';
import type { Status } from '../../src/scheduler/framework/status.ts';
import { dryRunMemory, indexedDryRun, listedDryRun } from '../../src/scheduler/preemption/candidates.ts';
import type { ChoosingDryRun } from '../../src/scheduler/preemption/candidates.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import { churnScheduler } from '../support/churn-scheduler.ts';

const NODES = 40;
const FULL = unschedulable('NodeResourcesFit', 'Insufficient cpu');

/** A cluster of which a stream changes something at each step, and its scheduler, which decides on nothing. */
function changingCluster(seed: string, kubernetes: KubernetesVersion = '1.37') {
  const kernel = new Kernel({ seed });
  const cluster = new Cluster(kernel, kubernetes);
  const dice = kernel.random.stream('changes');
  const roll = (count: number): number => Math.floor(dice.next() * count);
  const configuration = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
  const registry = pluginRegistry();
  const { scheduler } = churnScheduler(kernel, cluster, { plain: false, configuration, registry, reapMicros: 1 });
  const { cache, snapshot, queue: { nominator } } = scheduler;
  const profile = scheduler.profiles.get('default-scheduler');
  if (profile === undefined) throw new Error('there is a default profile');
  let made = 0;
  const gone: string[] = [];
  const addNode = (): void => void cluster.addNode({
    metadata: { name: (roll(2) === 0 ? undefined : gone.pop()) ?? `n${made++}` },
    status: { allocatable: { cpu: '2', memory: '8Gi', pods: made % 3 === 0 ? '2' : '8' } },
  });
  for (let i = 0; i < NODES; i++) addNode();
  const template = (priority: number, requests: Readonly<Record<string, string>>): number => {
    const containers = [{ name: 'c', image: 'i', resources: { requests } }];
    return cluster.internTemplate({ metadata: {}, spec: { containers, priority } }).id;
  };
  const templates = [0, 100, 200].map((priority) => template(priority, { cpu: '700m' }));
  const residents = [0, 100, 200].flatMap((priority) => [{ cpu: '700m' }, { cpu: '1500m', memory: '3Gi' }, {}].map(
    (requests) => template(priority, requests as Readonly<Record<string, string>>),
  ));
  const seedOf = { owner: -1, workloadClass: 0, durationMicros: Infinity, pinnedNode: -1, nominatedNode: -1 };
  const create = (ordinal: number, among: readonly number[] = templates): number => cluster.createPod({
    template: among[ordinal % among.length], nameBase: cluster.names.intern('p'), nameOrdinal: ordinal, ...seedOf,
  });
  const waiting = Array.from({ length: 60 }, (_, index) => create(index));
  const bound: number[] = [];
  const alive = (): number[] => snapshot.nodes.map(({ row }) => row);
  const change = (): void => {
    const rows = alive();
    const row = rows[roll(rows.length)];
    const what = roll(11);
    if (what < 4) nominator.add(waiting[roll(waiting.length)], roll(8) === 0 ? 'nowhere' : cache.nodeInfo(row).name);
    else if (what < 5) nominator.remove(waiting[roll(waiting.length)]);
    else if (what < 6) nominator.refresh(waiting[roll(waiting.length)]);
    else if (what < 8 && bound.length < 70) {
      const pod = create(1000 + roll(9), residents);
      cluster.bindPod(pod, row);
      bound.push(pod);
    } else if (what === 10) {
      const pod = bound[roll(bound.length)];
      if (pod !== undefined) cluster.acknowledgePod(pod, roll(4) * 1_000_000);
    } else if (what < 9 && bound.length > 0)
      cluster.removePod(bound.splice(roll(bound.length), 1)[0], PodOutcome.Succeeded);
    else if (roll(3) === 0 && rows.length > NODES / 2 && cache.nodeInfo(row).pods.length === 0) {
      gone.push(cache.nodeInfo(row).name);
      cluster.removeNode(row);
    } else if (roll(3) === 0 && rows.length < NODES) addNode();
    snapshot.refresh();
  };
  /** Changes of one node, or of what is nominated to it, of which more are made than is remembered. */
  const spin = (what: 'node' | 'nominations'): void => {
    const [row] = alive();
    nominator.add(waiting[0], cache.nodeInfo(row).name);
    for (let i = 0; i < 1100 && what === 'nominations'; i++) nominator.refresh(waiting[0]);
    for (let i = 0; i < 2100 && what === 'node'; i++) {
      const pod = create(5000 + i);
      cluster.bindPod(pod, row);
      cluster.removePod(pod, PodOutcome.Succeeded);
    }
  };
  const changeRound = (round: number): void => {
    for (let i = roll(4); i > 0; i--) change();
    if (round % 20 === 9) spin('node');
    if (round % 20 === 19) spin('nominations');
  };
  snapshot.refresh();
  return { cluster, scheduler, cache, snapshot, nominator, profile, templates, waiting, roll, changeRound };
}

test.each(['a', 'b', 'c'])('nodes with nominated pods say the same as when all of them are asked (%s)', (seed) => {
  const { cache, snapshot, nominator, profile, waiting, roll, changeRound } = changingCluster(seed);
  const verdicts = new NominatedVerdicts(cache, snapshot);
  const rows = new NominatedNodes(cache, snapshot);
  const pod = new PodInfo(cache, -1);
  const kept: (readonly [ReadonlyMap<number, Status>, string])[] = [];
  const textOf = (map: ReadonlyMap<number, Status>): string =>
    JSON.stringify([...map].sort(([a], [b]) => a - b).map(([row, { reasons }]) => [row, reasons]));
  let rejected = 0;
  for (let round = 0; round < 400; round++) {
    changeRound(round);
    rows.bringUpToDate(nominator.byNode(), nominator);
    const nominated = [...nominator.byNode().keys()].flatMap((name) => snapshot.find(name)?.row ?? []);
    expect([...rows.rows].sort((a, b) => a - b)).toEqual(nominated.sort((a, b) => a - b));
    pod.row = waiting[roll(waiting.length)];
    const known = verdicts.rejections(profile, new CycleState(), pod, true);
    const asked = verdicts.rejections(profile, new CycleState(), pod, false);
    if (known === null || asked === null) throw new Error('no filter gives an error');
    expect(textOf(known)).toBe(textOf(asked));
    rejected += known.size;
    kept.push([known, textOf(known)]);
  }
  expect(rejected).toBeGreaterThan(400);
  // What was handed out is not changed afterwards.
  for (const [map, text] of kept) expect(textOf(map)).toBe(text);
});

test.each(['a', 'b', 'c'])('preemption is hopeless on the same nodes as when all are looked at (%s)', (seed) => {
  const { scheduler, cache, snapshot, nominator, profile, waiting, roll, changeRound } = changingCluster(seed);
  const followed = new HopelessNodes(cache);
  const rows = new NominatedNodes(cache, snapshot);
  const pod = new PodInfo(cache, -1);
  const handle = {
    cluster: cache,
    snapshot,
    decidingFilter: (template: Parameters<typeof profile.decidingFilter>[0]) => profile.decidingFilter(template),
    nominations: () => nominator.byNode(),
    nominationCount: () => nominator.size,
    nominationLog: () => nominator,
  } as unknown as Handle;
  const cycle = { ofNode: () => FULL } as unknown as NodeStatuses;
  const lowest = ({ pods }: NodeInfo): number =>
    pods.reduce((least, other) => Math.min(least, cache.templateOf(other).priority), Infinity);
  let list: readonly NodeInfo[] = snapshot.nodes;
  let hopeless = 0;
  for (let round = 0; round < 400; round++) {
    changeRound(round);
    const left = new Set(snapshot.nodes);
    for (let i = roll(6); i > 0; i--) left.delete(snapshot.nodes[roll(snapshot.nodes.length)]);
    if (roll(3) > 0 || list.some((node) => !snapshot.nodes.includes(node))) list = [...left];
    rows.bringUpToDate(nominator.byNode(), nominator);
    pod.row = waiting[roll(waiting.length)];
    const [known, anew] = [followed, new HopelessNodes(cache)].map((nodes) => {
      const tries = nodes.triesAmong(handle, new CycleState(), pod, cycle, list, rows, lowest);
      if (tries === null) throw new Error('the filter of resources decides');
      const tried: number[] = [];
      for (let i = tries.next(0); i < list.length; i = tries.next(i + 1)) tried.push(i);
      return { tried, why: list.map((node) => tries.why(node)?.reasons), counts: new Map(tries.counts) };
    });
    expect(known.tried).toEqual(anew.tried);
    // With the pods that are nominated to it a node may say anything.
    for (const [index, { name }] of list.entries())
      if (nominator.podsOf(name).length > 0) expect(known.tried).toContain(index);
    expect(known.why).toEqual(anew.why);
    expect(new Map([...known.counts].map(([{ reasons }, count]) => [reasons[0], count])))
      .toEqual(new Map([...anew.counts].map(([{ reasons }, count]) => [reasons[0], count])));
    hopeless += list.length - known.tried.length;
  }
  expect(hopeless).toBeGreaterThan(400);
  expect(scheduler.decisions).toBe(0);
});

test.each(['a', 'b'])('a trial is known as long as when each node is asked for its nominations (%s)', (seed) => {
  const { cache, snapshot, nominator, waiting, roll, changeRound } = changingCluster(seed);
  const rows = new NominatedNodes(cache, snapshot);
  const pod = new PodInfo(cache, -1);
  const handle = {
    asksNodeOnly: () => true,
    nominatedPods: (name: string) => nominator.podsOf(name),
  } as unknown as Handle;
  const [following, asking] = [new Trials(cache), new Trials(cache)];
  const seen = { known: 0, unknown: 0 };
  for (let round = 0; round < 400; round++) {
    changeRound(round);
    rows.bringUpToDate(nominator.byNode(), nominator);
    pod.row = waiting[roll(waiting.length)];
    const [followed, asked] = [following.of(handle, pod, rows), asking.of(handle, pod, null)];
    for (const node of snapshot.nodes) {
      const known = followed?.find(node);
      expect(known).toBe(asked?.find(node));
      if (known === undefined) {
        seen.unknown++;
        const trial: Trial = { nodeName: node.name, victims: [round], pdbViolations: 0, merits: [] };
        followed?.keep(node, trial);
        asked?.keep(node, trial);
      } else seen.known++;
    }
  }
  expect(Math.min(seen.known, seen.unknown)).toBeGreaterThan(400);
});

/** Some nodes of a snapshot as bits. */
function bitsOf({ nodes, rows, positionOf }: ReturnType<typeof changingCluster>['snapshot'], some: readonly NodeInfo[]): NodeBits {
  const words = new Int32Array((nodes.length >> 5) + 1);
  for (const { row } of some) words[positionOf[row] >> 5] |= 1 << (positionOf[row] & 31);
  return { words, count: some.length, rows, positionOf };
}

test.each([['a', '1.36'], ['b', '1.37'], ['c', '1.37']] as const)('a dry run over bits chooses as one over a list, without memory, that asks every filter (%s, %s)', (seed, kubernetes) => {
  const { cache, snapshot, nominator, profile, waiting, roll, changeRound } = changingCluster(seed, kubernetes);
  const pod = new PodInfo(cache, -1);
  const plain = {
    cluster: cache,
    snapshot,
    nominatedPods: (name: string) => nominator.podsOf(name),
    nominations: () => nominator.byNode(),
    nominationCount: () => nominator.size,
    filterWithNominatedPods: profile.runFilterWithNominatedPods.bind(profile),
    runPreFilterAddPod: profile.runPreFilterAddPod.bind(profile),
    runPreFilterRemovePod: profile.runPreFilterRemovePod.bind(profile),
  } as unknown as Handle;
  const fast = {
    ...plain,
    nominationLog: () => nominator,
    asksNodeOnly: () => true,
    decidingRoom: profile.decidingRoom.bind(profile),
  } as unknown as Handle;
  const memory = dryRunMemory(cache);
  const said = { chosen: 0, byRoom: 0, nowhere: 0 };
  const byRoom = memory.byRoom.on.bind(memory.byRoom);
  memory.byRoom.on = (...given) => {
    const found = byRoom(...given);
    if (found !== null) said.byRoom++;
    return found;
  };
  for (let round = 0; round < 600; round++) {
    changeRound(round);
    pod.row = waiting[roll(waiting.length)];
    // Some rounds are about few nodes, where often no one has pods to take off.
    const share = 1 + roll(8);
    const some = snapshot.nodes.filter(() => roll(8) < share);
    if (some.length === 0) continue;
    const state = new CycleState();
    profile.runPreFilter(state, pod);
    const listed = bitsOf(snapshot, some);
    const cycle = { ofNode: () => FULL, unschedulable: () => some, unschedulableBits: () => listed } as unknown as NodeStatuses;
    const limits = { candidates: 1 + roll(some.length), offset: roll(some.length) };
    const textOf = (run: ChoosingDryRun | null): unknown => {
      if (run === null) throw new Error('the filters look at the node alone');
      const chosen = run.choose(limits);
      if (chosen !== null) return chosen;
      const counts: Record<string, number> = {};
      for (const [status, count] of run.rejections()) counts[statusMessage(status)] = (counts[statusMessage(status)] ?? 0) + count;
      said.nowhere++;
      return [run.nodes, counts];
    };
    const wanted = textOf(listedDryRun(plain, state, pod, cycle, dryRunMemory(cache)));
    expect(textOf(indexedDryRun(fast, state, pod, cycle, memory))).toEqual(wanted);
    if (!Array.isArray(wanted)) said.chosen++;
  }
  expect(Math.min(said.chosen, said.byRoom, said.nowhere)).toBeGreaterThan(40);
});
