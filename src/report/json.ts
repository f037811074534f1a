/**
 * report.json: the result less its tables (time series, pods and nodes go to CSV files). The fields and their order are
 * written down here, one list per group, or declared in metrics/declared-metrics.ts, so that equal results give equal
 * bytes and a new field is never printed unnoticed; docs/formats/report.md explains each.
 */
import type {
  CampaignFacts,
  FragmentationFacts,
  LatencyGroup,
  MarkedEvent,
  NearestNode,
  NotSimulated,
  PoolWait,
  Quantiles,
  RefusedPods,
  RunResult,
  Utilization,
  WaitFacts,
  WaitingFacts,
  WaitingTemplate,
} from '../metrics/run-result.ts';
import { numbersOf } from '../metrics/declared-metrics.ts';
import { sortedKeys } from './format.ts';

/** The result less `timeseries`, `pods` and `nodes`. */
export type Report = Omit<RunResult, 'timeseries' | 'pods' | 'nodes'>;

/** Enough digits for any use; fewer than a double's, so that the last bits of a sum do not litter the text. */
const SIGNIFICANT_DIGITS = 12;

const HEAD = [
  'schemaVersion',
  'scenario',
  'description',
  'seed',
  'version',
  'kubernetes',
  'digest',
  'simulatedSeconds',
  'complete',
] as const;
const UTILIZATION = ['mean', 'p5', 'p50', 'p95', 'max', 'meanWhilePending'] as const;
const QUANTILES = ['count', 'mean', 'p50', 'p90', 'p95', 'p99', 'p999', 'max', 'censored'] as const;
const NOT_SIMULATED = ['kind', 'field', 'count', 'effect'] as const;
const REFUSED = ['kind', 'namespace', 'name', 'count', 'firstAtSeconds', 'message'] as const;
const WAIT = ['pods', 'podsPending', 'attempts', 'podSeconds'] as const;
const NEAREST = ['node', 'pool', 'seconds', 'resource', 'free', 'wanted', 'allocatable'] as const;
const POOL_WAIT = [
  'podSecondsForRoom',
  'podsPendingForRoom',
  'podSecondsBarred',
  'podsPendingBarred',
  'barredBy',
] as const;
const WAITING_TEMPLATE = [
  'namespace',
  'oldestPod',
  'class',
  'priority',
  'pods',
  'waitedSeconds',
  'reason',
  'message',
] as const;
const EVENT = ['seconds', 'kind', 'label', 'count'] as const;
const CAMPAIGN = [
  'name', 'kind', 'scope', 'strikes', 'nodesStruck', 'nodesStruckAtEnd', 'nodeSeconds', 'medianSeconds',
  'longestSeconds', 'podsDisrupted', 'podsRestarted',
] as const;
const CONTAINERS = ['restarts', 'unreadyPodSeconds'] as const;

/** The report's fields in their order, numbers rounded to twelve digits, keys of records sorted. */
export function reportOf(result: RunResult): Report {
  const { scheduling, packing, failures, cost } = result;
  const rounded = roundNumbers({
    ...pick(result, HEAD),
    counts: numbersOf('counts', result.counts),
    utilization: byKey(result.utilization, utilizationOf),
    utilizationByPool: byKey(result.utilizationByPool, (pool) => byKey(pool, utilizationOf)),
    latency: latencyOf(result.latency),
    latencyByPriority: byKey(result.latencyByPriority, latencyOf),
    latencyByClass: byKey(result.latencyByClass, latencyOf),
    scheduling: {
      attemptsPerPod: quantilesOf(scheduling.attemptsPerPod),
      backoffSeconds: quantilesOf(scheduling.backoffSeconds),
      rejectionsByPlugin: byKey(scheduling.rejectionsByPlugin, same),
      ...numbersOf('scheduling', scheduling),
      profile: scheduling.profile,
    },
    waiting: waitingOf(result.waiting),
    packing: {
      densityOfNonEmptyNodes: byKey(packing.densityOfNonEmptyNodes, same),
      ...numbersOf('packing', packing),
      strandedShare: byKey(packing.strandedShare, same),
      fragmentation: fragmentationOf(packing.fragmentation),
    },
    failures: {
      evictionsByCause: byKey(failures.evictionsByCause, same),
      ...numbersOf('failures', failures),
      ...(failures.campaigns === undefined
        ? {}
        : { campaigns: failures.campaigns.map((campaign): CampaignFacts => pick(campaign, CAMPAIGN)) }),
      ...(failures.containers === undefined ? {} : { containers: pick(failures.containers, CONTAINERS) }),
    },
    autoscaling: numbersOf('autoscaling', result.autoscaling),
    cost: { ...numbersOf('cost', cost), nodeHoursByPool: byKey(cost.nodeHoursByPool, same) },
    notes: result.notes,
    notSimulated: result.notSimulated.map((field): NotSimulated => pick(field, NOT_SIMULATED)),
    refusedPods: result.refusedPods.map((refused): RefusedPods => pick(refused, REFUSED)),
    ...conflictsOf(result.conflicts),
    events: result.events.map((event): MarkedEvent => pick(event, EVENT)),
  });
  // To the last digit: it can be run again.
  return { ...rounded, resolvedScenario: result.resolvedScenario };
}

