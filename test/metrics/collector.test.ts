// Short scripts whose integrals can be done by hand.
import { WorkloadKind } from '../../src/cluster/workload-table.ts';
import { describe, expect, test } from 'vitest';
import { EvictionCause, PodOutcome } from '../../src/cluster/cluster.ts';
import { checkAccounting } from '../../src/metrics/accounting.ts';
import { SECOND, ScriptedRun } from './scripted-run.ts';

const CPU4 = { cpu: '4', memory: '8Gi' };
const CPU_AND_MEMORY = ['cpu', 'memory'];

describe('utilisation', () => {
  test('is weighted by time, also over the time in which pods were pending', () => {
    const run = new ScriptedRun();
    const node = run.node('a', CPU4, 'general');
    let first = -1;
    let second = -1;
    // cpu: 0 for 10 s, 1/4 for 30 s, 3/4 for 20 s, 2/4 for 40 s. Pods wait from 0 to 10 s and from 30 to 40 s.
    run.at(0, () => (first = run.pod({ cpu: '1' })));
    run.at(10, () => run.launch(first, node));
    run.at(30, () => (second = run.pod({ cpu: '2' })));
    run.at(40, () => run.launch(second, node));
    run.at(60, () => run.cluster.removePod(first, PodOutcome.Succeeded));
    const result = run.result(100);
    const cpu = result.utilization.cpu;
    expect(cpu.mean).toBeCloseTo((0.25 * 30 + 0.75 * 20 + 0.5 * 40) / 100, 12);
    expect(cpu.meanWhilePending).toBeCloseTo((0 * 10 + 0.25 * 10) / 20, 12);
    expect(cpu.max).toBe(0.75);
    expect([cpu.p5, cpu.p50, cpu.p95]).toEqual([0, 0.50025, 0.75]);
    expect(result.utilization.memory).toMatchObject({ mean: 0, max: 0, p95: 0 });
    expect(Object.keys(result.utilization)).toEqual(['cpu', 'memory']);
    expect(result.utilizationByPool.general.cpu.mean).toBeCloseTo(0.425, 12);
    expect(result.nodes[0].meanUtilization.cpu).toBeCloseTo(0.425, 12);
  });

  test('of a pool counts only the time in which the pool has nodes', () => {
    const run = new ScriptedRun({ costPerHourByPool: { burst: 3.6 } });
    run.node('base-0', CPU4, 'base');
    let pod = -1;
    run.at(40, () => run.launch((pod = run.pod({ cpu: '2' })), run.node('burst-0', CPU4, 'burst', 'z1')));
    run.at(80, () => {
      run.cluster.removePod(pod, PodOutcome.Succeeded);
      run.cluster.removeNode(run.cluster.nodeRow('burst-0'));
    });
    const result = run.result(100);
    expect(result.utilizationByPool.burst.cpu.mean).toBe(0.5);
    expect(result.utilization.cpu.mean).toBeCloseTo((0 * 40 + 0.25 * 40 + 0 * 20) / 100, 12);
    expect(result.counts).toMatchObject({ nodes: 1, nodesAtStart: 1, nodesPeak: 2 });
    expect(result.packing.meanNodes).toBeCloseTo(1.4, 12);
    expect(result.packing.meanEmptyNodes).toBeCloseTo(1, 12);
    expect(result.cost.nodeHoursByPool.burst * 3600).toBeCloseTo(40, 9);
    expect(result.cost.total).toBeCloseTo((40 / 3600) * 3.6, 12);
    expect(result.cost.nodeHours * 3600).toBeCloseTo(140, 9);
    expect(result.nodes[1]).toMatchObject({ name: 'burst-0', pool: 'burst', zone: 'z1', createdSeconds: 40, removedSeconds: 80, podsHosted: 1, meanUtilization: { cpu: 0.5, memory: 0 } });
  });

  test('follows a node whose allocatable changes and a resource that comes late', () => {
    const run = new ScriptedRun();
    const node = run.node('a', { cpu: '4' });
    run.at(0, () => run.launch(run.pod({ cpu: '2' }), node));
    run.at(50, () => run.cluster.updateNode(node, { metadata: { name: 'a' }, status: { allocatable: { cpu: '8', 'example.com/a': '1', 'example.com/b': '2', pods: '10' } } }));
    run.at(75, () => run.launch(run.pod({ 'example.com/b': '1' }), node));
    const result = run.result(100);
    expect(result.utilization.cpu.mean).toBeCloseTo(0.375, 12);
    expect(result.utilization['example.com/b'].mean).toBeCloseTo(0.25, 12);
    expect(result.utilization['example.com/a'].mean).toBe(0);
    expect(result.nodes[0].meanUtilization.cpu).toBeCloseTo(0.375, 12);
    expect(result.nodes[0].meanUtilization['example.com/b']).toBeCloseTo(0.125, 12);
  });
});

