// What runs in pods, in whole runs: readiness waits for probes, Jobs for work that is tried again, restarts are counted.
import { describe, expect, test } from 'vitest';
import { createInputFiles } from '../../src/io/input-files.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { playScenario } from '../support/played-scenario.ts';

const POOL = { name: 'general', count: 2, allocatable: { cpu: 4, memory: '16Gi', pods: 20 } };
const REQUESTS = { cpu: '500m', memory: '1Gi' };

function deployment(spec: object, annotations: object = {}): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' }, annotations }, spec },
    },
  };
}

const PROBED = {
  containers: [{ name: 'main', resources: { requests: REQUESTS }, readinessProbe: { periodSeconds: 5 } }],
};

describe('applications', () => {
  test('find pods of manifests by their labels, or are named by them', () => {
    const unready = (application: object, annotations: object = {}): number | undefined =>
      playScenario(
        { duration: '10m', nodePools: [POOL], applications: [application] }, [deployment(PROBED, annotations)],
      ).result.failures.containers?.unreadyPodSeconds;
    // Two pods that answer after 12 s, asked every 5 s.
    expect(unready({ name: 'web', namespace: 'shop', selector: 'app=web', startup: '12s' })).toBe(2 * 15);
    expect(unready({ name: 'web', startup: '12s' }, { 'podyard.dev/application': 'web' })).toBe(2 * 15);
    expect(unready({ name: 'web', namespace: 'other', selector: 'app=web', startup: '12s' })).toBeUndefined();
  });

  test('let a crash loop show in the report of a run', () => {
    const { result } = playScenario({
      duration: '10m', nodePools: [POOL],
      workloads: [{
        name: 'api', kind: 'Deployment', requests: REQUESTS, application: { failure: { after: '5s' } },
      }],
    });
    // Exits 5, 10, 25, 50, 95, 180, 345 s after the start, 6.3 ms into the run; the next restart would come at 645 s.
    expect(result.failures.containers).toEqual({ restarts: 6, unreadyPodSeconds: 600 - 7 * 5 - 0.0063 });
    expect(result.counts).toMatchObject({ podsArrived: 1, podsRunning: 1, podsLost: 0 });
  });

  test('work that is tried again in place is thrown away, and done once', () => {
    const { result, pods } = playScenario({
      duration: '2h', nodePools: [POOL], seed: 'work',
      workloads: [{
        name: 'batch', kind: 'Job', replicas: 4, lifetime: '60s', requests: REQUESTS,
        template: { spec: { restartPolicy: 'OnFailure', containers: [{ name: 'main' }] } },
        application: { failure: { after: '20s', probability: 0.5 } },
      }],
    });
    const { restarts } = result.failures.containers ?? { restarts: 0 };
    expect(restarts).toBeGreaterThan(0);
    expect(pods.map(({ outcome }) => outcome)).toEqual(['Succeeded', 'Succeeded', 'Succeeded', 'Succeeded']);
    expect(result.failures.wastedPodSeconds).toBe(20 * restarts);
  });

  test('a Job whose pods are never started again makes new ones, with its own back-off', () => {
    const job = {
      apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'once', annotations: { 'podyard.dev/duration': '1m' } },
      spec: {
        backoffLimit: 2,
        template: {
          metadata: { labels: { app: 'once' } },
          spec: { restartPolicy: 'Never', containers: [{ name: 'main', resources: { requests: REQUESTS } }] },
        },
      },
    };
    const applications = [{ name: 'once', selector: 'app=once', failure: { after: '5s', exitCode: 7 } }];
    const { pods } = playScenario({ duration: '10m', nodePools: [POOL], applications }, [job]);
    expect(pods.map(({ created, outcome }) => [created, outcome])).toMatchInlineSnapshot(`
      [
        [
          0,
          "Failed",
        ],
        [
          15.0063,
          "Failed",
        ],
        [
          40.0126,
          "Failed",
        ],
      ]
    `);
  });

  test('change nothing for others: a run without them is the run that it was', () => {
    const workloads = [{ name: 'api', kind: 'Deployment', requests: REQUESTS }];
    const base = { duration: '10m', nodePools: [POOL], workloads };
    const plain = playScenario(base).result;
    const idle = playScenario({ ...base, applications: [{ name: 'other', selector: 'app=other', startup: '5s' }] });
    expect(idle.result.digest).toBe(plain.digest);
    expect(idle.warnings).toContainEqual('"other" runs in no pod');
    expect(plain.failures).not.toHaveProperty('containers');
  });
});

test('Jobs that fail before they are done are told', () => {
  const told = (after: string): readonly string[] =>
    playScenario({
      duration: '3m', nodePools: [POOL],
      workloads: [
        { name: 'never', kind: 'Job', lifetime: '10m', requests: REQUESTS, application: { failure: { after } } },
      ],
    }).warnings;
  expect(told('1m')).toEqual([
    '"never" can hardly ever finish: a pod runs for 10m at least, and its containers fail after 1m at most',
  ]);
  expect(told('20m')).toEqual([]);
});

test('what acts is no longer told as not simulated', () => {
  const told = (applications: readonly object[]): readonly string[] => {
    const text = JSON.stringify({ duration: '1m', nodePools: [POOL], applications, manifests: [deployment(PROBED)] });
    const { scenario } = readScenario({ text, name: 'told.json' }, createInputFiles());
    return scenario.notSimulated.map(({ field }) => field);
  };
  expect(told([])).toEqual(['spec.containers[*].readinessProbe']);
  expect(told([{ name: 'web', selector: 'app=web' }])).toEqual([]);
});
