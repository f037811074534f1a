/** `controlPlane` of a scenario: how late each part learns of a change, and how long its own writes take. */
import { z } from 'zod';
import { DURATION_PATTERN } from '../base/duration.ts';
import { below } from '../base/source-path.ts';
import type { Path } from '../base/source-path.ts';
import type { Distribution } from '../kernel/distribution.ts';
import type { Block } from '../scenario/block.ts';
import { DURATION, distribution, duration, durationDistribution, expecting } from '../scenario/fields.ts';
import type { DistributionInput } from '../scenario/fields.ts';
import type { ScenarioNumbers } from '../scenario/numbers.ts';
import { spellSeconds } from '../scenario/spelling.ts';

/** How late each part learns of a change, and how long its own writes take to be one. */
export interface ControlPlaneSettings {
  /** Seconds; null: at once. */
  readonly watchDelaySeconds: Readonly<Record<LatePart, Distribution | null>>;
  /** Seconds; null: at once. */
  readonly requestLatencySeconds: Readonly<Record<LatePart, Distribution | null>>;
}

/** Parts that may be told of changes late, and whose writes may take their time. */
export const LATE_PARTS = ['scheduler', 'controllers', 'kubelets', 'autoscaler'] as const;
export type LatePart = (typeof LATE_PARTS)[number];

/** One distribution for all of them, or one for each that is named. */
export type PartDelays = DistributionInput & Partial<Record<LatePart, string | number | DistributionInput>>;

function partDelays(help: string): z.ZodType<string | number | PartDelays> {
  const expected = `${DURATION}, a distribution, or a mapping of ${LATE_PARTS.join(', ')} to such`;
  const each = Object.fromEntries(LATE_PARTS.map((part) => [part, durationDistribution(`For the ${part}`).optional()]));
  const fixed = z.string(expecting(expected)).regex(DURATION_PATTERN, expecting(expected));
  return distribution(duration, fixed, expected, help, each);
}

const schema = z.strictObject({
  watchDelay: partDelays(
    'Time from a change until those who watch the API server learn of it: one for all, or by part (scheduler, ' +
      'controllers, kubelets, autoscaler). Default 0s',
  ).default('0s'),
  requestLatency: partDelays(
    'Time from a write to the API server until it takes effect and is answered: one for all, or by author ' +
      '(scheduler, controllers, kubelets, autoscaler). Default 0s',
  ).default('0s'),
});

function resolve(
  { watchDelay, requestLatency }: z.output<typeof schema>, numbers: ScenarioNumbers,
): ControlPlaneSettings {
  const at = below(null, 'controlPlane');
  return {
    watchDelaySeconds: delaysOf('watches', watchDelay, below(at, 'watchDelay'), numbers),
    requestLatencySeconds: delaysOf('authors', requestLatency, below(at, 'requestLatency'), numbers),
  };
}

/** By part, whether one distribution stands for all or some parts have one of their own. */
function delaysOf(
  all: string, given: string | number | PartDelays, at: Path, numbers: ScenarioNumbers,
): Record<LatePart, Distribution | null> {
  const byPart = (delayOf: (part: LatePart) => Distribution | null): Record<LatePart, Distribution | null> => ({
    scheduler: delayOf('scheduler'),
    controllers: delayOf('controllers'),
    kubelets: delayOf('kubelets'),
    autoscaler: delayOf('autoscaler'),
  });
  const named = typeof given === 'object' ? LATE_PARTS.filter((part) => given[part] !== undefined) : [];
  if (named.length === 0) {
    const forAll = lateOrNull(numbers.distribution(given, at));
    return byPart(() => forAll);
  }
  const delays = given as PartDelays;
  for (const key of Object.keys(delays).filter((name) => !LATE_PARTS.includes(name as LatePart))) {
    const message = `"${key}" is for all ${all}: expected it below ${named.join(' and ')}`;
    numbers.findings.error(below(at, key), message, undefined, 'key');
  }
  return byPart((part) => lateOrNull(numbers.distribution(delays[part] ?? '0s', below(at, part))));
}

export function lateOrNull(delay: Distribution): Distribution | null {
  return delay.kind === 'fixed' && Math.max(delay.value, delay.atLeast ?? 0) === 0 ? null : delay;
}

function spell(
  { watchDelaySeconds, requestLatencySeconds }: ControlPlaneSettings,
): Record<string, unknown> | undefined {
  const delays = [['watchDelay', watchDelaySeconds], ['requestLatency', requestLatencySeconds]] as const;
  const late = delays.flatMap(([key, byPart]) => {
    const given = Object.entries(byPart).flatMap(([part, delay]) => (
      delay === null ? [] : [[part, spellSeconds(delay)] as const]
    ));
    return given.length === 0 ? [] : [[key, Object.fromEntries(given)] as const];
  });
  return late.length === 0 ? undefined : Object.fromEntries(late);
}

const field = schema.prefault({}).describe('How late parts learn of changes, and how long their writes take');

export const controlPlaneBlock: Block<typeof field, ControlPlaneSettings> = { field, resolve, spell };
