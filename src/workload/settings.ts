/** `workloads` of a scenario: classes of generated work. */
import { z } from 'zod';
import { formatDuration } from '../base/duration.ts';
import type { Path } from '../base/source-path.ts';
import { below, quoteShort } from '../base/source-path.ts';
import { listOf, mappingOf } from '../base/structure.ts';
import type { Micros } from '../base/time.ts';
import type { PodTemplateSpec, ResourceList } from '../cluster/objects.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { ApplicationModel } from '../scenario/application.ts';
import { applicationFields, resolveModel, spellApplication } from '../scenario/application.ts';
import {
  MANY, countDistribution, duration, expecting, lifetimeDistribution, list, mapping, name, number, resources, text,
  whole,
} from '../scenario/fields.ts';
import type { ScenarioNumbers } from '../scenario/numbers.ts';
import { spellDuration, spellNumber, spellSeconds } from '../scenario/spelling.ts';
import { resourceList } from './manifests/names.ts';
import { podTemplate } from './manifests/pod-checks.ts';
import { withoutNulls } from './manifests/read-manifests.ts';

export type WorkloadKind = 'Deployment' | 'Job' | 'DaemonSet' | 'Pod';

/**
 * A class of generated work. One *arrival* is one Deployment, Job or Pod of the class; a DaemonSet arrives once, at its
 * start.
 */
export interface Workload {
  readonly name: string;
  readonly kind: WorkloadKind;
  /** Label of the class in reports (`service`, `batch`, ...). */
  readonly class: string;
  readonly arrivals: ArrivalProcess;
  /** Pods of one arrival. */
  readonly replicas: Distribution;
  /**
   * Seconds. Deployment: from arrival to removal of all its pods. Job, Pod: run time of each pod from its start.
   * Infinity: for ever.
   */
  readonly lifetimeSeconds: Distribution | null;
  /** Relative multipliers of the template's requests per pod shape, drawn once an arrival; see `shapes`. */
  readonly shapes: readonly PodShape[];
  readonly namespace: string;
  readonly priorityClassName: string | null;
  /** The pods' template; its container requests are replaced by the drawn shape when `shapes` is not empty. */
  readonly template: PodTemplateSpec;
  /** What runs in the pods; null: nothing is said of it. */
  readonly application: ApplicationModel | null;
}

/** One pod size of a class, drawn with probability weight / sum of weights. */
export interface PodShape {
  readonly weight: number;
  readonly requests: ResourceList;
}

export type ArrivalProcess =
  /** All `count` arrivals at `atMicros`. */
  | { readonly kind: 'at'; readonly atMicros: Micros; readonly count: number }
  /** Exponential gaps. */
  | {
      readonly kind: 'poisson';
      readonly ratePerHour: number;
      readonly startMicros: Micros;
      readonly endMicros: Micros | null;
    }
  /** Non-homogeneous Poisson: rate(t) = mean * (1 + amplitude * cos(2 pi (t - peak) / period)), by thinning. */
  | {
      readonly kind: 'diurnal';
      readonly meanRatePerHour: number;
      readonly amplitude: number;
      readonly periodMicros: Micros;
      readonly peakMicros: Micros;
      readonly startMicros: Micros;
      readonly endMicros: Micros | null;
    }
  /** Non-homogeneous Poisson: so many arrivals an hour in each hour from the start, and again from the first on. */
  | {
      readonly kind: 'hourly';
      readonly ratesPerHour: readonly number[];
      readonly startMicros: Micros;
      readonly endMicros: Micros | null;
    }
  /** Bursts arrive as a Poisson process; each brings `size` arrivals with exponential gaps of mean `gapSeconds`. */
  | {
      readonly kind: 'bursty';
      readonly burstsPerHour: number;
      readonly size: Distribution;
      readonly gapSeconds: number;
      readonly startMicros: Micros;
      readonly endMicros: Micros | null;
    };

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