describe('latency', () => {
  test('waits to binding and to running, by priority and class; who still waits counts with its wait so far', () => {
    const run = new ScriptedRun();
    const node = run.node('a', CPU4);
    const pods: number[] = [];
    run.at(0, () => {
      for (const priority of [0, 0, 0, 7]) pods.push(run.pod({ cpu: '1' }, { priority, className: priority === 0 ? 'batch' : 'service' }));
    });
    run.at(1, () => run.bind(pods[0], node));
    run.at(2, () => run.bind(pods[1], node));
    run.at(4, () => run.cluster.startPod(pods[0]));
    run.at(5, () => run.launch(pods[3], node));
    run.at(8, () => run.cluster.removePod(pods[1], PodOutcome.Evicted));
    const result = run.result(10);
    const { latency } = result;
    expect(latency.queueWaitSeconds).toEqual({ count: 4, mean: 4.5, p50: 2, p90: 10, p95: 10, p99: 10, p999: 10, max: 10, censored: 1 });
    expect(latency.startSeconds).toMatchObject({ count: 4, mean: (4 + 8 + 5 + 10) / 4, censored: 2 });
    expect(latency.queueWaitCdf).toEqual([[1, 0.25], [2, 0.5], [5, 0.75], [10, 1]]);
    expect(Object.keys(result.latencyByPriority)).toEqual(['0', '7']);
    expect(result.latencyByPriority[7].queueWaitSeconds).toMatchObject({ count: 1, p50: 5, censored: 0 });
    expect(result.latencyByClass.batch.queueWaitSeconds).toMatchObject({ count: 3, max: 10, censored: 1 });
    expect(result.notes.join('\n')).toContain('Pods that still waited for a node at the end: 1.');
  });

  test('a second start after a crash is no second sample, a pod that came with its node has no queue wait', () => {
    const run = new ScriptedRun();
    const node = run.node('a', CPU4);
    run.at(0, () => run.cluster.placePod(run.pod({ cpu: '1' }), node));
    run.at(3, () => run.cluster.startPod(0));
    run.at(5, () => run.cluster.interruptPod(0));
    run.at(9, () => run.cluster.startPod(0));
    const result = run.result(10);
    expect(result.latency.queueWaitSeconds.count).toBe(0);
    expect(result.latency.startSeconds).toMatchObject({ count: 1, p50: 3 });
    expect(result.utilization.cpu.mean).toBe(0.25);
    expect(result.counts.podsScheduled).toBe(1);
  });

  test("Little's law: pods in the queue on average = arrival rate times mean wait", () => {
    const run = new ScriptedRun({ sampleSeconds: 1 });
    const node = run.node('a', { cpu: '1' });
    const stream = run.kernel.random.stream('story');
    const waiting: number[] = [];
    let busy = false;
    const serve = (): void => {
      if (busy) return;
      const pod = waiting.shift();
      if (pod === undefined) return;
      busy = true;
      run.launch(pod, node);
      run.at(run.kernel.now / SECOND + Math.max(1, Math.round(-8 * Math.log1p(-stream.next()))), () => {
        run.cluster.removePod(pod, PodOutcome.Succeeded);
        busy = false;
        serve();
      });
    };
    for (let at = 0; at < 40_000; at += Math.max(1, Math.round(-10 * Math.log1p(-stream.next())))) {
      run.at(at, () => {
        waiting.push(run.pod({ cpu: '1' }));
        serve();
      });
    }
    const result = run.result(60_000);
    expect(result.counts.podsPending).toBe(0);
    const { count, mean } = result.latency.queueWaitSeconds;
    const pending = result.timeseries.columns['pods.pending'];
    const sampledMean = pending.reduce((sum, value) => sum + value, 0) / pending.length;
    expect(Math.abs((count * (mean ?? 0)) / 60_000 / sampledMean - 1)).toBeLessThan(0.01);
    expect(mean).toBeGreaterThan(10);
  });
});

