/**
 * Arguments of in-tree plugins: names, defaults and rules of kubescheduler.config.k8s.io/v1
 * (pkg/scheduler/apis/config/{types_pluginargs.go,v1/defaults.go,validation/validation_pluginargs.go}; v1.36, v1.37).
 */
import { compileNodeSelectorTerms, compilePreferredTerms, SelectorError } from '../../cluster/selectors.ts';
import type { NodeSelectorTerm, PreferredSchedulingTerm } from '../../cluster/objects.ts';
import { isLabelKey } from '../../cluster/label-requirements.ts';
import type { PluginFactory } from '../framework/plugin-api.ts';
import { nearestName } from '../../base/input-error.ts';
import { isInTree } from './default-plugins.ts';
import type { FactoryWithPoints } from './default-plugins.ts';
import type { PluginSource } from './plugin-sets.ts';
import { describe, formatConfigPath, isMapping } from './reading.ts';
import type { Cursor } from './reading.ts';

export const CONFIG_API_VERSION = 'kubescheduler.config.k8s.io/v1';

export type PluginArgs = Readonly<Record<string, unknown>>;

const SECOND_MICROS = 1_000_000;

/** By plugin name; a cursor on nothing gives the defaults. */
const DECODERS: ReadonlyMap<string, (args: Cursor, source: PluginSource) => PluginArgs> = new Map([
  ['DefaultPreemption', defaultPreemptionArgs],
  ['InterPodAffinity', interPodAffinityArgs],
  ['NodeAffinity', nodeAffinityArgs],
  ['NodeResourcesFit', nodeResourcesFitArgs],
  ['NodeResourcesBalancedAllocation', balancedAllocationArgs],
  ['PodTopologySpread', podTopologySpreadArgs],
  ['VolumeBinding', volumeBindingArgs],
  ['DynamicResources', dynamicResourcesArgs],
]);

/** Decoded and defaulted; undefined for a plugin that takes none. */
export function decodePluginArgs(name: string, args: Cursor, source: PluginSource): PluginArgs | undefined {
  const decode = DECODERS.get(name);
  if (decode !== undefined) return decode(args, source);
  if (isInTree(name)) {
    if (!args.absent) args.problem(`plugin ${name} takes no arguments`);
    return undefined;
  }
  const factory = source.registry.get(name);
  const { decodeArgs } = (factory ?? {}) as Partial<FactoryWithPoints>;
  if (decodeArgs !== undefined) return decodeArgs(args);
  return factory === undefined ? undefined : userPluginArgs(name, args, factory);
}

/** The plugin's own defaults say which arguments there are and of what type. */
function userPluginArgs(name: string, args: Cursor, factory: PluginFactory): PluginArgs | undefined {
  const defaults = factory.defaultArgs;
  if (args.absent) return defaults;
  if (defaults === undefined) {
    args.problem(`plugin ${name} takes no arguments`);
    return undefined;
  }
  if (!isMapping(args.value)) return args.unexpected('a mapping', defaults);
  const result: Record<string, unknown> = { ...defaults };
  const known = Object.keys(defaults);
  for (const key of Object.keys(args.value)) {
    const member = args.at(key);
    if (key === 'apiVersion' || key === 'kind' || member.absent) continue;
    if (!known.includes(key)) member.problem(`plugin ${name} has no argument "${key}"`, nearestName(key, known));
    else if (typeName(member.value) !== typeName(defaults[key]) && defaults[key] !== null)
      member.unexpected(typeName(defaults[key]), null);
    else result[key] = member.value;
  }
  return result;
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isMapping(value)) return 'a mapping';
  return typeof value === 'string' ? 'a text' : typeof value === 'boolean' ? 'true or false' : `a ${typeof value}`;
}

