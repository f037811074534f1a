// What metrics keep over time against slow twins that keep everything: shares with their quantiles, levels, rows of a time
// series, and how many pods of a budget or a Service are available.
import { describe, expect, test } from 'vitest';
import { Cluster, EvictionCause, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import type { Pod } from '../../src/cluster/objects.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { RandomStreams } from '../../src/kernel/random.ts';
import { Availability } from '../../src/metrics/availability.ts';
import { ALLOCATABLE, LevelIntegral, NOW, PENDING_CLOCK, REQUESTED, ShareIntegrals } from '../../src/metrics/share-integrals.ts';
import { BoundedTimeSeries } from '../../src/metrics/time-series.ts';

const diceOf = (name: string): ((sides: number) => number) => {
  const stream = new RandomStreams('metrics').stream(name);
  return (sides) => Math.floor(stream.next() * sides);
};

interface Span {
  readonly share: number;
  readonly micros: number;
  readonly pending: number;
}

/** The least share that has been reached for so much of the time. */
function quantile(spans: readonly Span[], part: number): number {
  const sorted = [...spans].sort((a, b) => a.share - b.share);
  const wanted = spans.reduce((sum, { micros }) => sum + micros, 0) * part * (1 - 1e-12);
  let below = 0;
  for (const { share, micros } of sorted) if ((below += micros) >= wanted) return share;
  return NaN;
}

test('shares: mean, quantiles to half a tenth of a per cent, maximum, mean while pods were pending', () => {
  for (let round = 0; round < 40; round++) {
    const roll = diceOf(`shares ${round}`);
    const integrals = new ShareIntegrals();
    const cells = Array.from({ length: 1 + roll(20) }, (): { cell: number; spans: Span[]; share: number; since: number; pendingSince: number } => ({ cell: integrals.add(), spans: [], share: -1, since: 0, pendingSince: 0 }));
    let [now, pending] = [0, 0];
    const settle = (one: (typeof cells)[number]): void => {
      if (one.share >= 0 && now > one.since) one.spans.push({ share: one.share, micros: now - one.since, pending: pending - one.pendingSince });
      Object.assign(one, { since: now, pendingSince: pending });
    };
    for (let step = 0; step < 60; step++) {
      const more = roll(3) * roll(1000);
      now += more;
      if (roll(3) === 0) pending += more;
      const one = cells[roll(cells.length)];
      const [requested, allocatable] = [roll(12), roll(5) === 0 ? 0 : 1 + roll(10)];
      settle(one);
      one.share = allocatable > 0 ? requested / allocatable : -1;
      integrals.input.set([now, pending, requested, allocatable]);
      expect([integrals.input[NOW], integrals.input[PENDING_CLOCK], integrals.input[REQUESTED], integrals.input[ALLOCATABLE]]).toEqual([now, pending, requested, allocatable]);
      integrals.set(one.cell);
    }
    now += 5;
    integrals.input.set([now, pending, 0, 0]);
    for (const one of cells) {
      settle(one);
      integrals.settle(one.cell);
      const found = integrals.summary(one.cell);
      const { spans } = one;
      expect(found === null).toBe(spans.length === 0);
      if (found === null) continue;
      const sum = (of: (span: Span) => number): number => spans.reduce((total, span) => total + of(span), 0);
      expect(found.mean).toBeCloseTo(sum(({ share, micros }) => share * micros) / sum(({ micros }) => micros), 9);
      expect(found.max).toBe(Math.max(...spans.map(({ share }) => share)));
      const whilePending = sum(({ pending: some }) => some);
      if (whilePending === 0) expect(found.meanWhilePending).toBeNull();
      else expect(found.meanWhilePending).toBeCloseTo(sum(({ share, pending: some }) => share * some) / whilePending, 9);
      for (const [name, part] of [['p5', 0.05], ['p50', 0.5], ['p95', 0.95]] as const) {
        const exact = quantile(spans, part);
        if (exact >= 1) expect(found[name]).toBe(1);
        else if (exact < 0.0005) expect(found[name]).toBe(0);
        else expect(Math.abs(found[name] - exact), `${name} ${exact}`).toBeLessThanOrEqual(0.0005);
        expect(found[name]).toBeLessThanOrEqual(found.max);
      }
    }
  }
});

test('a level: its integral at any moment, and its peak', () => {
  const roll = diceOf('level');
  const level = new LevelIntegral();
  let [now, value, integral, peak] = [0, 0, 0, 0];
  for (let step = 0; step < 200; step++) {
    const span = roll(50);
    integral += value * span;
    now += span;
    expect(level.integral(now)).toBe(integral);
    value = roll(4) === 0 ? value : roll(9) - 2;
    peak = Math.max(peak, value);
    level.set(value, now);
    expect([level.value, level.peak, level.integral(now)]).toEqual([value, peak, integral]);
  }
});

test('a time series keeps every row until it is full, then the later one of each pair, twice as far apart', () => {
  const series = new BoundedTimeSeries(1_000_000, 8);
  let kept: number[] = [];
  let interval = 1;
  for (let second = 1; second <= 100; second++) {
    if (second % interval !== 0) continue;
    series.row(second * 1_000_000);
    series.value('always', second * 10);
    if (second % 3 === 0 && second > 4) series.value('sometimes', second);
    series.endRow();
    kept.push(second);
    if (kept.length === 8) {
      kept = kept.filter((_, i) => i % 2 === 1);
      interval *= 2;
    }
    expect(series.intervalMicros).toBe(interval * 1_000_000);
    const { seconds, columns } = series.result();
    expect([seconds, columns['always']]).toEqual([kept, kept.map((at) => at * 10)]);
    if (columns['sometimes'] !== undefined) expect(columns['sometimes']).toEqual(kept.map((at) => (at % 3 === 0 && at > 4 ? at : 0)));
  }
  expect(kept).toEqual([16, 32, 48, 64, 80, 96]);
});

describe('availability', () => {
  const podOf = (namespace: string, app: string): Pod => ({ metadata: { namespace, labels: { app } }, spec: { containers: [{ name: 'main' }] } });
  const KINDS = [podOf('default', 'web'), podOf('default', 'db'), podOf('team', 'web')];
  const status = (expectedPods: number, desiredHealthy: number): object => ({ status: { expectedPods, desiredHealthy } });
  const budget = (more: object): object => ({ kind: 'PodDisruptionBudget', metadata: { name: 'web', namespace: 'default' }, spec: { selector: { matchLabels: { app: 'web' } } }, ...more });
  /** By group: namespace and app of what it selects. */
  const SELECTS = { 'PodDisruptionBudget default/web': ['default', 'web'], 'Service default/db': ['default', 'db'], 'Service team/all': ['team', 'web'] } as const;

  test.each(['a', 'b', 'c'])('of budgets and Services is what a count at each moment gives (%s)', (seed) => {
    const roll = diceOf(`availability ${seed}`);
    const kernel = new Kernel({ seed });
    const cluster = new Cluster(kernel);
    const { pods } = cluster;
    const availability = new Availability(cluster);
    cluster.addNode({ metadata: { name: 'n' }, status: { allocatable: { cpu: '99', pods: '999' } } });
    cluster.putObject('PodDisruptionBudget', budget(status(3, 2)));
    for (const [namespace, name, selector] of [['default', 'db', { app: 'db' }], ['team', 'all', { app: 'web' }], ['team', 'none', {}]] as const)
      cluster.putObject('Service', { kind: 'Service', metadata: { namespace, name }, spec: { selector } } as never);
    const rows: number[] = [];
    const isThere = (row: number): boolean => pods.phase[row] !== PodPhase.Free;
    const countOf = (namespace: string, app: string): number =>
      rows.filter((row) => pods.phase[row] === PodPhase.Running && pods.isReady(row) && !pods.isTerminating(row) && cluster.templateOf(row).namespace === namespace && cluster.templateOf(row).labels.get('app') === app).length;
    const act = (): void => {
      const live = rows.filter(isThere);
      const row = live[roll(live.length)];
      const verb = roll(9);
      if (verb < 2 || row === undefined) {
        const made = cluster.createPod({ template: cluster.internTemplate(KINDS[roll(3)]).id, nameBase: cluster.names.intern('p'), nameOrdinal: rows.length, owner: -1, workloadClass: 0, durationMicros: Infinity, pinnedNode: -1 });
        if (!rows.includes(made)) rows.push(made);
      } else if (verb === 2 && roll(2) === 0) cluster.removePod(row, PodOutcome.Deleted);
      else if (verb === 3 && roll(3) === 0) cluster.terminatePod(row, EvictionCause.Api);
      else if (verb === 4) cluster.updatePod(row, cluster.internTemplate(KINDS[roll(3)]).id);
      else if (pods.phase[row] === PodPhase.Pending) cluster.placePod(row, 0);
      else if (pods.phase[row] === PodPhase.Bound) cluster.startPod(row, roll(2) === 0);
      else if (roll(6) === 0) cluster.interruptPod(row);
      else cluster.setPodReady(row, !pods.isReady(row));
    };
    for (let i = 0; i < 60; i++) act();
    expect(availability.groups).toEqual([]);
    availability.begin();
    expect([availability.healedAt, availability.groups.map(({ kind, key }) => `${kind} ${key}`)]).toEqual([0, Object.keys(SELECTS)]);
    const wantedAtStart = Object.entries(SELECTS).map(([name, [namespace, app]]) => (name.startsWith('Pod') ? 3 : countOf(namespace, app)));
    const first = Object.values(SELECTS).map(([namespace, app]) => countOf(namespace, app));
    expect(availability.groups.map(({ missingAtStart }) => missingAtStart)).toEqual(wantedAtStart.map((wanted, i) => Math.max(0, wanted - first[i])));
    const truth: number[][] = [];
    let needs = 2;
    const event = kernel.defineEvent('act', 2, () => {
      for (let i = 0; i <= roll(3); i++) act();
      if (roll(12) === 0) cluster.putObject('PodDisruptionBudget', budget(status(3, (needs = 1 + roll(3)))));
      truth[kernel.now] = [...Object.values(SELECTS).map(([namespace, app]) => countOf(namespace, app)), needs];
    });
    for (let at = 1; at < 300; at += 1 + roll(2)) kernel.at(at, event);
    kernel.run();
    availability.groups.forEach((group, index) => {
      const { times, available, wanted, needed } = group;
      expect([times[0], available[0], wanted[0]]).toEqual([0, first[index], wantedAtStart[index]]);
      expect(needed[0]).toBe(index === 0 ? 2 : Math.min(1, first[index]));
      for (let i = 1; i < times.length; i++) expect(times[i]).toBeGreaterThan(times[i - 1]);
      truth.forEach((counts, now) => {
        const at = times.findLastIndex((time) => time <= now);
        expect([available[at], index === 0 ? needed[at] : counts[3]], `${group.key} at ${now}`).toEqual([counts[index], counts[3]]);
      });
    });
    const last = Math.max(...availability.groups.map(({ times }) => times[times.length - 1]));
    expect(availability.lastChangeAt).toBe(last);
    expect(availability.groups[0].times.length).toBeGreaterThan(20);
  });
});
