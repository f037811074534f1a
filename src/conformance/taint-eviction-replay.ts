/**
 * The recorded suite taint-eviction, played by the controllers of a run: zone health, mirrored taints, timers, whole
 * courses.
 */
import { MICROS_PER_SECOND, microsFromSeconds } from '../base/time.ts';
import { Cluster } from '../cluster/cluster.ts';
import type { Node, Taint, Toleration } from '../cluster/objects.ts';
import { NodeLifecycle } from '../controllers/node-lifecycle.ts';
import { mirroredTaints, withReadyStatus } from '../controllers/node-taints.ts';
import { TaintEviction } from '../controllers/taint-eviction.ts';
import { zoneRate, zoneState } from '../controllers/zone-queues.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { NodeLifecycleSettings } from '../controllers/settings.ts';
import type { Fields, SuiteReplay } from './recorded-fields.ts';

export const TAINT_EVICTION_SUITE: SuiteReplay = {
  suite: 'taint-eviction',
  kinds: {
    zoneState: { got: replayZoneState },
    noSchedule: { got: replayNoSchedule },
    eviction: { got: replayEviction },
    lifecycle: { got: replayLifecycle },
  },
};

/** kube-controller-manager's own. */
const DEFAULTS: NodeLifecycleSettings = {
  monitorPeriodMicros: 5 * MICROS_PER_SECOND,
  monitorGraceMicros: 50 * MICROS_PER_SECOND,
  leaseRenewMicros: 10 * MICROS_PER_SECOND,
  evictionRatePerSecond: 0.1,
  secondaryEvictionRatePerSecond: 0.01,
  largeClusterThreshold: 50,
  unhealthyZoneThreshold: 0.55,
  defaultTolerationSeconds: 300,
};

function replayZoneState(input: Fields): Fields {
  const ready = Number(input.ready);
  const notReady = Number(input.notReady) + Number(input.missing);
  const state = zoneState(ready, notReady, DEFAULTS.unhealthyZoneThreshold);
  return { notReady, state, rate: zoneRate(state, ready + notReady, DEFAULTS) };
}

function replayNoSchedule(input: Fields): Fields {
  const before = ((input.taints ?? []) as readonly string[]).map(taintOf);
  const statuses = Object.entries(input.conditions as Readonly<Record<string, string>>);
  const conditions = statuses.map(([type, status]) => ({ type, status }));
  const after = mirroredTaints(before, conditions, input.unschedulable === true);
  return { taints: after.map(({ key, effect }) => `${key}:${effect}`).sort((a, b) => (a < b ? -1 : 1)) };
}

function taintOf(text: string): Taint {
  const colon = text.lastIndexOf(':');
  return { key: text.slice(0, colon), effect: text.slice(colon + 1) };
}

interface TimerEvent {
  readonly at: number;
  readonly taints?: readonly Taint[] | null;
  readonly pod?: string;
  readonly tolerations?: readonly Toleration[] | null;
}

/** Timers of pods on one node. Events are handed in one by one, so that timers due at their instant go first. */
function replayEviction(input: Fields): Fields {
  const kernel = new Kernel({ seed: 'recorded' });
  const cluster = new Cluster(kernel);
  new TaintEviction(kernel, cluster);
  const node = cluster.addNode({ metadata: { name: 'n' } });
  const rows = new Map<string, number>();
  for (const { name, tolerations } of input.pods as readonly {
    readonly name: string;
    readonly tolerations: readonly Toleration[] | null;
  }[])
    rows.set(name, placedPod(cluster, name, tolerations, node));
  const events = input.events as readonly TimerEvent[];
  const apply = kernel.defineEvent('recorded event', 4, (index) => {
    const { taints, pod = '', tolerations } = events[index];
    const row = rows.get(pod);
    if (row === undefined) cluster.setTaints(node, taints ?? []);
    else if (!cluster.pods.isTerminating(row)) cluster.updatePod(row, toleratingTemplate(cluster, tolerations));
  });
  events.forEach(({ at }, index) => {
    if (at * MICROS_PER_SECOND > kernel.now) kernel.run({ until: at * MICROS_PER_SECOND });
    kernel.at(at * MICROS_PER_SECOND, apply, index);
    kernel.run({ until: at * MICROS_PER_SECOND });
  });
  kernel.run({ until: Number(input.until) * MICROS_PER_SECOND });
  const deletionOf = (row: number): number | null => {
    const at = cluster.pods.deletionAt[row];
    return Number.isNaN(at) ? null : at / MICROS_PER_SECOND;
  };
  return { deleted: Object.fromEntries(Array.from(rows, ([name, row]) => [name, deletionOf(row)])) };
}

