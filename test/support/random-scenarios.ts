/**
 * Random scenarios for laws about whole runs (fast-check): small clusters in which much happens in an hour. Written as users
 * write them, so that reading and assembly are part of the law. Every kind of arrival, workload and failure comes up.
 */
import fc from 'fast-check';
import type { Pod } from '../../src/cluster/objects.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import type { ScenarioRead } from '../../src/simulation/scenario-reader.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import type { RunResult } from '../../src/metrics/run-result.ts';
import { byteSourceOf } from '../../src/workload/traces/byte-source.ts';
import { openTrace } from '../../src/workload/traces/open-trace.ts';
import { memoryFiles } from '../input/memory-files.ts';
import { NOBODY, PACKER, packerProfile } from './churn-kinds.ts';
import { HOSTNAME, ZONE, clusterObjects, podArbitrary, taintArbitrary } from './decision-cases.ts';

export interface RandomScenario {
  /** The scenario's members. */
  readonly tree: Readonly<Record<string, unknown>>;
  readonly objects: readonly unknown[];
  readonly trace: string;
}

type Tree = Record<string, unknown>;
/** Some of the members, and all that are required. */
const record = (members: Readonly<Record<string, fc.Arbitrary<unknown>>>, required: readonly string[] = []): fc.Arbitrary<Tree> => fc.record(members, { requiredKeys: [...required] as never[] });

