/**
 * Why pods wait, as a user reads it: each waiting pod has upstream's text, letter for letter; pods are counted by what
 * they wait for, over time, by class and by pool; and the largest node that almost fitted is named. Whole runs.
 */
import { describe, expect, test } from 'vitest';
import { nodeObject, playScenario, podObject } from '../support/played-scenario.ts';
import type { Played } from '../support/played-scenario.ts';

const NOBODY_TO_PREEMPT = (nodes: number): string =>
  `preemption: 0/${nodes} nodes are available: ` +
  `${nodes} Preemption is not helpful for scheduling.`;

const asking = (requests: Readonly<Record<string, string>>): Record<string, unknown> => ({
  containers: [{ name: 'main', image: 'i', resources: { requests } }],
});
const reasonsOf = ({ pods }: Played): Record<string, string> =>
  Object.fromEntries(pods.map(({ name, waitReason }) => [name, waitReason]));

function node(
  name: string,
  allocatable: Readonly<Record<string, string>>,
  spec: Readonly<Record<string, unknown>> = {},
): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    spec,
    status: { allocatable: { pods: '110', ...allocatable } },
  };
}

describe('the text of a waiting pod', () => {
  const tainted = { taints: [{ key: 'dedicated', value: 'x', effect: 'NoSchedule' }] };
  const played = playScenario({ duration: '10m' }, [
    node('a', { cpu: '4', memory: '16Gi' }, tainted),
    node('b', { cpu: '4', memory: '16Gi' }),
    node('c', { cpu: '4', memory: '8Gi' }),
    podObject('fits'),
    podObject('too-large', asking({ cpu: '8', memory: '12Gi' })),
    podObject('somewhere-else', { nodeSelector: { disk: 'ssd' } }),
    podObject('gated', { schedulingGates: [{ name: 'example.com/quota' }, { name: 'example.com/check' }] }),
    podObject('foreign', { schedulerName: 'another' }),
    podObject('placed', { schedulerName: 'another', nodeName: 'b' }),
    podObject('without-claim', { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'missing' } }] }),
  ]);

  test("is upstream's, the part of PostFilter included", () => {
    expect(reasonsOf(played)).toMatchObject({
      fits: '',
      'too-large':
        '0/3 nodes are available: 1 Insufficient memory, 1 node(s) had untolerated taint(s), 2 Insufficient cpu. ' +
        NOBODY_TO_PREEMPT(3),
      'somewhere-else':
        '0/3 nodes are available: 1 node(s) had untolerated taint(s), ' +
        `2 node(s) didn't match Pod's node affinity/selector. ${NOBODY_TO_PREEMPT(3)}`,
    });
  });

  test('is of a pod that waits for volumes what PreFilter said', () => {
    expect(reasonsOf(played)['without-claim']).toMatch(
      /^0\/3 nodes are available: persistentvolumeclaim "missing" not found\. /,
    );
  });

  test('is of a pod that stays out of the queue what keeps it out', () => {
    expect(reasonsOf(played)).toMatchObject({
      gated: 'waiting for scheduling gates: [example.com/quota example.com/check]',
      foreign: 'no scheduler profile is called "another"',
      placed: '',
    });
  });

  test('stands by template, too, with the reason that would have to change and the node that almost fitted', () => {
    const { waiting } = played.result;
    const byPod = Object.fromEntries(waiting.templates.map((template) => [template.oldestPod, template]));
    for (const [pod, { message }] of Object.entries(byPod)) expect(message).toBe(reasonsOf(played)[pod]);
    expect(byPod['too-large']).toMatchObject({
      namespace: 'default',
      pods: 1,
      waitedSeconds: 600,
      reason: 'Insufficient cpu',
      nearest: { node: 'b', resource: 'cpu', free: 3, wanted: 8, allocatable: 4 },
    });
    expect(byPod['somewhere-else']).toMatchObject({
      reason: "node(s) didn't match Pod's node affinity/selector",
      nearest: null,
    });
    expect(waiting.byReason['no scheduler profile is called "another"']).toMatchObject({
      pods: 1,
      podsPending: 1,
      attempts: 0,
      podSeconds: 600,
    });
  });

  test('and every pending pod is counted under one reason', () => {
    const { waiting, counts } = played.result;
    const sum = (facts: readonly { readonly podsPending: number }[]): number =>
      facts.reduce((total, { podsPending }) => total + podsPending, 0);
    expect(counts.podsPending).toBe(5);
    expect(sum(Object.values(waiting.byReason))).toBe(5);
    expect(sum(Object.values(waiting.byClass).flatMap((reasons) => Object.values(reasons)))).toBe(5);
    expect(waiting.templates.reduce((total, { pods }) => total + pods, 0)).toBe(5);
  });
});

