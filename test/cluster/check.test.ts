/** The checker is silent on a sound cluster, and names the first difference when an aggregate is not what the rows say. */
import { describe, expect, test } from 'vitest';
import { checkCluster } from '../../src/cluster/check.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import { checkSchedulerCache } from '../../src/scheduler/cache/check-cache.ts';
import type { SchedulerCache } from '../../src/scheduler/cache/scheduler-cache.ts';
import type { SchedulerFixture } from '../support/scheduler-fixture.ts';
import { fixture, node, pod } from '../support/scheduler-fixture.ts';

/** Two nodes, a pod with anti-affinity and a host port on the first, a pending one, a terminating one. */
function soundWorld(): SchedulerFixture {
  const away = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } } }] } };
  const containers = [{ name: 'main', resources: { requests: { cpu: '1', memory: '1Gi' } }, ports: [{ containerPort: 80, hostPort: 80 }] }];
  const world = fixture({ nodes: [node('n1'), node('n2')], pods: [pod('web', { app: 'web' }, { nodeName: 'n1', containers, affinity: away, priority: 5 }), pod('going', {}, { nodeName: 'n1', priority: 7 }), pod('pending')] });
  world.terminate('going');
  return world;
}

describe('the checker', () => {
  test('is silent on a sound cluster', () => {
    expect(() => checkCluster(soundWorld().cluster)).not.toThrow();
  });

  test.each<[string, (cluster: Cluster) => void, RegExp]>([
    ['a node too many', ({ totals }) => void totals.nodesAlive++, /nodesAlive is 3, the rows say 2/],
    ['a node that is not up', ({ totals }) => void totals.nodesUp--, /nodesUp is 1, the rows say 2/],
    ['an empty node too many', ({ totals }) => void totals.nodesEmpty++, /nodesEmpty is 2, the rows say 1/],
    ['a pod in another phase', ({ totals }) => void totals.podsByPhase[1]++, /podsByPhase\[1\] is 2, the rows say 1/],
    ['a pod that stopped terminating', ({ totals }) => void totals.podsTerminating--, /podsTerminating is 0, the rows say 1/],
    ['cpu requested of the whole', ({ totals }) => void totals.requested[0]++, /requested\[0\] is 1001, the rows say 1000/],
    ['allocatable of the whole', ({ totals }) => void totals.allocatable[0]--, /allocatable\[0\] is 15999, the rows say 16000/],
    ['cpu requested of a node', ({ nodes }) => void nodes.requested[0]++, /requested of n1\[0\] is 1001, the rows say 1000/],
    ['work forgotten', ({ nodes }) => void nodes.workPods[0]--, /workPods of n1 is 1, its pods say 2/],
    ['a node without its pod', ({ nodes }) => void nodes.pods[0].reverse(), /is not at its slot of node 0/],
    ['a pending pod with a node', ({ pods }) => void (pods.node[2] = 1), /pod row 2 in phase 1 has node 1/],
  ])('%s', (_, spoil, message) => {
    const { cluster } = soundWorld();
    spoil(cluster);
    expect(() => checkCluster(cluster)).toThrow(message);
  });
});

describe('the checker of the scheduler\'s cache', () => {
  test('is silent on a sound cache', () => {
    expect(() => checkSchedulerCache(soundWorld().cache)).not.toThrow();
  });

  test.each<[string, (cache: SchedulerCache) => void, RegExp]>([
    ['a less important pod', ({ totals }) => totals.countPriority(1, 1), /lowestPriority is 1, the rows say 5/],
    ['an affinity forgotten', ({ totals }) => void totals.podsWithAffinity--, /podsWithAffinity is 0, the rows say 1/],
    ['an assumed pod too many', ({ totals }) => void totals.podsAssumed++, /podsAssumed is 1, the rows say 0/],
    ['a pending pod forgotten', ({ totals }) => void totals.podsPending--, /podsPending is 0 in the cache, the rows say 1/],
    ['cpu requested of a node', ({ nodes }) => void nodes.info[0].requested[nodes.info[0].base]++, /requested of n1\[0\] is 1001, the rows say 1000/],
    ['cpu with defaults of a node', ({ nodes }) => void nodes.info[0].nonZero[nodes.info[0].nonZeroBase]++, /nonZero of n1/],
    ['room on a node without pods', ({ nodes }) => void nodes.info[1].nonZero[nodes.info[1].nonZeroBase + 2]--, /room for pods on n2 is 109, its pods leave 110/],
    ['a repelling pod of a node', ({ nodes }) => void nodes.info[0].podsWithRequiredAntiAffinity++, /podsWithRequiredAntiAffinity of n1 is 2, its pods say 1/],
    ['a node without its pod', ({ nodes }) => void nodes.info[0].pods.reverse(), /is not at its slot of node 0/],
    ['a pending pod with a node', ({ pods }) => void (pods.node[2] = 1), /pod row 2 of belief 1 has node 1 in the cache/],
  ])('%s', (_, spoil, message) => {
    const { cache } = soundWorld();
    spoil(cache);
    expect(() => checkSchedulerCache(cache)).toThrow(message);
  });
});
