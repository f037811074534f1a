/**
 * The steps of a scenario, each at its time: what people do to a cluster. An input of the kernel begins them; what
 * takes longer than an instant goes on in drain.ts, upgrade.ts and outages.ts. Nothing is built for a scenario without
 * steps.
 */
import { MICROS_PER_HOUR, type Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import type { EvictionAnswer } from '../control-plane/eviction.ts';
import type { InputSource, Kernel } from '../kernel/kernel.ts';
import type { Operation, Step } from './settings.ts';
import { Drains } from './drain.ts';
import type { DrainOptions } from './drain.ts';
import { amountOf, chosenNodes, operationText } from './node-choice.ts';
import type { DrainRule, NodePhase, OperationListener, StepOutcome } from './operation-log.ts';
import { Outages } from './outages.ts';
import type { HeldFault, StrikeListener } from './outages.ts';
import { Upgrades } from './upgrade.ts';
import { deleteTarget, rollOut, scaleWorkload } from './workload-steps.ts';

/** A drain that has moved nothing for so long will not do so by itself: most replacements start within minutes. */
export const STUCK_MICROS: Micros = MICROS_PER_HOUR;

export interface OperationPhases {
  readonly fault: number;
  readonly infrastructure: number;
  readonly controller: number;
}

/** What steps do to nodes. */
export type IllnessOperation = Extract<
  Operation, { readonly verb: 'partition' | 'slow' | 'registryOutage' | 'reclaim' | 'hang' | 'diskFull' }
>;

export interface OperationParts {
  /** Machines that stop. */
  readonly machines: HeldFault;
  readonly faultOf: (operation: IllnessOperation) => HeldFault;
  readonly budgets: DisruptionBudgets;
  readonly strikes: StrikeListener;
  readonly phases: OperationPhases;
}

/** Register with `kernel.addInput`, behind the inputs that fill the cluster. `steps` are in order of time. */
export class Operations implements InputSource, OperationListener {
  readonly listeners: OperationListener[] = [];
  private readonly cluster: Cluster;
  private readonly steps: readonly Step[];
  private readonly parts: OperationParts;
  readonly drains: Drains;
  private readonly upgrades: Upgrades;
  private readonly outages: Outages;
  /** Of drains and upgrades: nodes whose turn has not come. */
  private readonly queues: (() => readonly string[])[] = [];
  private begun = 0;
  private ended = 0;

  constructor(kernel: Kernel, cluster: Cluster, steps: readonly Step[], parts: OperationParts) {
    const { budgets, phases, strikes } = parts;
    this.cluster = cluster;
    this.steps = steps;
    this.parts = parts;
    this.outages = new Outages(kernel, cluster, phases.fault, strikes);
    this.drains = new Drains(kernel, cluster, budgets, phases.controller, this);
    this.upgrades = new Upgrades(kernel, cluster, {
      drains: this.drains,
      listener: this,
      machinePhase: phases.infrastructure,
    });
  }

  /** Whether a step is to come, or under way and not stuck. */
  isBusy(now: Micros): boolean {
    if (this.begun < this.steps.length || this.hasEndsDue()) return true;
    return this.ended < this.steps.length && now - this.drains.lastProgressAt < STUCK_MICROS;
  }

  /** Whether a machine comes or comes back by itself. */
  hasEndsDue(): boolean {
    return this.upgrades.bootingCount > 0 || this.outages.dueCount > 0;
  }

  /** When a pod or a node was last moved by a step. */
  get lastProgressAt(): Micros {
    return this.drains.lastProgressAt;
  }

  /** Names of nodes that wait for their turn behind others. */
  waitingNodes(): string[] {
    return this.queues.flatMap((queue) => queue());
  }

  get areAllEnded(): boolean {
    return this.ended === this.steps.length;
  }

  // ---- InputSource -----------------------------------------------------------------------------------------------

  nextTime(): Micros {
    return this.begun < this.steps.length ? this.steps[this.begun].atMicros : Infinity;
  }

  deliver(): void {
    const step = this.begun++;
    const { operation } = this.steps[step];
    this.drains.lastProgressAt = this.cluster.now;
    this.stepBegins(step, operationText(operation));
    this.perform(step, operation);
  }

  // ---- the steps -------------------------------------------------------------------------------------------------

  private perform(step: number, operation: Operation): void {
    const { cluster } = this;
    switch (operation.verb) {
      case 'scale':
        return this.endWith(step, scaleWorkload(cluster, operation.target, operation.replicas));
      case 'rollout':
        return this.endWith(step, rollOut(cluster, operation.target, operation.image, operation.container));
      case 'delete':
        return this.endWith(step, deleteTarget(cluster, operation.target));
      case 'outage': {
        const { label, zone: value, forMicros } = operation;
        const rows = rowsWithLabel(cluster, label, value);
        if (rows.length === 0) return this.stepEnds(step, 'failed', `no node has ${label}=${value}`);
        return this.outages.begin(rows, {
          step,
          fault: this.parts.machines,
          zone: { label, value },
          forMicros,
          onEnd: () => this.stepEnds(step, 'done', outageEnd(rows.length, forMicros)),
        });
      }
      default:
        return this.performOnNodes(step, operation);
    }
  }

  private performOnNodes(step: number, operation: Extract<Operation, { readonly nodes: unknown }>): void {
    const rows = chosenNodes(this.cluster, operation.nodes);
    if (rows.length === 0) return this.stepEnds(step, 'failed', 'no such node');
    switch (operation.verb) {
      case 'cordon':
      case 'uncordon':
        for (const row of rows) this.setUnschedulable(row, operation.verb === 'cordon');
        return this.stepEnds(step, 'done', '');
      case 'kill': {
        const onEnd = (): void => this.stepEnds(step, 'done', outageEnd(rows.length, forMicros));
        const { forMicros } = operation;
        return this.outages.begin(rows, { step, fault: this.parts.machines, zone: null, forMicros, onEnd });
      }
      case 'partition':
      case 'slow':
      case 'registryOutage':
      case 'hang':
      case 'diskFull':
      case 'reclaim':
        return this.makeIll(step, rows, operation);
      case 'drain':
        return this.drainAll(step, rows, { ...operation, persists: false });
      case 'upgrade':
        return this.upgrade(step, rows, operation);
    }
  }

  private setUnschedulable(row: number, unschedulable: boolean): void {
    if (this.cluster.nodes.facts[row].unschedulable !== unschedulable)
      this.cluster.setUnschedulable(row, unschedulable);
  }

  /** As one command line of kubectl: all are cordoned, then drained one after the other, whatever comes of each. */
  private drainAll(step: number, rows: readonly number[], options: DrainOptions): void {
    const { cluster } = this;
    const names = rows.map((row) => cluster.nodes.facts[row].name);
    for (const row of rows) this.setUnschedulable(row, true);
    const complaints: string[] = [];
    let done = 0;
    this.queues.push(() => names.slice(done));
    const next = (): void => {
      const row = done < names.length ? cluster.nodeRow(names[done]) : -1;
      if (done === names.length) return this.endWith(step, complaints.join('; '));
      const name = names[done++];
      if (row < 0) return next();
      this.drains.begin(row, options, (complaint) => {
        if (complaint !== '') complaints.push(`unable to drain node ${name}: ${complaint}`);
        next();
      });
    };
    next();
  }

  private upgrade(
    step: number, rows: readonly number[], operation: Extract<Operation, { readonly verb: 'upgrade' }>,
  ): void {
    const total = rows.length;
    const maxUnavailable = amountOf(operation.maxUnavailable, total, 'down');
    const surge = Math.max(amountOf(operation.surge, total, 'up'), maxUnavailable === 0 ? 1 : 0);
    const waiting = this.upgrades.begin({
      nodes: rows.map((row) => this.cluster.nodes.facts[row].name),
      surge,
      maxUnavailable,
      provisionSeconds: operation.provisionSeconds,
      drainTimeoutMicros: operation.drainTimeoutMicros,
      onEnd: (replaced, forced) => {
        const byForce = forced === 0 ? '' : `, ${forced} before their pods had gone`;
        this.stepEnds(step, 'done', `${replaced} nodes replaced${byForce}`);
      },
    });
    this.queues.push(waiting);
  }

  private makeIll(step: number, rows: readonly number[], operation: IllnessOperation): void {
    const { forMicros } = operation;
    const onEnd = (): void => this.stepEnds(step, 'done', illnessEnd(operation, rows.length));
    this.outages.begin(rows, { step, fault: this.parts.faultOf(operation), zone: null, forMicros, onEnd });
  }

  private endWith(step: number, complaint: string): void {
    this.stepEnds(step, complaint === '' ? 'done' : 'failed', complaint);
  }

  // ---- OperationListener: to all that listen ----------------------------------------------------------------------

  stepBegins(step: number, text: string): void {
    for (const listener of this.listeners) listener.stepBegins?.(step, text);
  }

  stepEnds(step: number, outcome: StepOutcome, text: string): void {
    this.ended++;
    for (const listener of this.listeners) listener.stepEnds?.(step, outcome, text);
  }

  nodePhaseChanged(node: string, phase: NodePhase, begins: boolean, pool: string): void {
    for (const listener of this.listeners) listener.nodePhaseChanged?.(node, phase, begins, pool);
  }

  evictionRefused(pod: number, node: string, answer: EvictionAnswer, budgets: readonly string[]): void {
    for (const listener of this.listeners) listener.evictionRefused?.(pod, node, answer, budgets);
  }

  evictionGranted(pod: number, node: string): void {
    for (const listener of this.listeners) listener.evictionGranted?.(pod, node);
  }

  drainRefused(node: string, rule: DrainRule, pods: readonly string[]): void {
    for (const listener of this.listeners) listener.drainRefused?.(node, rule, pods);
  }
}

function outageEnd(count: number, forMicros: Micros | null): string {
  return `${nodeCount(count)} ${forMicros === null ? 'down for good' : 'back'}`;
}

function illnessEnd({ verb, forMicros }: IllnessOperation, count: number): string {
  const nodes = nodeCount(count);
  if (verb === 'reclaim') return `${nodes} ${forMicros === null ? 'taken back' : 'taken back and replaced'}`;
  if (forMicros !== null) return `${nodes} well again`;
  const ill = {
    partition: 'cut off', slow: 'slow', registryOutage: 'without a registry', hang: 'hung',
    diskFull: 'with a full disk',
  }[verb];
  return `${nodes} ${ill} for good`;
}

function nodeCount(count: number): string {
  return count === 1 ? '1 node' : `${count} nodes`;
}

function rowsWithLabel({ nodes }: Cluster, label: string, value: string): number[] {
  const rows: number[] = [];
  for (let row = 0; row < nodes.length; row++)
    if (nodes.alive[row] === 1 && nodes.facts[row].labels.get(label) === value) rows.push(row);
  return rows;
}
