/** What a result says of why pods waited, put into words from the groups of WaitReasons at the end of a run. */
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { NearestNode, PoolWait, WaitFacts, WaitingFacts, WaitingTemplate } from './run-result.ts';
import type { NodeSeen, RoomSeen, WaitGroup, WaitReasons } from './wait-reasons.ts';

/** Templates whose pods wait at the end that are told one by one. */
const MOST_TEMPLATES = 50;
/** Bytes of an event's note (pkg/apis/core/validation/events.go); kube-scheduler cuts off what is longer. */
const NOTE_LENGTH_LIMIT = 1024;
const CUT_OFF = ' ...';
/** Reasons of pods that have had no failed attempt and are not held by anything. */
const NOT_TRIED = 'not tried yet';
const BEING_BOUND = 'chosen for a node, not bound yet';

interface Sum {
  pods: number;
  podsPending: number;
  attempts: number;
  podMicros: number;
  /** The nearest of the nodes that gave the reason to the pods that waited longest for it, and when it was seen. */
  nearest: NodeSeen | undefined;
  seenAt: Micros;
  longest: Micros;
}

interface PoolSum {
  roomMicros: number;
  roomPods: number;
  barredMicros: number;
  barredPods: number;
  /** Micros by what most nodes of the pool said. */
  readonly barredBy: Map<string, number>;
}

/** `isAssumed`: the scheduler has chosen a node for the pod, which is not bound yet. */
export function waitingFacts(
  cluster: Cluster,
  reasons: WaitReasons,
  isAssumed: (pod: number) => boolean,
  now: Micros,
): WaitingFacts {
  const reasonOf = (pod: number): string => reasons.reasonOf(pod) || (isAssumed(pod) ? BEING_BOUND : NOT_TRIED);
  const byReason = new Map<string, Sum>();
  const byClass = new Map<string, Map<string, Sum>>();
  const sumsOf = (workloadClass: number, reason: string): readonly Sum[] => [
    sumIn(byReason, reason),
    sumIn(mapIn(byClass, classOf(cluster, workloadClass)), reason),
  ];
  for (const group of reasons.groups) {
    if (group.pods + group.attempts + group.waiting.integral(now) === 0) continue;
    const reason = reasons.reasons[group.reason];
    const room = reasons.rooms[group.template];
    for (const sum of sumsOf(group.workloadClass, reason)) addGroup(sum, group, reason, room, now);
  }
  const pending = pendingPods(cluster);
  for (const pod of pending) {
    if (reasons.reasonOf(pod) !== '') continue;
    for (const sum of sumsOf(cluster.pods.workloadClass[pod], reasonOf(pod))) {
      sum.pods++;
      sum.podsPending++;
      sum.podMicros += now - cluster.pods.createdAt[pod];
    }
  }
  const facts = (sums: ReadonlyMap<string, Sum>): Record<string, WaitFacts> =>
    Object.fromEntries([...sums].map(([reason, sum]) => [reason, factsOf(cluster, sum)]));
  const templates = waitingTemplates(cluster, reasons, reasonOf, pending, now);
  return {
    byReason: facts(byReason),
    byClass: Object.fromEntries([...byClass].map(([name, sums]) => [name, facts(sums)])),
    byPool: byPool(cluster, reasons, now),
    templates: templates.slice(0, MOST_TEMPLATES),
    templatesNotListed: Math.max(0, templates.length - MOST_TEMPLATES),
  };
}

/** The text as the FailedScheduling event holds it; '' when there is none. */
export function eventText(message: string | undefined): string {
  if (message === undefined) return '';
  if (message.length * 3 <= NOTE_LENGTH_LIMIT) return message;
  let bytes = 0;
  let kept = 0;
  for (const letter of message) {
    bytes += utf8Length(letter);
    if (bytes <= NOTE_LENGTH_LIMIT - CUT_OFF.length) kept += letter.length;
  }
  return bytes <= NOTE_LENGTH_LIMIT ? message : message.slice(0, kept) + CUT_OFF;
}

function utf8Length(letter: string): number {
  if (letter < '\u0080') return 1;
  if (letter < '\u0800') return 2;
  return letter.length === 2 ? 4 : 3;
}

function addGroup(sum: Sum, group: WaitGroup, reason: string, room: RoomSeen | undefined, now: Micros): void {
  sum.pods += group.pods;
  sum.podsPending += group.waiting.value;
  sum.attempts += group.attempts;
  const micros = group.waiting.integral(now);
  sum.podMicros += micros;
  const nearest = room?.nearestByReason.get(reason);
  if (room === undefined || nearest === undefined || micros <= sum.longest) return;
  sum.nearest = nearest;
  sum.seenAt = room.at;
  sum.longest = micros;
}

function factsOf(cluster: Cluster, { pods, podsPending, attempts, podMicros, nearest, seenAt }: Sum): WaitFacts {
  return {
    pods,
    podsPending,
    attempts,
    podSeconds: podMicros / MICROS_PER_SECOND,
    nearest: nearestOf(cluster, nearest, seenAt),
  };
}

