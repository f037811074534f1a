// What each failure process did, in a run's result: rows that can be done by hand, and one that has a closed form.
import { describe, expect, test } from 'vitest';
import { MICROS_PER_SECOND } from '../../src/base/time.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import { CrashProcesses } from '../../src/failures/crash-processes.ts';
import type { FailureProcess } from '../../src/failures/settings.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { Campaigns } from '../../src/metrics/event-marks.ts';
import type { CampaignFacts, RunResult } from '../../src/metrics/run-result.ts';
import { summaryRows } from '../../src/report/summary-rows.ts';
import { fixed } from '../support/node-life.ts';
import { playScenario } from '../support/played-scenario.ts';

const POOL = (zone: string, count: number): object => ({
  name: zone, count, zones: [zone], allocatable: { cpu: 4, memory: '8Gi' },
});

function resultOf(members: Readonly<Record<string, unknown>>): RunResult {
  return playScenario({ nodePools: [POOL('a', 3), POOL('b', 2)], ...members }).result;
}

function campaignsOf(members: Readonly<Record<string, unknown>>): readonly CampaignFacts[] | undefined {
  return resultOf(members).failures.campaigns;
}

describe('two campaigns by hand', () => {
  // Nodes of pool b crash at 100 + 130 k s for 30 s each. Both zones are cut off from 400 s to 600 s and from 1000 s to
  // the end at 1100 s.
  const failures = [
    { name: 'crash', pools: ['b'], uptime: '100s', repair: '30s' },
    { name: 'cut', kind: 'partition', scope: 'zone', uptime: '400s', repair: '200s' },
    { name: 'never', kind: 'cordon', uptime: '1d', repair: '1h' },
  ];
  const { failures: facts } = resultOf({ duration: '1100s', failures });

  test('give their rows, in the order of the scenario', () => {
    // The last of eight, k = 7, begins at 1010 s and is over at 1040 s. Two nodes each.
    const crash = {
      name: 'crash', kind: 'crash', scope: 'node', strikes: 16, nodesStruck: 2, nodesStruckAtEnd: 0,
      nodeSeconds: 2 * 8 * 30, medianSeconds: 30, longestSeconds: 30, podsDisrupted: 0, podsRestarted: 0,
    };
    // Two zones, two times; 3 + 2 nodes. Ten durations, five of 200 s and five of 100 s so far: the fifth is 100 s.
    const cut = {
      name: 'cut', kind: 'partition', scope: 'zone', strikes: 4, nodesStruck: 5, nodesStruckAtEnd: 5,
      nodeSeconds: 5 * 200 + 5 * 100, medianSeconds: 100, longestSeconds: 200, podsDisrupted: 0, podsRestarted: 0,
    };
    const never = {
      name: 'never', kind: 'cordon', scope: 'node', strikes: 0, nodesStruck: 0, nodesStruckAtEnd: 0,
      nodeSeconds: 0, medianSeconds: null, longestSeconds: null, podsDisrupted: 0, podsRestarted: 0,
    };
    expect(facts.campaigns).toEqual([crash, cut, never]);
  });

  test('agree with the time that nodes were down, as only one of them stops machines', () => {
    expect(facts.campaigns?.[0].nodeSeconds).toBe(facts.nodeDownSeconds);
  });
});

test('a node that two processes hold counts for both', () => {
  const failures = [
    { name: 'crash', uptime: '90s', repair: '30s', pools: ['a'] },
    { name: 'outage', scope: 'zone', uptime: '100s', repair: '50s' },
  ];
  const { campaigns, nodeDownSeconds } = resultOf({ duration: '155s', failures, nodePools: [POOL('a', 1)] }).failures;
  expect(campaigns?.map(({ nodeSeconds, strikes }) => [strikes, nodeSeconds])).toEqual([[1, 30], [1, 50]]);
  expect(nodeDownSeconds).toBe(60);
});

test('a reclaimed node is struck from the notice until its Node object goes', () => {
  const spot = { name: 'spot', kind: 'reclaim', notice: '2m', uptime: '1000s', repair: '500s' };
  // Notice at 1000 s, the machine goes at 1120 s, the cloud controller looks at 1125 s. A new one of the name comes 500 s
  // after the machine went, at 1620 s, is told at 2620 s and goes at 2745 s.
  const members = { duration: '2750s', failures: [spot], nodePools: [POOL('a', 1)] };
  expect(campaignsOf(members)).toEqual([{
    name: 'spot', kind: 'reclaim', scope: 'node', strikes: 2, nodesStruck: 1, nodesStruckAtEnd: 0,
    nodeSeconds: 250, medianSeconds: 125, longestSeconds: 125, podsDisrupted: 0, podsRestarted: 0,
  }]);
});

