/** What the scheduler says of one random case: the whole decision with all scores, and each filter plugin asked alone. */
import { ReplayScheduler } from '../../src/conformance/replay-scheduler.ts';
import type { NodeInfo } from '../../src/scheduler/cache/node-info.ts';
import { CycleState } from '../../src/scheduler/framework/cycle-state.ts';
import { PodInfo } from '../../src/scheduler/framework/pod-info.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import { clusterObjects } from './decision-cases.ts';
import type { DecisionCase } from './decision-cases.ts';
import { configuration } from './scheduler-config.ts';
import { fixture } from './scheduler-fixture.ts';

export type ByNode<T> = Readonly<Record<string, T>>;

export interface Decided {
  /** null: no node is feasible. */
  readonly chosen: string | null;
  readonly feasible: readonly string[];
  /** Weighted final scores by plugin, then by feasible node; a plugin that skips is not there. */
  readonly scores: Readonly<Record<string, ByNode<number>>>;
  readonly totals: ByNode<number>;
}

export const FILTER_PLUGINS = [
  'NodeUnschedulable', 'NodeName', 'TaintToleration', 'NodeAffinity', 'NodePorts', 'NodeResourcesFit', 'VolumeRestrictions', 'NodeVolumeLimits', 'VolumeBinding',
  'VolumeZone', 'PodTopologySpread', 'InterPodAffinity', 'NodeDeclaredFeatures',
] as const;
export type FilterPlugin = (typeof FILTER_PLUGINS)[number];

const registry = pluginRegistry();
/** Every node is looked at, whatever their number. */
const CONFIGURATION = configuration({ percentageOfNodesToScore: 100 });

/** The decision, and the scores of all feasible nodes (of a single one, too, which a cycle would not score). */
export function decide({ nodes, running, pod: object }: DecisionCase): Decided {
  const world = fixture({ nodes, pods: running, objects: clusterObjects(nodes) });
  const { cluster } = world;
  const settings = { registry, kubernetes: cluster.kubernetes, plain: true, check: false };
  const scheduler = new ReplayScheduler(cluster, CONFIGURATION, settings);
  const pod = new PodInfo(scheduler.cache, world.addPod(object));
  const profile = scheduler.profileOf(pod);
  const { algorithm, snapshot } = scheduler;
  const result = algorithm.schedule(profile, new CycleState(), pod);
  const chosen = result.kind === 'scheduled' ? result.node.name : null;
  const state = new CycleState();
  const { status, nodeNames } = profile.runPreFilter(state, pod);
  const isFeasible = (node: NodeInfo): boolean => status === null && (nodeNames?.has(node.name) ?? true) && profile.runFilter(state, pod, node) === null;
  const feasible = snapshot.nodes.filter(isFeasible);
  const names = feasible.map((node) => node.name);
  const byNode = (valueOf: (index: number) => number): ByNode<number> => Object.fromEntries(names.map((name, index) => [name, valueOf(index)]));
  const scores: Record<string, ByNode<number>> = {};
  if (feasible.length > 0) algorithm.scoreNodes(profile, state, pod, feasible, (plugin, weighted) => void (scores[plugin] = byNode((index) => weighted[index])));
  return { chosen, feasible: names, scores, totals: feasible.length === 0 ? {} : byNode((index) => algorithm.total(index)) };
}

/** What each Filter plugin, asked alone, says of each node: `ok`, or code and reasons. PreFilter's rejection counts for all nodes. */
export function verdicts({ nodes, running, pod }: DecisionCase): Readonly<Record<FilterPlugin, ByNode<string>>> {
  const world = fixture({ nodes, pods: running, objects: clusterObjects(nodes) });
  const ofPlugin = (name: FilterPlugin): ByNode<string> => {
    const factory = registry.get(name);
    if (factory === undefined) throw new Error(`no plugin ${name}`);
    const verdict = world.plugin(factory).filter(pod);
    if (typeof verdict !== 'string') return verdict;
    return Object.fromEntries(nodes.map((node) => [node.metadata?.name ?? '', verdict === 'Skip' ? 'ok' : verdict]));
  };
  return Object.fromEntries(FILTER_PLUGINS.map((name) => [name, ofPlugin(name)])) as Record<FilterPlugin, ByNode<string>>;
}

/** The best total, and who has it. */
export function best({ totals }: Decided): readonly string[] {
  const most = Math.max(...Object.values(totals));
  return Object.keys(totals).filter((name) => totals[name] === most).sort((a, b) => (a < b ? -1 : 1));
}
