/**
 * The scenario as users write it: names, types, units, defaults and where a default comes from, at the field. The texts
 * are the editor's help (they land in `schemas/scenario.schema.json`) and `docs/formats/scenario.md` repeats none of
 * them. Durations and quantities stay texts here; `scenario-resolve.ts` turns them into numbers, `scenario-checks.ts`
 * looks at relations between fields.
 */
import { z } from 'zod';
import { MACHINE_FORMAT_NAMES, TRACE_FORMAT_NAMES } from '../workload/traces/catalog.ts';
import { DEFAULT_KUBERNETES_VERSION, KUBERNETES_VERSIONS } from '../cluster/kubernetes-versions.ts';
import {
  countDistribution, duration, durationDistribution, expecting, flag, labels,
  lifetimeDistribution, list, MANY, mapping, MAX_NODES, name, number, publishedSchema, quantity, resources, text,
  AUTHORS, WATCHERS, partDelays, whole,
} from './scenario-fields.ts';
export type { DistributionInput } from './scenario-fields.ts';
import { stepSchema } from './scenario-steps-schema.ts';

const KUBERNETES = `expected a version of Kubernetes: ${KUBERNETES_VERSIONS.join(' or ')}`;

const taint = z
  .union(
    [
      z
        .string(expecting('expected a taint'))
        .regex(/^[^=:\s]+(?:=[^:\s]*)?:[A-Za-z]+$/, expecting('expected a taint such as key=value:NoSchedule')),
      z.strictObject({
        key: text('Taint key'),
        value: text('Taint value').optional(),
        effect: z
          .enum(
            ['NoSchedule', 'PreferNoSchedule', 'NoExecute'],
            expecting('expected NoSchedule, PreferNoSchedule or NoExecute'),
          )
          .describe('Taint effect'),
      }),
    ],
    expecting('expected a taint: key=value:NoSchedule as for kubectl taint, or a mapping with key, value, effect'),
  )
  .describe('A taint: `key=value:Effect` as for kubectl taint, or a mapping with key, value and effect');

const nodePool = z.strictObject({
  name: name('Name of the pool; its nodes are called <name>-<ordinal>'),
  count: whole(
    'Nodes made at the start. Default: autoscaling.min when the pool is autoscaled, 0 when it has `members`, else it must be given',
    0,
    MAX_NODES,
  ).optional(),
  members: mapping(
    {
      labels: labels('Labels that the node has, such as the one by which the cloud names its node group').default({}),
      namePrefix: text('How the name of the node begins').default(''),
      providerIDPrefix: text('How spec.providerID of the node begins').default(''),
    },
    'Nodes from files that belong to the pool, beside those that it makes: all conditions that are given must hold. They count in the size of an autoscaled pool, may be removed, and cost what the pool says. Default: none',
  ).optional(),
  zones: list(
    text('Zone'),
    'Values of the label topology.kubernetes.io/zone, dealt to the nodes in turn. Default: no zone label',
  ).default([]),
  region: text('Value of the label topology.kubernetes.io/region. Default: no region label').default(''),
  allocatable: resources(
    'What one node offers to pods, as in Node status.allocatable. cpu and memory must be given; pods defaults to 110 (kubelet maxPods)',
  ),
  labels: labels('Further node labels').default({}),
  taints: list(taint, 'Taints of every node of the pool').default([]),
  images: list(
    z.strictObject({ name: text('Image name as in container.image'), size: quantity('Size in bytes') }),
    'Images that are on every node from the start (counted by ImageLocality, not pulled again)',
  ).default([]),
  costPerHour: number('Price of one node for one hour, in any currency', 0, MANY).default(0),
  autoscaling: mapping(
    {
      min: whole('Smallest size of the group', 0, MAX_NODES).default(0),
      max: whole('Largest size of the group', 1, MAX_NODES),
      provisioning: durationDistribution(
        'Time from the request for a machine until its node is Ready. Default: lognormal, median 2m, sigma 0.4: a model assumption within the 60 to 180 s that cloud machines take to boot and join',
      ).default({ lognormal: { median: '2m', sigma: 0.4 }, atLeast: '20s', atMost: '15m' }),
    },
    'Makes the pool a node group of the cluster autoscaler',
  ).optional(),
});

