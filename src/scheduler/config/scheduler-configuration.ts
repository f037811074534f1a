/**
 * KubeSchedulerConfiguration (kubescheduler.config.k8s.io/v1): decoded, defaulted, validated and resolved to what
 * the scheduler of one version of Kubernetes is built from. Every mistake of a document is told in one InputError.
 * Sources: staging/src/k8s.io/kube-scheduler/config/v1/types.go, pkg/scheduler/apis/config/{v1,validation}.
 */
import { InputError } from '../../base/input-error.ts';
import type { SourcePlace } from '../../base/input-error.ts';
import { DEFAULT_KUBERNETES_VERSION, featuresOf } from '../../cluster/kubernetes-versions.ts';
import type { KubernetesVersion } from '../../cluster/kubernetes-versions.ts';
import type { PluginFactory } from '../framework/plugin-api.ts';
import type { ProfileSpec } from '../framework/profile.ts';
import { COMPONENT_FIELDS, REMOVED_FIELDS, checkComponentSettings } from './component-settings.ts';
import { REMOVED_PLUGINS, inTreePluginNames } from './default-plugins.ts';
import { decodeExtenders } from './extenders.ts';
import type { ExtenderSettings } from './extenders.ts';
import { CONFIG_API_VERSION, decodePluginArgs } from './plugin-args.ts';
import type { PluginArgs } from './plugin-args.ts';
import { decodePluginSets, expandPoints, isConfigurable, warnUnknown } from './plugin-sets.ts';
import type { PluginSet, PluginSource } from './plugin-sets.ts';
import { Cursor, Reading, describe } from './reading.ts';

export interface SchedulerConfiguration {
  /** Whose plugins, defaults and rules these are. */
  readonly kubernetes: KubernetesVersion;
  /** Of upstream's workers; decisions here are those of one worker. */
  readonly parallelism: number;
  /** 0: adaptive. */
  readonly percentageOfNodesToScore: number;
  readonly podInitialBackoffSeconds: number;
  readonly podMaxBackoffSeconds: number;
  readonly extenders: readonly ExtenderSettings[];
  readonly profiles: readonly ProfileSpec[];
  /** What is accepted but has no effect; one sentence each. */
  readonly warnings: readonly string[];
}

export interface DecodeConfigurationOptions {
  /** All plugins that may be named, in-tree and user's. */
  readonly registry: ReadonlyMap<string, PluginFactory>;
  /** Whose scheduler reads it; the default version when left out. */
  readonly kubernetes?: KubernetesVersion | undefined;
  /** File, line and column of a value. */
  readonly locate?: ((path: (string | number)[]) => SourcePlace) | undefined;
  /** For plugins whose factory does not list `points`: the points that the made plugin implements. */
  readonly pointsOf?: ((name: string) => readonly string[] | undefined) | undefined;
}

export const CONFIG_KIND = 'KubeSchedulerConfiguration';
const DEFAULT_PROFILE_NAME = 'default-scheduler';

/** Undefined and null give upstream's defaults. Throws an InputError with every problem found. */
export function decodeSchedulerConfiguration(
  raw: unknown,
  options: DecodeConfigurationOptions,
): SchedulerConfiguration {
  const { locate, kubernetes = DEFAULT_KUBERNETES_VERSION } = options;
  const reading = new Reading(locate === undefined ? undefined : (path) => locate([...path]));
  const root = new Cursor(raw, [], reading);
  if (!root.absent) checkTypeMeta(root);
  const configuration = decodeRoot(root, { ...options, kubernetes, features: featuresOf(kubernetes) });
  if (reading.problems.length > 0) throw new InputError(reading.problems);
  return { kubernetes, ...configuration, warnings: reading.warnings };
}

/** A document of another version or kind has other members: nothing else is said of it. */
function checkTypeMeta(root: Cursor): void {
  const kind = root.at('kind');
  const version = root.at('apiVersion');
  if (typeof root.value !== 'object' || Array.isArray(root.value)) {
    root.problem(`expected a ${CONFIG_KIND} (a mapping), found ${describe(root.value)}`);
    throw new InputError(root.reading.problems);
  }
  if (kind.text(CONFIG_KIND) !== CONFIG_KIND) kind.unexpected(`kind ${CONFIG_KIND}`, '');
  else if (kind.absent) root.problem(`"kind" is missing: expected ${CONFIG_KIND}`);
  if (version.absent) root.problem(`"apiVersion" is missing: expected ${CONFIG_API_VERSION}`);
  else if (version.value !== CONFIG_API_VERSION) version.problem(versionMistake(version.value));
  if (root.reading.problems.length > 0) throw new InputError(root.reading.problems);
}

function versionMistake(found: unknown): string {
  const older =
    typeof found === 'string' ? /^kubescheduler\.config\.k8s\.io\/(v1(?:alpha|beta)\d+)$/.exec(found) : null;
  if (older === null) return `expected apiVersion ${CONFIG_API_VERSION}, found ${describe(found)}`;
  return `expected apiVersion ${CONFIG_API_VERSION}, found ${describe(found)}: Kubernetes no longer reads ${older[1]}`;
}

