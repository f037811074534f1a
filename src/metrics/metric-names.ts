/**
 * The numbers of a run that can be asked for: single ones as they are declared, and those by resource or priority.
 * Their values in a result; their names before there is a run, paths in report.json and the same without what goes
 * without saying. Which resources and priorities there are shows in the run only; any may be named.
 */
import { nearestName } from '../base/input-error.ts';
import { metricsIn } from './declared-metrics.ts';
import type { MetricGroup } from './declared-metrics.ts';
import type { Better } from './metric.ts';
import type { FailureFacts, FragmentationFacts, PackingFacts, RunResult } from './run-result.ts';

/** What a number is measured in, as far as it may be written: `30s`, `80%`. */
export type Dimension = 'seconds' | 'share' | 'plain';

/** What these numbers are taken from: a part of a run's result. */
export type MeasuredFacts = Pick<RunResult, 'utilization' | 'latency' | 'latencyByPriority' | 'counts' | 'cost'> & {
  readonly packing: Omit<PackingFacts, 'fragmentation'> & {
    readonly fragmentation: Pick<FragmentationFacts, 'gpuFragmentedShare'>;
  };
  readonly failures: Omit<FailureFacts, 'campaigns' | 'containers'> & {
    readonly containers?: FailureFacts['containers'] | undefined;
  };
};

type Values = Readonly<Record<string, number | null>>;

interface MetricFamily {
  /** `*` stands for the name of a resource, or for a priority. */
  readonly path: string;
  readonly unit: string;
  readonly better: Better;
  /** By what `*` stands for; without one by ''. Empty: the run has no such number. */
  readonly values: (facts: MeasuredFacts) => Values;
}

const WAIT_POINTS = ['mean', 'p50', 'p90', 'p95', 'p99', 'max'] as const;

/** All numbers of a group that runs are compared by. */
function declared(group: MetricGroup & keyof MeasuredFacts): readonly MetricFamily[] {
  const families = metricsIn(group).flatMap(([name, { unit, better, isComparedLast = false }]) => {
    if (better === null) return [];
    const values = (facts: MeasuredFacts): Values => ({ '': (facts[group] as unknown as Values)[name] });
    return [{ isComparedLast, family: { path: `${group}.${name}`, unit, better, values } }];
  });
  const inOrder = [...families.filter((one) => !one.isComparedLast), ...families.filter((one) => one.isComparedLast)];
  return inOrder.map(({ family }) => family);
}

function oneTime(path: string, value: (facts: MeasuredFacts) => number | null): MetricFamily {
  return { path, unit: 's', better: 'lower', values: (facts) => ({ '': value(facts) }) };
}

/** In the order of comparisons. */
const FAMILIES: readonly MetricFamily[] = [
  {
    path: 'utilization.*.mean', unit: 'share', better: 'higher',
    values: ({ utilization }) => mapValues(utilization, (use) => use.mean),
  },
  ...WAIT_POINTS.map((point) =>
    oneTime(`latency.queueWaitSeconds.${point}`, ({ latency }) => latency.queueWaitSeconds[point])),
  oneTime('latency.startSeconds.p50', ({ latency }) => latency.startSeconds.p50),
  oneTime('latency.startSeconds.p99', ({ latency }) => latency.startSeconds.p99),
  {
    path: 'latencyByPriority.*.queueWaitSeconds.p99', unit: 's', better: 'lower',
    values: ({ latencyByPriority }) => mapValues(latencyByPriority, (group) => group.queueWaitSeconds.p99),
  },
  ...declared('counts'),
  ...declared('failures'),
  {
    path: 'failures.containers.restarts', unit: 'count', better: 'lower',
    values: ({ failures: { containers } }) => (containers === undefined ? {} : { '': containers.restarts }),
  },
  {
    path: 'failures.containers.unreadyPodSeconds', unit: 'pod-seconds', better: 'lower',
    values: ({ failures: { containers } }) => (containers === undefined ? {} : { '': containers.unreadyPodSeconds }),
  },
  {
    path: 'packing.densityOfNonEmptyNodes.*', unit: 'share', better: 'higher',
    values: ({ packing }) => packing.densityOfNonEmptyNodes,
  },
  {
    path: 'packing.strandedShare.*', unit: 'share', better: 'lower', values: ({ packing }) => packing.strandedShare,
  },
  {
    path: 'packing.fragmentation.gpuFragmentedShare.mean', unit: 'share', better: 'lower',
    values: ({ packing: { fragmentation: { gpuFragmentedShare: share } } }) => (
      share === null ? {} : { '': share.mean }
    ),
  },
  ...declared('packing'),
  ...declared('cost'),
];

