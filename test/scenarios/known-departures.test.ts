/**
 * What the simulator leaves out or does otherwise than upstream (docs/model.md, known departures), as stories of whole
 * runs: each says what upstream would do, and shows what happens here. A story that fails because a departure is gone
 * leaves that list, too.
 */
import { describe, expect, test } from 'vitest';
import { nodeObject, playScenario, podObject } from '../support/played-scenario.ts';
import type { PlayedPod } from '../support/played-scenario.ts';

const named = (pods: readonly PlayedPod[], name: string): PlayedPod => {
  const pod = pods.find((candidate) => candidate.name === name);
  if (pod === undefined) throw new Error(`no pod ${name} among ${pods.map((other) => other.name).join(', ')}`);
  return pod;
};
const pool = (count: number, more: Readonly<Record<string, unknown>> = {}) => ({ nodePools: [{ name: 'n', count, allocatable: { cpu: 4, memory: '16Gi' }, ...more }] });
const template = (app: string, spec: Readonly<Record<string, unknown>> = {}) => ({ metadata: { labels: { app } }, spec: { containers: [{ name: 'main', image: 'i', resources: { requests: { cpu: '1' } } }], ...spec } });
const owner = (kind: string, name: string, spec: Readonly<Record<string, unknown>>) => ({
  apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1', kind, metadata: { name, namespace: 'default' }, spec: { ...(kind === 'Job' ? {} : { selector: { matchLabels: { app: name } } }), template: template(name), ...spec },
});

describe('admission', () => {
  test('quotas and limits of a namespace are for pods: claims, Services and other objects are let in', () => {
    const range = {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'small' },
      spec: { limits: [{ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } }] },
    };
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'none' },
      spec: { hard: { 'count/jobs.batch': '0' } },
    };
    const job = owner('Job', 'sum', { template: template('sum', { restartPolicy: 'Never' }) });
    const { pods, result } = playScenario({ duration: '1m' }, [nodeObject('n'), range, quota, job]);
    expect(pods.map(({ name }) => name)).toEqual(['sum-0']);
    expect(result.notSimulated.map(({ kind, field }) => `${kind} ${field}`)).toEqual([
      'LimitRange spec.limits',
      'ResourceQuota spec.hard',
    ]);
  });
});