test('a share of the cluster, and all of it up to the end', () => {
  const failures = [
    { name: 'some', kind: 'slow', factor: 2, scope: 'cluster', share: 0.4, uptime: '100s', repair: '10s' },
    { name: 'all', kind: 'registry', scope: 'cluster', uptime: '50s', repair: '100s' },
  ];
  const facts = campaignsOf({ duration: '120s', failures });
  expect(facts?.map(({ strikes, nodesStruck, nodeSeconds }) => [strikes, nodesStruck, nodeSeconds])).toEqual([
    [1, 2, 20],
    [1, 5, 5 * 70],
  ]);
});

test('nodes that join or leave during an outage are struck while they are there', () => {
  const kernel = new Kernel({ seed: 'campaigns' });
  const cluster = new Cluster(kernel);
  const processes: FailureProcess[] = [{
    name: 'outage', kind: 'crash', scope: 'zone', label: '', share: 1, factor: 1, fill: 1, noticeMicros: 0, pools: [],
    uptimeSeconds: fixed(100), repairSeconds: fixed(50),
  }];
  const campaigns = new Campaigns(cluster, processes);
  new CrashProcesses(kernel, cluster, processes).listeners.push(campaigns);
  const add = (name: string): void => void cluster.addNode(
    { metadata: { name, labels: { 'topology.kubernetes.io/zone': '1' } } }, '',
  );
  const steps = [
    (): void => { add('stays'); },
    (): void => { add('goes'); },
    (): void => { add('comes'); },
    (): void => { cluster.removeNode(cluster.nodeRow('goes')); },
  ];
  const step = kernel.defineEvent('step', 1, (index) => { steps[index](); });
  [0, 0, 110, 125].forEach((seconds, index) => { kernel.at(seconds * MICROS_PER_SECOND, step, index); });
  kernel.run({ until: 200 * MICROS_PER_SECOND });
  // Struck from 100 to 150 s, from 100 to 125 s, and from 110 to 150 s.
  expect(campaigns.facts().campaigns).toEqual([{
    name: 'outage', kind: 'crash', scope: 'zone', strikes: 1, nodesStruck: 3, nodesStruckAtEnd: 0,
    nodeSeconds: 50 + 25 + 40, medianSeconds: 40, longestSeconds: 50, podsDisrupted: 0, podsRestarted: 0,
  }]);
});

