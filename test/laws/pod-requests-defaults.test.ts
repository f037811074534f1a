import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { imageTag, normalizedImageName } from '../../src/cluster/image-names.ts';
import type { Pod, PodAffinityTerm, PodSpec } from '../../src/cluster/objects.ts';
import { applyPodDefaults } from '../../src/control-plane/pod-defaults.ts';
import type { LimitRange, PodDefaultsContext } from '../../src/control-plane/pod-defaults.ts';
import { priorityClassLookup } from '../../src/control-plane/priority-classes.ts';

function defaulted(spec: PodSpec, context: PodDefaultsContext = {}, labels: Record<string, string> = {}): PodSpec {
  return applyPodDefaults({ metadata: { name: 'p', namespace: 'team', labels }, spec }, context).spec ?? {};
}

function refusals(spec: PodSpec, context: PodDefaultsContext = {}): string[] {
  try {
    defaulted(spec, context);
    return [];
  } catch (error) {
    if (error instanceof InputError) return error.problems.map((problem) => problem.path ?? '');
    throw error;
  }
}

const NODE_TOLERATIONS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].map((key) => ({
  key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300,
}));

describe('defaults of a new pod', () => {
  test('a bare pod gets scheduler, grace period, priority and the tolerations of sick nodes', () => {
    expect(defaulted({})).toEqual({
      restartPolicy: 'Always',
      schedulerName: 'default-scheduler',
      terminationGracePeriodSeconds: 30,
      priority: 0,
      preemptionPolicy: 'PreemptLowerPriority',
      tolerations: NODE_TOLERATIONS,
    });
  });

  test('a zero grace period stays; an own toleration of a sick node stays as it is', () => {
    const own = { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 5 };
    const spec = defaulted({ terminationGracePeriodSeconds: 0, tolerations: [own] });
    expect([spec.terminationGracePeriodSeconds, spec.tolerations]).toEqual([0, [own, NODE_TOLERATIONS[1]]]);
    expect(defaulted({ tolerations: [{ operator: 'Exists' }] }).tolerations).toEqual([{ operator: 'Exists' }]);
  });

  test('limits become requests, amounts are rounded up to milli, init containers included', () => {
    const container = { resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '0.0001' } } };
    const spec = defaulted({ containers: [container], initContainers: [container] });
    for (const result of [spec.containers?.[0], spec.initContainers?.[0]]) {
      expect(result?.resources).toEqual({ limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1m', memory: '1Gi' } });
    }
  });

  test('pod-level limits: requests from the containers, where they have none from the limits', () => {
    const containers = [{ resources: { requests: { cpu: '1' }, limits: { 'hugepages-2Mi': '4Mi' } } }, { resources: { requests: { cpu: '500m' } } }];
    expect(defaulted({ containers, resources: { limits: { cpu: '4', memory: '1Gi' } } }).resources).toEqual({
      limits: { cpu: '4', memory: '1Gi', 'hugepages-2Mi': '4Mi' },
      requests: { cpu: '1500m', memory: '1Gi', 'hugepages-2Mi': '4Mi' },
    });
    const more = [{ resources: { requests: { memory: '256Mi', 'ephemeral-storage': '1Gi' } } }];
    expect(defaulted({ containers: more, resources: { limits: { cpu: '4', memory: '1Gi' } } }).resources).toEqual({ limits: { cpu: '4', memory: '1Gi' }, requests: { cpu: '4', memory: '256Mi' } });
    expect(defaulted({ containers, resources: { requests: { cpu: '4', 'hugepages-2Mi': '8Mi' } } }).resources).toEqual({ requests: { cpu: '4', 'hugepages-2Mi': '8Mi' } });
  });

  test('on the host network container ports are host ports', () => {
    const containers = [{ ports: [{ containerPort: 80 }, { containerPort: 81, hostPort: 8081 }] }];
    expect(defaulted({ hostNetwork: true, containers }).containers?.[0].ports).toEqual([{ containerPort: 80, hostPort: 80 }, { containerPort: 81, hostPort: 8081 }]);
    expect(defaulted({ containers }).containers?.[0].ports).toEqual(containers[0].ports);
  });

  test('images tagged latest are always pulled', () => {
    const policies = defaulted({ containers: ['a', 'a:1', 'a:latest', 'a@sha256:0'].map((image) => ({ image })) }).containers?.map((container) => container.imagePullPolicy);
    expect(policies).toEqual(['Always', 'IfNotPresent', 'Always', 'IfNotPresent']);
  });

  test('the argument is left alone, and a second pass changes nothing', () => {
    const pod: Pod = Object.freeze({
      metadata: { labels: { app: 'web' } },
      spec: Object.freeze({
        hostNetwork: true,
        containers: [{ image: 'a', ports: [{ containerPort: 1 }], resources: { limits: { cpu: '0.00001' } } }],
        resources: { limits: { memory: '1Gi' } },
        topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {}, matchLabelKeys: ['app'] }],
      }),
    });
    const before = JSON.stringify(pod);
    const once = applyPodDefaults(pod);
    expect(JSON.stringify(pod)).toBe(before);
    expect(applyPodDefaults(once)).toEqual(once);
  });
});

