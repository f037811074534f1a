/**
 * The `plugins` of a profile: merged with the default multiPoint list, then spread over the extension points
 * (pkg/scheduler/apis/config/v1/default_plugins.go: mergePluginSet; framework/runtime: expandMultiPointPlugins).
 */
import { nearestName } from '../../base/input-error.ts';
import type { KubernetesFeatures, KubernetesVersion } from '../../cluster/kubernetes-versions.ts';
import type { PluginFactory } from '../framework/plugin-api.ts';
import type { ProfilePoints } from '../framework/profile.ts';
import {
  EXTENSION_POINTS,
  REMOVED_PLUGINS,
  defaultMultiPoint,
  gatedOffPlugins,
  inTreePluginNames,
  inTreePoints,
  inertPluginSets,
  isInTree,
} from './default-plugins.ts';
import type { EnabledPlugin, ExtensionPoint, FactoryWithPoints } from './default-plugins.ts';
import { MAX_INT32 } from './reading.ts';
import type { Cursor } from './reading.ts';

export interface PluginSource {
  readonly kubernetes: KubernetesVersion;
  readonly features: KubernetesFeatures;
  readonly registry: ReadonlyMap<string, PluginFactory>;
  /** Points that the plugin of this name really has; undefined: not known. */
  readonly pointsOf?: ((name: string) => readonly string[] | undefined) | undefined;
}

export interface PluginSet {
  readonly enabled: readonly EnabledPlugin[];
  /** Names, `*` for all. */
  readonly disabled: ReadonlySet<string>;
  readonly cursor: Cursor;
}

export type SetName = ExtensionPoint | 'multiPoint';
const SET_NAMES: readonly SetName[] = [...EXTENSION_POINTS, 'multiPoint'];
const ALL = '*';

export function decodePluginSets(cursor: Cursor, source: PluginSource): ReadonlyMap<SetName, PluginSet> {
  const inert = inertPluginSets(source.features);
  cursor.members(...SET_NAMES, ...inert);
  for (const name of inert) if (!cursor.at(name).absent) decodePluginSet(cursor.at(name), name, source);
  return new Map(SET_NAMES.map((name) => [name, decodePluginSet(cursor.at(name), name, source)]));
}

function decodePluginSet(cursor: Cursor, point: string, source: PluginSource): PluginSet {
  cursor.members('enabled', 'disabled');
  const seen = new Set<string>();
  const enabled: EnabledPlugin[] = [];
  for (const item of cursor.at('enabled').items()) {
    item.members('name', 'weight');
    const name = item.at('name').requiredText();
    const weight = item.at('weight').integer(0, -MAX_INT32 - 1);
    if (name === '' || !isEnabledRightly(name, item.at('name'), point, source)) continue;
    if (seen.has(name)) item.at('name').problem(`plugin ${name} is enabled here twice`);
    else enabled.push({ name, weight });
    seen.add(name);
  }
  const disabled = new Set<string>();
  for (const item of cursor.at('disabled').items()) {
    item.members('name', 'weight');
    const at = item.at('name');
    const name = at.requiredText();
    if (name !== '' && name !== ALL && !isKnownName(name, source))
      warnUnknown(name, at, source, 'disabling it changes nothing');
    disabled.add(name);
  }
  return { enabled, disabled, cursor };
}

function isKnownName(name: string, source: PluginSource): boolean {
  return isConfigurable(name, source) || REMOVED_PLUGINS.includes(name);
}

export function isConfigurable(name: string, { registry, features }: PluginSource): boolean {
  return registry.has(name) || isInTree(name) || gatedOffPlugins(features).includes(name);
}

export function warnUnknown(name: string, at: Cursor, source: PluginSource, consequence: string): void {
  const near = nearestName(name, knownNames(source));
  at.reading.warn(
    at.path,
    `there is no plugin ${name}: ${consequence}${near === undefined ? '' : `; did you mean "${near}"?`}`,
  );
}

function knownNames(source: PluginSource): string[] {
  return [...source.registry.keys(), ...inTreePluginNames().filter((name) => !source.registry.has(name))];
}

function isEnabledRightly(name: string, at: Cursor, point: string, source: PluginSource): boolean {
  if (REMOVED_PLUGINS.includes(name))
    return refuse(at, `plugin ${name} was removed from Kubernetes (NodeVolumeLimits counts volumes of all drivers)`);
  if (gatedOffPlugins(source.features).includes(name))
    return refuse(at, `plugin ${name} needs a feature gate that is off in v${source.kubernetes}`);
  if (!source.registry.has(name)) {
    if (isInTree(name)) return refuse(at, `plugin ${name} is not available in this build`);
    at.problem(`there is no plugin ${name}`, nearestName(name, knownNames(source)));
    return false;
  }
  const points = declaredPoints(name, source);
  if (point === 'multiPoint') {
    if (points !== undefined) return true;
    const { unmade = '' } = source.registry.get(name) as FactoryWithPoints;
    return refuse(at, `plugin ${name} does not tell its extension points${unmade}: enable it at each of them instead`);
  }
  return (
    points === undefined ||
    points.includes(point) ||
    refuse(at, `plugin ${name} has no extension point ${point}; it has ${points.join(', ')}`)
  );
}

