/**
 * Pods that name a scheduler which none of the profiles is called: upstream's scheduler leaves them to others, and
 * here there are no others, so they wait for ever. Told beforehand, by name, with those that ask for it.
 */
import { nearestName } from '../base/input-error.ts';
import { objectKey } from '../cluster/object-store.ts';
import type { KubernetesObject, Pod, PodSpec, WorkloadObject } from '../cluster/objects.ts';
import { DEFAULT_SCHEDULER_NAME } from '../cluster/pod-template.ts';
import type { Scenario } from './scenario.ts';

/** Sources of pods that are named one by one. */
const MOST_NAMED = 3;

/** One warning a name, or one for all when no pod at all has a profile. `profiles`: the schedulerNames there are. */
export function foreignSchedulerWarnings(scenario: Scenario, profiles: readonly string[]): string[] {
  const sources = sourcesByScheduler(scenario);
  const foreign = [...sources].filter(([name]) => !profiles.includes(name));
  if (foreign.length === 0) return [];
  const known = `${profiles.length === 1 ? 'the only profile is' : 'the profiles are'} ${quoted(profiles)}`;
  if (foreign.length === sources.size) {
    const names = foreign.map(([name]) => name);
    const all = names.length === 1 ? 'all pods name it' : 'all pods name one of these';
    return [`no scheduler profile is called ${quoted(names)}: ${all} and will wait for ever; ${known}`];
  }
  return foreign.map(([name, from]) => {
    const near = nearestName(name, profiles);
    const hint = near === undefined ? '' : `; did you mean "${near}"?`;
    return `no scheduler profile is called "${name}": the pods of ${listed(from)} will wait for ever; ${known}${hint}`;
  });
}

/** What makes pods that need a scheduler, by the name of the one they ask for, in order of appearance. */
function sourcesByScheduler({ objects, workloads, trace }: Scenario): Map<string, string[]> {
  const sources = new Map<string, string[]>();
  const note = (spec: PodSpec | undefined, source: string): void => {
    const asked = spec?.schedulerName ?? '';
    const name = asked === '' ? DEFAULT_SCHEDULER_NAME : asked;
    const known = sources.get(name);
    if (known === undefined) sources.set(name, [source]);
    else known.push(source);
  };
  for (const object of objects) {
    const spec = podSpecOf(object);
    if (spec !== undefined) note(spec, `${object.kind ?? ''} ${objectKey(object)}`);
  }
  for (const { name, template } of workloads) note(template.spec, `workload ${name}`);
  if (trace !== null) note(undefined, `the trace ${trace.file}`);
  return sources;
}

/** Of pods that are yet to be placed; undefined: the object makes none. */
function podSpecOf(object: KubernetesObject): PodSpec | undefined {
  if (object.kind !== 'Pod') {
    const { spec } = object as WorkloadObject;
    return spec?.replicas === 0 ? undefined : (spec?.template ?? spec?.jobTemplate?.spec?.template)?.spec;
  }
  const { metadata, spec, status } = object as Pod;
  const isSettled =
    metadata?.deletionTimestamp !== undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed';
  return isSettled || (spec?.nodeName ?? '') !== '' ? undefined : (spec ?? {});
}

function listed(sources: readonly string[]): string {
  const more = sources.length - MOST_NAMED;
  return more > 0 ? `${sources.slice(0, MOST_NAMED).join(', ')} and ${String(more)} more` : sources.join(', ');
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}

export interface ShareMistake {
  readonly steps: readonly (string | number)[];
  readonly message: string;
  readonly suggestion: string | undefined;
}

/** What is wrong with the profiles that further scheduler processes are to serve. `names`: those that there are. */
export function sharesOfProfiles(schedulers: Scenario['schedulers'], names: readonly string[]): ShareMistake[] {
  const mistakes: ShareMistake[] = [];
  const taken = new Set<string>();
  for (const [index, { profiles }] of schedulers.entries()) {
    const list = ['schedulers', index, 'profiles'];
    if (profiles.length === 0)
      mistakes.push({ steps: list, message: 'expected at least one profile', suggestion: undefined });
    for (const [place, name] of profiles.entries()) {
      const steps = [...list, place];
      const isThere = names.includes(name);
      if (!isThere) {
        const message = `no profile of the configuration has the schedulerName "${name}"`;
        mistakes.push({ steps, message, suggestion: nearestName(name, names) });
      } else if (taken.has(name)) {
        mistakes.push({ steps, message: `two processes serve the profile "${name}"`, suggestion: undefined });
      }
      taken.add(name);
    }
  }
  if (mistakes.length === 0 && schedulers.length > 0 && names.every((name) => taken.has(name))) {
    const message = 'no profile is left for the first scheduler: leave one out of the lists';
    mistakes.push({ steps: ['schedulers'], message, suggestion: undefined });
  }
  return mistakes;
}

/** schedulerNames of a configuration that has not been checked yet. */
export function namesOfProfiles(configuration: unknown): string[] {
  const { profiles } = (configuration ?? {}) as { readonly profiles?: unknown };
  if (!Array.isArray(profiles) || profiles.length === 0) return [DEFAULT_SCHEDULER_NAME];
  return profiles.map((profile) => {
    const name = (profile as { readonly schedulerName?: unknown } | null)?.schedulerName;
    return typeof name === 'string' && name !== '' ? name : DEFAULT_SCHEDULER_NAME;
  });
}
