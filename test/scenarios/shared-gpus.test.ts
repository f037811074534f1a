// GPUs that pods share in a whole run: devices fill up, whole-device pods wait for free ones, preemption frees the
// right ones.
import { describe, expect, test } from 'vitest';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { memoryFiles } from '../input/memory-files.ts';
import { playScenario, podObject } from '../support/played-scenario.ts';

const GPU = 'alibabacloud.com/gpu-milli';

function gpuNode(name: string, gpus: number): unknown {
  const allocatable = { cpu: '16', memory: '64Gi', pods: '110', [GPU]: String(gpus * 1000) };
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, status: { allocatable } };
}

function gpuPod(name: string, milli: number, spec: Readonly<Record<string, unknown>> = {}): unknown {
  const requests = { cpu: '1', [GPU]: String(milli) };
  return podObject(
    name,
    { containers: [{ name: 'main', image: 'i', resources: { requests } }], ...spec },
    { annotations: { 'podyard.dev/duration': '10m' } },
  );
}

describe('one node with two GPUs', () => {
  test('takes shares while one device has room, whatever both have left together', () => {
    const { pods, result } = playScenario({ duration: '5m' }, [
      gpuNode('n', 2),
      gpuPod('a', 600),
      gpuPod('b', 600),
      gpuPod('c', 500),
      gpuPod('d', 400),
    ]);
    expect(pods.map(({ name, node }) => [name, node])).toEqual([
      ['a', 'n'],
      ['b', 'n'],
      ['c', ''],
      ['d', 'n'],
    ]);
    expect(result.utilization[GPU].max).toBeCloseTo(0.8, 9);
  });

  test('gives a waiting pod the devices that others have left', () => {
    const { pods } = playScenario({ duration: '1h' }, [
      gpuNode('n', 2),
      gpuPod('a', 300),
      gpuPod('b', 800),
      gpuPod('whole', 2000),
    ]);
    const whole = pods.find(({ name }) => name === 'whole');
    expect(whole?.bound).toBeGreaterThanOrEqual(600);
    expect(whole?.outcome).toBe('Succeeded');
  });

  test('a more important pod sends away those that stand in its way, and no more', () => {
    const requests = { cpu: '1', [GPU]: '1000' };
    const template = { spec: { containers: [{ name: 'main', image: 'i', resources: { requests } }] } };
    const big = { name: 'big', kind: 'Job', arrivals: { at: '2m' }, lifetime: '10m', priorityClass: 'high', template };
    const members = { duration: '5m', priorityClasses: { high: { value: 100 } }, workloads: [big] };
    const { pods } = playScenario(members, [gpuNode('n', 2), gpuPod('a', 700), gpuPod('b', 900)]);
    expect(pods.filter(({ outcome }) => outcome === 'Evicted')).toHaveLength(1);
    expect(pods.find(({ name }) => name.startsWith('big'))?.node).toBe('n');
  });
});

describe('many nodes under churn', () => {
  const scenario = JSON.stringify({
    seed: 'gpus',
    duration: '6h',
    priorityClasses: { high: { value: 100 } },
    nodePools: [
      { name: 'gpu', count: 12, allocatable: { cpu: 32, memory: '128Gi', [GPU]: 4000 } },
      { name: 'plain', count: 4, allocatable: { cpu: 16, memory: '64Gi' } },
    ],
    workloads: [
      {
        name: 'jobs',
        kind: 'Job',
        arrivals: { poisson: { ratePerHour: 120 } },
        lifetime: { exponential: { mean: '25m' } },
        template: template('2', '500'),
      },
      {
        name: 'whole',
        kind: 'Job',
        arrivals: { poisson: { ratePerHour: 20 } },
        lifetime: '30m',
        priorityClass: 'high',
        template: template('4', '2000'),
      },
      { name: 'plain', kind: 'Deployment', arrivals: { at: '0s' }, replicas: 6, template: template('1', null) },
    ],
    failures: [{ name: 'crashes', pools: ['gpu'], uptime: { exponential: { mean: '8h' } }, repair: '20m' }],
    metrics: { checkEvery: 200 },
  });

  function template(cpu: string, gpuMilli: string | null): unknown {
    const requests = { cpu, memory: '1Gi', ...(gpuMilli === null ? {} : { [GPU]: gpuMilli }) };
    return { spec: { containers: [{ name: 'main', image: 'i', resources: { requests } }] } };
  }

  function run(plain: boolean): { readonly digest: string; readonly finished: number } {
    const read = readScenario({ file: 's.json' }, memoryFiles({ 's.json': scenario }));
    const simulation = new Simulation(read.scenario, { version: 't', userPlugins: [], openTrace: null, plain });
    while (simulation.advance(100_000));
    const { digest, counts } = simulation.result(true);
    return { digest, finished: counts.podsFinished };
  }

  test('the caches decide as the plain scan does, and every sum holds', () => {
    const fast = run(false);
    expect(run(true)).toEqual(fast);
    expect(fast.finished).toBeGreaterThan(300);
  });
});