const windowFields = {
  from: duration('Start of the arrivals, since the start of the run').default('0s'),
  until: duration('End of the arrivals. Default: the end of the run').optional(),
};

const arrivals = z.strictObject({
  at: duration('All arrivals at this instant, `count` of them').optional(),
  count: whole('With `at`: how many arrive. Default 1', 0, 10_000_000).optional(),
  poisson: mapping(
    { ratePerHour: number('Mean arrivals in an hour', 0, MANY), ...windowFields },
    'Poisson process: independent arrivals at a steady rate',
  ).optional(),
  diurnal: mapping(
    {
      meanRatePerHour: number('Mean arrivals in an hour over a whole period', 0, MANY),
      amplitude: number('Swing around the mean, 0 (none) to 1 (down to zero)', 0, 1).default(0.5),
      period: duration('Length of one wave').default('24h'),
      peak: duration('When the rate is highest, since the start of the run').default('14h'),
      ...windowFields,
    },
    'Poisson process whose rate follows a cosine: the day and night of users',
  ).optional(),
  hourly: mapping(
    {
      ratesPerHour: z
        .array(number('Mean arrivals in that hour', 0, MANY), expecting('expected a list of rates'))
        .min(1, expecting('expected at least one rate'))
        .max(100_000, expecting('expected at most 100000 rates'))
        .describe('One rate for each hour from the start of the run; behind the last it begins again'),
      ...windowFields,
    },
    'Poisson process with a rate of its own for each hour: what podyard trace fit finds in a trace',
  ).optional(),
  bursty: mapping(
    {
      burstsPerHour: number('Mean bursts in an hour', 0, MANY),
      size: countDistribution('Arrivals of one burst'),
      gap: duration('Mean time between the arrivals of one burst').default('1s'),
      ...windowFields,
    },
    'Bursts that come as a Poisson process, each of several arrivals: pipelines and sweeps',
  ).optional(),
});

const shape = z.strictObject({
  weight: number('Relative frequency of the shape', 0, MANY).default(1),
  requests: resources('Requests of the pod'),
});

const chance = number('Share of the runs of a container that meet it. Default 1', 0, 1).default(1);

const programFields = {
  startup: durationDistribution(
    'Time from the start of a container until it answers its probes. Without a readiness probe a pod is ready at once, as upstream. Default 0s',
  ).optional(),
  init: durationDistribution('Run time of each init container. Default 0s').optional(),
  failure: mapping(
    {
      after: durationDistribution('Run time of a container until it ends by itself'),
      probability: chance,
      exitCode: whole('Exit code; 0: it has finished. Default 1', 0, 255).default(1),
    },
    'Containers end by themselves and are started again as the restart policy says. Default: never',
  ).optional(),
  hang: mapping(
    { after: durationDistribution('Run time of a container until it hangs'), probability: chance },
    'Containers stop answering probes and ignore SIGTERM; a liveness probe finds them. Default: never',
  ).optional(),
  stop: durationDistribution(
    'Time from SIGTERM until a container has ended; it is killed at the end of its grace period. Default 1s',
  ).optional(),
  preStop: durationDistribution(
    'Time that preStop hooks take which run a command or ask a server; hooks that sleep say it themselves. Default 0s',
  ).optional(),
  memory: mapping(
    {
      use: countDistribution(
        'Memory in use, as a share of what the container requests (of 200Mi where it requests none). Default 1',
      ).default(1),
      growthPerHour: countDistribution('What comes to it in an hour, as such a share: a leak. Default 0').default(0),
    },
    'Memory that containers use. At its limit a container is killed (OOMKilled, exit code 137); a node with less than 100Mi left evicts pods. Default: what they request, and nobody looks',
  ).optional(),
};

const applicationFields = {
  ...programFields,
  containers: z
    .record(
      z.string(),
      mapping(programFields, 'What differs for the container of this name'),
      expecting('expected a mapping of container names to what differs for them'),
    )
    .default({})
    .describe(
      'By name of a container, init container or sidecar: what differs for it. What stands beside holds for all containers and sidecars, of init containers `init` alone',
    ),
};