function conflictsOf(conflicts: RunResult['conflicts']): Pick<RunResult, 'conflicts'> {
  if (conflicts === undefined) return {};
  const { podsRefused, podsRefusedByReason, firstMessage, bindingsRefused } = conflicts;
  return {
    conflicts: {
      podsRefused, podsRefusedByReason: byKey(podsRefusedByReason, same), firstMessage, bindingsRefused,
    },
  };
}

function fragmentationOf({
  gpuFragmentedShare,
  largestFree,
  largestPod,
  room,
}: FragmentationFacts): FragmentationFacts {
  return {
    gpuFragmentedShare:
      gpuFragmentedShare === null ? null : { mean: gpuFragmentedShare.mean, end: gpuFragmentedShare.end },
    largestFree: byKey(largestFree, same),
    largestPod: byKey(largestPod, same),
    room: room.map(({ requests, podsCreated, podsThatFit }) => ({
      requests: byKey(requests, same),
      podsCreated,
      podsThatFit,
    })),
  };
}

/**
 * JSON with two spaces of indentation; a list of plain values, and each pair or flat entry of a list, takes one line.
 * Ends in a newline.
 */
export function reportJson(result: RunResult): string {
  return `${writeJson(reportOf(result), '')}\n`;
}

/** Like JSON.stringify with indentation, but short lists stay on one line. Takes JSON-safe values. */
export function writeJson(value: unknown, indent: string): string {
  if (Array.isArray(value)) {
    if (value.every((entry) => entry === null || typeof entry !== 'object'))
      return `[${value.map((entry) => writeJson(entry, '')).join(', ')}]`;
    return writeBlock(
      '[',
      value.map((entry) => (isFlat(entry) ? writeFlat(entry) : writeJson(entry, `${indent}  `))),
      ']',
      indent,
    );
  }
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
    return writeBlock(
      '{',
      entries.map(([key, entry]) => `${JSON.stringify(key)}: ${writeJson(entry, `${indent}  `)}`),
      '}',
      indent,
    );
  }
  return JSON.stringify(value) ?? 'null';
}

/** Entries of a list, such as events, that hold only plain values take one line each. */
function isFlat(entry: unknown): entry is Readonly<Record<string, unknown>> {
  return (
    entry !== null &&
    typeof entry === 'object' &&
    !Array.isArray(entry) &&
    Object.values(entry).every((value) => value === null || (typeof value !== 'object' && value !== undefined))
  );
}

function writeFlat(entry: Readonly<Record<string, unknown>>): string {
  return `{ ${Object.entries(entry)
    .map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`)
    .join(', ')} }`;
}

function writeBlock(open: string, lines: readonly string[], close: string, indent: string): string {
  if (lines.length === 0) return open + close;
  return `${open}\n${lines.map((line) => `${indent}  ${line}`).join(',\n')}\n${indent}${close}`;
}

function waitingOf({ byReason, byClass, byPool, templates, templatesNotListed }: WaitingFacts): WaitingFacts {
  const nearest = (node: NearestNode | null): NearestNode | null => (node === null ? null : pick(node, NEAREST));
  const wait = (facts: WaitFacts): WaitFacts => ({ ...pick(facts, WAIT), nearest: nearest(facts.nearest) });
  return {
    byReason: byKey(byReason, wait),
    byClass: byKey(byClass, (reasons) => byKey(reasons, wait)),
    byPool: byKey(byPool, (pool): PoolWait => pick(pool, POOL_WAIT)),
    templates: templates.map(
      (template): WaitingTemplate => ({ ...pick(template, WAITING_TEMPLATE), nearest: nearest(template.nearest) }),
    ),
    templatesNotListed,
  };
}

function latencyOf(group: LatencyGroup): LatencyGroup {
  return {
    queueWaitSeconds: quantilesOf(group.queueWaitSeconds),
    startSeconds: quantilesOf(group.startSeconds),
    queueWaitCdf: group.queueWaitCdf,
  };
}

function quantilesOf(quantiles: Quantiles): Quantiles {
  return pick(quantiles, QUANTILES);
}

function utilizationOf(utilization: Utilization): Utilization {
  return pick(utilization, UTILIZATION);
}

function pick<T extends object, K extends keyof T>(from: T, fields: readonly K[]): Pick<T, K> {
  return Object.fromEntries(fields.map((field) => [field, from[field]])) as Pick<T, K>;
}

function byKey<T, U>(record: Readonly<Record<string, T>>, convert: (value: T) => U): Record<string, U> {
  return Object.fromEntries(sortedKeys(record).map((key) => [key, convert(record[key])]));
}

function same<T>(value: T): T {
  return value;
}

/** Also turns what JSON cannot hold into null. */
export function roundNumbers<T>(value: T): T {
  return roundUnknown(value) as T;
}

function roundUnknown(value: unknown): unknown {
  if (typeof value === 'number') return roundNumber(value);
  if (Array.isArray(value)) return value.map(roundUnknown);
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, roundUnknown(entry)]));
  return value;
}

/** Twelve significant digits; whole numbers are left alone. */
export function roundNumber(value: number): number | null {
  if (!Number.isFinite(value)) return null;
  if (Number.isInteger(value)) return value === 0 ? 0 : value;
  // Whole millionths, such as times, have no more than twelve digits below a million: rounding would give them back.
  if (Math.abs(value) < 1e6 && Math.round(value * 1e6) / 1e6 === value) return value;
  return Number(value.toPrecision(SIGNIFICANT_DIGITS));
}
