/** One thread of an inflation experiment: plays the runs that it is sent. Lists are read once a thread. */
import { parentPort } from 'node:worker_threads';
import type { InflationInputs } from '../experiment/inflation-cells.ts';
import { runInflationCell } from '../experiment/inflation-cells.ts';
import { inTreePluginNames } from '../scheduler/config/default-plugins.ts';
import { pluginRegistry } from '../scheduler/plugins/registry.ts';
import { readInflationInputs, readOrder } from './inflation-files.ts';
import type { InflationAnswer, InflationTask } from './inflation-pool.ts';
import { loadPluginFiles } from './plugin-files.ts';
import { packError } from './thread-errors.ts';

let inputs: { readonly key: string; readonly read: InflationInputs } | null = null;

parentPort?.on('message', (task: InflationTask) => {
  void answer(task).then((message) => parentPort?.postMessage(message));
});

async function answer({ plan, cell, orderFile, plain }: InflationTask): Promise<InflationAnswer> {
  try {
    const registry = pluginRegistry(await loadPluginFiles(plan.pluginFiles, inTreePluginNames()));
    const key = JSON.stringify([plan.nodesFile, plan.podsFile, plan.podsPerNode]);
    if (inputs?.key !== key) inputs = { key, read: readInflationInputs(plan) };
    const order = orderFile === null ? null : readOrder(orderFile);
    return { result: runInflationCell(plan, cell, inputs.read, order, { registry, plain }) };
  } catch (error) {
    return packError(error);
  }
}