export const workloadSchema = z.strictObject({
  name: name('Name of the class of work; unique'),
  kind: z
    .enum(['Deployment', 'Job', 'DaemonSet', 'Pod'], expecting('expected Deployment, Job, DaemonSet or Pod'))
    .describe(
      'What one arrival is: a Deployment (replaced when lost, lives for `lifetime`), a Job (pods that run to ' +
        'completion), a bare Pod, or a DaemonSet (one pod on every node it may run on)',
    ),
  class: text('Name of the class in reports. Default: the name').optional(),
  arrivals: arrivals.optional().describe('When work arrives. Default: one arrival at the start'),
  replicas: countDistribution('Pods of one arrival, rounded to whole numbers. Default 1').default(1),
  lifetime: lifetimeDistribution(
    'Deployment: time until all of it is removed; default forever. Job and Pod: run time of each pod from its ' +
      'start; must be given. DaemonSet: none',
  ).optional(),
  requests: resources('Requests of every pod: short for one entry in `shapes`').optional(),
  shapes: list(
    shape, 'Pod sizes of the class, one drawn for each arrival. Default: the requests of the template',
  ).optional(),
  namespace: name('Namespace of the pods').default('default'),
  priorityClass: text('Name of a priority class. Default: the class marked globalDefault, else priority 0').optional(),
  image: text('Image of the only container, when no template is given').optional(),
  template: z
    .looseObject({}, expecting('expected a pod template with metadata and spec'))
    .optional()
    .describe(
      'Pod template as in a Deployment (metadata.labels, spec with tolerations, affinity, ...). Default: one ' +
        'container named main',
    ),
  application: mapping(
    applicationFields,
    'What runs in the containers: when they answer probes, fail, hang and stop. With it probes, init containers, ' +
      'restart policies and grace periods of the template act. Default: containers start, run and stop without any ' +
      'trouble',
  ).optional(),
});

export type WorkloadInput = z.output<typeof workloadSchema>;
export type ArrivalsInput = NonNullable<WorkloadInput['arrivals']>;

export function resolveWorkload(workload: WorkloadInput, path: Path, numbers: ScenarioNumbers): Workload {
  return {
    name: workload.name,
    kind: workload.kind,
    class: workload.class ?? workload.name,
    arrivals: resolveArrivals(workload.arrivals, below(path, 'arrivals'), numbers),
    replicas: numbers.distribution(workload.replicas, below(path, 'replicas')),
    lifetimeSeconds: resolveLifetime(workload, below(path, 'lifetime'), numbers),
    shapes: resolveShapes(workload, path, numbers),
    namespace: workload.namespace,
    priorityClassName: workload.priorityClass ?? null,
    template: resolveTemplate(workload, path, numbers),
    application:
      workload.application === undefined
        ? null
        : resolveModel(workload.application, below(path, 'application'), numbers),
  };
}

const ARRIVAL_KINDS = ['at', 'poisson', 'diurnal', 'hourly', 'bursty'] as const;