describe('admission of a new pod', () => {
  const limitRange: LimitRange = {
    spec: { limits: [{ type: 'Pod', max: { cpu: '64' } }, { type: 'Container', default: { cpu: '2' }, defaultRequest: { cpu: '500m' }, max: { memory: '4Gi' }, min: { 'ephemeral-storage': '1Gi' } }] },
  };
  const limitRanges = (namespace: string): LimitRange[] => (namespace === 'team' ? [limitRange] : []);

  test('a limit range fills in limits (from default, else max) and requests (from defaultRequest, else limit, else min)', () => {
    expect(defaulted({ containers: [{}] }, { limitRanges }).containers?.[0].resources).toEqual({
      limits: { cpu: '2', memory: '4Gi' },
      requests: { cpu: '500m', memory: '4Gi', 'ephemeral-storage': '1Gi' },
    });
  });

  test('an own limit has become the request before the limit range looks', () => {
    expect(defaulted({ containers: [{ resources: { limits: { cpu: '1' } } }] }, { limitRanges }).containers?.[0].resources?.requests?.cpu).toBe('1');
  });

  const priorityClasses = priorityClassLookup([
    { metadata: { name: 'low' }, value: 5, globalDefault: true, preemptionPolicy: 'Never' },
    { metadata: { name: 'middle' }, value: 7, globalDefault: true },
    { metadata: { name: 'high' }, value: 1000, preemptionPolicy: 'PreemptLowerPriority' },
  ]);

  test('priority comes from the named class, from the lowest global default, or from the built-in classes', () => {
    const priority = (spec: PodSpec): unknown[] => {
      const result = defaulted(spec, { priorityClasses });
      return [result.priorityClassName, result.priority, result.preemptionPolicy];
    };
    expect(priority({ priorityClassName: 'high' })).toEqual(['high', 1000, 'PreemptLowerPriority']);
    expect(priority({})).toEqual(['low', 5, 'Never']);
    expect(priority({ priorityClassName: 'system-node-critical' })).toEqual(['system-node-critical', 2000001000, 'PreemptLowerPriority']);
  });

  test('an unknown class or a contradicting priority is refused, unless the pod was admitted before', () => {
    expect(refusals({ priorityClassName: 'none' }, { priorityClasses })).toEqual(['spec.priorityClassName']);
    expect(refusals({ priorityClassName: 'high', priority: 1 }, { priorityClasses })).toEqual(['spec.priorityClassName']);
    expect(defaulted({ priorityClassName: 'none', priority: 1 }, { priorityClasses, admitted: true }).priority).toBe(1);
  });

  test('a runtime class brings overhead, node selector and tolerations', () => {
    const runtimeClass = { overhead: { podFixed: { cpu: '250m' } }, scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists' }] } };
    const context = { runtimeClass: (name: string) => (name === 'kata' ? runtimeClass : undefined) };
    const spec = defaulted({ runtimeClassName: 'kata', nodeSelector: { zone: 'a' } }, context);
    expect([spec.overhead, spec.nodeSelector, spec.tolerations]).toEqual([{ cpu: '250m' }, { zone: 'a', vm: 'yes' }, [...NODE_TOLERATIONS, { key: 'vm', operator: 'Exists' }]]);
    expect(refusals({ runtimeClassName: 'gvisor' }, context)).toEqual(['spec.runtimeClassName']);
    expect(refusals({ runtimeClassName: 'kata', overhead: { cpu: '1' }, nodeSelector: { vm: 'no' } }, context)).toEqual(['spec.overhead', 'spec.nodeSelector']);
  });

  test('matchLabelKeys become In, mismatchLabelKeys NotIn; only for labels the pod has and selectors that are there', () => {
    const term: PodAffinityTerm = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } }, matchLabelKeys: ['hash', 'absent'], mismatchLabelKeys: ['tenant'] };
    const { labelSelector: _without, ...selectorless } = term;
    const spec = defaulted(
      { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term, selectorless], preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term }] } } },
      {},
      { hash: 'x1', tenant: 'acme' },
    );
    const merged = {
      ...term,
      labelSelector: {
        matchLabels: { app: 'web' },
        matchExpressions: [{ key: 'hash', operator: 'In', values: ['x1'] }, { key: 'tenant', operator: 'NotIn', values: ['acme'] }],
      },
    };
    expect(spec.affinity?.podAffinity).toEqual({
      requiredDuringSchedulingIgnoredDuringExecution: [merged, selectorless],
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: merged }],
    });
  });
});

describe('image names', () => {
  test('latest is added unless a colon follows the last slash', () => {
    expect(['nginx', 'nginx:1', 'host:5000/nginx', 'host:5000/nginx:1', 'nginx@sha256:ab'].map(normalizedImageName)).toEqual(
      ['nginx:latest', 'nginx:1', 'host:5000/nginx:latest', 'host:5000/nginx:1', 'nginx@sha256:ab'],
    );
    expect(['a/b:c', 'a:1@sha256:ab', 'a@sha256:ab', ''].map(imageTag)).toEqual(['c', '1', '', '']);
  });
});
