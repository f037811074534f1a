/**
 * The tables of one run, column by column: what each holds, its type and its unit. CSV and Parquet write the same
 * cells. Cells are made when they are asked for; an empty text is a value that does not exist.
 */
import type { NodeRecord, PodTable, TimeSeries } from '../metrics/run-result.ts';
import { compareKeys } from './format.ts';
import { roundNumber } from './json.ts';

export type Cell = string | number | null;

export interface TableColumn {
  readonly name: string;
  /** `whole`: a number without a fraction, below 2^31. */
  readonly type: 'text' | 'whole' | 'number';
  /** Empty: a text, a plain number, or money of any currency. */
  readonly unit: string;
  at(row: number): Cell;
}

export interface ResultTable {
  /** Of its files, without ending. */
  readonly name: string;
  readonly rows: number;
  readonly columns: readonly TableColumn[];
}

/** `seconds`, then one column per series. */
export function timeSeriesTable({ seconds, columns }: TimeSeries): ResultTable {
  const series = Object.entries(columns).map(([name, values]): TableColumn => {
    const isShare = name.startsWith('utilization.');
    const type = isShare ? 'number' : 'whole';
    return { name, type, unit: isShare ? 'share' : SERIES_UNITS[name] ?? 'pods', at: (row) => number(values[row]) };
  });
  const time: TableColumn = { name: 'seconds', type: 'number', unit: 's', at: (row) => number(seconds[row]) };
  return { name: 'timeseries', rows: seconds.length, columns: [time, ...series] };
}

/** The others count pods. */
const SERIES_UNITS: Readonly<Record<string, string>> = {
  'nodes.total': 'nodes', 'nodes.ready': 'nodes', 'nodes.empty': 'nodes',
};

const POD_COLUMNS: readonly (readonly [keyof PodTable, TableColumn['type'], string])[] = [
  ['name', 'text', ''],
  ['namespace', 'text', ''],
  ['class', 'text', ''],
  ['priority', 'whole', ''],
  ['node', 'text', ''],
  ['createdSeconds', 'number', 's'],
  ['boundSeconds', 'number', 's'],
  ['startedSeconds', 'number', 's'],
  ['endedSeconds', 'number', 's'],
  ['attempts', 'whole', 'count'],
  ['outcome', 'text', ''],
  ['waitReason', 'text', ''],
];

export function podTable(pods: PodTable): ResultTable {
  const columns = POD_COLUMNS.map(([name, type, unit]): TableColumn => {
    const values = pods[name];
    const at = (row: number): Cell => {
      const value = values[row];
      return typeof value === 'number' ? number(value) : value;
    };
    return { name, type, unit, at };
  });
  return { name: 'pods', rows: pods.name.length, columns };
}

type NodeNumber = 'createdSeconds' | 'removedSeconds' | 'podsHosted' | 'failures' | 'downSeconds' | 'cost';

/** One column `meanUtilization.<resource>` for every resource any node has. */
export function nodeTable(nodes: readonly NodeRecord[]): ResultTable {
  const text = (name: 'name' | 'pool' | 'zone'): TableColumn => (
    { name, type: 'text', unit: '', at: (row) => nodes[row][name] }
  );
  const numeric = (name: NodeNumber, type: TableColumn['type'], unit: string): TableColumn => (
    { name, type, unit, at: (row) => number(nodes[row][name]) }
  );
  const resources = Array.from(new Set(nodes.flatMap((node) => Object.keys(node.meanUtilization)))).sort(compareKeys);
  const utilization = resources.map((name): TableColumn => ({
    name: `meanUtilization.${name}`, type: 'number', unit: 'share',
    at: (row) => number(nodes[row].meanUtilization[name] ?? null),
  }));
  return {
    name: 'nodes',
    rows: nodes.length,
    columns: [
      text('name'), text('pool'), text('zone'),
      numeric('createdSeconds', 'number', 's'), numeric('removedSeconds', 'number', 's'),
      numeric('podsHosted', 'whole', 'pods'), numeric('failures', 'whole', 'count'),
      numeric('downSeconds', 'number', 's'), numeric('cost', 'number', ''),
      ...utilization,
    ],
  };
}

function number(value: number | null): number | null {
  return value === null ? null : roundNumber(value);
}
