/**
 * GPUs that pods share: the devices of a node, a thousand milli each, and which pod holds what of them. A node that
 * offers `alibabacloud.com/gpu-milli` has a device for each thousand; a pod that requests some of it asks for a share
 * of one device (up to 1000), or for as many devices as its thousands fill. Rules as in the simulator of "Beware of
 * Fragmentation" (hkust-adsl/kubernetes-scheduler-simulator, pkg/type/open-gpu-share). Nodes without devices have no
 * NodeDevices, and cost nothing; others some 100 bytes and an entry for each pod that holds a share.
 */
import { assert } from '../base/assert.ts';

/** Extended resource: thousandths of a GPU, summed over a node's devices, or over those that a pod asks for. */
export const GPU_MILLI = 'alibabacloud.com/gpu-milli';
/** Label of a node's GPU model, as the openb trace's own converter writes it. */
export const GPU_MODEL_LABEL = 'alibabacloud.com/gpu-card-model';
export const DEVICE_MILLI = 1000;

/** What a pod asks of a node's devices. */
export interface GpuRequest {
  /** Devices. */
  readonly count: number;
  /** Of each of them, 1 to 1000. */
  readonly milli: number;
}

/** The request behind a total in milli; null: no GPU. */
export function gpuRequestOf(totalMilli: number): GpuRequest | null {
  if (totalMilli <= 0) return null;
  const count = Math.ceil(totalMilli / DEVICE_MILLI);
  return { count, milli: totalMilli / count };
}

/** Whether it is less than one device. */
export function isShare({ count, milli }: GpuRequest): boolean {
  return count === 1 && milli < DEVICE_MILLI;
}

export function isSameRequest(one: GpuRequest | null, other: GpuRequest | null): boolean {
  return one === null || other === null ? one === other : one.count === other.count && one.milli === other.milli;
}

interface Holding {
  readonly request: GpuRequest;
  /** A device that gives several shares stands several times. */
  readonly devices: readonly number[];
}

export class NodeDevices {
  /** By device, milli that nobody holds. Negative where pods were put past the scheduler. */
  left: number[];
  /**
   * Bits of the kinds of GPU pods that were ever put here: bit 0 a share, bit n a pod with n devices (31: 31 and more).
   */
  kinds = 0;
  private readonly holdings = new Map<number, Holding>();
  /** In what-if copies: what pods that were taken off had held. */
  private readonly before: Map<number, Holding> | null;

  /** `totalMilli`: of all devices; the last one has what is no whole thousand. */
  constructor(totalMilli: number, isCopy = false) {
    this.left = freeDevices(totalMilli);
    this.before = isCopy ? new Map() : null;
  }

  get count(): number {
    return this.left.length;
  }

  /** Sum over the devices. */
  get leftMilli(): number {
    let sum = 0;
    for (let device = 0; device < this.left.length; device++) sum += this.left[device];
    return sum;
  }

  /**
   * Whether the devices have room: one for a share, else as many shares as it takes, several of one device if it has
   * them.
   */
  fits({ count, milli }: GpuRequest): boolean {
    const { left } = this;
    let missing = count;
    for (let device = 0; device < left.length && missing > 0; device++) {
      if (left[device] >= milli) missing -= count === 1 ? 1 : Math.floor(left[device] / milli);
    }
    return missing <= 0;
  }

  /** How many such pods would fit, one after the other. */
  roomFor({ count, milli }: GpuRequest): number {
    let shares = 0;
    for (const left of this.left) if (left >= milli) shares += Math.floor(left / milli);
    return Math.floor(shares / count);
  }

  /**
   * A share goes to the device with the least left that has room, the first of equals; whole devices to the first that
   * are wholly free. Where neither is to be had, to what is there: the pod was put past the scheduler. None: no device
   * is there.
   */
  choose(request: GpuRequest): readonly number[] {
    if (this.left.length === 0) return NO_DEVICES;
    return isShare(request) ? [this.tightest(request.milli)] : this.firstFree(request);
  }

