// Pods that a kubelet makes go or never lets start: Failed objects with upstream's reasons, until somebody takes them.
import { describe, expect, test } from 'vitest';
import { EvictionCause, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import { podCells } from '../../src/report/kubectl/pod-columns.ts';
import { toldRun } from '../support/told-run.ts';
import { withoutHash } from '../support/without-hash.ts';

const NODES = [{ name: 'n', count: 1, allocatable: { cpu: 4, memory: '8Gi', pods: 20 } }];
/** 7Gi from the start, 12Gi more an hour: less than 100Mi are left behind 5 minutes. */
const LEAK = { memory: { use: 1, growthPerHour: 4 } };
const leaking = (more: object = {}): object => ({
  name: 'leak', kind: 'Deployment', replicas: 1, requests: { cpu: 1, memory: '6Gi' }, application: LEAK, arrivals: { at: '0s' }, ...more,
});

/** What `kubectl get pods` shows of each pod, without its age. */
function shown({ looked }: ReturnType<typeof toldRun>): string[][] {
  return looked.pods().map((pod) => podCells(pod, 0).slice(0, 3).map(withoutHash));
}

describe('a pod that is evicted for memory', () => {
  test('is kept as Failed and replaced when its containers have stopped, not before', () => {
    const run = toldRun({ duration: '15m', nodePools: NODES, workloads: [leaking()] });
    expect(run.lines.slice(0, 8)).toMatchInlineSnapshot(`
      [
        "0 leak-0-0 created",
        "0 leak-0-0 on n-0",
        "0 leak-0-0 runs",
        "310 n-0 MemoryPressure=True",
        "311 leak-0-0 failed: Evicted",
        "311 leak-0-1 created",
        "610 n-0 MemoryPressure=False",
        "610 leak-0-1 on n-0",
      ]
    `);
    expect(shown(run)).toMatchInlineSnapshot(`
      [
        [
          "leak-0-0",
          "0/1",
          "Evicted",
        ],
        [
          "leak-0-1",
          "1/1",
          "Running",
        ],
      ]
    `);
    const failed = run.looked.pods().find(({ metadata }) => withoutHash(metadata.name) === 'leak-0-0');
    expect(failed?.status).toMatchObject({
      phase: 'Failed', reason: 'Evicted', message: expect.stringMatching(/^The node was low on resource: memory\. /) as string,
      conditions: expect.arrayContaining([expect.objectContaining({ type: 'DisruptionTarget', reason: 'TerminationByKubelet' })]) as unknown,
    });
    expect(run.result.failures.evictionsByCause).toEqual({ nodePressure: run.looked.pods().length - 1 });
  });

  test('of a StatefulSet gives its name to the next one', () => {
    const set = {
      apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db' },
      spec: {
        replicas: 1, selector: { matchLabels: { app: 'db' } }, serviceName: 'db',
        template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'main', image: 'i', resources: { requests: { memory: '6Gi' } } }] } },
      },
    };
    const run = toldRun({
      duration: '12m', nodePools: NODES, applications: [{ name: 'leaking', selector: 'app=db', ...LEAK }],
    }, [set]);
    expect(run.lines.filter((line) => /gone|failed|created/.test(line)).slice(0, 5)).toMatchInlineSnapshot(`
      [
        "0 db-0 created",
        "311 db-0 failed: Evicted",
        "311 db-0 gone",
        "311 db-0 created",
      ]
    `);
    expect(shown(run)).toEqual([['db-0', '1/1', 'Running']]);
  });

  test('and that nobody owns stays, too', () => {
    const run = toldRun({ duration: '15m', nodePools: NODES, workloads: [leaking({ kind: 'Pod', lifetime: '2h' })] });
    expect(shown(run)).toEqual([['leak-0', '0/1', 'Evicted']]);
    expect(run.result.counts).toMatchObject({ podsArrived: 1, podsLost: 1, podsRunning: 0 });
  });

  test('that is deleted while it stops is gone, and counts once', () => {
    const run = toldRun({ duration: '15m', nodePools: NODES, workloads: [leaking()], meddle: ({ cluster, kernel, at }) => {
      at(310.5, () => {
        const pod = [0, 1, 2].find((row) => cluster.pods.phase[row] === PodPhase.Running);
        if (pod !== undefined && kernel.now > 0) cluster.terminatePod(pod, EvictionCause.Api);
      });
    } });
    expect(run.lines.filter((line) => line.includes('leak-0-0')).slice(2)).toMatchInlineSnapshot(`
      [
        "0 leak-0-0 runs",
        "310.5 leak-0-0 terminating",
        "311 leak-0-0 gone",
      ]
    `);
  });
});

