// Sets of many pods and rollouts: what they cost in walks, how many waves they take, and which pods can be told apart.
import { describe, expect, test, vi } from 'vitest';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import { memoryFiles } from '../input/memory-files.ts';

type Fields = Readonly<Record<string, unknown>>;

const template = (app: string, cpu: string, more: Fields = {}): Fields => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image: 'i', resources: { requests: { cpu, memory: '64Mi' } } }], ...more },
});
const workload = (kind: string, name: string, spec: Fields, metadata: Fields = {}): Fields => ({
  apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1', kind, spec, metadata: { name, namespace: 'default', ...metadata },
});
const selected = (app: string, cpu: string, more: Fields): Fields => (
  { selector: { matchLabels: { app } }, template: template(app, cpu), ...more }
);

function play(members: Fields, objects: readonly Fields[], watch: (cluster: Cluster) => void = () => undefined): Cluster {
  const tree = {
    seed: 'large', duration: '20m', manifests: 'objects.json', metrics: { pods: 'none' },
    kubelet: { sandbox: '0s', containerStart: '0s', pullBase: '0s', defaultImageSize: '0' },
    scheduler: { cycleTime: '0s', bindTime: '0s' },
    nodePools: [{ name: 'n', count: 20, allocatable: { cpu: 16, memory: '64Gi', pods: 110 } }], ...members,
  };
  const files = memoryFiles({
    's.json': JSON.stringify(tree), 'objects.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
  });
  const { scenario } = readScenario({ file: 's.json' }, files);
  const simulation = new Simulation(scenario, {
    version: 't', userPlugins: [], openTrace: null, plain: false, watch: ({ cluster }) => watch(cluster),
  });
  while (simulation.advance(100_000));
  simulation.result(true);
  return simulation.parts.cluster;
}

test('a set of a thousand pods, each bound and ready at a time of its own, is walked through a few times', () => {
  const REPLICAS = 1000;
  let steps = 0;
  const set = workload('StatefulSet', 'db', selected('db', '100m', { replicas: REPLICAS, podManagementPolicy: 'Parallel' }));
  const cluster = play({ scheduler: { cycleTime: '1ms', bindTime: '1ms' } }, [set], ({ workloads }) => {
    const podAfter = workloads.podAfter.bind(workloads);
    vi.spyOn(workloads, 'podAfter').mockImplementation((pod) => {
      steps++;
      return podAfter(pod);
    });
  });
  expect(cluster.workloads.ready[0]).toBe(REPLICAS);
  // Two syncs look at all pods; the thousand that follow look at none.
  expect(steps).toBeGreaterThanOrEqual(REPLICAS);
  expect(steps).toBeLessThan(20 * REPLICAS);
});

describe.each(['1.36', '1.37'])('v%s', (kubernetes) => {
  test('a rollout of a set whose pods do not all fit goes on, and ends', () => {
    const set = workload('StatefulSet', 'db', selected('db', '2', { replicas: 4, podManagementPolicy: 'Parallel' }));
    const pool = { nodePools: [{ name: 'n', count: 1, allocatable: { cpu: 4, memory: '8Gi' } }] };
    const steps = [{ at: '1m', rollout: { workload: 'statefulset/db', image: ':v2' } }];
    const { pods, workloads, ...cluster } = play({ kubernetes, ...pool, steps }, [set]);
    expect(workloads.podsOf(0)).toHaveLength(4);
    expect(workloads.podsOf(0).filter((pod) => pods.isReady(pod))).toHaveLength(2);
    expect(cluster).toBeDefined();
  });
});

// A rollout replaces surge + unavailable pods at a time, each wave as long as a pod takes to be ready.
test.each([[10, 2, 0], [10, 3, 0], [12, 4, 0], [7, 7, 0], [9, 1, 0], [12, 2, 1], [12, 1, 3], [11, 2, 2], [9, 0, 2]])(
  'a rollout of %i pods with a surge of %i, of which %i may be unavailable, takes ceil(N / (surge + unavailable)) waves', (replicas, maxSurge, maxUnavailable) => {
    const READY_SECONDS = 30;
    let last = 0;
    const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } };
    play(
      {
        kubelet: { sandbox: `${String(READY_SECONDS)}s`, containerStart: '0s', pullBase: '0s', defaultImageSize: '0' },
        steps: [{ at: '5m', rollout: { workload: 'deployment/web' } }],
      },
      [workload('Deployment', 'web', selected('web', '100m', { replicas, strategy }))],
      (cluster) => { cluster.observe({ podStarted: () => { last = cluster.now; } }); },
    );
    const waves = Math.ceil(replicas / (maxSurge + maxUnavailable));
    // Beside the waves the old pods of each stop within a second, which the next wave does not wait for.
    const seconds = last / 1_000_000 - 300;
    expect(seconds).toBeGreaterThanOrEqual(waves * READY_SECONDS);
    expect(seconds).toBeLessThan(waves * READY_SECONDS + waves * 2);
  },
);

describe('pods of an Indexed Job', () => {
  const LABEL = 'batch.kubernetes.io/job-completion-index';
  const job = (more: Fields = {}): Fields => workload(
    'Job', 'parts',
    { completions: 3, parallelism: 3, completionMode: 'Indexed', template: template('p', '1', { restartPolicy: 'Never', ...more }) },
    { annotations: { 'podyard.dev/duration': '10m' } },
  );
  const labelsOf = (objects: readonly Fields[]): readonly (string | undefined)[] => {
    const labels: (string | undefined)[] = [];
    play({ duration: '5m' }, objects, (cluster) => {
      cluster.observe({ podCreated: (pod) => void labels.push(cluster.templateOf(pod).labels.get(LABEL)) });
    });
    return labels;
  };

  test('share a template while nobody selects by their index', () => {
    expect(labelsOf([job()])).toEqual([undefined, undefined, undefined]);
  });

  test('have it in a label where a Service, a budget or their own template does', () => {
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's', namespace: 'default' }, spec: { selector: { [LABEL]: '0' } } };
    const spread = {
      topologySpreadConstraints: [{
        maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { app: 'p' } }, matchLabelKeys: [LABEL],
      }],
    };
    for (const objects of [[service, job()], [job(spread)]]) expect(labelsOf(objects)).toEqual(['0', '1', '2']);
  });
});