describe('pods', () => {
  const web = (more: object): object => ({
    name: 'web', kind: 'Deployment', replicas: 4, requests: { cpu: 1 }, arrivals: { at: '0s' }, lifetime: 'forever', ...more,
  });
  /** Pods lost and restarted, by campaign. */
  const pods = (members: object, replicas = 4): (readonly [string, number, number])[] | undefined => campaignsOf({
    duration: '30m', nodePools: [POOL('a', 1)], workloads: [web({ replicas })], ...members,
  })?.map(({ name, podsDisrupted, podsRestarted }) => [name, podsDisrupted, podsRestarted]);

  test('that are started again with their machine are restarted, each time', () => {
    const failures = [{ name: 'crash', uptime: '10m', repair: '1m' }];
    // At 10 and 21 minutes.
    expect(pods({ failures })).toEqual([['crash', 0, 8]]);
  });

  test('that are evicted from a node that is down are lost, be it back later or not', () => {
    const nodePools = [POOL('a', 1), POOL('b', 1)];
    const lost = (repair: string): unknown => pods({ nodePools, failures: [{ name: 'crash', pools: ['a'], uptime: '10m', repair }] });
    // Two pods on each node; taints last longer than the 300 s that they tolerate.
    expect([lost('8m'), lost('1d')]).toEqual([[['crash', 2, 0]], [['crash', 2, 0]]]);
  });

  test('that never start again are lost with their machine', () => {
    const failures = [{ name: 'crash', uptime: '10m', repair: '1m' }];
    const once = { kind: 'Job', lifetime: '15m', template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main' }] } } };
    expect(pods({ failures, duration: '12m', workloads: [web({ ...once, replicas: 2 })] })).toEqual([['crash', 2, 0]]);
  });

  test('on a node that two campaigns hold count for both, others for none', () => {
    const failures = [
      { name: 'crash', pools: ['a'], uptime: '10m', repair: '2m' }, { name: 'outage', scope: 'zone', pools: ['a'], uptime: '10m', repair: '1m' },
      { name: 'cordon', kind: 'cordon', pools: ['b'], uptime: '10m', repair: '1m' },
    ];
    const nodePools = [POOL('a', 1), POOL('b', 1)];
    expect(pods({ failures, nodePools, duration: '15m' })).toEqual([['crash', 0, 2], ['outage', 0, 2], ['cordon', 0, 0]]);
  });

  test('that a reclaimed machine takes along are lost, and those that were drained before', () => {
    const nodePools = [POOL('a', 1), POOL('b', 1)];
    const failures = [{ name: 'spot', kind: 'reclaim', pools: ['a'], notice: '2m', uptime: '10m', repair: '1d' }];
    expect(pods({ failures, nodePools })).toEqual([['spot', 2, 0]]);
  });

  test('and nodes of steps that strike are told behind those of processes, in the order of time', () => {
    const facts = campaignsOf({
      duration: '1h', nodePools: [POOL('a', 2), POOL('b', 1)], workloads: [web({ replicas: 6 })],
      failures: [{ name: 'never', uptime: '1d', repair: '1h' }],
      steps: [
        { at: '40m', hang: { nodes: ['b-0'], for: '10m' } }, { at: '10m', kill: { nodes: ['a-0'], for: '1m' } },
        { at: '20m', cordon: { nodes: ['a-0'] } }, { at: '55m', outage: { zone: 'a', for: '30m' } },
      ],
    });
    const told = facts?.map(({ name, kind, scope, strikes, nodesStruck, nodesStruckAtEnd, nodeSeconds, podsDisrupted, podsRestarted }) =>
      [name, `${scope} ${kind}`, strikes, nodesStruck, nodesStruckAtEnd, nodeSeconds, podsDisrupted, podsRestarted]);
    // Of the hung node the two pods are evicted 300 s after it has said so.
    expect(told).toEqual([
      ['never', 'node crash', 0, 0, 0, 0, 0, 0],
      ['kill a-0', 'step crash', 1, 1, 0, 60, 0, 2],
      ['hang b-0', 'step hang', 1, 1, 0, 600, 2, 0],
      ['outage zone=a', 'step crash', 1, 2, 2, 600, 0, 0],
    ]);
  });
});

test('nothing is said where nothing has struck', () => {
  expect(resultOf({ duration: '1h' }).failures).not.toHaveProperty('campaigns');
  const failures = [{ name: 'never', uptime: '1d', repair: '1h' }];
  expect(resultOf({ duration: '1h', failures }).failures).not.toHaveProperty('campaigns');
});

test('the list stays out of the table of single numbers', () => {
  const rows = summaryRows(resultOf({ duration: '1h', failures: [{ name: 'x', uptime: '10m', repair: '1m' }] }));
  expect(rows.map(([metric]) => metric)).toContain('failures.nodeDownSeconds');
  expect(rows.filter(([metric]) => String(metric).includes('campaigns'))).toEqual([]);
});

// Machine repair: with exponential up and repair times a machine that is up at 0 is down at t with probability
// u (1 - exp(-t / T)), u = r / (m + r), T = m r / (m + r); over the time t that makes u (t - T (1 - exp(-t / T))).
test('node-seconds of machines under repair lie within their interval', () => {
  const [up, repair, seconds, nodes] = [3600, 900, 72_000, 400];
  const failures = [{
    name: 'crash', uptime: { exponential: { mean: `${up}s` } }, repair: { exponential: { mean: `${repair}s` } },
  }];
  const facts = campaignsOf({ duration: `${seconds}s`, failures, nodePools: [POOL('a', nodes)] });
  const share = repair / (up + repair);
  const settle = (up * repair) / (up + repair);
  const expected = nodes * share * (seconds - settle * (1 - Math.exp(-seconds / settle)));
  // Of a stationary node the variance over a long time t is 2 u (1 - u) T t.
  const deviation = Math.sqrt(nodes * 2 * share * (1 - share) * settle * seconds);
  const found = facts?.[0].nodeSeconds ?? NaN;
  expect(Math.abs(found - expected)).toBeLessThan(3 * deviation);
  expect(3 * deviation).toBeLessThan(0.05 * expected);
});
