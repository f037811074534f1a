import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseQuantity } from '../../src/base/quantity.ts';
import type { Container, Pod, PodSpec } from '../../src/cluster/objects.ts';
import { accountingDefaults, containerRequests, integerAmounts, podLimits, podRequests, qosClass } from '../../src/cluster/pod-requests.ts';
import type { PodRequestsOptions, ReadonlyQuantities } from '../../src/cluster/pod-requests.ts';

const SPEC_ONLY: PodRequestsOptions = { useStatusResources: false, podLevel: true, containerDefaults: null };
const WITH_STATUS: PodRequestsOptions = { ...SPEC_ONLY, useStatusResources: true };

function requesting(requests: Record<string, string>, more: Partial<Container> = {}): Container {
  return { name: 'c', resources: { requests }, ...more };
}

function cpuMilli(spec: PodSpec, options: PodRequestsOptions = SPEC_ONLY): number | undefined {
  return integerAmounts(podRequests({ spec }, options)).get('cpu');
}

function texts(quantities: ReadonlyQuantities): Record<string, string> {
  return Object.fromEntries([...quantities].map(([name, quantity]) => [name, quantity.toString()]));
}

const cpuTexts = fc.nat(4000).map((milli) => `${milli}m`);
const containers = fc.array(cpuTexts.map((cpu) => requesting({ cpu })), { maxLength: 4 });
const initContainers = fc.array(
  fc.tuple(cpuTexts, fc.boolean()).map(([cpu, isSidecar]) => requesting({ cpu }, isSidecar ? { restartPolicy: 'Always' } : {})),
  { maxLength: 4 },
);

