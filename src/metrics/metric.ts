/** What a declared number of a run is made of; `declared-metrics.ts` has the numbers. Types only. */
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { SchedulingCounters } from './scheduling-counters.ts';

/** Which direction of a metric is good news. `neither`: it depends on what the reader wants. */
export type Better = 'lower' | 'higher' | 'neither';

export interface Metric {
  /** `nodes`, `pods`, `count`, `s`, `share` (0 to 1), `pod-seconds`, `node-hours`; empty: money of any currency. */
  readonly unit: string;
  /** Runs are compared by it, it may be limited and swept for, and this way is good news. null: it is only told. */
  readonly better: Better | null;
  /** Its place among those of its group that runs are compared by: behind all that are not last. */
  readonly isComparedLast?: boolean;
  /** What it is, in docs/formats/report.md. */
  readonly meaning: string;
  /** How tables call it, in a row of its own. null: they tell it in words and places of their own. */
  readonly row: MetricRow | null;
  /** Made before the first node comes, as an observer if it wants; what it returns is asked once, at the end. */
  readonly measure: (books: RunBooks) => (end: RunEnd) => number;
}

export interface MetricRow {
  readonly label: string;
  /** On the page. */
  readonly card: 'nodes' | 'scheduling' | 'failures' | 'cost';
  /** No row tells of what did not happen. */
  readonly unlessZero: boolean;
}

/** What a metric may look at, and what is counted for all of them. */
export interface RunBooks {
  readonly kernel: Kernel;
  readonly cluster: Cluster;
  readonly scheduling: SchedulingCounters;
  readonly lives: {
    readonly created: number;
    readonly replacements: number;
    readonly scheduled: number;
    readonly finished: number;
    /** By EvictionCause. */
    readonly evictions: Float64Array;
    wastedPodSeconds(): number;
    usefulPodSeconds(): number;
  };
  readonly levels: {
    readonly atStart: number;
    readonly alive: { readonly peak: number };
    readonly failures: number;
    means(now: Micros): { readonly meanEmptyNodes: number; readonly meanNodes: number };
  };
  readonly nodes: {
    downSeconds(): number;
    cost(now: Micros): { readonly nodeHours: number; readonly total: number };
  };
}

/** What is known at the end only. */
export interface RunEnd {
  readonly now: Micros;
  readonly pods: { readonly running: number; readonly pending: number; readonly lost: number };
  /** Zeros where there is none. */
  readonly autoscaler: {
    readonly scaleUpEvents: number;
    readonly scaleDownEvents: number;
    readonly nodesAdded: number;
    readonly nodesRemoved: number;
  };
}
