/**
 * Work that can hardly ever be done, told as warnings when the scenario is read: it runs for longer than the machines
 * that it may run on stay up, and begins anew after each crash.
 */
import { MICROS_PER_SECOND } from '../base/time.ts';
import { usualRange } from '../kernel/sampling.ts';

import { below, quoteShort } from '../base/source-path.ts';
import type { Findings } from '../base/structure.ts';
import type { FailureProcess } from '../failures/settings.ts';
import type { NodePool } from './pool-settings.ts';
import type { OwnSettings } from './scenario-resolve.ts';
import { formatDuration } from '../base/duration.ts';

/** `hasOtherNodes`: besides those of the pools. */
export function warnOfEndlessWork(settings: OwnSettings, hasOtherNodes: boolean, findings: Findings): void {
  const { workloads, durationMicros, nodePools, failures } = settings;
  const upSeconds = longestUpSeconds(hasOtherNodes ? [...nodePools, null] : nodePools, failures);
  if (upSeconds === Infinity) return;
  for (const [index, { name, kind, lifetimeSeconds }] of workloads.entries()) {
    if ((kind !== 'Job' && kind !== 'Pod') || lifetimeSeconds === null) continue;
    const { least } = usualRange(lifetimeSeconds);
    if (least <= upSeconds || least === Infinity) continue;
    findings.warn(
      below(below(below(null, 'workloads'), index), 'lifetime'),
      `${quoteShort(name)} can hardly ever finish: a pod runs for ${secondsText(least)} at least, no machine stays up for ` +
        `longer than ${secondsText(upSeconds)}, and after a crash it begins anew` +
        (durationMicros === null ? '; without a "duration" the run does not end' : ''),
      undefined,
      'key',
    );
  }
}

/** The same of Jobs each of whose containers fails before its work is done. */
export function warnOfFailingWork({ workloads, durationMicros }: OwnSettings, findings: Findings): void {
  for (const [index, { name, kind, lifetimeSeconds, application }] of workloads.entries()) {
    const failure = application?.model.failure ?? null;
    if (kind !== 'Job' || lifetimeSeconds === null || failure === null || failure.probability < 1) continue;
    const { most } = usualRange(failure.afterSeconds);
    const { least } = usualRange(lifetimeSeconds);
    if (failure.exitCode === 0 || most >= least) continue;
    findings.warn(
      below(below(below(below(null, 'workloads'), index), 'application'), 'failure'),
      `${quoteShort(name)} can hardly ever finish: a pod runs for ${secondsText(least)} at least, and its containers ` +
        `fail after ${secondsText(most)} at most` +
        (durationMicros === null ? '; without a "duration" the run does not end' : ''),
      undefined,
      'key',
    );
  }
}

/** For how long the machines of the most reliable pool stay up; Infinity: some are never struck. */
function longestUpSeconds(pools: readonly (NodePool | null)[], failures: readonly FailureProcess[]): number {
  if (pools.length === 0 || failures.length === 0) return Infinity;
  return Math.max(...pools.map((pool) => upSecondsIn(pool, failures)));
}

/** `pool` null: nodes of files, of which no pool and no zone is known here. */
function upSecondsIn(pool: NodePool | null, failures: readonly FailureProcess[]): number {
  const strikes = ({ scope, pools }: FailureProcess): boolean =>
    (pools.length === 0 || (pool !== null && pools.includes(pool.name))) &&
    (scope === 'node' || (pool !== null && pool.zones.length > 0));
  const crashes = failures.filter((process) => process.kind === 'crash' && strikes(process));
  return Math.min(...crashes.map(({ uptimeSeconds }) => usualRange(uptimeSeconds).most));
}

function secondsText(seconds: number): string {
  return formatDuration(Math.round(seconds) * MICROS_PER_SECOND);
}