/** One number of one run. */
export interface MetricValue {
  /** Its path in report.json, dots between the steps. */
  readonly name: string;
  /** `s`, `share` (0 to 1), `pods`, `nodes`, `pod-seconds`, `node-hours`, `count`, or empty (cost: any currency). */
  readonly unit: string;
  readonly better: Better;
  /** null: the run has no such sample. */
  readonly value: number | null;
}

/** The numbers of one run that are worth comparing, in the order of comparisons. Names are paths in report.json. */
export function metricsOf(facts: MeasuredFacts): MetricValue[] {
  return FAMILIES.flatMap(({ path, unit, better, values }) => {
    const found = values(facts);
    const names = Object.keys(found).sort((a, b) => (a < b ? -1 : 1));
    return names.map((name) => ({ name: path.replace('*', name), unit, better, value: finite(found[name]) }));
  });
}

function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

function mapValues<T>(record: Readonly<Record<string, T>>, pick: (value: T) => number | null): Values {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, pick(value)]));
}

function dimensionOf({ unit }: MetricFamily): Dimension {
  return unit === 's' ? 'seconds' : unit === 'share' ? 'share' : 'plain';
}

/**
 * A metric's path without what goes without saying: `latency.queueWaitSeconds.p99` is `queueWait.p99`, `cost.total` is
 * `cost`, `utilization.cpu.mean` is `utilization.cpu`.
 */
export function shortMetricName(path: string): string {
  return path
    .replace(/^latency\./, '')
    .replace(/Seconds(?=\.|$)/, '')
    .replace(/\.(?:mean|total)$/, '');
}

export interface NamedMetric {
  readonly path: string;
  readonly dimension: Dimension;
}

/** What a name stands for, spelled out or short. undefined: no run has such a number. */
export function metricNamed(name: string): NamedMetric | undefined {
  for (const family of FAMILIES) {
    const { path } = family;
    const dimension = dimensionOf(family);
    for (const pattern of [path, shortMetricName(path)]) {
      if (!pattern.includes('*')) {
        if (name === pattern) return { path, dimension };
        continue;
      }
      const [head, tail] = pattern.split('*');
      const isLong = name.length > head.length + tail.length;
      if (!isLong || !name.startsWith(head) || !name.endsWith(tail)) continue;
      const which = name.slice(head.length, name.length - tail.length);
      // A short name has no end to tell `utilization.cpu.p99` from a resource called `cpu.p99`.
      if (/\.(?:mean|total|min|max|p\d+)$/.test(which)) continue;
      return { path: path.replace('*', which), dimension };
    }
  }
  return undefined;
}

/** Paths, with the usual resources for `*`; for "did you mean". */
export function commonMetrics(): string[] {
  return FAMILIES.flatMap(({ path }) => {
    const fills = !path.includes('*') ? [''] : path.startsWith('latencyByPriority') ? ['0'] : ['cpu', 'memory'];
    return fills.map((fill) => path.replace('*', fill));
  });
}

/** Whether a name, in which `*` stands for anything, means the metric with this path. */
export function isMetricMeant(name: string, path: string): boolean {
  if (!name.includes('*')) return metricNamed(name)?.path === path;
  const parts = name.split('*');
  return fits(parts, path) || fits(parts, shortMetricName(path));
}

/** Whether the text is these parts in their order with anything between them. No pattern: it may be of any length. */
function fits(parts: readonly string[], text: string): boolean {
  const [first, last] = [parts[0], parts[parts.length - 1]];
  const end = text.length - last.length;
  if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    const at = text.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return from <= end;
}

export function nearestMetric(name: string): string | undefined {
  const known = commonMetrics().map(shortMetricName);
  // The last word is enough: `p99` alone is too little, `nodeHours` is not.
  const ending = known.filter((other) => name !== '' && other.toLowerCase().endsWith(`.${name.toLowerCase()}`));
  return nearestName(name, known) ?? (ending.length === 1 ? ending[0] : undefined);
}
