/** Replays recordings file by file, and prints how many decisions are equal and how the others differ. */
import { InputError } from '../base/input-error.ts';
import { ConformanceRun } from '../conformance/conformance-run.ts';
import type { Difference, SuiteResult } from '../conformance/conformance-run.ts';
import { linesOf, recordingsIn } from '../io/recordings.ts';
import { timeZones } from '../io/time-zones.ts';
import { formatCount } from '../report/format.ts';
import { writeJson } from '../report/json.ts';
import { numberColumn, paintFor, plainText, renderTable, textColumn } from '../report/table.ts';
import type { Paint } from '../report/table.ts';
import { pluginRegistry } from '../scheduler/plugins/registry.ts';
import type { CommandContext } from './command.ts';
import { EXIT_FAILURE, EXIT_OK } from './command.ts';
import type { GivenOptions } from './options.ts';
import { compareSchedule, schedulesIn } from './published-easy.ts';
import { comparePublishedFgd, isPublishedFgd } from './published-fgd.ts';

interface TimedSuite extends SuiteResult {
  readonly seconds: number;
}

export async function executeConformance(given: GivenOptions, context: CommandContext): Promise<number> {
  const paths = given.positionals('paths');
  const suites: TimedSuite[] = [];
  const isOther = (path: string): boolean => isPublishedFgd(path) || schedulesIn(path).length > 0;
  for (const path of paths.filter(isOther)) suites.push(...(await replayPublished(path, given, context)));
  const files = recordingsIn(paths.filter((path) => !isOther(path)));
  for (const [i, file] of files.entries()) {
    if (!given.flag('quiet') && context.terminal.errorStream.isTTY === true)
      context.terminal.err(`\r\u001b[2K${String(i + 1)} of ${String(files.length)}   ${plainText(file)}`);
    suites.push(...(await replayFile(file, given)));
  }
  if (!given.flag('quiet') && context.terminal.errorStream.isTTY === true) context.terminal.err('\r\u001b[2K');
  const paint = paintFor(context.terminal.hasColor('out'), context.terminal.width);
  context.terminal.out(
    given.text('output') === 'json' ? jsonOf(suites) : tableOf(suites, given.number('differences') ?? 10, paint),
  );
  const replayed = suites.filter((suite) => suite.skipped === '');
  if (replayed.every((suite) => suite.decisions === 0))
    throw new InputError({ message: 'the recordings hold no decision that can be replayed' });
  return replayed.every(isEqual) ? EXIT_OK : EXIT_FAILURE;
}

async function replayPublished(path: string, given: GivenOptions, { terminal }: CommandContext): Promise<TimedSuite[]> {
  const schedules = schedulesIn(path);
  if (schedules.length > 0) {
    return schedules.flatMap((file) => {
      const begun = performance.now();
      const result = compareSchedule(file, given.number('differences') ?? 10);
      return timed([result], (performance.now() - begun) / 1000);
    });
  }
  const started = performance.now();
  const results = await comparePublishedFgd(path, {
    traces: given.text('traces'),
    plain: given.flag('plain'),
    kept: given.number('differences') ?? 10,
    onSuite: (done, all) => {
      if (!given.flag('quiet') && terminal.errorStream.isTTY === true)
        terminal.err(`\r\u001b[2K${String(done)} of ${String(all)}   ${path}`);
    },
  });
  return timed(results, (performance.now() - started) / 1000);
}

async function replayFile(file: string, given: GivenOptions): Promise<TimedSuite[]> {
  const run = new ConformanceRun(file, {
    registry: pluginRegistry(),
    plain: given.flag('plain'),
    keptDifferences: given.number('differences') ?? 10,
    timeZones,
  });
  const started = performance.now();
  for await (const line of linesOf(file)) run.line(line);
  const seconds = (performance.now() - started) / 1000;
  return timed(run.results(), seconds);
}

/** One clock for the file: its suites share the time by their decisions. */
function timed(results: readonly SuiteResult[], seconds: number): TimedSuite[] {
  const decisions = results.reduce((sum, suite) => sum + suite.decisions, 0);
  return results.map((suite) => ({ ...suite, seconds: decisions === 0 ? 0 : (seconds * suite.decisions) / decisions }));
}

/** A difference may also stand outside any decision: a sum over a whole stream. */
function isEqual(suite: SuiteResult): boolean {
  return suite.equal === suite.decisions && suite.parts.length === 0;
}

function total(suites: readonly TimedSuite[], pick: (suite: TimedSuite) => number): number {
  return suites.reduce((sum, suite) => sum + pick(suite), 0);
}

function rate(decisions: number, seconds: number): number {
  return seconds > 0 ? Math.round(decisions / seconds) : 0;
}

