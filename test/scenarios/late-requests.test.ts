/** Stories of requests that take two seconds to reach the API server: who waits for what, and what is refused. */
import { describe, expect, test } from 'vitest';
import { nodeObject, playScenario, podObject } from '../support/played-scenario.ts';
import type { Played } from '../support/played-scenario.ts';

const play = (requestLatency: unknown, objects: readonly unknown[], more: object = {}): Played =>
  playScenario({ duration: '2m', controlPlane: { requestLatency }, ...more }, objects);
const deployment = {
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default' },
  spec: {
    replicas: 3, selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'main', image: 'i', resources: { requests: { cpu: '100m' } } }] },
    },
  },
};
const createdAt = ({ pods }: Played): number[] => pods.map(({ created }) => created);

describe('requests of a scheduler', () => {
  test('a Binding takes effect when it has arrived; the next cycle does not wait for it', () => {
    const boundAt = (latency: unknown): number[] =>
      play(latency, [nodeObject('n'), podObject('p'), podObject('q')]).pods.map(({ bound }) => bound);
    expect(boundAt('0s')).toEqual([0.0063, 0.0076]);
    expect(boundAt({ scheduler: '2s' })).toEqual([2.0063, 2.0076]);
    expect(boundAt({ kubelets: '2s' })).toEqual([0.0063, 0.0076]);
  });

  test('a Binding of a pod that is gone by then is refused, and nobody counts the pod twice', () => {
    const steps = [{ at: '1s', delete: { object: 'deployment/web' } }];
    const { result } = play({ scheduler: '5s' }, [nodeObject('n'), deployment], { steps });
    expect(result.counts.podsScheduled).toBe(0);
    expect(result.counts.podsPending).toBe(0);
  });

  test('preemption: the loop waits for the nomination, the victim for its condition and its deletion', () => {
    const members = {
      priorityClasses: { high: 100 },
      nodePools: [
        { name: 'n', count: 1, allocatable: { cpu: 4, memory: '16Gi' } },
        { name: 'm', count: 1, allocatable: { cpu: 1, memory: '16Gi' } },
      ],
      workloads: [
        { name: 'low', kind: 'Job', arrivals: { at: '0s' }, requests: { cpu: 3 }, lifetime: '1h' },
        { name: 'high', kind: 'Job', arrivals: { at: '10s' }, requests: { cpu: 3 }, lifetime: '1h', priorityClass: 'high' },
        { name: 'small', kind: 'Job', arrivals: { at: '10s' }, requests: { cpu: '500m' }, lifetime: '1h' },
      ],
    };
    const times = (latency: unknown): object => {
      const { pods } = playScenario({ duration: '1m', controlPlane: { requestLatency: latency }, ...members });
      const [low, high, small] = ['low', 'high', 'small'].map((name) => pods.find((pod) => pod.name.startsWith(name)));
      return { victimEnds: low?.ended, high: high?.bound, small: small?.bound };
    };
    expect(times('0s')).toEqual({ victimEnds: 11.0013, high: 11.0076, small: 10.0076 });
    expect(times({ scheduler: '2s' })).toEqual({ victimEnds: 15.0013, high: 17.0076, small: 14.0076 });
  });
});

describe('requests of controllers', () => {
  test('a Deployment\'s ReplicaSet is there after one, its pods come in batches that follow each other', () => {
    expect(createdAt(play('0s', [nodeObject('n'), deployment]))).toEqual([0, 0, 0]);
    expect(createdAt(play({ controllers: '2s' }, [nodeObject('n'), deployment]))).toEqual([4, 6, 6]);
  });

  test('a size that changes while a sync waits is a conflict, and the key comes again', () => {
    const steps = [{ at: '3s', scale: { workload: 'deploy/web', replicas: 4 } }];
    // The ReplicaSet's key is worked on from 2 s on, with the answer to its status at 8 s.
    expect(createdAt(play({ controllers: '2s' }, [nodeObject('n'), deployment], { steps }))).toEqual([4, 6, 6, 10]);
  });

  test('five ReplicaSets at most are worked on at once', () => {
    const many = Array.from({ length: 12 }, (_none, at) => (
      { ...deployment, kind: 'ReplicaSet', metadata: { name: `set-${String(at)}`, namespace: `n-${String(at)}` } }
    )).map((set) => ({ ...set, spec: { ...set.spec, replicas: 1 } }));
    // Each pod, then the status of its set: a worker is free again after two answers.
    expect(createdAt(play({ controllers: '2s' }, [nodeObject('n'), ...many]))).toEqual([
      ...Array<number>(5).fill(2), ...Array<number>(5).fill(6), 10, 10,
    ]);
  });

  test('a pod that a quota refuses ends the batches, and is asked for again with the back-off of the key', () => {
    const quota = {
      apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', namespace: 'default' },
      spec: { hard: { pods: '2' } },
    };
    const played = play({ controllers: '2s' }, [nodeObject('n'), quota, deployment]);
    expect(createdAt(played)).toEqual([4, 6]);
    expect(played.result.refusedPods[0]?.count).toBeGreaterThan(1);
  });
});

describe('what kubelets say', () => {
  test('is known when it has arrived; the containers have run since they started', () => {
    const annotations = { 'podyard.dev/duration': '10s' };
    const pod = { ...podObject('p') as { metadata: object } };
    const finite = { ...pod, metadata: { ...pod.metadata, annotations } };
    const times = (latency: unknown): number[] => {
      const [{ bound, started, ended }] = play(latency, [nodeObject('n'), finite]).pods;
      return [bound, started, ended];
    };
    expect(times('0s')).toEqual([0.0063, 0.0063, 10.0063]);
    expect(times({ kubelets: '2s' })).toEqual([0.0063, 2.0063, 12.0063]);
  });
});
