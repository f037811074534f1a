// What objects are charged for by quotas, which pods a scope holds, and which application runs in a pod: tables of cases
// (pkg/quota/v1/evaluator/core, v1.36.3).
import { describe, expect, test } from 'vitest';
import type { Pod, PodSpec, Service } from '../../src/cluster/objects.ts';
import { applicationOf, placedApplications, splitName } from '../../src/control-plane/pod-admission.ts';
import { claimUsage, containersWithout, isInScope, isPastGrace, isPodQuotaResource, podUsage, serviceUsage, unspecifiedResources } from '../../src/control-plane/quota-usage.ts';
import type { QuotaScope } from '../../src/control-plane/quota-usage.ts';
import { decideDemand } from '../../src/control-plane/resource-quota.ts';
import { quantitiesOf } from '../../src/cluster/pod-requests.ts';
import type { ReadonlyQuantities } from '../../src/cluster/pod-requests.ts';
import { fixture } from '../support/scheduler-fixture.ts';

const inWords = (usage: ReadonlyQuantities): Record<string, string> => Object.fromEntries([...usage].map(([name, amount]) => [name, amount.toString()]));
const podOf = (requests: object, limits: object = {}, more: PodSpec = {}): Pod => ({ spec: { containers: [{ name: 'main', resources: { requests, limits } as object }], ...more } });

describe('a pod is charged', () => {
  test('for what it requests and may use, and as an object', () => {
    const requests = { cpu: '500m', memory: '1Gi', 'hugepages-2Mi': '4Mi', 'example.com/dongle': '2', 'ephemeral-storage': '1Gi' };
    expect(inWords(podUsage(podOf(requests, { memory: '2Gi', 'example.com/dongle': '2', 'hugepages-2Mi': '4Mi' }), false))).toEqual({
      pods: '1', 'count/pods': '1',
      cpu: '500m', 'requests.cpu': '500m', memory: '1Gi', 'requests.memory': '1Gi', 'limits.memory': '2Gi',
      'ephemeral-storage': '1Gi', 'requests.ephemeral-storage': '1Gi',
      'hugepages-2Mi': '4Mi', 'requests.hugepages-2Mi': '4Mi', 'requests.example.com/dongle': '2',
    });
    expect(inWords(podUsage(podOf(requests), true)), 'when it is over').toEqual({ 'count/pods': '1' });
  });

  test('until twice its grace period has passed', () => {
    expect([[59, 30], [60, 30], [60.5, 30], [1, 0], [0, 0]].map(([since, grace]) => isPastGrace(since, grace))).toEqual([false, false, true, true, false]);
  });

  test('under these names and no others', () => {
    const names = ['pods', 'count/pods', 'cpu', 'limits.cpu', 'requests.ephemeral-storage', 'hugepages-1Gi', 'requests.hugepages-1Gi', 'requests.example.com/x', 'example.com/x', 'requests.unknown', 'services', 'limits.example.com/x'];
    expect(names.filter(isPodQuotaResource)).toEqual(names.slice(0, 8));
  });

  test('only when each container says what the quota wants said', () => {
    const half: Pod = { spec: { containers: [{ name: 'a', resources: { requests: { cpu: '1' } } }, { name: 'b' }], initContainers: [{ name: 'i', resources: { limits: { memory: '1Gi' } } }] } };
    expect(unspecifiedResources(half, ['pods', 'requests.cpu', 'limits.memory', 'cpu'])).toEqual(['cpu', 'requests.cpu', 'limits.memory']);
    expect(unspecifiedResources(half, ['pods', 'requests.storage'])).toEqual([]);
    expect(unspecifiedResources(podOf({ cpu: '1' }), ['cpu'])).toEqual([]);
    expect(unspecifiedResources({ spec: { ...half.spec, resources: { requests: { cpu: '2' } } } }, ['cpu'])).toEqual([]);
    expect([containersWithout(half, 'requests.cpu'), containersWithout(half, 'limits.memory')]).toEqual([['b', 'i'], ['a', 'b']]);
    expect([unspecifiedResources({}, ['cpu']), containersWithout({}, 'cpu')]).toEqual([[], []]);
  });
});

