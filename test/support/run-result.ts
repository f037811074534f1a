/**
 * A realistic result of one simulated day, made without the simulator: a toy cluster with a day's rhythm, two node
 * pools, crashes, repairs and scaling, from a small congruential generator. The same options give the same result.
 */
import { quantileOfSorted } from '../../src/base/statistics/quantiles.ts';
import { METRICS } from '../../src/metrics/declared-metrics.ts';
import type { MetricGroup, Numbers } from '../../src/metrics/declared-metrics.ts';
import type {
  CampaignFacts,
  LatencyGroup,
  MarkedEvent,
  NearestNode,
  NodeRecord,
  PodTable,
  Quantiles,
  RunResult,
  TimeSeries,
  Utilization,
  WaitFacts,
  WaitingFacts,
} from '../../src/metrics/run-result.ts';

export interface RunResultOptions {
  readonly seed?: string;
  readonly samples?: number;
  readonly podRows?: number | null;
  readonly overrides?: Partial<RunResult>;
}

/** Of a scenario with three failure processes, the last of which never struck. */
export const CAMPAIGNS: readonly CampaignFacts[] = [
  {
    name: 'node-crash', kind: 'crash', scope: 'node', strikes: 9, nodesStruck: 8, nodesStruckAtEnd: 1,
    nodeSeconds: 9120, medianSeconds: 720, longestSeconds: 3000, podsDisrupted: 21, podsRestarted: 14,
  },
  {
    name: 'cut', kind: 'partition', scope: 'zone', strikes: 2, nodesStruck: 12, nodesStruckAtEnd: 0,
    nodeSeconds: 7200, medianSeconds: 300, longestSeconds: 300, podsDisrupted: 5, podsRestarted: 0,
  },
  {
    name: 'never', kind: 'reclaim', scope: 'rack', strikes: 0, nodesStruck: 0, nodesStruckAtEnd: 0,
    nodeSeconds: 0, medianSeconds: null, longestSeconds: null, podsDisrupted: 0, podsRestarted: 0,
  },
];

const DAY = 86_400;
const CLASSES = ['service', 'batch', 'interactive'] as const;
const PRIORITIES = { service: 100_000, batch: 0, interactive: 1000 } as const;

