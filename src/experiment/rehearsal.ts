/**
 * A rehearsal: a scenario with steps is played with somebody who watches budgets, nodes and waiting pods, until all is
 * done and healed, or nothing moves any more, or the scenario's duration is over.
 */
import type { Micros } from '../base/time.ts';
import { MICROS_PER_MINUTE, MICROS_PER_SECOND } from '../base/time.ts';
import { EvictionCause, PodOutcome, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { PodDisruptionBudget } from '../cluster/objects.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import { Availability } from '../metrics/availability.ts';
import type { AvailabilityGroup } from '../metrics/availability.ts';
import type { RunResult } from '../metrics/run-result.ts';
import type { OperationListener, StepOutcome } from '../operations/operation-log.ts';
import { STUCK_MICROS } from '../operations/operations.ts';
import type { Scenario } from '../simulation/scenario.ts';
import { Phase } from '../simulation/simulation.ts';
import type { SimulatedWorld } from '../simulation/simulation.ts';
import { NodeLanes } from './node-lanes.ts';
import { RehearsalBlockers, budgetRule } from './rehearsal-blockers.ts';
import { RehearsalPending } from './rehearsal-pending.ts';
import type { GroupAvailability, LostPods, RehearsalResult, RehearsedStep } from './rehearsal-result.ts';

/** How often a rehearsal looks whether it is over. */
const LOOK_MICROS: Micros = MICROS_PER_MINUTE;
/** So long nothing is missing and nothing waits before it counts as healed. */
const QUIET_MICROS: Micros = 5 * MICROS_PER_MINUTE;

interface Step {
  readonly text: string;
  readonly beganAt: Micros;
  endedAt: Micros | null;
  outcome: RehearsedStep['outcome'];
  message: string;
}

/** Watches one run. Give `watch` to the simulation, ask for `result` when it has ended. */
export class Rehearsal implements ClusterObserver, OperationListener {
  private readonly scenario: Scenario;
  private world: SimulatedWorld | null = null;
  private availability!: Availability;
  private lanes!: NodeLanes;
  private blockers!: RehearsalBlockers;
  private pending!: RehearsalPending;
  private readonly steps: Step[] = [];
  private readonly lost = new Map<string, LostPods & { readonly pods: string[] }>();
  private startAt: Micros = Infinity;
  private nodesAtStart = 0;
  private podsAtStart = 0;
  private rules = new Map<string, string>();
  private ending: 'healed' | 'stuck' | null = null;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
  }

  readonly watch = (world: SimulatedWorld): void => {
    const { kernel, cluster, operations } = world;
    this.world = world;
    const prices = new Map(this.scenario.nodePools.map(({ name, costPerHour }) => [name, costPerHour]));
    this.availability = new Availability(cluster);
    this.lanes = new NodeLanes(cluster, (pool) => prices.get(pool) ?? 0);
    this.blockers = new RehearsalBlockers(cluster, world.budgets);
    this.pending = new RehearsalPending(cluster);
    for (const { listeners } of world.schedulers) listeners.push(this.pending);
    cluster.observe(this);
    operations?.listeners.push(this);
    const look = kernel.defineEvent('rehearsal.endCheck', Phase.Observe, () => {
      this.ending = this.endNow(world);
      if (this.ending === null) kernel.after(LOOK_MICROS, look);
      else world.finish();
    });
    kernel.after(LOOK_MICROS, look);
  };

  // ---- what it is told -------------------------------------------------------------------------------------------

  stepBegins(_step: number, text: string): void {
    const { cluster } = this.running();
    if (this.startAt === Infinity) this.begin(cluster);
    this.steps.push({ text, beganAt: cluster.now, endedAt: null, outcome: 'unfinished', message: '' });
  }

  stepEnds(step: number, outcome: StepOutcome, text: string): void {
    Object.assign(this.steps[step], { endedAt: this.running().cluster.now, outcome, message: text });
  }

  nodePhaseChanged(node: string, phase: 'boot' | 'drain', begins: boolean, pool: string): void {
    this.lanes.nodePhaseChanged(node, phase, begins, pool);
  }

  evictionRefused(...told: Parameters<RehearsalBlockers['evictionRefused']>): void {
    this.blockers.evictionRefused(...told);
  }

  evictionGranted(pod: number): void {
    this.blockers.podLeaves(pod);
  }

  drainRefused(...told: Parameters<RehearsalBlockers['drainRefused']>): void {
    this.blockers.drainRefused(...told);
  }

  podRemoved(pod: number, _node: number, _phase: number, outcome: PodOutcome): void {
    if (this.startAt === Infinity) return;
    this.blockers.podLeaves(pod);
    const { cluster } = this.running();
    const { pods } = cluster;
    const isOver = outcome === PodOutcome.Succeeded || outcome === PodOutcome.Failed;
    if (isOver || pods.owner[pod] >= 0 || pods.pinnedNode[pod] >= 0 || pods.cause[pod] === EvictionCause.Preemption)
      return;
    const { namespace, controller } = cluster.templateOf(pod);
    const name = controller === null ? '' : `${controller.kind} ${namespace}/${controller.name}`;
    const lost = this.lost.get(name) ?? {
      reason: controller === null ? 'bare' : 'unknownController',
      controller: name,
      pods: [],
    };
    lost.pods.push(`${namespace}/${cluster.podName(pod)}`);
    this.lost.set(name, lost);
  }

  private begin(cluster: Cluster): void {
    this.startAt = cluster.now;
    this.nodesAtStart = cluster.totals.nodesAlive;
    const { podsByPhase } = cluster.totals;
    this.podsAtStart = podsByPhase[PodPhase.Pending] + podsByPhase[PodPhase.Bound] + podsByPhase[PodPhase.Running];
    this.availability.begin();
    this.lanes.begin();
    this.pending.begin();
    for (const budget of cluster.objects.list<PodDisruptionBudget>('PodDisruptionBudget')) {
      const { namespace = 'default', name = '' } = budget.metadata ?? {};
      this.rules.set(`${namespace}/${name}`, budgetRule(budget));
    }
  }

  private running(): SimulatedWorld {
    if (this.world === null) throw new Error('a rehearsal that watches no run');
    return this.world;
  }

  /** null: it goes on. */
  private endNow({ kernel, cluster, operations }: SimulatedWorld): 'healed' | 'stuck' | null {
    if (operations === null || operations.nextTime() !== Infinity) return null;
    if (operations.areAllEnded && !operations.hasEndsDue() && kernel.now - this.availability.healedAt >= QUIET_MICROS)
      return cluster.totals.podsTerminating === 0 ? 'healed' : null;
    const isStill = kernel.now - Math.max(this.availability.lastChangeAt, operations.lastProgressAt) >= STUCK_MICROS;
    return isStill && !operations.hasEndsDue() ? 'stuck' : null;
  }

  // ---- result ----------------------------------------------------------------------------------------------------

  result(run: RunResult, isStopped: boolean): RehearsalResult {
    const { cluster, operations } = this.running();
    const start = this.startAt === Infinity ? cluster.now : this.startAt;
    const { healedAt } = this.availability;
    const availability = this.availability.groups.map((group) => this.groupResult(group, start, cluster.now));
    const extra = this.lanes.extra();
    const ofWorkloads = availability.filter(({ kind }) => kind !== 'PodDisruptionBudget' && kind !== 'Service');
    return {
      scenario: run.scenario,
      seed: run.seed,
      version: run.version,
      kubernetes: run.kubernetes,
      digest: run.digest,
      startSeconds: start / MICROS_PER_SECOND,
      endSeconds: cluster.now / MICROS_PER_SECOND,
      end: isStopped ? 'stopped' : (this.ending ?? 'horizon'),
      nodesAtStart: this.nodesAtStart,
      podsAtStart: this.podsAtStart,
      steps: this.steps.map(({ text, beganAt, endedAt, outcome, message }) => ({
        text, outcome, message,
        beginSeconds: beganAt / MICROS_PER_SECOND,
        endSeconds: endedAt === null ? null : endedAt / MICROS_PER_SECOND,
      })),
      blockers: this.blockers.result(operations?.waitingNodes() ?? []),
      availability,
      pending: this.pending.result(),
      lost: [...this.lost.values()],
      nodes: this.lanes.result(),
      healSeconds: Number.isNaN(healedAt) ? null : (healedAt - start) / MICROS_PER_SECOND,
      unavailablePodSeconds: ofWorkloads.reduce((sum, group) => sum + group.unavailablePodSeconds, 0),
      extraNodeHours: extra.nodeHours,
      extraCost: extra.cost,
    };
  }

  private groupResult(group: AvailabilityGroup, start: Micros, end: Micros): GroupAvailability {
    const { kind, key, times, available, wanted, needed, missingAtStart } = group;
    // What a budget expects counts terminating pods, too: it is held to what it expected at the start.
    const isWorkload = kind !== 'PodDisruptionBudget' && kind !== 'Service';
    const broken: [number, number][] = [];
    let below = 0;
    let missing = 0;
    for (let i = 0; i < times.length; i++) {
      const to = i + 1 < times.length ? times[i + 1] : end;
      missing += (to - times[i]) * Math.max(0, (isWorkload ? wanted[i] : wanted[0]) - available[i] - missingAtStart);
      if (available[i] >= needed[i] || to === times[i]) continue;
      below += to - times[i];
      const from = times[i] / MICROS_PER_SECOND;
      if (broken.at(-1)?.[1] === from) (broken.at(-1) as [number, number])[1] = to / MICROS_PER_SECOND;
      else broken.push([from, to / MICROS_PER_SECOND]);
    }
    return {
      kind, key,
      rule: kind === 'PodDisruptionBudget' ? (this.rules.get(key) ?? '') : '',
      wantedAtStart: wanted[0] ?? 0,
      availableAtStart: available[0] ?? 0,
      leastAvailable: available.reduce((least, count) => Math.min(least, count), Infinity),
      availableAtEnd: available.at(-1) ?? 0,
      neededAtStart: needed[0] ?? 0,
      broken,
      belowSeconds: below / MICROS_PER_SECOND,
      availability: end > start ? 1 - below / (end - start) : 1,
      unavailablePodSeconds: missing / MICROS_PER_SECOND,
      series: { seconds: times.map((time) => time / MICROS_PER_SECOND), available, wanted, needed },
    };
  }
}
