/**
 * FGD (Score, Reserve): Fragmentation Gradient Descent, the node and the device on which a pod makes the GPUs' expected
 * fragmentation grow least or shrink most ("Beware of Fragmentation: Scheduling GPU-Sharing Workloads with
 * Fragmentation Gradient Descent", USENIX ATC'23; hkust-adsl/kubernetes-scheduler-simulator,
 * pkg/simulator/plugin/fgd_score.go). A node's fragmentation is worked out when the node has changed, at some hundred
 * operations; so is its score for a pod. Of empty nodes that are alike, one speaks for all.
 */
import { DEVICE_MILLI, GPU_MODEL_LABEL, isShare } from '../../cluster/gpu-devices.ts';
import type { GpuRequest } from '../../cluster/gpu-devices.ts';
import { GpuFragmentation, outcomes } from '../../cluster/gpu-fragmentation.ts';
import type { DeviceLook, ModelView, TypicalPod } from '../../cluster/gpu-fragmentation.ts';
import type { NodeFacts } from '../../cluster/node-facts.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import { MAX_NODE_SCORE } from '../framework/plugin-api.ts';
import type { Handle, Plugin, PluginFactory } from '../framework/plugin-api.ts';
import type { Cursor } from '../config/reading.ts';
import type { FactoryWithPoints } from '../config/default-plugins.ts';
import { cpuLeftMilli, cpuMilliOf } from './gpu-policy.ts';

const NAME = 'FGD';
/** Milli of fragmentation that count as one step of the sigmoid. */
const STEP_MILLI = 1000;
/** Scores closer than this to a whole number are worked out anew. */
const DOUBTFUL = 1e-9;
/** Fragmentation stays as it is. */
const EVEN = scoreFor(0);
const NO_DEVICES: readonly number[] = [];

export const FGD: PluginFactory & FactoryWithPoints = {
  name: NAME,
  points: ['score', 'reserve'],
  summary: 'shared GPUs: least growth of the expected fragmentation over the typical pods',
  defaultArgs: { typicalPods: [], listedPods: 0 },
  decodeArgs(args) {
    args.members('apiVersion', 'kind', 'typicalPods', 'listedPods');
    const typicalPods = args.at('typicalPods').items().map(typicalPod);
    return { typicalPods, listedPods: args.at('listedPods').integer(0, 0) };
  },
  create(args, handle): Plugin {
    const { typicalPods, listedPods } = args as unknown as FGDArgs;
    const policy = new FragmentationGradient(typicalPods, listedPods, handle.cluster);
    return {
      name: NAME,
      dependence: { score: 'node' },
      specOnly: true,
      score: (_state, pod, node) => policy.scoreOf(pod.template)(node, node.row),
      scoreOf: (template) => policy.scoreOf(template),
      reserve(_state, pod, nodeName) {
        policy.reserve(handle, pod.row, pod.template, nodeName);
        return null;
      },
      eventsToRegister: () => [],
    };
  },
};

function typicalPod(pod: Cursor): TypicalPod {
  pod.members('cpuMilli', 'gpuCount', 'gpuMilli', 'gpuSpec', 'count');
  const gpuCount = pod.at('gpuCount').integer(0, 0, 64);
  return {
    cpuMilli: pod.at('cpuMilli').integer(0, 0),
    gpuCount,
    gpuMilli: gpuCount === 0 ? 0 : pod.at('gpuMilli').integer(DEVICE_MILLI, 1, DEVICE_MILLI),
    gpuSpec: pod.at('gpuSpec').text(''),
    count: pod.at('count').integer(1, 1),
  };
}

interface FGDArgs {
  readonly typicalPods: readonly TypicalPod[];
  /** Pods of the list that they were taken from; 0: just these. */
  readonly listedPods: number;
}

/** What the score of a pod hangs on; empty nodes that are alike share one. */
interface Standing {
  readonly model: ModelView;
  readonly look: DeviceLook;
  /** Its fragmentation, weighted. */
  readonly weighted: number;
}

/** A node as it stood at a generation of it. */
interface NodeState {
  readonly generation: number;
  readonly facts: NodeFacts;
  readonly standing: Standing;
}

class FragmentationGradient {
  private readonly fragmentation: GpuFragmentation;
  private readonly cluster: SchedulerCache;
  /** By node row. */
  private readonly states: NodeState[] = [];
  /** Of empty nodes, by model and what they offer. */
  private readonly empty = new Map<string, Standing>();

  constructor(typicalPods: readonly TypicalPod[], listedPods: number, cluster: SchedulerCache) {
    this.fragmentation = new GpuFragmentation(typicalPods, listedPods === 0 ? undefined : listedPods);
    this.cluster = cluster;
  }

  scoreOf(template: PodTemplate): (node: NodeInfo, row: number) => number {
    const cpu = cpuMilliOf(template);
    const { gpu } = template;
    const onEmpty = new Map<Standing, number>();
    return (node, row) => {
      const left = node.devices?.left ?? NO_DEVICES;
      const cpuLeft = cpuLeftMilli(node);
      if (gpu === null && !this.fragmentation.tellsApart(cpuLeft, cpuLeft - cpu)) return EVEN;
      const standing = this.standingOf(node, row, cpuLeft, left);
      if (node.pods.length > 0) return this.score(standing, cpuLeft, left, cpu, gpu);
      let score = onEmpty.get(standing);
      if (score === undefined) onEmpty.set(standing, (score = this.score(standing, cpuLeft, left, cpu, gpu)));
      return score;
    };
  }

