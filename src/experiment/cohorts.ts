/**
 * The same pods in several runs: each scheduler is judged on the pods of the same arrivals, not on those that it
 * happened to finish. A cohort is a range of arrival numbers. Waits that did not end are kept as lower bounds.
 */
import { assert } from '../base/assert.ts';
import { kaplanMeier, type SurvivalCurve } from '../base/statistics/survival.ts';
import type { PodTable } from '../metrics/run-result.ts';

/** Row numbers of the same pods in each table, by arrival. */
export interface Cohort {
  readonly size: number;
  /** One array a table; `rows[t][i]` is the row of pod i in table t. */
  readonly rows: readonly Int32Array[];
}

/**
 * The pods that all tables have, in order of arrival: by creation, then namespace, then name with its number read as a
 * number. A pod is the same when namespace, name and creation are, so that replacements, which exist because of earlier
 * decisions, drop out unless all runs made them at the same time. O(n log n).
 */
export function commonArrivals(tables: readonly PodTable[]): Cohort {
  assert(tables.length > 0, 'a cohort needs a pod table');
  const [first, ...others] = tables;
  const rowsByPod = others.map((table) => new Map(table.name.map((_, row) => [podKey(table, row), row])));
  const arrivals = first.name.map((_, row) => arrivalOf(first, row)).sort(byArrival);
  const rows: number[][] = tables.map(() => []);
  for (const { row } of arrivals) {
    const key = podKey(first, row);
    const elsewhere = rowsByPod.map((rowOf) => rowOf.get(key));
    if (elsewhere.includes(undefined)) continue;
    [row, ...elsewhere].forEach((place, table) => rows[table].push(place as number));
  }
  return { size: rows[0].length, rows: rows.map((list) => Int32Array.from(list)) };
}

/** Arrivals number `from` (counted from 0) up to, not including, `to`. */
export function cohortSlice(cohort: Cohort, from: number, to: number): Cohort {
  assert(from >= 0 && from <= to, `a cohort from arrival ${from} to ${to}`);
  const rows = cohort.rows.map((list) => list.slice(from, to));
  return { size: rows[0].length, rows };
}

export interface Waits {
  /** Seconds from creation to binding, or as long as the pod was seen to wait. */
  readonly seconds: Float64Array;
  /** 1: bound; 0: left without a node, or still waited at the end. */
  readonly hasEnded: Uint8Array;
}

/** Waits of the rows given, in their order. `endSeconds`: when the run ended. */
export function waitsOf(table: PodTable, rows: Int32Array, endSeconds: number): Waits {
  const hasEnded = Uint8Array.from(rows, (row) => (Number.isNaN(table.boundSeconds[row]) ? 0 : 1));
  const seconds = Float64Array.from(rows, (row, i) => {
    const left = Number.isNaN(table.endedSeconds[row]) ? endSeconds : table.endedSeconds[row];
    return (hasEnded[i] === 1 ? table.boundSeconds[row] : left) - table.createdSeconds[row];
  });
  return { seconds, hasEnded };
}

/** The distribution of waits with those that did not end taken for what they are. */
export function waitCurve(waits: Waits): SurvivalCurve {
  return kaplanMeier(waits.seconds, waits.hasEnded);
}

interface Arrival {
  readonly row: number;
  readonly created: number;
  readonly namespace: string;
  /** Name without the digits at its end, and these as a number; -1: none. */
  readonly base: string;
  readonly ordinal: number;
}

function arrivalOf(table: PodTable, row: number): Arrival {
  const name = table.name[row];
  const digits = /\d*$/.exec(name)?.[0] ?? '';
  const ordinal = digits === '' ? -1 : Number(digits);
  return {
    row,
    created: table.createdSeconds[row],
    namespace: table.namespace[row],
    base: name.slice(0, name.length - digits.length),
    ordinal,
  };
}

function byArrival(a: Arrival, b: Arrival): number {
  if (a.created !== b.created) return a.created - b.created;
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  if (a.base !== b.base) return a.base < b.base ? -1 : 1;
  return a.ordinal - b.ordinal || a.row - b.row;
}

function podKey(table: PodTable, row: number): string {
  return `${table.createdSeconds[row]} ${table.namespace[row]}/${table.name[row]}`;
}
