/** `podyard bench`: plays the suite, and tells the card. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError, nearestName } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { benchCard, compareCards, readBenchCard, whyNotCompared } from '../experiment/bench-card.ts';
import type { BenchCard } from '../experiment/bench-card.ts';
import { readBenchSuite } from '../experiment/bench-suite.ts';
import type { BenchSuite, SuiteScenario } from '../experiment/bench-suite.ts';
import type { MeasuredRun } from '../experiment/measured-run.ts';
import { createInputFiles } from '../io/input-files.ts';
import { pluginHashes } from '../io/plugin-hashes.ts';
import { createRunsProgress } from '../io/progress.ts';
import { listenForStop } from '../io/run-simulation.ts';
import { sweepOnThreads } from '../io/sweep-pool.ts';
import { renderCardMarkdown, renderCardTable, renderCardsMarkdown } from '../report/bench-table.ts';
import type { ShownCard } from '../report/bench-table.ts';
import { roundNumbers, writeJson } from '../report/json.ts';
import { paintFor, plainText, renderTable, textColumn } from '../report/table.ts';
import type { Scenario } from '../simulation/scenario.ts';
import { readOnlyDocument } from '../workload/manifests/documents.ts';
import { mappingOf } from '../base/structure.ts';
import type { CommandContext } from './command.ts';
import { EXIT_OK, exitCodeOf } from './command.ts';
import { ProblemsOnce, openedOnce, readVariant, tellingOnce } from './comparison-variant.ts';
import { claimFolder, progressOptions, tellWritten } from './execute-run.ts';
import { RuntimeFailure, tellWarnings } from './failures.ts';
import { GivenOptions } from './options.ts';
import { gathering, scenarioFrom } from './scenario-input.ts';
import { wordsOf } from './variant-words.ts';
import type { VariantWords } from './variant-words.ts';

const OWN_SUITE = fileURLToPath(new URL('../../workloads/bench/suite.yaml', import.meta.url));

export async function executeBench(given: GivenOptions, context: CommandContext): Promise<number> {
  if (given.isGiven('show')) return tellCards(given, context);
  const folder = claimFolder(given);
  const problems: Problem[] = [];
  const suite = gathering(problems, () => readBenchSuite(given.text('suite') ?? OWN_SUITE, createInputFiles()));
  const chosen = suite === undefined ? undefined : gathering(problems, () => chosenOf(suite, given.list('only')));
  const words = gathering(problems, () => schedulerWords(given));
  const base = gathering(problems, () => cardAt(given.text('against'), '--against'));
  if (problems.length > 0 || suite === undefined || chosen === undefined || words === undefined || base === undefined)
    throw new InputError(problems);
  if (given.flag('list')) return tellSuite(suite, chosen, context);
  if (base !== null) checkBase(base, suite, chosen);
  const variants = await readSuite(chosen, words, context);
  folder?.lock();
  const stop = listenForStop();
  try {
    const runs = await playSuite(chosen, suite.seeds, variants.map(({ scenario }) => scenario), {
      given,
      context,
      isStopped: () => stop.received !== null,
    });
    if (runs === null) {
      tellWarnings([`stopped by ${stop.received ?? ''} before the last run: there is no card`], context);
      return exitCodeOf(stop.received ?? 'SIGINT');
    }
    const [{ scenario, changed }] = variants;
    const card = benchCard(
      suite,
      context.version,
      {
        label: given.text('label') ?? (words.label === '' ? 'default' : words.label),
        changes: words.changes,
        configuration:
          words.configurationFile === null && words.pluginFiles.length === 0 ? null : scenario.scheduler.configuration,
        plugins: pluginHashes(changed.scheduler.pluginFiles, {}).map(({ file, sha256 }) => ({
          file: basename(file),
          sha256,
        })),
      },
      chosen.map((one, i) => ({ scenario: one, runs: runs[i] })),
    );
    const shown = shownCard(card, base);
    const written = folder?.write([
      { name: 'card.json', chunks: [cardJson(card)] },
      { name: 'card.md', chunks: [renderCardMarkdown(shown)] },
    ]) ?? null;
    context.terminal.out(cardText(shown, given.text('output') ?? 'table', context));
    return tellWritten(written, given, context);
  } finally {
    stop.release();
    folder?.release();
  }
}

function chosenOf({ scenarios }: BenchSuite, only: readonly string[]): readonly SuiteScenario[] {
  const names = only.flatMap((word) => word.split(',')).map((name) => name.trim());
  const known = scenarios.map(({ name }) => name);
  const problems = names.filter((name) => !known.includes(name)).map((name): Problem => {
    const message = `--only: the suite has no scenario ${name}, it has ${known.join(', ')}`;
    return { message, suggestion: nearestName(name, known) };
  });
  if (problems.length > 0) throw new InputError(problems);
  return names.length === 0 ? scenarios : scenarios.filter(({ name }) => names.includes(name));
}

/** What makes the scheduler: the words of a variant. */
function schedulerWords(given: GivenOptions): VariantWords {
  const files = createInputFiles();
  const scheduler = given.text('scheduler');
  const problems = [
    ...given.list('plugin').map((file) => ['--plugin', file]),
    ...(scheduler === null ? [] : [['--scheduler', scheduler]]),
  ]
    .filter(([, file]) => !files.isFile(file))
    .map(([option, file]): Problem => ({ message: `${option}: no such file: ${file}` }));
  if (problems.length > 0) throw new InputError(problems);
  const parts = [...(scheduler === null ? [] : [scheduler]), ...given.list('plugin'), ...given.list('set')];
  return wordsOf('--set', parts);
}

