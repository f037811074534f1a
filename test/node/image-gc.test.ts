// Image garbage collection: what goes, in which order, down to where, what stays; and the same with a plain twin.
import { describe, expect, test } from 'vitest';
import { MICROS_PER_MINUTE } from '../../src/base/time.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { RandomStream } from '../../src/kernel/random.ts';
import { ImageGc } from '../../src/node/image-gc.ts';
import { ImagePulls } from '../../src/node/image-pulls.ts';
import { NodeDisks } from '../../src/node/node-disks.ts';
import { DEFAULT_DISK, DEFAULT_PRESSURE } from '../../src/node/settings.ts';
import type { PressureSettings } from '../../src/node/settings.ts';
import { KUBELET } from '../support/node-life.ts';
import { toldRun } from '../support/told-run.ts';

const STILL = { amount: 0, perMicro: 0 };

/** One node with a disk of 1000 bytes for images, and what happens to it by minutes. */
class Shelf {
  readonly kernel = new Kernel({ seed: 'images' });
  readonly cluster = new Cluster(this.kernel);
  private readonly images: ImagePulls;
  private readonly calls: (() => void)[] = [];
  private readonly callEvent = this.kernel.defineEvent('call', 2, (id) => { this.calls[id](); });
  /** `minute image`. */
  readonly removed: string[] = [];
  readonly reported: string[] = [];
  private readonly pods = new Map<string, number>();

  constructor(sizes: Readonly<Record<string, number>>, settings: Partial<PressureSettings> = {}) {
    const { kernel, cluster } = this;
    const imageBytes = Object.fromEntries(Object.entries(sizes).map(([name, bytes]) => [name, bytes]));
    this.images = new ImagePulls(kernel, cluster, { ...KUBELET, imageBytes }, () => undefined);
    const disk = { ...DEFAULT_DISK, capacityBytes: 1000 };
    const pressure = { ...DEFAULT_PRESSURE, disk, ...settings };
    cluster.observe({
      nodeAdded: (node) => { this.images.nodeAdded(node); },
      nodeUpdated: (node) => {
        const names = (cluster.nodes.facts[node].object.status?.images ?? []).flatMap((image) => image.names ?? []);
        this.reported.push(`${this.minute} ${names.join()}`);
      },
    });
    const { images } = this;
    const disks = new NodeDisks(cluster, {
      settings: disk, images, troubles: null, usesOf: () => ({ storage: STILL, inodes: STILL }),
    });
    const gc = new ImageGc(kernel, cluster, disks, pressure);
    expect(gc).toBeInstanceOf(ImageGc);
    const remove = disks.remove.bind(disks);
    disks.remove = (node, gone) => {
      const names = Object.keys(sizes).filter((name) => gone.has(images.idOf(name)));
      this.removed.push(...names.map((name) => `${this.minute} ${name}`));
      remove(node, gone);
    };
    cluster.addNode({ metadata: { name: 'n' }, status: { allocatable: { cpu: '4', pods: '100' } } });
  }

  private get minute(): string {
    return String(this.kernel.now / MICROS_PER_MINUTE);
  }

  at(minute: number, call: () => void): void {
    this.kernel.at(Math.round(minute * MICROS_PER_MINUTE), this.callEvent, this.calls.push(call) - 1);
  }

  /** A pod of this image is there from one minute to the other. */
  pod(name: string, image: string, from: number, until = Infinity): void {
    const { cluster } = this;
    this.at(from, () => {
      const { id } = cluster.internTemplate({
        metadata: { name: 'x', namespace: 'default' }, spec: { containers: [{ name: 'main', image }] },
      });
      const pod = cluster.createPod({
        template: id, nameBase: cluster.names.intern(name), nameOrdinal: -1, owner: -1, workloadClass: 0,
        durationMicros: Infinity, pinnedNode: -1,
      });
      this.pods.set(name, pod);
      cluster.bindPod(pod, 0);
      if (this.images.missingImage(0, id) >= 0) this.images.request(0, this.images.idOf(image), pod, 1);
    });
    if (until < Infinity)
      this.at(until, () => { cluster.removePod(this.pods.get(name) ?? -1, 2); });
  }

  run(minutes: number): void {
    this.kernel.run({ until: minutes * MICROS_PER_MINUTE });
  }

  there(names: readonly string[]): string[] {
    const ids = new Set(this.images.imagesOn(0));
    return names.filter((name) => ids.has(this.images.idOf(name)));
  }
}

