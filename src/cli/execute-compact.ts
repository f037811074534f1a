/**
 * Packs a cluster's pods onto fewer nodes in many orders, prints the distribution, writes the smallest that a run
 * holds.
 */
import { stringify } from 'yaml';
import { InputError } from '../base/input-error.ts';
import { PodPhase } from '../cluster/cluster.ts';
import { compact } from '../experiment/compaction.ts';
import type { Compaction } from '../experiment/compaction.ts';
import { createInputFiles } from '../io/input-files.ts';
import { writeNewFile } from '../io/new-file.ts';
import { formatPlural } from '../report/format.ts';
import { writeJson } from '../report/json.ts';
import { paintFor, plainText } from '../report/table.ts';
import { compactionText } from '../report/what-if-table.ts';
import { packedScenario } from '../simulation/packed-scenario.ts';
import type { PackedParts } from '../simulation/packed-scenario.ts';
import { readScenario } from '../simulation/scenario-reader.ts';
import { Simulation } from '../simulation/simulation.ts';
import type { CommandContext } from './command.ts';
import { EXIT_NO_FIT, EXIT_OK } from './command.ts';
import { RuntimeFailure } from './failures.ts';
import { readCluster } from './moment-input.ts';
import type { AskedCluster } from './moment-input.ts';
import type { GivenOptions } from './options.ts';

export async function executeCompact(given: GivenOptions, context: CommandContext): Promise<number> {
  const out = given.text('out');
  if (out === null && given.flag('force')) {
    throw new InputError({ message: '--force needs --out: there is no file to replace' });
  }
  const cluster = await readCluster(given.positional('cluster'), given, context);
  const { options } = cluster;
  const waits = ({ nodeName }: { readonly nodeName: string }): boolean => nodeName === '';
  const { moment: whole } = cluster;
  const moment = given.flag('ignore-pending') ? { ...whole, pods: whole.pods.filter((pod) => !waits(pod)) } : whole;
  const trials = given.number('trials') ?? 1;
  const compaction = compact(moment, options, { trials, seed: options.seed });
  const { answer } = compaction;
  const { terminal } = context;
  const paint = paintFor(terminal.hasColor('out'), terminal.width);
  terminal.out(given.text('output') === 'json' ? `${writeJson(answer, '')}\n` : compactionText(answer, paint));
  if (answer.nodesNeeded === null) return EXIT_NO_FIT;
  if (out !== null) writeSmallest(out, compaction, { ...cluster, moment }, given, context);
  return EXIT_OK;
}

/**
 * Time passes in a run, and images come to nodes on the way: the smallest packing that a run holds, too, is written.
 */
function writeSmallest(
  out: string,
  { packed }: Compaction,
  cluster: AskedCluster,
  given: GivenOptions,
  { terminal, version }: CommandContext,
): void {
  const files = createInputFiles();
  const plugins = cluster.scenario.scheduler.pluginFiles.map((path) => files.nameFrom?.(out, path) ?? path);
  for (const parts of packed) {
    const text = stringify(packedScenario(parts, cluster.moment, cluster.scenario, plugins), {
      lineWidth: 0, aliasDuplicateObjects: false,
    });
    if (!runHolds(text, out, parts, cluster, version)) continue;
    writeNewFile(out, text, { force: given.flag('force') });
    const name = plainText(out);
    const nodes = formatPlural(parts.nodes.length, 'node');
    terminal.err(`Wrote ${name}: ${nodes}, order ${plainText(parts.seed)}. Next: podyard run ${name}\n`);
    return;
  }
  throw new RuntimeFailure(`${out} is not written: no order that fits holds in a run, where images come to nodes`);
}

/** Whether all its pods have a node at the end of a run. */
function runHolds(
  text: string,
  out: string,
  parts: PackedParts,
  { userPlugins }: AskedCluster,
  version: string,
): boolean {
  const { scenario } = readScenario({ text, name: out }, createInputFiles());
  const simulation = new Simulation(scenario, { version, userPlugins, openTrace: null, plain: false });
  simulation.advance();
  const { pods } = simulation.parts.cluster;
  let held = 0;
  for (let row = 0; row < pods.length; row++)
    if (pods.phase[row] === PodPhase.Bound || pods.phase[row] === PodPhase.Running) held++;
  return held === parts.pods.length + parts.podsOfNodes.length;
}