function cardAt(file: string | null, option: string): BenchCard | null {
  if (file === null) return null;
  const files = createInputFiles();
  if (!files.isFile(file)) throw new InputError({ message: `${option}: no such file: ${file}` });
  const card = readBenchCard(readFileSync(file, 'utf8'));
  if (card === null) throw new InputError({ file, message: 'expected a card of podyard bench (card.json)' });
  return card;
}

type ReadVariant = Awaited<ReturnType<typeof readVariant>>;

/** By scenario. Throws an InputError with the problems of all, each once. */
async function readSuite(
  chosen: readonly SuiteScenario[],
  words: VariantWords,
  context: CommandContext,
): Promise<ReadVariant[]> {
  const problems = new ProblemsOnce();
  const once = tellingOnce(context);
  const open = openedOnce();
  const variants: ReadVariant[] = [];
  for (const { file } of chosen) {
    const given = new GivenOptions({ scenario: file }, {});
    try {
      variants.push(
        await readVariant((changed, told) => scenarioFrom({ file }, changed, told), words, given, once, open),
      );
    } catch (error) {
      problems.note(error);
    }
  }
  problems.throwIfAny();
  return variants;
}

interface Surroundings {
  readonly given: GivenOptions;
  readonly context: CommandContext;
  readonly isStopped: () => boolean;
}

/** By scenario, then by seed; null: stopped. Throws RuntimeFailure with the first run that failed. */
async function playSuite(
  chosen: readonly SuiteScenario[],
  seeds: readonly string[],
  scenarios: readonly Scenario[],
  { given, context, isStopped }: Surroundings,
): Promise<MeasuredRun[][] | null> {
  const cells = chosen.flatMap(({ name }, i) =>
    seeds.map((seed, j) => ({
      label: `${name}, seed ${seed}`,
      place: [i, j] as const,
      scenario: { ...scenarios[i], seed, metrics: { ...scenarios[i].metrics, pods: 'none' as const } },
    })),
  );
  const runs = chosen.map((): MeasuredRun[] => []);
  const progress = createRunsProgress({ ...progressOptions(given, context), labels: cells.map(({ label }) => label) });
  const failures: string[] = [];
  const isTold = !given.flag('quiet') && given.text('progress') !== 'none';
  let ended = 0;
  try {
    const isDone = await sweepOnThreads(cells.length, (index) => cells[index].scenario, {
      jobs: given.number('jobs') ?? availableParallelism(),
      version: context.version,
      plain: given.flag('plain'),
      patienceSeconds: 60,
      onProgress: (index, facts) => { progress.update(index, facts); },
      onOutcome: (index, outcome) => {
        progress.end(index);
        const { label, place: [i, j] } = cells[index];
        ended++;
        if ('failure' in outcome) failures.push(`${label}: ${outcome.failure}`);
        else {
          runs[i][j] = outcome.run;
          const at = `run ${String(ended)} of ${String(cells.length)}`;
          if (isTold) context.terminal.err(`${at} (${label}): digest ${outcome.run.digest}\n`);
        }
      },
      isStopped: () => failures.length > 0 || isStopped(),
    });
    if (failures.length > 0) throw new RuntimeFailure(failures[0]);
    return isDone ? runs : null;
  } finally {
    progress.done();
  }
}

