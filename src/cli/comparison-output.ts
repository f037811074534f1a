/** A comparison as JSON, CSV, Markdown and as lines for Go's benchstat, with what its numbers were made from. */
import type { VariantMetric, Verdict } from '../experiment/compare-result.ts';
import type { Comparison } from '../experiment/compare.ts';
import type { MeasuredRun } from '../experiment/measured-run.ts';
import { knownMetrics } from '../experiment/paired-statistics.ts';
import type { OutputFile } from '../io/output-folder.ts';
import { pluginHashes } from '../io/plugin-hashes.ts';
import type { PluginHash } from '../io/plugin-hashes.ts';
import { shortMetricName } from '../metrics/metric-names.ts';
import { renderCompareMarkdown, renderCompareTable } from '../report/compare-table.ts';
import { isDifferent } from '../report/compare-values.ts';
import { summarySentence, verdictSentence } from '../report/compare-verdict.ts';
import { csvText } from '../report/csv.ts';
import { roundNumber, roundNumbers, writeJson } from '../report/json.ts';
import { resultScenario } from '../simulation/scenario-spelling.ts';
import type { Variant } from './comparison-variant.ts';
import type { Terminal } from './terminal.ts';

/** What the numbers of a comparison were made from. */
export interface BirthCertificate {
  /** As variant A has it. */
  readonly resolvedScenario: unknown;
  /** As B, C, ... have it; null: all the same. */
  readonly others: readonly unknown[] | null;
  readonly changes: readonly (readonly string[])[];
  readonly configurations: readonly unknown[];
  readonly plugins: readonly PluginHash[];
  /** The command line that makes it again. */
  readonly repeat: string;
}

export function birthOf(variants: readonly Variant[], repeat: string): BirthCertificate {
  const hashes = variants.flatMap(({ changed }) => pluginHashes(changed.scheduler.pluginFiles, changed.fileNames));
  const resolved = variants.map(({ changed }) => resultScenario(changed));
  const own = (variant: Variant): string => JSON.stringify(variant.changed.scheduler.pluginFiles);
  const isSame = variants.every((variant) => variant.changes.length === 0 && own(variant) === own(variants[0]));
  return {
    resolvedScenario: resolved[0],
    others: isSame ? null : resolved.slice(1),
    changes: variants.map(({ changes }) => changes),
    configurations: variants.map(({ scenario }) => scenario.scheduler.configuration),
    plugins: [...new Map(hashes.map((hash) => [JSON.stringify(hash), hash])).values()],
    repeat,
  };
}

export interface Told {
  readonly comparison: Comparison;
  readonly birth: BirthCertificate;
  /** By variant. */
  readonly runs: readonly (readonly MeasuredRun[])[];
}

export function comparisonFiles(told: Told): OutputFile[] {
  return [
    { name: 'comparison.json', chunks: [comparisonJson(told)] },
    { name: 'comparison.csv', chunks: [comparisonCsv(told.comparison)] },
    { name: 'runs.json', chunks: runsJson(told) },
  ];
}

/** Every number of every run, and what is drawn of it; a line a run. */
function* runsJson({ comparison, runs }: Told): Generator<string> {
  const { scenario, version, variants } = comparison;
  yield `{"schemaVersion":1,"scenario":${JSON.stringify(scenario)},"version":${JSON.stringify(version)},"runs":[`;
  let separator = '\n';
  for (const [i, { name }] of variants.entries()) {
    for (const { seed, digest, metrics, curves = null } of runs[i]) {
      const values = Object.fromEntries(metrics.map(({ name: path, value }) => [path, roundNumbers(value)]));
      yield separator + JSON.stringify({ variant: name, seed, digest, metrics: values, curves });
      separator = ',\n';
    }
  }
  yield '\n]}\n';
}

export function comparisonText(told: Told, format: string, terminal: Terminal): string {
  if (format === 'json') return comparisonJson(told);
  if (format === 'csv') return comparisonCsv(told.comparison);
  if (format === 'markdown') return renderCompareMarkdown(told.comparison);
  if (format === 'benchstat') return benchstatLines(told);
  return renderCompareTable(told.comparison, { color: terminal.hasColor('out'), width: terminal.width });
}