const application = z.strictObject({
  name: name('Name of the application; unique. Pods may name it in their annotation podyard.dev/application'),
  namespace: text('Namespace of the pods. Default: any').default(''),
  selector: text(
    'Label selector as for kubectl: pods of manifests, dumps and traces that it runs in. Default: those whose annotation names it',
  ).default(''),
  ...applicationFields,
});

const workload = z.strictObject({
  name: name('Name of the class of work; unique'),
  kind: z
    .enum(['Deployment', 'Job', 'DaemonSet', 'Pod'], expecting('expected Deployment, Job, DaemonSet or Pod'))
    .describe('What one arrival is: a Deployment (replaced when lost, lives for `lifetime`), a Job (pods that run to completion), a bare Pod, or a DaemonSet (one pod on every node it may run on)'),
  class: text('Name of the class in reports. Default: the name').optional(),
  arrivals: arrivals.optional().describe('When work arrives. Default: one arrival at the start'),
  replicas: countDistribution('Pods of one arrival, rounded to whole numbers. Default 1').default(1),
  lifetime: lifetimeDistribution(
    'Deployment: time until all of it is removed; default forever. Job and Pod: run time of each pod from its start; must be given. DaemonSet: none',
  ).optional(),
  requests: resources('Requests of every pod: short for one entry in `shapes`').optional(),
  shapes: list(shape, 'Pod sizes of the class, one drawn for each arrival. Default: the requests of the template').optional(),
  namespace: name('Namespace of the pods').default('default'),
  priorityClass: text('Name of a priority class. Default: the class marked globalDefault, else priority 0').optional(),
  image: text('Image of the only container, when no template is given').optional(),
  template: z
    .looseObject({}, expecting('expected a pod template with metadata and spec'))
    .optional()
    .describe('Pod template as in a Deployment (metadata.labels, spec with tolerations, affinity, ...). Default: one container named main'),
  application: mapping(
    applicationFields,
    'What runs in the containers: when they answer probes, fail, hang and stop. With it probes, init containers, restart policies and grace periods of the template act. Default: containers start, run and stop without any trouble',
  ).optional(),
});

const priorityClass = z
  .union(
    [
      z
        .int(expecting('expected a whole number'))
        .min(-2_147_483_648, expecting('expected a priority from -2147483648 to 1000000000'))
        .max(1_000_000_000, expecting('expected a priority from -2147483648 to 1000000000')),
      z.strictObject({
        value: whole('The priority', -2_147_483_648, 1_000_000_000),
        preemptionPolicy: z
          .enum(['PreemptLowerPriority', 'Never'], expecting('expected PreemptLowerPriority or Never'))
          .default('PreemptLowerPriority')
          .describe('Whether pods of the class may evict pods of lower priority'),
        globalDefault: flag('Taken by pods that name no class').default(false),
      }),
    ],
    expecting('expected a priority (a whole number) or a mapping with value, preemptionPolicy, globalDefault'),
  )
  .describe('A priority, or a mapping with value, preemptionPolicy and globalDefault');

const traceFormats = `expected one of ${TRACE_FORMAT_NAMES.join(', ')}`;
const settingValues = (help: string) =>
  z
    .record(
      z.string(),
      z.union([z.string(), z.number()], expecting('expected a text or a number')),
      expecting('expected a mapping of settings'),
    )
    .describe(help);

const trace = z.strictObject({
  format: z
    .enum(TRACE_FORMAT_NAMES, expecting(traceFormats))
    .default('csv')
    .describe("Podyard's own (docs/formats/trace-csv.md), or that of a published trace (docs/formats/traces.md)"),
  file: text(
    'The file, relative to the scenario; .gz is read as it is, Parquet where the package hyparquet is installed',
  ),
  files: z
    .record(
      z.string(),
      text('A file, relative to the scenario'),
      expecting('expected a mapping of roles to files'),
    )
    .describe('Further files of the trace by role; docs/formats/traces.md')
    .default({}),
  settings: settingValues('Settings of the format; docs/formats/traces.md').default({}),
  from: duration('Cut-out: jobs that arrive before it are left out, and it becomes time 0').default('0s'),
  to: duration('Cut-out: jobs that arrive then or later are left out. Default: none').optional(),
  sample: number('Share of the jobs that is kept, drawn job by job', 0.000001, 1).default(1),
  clones: whole('Every job arrives so many times', 1, 1000).default(1),
  scale: z
    .record(
      z.string(),
      number('Factor', 0.000001, 1_000_000),
      expecting('expected a mapping of resources to factors'),
    )
    .describe('By resource: factor of what pods ask for')
    .default({}),
  compress: number('Arrival times in the file are divided by this, run times are kept: 400 brings 400 days of arrivals in one', 0.000001, 1_000_000).default(1),
});

