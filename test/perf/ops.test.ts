// Each op of the scheduler_perf format on a workload small enough to be followed by hand.
import { describe, expect, test } from 'vitest';
import { PodPhase } from '../../src/cluster/cluster.ts';
import { PerfCluster } from '../../src/scheduler-perf/perf-cluster.ts';
import { WorkloadPlayer } from '../../src/scheduler-perf/workload-player.ts';
import { FIXTURE, planOf, playCase, tickingClock } from './fixture-runs.ts';

/** The cluster after the case's last op. */
function clusterAfter(name: string): PerfCluster {
  const [{ perfCase, workload, ops, configuration, templates }] = planOf(FIXTURE, { cases: [name] }).workloads;
  const target = new PerfCluster(configuration, { seed: name, plain: false });
  new WorkloadPlayer(target, perfCase, workload, templates, tickingClock()).play(ops);
  return target;
}

function nodesOf({ cluster }: PerfCluster): { name: string; labels: Record<string, string> }[] {
  return cluster.nodes.facts.filter((_facts, row) => cluster.nodes.alive[row] === 1).map(({ name, labels }) => ({ name, labels: Object.fromEntries(labels) }));
}

/** `namespace/name phase node` of each pod. */
function podsOf({ cluster }: PerfCluster): string[] {
  const lines: string[] = [];
  for (let row = 0; row < cluster.pods.length; row++) {
    const phase = cluster.pods.phase[row];
    if (phase === PodPhase.Free) continue;
    const node = cluster.pods.node[row];
    lines.push(`${cluster.templateOf(row).namespace}/${cluster.podName(row)} ${node < 0 ? '-' : cluster.nodes.facts[node].name}`);
  }
  return lines;
}

describe('createNodes', () => {
  test('names nodes after the op or the template, labels them with their host name and deals label values in turn', () => {
    expect(nodesOf(clusterAfter('Nodes'))).toEqual([
      { name: 'node-0-0', labels: { 'kubernetes.io/hostname': 'node-0-0' } },
      { name: 'box-0', labels: { 'kubernetes.io/hostname': 'box-0', zone: 'east' } },
      { name: 'box-1', labels: { 'kubernetes.io/hostname': 'box-1', zone: 'west' } },
      { name: 'box-2', labels: { 'kubernetes.io/hostname': 'box-2', zone: 'east' } },
      { name: 'box-3', labels: { 'kubernetes.io/hostname': 'box-3', serial: 'box-3' } },
      { name: 'box-4', labels: { 'kubernetes.io/hostname': 'box-4', serial: 'box-4' } },
    ]);
  });

  test('puts allocatable amounts and volume limits over the template', () => {
    const target = clusterAfter('Limits');
    expect(target.cluster.nodes.allocatable[0]).toBe(1000);
    expect(target.cluster.objects.count('CSINode')).toBe(2);
  });
});

describe('createPods', () => {
  test('waits until its pods have nodes and measures them', () => {
    const result = playCase('Nodes');
    expect(result).toMatchObject({ nodes: 6, pods: 3, scheduled: 3, decisions: 3, threshold: 12 });
    expect(result.seconds).toBeGreaterThan(0);
    expect(result.phases.map(({ name }) => name)).toEqual(['namespace-3']);
  });

  test('gives each pod a bound volume; the fifth finds no node with room for one more', () => {
    const result = playCase('Limits');
    expect(result).toMatchObject({ pods: 5, scheduled: 4 });
    expect(result.notes).toContain('op 1: 1 pods in disks got no node in 600 simulated seconds: upstream would fail here');
    expect(clusterAfter('Limits').cluster.objects.get('PersistentVolumeClaim', 'disks/pvc-3')).toMatchObject({ spec: { volumeName: 'disks-vol-3' } });
  });

  test('leaves gated pods alone', () => {
    expect(playCase('Gated')).toMatchObject({ pods: 2, scheduled: 2, decisions: 2 });
  });

  test('ends a wait for pods that fit nowhere', () => {
    const result = playCase('TooLarge');
    expect(result).toMatchObject({ pods: 2, scheduled: 0 });
    expect(result.notes).toEqual([
      'the parameter unneeded is not used by any op',
      'feature gate SchedulerQueueingHints=false: decisions are made as with SchedulerQueueingHints=true',
      'feature gate PodLevelDreams=true: not modelled, without effect',
      'op 1: 2 pods in namespace-1 got no node in 600 simulated seconds: upstream would fail here',
    ]);
  });
});

