/** The pictures of runs of one scenario: differences, waits, series over time, nodes over time, cost. */
import { mean } from '../../base/statistics/moments.ts';
import type { VariantMetric } from '../../experiment/compare-result.ts';
import {
  changeText, differenceUnit, displayUnit, intervalText, isDifferent, scaled, signed,
} from '../compare-values.ts';
import { compareKeys, formatCount, formatPlural } from '../format.ts';
import { HALF, WIDE } from '../plots/axes.ts';
import { drawDotPlot, scaleOf } from '../plots/dot-plot.ts';
import type { DotRow } from '../plots/dot-plot.ts';
import { drawOverlayPlot, hasMiddles } from '../plots/overlay-plot.ts';
import { drawPodsHeat } from '../plots/pods-heat.ts';
import { drawnPlot, drawnWaits } from '../plots/run-plots.ts';
import type { DrawnPlot } from '../plots/run-plots.ts';
import { valueText, verdictText } from './experiment-tables.ts';
import type { ShownExperiment, ShownHeat, ShownRun } from './page-data.ts';

/** Of the style sheet; of more runs than that all have one. */
const COLORS = 8;
/** Rows of differences; tables have the others. */
const MOST_ROWS = 24;

export function variantColor(index: number): string {
  return `s${String(index % COLORS)}`;
}

/** One dot a seed. null: there is nothing to compare, or nothing differs. */
export function differencePlot(experiment: ShownExperiment, id: string): DrawnPlot | null {
  const { comparison } = experiment;
  if (comparison === null) return null;
  const telling = comparison.comparisons.filter(({ verdict }) => verdict !== 'same' && verdict !== 'absent');
  const rank = ({ verdict }: VariantMetric): number => (verdict === 'unknown' ? 2 : verdict === 'equal' ? 1 : 0);
  const ordered = telling.toSorted((a, b) => rank(a) - rank(b)).slice(0, MOST_ROWS);
  const rows = ordered.flatMap((metric) => differenceRow(metric, experiment) ?? []);
  if (rows.length === 0) return null;
  const left = telling.length - ordered.length;
  const caption =
    'Each dot is one seed: the variant less A, on the same arrivals, sizes and failures. The bar is the interval of ' +
    'the mean, the tick the mean, the line zero. Each row has its own scale, told at its ends.' +
    (left > 0 ? ` ${formatPlural(left, 'more row')} stand in the table.` : '');
  const plot = { id: `${id}-differences`, title: 'Differences, seed by seed', caption, rows, hasZero: true };
  return drawnPlot(plot, drawDotPlot, WIDE);
}

function differenceRow(metric: VariantMetric, { metrics, runs, variants }: ShownExperiment): DotRow | null {
  const index = metrics.findIndex(({ name }) => name === metric.metric);
  if (index === -1) return null;
  const unit = displayUnit(metric.unit, [metric.base, metric.value]);
  const amount = differenceUnit(metric, unit);
  const format = (value: number): string => `${signed(value, unit)} ${amount}`.trimEnd();
  const base = new Map(runs.filter(({ variant }) => variant === 'A').map((run) => [run.seed, run]));
  const dots = runs.flatMap(({ variant, seed, values }) => {
    const [a, b] = [base.get(seed)?.values[index] ?? null, values[index] ?? null];
    if (variant !== metric.variant || a === null || b === null) return [];
    const pair = `${scaled(a, unit)} and ${scaled(b, unit)} ${unit.text}`.trimEnd();
    return [{ value: b - a, note: `seed ${seed}: ${format(b - a)} (${pair})` }];
  });
  if (dots.length === 0) return null;
  const range = intervalText(metric, unit);
  const change = isDifferent(metric) ? `${changeText(metric.change, metric.base)} ` : '';
  const word = metric.verdict === 'unknown' ? 'not shown' : verdictText(metric);
  const note = `${word}: ${change}${range === null ? '' : `(${range})`}`.trimEnd();
  return {
    name: variants.length > 2 ? `${metric.shortName}, ${metric.variant}` : metric.shortName,
    note,
    color: COLOR_OF[metric.verdict] ?? 's6',
    dots,
    mean: metric.difference,
    low: metric.differenceLow,
    high: metric.differenceHigh,
    format,
  };
}

