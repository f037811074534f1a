// What the policies of Jobs and StatefulSets say, case by case (pkg/controller/job/{pod_failure_policy,success_policy,
// backoff_utils}.go, pkg/controller/statefulset/stateful_set_utils.go, v1.36).
import { describe, expect, test } from 'vitest';
import type { OwnerReference, PersistentVolumeClaim, PodFailurePolicyRule } from '../../src/cluster/objects.ts';
import { parseIntervals } from '../../src/controllers/index-intervals.ts';
import { NO_FAILURES, failureAction, isSuccess, jobPlan, remainingBackoff, withFinished, withJobDefaults } from '../../src/controllers/job-policies.ts';
import type { FailedPod } from '../../src/controllers/job-policies.ts';
import { isStale, withOwners } from '../../src/controllers/stateful-set-pods.ts';

const SECOND = 1_000_000;

describe('a failed pod', () => {
  const failed = (exitCode: number, conditions: readonly string[] = [], containerName = 'main'): FailedPod => ({ exitCode, containerName, conditions });
  const exits = (action: string, operator: string, values: readonly number[], containerName?: string): PodFailurePolicyRule => ({ action, onExitCodes: { operator, values, ...(containerName === undefined ? {} : { containerName }) } });
  const disrupted = (action: string, status?: string): PodFailurePolicyRule => ({ action, onPodConditions: [{ type: 'Other' }, { type: 'DisruptionTarget', ...(status === undefined ? {} : { status }) }] });
  test.each<[readonly PodFailurePolicyRule[] | null, FailedPod, string]>([
    [null, failed(1), 'Count'],
    [[], failed(1), 'Count'],
    [[exits('FailJob', 'In', [1, 42])], failed(42), 'FailJob'],
    [[exits('FailJob', 'In', [1, 42])], failed(2), 'Count'],
    [[exits('FailJob', 'NotIn', [1, 42])], failed(2), 'FailJob'],
    [[exits('FailJob', 'NotIn', [1, 42])], failed(42), 'Count'],
    [[exits('FailJob', 'NotIn', [1])], failed(0), 'Count'],
    [[exits('FailJob', 'NotIn', [1])], failed(-1), 'Count'],
    [[exits('FailJob', 'Near', [1])], failed(2), 'Count'],
    [[exits('FailIndex', 'In', [7], 'side')], failed(7), 'Count'],
    [[exits('FailIndex', 'In', [7], 'side')], failed(7, [], 'side'), 'FailIndex'],
    [[disrupted('Ignore')], failed(1, ['DisruptionTarget']), 'Ignore'],
    [[disrupted('Ignore', 'False')], failed(1, ['DisruptionTarget']), 'Count'],
    [[disrupted('Ignore')], failed(1, ['Ready']), 'Count'],
    [[exits('FailJob', 'In', [2]), disrupted('Ignore'), exits('FailIndex', 'In', [1])], failed(1, ['DisruptionTarget']), 'Ignore'],
    [[{ onExitCodes: { operator: 'In', values: [3] } }, exits('FailJob', 'In', [3])], failed(3), 'Count'],
    [[{ action: 'FailJob' }], failed(3), 'Count'],
  ])('rules %j, pod %j: %s', (rules, pod, action) => {
    expect(failureAction(rules, pod)).toBe(action);
  });
});

test.each<[{ succeededIndexes?: string; succeededCount?: number }[] | null, string, boolean]>([
  [null, '0-4', false],
  [[], '0-4', false],
  [[{ succeededCount: 2 }], '1', false],
  [[{ succeededCount: 2 }], '1,5', true],
  [[{ succeededCount: 2 }], '1-3', true],
  [[{ succeededIndexes: '1-3' }], '1-2', false],
  [[{ succeededIndexes: '1-3' }], '0-5', true],
  [[{ succeededIndexes: '1-3', succeededCount: 2 }], '1,3', true],
  [[{ succeededIndexes: '1-3', succeededCount: 2 }], '1,4-5', false],
  [[{ succeededIndexes: '' }], '1', false],
  [[{ succeededIndexes: '9' }, { succeededCount: 1 }], '1', true],
  [[{ succeededCount: 0 }], '', false],
  [[{}], '1', false],
])('success rules %j with indexes %j: %s', (rules, succeeded, holds) => {
  expect(isSuccess(rules as never, 10, parseIntervals(succeeded, 10))).toBe(holds);
});

describe('the back-off of a Job', () => {
  test('doubles from 10 s with each failure in a row, to 10 minutes, from the last of them on', () => {
    const waits = [0, 1, 2, 3, 6, 7, 8, 40].map((failures) => remainingBackoff({ failures, lastFailureAt: 100 * SECOND }, 100 * SECOND) / SECOND);
    expect(waits).toEqual([0, 10, 20, 40, 320, 600, 600, 600]);
    expect([105, 110, 111].map((now) => remainingBackoff({ failures: 1, lastFailureAt: 100 * SECOND }, now * SECOND) / SECOND)).toEqual([5, 0, 0]);
  });

  test('begins anew with a success: what failed later counts', () => {
    const record = { failures: 2, lastFailureAt: 5 };
    expect(withFinished(record, [], [])).toBe(record);
    expect(withFinished(record, [], [9, 7])).toEqual({ failures: 4, lastFailureAt: 9 });
    expect(withFinished(record, [8], [9, 7])).toEqual({ failures: 1, lastFailureAt: 9 });
    expect(withFinished(record, [3, 8], [8, 7])).toBe(NO_FAILURES);
    expect(withFinished(record, [8], [12, 10, 7])).toEqual({ failures: 2, lastFailureAt: 12 });
    expect(withFinished(NO_FAILURES, [], [4])).toEqual({ failures: 1, lastFailureAt: 4 });
  });
});

