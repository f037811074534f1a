// Steps on the report's plots, and spot machines whose name is taken when they come back.
import { expect, test } from 'vitest';
import { toldRun } from '../support/told-run.ts';

const nodePools = [{ name: 'n', count: 3, allocatable: { cpu: 4, memory: '8Gi', pods: 20 } }];

test('steps are marks: each when it begins, and when it ends if it takes time', () => {
  const steps = [
    { at: '10s', cordon: { nodes: ['n-0'] } }, { at: '20s', drain: { nodes: ['n-1'] } },
    { at: '60s', partition: { nodes: ['n-2'], for: '30s' } }, { at: '100s', slow: { nodes: ['n-2'], factor: 3, for: '10s' } },
    { at: '130s', registryOutage: { nodes: ['n-0', 'n-2'], for: '5s' } },
    { at: '140s', kill: { nodes: ['n-0'], for: '1m' } }, { at: '150s', uncordon: { nodes: ['n-1'] } },
  ];
  const web = { name: 'web', kind: 'Deployment', replicas: 3, requests: { cpu: 1 }, arrivals: { at: '0s' } };
  const { result } = toldRun({ nodePools, steps, workloads: [web], duration: '5m' });
  const told = result.events.map(({ seconds, kind, label, count }) => `${String(seconds)} ${kind}: ${label} x${String(count)}`);
  expect(told).toMatchInlineSnapshot(`
    [
      "10 cordon: cordon n-0 x1",
      "20 drain: drain n-1 x1",
      "21 drain over: drain n-1 x1",
      "60 partition: partition n-2 x1",
      "90 partition over: partition n-2 x1",
      "100 slow nodes: slow n-2 factor=3 x1",
      "110 slow nodes over: slow n-2 factor=3 x1",
      "130 registry outage: registryOutage n-0 n-2 x1",
      "135 registry outage over: registryOutage n-0 n-2 x1",
      "140 kill: kill n-0 x1",
      "150 uncordon: uncordon n-1 x1",
      "200 kill over: kill n-0 x1",
    ]
  `);
});

test('a spot machine whose name is taken when it comes back gets the next free one', () => {
  const { lines, cluster } = toldRun({
    nodePools, duration: '10m', workloads: [], steps: [{ at: '100s', reclaim: { nodes: ['n-0'], notice: '0s', for: '2m' } }],
    meddle: ({ cluster: own, at }) => {
      at(150, () => {
        const { object } = own.nodes.facts[own.nodeRow('n-1')];
        own.addNode({ ...object, metadata: { ...object.metadata, name: 'n-0' } }, 'n');
      });
    },
  });
  expect(lines.filter((line) => /joins|removed|stops/.test(line))).toEqual([
    '100 n-0 stops', '105 n-0 removed', '150 n-0 joins', '220 n-0-2 joins',
  ]);
  const row = cluster.nodeRow('n-0-2');
  expect(cluster.nodes.facts[row].labels.get('kubernetes.io/hostname')).toBe('n-0-2');
  expect(cluster.pools.text(cluster.nodes.pool[row])).toBe('n');
});
