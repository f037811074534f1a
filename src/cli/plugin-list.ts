/** What `podyard plugins` prints: each plugin with its points, arguments and defaults. */
import { stringify } from 'yaml';
import { DEFAULT_KUBERNETES_VERSION, featuresOf } from '../cluster/kubernetes-versions.ts';
import type { KubernetesVersion } from '../cluster/kubernetes-versions.ts';
import { loadPluginFiles } from '../io/plugin-files.ts';
import { pointsOfPlugin } from '../io/plugin-points.ts';
import { writeJson } from '../report/json.ts';
import { paintFor, plainText, renderTable, textColumn } from '../report/table.ts';
import type { Paint } from '../report/table.ts';
import { inTreePluginNames, inTreePoints } from '../scheduler/config/default-plugins.ts';
import { decodeSchedulerConfiguration } from '../scheduler/config/scheduler-configuration.ts';
import { pluginRegistry } from '../scheduler/plugins/registry.ts';
import { kubernetesOf } from './options.ts';
import type { GivenOptions } from './options.ts';
import type { Terminal } from './terminal.ts';

interface ListedPlugin {
  readonly name: string;
  /** null: part of Kubernetes. */
  readonly file: 'in-tree' | 'user';
  readonly extensionPoints: readonly string[];
  /** Argument to default. */
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly summary: string;
}

export async function pluginsText(given: GivenOptions, terminal: Terminal): Promise<string> {
  const plugins = await listPlugins(given.list('plugin'), kubernetesOf(given) ?? DEFAULT_KUBERNETES_VERSION);
  const format = given.text('output');
  if (format === 'json') return `${writeJson({ plugins }, '')}\n`;
  return format === 'yaml'
    ? stringify({ plugins }, { lineWidth: 0 })
    : tableOf(plugins, paintFor(terminal.hasColor('out'), terminal.width));
}

async function listPlugins(files: readonly string[], kubernetes: KubernetesVersion): Promise<ListedPlugin[]> {
  const user = await loadPluginFiles(files, inTreePluginNames());
  const registry = pluginRegistry(user);
  const defaults = decodeSchedulerConfiguration(undefined, { registry, kubernetes }).profiles[0].args;
  return Array.from(registry.values(), (factory) => ({
    name: factory.name,
    file: user.includes(factory) ? 'user' : 'in-tree',
    extensionPoints: inTreePoints(factory.name, featuresOf(kubernetes)) ?? pointsOfPlugin(factory) ?? [],
    arguments: defaults[factory.name] ?? factory.defaultArgs ?? {},
    summary: factory.summary,
  }));
}

function tableOf(plugins: readonly ListedPlugin[], paint: Paint): string {
  const columns = [textColumn('NAME'), textColumn('EXTENSION POINTS'), textColumn('WHAT IT DOES')];
  const rows = plugins.map((plugin) => [
    paint.strong(plainText(plugin.name)),
    plugin.extensionPoints.length === 0 ? 'not known' : plugin.extensionPoints.join(', '),
    plainText(plugin.summary),
  ]);
  const args = plugins.flatMap((plugin) =>
    Object.entries(plugin.arguments).map(([name, value]) => [
      plainText(plugin.name),
      plainText(name),
      plainText(JSON.stringify(value) ?? 'none'),
    ]),
  );
  const tables = [renderTable(columns, rows, paint)];
  if (args.length > 0)
    tables.push(renderTable([textColumn('PLUGIN'), textColumn('ARGUMENT'), textColumn('DEFAULT')], args, paint));
  return `${tables.join('\n\n')}\n`;
}
