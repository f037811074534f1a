/**
 * Replays whole-queue recordings: the real scheduler with its queue, hints, preemption and binding, driven operation by
 * operation under a clock that only the recording moves. After each operation the state must be upstream's.
 */
import { checkCluster } from '../cluster/check.ts';
import { Cluster } from '../cluster/cluster.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { EventKind } from '../kernel/kernel.ts';
import { decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import type { ApiFailure } from '../scheduler/bindings.ts';
import { QueuePlace } from '../scheduler/queue/scheduling-queue.ts';
import { checkSchedulerCache } from '../scheduler/cache/check-cache.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { withRecordedChoice } from './recorded-choice.ts';
import type { ReplaySettings } from './replay-scheduler.ts';
import { ReplayedCluster } from './replayed-cluster.ts';
import type { Finding, SuiteTally } from './suite-tally.ts';
import { isPod, podKey } from './vector-lines.ts';
import type { QueueLine, RecordedQueue, RecordedQueuedPod, VectorHeader } from './vector-lines.ts';

const MILLI = 1_000;
const SECOND = 1_000_000;
/** Phases of the kernel: operations of the recording, then everything of the scheduler's. */
const PHASE = { operation: 2, scheduler: 5 } as const;

/** As the recorded API server answers while it is away. */
const STORE_AWAY: ApiFailure = { reason: 'ServiceUnavailable', message: 'the store is away' };

interface Cycle {
  popped: string;
  bound: string;
  message: string;
  preempted: string[];
  bindCalls: number;
}

export class QueueReplay {
  private readonly kernel = new Kernel({ seed: 'conformance' });
  private readonly world: ReplayedCluster;
  private readonly scheduler: Scheduler;
  private readonly tally: SuiteTally;
  private readonly seed: number | null;
  private readonly tick: EventKind;
  private readonly check: boolean;
  private readonly startTimes: boolean;
  private cycle: Cycle = noCycle();
  /** The pod of the cycle, and pods bound since the last line, by row. */
  private popped = -1;
  private readonly bound: number[] = [];
  /** Where the recorded cycle of this line preempted. */
  private recordedNode = '';
  /** Binding calls of this line that are still to fail. */
  private bindErrorsLeft = 0;
  private action: () => void = () => undefined;

  constructor(header: VectorHeader, { registry, kubernetes, plain, check }: ReplaySettings, tally: SuiteTally) {
    const { graceful = false } = header;
    this.startTimes = header.startTimes ?? false;
    this.tally = tally;
    this.seed = header.seed ?? null;
    this.check = check;
    this.world = new ReplayedCluster(new Cluster(this.kernel, kubernetes));
    this.tick = this.kernel.defineEvent('conformance.operation', PHASE.operation, () => this.action());
    this.scheduler = new Scheduler(this.kernel, this.world.cluster, {
      configuration: decodeSchedulerConfiguration(header.config, { registry, kubernetes }),
      registry: withRecordedChoice(registry, () => this.recordedNode),
      cycleMicros: 0,
      bindMicros: 0,
      tieBreak: 'upstream',
      sampling: true,
      plain,
      autoRun: false,
      phase: PHASE.scheduler,
      // Upstream's pauses are real ones; the recorded clock stands still in them.
      bindingCalls: { answer: () => this.answerBinding(), pauses: false },
    });
    this.world.cluster.observe({ podBound: (row) => void this.bound.push(row) });
    this.scheduler.listeners.push({
      cycleFailed: (_pod, message) => {
        this.cycle.message = message;
      },
      preempted: (_preemptor, victim) => {
        this.cycle.preempted.push(this.world.keyOf(victim));
        // Without grace periods the API server deletes at once, before the next victim's turn.
        if (!graceful) this.world.removePod(victim);
      },
    });
  }

  line(line: QueueLine, number: number): void {
    this.advanceTo(line.atMillis * MILLI);
    this.cycle = noCycle();
    this.popped = -1;
    this.bindErrorsLeft = line.bindErrors ?? 0;
    this.recordedNode = line.after?.nominated?.[line.popped ?? ''] ?? '';
    this.at(this.kernel.now, () => this.operate(line));
    if (line.after === undefined) return;
    if (this.check) {
      checkCluster(this.world.cluster);
      checkSchedulerCache(this.scheduler.cache);
    }
    const findings = line.op === 'cycle' ? cycleFindings(line, this.cycle) : [];
    findings.push(...queueFindings(line.after, this.state()));
    this.tally.decide(
      number,
      this.seed,
      `${line.op} ${line.popped ?? line.name ?? nameOf(line)} at ${line.atMillis} ms`,
      findings,
    );
  }

  private answerBinding(): ApiFailure | null {
    this.cycle.bindCalls++;
    return this.bindErrorsLeft-- > 0 ? STORE_AWAY : null;
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
    this.noteBindings();
  }

  /** With start times, whoever binds a pod writes its status.startTime. */
  private noteBindings(): void {
    const { cluster } = this.world;
    for (const row of this.bound) {
      if (row === this.popped) this.cycle.bound = cluster.nodes.facts[cluster.pods.node[row]].name;
      if (this.startTimes) cluster.acknowledgePod(row);
    }
    this.bound.length = 0;
  }

  private operate(line: QueueLine): void {
    const { world } = this;
    if (line.object !== undefined) {
      if (line.op === 'create') world.create(line.object);
      else world.update(line.object);
    } else if (line.op === 'delete') world.delete(line.kind ?? '', line.name ?? '');
    else if (line.op === 'cycle') this.scheduleOne();
  }

  private scheduleOne(): void {
    const row = this.scheduler.scheduleOne();
    if (row < 0) return;
    this.popped = row;
    this.cycle.popped = this.world.keyOf(row);
  }

  private state(): RecordedQueue {
    const { queue } = this.scheduler;
    const entries = (place: QueuePlace, view: (row: number) => RecordedQueuedPod): RecordedQueuedPod[] =>
      queue.rows(place).map(view);
    const backoff = (row: number): RecordedQueuedPod => ({
      ...this.history(row),
      backoffUntilMillis: queue.backoffUntil(row) / MILLI,
    });
    return {
      active: entries(QueuePlace.Active, (row) => this.history(row)),
      backoff: [...entries(QueuePlace.Backoff, backoff), ...entries(QueuePlace.ErrorBackoff, backoff)],
      unschedulable: entries(QueuePlace.Unschedulable, (row) => this.history(row)),
      nominated: this.world.nominations(),
    };
  }

  private history(row: number): RecordedQueuedPod {
    const { queue } = this.scheduler;
    return {
      name: this.world.keyOf(row),
      unschedulablePlugins: queue.unschedulablePlugins(row),
      attempts: queue.attempts(row),
      unschedulableCount: queue.unschedulableAttempts(row),
      consecutiveErrorsCount: queue.errorAttempts(row),
      gatedBy: queue.placeOf(row) === QueuePlace.Unschedulable ? queue.gatingPlugin(row) : '',
    };
  }
}

function noCycle(): Cycle {
  return { popped: '', bound: '', message: '', preempted: [], bindCalls: 0 };
}

function nameOf(line: QueueLine): string {
  const { object } = line;
  if (object === undefined) return '';
  return isPod(object) ? podKey(object) : `${object.kind} ${object.metadata?.name ?? ''}`;
}

function cycleFindings(expected: QueueLine, got: Cycle): Finding[] {
  const findings: Finding[] = [];
  const compare = (part: string, a: string, b: string): void =>
    void (a === b || findings.push({ part, expected: a, got: b }));
  compare('popped', expected.popped ?? '', got.popped);
  compare('bound', expected.bound ?? '', got.bound);
  compare('message', expected.message ?? '', got.message);
  compare('preempted', sortedText(expected.preempted ?? []), sortedText(got.preempted));
  if (expected.bindCalls !== undefined) compare('bindCalls', String(expected.bindCalls), String(got.bindCalls));
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
  const nominations = (queue: RecordedQueue): string =>
    sortedText(Object.entries(queue.nominated ?? {}).map(([pod, node]) => `${pod} to ${node}`));
  if (nominations(expected) !== nominations(got))
    findings.push({ part: 'nominated', expected: nominations(expected), got: nominations(got) });
  return findings;
}

function byName(pods: readonly RecordedQueuedPod[] | undefined): Map<string, string> {
  return new Map((pods ?? []).map((pod) => [pod.name, bookkeeping(pod)]));
}

function bookkeeping(pod: RecordedQueuedPod): string {
  const parts = [
    `attempts ${pod.attempts ?? 0}, ${pod.unschedulableCount ?? 0} unschedulable, ${pod.consecutiveErrorsCount ?? 0} errors in a row`,
    `rejected by ${sortedText(pod.unschedulablePlugins ?? [])}`,
  ];
  if (pod.backoffUntilMillis !== undefined) parts.push(`backs off until ${pod.backoffUntilMillis} ms`);
  if ((pod.gatedBy ?? '') !== '') parts.push(`gated by ${pod.gatedBy}`);
  return parts.join('; ');
}

function sortedText(texts: readonly string[]): string {
  return [...texts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join(', ');
}