/** Throws InputError when the card to come cannot be compared with the base. */
function checkBase(base: BenchCard, { name, version, seeds }: BenchSuite, chosen: readonly SuiteScenario[]): void {
  const scenarios = chosen.map((scenario) => ({ scenario: scenario.name, seeds }));
  const reason = whyNotCompared(base, { suite: { name, version }, scenarios });
  if (reason !== null) throw new InputError({ message: `--against: the cards cannot be compared: ${reason}` });
}

function shownCard(card: BenchCard, base: BenchCard | null): ShownCard {
  if (base === null) return { card, against: null };
  return { card, against: { label: base.scheduler.label, figures: compareCards(base, card) } };
}

export function cardJson(card: BenchCard): string {
  const scenarios = card.scenarios.map(({ figures, ...scenario }) => ({ ...scenario, figures: roundNumbers(figures) }));
  return `${writeJson({ ...card, scenarios }, '')}\n`;
}

function cardText(shown: ShownCard, format: string, { terminal }: CommandContext): string {
  if (format === 'markdown') return renderCardMarkdown(shown);
  if (format === 'table') return renderCardTable(shown, paintFor(terminal.hasColor('out'), terminal.width));
  if (shown.against === null) return cardJson(shown.card);
  const { label, figures } = shown.against;
  return `${writeJson({ card: JSON.parse(cardJson(shown.card)) as unknown, against: { label, figures: roundNumbers(figures) } }, '')}\n`;
}

function tellSuite(suite: BenchSuite, chosen: readonly SuiteScenario[], context: CommandContext): number {
  const { name, version, seeds } = suite;
  const rows = chosen.map((scenario) => [
    scenario.name,
    describe(scenario.file),
    String(scenario.metrics.length),
  ]);
  const head = `${plainText(name)} ${String(version)}: ${String(chosen.length)} scenarios, ${String(seeds.length)} seeds each`;
  context.terminal.out(`${head}\n\n${renderTable(['SCENARIO', 'WHAT', 'FIGURES'].map(textColumn), rows)}\n`);
  return EXIT_OK;
}

/** The scenario's own description. */
function describe(file: string): string {
  const { description } = mappingOf(readOnlyDocument(readFileSync(file, 'utf8'), file, 'scenario').document.value);
  return typeof description === 'string' ? plainText(description) : '';
}

/** Cards side by side; the first is the base. */
function tellCards(given: GivenOptions, context: CommandContext): number {
  const problems: Problem[] = [];
  const cards = given.list('show').flatMap((file) => gathering(problems, () => cardAt(file, '--show')) ?? []);
  const [first, ...others] = cards;
  for (const card of others) {
    const reason = whyNotCompared(first, card);
    if (reason === null) continue;
    const names = `${first.scheduler.label} and ${card.scheduler.label}`;
    problems.push({ message: `--show: ${names} cannot be compared: ${reason}` });
  }
  if (problems.length > 0) throw new InputError(problems);
  context.terminal.out(renderCardsMarkdown(cards, others.map((card) => compareCards(first, card))));
  return EXIT_OK;
}
