/** `controlPlane` of a scenario: how late each part learns of a change. */
import { z } from 'zod';
import { DURATION_PATTERN } from '../base/duration.ts';
import { below } from '../base/source-path.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { Block } from '../scenario/block.ts';
import { DURATION, distribution, duration, durationDistribution, expecting } from '../scenario/fields.ts';
import type { DistributionInput } from '../scenario/fields.ts';
import type { ScenarioNumbers } from '../scenario/numbers.ts';
import { spellSeconds } from '../scenario/spelling.ts';

/** How late each part learns of a change. */
export interface ControlPlaneSettings {
  /** Seconds; null: at once. */
  readonly watchDelaySeconds: Readonly<Record<Watcher, Distribution | null>>;
}

/** Parts of the control plane that may be told of changes late. */
export const WATCHERS = ['scheduler', 'controllers', 'kubelets'] as const;
export type Watcher = (typeof WATCHERS)[number];

/** One distribution for all of them, or one for each that is named. */
export type WatcherDelays = DistributionInput & Partial<Record<Watcher, string | number | DistributionInput>>;

function watcherDelays(help: string): z.ZodType<string | number | WatcherDelays> {
  const expected = `${DURATION}, a distribution, or a mapping of ${WATCHERS.join(', ')} to such`;
  const each = Object.fromEntries(WATCHERS.map((part) => [part, durationDistribution(`For the ${part}`).optional()]));
  const fixed = z.string(expecting(expected)).regex(DURATION_PATTERN, expecting(expected));
  return distribution(duration, fixed, expected, help, each);
}

const schema = z.strictObject({
  watchDelay: watcherDelays(
    'Time from a change until those who watch the API server learn of it: one for all, or by part (scheduler, ' +
      'controllers, kubelets). Default 0s',
  ).default('0s'),
});

function resolve({ watchDelay }: z.output<typeof schema>, numbers: ScenarioNumbers): ControlPlaneSettings {
  const at = below(below(null, 'controlPlane'), 'watchDelay');
  const named = typeof watchDelay === 'object' ? WATCHERS.filter((part) => watchDelay[part] !== undefined) : [];
  if (named.length === 0) {
    const forAll = lateOrNull(numbers.distribution(watchDelay, at));
    return { watchDelaySeconds: { scheduler: forAll, controllers: forAll, kubelets: forAll } };
  }
  const delays = watchDelay as WatcherDelays;
  const others = Object.keys(delays).filter((key) => !WATCHERS.includes(key as Watcher));
  for (const key of others) {
    const parts = named.join(' and ');
    numbers.findings.error(below(at, key), `"${key}" is for all watches: expected it below ${parts}`, undefined, 'key');
  }
  const delayOf = (part: Watcher): Distribution | null =>
    lateOrNull(numbers.distribution(delays[part] ?? '0s', below(at, part)));
  return {
    watchDelaySeconds: {
      scheduler: delayOf('scheduler'), controllers: delayOf('controllers'), kubelets: delayOf('kubelets'),
    },
  };
}

export function lateOrNull(delay: Distribution): Distribution | null {
  return delay.kind === 'fixed' && Math.max(delay.value, delay.atLeast ?? 0) === 0 ? null : delay;
}

function spell({ watchDelaySeconds }: ControlPlaneSettings): Record<string, unknown> | undefined {
  const late = Object.entries(watchDelaySeconds).flatMap(([part, delay]) =>
    delay === null ? [] : [[part, spellSeconds(delay)] as const],
  );
  return late.length === 0 ? undefined : { watchDelay: Object.fromEntries(late) };
}

const field = schema.prefault({}).describe('How late the control plane learns of changes');

export const controlPlaneBlock: Block<typeof field, ControlPlaneSettings> = { field, resolve, spell };
