/**
 * NodeResourcesFit (PreFilter, Filter, PreScore, Score): requests must fit into what the node has left; scores by
 * LeastAllocated, MostAllocated or RequestedToCapacityRatio. The score looks at containers only (pod-level resources
 * are ignored, 100m and 200 MiB stand in for missing cpu and memory requests), as upstream's does.
 * Source: plugins/noderesources/fit.go. Costs a few comparisons per resource.
 */
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import { FREE_PODS } from '../cache/cached-nodes.ts';
import type { CachedNodes } from '../cache/cached-nodes.ts';
import { GPU_MILLI } from '../../cluster/gpu-devices.ts';
import type { PodTemplate } from '../../cluster/pod-template.ts';
import { CPU, FIRST_SCALAR, MEMORY, amountOf, isExtendedResource } from '../../cluster/resources.ts';
import type { ResourceRegistry } from '../../cluster/resources.ts';
import { Action, event, isOwnPod } from '../framework/cluster-event.ts';
import type { NodeEventView, PodEventView } from '../framework/cluster-event.ts';
import type { Plugin, PluginFactory, RoomWanted } from '../framework/plugin-api.ts';
import type { PodInfo } from '../framework/pod-info.ts';
import { Code } from '../framework/status.ts';
import type { Status } from '../framework/status.ts';
import { capacityRatioScore, leastRequestedScore, mostRequestedScore } from './resource-scoring.ts';
import type { ShapePoint } from './resource-scoring.ts';

const NAME = 'NodeResourcesFit';
const CROWDED = 1;
const UNRESOLVABLE = 2;
/**
 * Verdicts are remembered by what is lacking while it is below this: more resources than that make a new one each
 * time.
 */
const MAX_LACKING = 0x4_0000_0000_0000;
const COLUMN_BITS: readonly number[] = columnBits();

export interface ScoringStrategy {
  readonly type: 'LeastAllocated' | 'MostAllocated' | 'RequestedToCapacityRatio';
  readonly resources: readonly { readonly name: string; readonly weight: number }[];
  readonly requestedToCapacityRatio?: { readonly shape: readonly ShapePoint[] };
}

export const NodeResourcesFit: PluginFactory = {
  name: NAME,
  summary: 'requests must fit; scores by LeastAllocated, MostAllocated or RequestedToCapacityRatio',
  defaultArgs: {
    ignoredResources: [],
    ignoredResourceGroups: [],
    scoringStrategy: { type: 'LeastAllocated', resources: [{ name: 'cpu', weight: 1 }, { name: 'memory', weight: 1 }] },
  },
  create(args, handle): Plugin {
    const registry = handle.cluster.resources;
    const ignored = ignoredColumns(args, registry);
    const verdicts = new Map<number, Status>();
    const strategy = args['scoringStrategy'] as ScoringStrategy;
    const score = scorer(strategy, registry);
    const plugin: Plugin = {
      name: NAME,
      dependence: { filter: 'node', score: 'node' },
      specOnly: true,
      preFilter: () => ({ status: null, nodeNames: null }),
      filter: (_state, pod, node) => filter(pod.template, node, registry, ignored, verdicts),
      filterOf: (template) => filterOf(template, handle.cluster, ignored, verdicts),
      roomOf: (template) => roomOf(template, plugin, ignored),
      onlyRowsOf: (template) => onlyRowsOf(template, handle.cluster.nodes, ignored),
      preScore: () => null,
      score: (_state, pod, node) => score(pod.template, node),
      scoreOf: (template) =>
        cpuAndMemoryOf(template, strategy, handle.cluster.nodes) ?? ((node) => score(template, node)),
      eventsToRegister: () => [
        {
          event: event('Pod', Action.Delete),
          hint: (_pod, { pod: gone }) =>
            gone !== undefined && (gone.nodeName !== '' || gone.nominatedNodeName !== '') ? 'Queue' : 'QueueSkip',
        },
        {
          event: event('Pod', Action.UpdatePodScaleDown),
          hint: (pod, { pod: now, podBefore }) => (scaleDownHelps(pod, now, podBefore) ? 'Queue' : 'QueueSkip'),
        },
        {
          event: event('Node', Action.Add | Action.UpdateNodeAllocatable),
          hint: (pod, { node, nodeBefore }) =>
            node !== undefined && nodeHelps(pod.template, node, nodeBefore) ? 'Queue' : 'QueueSkip',
        },
        { event: event('DeviceClass', Action.Add | Action.Update), hint: () => 'QueueSkip' },
      ],
    };
    return plugin;
  },
};

function columnBits(): number[] {
  const bits: number[] = [];
  for (let bit = 2 * UNRESOLVABLE; bit <= MAX_LACKING / 4; bit *= 2) bits.push(bit);
  return bits;
}