/** apiVersion and kind may stand in args and must then be right. */
function fields(args: Cursor, kind: string, ...names: readonly string[]): void {
  args.members('apiVersion', 'kind', ...names);
  const version = args.at('apiVersion');
  if (version.text(CONFIG_API_VERSION) !== CONFIG_API_VERSION) version.unexpected(CONFIG_API_VERSION, '');
  const found = args.at('kind');
  if (found.text(kind) !== kind) found.unexpected(kind, '');
}

function defaultPreemptionArgs(args: Cursor): PluginArgs {
  fields(args, 'DefaultPreemptionArgs', 'minCandidateNodesPercentage', 'minCandidateNodesAbsolute');
  const minCandidateNodesPercentage = args.at('minCandidateNodesPercentage').integer(10, 0, 100);
  const minCandidateNodesAbsolute = args.at('minCandidateNodesAbsolute').integer(100, 0);
  if (minCandidateNodesPercentage === 0 && minCandidateNodesAbsolute === 0) {
    args.problem('minCandidateNodesPercentage and minCandidateNodesAbsolute must not both be 0');
  }
  return { minCandidateNodesPercentage, minCandidateNodesAbsolute };
}

function interPodAffinityArgs(args: Cursor): PluginArgs {
  fields(args, 'InterPodAffinityArgs', 'hardPodAffinityWeight', 'ignorePreferredTermsOfExistingPods');
  return {
    hardPodAffinityWeight: args.at('hardPodAffinityWeight').integer(1, 0, 100),
    ignorePreferredTermsOfExistingPods: args.at('ignorePreferredTermsOfExistingPods').flag(false),
  };
}

// ---- NodeAffinity ------------------------------------------------------------------------------------------------

function nodeAffinityArgs(args: Cursor): PluginArgs {
  fields(args, 'NodeAffinityArgs', 'addedAffinity');
  const added = args.at('addedAffinity');
  if (added.absent) return { addedAffinity: null };
  added.members('requiredDuringSchedulingIgnoredDuringExecution', 'preferredDuringSchedulingIgnoredDuringExecution');
  const required = added.at('requiredDuringSchedulingIgnoredDuringExecution').members('nodeSelectorTerms');
  const terms = required.at('nodeSelectorTerms');
  checkCompiles(terms, terms.items().map(nodeSelectorTerm), (list) => compileNodeSelectorTerms(list, 'strict'));
  const preferred = added.at('preferredDuringSchedulingIgnoredDuringExecution');
  checkCompiles(preferred, preferred.items().map(preferredTerm), compilePreferredTerms);
  return { addedAffinity: added.value };
}

function preferredTerm(cursor: Cursor): PreferredSchedulingTerm {
  cursor.members('weight', 'preference');
  return { weight: cursor.at('weight').integer(0, 0), preference: nodeSelectorTerm(cursor.at('preference')) };
}

function nodeSelectorTerm(cursor: Cursor): NodeSelectorTerm {
  cursor.members('matchExpressions', 'matchFields');
  const requirement = (item: Cursor): { key: string; operator: string; values: string[] } => {
    item.members('key', 'operator', 'values');
    return {
      key: item.at('key').requiredText(),
      operator: item.at('operator').requiredText(),
      values: item.at('values').texts(),
    };
  };
  return {
    matchExpressions: cursor.at('matchExpressions').items().map(requirement),
    matchFields: cursor.at('matchFields').items().map(requirement),
  };
}

/**
 * Reasons of the selector compiler are told only where the shape is right: else they would tell the same mistake
 * twice.
 */
function checkCompiles<T>(cursor: Cursor, terms: readonly T[], compile: (terms: readonly T[]) => unknown): void {
  const here = formatConfigPath(cursor.path);
  if (cursor.reading.problems.some((problem) => problem.path?.startsWith(here) === true)) return;
  try {
    compile(terms);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    for (const reason of error.reasons) cursor.problem(reason);
  }
}

// ---- NodeResourcesFit, NodeResourcesBalancedAllocation -----------------------------------------------------------

const STRATEGIES = ['LeastAllocated', 'MostAllocated', 'RequestedToCapacityRatio'] as const;

