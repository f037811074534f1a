// Disks and processes of nodes: signals, thresholds, conditions, who is evicted, what is freed before, who is let in.
import { describe, expect, test } from 'vitest';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { spellScenario } from '../../src/simulation/scenario-spelling.ts';
import type { Scenario } from '../../src/simulation/scenario.ts';
import { memoryFiles } from '../input/memory-files.ts';
import { toldRun } from '../support/told-run.ts';
import type { Meddling, ToldRun } from '../support/told-run.ts';

const NODES = [{ name: 'n', count: 1, allocatable: { cpu: 4, memory: '8Gi', pods: 20, 'ephemeral-storage': '90Gi' } }];
const KUBELET = { sandbox: '0s', containerStart: '0s', pullBase: '0s', defaultImageSize: '0' };

function pod(name: string, application: object, more: object = {}): object {
  return { name, kind: 'Pod', lifetime: '5h', requests: { cpu: '100m' }, application, ...more };
}

/** In Gi, of the 100Gi of which 90Gi are allocatable: the least that imagefs.available asks for are 15Gi. */
function writes(use: number, growthPerHour = 0): object {
  return { storage: { use, growthPerHour } };
}

function told(members: Readonly<Record<string, unknown>>, objects: readonly unknown[] = []): ToldRun {
  return toldRun({ duration: '30m', nodePools: NODES, ...members }, objects);
}

/** From the first second on, without creations and bindings. */
function later({ lines }: ToldRun): string[] {
  return lines.filter((line) => !line.startsWith('0 ') && !/ (created|on n-\d)$/.test(line));
}

