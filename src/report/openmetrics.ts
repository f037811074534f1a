/**
 * The last values of a run as OpenMetrics text, for Prometheus and what reads it. Where kube-scheduler, kubelet,
 * kube-state-metrics or cluster-autoscaler has a metric for the same number, it has that name and those labels; pods
 * and nodes are sums, without a line for each. All numbers of summary.csv follow as `podyard_result`.
 * https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
import type { Quantiles, RunResult } from '../metrics/run-result.ts';
import { summaryRows } from './summary-rows.ts';
import { roundNumber } from './json.ts';

type Labels = Readonly<Record<string, string>>;

interface Sample {
  /** What follows the name of the family: `_total`, `_count`. */
  readonly suffix: string;
  readonly labels: Labels;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'info' | 'summary';
  readonly help: string;
  /** The last word of the name. */
  readonly unit?: string;
  readonly samples: readonly Sample[];
}

export function openMetricsText(result: RunResult): string {
  const upstream = [...schedulerFamilies(result), ...clusterFamilies(result)];
  return `${[runInfo(result), ...upstream, resultFamily(result)].map(textOf).join('')}# EOF\n`;
}

// ---- families ------------------------------------------------------------------------------------------------------

function runInfo({ scenario, seed, version, kubernetes, digest, complete }: RunResult): Family {
  const labels = { scenario, seed, version, kubernetes, digest, complete: String(complete) };
  return { name: 'podyard_run', type: 'info', help: 'The run.', samples: [{ suffix: '_info', labels, value: 1 }] };
}

/** Names and labels: pkg/scheduler/metrics/metrics.go. */
function schedulerFamilies({ timeseries: { columns }, counts, latency, scheduling }: RunResult): Family[] {
  const queues = ['active', 'backoff', 'unschedulable'].flatMap((queue) =>
    gaugeSamples(columns[`queue.${queue}`]?.at(-1), { queue }));
  const profile = onlyProfile(scheduling.profile);
  const attempts = (outcome: string, value: number): Sample =>
    ({ suffix: '_total', labels: { result: outcome, ...profile }, value });
  return [
    {
      name: 'scheduler_pending_pods', type: 'gauge', samples: queues,
      help: 'Pods in the queues of the scheduler at the end; gated ones are among the unschedulable.',
    },
    {
      name: 'scheduler_schedule_attempts', type: 'counter', help: 'Attempts to schedule pods, by result.',
      samples: [
        attempts('scheduled', counts.decisions - counts.decisionsUnschedulable),
        attempts('unschedulable', counts.decisionsUnschedulable),
      ],
    },
    summary('scheduler_pod_scheduling_attempts', scheduling.attemptsPerPod, 'Attempts of pods that were bound.'),
    {
      ...summary(
        'scheduler_pod_scheduling_sli_duration_seconds', latency.queueWaitSeconds,
        'From creation to binding; pods that still wait count with their wait so far.',
      ),
      unit: 'seconds',
    },
  ];
}

/**
 * Names: pkg/kubelet/metrics/metrics.go, pkg/controller/tainteviction/metrics/metrics.go,
 * kube-state-metrics docs/metrics, cluster-autoscaler/metrics/metrics.go.
 */
function clusterFamilies({ timeseries: { columns }, latency, failures, autoscaling }: RunResult): Family[] {
  const last = (column: string): number | undefined => columns[column]?.at(-1);
  const [pending, starting, total, ready] = ['pods.pending', 'pods.starting', 'nodes.total', 'nodes.ready'].map(last);
  const counter = (name: string, help: string, value: number): Family =>
    ({ name, type: 'counter', help, samples: [{ suffix: '_total', labels: {}, value }] });
  return [
    {
      ...summary(
        'kubelet_pod_start_total_duration_seconds', latency.startSeconds,
        'From creation to running containers; pods that never started count with their wait so far.',
      ),
      unit: 'seconds',
    },
    {
      name: 'kube_pod_status_phase', type: 'gauge', help: 'Pods by phase at the end, all together.',
      samples: [
        ...gaugeSamples(sum(pending, starting), { phase: 'Pending' }),
        ...gaugeSamples(last('pods.running'), { phase: 'Running' }),
      ],
    },
    {
      name: 'kube_node_status_condition', type: 'gauge',
      help: 'Nodes at the end, all together: machines that work are true, the others unknown.',
      samples: [
        ...gaugeSamples(ready, { condition: 'Ready', status: 'true' }),
        ...gaugeSamples(difference(total, ready), { condition: 'Ready', status: 'unknown' }),
      ],
    },
    counter(
      'taint_eviction_controller_pod_deletions', 'Pods evicted for a NoExecute taint.',
      failures.evictionsByCause['taint'] ?? 0,
    ),
    counter('cluster_autoscaler_scaled_up_nodes', 'Nodes that the autoscaler added.', autoscaling.nodesAdded),
    counter('cluster_autoscaler_scaled_down_nodes', 'Nodes that the autoscaler removed.', autoscaling.nodesRemoved),
  ];
}

function resultFamily(result: RunResult): Family {
  const samples = summaryRows(result).flatMap(([metric, value, unit]) =>
    gaugeSamples(typeof value === 'number' ? value : undefined, { metric: String(metric), unit: String(unit ?? '') }));
  return {
    name: 'podyard_result', type: 'gauge', samples,
    help: 'Every number of the report, by its path in report.json and its unit there.',
  };
}

/** The label of a run with one profile; attempts are not counted for each of several. */
function onlyProfile(profiles: unknown): Labels {
  if (!Array.isArray(profiles) || profiles.length !== 1) return {};
  const { schedulerName } = profiles[0] as { readonly schedulerName?: unknown };
  return typeof schedulerName === 'string' ? { profile: schedulerName } : {};
}

function summary(name: string, { count, mean, ...points }: Quantiles, help: string): Family {
  const shares = { '0.5': points.p50, '0.9': points.p90, '0.95': points.p95, '0.99': points.p99, '0.999': points.p999 };
  const quantiles = Object.entries(shares).flatMap(([quantile, value]) =>
    gaugeSamples(value ?? undefined, { quantile }));
  const all = [
    { suffix: '_count', labels: {}, value: count },
    { suffix: '_sum', labels: {}, value: (mean ?? 0) * count },
  ];
  return { name, type: 'summary', help, samples: [...quantiles, ...all] };
}

/** undefined: there is no such number, and no line. */
function gaugeSamples(value: number | undefined, labels: Labels): Sample[] {
  return value === undefined ? [] : [{ suffix: '', labels, value }];
}

function difference(a: number | undefined, b: number | undefined): number | undefined {
  return sum(a, b === undefined ? undefined : -b);
}

function sum(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a + b;
}

// ---- text ----------------------------------------------------------------------------------------------------------

function textOf({ name, type, help, unit, samples }: Family): string {
  const head = [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`];
  if (unit !== undefined) head.push(`# UNIT ${name} ${unit}`);
  const lines = samples.map(({ suffix, labels, value }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    const set = pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
    return `${name}${suffix}${set} ${String(roundNumber(value) ?? NaN)}`;
  });
  return `${[...head, ...lines].join('\n')}\n`;
}

/** Backslash, quote and line feed are all that is escaped; everything else stands as it is. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