function nodeResourcesFitArgs(args: Cursor): PluginArgs {
  fields(args, 'NodeResourcesFitArgs', 'ignoredResources', 'ignoredResourceGroups', 'scoringStrategy');
  const ignoredResources = args.at('ignoredResources').items().map(resourceName);
  const ignoredResourceGroups = args.at('ignoredResourceGroups').items().map((item) => {
    const group = item.text('');
    if (group.includes('/')) item.problem(`a resource group is the part before the slash, found ${describe(group)}`);
    else if (!isLabelKey(group)) item.unexpected('a resource group such as example.com', '');
    return group;
  });
  return { ignoredResources, ignoredResourceGroups, scoringStrategy: scoringStrategy(args.at('scoringStrategy')) };
}

function scoringStrategy(cursor: Cursor): PluginArgs {
  if (cursor.absent) return { type: 'LeastAllocated', resources: defaultResources() };
  cursor.members('type', 'resources', 'requestedToCapacityRatio');
  const type = cursor.at('type').word(STRATEGIES);
  const resources = weightedResources(cursor.at('resources'), (weight) => weight.integer(0, 0, 100));
  const ratio = cursor.at('requestedToCapacityRatio').members('shape');
  if (type !== 'RequestedToCapacityRatio') {
    if (!ratio.absent) ratio.problem('requestedToCapacityRatio goes with type RequestedToCapacityRatio only');
    return { type, resources };
  }
  if (ratio.absent) ratio.problem('requestedToCapacityRatio is required with type RequestedToCapacityRatio');
  return { type, resources, requestedToCapacityRatio: { shape: ratio.absent ? [] : shape(ratio.at('shape')) } };
}

function shape(cursor: Cursor): { utilization: number; score: number }[] {
  const points = cursor.items().map((item) => {
    item.members('utilization', 'score');
    return { utilization: item.at('utilization').integer(0, 0, 100), score: item.at('score').integer(0, 0, 10) };
  });
  if (points.length === 0) cursor.problem('at least one point is required');
  const falling = points.findIndex((point, index) => index > 0 && points[index - 1].utilization >= point.utilization);
  if (falling > 0) cursor.items()[falling].at('utilization').problem('utilization must grow from point to point');
  return points;
}

function balancedAllocationArgs(args: Cursor): PluginArgs {
  fields(args, 'NodeResourcesBalancedAllocationArgs', 'resources');
  const resources = args.at('resources');
  const decoded = weightedResources(resources, (weight) => {
    const value = weight.integer(0, 0);
    if (value > 1) weight.problem(`the weight must be 1, found ${value}`);
    return value;
  });
  const seen = new Set<string>();
  resources.items().forEach((item, index) => {
    const { name } = decoded[index];
    if (seen.has(name)) item.at('name').problem(`resource "${name}" stands here twice`);
    seen.add(name);
  });
  return { resources: decoded };
}

/** A weight of 0 counts as unset, that is, as 1. */
function weightedResources(cursor: Cursor, weightOf: (weight: Cursor) => number): { name: string; weight: number }[] {
  const items = cursor.items();
  if (items.length === 0) return defaultResources();
  return items.map((item) => {
    item.members('name', 'weight');
    return { name: item.at('name').requiredText(), weight: weightOf(item.at('weight')) || 1 };
  });
}

function defaultResources(): { name: string; weight: number }[] {
  return [{ name: 'cpu', weight: 1 }, { name: 'memory', weight: 1 }];
}

function resourceName(item: Cursor): string {
  const name = item.text('');
  if (!isLabelKey(name)) item.unexpected('a resource name such as example.com/gpu', '');
  return name;
}

// ---- PodTopologySpread, VolumeBinding, DynamicResources ----------------------------------------------------------

