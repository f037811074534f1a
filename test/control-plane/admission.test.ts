// What admission refuses and which priority it gives, case by case (plugin/pkg/admission/{limitranger,priority,
// runtimeclass}, v1.36.3).
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import type { PodSpec, PriorityClass } from '../../src/cluster/objects.ts';
import { limitRangeRefusal } from '../../src/control-plane/limit-ranges.ts';
import { applyPodDefaults } from '../../src/control-plane/pod-defaults.ts';
import type { LimitRangeItem } from '../../src/control-plane/pod-defaults.ts';
import { SYSTEM_PRIORITY_CLASSES, decidePriority, priorityClassLookup } from '../../src/control-plane/priority-classes.ts';

describe('a limit range refuses a container', () => {
  const said = (item: Omit<LimitRangeItem, 'type'>, requests: object, limits: object, type = 'Container'): string | null => {
    const spec = { containers: [{ name: 'main', resources: { requests, limits } as object }] };
    return limitRangeRefusal([{ metadata: { name: 'lr' }, spec: { limits: [{ type, ...item }] } }], { spec })?.message ?? null;
  };
  test.each<[Omit<LimitRangeItem, 'type'>, object, object, string | null]>([
    [{ min: { cpu: '200m' } }, { cpu: '200m' }, { cpu: '200m' }, null],
    [{ min: { cpu: '200m' } }, { cpu: '199m' }, {}, 'minimum cpu usage per Container is 200m, but request is 199m'],
    [{ min: { cpu: '200m' } }, { cpu: '200m' }, { cpu: '100m' }, 'minimum cpu usage per Container is 200m, but limit is 100m'],
    [{ min: { cpu: '200m' } }, { cpu: '200m' }, {}, null],
    [{ min: { cpu: '200m' } }, {}, { cpu: '1' }, 'minimum cpu usage per Container is 200m.  No request is specified'],
    [{ max: { memory: '1Gi' } }, { memory: '1Gi' }, { memory: '1Gi' }, null],
    [{ max: { memory: '1Gi' } }, {}, { memory: '2Gi' }, 'maximum memory usage per Container is 1Gi, but limit is 2Gi'],
    [{ max: { memory: '1Gi' } }, { memory: '2Gi' }, { memory: '1Gi' }, 'maximum memory usage per Container is 1Gi, but request is 2Gi'],
    [{ max: { memory: '1Gi' } }, { memory: '1Gi' }, {}, 'maximum memory usage per Container is 1Gi.  No limit is specified'],
    [{ max: { memory: '1Gi' } }, {}, { memory: '1Gi' }, null],
    [{ maxLimitRequestRatio: { cpu: '2' } }, { cpu: '500m' }, { cpu: '1' }, null],
    [{ maxLimitRequestRatio: { cpu: '2' } }, { cpu: '500m' }, { cpu: '1100m' }, 'cpu max limit to request ratio per Container is 2, but provided ratio is 2.200000'],
    [{ maxLimitRequestRatio: { cpu: '1500m' } }, { cpu: '1' }, { cpu: '1500m' }, null],
    [{ maxLimitRequestRatio: { cpu: '2' } }, {}, { cpu: '1' }, 'cpu max limit to request ratio per Container is 2, but no request is specified or request is 0'],
    [{ maxLimitRequestRatio: { cpu: '2' } }, { cpu: '0' }, { cpu: '1' }, 'cpu max limit to request ratio per Container is 2, but no request is specified or request is 0'],
    [{ maxLimitRequestRatio: { cpu: '2' } }, { cpu: '1' }, {}, 'cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0'],
    [{ maxLimitRequestRatio: { cpu: '2' } }, { cpu: '1' }, { cpu: '0' }, 'cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0'],
    [{ min: { memory: '1Gi', cpu: '1' } }, {}, {}, '[minimum cpu usage per Container is 1.  No request is specified, minimum memory usage per Container is 1Gi.  No request is specified]'],
    [{}, {}, {}, null],
  ])('%j, requests %j, limits %j', (item, requests, limits, message) => {
    expect(said(item, requests, limits)).toBe(message);
  });

  test('sums count of a pod, claims are not looked at, the first range that refuses is named, and no text twice', () => {
    const one = { resources: { requests: { cpu: '1' } } };
    const spec: PodSpec = { containers: [{ name: 'a', ...one }, { name: 'b', ...one }], initContainers: [{ name: 'i', ...one }] };
    const range = (name: string, type: string, cpu: string) => ({ metadata: { name }, spec: { limits: [{ type, min: { cpu } }] } });
    expect(limitRangeRefusal([range('pods', 'Pod', '2')], { spec })).toBeNull();
    expect(limitRangeRefusal([range('pods', 'Pod', '2100m')], { spec })?.message).toBe('minimum cpu usage per Pod is 2100m, but request is 2');
    expect(limitRangeRefusal([range('claims', 'PersistentVolumeClaim', '9'), range('first', 'Container', '2'), range('next', 'Container', '3')], { spec })).toEqual({ name: 'first', message: 'minimum cpu usage per Container is 2, but request is 1' });
    expect(limitRangeRefusal([{ metadata: { name: 'empty' } }, range('x', 'Container', '9')], {})).toBeNull();
    expect(limitRangeRefusal([range('init', 'Container', '2')], { spec: { containers: [], initContainers: [{ name: 'i', ...one }] } })?.name).toBe('init');
  });
});