describe('pods that have ended', () => {
  test('beyond 12,500 go, those that were evicted first, then the oldest', () => {
    const run = toldRun({ duration: '90s', nodePools: NODES, workloads: [], meddle: ({ cluster, makePod, at }) => {
      const end = (pod: number, isEvicted: boolean): void => {
        const evicted = isEvicted ? { cause: EvictionCause.NodePressure, reason: 'Evicted', message: 'm' } : {};
        cluster.endPod(pod, { phase: PodPhase.Failed, outcome: PodOutcome.Failed, ...evicted });
      };
      at(1, () => {
        for (let i = 0; i < 12_504; i++) end(makePod(`p${String(i)}`), i === 5000 || i === 9000);
      });
      // They take the rows of those that are gone, and end when those have been forgotten.
      const later: number[] = [];
      at(21, () => {
        for (let i = 0; i < 5; i++) later.push(makePod(`q${String(i)}`));
        end(later[4], false);
      });
      at(41, () => { for (const pod of later.slice(0, 2)) end(pod, true); });
    } });
    expect(run.lines.filter((line) => line.endsWith('gone'))).toEqual([
      ...['p5000', 'p9000', 'p0', 'p1'].map((name) => `20 ${name} gone`), '40 p2 gone', '60 q0 gone', '60 q1 gone',
    ]);
  });
});

describe('a critical pod that comes to a node without room', () => {
  const container = (resources: object): object => ({ containers: [{ name: 'main', image: 'i', resources }] });
  const onNode = (name: string, spec: object): object => ({
    apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { nodeName: 'n-0', terminationGracePeriodSeconds: 30, ...spec },
  });
  const guaranteed = { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } };
  const pods = [
    onNode('guaranteed', container(guaranteed)),
    onNode('large', container({ requests: { cpu: '1900m' } })), onNode('small', container({ requests: { cpu: '900m' } })),
  ];
  const critical = (cpu: string): object => ({
    ...onNode('critical', { ...container({ requests: { cpu } }), priorityClassName: 'system-node-critical' }),
  });
  /** Two schedulers: what one has bound the other does not see yet, and the kubelet has to choose. */
  const crowded = (cpu: string): ReturnType<typeof toldRun> => toldRun({
    duration: '1m', nodePools: NODES, meddle: ({ cluster, at, kernel }) => {
      at(10, () => {
        const { id } = cluster.internTemplate({
          ...(critical(cpu) as { metadata: object }),
          spec: { ...container({ requests: { cpu } }), priority: 2_000_001_000 },
        });
        const pod = cluster.createPod({
          template: id, nameBase: cluster.names.intern('critical'), nameOrdinal: -1, owner: -1, workloadClass: 0,
          durationMicros: Infinity, pinnedNode: -1,
        });
        cluster.bindPod(pod, cluster.nodeRow('n-0'));
        expect(kernel.now).toBe(10_000_000);
      });
    },
  }, pods);

  test('gets it from others, burstable ones first and of these the one that comes nearest, and starts when it has stopped', () => {
    expect(crowded('1').lines.filter((line) => !line.startsWith('0 '))).toMatchInlineSnapshot(`
      [
        "10 critical created",
        "10 critical on n-0",
        "11 small failed: Preempting",
        "11 critical runs",
      ]
    `);
    expect(crowded('1').events.filter((line) => line.includes('Preempting'))).toMatchInlineSnapshot(`
      [
        "10 Warning Preempting small Preempted in order to admit critical pod x1",
      ]
    `);
    expect(crowded('1').result.failures.evictionsByCause).toEqual({ kubeletPreemption: 1 });
  });

  test('takes a guaranteed one only where the others are too few', () => {
    expect(crowded('3500m').lines.filter((line) => /failed|critical/.test(line))).toMatchInlineSnapshot(`
      [
        "10 critical created",
        "10 critical on n-0",
        "11 large failed: Preempting",
        "11 small failed: Preempting",
        "11 guaranteed failed: Preempting",
        "11 critical runs",
      ]
    `);
  });

  test('is refused where all of them are too few', () => {
    expect(crowded('5').lines.filter((line) => /failed|critical/.test(line))).toMatchInlineSnapshot(`
      [
        "10 critical created",
        "10 critical on n-0",
        "10 critical failed: OutOfcpu",
      ]
    `);
  });
});