function toleratingTemplate(cluster: Cluster, tolerations: readonly Toleration[] | null | undefined): number {
  return cluster.internTemplate({ spec: { tolerations: tolerations ?? [] } }).id;
}

function placedPod(cluster: Cluster, name: string, tolerations: readonly Toleration[] | null, node: number): number {
  const row = cluster.createPod({
    template: toleratingTemplate(cluster, tolerations),
    nameBase: cluster.names.intern(name),
    nameOrdinal: -1,
    owner: -1,
    workloadClass: 0,
    durationMicros: Infinity,
    pinnedNode: -1,
  });
  cluster.placePod(row, node);
  return row;
}

interface RecordedNode {
  readonly name: string;
  readonly zone: string;
  /** Seconds, as all here. */
  readonly leasePhase: number;
  readonly dieAt?: number;
  readonly returnAt?: number;
  readonly notReadyFrom?: number;
  readonly notReadyTo?: number;
}
type ZoneCounts = Readonly<Record<string, readonly [number, number, number]>>;
type LifecycleChange = readonly [number, ZoneCounts, Readonly<Record<string, string>>];

const LOOK_MICROS = 100_000;

/**
 * Whole courses: machines die and return, kubelets say that they are not ready; what stands in the cluster after each
 * tenth.
 */
function replayLifecycle(input: Fields): Fields {
  const nodes = input.nodes as readonly RecordedNode[];
  const until = Number(input.until) * MICROS_PER_SECOND;
  const kernel = new Kernel({ seed: 'recorded' });
  const cluster = new Cluster(kernel);
  const phases = new Map(nodes.map(({ name, leasePhase }) => [name, leasePhase * MICROS_PER_SECOND]));
  const lifecycle = new NodeLifecycle(kernel, cluster, DEFAULTS, (name) => phases.get(name) ?? 0);
  for (const { name, zone } of nodes)
    cluster.addNode({ metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } } });
  playNodes(kernel, cluster, nodes);
  const changes: LifecycleChange[] = [];
  const look = kernel.defineEvent('recorded look', 7, () => {
    const seen = countsOf(cluster, lifecycle);
    const last = changes.at(-1);
    if (last === undefined || JSON.stringify([last[1], last[2]]) !== JSON.stringify(seen))
      changes.push([kernel.now / MICROS_PER_SECOND, ...seen]);
  });
  for (let at = 0; at <= until; at += LOOK_MICROS) kernel.at(at, look);
  kernel.run({ until });
  return { changes };
}

function playNodes(kernel: Kernel, cluster: Cluster, nodes: readonly RecordedNode[]): void {
  const health = kernel.defineEvent('recorded health', 0, (row, up) => {
    cluster.setNodeHealth(row, up === 1);
  });
  const post = kernel.defineEvent('recorded post', 3, (row, ready) => {
    const status = ready === 1 ? 'True' : 'False';
    const { object }: { readonly object: Node } = cluster.nodes.facts[row];
    cluster.updateNode(row, withReadyStatus(object, status));
  });
  nodes.forEach(({ dieAt, returnAt, notReadyFrom, notReadyTo }, row) => {
    if (dieAt !== undefined) kernel.at(microsFromSeconds(dieAt), health, row, 0);
    if (returnAt !== undefined) kernel.at(microsFromSeconds(returnAt), health, row, 1);
    if (notReadyFrom !== undefined) kernel.at(microsFromSeconds(notReadyFrom), post, row, 0);
    if (notReadyTo !== undefined) kernel.at(microsFromSeconds(notReadyTo), post, row, 1);
  });
}

function countsOf(cluster: Cluster, lifecycle: NodeLifecycle): [ZoneCounts, Readonly<Record<string, string>>] {
  const counts: Record<string, [number, number, number]> = {};
  for (let row = 0; row < cluster.nodes.length; row++) {
    const facts = cluster.nodes.facts[row];
    const count = (counts[facts.labels.get('topology.kubernetes.io/zone') ?? ''] ??= [0, 0, 0]);
    const ready = facts.object.status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'True';
    if (ready !== 'True') count[0]++;
    if (facts.taints.some(({ key, effect }) => key.endsWith('/unreachable') && effect === 'NoExecute')) count[1]++;
    if (facts.taints.some(({ key, effect }) => key.endsWith('/not-ready') && effect === 'NoExecute')) count[2]++;
  }
  const states = Array.from(lifecycle.zoneStates(), ([key, state]): [string, string] => [
    key.slice(key.lastIndexOf('\u0000:') + 2),
    state,
  ]);
  return [counts, Object.fromEntries(states)];
}