function decodeRoot(root: Cursor, source: PluginSource): Omit<SchedulerConfiguration, 'kubernetes' | 'warnings'> {
  root.members(
    'apiVersion',
    'kind',
    'parallelism',
    'percentageOfNodesToScore',
    'podInitialBackoffSeconds',
    'podMaxBackoffSeconds',
    'profiles',
    'extenders',
    ...COMPONENT_FIELDS,
    ...REMOVED_FIELDS,
  );
  checkComponentSettings(root);
  const parallelism = root.at('parallelism').integer(16, 1);
  const percentageOfNodesToScore = root.at('percentageOfNodesToScore').integer(0, 0, 100);
  const podInitialBackoffSeconds = root.at('podInitialBackoffSeconds').integer(1, 1, Number.MAX_SAFE_INTEGER);
  const max = root.at('podMaxBackoffSeconds');
  const podMaxBackoffSeconds = max.integer(10, 0, Number.MAX_SAFE_INTEGER);
  if (podMaxBackoffSeconds < podInitialBackoffSeconds) {
    max.problem(
      `podMaxBackoffSeconds must be at least podInitialBackoffSeconds, found ${podMaxBackoffSeconds} and ` +
        `${podInitialBackoffSeconds}`,
    );
  }
  const extenders = decodeExtenders(root.at('extenders'));
  if (extenders.length > 0) root.reading.warn(['extenders'], 'extenders are accepted but not called');
  const profiles = decodeProfiles(root.at('profiles'), extenders, source);
  return { parallelism, percentageOfNodesToScore, podInitialBackoffSeconds, podMaxBackoffSeconds, extenders, profiles };
}

function decodeProfiles(cursor: Cursor, extenders: readonly ExtenderSettings[], source: PluginSource): ProfileSpec[] {
  const given = cursor.items();
  const items = given.length === 0 ? [new Cursor(undefined, [...cursor.path, 0], cursor.reading)] : given;
  const decoded = items.map((item) => decodeProfile(item, items.length === 1, extenders, source));
  const names = new Map<string, number>();
  decoded.forEach(({ spec, queueSort }, index) => {
    const known = names.get(spec.schedulerName);
    if (known !== undefined && spec.schedulerName !== '') {
      items[index]
        .at('schedulerName')
        .problem(`profile ${known} has the name "${spec.schedulerName}", too: every profile needs its own`);
    } else names.set(spec.schedulerName, index);
    if (!isSameSet(queueSort, decoded[0].queueSort))
      queueSort.cursor.problem('queueSort must be the same in all profiles: they share one queue');
  });
  return decoded.map(({ spec }) => spec);
}

function isSameSet(a: PluginSet, b: PluginSet): boolean {
  const text = (set: PluginSet): string =>
    JSON.stringify([set.enabled.map(({ name, weight }) => [name, weight]), [...set.disabled]]);
  return text(a) === text(b);
}

interface DecodedProfile {
  readonly spec: ProfileSpec;
  readonly queueSort: PluginSet;
}

function decodeProfile(
  cursor: Cursor,
  isOnly: boolean,
  extenders: readonly ExtenderSettings[],
  source: PluginSource,
): DecodedProfile {
  cursor.members('schedulerName', 'percentageOfNodesToScore', 'plugins', 'pluginConfig');
  const name = cursor.at('schedulerName');
  const schedulerName = isOnly && name.absent ? DEFAULT_PROFILE_NAME : name.requiredText();
  const percentage = cursor.at('percentageOfNodesToScore');
  const sets = decodePluginSets(cursor.at('plugins'), source);
  const points = expandPoints(sets, source);
  const args = decodePluginConfig(cursor.at('pluginConfig'), source);
  const ignored = extenders
    .flatMap((extender) => extender.managedResources)
    .filter((resource) => resource.ignoredByScheduler);
  if (ignored.length > 0 && args.NodeResourcesFit !== undefined) {
    args.NodeResourcesFit = { ...args.NodeResourcesFit, ignoredResources: ignored.map((resource) => resource.name) };
  }
  const spec: ProfileSpec = {
    schedulerName,
    percentageOfNodesToScore: percentage.absent ? null : percentage.integer(0, 0, 100),
    points,
    args,
  };
  return { spec, queueSort: sets.get('queueSort') as PluginSet };
}

/** Arguments of every plugin that takes any, given or default, by name. */
function decodePluginConfig(cursor: Cursor, source: PluginSource): Record<string, PluginArgs> {
  const given = new Map<string, Cursor>();
  for (const item of cursor.items()) {
    item.members('name', 'args');
    const at = item.at('name');
    const name = at.requiredText();
    if (name === '') continue;
    if (given.has(name)) at.problem(`plugin ${name} is configured twice`);
    else given.set(name, item.at('args'));
    if (REMOVED_PLUGINS.includes(name)) at.problem(`plugin ${name} was removed from Kubernetes`);
    else if (!isConfigurable(name, source)) warnUnknown(name, at, source, 'its arguments are ignored');
  }
  const args: Record<string, PluginArgs> = {};
  const names = new Set([...inTreePluginNames(), ...source.registry.keys()]);
  for (const name of names) {
    const at = given.get(name) ?? new Cursor(undefined, [...cursor.path, name], cursor.reading);
    const decoded = decodePluginArgs(name, at, source);
    if (decoded !== undefined && source.registry.has(name)) args[name] = decoded;
  }
  return args;
}

export type { ExtenderSettings } from './extenders.ts';
