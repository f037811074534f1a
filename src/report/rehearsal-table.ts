/** A rehearsal for the terminal: what was done, who was in the way, what was missing for how long. */
import type { GroupAvailability, RehearsalResult } from '../experiment/rehearsal-result.ts';
import { formatCount, formatNumber, formatPlural, formatSeconds, formatShare } from './format.ts';
import {
  graphColumn,
  numberColumn,
  paintFor,
  plainText,
  renderFacts,
  renderTable,
  renderText,
  sparkline,
  textColumn,
} from './table.ts';
import type { Paint } from './table.ts';

const GRAPH_WIDTH = 30;
/** Rows of a table; the files have them all. */
const MOST_ROWS = 20;

/** Ends in a newline. */
export function renderRehearsalTable(
  result: RehearsalResult,
  options: { readonly color: boolean; readonly width?: number | null },
): string {
  const paint = paintFor(options.color, options.width ?? null);
  const sections = [
    headText(result, paint),
    stepsText(result, paint),
    blockersText(result, paint),
    availabilityText(result, paint),
    pendingText(result, paint),
    lostText(result, paint),
    totalsText(result, paint),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

export const REHEARSAL_ENDS: Readonly<Record<RehearsalResult['end'], string>> = {
  healed: 'all done and healed',
  stuck: 'nothing had moved for an hour',
  horizon: 'its duration was over',
  stopped: 'it was stopped',
};

function headText(result: RehearsalResult, paint: Paint): string {
  const lasted = formatSeconds(result.endSeconds - result.startSeconds);
  return renderFacts(
    [
      ['Rehearsal', paint.strong(plainText(result.scenario))],
      ['Cluster', `${formatPlural(result.nodesAtStart, 'node')}, ${formatPlural(result.podsAtStart, 'pod')}`],
      ['Simulated', `${lasted} from the first step: ${REHEARSAL_ENDS[result.end]}`],
      ['Digest', plainText(result.digest)],
    ],
    paint,
  );
}

function stepsText(result: RehearsalResult, paint: Paint): string {
  const rows = result.steps.map(({ text, beginSeconds, endSeconds, outcome, message }) => [
    plainText(text),
    since(result, beginSeconds),
    endSeconds === null ? paint.bad('never') : formatSeconds(endSeconds - beginSeconds),
    (outcome === 'done' ? paint.good : paint.bad)(outcome),
    plainText(message),
  ]);
  return renderTable(
    [textColumn('STEP'), numberColumn('AT'), numberColumn('TOOK'), textColumn('OUTCOME'), textColumn('')],
    rows,
    paint,
  );
}

function blockersText({ blockers }: RehearsalResult, paint: Paint): string {
  if (blockers.length === 0) return `${paint.strong('BLOCKED BY')}\nnobody`;
  const lines = blockers.slice(0, MOST_ROWS).map(({ text, endSeconds }) =>
    renderText((endSeconds === null ? paint.bad : paint.warn)(plainText(text)), paint),
  );
  return [paint.strong('BLOCKED BY'), ...lines, ...rest(blockers.length, paint)].join('\n');
}

function rest(count: number, paint: Paint): string[] {
  return count > MOST_ROWS ? [paint.faint(`and ${formatCount(count - MOST_ROWS)} more, in report.json`)] : [];
}

function availabilityText(result: RehearsalResult, paint: Paint): string {
  const { worst, untouched } = worstFirst(result);
  const rows = worst.slice(0, MOST_ROWS).map((group) => groupRow(group, result, paint));
  const columns = [
    textColumn('AVAILABLE PODS OF'),
    textColumn('BUDGET'),
    numberColumn('START'),
    numberColumn('LEAST'),
    numberColumn('END'),
    numberColumn('FLOOR'),
    numberColumn('BELOW IT'),
    numberColumn('POD-SECONDS'),
    graphColumn('OVER TIME'),
  ];
  const others = untouched === 0 ? [] : [paint.faint(`${formatPlural(untouched, 'other')} kept all pods`)];
  return [
    ...(rows.length === 0 ? [] : [renderTable(columns, rows, paint)]),
    ...rest(worst.length, paint),
    ...others,
  ].join('\n');
}

/**
 * Whatever was touched, the worst first; of what was left alone only how many. What tells the same numbers is told
 * once.
 */
export function worstFirst({ availability }: RehearsalResult): {
  readonly worst: readonly GroupAvailability[];
  readonly untouched: number;
} {
  const told = toldOnce(availability);
  const touched = told.filter((group) => group.leastAvailable < group.availableAtStart || group.belowSeconds > 0);
  const worst = touched.toSorted(
    (a, b) => b.belowSeconds - a.belowSeconds || b.unavailablePodSeconds - a.unavailablePodSeconds,
  );
  return { worst, untouched: told.length - touched.length };
}

export function brokenBudgets({ availability }: RehearsalResult): GroupAvailability[] {
  return availability.filter(({ kind, belowSeconds }) => kind === 'PodDisruptionBudget' && belowSeconds > 0);
}

export function groupName({ kind, key }: GroupAvailability): string {
  return `${kind === 'PodDisruptionBudget' ? 'PDB' : kind} ${key}`;
}

/** A budget stands for the Service and the workload of the same pods. */
function toldOnce(groups: readonly GroupAvailability[]): GroupAvailability[] {
  const seen = new Set<string>();
  return groups.filter(({ key, series }) => {
    const changes = series.available.flatMap((count, i) =>
      i > 0 && series.available[i - 1] === count ? [] : [series.seconds[i], count],
    );
    const numbers = `${key} ${changes.join(' ')}`;
    if (seen.has(numbers)) return false;
    seen.add(numbers);
    return true;
  });
}

function groupRow(group: GroupAvailability, result: RehearsalResult, paint: Paint): string[] {
  const {
    rule,
    availableAtStart,
    leastAvailable,
    availableAtEnd,
    neededAtStart,
    belowSeconds,
    unavailablePodSeconds,
  } = group;
  const most = Math.max(1, availableAtStart, ...group.series.available);
  return [
    plainText(groupName(group)),
    plainText(rule),
    formatCount(availableAtStart), formatCount(leastAvailable), formatCount(availableAtEnd), formatCount(neededAtStart),
    belowSeconds > 0 ? paint.bad(formatSeconds(belowSeconds)) : '0s',
    formatNumber(unavailablePodSeconds),
    sparkline(sampled(group, result), GRAPH_WIDTH, 0, most),
  ];
}

/** The least available pods of each of as many equal spans as the graph is wide. */
function sampled({ series }: GroupAvailability, { startSeconds, endSeconds }: RehearsalResult): number[] {
  const { seconds, available } = series;
  const values: number[] = [];
  let at = 0;
  for (let i = 0; i < GRAPH_WIDTH; i++) {
    const to = startSeconds + ((endSeconds - startSeconds) * (i + 1)) / GRAPH_WIDTH;
    let least = available[at] ?? 0;
    while (at + 1 < seconds.length && seconds[at + 1] < to) least = Math.min(least, available[++at]);
    values.push(least);
  }
  return values;
}

function pendingText(result: RehearsalResult, paint: Paint): string {
  const { pending } = result;
  if (pending.length === 0) return '';
  const rows = pending.slice(0, MOST_ROWS).map(({ owner, pods, stillPending, longestSeconds, message }) => [
    plainText(owner), formatCount(pods),
    stillPending > 0 ? paint.bad(formatCount(stillPending)) : '0',
    formatSeconds(longestSeconds), plainText(message),
  ]);
  const columns = [
    textColumn('PENDING PODS OF'),
    numberColumn('PODS'),
    numberColumn('STILL'),
    numberColumn('LONGEST'),
    textColumn('FAILED SCHEDULING'),
  ];
  return [renderTable(columns, rows, paint), ...rest(pending.length, paint)].join('\n');
}

function lostText({ lost }: RehearsalResult, paint: Paint): string {
  return lost
    .map(({ reason, controller, pods }) => {
      const named = `${pods.slice(0, 3).map(plainText).join(', ')}${pods.length > 3 ? ` and ${formatCount(pods.length - 3)} more` : ''}`;
      const why =
        reason === 'bare'
          ? 'no controller makes them anew'
          : `their controller ${plainText(controller)} is not simulated`;
      return renderText(`${paint.warn('Lost:')} ${named}: ${why}`, paint);
    })
    .join('\n');
}

function totalsText(result: RehearsalResult, paint: Paint): string {
  const { healSeconds, unavailablePodSeconds, extraNodeHours, extraCost, availability } = result;
  const broken = brokenBudgets(result).length;
  const worst = availability.reduce((least, group) => Math.min(least, group.availability), 1);
  const cost = extraCost > 0 ? `, cost ${formatNumber(extraCost)}` : '';
  return renderFacts(
    [
      ['Time to heal', healSeconds === null ? paint.bad('not before the end') : formatSeconds(healSeconds)],
      ['Budgets broken', broken > 0 ? paint.bad(formatCount(broken)) : '0'],
      ['Least availability', formatShare(worst, 3)],
      ['Unavailable', `${formatNumber(unavailablePodSeconds)} pod-seconds`],
      ['Extra nodes', `${formatNumber(extraNodeHours)} node-hours${cost}`],
    ],
    paint,
  );
}

function since({ startSeconds }: RehearsalResult, seconds: number): string {
  return `+${formatSeconds(seconds - startSeconds)}`;
}
