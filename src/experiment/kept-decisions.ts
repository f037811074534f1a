/** Which decisions a kept run holds: those of one pod, and all of them in order. Costs a walk through the log. */
import { readKept } from './kept-log.ts';
import type { Decided } from './divergence.ts';

/** A decision of a kept run. */
export interface KeptDecision {
  /** Cycles begun by then, this one included. */
  readonly cycle: number;
  /** Row of the node that was chosen, -1: none. */
  readonly chosen: number;
}

/** What a run has of the decisions on a pod. */
export interface PodDecisions<Decision> {
  /** Of pods of this name; empty: the run has none. */
  readonly namespaces: ReadonlySet<string>;
  readonly count: number;
  /** The last one up to the time that was asked about; null: there is none. */
  readonly last: Decision | null;
}

/** `pod`: a name, or namespace/name. `until`: micros. */
export function keptDecisionsOf(bytes: Uint8Array, pod: string, until: number): PodDecisions<KeptDecision> {
  const { isNamed, namespaceOf, visitor } = podsNamed(pod);
  const namespaces = new Set<string>();
  let [cycle, count] = [0, 0];
  let last: { cycle: number; chosen: number } | null = null;
  let isOwn = false;
  readKept(bytes, {
    ...visitor((number) => { namespaces.add(namespaceOf(number)); }),
    cycleBegins: (number, at) => {
      cycle++;
      isOwn = isNamed(number);
      if (!isOwn) return false;
      count++;
      if (at <= until) last = { cycle, chosen: -1 };
      return false;
    },
    chosen: (row) => {
      if (isOwn && last?.cycle === cycle) last.chosen = row;
    },
  });
  return { namespaces, count, last };
}

interface NamedPods {
  isNamed(pod: number): boolean;
  namespaceOf(pod: number): string;
  /** `found` is told of each pod of the name as it comes. */
  visitor(found: (pod: number) => void): Pick<Parameters<typeof readKept>[1], 'template' | 'pod'>;
}

function podsNamed(wanted: string): NamedPods {
  const slash = wanted.indexOf('/');
  const name = wanted.slice(slash + 1);
  const namespace = slash < 0 ? null : wanted.slice(0, slash);
  const dash = name.lastIndexOf('-');
  const [base, ordinal] = [name.slice(0, Math.max(0, dash)), Number(name.slice(dash + 1))];
  const namespaces: string[] = [];
  const found = new Map<number, string>();
  let pods = 0;
  return {
    isNamed: (pod) => found.has(pod),
    namespaceOf: (pod) => found.get(pod) ?? '',
    visitor: (tell) => ({
      template: (_id, own) => { namespaces.push(own); },
      pod: (template, ownBase, ownOrdinal) => {
        const pod = pods++;
        const isIt = ownOrdinal < 0 ? ownBase === name : ownOrdinal === ordinal && ownBase === base;
        if (!isIt || (namespace !== null && namespaces[template] !== namespace)) return;
        found.set(pod, namespaces[template]);
        tell(pod);
      },
    }),
  };
}

/** A decision by its number. */
export function keptCycle(bytes: Uint8Array, cycle: number): KeptDecision {
  let [count, chosen] = [0, -1];
  readKept(bytes, {
    cycleBegins: () => ++count > cycle,
    chosen: (row) => {
      if (count === cycle) chosen = row;
    },
  });
  return { cycle, chosen };
}

/** Told of every decision at its end, until the first true. */
export function forKeptDecisions(bytes: Uint8Array, tell: (decided: Decided) => boolean): void {
  const namespaces: string[] = [];
  const templates: number[] = [];
  const [bases, ordinals]: [string[], number[]] = [[], []];
  const nodes: string[] = [];
  let [cycle, chosen] = [0, -1];
  readKept(bytes, {
    template: (_id, namespace) => { namespaces.push(namespace); },
    nodeAdded: (row, name) => { nodes[row] = name; },
    pod: (template, base, ordinal) => {
      templates.push(template);
      bases.push(base);
      ordinals.push(ordinal);
    },
    podUpdated: (pod, template) => { templates[pod] = template; },
    cycleBegins: () => {
      cycle++;
      chosen = -1;
      return false;
    },
    chosen: (row) => { chosen = row; },
    settled: (pod, atMicros, succeeded) => {
      const name = ordinals[pod] < 0 ? bases[pod] : `${bases[pod]}-${String(ordinals[pod])}`;
      const node = succeeded ? nodes[chosen] : null;
      return tell({ cycle, atMicros, pod: `${namespaces[templates[pod]]}/${name}`, node });
    },
  });
}