function ignoredColumns(
  args: Readonly<Record<string, unknown>>, registry: ResourceRegistry,
): (column: number) => boolean {
  const resources = new Set((args['ignoredResources'] ?? []) as readonly string[]);
  const groups = new Set((args['ignoredResourceGroups'] ?? []) as readonly string[]);
  if (resources.size === 0 && groups.size === 0) return () => false;
  return (column) => {
    const name = registry.name(column);
    return isExtendedResource(name) && (resources.has(name) || groups.has(name.split('/')[0]));
  };
}

function filter(
  template: PodTemplate,
  node: NodeInfo,
  registry: ResourceRegistry,
  ignored: (column: number) => boolean,
  verdicts: Map<number, Status>,
): Status | null {
  const { columns, amounts } = template.requested;
  const { allocatable, base } = node;
  // What is lacking, as a number: too many pods, more than the node ever has, then a bit for each column.
  const crowded = node.pods.length + 1 > node.allowedPods;
  let lacking = crowded ? CROWDED : 0;
  let unresolvable = 0;
  for (let i = 0; i < columns.length; i++) {
    if (!isShort(node, columns[i], amounts[i], ignored) && !lacksDevices(template, columns[i], node, registry, ignored))
      continue;
    lacking += columnBit(columns[i]);
    if (amounts[i] > allocatable[base + columns[i]]) unresolvable = UNRESOLVABLE;
  }
  if (lacking === 0) return null;
  let verdict = verdicts.get(lacking + unresolvable);
  if (verdict === undefined || lacking > MAX_LACKING) {
    const reasons = [...columns]
      .filter(
        (column, i) =>
          isShort(node, column, amounts[i], ignored) || lacksDevices(template, column, node, registry, ignored),
      )
      .map((column) => `Insufficient ${registry.name(column)}`);
    if (crowded) reasons.unshift('Too many pods');
    verdict = {
      code: unresolvable === 0 ? Code.Unschedulable : Code.UnschedulableAndUnresolvable,
      reasons,
      plugin: NAME,
    };
    verdicts.set(lacking + unresolvable, verdict);
  }
  return verdict;
}

function isShort(
  { allocatable, requested, base }: NodeInfo, column: number, wanted: number, ignored: (column: number) => boolean,
): boolean {
  return wanted > allocatable[base + column] - requested[base + column] && !(column >= FIRST_SCALAR && ignored(column));
}

/** Of GPUs that pods share: there is enough in all, but no device has enough left. Ours; upstream knows no shares. */
function lacksDevices(
  { gpu }: PodTemplate,
  column: number,
  { devices }: NodeInfo,
  registry: ResourceRegistry,
  ignored: (column: number) => boolean,
): boolean {
  if (gpu === null || devices === null || column !== registry.find(GPU_MILLI) || ignored(column)) return false;
  return !devices.fits(gpu);
}

function columnBit(column: number): number {
  return column < COLUMN_BITS.length ? COLUMN_BITS[column] : 2 * MAX_LACKING;
}

/**
 * The filter for one template: what is lacking is told without a look at more than the columns, once it is known in
 * words.
 */
function filterOf(
  template: PodTemplate,
  { nodes, resources }: SchedulerCache,
  ignored: (column: number) => boolean,
  verdicts: Map<number, Status>,
): (node: NodeInfo, row: number) => Status | null {
  const { gpu } = template;
  const { columns, amounts } = template.requested;
  const count = columns.length;
  const bits = Array.from(columns, (column) => (column >= FIRST_SCALAR && ignored(column) ? 0 : columnBit(column)));
  const gpuBit = gpu === null ? 0 : (bits[columns.indexOf(resources.find(GPU_MILLI))] ?? 0);
  return (node, row) => {
    const { allocatable, requested, nonZero, rowStride } = nodes;
    const base = row * rowStride;
    let lacking = nonZero[base + FREE_PODS] > 0 ? 0 : CROWDED;
    let unresolvable = 0;
    let lacksGpus = false;
    for (let i = 0; i < count; i++) {
      const at = base + columns[i];
      if (amounts[i] <= allocatable[at] - requested[at]) continue;
      lacking += bits[i];
      if (bits[i] === gpuBit) lacksGpus = true;
      if (bits[i] > 0 && amounts[i] > allocatable[at]) unresolvable = UNRESOLVABLE;
    }
    if (gpuBit > 0 && !lacksGpus && gpu !== null && node.devices !== null && !node.devices.fits(gpu)) lacking += gpuBit;
    if (lacking === 0) return null;
    const known = lacking > MAX_LACKING ? undefined : verdicts.get(lacking + unresolvable);
    return known ?? filter(template, node, resources, ignored, verdicts);
  };
}

/** null: devices are asked, too. */
function roomOf(
  { gpu, requested: { columns, amounts } }: PodTemplate, plugin: Plugin, ignored: (column: number) => boolean,
): RoomWanted | null {
  const isWanted = (_: number, i: number): boolean => columns[i] < FIRST_SCALAR || !ignored(columns[i]);
  return gpu === null ? { plugin, columns: columns.filter(isWanted), amounts: amounts.filter(isWanted) } : null;
}