function podTopologySpreadArgs(args: Cursor): PluginArgs {
  fields(args, 'PodTopologySpreadArgs', 'defaultingType', 'defaultConstraints');
  const type = args.at('defaultingType');
  const defaultingType = type.word(['System', 'List'] as const, 'System');
  const constraints = args.at('defaultConstraints');
  const seen = new Set<string>();
  const defaultConstraints = constraints.items().map((item) => defaultConstraint(item, seen));
  if (defaultingType === 'System' && defaultConstraints.length > 0) {
    constraints.problem('defaultConstraints go with defaultingType List only; defaultingType is System');
  }
  return { defaultingType, defaultConstraints };
}

function defaultConstraint(item: Cursor, seen: Set<string>): PluginArgs {
  item.members(
    'maxSkew',
    'topologyKey',
    'whenUnsatisfiable',
    'labelSelector',
    'minDomains',
    'nodeAffinityPolicy',
    'nodeTaintsPolicy',
    'matchLabelKeys',
  );
  const skew = item.at('maxSkew');
  const maxSkew = skew.absent ? skew.unexpected('a whole number of at least 1', 1) : skew.integer(1, 1);
  const key = item.at('topologyKey');
  const topologyKey = key.requiredText();
  if (topologyKey !== '' && !isLabelKey(topologyKey)) key.unexpected('a label key', '');
  const whenUnsatisfiable = item.at('whenUnsatisfiable').word(['DoNotSchedule', 'ScheduleAnyway'] as const);
  const selector = item.at('labelSelector');
  if (!selector.absent) selector.problem('a default constraint has no labelSelector: it is deduced for each pod');
  const pair = `${topologyKey} ${whenUnsatisfiable}`;
  if (seen.has(pair)) item.problem(`the pair of ${topologyKey} and ${whenUnsatisfiable} stands here twice`);
  seen.add(pair);
  const extra: Record<string, unknown> = {};
  if (!item.at('minDomains').absent) extra.minDomains = item.at('minDomains').integer(1, 1);
  for (const policy of ['nodeAffinityPolicy', 'nodeTaintsPolicy']) {
    if (!item.at(policy).absent) extra[policy] = item.at(policy).word(['Honor', 'Ignore'] as const);
  }
  if (!item.at('matchLabelKeys').absent) extra.matchLabelKeys = item.at('matchLabelKeys').texts();
  return { maxSkew, topologyKey, whenUnsatisfiable, ...extra };
}

/** The more room is left, the better. */
const DEFAULT_STORAGE_SHAPE = [{ utilization: 0, score: 10 }, { utilization: 100, score: 0 }];

function volumeBindingArgs(args: Cursor, { kubernetes, features }: PluginSource): PluginArgs {
  fields(args, 'VolumeBindingArgs', 'bindTimeoutSeconds', 'shape');
  const scoring = args.at('shape');
  const bindTimeoutSeconds = args.at('bindTimeoutSeconds').integer(600, 0, Number.MAX_SAFE_INTEGER);
  if (features.storageCapacityScoring) {
    const isUnset = scoring.absent || (Array.isArray(scoring.value) && scoring.value.length === 0);
    return { bindTimeoutSeconds, shape: isUnset ? DEFAULT_STORAGE_SHAPE : shape(scoring) };
  }
  if (!scoring.absent)
    scoring.problem(
      `shape needs the feature gate StorageCapacityScoring, which is off in v${kubernetes}; leave it out`,
    );
  return { bindTimeoutSeconds };
}

function dynamicResourcesArgs(args: Cursor): PluginArgs {
  fields(args, 'DynamicResourcesArgs', 'filterTimeout', 'bindingTimeout');
  const filter = args.at('filterTimeout');
  const binding = args.at('bindingTimeout');
  const filterTimeout = filter.duration(10 * SECOND_MICROS);
  const bindingTimeout = binding.duration(600 * SECOND_MICROS);
  if (filterTimeout < 0) filter.unexpected('a duration of at least 0', 0);
  if (bindingTimeout < SECOND_MICROS) binding.unexpected('a duration of at least 1s', 0);
  return { filterTimeout: filter.text('10s'), bindingTimeout: binding.text('10m0s') };
}