describe('images on a disk that is in use to its high threshold', () => {
  test('go, the least recently used first, until it is at the low one', () => {
    const shelf = new Shelf({ a: 200, b: 200, c: 200, d: 260 });
    shelf.pod('a', 'a', 1, 12);
    shelf.pod('b', 'b', 1, 8);
    shelf.pod('c', 'c', 1);
    shelf.pod('d', 'd', 13);
    shelf.run(30);
    // 860 bytes are in use at 15 minutes: 60 have to go. b was in use at 5 minutes, a at 10, c is in use yet.
    expect(shelf.removed).toEqual(['15 b']);
    expect(shelf.there(['a', 'b', 'c', 'd'])).toEqual(['a', 'c', 'd']);
    // With the next status, ten seconds after the last.
    expect(shelf.reported.at(-1)).toBe('15 a:latest,c:latest,d:latest');
  });

  test('stay while 84 % are in use', () => {
    const removedOf = (b: number): string[] => {
      const shelf = new Shelf({ a: 400, b });
      shelf.pod('a', 'a', 1, 2);
      shelf.pod('b', 'b', 1, 2);
      shelf.run(60);
      return shelf.removed;
    };
    // Per cent of what is left are rounded down, so that 84.1 % are 85.
    expect([removedOf(440), removedOf(441)]).toEqual([[], ['10 a']]);
  });

  test('stay for two minutes from when they were found', () => {
    const late = new Shelf({ a: 900 }, { imageMinimumAgeMicros: 7 * MICROS_PER_MINUTE });
    late.pod('a', 'a', 1, 2);
    late.run(60);
    // Found at 5 minutes, five minutes old at 10.
    expect(late.removed).toEqual(['15 a']);
    const usual = new Shelf({ a: 900 });
    usual.pod('a', 'a', 1, 2);
    usual.run(60);
    expect(usual.removed).toEqual(['10 a']);
  });

  test('and are older than the maximum age go however much room there is', () => {
    const shelf = new Shelf({ a: 100, b: 100 }, { imageMaximumAgeMicros: 20 * MICROS_PER_MINUTE });
    shelf.pod('a', 'a', 1, 12);
    shelf.pod('b', 'b', 1);
    shelf.run(60);
    // Last found in use at 10 minutes; at 30 it is no older than 20 minutes.
    expect(shelf.removed).toEqual(['35 a']);
  });

  test('are the same ones as a plain list finds', () => {
    const names = Array.from({ length: 12 }, (_, index) => `i${String(index)}`);
    let removals = 0;
    for (let round = 0; round < 40; round++) {
      const random = new RandomStream(`image-gc/${String(round)}`);
      const sizes = Object.fromEntries(names.map((name) => [name, 40 + Math.floor(random.next() * 160)]));
      const shelf = new Shelf(sizes);
      const twin = new PlainImages(sizes);
      const stays: { readonly image: string; readonly from: number; readonly until: number }[] = [];
      for (let pod = 0; pod < 25; pod++) {
        const image = names[Math.floor(random.next() * names.length)];
        // Never at a look, and never two pulls at once.
        const from = pod * 4 + 0.5;
        const stay = { image, from, until: from + 0.7 + Math.floor(random.next() * 20) };
        stays.push(stay);
        shelf.pod(`p${String(pod)}`, image, stay.from, stay.until);
      }
      shelf.run(130);
      expect(shelf.removed, `round ${String(round)}`).toEqual(twin.play(stays, 130));
      removals += shelf.removed.length;
    }
    expect(removals).toBeGreaterThan(100);
  });
});

/** The same with a list that is looked through minute by minute. */
class PlainImages {
  private readonly sizes: Readonly<Record<string, number>>;

  constructor(sizes: Readonly<Record<string, number>>) {
    this.sizes = sizes;
  }

  play(stays: readonly { readonly image: string; readonly from: number; readonly until: number }[], minutes: number): string[] {
    const there = new Map<string, { found: number; used: number }>();
    const removed: string[] = [];
    const usage = (): number => [...there.keys()].reduce((sum, name) => sum + this.sizes[name], 0);
    for (let minute = 0; minute <= minutes; minute += 0.5) {
      for (const { image, from } of stays)
        if (from === minute && !there.has(image) && usage() + this.sizes[image] <= 1000) there.set(image, { found: -1, used: -1 });
      if (minute % 5 !== 0) continue;
      const inUse = new Set(stays.filter(({ from, until }) => from <= minute && until > minute).map(({ image }) => image));
      for (const [name, record] of there) {
        if (record.found < 0) record.found = minute;
        if (inUse.has(name)) record.used = minute;
      }
      if (100 - Math.floor((1000 - usage()) / 10) < 85) continue;
      const order = [...there].filter(([name, { found }]) => !inUse.has(name) && minute - found >= 2)
        .sort(([, a], [, b]) => a.used - b.used || a.found - b.found);
      const gone: string[] = [];
      for (const [name] of order) {
        if (usage() <= 800) break;
        there.delete(name);
        gone.push(name);
      }
      removed.push(...Object.keys(this.sizes).filter((name) => gone.includes(name)).map((name) => `${String(minute)} ${name}`));
    }
    return removed;
  }
}

test('a run collects images where disks are looked at, and pods that come later pull them again', () => {
  const batch = (at: string, image: string): object => ({
    name: `${image}-${at}`, kind: 'Job', lifetime: '10s', requests: { cpu: '100m' }, arrivals: { at },
    template: { spec: { containers: [{ name: 'main', image }] } },
  });
  const kubelet = {
    sandbox: '0s', containerStart: '0s', pullBase: '1s', pullBytesPerSecond: '1Gi', unpackBytesPerSecond: '1000000Gi',
    imageSizes: { one: '8Gi', two: '9Gi' },
  };
  const starts = (more: object): string[] => toldRun({
    duration: '30m', nodePools: [{ name: 'n', count: 1, allocatable: { cpu: 4, memory: '8Gi' } }],
    kubelet: { ...kubelet, ...more },
    workloads: [batch('1m', 'one'), batch('2m', 'two'), batch('20m', 'one'), batch('26m', 'two')],
  }).lines.filter((line) => line.endsWith('runs')).map((line) => line.split(' ')[0]);
  // 17Gi of 20.1Gi count as 85 %: at 10 minutes one of them goes, and is pulled again within 9 s; at 25 the other.
  expect(starts({ disk: { capacity: '20582Mi' } })).toEqual(['69', '130', '1209', '1570']);
  expect(starts({ disk: { capacity: '21Gi' } })).toEqual(['69', '130', '1200', '1560']);
  expect(starts({})).toEqual(['69', '130', '1200', '1560']);
});