export function makeRunResult(options: RunResultOptions = {}): RunResult {
  const seed = options.seed ?? '42';
  const random = generator(seed);
  const day = makeDay(options.samples ?? 1440, random);
  const waits = makeWaits(random);
  const pods = options.podRows === null ? null : makePods(options.podRows ?? 300, random);
  const group = (names: readonly string[]): LatencyGroup => latencyGroup(names.flatMap((name) => waits[name]));
  return {
    schemaVersion: 1,
    scenario: 'two-pools-one-day',
    description: 'A day of services and batch work on two pools with node crashes and a cluster autoscaler.',
    seed,
    version: '0.1.0',
    kubernetes: '1.37',
    digest: '9f2c4e1b7a6d5038c1e2f4a5b6978877665544332211000fedcba98765432101'.slice(0, 64),
    simulatedSeconds: DAY,
    complete: true,
    counts: {
      ...zeros('counts'),
      nodes: 46, nodesAtStart: 40, nodesPeak: 58, podsArrived: 18_240, podsScheduled: 18_431, podsRunning: 612, podsFinished: 17_590, podsPending: 38,
      podsLost: 12, podsReplaced: 241, decisions: 24_018, decisionsUnschedulable: 5587, events: 151_902, evictions: 229, nodeFailures: 9,
    },
    utilization: { cpu: utilization(day.cpu), memory: utilization(day.memory), 'nvidia.com/gpu': utilization(day.gpu) },
    utilizationByPool: {
      general: { cpu: utilization(day.cpu.map((share) => share * 0.96)), memory: utilization(day.memory) },
      gpu: { cpu: utilization(day.gpu.map((share) => share * 0.7)), 'nvidia.com/gpu': utilization(day.gpu) },
    },
    latency: group(CLASSES),
    latencyByPriority: { 0: group(['batch']), 1000: group(['interactive']), 100000: group(['service']) },
    latencyByClass: { service: group(['service']), batch: group(['batch']), interactive: group(['interactive']) },
    scheduling: {
      ...zeros('scheduling'),
      attemptsPerPod: quantilesOf(Array.from({ length: 500 }, () => 1 + Math.floor(random() * random() * 6)), 0),
      backoffSeconds: quantilesOf(Array.from({ length: 200 }, () => 1 + random() * 9), 0),
      rejectionsByPlugin: { NodeResourcesFit: 5210, TaintToleration: 377, PodTopologySpread: 122 },
      nodesFiltered: 812_440, nodesScored: 603_119,
      profile: { schedulerName: 'default-scheduler', percentageOfNodesToScore: 0 },
    },
    waiting: makeWaiting(),
    packing: {
      ...zeros('packing'),
      densityOfNonEmptyNodes: { cpu: 0.712_345, memory: 0.604_21, 'nvidia.com/gpu': 0.55 },
      meanEmptyNodes: 1.75, meanNodes: 47.3125,
      strandedShare: { cpu: 0.031, memory: 0.084_5, 'nvidia.com/gpu': 0.12 },
      fragmentation: {
        gpuFragmentedShare: { mean: 0.081, end: 0.064 },
        largestFree: { cpu: 11.5, memory: 40_802_189_312 },
        largestPod: { cpu: 6.25, memory: 13_421_772_800 },
        room: [{ requests: { cpu: 2, memory: 4_294_967_296 }, podsCreated: 4210, podsThatFit: 87 }],
      },
    },
    failures: {
      ...zeros('failures'),
      evictionsByCause: { nodeFailure: 187, scaleDown: 31, taint: 11 },
      wastedPodSeconds: 291_884.25, usefulPodSeconds: 38_120_441.5, nodeDownSeconds: 9120,
    },
    autoscaling: { ...zeros('autoscaling'), scaleUpEvents: 14, scaleDownEvents: 11, nodesAdded: 27, nodesRemoved: 21 },
    cost: { ...zeros('cost'), nodeHours: 1135.5, total: 642.18, nodeHoursByPool: { general: 943.25, gpu: 192.25 } },
    notes: ['38 pods were still waiting at the end; their waits so far are counted as lower bounds.', 'PodDisruptionBudget objects (3) are not simulated.'],
    notSimulated: [{ kind: 'Job', field: 'spec.activeDeadlineSeconds', count: 3, effect: 'no deadline ends a Job' }],
    refusedPods: [{
      kind: 'ResourceQuota', namespace: 'team-a', name: 'compute', count: 17, firstAtSeconds: 30_240,
      message: 'exceeded quota: compute, requested: pods=1, used: pods=40, limited: pods=40',
    }],
    resolvedScenario: { name: 'two-pools-one-day', seed, durationMicros: 86_400_000_000, nodePools: [{ name: 'general', count: 36 }, { name: 'gpu', count: 4 }] },
    timeseries: day.series,
    events: day.events,
    pods,
    nodes: makeNodes(random),
    ...options.overrides,
  };
}

/** For each number that is declared of the group. */
export function zeros<Group extends MetricGroup>(group: Group): Numbers<Group> {
  return Object.fromEntries(Object.keys(METRICS[group]).map((name) => [name, 0])) as Numbers<Group>;
}

