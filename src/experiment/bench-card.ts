/**
 * The result card of a scheduler: what the standing benchmark measured of it, seed by seed, and what tells that it was
 * this scheduler. Plain data, JSON-safe, no word of a clock: the same scheduler twice gives the same bytes. Two cards
 * of one suite are compared pair by pair, all figures as one family of tests.
 */
import { meanHalfWidth } from '../base/statistics/mean-interval.ts';
import { shortMetricName } from '../metrics/metric-names.ts';
import type { BenchSuite, SuiteScenario } from './bench-suite.ts';
import type { Better, VariantMetric } from './compare-result.ts';
import type { MeasuredRun } from './measured-run.ts';
import { compareVariants } from './variant-comparison.ts';

export interface CardFigure {
  /** Path in report.json. */
  readonly metric: string;
  /** Without what goes without saying. */
  readonly shortName: string;
  readonly unit: string;
  readonly better: Better;
  /** By seed; null: a run without the figure. */
  readonly values: readonly (number | null)[];
  readonly mean: number | null;
  /** Of the mean, 95 %; null for fewer than two values. */
  readonly low: number | null;
  readonly high: number | null;
}

export interface CardScenario {
  readonly scenario: string;
  readonly seeds: readonly string[];
  /** Of the runs, by seed. */
  readonly digests: readonly string[];
  readonly figures: readonly CardFigure[];
}

export interface CardScheduler {
  readonly label: string;
  /** Changes of the scenarios, as for --set. */
  readonly changes: readonly string[];
  /** KubeSchedulerConfiguration; null: the scenarios' own. */
  readonly configuration: unknown;
  readonly plugins: readonly { readonly file: string; readonly sha256: string }[];
}

export interface BenchCard {
  readonly schemaVersion: 1;
  readonly suite: { readonly name: string; readonly version: number };
  /** Podyard's version. */
  readonly podyard: string;
  readonly scheduler: CardScheduler;
  readonly scenarios: readonly CardScenario[];
}

const CONFIDENCE = 0.95;

/** `runs`: by scenario, then by seed. */
export function benchCard(
  { name, version }: BenchSuite,
  podyard: string,
  scheduler: CardScheduler,
  played: readonly { readonly scenario: SuiteScenario; readonly runs: readonly MeasuredRun[] }[],
): BenchCard {
  const scenarios = played.map(({ scenario, runs }): CardScenario => ({
    scenario: scenario.name,
    seeds: runs.map(({ seed }) => seed),
    digests: runs.map(({ digest }) => digest),
    figures: scenario.metrics.map((metric) => figureOf(metric, runs)),
  }));
  return { schemaVersion: 1, suite: { name, version }, podyard, scheduler, scenarios };
}

function figureOf(path: string, runs: readonly MeasuredRun[]): CardFigure {
  const found = runs.map(({ metrics }) => metrics.find(({ name }) => name === path));
  const values = found.map((metric) => metric?.value ?? null);
  const known = values.filter((value) => value !== null);
  const mean = known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  const half = meanHalfWidth(known, CONFIDENCE);
  const some = found.find((metric) => metric !== undefined);
  return {
    metric: path,
    shortName: shortMetricName(path),
    unit: some?.unit ?? '',
    better: some?.better ?? 'neither',
    values,
    mean,
    low: mean === null || half === null ? null : mean - half,
    high: mean === null || half === null ? null : mean + half,
  };
}

/** null: this is no card. */
export function readBenchCard(text: string): BenchCard | null {
  try {
    const card = JSON.parse(text) as Partial<BenchCard> | null;
    const isWhole = card?.schemaVersion === 1 && Array.isArray(card.scenarios) && card.scenarios.every(isScenario);
    const isKnown = typeof card?.suite?.version === 'number' && typeof card.scheduler?.label === 'string';
    return isWhole && isKnown ? (card as BenchCard) : null;
  } catch {
    return null;
  }
}

function isScenario(value: unknown): value is CardScenario {
  const { scenario, seeds, digests, figures } = (value ?? {}) as Partial<CardScenario>;
  if (typeof scenario !== 'string' || !Array.isArray(seeds) || !Array.isArray(digests)) return false;
  const isFigure = (figure: unknown): boolean => {
    const { metric, values } = (figure ?? {}) as Partial<CardFigure>;
    return typeof metric === 'string' && Array.isArray(values) && values.length === seeds.length;
  };
  return Array.isArray(figures) && figures.every(isFigure);
}

/** A figure of one card beside that of another. */
export interface ComparedFigure extends VariantMetric {
  readonly scenario: string;
}

/** What of a card decides whether it can be compared. */
export interface CardOutline extends Pick<BenchCard, 'suite'> {
  readonly scenarios: readonly Pick<CardScenario, 'scenario' | 'seeds'>[];
}

/** What keeps two cards from being compared; null: nothing. */
export function whyNotCompared(base: BenchCard, card: CardOutline): string | null {
  const [one, other] = [base, card].map(({ suite }) => `${suite.name} ${String(suite.version)}`);
  if (one !== other) return `they are of two suites, ${one} and ${other}`;
  const shared = card.scenarios.filter((own) => pairOf(base, own) !== null);
  return shared.length === 0 ? 'they have no scenario with the same seeds in common' : null;
}

function pairOf(
  base: BenchCard,
  { scenario, seeds }: CardOutline['scenarios'][number],
): CardScenario | null {
  const found = base.scenarios.find((other) => other.scenario === scenario);
  return found !== undefined && found.seeds.join('\n') === seeds.join('\n') ? found : null;
}

/** Scenarios that both have, in the order of `card`; all figures are one family (Holm). */
export function compareCards(base: BenchCard, card: BenchCard): ComparedFigure[] {
  const pairs = card.scenarios.flatMap((own) => {
    const pair = pairOf(base, own);
    return pair === null ? [] : [{ base: pair, own }];
  });
  const count = Math.max(0, ...pairs.map(({ own }) => own.seeds.length));
  const column = (side: 'base' | 'own'): MeasuredRun[] =>
    Array.from({ length: count }, (_, i): MeasuredRun => ({
      seed: String(i),
      digest: pairs.map((pair) => pair[side].digests[i] ?? '').join(' '),
      version: card.podyard,
      complete: true,
      metrics: pairs.flatMap((pair) =>
        pair[side].figures.map(({ metric, unit, better, values }) => ({
          name: `${pair.own.scenario}\n${metric}`, unit, better, value: values[i] ?? null,
        })),
      ),
    }));
  if (count === 0) return [];
  const sides = [
    { label: base.scheduler.label, runs: column('base') },
    { label: card.scheduler.label, runs: column('own') },
  ];
  return compareVariants(sides).comparisons.map((compared) => {
    const [scenario, metric] = compared.metric.split('\n');
    return { ...compared, scenario, metric, shortName: shortMetricName(metric) };
  });
}
