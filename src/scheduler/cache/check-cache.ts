/**
 * The checker of the scheduler's cache behind `--check`: recomputes its sums from what it believes of pods and nodes.
 * Costs a full scan.
 */
import { assert } from '../../base/assert.ts';
import { expectEqual } from '../../cluster/check.ts';
import { GPU_MILLI } from '../../cluster/gpu-devices.ts';
import { PodBelief } from './cached-pods.ts';
import { FREE_PODS } from './cached-nodes.ts';
import { NodeInfo } from './node-info.ts';
import type { SchedulerCache } from './scheduler-cache.ts';

export function checkSchedulerCache(cache: SchedulerCache): void {
  checkPods(cache);
  for (let row = 0; row < cache.nodes.length; row++) {
    const info: NodeInfo | undefined = cache.nodes.info[row];
    if (info !== undefined && (cache.nodes.alive[row] === 1 || info.pods.length > 0)) checkNode(cache, info);
  }
}

function checkPods(cache: SchedulerCache): void {
  const { pods, totals } = cache;
  let assumed = 0;
  let pending = 0;
  let withAffinity = 0;
  let lowest = Infinity;
  for (let pod = 0; pod < pods.length; pod++) {
    const belief = pods.belief[pod];
    const node = pods.node[pod];
    const hasNode = belief === PodBelief.Assumed || belief === PodBelief.Assigned;
    assert(hasNode === (node >= 0), `pod row ${pod} of belief ${belief} has node ${node} in the cache`);
    if (belief === PodBelief.Assumed) assumed++;
    if (belief === PodBelief.Waiting) pending++;
    if (!hasNode) continue;
    const template = cache.templateOf(pod);
    if (template.hasPodAffinity) withAffinity++;
    lowest = Math.min(lowest, template.priority);
    assert(
      cache.nodes.info[node].pods[pods.slot[pod]] === pod,
      `pod row ${pod} is not at its slot of node ${node} in the cache`,
    );
  }
  assert(totals.podsAssumed === assumed, `podsAssumed is ${totals.podsAssumed}, the rows say ${assumed}`);
  assert(totals.podsPending === pending, `podsPending is ${totals.podsPending} in the cache, the rows say ${pending}`);
  assert(totals.lowestPriority === lowest, `lowestPriority is ${totals.lowestPriority}, the rows say ${lowest}`);
  assert(
    totals.podsWithAffinity === withAffinity,
    `podsWithAffinity is ${totals.podsWithAffinity}, the rows say ${withAffinity}`,
  );
}

function checkNode(cache: SchedulerCache, live: NodeInfo): void {
  const columns = cache.nodes.stride;
  const zeros = (length: number): Float64Array => new Float64Array(length);
  const { facts, allocatable } = live;
  const fresh = new NodeInfo(live.row, facts, {
    allocatable,
    requested: zeros(columns),
    base: 0,
    nonZero: zeros(2),
    nonZeroBase: 0,
  });
  for (const pod of live.pods) {
    assert(
      cache.pods.node[pod] === live.row,
      `node ${live.name} lists pod row ${pod} in the cache, which is elsewhere`,
    );
    fresh.account(cache.templateOf(pod), 1);
    if (cache.pods.pinnedNode[pod] < 0) fresh.workPods++;
  }
  expectEqual(`requested of ${live.name}`, live.requested.subarray(live.base, live.base + columns), fresh.requested);
  expectEqual(`nonZero of ${live.name}`, live.nonZero.subarray(live.nonZeroBase, live.nonZeroBase + 2), fresh.nonZero);
  live.devices?.check(allocatable[live.base + cache.resources.find(GPU_MILLI)], new Set(live.pods));
  const room = live.nonZero[live.nonZeroBase + FREE_PODS];
  const left = live.allowedPods - live.pods.length;
  assert(room === left, `room for pods on ${live.name} is ${room}, its pods leave ${left}`);
  for (const name of ['workPods', 'podsWithAffinity', 'podsWithRequiredAntiAffinity', 'podsWithClaims'] as const) {
    assert(live[name] === fresh[name], `${name} of ${live.name} is ${live[name]}, its pods say ${fresh[name]}`);
  }
  for (const key of live.usedPorts?.keys() ?? [])
    assert(fresh.usedPorts?.has(key) === true, `port ${key} of ${live.name} is no pod's`);
}