const machines = z.strictObject({
  format: z
    .enum(MACHINE_FORMAT_NAMES, expecting(`expected one of ${MACHINE_FORMAT_NAMES.join(', ')}`))
    .describe('Which trace the list is of; docs/formats/machines.md'),
  file: text('The list, relative to the scenario; .gz is read as it is'),
  settings: settingValues('Settings of the list; docs/formats/machines.md').default({}),
  clones: whole('Every machine stands so many times', 1, 1000).default(1),
});

const paths = (help: string) =>
  z
    .union(
      [z.string(), z.array(z.string(expecting('expected a path')))],
      expecting('expected a path or a list of paths'),
    )
    .describe(help);

/** The same, and Kubernetes objects themselves. */
const pathsOrObjects = (help: string) => {
  const object = z.looseObject({}).describe('A Kubernetes object, with apiVersion and kind');
  const item = z.union([z.string(), object], expecting('expected a path or a Kubernetes object'));
  return z
    .union([z.string(), z.array(item)], expecting('expected a path, or a list of paths and Kubernetes objects'))
    .describe(help);
};

const scheduler = z.strictObject({
  config: z
    .union([z.string(), z.looseObject({})], expecting('expected a path or a KubeSchedulerConfiguration'))
    .optional()
    .describe(
      "KubeSchedulerConfiguration: a file relative to the scenario, or written inline. Default: upstream's default " +
        "profile",
    ),
  cycleTime: duration(
    "Simulated time of one scheduling cycle. Default 1.3ms: kube-scheduler's algorithm alone, scheduler_perf SchedulingBasic 5000Nodes_10000Pods, measured 615 to 948 decisions/s, middle about 780/s",
  ).default('1.3ms'),
  bindTime: duration(
    'Simulated time from the decision until the binding is written. Default 5ms: API server write 2 to 5 ms and the ' +
      'etcd commit',
  ).default('5ms'),
  tieBreak: z
    .enum(['upstream', 'first', 'random'], expecting('expected upstream, first or random'))
    .default('upstream')
    .describe(
      "Which of equally good nodes wins: upstream (kube-scheduler's heap order), first (node order), random (a named " +
        "random stream)",
    ),
  sampling: flag('false: look at every node, whatever percentageOfNodesToScore says').default(true),
  plugins: paths('Files with plugins of your own (.ts or .js), relative to the scenario').optional(),
});

const schedulerProcess = z.strictObject({
  profiles: list(text('schedulerName of a profile'), 'Profiles of the configuration that this process serves'),
  watchDelay: durationDistribution("How late its watch is. Default: as the first scheduler's").optional(),
});

const controlPlane = z.strictObject({
  watchDelay: partDelays(
    WATCHERS,
    'Time from a change until those who watch the API server learn of it: one for all, or by part (scheduler, ' +
      'controllers, kubelets). Default 0s',
  ).default('0s'),
  requestLatency: partDelays(
    AUTHORS,
    'Time from a write to the API server until it takes effect and is answered: one for all, or by author (scheduler, ' +
      'controllers, kubelets). Default 0s',
  ).default('0s'),
});