/** Numerical Recipes' 32-bit congruential generator, started from the text. */
function generator(seed: string): () => number {
  let state = 2_463_534_242;
  for (const character of seed) state = (Math.imul(state, 31) + character.charCodeAt(0)) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

interface Day {
  readonly cpu: readonly number[];
  readonly memory: readonly number[];
  readonly gpu: readonly number[];
  readonly series: TimeSeries;
  readonly events: readonly MarkedEvent[];
}

function makeDay(samples: number, random: () => number): Day {
  const names = [
    'utilization.cpu',
    'utilization.memory',
    'utilization.nvidia.com/gpu',
    'pods.pending',
    'pods.running',
    'queue.active',
    'queue.backoff',
    'queue.unschedulable',
    'nodes.ready',
    'nodes.total',
    'nodes.empty',
    `waiting.${NO_CPU}`,
    `waiting.${NO_GPU}`,
  ];
  const columns: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]));
  const events: MarkedEvent[] = [];
  const seconds: number[] = [];
  let total = 40;
  let down = 0;
  let noise = 0;
  let lastScale = 0;
  for (let i = 0; i < samples; i++) {
    const at = ((i + 1) * DAY) / samples;
    const rhythm = 0.5 - 0.5 * Math.cos((2 * Math.PI * (at - 4 * 3600)) / DAY);
    noise = noise * 0.97 + (random() - 0.5) * 0.03;
    const demand = 14 + 40 * rhythm + noise * 60;
    if (random() < 9 / samples) {
      down++;
      events.push({ seconds: at, kind: 'nodeCrash', label: `general-${Math.floor(random() * 40)} crashed`, count: 1 });
    } else if (down > 0 && random() < 80 / samples) {
      events.push({ seconds: at, kind: 'nodeRepair', label: 'back after repair', count: 1 });
      down--;
    }
    const ready = total - down;
    if (demand > ready * 0.95 && at - lastScale > 1800 && total < 58) {
      events.push({ seconds: at, kind: 'scaleUp', label: 'general +3', count: 3 });
      total += 3;
      lastScale = at;
    } else if (demand < ready * 0.55 && at - lastScale > 2400 && total > 30) {
      events.push({ seconds: at, kind: 'scaleDown', label: 'general -2', count: 2 });
      total -= 2;
      lastScale = at;
    }
    const over = Math.max(0, demand - ready * 0.93);
    const pending = Math.floor(over * 14 + random() * 3);
    const backoff = Math.floor(pending * 0.3);
    const active = Math.floor((pending - backoff) * 0.2);
    const cpu = Math.min(0.97, Math.max(0.02, demand / ready));
    const row = [
      cpu,
      Math.min(0.94, 0.18 + cpu * 0.62 + noise * 0.4),
      Math.min(1, Math.max(0, Math.round((0.35 + rhythm * 0.5 + noise) * 16) / 16)),
      pending,
      Math.floor(demand * 17),
      active,
      backoff,
      pending - backoff - active,
      ready,
      total,
      Math.max(0, Math.floor((ready * 0.62 - demand) / 2.2)),
      Math.floor(pending * 0.7),
      Math.floor(pending * 0.2),
    ];
    names.forEach((name, k) => columns[name].push(row[k]));
    seconds.push(at);
  }
  return { cpu: columns['utilization.cpu'], memory: columns['utilization.memory'], gpu: columns['utilization.nvidia.com/gpu'], series: { seconds, columns }, events };
}

function makeWaiting(): WaitingFacts {
  const cpu: NearestNode = {
    node: 'general-7',
    pool: 'general',
    seconds: 50_400,
    resource: 'cpu',
    free: 1.5,
    wanted: 2,
    allocatable: 7.91,
  };
  const gpu: NearestNode = {
    node: 'gpu-2',
    pool: 'gpu',
    seconds: 86_100,
    resource: 'nvidia.com/gpu',
    free: 1,
    wanted: 2,
    allocatable: 4,
  };
  const facts = (pods: number, podsPending: number, nearest: NearestNode | null): WaitFacts => ({
    pods,
    podsPending,
    attempts: pods * 3,
    podSeconds: pods * 95.5,
    nearest,
  });
  return {
    byReason: { [NO_CPU]: facts(420, 30, cpu), [NO_GPU]: facts(38, 8, gpu), [NO_MATCH]: facts(3, 0, null) },
    byClass: {
      batch: { [NO_CPU]: facts(420, 30, cpu), [NO_MATCH]: facts(3, 0, null) },
      interactive: { [NO_GPU]: facts(38, 8, gpu) },
    },
    byPool: {
      general: {
        podSecondsForRoom: 40_110,
        podsPendingForRoom: 30,
        podSecondsBarred: 3629,
        podsPendingBarred: 8,
        barredBy: NO_GPU,
      },
      gpu: {
        podSecondsForRoom: 3629,
        podsPendingForRoom: 8,
        podSecondsBarred: 40_110,
        podsPendingBarred: 30,
        barredBy: 'node(s) had untolerated taint(s)',
      },
    },
    templates: [
      {
        namespace: 'default',
        oldestPod: 'batch-17',
        class: 'batch',
        priority: 0,
        pods: 30,
        waitedSeconds: 4210,
        reason: NO_CPU,
        message: MESSAGE,
        nearest: cpu,
      },
      {
        namespace: 'ml',
        oldestPod: 'notebook-3',
        class: 'interactive',
        priority: 1000,
        pods: 8,
        waitedSeconds: 310,
        reason: NO_GPU,
        message: `0/46 nodes are available: 46 ${NO_GPU}.`,
        nearest: gpu,
      },
    ],
    templatesNotListed: 0,
  };
}

const NO_CPU = 'Insufficient cpu';
const NO_GPU = 'Insufficient nvidia.com/gpu';
const NO_MATCH = "node(s) didn't match Pod's node affinity/selector";
const MESSAGE =
  '0/46 nodes are available: 4 node(s) had untolerated taint(s), 42 Insufficient cpu. no new claims to deallocate, preemption: 0/46 nodes are available: 4 Preemption is not helpful for scheduling, 42 No preemption victims found for incoming pod.';

