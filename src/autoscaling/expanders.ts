/** Which group grows when several could. Source: cluster-autoscaler expander/{waste,mostpods,leastnodes,random}. */
import type { RandomStream } from '../kernel/random.ts';

export type Expander = 'least-waste' | 'most-pods' | 'least-nodes' | 'random';

/** What growing one group would bring. */
export interface ExpansionOption {
  readonly nodeCount: number;
  readonly podCount: number;
  /** Of one node. */
  readonly cpuCapacityMilli: number;
  readonly memoryCapacityBytes: number;
  /** Requests of all the option's pods. */
  readonly cpuMilli: number;
  readonly memoryBytes: number;
}

/** Index of the best option; ties go to chance, and no draw is made without one. */
export function chooseOption(
  expander: Expander,
  options: readonly ExpansionOption[],
  stream: () => RandomStream,
): number {
  const penalties = options.map((option) => penaltyOf(expander, option));
  let best = penalties[0];
  for (const penalty of penalties) if (penalty < best) best = penalty;
  const tied = options.map((_, index) => index).filter((index) => penalties[index] === best);
  return tied.length === 1 ? tied[0] : tied[Math.floor(stream().next() * tied.length)];
}

function penaltyOf(expander: Expander, option: ExpansionOption): number {
  switch (expander) {
    case 'least-waste':
      return wasteOf(option);
    case 'most-pods':
      return -option.podCount;
    case 'least-nodes':
      return option.nodeCount;
    case 'random':
      return 0;
  }
}

/** Unused share of the new nodes' cpu plus that of their memory. */
export function wasteOf(option: ExpansionOption): number {
  const cpu = option.cpuCapacityMilli * option.nodeCount;
  const memory = option.memoryCapacityBytes * option.nodeCount;
  return (cpu > 0 ? (cpu - option.cpuMilli) / cpu : 0) + (memory > 0 ? (memory - option.memoryBytes) / memory : 0);
}