/** The fields in their order; what the comparison was made from is not rounded. */
function comparisonJson({ comparison, birth }: Told): string {
  const { scenario, version, seeds, labelA, labelB, digestsA, digestsB, seedsChangeNothing, metrics } = comparison;
  const { confidence, margin, variants, comparisons, precision, limits } = comparison;
  const json = {
    schemaVersion: 1,
    scenario,
    version,
    seeds,
    labelA,
    labelB,
    verdict: verdictOf(comparison),
    digestsA,
    digestsB,
    seedsChangeNothing,
    metrics: roundNumbers(metrics),
    confidence,
    margin,
    variants,
    comparisons: comparisons.map((metric) => ({
      ...roundNumbers<VariantMetric>(metric),
      sentence: verdictSentence(metric, comparison),
    })),
    precision: roundNumbers(precision),
    limits: roundNumbers(limits),
    ...named('configuration', variants, birth.configurations),
    plugins: birth.plugins,
    repeat: birth.repeat,
    ...(birth.others === null ? {} : named('changes', variants, birth.changes)),
    resolvedScenario: birth.resolvedScenario,
    ...(birth.others === null ? {} : named('resolvedScenario', variants.slice(1), birth.others)),
  };
  return `${writeJson(json, '')}\n`;
}

/** `configurationA`, `configurationB`, ... */
function named(
  field: string,
  variants: readonly { readonly name: string }[],
  values: readonly unknown[],
): Record<string, unknown> {
  return Object.fromEntries(variants.map(({ name }, i) => [`${field}${name}`, values[i]]));
}

/** In the order in which comparison.json lists them. */
const VERDICTS: readonly Verdict[] = ['better', 'worse', 'higher', 'lower', 'equal', 'same', 'unknown', 'absent'];

/** For programs: metrics by what is shown of them, and whether a limit is broken. */
function verdictOf({ variants, comparisons, limits }: Comparison): unknown {
  return {
    limitsBroken: limits.some(({ state }) => state === 'broken'),
    variants: variants.slice(1).map(({ name }) => {
      const own = comparisons.filter(({ variant }) => variant === name);
      const of = (verdict: Verdict): string[] =>
        own.filter((one) => one.verdict === verdict).map(({ metric }) => metric);
      return {
        variant: name,
        isDifferent: own.some(isDifferent),
        ...Object.fromEntries(VERDICTS.map((verdict) => [verdict, of(verdict)])),
        sentence: summarySentence(name, comparisons),
      };
    }),
  };
}

/** A line a metric and variant; the columns from `variant` on came later. */
function comparisonCsv({ comparisons }: Comparison): string {
  const number = (value: number | null): number | null => (value === null ? null : roundNumber(value));
  const isBesideZero = ({ differenceLow, differenceHigh }: VariantMetric): boolean =>
    (differenceLow ?? 0) > 0 || (differenceHigh ?? 0) < 0;
  const rows = comparisons.map((metric) => [
    metric.metric,
    metric.unit,
    metric.better,
    number(metric.base),
    number(metric.value),
    number(metric.difference),
    number(metric.differenceLow),
    number(metric.differenceHigh),
    isBesideZero(metric) ? 'yes' : 'no',
    metric.variant,
    number(metric.change),
    number(metric.changeLow),
    number(metric.changeHigh),
    number(metric.pValue),
    number(metric.adjustedPValue),
    metric.verdict,
    metric.moreSeeds,
    metric.pairs,
  ]);
  const before = ['metric', 'unit', 'better', 'a', 'b', 'meanDifference', 'low', 'high', 'significant'];
  const later = [
    'variant', 'change', 'changeLow', 'changeHigh', 'pValue', 'adjustedPValue', 'verdict', 'moreSeeds', 'pairs',
  ];
  return csvText([[...before, ...later], ...rows]);
}

const BENCHSTAT_UNITS: Readonly<Record<string, string>> = { s: 'sec', '': 'units' };

/**
 * Every run as lines of Go's benchmark format (https://pkg.go.dev/golang.org/x/perf/benchfmt), a line a metric:
 * `benchstat -col variant FILE` compares them.
 */
function benchstatLines({ comparison, runs }: Told): string {
  const { scenario, variants, comparisons, version } = comparison;
  const asked = new Set(comparisons.map(({ metric }) => metric));
  const known = knownMetrics(runs.flatMap((own) => own.map((run) => run.metrics)));
  const metrics = known.filter(({ name }) => asked.has(name));
  const lines = [`podyard: ${version}`, `scenario: ${oneLine(scenario)}`];
  variants.forEach(({ name, label }, i) => {
    lines.push('', `variant: ${name} ${oneLine(label)}`);
    for (const { name: path, unit } of metrics) {
      for (const run of runs[i]) {
        const value = run.metrics.find((metric) => metric.name === path)?.value ?? null;
        if (value === null) continue;
        lines.push(`Benchmark${benchmarkName(path)} 1 ${String(roundNumber(value))} ${BENCHSTAT_UNITS[unit] ?? unit}`);
      }
    }
  });
  return `${lines.join('\n')}\n`;
}

/** A name begins with a capital letter, and `-8` at its end would be a number of processors. */
function benchmarkName(path: string): string {
  const name = shortMetricName(path).replace(/\s/g, '_').replace(/-(?=\d+$)/, '_');
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