describe('a scope holds', () => {
  const term = (more: object): object => ({ topologyKey: 'zone', labelSelector: {}, ...more });
  const near = (kind: 'podAffinity' | 'podAntiAffinity', more: object, isPreferred = false): PodSpec => ({
    affinity: { [kind]: isPreferred ? { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: term(more) }] } : { requiredDuringSchedulingIgnoredDuringExecution: [term(more)] } },
  });
  test.each<[QuotaScope, PodSpec, boolean]>([
    [{ scopeName: 'Terminating' }, { activeDeadlineSeconds: 0 }, true],
    [{ scopeName: 'Terminating' }, { activeDeadlineSeconds: 9 }, true],
    [{ scopeName: 'Terminating' }, {}, false],
    [{ scopeName: 'NotTerminating' }, {}, true],
    [{ scopeName: 'NotTerminating' }, { activeDeadlineSeconds: 9 }, false],
    [{ scopeName: 'BestEffort' }, {}, true],
    [{ scopeName: 'NotBestEffort' }, {}, false],
    [{ scopeName: 'PriorityClass' }, { priorityClassName: 'high' }, true],
    [{ scopeName: 'PriorityClass' }, {}, false],
    [{ scopeName: 'PriorityClass', operator: 'DoesNotExist' }, {}, true],
    [{ scopeName: 'PriorityClass', operator: 'DoesNotExist' }, { priorityClassName: 'high' }, false],
    [{ scopeName: 'PriorityClass', operator: 'In', values: ['high', 'low'] }, { priorityClassName: 'low' }, true],
    [{ scopeName: 'PriorityClass', operator: 'In', values: ['high'] }, { priorityClassName: 'low' }, false],
    [{ scopeName: 'PriorityClass', operator: 'In', values: [''] }, {}, false],
    [{ scopeName: 'PriorityClass', operator: 'NotIn', values: ['high'] }, { priorityClassName: 'low' }, true],
    [{ scopeName: 'PriorityClass', operator: 'NotIn', values: ['low'] }, { priorityClassName: 'low' }, false],
    [{ scopeName: 'PriorityClass', operator: 'NotIn', values: [''] }, {}, true],
    [{ scopeName: 'CrossNamespacePodAffinity' }, near('podAffinity', { namespaces: ['other'] }), true],
    [{ scopeName: 'CrossNamespacePodAffinity' }, near('podAntiAffinity', { namespaceSelector: {} }), true],
    [{ scopeName: 'CrossNamespacePodAffinity' }, near('podAffinity', { namespaceSelector: {} }, true), true],
    [{ scopeName: 'CrossNamespacePodAffinity' }, near('podAntiAffinity', { namespaces: [] }), false],
    [{ scopeName: 'CrossNamespacePodAffinity' }, near('podAffinity', {}, true), false],
    [{ scopeName: 'CrossNamespacePodAffinity' }, {}, false],
    [{ scopeName: 'Unknown' }, {}, false],
  ])('%j: %j', (scope, spec, isIn) => {
    expect(isInScope(podOf({}, {}, spec), scope)).toBe(isIn);
  });

  test('no pod without requests and limits is anything but BestEffort', () => {
    expect(isInScope(podOf({ cpu: '1' }), { scopeName: 'BestEffort' })).toBe(false);
    expect(isInScope(podOf({}, { memory: '1Gi' }), { scopeName: 'NotBestEffort' })).toBe(true);
  });
});

