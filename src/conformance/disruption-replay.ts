/**
 * The recorded suite priority-preemption-pdb: what the disruption controller of a run writes for a budget, what its
 * eviction endpoint answers, and priority admission.
 */
import { MICROS_PER_SECOND } from '../base/time.ts';
import { Cluster, EvictionCause, PodOutcome, PodPhase } from '../cluster/cluster.ts';
import { DisruptionBudgets } from '../cluster/disruption-budgets.ts';
import type { Pod, PodDisruptionBudget } from '../cluster/objects.ts';
import { WorkloadKind } from '../cluster/workload-table.ts';
import { requestEviction } from '../control-plane/eviction.ts';
import { decidePriority, priorityClassLookup } from '../control-plane/priority-classes.ts';
import { Disruption } from '../controllers/disruption.ts';
import { Kernel } from '../kernel/kernel.ts';
import type { Fields, SuiteReplay } from './recorded-fields.ts';

export const DISRUPTION_SUITE: SuiteReplay = {
  suite: 'priority-preemption-pdb',
  kinds: { status: { got: replayStatus }, eviction: { got: replayEviction }, priority: { got: replayPriority } },
};

const CONTROLLER_PHASE = 4;
/** The controller looks at this second: what is on record is at most this old. */
const LOOK_AT_SECONDS = 1_000_000;

interface RecordedPod {
  readonly name: string;
  readonly ready: boolean;
  readonly phase: string;
  readonly deleting?: boolean;
  readonly owner?: string;
  readonly app?: string;
}

interface RecordedController {
  readonly kind: string;
  readonly name: string;
  readonly replicas: number;
  readonly rsReplicas?: number;
  readonly missing?: boolean;
}

interface RecordedBudget {
  readonly name: string;
  readonly app: string;
  readonly unhealthyPodEvictionPolicy: string | null;
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly disruptionsAllowed: number;
  readonly generation: number;
  readonly observedGeneration: number;
  readonly recorded?: number;
}

/** A cluster with one node, and pods in the state that a recording names. */
class BudgetWorld {
  readonly kernel = new Kernel({ seed: 'replay' });
  readonly cluster = new Cluster(this.kernel);
  readonly budgets = new DisruptionBudgets(this.cluster);
  private readonly node = this.cluster.addNode({ metadata: { name: 'n' } });

  pod({ name, ready, phase, deleting, owner }: RecordedPod, app: string, ownerRow: number): number {
    const { cluster } = this;
    const references =
      owner === undefined || owner === '' ? [] : [{ kind: 'ReplicaSet', name: owner, uid: owner, controller: true }];
    const pod: Pod = { metadata: { namespace: 'default', labels: { app }, ownerReferences: references }, spec: {} };
    const row = cluster.createPod({
      template: cluster.internTemplate(pod).id, nameBase: cluster.names.intern(name), nameOrdinal: -1, owner: ownerRow,
      workloadClass: 0, durationMicros: Infinity, pinnedNode: -1,
    });
    if (phase !== 'Pending') cluster.placePod(row, this.node);
    if (phase === 'Running') {
      cluster.startPod(row);
      if (!ready) cluster.setPodReady(row, false);
    } else if (phase === 'Failed') cluster.endPod(row, { phase: PodPhase.Failed, outcome: PodOutcome.Failed });
    else if (phase === 'Succeeded') cluster.endPod(row, { phase: PodPhase.Succeeded, outcome: PodOutcome.Succeeded });
    if (deleting === true) cluster.terminatePod(row, EvictionCause.None);
    return row;
  }

  /** Row of a workload with so many replicas. */
  workload(kind: WorkloadKind, name: string, replicas: number, parent = -1): number {
    const { cluster } = this;
    return cluster.workloadWriter.create({
      kind, object: null, key: `default/${name}`, parent, wanted: replicas, template: -1, workloadClass: 0,
      nameBase: cluster.names.intern(name), podMicros: Infinity, details: null,
    });
  }

  run(seconds: number): void {
    const until = seconds * MICROS_PER_SECOND;
    this.kernel.at(until, this.kernel.defineEvent(`at ${String(seconds)}`, 0, () => undefined));
    this.kernel.run({ until });
  }
}

