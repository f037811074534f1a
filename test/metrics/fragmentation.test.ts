// What free room is good for: largest pods, room by shape, fragmented GPUs, by hand.
import { describe, expect, test } from 'vitest';
import type { FragmentationFacts } from '../../src/metrics/run-result.ts';
import { nodeObject, playScenario, podObject } from '../support/played-scenario.ts';

const GPU = 'alibabacloud.com/gpu-milli';

function facts(objects: readonly unknown[], more: Readonly<Record<string, unknown>> = {}): FragmentationFacts {
  return playScenario({ duration: '10m', ...more }, objects).result.packing.fragmentation;
}

function pod(name: string, requests: Readonly<Record<string, string>>): unknown {
  return podObject(name, { containers: [{ name: 'main', image: 'i', resources: { requests } }] });
}

describe('room at the end', () => {
  test('of two half-full nodes: the most that one of them has, not both', () => {
    const nodes = [nodeObject('a'), nodeObject('b')];
    const { largestFree, largestPod, room, gpuFragmentedShare } = facts([
      ...nodes,
      pod('p', { cpu: '2', memory: '4Gi' }),
      pod('q', { cpu: '2', memory: '4Gi' }),
    ]);
    expect([largestFree['cpu'], largestFree['memory']]).toEqual([2, 12 * 1024 ** 3]);
    expect(largestPod).toEqual({ cpu: 2, memory: 4 * 1024 ** 3 });
    expect(room).toEqual([{ requests: { cpu: 2, memory: 4 * 1024 ** 3 }, podsCreated: 2, podsThatFit: 2 }]);
    expect(gpuFragmentedShare).toBeNull();
  });

  test('is none on a cordoned node', () => {
    const cordoned = { ...(nodeObject('b') as object), spec: { unschedulable: true } };
    const { largestFree, room } = facts([nodeObject('a'), cordoned, pod('p', { cpu: '3' })]);
    expect([largestFree['cpu'], room[0].podsThatFit]).toEqual([1, 0]);
  });

  test('ends with the slots for pods', () => {
    const small = {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'a' },
      status: { allocatable: { cpu: '64', memory: '64Gi', pods: '3' } },
    };
    expect(facts([small, pod('p', { cpu: '1' })]).room[0].podsThatFit).toBe(2);
  });
});

test('fragmented GPUs: what a typical pod could not use, over time and at the end', () => {
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'a' },
    status: { allocatable: { cpu: '64', memory: '64Gi', pods: '110', [GPU]: '2000' } },
  };
  const { gpuFragmentedShare, room } = facts([
    node,
    pod('p', { cpu: '1', [GPU]: '600' }),
    pod('q', { cpu: '1', [GPU]: '600' }),
  ]);
  // Both devices have 400 left, and only pods of 600 come.
  expect(gpuFragmentedShare?.end).toBeCloseTo(0.4, 9);
  expect(gpuFragmentedShare?.mean).toBeCloseTo(0.4, 2);
  expect(room[0]).toEqual({ requests: { cpu: 1, [GPU]: 600 }, podsCreated: 2, podsThatFit: 0 });
  const shares = facts([node, pod('p', { cpu: '1', [GPU]: '300' })]);
  expect([shares.gpuFragmentedShare?.end, shares.room[0].podsThatFit]).toEqual([0, 5]);
});
