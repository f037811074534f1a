/** From folders of results to what their page shows: runs put together, compared where seeds allow it. */
import { measureRun } from '../experiment/measured-run.ts';
import { nodeHeat } from '../experiment/node-heat.ts';
import { knownMetrics } from '../experiment/paired-statistics.ts';
import { curvesOf } from '../experiment/run-curves.ts';
import { groupRuns } from '../experiment/run-groups.ts';
import type { GroupedRun, RunGroup, RunVariant } from '../experiment/run-groups.ts';
import { compareVariants } from '../experiment/variant-comparison.ts';
import { staysIn } from '../io/result-folders.ts';
import type { ResultFolder, RunFolder } from '../io/result-folders.ts';
import { shortMetricName } from '../metrics/metric-names.ts';
import type { ShownComparison } from '../report/compare-table.ts';
import { formatPlural } from '../report/format.ts';
import type {
  PageData,
  ShownExperiment,
  ShownHeat,
  ShownMetric,
  ShownRehearsal,
  ShownRun,
  ShownSweep,
} from '../report/page/page-data.ts';
import { shellWord } from './repeat-line.ts';
import { reportIn } from './sweep-output.ts';

/** Throws InputError for a sweep whose record is damaged. */
export function pageDataOf(folders: readonly ResultFolder[], version: string): PageData {
  const runs = folders.filter((one) => one.kind === 'run').map(openRun);
  const experiments = [
    ...folders.flatMap((one) => (one.kind === 'comparison' ? [comparedExperiment(one)] : [])),
    ...groupRuns(runs).map(runsExperiment),
  ];
  const rehearsals = folders.flatMap((one): ShownRehearsal[] =>
    one.kind === 'rehearsal' ? [{ folder: one.folder, result: one.rehearsal, repeat: one.rehearsal.repeat ?? '' }] : [],
  );
  const sweeps = folders.flatMap((one): ShownSweep[] => (one.kind === 'sweep' ? [shownSweep(one)] : []));
  return { version, remarks: remarksOn(experiments, rehearsals, sweeps, version), experiments, rehearsals, sweeps };
}

function remarksOn(
  experiments: readonly ShownExperiment[],
  rehearsals: readonly ShownRehearsal[],
  sweeps: readonly ShownSweep[],
  version: string,
): string[] {
  const names = [...new Set(experiments.map(({ scenario }) => scenario))];
  const scenarios = `${formatPlural(names.length, 'scenario')} (${names.join(', ')})`;
  const apart = `The runs are of ${scenarios}: their numbers stand apart and do not compare.`;
  const versions = [
    ...experiments.flatMap(({ runs }) => runs.map((run) => run.version)),
    ...rehearsals.map(({ result }) => result.version),
    ...sweeps.map(({ report }) => report.version),
  ];
  const others = [...new Set(versions.filter((one) => one !== version))];
  const made = `Some results were made by Podyard ${others.join(', ')}, and this page by ${version}`;
  const old = `${made}: numbers compare within one version only.`;
  return [...(names.length > 1 ? [apart] : []), ...(others.length > 0 ? [old] : [])];
}

type Comparison = Extract<ResultFolder, { kind: 'comparison' }>;

function comparedExperiment({ folder, comparison, runs }: Comparison): ShownExperiment {
  const { scenario, seeds, variants, metrics: pairs, version, resolvedScenario } = comparison;
  const metrics = pairs.map(shownMetric);
  const kept = new Map((runs?.runs ?? []).map((run) => [JSON.stringify([run.variant, run.seed]), run]));
  const shown = variants.flatMap(({ name, digests }, side) =>
    seeds.map((seed, i): ShownRun => {
      const own = kept.get(JSON.stringify([name, seed]));
      const fromPairs = (index: number): number | null =>
        (side === 0 ? pairs[index].valuesA : side === 1 ? pairs[index].valuesB : [])[i] ?? null;
      const values = metrics.map((metric, index) =>
        own === undefined ? fromPairs(index) : (own.metrics[metric.name] ?? null),
      );
      const curves = own?.curves ?? null;
      return {
        folder,
        variant: name,
        seed,
        digest: digests[i] ?? '',
        version,
        complete: true,
        simulatedSeconds: curves?.endSeconds ?? null,
        values,
        curves,
        repeat: '',
      };
    }),
  );
  const older =
    'The folder holds no runs.json, as an older Podyard wrote it: there are no waits and no series to draw.';
  const remarks = runs === null ? [older] : [];
  const repeat = comparison.repeat === undefined ? [] : [comparison.repeat];
  return {
    scenario,
    description: descriptionIn(resolvedScenario),
    variants,
    metrics,
    runs: shown,
    comparison,
    heats: [],
    remarks,
    repeat,
  };
}

function shownMetric({ name, unit }: Pick<ShownMetric, 'name' | 'unit'>): ShownMetric {
  return { name, shortName: shortMetricName(name), unit };
}

