// What plots show, hide and say of it, from series small enough to check by eye.
import { describe, expect, it } from 'vitest';
import { logCountAxis, vertical } from '../../src/report/plots/axes.ts';
import { drawHeatMap, heatMapOf, shadeOf } from '../../src/report/plots/heat-map.ts';
import { timePlotsOf } from '../../src/report/plots/series-plots.ts';
import { drawTimePlot, verticalAxisOf, type TimePlot } from '../../src/report/plots/time-plot.ts';
import { renderHtml } from '../../src/report/html.ts';
import { WIDE } from '../../src/report/plots/axes.ts';
import { rankedReasons, scarcestResource } from '../../src/report/why.ts';
import type { NodeRecord } from '../../src/metrics/run-result.ts';
import { makeRunResult, zeros } from '../support/run-result.ts';

const HOURS = Array.from({ length: 100 }, (_, i) => (i + 1) * 864);

function plotOf(id: string, columns: Readonly<Record<string, readonly number[]>>): TimePlot {
  const plot = timePlotsOf(makeRunResult({ overrides: { timeseries: { seconds: HOURS, columns } } })).find(
    (one) => one.id === id,
  );
  if (plot === undefined) throw new Error(`no plot ${id}`);
  return plot;
}

const level = (value: number): number[] => HOURS.map(() => value);
const spike = (usual: number, peak: number): number[] => HOURS.map((_, i) => (i === 50 ? peak : usual));

describe('one spike does not flatten a day', () => {
  it('counts stand on a logarithmic scale then, and the caption says when and how high', () => {
    const plot = plotOf('queue', { 'pods.pending': spike(3, 480) });
    expect(verticalAxisOf(plot)).toMatchObject({ high: 500, isLogarithmic: true });
    expect(plot.caption).toContain('Logarithmic scale, as the peak of 480 at 12h14m would flatten the rest.');
  });

  it.each([
    ['what is usual is as high', spike(400, 480)],
    ['the peak is low', spike(0, 19)],
    ['it is no peak but a step', HOURS.map((_, i) => (i > 90 ? 480 : 3))],
  ])('but not where %s', (_, values) => {
    const plot = plotOf('queue', { 'pods.pending': values });
    expect(verticalAxisOf(plot).isLogarithmic).toBeUndefined();
    expect(plot.caption).not.toContain('Logarithmic');
  });

  it('nor does one reason flatten the others', () => {
    const plot = plotOf('reasons', {
      'waiting.Insufficient cpu': level(900),
      'waiting.Insufficient nvidia.com/gpu': level(3),
    });
    expect(verticalAxisOf(plot).isLogarithmic).toBe(true);
  });

  it('the scale begins at zero, never falls, and ends at the frame', () => {
    const y = vertical(logCountAxis(480), 200, 0);
    const places = [0, 1, 2, 10, 100, 480, 500].map(y);
    expect(places[0]).toBe(200);
    expect(places.at(-1)).toBeCloseTo(0, 9);
    expect(places).toEqual(places.toSorted((a, b) => b - a));
    expect(logCountAxis(480).ticks.map(({ label }) => label)).toEqual(['0', '1', '10', '100', '500']);
    expect(logCountAxis(1).high).toBe(1);
    expect(logCountAxis(1_000_000).ticks.at(-1)).toEqual({ value: 1_000_000, label: '1M' });
  });
});

describe('what a plot hides it tells', () => {
  it('lines that are zero throughout', () => {
    const plot = plotOf('utilization', {
      'utilization.cpu': level(0.5),
      'utilization.ephemeral-storage': level(0),
      'utilization.memory': level(0),
    });
    expect(plot.lines.map(({ name }) => name)).toEqual(['cpu']);
    expect(plot.caption).toContain('Not drawn, as always zero: ephemeral-storage, memory.');
  });

  it('lines that another covers', () => {
    const plot = plotOf('nodes', { 'nodes.total': level(40), 'nodes.ready': spike(40, 39), 'nodes.empty': level(1) });
    expect(plot.caption).toContain('ready covers total where the two are the same.');
    expect(plotOf('nodes', { 'nodes.total': level(40), 'nodes.ready': level(30) }).caption).not.toContain('covers');
  });

  it('lines that another covers most of the time, though not where they differ', () => {
    const plot = plotOf('queue', {
      'pods.pending': HOURS.map((_, i) => (i < 40 ? 9 : 5)),
      'queue.active': level(1),
      'queue.unschedulable': level(5),
    });
    expect(plot.caption).toContain('unschedulable covers pending where the two are the same.');
    expect(plot.caption).not.toContain('covers active');
  });

  it('reasons beyond the colours: they are one line', () => {
    const names = Array.from({ length: 10 }, (_, i) => `reason ${i}`);
    const byReason = Object.fromEntries(
      names.map((name, i) => [name, { pods: 1, podsPending: 0, attempts: 1, podSeconds: 100 - i, nearest: null }]),
    );
    const base = makeRunResult();
    const columns = Object.fromEntries(names.map((name) => [`waiting.${name}`, level(2)]));
    const [plot] = timePlotsOf({
      ...base,
      waiting: { ...base.waiting, byReason },
      timeseries: { seconds: HOURS, columns },
    });
    expect(plot.lines.map(({ name }) => name)).toEqual([...names.slice(0, 7), '3 other reasons']);
    expect(plot.lines.at(-1)?.values[0]).toBe(6);
    expect(plot.caption).toContain('The 7 largest; 3 more are one line');
  });

  it('one line stays where nothing ever waited', () => {
    expect(
      plotOf('queue', { 'pods.pending': level(0), 'queue.active': level(0) }).lines.map(({ name }) => name),
    ).toEqual(['pending']);
  });

  it('marks of events stand in their own plot only', () => {
    const html = renderHtml(makeRunResult());
    const utilization = /<svg class="plot wide"[^>]*data-plot="utilization".*?<\/svg>/su.exec(html)?.[0] ?? '';
    expect(utilization.includes('data-plot="utilization"')).toBe(true);
    expect(utilization.includes('event')).toBe(false);
    expect(html.includes('data-plot="events"')).toBe(true);
  });
});