const kubelet = z.strictObject({
  sandbox: durationDistribution(
    'Time from binding until the pod sandbox with its network is set up. Default: lognormal, median 400ms, sigma 0.5; a model assumption within the SLO of 5 s at p99 for pod start without pulls',
  ).default({ lognormal: { median: '400ms', sigma: 0.5 } }),
  containerStart: durationDistribution(
    'Time to create and start the containers of a pod. Default: lognormal, median 150ms, sigma 0.5; a model assumption',
  ).default({
    lognormal: { median: '150ms', sigma: 0.5 },
  }),
  pullBase: duration('Fixed part of an image pull: resolving and manifests. Default 300ms; a model assumption').default(
    '300ms',
  ),
  pullBytesPerSecond: quantity('Download rate of one node. Default 125M (1 Gbit/s); a model assumption').default(
    '125M',
  ),
  unpackBytesPerSecond: quantity(
    'Rate at which a downloaded image is unpacked. Default 100M; a model assumption',
  ).default('100M'),
  defaultImageSize: quantity(
    'Size of an image that neither imageSizes nor a node names. Default 250M; a model assumption',
  ).default('250M'),
  imageSizes: z
    .record(z.string(), quantity('Size in bytes'), expecting('expected a mapping of image names to sizes'))
    .default({})
    .describe('Compressed sizes by image name as in container.image'),
  serializeImagePulls: flag('One pull at a time on a node. Default true (KubeletConfiguration v1beta1)').default(true),
});

const nodeLifecycle = z.strictObject({
  nodeMonitorPeriod: duration(
    'How often node health is looked at. Default 5s (kube-controller-manager --node-monitor-period)',
  ).default('5s'),
  nodeMonitorGracePeriod: duration(
    'Silence after which a node counts as unreachable. Default 50s (--node-monitor-grace-period since 1.32)',
  ).default('50s'),
  leaseRenewInterval: duration(
    'How often a kubelet renews its lease. Default 10s (a quarter of leaseDurationSeconds 40)',
  ).default('10s'),
  nodeEvictionRate: number(
    'Nodes tainted NoExecute per second in a healthy zone. Default 0.1 (--node-eviction-rate)',
    0,
    1_000_000,
  ).default(0.1),
  secondaryNodeEvictionRate: number(
    'The same in a zone with many failures. Default 0.01 (--secondary-node-eviction-rate)',
    0,
    1_000_000,
  ).default(0.01),
  largeClusterSizeThreshold: whole(
    'Zones up to this size stop evictions when many nodes fail. Default 50 (--large-cluster-size-threshold)',
    0,
    MAX_NODES,
  ).default(50),
  unhealthyZoneThreshold: number(
    'Share of not-ready nodes that makes a zone unhealthy. Default 0.55 (--unhealthy-zone-threshold)',
    0,
    1,
  ).default(0.55),
  defaultTolerationSeconds: whole(
    'Seconds for which pods tolerate not-ready and unreachable nodes unless they say otherwise. Default 300 (DefaultTolerationSeconds admission)',
    0,
    MAX_NODES,
  ).default(300),
});

const storage = mapping(
  {
    attach: durationDistribution(
      'Time to attach a volume to a node. Default: lognormal, median 5s, sigma 0.5; a model assumption (clouds take ' +
      '2 ' +
        'to 15 s)',
    ).default({ lognormal: { median: '5s', sigma: 0.5 } }),
    detach: durationDistribution('Time to detach it. Default: lognormal, median 5s, sigma 0.5; likewise').default({
      lognormal: { median: '5s', sigma: 0.5 },
    }),
    mount: durationDistribution(
      'Time to mount the volumes of a pod once they are attached. Default: lognormal, median 600ms, sigma 0.5; a ' +
      'model ' +
        'assumption',
    ).default({ lognormal: { median: '600ms', sigma: 0.5 } }),
  },
  'Volumes are attached, mounted and detached, which takes time. Default: they are where they are needed',
);

const FAILURE_KINDS = ['crash', 'slow', 'partition', 'reclaim', 'registry', 'cordon'] as const;

const failure = z.strictObject({
  name: name('Name of the process; unique'),
  kind: z
    .enum(FAILURE_KINDS, expecting('expected crash, slow, partition, reclaim, registry or cordon'))
    .default('crash')
    .describe(
      'What happens to the nodes: their machines stop, their kubelets are slow, they are cut off from the API ' +
      'server, ' +
        'the provider takes them back with a notice, the image registry is out of their reach, they are cordoned',
    ),
  scope: z
    .enum(['node', 'zone', 'rack', 'cluster'], expecting('expected node, zone, rack or cluster'))
    .default('node')
    .describe('What fails at once: one node, or all nodes of a zone, of a rack, of the cluster'),
  label: text(
    'With scope zone or rack: the label whose value tells them apart. Default: the region and zone labels; ' +
      'topology.kubernetes.io/rack',
  ).optional(),
  share: number(
    'With scope zone, rack or cluster: share of its nodes that is struck, drawn anew each time. Default 1',
    0,
    1,
  ).default(1),
  factor: number(
    'Of kind slow: everything its kubelet does, heartbeats too, takes so many times as long. Default 4',
    1,
    1000,
  ).optional(),
  notice: duration(
    'Of kind reclaim: from the notice until the machine goes. Default 2m (spot instances of AWS; 30s on GCP and Azure)',
  ).optional(),
  pools: list(text('Pool'), 'Names of the pools it strikes. Default: all').default([]),
  uptime: durationDistribution('Time between repair and the next failure of one node (or one group)'),
  repair: durationDistribution('Time from failure to repair; of kind reclaim until a new machine of the name comes'),
});