describe('a disk that pods fill', () => {
  test('is told of at the next look, costs the worst pod, and keeps others away for five minutes', () => {
    const workloads = [
      pod('log', writes(80, 60)), pod('calm', writes(1)), pod('later', writes(1), { arrivals: { at: '6m' } }),
    ];
    // 19Gi are left, 1Gi less a minute. Observed for the last time at 240 s.
    const run = told({ workloads });
    expect(run.lines.slice(6)).toMatchInlineSnapshot(`
      [
        "240 n-0 DiskPressure=True",
        "241 log-0 failed: Evicted",
        "360 later-0 created",
        "540 n-0 DiskPressure=False",
        "540 later-0 on n-0",
        "540 later-0 runs",
      ]
    `);
    expect(run.events.filter((line) => line.includes('Evicted'))).toEqual([
      '240 Warning Evicted log-0 The node was low on resource: ephemeral-storage.  x1',
    ]);
    expect(run.result.failures.evictionsByCause).toEqual({ nodePressure: 1 });
  });

  test('loses those that use more than they request, then by priority, then by how much more', () => {
    const asks = (bytes: string): object => ({ requests: { cpu: '100m', 'ephemeral-storage': bytes } });
    const workloads = [
      // 20Gi of which 20Gi are requested; of all others more is used than requested.
      pod('modest', writes(1), asks('20Gi')),
      pod('vital', writes(30), { priorityClass: 'high' }),
      pod('large', writes(4), asks('5Gi')),
      pod('larger', writes(10)),
    ];
    const { lines } = told({
      workloads, priorityClasses: { high: 1000 },
      steps: [{ at: '95s', diskFull: { nodes: ['n-0'], fill: 0.9, for: '10m' } }],
    });
    // 15Gi beyond the request of 5Gi, then 10Gi beyond none; then the high priority, then who keeps to its request.
    expect(lines.filter((line) => line.includes('failed'))).toEqual([
      '101 large-0 failed: Evicted', '103 larger-0 failed: Evicted', '105 vital-0 failed: Evicted',
      '107 modest-0 failed: Evicted',
    ]);
  });

  test('loses as few as will do, each a second behind the end of the one before', () => {
    const workloads = [1, 2, 3, 4].map((gibi) => pod(`p${String(gibi)}`, writes(gibi)));
    const steps = [{ at: '95s', diskFull: { nodes: ['n-0'], fill: 0.81, for: '5m' } }];
    // 9Gi are left; 13Gi without the largest, 16Gi without the two.
    expect(later(told({ workloads, steps }))).toMatchInlineSnapshot(`
      [
        "100 n-0 DiskPressure=True",
        "101 p4-0 failed: Evicted",
        "103 p3-0 failed: Evicted",
        "410 n-0 DiskPressure=False",
      ]
    `);
  });

  test('frees dead containers before anybody has to go', () => {
    const failing = { storage: { use: 40 }, failure: { after: '50s', probability: 1 } };
    // The second run stands beside the dead first one: 80Gi, and 10Gi of the other.
    const run = told({ workloads: [pod('fails', failing), pod('calm', writes(10))], duration: '95s' });
    expect(run.lines.filter((line) => /Evicted|Disk/.test(line))).toEqual(['60 n-0 DiskPressure=True']);
  });

  test('frees unused images that are old enough before anybody has to go, and they are pulled again', () => {
    const batch = (at: string): object => ({
      name: `batch${at}`, kind: 'Job', lifetime: '10s', requests: { cpu: '100m' }, arrivals: { at },
      template: { spec: { containers: [{ name: 'main', image: 'batch:1' }] } },
    });
    const run = told({
      workloads: [pod('log', writes(40, 60), { lifetime: '20m' }), batch('1s'), batch('27m')],
      kubelet: { ...KUBELET, imageSizes: { 'batch:1': '30Gi' }, pullBytesPerSecond: '1Gi', unpackBytesPerSecond: '1000Gi' },
    });
    // 30Gi are left, 1Gi less a minute, so that there is too little behind 15 minutes; the log ends behind 20.
    expect(run.lines.filter((line) => !line.startsWith('0 '))).toMatchInlineSnapshot(`
      [
        "1 batch1s-0-0 created",
        "1 batch1s-0-0 on n-0",
        "31.03 batch1s-0-0 runs",
        "41.03 batch1s-0-0 ended",
        "42.03 batch1s-0-0 gone",
        "900 n-0 DiskPressure=True",
        "1200 log-0 gone",
        "1200 n-0 DiskPressure=False",
        "1620 batch27m-0-0 created",
        "1620 batch27m-0-0 on n-0",
        "1650.03 batch27m-0-0 runs",
        "1660.03 batch27m-0-0 ended",
        "1661.03 batch27m-0-0 gone",
      ]
    `);
  });

  test('an image that does not fit is asked for again, later and later', () => {
    const run = told({
      workloads: [pod('log', writes(50)), pod('big', {}, {
        arrivals: { at: '1s' }, template: { spec: { containers: [{ name: 'main', image: 'big:1' }] } },
      })],
      kubelet: { ...KUBELET, imageSizes: { 'big:1': '60Gi' }, pullBytesPerSecond: '60Gi', unpackBytesPerSecond: '600000Gi' },
      duration: '60s',
    });
    expect(run.events.filter((line) => / (Failed|BackOff) /.test(line))).toMatchInlineSnapshot(`
      [
        "2 Warning Failed big-0 Failed to pull image "big:1": rpc error: code = Unknown desc = failed to pull and unpack image: write: no space left on device x3",
        "2 Warning Failed big-0 Error: ErrImagePull x3",
        "23 Normal BackOff big-0 Back-off pulling image "big:1": ErrImagePull: rpc error: code = Unknown desc = failed to pull and unpack image: write: no space left on device x2",
        "23 Warning Failed big-0 Error: ImagePullBackOff x2",
      ]
    `);
  });
});

describe('inodes', () => {
  test('run out with small files', () => {
    // 100Gi have 6,553,600 inodes, of which 327,680 are the least; 1Gi of files of 1Ki takes 1,048,576.
    const small = { storage: { use: 5, growthPerHour: 30, fileSize: '1Ki' } };
    const run = told({ workloads: [pod('small', small), pod('calm', writes(10))] });
    // 1,310,720 are left; 524,288 less a minute, 983,040 in 112.5 s.
    expect(later(run)).toEqual(['120 n-0 DiskPressure=True', '121 small-0 failed: Evicted', '420 n-0 DiskPressure=False']);
    expect(run.events.filter((line) => line.includes('inodes'))).toHaveLength(1);
  });
});

