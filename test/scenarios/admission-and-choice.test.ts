/**
 * What admission makes of a pod, seen by how many of its kind fit on a node of 4 cpu, 8 GiB and 20 pods; and how the words
 * of `scheduler` in a scenario change which nodes are chosen. Whole runs, as a user starts them.
 */
import { describe, expect, test } from 'vitest';
import { playScenario } from '../support/played-scenario.ts';

const NODE = { name: 'n', count: 1, allocatable: { cpu: 4, memory: '8Gi', pods: 20 } };

/** Pods of a Deployment with 30 replicas that run after a minute. */
function fitting(spec: Readonly<Record<string, unknown>>, objects: readonly unknown[] = [], members: Readonly<Record<string, unknown>> = {}): number {
  const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default' }, spec: { replicas: 30, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec } } };
  return playScenario({ duration: '1m', nodePools: [NODE], ...members }, [...objects, deployment]).result.counts.podsRunning;
}

const container = (resources: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({ name: 'main', image: 'i', resources, ...more });
const only = (resources: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({ containers: [container(resources)] });

describe('what a pod requests after admission', () => {
  test.each([
    ['nothing: as many as the node takes pods', only({}), 20],
    ['requests', only({ requests: { cpu: '1' } }), 4],
    ['limits become requests where there are none', only({ limits: { cpu: '1' } }), 4],
    ['a limit beside a request counts for nothing', only({ requests: { cpu: '500m' }, limits: { cpu: '2' } }), 8],
    ['the scarcest resource decides', only({ requests: { cpu: '100m' }, limits: { memory: '4Gi' } }), 2],
    ['each amount is rounded up to a thousandth first: ten times 20.1m is 210m', { containers: Array.from({ length: 10 }, (_, index) => container({ requests: { cpu: '20.1m' } }, { name: `c${index}` })) }, 19],
    ['containers add up', { containers: [container({ requests: { cpu: '1' } }), container({ requests: { cpu: '1' } }, { name: 'side' })] }, 2],
    ['an init container counts by its peak', { ...only({ requests: { cpu: '1' } }), initContainers: [container({ requests: { cpu: '2' } }, { name: 'init' })] }, 2],
    ['a sidecar adds to the containers', { ...only({ requests: { cpu: '1' } }), initContainers: [container({ requests: { cpu: '1' } }, { name: 'proxy', restartPolicy: 'Always' })] }, 2],
    ['a sidecar adds to the init containers behind it', { ...only({ requests: { cpu: '1' } }), initContainers: [container({ requests: { cpu: '1' } }, { name: 'proxy', restartPolicy: 'Always' }), container({ requests: { cpu: '3' } }, { name: 'init' })] }, 1],
    ['pod-level requests take the place of the containers\'', { ...only({ requests: { cpu: '100m' } }), resources: { requests: { cpu: '2' } } }, 2],
    ['pod-level limits: requests from the containers', { ...only({ requests: { cpu: '1' } }), resources: { limits: { cpu: '4' } } }, 4],
    ['pod-level limits: without requests of the containers, from themselves', { ...only({}), resources: { limits: { cpu: '4' } } }, 1],
    ['on the host network, a container port is a host port: one pod a node', { containers: [container({}, { ports: [{ containerPort: 80 }] })], hostNetwork: true }, 1],
  ])('%s', (_, spec, pods) => {
    expect(fitting(spec)).toBe(pods);
  });

  test('a limit range of the namespace fills in what is missing', () => {
    const range = (namespace: string) => ({ apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'usual', namespace }, spec: { limits: [{ type: 'Container', defaultRequest: { cpu: '1' }, default: { memory: '1Gi' } }] } });
    expect(fitting(only({}), [range('default')])).toBe(4);
    expect(fitting(only({ requests: { cpu: '250m' } }), [range('default')])).toBe(8);
    expect(fitting(only({}), [range('elsewhere')])).toBe(20);
  });

  test('a runtime class adds its overhead', () => {
    const kata = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'kata' }, handler: 'kata', overhead: { podFixed: { cpu: '250m' } } };
    expect(fitting({ ...only({ requests: { cpu: '750m' } }), runtimeClassName: 'kata' }, [kata])).toBe(4);
    expect(fitting(only({ requests: { cpu: '750m' } }), [kata])).toBe(5);
  });
});

