// The eviction and the binding subresource of a pod, case by case (pkg/registry/core/pod/storage/{eviction,storage}.go,
// v1.36.3).
import { describe, expect, test } from 'vitest';
import { EvictionCause } from '../../src/cluster/cluster.ts';
import { DisruptionBudgets } from '../../src/cluster/disruption-budgets.ts';
import type { PodDisruptionBudget } from '../../src/cluster/objects.ts';
import { evictPod, requestEviction } from '../../src/control-plane/eviction.ts';
import { bindingRefusal } from '../../src/control-plane/late-watch.ts';
import { fixture, node, pod } from '../support/scheduler-fixture.ts';

type Status = PodDisruptionBudget['status'];
const budget = (name: string, status: Status, spec: object = {}, metadata: object = {}): PodDisruptionBudget => ({
  kind: 'PodDisruptionBudget',
  metadata: { namespace: 'default', name, ...metadata },
  spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
  ...(status === undefined ? {} : { status }),
});
const many = (count: number): Record<string, string> => Object.fromEntries(Array.from({ length: count }, (_, i) => [`gone-${i}`, '']));

/** A running pod of `web`; Ready unless told otherwise. */
function worldOf(budgets: readonly PodDisruptionBudget[], isReady = true) {
  const world = fixture({ nodes: [node('n')], pods: [pod('web-0', { app: 'web' }, { nodeName: 'n' })], objects: budgets });
  world.cluster.startPod(0, isReady);
  return { world, covers: new DisruptionBudgets(world.cluster) };
}

describe('an eviction of a running pod', () => {
  test.each<[string, readonly PodDisruptionBudget[], boolean, number]>([
    ['no budget covers it', [], true, 201],
    ['its budget allows one', [budget('b', { disruptionsAllowed: 1 })], true, 201],
    ['its budget allows none', [budget('b', { disruptionsAllowed: 0 })], true, 429],
    ['its budget has no status yet', [budget('b', undefined)], true, 429],
    ['two budgets cover it', [budget('a', { disruptionsAllowed: 1 }), budget('b', { disruptionsAllowed: 1 })], true, 500],
    ['its budget is out of bounds', [budget('b', { disruptionsAllowed: -1 })], true, 403],
    ['as many are on record as may be', [budget('b', { disruptionsAllowed: 1, disruptedPods: many(2000) })], true, 201],
    ['more are on record than may be', [budget('b', { disruptionsAllowed: 1, disruptedPods: many(2001) })], true, 403],
    ['the controller has not seen the latest spec', [budget('b', { disruptionsAllowed: 1, observedGeneration: 1 }, {}, { generation: 2 })], true, 429],
    ['the controller has never looked', [budget('b', { disruptionsAllowed: 1 }, {}, { generation: 1 })], true, 429],
    ['the controller has seen the latest spec', [budget('b', { disruptionsAllowed: 1, observedGeneration: 2 }, {}, { generation: 2 })], true, 201],
    ['it is not Ready, and enough others are', [budget('b', { disruptionsAllowed: 0, desiredHealthy: 2, currentHealthy: 2 })], false, 201],
    ['it is not Ready, and too few others are', [budget('b', { disruptionsAllowed: 0, desiredHealthy: 2, currentHealthy: 1 })], false, 429],
    ['it is not Ready, and none is wanted', [budget('b', { disruptionsAllowed: 0, desiredHealthy: 0, currentHealthy: 0 })], false, 429],
    ['it is not Ready, of a budget without a status', [budget('b', undefined)], false, 429],
    ['it is not Ready, and the policy lets such go', [budget('b', { disruptionsAllowed: 0, desiredHealthy: 2, currentHealthy: 1 }, { unhealthyPodEvictionPolicy: 'AlwaysAllow' })], false, 201],
    ['it is Ready, and the policy lets others go', [budget('b', { disruptionsAllowed: 0 }, { unhealthyPodEvictionPolicy: 'AlwaysAllow' })], true, 429],
  ])('%s', (_, budgets, isReady, code) => {
    const { world, covers } = worldOf(budgets, isReady);
    const answer = requestEviction(world.cluster, covers, 0, EvictionCause.Api);
    expect(answer).toEqual({ code, cause: code === 429 ? 'DisruptionBudget' : '' });
    expect(world.cluster.pods.isTerminating(0)).toBe(code === 201);
  });

  test('spends its budget and stands on record; what is left is told', () => {
    const { world, covers } = worldOf([budget('b', { disruptionsAllowed: 2, disruptedPods: { other: '' } })]);
    world.clock.now = 7;
    expect(evictPod(world.cluster, covers, 0, EvictionCause.Api)).toBe(true);
    const read = (): Status => world.cluster.objects.get<PodDisruptionBudget>('PodDisruptionBudget', 'default/b')?.status;
    expect(read()).toEqual({ disruptionsAllowed: 1, disruptedPods: { other: '', 'web-0': 7 } });
    world.cluster.startPod(world.addPod(pod('web-1', { app: 'web' }, { nodeName: 'n' })));
    expect(evictPod(world.cluster, covers, 1, EvictionCause.Api)).toBe(true);
    expect(read()).toMatchObject({ disruptionsAllowed: 0, conditions: [{ type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods' }] });
    world.cluster.startPod(world.addPod(pod('web-2', { app: 'web' }, { nodeName: 'n' })));
    expect(evictPod(world.cluster, covers, 2, EvictionCause.Api)).toBe(false);
  });

  test('asks nobody for a pod that does not run yet, or goes already', () => {
    const { world, covers } = worldOf([budget('b', { disruptionsAllowed: 0 })]);
    const waiting = world.addPod(pod('web-1', { app: 'web' }));
    const placed = world.addPod(pod('web-2', { app: 'web' }, { nodeName: 'n' }));
    world.cluster.terminatePod(0, EvictionCause.Api);
    expect([waiting, placed, 0].map((row) => requestEviction(world.cluster, covers, row, EvictionCause.Api).code)).toEqual([201, 201, 201]);
  });
});

describe('a Binding', () => {
  test.each<[string, (world: ReturnType<typeof fixture>) => void, string | null]>([
    ['of a waiting pod is written', () => undefined, null],
    ['of a pod that is gone', (world) => { world.remove('p'); }, 'NotFound: pods "p" not found'],
    ['of a pod that goes', (world) => { world.terminate('p'); }, 'Conflict: Operation cannot be fulfilled on pods/binding "p": pod p is being deleted, cannot be assigned to a host'],
    ['of a pod that has a node', (world) => { world.cluster.bindPod(0, 0); }, 'Conflict: Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n"'],
    ['of a pod behind a gate', (world) => { world.cluster.updatePod(0, world.cluster.internTemplate(pod('p', {}, { schedulingGates: [{ name: 'g' }] })).id); }, 'Conflict: Operation cannot be fulfilled on pods/binding "p": pod p has non-empty .spec.schedulingGates'],
  ])('%s', (_, change, refusal) => {
    const world = fixture({ nodes: [node('n')], pods: [pod('p')] });
    change(world);
    const refused = bindingRefusal(world.cluster, 0);
    expect(refused === null ? null : `${refused.reason}: ${refused.message}`).toBe(refusal);
  });
});
