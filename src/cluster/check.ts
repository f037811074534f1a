/** The checker behind `--check`: recomputes every aggregate from the rows and names the first difference. Costs a full scan. */
import { assert } from '../base/assert.ts';
import type { Cluster } from './cluster.ts';
import { NodeInfo } from './node-info.ts';
import { FREE_PODS } from './node-table.ts';
import { PodPhase } from './pod-table.ts';
import { Totals } from './totals.ts';

export function checkCluster(cluster: Cluster): void {
  checkPods(cluster);
  const expected = new Totals();
  expected.resize(Math.max(1, cluster.pools.size), cluster.nodes.stride);
  for (let row = 0; row < cluster.nodes.length; row++) {
    if (cluster.nodes.alive[row] === 1 || cluster.nodes.info[row].pods.length > 0) checkNode(cluster, row, expected);
  }
  const { totals } = cluster;
  assert(totals.nodesAlive === expected.nodesAlive, `nodesAlive is ${totals.nodesAlive}, the rows say ${expected.nodesAlive}`);
  assert(totals.nodesUp === expected.nodesUp, `nodesUp is ${totals.nodesUp}, the rows say ${expected.nodesUp}`);
  assert(totals.nodesEmpty === expected.nodesEmpty, `nodesEmpty is ${totals.nodesEmpty}, the rows say ${expected.nodesEmpty}`);
  const sums = ['allocatable', 'requested', 'allocatableNonEmpty', 'requestedNonEmpty', 'nodesByPool'] as const;
  for (const name of sums) expectEqual(name, totals[name], expected[name]);
}

function checkPods(cluster: Cluster): void {
  const { pods, totals } = cluster;
  const byPhase = [0, 0, 0, 0, 0];
  let terminating = 0;
  let withAffinity = 0;
  let lowest = Infinity;
  for (let pod = 0; pod < pods.length; pod++) {
    const phase = pods.phase[pod];
    byPhase[phase]++;
    if (phase === PodPhase.Free) continue;
    if (pods.isTerminating(pod)) terminating++;
    const node = pods.node[pod];
    assert((phase === PodPhase.Pending) === (node < 0), `pod row ${pod} in phase ${phase} has node ${node}`);
    if (node >= 0 && cluster.templateOf(pod).hasPodAffinity) withAffinity++;
    if (node >= 0) lowest = Math.min(lowest, cluster.templateOf(pod).priority);
    if (node >= 0) assert(cluster.nodes.info[node].pods[pods.slot[pod]] === pod, `pod row ${pod} is not at its slot of node ${node}`);
  }
  for (let phase = 1; phase < byPhase.length; phase++) {
    assert(totals.podsByPhase[phase] === byPhase[phase], `podsByPhase[${phase}] is ${totals.podsByPhase[phase]}, the rows say ${byPhase[phase]}`);
  }
  assert(totals.lowestPriority === lowest, `lowestPriority is ${totals.lowestPriority}, the rows say ${lowest}`);
  assert(totals.podsWithAffinity === withAffinity, `podsWithAffinity is ${totals.podsWithAffinity}, the rows say ${withAffinity}`);
  assert(totals.podsTerminating === terminating, `podsTerminating is ${totals.podsTerminating}, the rows say ${terminating}`);
}

function checkNode(cluster: Cluster, row: number, expected: Totals): void {
  const live = cluster.nodes.info[row];
  const columns = cluster.nodes.stride;
  const zeros = (length: number): Float64Array => new Float64Array(length);
  const fresh = new NodeInfo(row, live.facts, { allocatable: live.allocatable, requested: zeros(columns), base: 0, nonZero: zeros(2), nonZeroBase: 0 });
  for (const pod of live.pods) {
    assert(cluster.pods.node[pod] === row, `node ${live.name} lists pod row ${pod}, which is elsewhere`);
    fresh.account(cluster.templateOf(pod), 1);
    if (cluster.pods.pinnedNode[pod] < 0) fresh.workPods++;
  }
  expectEqual(`requested of ${live.name}`, live.requested.subarray(live.base, live.base + columns), fresh.requested);
  expectEqual(`nonZero of ${live.name}`, live.nonZero.subarray(live.nonZeroBase, live.nonZeroBase + 2), fresh.nonZero);
  const room = live.nonZero[live.nonZeroBase + FREE_PODS];
  assert(room === live.allowedPods - live.pods.length, `room for pods on ${live.name} is ${room}, its pods leave ${live.allowedPods - live.pods.length}`);
  for (const name of ['workPods', 'podsWithAffinity', 'podsWithRequiredAntiAffinity', 'podsWithClaims'] as const) {
    assert(live[name] === fresh[name], `${name} of ${live.name} is ${live[name]}, its pods say ${fresh[name]}`);
  }
  for (const key of live.usedPorts?.keys() ?? []) assert(fresh.usedPorts?.has(key) === true, `port ${key} of ${live.name} is no pod's`);
  if (cluster.nodes.alive[row] === 1) addToTotals(cluster, live, expected);
}

function addToTotals(cluster: Cluster, info: NodeInfo, expected: Totals): void {
  const pool = cluster.nodes.pool[info.row];
  expected.nodesAlive++;
  expected.nodesUp += cluster.nodes.up[info.row];
  expected.nodesByPool[pool]++;
  if (info.workPods === 0) expected.nodesEmpty++;
  for (let column = 0; column < cluster.resources.count; column++) {
    const at = pool * expected.stride + column;
    expected.allocatable[at] += info.allocatable[info.base + column];
    expected.requested[at] += info.requested[info.base + column];
    if (info.workPods === 0) continue;
    expected.allocatableNonEmpty[at] += info.allocatable[info.base + column];
    expected.requestedNonEmpty[at] += info.requested[info.base + column];
  }
}

/** Sums of more than 2^53 bytes may differ in the last bits by order of addition: equal to 12 digits. */
function expectEqual(name: string, actual: Float64Array, expected: Float64Array): void {
  for (let i = 0; i < expected.length; i++) {
    const slack = Math.max(Math.abs(actual[i]), Math.abs(expected[i])) * 1e-12;
    assert(Math.abs(actual[i] - expected[i]) <= slack, `${name}[${i}] is ${actual[i]}, the rows say ${expected[i]}`);
  }
}
