// Graceful shutdown: a node that is told in time stops its pods by groups of priority before its machine goes.
import { describe, expect, test } from 'vitest';
import { podCells } from '../../src/report/kubectl/pod-columns.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { memoryFiles } from '../input/memory-files.ts';
import { toldRun } from '../support/told-run.ts';
import { withoutHash } from '../support/without-hash.ts';

const kubelet = { sandbox: '0s', containerStart: '0s', pullBase: '0s', defaultImageSize: '0' };
const nodePools = [{ name: 'n', count: 2, allocatable: { cpu: 4, memory: '8Gi', pods: 20 } }];
const ON_FIRST = { 'kubernetes.io/hostname': 'n-0' };
const reclaim = (notice: string): object => ({ at: '100s', reclaim: { nodes: ['n-0'], notice } });
/** Stops so long after SIGTERM. */
const web = (name: string, stop: string, more: object = {}): object => ({
  name, kind: 'Deployment', replicas: 1, arrivals: { at: '0s' }, application: { stop },
  template: { metadata: { labels: { app: name } }, spec: { nodeSelector: ON_FIRST, containers: [{ name: 'main', image: 'i', resources: { requests: { cpu: '100m' } } }] } },
  ...more,
});
const later = (lines: readonly string[]): string[] => lines.filter((line) => !line.startsWith('0 '));

describe('a node that is reclaimed and has a grace period for shutdowns', () => {
  test('stops its pods, the critical ones last, and goes when all have stopped; they are Failed with reason Terminated', () => {
    const run = toldRun({
      kubelet: { ...kubelet, shutdownGracePeriod: '30s', shutdownGracePeriodCriticalPods: '10s' }, nodePools, duration: '3m',
      workloads: [web('usual', '5s'), web('critical', '3s', { priorityClass: 'system-node-critical', namespace: 'kube-system' })],
      steps: [reclaim('2m')],
    });
    expect(later(run.lines)).toMatchInlineSnapshot(`
      [
        "100 n-0 Ready=False",
        "105 usual-0-0 failed: Terminated",
        "105 usual-0-1 created",
        "108 critical-0-0 failed: Terminated",
        "108 n-0 stops",
        "108 critical-0-1 created",
        "110 n-0 removed",
      ]
    `);
    const pods = run.looked.pods().map((pod) => podCells(pod, 0).slice(0, 3).map(withoutHash));
    expect(pods).toMatchInlineSnapshot(`
      [
        [
          "usual-0-0",
          "0/1",
          "Terminated",
        ],
        [
          "usual-0-1",
          "0/1",
          "Pending",
        ],
        [
          "critical-0-0",
          "0/1",
          "Terminated",
        ],
        [
          "critical-0-1",
          "0/1",
          "Pending",
        ],
      ]
    `);
    expect(run.looked.pods().find(({ metadata }) => withoutHash(metadata.name) === 'usual-0-0')?.status).toMatchObject({
      phase: 'Failed', reason: 'Terminated', message: 'Pod was terminated in response to imminent node shutdown.',
      conditions: [{ type: 'DisruptionTarget', reason: 'TerminationByKubelet' }, {}, {}, {}, {}, {}],
    });
    expect(run.result.failures.evictionsByCause).toEqual({ nodeShutdown: 2 });
  });

  test('goes on when the time of a group is over; each pod has as much of it as it asks for', () => {
    const slow = (name: string, grace: number, more: object = {}): object => {
      const { template, ...rest } = web(name, '5m', more) as { template: { spec: object } };
      return { ...rest, template: { ...template, spec: { ...template.spec, terminationGracePeriodSeconds: grace } } };
    };
    const run = toldRun({
      kubelet: { ...kubelet, shutdownGracePeriodByPodPriority: [{ priority: 1000, shutdownGracePeriod: '40s' }, { priority: 0, shutdownGracePeriod: '20s' }] },
      nodePools, duration: '4m', priorityClasses: { high: 5000, low: -5 },
      workloads: [slow('low', 60, { priorityClass: 'low' }), slow('hasty', 7), slow('high', 60, { priorityClass: 'high' })],
      steps: [reclaim('3m')],
    });
    expect(later(run.lines).filter((line) => /failed|stops|n-0/.test(line))).toMatchInlineSnapshot(`
      [
        "100 n-0 Ready=False",
        "107 hasty-0-0 failed: Terminated",
        "120 low-0-0 failed: Terminated",
        "160 high-0-0 failed: Terminated",
        "160 n-0 stops",
        "165 n-0 removed",
      ]
    `);
  });

  test('is cut short by the end of its notice: what still runs dies with the machine', () => {
    const run = toldRun({
      kubelet: { ...kubelet, shutdownGracePeriod: '2m' }, nodePools, duration: '10m',
      workloads: [web('quick', '1s'), web('endless', '5m')], steps: [reclaim('20s')],
    });
    expect(later(run.lines).filter((line) => /failed|stops|removed|gone/.test(line))).toMatchInlineSnapshot(`
      [
        "101 quick-0-0 failed: Terminated",
        "120 n-0 stops",
        "125 n-0 removed",
        "180 endless-0-0 gone",
      ]
    `);
  });

  test('lets nobody in: a pod that comes meanwhile is refused', () => {
    const run = toldRun({
      kubelet: { ...kubelet, shutdownGracePeriod: '1m' }, nodePools, duration: '2m',
      workloads: [web('slow', '30s')], steps: [reclaim('2m')],
      meddle: ({ cluster, at, makePod }) => {
        at(110, () => { cluster.bindPod(makePod('late'), cluster.nodeRow('n-0')); });
      },
    });
    expect(later(run.lines).filter((line) => line.includes('late'))).toEqual([
      '110 late created', '110 late on n-0', '110 late failed: NodeShutdown',
    ]);
    const [late] = run.looked.pods().filter(({ metadata }) => metadata.name === 'late');
    expect(late.status.message).toBe('Pod was rejected: Pod was rejected as the node is shutting down.');
    expect(run.result.conflicts).toMatchObject({ podsRefused: 1 });
  });

  test('asks no budget, where a drain would', () => {
    const budget = {
      apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'b' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } },
    };
    const failed = (more: object): string[] => later(toldRun({
      kubelet: { ...kubelet, ...more }, nodePools, duration: '140s', workloads: [web('web', '1s')], steps: [reclaim('1m')],
    }, [budget]).lines).filter((line) => /failed|terminating/.test(line));
    expect(failed({})).toEqual([]);
    expect(failed({ shutdownGracePeriod: '30s' })).toEqual(['101 web-0-0 failed: Terminated']);
  });
});

test('mistakes in the grace periods are told', () => {
  const read = (own: object): string => {
    const tree = { nodePools, kubelet: own, duration: '1m' };
    try {
      readScenario({ file: 's.json' }, memoryFiles({ 's.json': JSON.stringify(tree, null, 1) }));
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(read({ shutdownGracePeriod: '10s', shutdownGracePeriodCriticalPods: '20s' })).toMatch(/expected at most shutdownGracePeriod/);
  const groups = [{ priority: 5, shutdownGracePeriod: '1s' }, { priority: 5, shutdownGracePeriod: '2s' }];
  expect(read({ shutdownGracePeriodByPodPriority: groups })).toMatch(/expected each priority once/);
  expect(read({ shutdownGracePeriodByPodPriority: groups.slice(1), shutdownGracePeriod: '1s' })).toMatch(/found both/);
  expect(read({ shutdownGracePeriod: '10s', shutdownGracePeriodCriticalPods: '10s' })).toBe('');
});