describe('processes', () => {
  const forks = (use: number, growthPerHour = 0): object => ({ pids: { use, growthPerHour } });
  const kubelet = { ...KUBELET, evictionHard: { 'pid.available': '10%' }, maxPids: 1000 };

  test('run out where a threshold is set; the lowest priority goes first, then who has most', () => {
    const workloads = [
      pod('forks', forks(100, 36_000), { priorityClass: 'high' }), pod('many', forks(300)), pod('few', forks(3)),
    ];
    // 597 are left, 10 less a second: 100 in 49.7 s. Each second takes ten more.
    const run = told({ workloads, kubelet, priorityClasses: { high: 1000 }, duration: '3m' });
    expect(later(run)).toMatchInlineSnapshot(`
      [
        "50 n-0 PIDPressure=True",
        "51 many-0 failed: Evicted",
        "81 few-0 failed: Evicted",
        "83 forks-0 failed: Evicted",
      ]
    `);
  });

  test('are nobody\'s business without a threshold, as upstream', () => {
    const run = told({ workloads: [pod('forks', forks(100, 36_000))], kubelet: { ...KUBELET, maxPids: 1000 } });
    expect(later(run)).toEqual([]);
  });
});

describe('thresholds', () => {
  const soft = {
    evictionHard: { 'nodefs.available': '5%' },
    evictionSoft: { 'nodefs.available': '20Gi' }, evictionSoftGracePeriod: { 'nodefs.available': '90s' },
  };

  test('that are soft are told of at once, and cost pods when it has been so for the grace period', () => {
    const run = told({ workloads: [pod('log', writes(79, 60)), pod('calm', writes(0))], kubelet: { ...KUBELET, ...soft } });
    // 21Gi are left: less than 20Gi behind a minute.
    expect(later(run)).toEqual(['70 n-0 DiskPressure=True', '161 log-0 failed: Evicted', '460 n-0 DiskPressure=False']);
  });

  test('that are soft leave pods a grace period, up to the longest', () => {
    const slow = (evictionMaxPodGracePeriod: string): string[] => later(told({
      workloads: [pod('log', { ...writes(85), stop: '20s' })], duration: '2m30s',
      kubelet: { ...KUBELET, ...soft, evictionMaxPodGracePeriod },
    })).slice(-1);
    // Met at 10 s. A program that needs 20 s has the shorter of 10 s and its own 30 s; with a minute it gets done.
    expect([slow('0s'), slow('10s'), slow('1m')]).toEqual(
      [['102 log-0 failed: Evicted'], ['110 log-0 failed: Evicted'], ['120 log-0 failed: Evicted']],
    );
  });

  test('with a minimum reclaim make pods go until so much more is there', () => {
    const workloads = [1, 2, 3, 4].map((gibi) => pod(`p${String(gibi)}`, writes(gibi)));
    const steps = [{ at: '95s', diskFull: { nodes: ['n-0'], fill: 0.79, for: '5m' } }];
    const evicted = (more: object): number => told({ workloads, steps, kubelet: { ...KUBELET, ...more } })
      .lines.filter((line) => line.includes('Evicted')).length;
    // 11Gi are left; 15Gi without the largest, which is just too little of 15 %.
    const least = { evictionHard: { 'imagefs.available': '15Gi' } };
    expect(evicted(least)).toBe(1);
    expect(evicted({ ...least, evictionMinimumReclaim: { 'imagefs.available': '1Gi' } })).toBe(2);
    expect(evicted({ ...least, evictionMinimumReclaim: { 'imagefs.available': '5Gi' } })).toBe(3);
  });

  test('stay in their conditions for the transition period', () => {
    const steps = [{ at: '95s', diskFull: { nodes: ['n-0'], for: '14s' } }];
    const kubelet = { ...KUBELET, evictionPressureTransitionPeriod: '1m' };
    // Observed last at 102 s, when the pod had gone.
    expect(later(told({ workloads: [pod('calm', writes(0))], steps, kubelet }))).toEqual(
      ['100 n-0 DiskPressure=True', '101 calm-0 failed: Evicted', '170 n-0 DiskPressure=False'],
    );
  });
});

describe('a file system of its own for images', () => {
  test('does not know what containers write', () => {
    const kubelet = { ...KUBELET, disk: { capacity: '100Gi', imageCapacity: '50Gi' } };
    const run = told({ workloads: [pod('log', writes(89))], kubelet });
    // 11 % of the root file system are left, and 10 % are enough there.
    expect(later(run)).toEqual([]);
    expect(later(told({ workloads: [pod('log', writes(89))] }))).toHaveLength(3);
  });
});

