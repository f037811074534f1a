/** What happens to a cluster from outside: failures by chance, and what people do at set times. */
import { assert } from '../base/assert.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import { CrashProcesses } from '../failures/crash-processes.ts';
import type { FailureListener, OnMark } from '../failures/crash-processes.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { CampaignProcess } from '../metrics/event-marks.ts';
import { operationText } from '../operations/node-choice.ts';
import { Operations } from '../operations/operations.ts';
import type { WatchedResources } from '../node/eviction-monitor.ts';
import type { NodeIllnesses } from './illness-assembly.ts';
import type { StrikeListener } from '../operations/outages.ts';
import type { Operation } from '../operations/settings.ts';
import type { Scenario } from './scenario.ts';
import { applicationsOf } from './workload-input.ts';

/** Who keeps the books of what happens. */
export interface FaultMetrics {
  readonly mark: OnMark;
  /** Of failures by chance, then of steps. */
  readonly campaignsOf: (processes: readonly CampaignProcess[]) => FailureListener;
}

export interface FaultParts {
  readonly kernel: Kernel;
  readonly cluster: Cluster;
  readonly budgets: DisruptionBudgets;
  readonly metrics: FaultMetrics;
  /** null: nothing fails but machines. */
  readonly illnesses: NodeIllnesses | null;
}

/** Of the kernel (docs/architecture.md). */
export const FAULT_PHASES = { fault: 0, infrastructure: 1, controller: 4 };

/** Whether nodes fail otherwise than by their machines: what makes that is loaded for such scenarios alone. */
export function hasIllnesses({ failures, steps }: Scenario): boolean {
  const isIllness = (kind: string | undefined): boolean => kind !== undefined && kind !== 'crash';
  return (
    failures.some(({ kind }) => isIllness(kind)) || steps.some(({ operation }) => isIllness(STRIKES[operation.verb]))
  );
}

/** What kubelets have to look at; null: nobody says what pods use, and no disk fills. Loaded like the above. */
export function watchedResources(scenario: Scenario): WatchedResources | null {
  const programs = [...applicationsOf(scenario).values()].flatMap(({ model, containers }) => [
    model,
    ...Object.values(containers),
  ]);
  const { failures, steps, kubelet } = scenario;
  const memory = programs.some((program) => program.memory !== null);
  const pids = programs.some((program) => program.pids !== null);
  const isFilled =
    failures.some(({ kind }) => kind === 'diskFull') || steps.some(({ operation }) => operation.verb === 'diskFull');
  const disk = isFilled || kubelet.pressure.disk !== null || programs.some((program) => program.storage !== null);
  return memory || pids || disk ? { memory, pids, disk } : null;
}

export interface Faults {
  /** null: no machine ever fails, by chance or by a step. */
  readonly crashes: CrashProcesses | null;
  /** null: the scenario has no steps. */
  readonly operations: Operations | null;
}

/** Whoever stops machines asks the same counts, so that one works only when nobody holds it down. */
export function assembleFaults({ failures, steps }: Scenario, parts: FaultParts): Faults {
  const { kernel, cluster, budgets, metrics, illnesses } = parts;
  if (failures.length === 0 && steps.length === 0) return { crashes: null, operations: null };
  const mark: OnMark = (...told) => { metrics.mark(...told); };
  const crashes = new CrashProcesses(
    kernel, cluster, failures, mark, (process) => illnesses?.faultOfProcess(process) ?? null,
  );
  const striking = strikingSteps(steps);
  const campaigns = failures.length + striking.size === 0
    ? null
    : metrics.campaignsOf([...failures, ...[...striking.values()].map(({ process }) => process)]);
  if (campaigns !== null && failures.length > 0) crashes.listeners.push(campaigns);
  const operations = steps.length === 0 ? null : new Operations(kernel, cluster, steps, {
    budgets,
    strikes: strikesOf(campaigns, (step) => failures.length + (striking.get(step)?.place ?? 0)),
    machines: crashes.machines,
    faultOf: (operation) => {
      assert(illnesses !== null, 'a scenario with illnesses of nodes needs their maker');
      return illnesses.faultOfStep(operation);
    },
    phases: FAULT_PHASES,
  });
  illnesses?.drainBy(operations, budgets);
  if (operations !== null) markSteps(operations, steps, kernel, mark);
  return { crashes, operations };
}

interface StrikingStep {
  readonly place: number;
  readonly process: CampaignProcess;
}

/** Steps that strike nodes, as campaigns behind the failure processes; by the step's place. */
function strikingSteps(steps: Scenario['steps']): Map<number, StrikingStep> {
  const found = new Map<number, StrikingStep>();
  steps.forEach(({ operation }, step) => {
    const kind = STRIKES[operation.verb];
    if (kind !== undefined)
      found.set(step, { place: found.size, process: { name: operationText(operation), kind, scope: 'step' } });
  });
  return found;
}

/** The kinds of failures that steps are. */
const STRIKES: Readonly<Partial<Record<Operation['verb'], string>>> = {
  kill: 'crash', outage: 'crash', partition: 'partition', slow: 'slow', reclaim: 'reclaim', registryOutage: 'registry',
  hang: 'hang', diskFull: 'diskFull',
};

function strikesOf(campaigns: FailureListener | null, indexOf: (step: number) => number): StrikeListener {
  return {
    stepStrikes: (step) => { campaigns?.processStrikes(indexOf(step)); },
    nodeStruck: (step, node) => { campaigns?.nodeStruck(indexOf(step), node); },
    nodeReleased: (step, node) => { campaigns?.nodeReleased(indexOf(step), node); },
  };
}

/** Steps are marked when they begin, and when they end if they take any time. */
function markSteps(operations: Operations, steps: Scenario['steps'], kernel: Kernel, mark: OnMark): void {
  const begun = new Map<number, { readonly text: string; readonly at: Micros }>();
  operations.listeners.push({
    stepBegins: (step, text) => {
      begun.set(step, { text, at: kernel.now });
      mark(STEP_MARKS[steps[step].operation.verb], text, 1);
    },
    stepEnds: (step, outcome) => {
      const { text, at } = begun.get(step) ?? { text: '', at: kernel.now };
      if (at === kernel.now) return;
      mark(`${STEP_MARKS[steps[step].operation.verb]} ${outcome === 'done' ? 'over' : 'given up'}`, text, 1);
    },
  });
}

/** How plots name them. */
const STEP_MARKS: Readonly<Record<Operation['verb'], string>> = {
  cordon: 'cordon', uncordon: 'uncordon', drain: 'drain', kill: 'kill', outage: 'outage', partition: 'partition',
  slow: 'slow nodes', reclaim: 'reclaim', registryOutage: 'registry outage', hang: 'hang', diskFull: 'disk full',
  upgrade: 'upgrade', rollout: 'rollout', scale: 'scale', delete: 'delete',
};
