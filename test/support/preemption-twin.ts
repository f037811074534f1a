/**
 * A slow twin of preemption where cpu alone decides, as upstream's text reads (plugins/defaultpreemption
 * SelectVictimsOnNode, filterPodsWithPDBViolation; framework/preemption pickOneNodeForPreemption, v1.36, v1.37): on
 * plain records, nothing remembered, sorts as Go sorts fewer than 13.
 */
export interface StoryPod {
  readonly name: string;
  readonly namespace: string;
  readonly app: string;
  readonly priority: number;
  readonly cpu: number;
  /** Seconds; null: it has not started. */
  readonly start: number | null;
}

export interface StoryNode {
  readonly name: string;
  readonly cpu: number;
  readonly pods: readonly StoryPod[];
}

export interface StoryBudget {
  readonly namespace: string;
  /** What it selects by app; null: the selector names nothing, which eviction has match all and preemption none. */
  readonly app: string | null;
  readonly allowed: number;
  readonly disrupted: readonly string[];
}

export interface Found {
  readonly node: string;
  readonly victims: readonly string[];
  readonly violations: number;
}

export interface Rules {
  /** v1.37: the start of a pod that has not started is looked at once, in the node's order. */
  readonly readsOnce: boolean;
  readonly budgets: readonly StoryBudget[];
}

/** Why preemption does not help, or whom it costs. */
export function victimsOn(node: StoryNode, preemptor: { readonly priority: number; readonly cpu: number }, rules: Rules): Found | 'no victims' | 'no room' | 'nobody' {
  const lower = node.pods.filter(({ priority }) => priority < preemptor.priority);
  if (lower.length === 0) return 'no victims';
  const room = (kept: readonly StoryPod[]): boolean => kept.reduce((sum, { cpu }) => sum + cpu, preemptor.cpu) <= node.cpu;
  const kept = node.pods.filter((pod) => !lower.includes(pod));
  if (!room(kept)) return 'no room';
  const left = rules.budgets.map(({ allowed }) => allowed);
  const sorted = goSorted(lower, isMoreImportant(lower, rules));
  const violating = sorted.filter((pod) => {
    const spent = rules.budgets.map(({ namespace, app, disrupted }, i) => {
      const counts = pod.app !== '' && namespace === pod.namespace && app === pod.app && !disrupted.includes(pod.name);
      return counts && --left[i] < 0;
    });
    return spent.includes(true);
  });
  const victims: StoryPod[] = [];
  for (const pod of [...violating, ...sorted.filter((each) => !violating.includes(each))]) {
    if (room([...kept, pod])) kept.push(pod);
    else victims.push(pod);
  }
  if (victims.length === 0) return 'nobody';
  const isMixed = violating.length > 0 && violating.length < sorted.length;
  const names = (isMixed ? goSorted(victims, isMoreImportant(lower, rules)) : victims).map(({ name }) => name);
  return { node: node.name, victims: names, violations: victims.filter((pod) => violating.includes(pod)).length };
}

/** Those that none of upstream's criteria tells apart, in order; the last of them is taken where `takesLast`. */
export function bestOf(found: readonly Found[], podOf: (name: string) => StoryPod): { readonly best: readonly string[]; readonly takesLast: boolean } {
  const victimsOf = ({ victims }: Found): StoryPod[] => victims.map(podOf);
  const highest = (one: Found): number => Math.max(...victimsOf(one).map(({ priority }) => priority));
  const startOf = ({ start }: StoryPod): number => (start === null ? Infinity : Math.floor(start));
  const earliest = (one: Found): number => Math.min(...victimsOf(one).filter(({ priority }) => priority === highest(one)).map(startOf));
  const keys = found.map((one) => [
    one.violations,
    highest(one),
    victimsOf(one).reduce((sum, { priority }) => sum + priority + 2 ** 31, 0),
    one.victims.length,
    -earliest(one),
  ]);
  const compare = (a: readonly number[], b: readonly number[]): number => {
    const at = a.findIndex((value, i) => value !== b[i]);
    return at < 0 ? 0 : a[at] < b[at] ? -1 : 1;
  };
  const best = found.filter((_, i) => keys.every((other) => compare(keys[i], other) <= 0));
  return { best: best.map(({ node }) => node), takesLast: best.length > 1 && earliest(best[0]) === Infinity };
}

type Less = (a: StoryPod, b: StoryPod) => boolean;

function isMoreImportant(order: readonly StoryPod[], { readsOnce }: Rules): Less {
  return (a, b) => {
    if (a.priority !== b.priority) return a.priority > b.priority;
    if (a.start === null && b.start === null) return readsOnce ? order.indexOf(a) < order.indexOf(b) : true;
    if (a.start === null || b.start === null) return b.start === null;
    return Math.floor(a.start) < Math.floor(b.start);
  };
}

/** sort.Slice of at most 12: insertion. */
function goSorted(pods: readonly StoryPod[], less: Less): StoryPod[] {
  const sorted = [...pods];
  for (let i = 1; i < sorted.length; i++)
    for (let j = i; j > 0 && less(sorted[j], sorted[j - 1]); j--) [sorted[j], sorted[j - 1]] = [sorted[j - 1], sorted[j]];
  return sorted;
}