describe('scheduling', () => {
  test('a cycle and a binding take the same time, whatever the cluster\'s size and the pod', () => {
    const waits = (count: number, spec: Readonly<Record<string, unknown>>): number => {
      const { pods } = playScenario({ duration: '1m', scheduler: { cycleTime: '2ms', bindTime: '7ms' }, ...pool(count, { zones: ['a', 'b'] }) }, [podObject('p', spec)]);
      return named(pods, 'p').bound;
    };
    const spread = { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} }] };
    expect([waits(1, {}), waits(300, {}), waits(300, spread)]).toEqual([0.009, 0.009, 0.009]);
  });

  test('the number of threads changes nothing: nodes are looked at one after the other, as with parallelism 1', () => {
    const chosen = (parallelism: number): string[] => {
      const config = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', parallelism };
      return playScenario({ duration: '1m', scheduler: { config }, ...pool(250) }, [owner('Deployment', 'web', { replicas: 5 })]).pods.map(({ node }) => node);
    };
    expect(chosen(16)).toEqual(['n-0', 'n-120', 'n-240', 'n-110', 'n-230']);
    expect(chosen(1)).toEqual(chosen(16));
  });

  test('pods that come in the same instant leave the queue in the order of coming', () => {
    const { pods } = playScenario({ duration: '1m', scheduler: { cycleTime: '1s', bindTime: '0s' }, ...pool(2) }, ['c', 'a', 'b'].map((name) => podObject(name)));
    expect(pods.map(({ name, bound }) => `${name} at ${bound}`)).toEqual(['c at 1', 'a at 2', 'b at 3']);
  });

  test('named nodes are looked at in the cache\'s order, upstream in the order of a map: the first of equals is always the same', () => {
    const terms = ['n-2', 'n-1'].map((name) => ({ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }));
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } } };
    expect(named(playScenario({ duration: '1m', ...pool(3) }, [podObject('p', { affinity })]).pods, 'p').node).toBe('n-1');
  });

  test('the node affinity of an in-tree volume is read as written, upstream translates it to the labels of its CSI driver', () => {
    const node = nodeObject('n', { zone: 'a' }) as { metadata: { labels: object } };
    const labelled = { ...node, metadata: { ...node.metadata, labels: { ...node.metadata.labels, 'topology.gke.io/zone': 'a' } } };
    const csiNode = { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata: { name: 'n', annotations: { 'storage.alpha.kubernetes.io/migrated-plugins': 'kubernetes.io/gce-pd' } }, spec: { drivers: [] } };
    const bound = (key: string): string => {
      const nodeAffinity = { required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: ['a'] }] }] } };
      const volume = { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pv' }, spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], gcePersistentDisk: { pdName: 'd' }, nodeAffinity } };
      const claim = {
        apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data', namespace: 'default', annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
        spec: { volumeName: 'pv', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      };
      return named(playScenario({ duration: '1m' }, [labelled, csiNode, volume, claim, podObject('p', { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }] })]).pods, 'p').outcome;
    };
    expect([bound('topology.gke.io/zone'), bound('topology.kubernetes.io/zone'), bound('failure-domain.beta.kubernetes.io/zone')]).toEqual(['Running', 'Running', 'Pending']);
  });

  test('there are no pod groups: members of a gang are scheduled one by one', () => {
    const group = { apiVersion: 'scheduling.k8s.io/v1alpha2', kind: 'PodGroup', metadata: { name: 'gang', namespace: 'default' }, spec: { schedulingPolicy: { gang: { minCount: 2 } } } };
    const member = (name: string) => podObject(name, { schedulingGroup: { podGroupName: 'gang' } });
    const { pods, result, warnings } = playScenario({ duration: '1m' }, [nodeObject('n', { cpu: '1' }), group, member('a'), member('b')]);
    expect(pods.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual(['a Running', 'b Pending']);
    expect(result.notes).toContain('Kinds in manifests that are not simulated: 1 × PodGroup.scheduling.k8s.io.');
    expect(warnings).toEqual([]);
  });

  test('an extender is not called, and the run says so', () => {
    const config = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration', extenders: [{ urlPrefix: 'http://localhost:1/', filterVerb: 'filter' }] };
    const { pods, result } = playScenario({ duration: '1m', scheduler: { config }, ...pool(1) }, [podObject('p')]);
    expect(named(pods, 'p').outcome).toBe('Running');
    expect(result.notes.join('\n')).toMatch(/extender/);
  });

  test('a bound claim works', () => {
    const claim = {
      apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data', namespace: 'default', annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } },
      spec: { volumeName: 'pv', accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    };
    const volume = { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pv', labels: { 'topology.kubernetes.io/zone': 'b' } }, spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], csi: { driver: 'csi.example.com', volumeHandle: 'h' } } };
    const using = podObject('p', { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] });
    const { pods } = playScenario({ duration: '1m' }, [nodeObject('a', { zone: 'a' }), nodeObject('b', { zone: 'b' }), volume, claim, using]);
    expect(named(pods, 'p')).toMatchObject({ node: 'b', outcome: 'Running' });
  });

  test('all victims of a preemption are deleted in one instant', () => {
    const running = ['a', 'b', 'c'].map((name) => ({ ...(podObject(name, { nodeName: 'n', terminationGracePeriodSeconds: 0 }) as object), status: { phase: 'Running' } }));
    const vip = { name: 'vip', kind: 'Pod', arrivals: { at: '1s', count: 1 }, lifetime: '30d', priorityClass: 'vip', requests: { cpu: 3 } };
    const { pods } = playScenario({ duration: '1m', priorityClasses: { vip: 1000 }, workloads: [vip], scheduler: { cycleTime: '10ms', bindTime: '5ms' } }, [nodeObject('n', { cpu: '3' }), ...running]);
    expect(['a', 'b', 'c'].map((name) => named(pods, name).ended)).toEqual([1.01, 1.01, 1.01]);
  });
});

