/** One thread of run-pool.ts: plays whole runs and answers with results, tables left out. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { withSeries, withoutTables } from '../experiment/without-tables.ts';
import { inTreePluginNames } from '../scheduler/config/default-plugins.ts';
import { Simulation } from '../simulation/simulation.ts';
import { loadPluginFiles } from './plugin-files.ts';
import { setPluginTraps } from './plugin-traps.ts';
import { runSimulation, scenarioParts } from './run-simulation.ts';
import type { DrivenRun } from './run-simulation.ts';
import { packError } from './thread-errors.ts';
import type { PoolAnswer, PoolProgress, PoolTask, PoolWarnings } from './run-pool.ts';

parentPort?.on('message', (task: PoolTask) => {
  void answer(task).then((message) => parentPort?.postMessage(message));
});

/** About a tenth of a second. */
const SLICE_EVENTS = 20_000;

/** To its end, telling behind each slice how far it is. */
function play(simulation: Simulation, index: number): void {
  while (simulation.advance(SLICE_EVENTS)) {
    parentPort?.postMessage({ index, progress: simulation.progress() } satisfies PoolProgress);
  }
}

/**
 * To its end, or until the flag is set. Nothing else of the thread runs in between: what a plugin leaves for later
 * cannot change the run.
 */
function playAlone(make: () => Simulation, index: number, flag: Int32Array): Promise<DrivenRun> {
  const stop = {
    get received(): 'SIGINT' | null {
      return Atomics.load(flag, 0) === 0 ? null : 'SIGINT';
    },
  };
  const onProgress = (progress: PoolProgress['progress']): void => {
    parentPort?.postMessage({ index, progress } satisfies PoolProgress);
  };
  const makeTelling = (): Simulation => {
    const simulation = make();
    parentPort?.postMessage({ index, warnings: simulation.warnings } satisfies PoolWarnings);
    return simulation;
  };
  return runSimulation(makeTelling, stop, onProgress, () => undefined);
}

async function answer({ index, scenario, version, plain, keepsSeries, stopFlag }: PoolTask): Promise<PoolAnswer> {
  try {
    const parts = await scenarioParts(scenario);
    // A module is loaded once a thread, however many runs there are.
    const userPlugins = await loadPluginFiles(scenario.scheduler.pluginFiles, inTreePluginNames());
    if (userPlugins.length > 0) setPluginTraps();
    const make = (): Simulation =>
      new Simulation(scenario, { version, userPlugins, ...parts, plain });
    if (stopFlag !== null) {
      const run = await playAlone(make, index, stopFlag);
      // What a plugin left for later has its turn now, and is told when it fails.
      await nextTurn();
      return { index, run };
    }
    const simulation = make();
    play(simulation, index);
    const result = simulation.result(true);
    return { index, result: keepsSeries ? withSeries(result) : withoutTables(result) };
  } catch (error) {
    return { index, ...packError(error) };
  }
}
