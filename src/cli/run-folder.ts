/**
 * The `--out` folder of a run, as a command takes it in place of a scenario: its report, and what was kept of the run.
 */
import { InputError } from '../base/input-error.ts';
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

export interface ReadRun extends LocatedScenario {
  /** null: the run has to be played. */
  readonly kept: KeptRun | null;
}

/** A scenario file, or the folder of a run; says why what was kept there is of no use. */
export async function readRun(path: string, given: GivenOptions, context: CommandContext): Promise<ReadRun> {
  const files = createInputFiles();
  if (path === '-' || !files.isFolder(path)) return { ...(await readScenarioFor(path, given, context)), kept: null };
  const report = reportIn(path, files);
  if (report === null) {
    const message = `expected a scenario, or the --out folder of a run: ${path} holds no ${REPORT}`;
    throw new InputError({ message });
  }
  return { ...readReported(report, files, given, context), kept: keptIn(path, report, files, given, context) };
}

/** Path of a folder's report; null: it has none. */
export function reportIn(folder: string, files: FileReader): string | null {
  const report = files.resolve(`${folder}/${REPORT}`, REPORT);
  return files.isFile(report) ? report : null;
}

/** The scenario of a run, as its report holds it. */
export function readReported(
  file: string, files: FileReader, given: GivenOptions, context: CommandContext,
): LocatedScenario {
  const { resolvedScenario = null, seed } = reportOf(files.read(file));
  if (resolvedScenario === null || Array.isArray(resolvedScenario))
    throw new InputError({ file, message: 'expected the report of one run, found another file' });
  return scenarioFrom({ text: JSON.stringify({ ...resolvedScenario, seed }), name: file }, given, context);
}

interface Report {
  readonly resolvedScenario?: object | null;
  readonly seed?: unknown;
  readonly digest?: unknown;
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
  const change = CHANGES.find((option) => given.isGiven(option));
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
