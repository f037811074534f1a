/**
 * A cluster at one moment, as objects: what a dump of a real one holds, or where a run stands. Questions about
 * placement start from it. Costs one small object a pod.
 */
import { parseTimestamp } from '../base/timestamp.ts';
import type { KubernetesVersion } from '../cluster/kubernetes-versions.ts';
import { EvictionCause, PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { withNodeDefaults } from '../cluster/node-defaults.ts';
import type { KubernetesObject, Node, Pod } from '../cluster/objects.ts';
import { withoutNodeName } from '../cluster/pod-template.ts';
import type { PodTemplate } from '../cluster/pod-template.ts';
import { PodBelief } from '../scheduler/cache/cached-pods.ts';
import type { SchedulerCache } from '../scheduler/cache/scheduler-cache.ts';
import { impliedStorageClasses, withObjectDefaults } from './object-defaults.ts';
import { poolNode } from './pool-nodes.ts';
import type { Scenario } from './scenario.ts';

export interface MomentPod {
  readonly namespace: string;
  readonly name: string;
  /** Without its node's name. One with a status and a priority is taken as it stands, others go through admission. */
  readonly pod: Pod;
  /** '': it waits for one. */
  readonly nodeName: string;
  /** The only node that it may go to, by its DaemonSet; '': any. */
  readonly pinnedNodeName: string;
  /** status.nominatedNodeName; '': none. */
  readonly nominatedNodeName: string;
  /** Micros: status.startTime; null: it has not started. */
  readonly startTime: number | null;
  /** Why it is being deleted; null: it is not. */
  readonly deletion: EvictionCause | null;
}

export interface ClusterMoment {
  readonly kubernetes: KubernetesVersion;
  readonly nodes: readonly Node[];
  /** Everything but nodes and pods, with defaults; nobody acts on them. */
  readonly objects: readonly KubernetesObject[];
  /** None that has ended. */
  readonly pods: readonly MomentPod[];
  readonly priorityClasses: Scenario['priorityClasses'];
  readonly nodeLifecycle: Scenario['nodeLifecycle'];
  /** Pods left out because the node that they name is not there. */
  readonly podsWithoutNode: number;
}

/** The nodes and pods of files as they stand: workload objects among them make no pods. */
export function momentOfObjects(scenario: Scenario): ClusterMoment {
  const { kubernetes, nodePools, priorityClasses, nodeLifecycle } = scenario;
  const nodes = [
    ...scenario.nodes.map((node) => withNodeDefaults(node)),
    ...nodePools.flatMap((pool) => Array.from({ length: pool.count }, (_, ordinal) => poolNode(pool, ordinal))),
  ];
  const names = new Set(nodes.map(({ metadata }) => metadata?.name ?? ''));
  const all = [...impliedStorageClasses(scenario.objects, []).values(), ...scenario.objects].map(withObjectDefaults);
  const pods = all.filter(({ kind }) => kind === 'Pod').flatMap((pod) => podOfDump(pod));
  const placed = pods.filter(({ nodeName }) => nodeName === '' || names.has(nodeName));
  return {
    kubernetes,
    nodes,
    objects: all.filter(({ kind }) => kind !== 'Pod'),
    pods: placed,
    priorityClasses,
    nodeLifecycle,
    podsWithoutNode: pods.length - placed.length,
  };
}

function podOfDump(pod: Pod): MomentPod[] {
  const { metadata, spec, status } = pod;
  const nodeName = spec?.nodeName ?? '';
  const isDeleted = metadata?.deletionTimestamp !== undefined;
  const hasEnded = status?.phase === 'Succeeded' || status?.phase === 'Failed';
  if (hasEnded || (isDeleted && nodeName === '')) return [];
  const isDaemon = metadata?.ownerReferences?.some(
    ({ kind, controller }) => kind === 'DaemonSet' && controller === true,
  );
  return [
    {
      namespace: metadata?.namespace ?? 'default',
      name: metadata?.name ?? '',
      pod: withoutNodeName(pod),
      nodeName,
      pinnedNodeName: isDaemon === true ? nodeName : '',
      nominatedNodeName: nodeName === '' ? (status?.nominatedNodeName ?? '') : '',
      startTime: parseTimestamp(status?.startTime ?? '') ?? null,
      deletion: isDeleted ? deletionCause(pod) : null,
    },
  ];
}

/** A preemptor waits for its victims, and for nobody else (pkg/apis/core/types.go PodReasonPreemptionByScheduler). */
function deletionCause({ status }: Pod): EvictionCause {
  const isVictim = status?.conditions?.some(
    ({ type, reason }) => type === 'DisruptionTarget' && reason === 'PreemptionByScheduler',
  );
  return isVictim === true ? EvictionCause.Preemption : EvictionCause.Api;
}

/** Where a run stands. A pod that one of the schedulers has chosen a node for counts as bound. */
export function momentOfRun(
  cluster: Cluster, caches: readonly SchedulerCache[], scenario: Scenario,
): ClusterMoment {
  const nodes: Node[] = [];
  for (let row = 0; row < cluster.nodes.length; row++)
    if (cluster.nodes.alive[row] === 1) nodes.push(cluster.nodes.facts[row].object);
  const pods: MomentPod[] = [];
  let podsWithoutNode = 0;
  const { phase, length } = cluster.pods;
  for (let row = 0; row < length; row++) {
    if (phase[row] !== PodPhase.Pending && phase[row] !== PodPhase.Bound && phase[row] !== PodPhase.Running) continue;
    const pod = podOfRun(cluster, caches, row);
    if (pod === null) podsWithoutNode++;
    else pods.push(pod);
  }
  return {
    kubernetes: scenario.kubernetes,
    nodes,
    objects: cluster.objects.all().map(([kind, object]) => ({ kind, ...object })),
    pods,
    priorityClasses: scenario.priorityClasses,
    nodeLifecycle: scenario.nodeLifecycle,
    podsWithoutNode,
  };
}

/** null: its node has gone. */
function podOfRun(cluster: Cluster, caches: readonly SchedulerCache[], row: number): MomentPod | null {
  const { pods, nodes, names } = cluster;
  // A late scheduler may not have heard of the pod, or think that it still has no node.
  const assuming = caches.find((cache) => cache.pods.belief[row] === PodBelief.Assumed);
  const node = pods.node[row] < 0 && assuming !== undefined ? assuming.pods.node[row] : pods.node[row];
  if (node >= 0 && nodes.alive[node] === 0) return null;
  const template = cluster.templateOf(row);
  const pinned = pods.pinnedNode[row];
  const startTime = pods.acknowledgedAt[row];
  const isDeleted = pods.isTerminating(row);
  return {
    namespace: template.namespace,
    name: cluster.podName(row),
    pod: podOfTemplate(template, cluster.podName(row)),
    nodeName: node < 0 ? '' : nodes.facts[node].name,
    pinnedNodeName: pinned < 0 ? '' : names.text(pinned),
    nominatedNodeName: node < 0 ? cluster.nominatedNodeName(row) : '',
    startTime: Number.isNaN(startTime) ? null : startTime,
    deletion: isDeleted ? (pods.cause[row] as EvictionCause) : null,
  };
}

/** All that a scheduler looks at. */
export function podOfTemplate(template: PodTemplate, name: string): Pod {
  const { namespace, labels, controller, spec, priority } = template;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      labels: Object.fromEntries(labels),
      ...(controller === null ? {} : { ownerReferences: [{ ...controller, controller: true }] }),
    },
    spec: { ...spec, priority },
    status: {},
  };
}