test('a quota whose status does not say what is in use refuses; so does one that wants said what a pod leaves open', () => {
  const quota = (used: Readonly<Record<string, string>>) => ({ name: 'q', scopes: [], hard: quantitiesOf({ cpu: '2', pods: '5', services: '2' }), used: quantitiesOf(used) });
  const demand = (missing: readonly string[]) => ({ usage: quantitiesOf({ cpu: '1', pods: '1' }), missing: new Map([['q', missing]]) }) as never;
  expect(decideDemand([quota({ pods: '1' })], demand([]))).toEqual({ allowed: false, reason: 'unknownStatus', quota: 'q', resources: ['cpu'] });
  expect(decideDemand([quota({ pods: '1' })], demand(['cpu']))).toEqual({ allowed: false, reason: 'mustSpecify', quota: 'q', resources: ['cpu'] });
  expect(decideDemand([quota({ pods: '1', cpu: '1' })], demand([])).allowed).toBe(true);
  expect(decideDemand([quota({ pods: '1', cpu: '1500m' })], demand([])).allowed).toBe(false);
  expect(decideDemand([quota({ pods: '5', cpu: '0' })], demand([])).allowed).toBe(false);
});

describe('other objects are charged', () => {
  const ports = [{ port: 80, nodePort: 30080 }, { port: 443 }];
  test.each<[Service['spec'], string, string]>([
    [{}, '0', '0'],
    [{ ports }, '0', '0'],
    [{ type: 'NodePort', ports }, '0', '2'],
    [{ type: 'LoadBalancer', ports }, '1', '2'],
    [{ type: 'LoadBalancer', ports, allocateLoadBalancerNodePorts: false }, '1', '1'],
    [{ type: 'NodePort', ports, allocateLoadBalancerNodePorts: false }, '0', '2'],
  ])('a Service %j', (spec, balancers, nodePorts) => {
    expect(inWords(serviceUsage({ spec } as Service))).toEqual({ 'count/services': '1', services: '1', 'services.loadbalancers': balancers, 'services.nodeports': nodePorts });
  });

  test('a claim, of its class, too', () => {
    const spec = { resources: { requests: { storage: '5Gi' } } };
    const plain = { 'count/persistentvolumeclaims': '1', persistentvolumeclaims: '1', 'requests.storage': '5Gi' };
    expect(inWords(claimUsage({ spec }))).toEqual(plain);
    expect(inWords(claimUsage({ spec: { ...spec, storageClassName: 'gold' } }))).toEqual({ ...plain, 'gold.storageclass.storage.k8s.io/persistentvolumeclaims': '1', 'gold.storageclass.storage.k8s.io/requests.storage': '5Gi' });
    expect(inWords(claimUsage({}))).toMatchObject({ 'requests.storage': '0' });
  });
});

test('the application of a pod: its annotation, else the first whose selector matches in its namespace', () => {
  const application = (name: string, selector: string, namespace = ''): unknown => ({ name, selector, namespace });
  const placed = placedApplications([application('none', ''), application('shop', 'app=shop', 'team'), application('any', 'app in (shop,web)')] as never);
  const of = (namespace: string | undefined, app: string, annotations = {}): string | undefined =>
    applicationOf({ metadata: { ...(namespace === undefined ? {} : { namespace }), labels: { app }, annotations } }, placed);
  expect([of('team', 'shop'), of('other', 'shop'), of(undefined, 'web'), of('team', 'db')]).toEqual(['shop', 'any', 'any', undefined]);
  expect(of('team', 'shop', { 'podyard.dev/application': 'own' })).toBe('own');
  expect(placed.map(({ name }) => name)).toEqual(['shop', 'any']);
});

test('a numbered name is a base and an ordinal', () => {
  const { cluster } = fixture({});
  const read = (name: string): unknown => {
    const { base, ordinal } = splitName(name, cluster);
    return [cluster.names.text(base), ordinal];
  };
  expect(['web-17', 'web-0', 'web-017', 'web-1234567890', 'web', '-3', 'a-b-2'].map(read)).toEqual([['web', 17], ['web', 0], ['web-017', -1], ['web-1234567890', -1], ['web', -1], ['-3', -1], ['a-b', 2]]);
});