const seconds = (values: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
const span = seconds(['0s', '1s', '30s', '2m', '10m']);

/** A distribution of durations, or of counts. */
function distribution(low: unknown, middle: unknown, high: unknown): fc.Arbitrary<unknown> {
  return fc.constantFrom<unknown>(
    middle, { fixed: middle }, { uniform: { min: low, max: high } }, { exponential: { mean: middle }, atMost: high }, { lognormal: { median: middle, sigma: 1 }, atLeast: low, atMost: high },
    { weibull: { scale: middle, shape: 0.7 }, atMost: high }, { boundedPareto: { min: middle, max: high, alpha: 1.2 } }, { choice: { values: [low, middle, high], weights: [1, 2, 1] } },
  );
}

const lifetime = distribution('2s', '90s', '20m');
const replicas = distribution(1, 2, 5);

const arrivals: fc.Arbitrary<unknown> = fc.oneof(
  fc.record({ at: span, count: fc.nat(4) }),
  record({ ratePerHour: fc.constantFrom(5, 60), from: span, until: seconds(['15m', '40m']) }, ['ratePerHour']).map((poisson) => ({ poisson })),
  record({ meanRatePerHour: fc.constantFrom(5, 60), amplitude: fc.constantFrom(0, 0.5, 1), period: seconds(['10m', '1h']), peak: span, from: span, until: seconds(['30m']) }, ['meanRatePerHour']).map((diurnal) => ({ diurnal })),
  record({ burstsPerHour: fc.constantFrom(2, 20), size: distribution(0, 3, 8), gap: seconds(['100ms', '5s']), from: span, until: seconds(['30m']) }, ['burstsPerHour', 'size']).map((bursty) => ({ bursty })),
);

/** What a pod template may say of the random pods' specs: priority comes from classes. */
function templateOf({ metadata, spec }: Pod): unknown {
  return { metadata: { labels: metadata?.labels }, spec: Object.fromEntries(Object.entries(spec ?? {}).filter(([key]) => key !== 'priority')) };
}

/** Whom a template asks for: the default profile, one that may be there, or nobody. */
const schedulerName = fc.oneof(
  { weight: 8, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.constant({ schedulerName: PACKER }) },
  { weight: 1, arbitrary: fc.constant({ schedulerName: NOBODY }) },
);

/** Pods that have to stand where others of the workload do; with short lives and long gaps all are gone at times. */
function groupTemplate(app: string, topologyKey: string): unknown {
  const term = { topologyKey, labelSelector: { matchLabels: { app } } };
  const containers = [{ name: 'main', image: 'registry/web:v1', resources: { requests: { cpu: '500m' } } }];
  const affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
  return { metadata: { labels: { app } }, spec: { containers, affinity } };
}

function withScheduler(template: unknown, asked: object): unknown {
  const { spec, ...rest } = template as { readonly spec?: object };
  return { ...rest, spec: { ...spec, ...asked } };
}

const requests = fc.record({ cpu: fc.constantFrom('100m', '1', '1500m'), memory: fc.constantFrom('128Mi', '2Gi') });

function workload(name: string): fc.Arbitrary<unknown> {
  return fc.constantFrom('Deployment', 'Job', 'Pod', 'DaemonSet').chain((kind) =>
    fc
      .record({
        more: record({ replicas, namespace: fc.constantFrom('default', 'team'), priorityClass: fc.constantFrom('high', 'low', 'never', 'system-node-critical'), class: fc.constantFrom('one', 'two') }),
        arrivals,
        lifetime,
        template: podArbitrary('t').map(templateOf),
        how: fc.constantFrom('requests', kind === 'DaemonSet' ? 'requests' : 'shapes', 'template', 'template', 'group'),
        topologyKey: fc.constantFrom(ZONE, HOSTNAME),
        asked: schedulerName,
        requests,
      })
      .map(({ more, how, ...drawn }) => ({
        name,
        kind,
        ...(kind === 'DaemonSet' ? without(more, 'replicas') : { ...more, arrivals: drawn.arrivals, lifetime: drawn.lifetime }),
        ...(how === 'requests' ? { requests: drawn.requests } : {}),
        ...(how === 'shapes' ? { shapes: [{ weight: 3, requests: drawn.requests }, { requests: { cpu: '250m', 'example.com/gpu': 1 } }] } : {}),
        ...(how === 'template' ? { template: withScheduler(drawn.template, drawn.asked) } : {}),
        ...(how === 'group' ? { template: withScheduler(groupTemplate(name, drawn.topologyKey), drawn.asked) } : {}),
      })),
  );
}

function without(tree: Tree, key: string): Tree {
  return Object.fromEntries(Object.entries(tree).filter(([name]) => name !== key));
}

const DISKS = { ssd: 'ssd', hdd: 'hdd' };

function pool(name: string): fc.Arbitrary<unknown> {
  return fc
    .record({
      count: fc.nat(4),
      more: record({
        zones: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 }),
        region: fc.constantFrom('north', 'south'),
        taints: fc.array(taintArbitrary, { maxLength: 1 }),
        images: fc.constant([{ name: 'registry/web:v1', size: '80Mi' }]),
        costPerHour: fc.constantFrom(0.5, 2),
      }),
      disk: fc.constantFrom(...Object.keys(DISKS)),
      allocatable: fc.record({ cpu: fc.constantFrom(2, 4, '7910m'), memory: fc.constantFrom('4Gi', '16Gi'), pods: fc.constantFrom(5, 110), 'example.com/gpu': fc.constantFrom(0, 2) }),
      autoscaling: fc.option(fc.record({ min: fc.nat(1), max: fc.integer({ min: 4, max: 7 }), provisioning: distribution('5s', '1m', '16m') })),
    })
    .map(({ count, more, disk, allocatable, autoscaling }) => ({
      name, ...more, labels: { disk }, allocatable, count: autoscaling === null ? count : Math.max(count, autoscaling.min), ...(autoscaling === null ? {} : { autoscaling }),
    }));
}

const failure = (name: string): fc.Arbitrary<unknown> =>
  record({ name: fc.constant(name), scope: fc.constantFrom('node', 'zone'), pools: fc.constant(['p0']), uptime: distribution('1m', '15m', '50m'), repair: distribution('2s', '70s', '12m') }, ['name', 'uptime', 'repair']);

const schedulerConfig = record({
  apiVersion: fc.constant('kubescheduler.config.k8s.io/v1'),
  kind: fc.constant('KubeSchedulerConfiguration'),
  percentageOfNodesToScore: fc.constantFrom(0, 10, 100),
  podInitialBackoffSeconds: fc.constantFrom(1, 3),
  profiles: fc.constantFrom(
    [{ schedulerName: 'default-scheduler' }],
    [{ pluginConfig: [{ name: 'NodeResourcesFit', args: { scoringStrategy: { type: 'MostAllocated', resources: [{ name: 'cpu', weight: 3 }, { name: 'example.com/gpu', weight: 1 }] } } }] }],
    [{ schedulerName: 'default-scheduler' }, packerProfile(40)],
    [{ schedulerName: 'default-scheduler', percentageOfNodesToScore: 10 }, packerProfile(100)],
    [{ plugins: { score: { disabled: [{ name: '*' }] } } }],
    [{ plugins: { postFilter: { disabled: [{ name: 'DefaultPreemption' }] } }, pluginConfig: [{ name: 'PodTopologySpread', args: { defaultingType: 'List', defaultConstraints: [] } }] }],
  ),
}, ['apiVersion', 'kind', 'profiles']);

