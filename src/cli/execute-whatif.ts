/** Questions about a cluster that stands still: read it, ask the real scheduler, print what it says. */
import { InputError } from '../base/input-error.ts';
import { askRoom } from '../experiment/room-left.ts';
import { askWhatIf } from '../experiment/what-if.ts';
import { writeJson } from '../report/json.ts';
import { paintFor } from '../report/table.ts';
import { roomText, whatIfText } from '../report/what-if-table.ts';
import { askedBy } from '../simulation/asked-pods.ts';
import type { AskedPod } from '../simulation/asked-pods.ts';
import { withNodeDefaults } from '../cluster/node-defaults.ts';
import { StillCluster } from '../simulation/still-cluster.ts';
import type { CommandContext } from './command.ts';
import { EXIT_NO_FIT, EXIT_OK } from './command.ts';
import { readAsked, readCluster } from './moment-input.ts';
import type { GivenOptions } from './options.ts';

export async function executeWhatIf(given: GivenOptions, context: CommandContext): Promise<number> {
  const { still, asked } = await readQuestion(given, context);
  const answer = askWhatIf(still, asked, given.number('max') ?? 0);
  const { terminal } = context;
  const paint = paintFor(terminal.hasColor('out'), terminal.width);
  terminal.out(given.text('output') === 'json' ? `${writeJson(answer, '')}\n` : whatIfText(answer, paint));
  return answer.fits ? EXIT_OK : EXIT_NO_FIT;
}

export async function executeInflate(given: GivenOptions, context: CommandContext): Promise<number> {
  const { still, asked } = await readQuestion(given, context);
  const answer = askRoom(still, asked, given.number('max') ?? 0);
  const { terminal } = context;
  const paint = paintFor(terminal.hasColor('out'), terminal.width);
  terminal.out(given.text('output') === 'json' ? `${writeJson(answer, '')}\n` : roomText(answer, paint));
  return answer.times > 0 ? EXIT_OK : EXIT_NO_FIT;
}

interface Question {
  readonly still: StillCluster;
  readonly asked: readonly AskedPod[];
}

/** The cluster with the objects and nodes of the manifests in it, and the pods that they ask for. */
async function readQuestion(given: GivenOptions, context: CommandContext): Promise<Question> {
  const cluster = await readCluster(given.positional('cluster'), given, context);
  const files = given.positionals('files');
  const manifests = readAsked(files, cluster, context);
  const { moment, options } = cluster;
  const known = new Set(moment.nodes.map(({ metadata }) => metadata?.name ?? ''));
  const twice = manifests.nodes.find(({ metadata }) => known.has(metadata?.name ?? ''));
  if (twice !== undefined) {
    throw new InputError({ message: `the cluster has a node ${twice.metadata?.name ?? ''} already` });
  }
  const still = new StillCluster(
    {
      ...moment,
      nodes: [...moment.nodes, ...manifests.nodes.map((node) => withNodeDefaults(node))],
      pods: given.flag('ignore-pending') ? moment.pods.filter(({ nodeName }) => nodeName !== '') : moment.pods,
      priorityClasses: manifests.priorityClasses,
    },
    options,
  );
  const { nodes } = still.cluster;
  const alive = nodes.facts.filter((_, row) => nodes.alive[row] === 1);
  const asked = askedBy(manifests.objects, alive);
  if (asked.pods.length === 0) {
    throw new InputError({ file: files[0], message: 'expected pods, or objects that make some, found none' });
  }
  for (const object of asked.objects) still.addObject(object);
  return { still, asked: asked.pods };
}
