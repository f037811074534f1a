import { describe, expect, it } from 'vitest';
import { compareOutcomes } from '../../src/experiment/compare.ts';
import type { VariantMetric } from '../../src/experiment/compare-result.ts';
import { compareKeys, formatCount, formatNumber, formatSeconds, formatShare, humanize } from '../../src/report/format.ts';
import { renderCompareTable } from '../../src/report/compare-table.ts';
import { renderRunTable } from '../../src/report/run-table.ts';
import {
  graphColumn,
  numberColumn,
  paintFor,
  plainText,
  renderTable,
  sparkline,
  textColumn,
} from '../../src/report/table.ts';
import { CAMPAIGNS, makeRunResult } from '../support/run-result.ts';

const SEEDS = ['1', '2', '3', '4', '5', '6'];

const METRIC: VariantMetric = {
  variant: 'B',
  metric: 'x',
  shortName: 'x',
  unit: '',
  better: 'neither',
  pairs: 3,
  base: 1,
  value: 1,
  difference: 0,
  differenceLow: null,
  differenceHigh: null,
  change: 0,
  changeLow: null,
  changeHigh: null,
  pValue: null,
  adjustedPValue: null,
  verdict: 'higher',
  isWithinMargin: false,
  moreSeeds: null,
};

function compared(seeds: readonly string[], width: number | null = null): string {
  const runsA = seeds.map((seed) => ({ ...makeRunResult({ seed, samples: 200 }), digest: `${seed}a` }));
  const runsB = seeds.map((seed, i) => {
    const run = makeRunResult({ seed, samples: 200 });
    const wait = run.latency.queueWaitSeconds;
    const latency = { ...run.latency, queueWaitSeconds: { ...wait, p99: (wait.p99 ?? 0) * (0.7 + (i % 3) * 0.1) } };
    return {
      ...run,
      digest: `${seed}b`,
      latency,
      utilization: makeRunResult({ seed: `${seed}b`, samples: 200 }).utilization,
      cost: { ...run.cost, total: run.cost.total * 1.05 + i },
    };
  });
  const plan = {
    scenario: 'two-pools-one-day',
    labelA: 'default scheduler',
    labelB: 'bin packing',
    configurationA: null,
    configurationB: null,
    seeds,
  };
  const runs = seeds.flatMap((_seed, i) => [runsA[i], runsB[i]]);
  return renderCompareTable(compareOutcomes(plan, runs), { color: false, width });
}

