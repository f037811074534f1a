/** Plays a run to the moment that is looked at, with observers for what the cluster itself does not keep. */
import { formatDuration } from '../base/duration.ts';
import { InputError } from '../base/input-error.ts';
import { RUN_BEGINS_MICROS } from '../controllers/workload-controllers.ts';
import { LookedCluster } from '../experiment/looked-cluster.ts';
import { LookedHistory } from '../experiment/looked-history.ts';
import type { Simulation } from '../simulation/simulation.ts';
import type { FileReader } from '../workload/manifests/file-reader.ts';
import type { CommandContext } from './command.ts';
import { tellWarnings } from './failures.ts';
import { locatedRun } from './located-run.ts';
import { dumpAsScenario, givenMoment, inputFiles, isObjects, readWhole } from './moment-input.ts';
import type { GivenOptions } from './options.ts';
import { checkPlayedAgain, readReported, reportIn } from './run-folder.ts';
import type { PlayableRun } from './run-folder.ts';

const STDIN = '-';

/**
 * `watch` sees the run before its first event. Throws InputError for a wrong moment, scenario, plugin or trace.
 */
export async function playToMoment(
  path: string, given: GivenOptions, context: CommandContext, watch: (simulation: Simulation) => void = () => undefined,
): Promise<LookedCluster> {
  const at = givenMoment(given);
  const source = await readLooked(path, given, context);
  const { durationMicros } = source.scenario;
  const until = at ?? (source.isDump ? 0 : durationMicros);
  if (until !== null && durationMicros !== null && until > durationMicros) {
    const ends = `the run ends at ${formatDuration(durationMicros)}`;
    throw new InputError({ message: `--at: expected a moment of the run, found "${given.text('at') ?? ''}": ${ends}` });
  }
  const { make } = await locatedRun(source, context);
  const simulation = make({ ...source.scenario, durationMicros: until });
  tellWarnings(simulation.warnings, context);
  const { cluster, schedulers } = simulation.parts;
  const history = new LookedHistory(cluster, schedulers);
  watch(simulation);
  simulation.advance();
  if (until === durationMicros) checkPlayedAgain(source, simulation.parts.kernel.digest.hex());
  return new LookedCluster(simulation, history, source.scenario, RUN_BEGINS_MICROS);
}

interface LookedSource extends PlayableRun {
  /** The files hold the objects of a cluster and no scenario. */
  readonly isDump: boolean;
}

async function readLooked(path: string, given: GivenOptions, context: CommandContext): Promise<LookedSource> {
  const files = await inputFiles(path);
  if (path !== STDIN && files.isFolder(path)) {
    const report = reportIn(path, files);
    if (report === null) return dumpAt(path, files, given, context);
    return { ...readReported(report, files, given, context), isDump: false };
  }
  if (isObjects(files.read(path))) return dumpAt(path, files, given, context);
  return { ...readWhole(path, files, given, context), reported: null, isDump: false };
}

function dumpAt(path: string, files: FileReader, given: GivenOptions, context: CommandContext): LookedSource {
  return { ...dumpAsScenario(path, files, given, context), reported: null, isDump: true };
}
