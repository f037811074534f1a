/** Plugins of a run, from files and from the program itself, told apart by their names. */
import { InputError } from '../base/input-error.ts';
import { inTreePluginNames } from '../scheduler/config/default-plugins.ts';
import type { PluginFactory } from '../scheduler/framework/plugin-api.ts';
import { loadPluginFiles } from './plugin-files.ts';
import { withPoints } from './plugin-points.ts';

/**
 * Those of `files` in order, then those of `given` in order. A configuration may name each under any point,
 * `multiPoint` included.
 */
export async function givenPlugins(
  files: readonly string[],
  given: readonly PluginFactory[],
): Promise<PluginFactory[]> {
  const inTree = new Set(inTreePluginNames());
  const plugins = await loadPluginFiles(files, inTree);
  for (const factory of given) {
    const { name } = factory;
    if (typeof name !== 'string' || name === '' || typeof factory.create !== 'function') {
      throw new InputError({ message: 'plugins: expected objects with name, summary and create(args, handle)' });
    }
    if (inTree.has(name)) {
      throw new InputError({ message: `plugins: the name ${name} is a plugin of Kubernetes: choose another one` });
    }
    if (plugins.some((other) => other.name === name)) {
      throw new InputError({ message: `plugins: the name ${name} is given twice` });
    }
    plugins.push(withPoints(factory));
  }
  return plugins;
}
