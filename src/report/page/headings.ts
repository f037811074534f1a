/** The parts of a page, in its order. */
import type { PageData } from './page-data.ts';

export interface Heading {
  /** What the names of its tables and figures begin with, too. */
  readonly id: string;
  readonly title: string;
}

export interface Headings {
  readonly experiments: readonly Heading[];
  readonly rehearsals: readonly Heading[];
  readonly sweeps: readonly Heading[];
}

export function headingsOf({ experiments, rehearsals, sweeps }: PageData): Headings {
  return {
    experiments: experiments.map(({ scenario }, i) => ({ id: `e${String(i + 1)}`, title: scenario })),
    rehearsals: rehearsals.map(({ result }, i) => ({
      id: `r${String(i + 1)}`,
      title: `Rehearsal of ${result.scenario}`,
    })),
    sweeps: sweeps.map(({ report }, i) => ({ id: `s${String(i + 1)}`, title: `Sweep ${report.name}` })),
  };
}