function refuse(at: Cursor, message: string): boolean {
  at.problem(message);
  return false;
}

/** What the plugin may be enabled for. */
function declaredPoints(name: string, source: PluginSource): readonly string[] | undefined {
  return (
    inTreePoints(name, source.features) ??
    (source.registry.get(name) as FactoryWithPoints | undefined)?.points ??
    source.pointsOf?.(name)
  );
}

/** What multiPoint enables it for: an in-tree plugin need not have a point at which upstream's does nothing here. */
function expandedPoints(name: string, source: PluginSource): readonly string[] {
  const declared = declaredPoints(name, source) ?? [];
  const real = (source.registry.get(name) as FactoryWithPoints | undefined)?.points ?? source.pointsOf?.(name);
  return real === undefined ? declared : declared.filter((point) => real.includes(point));
}

/** Defaults without what is disabled, re-configured ones in place, the rest behind. */
export function mergeMultiPoint(custom: PluginSet, source: PluginSource): EnabledPlugin[] {
  const merged: EnabledPlugin[] = [];
  const replaced = new Set<string>();
  if (!custom.disabled.has(ALL)) {
    for (const plugin of defaultMultiPoint(source.features)) {
      if (custom.disabled.has(plugin.name) || !source.registry.has(plugin.name)) continue;
      const own = custom.enabled.find(({ name }) => name === plugin.name);
      if (own !== undefined) replaced.add(own.name);
      merged.push(own ?? plugin);
    }
  }
  return [...merged, ...custom.enabled.filter(({ name }) => !replaced.has(name))];
}

export function expandPoints(sets: ReadonlyMap<SetName, PluginSet>, source: PluginSource): ProfilePoints {
  const setOf = (name: SetName): PluginSet => sets.get(name) as PluginSet;
  const multiPoint = mergeMultiPoint(setOf('multiPoint'), source);
  const namesAt = (point: ExtensionPoint): string[] => expandPoint(point, setOf(point), multiPoint, source);
  const weights = new Map<string, number>();
  for (const { name, weight } of [...setOf('score').enabled, ...multiPoint])
    if (!weights.has(name)) weights.set(name, weight === 0 ? 1 : weight);
  const points = {
    preEnqueue: namesAt('preEnqueue'),
    queueSort: namesAt('queueSort'),
    preFilter: namesAt('preFilter'),
    filter: namesAt('filter'),
    postFilter: namesAt('postFilter'),
    preScore: namesAt('preScore'),
    score: namesAt('score').map((name) => ({ name, weight: weights.get(name) ?? 1 })),
    reserve: namesAt('reserve'),
    permit: namesAt('permit'),
    preBind: namesAt('preBind'),
    bind: namesAt('bind'),
    postBind: namesAt('postBind'),
  };
  checkExpanded(points, setOf, source);
  return points;
}

function expandPoint(
  point: ExtensionPoint, set: PluginSet, multiPoint: readonly EnabledPlugin[], source: PluginSource,
): string[] {
  const explicit = set.enabled.map(({ name }) => name);
  if (set.disabled.has(ALL)) return explicit;
  const overriding = new Set<string>();
  const collected: string[] = [];
  for (const { name } of multiPoint) {
    if (set.disabled.has(name) || !expandedPoints(name, source).includes(point)) continue;
    if (explicit.includes(name)) overriding.add(name);
    else collected.push(name);
  }
  return [
    ...explicit.filter((name) => overriding.has(name)),
    ...collected,
    ...explicit.filter((name) => !overriding.has(name)),
  ];
}

/** Exactly one queueSort, at least one bind; a registry that has neither default is a partial one and is let be. */
function checkExpanded(points: ProfilePoints, setOf: (name: SetName) => PluginSet, { registry }: PluginSource): void {
  const { queueSort, bind } = points;
  if (queueSort.length > 1)
    setOf('queueSort').cursor.problem(`exactly one queueSort plugin is needed, found ${queueSort.join(', ')}`);
  if (queueSort.length === 0 && registry.has('PrioritySort'))
    setOf('queueSort').cursor.problem('exactly one queueSort plugin is needed, found none');
  if (bind.length === 0 && registry.has('DefaultBinder'))
    setOf('bind').cursor.problem('at least one bind plugin is needed, found none');
}
