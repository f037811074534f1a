// What free room is good for: largest pods, room by shape, fragmented GPUs, by hand.
import { describe, expect, test } from 'vitest';
import { PodOutcome } from '../../src/cluster/cluster.ts';
import type { FragmentationFacts } from '../../src/metrics/run-result.ts';
import { nodeObject, playScenario, podObject } from '../support/played-scenario.ts';
import { ScriptedRun } from './scripted-run.ts';

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

test('fragmented GPUs are weighted by time, also where pods leave and nodes go', () => {
  const run = new ScriptedRun({ sampleSeconds: 10 });
  const node = run.node('a', { cpu: '64', [GPU]: '2000' });
  const other = run.node('b', { cpu: '64', [GPU]: '2000' });
  const come = (on: number): void => { run.launch(run.pod({ cpu: '1', [GPU]: '600' }), on); };
  run.at(0, () => { come(node); });
  run.at(1, () => { come(other); });
  run.at(45, () => { come(node); });
  run.at(75, () => { run.cluster.removePod(0, PodOutcome.Succeeded); });
  run.at(85, () => {
    run.cluster.removePod(1, PodOutcome.Succeeded);
    run.cluster.removeNode(other);
  });
  // Another of 600 has one place on each node until 45 s (400 of 2000 are lost), then none on the first (800 are).
  const share = run.result(100).packing.fragmentation.gpuFragmentedShare;
  expect(share?.mean).toBeCloseTo((40 * (800 / 4000) + 30 * (1200 / 4000) + 10 * (800 / 4000) + 20 * 0.2) / 100, 12);
  expect(share?.end).toBe(0.2);
});
