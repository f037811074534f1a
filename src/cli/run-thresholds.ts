/** The thresholds of a scenario after one run: a fact each, since one run has no chance in it. */
import { metricsOf } from '../metrics/metric-names.ts';
import { holds, type Threshold } from '../metrics/thresholds.ts';
import type { RunResult } from '../metrics/run-result.ts';
import { displayUnit, scaled } from '../report/compare-values.ts';
import { numberColumn, plainText, renderTable, textColumn } from '../report/table.ts';
import type { Paint } from '../report/table.ts';

export interface CheckedThreshold {
  readonly text: string;
  /** With its unit; `-`: the run has no such number. */
  readonly found: string;
  readonly state: 'holds' | 'BROKEN' | 'no value';
}

export function checkThresholds(thresholds: readonly Threshold[], result: RunResult): CheckedThreshold[] {
  if (thresholds.length === 0) return [];
  const metrics = new Map(metricsOf(result).map((metric) => [metric.name, metric]));
  return thresholds.map((threshold) => {
    const metric = metrics.get(threshold.metric);
    const value = metric?.value ?? null;
    const unit = displayUnit(metric?.unit ?? '', [value]);
    const found = `${scaled(value, unit)} ${value === null ? '' : unit.text}`.trimEnd();
    const state = value === null ? 'no value' : holds(threshold, value) ? 'holds' : 'BROKEN';
    return { text: threshold.text, found, state };
  });
}

/** Ends without a newline. */
export function renderThresholds(checked: readonly CheckedThreshold[], paint: Paint): string {
  const columns = [textColumn('THRESHOLD'), numberColumn('FOUND'), textColumn('')];
  const rows = checked.map(({ text, found, state }) => [
    plainText(text),
    found,
    state === 'BROKEN' ? paint.bad(state) : state,
  ]);
  return renderTable(columns, rows, paint);
}
