/** What happens to a cluster from outside: failures by chance, and what people do at set times. */
import type { Cluster } from '../cluster/cluster.ts';
import type { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import { CrashProcesses } from '../failures/crash-processes.ts';
import type { OnMark } from '../failures/crash-processes.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { Operations } from '../operations/operations.ts';
import type { Scenario } from './scenario.ts';

export interface FaultParts {
  readonly kernel: Kernel;
  readonly cluster: Cluster;
  readonly budgets: DisruptionBudgets;
  readonly mark: OnMark;
}

/** Of the kernel (docs/architecture.md). */
const PHASES = { fault: 0, infrastructure: 1, controller: 4 };

export interface Faults {
  /** null: no machine ever fails, by chance or by a step. */
  readonly crashes: CrashProcesses | null;
  /** null: the scenario has no steps. */
  readonly operations: Operations | null;
}

/** Whoever stops machines asks the same counts, so that one works only when nobody holds it down. */
export function assembleFaults({ failures, steps }: Scenario, { kernel, cluster, budgets, mark }: FaultParts): Faults {
  if (failures.length === 0 && steps.length === 0) return { crashes: null, operations: null };
  const crashes = new CrashProcesses(kernel, cluster, failures, mark);
  if (steps.length === 0) return { crashes, operations: null };
  const operations = new Operations(kernel, cluster, steps, {
    budgets,
    holds: crashes,
    phases: PHASES,
  });
  return { crashes, operations };
}