/** The fewest nodes that offer one of the resources that not all nodes have; null: the template wants none of those. */
function onlyRowsOf(
  { requested: { columns, amounts } }: PodTemplate, nodes: CachedNodes, ignored: (column: number) => boolean,
): (() => ReadonlySet<number>) | null {
  const rare = [...columns].filter((column, i) => column >= FIRST_SCALAR && amounts[i] > 0 && !ignored(column));
  if (rare.length === 0) return null;
  return () =>
    rare
      .map((column) => nodes.offering.get(column) ?? NOWHERE)
      .reduce((fewest, rows) => (rows.size < fewest.size ? rows : fewest));
}

const NOWHERE: ReadonlySet<number> = new Set();

/** The score for one template by how much of cpu and memory is left, or used, with any weights; null for others. */
function cpuAndMemoryOf(
  template: PodTemplate, { type, resources }: ScoringStrategy, nodes: CachedNodes,
): ((node: NodeInfo, row: number) => number) | null {
  const isPair = resources.length === 2 && resources[0].name === 'cpu' && resources[1].name === 'memory';
  if (!isPair || type === 'RequestedToCapacityRatio') return null;
  const cpu = amountOf(template.scored, CPU);
  const memory = amountOf(template.scored, MEMORY);
  const cpuWeight = resources[0].weight;
  const memoryWeight = resources[1].weight;
  const isLeast = type === 'LeastAllocated';
  return (_node, row) => {
    const { allocatable, nonZero, rowStride } = nodes;
    const base = row * rowStride;
    const cores = allocatable[base + CPU];
    const bytes = allocatable[base + MEMORY];
    let sum = 0;
    let weights = 0;
    if (cores !== 0) {
      const used = nonZero[base] + cpu;
      sum = cpuWeight * (isLeast ? leastRequestedScore(used, cores) : mostRequestedScore(used, cores));
      weights = cpuWeight;
    }
    if (bytes !== 0) {
      const used = nonZero[base + 1] + memory;
      sum += memoryWeight * (isLeast ? leastRequestedScore(used, bytes) : mostRequestedScore(used, bytes));
      weights += memoryWeight;
    }
    return weights === 0 ? 0 : Math.floor(sum / weights);
  };
}

/**
 * What the scored request and a node's use of one configured resource are; columns are looked up late because a
 * resource may be unknown yet.
 */
function scorer(
  strategy: ScoringStrategy, registry: ResourceRegistry,
): (template: PodTemplate, node: NodeInfo) => number {
  const { type, resources } = strategy;
  const shape = strategy.requestedToCapacityRatio?.shape ?? [];
  const columns = resources.map(({ name }) => registry.column(name));
  const weights = resources.map(({ weight }) => weight);
  return (template, node) => {
    let sum = 0;
    let weightSum = 0;
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i];
      if (column < 0) continue;
      const wanted = amountOf(template.scored, column);
      if (wanted === 0 && column >= FIRST_SCALAR) continue;
      const allocatable = node.allocatable[node.base + column];
      if (allocatable === 0) continue;
      const requested = usedOf(node, column) + wanted;
      if (type === 'RequestedToCapacityRatio') {
        const part = capacityRatioScore(shape, requested, allocatable);
        if (part > 0) {
          sum += part * weights[i];
          weightSum += weights[i];
        }
        continue;
      }
      sum +=
        weights[i] *
        (type === 'LeastAllocated'
          ? leastRequestedScore(requested, allocatable)
          : mostRequestedScore(requested, allocatable));
      weightSum += weights[i];
    }
    if (weightSum === 0) return 0;
    return type === 'RequestedToCapacityRatio' ? Math.round(sum / weightSum) : Math.floor(sum / weightSum);
  };
}

/** cpu and memory with the container defaults, the rest as requested. */
function usedOf(node: NodeInfo, column: number): number {
  if (column === CPU) return node.nonZero[node.nonZeroBase];
  if (column === MEMORY) return node.nonZero[node.nonZeroBase + 1];
  return node.requested[node.base + column];
}

function scaleDownHelps(pod: PodInfo, now: PodEventView | undefined, before: PodEventView | undefined): boolean {
  if (now === undefined || before === undefined) return true;
  if (isOwnPod(pod, now)) return true;
  if (now.nodeName === '') return false;
  const { columns } = pod.template.requested;
  for (const column of columns) {
    if (amountOf(before.template.accounted, column) > amountOf(now.template.accounted, column)) return true;
  }
  return false;
}

/** The pod fits the empty node, and the node is new or offers more of something that the pod wants. */
function nodeHelps(template: PodTemplate, node: NodeEventView, before: NodeEventView | undefined): boolean {
  const { columns, amounts } = template.requested;
  if (node.allowedPods < 1) return false;
  for (let i = 0; i < columns.length; i++) if (amounts[i] > node.allocatable[node.base + columns[i]]) return false;
  if (before === undefined || node.allowedPods > before.allowedPods) return true;
  for (const column of columns)
    if (node.allocatable[node.base + column] > before.allocatable[before.base + column]) return true;
  return false;
}

