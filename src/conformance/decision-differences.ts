/**
 * Compares one decision with its recording, part by part and plugin by plugin. Reasons and victims are sets, scores are
 * in node order.
 */
import type { Finding } from './suite-tally.ts';
import type { RecordedDecision, RecordedRejections, RecordedStatus } from './vector-lines.ts';

/** So many nodes are named in one finding. */
const NODES_SHOWN = 5;

export interface DecisionComparison {
  /** The pod names nodes, which upstream looks at in random order; any best node is right. */
  readonly byNameOfNode: boolean;
  /** Only what the recording names is compared. */
  readonly partial: boolean;
}

export function decisionDifferences(
  expected: RecordedDecision,
  found: RecordedDecision,
  { byNameOfNode, partial }: DecisionComparison,
): Finding[] {
  const got = partial ? named(expected, found) : found;
  const findings: Finding[] = [];
  const compare = (part: string, a: unknown, b: unknown): void => {
    if (JSON.stringify(a) !== JSON.stringify(b)) findings.push({ part, expected: a, got: b });
  };
  if (!(byNameOfNode && isAmongBest(expected, got.node))) compare('node', expected.node ?? null, got.node ?? null);
  compare('evaluatedNodes', expected.evaluatedNodes, got.evaluatedNodes);
  compare('feasibleNodes', expected.feasibleNodes, got.feasibleNodes);
  compare('preFilter', statusText(expected.preFilter), statusText(got.preFilter));
  compareRejections(expected.filter ?? [], got.filter ?? [], findings);
  compareScores(expected, got, findings);
  compare('message', expected.message, got.message);
  compare('unschedulablePlugins', sorted(expected.unschedulablePlugins), sorted(got.unschedulablePlugins));
  if (expected.preemption !== undefined) comparePreemption(expected.preemption, got.preemption, findings);
  return findings;
}

/** What the recording names of a decision, and of its scores. */
function named(expected: RecordedDecision, found: RecordedDecision): RecordedDecision {
  const entries = Object.entries(found).filter(([member]) => member in expected);
  const scores = Object.fromEntries(
    Object.entries(found.scores ?? {}).filter(([plugin]) => expected.scores !== undefined && plugin in expected.scores),
  );
  return { ...Object.fromEntries(entries), ...(expected.scores === undefined ? {} : { scores }) };
}

function isAmongBest(expected: RecordedDecision, node: string | null | undefined): boolean {
  const totals = expected.total ?? [];
  const index = expected.scoredNodes?.indexOf(node ?? '') ?? -1;
  return index >= 0 && totals[index] === totals.reduce((best, total) => Math.max(best, total), -Infinity);
}

function statusText(status: RecordedStatus | undefined): string {
  if (status === undefined) return 'passes';
  return `${status.code} by ${status.plugin ?? 'the framework'}: ${(sorted(status.reasons) ?? []).join(', ')}`;
}

/** One finding for each pair of verdicts, with the nodes it concerns. */
function compareRejections(
  expected: readonly RecordedRejections[],
  got: readonly RecordedRejections[],
  findings: Finding[],
): void {
  const wanted = verdicts(expected);
  const found = verdicts(got);
  const pairs = new Map<string, { plugin: string; expected: string; got: string; nodes: string[] }>();
  for (const node of new Set([...wanted.keys(), ...found.keys()])) {
    const a = wanted.get(node);
    const b = found.get(node);
    const [wantedText, foundText] = [statusText(a), statusText(b)];
    if (wantedText === foundText) continue;
    const key = `${wantedText}\n${foundText}`;
    const pair = pairs.get(key);
    if (pair === undefined)
      pairs.set(key, { plugin: a?.plugin ?? b?.plugin ?? '', expected: wantedText, got: foundText, nodes: [node] });
    else pair.nodes.push(node);
  }
  for (const pair of pairs.values()) {
    const nodes =
      pair.nodes.length > NODES_SHOWN
        ? [...pair.nodes.slice(0, NODES_SHOWN), `and ${pair.nodes.length - NODES_SHOWN} more`]
        : pair.nodes;
    findings.push({
      part: `filter ${pair.plugin}`,
      expected: { verdict: pair.expected, nodes },
      got: { verdict: pair.got },
    });
  }
}

function verdicts(groups: readonly RecordedRejections[]): Map<string, RecordedStatus> {
  return new Map(groups.flatMap((group) => group.nodes.map((node) => [node, group] as const)));
}

function compareScores(expected: RecordedDecision, got: RecordedDecision, findings: Finding[]): void {
  const nodes = expected.scoredNodes ?? [];
  if (JSON.stringify(nodes) !== JSON.stringify(got.scoredNodes ?? [])) {
    findings.push({ part: 'scoredNodes', expected: nodes, got: got.scoredNodes ?? [] });
    return;
  }
  const plugins = new Set([...Object.keys(expected.scores ?? {}), ...Object.keys(got.scores ?? {})]);
  for (const plugin of plugins)
    compareColumn(`score ${plugin}`, nodes, expected.scores?.[plugin], got.scores?.[plugin], findings);
  compareColumn('total', nodes, expected.total, got.total, findings);
}

function compareColumn(
  part: string,
  nodes: readonly string[],
  expected: readonly number[] | undefined,
  got: readonly number[] | undefined,
  findings: Finding[],
): void {
  if (expected === undefined || got === undefined) {
    if (expected !== got) findings.push({ part, expected: expected ?? 'not scored', got: got ?? 'not scored' });
    return;
  }
  const differing = nodes.map((_, index) => index).filter((index) => expected[index] !== got[index]);
  if (differing.length === 0) return;
  const shown = (column: readonly number[]): Record<string, number> =>
    Object.fromEntries(differing.slice(0, NODES_SHOWN).map((index) => [nodes[index], column[index]]));
  findings.push({ part, expected: shown(expected), got: shown(got) });
}

type Preemption = NonNullable<RecordedDecision['preemption']>;

function comparePreemption(expected: Preemption, got: Preemption | undefined, findings: Finding[]): void {
  const compare = (part: string, a: unknown, b: unknown): void => {
    if (JSON.stringify(a) !== JSON.stringify(b)) findings.push({ part: `preemption ${part}`, expected: a, got: b });
  };
  if (got === undefined) return void findings.push({ part: 'preemption', expected, got: 'not tried' });
  compare('eligible', expected.eligible, got.eligible);
  compare('reason', expected.reason, got.reason);
  const candidates = (list: Preemption['candidates']): Map<string, string> =>
    new Map(
      (list ?? []).map(({ node, victims, pdbViolations }) => [
        node,
        `${(sorted(victims) ?? []).join(', ')}; ${pdbViolations ?? 0} PDB violations`,
      ]),
    );
  const [wanted, found] = [candidates(expected.candidates), candidates(got.candidates)];
  for (const node of sorted([...new Set([...wanted.keys(), ...found.keys()])]) ?? []) {
    compare(`candidate ${node}`, wanted.get(node) ?? 'none', found.get(node) ?? 'none');
  }
  const best = got.best ?? [];
  if (expected.best !== undefined && !(best.length > 0 && best.every((node) => expected.best?.includes(node) === true)))
    compare('best', sorted(expected.best), best);
  compare('message', expected.message, got.message);
}

function sorted(texts: readonly string[] | undefined): string[] | undefined {
  return texts === undefined ? undefined : [...texts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