test('createNamespaces, createPodSets and createAny fill namespaces', () => {
  const target = clusterAfter('Namespaces');
  expect([...target.cluster.objects.list('Namespace')].map(({ metadata }) => metadata)).toEqual([
    { name: 'team-0', labels: { team: 'blue', 'kubernetes.io/metadata.name': 'team-0' } },
    { name: 'team-1', labels: { team: 'blue', 'kubernetes.io/metadata.name': 'team-1' } },
  ]);
  expect(target.cluster.objects.get('Service', 'team-0/service-0')).toMatchObject({ spec: { selector: { kind: 'small' } } });
  expect(podsOf(target).filter((line) => line.startsWith('team-0/'))).toHaveLength(3);
  expect(podsOf(target).filter((line) => line.startsWith('team-1/'))).toHaveLength(7);
});

describe('updateAny', () => {
  test('opens nodes for the pods that a barrier waits for', () => {
    const result = playCase('Updates');
    expect(result).toMatchObject({ pods: 4, scheduled: 4 });
    // Four refusals, then four bindings.
    expect(result.decisions).toBe(8);
    expect(result.phases.map(({ name }) => name)).toEqual(['blocked']);
    expect(nodesOf(clusterAfter('Updates')).map(({ labels }) => labels)).toEqual([{}, {}]);
  });

  test('resizes a pod in place; the room goes to the one that waits', () => {
    expect(podsOf(clusterAfter('Resize'))).toEqual(['full/whole-0 box-0', 'waiting/whole-0 box-0']);
  });
});

describe('churn', () => {
  test('creates as many rounds as asked for, and pods arrive all at once when it is over', () => {
    const target = clusterAfter('ChurnCreate');
    expect(podsOf(target).filter((line) => line.startsWith('namespace-1/'))).toEqual(['namespace-1/large-0 -', 'namespace-1/large-1 -', 'namespace-1/large-2 -']);
    expect(target.kernel.now).toBe(1_000_000);
    expect(playCase('ChurnCreate')).toMatchObject({ pods: 5, scheduled: 5, notes: [] });
  });

  test('recreates: slot by slot there and gone, while pods arrive at the threshold rate', () => {
    const result = playCase('ChurnRecreate');
    expect(result).toMatchObject({ nodes: 1, pods: 10, scheduled: 10 });
    expect(result.notes).toContain("op 2: something goes on in the background: pods arrive at 10/s of simulated time, the workload's threshold, because decisions take none");
    const target = clusterAfter('ChurnRecreate');
    expect(target.kernel.now).toBe(1_000_000);
    // Ten ticks on two slots: made, made, gone, gone, made, made, gone, gone, made, made.
    expect(nodesOf(target)).toHaveLength(3);
    expect(podsOf(target).filter((line) => line.startsWith('namespace-1/'))).toHaveLength(2);
    expect(target.cluster.objects.count('Service')).toBe(2);
  });
});

test('deletePods removes at its rate, and a finalizer holds what it deletes', () => {
  const target = clusterAfter('Deletions');
  const lines = podsOf(target);
  // Five in the half second of sleep, a sixth while the last op's twenty pods arrive at 250 a second.
  expect(lines.filter((line) => line.startsWith('held/'))).toEqual(['held/held-0 box-0', 'held/held-1 box-0']);
  expect(target.cluster.totals.podsTerminating).toBe(2);
  expect(lines.filter((line) => line.startsWith('first/'))).toEqual(['first/small-6 box-0', 'first/small-7 box-0', 'first/small-8 box-0', 'first/small-9 box-0']);
  expect(target.kernel.now).toBe(630_000);
});
