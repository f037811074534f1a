/**
 * The first decision in which two runs part: the second run is held against what the first one decided, decision by
 * decision, and stops where they differ. Costs two runs, and some 40 bytes a decision.
 */
import type { Simulation } from '../simulation/simulation.ts';

/** What came of one cycle. */
export interface Decided {
  /** Cycles begun so far, this one included. */
  readonly cycle: number;
  readonly atMicros: number;
  /** `namespace/name`. */
  readonly pod: string;
  /** null: none. */
  readonly node: string | null;
}

export interface Parting {
  /** Decisions that were alike before. */
  readonly alike: number;
  /** null: that run had ended. */
  readonly a: Decided | null;
  readonly b: Decided | null;
}

export interface Comparison {
  readonly parting: Parting | null;
  /** Of the first run. */
  readonly decisions: number;
}

/** Tells the decisions of a run in order, until the first true. */
export type TellDecisions = (tell: (decided: Decided) => boolean) => void;

/** null: the runs decide alike from the first decision to the last. */
export function firstParting(a: TellDecisions, b: TellDecisions): Comparison {
  const decided: Decided[] = [];
  a((each) => {
    decided.push(each);
    return false;
  });
  let count = 0;
  const found: { parting: Parting | null } = { parting: null };
  b((each) => {
    const other = decided.at(count) ?? null;
    count++;
    if (other !== null && other.pod === each.pod && other.node === each.node) return false;
    found.parting = { alike: count - 1, a: other, b: each };
    return true;
  });
  const isShort = found.parting === null && count < decided.length;
  const parting = isShort ? { alike: count, a: decided[count], b: null } : found.parting;
  return { parting, decisions: decided.length };
}

/** Plays the run for them. */
export function playedDecisions(simulation: Simulation): TellDecisions {
  return (tell) => {
    let isOver = false;
    onEveryDecision(simulation, (each) => {
      if (isOver) return;
      isOver = tell(each);
      if (isOver) simulation.parts.kernel.stop();
    });
    while (!isOver && simulation.advance());
  };
}

/** Told at the end of each cycle. */
function onEveryDecision({ parts }: Simulation, tell: (decided: Decided) => void): void {
  const { kernel, cluster, schedulers } = parts;
  const decided = (pod: number, node: string | null): Decided => {
    const key = `${cluster.templateOf(pod).namespace}/${cluster.podName(pod)}`;
    return { cycle: cyclesOf(schedulers), atMicros: kernel.now, pod: key, node };
  };
  for (const { cache, listeners } of schedulers) {
    listeners.push({
      cycleSucceeded: (pod, node) => { tell(decided(pod, cache.nodeInfo(node).name)); },
      cycleFailed: (pod) => { tell(decided(pod, null)); },
    });
  }
}

/** Cycles begun so far, of all schedulers of a run. */
export function cyclesOf(schedulers: Simulation['parts']['schedulers']): number {
  return schedulers.reduce((sum, { decisions }) => sum + decisions, 0);
}
