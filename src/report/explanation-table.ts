/** One decision as a table: a row a node, a column a plugin; sorted and cut as asked. Also as CSV. */
import type { ExplainedNode, Explanation } from '../experiment/explanation.ts';
import { formatCount, formatNumber, formatPlural, formatSeconds } from './format.ts';
import { numberColumn, plainText, renderTable, renderText, textColumn } from './table.ts';
import type { Paint } from './table.ts';

export const SORT_ORDERS = ['total', 'node', 'verdict', 'scheduler'] as const;
export type SortOrder = (typeof SORT_ORDERS)[number];

const VERDICT_ORDER: Readonly<Record<ExplainedNode['verdict'], number>> = {
  chosen: 0, scored: 1, notLookedAt: 2, rejected: 3,
};

/** `scheduler`: as the scheduler lists its nodes. The chosen one comes first of equals. */
export function sortedNodes(nodes: readonly ExplainedNode[], order: SortOrder): ExplainedNode[] {
  const byVerdict = (a: ExplainedNode, b: ExplainedNode): number => VERDICT_ORDER[a.verdict] - VERDICT_ORDER[b.verdict];
  const byName = (a: ExplainedNode, b: ExplainedNode): number => (a.node < b.node ? -1 : a.node > b.node ? 1 : 0);
  const sorted = [...nodes];
  if (order === 'node') return sorted.sort(byName);
  if (order === 'verdict') return sorted.sort((a, b) => byVerdict(a, b) || byName(a, b));
  if (order === 'total') return sorted.sort((a, b) => totalOf(b) - totalOf(a) || byVerdict(a, b));
  return sorted;
}

function totalOf({ total }: ExplainedNode): number {
  return total ?? -Infinity;
}

export function explanationText(explanation: Explanation, order: SortOrder, limit: number, paint: Paint): string {
  const nodes = sortedNodes(explanation.nodes, order);
  const plugins = pluginsOf(nodes);
  const columns = [
    textColumn('NODE'),
    textColumn('VERDICT'),
    numberColumn('TOTAL'),
    ...plugins.map(numberColumn),
    textColumn('WHY NOT'),
  ];
  const rows = nodes.slice(0, limit).map((node) => [
    plainText(node.node),
    verdictText(node, paint),
    node.total === null ? '' : formatNumber(node.total),
    ...plugins.map((plugin) => scoreText(node, plugin)),
    plainText(node.reasons.join(', ')),
  ]);
  if (nodes.length > rows.length) rows.push([`and ${formatPlural(nodes.length - rows.length, 'more node')}`]);
  const parts = [summaryText(explanation, paint), renderTable(columns, rows, paint)];
  return `${parts.join('\n\n')}\n`;
}

/** Plugins that scored, in their order. */
function pluginsOf(nodes: readonly ExplainedNode[]): string[] {
  return (nodes.find(({ scores }) => scores.length > 0)?.scores ?? []).map(({ plugin }) => plugin);
}

function verdictText({ verdict }: ExplainedNode, paint: Paint): string {
  if (verdict === 'chosen') return paint.good(verdict);
  return verdict === 'notLookedAt' ? 'not looked at' : verdict;
}

/** `57>100 x2`: raw, normalized, weight; what is not changed is said once. */
function scoreText(node: ExplainedNode, plugin: string): string {
  const score = node.scores.find((each) => each.plugin === plugin);
  if (score === undefined) return '';
  const { raw, normalized, weighted } = score;
  const weight = normalized === 0 ? 1 : weighted / normalized;
  const value = raw === normalized ? formatNumber(raw) : `${formatNumber(raw)}>${formatNumber(normalized)}`;
  return weight === 1 ? value : `${value} x${formatNumber(weight)}`;
}

function summaryText({ namespace, pod, node, message, best, atMicros, ...of }: Explanation, paint: Paint): string {
  const when = `at ${formatSeconds(atMicros / 1e6)}`;
  const name = plainText(`${namespace}/${pod}`);
  if (node === null) return renderText(`${name} ${when}: ${plainText(message)}`, paint);
  const { evaluatedNodes, feasibleNodes } = of;
  const looked = `${formatPlural(evaluatedNodes, 'node')} looked at, ${formatCount(feasibleNodes)} of them would do`;
  const others = best.length - 1;
  const tie = others > 0 ? `; ${formatPlural(others, 'other')} as good, and the tie-break took this one` : '';
  return renderText(`${name} goes to ${plainText(node)} ${when}: ${looked}${tie}.`, paint);
}

/** A row a node: every plugin has raw, normalized and weighted scores in columns of its own. */
export function explanationRows(explanation: Explanation, order: SortOrder, limit: number): (string | number)[][] {
  const nodes = sortedNodes(explanation.nodes, order).slice(0, limit);
  const plugins = pluginsOf(explanation.nodes);
  const parts = ['raw', 'normalized', 'weighted'] as const;
  const head = ['node', 'verdict', 'code', 'plugin', 'reasons', 'total'];
  const rows = nodes.map((node) => [
    node.node,
    node.verdict,
    node.code,
    node.plugin,
    node.reasons.join('; '),
    node.total ?? '',
    ...plugins.flatMap((plugin) => {
      const score = node.scores.find((each) => each.plugin === plugin);
      return parts.map((part) => score?.[part] ?? '');
    }),
  ]);
  return [[...head, ...plugins.flatMap((plugin) => parts.map((part) => `${plugin}.${part}`))], ...rows];
}