describe('limits of ephemeral-storage', () => {
  /** A pod with a container for each limit, each of which requests 1Gi. */
  const run = (limits: readonly string[], application: object): ToldRun => told(
    { workloads: [], applications: [{ name: 'logs', selector: 'app=log', ...application }] },
    [{
      apiVersion: 'v1', kind: 'Pod', metadata: { name: 'log', labels: { app: 'log' } },
      spec: {
        containers: limits.map((limit, index) => ({
          name: `c${String(index)}`, image: 'i',
          resources: { requests: { 'ephemeral-storage': '1Gi' }, limits: { 'ephemeral-storage': limit } },
        })),
      },
    }],
  );

  test('of a container make its pod go at the next look, whatever its node has left', () => {
    const { lines, events } = run(['2Gi', '8Gi'], writes(1, 60));
    expect(lines.slice(-1)).toEqual(['71 log failed: Evicted']);
    expect(events.filter((line) => line.includes('Evicted'))).toEqual([
      '70 Warning Evicted log Container c0 exceeded its local ephemeral storage limit "2147483648".  x1',
    ]);
  });

  test('of all containers together count for the pod', () => {
    // The first writes 1Gi, and 1Gi more a minute; its own limit is passed before that of both.
    const { lines, events } = run(['5Gi', '3Gi'], { ...writes(1, 60), containers: { c1: writes(1, 0) } });
    expect(lines.slice(-1)).toEqual(['251 log failed: Evicted']);
    expect(events.filter((line) => line.includes('Evicted'))[0]).toContain('Container c0 exceeded');
    const both = run(['8Gi', '2Gi'], { ...writes(1, 60), containers: { c1: writes(2, 0) } });
    // 1Gi and 2Gi, 1Gi more a minute, of 10Gi.
    expect(both.lines.slice(-1)).toEqual(['431 log failed: Evicted']);
    expect(both.events.filter((line) => line.includes('Evicted'))[0]).toContain('usage exceeds the total limit of containers');
  });
});