describe('priority classes', () => {
  const preempting = (members: Readonly<Record<string, unknown>>, priorityClass?: string): number => {
    const low = { name: 'low', kind: 'Deployment', replicas: 4, requests: { cpu: 1 }, ...(members['lowClass'] === undefined ? {} : { priorityClass: members['lowClass'] }) };
    const late = { name: 'late', kind: 'Deployment', arrivals: { at: '30s', count: 1 }, requests: { cpu: 1 }, ...(priorityClass === undefined ? {} : { priorityClass }) };
    const { priorityClasses } = members;
    return playScenario({ duration: '2m', nodePools: [NODE], workloads: [low, late], priorityClasses: priorityClasses ?? {} }).result.failures.evictionsByCause['preemption'] ?? 0;
  };

  test('decide who preempts: the named class, the global default, the built-in ones, and none for Never', () => {
    expect(preempting({})).toBe(0);
    expect(preempting({ priorityClasses: { high: 10 } }, 'high')).toBe(1);
    expect(preempting({ priorityClasses: { high: { value: 10, preemptionPolicy: 'Never' } } }, 'high')).toBe(0);
    expect(preempting({}, 'system-cluster-critical')).toBe(1);
    expect(preempting({ priorityClasses: { usual: { value: 10, globalDefault: true }, less: 5 }, lowClass: 'less' })).toBe(1);
    expect(preempting({ priorityClasses: { usual: { value: 10, globalDefault: true }, less: 5 } }, 'less')).toBe(0);
  });
});

describe('tolerations that every pod gets', () => {
  test('a pod leaves its dead node after defaultTolerationSeconds, unless it says otherwise', () => {
    const pools = ['dead', 'other'].map((name) => ({ name, count: 1, allocatable: { cpu: 4, memory: '8Gi' } }));
    const evicted = (nodeLifecycle: object, tolerations: readonly unknown[] = []): number | undefined => {
      const template = { spec: { containers: [{ name: 'main' }], tolerations, affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['dead-0'] }] } }] } } } };
      const { pods } = playScenario({
        duration: '20m', nodePools: pools, nodeLifecycle, failures: [{ name: 'crash', pools: ['dead'], uptime: '1m', repair: '30d' }], workloads: [{ name: 'web', kind: 'Deployment', template }],
      });
      const replacement = pods.find(({ node }) => node === 'other-0');
      return replacement === undefined ? undefined : Math.round(replacement.created / 10) * 10;
    };
    // The crash is at 60 s and is found 45 to 60 s later.
    expect(evicted({})).toBe(410);
    expect(evicted({ defaultTolerationSeconds: 30 })).toBe(140);
    expect(evicted({}, [{ key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 }])).toBe(170);
    expect(evicted({}, [{ operator: 'Exists' }])).toBeUndefined();
  });
});

describe('the scheduler\'s words', () => {
  /** Nodes of the first four pods of 5, on 250 equal nodes. */
  const chosen = (scheduler: Readonly<Record<string, unknown>>, seed = 'story'): string[] => {
    const web = { name: 'web', kind: 'Deployment', replicas: 5, requests: { cpu: '100m' } };
    return playScenario({ seed, duration: '1m', nodePools: [{ ...NODE, count: 250 }], workloads: [web], scheduler }).pods.slice(0, 4).map(({ node }) => node);
  };
  const config = (percentageOfNodesToScore: number): Readonly<Record<string, unknown>> => ({ config: { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', percentageOfNodesToScore } });

  test('sampling: by default 120 of 250 nodes, as many as percentageOfNodesToScore says, or all', () => {
    expect(chosen({})).toEqual(['n-0', 'n-120', 'n-240', 'n-110']);
    expect(chosen(config(60))).toEqual(['n-0', 'n-150', 'n-50', 'n-200']);
    expect(chosen({ sampling: false })).toEqual(chosen(config(100)));
    expect(chosen({ ...config(60), sampling: false })).toEqual(chosen(config(100)));
  });

  test('tieBreak: upstream\'s heap, the first, or chance', () => {
    expect(chosen({ sampling: false })).toEqual(['n-0', 'n-1', 'n-3', 'n-7']);
    expect(chosen({ sampling: false, tieBreak: 'first' })).toEqual(['n-0', 'n-1', 'n-2', 'n-3']);
    const byChance = chosen({ sampling: false, tieBreak: 'random' });
    expect(new Set(byChance).size).toBe(4);
    expect(chosen({ sampling: false, tieBreak: 'random' })).toEqual(byChance);
    expect(chosen({ sampling: false, tieBreak: 'random' }, 'other')).not.toEqual(byChance);
  });
});