describe('owners', () => {
  test('pods of an Indexed Job are alike: no label tells their completion index', () => {
    const job = owner('Job', 'sum', {
      completions: 2,
      parallelism: 2,
      completionMode: 'Indexed',
      template: template('sum', { restartPolicy: 'Never' }),
    });
    const { pods } = playScenario({ duration: '1m' }, [nodeObject('n'), job]);
    expect(pods.map(({ name }) => name)).toEqual(['sum-0-0', 'sum-1-0']);
  });

  test('a Deployment makes all its pods at once: no slow start', () => {
    const { pods } = playScenario({ duration: '1m', ...pool(10) }, [owner('Deployment', 'web', { replicas: 20 })]);
    expect(new Set(pods.map(({ created }) => created))).toEqual(new Set([0]));
  });

  test('a template that names its node is scheduled to it, and waits while it is full; upstream\'s pods go there unasked', () => {
    const { pods } = playScenario({ duration: '1m', ...pool(3) }, [owner('Deployment', 'web', { replicas: 5, template: template('web', { nodeName: 'n-1' }) })]);
    expect(pods.map(({ node, outcome }) => `${outcome} ${node}`)).toEqual([...Array<string>(4).fill('Running n-1'), 'Pending ']);
  });

  test('autoscalers of pods are not simulated, and the run says so', () => {
    const objects = [
      { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'web' }, spec: { maxReplicas: 9 } },
    ];
    const { pods, result } = playScenario({ duration: '1h', ...pool(1) }, objects);
    expect(pods).toEqual([]);
    expect(result.notes).toContain(
      'Kinds in manifests that are not simulated: 1 × HorizontalPodAutoscaler.autoscaling.',
    );
  });

  test('a DaemonSet\'s pod that comes again counts as a new arrival, not as a replacement', () => {
    const { result } = playScenario({ duration: '1m', ...pool(2) }, [owner('DaemonSet', 'agent', {})]);
    expect([result.counts.podsArrived, result.counts.podsReplaced]).toEqual([2, 0]);
    const vip = { name: 'vip', kind: 'Pod', arrivals: { at: '1s', count: 1 }, lifetime: '30d', priorityClass: 'vip', requests: { cpu: 4 } };
    const preempted = playScenario({ duration: '1m', ...pool(1), priorityClasses: { vip: 1000 }, workloads: [vip] }, [owner('DaemonSet', 'agent', {})]);
    expect(preempted.pods.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual(['agent-0 Evicted', 'vip-0 Running', 'agent-1 Pending']);
    const { podsArrived, podsReplaced, podsLost } = preempted.result.counts;
    expect([podsArrived, podsReplaced, podsLost]).toEqual([3, 0, 1]);
  });
});

describe('kubelets', () => {
  const started = (spec: Readonly<Record<string, unknown>>): number => named(playScenario({ duration: '5m', ...pool(1) }, [podObject('p', spec)]).pods, 'p').started;
  const main = { name: 'main', image: 'i' };

  test('init containers, probes and hooks take no time', () => {
    const probe = { exec: { command: ['true'] }, initialDelaySeconds: 60 };
    const slow = { initContainers: [{ name: 'first', image: 'i' }], containers: [{ ...main, startupProbe: probe, readinessProbe: probe, lifecycle: { postStart: { exec: { command: ['sleep', '30'] } } } }] };
    expect(started(slow)).toBe(started({ containers: [main] }));
  });

  test('a pod with a run time succeeds at its end, whatever its restartPolicy', () => {
    const timed = (restartPolicy: string) => podObject(restartPolicy.toLowerCase(), { restartPolicy }, { annotations: { 'podyard.dev/duration': '10s' } });
    const { pods } = playScenario({ duration: '1m', ...pool(1) }, ['Always', 'OnFailure', 'Never'].map(timed));
    expect(pods.map(({ outcome }) => outcome)).toEqual(['Succeeded', 'Succeeded', 'Succeeded']);
  });

  test('imagePullPolicy Never pulls, and Always pulls once', () => {
    const withPolicy = (imagePullPolicy: string, count: number): number[] => {
      const kubelet = { sandbox: '0s', containerStart: '0s', pullBase: '5s', defaultImageSize: '0' };
      const objects = Array.from({ length: count }, (_, index) => ({ ...(podObject(`p${index}`, { containers: [{ ...main, imagePullPolicy }] }) as object) }));
      return playScenario({ duration: '1m', kubelet, scheduler: { cycleTime: '10s', bindTime: '0s' }, ...pool(1) }, objects).pods.map(({ bound, started: at }) => at - bound);
    };
    expect([withPolicy('Never', 1), withPolicy('Always', 2)]).toEqual([[5], [5, 0]]);
  });
});

describe('nodes and network', () => {
  test('no network: objects of it are counted and left aside', () => {
    const objects = [
      { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name: 'none' }, spec: { podSelector: {} } },
      { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'web' }, spec: {} },
    ];
    expect(playScenario({ duration: '1m', ...pool(1) }, objects).result.notes).toContain('Kinds in manifests that are not simulated: 1 × NetworkPolicy.networking.k8s.io, 1 × Ingress.networking.k8s.io.');
  });
});
