/**
 * Tolerations against taints. `tolerationSeconds` plays no part here: it matters to taint eviction only.
 * Source: staging/src/k8s.io/api/core/v1/toleration.go,
 * staging/src/k8s.io/component-helpers/scheduling/corev1/helpers.go (v1.36.3).
 */
import { parseInt64 } from './label-requirements.ts';
import type { Taint, Toleration } from './objects.ts';

/** The feature gate TaintTolerationComparisonOperators (operators Gt and Lt), off in v1.36. */
export interface TolerationOptions {
  readonly comparisonOperators: boolean;
}

const DEFAULT_OPTIONS: TolerationOptions = { comparisonOperators: false };

/** An empty effect or key of the toleration stands for any; an empty key with Equal is not refused here. */
export function tolerates(toleration: Toleration, taint: Taint, options: TolerationOptions = DEFAULT_OPTIONS): boolean {
  const effect = toleration.effect ?? '';
  const key = toleration.key ?? '';
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  switch (toleration.operator ?? '') {
    case '':
    case 'Equal':
      return (toleration.value ?? '') === (taint.value ?? '');
    case 'Exists':
      return true;
    case 'Gt':
      return options.comparisonOperators && compareValues(taint, toleration) > 0;
    case 'Lt':
      return options.comparisonOperators && compareValues(taint, toleration) < 0;
    default:
      return false;
  }
}

export function toleratesTaint(
  tolerations: readonly Toleration[],
  taint: Taint,
  options: TolerationOptions = DEFAULT_OPTIONS,
): boolean {
  return tolerations.some((toleration) => tolerates(toleration, taint, options));
}

/** The first taint with one of the effects that no toleration covers; undefined when there is none. */
export function findUntolerated(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
  effects: readonly string[],
  options: TolerationOptions = DEFAULT_OPTIONS,
): Taint | undefined {
  return taints.find((taint) => effects.includes(taint.effect) && !toleratesTaint(tolerations, taint, options));
}

/** The form in which Gt and Lt accept a number: no plus sign, no leading zeros, no `-0`. */
const CANONICAL_INTEGER = /^(?:0|-?[1-9][0-9]*)$/;

/** Sign of taint value minus toleration value; 0, which satisfies neither Gt nor Lt, when one is no canonical int64. */
function compareValues(taint: Taint, toleration: Toleration): number {
  const taintValue = canonicalInt64(taint.value ?? '');
  const tolerationValue = canonicalInt64(toleration.value ?? '');
  if (taintValue === null || tolerationValue === null) return 0;
  return taintValue < tolerationValue ? -1 : taintValue > tolerationValue ? 1 : 0;
}

function canonicalInt64(text: string): bigint | null {
  return CANONICAL_INTEGER.test(text) ? parseInt64(text) : null;
}

/**
 * Both lists without those that another one covers; of equal ones the first stays.
 * Source: pkg/util/tolerations/tolerations.go (v1.36.3).
 */
export function mergeTolerations(first: readonly Toleration[], second: readonly Toleration[]): Toleration[] {
  const all = [...first, ...second];
  const merged: Toleration[] = [];
  all.forEach((toleration, position) => {
    if (merged.some((kept) => covers(kept, toleration))) return;
    const later = all.slice(position + 1);
    if (later.some((other) => !isSame(other, toleration) && covers(other, toleration))) return;
    merged.push(toleration);
  });
  return merged;
}

/** Whether `wide` tolerates at least what `narrow` does. An empty operator of the narrow one is not taken for Equal. */
function covers(wide: Toleration, narrow: Toleration): boolean {
  if (isSame(wide, narrow)) return true;
  const wideKey = wide.key ?? '';
  const wideEffect = wide.effect ?? '';
  if ((narrow.key ?? '') !== wideKey && (wideKey !== '' || wide.operator !== 'Exists')) return false;
  if ((narrow.effect ?? '') !== wideEffect && wideEffect !== '') return false;
  if (wideEffect === 'NoExecute' && (wide.tolerationSeconds ?? Infinity) < (narrow.tolerationSeconds ?? Infinity))
    return false;
  switch (wide.operator ?? '') {
    case '':
    case 'Equal':
      return narrow.operator === 'Equal' && (narrow.value ?? '') === (wide.value ?? '');
    case 'Exists':
      return true;
    default:
      return false;
  }
}

function isSame(a: Toleration, b: Toleration): boolean {
  return (
    (a.key ?? '') === (b.key ?? '') &&
    (a.operator ?? '') === (b.operator ?? '') &&
    (a.value ?? '') === (b.value ?? '') &&
    (a.effect ?? '') === (b.effect ?? '') &&
    (a.tolerationSeconds ?? null) === (b.tolerationSeconds ?? null)
  );
}