describe('the run table', () => {
  it('tells the story of a run', async () => {
    await expect(renderRunTable(makeRunResult(), { wide: false, color: false })).toMatchFileSnapshot('stories/run-table.txt');
  });

  it('tells more when wide, and says plainly that a run is incomplete', async () => {
    const text = renderRunTable(makeRunResult({ overrides: { complete: false, simulatedSeconds: 40_000 } }), { wide: true, color: false });
    expect(text).toContain('INCOMPLETE');
    await expect(text).toMatchFileSnapshot('stories/run-table-wide.txt');
  });

  it('is the same text with colour, but for the colour', () => {
    const plain = renderRunTable(makeRunResult(), { wide: true, color: false });
    const colored = renderRunTable(makeRunResult(), { wide: true, color: true });
    expect(colored).not.toBe(plain);
    expect(colored.replace(/\u001b\[\d+m/gu, '')).toBe(plain);
    expect(plain).not.toContain('\u001b');
  });

  it('has no line with trailing spaces and lets no control character of a name through', () => {
    const text = renderRunTable(makeRunResult({ overrides: { scenario: 'a\u001b[31mb\nc', notes: ['x\ry'] } }), { wide: true, color: false });
    expect(text).toContain('a [31mb c');
    expect(text).toContain('Note: x y');
    expect(text.split('\n').filter((line) => line !== line.trimEnd())).toEqual([]);
  });

  it('has a row for each failure process where one has struck', () => {
    const base = makeRunResult();
    const overrides = { failures: { ...base.failures, campaigns: CAMPAIGNS } };
    const linesOf = (wide: boolean): string[] => {
      const lines = renderRunTable(makeRunResult({ overrides }), { wide, color: false }).split('\n');
      const from = lines.findIndex((line) => line.startsWith('FAILURES BY CAMPAIGN'));
      return lines.slice(from, from + 5).map((line) => line.replace(/ {2,}/gu, ' | '));
    };
    expect(linesOf(false)).toEqual([
      'FAILURES BY CAMPAIGN | KIND | STRIKES | NODES STRUCK | NODE-HOURS | MEDIAN | LONGEST | PODS DISRUPTED | RESTARTED',
      'node-crash | node crash | 9 | 8 | 2.53 | 12m00s | 50m00s | 21 | 14',
      'cut | zone partition | 2 | 12 | 2 | 5m00s | 5m00s | 5 | 0',
      'never | rack reclaim | 0 | 0 | 0 | - | - | 0 | 0',
      '',
    ]);
    expect(linesOf(true)[1]).toBe('node-crash | node crash | 9 | 8 | 1 | 2.53 | 12m00s | 50m00s | 21 | 14');
    expect(renderRunTable(base, { wide: true, color: false })).not.toContain('CAMPAIGN');
  });

  it('stands an empty run', () => {
    const empty = makeRunResult({ overrides: { utilization: {}, timeseries: { seconds: [], columns: {} }, notes: [], latencyByPriority: {}, latencyByClass: {} } });
    expect(renderRunTable(empty, { wide: true, color: false })).toContain('Decisions');
  });
});

describe('the comparison table', () => {
  it('tells the story of a comparison', async () => {
    await expect(compared(SEEDS)).toMatchFileSnapshot('stories/compare-table.txt');
  });

  it('says that one seed shows nothing, and that few show little', () => {
    expect(compared(['1'])).toContain('One seed gives no interval');
    expect(compared(['1'])).not.toContain('better');
    expect(compared(['1', '2'])).toContain('With only 2 seeds nothing is shown');
  });

  it.each([
    [50, 40, '-20.0%'], [50, 50.2, '+0.40%'], [50, 549, '+998.0%'], [0.09, 9, '×100'], [0.001, 5, '×5000'], [0.000_001, 1.13, '-'], [0, 3, '-'], [-2, 40, '+2100.0%'],
  ])('tells the change from %d to %d as %s', (a, b, change) => {
    const variants = ['A', 'B'].map((name) => ({ name, label: name, digests: [] }));
    const shown = { ...METRIC, base: a, value: b, difference: b - a, change: a === 0 ? null : (b - a) / Math.abs(a) };
    const rest = { seedsChangeNothing: true, confidence: 0.95, margin: 0.01, precision: [], limits: [] };
    const text = renderCompareTable(
      { scenario: 's', seeds: ['1', '2', '3'], variants, comparisons: [shown], ...rest },
      { color: false },
    );
    expect(/^x .* (\S+) +higher$/m.exec(text)?.[1]).toBe(change);
  });
});

describe('on a terminal', () => {
  const plain = (text: string): string => text.replace(/\u001b\[\d+m/gu, '');
  const widest = (text: string): number => Math.max(...plain(text).split('\n').map((line) => Array.from(line).length));
  const wordsOf = (text: string): string[] =>
    plain(text)
      .split(/[\s/]+/)
      .filter((word) => word !== '' && !/^[▁▂▃▄▅▆▇█]+$/u.test(word));

  it('a run of 80 columns tells all that it tells elsewhere', async () => {
    await expect(renderRunTable(makeRunResult(), { wide: true, color: false, width: 80 })).toMatchFileSnapshot(
      'stories/run-table-80.txt',
    );
  });

  it('a comparison of 80 columns does, too', async () => {
    await expect(compared(SEEDS, 80)).toMatchFileSnapshot('stories/compare-table-80.txt');
  });

  it.each([50, 60, 72, 80, 100, 120, 300])('of %i columns no table is wider, and no word of it is lost', (width) => {
    const options = { wide: true, color: true };
    const all = renderRunTable(makeRunResult({ overrides: { digest: '0123456789abcdef'.repeat(2) } }), {
      ...options,
      width: null,
    });
    const fitted = renderRunTable(makeRunResult({ overrides: { digest: '0123456789abcdef'.repeat(2) } }), {
      ...options,
      width,
    });
    expect(widest(fitted)).toBeLessThanOrEqual(width);
    expect([...new Set(wordsOf(fitted))].sort(compareKeys)).toEqual([...new Set(wordsOf(all))].sort(compareKeys));
    if (width === 300) expect(fitted).toBe(all);
  });

  it('text is broken at words, with its colours on every line, and long words only when they must', () => {
    const paint = paintFor(true, 30);
    const table = renderTable(
      [textColumn('NAME'), textColumn('MEANING')],
      [['short', `${paint.good('one two three four')} five six seven`]],
      paint,
    );
    expect(table.split('\n').slice(1)).toEqual([
      `short  \u001b[32mone two three four\u001b[39m five`,
      '         six seven',
    ]);
    const painted = renderTable(
      [textColumn('NAME'), textColumn('MEANING')],
      [['short', paint.bad('aaaa bbbb cccc dddd eeee ffff')]],
      paint,
    )
      .split('\n')
      .slice(1);
    expect(painted).toEqual([
      `short  \u001b[31maaaa bbbb cccc dddd\u001b[39m`,
      `         \u001b[31meeee ffff\u001b[39m`,
    ]);
    const long = 'x'.repeat(40);
    expect(plain(renderTable([textColumn('NAME')], [[long]], paint)).replace(/\s|NAME/g, '')).toBe(long);
  });

  it('columns without room stand in a table of their own, each with the first column', () => {
    const columns = [textColumn('WHO'), ...['ALPHA', 'BETA', 'GAMMA', 'DELTA'].map(numberColumn)];
    expect(renderTable(columns, [['me', '1', '2', '3', '4'], ['you', '5', '6', '7', '8']], paintFor(false, 20))).toBe(
      'WHO  ALPHA  BETA\nme       1     2\nyou      5     6\n\nWHO  GAMMA  DELTA\nme       3      4\nyou      7      8',
    );
  });

  it('graphs have fewer bars', () => {
    const rows = [['a', '▁▁▁▁▁▁▁▁▁▁██████████']];
    expect(renderTable([textColumn('X'), graphColumn('G')], rows, paintFor(false, 13))).toBe('X  G\na  ▁▁▁▁▁█████');
  });
});

describe('tables and numbers', () => {
  it('aligns text to the left and numbers to the right', () => {
    expect(renderTable([textColumn('NAME'), numberColumn('PODS')], [['a', '1'], ['longer', '12345']])).toBe('NAME      PODS\na            1\nlonger   12345');
  });

  it('draws means or peaks as bars', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8, 0, 7)).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([0, 7, 0, 7], 2, 0, 7)).toBe('▅▅');
    expect(sparkline([0, 7, 0, 0], 2, 0, 7, 'peak')).toBe('█▁');
    expect(sparkline([], 8, 0, 1)).toBe('');
  });

  it.each([
    [0, '0s'], [0.000_004_2, '4.2µs'], [0.000_35, '350µs'], [0.0123, '12.3ms'], [0.999_6, '1s'], [4.56, '4.56s'], [59.94, '59.9s'], [59.96, '1m00s'], [272, '4m32s'],
    [3599.6, '1h00m'], [11_100, '3h05m'], [86_400, '1d00h'], [187_200, '2d04h'], [-5, '-5s'], [null, '-'], [Number.NaN, '-'],
  ])('writes %s seconds as %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });

  it.each([
    [0, '0'], [1234.4, '1234'], [12_345.6, '12,346'], [1_234_567, '1,234,567'], [999.95, '1000.0'], [12.34, '12.3'], [0.001_234, '0.00123'], [0.000_01, '1.00e-5'], [-2.5, '-2.5'],
  ])('writes the number %s as %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  it('writes counts, shares and identifiers', () => {
    expect([formatCount(9999), formatCount(-1_234_567.25, 2), formatShare(0.6132), formatShare(null), humanize('nodeCrash'), humanize('scale-up'), plainText('a\tb')]).toEqual([
      '9999', '-1,234,567.25', '61.3%', '-', 'node crash', 'scale up', 'a b',
    ]);
  });

  it('sorts keys: numbers by value, then words', () => {
    expect(['b', '100', '', '-5', 'a', '9'].sort(compareKeys)).toEqual(['-5', '9', '100', '', 'a', 'b']);
  });
});
