/**
 * The in-tree plugins of kube-scheduler and the extension points each of them has, the default multiPoint list, and the
 * names that older versions had (pkg/scheduler/apis/config/v1/default_plugins.go, framework/plugins/registry.go; v1.36,
 * and what v1.37 has changed).
 */
import type { KubernetesFeatures } from '../../cluster/kubernetes-versions.ts';
import type { PluginFactory } from '../framework/plugin-api.ts';
import type { Cursor } from './reading.ts';

export const EXTENSION_POINTS = [
  'preEnqueue',
  'queueSort',
  'preFilter',
  'filter',
  'postFilter',
  'preScore',
  'score',
  'reserve',
  'permit',
  'preBind',
  'bind',
  'postBind',
] as const;
export type ExtensionPoint = (typeof EXTENSION_POINTS)[number];

/** A member of multiPoint's list; an unset weight is 0 and counts as 1 where the plugin scores. */
export interface EnabledPlugin {
  readonly name: string;
  readonly weight: number;
}

const NODE_NAME: EnabledPlugin = { name: 'NodeName', weight: 0 };
const NODE_UNSCHEDULABLE: EnabledPlugin = { name: 'NodeUnschedulable', weight: 0 };

/** Those before these two, and behind them. */
const FIRST: readonly EnabledPlugin[] = [
  { name: 'SchedulingGates', weight: 0 },
  { name: 'PrioritySort', weight: 0 },
];
const OTHERS: readonly EnabledPlugin[] = [
  { name: 'TaintToleration', weight: 3 },
  { name: 'NodeAffinity', weight: 2 },
  { name: 'NodePorts', weight: 0 },
  { name: 'NodeResourcesFit', weight: 1 },
  { name: 'VolumeRestrictions', weight: 0 },
  { name: 'NodeVolumeLimits', weight: 0 },
  { name: 'VolumeBinding', weight: 0 },
  { name: 'VolumeZone', weight: 0 },
  { name: 'PodTopologySpread', weight: 2 },
  { name: 'InterPodAffinity', weight: 2 },
  { name: 'DynamicResources', weight: 2 },
  { name: 'DefaultPreemption', weight: 0 },
  { name: 'NodeResourcesBalancedAllocation', weight: 1 },
  { name: 'ImageLocality', weight: 1 },
  { name: 'DefaultBinder', weight: 0 },
  { name: 'NodeDeclaredFeatures', weight: 0 },
];

/** The order is the order at every extension point. */
export function defaultMultiPoint({ nodeNameFirst }: KubernetesFeatures): readonly EnabledPlugin[] {
  const nodes = nodeNameFirst ? [NODE_NAME, NODE_UNSCHEDULABLE] : [NODE_UNSCHEDULABLE, NODE_NAME];
  return [...FIRST, ...nodes, ...OTHERS];
}

const IN_TREE_POINTS: ReadonlyMap<string, readonly ExtensionPoint[]> = new Map<string, readonly ExtensionPoint[]>([
  ['SchedulingGates', ['preEnqueue']],
  ['PrioritySort', ['queueSort']],
  ['NodeUnschedulable', ['filter']],
  ['NodeName', ['filter']],
  ['TaintToleration', ['filter', 'preScore', 'score']],
  ['NodeAffinity', ['preFilter', 'filter', 'preScore', 'score']],
  ['NodePorts', ['preFilter', 'filter']],
  ['NodeResourcesFit', ['preFilter', 'filter', 'preScore', 'score']],
  ['VolumeRestrictions', ['preFilter', 'filter']],
  ['NodeVolumeLimits', ['preFilter', 'filter']],
  ['VolumeBinding', ['preFilter', 'filter', 'preScore', 'score', 'reserve', 'preBind']],
  ['VolumeZone', ['preFilter', 'filter']],
  ['PodTopologySpread', ['preFilter', 'filter', 'preScore', 'score']],
  ['InterPodAffinity', ['preFilter', 'filter', 'preScore', 'score']],
  ['DynamicResources', ['preEnqueue', 'preFilter', 'filter', 'postFilter', 'score', 'reserve', 'preBind']],
  ['DefaultPreemption', ['preEnqueue', 'postFilter']],
  ['NodeResourcesBalancedAllocation', ['preScore', 'score']],
  ['ImageLocality', ['score']],
  ['DefaultBinder', ['bind']],
  ['NodeDeclaredFeatures', ['preFilter', 'filter']],
]);

/** These have a PreFilter, too, where NodeName comes first; only NodeName's does something. */
const NARROWING: readonly string[] = ['NodeName', 'NodeUnschedulable', 'TaintToleration'];

const GATED_OFF_PLUGINS: readonly string[] = ['GangScheduling', 'TopologyPlacementGenerator', 'PodGroupPodsCount'];

/** In-tree plugins behind feature gates that are off. */
export function gatedOffPlugins({ podGroupPostFilterSet }: KubernetesFeatures): readonly string[] {
  return podGroupPostFilterSet ? ['DeferredPodScheduling', ...GATED_OFF_PLUGINS] : GATED_OFF_PLUGINS;
}

/** Plugin sets of workload scheduling, whose feature gates are off: read and checked, without effect. */
export function inertPluginSets({ podGroupPostFilterSet }: KubernetesFeatures): readonly string[] {
  return ['placementGenerate', 'placementScore', ...(podGroupPostFilterSet ? ['podGroupPostFilter'] : [])];
}

/** In-tree plugins of older versions. */
export const REMOVED_PLUGINS: readonly string[] = ['AzureDiskLimits', 'CinderLimits', 'EBSLimits', 'GCEPDLimits'];

export function inTreePluginNames(): readonly string[] {
  return [...IN_TREE_POINTS.keys()];
}

export function isInTree(name: string): boolean {
  return IN_TREE_POINTS.has(name);
}

/** Points of an in-tree plugin; undefined for any other name. */
export function inTreePoints(
  name: string,
  { nodeNameFirst }: KubernetesFeatures,
): readonly ExtensionPoint[] | undefined {
  const points = IN_TREE_POINTS.get(name);
  return points !== undefined && nodeNameFirst && NARROWING.includes(name) ? ['preFilter', ...points] : points;
}

/** A factory that tells its plugin's points, which spares making the plugin to see them. */
export interface FactoryWithPoints extends PluginFactory {
  readonly points?: readonly string[];
  /** Why its points are not known, in brackets behind a blank. */
  readonly unmade?: string;
  /** Decodes arguments that types alone do not describe; notes what is wrong. */
  readonly decodeArgs?: (args: Cursor) => Readonly<Record<string, unknown>>;
}
