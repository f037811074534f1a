/**
 * Replays whole-queue recordings: the real scheduler with its queue, hints, preemption and binding, driven operation by
 * operation under a clock that only the recording moves. After each operation the state must be upstream's.
 *
 * Upstream passes over updates of pods without a node that leave resourceVersion as it was. Recordings without resource
 * versions are made of such updates: a queued pod keeps its old object (and with it its old nomination) until it is read
 * again in its next failed attempt or is bound, and a nomination that is cleared wakes nobody.
 */
import { checkCluster } from '../cluster/check.ts';
import { Cluster } from '../cluster/cluster.ts';
import { withoutNodeName } from '../cluster/pod-template.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { EventKind } from '../kernel/kernel.ts';
import { decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import { QueuePlace } from '../scheduler/queue/scheduling-queue.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { withRecordedChoice } from './recorded-choice.ts';
import type { ReplaySettings } from './replay-scheduler.ts';
import { ReplayedCluster } from './replayed-cluster.ts';
import type { Finding, SuiteTally } from './suite-tally.ts';
import { isPod, podKey } from './vector-lines.ts';
import type { QueueLine, RecordedObject, RecordedQueue, RecordedQueuedPod, VectorHeader } from './vector-lines.ts';

const MILLI = 1_000;
const SECOND = 1_000_000;
/** Phases of the kernel: operations of the recording, then everything of the scheduler's. */
const PHASE = { operation: 2, scheduler: 5 } as const;

interface Cycle {
  popped: string;
  bound: string;
  message: string;
  preempted: string[];
}

export class QueueReplay {
  private readonly kernel = new Kernel({ seed: 'conformance' });
  private readonly world: ReplayedCluster;
  private readonly scheduler: Scheduler;
  private readonly tally: SuiteTally;
  private readonly seed: number | null;
  private readonly tick: EventKind;
  private readonly check: boolean;
  private cycle: Cycle = noCycle();
  /** Where the recorded cycle of this line preempted. */
  private recordedNode = '';
  private inCycle = false;
  private action: () => void = () => undefined;
  /** Templates of newer objects that the scheduler has not seen, by pod row. */
  private readonly newer = new Map<number, number>();
  /** status.nominatedNodeName as the API server holds it. */
  private readonly nominated = new Map<number, string>();
  /** Of the scheduler, at the end of the last cycle. */
  private nominations: ReadonlyMap<number, string> = new Map();

  constructor(header: VectorHeader, { registry, plain, check }: ReplaySettings, tally: SuiteTally) {
    this.tally = tally;
    this.seed = header.seed ?? null;
    this.check = check;
    this.world = new ReplayedCluster(new Cluster(this.kernel));
    this.tick = this.kernel.defineEvent('conformance.operation', PHASE.operation, () => this.action());
    this.scheduler = new Scheduler(this.kernel, this.world.cluster, {
      configuration: decodeSchedulerConfiguration(header.config, { registry }),
      registry: withRecordedChoice(registry, () => this.recordedNode),
      cycleMicros: 0,
      bindMicros: 0,
      tieBreak: 'upstream',
      sampling: true,
      plain,
      autoRun: false,
      phase: PHASE.scheduler,
    });
    this.passOverNominations();
    this.scheduler.listeners.push({
      cycleFailing: (pod) => {
        this.reread(pod);
        this.world.cluster.nominatePod(pod, this.nominated.get(pod) ?? '');
      },
      cycleFailed: (pod, message) => {
        this.cycle.message = message;
        this.goBackAsRead(pod);
      },
      preempted: (_preemptor, victim) => {
        this.cycle.preempted.push(this.world.keyOf(victim));
        // The API server deletes at once, before the next victim's turn.
        this.world.removePod(victim);
      },
    });
  }

  line(line: QueueLine, number: number): void {
    this.advanceTo(line.atMillis * MILLI);
    this.cycle = noCycle();
    this.recordedNode = line.after?.nominated?.[line.popped ?? ''] ?? '';
    this.at(this.kernel.now, () => this.operate(line));
    if (line.after === undefined) return;
    if (this.check) checkCluster(this.world.cluster);
    const findings = line.op === 'cycle' ? cycleFindings(line, this.cycle) : [];
    findings.push(...queueFindings(line.after, this.state()));
    this.tally.decide(number, this.seed, `${line.op} ${line.popped ?? line.name ?? nameOf(line)} at ${line.atMillis} ms`, findings);
  }

  /** Lets time pass; backoffs are flushed at every whole second on the way. */
  private advanceTo(time: number): void {
    const { now } = this.kernel;
    for (let second = now - (now % SECOND) + SECOND; second <= time; second += SECOND) {
      this.at(second, () => this.scheduler.queue.flushBackoff());
    }
    this.at(time, () => undefined);
  }

  private at(time: number, action: () => void): void {
    this.action = action;
    this.kernel.at(time, this.tick);
    this.kernel.run({ until: time });
  }

  private operate(line: QueueLine): void {
    const { world } = this;
    if (line.object !== undefined) {
      if (line.op === 'create') world.create(line.object);
      else this.update(line.object);
    } else if (line.op === 'delete') world.delete(line.kind ?? '', line.name ?? '');
    else if (line.op === 'cycle') this.scheduleOne();
  }

  private scheduleOne(): void {
    const { scheduler, world } = this;
    this.inCycle = true;
    const row = scheduler.scheduleOne();
    this.inCycle = false;
    if (row < 0) return;
    this.nominations = new Map(scheduler.queue.nominator.entries());
    this.cycle.popped = world.keyOf(row);
    const node = world.cluster.pods.node[row];
    if (node < 0) return;
    this.cycle.bound = world.cluster.nodeInfo(node).name;
    this.reread(row);
  }

  private update(object: RecordedObject): void {
    const { world } = this;
    const row = isPod(object) ? world.findPod(podKey(object)) : undefined;
    if (row === undefined || world.cluster.pods.node[row] >= 0 || object.metadata?.resourceVersion !== undefined) {
      world.update(object);
    } else {
      this.newer.set(row, world.cluster.internTemplate(withoutNodeName(object)).id);
      this.nominated.set(row, '');
    }
  }

  /** The queue's pod becomes what the API server holds. */
  private reread(row: number): void {
    const template = this.newer.get(row);
    if (template === undefined) return;
    this.newer.delete(row);
    this.scheduler.rereadPod(row, template);
  }

  /** The nomination that the failed cycle has just written is seen at the next reading. */
  private goBackAsRead(row: number): void {
    const { cluster } = this.world;
    const seen = this.nominated.get(row) ?? '';
    this.nominated.set(row, cluster.nominatedNodeName(row));
    cluster.nominatePod(row, seen);
  }

  /** Nobody but the API server notices that a preemption clears the nominations of others. */
  private passOverNominations(): void {
    const { scheduler } = this;
    const { cluster } = this.world;
    const podRemoved = scheduler.podRemoved.bind(scheduler);
    const announce = scheduler.announceFreedNomination.bind(scheduler);
    let removing = false;
    scheduler.announceFreedNomination = (before) => {
      if (removing) announce(before);
      if (removing || this.inCycle) return;
      // A preemption cleared another pod's nomination: only the API server knows.
      this.nominated.set(before.row, '');
      cluster.nominatePod(before.row, before.nominatedNodeName);
      scheduler.queue.nominator.add(before.row, this.nominations.get(before.row) ?? before.nominatedNodeName);
    };
    scheduler.podRemoved = (pod, node) => {
      removing = true;
      podRemoved(pod, node);
      removing = false;
      this.newer.delete(pod);
      this.nominated.delete(pod);
    };
  }

  private state(): RecordedQueue {
    const { queue } = this.scheduler;
    const entries = (place: QueuePlace, view: (row: number) => RecordedQueuedPod): RecordedQueuedPod[] => queue.rows(place).map(view);
    const backoff = (row: number): RecordedQueuedPod => ({ ...this.history(row), backoffUntilMillis: queue.backoffUntil(row) / MILLI });
    return {
      active: entries(QueuePlace.Active, (row) => this.history(row)),
      backoff: [...entries(QueuePlace.Backoff, backoff), ...entries(QueuePlace.ErrorBackoff, backoff)],
      unschedulable: entries(QueuePlace.Unschedulable, (row) => this.history(row)),
      nominated: Object.fromEntries([...queue.nominator.entries()].filter(([, node]) => node !== '').map(([row, node]) => [this.world.keyOf(row), node])),
    };
  }

  private history(row: number): RecordedQueuedPod {
    const { queue } = this.scheduler;
    return {
      name: this.world.keyOf(row),
      unschedulablePlugins: queue.unschedulablePlugins(row),
      attempts: queue.attempts(row),
      unschedulableCount: queue.unschedulableAttempts(row),
      gatedBy: queue.placeOf(row) === QueuePlace.Unschedulable ? queue.gatingPlugin(row) : '',
    };
  }
}

function noCycle(): Cycle {
  return { popped: '', bound: '', message: '', preempted: [] };
}

function nameOf(line: QueueLine): string {
  const { object } = line;
  if (object === undefined) return '';
  return isPod(object) ? podKey(object) : `${object.kind} ${object.metadata?.name ?? ''}`;
}

function cycleFindings(expected: QueueLine, got: Cycle): Finding[] {
  const findings: Finding[] = [];
  const compare = (part: string, a: string, b: string): void => void (a === b || findings.push({ part, expected: a, got: b }));
  compare('popped', expected.popped ?? '', got.popped);
  compare('bound', expected.bound ?? '', got.bound);
  compare('message', expected.message ?? '', got.message);
  compare('preempted', sortedText(expected.preempted ?? []), sortedText(got.preempted));
  return findings;
}

/** Each sub-queue is compared as a set of pods with their bookkeeping; a pod differs once. */
function queueFindings(expected: RecordedQueue, got: RecordedQueue): Finding[] {
  const findings: Finding[] = [];
  for (const place of ['active', 'backoff', 'unschedulable'] as const) {
    const [wanted, found] = [byName(expected[place]), byName(got[place])];
    for (const name of new Set([...wanted.keys(), ...found.keys()])) {
      const [a, b] = [wanted.get(name) ?? 'not there', found.get(name) ?? 'not there'];
      if (a !== b) findings.push({ part: place, expected: `${name}: ${a}`, got: `${name}: ${b}` });
    }
  }
  const nominations = (queue: RecordedQueue): string => sortedText(Object.entries(queue.nominated ?? {}).map(([pod, node]) => `${pod} to ${node}`));
  if (nominations(expected) !== nominations(got)) findings.push({ part: 'nominated', expected: nominations(expected), got: nominations(got) });
  return findings;
}

function byName(pods: readonly RecordedQueuedPod[] | undefined): Map<string, string> {
  return new Map((pods ?? []).map((pod) => [pod.name, bookkeeping(pod)]));
}

function bookkeeping(pod: RecordedQueuedPod): string {
  const parts = [`attempts ${pod.attempts ?? 0}, ${pod.unschedulableCount ?? 0} unschedulable`, `rejected by ${sortedText(pod.unschedulablePlugins ?? [])}`];
  if (pod.backoffUntilMillis !== undefined) parts.push(`backs off until ${pod.backoffUntilMillis} ms`);
  if ((pod.gatedBy ?? '') !== '') parts.push(`gated by ${pod.gatedBy}`);
  return parts.join('; ');
}

function sortedText(texts: readonly string[]): string {
  return [...texts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join(', ');
}