function replayStatus(input: Fields): Fields {
  const world = new BudgetWorld();
  new Disruption(world.kernel, world.cluster, world.budgets, CONTROLLER_PHASE, { unknownControllers: 'noScale' });
  world.run(LOOK_AT_SECONDS);
  const owners = new Map(
    (input.controllers as readonly RecordedController[]).map((one) => [one.name, ownerRow(world, one)]),
  );
  for (const pod of input.pods as readonly RecordedPod[]) world.pod(pod, 'a', owners.get(pod.owner ?? '') ?? -1);
  const { disruptedPods = {}, ...bounds } = input.pdb as { readonly disruptedPods?: Readonly<Record<string, number>> };
  const recorded = Object.entries(disruptedPods).map(([name, ago]): [string, number] => [
    name,
    (LOOK_AT_SECONDS - ago) * MICROS_PER_SECOND,
  ]);
  world.cluster.putObject('PodDisruptionBudget', {
    kind: 'PodDisruptionBudget',
    metadata: { name: 'b', namespace: 'default' },
    spec: { selector: { matchLabels: { app: 'a' } }, ...bounds },
    status: { disruptedPods: Object.fromEntries(recorded) },
  } as PodDisruptionBudget);
  world.kernel.run({ until: world.kernel.now });
  const status = world.budgets.get('default/b')?.status ?? {};
  const [condition] = status.conditions ?? [];
  const hasFailed = condition?.reason === 'SyncFailed';
  return {
    expectedPods: status.expectedPods ?? 0,
    desiredHealthy: status.desiredHealthy ?? 0,
    currentHealthy: status.currentHealthy ?? 0,
    disruptionsAllowed: status.disruptionsAllowed ?? 0,
    disruptedPods: hasFailed ? null : Object.keys(status.disruptedPods ?? {}).sort((a, b) => (a < b ? -1 : 1)),
    condition: [condition?.status, condition?.reason],
    recheckSeconds: hasFailed ? null : recheckSeconds(world),
  };
}

/** -1: there is no such object. */
function ownerRow(world: BudgetWorld, { kind, name, replicas, rsReplicas, missing }: RecordedController): number {
  if (missing === true) return -1;
  if (kind === 'StatefulSet') return world.workload(WorkloadKind.StatefulSet, name, replicas);
  if (kind !== 'Deployment') return world.workload(WorkloadKind.ReplicaSet, name, replicas);
  const deployment = world.workload(WorkloadKind.Deployment, name, replicas);
  return world.workload(WorkloadKind.ReplicaSet, `${name}-rs`, rsReplicas ?? replicas, deployment);
}

/** Until the controller looks again of its own accord; null: nothing makes it. Runs the world on. */
function recheckSeconds({ kernel }: BudgetWorld): number | null {
  const { now, eventCount } = kernel;
  if (kernel.pendingCount === 0) return null;
  let seconds = 0;
  while (kernel.eventCount === eventCount) kernel.run({ until: now + seconds++ * MICROS_PER_SECOND + 1 });
  return seconds - 1;
}

function replayEviction(input: Fields): Fields {
  const world = new BudgetWorld();
  const { cluster, budgets } = world;
  const recorded = input.pdbs as readonly RecordedBudget[];
  for (const budget of recorded) cluster.putObject('PodDisruptionBudget', budgetOf(budget));
  const given = input.pods as readonly RecordedPod[];
  const rows = given.map((pod) => world.pod(pod, pod.app ?? '', -1));
  const results = rows.map((row, index) => {
    const { code, cause } = requestEviction(cluster, budgets, row, EvictionCause.Api);
    const pdbs = recorded.map(({ name }): [string, Fields] => {
      const status = budgets.get(`default/${name}`)?.status;
      const disruptedPods = Object.keys(status?.disruptedPods ?? {}).filter((pod) => !pod.startsWith('old-'));
      return [
        name,
        {
          disruptionsAllowed: status?.disruptionsAllowed ?? 0,
          disruptedPods: disruptedPods.sort((a, b) => (a < b ? -1 : 1)),
        },
      ];
    });
    return { pod: given[index].name, code, cause, disruptionTarget: code === 201, pdbs: Object.fromEntries(pdbs) };
  });
  return { results };
}

function budgetOf(budget: RecordedBudget): PodDisruptionBudget {
  const { currentHealthy, desiredHealthy, disruptionsAllowed, observedGeneration, recorded = 0 } = budget;
  const old = Array.from({ length: recorded }, (_, index): [string, number] => [`old-${String(index)}`, 0]);
  const policy = budget.unhealthyPodEvictionPolicy;
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: budget.name, namespace: 'default', generation: budget.generation },
    spec: {
      selector: { matchLabels: { app: budget.app } },
      ...(policy === null ? {} : { unhealthyPodEvictionPolicy: policy }),
    },
    status: {
      currentHealthy,
      desiredHealthy,
      disruptionsAllowed,
      observedGeneration,
      disruptedPods: Object.fromEntries(old),
    },
  };
}

function replayPriority(input: Fields): Fields {
  const classes = input.classes as readonly {
    readonly name: string;
    readonly value: number;
    readonly globalDefault: boolean;
    readonly preemptionPolicy: string | null;
  }[];
  const asked = input.pod as {
    readonly priorityClassName: string;
    readonly priority: number | null;
    readonly preemptionPolicy: string | null;
  };
  const lookup = priorityClassLookup(classes.map(({ name, value, globalDefault, preemptionPolicy }) => ({
    metadata: { name }, value, globalDefault, ...(preemptionPolicy === null ? {} : { preemptionPolicy }),
  })));
  const decision = decidePriority({
    priorityClassName: asked.priorityClassName,
    ...(asked.priority === null ? {} : { priority: asked.priority }),
    ...(asked.preemptionPolicy === null ? {} : { preemptionPolicy: asked.preemptionPolicy }),
  }, lookup);
  return decision.ok ? { ...decision } : { ok: false };
}
