// The work queue of controllers: each key once, delays that keep the earliest time, back-off by key and by bucket.
import { describe, expect, test } from 'vitest';
import { Cluster } from '../../src/cluster/cluster.ts';
import { WorkloadKind } from '../../src/cluster/workload-table.ts';
import { WorkQueue, backoffMicros } from '../../src/controllers/work-queue.ts';
import { Kernel } from '../../src/kernel/kernel.ts';

const SECOND = 1_000_000;

class QueueWorld {
  readonly kernel = new Kernel({ seed: 'queue' });
  readonly cluster = new Cluster(this.kernel);
  /** `seconds row` of each sync. */
  readonly log: string[] = [];
  whenSynced: (row: number) => void = () => undefined;
  readonly queue = new WorkQueue(this.kernel, this.cluster.workloads, 4, 'test', (row) => {
    this.log.push(`${String(this.kernel.now / SECOND)} ${String(row)}`);
    this.whenSynced(row);
  });

  row(name: string): number {
    return this.cluster.workloadWriter.create({
      kind: WorkloadKind.Job,
      object: null,
      key: `default/${name}`,
      parent: -1,
      wanted: -1,
      template: -1,
      workloadClass: 0,
      nameBase: 0,
      podMicros: Infinity,
      details: null,
    });
  }
}

describe('a key', () => {
  test('that waits is not queued again; others keep their order', () => {
    const world = new QueueWorld();
    const [a, b] = [world.row('a'), world.row('b')];
    for (const row of [b, a, b, b, a]) world.queue.add(row);
    world.kernel.run();
    expect(world.log).toEqual([`0 ${String(b)}`, `0 ${String(a)}`]);
  });

  test('that is added while it is worked on comes once more', () => {
    const world = new QueueWorld();
    const row = world.row('a');
    world.whenSynced = () => {
      if (world.log.length > 1) return;
      world.queue.add(row);
      world.queue.add(row);
    };
    world.queue.add(row);
    world.kernel.run();
    expect(world.log).toEqual(['0 0', '0 0']);
  });

  test('with several delays comes at the earliest of them, and is not dropped when it is added meanwhile', () => {
    const world = new QueueWorld();
    const row = world.row('a');
    for (const seconds of [5, 3, 9]) world.queue.addAfter(row, seconds * SECOND);
    expect(world.queue.waitingCount).toBe(1);
    world.queue.add(row);
    world.kernel.run();
    expect(world.log).toEqual(['0 0', '3 0']);
    expect(world.queue.waitingCount).toBe(0);
  });

  test('of a workload that is gone is left, and its row begins anew', () => {
    const world = new QueueWorld();
    const row = world.row('a');
    world.queue.add(row);
    world.queue.addAfter(row, SECOND);
    world.queue.addRateLimited(row);
    world.cluster.workloadWriter.remove(row);
    expect(world.row('b')).toBe(row);
    expect(world.queue.retries(row)).toBe(0);
    world.queue.addAfter(row, 7 * SECOND);
    world.kernel.run();
    expect(world.log).toEqual(['7 0']);
    expect(world.queue.waitingCount).toBe(0);
  });
});

describe('a key that has settled', () => {
  test('does not come for what its own sync has asked for', () => {
    const world = new QueueWorld();
    const row = world.row('a');
    world.whenSynced = () => {
      world.queue.add(row);
      world.queue.addAfter(row, SECOND);
      world.queue.settled(row);
    };
    world.queue.add(row);
    world.kernel.run();
    expect(world.log).toEqual(['0 0']);
    expect(world.queue.waitingCount).toBe(0);
  });

  test('comes for what others do at the time at which it would have come by itself', () => {
    const world = new QueueWorld();
    const row = world.row('a');
    world.whenSynced = () => {
      world.queue.addAfter(row, SECOND);
      world.queue.settled(row);
    };
    world.queue.add(row);
    const other = world.kernel.defineEvent('other', 3, () => { world.queue.addAfter(row, SECOND); });
    // In the second after a sync, at its very end, and later.
    for (const seconds of [0.25, 2, 3.5]) world.kernel.at(seconds * SECOND, other);
    world.kernel.run();
    expect(world.log).toEqual(['0 0', '1 0', '2 0', '4.5 0']);
  });

  test('comes for what is asked for after it has said so', () => {
    const world = new QueueWorld();
    const row = world.row('a');
    world.whenSynced = () => {
      world.queue.settled(row);
      if (world.log.length === 1) world.queue.add(row);
      if (world.log.length === 2) world.queue.addAfter(row, SECOND);
    };
    world.queue.add(row);
    world.kernel.run();
    expect(world.log).toEqual(['0 0', '0 0', '1 0']);
  });
});

describe('back-off', () => {
  test('begins with 5 ms, doubles, and ends at 1000 s', () => {
    expect([0, 1, 2, 10, 17, 18, 40].map((failures) => backoffMicros(failures) / 1000)).toEqual([
      5, 10, 20, 5120, 655_360, 1_000_000, 1_000_000,
    ]);
  });

  test('begins anew once the key is forgotten', () => {
    const world = new QueueWorld();
    const row = world.row('a');
    const dues: number[] = [];
    for (const forgets of [false, false, true, false]) {
      if (forgets) world.queue.forget(row);
      const before = world.kernel.now;
      world.queue.addRateLimited(row);
      world.kernel.run();
      dues.push((world.kernel.now - before) / 1000);
    }
    expect(dues).toEqual([5, 10, 5, 10]);
  });

  test('of many keys waits for tokens: a hundred at once, then ten a second', () => {
    const world = new QueueWorld();
    const rows = Array.from({ length: 110 }, (_, index) => world.row(`r${String(index)}`));
    for (const row of rows) world.queue.addRateLimited(row);
    world.kernel.run();
    const times = world.log.map((line) => Number(line.split(' ')[0]));
    expect(times.filter((at) => at === 0.005)).toHaveLength(100);
    expect(times.slice(100)).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]);
  });
});