function resolveArrivals(input: ArrivalsInput | undefined, path: Path, numbers: ScenarioNumbers): ArrivalProcess {
  if (input === undefined) return { kind: 'at', atMicros: 0, count: 1 };
  const kinds = ARRIVAL_KINDS.filter((kind) => input[kind] !== undefined);
  if (kinds.length !== 1) {
    const found = kinds.length === 0 ? 'none' : kinds.join(' and ');
    numbers.findings.error(path, `expected exactly one of ${ARRIVAL_KINDS.join(', ')}, found ${found}`);
    return { kind: 'at', atMicros: 0, count: 0 };
  }
  if (input.count !== undefined && input.at === undefined)
    numbers.findings.error(below(path, 'count'), '"count" belongs to "at"', undefined, 'key');
  const { poisson, diurnal, hourly, bursty } = input;
  if (poisson !== undefined)
    return { kind: 'poisson', ratePerHour: poisson.ratePerHour, ...windowOf(numbers, poisson, below(path, 'poisson')) };
  if (diurnal !== undefined) {
    const at = below(path, 'diurnal');
    return {
      kind: 'diurnal',
      meanRatePerHour: diurnal.meanRatePerHour,
      amplitude: diurnal.amplitude,
      periodMicros: numbers.microsAbove0(diurnal.period, below(at, 'period')),
      peakMicros: numbers.micros(diurnal.peak, below(at, 'peak')),
      ...windowOf(numbers, diurnal, at),
    };
  }
  if (hourly !== undefined) {
    const at = below(path, 'hourly');
    numbers.weightsAbove0(hourly.ratesPerHour, below(at, 'ratesPerHour'), 'rate');
    return { kind: 'hourly', ratesPerHour: hourly.ratesPerHour, ...windowOf(numbers, hourly, at) };
  }
  if (bursty !== undefined) {
    const at = below(path, 'bursty');
    const size = numbers.distribution(bursty.size, below(at, 'size'));
    const gapSeconds = numbers.amount(bursty.gap, below(at, 'gap'));
    return { kind: 'bursty', burstsPerHour: bursty.burstsPerHour, size, gapSeconds, ...windowOf(numbers, bursty, at) };
  }
  return { kind: 'at', atMicros: numbers.micros(input.at ?? '0s', below(path, 'at')), count: input.count ?? 1 };
}

function windowOf(
  numbers: ScenarioNumbers, input: { readonly from: string; readonly until?: string | undefined }, path: Path,
): { startMicros: Micros; endMicros: Micros | null } {
  const startMicros = numbers.micros(input.from, below(path, 'from'));
  const endMicros = input.until === undefined ? null : numbers.micros(input.until, below(path, 'until'));
  if (endMicros !== null && endMicros <= startMicros)
    numbers.findings.error(
      below(path, 'until'),
      `expected a time after "from" (${input.from}), found ${quoteShort(input.until ?? '')}`,
    );
  return { startMicros, endMicros };
}

/** null: for ever. */
function resolveLifetime(workload: WorkloadInput, path: Path, numbers: ScenarioNumbers): Distribution | null {
  const { lifetime } = workload;
  return lifetime === undefined || lifetime === 'forever' ? null : numbers.distribution(lifetime, path);
}

function resolveShapes(workload: WorkloadInput, path: Path, numbers: ScenarioNumbers): PodShape[] {
  const { findings } = numbers;
  const { requests, shapes } = workload;
  if (requests !== undefined && shapes !== undefined)
    findings.error(below(path, 'requests'), 'expected either requests or shapes, found both', undefined, 'key');
  if (requests !== undefined) {
    resourceList(requests, below(path, 'requests'), findings);
    return [{ weight: 1, requests }];
  }
  const given = shapes ?? [];
  const at = below(path, 'shapes');
  if (shapes !== undefined && shapes.length === 0) findings.error(at, 'expected at least one shape');
  for (const [index, shape] of given.entries())
    resourceList(shape.requests, below(below(at, index), 'requests'), findings);
  if (given.length > 0) numbers.weightsAbove0(given.map((shape) => shape.weight), at);
  return given.map(({ weight, requests: amounts }): PodShape => ({ weight, requests: amounts }));
}

