/** Plays a run to a moment, keeps the events of what is asked about, and describes it. */
import { InputError } from '../base/input-error.ts';
import { RUN_BEGINS_MICROS } from '../controllers/workload-controllers.ts';
import { amountsOf } from '../experiment/looked-cluster.ts';
import type { LookedCluster } from '../experiment/looked-cluster.ts';
import { LookedEvents } from '../experiment/looked-events.ts';
import type { Regarding } from '../experiment/looked-events.ts';
import type { LookedNode, LookedObject, LookedPlain, LookedPod, LookedWorkload } from '../experiment/looked-object.ts';
import { describeNode } from '../report/kubectl/describe-node.ts';
import { describePlain, describePod, describeWorkload } from '../report/kubectl/describe.ts';
import type { DescribedWorkload, PodTally } from '../report/kubectl/describe.ts';
import type { DescribedEvents } from '../report/kubectl/describe-parts.ts';
import type { CommandContext } from './command.ts';
import { EXIT_OK, EXIT_USAGE } from './command.ts';
import { everyObject, inNamespace, namespaceOf, notFound } from './execute-get.ts';
import { labelFilter, readLookWords } from './look-words.ts';
import type { KindRequest } from './look-words.ts';
import { playToMoment } from './looked-run.ts';
import type { GivenOptions } from './options.ts';

const WORKLOADS: readonly string[] = ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'];
/** The annotation by which a Deployment knows its ReplicaSets' age. */
const REVISION = 'deployment.kubernetes.io/revision';

export async function executeDescribe(given: GivenOptions, context: CommandContext): Promise<number> {
  const words = readLookWords(given.positional('scenario'), given.positional('kind'), given.positionals('names'));
  const { path, requests } = words;
  const hasLabels = labelFilter(given.text('selector'));
  if (requests.some(({ kind }) => kind.kind === 'Event'))
    throw new InputError({ message: 'events are not described: "podyard events" lists them' });
  const seen: { events: LookedEvents | null } = { events: null };
  const cluster = await playToMoment(path, given, context, ({ parts }) => {
    seen.events = new LookedEvents(parts.cluster, parts.scheduler, isAskedAbout(requests));
  });
  const missing: string[] = [];
  const texts: string[] = [];
  for (const { kind, names } of requests) {
    const all = everyObject(cluster, kind);
    const within = inNamespace(all, kind, given).filter(hasLabels);
    const chosen = names.length === 0 ? within : names.flatMap((name) => named(name, within));
    missing.push(...names.filter((name) => named(name, within).length === 0).map((name) => notFound(name, kind, within, all)));
    for (const object of chosen) texts.push(describeObject(object, cluster, seen.events));
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

function describeObject(object: LookedObject, cluster: LookedCluster, events: LookedEvents | null): string {
  const { name, namespace = '' } = object.metadata;
  const own = (events?.list() ?? []).filter(({ regarding }) =>
    regarding.kind === object.kind && regarding.name === name && regarding.namespace === namespace);
  const told: DescribedEvents = { events: own, now: cluster.now - RUN_BEGINS_MICROS };
  if (object.kind === 'Pod') return describePod(object as LookedPod, told, cluster.now);
  if (object.kind === 'Node') {
    const pods = (cluster.list('Pod') as LookedPod[]).filter(
      ({ spec, status }) => spec.nodeName === name && status.phase !== 'Succeeded' && status.phase !== 'Failed',
    );
    return describeNode(object as LookedNode, pods.map((pod) => ({ pod, ...amountsOf(pod) })), told, cluster.now);
  }
  if (WORKLOADS.includes(object.kind))
    return describeWorkload(describedWorkload(object as LookedWorkload, cluster), told, cluster.now);
  return describePlain(object as LookedPlain, told);
}

function describedWorkload(workload: LookedWorkload, cluster: LookedCluster): DescribedWorkload {
  const isOwn = ({ metadata }: LookedObject): boolean =>
    metadata.namespace === workload.metadata.namespace &&
    metadata.ownerReferences?.some(({ kind, name, controller }) =>
      controller === true && kind === workload.kind && name === workload.metadata.name) === true;
  const pods = tallyOf((cluster.list('Pod') as LookedPod[]).filter(isOwn));
  if (workload.kind !== 'Deployment') return { workload, pods, oldSets: [], newSet: null };
  const sets = (cluster.list('ReplicaSet') as LookedWorkload[]).filter(isOwn);
  const revisionOf = ({ metadata }: LookedWorkload): number => Number(metadata.annotations?.[REVISION] ?? 0);
  const sorted = sets.sort((a, b) => revisionOf(a) - revisionOf(b));
  return { workload, pods, oldSets: sorted.slice(0, -1), newSet: sorted.at(-1) ?? null };
}

function tallyOf(pods: readonly LookedPod[]): PodTally {
  const inPhase = (phase: string): number => pods.filter(({ status }) => status.phase === phase).length;
  return {
    running: inPhase('Running'), waiting: inPhase('Pending'), succeeded: inPhase('Succeeded'), failed: inPhase('Failed'),
  };
}
