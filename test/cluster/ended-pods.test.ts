// Pods that have ended: they hold nothing, are kept until somebody deletes them, and are told of twice.
import { describe, expect, test } from 'vitest';
import { checkCluster } from '../../src/cluster/check.ts';
import { Cluster, EvictionCause, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import { WorkloadKind } from '../../src/cluster/workload-table.ts';
import { Kernel } from '../../src/kernel/kernel.ts';

const clusterWithPod = () => {
  const cluster = new Cluster(new Kernel({ seed: 'ended' }));
  const log: string[] = [];
  cluster.observe({
    podRemoved: (_pod, node, phase, outcome) =>
      void log.push(`removed from ${String(node)} in ${String(phase)}: ${String(outcome)}`),
    podDeleted: () => void log.push('deleted'),
    podTerminating: () => void log.push('terminating'),
    endedPodTerminating: () => void log.push('ended and terminating'),
    podReadyChanged: (_pod, ready) => void log.push(ready ? 'ready' : 'unready'),
  });
  const node = cluster.addNode({ metadata: { name: 'n' }, status: { allocatable: { cpu: '2', pods: '9' } } });
  const template = cluster.internTemplate({
    spec: { containers: [{ name: 'c', resources: { requests: { cpu: '1' } } }] },
  }).id;
  const owner = cluster.workloadWriter.create({
    kind: WorkloadKind.Job,
    object: null,
    key: 'default/j',
    parent: -1,
    wanted: -1,
    template: -1,
    workloadClass: 0,
    nameBase: 0,
    podMicros: Infinity,
    details: null,
  });
  const pod = cluster.createPod({
    template,
    nameBase: 0,
    nameOrdinal: 0,
    owner,
    workloadClass: 0,
    durationMicros: Infinity,
    pinnedNode: -1,
    tracked: true,
  });
  cluster.placePod(pod, node);
  cluster.startPod(pod);
  return { cluster, log, node, pod, owner };
};

describe('a pod that has succeeded', () => {
  test('frees its node and keeps its row until it is removed', () => {
    const { cluster, log, node, pod, owner } = clusterWithPod();
    cluster.endPod(pod, { phase: PodPhase.Succeeded, outcome: PodOutcome.Succeeded });
    expect(cluster.nodes.pods[node]).toEqual([]);
    expect([cluster.pods.phase[pod], cluster.pods.isReady(pod), cluster.workloads.podsOf(owner)]).toEqual([
      PodPhase.Succeeded,
      false,
      [pod],
    ]);
    checkCluster(cluster);
    cluster.terminatePod(pod, EvictionCause.None);
    cluster.countPod(pod);
    cluster.removePod(pod, PodOutcome.Deleted);
    expect(cluster.workloads.podsOf(owner)).toEqual([]);
    checkCluster(cluster);
    expect(log).toEqual([`removed from ${String(node)} in 3: 0`, 'ended and terminating', 'deleted']);
  });

  test('does not end again, nor count again', () => {
    const { cluster, pod } = clusterWithPod();
    cluster.endPod(pod, { phase: PodPhase.Failed, outcome: PodOutcome.Failed, exitCode: 3, cause: EvictionCause.Api });
    expect([cluster.pods.history(pod).exitCode, cluster.pods.cause[pod]]).toEqual([3, EvictionCause.Api]);
    expect(() => cluster.endPod(pod, { phase: PodPhase.Failed, outcome: PodOutcome.Failed })).toThrow('has not ended');
    cluster.countPod(pod);
    expect(() => cluster.countPod(pod)).toThrow('tracked pod');
  });
});

test('Ready has its own time: it turns while the pod runs, and is lost with its node', () => {
  const { cluster, log, pod } = clusterWithPod();
  expect([cluster.pods.isReady(pod), cluster.pods.readyAt[pod]]).toEqual([true, 0]);
  cluster.setPodReady(pod, false);
  expect(() => cluster.setPodReady(pod, false)).toThrow('must change');
  cluster.setPodReady(pod, true);
  cluster.interruptPod(pod);
  expect(cluster.pods.isReady(pod)).toBe(false);
  expect(log).toEqual(['unready', 'ready']);
});

describe('the checker of workloads', () => {
  test('finds a count of pods that the lists do not bear out', () => {
    const { cluster, owner } = clusterWithPod();
    cluster.workloads.alive[owner]++;
    expect(() => checkCluster(cluster)).toThrow('workload row 0');
  });
});
