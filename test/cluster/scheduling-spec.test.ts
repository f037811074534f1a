/** Which pods share a template: those that nobody who looks at pods can tell apart, whatever else a running cluster wrote into them. */
import { describe, expect, test } from 'vitest';
import { Cluster } from '../../src/cluster/cluster.ts';
import type { Pod, PodSpec } from '../../src/cluster/objects.ts';
import { schedulingSpec } from '../../src/cluster/scheduling-spec.ts';
import { Kernel } from '../../src/kernel/kernel.ts';

/** A pod as `kubectl get -o json` prints it. */
function dumped(name: string, more: Record<string, unknown> = {}, volumes: readonly object[] = []): Pod {
  const token = { name: `kube-api-access-${name}`, projected: { sources: [] } };
  const container = { name: 'main', image: 'registry/web:1', env: [{ name: 'POD', value: name }], volumeMounts: [{ name: token.name, mountPath: '/t' }], resources: { requests: { cpu: '1' } } };
  return { metadata: { name, labels: { app: 'web' } }, spec: { hostname: name, serviceAccountName: 'default', containers: [container], volumes: [token, ...volumes], ...more } as PodSpec };
}

function templatesOf(...pods: readonly Pod[]): number[] {
  const cluster = new Cluster(new Kernel({ seed: 'templates' }));
  return pods.map((pod) => cluster.internTemplate(pod).id);
}

describe('pods share a template', () => {
  test('when they differ in token volumes, host names and environments', () => {
    expect(templatesOf(dumped('a'), dumped('b'), dumped('c'))).toEqual([0, 0, 0]);
  });

  test('when they differ in the names of scratch volumes', () => {
    expect(templatesOf(dumped('a', {}, [{ name: 'x', emptyDir: {} }]), dumped('b', {}, [{ name: 'y', emptyDir: {} }]))).toEqual([0, 0]);
  });

  test('not when one holds local storage, which keeps a node from being drained', () => {
    expect(templatesOf(dumped('a'), dumped('b', {}, [{ name: 'x', emptyDir: {} }]))).toEqual([0, 1]);
  });

  test('not when they use different claims, or generic ephemeral volumes of different names', () => {
    const claim = (claimName: string): object => ({ name: 'data', persistentVolumeClaim: { claimName } });
    const ephemeral = (name: string): object => ({ name, ephemeral: { volumeClaimTemplate: { spec: {} } } });
    expect(templatesOf(dumped('a', {}, [claim('a')]), dumped('b', {}, [claim('b')]), dumped('c', {}, [ephemeral('x')]), dumped('d', {}, [ephemeral('y')]))).toEqual([0, 1, 2, 3]);
  });

  test.each([
    ['requests', { containers: [{ name: 'main', image: 'registry/web:1', resources: { requests: { cpu: '2' } } }] }],
    ['images', { containers: [{ name: 'main', image: 'registry/web:2', resources: { requests: { cpu: '1' } } }] }],
    ['host ports', { containers: [{ name: 'main', image: 'registry/web:1', resources: { requests: { cpu: '1' } }, ports: [{ hostPort: 80 }] }] }],
    ['node selectors', { nodeSelector: { disk: 'ssd' } }],
    ['tolerations', { tolerations: [{ operator: 'Exists' }] }],
    ['grace periods', { terminationGracePeriodSeconds: 1 }],
  ] as const)('not when they differ in %s', (_what, more) => {
    expect(templatesOf(dumped('a'), dumped('b', more))).toEqual([0, 1]);
  });
});

test('a spec in which everything is looked at stays as it is', () => {
  const spec: PodSpec = { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '1' } } }], nodeSelector: { a: 'b' }, volumes: [] };
  expect(schedulingSpec(spec)).toBe(spec);
});
