/** What the page over several results shows. Plain data: whoever reads the folders makes it. */
import type { HeatNode } from '../../experiment/node-heat.ts';
import type { RehearsalResult } from '../../experiment/rehearsal-result.ts';
import type { RunCurves } from '../../experiment/run-curves.ts';
import type { SweepReport } from '../../experiment/sweep-report.ts';
import type { ShownComparison } from '../compare-table.ts';

export interface PageData {
  /** Podyard's, of who makes the page. */
  readonly version: string;
  /** What the reader must know before anything else: runs of several scenarios, of several versions. */
  readonly remarks: readonly string[];
  readonly experiments: readonly ShownExperiment[];
  readonly rehearsals: readonly ShownRehearsal[];
  readonly sweeps: readonly ShownSweep[];
}

/** Runs of one scenario: of one variant or of several, as a comparison or as single runs. */
export interface ShownExperiment {
  readonly scenario: string;
  readonly description: string;
  /** The first is the base. */
  readonly variants: readonly { readonly name: string; readonly label: string }[];
  readonly metrics: readonly ShownMetric[];
  readonly runs: readonly ShownRun[];
  /** null: there are not two variants with seeds in common. */
  readonly comparison: ShownComparison | null;
  /** Of a few of the runs. */
  readonly heats: readonly ShownHeat[];
  readonly remarks: readonly string[];
  /** Commands that make it again; empty: the files do not tell. */
  readonly repeat: readonly string[];
}

export interface ShownMetric {
  /** Path in report.json. */
  readonly name: string;
  readonly shortName: string;
  readonly unit: string;
}

export interface ShownRun {
  readonly folder: string;
  /** `A`, `B`, ... */
  readonly variant: string;
  readonly seed: string;
  readonly digest: string;
  /** Podyard's. */
  readonly version: string;
  readonly complete: boolean;
  /** null: the file does not tell. */
  readonly simulatedSeconds: number | null;
  /** By metric of the experiment. */
  readonly values: readonly (number | null)[];
  /** null: the files hold none. */
  readonly curves: RunCurves | null;
  /** '': stands with the experiment. */
  readonly repeat: string;
}

/** Pods on nodes over time, of one run. */
export interface ShownHeat {
  readonly variant: string;
  readonly seed: string;
  readonly endSeconds: number;
  readonly nodes: readonly HeatNode[];
  /** Nodes in all; those beyond the list are left out. */
  readonly nodeCount: number;
}

export interface ShownRehearsal {
  readonly folder: string;
  readonly result: RehearsalResult;
  readonly repeat: string;
}

export interface ShownSweep {
  readonly folder: string;
  readonly report: SweepReport;
  readonly repeat: string;
}
