/** What makes a rehearsal fail: `--slo` and `--fail-if`. Read before it is played, asked when it is over. */
import { InputError, nearestName } from '../base/input-error.ts';
import { parseDuration } from '../base/duration.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { RehearsalResult } from './rehearsal-result.ts';

/** Says what is broken, '' when nothing is. */
export type Rule = (result: RehearsalResult) => string;

const WORDS: Readonly<Record<string, Rule>> = {
  blocked: ({ blockers }) => {
    const left = blockers.filter(({ endSeconds }) => endSeconds === null);
    return left.length === 0 ? '' : `blocked: ${left[0].text}${more(left.length)}`;
  },
  broken: ({ availability }) => {
    const broken = availability.filter(({ kind, belowSeconds }) => kind === 'PodDisruptionBudget' && belowSeconds > 0);
    return broken.length === 0 ? '' : `broken: PDB ${broken[0].key}${more(broken.length)}`;
  },
  pending: ({ pending }) => {
    const left = pending.filter(({ stillPending }) => stillPending > 0);
    return left.length === 0 ? '' : `pending: ${left[0].owner}${more(left.length)}`;
  },
  lost: ({ lost }) =>
    lost.length === 0
      ? ''
      : `lost: pod ${lost[0].pods[0]}${more(lost.reduce((sum, { pods }) => sum + pods.length, 0))}`,
  unhealed: ({ healSeconds }) => (healSeconds === null ? 'unhealed: workloads still miss pods at the end' : ''),
};

const AMOUNTS = ['heal', 'unavailable'];

function more(count: number): string {
  return count > 1 ? ` and ${count - 1} more` : '';
}

/** Throws InputError. */
export function failRule(text: string): Rule {
  const [name = '', limit] = text.split('>').map((part) => part.trim());
  if (limit === undefined && Object.hasOwn(WORDS, name)) return WORDS[name];
  const micros = limit === undefined ? undefined : parseDuration(limit);
  if (name === 'heal' && micros !== undefined) {
    const seconds = micros / MICROS_PER_SECOND;
    return ({ healSeconds }) => (healSeconds !== null && healSeconds <= seconds ? '' : `heal: longer than ${limit}`);
  }
  if (name === 'unavailable' && limit !== undefined && /^\d+(\.\d+)?$/.test(limit))
    return ({ unavailablePodSeconds: found }) =>
      found <= Number(limit) ? '' : `unavailable: ${found.toFixed(0)} pod-seconds, more than ${limit}`;
  const known = [...Object.keys(WORDS), ...AMOUNTS];
  const suggestion = nearestName(name, known);
  const expected = `expected ${Object.keys(WORDS).join(', ')}, heal>10m or unavailable>600`;
  throw new InputError({
    message: `--fail-if: ${expected}, found "${text}"`,
    ...(suggestion === undefined ? {} : { suggestion }),
  });
}

/** `availability=99.9`, per cent of the time. Throws InputError. */
export function sloRule(text: string): Rule {
  const [, percent] = /^availability=(\d+(?:\.\d+)?)%?$/.exec(text) ?? [];
  if (percent === undefined || Number(percent) > 100)
    throw new InputError({ message: `--slo: expected availability=99.9 (per cent of the time), found "${text}"` });
  const least = Number(percent) / 100;
  return ({ availability }) => {
    const below = availability.filter((group) => group.availability < least);
    if (below.length === 0) return '';
    const worst = below.reduce((a, b) => (b.availability < a.availability ? b : a));
    const share = (Math.floor(worst.availability * 100_000) / 1000).toFixed(3);
    return `availability ${percent}%: ${worst.kind} ${worst.key} had ${share}%${more(below.length)}`;
  };
}
