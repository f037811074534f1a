// Machines that are down at the end of a run have been down until then, in every place of the result that speaks of it.
import { expect, test } from 'vitest';
import { playScenario } from '../support/played-scenario.ts';

test('the outage under way counts', () => {
  const nodePools = [{ name: 'n', count: 2, allocatable: { cpu: 4, memory: '8Gi' } }];
  const failures = [{ name: 'crash', uptime: '10m', repair: '5h' }];
  const down = (duration: string): readonly number[] => {
    const { result } = playScenario({
      duration,
      nodePools,
      failures,
      workloads: [{ name: 'w', kind: 'Deployment', requests: { cpu: 1 } }],
    });
    expect(result.nodes.reduce((sum, { downSeconds }) => sum + downSeconds, 0)).toBe(result.failures.nodeDownSeconds);
    return [result.failures.nodeDownSeconds, result.counts.nodeFailures];
  };
  expect([down('9m'), down('25m'), down('1h')]).toEqual([
    [0, 0],
    [2 * 900, 2],
    [2 * 3000, 2],
  ]);
});