describe('what became of pods', () => {
  test('a crash wastes the work of a job and interrupts a service', () => {
    const run = new ScriptedRun();
    const node = run.node('a', CPU4);
    run.at(0, () => {
      run.launch(run.pod({ cpu: '1' }, { durationMicros: 60 * SECOND }), node);
      run.launch(run.pod({ cpu: '1' }), node);
    });
    run.at(20, () => {
      run.cluster.setNodeHealth(node, false);
      for (const pod of [0, 1]) run.cluster.interruptPod(pod);
    });
    run.at(30, () => {
      run.cluster.setNodeHealth(node, true);
      for (const pod of [0, 1]) run.cluster.startPod(pod);
    });
    run.at(90, () => run.cluster.removePod(0, PodOutcome.Succeeded));
    const result = run.result(100);
    expect(result.failures).toEqual({ evictionsByCause: {}, wastedPodSeconds: 20 + 10, usefulPodSeconds: 60 + 20 + 70, nodeDownSeconds: 10 });
    expect(result.nodes[0]).toMatchObject({ failures: 1, downSeconds: 10 });
    expect(result.counts).toMatchObject({ podsFinished: 1, podsRunning: 1, nodeFailures: 1 });
    expect(result.events).toEqual([]);
  });

  test('an outage counts that is still open at the end of the run, or when the node is removed', () => {
    const run = new ScriptedRun();
    const [open, removed, healthy] = ['open', 'removed', 'healthy'].map((name) => run.node(name, CPU4));
    run.at(10, () => run.cluster.setNodeHealth(open, false));
    run.at(15, () => run.cluster.setNodeHealth(open, true));
    run.at(20, () => run.cluster.setNodeHealth(removed, false));
    run.at(50, () => run.cluster.removeNode(removed));
    run.at(70, () => run.cluster.setNodeHealth(open, false));
    const result = run.result(100);
    expect(result.failures.nodeDownSeconds).toBe(5 + 30 + 30);
    expect(result.nodes.map(({ name, downSeconds, failures }) => [name, downSeconds, failures])).toEqual([
      ['open', 35, 2], ['removed', 30, 1], ['healthy', 0, 0],
    ]);
    expect(run.cluster.nodes.facts[healthy].name).toBe('healthy');
  });

  test('evicted pods are lost unless they are replaced, before or after they are gone', () => {
    const run = new ScriptedRun();
    const node = run.node('a', CPU4);
    const owner = run.cluster.workloadWriter.create({
      kind: WorkloadKind.ReplicaSet, key: 'default/web', wanted: 2, object: {}, details: null, parent: -1, template: -1, workloadClass: 0,
      nameBase: run.cluster.names.intern('web'), podMicros: Infinity,
    });
    run.at(0, () => {
      for (let i = 0; i < 4; i++) run.launch(run.pod({ cpu: '1' }, { durationMicros: 60 * SECOND, owner: i < 2 ? owner : -1 }), node);
    });
    run.at(10, () => {
      // Pod 0: replaced while it is still there, for good; pod 1: replaced when it is gone; pod 2: lost; pod 3: deleted by its owner.
      run.cluster.terminatePod(0, EvictionCause.Taint);
      run.pod({ cpu: '1' }, { owner });
      run.cluster.terminatePod(1, EvictionCause.ScaleDown);
      run.cluster.terminatePod(2, EvictionCause.ScaleDown);
      run.cluster.terminatePod(3, EvictionCause.None);
    });
    run.at(20, () => {
      for (const pod of [1, 2]) run.cluster.removePod(pod, PodOutcome.Evicted);
      run.cluster.removePod(3, PodOutcome.Deleted);
      run.pod({ cpu: '1' }, { owner });
    });
    const result = run.result(100);
    expect(result.counts).toMatchObject({ podsArrived: 4, podsReplaced: 2, podsFinished: 1, podsLost: 1, podsPending: 2, podsRunning: 0, evictions: 3 });
    expect(result.failures.evictionsByCause).toEqual({ taint: 1, scaleDown: 2 });
    expect(result.failures.wastedPodSeconds).toBe(40);
  });

  test('books that do not balance are found out', () => {
    const run = new ScriptedRun();
    run.node('a', CPU4);
    run.at(0, () => run.pod({ cpu: '1' }));
    const result = run.result(10);
    expect(() => checkAccounting({ ...result, counts: { ...result.counts, podsPending: 0 } })).toThrow('1 pods arrived, but 0 finished + 0 running + 0 pending + 0 lost = 0');
    expect(() => checkAccounting({ ...result, nodes: [] })).toThrow('0 node records are open, 1 nodes are there');
    expect(() => checkAccounting({ ...result, counts: { ...result.counts, evictions: 2 } })).toThrow('evictions by cause add up to 0, not 2');
  });
});

