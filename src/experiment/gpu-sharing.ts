/**
 * The GPU-sharing experiment of "Beware of Fragmentation" (USENIX ATC'23) in the words of `inflation.ts`: nodes whose
 * GPUs are shared, pods of the openb lists, the scheduler's configuration for a policy, the order of arrivals.
 */
import { DEVICE_MILLI, GPU_MILLI, GPU_MODEL_LABEL } from '../cluster/gpu-devices.ts';
import { typicalPodsOf } from '../cluster/gpu-fragmentation.ts';
import type { TypicalPod } from '../cluster/gpu-fragmentation.ts';
import type { Node, Pod, ResourceList } from '../cluster/objects.ts';
import type { RandomStream } from '../kernel/random.ts';
import type { ListedPod } from '../workload/traces/openb-list.ts';

/** Plugins whose scores are the policies of the paper, in its order. */
export const PAPER_POLICIES = ['Random', 'DotProd', 'GpuClustering', 'GpuPacking', 'BestFit', 'FGD'] as const;

/** Extended resource of whole GPUs that the reader of node lists writes. */
const WHOLE_GPUS = 'nvidia.com/gpu';

/** Pods asks for a number of devices by the thousand; less than one is a share. */
export function podOf({ cpuMilli, memoryMib, gpuCount, gpuMilli, gpuSpec }: ListedPod): Pod {
  const total = gpuCount * gpuMilli;
  const requests: ResourceList = {
    cpu: `${String(cpuMilli)}m`,
    memory: `${String(memoryMib)}Mi`,
    ...(total === 0 ? {} : { [GPU_MILLI]: String(total) }),
  };
  const values = [...new Set(gpuSpec === '' ? [] : gpuSpec.split('|'))];
  const nodeSelectorTerms = [{ matchExpressions: [{ key: GPU_MODEL_LABEL, operator: 'In', values }] }];
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
  return {
    metadata: { namespace: 'default' },
    spec: { ...(values.length === 0 ? {} : { affinity }), containers: [{ name: 'main', resources: { requests } }] },
  };
}

/** One object for all pods that ask for the same. */
export function podsOf(list: readonly ListedPod[]): Pod[] {
  const made = new Map<string, Pod>();
  return list.map((pod) => {
    const { cpuMilli, memoryMib, gpuCount, gpuMilli, gpuSpec } = pod;
    const key = JSON.stringify([cpuMilli, memoryMib, gpuCount, gpuMilli, gpuSpec]);
    const known = made.get(key);
    if (known !== undefined) return known;
    const created = podOf(pod);
    made.set(key, created);
    return created;
  });
}

/** The node with its whole GPUs offered by the thousandth, and room for so many pods. */
export function withSharedGpus(node: Node, podsPerNode: number): Node {
  const { [WHOLE_GPUS]: gpus, ...others } = node.status?.allocatable ?? {};
  const shared = gpus === undefined ? {} : { [GPU_MILLI]: String(Number(gpus) * DEVICE_MILLI) };
  const allocatable: ResourceList = { ...others, ...shared, pods: String(podsPerNode) };
  return { ...node, status: { ...node.status, capacity: allocatable, allocatable } };
}

/**
 * A KubeSchedulerConfiguration in which the policy alone tells nodes apart; filters are those for resources and labels.
 */
export function policyConfiguration(policy: string, typicalPods: readonly TypicalPod[], listedPods: number): unknown {
  const args = { typicalPods, listedPods };
  const everything = [{ name: '*' }];
  const only = (names: readonly string[]): object => ({
    disabled: everything,
    enabled: names.map((name) => ({ name })),
  });
  return {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    profiles: [
      {
        plugins: {
          multiPoint: only(['PrioritySort', 'NodeAffinity', 'NodeResourcesFit', 'DefaultBinder', policy]),
          preScore: only(policy === 'Random' ? [policy] : []),
          score: { disabled: everything, enabled: [{ name: policy, weight: 1 }] },
        },
        pluginConfig: policy === 'FGD' ? [{ name: policy, args }] : [],
      },
    ],
  };
}

export function typicalPodsOfList(list: readonly ListedPod[]): TypicalPod[] {
  return typicalPodsOf(list);
}

/**
 * Indices of pods: all of them in a drawn order, then copies drawn at random, until the GPU milli asked for reach
 * `demand` times the capacity; a list that asks for more than that is broken off there.
 */
export function drawArrivals(
  list: readonly ListedPod[],
  capacityMilli: number,
  demand: number,
  stream: RandomStream,
): number[] {
  const order = drawOrder(list.length, stream);
  const arrivals: number[] = [];
  const wanted = demand * capacityMilli;
  const asksForAny = list.some(({ gpuCount, gpuMilli }) => gpuCount * gpuMilli > 0);
  let asked = 0;
  for (let i = 0; asked < wanted && (asksForAny || i < order.length); i++) {
    const index = i < order.length ? order[i] : Math.floor(stream.next() * list.length);
    arrivals.push(index);
    asked += list[index].gpuCount * list[index].gpuMilli;
  }
  return arrivals;
}

/** The numbers below `count` in any order, each as likely as the others (Fisher and Yates). */
export function drawOrder(count: number, stream: RandomStream): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(stream.next() * (last + 1));
    [order[last], order[other]] = [order[other], order[last]];
  }
  return order;
}
