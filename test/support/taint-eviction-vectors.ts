/** Replays the recorded suite taint-eviction against our controllers. The recording lies beside the checkout, or nowhere. */
import { MICROS_PER_SECOND, microsFromSeconds } from '../../src/base/time.ts';
import { checkCluster } from '../../src/cluster/check.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import type { Taint, Toleration } from '../../src/cluster/objects.ts';
import { NodeLifecycle } from '../../src/controllers/node-lifecycle.ts';
import { mirroredTaints } from '../../src/controllers/node-taints.ts';
import { TaintEviction } from '../../src/controllers/taint-eviction.ts';
import { zoneRate, zoneState } from '../../src/controllers/zone-queues.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { LIFECYCLE } from './node-life.ts';
import { recordingText } from './recordings.ts';

export interface RecordedCase<In, Out> {
  readonly id: string;
  readonly kind: string;
  readonly in: In;
  readonly out: Out;
}

/** Cases of a kind; null: there is no recording. */
export function recordedCases<In, Out>(kind: string): readonly RecordedCase<In, Out>[] | null {
  const text = recordingText('control-plane/taint-eviction.jsonl');
  if (text === null) return null;
  const lines = text.trimEnd().split('\n').slice(1);
  return lines.map((line) => JSON.parse(line) as RecordedCase<In, Out>).filter((recorded) => recorded.kind === kind);
}

export interface ZoneStateIn { readonly ready: number; readonly notReady: number; readonly missing: number }
export interface ZoneStateOut { readonly notReady: number; readonly state: string; readonly rate: number }

export function replayZoneState({ ready, notReady, missing }: ZoneStateIn): ZoneStateOut {
  const silent = notReady + missing;
  const state = zoneState(ready, silent, LIFECYCLE.unhealthyZoneThreshold);
  return { notReady: silent, state, rate: zoneRate(state, ready + silent, LIFECYCLE) };
}

export interface NoScheduleIn { readonly conditions: Readonly<Record<string, string>>; readonly unschedulable: boolean; readonly taints: readonly string[] }

export function replayNoSchedule(input: NoScheduleIn): { readonly taints: readonly string[] } {
  const before = (input.taints ?? []).map((text): Taint => ({ key: text.slice(0, text.lastIndexOf(':')), effect: text.slice(text.lastIndexOf(':') + 1) }));
  const conditions = Object.entries(input.conditions).map(([type, status]) => ({ type, status }));
  const after = mirroredTaints(before, conditions, input.unschedulable);
  return { taints: after.map(({ key, effect }) => `${key}:${effect}`).sort((a, b) => (a < b ? -1 : 1)) };
}

export interface EvictionIn {
  readonly pods: readonly { readonly name: string; readonly tolerations: readonly Toleration[] | null }[];
  readonly events: readonly { readonly at: number; readonly taints?: readonly Taint[] | null; readonly pod?: string; readonly tolerations?: readonly Toleration[] | null }[];
  readonly until: number;
}

export function replayEviction({ pods, events, until }: EvictionIn): { readonly deleted: Readonly<Record<string, number | null>> } {
  const kernel = new Kernel({ seed: 'recorded' });
  const cluster = new Cluster(kernel);
  new TaintEviction(kernel, cluster);
  const node = cluster.addNode({ metadata: { name: 'n' } });
  const template = (tolerations: readonly Toleration[] | null | undefined): number => cluster.internTemplate({ spec: { tolerations: tolerations ?? [] } }).id;
  const rows = new Map<string, number>();
  for (const { name, tolerations } of pods) {
    const nameBase = cluster.names.intern(name);
    const row = cluster.createPod({ template: template(tolerations), nameBase, nameOrdinal: -1, owner: -1, workloadClass: 0, durationMicros: Infinity, pinnedNode: -1 });
    cluster.placePod(row, node);
    rows.set(name, row);
  }
  const apply = kernel.defineEvent('recorded event', 4, (index) => {
    const { taints, pod, tolerations } = events[index];
    if (pod === undefined || pod === '') cluster.setTaints(node, taints ?? []);
    else if (!cluster.pods.isTerminating(rows.get(pod) ?? 0)) cluster.updatePod(rows.get(pod) ?? 0, template(tolerations));
  });
  // Events are handed in one by one, so that timers due at their instant go first.
  events.forEach(({ at }, index) => {
    if (at * MICROS_PER_SECOND > kernel.now) kernel.run({ until: at * MICROS_PER_SECOND });
    kernel.at(at * MICROS_PER_SECOND, apply, index);
    kernel.run({ until: at * MICROS_PER_SECOND });
  });
  kernel.run({ until: until * MICROS_PER_SECOND });
  checkCluster(cluster);
  const deleted = [...rows].map(([name, row]): [string, number | null] => {
    const at = cluster.pods.deletionAt[row];
    return [name, Number.isNaN(at) ? null : at / MICROS_PER_SECOND];
  });
  return { deleted: Object.fromEntries(deleted) };
}

export interface LifecycleIn {
  readonly nodes: readonly {
    readonly name: string; readonly zone: string; readonly leasePhase: number;
    readonly dieAt?: number; readonly returnAt?: number; readonly notReadyFrom?: number;
  }[];
  readonly until: number;
}
export type ZoneCounts = Readonly<Record<string, readonly [number, number, number]>>;
export type LifecycleChange = readonly [number, ZoneCounts, Readonly<Record<string, string>>];

export function replayLifecycle({ nodes, until }: LifecycleIn): { readonly changes: readonly LifecycleChange[] } {
  const kernel = new Kernel({ seed: 'recorded' });
  const cluster = new Cluster(kernel);
  const phases = new Map(nodes.map(({ name, leasePhase }) => [name, leasePhase * MICROS_PER_SECOND]));
  const lifecycle = new NodeLifecycle(kernel, cluster, LIFECYCLE, (name) => phases.get(name) ?? 0);
  for (const { name, zone } of nodes) cluster.addNode({ metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } } });
  const health = kernel.defineEvent('recorded health', 0, (row, up) => cluster.setNodeHealth(row, up === 1));
  nodes.forEach(({ dieAt, returnAt }, row) => {
    if (dieAt !== undefined) kernel.at(microsFromSeconds(dieAt), health, row, 0);
    if (returnAt !== undefined) kernel.at(microsFromSeconds(returnAt), health, row, 1);
  });
  const changes: LifecycleChange[] = [];
  const look = kernel.defineEvent('recorded look', 7, () => {
    const seen = countsOf(cluster, lifecycle);
    const last = changes.at(-1);
    if (last === undefined || JSON.stringify([last[1], last[2]]) !== JSON.stringify(seen)) changes.push([kernel.now / MICROS_PER_SECOND, ...seen]);
  });
  for (let tenth = 0; tenth <= until * 10; tenth++) kernel.at(tenth * 100_000, look);
  kernel.run({ until: until * MICROS_PER_SECOND });
  return { changes };
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
  const states = Array.from(lifecycle.zoneStates(), ([key, state]): [string, string] => [key.slice(key.lastIndexOf('\u0000:') + 2), state]);
  return [counts, Object.fromEntries(states)];
}