/** How late the scheduler learns of what happens; mostly it does not. */
const watchDelay = fc.constantFrom<unknown>(
  '0s', '5ms', '100ms', '5s', { exponential: { mean: '50ms' } }, { scheduler: { uniform: { min: '0s', max: '1m' } } },
);

/** Where the configuration has the second profile, a process of its own may serve it. */
function withProcesses(drawn: Tree, delay: unknown): Tree {
  const { config } = (drawn['scheduler'] ?? {}) as { readonly config?: { readonly profiles: readonly Tree[] } };
  const isThere = config?.profiles.some(({ schedulerName: name }) => name === PACKER) === true;
  return isThere && delay !== null ? { ...drawn, schedulers: [{ profiles: [PACKER], watchDelay: delay }] } : drawn;
}

const settings = fc.tuple(record({
  controlPlane: fc.record({ watchDelay }),
  scheduler: record({ config: schedulerConfig, cycleTime: seconds(['0s', '1.3ms', '700ms']), bindTime: seconds(['0s', '5ms', '3s']), tieBreak: fc.constantFrom('upstream', 'first', 'random'), sampling: fc.boolean() }),
  kubelet: record({ sandbox: distribution('0s', '400ms', '20s'), serializeImagePulls: fc.boolean(), defaultImageSize: fc.constantFrom('0', '2G'), pullBase: span }),
  nodeLifecycle: record({ nodeMonitorGracePeriod: seconds(['15s', '50s']), nodeEvictionRate: fc.constantFrom(0.1, 5), defaultTolerationSeconds: fc.constantFrom(0, 30, 300), largeClusterSizeThreshold: fc.constantFrom(0, 50) }),
  autoscaler: record({
    enabled: fc.boolean(), scanInterval: seconds(['5s', '10s']), scaleDownUnneededTime: seconds(['0s', '2m']), scaleDownUnreadyTime: seconds(['1m']), scaleDownDelayAfterAdd: seconds(['0s', '1m']),
    scaleDownUtilizationThreshold: fc.constantFrom(0.5, 0.9), maxDrainParallelism: fc.constantFrom(1, 3), expander: fc.constantFrom('least-waste', 'most-pods', 'least-nodes', 'random'), maxNodesTotal: fc.constantFrom(0, 6),
  }),
  metrics: record({ sampleInterval: seconds(['7s', '1m']), pods: fc.constantFrom('auto', 'none') }),
}), fc.constantFrom('0s', '50ms', '10s', null)).map(([drawn, delay]) => withProcesses(drawn, delay));

// ---- manifests and traces --------------------------------------------------------------------------------------------

function owner(kind: string, name: string): fc.Arbitrary<unknown> {
  return fc
    .record({ namespace: fc.constantFrom('default', 'team'), replicas: fc.nat(3), template: podArbitrary('t'), duration: fc.option(fc.constantFrom('20s', '7m')) })
    .map(({ namespace, replicas: count, template, duration }) => ({
      apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1',
      kind,
      metadata: { name, namespace, ...(duration === null || kind === 'DaemonSet' ? {} : { annotations: { 'podyard.dev/duration': duration } }) },
      spec: {
        ...(kind === 'Job' ? { completions: count, parallelism: 2 } : { selector: { matchLabels: template.metadata?.labels } }),
        ...(kind === 'Job' || kind === 'DaemonSet' ? {} : { replicas: count }),
        template: kind === 'Job' ? { ...(templateOf(template) as Tree), spec: { ...template.spec, restartPolicy: 'Never', priority: undefined } } : templateOf(template),
      },
    }));
}

/** A pod of a dump, running on a pool's node that may not be there. */
const dumpedPod = (name: string): fc.Arbitrary<unknown> =>
  fc.record({ pod: podArbitrary(name), node: fc.constantFrom('p0-0', 'p1-1', ''), phase: fc.constantFrom('Running', 'Pending') }).map(({ pod, node, phase }) => ({
    apiVersion: 'v1', ...pod, spec: { ...pod.spec, ...(node === '' ? {} : { nodeName: node }) }, status: { phase: node === '' ? 'Pending' : phase },
  }));

