/**
 * The `--out` folder of a run, as a command takes it in place of a scenario: its report, and what was kept of the run.
 * A run that is played again to its end must have the digest of its report.
 */
import { InputError } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import { createInputFiles } from '../io/input-files.ts';
import { KEPT_FILE, readKeptFile } from '../io/kept-file.ts';
import type { KeptRun } from '../io/kept-file.ts';
import type { FileReader } from '../workload/manifests/file-reader.ts';
import type { CommandContext } from './command.ts';
import { tellWarnings } from './failures.ts';
import type { GivenOptions } from './options.ts';
import { readScenarioFor, scenarioFrom } from './scenario-input.ts';
import type { LocatedScenario } from './scenario-input.ts';

const REPORT = 'report.json';
/** Options with which it is another run. */
const CHANGES = ['seed', 'kubernetes', 'set', 'scheduler', 'plugin'];

/** A scenario that is to be played, and what has to come out. */
export interface PlayableRun extends LocatedScenario {
  /** The run as its report tells it, where it is the same one and was whole; else null. */
  readonly reported: ReportedRun | null;
}

interface ReportedRun {
  readonly file: string;
  readonly digest: string;
}

export interface ReadRun extends PlayableRun {
  /** null: the run has to be played. */
  readonly kept: KeptRun | null;
}

/** A scenario file, or the folder of a run; says why what was kept there is of no use. */
export async function readRun(path: string, given: GivenOptions, context: CommandContext): Promise<ReadRun> {
  const run = await readPlayable(path, given, context);
  const files = createInputFiles();
  const report = path === '-' || !files.isFolder(path) ? null : reportIn(path, files);
  return { ...run, kept: report === null ? null : keptIn(path, report, files, given, context) };
}

/** The same for a command that plays every run, whether something was kept of it or not. */
export async function readPlayable(path: string, given: GivenOptions, context: CommandContext): Promise<PlayableRun> {
  const files = createInputFiles();
  if (path === '-' || !files.isFolder(path)) {
    return { ...(await readScenarioFor(path, given, context)), reported: null };
  }
  const report = reportIn(path, files);
  if (report !== null) return readReported(report, files, given, context);
  const message = `expected a scenario, or the --out folder of a run: ${path} holds no ${REPORT}`;
  throw new InputError({ message });
}

/** Path of a folder's report; null: it has none. */
export function reportIn(folder: string, files: FileReader): string | null {
  const report = files.resolve(`${folder}/${REPORT}`, REPORT);
  return files.isFile(report) ? report : null;
}

/** The scenario of a run, as its report holds it; the files that it names are sought from the working directory. */
export function readReported(
  file: string, files: FileReader, given: GivenOptions, context: CommandContext,
): PlayableRun {
  const { resolvedScenario = null, seed, digest, complete, version } = reportOf(files.read(file));
  if (resolvedScenario === null || Array.isArray(resolvedScenario))
    throw new InputError({ file, message: 'expected the report of one run, found another file, or a part of one' });
  if (typeof version === 'string' && version !== context.version) {
    const other = `${file} is of Podyard ${version}, and this is ${context.version}`;
    tellWarnings([`${other}: the run that is played again may be another one`], context);
  }
  const fromHere: FileReader = {
    ...files,
    resolve: (from, name) => (from === file ? name : files.resolve(from, name)),
  };
  const text = JSON.stringify({ ...resolvedScenario, seed });
  const isSame = complete === true && typeof digest === 'string' && changeOf(given) === undefined;
  return {
    ...scenarioFrom({ text, name: file }, given, context, retoldOf(file), fromHere),
    reported: isSame ? { file, digest } : null,
  };
}

/** Its text was written anew, so lines and columns are not those of the file. */
function retoldOf(file: string): (problem: Problem) => Problem {
  return (told) => {
    const { line, column, ...problem } = told;
    if (problem.file !== file) return { ...problem, ...(line === undefined ? {} : { line, column }) };
    const isAbsent = problem.message.startsWith('no such file');
    const hint = 'the report names it as its scenario did: give the command in the folder of that scenario';
    return isAbsent ? { ...problem, message: `${problem.message}: ${hint}` } : problem;
  };
}

/** `digest`: of the run, played again to its end. Throws InputError when it is not the one of the report. */
export function checkPlayedAgain({ reported }: PlayableRun, digest: string): void {
  if (reported === null || reported.digest === digest) return;
  const [is, was] = [digest, reported.digest].map((text) => text.slice(0, 8));
  const why = 'a file that its scenario names has changed since, or Podyard has';
  throw new InputError({
    file: reported.file,
    message: `the run that was played again is another one (digest ${is}..., not ${was}...): ${why}`,
  });
}

interface Report {
  readonly resolvedScenario?: object | null;
  readonly seed?: unknown;
  readonly digest?: unknown;
  readonly complete?: unknown;
  readonly version?: unknown;
}

/** An option with which it is another run; undefined: none. */
function changeOf(given: GivenOptions): string | undefined {
  return CHANGES.find((option) => given.isGiven(option));
}

function reportOf(text: string): Report {
  try {
    return (JSON.parse(text) ?? {}) as Report;
  } catch {
    return {};
  }
}

function keptIn(
  folder: string, report: string, files: FileReader, given: GivenOptions, context: CommandContext,
): KeptRun | null {
  const path = files.resolve(`${folder}/${KEPT_FILE}`, KEPT_FILE);
  if (!files.isFile(path)) return null;
  const unused = (why: string): null => {
    tellWarnings([`${path} ${why}: the run is played again`], context);
    return null;
  };
  const change = changeOf(given);
  if (change !== undefined) return unused(`is of no use with --${change}`);
  const { digest } = reportOf(files.read(report));
  const kept = readKeptFile(path, { version: context.version, digest: String(digest) });
  return 'why' in kept ? unused(kept.why) : kept;
}

/** Says what a kept run does not hold. */
export function playedAgain(what: string, context: CommandContext): null {
  tellWarnings([`${KEPT_FILE} does not hold ${what}: the run is played again`], context);
  return null;
}