  /**
   * The pod holds the devices from now on. They may have gone since they were chosen: the node offers fewer now. A pod
   * on a node that offers no GPU any more holds none.
   */
  take(pod: number, request: GpuRequest, devices: readonly number[]): void {
    assert(!this.holdings.has(pod), 'a pod takes its devices once');
    if (devices.length === 0) return;
    for (const device of devices) if (device < this.left.length) this.left[device] -= request.milli;
    this.holdings.set(pod, { request, devices });
    this.kinds |= kindBit(request);
  }

  /** Takes what `choose` says; in a what-if copy what the pod had there before, if that is free. */
  takeChosen(pod: number, request: GpuRequest): void {
    const had = this.before?.get(pod);
    const isFree = had !== undefined && had.devices.every((device) => this.left[device] >= had.request.milli);
    this.take(pod, request, isFree ? had.devices : this.choose(request));
  }

  /** The pod gives back what it holds, if it holds any. */
  give(pod: number): void {
    const holding = this.holdings.get(pod);
    if (holding === undefined) return;
    this.holdings.delete(pod);
    this.before?.set(pod, holding);
    for (const device of holding.devices) if (device < this.left.length) this.left[device] += holding.request.milli;
  }

  /** The devices that a pod holds; none: an empty list. */
  devicesOf(pod: number): readonly number[] {
    return this.holdings.get(pod)?.devices ?? NO_DEVICES;
  }

  /** The node offers something else now. Pods keep what they hold. */
  resize(totalMilli: number): void {
    this.left = freeDevices(totalMilli);
    for (const { request, devices } of this.holdings.values())
      for (const device of devices) if (device < this.left.length) this.left[device] -= request.milli;
  }

  /** A copy to think on. */
  whatIf(): NodeDevices {
    const copy = new NodeDevices(0, true);
    copy.left = this.left.slice();
    copy.kinds = this.kinds;
    for (const [pod, holding] of this.holdings) copy.holdings.set(pod, holding);
    return copy;
  }

  /** Recomputes what is left from what pods hold; `pods` are those on the node. */
  check(totalMilli: number, pods: ReadonlySet<number>): void {
    const expected = freeDevices(totalMilli);
    for (const [pod, { request, devices }] of this.holdings) {
      assert(pods.has(pod), `pod row ${String(pod)} holds GPUs of a node that it is not on`);
      assert(devices.length === request.count, `pod row ${String(pod)} holds ${String(devices.length)} GPUs`);
      for (const device of devices) if (device < expected.length) expected[device] -= request.milli;
    }
    const isRight =
      expected.length === this.left.length && expected.every((milli, device) => milli === this.left[device]);
    assert(isRight, `the GPUs have ${this.left.join(' ')} left, their holders say ${expected.join(' ')}`);
  }

  private tightest(milli: number): number {
    const { left } = this;
    let best = -1;
    let roomiest = 0;
    for (let device = 0; device < left.length; device++) {
      if (left[device] > left[roomiest]) roomiest = device;
      if (left[device] >= milli && (best < 0 || left[device] < left[best])) best = device;
    }
    return best < 0 ? roomiest : best;
  }

  private firstFree({ count, milli }: GpuRequest): readonly number[] {
    const { left } = this;
    const devices: number[] = [];
    for (let device = 0; device < left.length && devices.length < count; device++) {
      if (left[device] === DEVICE_MILLI) devices.push(device);
    }
    if (devices.length === count) return devices;
    devices.length = 0;
    for (let device = 0; device < left.length && devices.length < count; device++) {
      for (let rest = left[device]; rest >= milli && devices.length < count; rest -= milli) devices.push(device);
    }
    while (devices.length < count) devices.push(devices.length % left.length);
    return devices;
  }
}

const NO_DEVICES: readonly number[] = [];

/** The devices of a node that offers so much; null: it has none. */
export function devicesFor(totalMilli: number): NodeDevices | null {
  return totalMilli > 0 ? new NodeDevices(totalMilli) : null;
}

/** Bit of a kind of GPU pod in NodeDevices.kinds. */
export function kindBit(request: GpuRequest): number {
  return isShare(request) ? 1 : 1 << Math.min(request.count, 31);
}

function freeDevices(totalMilli: number): number[] {
  const left: number[] = [];
  for (let rest = totalMilli; rest > 0; rest -= DEVICE_MILLI) left.push(Math.min(rest, DEVICE_MILLI));
  return left;
}