function jsonOf(suites: readonly TimedSuite[]): string {
  const replayed = suites.filter((suite) => suite.skipped === '');
  return `${writeJson(
    {
      decisions: total(replayed, (suite) => suite.decisions),
      equal: total(replayed, (suite) => suite.equal),
      suites: replayed.map(({ suite, file, decisions, equal, seconds }) => ({
        suite,
        file,
        decisions,
        equal,
        decisionsPerSecond: rate(decisions, seconds),
      })),
      notCovered: suites.filter(hasGaps).map(({ suite, file, notCovered }) => ({
        suite,
        file,
        cases: leftOut([{ notCovered }]),
        kinds: Object.fromEntries(notCovered.map(({ kind, cases }) => [kind, cases])),
      })),
      notReplayed: suites
        .filter((suite) => suite.skipped !== '')
        .map(({ suite, file, skipped }) => ({ suite, file, reason: skipped })),
    },
    '',
  )}\n`;
}

function tableOf(suites: readonly TimedSuite[], shown: number, paint: Paint): string {
  const replayed = suites.filter((suite) => suite.skipped === '');
  const columns = [
    textColumn('SUITE'),
    textColumn('FILE'),
    numberColumn('DECISIONS'),
    numberColumn('EQUAL'),
    numberColumn('DIFFERENT'),
    numberColumn('DECISIONS/S'),
    textColumn(''),
  ];
  const row = (
    name: string,
    file: string,
    decisions: number,
    equal: number,
    seconds: number,
    verdict: string,
  ): string[] => [
    plainText(name),
    plainText(file),
    formatCount(decisions),
    formatCount(equal),
    formatCount(decisions - equal),
    formatCount(rate(decisions, seconds)),
    verdict,
  ];
  const rows = replayed.map((suite) =>
    row(
      suite.suite,
      suite.file,
      suite.decisions,
      suite.equal,
      suite.seconds,
      isEqual(suite) ? paint.good('equal') : paint.bad('DIFFERENT'),
    ),
  );
  const all = row(
    'all',
    '',
    total(replayed, (suite) => suite.decisions),
    total(replayed, (suite) => suite.equal),
    total(replayed, (suite) => suite.seconds),
    '',
  );
  const sections = [renderTable(columns, [...rows, all], paint)];
  const skipped = suites.filter((suite) => suite.skipped !== '' && !hasGaps(suite));
  if (skipped.length > 0)
    sections.push(
      ['Not replayed:', ...skipped.map((suite) => `  ${plainText(suite.suite)} (${plainText(suite.file)})`)].join('\n'),
    );
  if (suites.some(hasGaps)) sections.push(gapsText(suites.filter(hasGaps)));
  const parts = replayed.filter((suite) => suite.parts.length > 0);
  if (parts.length > 0)
    sections.push(
      [
        'Differences by part:',
        ...parts.map(
          (suite) =>
            `  ${plainText(suite.suite)}: ${suite.parts.map(({ part, decisions }) => `${plainText(part)} ${formatCount(decisions)}`).join(', ')}`,
        ),
      ].join('\n'),
    );
  const differences = replayed
    .flatMap((suite) => suite.differences.map((difference) => ({ suite, difference })))
    .slice(0, shown);
  for (const { suite, difference } of differences) sections.push(differenceText(suite, difference, paint));
  return `${sections.join('\n\n')}\n`;
}

function hasGaps({ notCovered }: Pick<SuiteResult, 'notCovered'>): boolean {
  return notCovered.length > 0;
}

function leftOut(suites: readonly Pick<SuiteResult, 'notCovered'>[]): number {
  return suites.reduce((sum, { notCovered }) => sum + notCovered.reduce((cases, kind) => cases + kind.cases, 0), 0);
}

function gapsText(suites: readonly TimedSuite[]): string {
  const lines = suites.map((suite) => {
    const kinds = suite.notCovered.map(({ kind, cases }) => `${plainText(kind)} ${formatCount(cases)}`).join(', ');
    const what = suite.skipped === '' ? 'these kinds are not simulated' : 'nothing of it is simulated';
    return `  ${plainText(suite.suite)} (${plainText(suite.file)}): ${what}: ${kinds}`;
  });
  return [
    `Not covered, and counted neither as equal nor as different: ${formatCount(leftOut(suites))} cases`,
    ...lines,
  ].join('\n');
}

function differenceText(
  suite: SuiteResult, { line, seed, decision, part, expected, got }: Difference, paint: Paint,
): string {
  const place = `${suite.file}:${String(line)}`;
  const head = `${paint.strong(plainText(suite.suite))}  ${plainText(place)}${seed === null ? '' : `  seed ${String(seed)}`}  ${plainText(decision)}: ${plainText(part)}`;
  return [head, `  expected  ${valueText(expected)}`, `  got       ${valueText(got)}`].join('\n');
}

function valueText(value: unknown): string {
  return typeof value === 'string' ? plainText(value) : plainText(JSON.stringify(value) ?? 'nothing');
}