const autoscaler = z.strictObject({
  enabled: flag('false: node groups keep their size').default(true),
  scanInterval: duration('How often the autoscaler looks at the cluster. Default 10s (--scan-interval)').default('10s'),
  newPodScaleUpDelay: duration('Age at which a pending pod counts. Default 0s (--new-pod-scale-up-delay)').default('0s'),
  scaleDownEnabled: flag('Whether nodes are removed. Default true (--scale-down-enabled)').default(true),
  scaleDownUtilizationThreshold: number('Nodes requested less than this share are candidates. Default 0.5 (--scale-down-utilization-threshold)', 0, 1).default(0.5),
  scaleDownUnneededTime: duration('How long a node must be unneeded. Default 10m (--scale-down-unneeded-time)').default('10m'),
  scaleDownUnreadyTime: duration('The same for nodes that are not ready. Default 20m (--scale-down-unready-time)').default('20m'),
  scaleDownDelayAfterAdd: duration('Rest after a scale-up. Default 10m (--scale-down-delay-after-add)').default('10m'),
  scaleDownDelayAfterFailure: duration('Rest after a failed scale-down. Default 3m (--scale-down-delay-after-failure)').default('3m'),
  maxScaleDownParallelism: whole('Nodes removed at once. Default 10 (--max-scale-down-parallelism)', 1, MAX_NODES).default(10),
  maxDrainParallelism: whole('Nodes drained at once. Default 1 (--max-drain-parallelism)', 1, MAX_NODES).default(1),
  maxNodesPerScaleUp: whole('Nodes added in one step. Default 1000 (--max-nodes-per-scaleup)', 1, MAX_NODES).default(1000),
  maxNodesTotal: whole('Nodes of the whole cluster; 0: no limit. Default 0 (--max-nodes-total)', 0, MAX_NODES).default(0),
  expander: z
    .enum(['least-waste', 'most-pods', 'least-nodes', 'random'], expecting('expected least-waste, most-pods, least-nodes or random'))
    .default('least-waste')
    .describe('Which group grows when several could. Default least-waste (--expander)'),
  expendablePodsPriorityCutoff: whole('Pods of lower priority never cause a scale-up. Default -10 (--expendable-pods-priority-cutoff)', -2_147_483_648, 2_147_483_647).default(-10),
  skipNodesWithSystemPods: flag(
    'Whether pods of kube-system without a disruption budget keep their node, in their first hour. ' +
      'Default true (--skip-nodes-with-system-pods)',
  ).default(true),
  skipNodesWithLocalStorage: flag(
    'Whether pods with hostPath volumes, or emptyDir volumes that are not in memory, keep their node. ' +
      'Default true (--skip-nodes-with-local-storage)',
  ).default(true),
});

const metrics = z.strictObject({
  sampleInterval: duration('Interval of the rows of timeseries.csv').default('1m'),
  pods: z
    .enum(['auto', 'all', 'none'], expecting('expected auto, all or none'))
    .default('auto')
    .describe('Rows of pods.csv. auto: every pod up to 200,000 pods, none beyond'),
  checkEvery: whole(
    'Recompute all aggregates every so many events and compare (slow); 0: never',
    0,
    1_000_000_000,
  ).default(0),
});

const CONDITION = 'expected a condition such as "queueWait.p99 < 30s"';
const condition = z.string(expecting(CONDITION)).describe('Metric, < <= > >= or ==, and a duration, share or number');
const bound = z.string(expecting('expected a bound such as "< 30s"')).describe('Bound such as < 30s');

