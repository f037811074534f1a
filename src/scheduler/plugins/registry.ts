/** The in-tree plugins by name, in the order of upstream's registry (pkg/scheduler/framework/plugins/registry.go). */
import type { PluginFactory } from '../framework/plugin-api.ts';
import { BestFit } from './best-fit.ts';
import { DefaultBinder } from './default-binder.ts';
import { DefaultPreemption } from './default-preemption.ts';
import { DotProd } from './dot-prod.ts';
import { DynamicResources } from './dynamic-resources.ts';
import { FGD } from './fgd.ts';
import { GpuClustering } from './gpu-clustering.ts';
import { GpuPacking } from './gpu-packing.ts';
import { ImageLocality } from './image-locality.ts';
import { InterPodAffinity } from './inter-pod-affinity.ts';
import { NodeAffinity } from './node-affinity.ts';
import { NodeDeclaredFeatures } from './node-declared-features.ts';
import { NodeName } from './node-name.ts';
import { NodePorts } from './node-ports.ts';
import { NodeResourcesBalancedAllocation } from './node-resources-balanced-allocation.ts';
import { NodeResourcesFit } from './node-resources-fit.ts';
import { NodeUnschedulable } from './node-unschedulable.ts';
import { NodeVolumeLimits } from './node-volume-limits.ts';
import { PodTopologySpread } from './pod-topology-spread.ts';
import { PrioritySort } from './priority-sort.ts';
import { Random } from './random.ts';
import { SchedulingGates } from './scheduling-gates.ts';
import { TaintToleration } from './taint-toleration.ts';
import { VolumeBinding } from './volume-binding.ts';
import { VolumeRestrictions } from './volume-restrictions.ts';
import { VolumeZone } from './volume-zone.ts';

const IN_TREE: readonly PluginFactory[] = [
  SchedulingGates,
  PrioritySort,
  NodeUnschedulable,
  NodeName,
  TaintToleration,
  NodeAffinity,
  NodePorts,
  NodeResourcesFit,
  VolumeRestrictions,
  NodeVolumeLimits,
  VolumeBinding,
  VolumeZone,
  PodTopologySpread,
  InterPodAffinity,
  DynamicResources,
  DefaultPreemption,
  NodeResourcesBalancedAllocation,
  ImageLocality,
  DefaultBinder,
  NodeDeclaredFeatures,
];

/** Ours: policies from the literature, on when a configuration names them. A user's plugin may take such a name. */
const POLICIES: readonly PluginFactory[] = [Random, DotProd, GpuClustering, GpuPacking, BestFit, FGD];

/** In-tree plugins, ours, and the user's own. A user plugin may not take an in-tree name. */
export function pluginRegistry(userPlugins: readonly PluginFactory[] = []): ReadonlyMap<string, PluginFactory> {
  return new Map([...IN_TREE, ...POLICIES, ...userPlugins].map((factory) => [factory.name, factory]));
}