describe('the heat map of nodes', () => {
  const [some] = makeRunResult().nodes;
  const mapOf = (nodes: readonly NodeRecord[]) => heatMapOf({ nodes, utilizationByPool: {} });
  const node = (pool: string, meanUtilization: Readonly<Record<string, number>>, i: number) => ({
    ...some,
    name: `${pool}-${i}`,
    pool,
    meanUtilization,
  });

  it('orders the nodes of a pool by its fullest resource, and leaves out what nobody requested', () => {
    const map = mapOf([
      node('p', { cpu: 0.2, memory: 0.9, 'ephemeral-storage': 0 }, 0),
      node('p', { cpu: 0.3, memory: 1, 'ephemeral-storage': 0 }, 1),
    ]);
    expect(map?.blocks).toEqual([
      {
        pool: 'p',
        nodes: 2,
        strips: [
          { resource: 'memory', mean: 0.95, shares: [1, 0.9] },
          { resource: 'cpu', mean: 0.25, shares: [0.3, 0.2] },
        ],
      },
    ]);
  });

  it('has the means of the tables, where nodes count by their size and by how long they were there', () => {
    const cpu = { ...makeRunResult().utilization['cpu'], mean: 0.125 };
    const map = heatMapOf({ nodes: [node('p', { cpu: 0.5 }, 0)], utilizationByPool: { p: { cpu } } });
    expect(map?.blocks[0].strips).toEqual([{ resource: 'cpu', mean: 0.125, shares: [0.5] }]);
  });

  it('has a cell for many nodes beyond 200, by their mean, and says so', () => {
    const map = mapOf(Array.from({ length: 1000 }, (_, i) => node('p', { cpu: i / 1000 }, i)));
    const [strip] = map?.blocks[0].strips ?? [];
    expect(strip.shares).toHaveLength(200);
    expect(strip.shares[0]).toBeCloseTo((0.999 + 0.998 + 0.997 + 0.996 + 0.995) / 5, 12);
    expect(strip.shares.reduce((sum, share) => sum + share, 0) / 200).toBeCloseTo(strip.mean, 12);
    expect(map?.caption).toContain('a cell is the mean of several');
  });

  it('shows the largest pools, and tells how many more there are', () => {
    const nodes = Array.from({ length: 15 }, (_, pool) =>
      Array.from({ length: pool + 1 }, (__, i) => node(`pool-${pool}`, { cpu: 0.5 }, i)),
    ).flat();
    const map = mapOf(nodes);
    expect(map?.blocks.map(({ pool }) => pool)).toEqual(Array.from({ length: 12 }, (_, i) => `pool-${14 - i}`));
    expect(map?.caption).toContain('The 12 largest pools; 3 more are in the table.');
  });

  it('fills the width with few nodes, as long as the cells are no wider than 60 pixels', () => {
    const widths = (counts: readonly number[]) => {
      const map = mapOf(
        counts.flatMap((count, pool) => Array.from({ length: count }, (_, i) => node(`p${pool}`, { cpu: 0.5 }, i))),
      );
      const svg = map === null ? '' : drawHeatMap(map, WIDE);
      return Array.from(svg.matchAll(/class="area"[^>]*?width="([\d.]+)"/gu), ([, width]) => Number(width));
    };
    expect(widths([3])).toEqual([180]);
    const [large, small] = widths([100, 5]);
    expect(large).toBeGreaterThan(800);
    expect(small).toBe(70);
  });

  it('is not drawn where nothing was requested', () => {
    expect(mapOf([node('p', { cpu: 0 }, 0), node('p', {}, 1)])).toBeNull();
  });

  it('darkens with the share, to its own shade for what is full', () => {
    expect([-0.1, 0, 0.05, 0.1, 0.55, 0.94, 0.95, 1, 1.2].map(shadeOf)).toEqual([0, 0, 0, 1, 5, 9, 10, 10, 10]);
  });

  it('draws neighbours of one shade as one piece', () => {
    const map = mapOf(Array.from({ length: 100 }, (_, i) => node('p', { cpu: i < 40 ? 0.55 : 0.15 }, i)));
    const svg = map === null ? '' : drawHeatMap(map, WIDE);
    expect(svg.match(/class="mark heat h\d+"/gu)).toHaveLength(2);
    expect(svg.match(/M[\d.,]+H/gu)).toHaveLength(2);
  });
});

