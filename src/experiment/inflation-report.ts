/** What an inflation experiment comes to: plain data, JSON-safe, deterministic. Percent of the capacity throughout. */

export interface CurvePoint {
  /** Over the runs. */
  readonly mean: number;
  /** Half of the two-sided 95 % Student t interval of the mean; null: one run. */
  readonly halfWidth: number | null;
}

export interface InflationRunReport {
  readonly run: string;
  readonly podsArrived: number;
  readonly podsPlaced: number;
  readonly digest: string;
  /** By percent of the capacity that has arrived, from 0. */
  readonly allocation: readonly number[];
  /** Empty where fragmentation is not measured. */
  readonly fragmentation: readonly number[];
}

export interface PolicyReport {
  readonly policy: string;
  readonly allocation: readonly CurvePoint[];
  readonly fragmentation: readonly CurvePoint[];
  readonly runs: readonly InflationRunReport[];
}

export interface InflationReport {
  readonly schemaVersion: 1;
  readonly experiment: string;
  readonly description: string;
  readonly seed: string;
  readonly version: string;
  readonly resource: string;
  /** Of the resource. */
  readonly capacity: number;
  readonly nodes: number;
  readonly listedPods: number;
  readonly policies: readonly PolicyReport[];
}
