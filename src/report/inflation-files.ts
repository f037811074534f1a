/** The files of an inflation experiment: every number as JSON, the curves as CSV, and a page with the paper's plots. */
import { stringify } from 'csv-stringify/sync';
import type { InflationReport, PolicyReport } from '../experiment/inflation-report.ts';
import { formatCount, formatPlural } from './format.ts';
import { PAGE_STYLE, SCRIPTLESS_POLICY } from './html-style.ts';
import { roundNumber, writeJson } from './json.ts';
import { drawCurvePlot, type CurveLine, type CurvePlot } from './plots/curve-plot.ts';
import { escapeText } from './plots/svg.ts';
import type { ReportFile } from './run-files.ts';

const COLORS = ['s6', 's1', 's4', 's3', 's0', 's2', 's5', 's7'] as const;

export function* renderInflationFiles(report: InflationReport): Generator<ReportFile> {
  yield { name: 'report.json', chunks: [inflationJson(report)] };
  yield { name: 'curves.csv', chunks: [curvesCsv(report)] };
  yield { name: 'report.html', chunks: [inflationPage(report)] };
}

export function inflationJson(report: InflationReport): string {
  const policies = report.policies.map((policy) => ({
    policy: policy.policy,
    allocation: columnsOf(policy.allocation),
    fragmentation: columnsOf(policy.fragmentation),
    runs: policy.runs,
  }));
  return `${writeJson({ ...report, policies }, '')}\n`;
}

function columnsOf(points: PolicyReport['allocation']): {
  readonly mean: readonly (number | null)[];
  readonly halfWidth: readonly (number | null)[];
} {
  return {
    mean: points.map(({ mean }) => roundNumber(mean)),
    halfWidth: points.map(({ halfWidth }) => (halfWidth === null ? null : roundNumber(halfWidth))),
  };
}

/** A line for each policy, run and percent of demand. */
export function curvesCsv(report: InflationReport): string {
  const rows = report.policies.flatMap(({ policy, runs }) =>
    runs.flatMap(({ run, allocation, fragmentation }) =>
      allocation.map((allocated, percent) => [policy, run, percent, allocated, fragmentation[percent] ?? null]),
    ),
  );
  const header = ['policy', 'run', 'arrivedPercent', 'allocatedPercent', 'fragmentedPercent'];
  return stringify([header, ...rows], { escape_formulas: true });
}

function inflationPage(report: InflationReport): string {
  const plots = plotsOf(report);
  const facts: readonly (readonly [string, string])[] = [
    ['Seed', report.seed],
    ['Podyard', report.version],
    ['Cluster', `${formatPlural(report.nodes, 'node')}, ${formatCount(report.capacity / 1000)} GPUs`],
    ['Pods on the list', formatCount(report.listedPods)],
    ['Runs of each policy', formatCount(report.policies[0]?.runs.length ?? 0)],
  ];
  const birth = facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${escapeText(value)}</dd></div>`).join('');
  const about = report.description === '' ? '' : `<p class="about">${escapeText(report.description)}</p>\n`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${SCRIPTLESS_POLICY}">
<meta name="generator" content="${escapeText(`Podyard ${report.version}`)}">
<title>${escapeText(report.experiment)} - Podyard</title>
<link rel="icon" href="data:,">
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
<header>
<h1>${escapeText(report.experiment)}</h1>
${about}<dl class="birth">${birth}</dl>
</header>
<h2>As demand grows</h2>
<div class="plots">
${plots.map(figure).join('\n')}
</div>
<footer>Means over the runs. Pods arrive one by one, none leaves, none is tried twice.</footer>
</main>
</body>
</html>
`;
}

function figure(plot: CurvePlot): string {
  const head = `<h3>${escapeText(plot.title)}</h3><p class="caption">${escapeText(plot.caption)}</p>`;
  return `<figure class="card full">${head}${drawCurvePlot(plot)}</figure>`;
}

function plotsOf(report: InflationReport): CurvePlot[] {
  const to = Math.min(...report.policies.map(({ allocation }) => allocation.length)) - 1;
  const lines = (pick: (policy: PolicyReport) => readonly number[]): CurveLine[] =>
    report.policies.map((policy, i) => ({
      name: policy.policy,
      color: COLORS[i % COLORS.length],
      values: pick(policy),
    }));
  const arrived = 'percent of the cluster\u2019s GPUs asked for so far (below)';
  const plots: CurvePlot[] = [
    {
      id: 'fragmentation',
      title: 'Fragmented GPUs',
      caption: `Expected over the typical pods, percent of the cluster\u2019s GPUs (left), by ${arrived}.`,
      from: 0,
      to,
      lines: lines(({ fragmentation }) => fragmentation.map(({ mean }) => mean)),
    },
    {
      id: 'allocation',
      title: 'Allocated GPUs',
      caption: `Percent of the cluster\u2019s GPUs (left), by ${arrived}.`,
      from: Math.min(80, to),
      to,
      lines: lines(({ allocation }) => allocation.map(({ mean }) => mean)),
    },
  ];
  return plots.filter((plot) => plot.to > plot.from && plot.lines.every(({ values }) => values.length > 0));
}
