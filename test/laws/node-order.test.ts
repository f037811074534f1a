// The order of nodes is upstream's: a slow twin keeps upstream's node tree and snapshot (pkg/scheduler/backend/cache:
// node_tree.go, cache.go UpdateSnapshot, v1.36) by names, while nodes come, go, are replaced and change their zone
// between cycles.
import { expect, test } from 'vitest';
import { Digest } from '../../src/base/digest.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import type { Node } from '../../src/cluster/objects.ts';
import { RandomStreams } from '../../src/kernel/random.ts';
import { SchedulerCache } from '../../src/scheduler/cache/scheduler-cache.ts';
import { LiveSnapshot } from '../../src/scheduler/cache/snapshot.ts';

class UpstreamCache {
  list: readonly string[] = [];
  private readonly tree: { readonly zone: string; readonly names: string[] }[] = [];
  private snapshot = new Set<string>();

  add(name: string, zone: string): void {
    const found = this.tree.find((entry) => entry.zone === zone);
    if (found === undefined) this.tree.push({ zone, names: [name] });
    else found.names.push(name);
  }

  remove(name: string): void {
    const at = this.tree.findIndex(({ names }) => names.includes(name));
    this.tree[at].names.splice(this.tree[at].names.indexOf(name), 1);
    if (this.tree[at].names.length === 0) this.tree.splice(at, 1);
  }

  cycle(): void {
    const names = this.tree.flatMap((entry) => entry.names);
    let updateAll = false;
    for (const name of names) if (!this.snapshot.has(name)) updateAll = this.snapshot.add(name).size > 0;
    if (this.snapshot.size > names.length) {
      this.snapshot = new Set([...this.snapshot].filter((name) => names.includes(name)));
      updateAll = true;
    }
    if (updateAll) this.list = this.roundRobin();
  }

  private roundRobin(): string[] {
    const longest = Math.max(0, ...this.tree.map(({ names }) => names.length));
    return Array.from({ length: longest }, (_, i) =>
      this.tree.flatMap(({ names }) => (i < names.length ? [names[i]] : [])),
    ).flat();
  }
}

const node = (name: string, zone: string): Node => ({
  metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } },
  status: { allocatable: { cpu: '4', pods: '9' } },
});

test.each(Array.from({ length: 12 }, (_, i) => `order-${i}`))('%s', (seed) => {
  const dice = new RandomStreams(seed).stream('order');
  const pick = <T>(list: readonly T[]): T => list[Math.floor(dice.next() * list.length)];
  const cluster = new Cluster({ now: 0, digest: new Digest() });
  const cache = new SchedulerCache(cluster);
  cluster.observe(cache);
  const snapshot = new LiveSnapshot(cache);
  const twin = new UpstreamCache();
  const zones = ['a', 'b', 'c', ''];
  const zoneOf = new Map<string, string>();
  const absent = Array.from({ length: 9 }, (_, i) => `n${i}`);
  let kept = 0;
  let changesSinceCycle = 0;
  const add = (name: string): void => {
    const zone = pick(zones);
    cluster.addNode(node(name, zone));
    twin.add(name, zone);
    zoneOf.set(name, zone);
  };
  const remove = (name: string): void => {
    cluster.removeNode(cluster.nodeRow(name));
    twin.remove(name);
    zoneOf.delete(name);
  };
  for (let step = 0; step < 600; step++) {
    const roll = dice.next();
    const present = [...zoneOf.keys()];
    if (roll < 0.2 && absent.length > 0) add(absent.splice(Math.floor(dice.next() * absent.length), 1)[0]);
    else if (roll < 0.35 && present.length > 0) {
      const name = pick(present);
      remove(name);
      absent.push(name);
    } else if (roll < 0.55 && present.length > 0) {
      // Replaced under their names, some at a time and in any order.
      const names = present.filter(() => dice.next() < 0.4);
      for (const name of names) remove(name);
      if (dice.next() < 0.5) names.reverse();
      for (const name of names) add(name);
      changesSinceCycle += names.length;
    } else if (roll < 0.65 && present.length > 0) {
      const name = pick(present);
      const zone = pick(zones);
      cluster.updateNode(cluster.nodeRow(name), node(name, zone));
      if (zone !== zoneOf.get(name)) {
        twin.remove(name);
        twin.add(name, zone);
        zoneOf.set(name, zone);
      }
    } else {
      const before = twin.list;
      snapshot.refresh();
      twin.cycle();
      if (twin.list === before && changesSinceCycle > 0) kept++;
      changesSinceCycle = 0;
      expect(
        snapshot.nodes.map(({ name }) => name),
        `${seed}, step ${step}`,
      ).toEqual(twin.list);
      snapshot.nodes.forEach((info, position) => {
        expect(info).toBe(cache.nodeInfo(cluster.nodeRow(info.name)));
        expect([snapshot.rows[position], snapshot.positionOf[info.row]]).toEqual([info.row, position]);
      });
    }
  }
  expect(kept).toBeGreaterThan(5);
});
