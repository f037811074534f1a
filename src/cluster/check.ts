/**
 * The checker behind `--check`: recomputes every sum of the cluster from its rows and names the first difference. Costs
 * a full scan.
 */
import { assert } from '../base/assert.ts';
import type { Cluster } from './cluster.ts';
import { GPU_MILLI } from './gpu-devices.ts';
import { PodPhase } from './pod-table.ts';
import { Totals } from './totals.ts';

export function checkCluster(cluster: Cluster): void {
  checkPods(cluster);
  checkWorkloads(cluster);
  const expected = new Totals();
  expected.resize(Math.max(1, cluster.pools.size), cluster.nodes.stride);
  for (let row = 0; row < cluster.nodes.length; row++) {
    if (cluster.nodes.alive[row] === 1 || cluster.nodes.pods[row].length > 0) checkNode(cluster, row);
    if (cluster.nodes.alive[row] === 1) addToTotals(cluster, row, expected);
  }
  const { totals } = cluster;
  for (const name of ['nodesAlive', 'nodesUp', 'nodesEmpty'] as const)
    assert(totals[name] === expected[name], `${name} is ${totals[name]}, the rows say ${expected[name]}`);
  const sums = ['allocatable', 'requested', 'allocatableNonEmpty', 'requestedNonEmpty', 'nodesByPool'] as const;
  for (const name of sums) expectEqual(name, totals[name], expected[name]);
}

function checkPods(cluster: Cluster): void {
  const { pods, totals } = cluster;
  const byPhase = new Float64Array(totals.podsByPhase.length);
  let terminating = 0;
  for (let pod = 0; pod < pods.length; pod++) {
    const phase = pods.phase[pod];
    byPhase[phase]++;
    if (phase === PodPhase.Free) continue;
    if (pods.isTerminating(pod)) terminating++;
    const node = pods.node[pod];
    assert(
      (phase === PodPhase.Pending || pods.hasEnded(pod)) === node < 0,
      `pod row ${pod} in phase ${phase} has node ${node}`,
    );
    if (node >= 0)
      assert(cluster.nodes.pods[node][pods.slot[pod]] === pod, `pod row ${pod} is not at its slot of node ${node}`);
  }
  for (let phase = 1; phase < byPhase.length; phase++) {
    const found = totals.podsByPhase[phase];
    assert(found === byPhase[phase], `podsByPhase[${phase}] is ${found}, the rows say ${byPhase[phase]}`);
  }
  assert(
    totals.podsTerminating === terminating,
    `podsTerminating is ${totals.podsTerminating}, the rows say ${terminating}`,
  );
}

/** The pods of a workload are those that name it as their owner. */
function checkWorkloads({ workloads, pods }: Cluster): void {
  const owned = new Float64Array(workloads.length);
  for (let pod = 0; pod < pods.length; pod++) {
    if (pods.phase[pod] === PodPhase.Free || pods.owner[pod] < 0) continue;
    assert(workloads.used[pods.owner[pod]] !== 0, `pod row ${pod} has an owner that is gone`);
    owned[pods.owner[pod]]++;
  }
  for (let row = 0; row < workloads.length; row++) {
    if (workloads.used[row] === 0) continue;
    const listed = workloads.podsOf(row).length;
    const alive = workloads.alive[row];
    assert(
      alive === owned[row] && listed === alive,
      `workload row ${row} counts ${alive} pods, lists ${listed}, and ${owned[row]} name it`,
    );
    const parent = workloads.parent[row];
    if (parent >= 0)
      assert(workloads.children[parent].includes(row), `workload row ${row} is not among the children of its parent`);
  }
}

function checkNode({ nodes, pods, templates, resources }: Cluster, row: number): void {
  const { name } = nodes.facts[row];
  const requested = new Float64Array(nodes.stride);
  let workPods = 0;
  for (const pod of nodes.pods[row]) {
    assert(pods.node[pod] === row, `node ${name} lists pod row ${pod}, which is elsewhere`);
    const { columns, amounts } = templates.get(pods.template[pod]).accounted;
    for (let i = 0; i < columns.length; i++) requested[columns[i]] += amounts[i];
    if (pods.pinnedNode[pod] < 0) workPods++;
  }
  expectEqual(
    `requested of ${name}`,
    nodes.requested.subarray(row * nodes.stride, (row + 1) * nodes.stride),
    requested,
  );
  const column = resources.find(GPU_MILLI);
  nodes.devices[row]?.check(column < 0 ? 0 : nodes.allocatable[row * nodes.stride + column], new Set(nodes.pods[row]));
  const count = nodes.pods[row].length;
  assert(nodes.podCount[row] === count, `podCount of ${name} is ${nodes.podCount[row]}, it lists ${count}`);
  assert(nodes.workPods[row] === workPods, `workPods of ${name} is ${nodes.workPods[row]}, its pods say ${workPods}`);
}

function addToTotals({ nodes, resources }: Cluster, row: number, expected: Totals): void {
  const pool = nodes.pool[row];
  const isEmpty = nodes.workPods[row] === 0;
  expected.nodesAlive++;
  expected.nodesUp += nodes.up[row];
  expected.nodesByPool[pool]++;
  if (isEmpty) expected.nodesEmpty++;
  for (let column = 0; column < resources.count; column++) {
    const at = pool * expected.stride + column;
    const from = row * nodes.stride + column;
    expected.allocatable[at] += nodes.allocatable[from];
    expected.requested[at] += nodes.requested[from];
    if (isEmpty) continue;
    expected.allocatableNonEmpty[at] += nodes.allocatable[from];
    expected.requestedNonEmpty[at] += nodes.requested[from];
  }
}

/** Sums of more than 2^53 bytes may differ in the last bits by order of addition: equal to 12 digits. */
export function expectEqual(name: string, actual: Float64Array, expected: Float64Array): void {
  for (let i = 0; i < expected.length; i++) {
    const slack = Math.max(Math.abs(actual[i]), Math.abs(expected[i])) * 1e-12;
    assert(Math.abs(actual[i] - expected[i]) <= slack, `${name}[${i}] is ${actual[i]}, the rows say ${expected[i]}`);
  }
}
