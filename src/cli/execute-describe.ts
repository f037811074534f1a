/** Plays a run to a moment, keeps the events of what is asked about, and describes it. */
import { InputError } from '../base/input-error.ts';
import { WORKLOAD_KIND_NAMES } from '../cluster/workload-table.ts';
import { amountsOf } from '../experiment/looked-cluster.ts';
import type { LookedCluster } from '../experiment/looked-cluster.ts';
import type { LookedEvent, Regarding } from '../experiment/looked-events.ts';
import type { LookedNode, LookedObject, LookedPod, LookedWorkload } from '../experiment/looked-object.ts';
import { REVISION } from '../experiment/looked-workloads.ts';
import { describeNode } from '../report/kubectl/describe-node.ts';
import { describePlain, describePod, describeWorkload } from '../report/kubectl/describe.ts';
import type { DescribedEvents } from '../report/kubectl/describe-parts.ts';
import type { DescribedWorkload, PodTally } from '../report/kubectl/describe.ts';
import type { CommandContext } from './command.ts';
import { EXIT_OK, EXIT_USAGE } from './command.ts';
import { playEvents } from './execute-events.ts';
import { inNamespace, namespaceOf, notFound } from './look-objects.ts';
import { labelFilter, readLookWords } from './look-words.ts';
import type { KindRequest } from './look-words.ts';
import type { GivenOptions } from './options.ts';

export async function executeDescribe(given: GivenOptions, context: CommandContext): Promise<number> {
  const words = readLookWords(given.positional('scenario'), given.positional('kind'), given.positionals('names'));
  const { path, requests } = words;
  const hasLabels = labelFilter(given.text('selector'));
  if (requests.some(({ kind }) => kind.kind === 'Event'))
    throw new InputError({ message: 'events are not described: "podyard events" lists them' });
  const { cluster, events, now } = await playEvents(path, given, context, isAskedAbout(requests));
  const around = surroundingsOf(cluster, requests, { events, now });
  const missing: string[] = [];
  const texts: string[] = [];
  for (const { kind, names } of requests) {
    const all = cluster.list(kind.kind, true);
    const within = inNamespace(all, kind, given).filter(hasLabels);
    const chosen = names.length === 0 ? within : names.flatMap((name) => named(name, within));
    const unknown = names.filter((name) => named(name, within).length === 0);
    missing.push(...unknown.map((name) => notFound(name, kind, within, all)));
    for (const object of chosen) texts.push(describeObject(object, around));
  }
  if (texts.length === 0 && missing.length === 0)
    context.terminal.err(`No resources found in ${namespaceOf(given)} namespace.\n`);
  // As kubectl sets them apart.
  context.terminal.out(texts.join('\n\n'));
  for (const line of missing) context.terminal.err(`${line}\n`);
  return missing.length > 0 ? EXIT_USAGE : EXIT_OK;
}

/** Of other objects no events are kept. */
function isAskedAbout(requests: readonly KindRequest[]): (regarding: Regarding) => boolean {
  return ({ kind, name }) =>
    requests.some((request) =>
      request.kind.kind === kind && (request.names.length === 0 || request.names.some((own) => name.startsWith(own))));
}

/** The object of this name, else those whose names begin so. */
function named(name: string, objects: readonly LookedObject[]): LookedObject[] {
  const exact = objects.filter(({ metadata }) => metadata.name === name);
  return exact.length > 0 ? exact : objects.filter(({ metadata }) => metadata.name.startsWith(name));
}

/** What is told of an object besides itself: gathered once, however many objects are described. */
interface Surroundings {
  readonly cluster: LookedCluster;
  /** Micros of the run. */
  readonly now: number;
  /** By the object that they tell of. */
  readonly events: ReadonlyMap<string, readonly LookedEvent[]>;
  /** By their controller, and by their node. */
  readonly pods: ReadonlyMap<string, readonly LookedPod[]>;
  /** ReplicaSets, by their Deployment. */
  readonly sets: ReadonlyMap<string, readonly LookedWorkload[]>;
}

function surroundingsOf(
  cluster: LookedCluster, requests: readonly KindRequest[], { events, now }: DescribedEvents,
): Surroundings {
  const isAsked = (...kinds: readonly string[]): boolean => requests.some(({ kind }) => kinds.includes(kind.kind));
  const pods = isAsked('Node', ...WORKLOAD_KIND_NAMES) ? (cluster.list('Pod') as LookedPod[]) : [];
  const sets = isAsked('Deployment') ? (cluster.list('ReplicaSet') as LookedWorkload[]) : [];
  return {
    cluster,
    now,
    events: groupedBy(events, ({ regarding: { kind, namespace, name } }) => [keyOf(kind, namespace, name)]),
    pods: groupedBy(pods, (pod) => [...ownerKeys(pod), keyOf('Node', undefined, pod.spec.nodeName ?? '')]),
    sets: groupedBy(sets, ownerKeys),
  };
}

function keyOf(kind: string, namespace: string | undefined, name: string): string {
  return `${kind}/${namespace ?? ''}/${name}`;
}

function ownerKeys({ metadata: { namespace, ownerReferences = [] } }: LookedObject): string[] {
  const controllers = ownerReferences.filter(({ controller }) => controller === true);
  return controllers.map(({ kind, name }) => keyOf(kind, namespace, name));
}

function groupedBy<T>(all: readonly T[], keysOf: (one: T) => readonly string[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all)
    for (const key of keysOf(one)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [one]);
      else group.push(one);
    }
  return groups;
}

function describeObject(object: LookedObject, around: Surroundings): string {
  const { cluster, now } = around;
  const key = keyOf(object.kind, object.metadata.namespace, object.metadata.name);
  const told: DescribedEvents = { events: around.events.get(key) ?? [], now };
  const pods = around.pods.get(key) ?? [];
  if (object.kind === 'Pod') return describePod(object as LookedPod, told, cluster.now);
  if (object.kind === 'Node') {
    const lasting = pods.filter(({ status }) => status.phase !== 'Succeeded' && status.phase !== 'Failed');
    return describeNode(object as LookedNode, lasting.map((pod) => ({ pod, ...amountsOf(pod) })), told, cluster.now);
  }
  if (!WORKLOAD_KIND_NAMES.includes(object.kind)) return describePlain(object, told);
  const revisionOf = ({ metadata }: LookedWorkload): number => Number(metadata.annotations?.[REVISION] ?? 0);
  const sets = [...(around.sets.get(key) ?? [])].sort((a, b) => revisionOf(a) - revisionOf(b));
  const described: DescribedWorkload = {
    workload: object as LookedWorkload, pods: tallyOf(pods), oldSets: sets.slice(0, -1), newSet: sets.at(-1) ?? null,
  };
  return describeWorkload(described, told, cluster.now);
}

function tallyOf(pods: readonly LookedPod[]): PodTally {
  const inPhase = (phase: string): number => pods.filter(({ status }) => status.phase === phase).length;
  return {
    running: inPhase('Running'),
    waiting: inPhase('Pending'),
    succeeded: inPhase('Succeeded'),
    failed: inPhase('Failed'),
  };
}
