// Taints that mirror what a node says of itself (pkg/controller/nodelifecycle/node_lifecycle_controller.go
// doNoScheduleTaintingPass, v1.36), case by case.
import { expect, test } from 'vitest';
import type { Condition, Taint } from '../../src/cluster/objects.ts';
import { hasTaint, mirroredTaints, withReadyStatus, withoutTaint } from '../../src/controllers/node-taints.ts';

const noSchedule = (name: string): Taint => ({ key: `node.kubernetes.io/${name}`, effect: 'NoSchedule' });
const noExecute = (name: string): Taint => ({ key: `node.kubernetes.io/${name}`, effect: 'NoExecute' });
const own: Taint = { key: 'team', value: 'a', effect: 'NoSchedule' };
const says = (type: string, status: string): Condition => ({ type, status });

test.each<[string, readonly Taint[], readonly Condition[], boolean, readonly Taint[]]>([
  ['a healthy node has none', [], [says('Ready', 'True'), says('MemoryPressure', 'False')], false, []],
  ['one that is not ready', [], [says('Ready', 'False')], false, [noSchedule('not-ready')]],
  ['one that nobody hears', [], [says('Ready', 'Unknown')], false, [noSchedule('unreachable')]],
  ['pressures, each', [], [says('MemoryPressure', 'True'), says('DiskPressure', 'True'), says('PIDPressure', 'True')], false, [noSchedule('memory-pressure'), noSchedule('disk-pressure'), noSchedule('pid-pressure')]],
  ['a condition that no taint mirrors', [], [says('Odd', 'True')], false, []],
  ['one that is cordoned', [own], [], true, [own, noSchedule('unschedulable')]],
  ['what is over goes, what others gave stays', [noSchedule('not-ready'), own, noExecute('not-ready')], [says('Ready', 'True')], false, [own, noExecute('not-ready')]],
  ['what is so already stays where it is', [noSchedule('not-ready'), own], [says('Ready', 'False')], true, [noSchedule('not-ready'), own, noSchedule('unschedulable')]],
])('%s', (_, taints, conditions, unschedulable, expected) => {
  expect(mirroredTaints(taints, conditions, unschedulable)).toEqual(expected);
});

test('where nothing changes the list is the same one', () => {
  const taints = [noSchedule('not-ready'), own];
  expect(mirroredTaints(taints, [says('Ready', 'False')], false)).toBe(taints);
});

test('a taint is told by key and effect', () => {
  const taints = [own, noExecute('not-ready')];
  expect([hasTaint(taints, 'team', 'NoSchedule'), hasTaint(taints, 'team', 'NoExecute'), hasTaint(taints, 'node.kubernetes.io/not-ready', 'NoSchedule'), hasTaint([], 'team', 'NoSchedule')]).toEqual([true, false, false, false]);
  expect(withoutTaint(taints, 'team', 'NoSchedule')).toEqual([taints[1]]);
  expect(withoutTaint(taints, 'team', 'NoExecute')).toEqual(taints);
  expect(withoutTaint(taints, 'node.kubernetes.io/not-ready', 'NoSchedule')).toEqual(taints);
});

test('a Ready condition that turns takes its taint along, and leaves the rest of the node', () => {
  const node = { metadata: { name: 'n' }, spec: { unschedulable: true, taints: [own] }, status: { allocatable: { cpu: '1' }, conditions: [says('Ready', 'True'), says('DiskPressure', 'True')] } };
  const lost = withReadyStatus(node, 'Unknown');
  expect(lost).toEqual({
    metadata: { name: 'n' },
    spec: { unschedulable: true, taints: expect.arrayContaining([own, noSchedule('disk-pressure'), noSchedule('unreachable'), noSchedule('unschedulable')]) as unknown },
    status: { allocatable: { cpu: '1' }, conditions: [says('DiskPressure', 'True'), { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown' }] },
  });
  expect(lost.spec?.taints).toHaveLength(4);
  expect(withReadyStatus(lost, 'True').spec?.taints?.map(({ key }) => key)).not.toContain('node.kubernetes.io/unreachable');
  expect(withReadyStatus({}, 'False').spec?.taints).toEqual([noSchedule('not-ready')]);
});