describe('why beside what', () => {
  it('the scarcest resource is the fullest one while pods waited', () => {
    const { utilization } = makeRunResult();
    const of = (name: string, mean: number, meanWhilePending: number | null) => ({
      [name]: { ...utilization['cpu'], mean, meanWhilePending },
    });
    const scarcest = (shares: Parameters<typeof makeRunResult>[0]) => scarcestResource(makeRunResult(shares));
    expect(scarcest({ overrides: { utilization: { ...of('cpu', 0.8, 0.81), ...of('gpu', 0.5, 0.99) } } })).toEqual({
      name: 'gpu',
      share: 0.99,
      whilePending: true,
    });
    expect(scarcest({ overrides: { utilization: { ...of('cpu', 0.8, null), ...of('gpu', 0.5, null) } } })).toEqual({
      name: 'cpu',
      share: 0.8,
      whilePending: false,
    });
    expect(scarcest({ overrides: { utilization: {} } })).toBeNull();
  });

  it('tiles name it, and what pods waited most for', () => {
    const html = renderHtml(makeRunResult());
    const tiles = html.slice(html.indexOf('<div class="tiles">'), html.indexOf('<h2>'));
    expect(tiles).toMatch(
      /Scarcest resource<\/span><span class="value">87\.0%<\/span><span class="more">cpu while pods waited/u,
    );
    expect(tiles).toMatch(
      /Waited most for<\/span><span class="value words">Insufficient cpu<\/span><span class="more">420 pods, 11h09m/u,
    );
  });

  it("reasons stand in order of the pods' time, equal ones by what they say", () => {
    const facts = (podSeconds: number) => ({ pods: 1, podsPending: 0, attempts: 1, podSeconds, nearest: null });
    expect(rankedReasons({ b: facts(1), a: facts(1), c: facts(2) }).map(({ reason }) => reason)).toEqual([
      'c',
      'a',
      'b',
    ]);
  });

  it("upstream's text to those that still wait stands on the page, letter for letter", () => {
    const { waiting } = makeRunResult();
    const html = renderHtml(makeRunResult());
    const said = Array.from(html.matchAll(/<p class="said">([^<]*)</gu), ([, text]) => text);
    expect(said).toEqual(waiting.templates.map(({ message }) => message));
    expect(html.includes('gpu-2: 1 of 4 nvidia.com/gpu free, 2 wanted (at 23h55m)')).toBe(true);
  });

  it('what is both reason and text stands once', () => {
    const base = makeRunResult();
    const gates = 'waiting for scheduling gates: [example.com/quota]';
    const [template] = base.waiting.templates;
    const html = renderHtml({
      ...base,
      waiting: { ...base.waiting, templates: [{ ...template, reason: gates, message: gates, nearest: null }] },
    });
    expect(html.split(gates)).toHaveLength(2);
  });

  it('nothing of it where nobody waited', () => {
    const waiting = { byReason: {}, byClass: {}, byPool: {}, templates: [], templatesNotListed: 0 };
    const html = renderHtml(makeRunResult({ overrides: { waiting } }));
    expect(/Why pods waited|Waited most for|Still waiting at the end|Waited for room/u.exec(html)).toBeNull();
    expect(html.includes('Pools by utilization')).toBe(true);
  });
});

describe('tables have no rows of zeros', () => {
  it('neither of resources that nobody requested nor of what did not happen', () => {
    const base = makeRunResult();
    const zero = { mean: 0, p5: 0, p50: 0, p95: 0, max: 0, meanWhilePending: 0 };
    const html = renderHtml({
      ...base,
      utilization: { ...base.utilization, 'ephemeral-storage': zero },
      utilizationByPool: {
        general: { ...base.utilizationByPool['general'], 'ephemeral-storage': zero },
        gpu: base.utilizationByPool['gpu'],
      },
      counts: { ...base.counts, nodeFailures: 0, evictions: 0, podsReplaced: 0, podsLost: 0 },
      failures: { ...zeros('failures'), evictionsByCause: {}, usefulPodSeconds: 100 },
      autoscaling: zeros('autoscaling'),
      cost: { ...base.cost, total: 0 },
    });
    const tables = html.slice(html.indexOf('<h2>Where room'), html.indexOf('<details>'));
    expect(/ephemeral-storage|Failures|autoscaler|Created to replace|>Lost<|>Total</u.exec(tables)).toBeNull();
    expect(html.includes('no prices given')).toBe(true);
  });
});

it('a plot with long names has them above, none beside its lines', () => {
  const plot = plotOf('reasons', {
    'waiting.Insufficient cpu': level(9),
    "waiting.node(s) didn't match Pod's node affinity/selector": level(30),
  });
  const svg = drawTimePlot(plot, WIDE);
  expect(svg).toContain('node(s) didn&#39;t match Pod&#39;s node affinity/selector');
  expect(svg).not.toContain('leader');
});
