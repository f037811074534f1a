/**
 * Stories of DynamicResources without claims; upstream: pkg/scheduler/framework/plugins/dynamicresources (v1.36,
 * v1.37).
 */
import { expect, test } from 'vitest';
import { CycleState } from '../../src/scheduler/framework/cycle-state.ts';
import type { NodeStatuses } from '../../src/scheduler/framework/plugin-api.ts';
import { DynamicResources } from '../../src/scheduler/plugins/dynamic-resources.ts';
import { fixture, node, pod, text } from '../support/scheduler-fixture.ts';

const world = fixture({ nodes: [node('n1'), node('n2')] });
const story = world.plugin(DynamicResources);

test('a pod without claims: PreFilter skips, the score is 0 everywhere', () => {
  expect(story.preFilter(pod('new'))).toBe('Skip');
  expect(story.scores(pod('new'))).toEqual({ n1: 0, n2: 0 });
});

const NO_STATUSES: NodeStatuses = { get: () => null, ofNode: () => null, unschedulable: () => [], explicit: () => [] };

test.each([
  ['1.36', 'Unschedulable: no new claims to deallocate'],
  ['1.37', 'Unschedulable: '],
] as const)('PostFilter has nothing to free, and lets preemption go on (v%s)', (kubernetes, said) => {
  const of = fixture({ nodes: [node('n1')], kubernetes }).plugin(DynamicResources);
  const { state, info } = of.begin(pod('new'));
  const result = of.plugin.postFilter?.(state, info, NO_STATUSES);
  expect(text(result?.status ?? null)).toBe(said);
  expect(result?.nominatedNodeName).toBeNull();
});

test('so it does after a cycle that was decided from memory: PreFilter is run when somebody asks', () => {
  const { info } = story.begin(pod('new'));
  const state = new CycleState();
  let filled = 0;
  state.fillLater(() => void filled++);
  const result = story.plugin.postFilter?.(state, info, NO_STATUSES);
  expect(text(result?.status ?? null)).toBe('Unschedulable: ');
  expect(filled).toBe(0);
});

test('where PreFilter was broken off before its turn, PostFilter answers with an error', () => {
  const { info } = story.begin(pod('new'));
  const result = story.plugin.postFilter?.(new CycleState(), info, NO_STATUSES);
  expect(text(result?.status ?? null)).toBe('Error: not found');
  expect(result?.nominatedNodeName).toBeNull();
});

test('a pod with claims is told that they are not simulated', () => {
  const claiming = pod('new', {}, { resourceClaims: [{ name: 'gpu', resourceClaimName: 'gpu' }] });
  expect(story.preFilter(claiming)).toBe('UnschedulableAndUnresolvable: resource claims (spec.resourceClaims) are not simulated yet');
});