describe('waits that end', () => {
  // One node of 4 cpu: `first` runs for 100 s, then `second`, which was tried at 10 s in vain.
  const played = playScenario({
    duration: '10m',
    nodePools: [{ name: 'only', count: 1, allocatable: { cpu: 4, memory: '8Gi', pods: 20 } }],
    workloads: [
      { name: 'first', kind: 'Job', replicas: 1, requests: { cpu: 3 }, lifetime: '100s', class: 'batch' },
      {
        name: 'second',
        kind: 'Job',
        replicas: 2,
        requests: { cpu: 2 },
        lifetime: '30s',
        class: 'late',
        arrivals: { at: '10s', count: 1 },
      },
    ],
    metrics: { pods: 'all', sampleInterval: '30s' },
  });

  test('are told of pods that ran in the end, with how long they waited for what', () => {
    const texts = played.pods.filter(({ name }) => name.startsWith('second')).map(({ waitReason }) => waitReason);
    expect(new Set(texts)).toEqual(
      new Set([
        '0/1 nodes are available: 1 Insufficient cpu. preemption: ' +
          '0/1 nodes are available: 1 No preemption victims found for incoming pod.',
      ]),
    );
    const { byReason, byClass, templates } = played.result.waiting;
    expect(Object.keys(byReason)).toEqual(['Insufficient cpu']);
    expect(byClass).toEqual({ late: byReason });
    expect(byReason['Insufficient cpu']).toMatchObject({
      pods: 2,
      podsPending: 0,
      attempts: 2,
      nearest: { node: 'only-0', pool: 'only', resource: 'cpu', free: 1, wanted: 2, allocatable: 4 },
    });
    expect(byReason['Insufficient cpu'].podSeconds).toBeCloseTo(2 * 90, 0);
    expect(templates).toEqual([]);
  });

  test('show in the time series, at its end so that other columns keep their places', () => {
    const { columns, seconds } = played.result.timeseries;
    expect(Object.keys(columns).at(-1)).toBe('waiting.Insufficient cpu');
    expect(columns['waiting.Insufficient cpu'].slice(0, 6)).toEqual([2, 2, 2, 0, 0, 0]);
    expect(seconds.slice(0, 3)).toEqual([30, 60, 90]);
  });
});

test('pools tell who waited for their room, and whom something else kept out of it', () => {
  const { waiting } = playScenario({
    duration: '10m',
    nodePools: [
      { name: 'general', count: 2, allocatable: { cpu: 4, memory: '8Gi', pods: 20 }, labels: { pool: 'general' } },
      { name: 'gpu', count: 1, allocatable: { cpu: 32, memory: '64Gi', pods: 20 }, taints: ['gpu=present:NoSchedule'] },
    ],
    workloads: [{ name: 'web', kind: 'Deployment', replicas: 5, requests: { cpu: 2 } }],
  }).result;
  expect(waiting.byPool).toEqual({
    general: {
      podSecondsForRoom: expect.closeTo(600, 0),
      podsPendingForRoom: 1,
      podSecondsBarred: 0,
      podsPendingBarred: 0,
      barredBy: '',
    },
    gpu: {
      podSecondsForRoom: 0,
      podsPendingForRoom: 0,
      podSecondsBarred: expect.closeTo(600, 0),
      podsPendingBarred: 1,
      barredBy: 'node(s) had untolerated taint(s)',
    },
  });
});

test('where nobody waits, nothing is told', () => {
  const { waiting, timeseries } = playScenario({ duration: '5m' }, [nodeObject('a'), podObject('p')]).result;
  expect(waiting).toEqual({ byReason: {}, byClass: {}, byPool: {}, templates: [], templatesNotListed: 0 });
  expect(Object.keys(timeseries.columns).filter((name) => name.startsWith('waiting.'))).toEqual([]);
});
