/**
 * Names of the numbers of a run that can be asked for, before there is a run: paths in report.json, and the same
 * without what goes without saying. Which resources and priorities there are shows in the run only; any may be named.
 */
import { nearestName } from '../base/input-error.ts';

/** What a number is measured in, as far as it may be written: `30s`, `80%`. */
export type Dimension = 'seconds' | 'share' | 'plain';

interface MetricFamily {
  /** `*` stands for the name of a resource, or for a priority. */
  readonly path: string;
  readonly dimension: Dimension;
}

const WAIT_POINTS = ['mean', 'p50', 'p90', 'p95', 'p99', 'max'];

const FAMILIES: readonly MetricFamily[] = [
  { path: 'utilization.*.mean', dimension: 'share' },
  ...WAIT_POINTS.map((point): MetricFamily => ({ path: `latency.queueWaitSeconds.${point}`, dimension: 'seconds' })),
  { path: 'latency.startSeconds.p50', dimension: 'seconds' },
  { path: 'latency.startSeconds.p99', dimension: 'seconds' },
  { path: 'latencyByPriority.*.queueWaitSeconds.p99', dimension: 'seconds' },
  { path: 'counts.podsFinished', dimension: 'plain' },
  { path: 'counts.podsPending', dimension: 'plain' },
  { path: 'counts.podsLost', dimension: 'plain' },
  { path: 'counts.evictions', dimension: 'plain' },
  { path: 'counts.decisionsUnschedulable', dimension: 'plain' },
  { path: 'failures.wastedPodSeconds', dimension: 'plain' },
  { path: 'failures.containers.restarts', dimension: 'plain' },
  { path: 'failures.containers.unreadyPodSeconds', dimension: 'plain' },
  { path: 'packing.densityOfNonEmptyNodes.*', dimension: 'share' },
  { path: 'packing.strandedShare.*', dimension: 'share' },
  { path: 'packing.fragmentation.gpuFragmentedShare.mean', dimension: 'share' },
  { path: 'packing.meanEmptyNodes', dimension: 'plain' },
  { path: 'packing.meanNodes', dimension: 'plain' },
  { path: 'cost.nodeHours', dimension: 'plain' },
  { path: 'cost.total', dimension: 'plain' },
];

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
  for (const { path, dimension } of FAMILIES) {
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