const COLOR_OF: Readonly<Record<string, string>> = { better: 's2', worse: 's1', higher: 's0', lower: 's0' };

/** Longer ones would be cut in a legend; the list above the plots has them whole. */
const SHORT_LABEL = 20;

/** By variant where there are several, else by run where there are few. */
function nameAndColor(
  { variants, runs }: ShownExperiment,
  { variant, seed }: ShownRun,
): { name: string; color: string } {
  if (variants.length > 1) {
    const index = variants.findIndex(({ name }) => name === variant);
    const { label = '' } = variants[index] ?? {};
    const isShort = label !== '' && label.length <= SHORT_LABEL;
    return { name: isShort ? `${variant} ${label}` : variant, color: variantColor(index) };
  }
  const drawn = runs.filter(({ curves }) => curves !== null);
  if (drawn.length > COLORS) return { name: formatPlural(drawn.length, 'run'), color: variantColor(0) };
  return { name: `seed ${seed}`, color: variantColor(drawn.findIndex((run) => run.seed === seed)) };
}

/** What is said of all plots with a line a run. '': there are none. */
export function linesText(experiment: ShownExperiment): string {
  const { runs } = experiment;
  const drawn = runs.filter(({ curves }) => curves !== null);
  if (drawn.length === 0) return '';
  const count =
    drawn.length === runs.length ? '' : `${formatCount(drawn.length)} of ${formatPlural(runs.length, 'run')}: `;
  const early = drawn.some(({ complete }) => !complete) ? ' Incomplete runs end early.' : '';
  const lines = drawn.map((run) => nameAndColor(experiment, run));
  const bold = hasMiddles(lines) ? ' Over time the bold line is their mean.' : '';
  const peaks = ' Where samples are denser than the picture, the lowest and the highest are drawn.';
  return `${count}${count === '' ? 'One' : 'one'} line a run.${bold}${peaks}${early}`;
}

/** With a line a run: waits, then series over time. */
export function linePlots(experiment: ShownExperiment, id: string): DrawnPlot[] {
  return [...waitPlots(experiment, id), ...timePlots(experiment, id)];
}

function waitPlots(experiment: ShownExperiment, id: string): DrawnPlot[] {
  const drawn = experiment.runs.filter(({ curves }) => (curves?.waits.length ?? 0) > 0);
  if (drawn.length === 0) return [];
  const plot = {
    id: `${id}-waits`,
    title: 'Waits',
    caption: 'Share of pods that found a node within this time of their arrival.',
    curves: bySeed(drawn).map((run) => ({
      ...nameAndColor(experiment, run),
      steps: run.curves?.waits ?? [],
      isThin: drawn.length > 2,
    })),
  };
  return [drawnWaits(plot)];
}

const SERIES_TITLES: Readonly<Record<string, string>> = {
  'utilization.cpu': 'CPU utilization',
  'utilization.memory': 'Memory utilization',
  'pods.pending': 'Pending pods',
  'pods.running': 'Running pods',
  'nodes.total': 'Nodes',
  'nodes.ready': 'Ready nodes',
};
const MOST_SERIES = 8;

function timePlots(experiment: ShownExperiment, id: string): DrawnPlot[] {
  const drawn = experiment.runs.flatMap((run) => (run.curves === null ? [] : [{ run, curves: run.curves }]));
  const found = [...new Set(drawn.flatMap(({ curves }) => Object.keys(curves.series)))].sort(compareKeys);
  const known = Object.keys(SERIES_TITLES).filter((name) => found.includes(name));
  const names = [...known, ...found.filter((name) => !known.includes(name))];
  const changing = names.filter(
    (name) => name !== 'nodes.ready' && drawn.some(({ curves }) => isChanging(curves.series[name] ?? [])),
  );
  const endSeconds = drawn.reduce((most, { curves }) => Math.max(most, curves.endSeconds), 0);
  return changing.slice(0, MOST_SERIES).map((name): DrawnPlot => {
    const isShare = name.startsWith('utilization.');
    const plot = {
      id: `${id}-${name.replace(/[^\w-]/gu, '-')}`,
      title: SERIES_TITLES[name] ?? name.replace(/^utilization\./u, 'Utilization, '),
      caption: isShare ? 'Requested / allocatable of all nodes.' : 'Count over simulated time.',
      quantity: isShare ? 'share' : 'count',
      endSeconds,
      lines: bySeed(experiment.runs).flatMap((run) =>
        run.curves === null ? [] : [{ ...nameAndColor(experiment, run), points: run.curves.series[name] ?? [] }],
      ),
    } as const;
    return drawnPlot(plot, drawOverlayPlot, HALF);
  });
}