const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'web' }, spec: { minAvailable: 1, selector: { matchLabels: { app: 'web' } } }, status: { disruptionsAllowed: 1 } };
const FIXED_OBJECTS: readonly unknown[] = [
  ...clusterObjects([]).map((object) => ({ apiVersion: object.kind === 'Service' || object.kind?.startsWith('Persistent') === true ? 'v1' : 'storage.k8s.io/v1', ...object })),
  budget,
  { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'usual', namespace: 'team' }, spec: { limits: [{ type: 'Container', defaultRequest: { cpu: '50m', memory: '32Mi' } }] } },
];

const objects: fc.Arbitrary<readonly unknown[]> = fc
  .tuple(...['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'ReplicaSet'].map((kind) => fc.option(owner(kind, `m-${kind.toLowerCase()}`))), fc.option(dumpedPod('dumped')), fc.option(dumpedPod('dumped-too')))
  .map((drawn) => [...FIXED_OBJECTS, ...drawn.filter((object) => object !== null)]);

const trace = fc
  .array(fc.record({ gap: fc.constantFrom(0, 1.5, 40), duration: fc.constantFrom('', '0', '3', '700'), cpu: fc.constantFrom('0', '500m', '3'), priority: fc.constantFrom(-5, 0, 2000), disk: fc.constantFrom('', 'disk=ssd') }), { maxLength: 25 })
  .map((rows) => {
    let at = 0;
    const lines = rows.map(({ gap, duration, cpu, priority, disk }, index) => `t-${index},${(at += gap)},${duration},${cpu},${priority},app=web,${disk}`);
    return `${['name,arrival,duration,cpu,priority,labels,nodeSelector', ...lines].join('\n')}\n`;
  });

export const scenarioArbitrary: fc.Arbitrary<RandomScenario> = fc
  .record({
    seed: fc.nat(1000),
    duration: fc.constantFrom('25m', '1h', '1h', null),
    poolCount: fc.integer({ min: 1, max: 3 }),
    workloadCount: fc.nat(4),
    failureCount: fc.nat(2),
    withManifests: fc.boolean(),
    withTrace: fc.boolean(),
  })
  .chain(({ seed, duration, poolCount, workloadCount, failureCount, withManifests, withTrace }) =>
    fc
      .record({
        nodePools: fc.tuple(...names('p', poolCount).map(pool)),
        workloads: fc.tuple(...names('w', workloadCount).map(workload)),
        failures: fc.tuple(...names('f', failureCount).map(failure)),
        settings,
        objects,
        trace,
      })
      .map(({ settings: drawn, objects: manifests, trace: rows, ...lists }) => ({
        tree: {
          seed, ...(duration === null ? {} : { duration }), priorityClasses: { high: 1000, low: -20, never: { value: 500, preemptionPolicy: 'Never' } }, ...lists, ...drawn,
          ...(withManifests ? { manifests: 'objects.json' } : {}), ...(withTrace ? { trace: { file: 'trace.csv' } } : {}),
        },
        objects: manifests,
        trace: rows,
      })),
  );

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

// ---- playing ---------------------------------------------------------------------------------------------------------

export function readRandom({ tree, objects: manifests, trace: rows }: RandomScenario): ScenarioRead {
  const files = memoryFiles({ 'scenario.json': JSON.stringify(tree), 'objects.json': JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }), 'trace.csv': rows });
  return readScenario({ file: 'scenario.json' }, files);
}

export interface PlayOptions {
  readonly plain?: boolean;
  /** Events between two checks of all aggregates. */
  readonly checkEvery: number;
  readonly maxEvents: number;
}

/** Reads and plays a scenario, at most so many events; the result's accounts are checked, too. */
export function playRandom(drawn: RandomScenario, { plain = false, checkEvery, maxEvents }: PlayOptions): RunResult {
  const read = readRandom(drawn).scenario;
  const scenario = { ...read, metrics: { ...read.metrics, checkEveryEvents: checkEvery } };
  const simulation = new Simulation(scenario, {
    version: 'law', userPlugins: [], plain,
    openTrace: ({ format, file, compress }) => openTrace(format, byteSourceOf(drawn.trace), file, { compress }),
  });
  const hasMore = simulation.advance(maxEvents);
  return simulation.result(!hasMore);
}