describe('packing', () => {
  test('density of nodes with work, and free amounts that nothing can use', () => {
    const run = new ScriptedRun({ sampleSeconds: 10 });
    const full = run.node('full', CPU4);
    run.node('empty', CPU4);
    run.at(0, () => run.launch(run.pod({ cpu: '4', memory: '2Gi' }), full));
    const result = run.result(100);
    expect(result.packing.densityOfNonEmptyNodes).toEqual({ cpu: 1, memory: 0.25 });
    expect(result.packing.strandedShare).toEqual({ cpu: 0, memory: 6 / 16 });
    expect(result.packing).toMatchObject({ meanEmptyNodes: 1, meanNodes: 2 });
  });

  test('a daemon alone leaves its node empty; pod slots strand everything', () => {
    const run = new ScriptedRun({ sampleSeconds: 10 });
    const node = run.node('a', { cpu: '4', pods: '1' });
    run.at(0, () => run.launch(run.pod({ cpu: '1' }, { pinnedNode: run.cluster.names.intern('a') }), node));
    const result = run.result(100);
    expect(result.packing).toMatchObject({ densityOfNonEmptyNodes: {}, meanEmptyNodes: 1, strandedShare: { cpu: 0.75 } });
  });
});

describe('rows', () => {
  test('the time series holds the value at the end of each interval, and stays short', () => {
    const run = new ScriptedRun({ sampleSeconds: 10 });
    const node = run.node('a', CPU4);
    run.at(15, () => run.launch(run.pod({ cpu: '1' }), node));
    expect(run.result(35).timeseries).toMatchObject({ seconds: [10, 20, 30, 35], columns: { 'utilization.cpu': [0, 0.25, 0.25, 0.25], 'pods.running': [0, 1, 1, 1], 'nodes.ready': [1, 1, 1, 1] } });

    const long = new ScriptedRun({ sampleSeconds: 1 });
    long.node('a', CPU4);
    const result = long.result(9001);
    expect(result.timeseries.seconds.length).toBe(1126);
    expect(result.timeseries.seconds.slice(0, 3)).toEqual([8, 16, 24]);
    expect(result.timeseries.seconds.at(-1)).toBe(9001);
    expect(result.notes).toContain('Time series rows are 8 s apart instead of 1 s, to keep them few.');
  });

  test('marks of one kind at one instant are one, and only so many are kept', () => {
    const run = new ScriptedRun();
    run.at(20, () => {
      for (const name of ['a', 'b', 'c', 'd']) run.collector.mark('node crash', name, 1);
      for (const name of ['x', 'y', 'z']) run.collector.mark('zone outage', name, 2);
    });
    run.at(30, () => run.collector.mark('node crash', 'e', 1));
    expect(run.result(40).events).toEqual([
      { seconds: 20, kind: 'node crash', label: 'a, b, c and 1 more', count: 4 },
      { seconds: 20, kind: 'zone outage', label: 'x, y, z', count: 6 },
      { seconds: 30, kind: 'node crash', label: 'e', count: 1 },
    ]);
    const many = new ScriptedRun();
    for (let i = 0; i < 20_003; i++) many.at(1 + i / 1000, () => many.collector.mark('crash', 'a', 1));
    const result = many.result(40);
    expect(result.events.length).toBe(20_000);
    expect(result.notes).toContain('Events that happened but are not marked, to keep the marks few: 3.');
  });

  test('one row per pod in order of leaving, or none beyond the limit', () => {
    const story = (limit: number): ReturnType<ScriptedRun['result']> => {
      const run = new ScriptedRun({ podTableLimit: limit });
      const node = run.node('n', CPU4);
      run.at(0, () => run.launch(run.pod({ cpu: '1' }), node));
      run.at(1, () => run.pod({ cpu: '1' }, { className: 'service', priority: 9 }));
      run.at(2, () => run.bind(run.pod({ cpu: '1' }), node));
      run.at(3, () => run.cluster.removePod(0, PodOutcome.Succeeded));
      run.at(4, () => run.launch(run.pod({ cpu: '1' }), node));
      return run.result(10);
    };
    const { pods } = story(4);
    expect(pods?.name).toEqual(['pod-0', 'pod-1', 'pod-2', 'pod-3']);
    expect(pods).toMatchObject({ node: ['n', '', 'n', 'n'], outcome: ['Succeeded', 'Pending', 'Starting', 'Running'], class: ['batch', 'service', 'batch', 'batch'] });
    expect(Array.from(pods?.boundSeconds ?? [])).toEqual([0, NaN, 2, 4]);
    expect(Array.from(pods?.endedSeconds ?? [])).toEqual([3, NaN, NaN, NaN]);
    expect(Array.from(pods?.priority ?? [])).toEqual([0, 9, 0, 0]);
    const beyond = story(3);
    expect(beyond.pods).toBeNull();
    expect(beyond.notes.join()).toContain('The pod table is left out: there were more than 3 pods');
  });
});