describe('pod requests', () => {
  test('regular containers add up, init containers count by their peak', () => {
    expect(cpuMilli({ containers: [requesting({ cpu: '100m' }), requesting({ cpu: '200m' })] })).toBe(300);
    expect(cpuMilli({ containers: [requesting({ cpu: '100m' })], initContainers: [requesting({ cpu: '1' }), requesting({ cpu: '700m' })] })).toBe(1000);
  });

  test('a sidecar adds to the containers and to every init container behind it', () => {
    const sidecar = requesting({ cpu: '100m' }, { restartPolicy: 'Always' });
    const init = requesting({ cpu: '500m' });
    const app = [requesting({ cpu: '200m' })];
    expect(cpuMilli({ containers: app, initContainers: [sidecar, init] })).toBe(600);
    expect(cpuMilli({ containers: app, initContainers: [init, sidecar] })).toBe(500);
    expect(cpuMilli({ containers: app, initContainers: [sidecar] })).toBe(300);
  });

  test('sums are exact; rounding up happens once', () => {
    const half = requesting({ cpu: '0.0005', memory: '0.5' });
    expect(integerAmounts(podRequests({ spec: { containers: [half, half] } }, SPEC_ONLY))).toEqual(new Map([['cpu', 1], ['memory', 1]]));
  });

  test('pod-level requests replace the sum for cpu, memory and huge pages; overhead comes on top', () => {
    const spec: PodSpec = {
      containers: [requesting({ cpu: '1', memory: '1Gi', 'nvidia.com/gpu': '1' })],
      resources: { requests: { cpu: '3', 'nvidia.com/gpu': '8' } },
      overhead: { cpu: '250m' },
    };
    expect(texts(podRequests({ spec }, SPEC_ONLY))).toEqual({ cpu: '3250m', memory: '1Gi', 'nvidia.com/gpu': '1' });
    expect(texts(podRequests({ spec }, { ...SPEC_ONLY, podLevel: false, includeOverhead: false }))).toEqual({ cpu: '1', memory: '1Gi', 'nvidia.com/gpu': '1' });
    expect(texts(containerRequests({ spec }, SPEC_ONLY))).toEqual({ cpu: '1', memory: '1Gi', 'nvidia.com/gpu': '1' });
  });

  test('defaults stand in for missing requests of each container; an explicit zero stays', () => {
    const spec: PodSpec = { containers: [requesting({ cpu: '0' }), requesting({})], initContainers: [requesting({ memory: '1Gi' })] };
    const options = { ...SPEC_ONLY, containerDefaults: { cpuMilli: 100, memoryBytes: 200 * 1024 * 1024 } };
    expect(texts(podRequests({ spec }, options))).toEqual({ cpu: '100m', memory: '1Gi' });
  });

  test('with pod-level requests, accounting assumes defaults only for resources without any request', () => {
    const defaults = { cpuMilli: 100, memoryBytes: 200 };
    const pod: Pod = { spec: { containers: [requesting({})], resources: { requests: { cpu: '1' } } } };
    expect(accountingDefaults(pod, podRequests(pod, SPEC_ONLY), defaults)).toEqual({ memoryBytes: 200 });
    expect(accountingDefaults({ spec: { containers: [requesting({ cpu: '1' })] } }, new Map(), defaults)).toEqual(defaults);
  });

  test('a resize under way counts by the greatest value, an infeasible one without the spec', () => {
    const status = { name: 'c', resources: { requests: { cpu: '2' } }, allocatedResources: { cpu: '3' } };
    const pod: Pod = { spec: { containers: [requesting({ cpu: '5' })] }, status: { containerStatuses: [status] } };
    const infeasible = { ...pod, status: { ...pod.status, conditions: [{ type: 'PodResizePending', status: 'True', reason: 'Infeasible' }] } };
    const cpu = (subject: Pod, options: PodRequestsOptions): string | undefined => podRequests(subject, options).get('cpu')?.toString();
    expect([cpu(pod, SPEC_ONLY), cpu(pod, WITH_STATUS), cpu(infeasible, WITH_STATUS)]).toEqual(['5', '5', '3']);
  });

  test('limits: overhead raises only those that are set', () => {
    const spec: PodSpec = { containers: [{ resources: { limits: { cpu: '1', memory: '0' } } }], overhead: { cpu: '1', memory: '1Gi', 'ephemeral-storage': '1Gi' } };
    expect(texts(podLimits({ spec }, SPEC_ONLY))).toEqual({ cpu: '2', memory: '0' });
  });

  test('the order of regular containers does not matter, a further one adds at most itself', () => {
    fc.assert(fc.property(containers, initContainers, cpuTexts, (regular, init, cpu) => {
      const total = cpuMilli({ containers: regular, initContainers: init }) ?? 0;
      expect(cpuMilli({ containers: [...regular].reverse(), initContainers: init }) ?? 0).toBe(total);
      const more = cpuMilli({ containers: [...regular, requesting({ cpu })], initContainers: init }) ?? 0;
      expect(more).toBeGreaterThanOrEqual(total);
      expect(more).toBeLessThanOrEqual(total + Number(parseQuantity(cpu).milliValue()));
    }));
  });

  test('a pod needs what its most demanding moment needs', () => {
    fc.assert(fc.property(containers, initContainers, (regular, init) => {
      const milli = (container: Container): number => Number(parseQuantity(container.resources?.requests?.cpu ?? '0').milliValue());
      let running = 0;
      let peak = 0;
      for (const container of init) {
        peak = Math.max(peak, running + milli(container));
        if (container.restartPolicy === 'Always') running += milli(container);
      }
      peak = Math.max(peak, running + regular.reduce((sum, container) => sum + milli(container), 0));
      expect(cpuMilli({ containers: regular, initContainers: init }) ?? 0).toBe(peak);
    }));
  });
});

describe('quality of service', () => {
  const both = { cpu: '1', memory: '1Gi' };
  const guaranteed: Container = { resources: { requests: both, limits: both } };

  test('Guaranteed needs equal cpu and memory limits in every container', () => {
    expect(qosClass({ spec: { containers: [guaranteed] } })).toBe('Guaranteed');
    expect(qosClass({ spec: { containers: [guaranteed, {}] } })).toBe('Burstable');
    expect(qosClass({ spec: { containers: [guaranteed], initContainers: [{ resources: { limits: { cpu: '1' } } }] } })).toBe('Burstable');
  });

  test('zero amounts and other resources do not count', () => {
    expect(qosClass({ spec: { containers: [requesting({ cpu: '0', 'nvidia.com/gpu': '1' })] } })).toBe('BestEffort');
  });

  test('with pod-level resources, even empty ones, the containers do not count', () => {
    expect(qosClass({ spec: { containers: [requesting({ cpu: '1' })], resources: { requests: both, limits: both } } })).toBe('Guaranteed');
    expect(qosClass({ spec: { containers: [guaranteed], resources: {} } })).toBe('BestEffort');
  });
});
