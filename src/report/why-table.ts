/**
 * Why pods waited, for the terminal: the reasons that took most of the pods' time, and upstream's words to those that
 * still wait.
 */
import type { RunResult } from '../metrics/run-result.ts';
import { formatCount, formatPlural } from './format.ts';
import { numberColumn, plainText, renderTable, renderText, textColumn, type Paint } from './table.ts';
import { nearestText, podsText, podTime, rankedReasons } from './why.ts';

const MOST_REASONS = 5;
const MOST_REASONS_WIDE = 20;
const MOST_WAITING = 3;
const MOST_WAITING_WIDE = 12;

/** '' where nobody waited for anything. */
export function whyText({ waiting }: RunResult, wide: boolean, paint: Paint): string {
  const ranked = rankedReasons(waiting.byReason);
  if (ranked.length === 0) return '';
  const columns = [
    textColumn('WHY PODS WAITED'),
    ...['PODS', 'STILL WAITING', 'ATTEMPTS', 'POD TIME'].map(numberColumn),
    ...(wide ? [textColumn('NEAREST NODE')] : []),
  ];
  const rows = ranked
    .slice(0, wide ? MOST_REASONS_WIDE : MOST_REASONS)
    .map(({ reason, pods, podsPending, attempts, podSeconds, nearest }) => [
      plainText(reason),
      formatCount(pods),
      podsPending > 0 ? paint.warn(formatCount(podsPending)) : '0',
      formatCount(attempts),
      podTime(podSeconds),
      ...(wide ? [plainText(nearestText(nearest))] : []),
    ]);
  const more = ranked.length - rows.length;
  if (more > 0) rows.push([`and ${formatPlural(more, 'more reason')}`]);
  return renderTable(columns, rows, paint);
}

/** What kube-scheduler said last to the pods that still wait, the most of a kind first. */
export function waitingText(
  { waiting: { templates, templatesNotListed } }: RunResult,
  wide: boolean,
  paint: Paint,
): string {
  const told = templates.filter(({ message }) => message !== '');
  const shown = told.slice(0, wide ? MOST_WAITING_WIDE : MOST_WAITING);
  const lines = shown.map(
    ({ namespace, oldestPod, pods, message }) =>
      `${paint.warn('Waiting:')} ${plainText(podsText(namespace, oldestPod, pods))}: ${plainText(message)}`,
  );
  const more = told.length + templatesNotListed - shown.length;
  if (more > 0)
    lines.push(`${paint.warn('Waiting:')} ${formatPlural(more, 'more kind')} of pods; --out writes what each was told`);
  return lines.map((line) => renderText(line, paint)).join('\n');
}
