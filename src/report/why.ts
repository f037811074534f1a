/** Why pods waited, in words and in the order of what took most of their time: what page and terminal share. */
import type { NearestNode, RunResult, Utilization, WaitFacts } from '../metrics/run-result.ts';
import { compareKeys, formatCount, formatNumber, formatSeconds, sortedKeys } from './format.ts';

export interface RankedReason extends WaitFacts {
  readonly reason: string;
}

const GIBI = 1_073_741_824;
const MEBI = 1_048_576;

/** Those that took most of the pods' time first. */
export function rankedReasons(byReason: Readonly<Record<string, WaitFacts>>): RankedReason[] {
  return Object.entries(byReason)
    .map(([reason, facts]) => ({ reason, ...facts }))
    .sort((a, b) => b.podSeconds - a.podSeconds || b.pods - a.pods || compareKeys(a.reason, b.reason));
}

/** `gpu-16-2: 9.73 of 15.9 cpu free, 12 wanted (at 22h24m)`; '' when it was not room that was lacking. */
export function nearestText(nearest: NearestNode | null): string {
  if (nearest === null) return '';
  const { node, resource, free, wanted, allocatable, seconds } = nearest;
  const [left, all, asked] = [free, allocatable, wanted].map((amount) => formatAmount(amount, resource));
  return `${node}: ${left} of ${all} ${resource} free, ${asked} wanted (at ${formatSeconds(seconds)})`;
}

/** `1.5` cores, `4Gi` of memory. */
export function formatAmount(amount: number, resource: string): string {
  if (resource !== 'memory' && resource !== 'ephemeral-storage' && !resource.startsWith('hugepages-'))
    return formatNumber(amount);
  if (amount === 0) return '0';
  return amount < GIBI ? `${formatNumber(amount / MEBI)}Mi` : `${formatNumber(amount / GIBI)}Gi`;
}

/** Pod time as people count it: `1d14h`, summed over pods. */
export function podTime(podSeconds: number): string {
  return formatSeconds(podSeconds);
}

/** `default/web-3 and 29 more`. */
export function podsText(namespace: string, oldestPod: string, pods: number): string {
  return `${namespace}/${oldestPod}${pods > 1 ? ` and ${formatCount(pods - 1)} more` : ''}`;
}

/** Those that somebody requested, in order of their names: tables have no rows of zeros. */
export function usedResources(utilization: Readonly<Record<string, Utilization>>): string[] {
  return sortedKeys(utilization).filter((name) => utilization[name].max > 0);
}

/** The resource that was fullest, while pods waited if any did; null: nothing was ever requested. */
export function scarcestResource({
  utilization,
}: RunResult): { readonly name: string; readonly share: number; readonly whilePending: boolean } | null {
  const used = Object.entries(utilization).filter(([, { max }]) => max > 0);
  const ranked = used.map(([name, { mean, meanWhilePending }]) => ({
    name,
    share: meanWhilePending ?? mean,
    whilePending: meanWhilePending !== null,
  }));
  ranked.sort((a, b) => b.share - a.share || compareKeys(a.name, b.name));
  return ranked[0] ?? null;
}