describe('a node under pressure', () => {
  /** A pod of this spec that is bound to the node at 200 s, as one whose scheduler has not heard yet. */
  const bound = (spec: object, members: object): string[] => {
    const run = toldRun({
      duration: '5m', nodePools: NODES, ...members,
      meddle: ({ cluster, at }: Meddling) => {
        at(200, () => {
          const template = cluster.internTemplate({
            metadata: { name: 'x', namespace: 'default' }, spec: { containers: [{ name: 'main', image: 'i' }], ...spec },
          });
          const row = cluster.createPod({
            template: template.id, nameBase: cluster.names.intern('guest'), nameOrdinal: -1, owner: -1, workloadClass: 0,
            durationMicros: Infinity, pinnedNode: -1,
          });
          cluster.bindPod(row, cluster.nodeRow('n-0'));
        });
      },
    });
    return run.lines.filter((line) => line.includes('guest')).slice(2);
  };
  const requesting = (requests: object): object => ({ containers: [{ name: 'main', image: 'i', resources: { requests } }] });
  const fullDisk = { workloads: [], steps: [{ at: '95s', diskFull: { nodes: ['n-0'], for: '90s' } }] };
  const leak = { memory: { use: 1, growthPerHour: 36 } };
  const noMemory = { workloads: [pod('leak', leak, { requests: { cpu: 1, memory: '6Gi' } })] };

  test('of its disk lets in nobody but critical pods', () => {
    expect(bound(requesting({ cpu: '1' }), fullDisk)).toEqual(['200 guest failed: Evicted']);
    expect(bound({ priority: 2_000_000_000 }, fullDisk)).toEqual(['200 guest runs']);
  });

  test('of its memory keeps out pods that request nothing, unless they tolerate it', () => {
    expect(bound({}, noMemory)).toEqual(['200 guest failed: Evicted']);
    expect(bound(requesting({ cpu: '1m' }), noMemory)).toEqual(['200 guest runs']);
    const tolerations = [{ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' }];
    expect(bound({ tolerations }, noMemory)).toEqual(['200 guest runs']);
  });

  test('spares critical pods, and says so when its machine is back', () => {
    const run = told({
      workloads: [pod('vital', writes(40), { priorityClass: 'system-node-critical' }), pod('calm', writes(45))],
      steps: [{ at: '105s', diskFull: { nodes: ['n-0'], for: '40s' } }, { at: '150s', kill: { nodes: ['n-0'], for: '5s' } }],
      duration: '3m',
    });
    // 15Gi are a little less than 15 %. Its restart is what makes it forget.
    expect(later(run)).toMatchInlineSnapshot(`
      [
        "10 n-0 DiskPressure=True",
        "11 calm-0 failed: Evicted",
        "150 n-0 stops",
        "155 n-0 works",
        "155 n-0 DiskPressure=False",
        "155 vital-0 runs",
      ]
    `);
  });

  test('that is cut off says so when it is back', () => {
    const run = told({
      workloads: [], duration: '10m',
      steps: [{ at: '95s', partition: { nodes: ['n-0'], for: '30s' } }, { at: '100s', diskFull: { nodes: ['n-0'], for: '3m' } }],
    });
    // Full from 100 s to 280 s; the look of that instant is behind its end.
    expect(later(run)).toEqual(['125 n-0 DiskPressure=True', '570 n-0 DiskPressure=False']);
  });

  test('is tainted while it is', () => {
    const taints: string[] = [];
    toldRun({
      duration: '10m', nodePools: NODES, ...fullDisk,
      meddle: ({ cluster, at }: Meddling) => {
        for (const second of [90, 101, 399, 481])
          at(second, () => { taints.push(`${String(second)} ${cluster.nodes.facts[0].taints.map(({ key }) => key).join()}`); });
      },
    });
    // Full from 95 s to 185 s: observed last at 180 s.
    expect(taints).toEqual(['90 ', '101 node.kubernetes.io/disk-pressure', '399 node.kubernetes.io/disk-pressure', '481 ']);
  });
});

test('pods that a full disk takes count as lost to their campaign, and are evicted for pressure', () => {
  const run = told({
    workloads: [{ name: 'web', kind: 'Deployment', replicas: 3, requests: { cpu: 1 }, lifetime: 'forever', arrivals: { at: '0s' } }],
    nodePools: [{ ...NODES[0], count: 2 }], duration: '2h',
    failures: [{ name: 'disks', kind: 'diskFull', fill: 0.9, uptime: { exponential: { mean: '40m' } }, repair: '2m' }],
  });
  const [campaign] = run.result.failures.campaigns ?? [];
  expect(campaign.podsDisrupted).toBeGreaterThan(0);
  expect(campaign.podsDisrupted).toBe(run.result.failures.evictionsByCause.nodePressure);
  expect(run.result.events.map(({ kind }) => kind)).toContain('node disk full');
  expect(run.cluster.totals.podsPending).toBe(0);
});

test('settings are spelled as they are read, and only where somebody has set one', () => {
  const read = (members: object): Scenario => readScenario(
    { file: 's.json' }, memoryFiles({ 's.json': JSON.stringify({ duration: '1h', nodePools: NODES, ...members }) }),
  ).scenario;
  const kubelet = {
    evictionHard: { 'nodefs.available': '7.5%', 'pid.available': '100', 'imagefs.available': '0%' },
    evictionSoft: { 'memory.available': '1Gi' }, evictionSoftGracePeriod: { 'memory.available': '2m' },
    evictionMinimumReclaim: { 'nodefs.available': '1Gi' }, evictionMaxPodGracePeriod: '10s', imageMinimumGCAge: '1m',
    imageGCHighThresholdPercent: 70, disk: { capacity: '50Gi', imageCapacity: '9Gi', inodes: 1000 }, maxPids: 99,
  };
  const { pressure } = read({ kubelet }).kubelet;
  const spelled = spellScenario(read({ kubelet }));
  expect(read({ kubelet: spelled.kubelet as object }).kubelet.pressure).toEqual(pressure);
  // 0% is no threshold.
  expect(pressure.thresholds.map(({ signal }) => signal)).toEqual(['nodefs.available', 'pid.available', 'memory.available']);
  expect(pressure).toMatchObject({ imageHighPercent: 70, imageLowPercent: 70, transitionMicros: 300_000_000 });
  const fields = (scenario: Scenario): string[] => Object.keys(spellScenario(scenario).kubelet as object);
  expect(fields(read({})).filter((field) => /eviction|image[GM]|disk|maxPids/.test(field))).toEqual([]);
  expect(fields(structuredClone(read({})))).toEqual(fields(read({})));
  const uses = { storage: { use: 2, growthPerHour: 3, fileSize: 4096 }, pids: { use: 7, growthPerHour: 0 } };
  const applications = [{ name: 'a', selector: 'app=a', ...uses }];
  const [told] = spellScenario(read({ applications })).applications as object[];
  expect(told).toMatchObject(uses);
});