const thresholds = z
  .union(
    [z.array(condition), z.record(z.string(), z.union([bound, z.array(bound)]))],
    expecting('expected a list of conditions such as "queueWait.p99 < 30s", or a mapping of metrics to bounds'),
  )
  .describe('Conditions that the numbers of a run must meet; run and compare exit with 99 when one is broken');

export const scenarioSchema = z
  .strictObject({
    $schema: text('JSON Schema of this file, for editors').optional(),
    name: text('Name in reports. Default: the name of the file').optional(),
    description: text('What the scenario is for').default(''),
    seed: z
      .union([z.string(), z.number()], expecting('expected a text or a number'))
      .default('podyard')
      .describe('Root of all chance: equal seeds give equal runs. Any text'),
    kubernetes: z
      .union([z.enum(KUBERNETES_VERSIONS), z.literal(KUBERNETES_VERSIONS.map(Number))], expecting(KUBERNETES))
      .default(DEFAULT_KUBERNETES_VERSION)
      .describe(`Version of Kubernetes whose scheduler and controllers the cluster has. Default: ${DEFAULT_KUBERNETES_VERSION}`),
    duration: duration('Simulated time of the run. Default: until all work is done and no pod that waits can ever get a node').optional(),
    nodePools: list(nodePool, 'Groups of like nodes').default([]),
    nodes: pathsOrObjects(
      'Files or folders with Node objects: manifests, or kubectl get nodes -o yaml|json; or the objects themselves',
    ).optional(),
    manifests: pathsOrObjects(
      'Files or folders with every other object: manifests, or kubectl get dumps; or the objects themselves',
    ).optional(),
    priorityClasses: z.record(z.string(), priorityClass, expecting('expected a mapping of names to priorities')).default({}).describe('Priority classes besides system-node-critical and system-cluster-critical'),
    workloads: list(workload, 'Classes of generated work').default([]),
    applications: list(
      application,
      'What runs in pods of manifests, dumps and traces; the first that matches a pod counts',
    ).default([]),
    machines: machines.optional().describe('The machines of a trace as nodes'),
    trace: trace.optional().describe('A recorded stream of pods'),
    scheduler: scheduler.prefault({}).describe('kube-scheduler'),
    schedulers: list(
      schedulerProcess,
      'Further scheduler processes, each with a cache and a queue of its own; profiles that none of them names are served by the first',
    ).default([]),
    controlPlane: controlPlane.prefault({}).describe('How late parts learn of changes, and how long their writes take'),
    kubelet: kubelet.prefault({}).describe('Pod start on the nodes'),
    nodeLifecycle: nodeLifecycle.prefault({}).describe('Detection of dead nodes and eviction of their pods'),
    storage: storage.optional(),
    failures: list(failure, 'Failures by chance, of nodes, zones and racks').default([]),
    steps: list(stepSchema, 'What people do to the cluster, each at its time: drains, upgrades, rollouts, outages').default([]),
    autoscaler: autoscaler.optional().describe("Cluster autoscaler. Default: on with upstream's flags when a pool has `autoscaling`"),
    metrics: metrics.prefault({}).describe('What is recorded'),
    thresholds: thresholds.optional(),
  })
  .describe('A Podyard scenario');

/** The scenario after defaults: durations and quantities are still texts. */
export type ScenarioInput = z.output<typeof scenarioSchema>;
/** The same as it is written, where defaults may be left out. */
export type ScenarioDocument = z.input<typeof scenarioSchema>;
export type WorkloadInput = ScenarioInput['workloads'][number];
export type ApplicationInput = ScenarioInput['applications'][number];
export type NodePoolInput = ScenarioInput['nodePools'][number];
export type ArrivalsInput = NonNullable<WorkloadInput['arrivals']>;

/** The cluster autoscaler's settings when the scenario has none. */
export function autoscalerDefaults(): NonNullable<ScenarioInput['autoscaler']> {
  return autoscaler.parse({});
}

/** The JSON Schema of a scenario file (draft 7, what YAML editors understand). */
export function scenarioJsonSchema(): Record<string, unknown> {
  return publishedSchema(scenarioSchema);
}
