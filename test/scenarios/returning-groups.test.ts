// Groups of pods that have to stand together (required affinity to themselves) and are gone altogether at times: the
// first pod of the next ones may go anywhere again, by the counters of domains as by the plain scan
// (plugins/interpodaffinity/filtering.go).
import { describe, expect, test } from 'vitest';
import { playScenario } from '../support/played-scenario.ts';
import { SchedulerWorld } from '../scheduler/scheduler-world.ts';

const term = (app: string, topologyKey: string) => ({ topologyKey, labelSelector: { matchLabels: { app } } });
const together = (app: string, ...keys: readonly string[]) => ({
  podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: keys.map((key) => term(app, key)) },
});
const containers = [{ name: 'main', resources: { requests: { cpu: '1' } } }];

describe.each([false, true])('a group that has gone, plain scan: %s', (plain) => {
  test.each([[['zone']], [['zone', 'rack']]])('comes again, to any node, with affinity by %j', (keys) => {
    const world = new SchedulerWorld({ plain });
    for (let i = 0; i < 6; i++) world.node(`n${i}`, {}, { zone: `z${i % 2}`, rack: `r${i % 3}` });
    for (let round = 0; round < 5; round++) {
      // Each round the zone of the last one is closed, so that the group has to begin anew elsewhere.
      for (let row = 0; row < 6; row++) world.cluster.setUnschedulable(row, row % 2 === round % 2);
      const names = [0, 1, 2].map((i) => `round-${round}-${i}`);
      for (const name of names)
        world.pod(name, '1', { containers, affinity: together('ring', ...keys) }, { app: 'ring' });
      world.runTo(100 * round + 10);
      const zones = new Set(names.map((name) => (Number(/^on n(\d)$/.exec(world.where(name))?.[1] ?? -1) + 2) % 2));
      expect([...zones], `round ${round}: ${names.map((name) => world.where(name)).join(', ')}`).toEqual([
        (round + 1) % 2,
      ]);
      for (const name of names) world.remove(name);
      world.runTo(100 * round + 90);
    }
  });
});

test('jobs of such groups that come in bursts all find a place', () => {
  const template = {
    metadata: { labels: { app: 'ring' } },
    spec: { containers: [{ name: 'main', image: 'i' }], affinity: together('ring', 'topology.kubernetes.io/zone') },
  };
  const workloads = [
    {
      name: 'ring',
      kind: 'Job',
      replicas: 2,
      arrivals: { bursty: { burstsPerHour: 20, size: 1 } },
      lifetime: '20s',
      requests: { cpu: 1 },
      template,
    },
  ];
  const nodePools = [{ name: 'n', count: 4, zones: ['a', 'b'], allocatable: { cpu: 4, memory: '8Gi' } }];
  const { result } = playScenario({ duration: '1h', nodePools, workloads });
  expect(result.counts.podsArrived).toBeGreaterThan(20);
  expect(result.counts.podsPending).toBe(0);
  expect(result.latency.queueWaitSeconds.max).toBeLessThan(5);
});
