// GPUs that pods share: what fits, which devices are taken, what is given back.
import { describe, expect, test } from 'vitest';
import { PodOutcome } from '../../src/cluster/cluster.ts';
import { fixture, node, pod } from '../support/scheduler-fixture.ts';
import { NodeDevices, gpuRequestOf, isShare } from '../../src/cluster/gpu-devices.ts';
import type { GpuRequest } from '../../src/cluster/gpu-devices.ts';

function request(totalMilli: number): GpuRequest {
  const made = gpuRequestOf(totalMilli);
  if (made === null) throw new RangeError('a request asks for something');
  return made;
}

function put(devices: NodeDevices, pod: number, totalMilli: number): readonly number[] {
  devices.takeChosen(pod, request(totalMilli));
  return devices.devicesOf(pod);
}

test('up to a thousand is a share of one device, more are as many devices as it fills', () => {
  expect(gpuRequestOf(0)).toBeNull();
  expect([300, 1000, 1500, 4000].map(gpuRequestOf)).toEqual([
    { count: 1, milli: 300 },
    { count: 1, milli: 1000 },
    { count: 2, milli: 750 },
    { count: 4, milli: 1000 },
  ]);
});

describe('a node with four devices', () => {
  test('gives shares of the device with the least left that has room, whole devices that are free', () => {
    const devices = new NodeDevices(4000);
    expect([put(devices, 1, 300), put(devices, 2, 800), put(devices, 3, 300), put(devices, 4, 2000)]).toEqual([
      [0],
      [1],
      [0],
      [2, 3],
    ]);
    expect(devices.left).toEqual([400, 200, 0, 0]);
    expect(put(devices, 5, 200)).toEqual([1]);
  });

  test('has no room for a share that only all devices together have left', () => {
    const devices = new NodeDevices(4000);
    for (let pod = 0; pod < 4; pod++) devices.take(pod, request(600), [pod]);
    expect(devices.leftMilli).toBe(1600);
    expect([request(400), request(401), request(1000), request(2000)].map((asked) => devices.fits(asked))).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  test('has what a pod gives back; kinds that were ever here are remembered', () => {
    const devices = new NodeDevices(4000);
    put(devices, 1, 300);
    put(devices, 2, 2000);
    devices.give(1);
    devices.give(1);
    expect([devices.left, devices.devicesOf(1), devices.kinds]).toEqual([[1000, 0, 0, 1000], [], 0b101]);
  });

  test('in thought, a pod gets back what it had', () => {
    const devices = new NodeDevices(4000);
    devices.take(1, request(300), [3]);
    const copy = devices.whatIf();
    copy.give(1);
    expect([copy.left, devices.left]).toEqual([
      [1000, 1000, 1000, 1000],
      [1000, 1000, 1000, 700],
    ]);
    copy.takeChosen(1, request(300));
    expect(copy.devicesOf(1)).toEqual([3]);
    copy.give(1);
    copy.takeChosen(2, request(800));
    copy.take(3, request(900), [3]);
    copy.takeChosen(1, request(300));
    expect(copy.devicesOf(1)).toEqual([1]);
  });

  test('that offers fewer devices now keeps what pods hold, and its checker agrees', () => {
    const devices = new NodeDevices(4000);
    devices.take(1, request(300), [0]);
    devices.take(2, request(1000), [3]);
    devices.resize(2000);
    expect(devices.left).toEqual([700, 1000]);
    devices.check(2000, new Set([1, 2]));
    devices.give(2);
    devices.resize(4000);
    devices.check(4000, new Set([1]));
    devices.left[2] = 5;
    expect(() => {
      devices.check(4000, new Set([1]));
    }).toThrow('their holders say');
  });

  test('takes a pod that was put past the scheduler, and is short of something then', () => {
    const devices = new NodeDevices(2000);
    expect([put(devices, 1, 700), put(devices, 2, 700), put(devices, 3, 700)]).toEqual([[0], [1], [0]]);
    expect(devices.left).toEqual([-400, 300]);
    devices.check(2000, new Set([1, 2, 3]));
  });
});

test('a pod on a node that has lost its GPUs holds none, and what it was to hold there is lost', () => {
  const devices = new NodeDevices(2000);
  devices.resize(0);
  for (const request of [{ count: 1, milli: 400 }, { count: 2, milli: 1000 }]) {
    devices.take(request.count, request, devices.choose(request));
    expect([devices.left, devices.devicesOf(request.count)]).toEqual([[], []]);
  }
  devices.check(0, new Set([1, 2]));
  devices.resize(1000);
  devices.take(3, { count: 2, milli: 1000 }, [0, 1]);
  expect([devices.left, devices.leftMilli]).toEqual([[0], 0]);
  devices.give(3);
  devices.check(1000, new Set());
});

test('a pod whose labels change keeps its GPU, though another one would be chosen by now', () => {
  const GPU = 'alibabacloud.com/gpu-milli';
  const sharing = (name: string, milli: string, labels = {}) => pod(name, labels, { nodeName: 'n', containers: [{ name: 'main', resources: { requests: { [GPU]: milli } } }] });
  const { cluster, ...world } = fixture({ nodes: [node('n', {}, { status: { allocatable: { cpu: '8', pods: '9', [GPU]: '2000' } } })], pods: [sharing('a', '700'), sharing('b', '500')] });
  const heldBy = (row: number): readonly number[] => cluster.nodes.heldDevices(row, 0);
  expect([heldBy(0), heldBy(1)]).toEqual([[0], [1]]);
  cluster.removePod(0, PodOutcome.Deleted);
  cluster.updatePod(1, cluster.internTemplate(sharing('b', '500', { app: 'new' })).id);
  expect([heldBy(1), world.cache.devicesOf(1)]).toEqual([[1], [1]]);
  cluster.updatePod(1, cluster.internTemplate(sharing('b', '600')).id);
  expect([heldBy(1), world.cache.devicesOf(1)]).toEqual([[0], [0]]);
});

test('a share is less than one device', () => {
  expect([[1, 999], [1, 1000], [2, 500]].map(([count, milli]) => isShare({ count, milli }))).toEqual([true, false, false]);
});