describe('priority', () => {
  const named = (name: string, value?: number, more: Partial<PriorityClass> = {}): PriorityClass => ({ metadata: { name }, ...(value === undefined ? {} : { value }), ...more });
  const decide = (classes: readonly PriorityClass[], spec: PodSpec) => {
    const decision = decidePriority(spec, priorityClassLookup(classes));
    return decision.ok ? [decision.priorityClassName, decision.priority, decision.preemptionPolicy] : decision.reason;
  };
  const never = named('polite', 7, { preemptionPolicy: 'Never' });

  test.each<[string, readonly PriorityClass[], PodSpec, unknown]>([
    ['nothing is said', [], {}, ['', 0, 'PreemptLowerPriority']],
    ['classes are there, none of them global', [named('a', 5)], {}, ['', 0, 'PreemptLowerPriority']],
    ['one class is global', [named('a', 5), named('b', 9, { globalDefault: true })], {}, ['b', 9, null]],
    ['of several global ones the lowest counts', [named('b', 9, { globalDefault: true }), named('a', 5, { globalDefault: true }), named('c', 6, { globalDefault: true })], {}, ['a', 5, null]],
    ['of equal global ones the first counts', [named('b', 5, { globalDefault: true }), named('a', 5, { globalDefault: true })], {}, ['b', 5, null]],
    ['a global one without a value is 0', [named('b', -1, { globalDefault: true }), named('a', undefined, { globalDefault: true })], {}, ['b', -1, null]],
    ['a class is named', [named('a', 5)], { priorityClassName: 'a' }, ['a', 5, null]],
    ['the named class is not there', [named('a', 5)], { priorityClassName: 'z' }, 'no PriorityClass with name "z" was found'],
    ['the policy is the class\'s', [never], { priorityClassName: 'polite' }, ['polite', 7, 'Never']],
    ['the policy is the pod\'s where the class has none', [named('a', 5)], { priorityClassName: 'a', preemptionPolicy: 'Never' }, ['a', 5, 'Never']],
    ['both name the same', [never], { priorityClassName: 'polite', priority: 7, preemptionPolicy: 'Never' }, ['polite', 7, 'Never']],
    ['the priority contradicts', [never], { priorityClassName: 'polite', priority: 8 }, 'priority 8 differs from 7, which the PriorityClass gives'],
    ['the policy contradicts', [never], { priorityClassName: 'polite', preemptionPolicy: 'PreemptLowerPriority' }, 'preemptionPolicy "PreemptLowerPriority" differs from "Never", which the PriorityClass gives'],
    ['a policy without a class contradicts', [], { preemptionPolicy: 'Never' }, 'preemptionPolicy "Never" differs from "PreemptLowerPriority", which the PriorityClass gives'],
    ['a priority without a class contradicts', [], { priority: 3 }, 'priority 3 differs from 0, which the PriorityClass gives'],
    ['a system class is named', SYSTEM_PRIORITY_CLASSES, { priorityClassName: 'system-node-critical' }, ['system-node-critical', 2_000_001_000, 'PreemptLowerPriority']],
  ])('%s', (_, classes, spec, expected) => {
    expect(decide(classes, spec)).toEqual(expected);
  });
});

describe('a runtime class', () => {
  const admitted = (runtimeClass: object, spec: PodSpec): unknown => {
    const context = { runtimeClass: (name: string) => (name === 'kata' ? ({ metadata: { name }, ...runtimeClass } as never) : undefined) };
    try {
      const { overhead, nodeSelector } = applyPodDefaults({ spec: { runtimeClassName: 'kata', containers: [], ...spec } }, context).spec ?? {};
      return { overhead, nodeSelector };
    } catch (error) {
      return error instanceof InputError ? error.problems.map(({ path, message }) => `${path}: ${message}`) : error;
    }
  };
  const fixed = { overhead: { podFixed: { cpu: '250m', memory: '64Mi' } } };
  test.each<[string, object, PodSpec, unknown]>([
    ['its overhead is the pod\'s', fixed, {}, { overhead: { cpu: '250m', memory: '64Mi' } }],
    ['the same amounts may be there already', fixed, { overhead: { memory: '65536Ki', cpu: '0.25' } }, { overhead: { cpu: '250m', memory: '64Mi' } }],
    ['one of two amounts differs', fixed, { overhead: { cpu: '250m', memory: '65Mi' } }, ['spec.overhead: the overhead differs from that of the RuntimeClass']],
    ['an amount is missing', fixed, { overhead: { cpu: '250m' } }, ['spec.overhead: the overhead differs from that of the RuntimeClass']],
    ['its nodes are the pod\'s', { scheduling: { nodeSelector: { runtime: 'kata' } } }, { nodeSelector: { disk: 'ssd', runtime: 'kata' } }, { nodeSelector: { disk: 'ssd', runtime: 'kata' } }],
    ['its nodes contradict', { scheduling: { nodeSelector: { runtime: 'kata' } } }, { nodeSelector: { runtime: 'runc' } }, ['spec.nodeSelector: runtime=runc contradicts runtime=kata of the RuntimeClass']],
    ['it is not there', {}, { runtimeClassName: 'gvisor' }, ['spec.runtimeClassName: RuntimeClass "gvisor" not found']],
  ])('%s', (_, runtimeClass, spec, expected) => {
    expect(admitted(runtimeClass, spec)).toEqual(expected);
  });
});