function nearestOf(cluster: Cluster, nearest: NodeSeen | undefined, seenAt: Micros): NearestNode | null {
  if (nearest === undefined) return null;
  const unit = nearest.resource === 'cpu' ? 1000 : 1;
  return {
    node: nearest.node,
    pool: cluster.pools.text(nearest.pool),
    seconds: seenAt / MICROS_PER_SECOND,
    resource: nearest.resource,
    free: nearest.free / unit,
    wanted: nearest.wanted / unit,
    allocatable: nearest.allocatable / unit,
  };
}

function byPool(cluster: Cluster, reasons: WaitReasons, now: Micros): Record<string, PoolWait> {
  const pools = new Map<number, PoolSum>();
  for (const { template, waiting } of reasons.groups) {
    for (const { pool, lacksRoom, reason } of reasons.rooms[template]?.pools ?? []) {
      let sum = pools.get(pool);
      if (sum === undefined) pools.set(pool, (sum = noPoolSum()));
      const micros = waiting.integral(now);
      if (lacksRoom) {
        sum.roomMicros += micros;
        sum.roomPods += waiting.value;
        continue;
      }
      sum.barredMicros += micros;
      sum.barredPods += waiting.value;
      sum.barredBy.set(reason, (sum.barredBy.get(reason) ?? 0) + micros);
    }
  }
  return Object.fromEntries(
    [...pools].map(([pool, { roomMicros, roomPods, barredMicros, barredPods, barredBy }]) => [
      cluster.pools.text(pool),
      {
        podSecondsForRoom: roomMicros / MICROS_PER_SECOND,
        podsPendingForRoom: roomPods,
        podSecondsBarred: barredMicros / MICROS_PER_SECOND,
        podsPendingBarred: barredPods,
        barredBy: largestKey(barredBy),
      },
    ]),
  );
}

function waitingTemplates(
  cluster: Cluster,
  reasons: WaitReasons,
  reasonOf: (pod: number) => string,
  pending: readonly number[],
  now: Micros,
): WaitingTemplate[] {
  const { pods } = cluster;
  const groups = new Map<string, { readonly oldest: number; count: number }>();
  for (const pod of pending) {
    const key = `${pods.template[pod]} ${pods.workloadClass[pod]}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { oldest: pod, count: 1 });
    else known.count++;
  }
  const largestFirst = [...groups.values()].sort(
    (a, b) => b.count - a.count || pods.createdAt[a.oldest] - pods.createdAt[b.oldest] || a.oldest - b.oldest,
  );
  return largestFirst.map(({ oldest, count }) => {
    const template = pods.template[oldest];
    const { namespace, priority } = cluster.templates.get(template);
    const room = reasons.rooms[template];
    return {
      namespace,
      oldestPod: cluster.podName(oldest),
      class: classOf(cluster, pods.workloadClass[oldest]),
      priority,
      pods: count,
      waitedSeconds: (now - pods.createdAt[oldest]) / MICROS_PER_SECOND,
      reason: reasonOf(oldest),
      message: eventText((reasons.lastOf(template) ?? reasons.attemptOf(oldest))?.message),
      nearest: nearestOf(cluster, room?.nearest ?? undefined, room?.at ?? 0),
    };
  });
}

/** Oldest first. */
function pendingPods({ pods }: Cluster): number[] {
  const pending: number[] = [];
  for (let pod = 0; pod < pods.length; pod++) {
    if (pods.phase[pod] === PodPhase.Pending) pending.push(pod);
  }
  return pending.sort((a, b) => pods.createdAt[a] - pods.createdAt[b] || a - b);
}

function classOf({ classes }: Cluster, workloadClass: number): string {
  return workloadClass >= 0 && workloadClass < classes.size ? classes.text(workloadClass) : '';
}

function mapIn<V>(maps: Map<string, Map<string, V>>, key: string): Map<string, V> {
  let map = maps.get(key);
  if (map === undefined) maps.set(key, (map = new Map<string, V>()));
  return map;
}

function sumIn(sums: Map<string, Sum>, reason: string): Sum {
  let sum = sums.get(reason);
  if (sum === undefined) sums.set(reason, (sum = noSum()));
  return sum;
}

function noSum(): Sum {
  return { pods: 0, podsPending: 0, attempts: 0, podMicros: 0, nearest: undefined, seenAt: 0, longest: -1 };
}

function noPoolSum(): PoolSum {
  return { roomMicros: 0, roomPods: 0, barredMicros: 0, barredPods: 0, barredBy: new Map() };
}

/** Of equals the first by text; '' for none. */
function largestKey(values: ReadonlyMap<string, number>): string {
  let best = '';
  let most = -1;
  for (const [key, value] of values) {
    if (value < most || (value === most && key > best)) continue;
    best = key;
    most = value;
  }
  return best;
}