function descriptionIn(scenario: unknown): string {
  const description = (scenario as { readonly description?: unknown } | null)?.description;
  return typeof description === 'string' ? description : '';
}

interface OpenRun extends GroupedRun {
  readonly own: RunFolder;
}

function openRun(own: RunFolder): OpenRun {
  const { run, timeseries } = own;
  const curves = curvesOf({ ...run, timeseries });
  return {
    own,
    scenario: run.scenario,
    kubernetes: run.kubernetes,
    resolvedScenario: run.resolvedScenario,
    measured: { ...measureRun(run), curves },
  };
}

function runsExperiment({ scenario, variants }: RunGroup<OpenRun>): ShownExperiment {
  const all = variants.flatMap(({ runs }) => runs);
  const metrics = knownMetrics(all.map(({ measured }) => measured.metrics)).map(shownMetric);
  const runs = variants.flatMap((variant) => variant.runs.map((run) => shownRun(run, variant.name, metrics)));
  const repeated = variants.flatMap((variant) => variant.repeated.map(({ own }) => own.folder));
  const remarks = [
    ...(repeated.length === 0 ? [] : [`The same run as another folder, and counted once: ${repeated.join(', ')}.`]),
    ...notesOf(variants),
  ];
  return {
    scenario,
    description: all[0].own.run.description,
    variants,
    metrics,
    runs,
    comparison: comparisonOf(scenario, variants),
    heats: heatsOf(variants),
    remarks,
    repeat: [],
  };
}

/** What all say stands once; the others with their seed. */
function notesOf(variants: readonly RunVariant<OpenRun>[]): string[] {
  const runs = variants.flatMap(({ name, runs: own }) => own.map((run) => ({ name, run })));
  const told = runs.flatMap(({ name, run: { own, measured } }) => {
    const who = variants.length > 1 ? `${name}, seed ${measured.seed}` : `Seed ${measured.seed}`;
    return own.run.notes.map((note) => ({ note, who }));
  });
  return [...new Set(told.map(({ note }) => note))].map((note) => {
    const who = told.filter((one) => one.note === note).map((one) => one.who);
    return who.length === runs.length ? note : `${who.join('; ')}: ${note}`;
  });
}

function shownRun({ own, measured }: OpenRun, variant: string, metrics: readonly ShownMetric[]): ShownRun {
  const { seed, digest, version, complete, curves } = measured;
  const values = new Map(measured.metrics.map(({ name, value }) => [name, value]));
  const file = `${own.folder}/report.json`;
  return {
    folder: own.folder,
    variant,
    seed,
    digest,
    version,
    complete,
    simulatedSeconds: own.run.simulatedSeconds,
    values: metrics.map(({ name }) => values.get(name) ?? null),
    curves: curves ?? null,
    repeat: complete ? `jq .resolvedScenario ${shellWord(file)} | podyard run -` : '',
  };
}

const LEAST_PAIRS = 2;

/** Of the seeds that all variants have, whole; null: there are too few. */
function comparisonOf(scenario: string, variants: readonly RunVariant<OpenRun>[]): ShownComparison | null {
  if (variants.length < 2) return null;
  const bySeed = variants.map(
    ({ runs }) =>
      new Map(runs.filter(({ measured }) => measured.complete).map(({ measured }) => [measured.seed, measured])),
  );
  const seeds = [...bySeed[0].keys()].filter((seed) => bySeed.every((own) => own.has(seed)));
  if (seeds.length < LEAST_PAIRS) return null;
  const sides = variants.map(({ label }, i) => ({
    label,
    runs: seeds.flatMap((seed) => bySeed[i].get(seed) ?? []),
  }));
  return { scenario, seeds, ...compareVariants(sides), precision: [], limits: [] };
}

/** Pictures of nodes; the first seed of each variant has one. */
const MOST_HEATS = 4;

function heatsOf(variants: readonly RunVariant<OpenRun>[]): ShownHeat[] {
  return variants.slice(0, MOST_HEATS).flatMap(({ name, runs: [{ own, measured }] }): ShownHeat[] => {
    const endSeconds = own.run.simulatedSeconds;
    const stays = staysIn(own.folder, endSeconds);
    if (stays === null || stays.nodes.length === 0 || stays.pods.length === 0) return [];
    const nodes = nodeHeat(stays.pods, stays.nodes, endSeconds);
    return [{ variant: name, seed: measured.seed, endSeconds, nodes, nodeCount: stays.nodes.length }];
  });
}

function shownSweep({ folder, sweep }: Extract<ResultFolder, { kind: 'sweep' }>): ShownSweep {
  const report = reportIn(sweep, sweep.record(), { metrics: null, pareto: null });
  return { folder, report, repeat: `podyard sweep run SWEEP.yaml --out ${shellWord(folder)}` };
}