function resolveTemplate(workload: WorkloadInput, path: Path, numbers: ScenarioNumbers): PodTemplateSpec {
  const { findings } = numbers;
  const hasOwnSizes = workload.requests !== undefined || workload.shapes !== undefined;
  if (workload.template === undefined) {
    if (!hasOwnSizes) findings.error(path, `the pods have no size: expected "requests", "shapes" or a "template"`);
    const container = { name: 'main', ...(workload.image === undefined ? {} : { image: workload.image }) };
    return { metadata: { labels: { app: workload.name } }, spec: { containers: [container] } };
  }
  const at = below(path, 'template');
  if (workload.image !== undefined)
    findings.error(below(path, 'image'), 'expected either image or template, found both', undefined, 'key');
  podTemplate(workload.template, at, findings);
  const spec = mappingOf(workload.template['spec']);
  if (spec['nodeName'] !== undefined)
    findings.error(
      below(below(at, 'spec'), 'nodeName'),
      'a generated pod cannot name its node: use nodeSelector or affinity',
    );
  if (
    spec['priorityClassName'] !== undefined &&
    workload.priorityClass !== undefined &&
    spec['priorityClassName'] !== workload.priorityClass
  ) {
    findings.error(
      below(path, 'priorityClass'),
      'expected the same class as template.spec.priorityClassName, or only one of them',
    );
  }
  if (hasOwnSizes && listOf(spec['initContainers']).length > 0) {
    findings.warn(
      below(below(at, 'spec'), 'initContainers'),
      'the requests of initContainers stay as written when shapes are drawn',
      undefined,
      'key',
    );
  }
  const template = withoutNulls(workload.template) as PodTemplateSpec;
  if (template.metadata?.labels !== undefined) return template;
  return { ...template, metadata: { ...template.metadata, labels: { app: workload.name } } };
}

export function spellWorkload(workload: Workload): Record<string, unknown> {
  const { name, kind, namespace, template } = workload;
  const isDaemon = kind === 'DaemonSet';
  return {
    name,
    kind,
    class: workload.class,
    arrivals: spellArrivals(workload.arrivals),
    ...(isDaemon ? {} : { replicas: spellNumber(workload.replicas) }),
    ...(workload.lifetimeSeconds === null
      ? isDaemon
        ? {}
        : { lifetime: 'forever' }
      : { lifetime: spellSeconds(workload.lifetimeSeconds) }),
    ...(workload.shapes.length === 0 ? {} : { shapes: workload.shapes }),
    namespace,
    ...(workload.priorityClassName === null ? {} : { priorityClass: workload.priorityClassName }),
    template,
    ...(workload.application === null ? {} : { application: spellApplication(workload.application) }),
  };
}

function spellArrivals(arrivals: ArrivalProcess): Record<string, unknown> {
  if (arrivals.kind === 'at') return { at: formatDuration(arrivals.atMicros), count: arrivals.count };
  const window = {
    from: formatDuration(arrivals.startMicros),
    ...(arrivals.endMicros === null ? {} : { until: formatDuration(arrivals.endMicros) }),
  };
  switch (arrivals.kind) {
    case 'poisson':
      return { poisson: { ratePerHour: arrivals.ratePerHour, ...window } };
    case 'diurnal': {
      const { meanRatePerHour, amplitude } = arrivals;
      return {
        diurnal: {
          meanRatePerHour,
          amplitude,
          period: formatDuration(arrivals.periodMicros),
          peak: formatDuration(arrivals.peakMicros),
          ...window,
        },
      };
    }
    case 'hourly':
      return { hourly: { ratesPerHour: arrivals.ratesPerHour, ...window } };
    case 'bursty':
      return {
        bursty: {
          burstsPerHour: arrivals.burstsPerHour,
          size: spellNumber(arrivals.size),
          gap: spellDuration(arrivals.gapSeconds),
          ...window,
        },
      };
  }
}

/** What of a workload its arrivals' objects take their names from. */
export interface NamedWorkload {
  readonly name: string;
  readonly kind: string;
  readonly namespace: string;
}

/** The workload whose arrivals have objects of this kind and names like this one; undefined: none. */
export function generatorOf<Named extends NamedWorkload>(
  workloads: readonly Named[], kind: string, namespace: string, name: string,
): Named | undefined {
  if (kind !== 'Deployment' && kind !== 'Job') return undefined;
  const arrival = /^(.+)-(?:0|[1-9][0-9]*)$/.exec(name)?.[1];
  return workloads.find((one) => one.name === arrival && one.kind === kind && one.namespace === namespace);
}
