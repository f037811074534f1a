/**
 * The books of a result must balance: no pod appears from nowhere and none vanishes. Used by tests and by `--check`.
 */
import { assert } from '../base/assert.ts';
import type { Quantiles, RunResult, WaitFacts } from './run-result.ts';

/** Fails with the first difference. */
export function checkAccounting(result: RunResult): void {
  const { counts } = result;
  const places = counts.podsFinished + counts.podsRunning + counts.podsPending + counts.podsLost;
  assert(
    counts.podsArrived === places,
    `${counts.podsArrived} pods arrived, but ${counts.podsFinished} finished + ${counts.podsRunning} running + ${counts.podsPending} pending + ${counts.podsLost} lost = ${places}`,
  );
  for (const [name, count] of Object.entries(counts))
    assert(Number.isInteger(count) && count >= 0, `counts.${name} is ${count}`);
  assert(
    counts.podsScheduled <= counts.podsArrived + counts.podsReplaced,
    'more pods were scheduled than there ever were',
  );
  assert(
    counts.nodesPeak >= counts.nodes && counts.nodesPeak >= counts.nodesAtStart,
    'the peak of nodes is below another count of them',
  );
  const stillThere = result.nodes.filter((node) => node.removedSeconds === null).length;
  assert(stillThere === counts.nodes, `${stillThere} node records are open, ${counts.nodes} nodes are there`);
  const evictions = Object.values(result.failures.evictionsByCause).reduce((sum, count) => sum + count, 0);
  assert(evictions === counts.evictions, `evictions by cause add up to ${evictions}, not ${counts.evictions}`);
  checkLatency(result);
  checkWaiting(result);
  checkFinite(result.utilization, 'utilization');
  checkFinite(result.timeseries, 'timeseries');
  checkFinite(result.packing, 'packing');
}

function checkLatency(result: RunResult): void {
  for (const by of [result.latencyByPriority, result.latencyByClass]) {
    const groups = Object.values(by);
    const sum = (pick: (quantiles: Quantiles) => number): number =>
      groups.reduce((total, group) => total + pick(group.queueWaitSeconds), 0);
    assert(
      sum((wait) => wait.count) === result.latency.queueWaitSeconds.count,
      'the waits of all groups are not those of the whole',
    );
    assert(
      sum((wait) => wait.censored) === result.latency.queueWaitSeconds.censored,
      'the censored waits of all groups are not those of the whole',
    );
  }
}

/** Each waiting pod has one reason, in all and in its class. */
function checkWaiting({ waiting, counts, pods }: RunResult): void {
  const classes = Object.values(waiting.byClass);
  for (const [reason, all] of Object.entries(waiting.byReason)) {
    assert(all.pods >= 0 && all.podsPending >= 0 && all.podSeconds >= 0, `less than nobody waited for: ${reason}`);
    for (const name of ['pods', 'podsPending', 'attempts'] as const) {
      const sum = classes.reduce(
        (total, reasons) => total + ((reasons[reason] as WaitFacts | undefined)?.[name] ?? 0),
        0,
      );
      assert(sum === all[name], `${name} by class add up to ${sum}, not ${all[name]}: ${reason}`);
    }
  }
  const pending = Object.values(waiting.byReason).reduce((sum, { podsPending }) => sum + podsPending, 0);
  assert(pending === counts.podsPending, `${pending} pods wait for something, ${counts.podsPending} are pending`);
  if (pods === null) return;
  const explained = pods.waitReason.filter((reason) => reason !== '').length;
  const tried = Object.values(waiting.byReason).reduce((sum, facts) => sum + facts.pods, 0);
  assert(explained <= tried, `${explained} pods have a reason in the table, ${tried} had one`);
}

function checkFinite(value: unknown, path: string): void {
  if (typeof value === 'number') assert(Number.isFinite(value), `${path} is ${value}`);
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value)) checkFinite(inner, `${path}.${key}`);
}