/** Seed by seed, so that no variant lies over all of another. */
function bySeed(runs: readonly ShownRun[]): ShownRun[] {
  const seeds = [...new Set(runs.map(({ seed }) => seed))];
  return runs.toSorted((a, b) => seeds.indexOf(a.seed) - seeds.indexOf(b.seed));
}

function isChanging(points: readonly (readonly [number, number])[]): boolean {
  return points.some(([, value]) => value !== points[0][1]);
}

/** One for each of the experiment's. */
export function heatPlots({ heats, variants }: ShownExperiment, id: string): DrawnPlot[] {
  const most = heats.reduce(
    (high, { nodes }) =>
      nodes.reduce((own, { pods }) => pods.reduce<number>((top, value) => Math.max(top, value ?? 0), own), high),
    0,
  );
  return heats.map((heat, i): DrawnPlot => {
    const whose = variants.length > 1 ? `variant ${heat.variant}, seed ${heat.seed}` : `seed ${heat.seed}`;
    const plot = {
      id: `${id}-heat-${String(i)}`,
      title: `Pods on nodes: ${whose}`,
      caption: heatCaption(heat, heats.length > 1),
      endSeconds: heat.endSeconds,
      nodes: heat.nodes,
      most: Math.max(1, most),
    };
    return drawnPlot(plot, drawPodsHeat, WIDE);
  });
}

function heatCaption({ nodes, nodeCount }: ShownHeat, isShared: boolean): string {
  const part =
    nodes.length === nodeCount
      ? 'A row a node'
      : `${formatCount(nodes.length)} of ${formatCount(nodeCount)} nodes, evenly spread`;
  const scale = isShared ? ' Pictures of this scenario have one scale.' : '';
  const shade = 'the shade is the mean number of pods in a 96th of the time, blank where there was no node';
  return `${part}, by pool; ${shade}.${scale}`;
}

const COSTS: readonly (readonly [string, string])[] = [
  ['cost.total', 'Cost'],
  ['cost.nodeHours', 'Node-hours'],
];

/** null: there are not two runs, or all cost the same. */
export function costPlot({ metrics, runs, variants }: ShownExperiment, id: string): DrawnPlot | null {
  const whole = runs.filter(({ complete }) => complete);
  if (whole.length < 2) return null;
  const rows = COSTS.flatMap(([name, title]): DotRow[] => {
    const index = metrics.findIndex((metric) => metric.name === name);
    const values = whole.map((run) => run.values[index] ?? null);
    // What is the same in all runs stands in the table.
    if (index === -1 || values.every((value) => value === values[0])) return [];
    const format = (value: number): string => valueText('', Number(value.toPrecision(6)));
    const all = values.flatMap((value) => (value === null ? [] : [{ value, note: '' }]));
    const scale = scaleOf({ dots: all, low: null, high: null, mean: null }, false);
    return variants.map(({ name: variant, label }, i): DotRow => {
      const own = whole.filter((run) => run.variant === variant);
      const dots = own.flatMap(({ seed, values: found }) => {
        const value = found[index] ?? null;
        return value === null ? [] : [{ value, note: `seed ${seed}: ${format(value)}` }];
      });
      const middle = dots.length === 0 ? null : mean(dots.map(({ value }) => value));
      const named = variants.length > 1 ? `${title}, ${variant} ${label}`.trimEnd() : title;
      const note = middle === null ? 'no run' : `mean ${format(middle)}`;
      return {
        name: named,
        note,
        color: variantColor(i),
        dots,
        mean: middle,
        low: null,
        high: null,
        format,
        scale,
      };
    });
  });
  if (rows.length === 0) return null;
  const caption =
    'Each dot is one run, the tick the mean of its variant. ' +
    'Rows of one measure have one scale, which need not begin at zero.';
  return drawnPlot({ id: `${id}-cost`, title: 'Cost', caption, rows, hasZero: false }, drawDotPlot, WIDE);
}