test('a Job has defaults that depend on each other', () => {
  expect(jobPlan({})).toEqual({
    completions: 1, parallelism: 1, backoffLimit: 6, isIndexed: false, isPlain: true, backoffLimitPerIndex: null, maxFailedIndexes: null,
    activeDeadlineSeconds: null, isSuspended: false, replacesFailedOnly: false, failureRules: null, successRules: null, restartsContainers: false,
  });
  expect(jobPlan({ parallelism: 3 }).completions).toBeNull();
  expect([withJobDefaults({ completions: 4 }).parallelism, withJobDefaults({ completions: 4 }).completions]).toEqual([1, 4]);
  expect(jobPlan({ backoffLimitPerIndex: 1 }).backoffLimit).toBe(2_147_483_647);
  expect(jobPlan({ backoffLimitPerIndex: 1, backoffLimit: 9, maxFailedIndexes: 2 })).toMatchObject({ backoffLimit: 9, backoffLimitPerIndex: 1, maxFailedIndexes: 2 });
  expect(withJobDefaults({ podFailurePolicy: { rules: [] } }).podReplacementPolicy).toBe('Failed');
  expect(jobPlan({ podFailurePolicy: { rules: [] } })).toMatchObject({ replacesFailedOnly: true, failureRules: [] });
  expect(jobPlan({ podReplacementPolicy: 'Failed' }).replacesFailedOnly).toBe(true);
  expect(jobPlan({ podReplacementPolicy: 'TerminatingOrFailed' }).replacesFailedOnly).toBe(false);
  const more = { completionMode: 'Indexed', suspend: true, activeDeadlineSeconds: 5, successPolicy: { rules: [] }, template: { spec: { containers: [], restartPolicy: 'OnFailure' } } } as const;
  expect(jobPlan(more)).toMatchObject({ isIndexed: true, isSuspended: true, activeDeadlineSeconds: 5, successRules: [], restartsContainers: true });
});

describe('the claim of a StatefulSet\'s pod', () => {
  const set: OwnerReference = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 's1', controller: true };
  const setOwner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 's1' };
  const podOwner = (uid = 'p1') => ({ kind: 'Pod', name: 'db-0', uid });
  const stranger = { kind: 'Backup', name: 'db', uid: 'b' };
  const claim = (...ownerReferences: readonly object[]): PersistentVolumeClaim => ({ metadata: { name: 'data-db-0', ownerReferences: ownerReferences as OwnerReference[] } });
  test.each<[string, readonly object[], { deletesWhenScaled: boolean; deletesWithSet: boolean }, boolean, readonly object[]]>([
    ['is kept', [], { deletesWhenScaled: false, deletesWithSet: false }, true, []],
    ['goes with the set', [], { deletesWhenScaled: false, deletesWithSet: true }, false, [setOwner]],
    ['goes with the set, not with a pod beyond its size', [], { deletesWhenScaled: false, deletesWithSet: true }, true, [setOwner]],
    ['goes with a pod beyond the set\'s size', [setOwner], { deletesWhenScaled: true, deletesWithSet: true }, true, [podOwner()]],
    ['stays with the set while the pod is within its size', [podOwner()], { deletesWhenScaled: true, deletesWithSet: true }, false, [setOwner]],
    ['of a pod that came back is nobody\'s', [podOwner()], { deletesWhenScaled: true, deletesWithSet: false }, false, []],
    ['is no longer the old pod\'s', [podOwner('p0')], { deletesWhenScaled: false, deletesWithSet: false }, false, []],
    ['is the new pod\'s in place of the old one\'s', [podOwner('p0')], { deletesWhenScaled: true, deletesWithSet: false }, true, [podOwner()]],
    ['keeps owners that others gave it', [stranger, setOwner], { deletesWhenScaled: false, deletesWithSet: false }, false, [stranger]],
  ])('%s', (_, before, policy, isCondemned, after) => {
    const pod = { name: 'db-0', uid: 'p1', isCondemned };
    const updated = withOwners(claim(...before), set, pod, policy);
    expect(updated.metadata?.ownerReferences).toEqual(after);
    expect(withOwners(updated, set, pod, policy as never), 'nothing more to do').toBe(updated);
  });

  test('is stale when it goes with the pod that had the name before', () => {
    const pod = { name: 'db-0', uid: 'p1' };
    const stale = [claim(podOwner('p0')), claim(setOwner, podOwner('p0')), claim(podOwner()), claim(setOwner), claim({ kind: 'Pod', name: 'db-1', uid: 'p0' }), {}];
    expect(stale.map((each) => isStale(each, pod))).toEqual([true, true, false, false, false, false]);
  });
});