test('attempts are those of the pods that were bound', () => {
  const run = new ScriptedRun();
  const node = run.node('a', { cpu: '100' });
  for (const [pod, attempts] of [1, 1, 1, 2, 7].entries()) {
    run.at(pod, () => run.launch(run.pod({ cpu: '1' }), node));
    run.attempts.set(pod, attempts);
  }
  run.attempts.set(5, 99);
  run.at(6, () => run.pod({ cpu: '1' }));
  const { attemptsPerPod } = run.result(10).scheduling;
  expect(attemptsPerPod).toMatchObject({ count: 5, mean: 12 / 5, p50: 1, p90: 7, max: 7, censored: 0 });
});

test('nodes that leave at the first instant are none of the start', () => {
  const run = new ScriptedRun();
  const [stays, goes] = [run.node('a', CPU4), run.node('b', CPU4)];
  run.at(0, () => run.cluster.removeNode(goes));
  run.at(10, () => run.cluster.removeNode(stays));
  const { counts, nodes } = run.result(20);
  expect(counts).toMatchObject({ nodesAtStart: 1, nodesPeak: 2, nodes: 0 });
  expect(nodes.map(({ name, meanUtilization }) => [name, meanUtilization.cpu])).toEqual([['a', 0], ['b', 0]]);
});

test('a resource that pods ask for and no node has is no resource of the cluster', () => {
  const run = new ScriptedRun({ sampleSeconds: 10 });
  run.node('a', CPU4, 'one');
  run.node('b', CPU4, 'two');
  const requests = Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((letter) => [`example.com/${letter}`, '1']));
  run.at(5, () => run.pod({ cpu: '1', ...requests }));
  const { utilization, timeseries, packing } = run.result(30);
  expect([Object.keys(utilization), Object.keys(packing.strandedShare)]).toEqual([CPU_AND_MEMORY, CPU_AND_MEMORY]);
  expect(Object.keys(timeseries.columns).filter((name) => name.includes('example.com'))).toEqual([]);
});
