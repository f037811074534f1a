/** The runs of an inflation experiment, each policy with each order, and what they come to together. */
import { InputError, nearestName } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { meanHalfWidth } from '../base/statistics/mean-interval.ts';
import { mean } from '../base/statistics/moments.ts';
import { GPU_MILLI } from '../cluster/gpu-devices.ts';
import type { TypicalPod } from '../cluster/gpu-fragmentation.ts';
import type { Node, Pod } from '../cluster/objects.ts';
import { RandomStreams } from '../kernel/random.ts';
import { decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import type { PluginFactory } from '../scheduler/framework/plugin-api.ts';
import type { ListedPod } from '../workload/traces/openb-list.ts';
import {
  drawArrivals,
  drawOrder,
  podsOf,
  policyConfiguration,
  typicalPodsOfList,
  withSharedGpus,
} from './gpu-sharing.ts';
import { inflate } from './inflation.ts';
import type { InflationResult } from './inflation.ts';
import type { InflationPlan, PolicyPlan } from './inflation-plan.ts';
import type { InflationReport, PolicyReport } from './inflation-report.ts';

/** An order of arrivals as a file gives it: names of pods, and of nodes in the order in which ties are broken. */
export interface GivenOrder {
  readonly name: string;
  readonly arrivals: readonly string[];
  readonly nodeOrder: readonly string[];
}

/** What the files of a plan hold. */
export interface InflationInputs {
  readonly nodes: readonly Node[];
  readonly list: readonly ListedPod[];
  readonly pods: readonly Pod[];
  readonly typicalPods: readonly TypicalPod[];
}

export interface InflationCell {
  readonly policy: number;
  /** Index of the order; where orders are drawn, the number of the run. */
  readonly order: number;
  /** Of the run: the order's name, or its number from 1. */
  readonly label: string;
}

export function inflationInputs(
  nodes: readonly Node[],
  list: readonly ListedPod[],
  podsPerNode: number,
): InflationInputs {
  const shared = nodes.map((node) => withSharedGpus(node, podsPerNode));
  return { nodes: shared, list, pods: podsOf(list), typicalPods: typicalPodsOfList(list) };
}

/** Policy by policy. */
export function inflationCells({ policies, runs }: InflationPlan, orders: readonly string[]): InflationCell[] {
  const labels = orders.length > 0 ? orders : Array.from({ length: runs }, (_, i) => String(i + 1));
  return policies.flatMap((_, policy) => labels.map((label, order) => ({ policy, order, label })));
}

export interface CellOptions {
  readonly registry: ReadonlyMap<string, PluginFactory>;
  readonly plain: boolean;
}

/** Throws InputError when the order names what the lists do not hold, or the configuration is wrong. */
export function runInflationCell(
  plan: InflationPlan,
  cell: InflationCell,
  inputs: InflationInputs,
  given: GivenOrder | null,
  { registry, plain }: CellOptions,
): InflationResult {
  const { nodes, arrivals } = given === null ? drawn(plan, cell, inputs) : asGiven(given, inputs);
  const { typicalPods, pods, list } = inputs;
  return inflate({
    nodes,
    pods,
    arrivals,
    configuration: configurationOf(plan.policies[cell.policy], typicalPods, list.length),
    registry,
    seed: `${plan.seed}/${cell.label}`,
    resource: GPU_MILLI,
    typicalPods,
    plain,
  });
}

/** Throws InputError with what is wrong with any policy. */
export function checkPolicies(
  { policies }: InflationPlan,
  inputs: InflationInputs,
  registry: ReadonlyMap<string, PluginFactory>,
): void {
  const problems: Problem[] = [];
  policies.forEach((policy, index) => {
    const path = `inflation.policies[${String(index)}]`;
    if (policy.configuration === null && !registry.has(policy.name)) {
      const message = `expected a score plugin, found ${JSON.stringify(policy.name)}`;
      problems.push({ path, message, suggestion: nearestName(policy.name, registry.keys()) });
      return;
    }
    try {
      decodeSchedulerConfiguration(configurationOf(policy, inputs.typicalPods, inputs.list.length), { registry });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push(
        ...error.problems.map((problem) => ({ ...problem, path: `${path} ${problem.path ?? ''}`.trimEnd() })),
      );
    }
  });
  if (problems.length > 0) throw new InputError(problems);
}

function configurationOf(
  { name, configuration }: PolicyPlan,
  typicalPods: readonly TypicalPod[],
  listedPods: number,
): unknown {
  return configuration ?? policyConfiguration(name, typicalPods, listedPods);
}

interface Arrivals {
  readonly nodes: readonly Node[];
  readonly arrivals: readonly number[];
}

/** The order of nodes is drawn, too: among equals the earlier one wins. All policies meet the same. */
function drawn({ seed, demand }: InflationPlan, { label }: InflationCell, { nodes, list }: InflationInputs): Arrivals {
  const streams = new RandomStreams(seed);
  const capacity = nodes.reduce((sum, node) => sum + Number(node.status?.allocatable?.[GPU_MILLI] ?? 0), 0);
  if (capacity === 0)
    throw new InputError({ message: 'the nodes offer no GPU: demand cannot grow to a share of nothing' });
  const order = drawOrder(nodes.length, streams.stream('inflation-nodes', label));
  const arrivals = drawArrivals(list, capacity, demand, streams.stream('inflation-arrivals', label));
  return { nodes: order.map((index) => nodes[index]), arrivals };
}

function asGiven({ name, arrivals, nodeOrder }: GivenOrder, { nodes, list }: InflationInputs): Arrivals {
  const file = name;
  const podByName = new Map(list.map((pod, index) => [pod.name, index]));
  const nodeByName = new Map(nodes.map((node) => [node.metadata?.name ?? '', node]));
  const ordered = nodeOrder.map((node) => nodeByName.get(node));
  const strange = nodeOrder.find((_, i) => ordered[i] === undefined);
  if (strange !== undefined)
    throw new InputError({ file, message: `expected nodes of the node list, found "${strange}"`, path: 'nodeOrder' });
  if (new Set(nodeOrder).size !== nodes.length) {
    throw new InputError({
      file,
      message: `expected each of the ${String(nodes.length)} nodes once`,
      path: 'nodeOrder',
    });
  }
  const indices = arrivals.map((pod) => podByName.get(pod) ?? -1);
  const unknown = indices.indexOf(-1);
  if (unknown >= 0)
    throw new InputError({
      file,
      message: `expected pods of the pod list, found "${arrivals[unknown]}"`,
      path: `arrivals[${String(unknown)}]`,
    });
  return { nodes: ordered.filter((node) => node !== undefined), arrivals: indices };
}

/** Results in the order of the cells. */
export function inflationReport(
  plan: InflationPlan,
  cells: readonly InflationCell[],
  results: readonly InflationResult[],
  { list, nodes }: InflationInputs,
  version: string,
): InflationReport {
  const policies = plan.policies.map(({ name }, policy): PolicyReport => {
    const own = cells.map((cell, i) => ({ cell, result: results[i] })).filter(({ cell }) => cell.policy === policy);
    const curves = (pick: (result: InflationResult) => readonly number[]): readonly (readonly number[])[] =>
      own.map(({ result }) => pick(result));
    return {
      policy: name,
      allocation: meanCurve(curves((result) => result.allocation)),
      fragmentation: meanCurve(curves((result) => result.fragmentation)),
      runs: own.map(({ cell, result: { arrived, placed, digest, allocation, fragmentation } }) => ({
        run: cell.label,
        podsArrived: arrived,
        podsPlaced: placed,
        digest,
        allocation,
        fragmentation,
      })),
    };
  });
  return {
    schemaVersion: 1,
    experiment: plan.name,
    description: plan.description,
    seed: plan.seed,
    version,
    resource: GPU_MILLI,
    capacity: results[0]?.capacity ?? 0,
    nodes: nodes.length,
    listedPods: list.length,
    policies,
  };
}

/** Mean and half of the 95 % interval by percent; as far as the shortest curve goes. */
function meanCurve(curves: readonly (readonly number[])[]): PolicyReport['allocation'] {
  const length = Math.min(...curves.map((curve) => curve.length));
  return Array.from({ length }, (_, percent) => {
    const values = curves.map((curve) => curve[percent]);
    return { mean: mean(values), halfWidth: meanHalfWidth(values, 0.95) };
  });
}