  private score(
    { model, look, weighted }: Standing,
    cpuLeft: number,
    left: readonly number[],
    cpu: number,
    gpu: GpuRequest | null,
  ): number {
    const after = this.fragmentation.weightedAfter(model, cpuLeft - cpu, left, look, gpu);
    return this.clearScore(weighted, after) ?? this.publishedScore(model, cpuLeft, left, cpu, gpu);
  }

  /**
   * A share goes to the device that scores best, the first of equals; for whole devices the node's own choice stands.
   */
  reserve(handle: Handle, pod: number, template: PodTemplate, nodeName: string): void {
    const { gpu } = template;
    const node = handle.cluster.nodeInfo(handle.cluster.nodeRow(nodeName));
    if (gpu === null || !isShare(gpu) || node.devices === null) return;
    const device = this.bestDevice(node, cpuMilliOf(template), gpu, node.devices.devicesOf(pod));
    if (device >= 0) handle.cluster.assumeDevices(pod, [device]);
  }

  /** The pod's cpu is taken from the node by now, and a share of some device, too. */
  private bestDevice(node: NodeInfo, cpu: number, { milli }: GpuRequest, held: readonly number[]): number {
    const { fragmentation } = this;
    const model = this.modelOf(node);
    const cpuLeft = cpuLeftMilli(node);
    const left = [...(node.devices?.left ?? NO_DEVICES)];
    for (const device of held) left[device] += milli;
    const before = fragmentation.asPublished(model, cpuLeft + cpu, left);
    let best = -1;
    let bestScore = -1;
    for (let device = 0; device < left.length; device++) {
      // Devices with the same left score alike, and the first of equals wins.
      if (left[device] < milli || left.indexOf(left[device]) < device) continue;
      left[device] -= milli;
      const score = scoreFor(before - fragmentation.asPublished(model, cpuLeft, left));
      left[device] += milli;
      if (score <= bestScore) continue;
      best = device;
      bestScore = score;
    }
    return best;
  }

  /** How a node stands, worked out when it has changed; for a node in thought every time. */
  private standingOf(node: NodeInfo, row: number, cpuLeft: number, left: readonly number[]): Standing {
    const { nodes } = this.cluster;
    const isLive = row >= 0 && nodes.info[row] === node;
    const generation = isLive ? nodes.generation[row] : 0;
    const known: NodeState | undefined = isLive ? this.states[row] : undefined;
    if (known !== undefined && known.generation === generation) return known.standing;
    const model = known?.facts === node.facts ? known.standing.model : this.modelOf(node);
    const standing = node.pods.length > 0
      ? this.newStanding(model, cpuLeft, left)
      : this.emptyStanding(model, cpuLeft, left);
    if (isLive) this.states[row] = { generation, facts: node.facts, standing };
    return standing;
  }

  private newStanding(model: ModelView, cpuLeft: number, left: readonly number[]): Standing {
    const look = this.fragmentation.look(left);
    return { model, look, weighted: this.fragmentation.weightedOf(model, cpuLeft, look) };
  }

  private emptyStanding(model: ModelView, cpuLeft: number, left: readonly number[]): Standing {
    const key = `${model.model} ${String(cpuLeft)} ${left.join(' ')}`;
    let standing = this.empty.get(key);
    if (standing === undefined) this.empty.set(key, (standing = this.newStanding(model, cpuLeft, left)));
    return standing;
  }

  private modelOf(node: NodeInfo): ModelView {
    return this.fragmentation.forModel(node.labels.get(GPU_MODEL_LABEL) ?? '');
  }

  /** null: so close to a whole score that the last bits of the sums decide. */
  private clearScore(before: number, after: number): number | null {
    const { weight } = this.fragmentation;
    if (weight === 0) return EVEN;
    const score = rawScoreFor((before - after) / weight);
    return Math.abs(score - Math.round(score)) < DOUBTFUL ? null : Math.trunc(score);
  }

  /** The score, and over all devices of a share the best one, with sums as in the published simulator. */
  private publishedScore(
    model: ModelView,
    cpuLeft: number,
    left: readonly number[],
    cpu: number,
    gpu: GpuRequest | null,
  ): number {
    const { fragmentation } = this;
    const before = fragmentation.asPublished(model, cpuLeft, left);
    let best = 0;
    for (const after of outcomes(left, gpu)) {
      best = Math.max(best, scoreFor(before - fragmentation.asPublished(model, cpuLeft - cpu, after)));
    }
    return best;
  }
}

/** `gainMilli`: by how much the expected fragmentation shrinks. */
function scoreFor(gainMilli: number): number {
  return Math.trunc(rawScoreFor(gainMilli));
}

function rawScoreFor(gainMilli: number): number {
  return (1 / (1 + Math.exp(-(gainMilli / STEP_MILLI)))) * MAX_NODE_SCORE;
}
