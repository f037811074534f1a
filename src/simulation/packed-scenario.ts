/** A packing as a scenario that can be run: its nodes, the pods that stay with them, then the others as they arrive. */
import type { KubernetesObject } from '../cluster/objects.ts';
import { APPLICATION_ANNOTATION } from '../cluster/scheduling-spec.ts';
import type { ClusterMoment, MomentPod } from './cluster-moment.ts';
import { KIND_OF_OWNER } from './pod-places.ts';
import type { Scenario } from './scenario.ts';

export interface PackedParts {
  readonly seed: string;
  readonly nodes: ClusterMoment['nodes'];
  readonly podsOfNodes: readonly MomentPod[];
  readonly pods: readonly MomentPod[];
}

/** Pods alone are packed: objects that would make more of them, or have them deleted, stay out. */
export function withoutWorkloads(moment: ClusterMoment): ClusterMoment {
  return {
    ...moment,
    objects: moment.objects.filter(({ kind = '' }) => !KIND_OF_OWNER.has(kind) && kind !== 'CronJob'),
  };
}

/** Time in which all pods are sure to have had their turn, seconds: a cycle takes 1.3 ms by default. */
const SECONDS_AT_LEAST = 600;
const SECONDS_EACH = 0.01;

/** As it stands in a file. `pluginFiles`: relative to that file. */
export function packedScenario(
  { seed, nodes, podsOfNodes, pods }: PackedParts,
  moment: ClusterMoment,
  scenario: Scenario,
  pluginFiles: readonly string[],
): object {
  const { configuration, tieBreak, sampling } = scenario.scheduler;
  return {
    name: `${scenario.name}-compact`,
    description: `${String(nodes.length)} nodes that hold ${String(pods.length)} pods in the order of seed ${seed}`,
    seed: scenario.seed,
    kubernetes: moment.kubernetes,
    duration: `${String(SECONDS_AT_LEAST + Math.ceil(pods.length * SECONDS_EACH))}s`,
    scheduler: {
      ...(configuration === null || configuration === undefined ? {} : { config: configuration }),
      ...(pluginFiles.length === 0 ? {} : { plugins: pluginFiles }),
      tieBreak,
      sampling,
    },
    nodes,
    manifests: [
      ...withoutWorkloads(moment).objects,
      ...podsOfNodes.map((pod) => podObject(pod, pod.nodeName === '' ? pod.pinnedNodeName : pod.nodeName)),
      ...pods.map((pod) => podObject(pod, '')),
    ],
  };
}

function podObject({ namespace, name, pod }: MomentPod, nodeName: string): KubernetesObject {
  const { labels } = pod.metadata ?? {};
  // What runs in a pod does not matter to a packing, whose scenario has no applications.
  const { [APPLICATION_ANNOTATION]: _application, ...annotations } = pod.metadata?.annotations ?? {};
  // The priority that the class gave stands in the spec.
  const { priorityClassName, ...spec } = pod.spec ?? {};
  const named = spec.priority === undefined && priorityClassName !== undefined ? { priorityClassName } : {};
  const object = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: { ...spec, ...named, ...(nodeName === '' ? {} : { nodeName }) },
    ...(pod.status === undefined ? {} : { status: { phase: nodeName === '' ? 'Pending' : 'Running' } }),
  };
  return object;
}