function makeWaits(random: () => number): Record<string, number[]> {
  const scale = { service: 0.004, interactive: 0.02, batch: 0.4 } as const;
  return Object.fromEntries(
    CLASSES.map((name) => [name, Array.from({ length: 2000 }, () => (random() < 0.2 ? 0 : scale[name] * Math.exp(4.2 * (random() + random() + random() - 1.2))))]),
  );
}

function latencyGroup(waits: readonly number[]): LatencyGroup {
  const sorted = Float64Array.from(waits).sort((a, b) => a - b);
  const cdf: [number, number][] = [];
  for (let i = 1; i <= 200; i++) {
    const wait = quantileOfSorted(sorted, i / 200);
    if (cdf.length > 0 && cdf[cdf.length - 1][0] === wait) cdf[cdf.length - 1][1] = i / 200;
    else cdf.push([wait, i / 200]);
  }
  return { queueWaitSeconds: quantilesOf(waits, 12), startSeconds: quantilesOf(waits.map((wait) => wait + 2.5), 12), queueWaitCdf: cdf };
}

function quantilesOf(samples: readonly number[], censored: number): Quantiles {
  const sorted = Float64Array.from(samples).sort((a, b) => a - b);
  const at = (share: number): number => quantileOfSorted(sorted, share);
  const sum = samples.reduce((total, value) => total + value, 0);
  return { count: samples.length, mean: sum / samples.length, p50: at(0.5), p90: at(0.9), p95: at(0.95), p99: at(0.99), p999: at(0.999), max: at(1), censored };
}

function utilization(shares: readonly number[]): Utilization {
  const sorted = Float64Array.from(shares).sort((a, b) => a - b);
  const at = (share: number): number => quantileOfSorted(sorted, share);
  const mean = shares.reduce((total, value) => total + value, 0) / shares.length;
  return { mean, p5: at(0.05), p50: at(0.5), p95: at(0.95), max: at(1), meanWhilePending: Math.min(1, mean * 1.2) };
}

function makePods(rows: number, random: () => number): PodTable {
  const table = {
    name: [] as string[],
    namespace: [] as string[],
    class: [] as string[],
    priority: [] as number[],
    node: [] as string[],
    createdSeconds: [] as number[],
    boundSeconds: [] as number[],
    startedSeconds: [] as number[],
    endedSeconds: [] as number[],
    attempts: [] as number[],
    outcome: [] as string[],
    waitReason: [] as string[],
  };
  for (let i = 0; i < rows; i++) {
    const name = CLASSES[i % CLASSES.length];
    const created = (i * DAY) / rows;
    const pending = i >= rows - 5;
    const bound = pending ? Number.NaN : created + random() * 30;
    table.name.push(`${name}-${i}`);
    table.namespace.push('default');
    table.class.push(name);
    table.priority.push(PRIORITIES[name]);
    table.node.push(pending ? '' : `general-${i % 36}`);
    table.createdSeconds.push(created);
    table.boundSeconds.push(bound);
    table.startedSeconds.push(bound + 2.5);
    table.endedSeconds.push(pending || i >= rows - 20 ? Number.NaN : bound + 2.5 + random() * 5000);
    table.attempts.push(1 + (i % 3));
    table.waitReason.push(pending ? MESSAGE : '');
    table.outcome.push(pending ? 'Pending' : i >= rows - 20 ? 'Running' : 'Succeeded');
  }
  return table;
}

function makeNodes(random: () => number): NodeRecord[] {
  return Array.from({ length: 46 }, (_, i) => ({
    name: i < 42 ? `general-${i}` : `gpu-${i - 42}`,
    pool: i < 42 ? 'general' : 'gpu',
    zone: `zone-${'abc'[i % 3]}`,
    createdSeconds: i < 36 || i >= 42 ? 0 : i * 900,
    removedSeconds: i % 15 === 14 ? 70_000 : null,
    podsHosted: 300 + Math.floor(random() * 200),
    failures: i % 9 === 0 ? 1 : 0,
    downSeconds: i % 9 === 0 ? 1200 : 0,
    cost: i < 42 ? 12.5 : 40,
    meanUtilization: i < 42 ? { cpu: 0.5 + random() * 0.3, memory: 0.4 + random() * 0.3 } : { cpu: 0.4, 'nvidia.com/gpu': 0.6 },
  }));
}
