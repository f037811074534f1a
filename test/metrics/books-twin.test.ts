// The books of a run against a slow twin that looks at the whole cluster in every second of it: each node's record, cost,
// utilisation of the whole and of each pool, while nodes come, go, break and change and pods come, run and end.
import { expect, test } from 'vitest';
import { EvictionCause, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import { RandomStreams } from '../../src/kernel/random.ts';
import { ScriptedRun } from './scripted-run.ts';

const SECONDS = 400;
const PRICES = { big: 3600, small: 360 };
const POOLS = { big: { cpu: 16, gib: 32 }, small: { cpu: 4, gib: 8 } } as const;
type Pool = keyof typeof POOLS;

interface NodeBook {
  readonly name: string;
  readonly pool: Pool;
  readonly created: number;
  removed: number | null;
  hosted: number;
  failures: number;
  down: number;
  cpuShares: number[];
  memoryShares: number[];
}

class Twin {
  readonly run = new ScriptedRun({ costPerHourByPool: PRICES, pods: 'none' });
  readonly books: NodeBook[] = [];
  /** Index of its book by node row. */
  readonly current = new Map<number, number>();
  /** By pool, and of the whole under '': a share for each second in which there was something. */
  readonly shares = new Map<string, { readonly share: number; readonly isPending: boolean }[]>();
  readonly offered = new Map<number, { cpu: number; gib: number }>();
  readonly wanted = new Map<number, { cpu: number; gib: number }>();
  private readonly dice;
  private made = 0;

  constructor(seed: string) {
    this.dice = new RandomStreams(seed).stream('books');
    for (let second = 0; second < SECONDS; second++) {
      if (second < 4 || this.roll(3) > 0) this.run.at(second, () => { this.act(second); });
      this.run.at(second + 0.5, () => { this.look(); });
    }
  }

  roll(sides: number): number {
    return Math.floor(this.dice.next() * sides);
  }

  rows(): number[] {
    const { nodes } = this.run.cluster;
    return Array.from({ length: nodes.length }, (_, row) => row).filter((row) => nodes.alive[row] === 1);
  }

  private act(second: number): void {
    const { cluster } = this.run;
    const rows = this.rows();
    const row = rows[this.roll(rows.length)];
    const verb = this.roll(10);
    if (rows.length < 2 || verb === 0) this.addNode(second);
    else if (verb === 1 && rows.length > 3) this.removeNode(row, second);
    else if (verb === 2) {
      cluster.setNodeHealth(row, cluster.nodes.up[row] === 0);
      if (cluster.nodes.up[row] === 0) this.bookOf(row).failures++;
    } else if (verb === 3) this.resize(row);
    else if (verb < 7) this.create();
    else this.movePod(rows);
  }

  private bookOf(row: number): NodeBook {
    return this.books[this.current.get(row) ?? -1];
  }

  private addNode(second: number): void {
    const pool: Pool = this.roll(2) === 0 ? 'big' : 'small';
    const name = `n${this.made++}`;
    const offer = POOLS[pool];
    // What a node offers is known before the books hear of it.
    const row = this.run.node(name, { cpu: `${offer.cpu}`, memory: `${offer.gib}Gi` }, pool);
    this.offered.set(row, { ...offer });
    this.current.set(row, this.books.push({ name, pool, created: second, removed: null, hosted: 0, failures: 0, down: 0, cpuShares: [], memoryShares: [] }) - 1);
  }

  private removeNode(row: number, second: number): void {
    const { cluster } = this.run;
    for (const pod of [...cluster.nodes.pods[row]]) this.remove(pod);
    this.bookOf(row).removed = second;
    cluster.removeNode(row);
  }

  private resize(row: number): void {
    const { cluster } = this.run;
    const offer = { cpu: 2 + this.roll(20), gib: 4 + this.roll(40) };
    this.offered.set(row, offer);
    const { object } = cluster.nodes.facts[row];
    cluster.updateNode(row, { ...object, status: { allocatable: { pods: '110', cpu: `${offer.cpu}`, memory: `${offer.gib}Gi` } } });
  }

  private create(): void {
    const ask = { cpu: 1 + this.roll(3), gib: 1 + this.roll(4) };
    this.wanted.set(this.run.pod({ cpu: `${ask.cpu}`, memory: `${ask.gib}Gi` }), ask);
  }

  private remove(pod: number): void {
    this.wanted.delete(pod);
    this.run.cluster.removePod(pod, PodOutcome.Deleted);
  }

  private movePod(rows: readonly number[]): void {
    const { cluster } = this.run;
    const { pods } = cluster;
    const live = [...this.wanted.keys()];
    if (live.length === 0) return;
    const pod = live[this.roll(live.length)];
    if (pods.phase[pod] === PodPhase.Pending) {
      const row = rows[this.roll(rows.length)];
      this.bookOf(row).hosted++;
      this.run.bind(pod, row);
    } else if (pods.phase[pod] === PodPhase.Bound) cluster.startPod(pod);
    else if (this.roll(3) === 0) cluster.terminatePod(pod, EvictionCause.Api);
    else this.remove(pod);
  }

  private look(): void {
    const { cluster } = this.run;
    const isPending = [...this.wanted.keys()].some((pod) => cluster.pods.phase[pod] === PodPhase.Pending);
    const sums = new Map<string, { used: number; offered: number }>();
    for (const row of this.rows()) {
      const offer = this.offered.get(row) ?? { cpu: 0, gib: 0 };
      const used = { cpu: 0, gib: 0 };
      for (const [pod, ask] of this.wanted) {
        if (cluster.pods.node[pod] !== row) continue;
        used.cpu += ask.cpu;
        used.gib += ask.gib;
      }
      const book = this.bookOf(row);
      book.cpuShares.push(used.cpu / offer.cpu);
      book.memoryShares.push(used.gib / offer.gib);
      if (cluster.nodes.up[row] === 0) book.down++;
      for (const name of ['', book.pool]) {
        const sum = sums.get(name) ?? { used: 0, offered: 0 };
        sums.set(name, { used: sum.used + used.cpu, offered: sum.offered + offer.cpu });
      }
    }
    for (const [name, { used, offered }] of sums) this.shares.set(name, [...(this.shares.get(name) ?? []), { share: used / offered, isPending }]);
  }
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

test.each(['books-a', 'books-b', 'books-c', 'books-d'])('%s', (seed) => {
  const twin = new Twin(seed);
  const result = twin.run.result(SECONDS);
  expect(result.nodes.map(({ name }) => name)).toEqual(twin.books.map(({ name }) => name));
  result.nodes.forEach((record, i) => {
    const { pool, created, removed, hosted, failures, down, cpuShares, memoryShares } = twin.books[i];
    expect(record).toMatchObject({ pool, createdSeconds: created, removedSeconds: removed, podsHosted: hosted, failures, downSeconds: down });
    expect(record.cost).toBeCloseTo(((removed ?? SECONDS) - created) / 3600 * PRICES[pool], 6);
    if (cpuShares.length === 0) return;
    expect(record.meanUtilization['cpu'], record.name).toBeCloseTo(mean(cpuShares), 9);
    expect(record.meanUtilization['memory'], record.name).toBeCloseTo(mean(memoryShares), 9);
  });
  const compare = (found: { readonly mean: number; readonly max: number; readonly meanWhilePending: number | null } | undefined, name: string): void => {
    const shares = twin.shares.get(name) ?? [];
    const pending = shares.filter(({ isPending }) => isPending).map(({ share }) => share);
    expect(found?.mean, name).toBeCloseTo(mean(shares.map(({ share }) => share)), 9);
    expect(found?.max, name).toBeCloseTo(Math.max(...shares.map(({ share }) => share)), 9);
    if (pending.length > 0) expect(found?.meanWhilePending, name).toBeCloseTo(mean(pending), 9);
  };
  compare(result.utilization['cpu'], '');
  for (const pool of ['big', 'small']) compare(result.utilizationByPool[pool]['cpu'], pool);
  const hours = twin.books.reduce((sum, { created, removed }) => sum + ((removed ?? SECONDS) - created) / 3600, 0);
  expect(result.cost.nodeHours).toBeCloseTo(hours, 9);
  expect(result.cost.total).toBeCloseTo(twin.books.reduce((sum, { pool, created, removed }) => sum + ((removed ?? SECONDS) - created) / 3600 * PRICES[pool], 0), 6);
  expect(result.counts.podsPending).toBe([...twin.wanted.keys()].filter((pod) => twin.run.cluster.pods.phase[pod] === PodPhase.Pending).length);
  expect(result.counts.nodesPeak).toBeGreaterThan(2);
});
