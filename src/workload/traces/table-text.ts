/** Pods as rows of our own table; docs/formats/trace-csv.md. */
import { MICROS_PER_SECOND, type Micros } from '../../base/time.ts';
import type { TracePod } from './trace-pod.ts';

/** What a table cannot hold is counted. */
export interface TableCounts {
  pods: number;
  /** Pods whose node affinity has several values: a table has selectors only. */
  affinities: number;
  /** Pods with a spec of their own, of which the table holds requests, labels and selector. */
  specs: number;
}

const FIRST = ['name', 'arrival', 'duration'] as const;
const LAST = ['priority', 'class', 'namespace', 'labels', 'nodeSelector'] as const;

export function tableColumns(resources: readonly string[]): readonly string[] {
  return [...FIRST, ...resources, ...LAST];
}

export function tableRow(pod: TracePod, resources: readonly string[], counts: TableCounts): string {
  counts.pods++;
  if (pod.spec !== undefined) counts.specs++;
  const selector: Record<string, string> = { ...pod.nodeSelector };
  let hasAffinity = false;
  for (const { key, values } of pod.nodeAffinityAnyOf) {
    if (values.length === 1 && !Object.hasOwn(selector, key)) selector[key] = values[0];
    else hasAffinity = true;
  }
  if (hasAffinity) counts.affinities++;
  let row = `${cell(pod.name)},${secondsText(pod.arrivalMicros)},`;
  if (pod.durationMicros !== null) row += secondsText(pod.durationMicros);
  for (const name of resources) row += `,${cell(String(pod.requests[name] ?? ''))}`;
  return (
    `${row},${String(pod.priority)},${cell(pod.class)},${cell(pod.namespace)},` +
    `${cell(pairs(pod.labels))},${cell(pairs(selector))}\n`
  );
}

function pairs(map: Readonly<Record<string, string>>): string {
  return Object.entries(map)
    .map(([key, value]) => `${key}=${value}`)
    .join(';');
}

function cell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Exact to the microsecond, without an exponent. */
export function secondsText(micros: Micros): string {
  const whole = Math.floor(micros / MICROS_PER_SECOND);
  const rest = micros - whole * MICROS_PER_SECOND;
  return rest === 0 ? String(whole) : `${String(whole)}.${String(rest).padStart(6, '0').replace(/0+$/, '')}`;
}
