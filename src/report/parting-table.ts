/** Where two runs part: what each decided, and plugin by plugin what the two nodes were worth in each of them. */
import type { Decided, Parting } from '../experiment/divergence.ts';
import type { Explanation } from '../experiment/explanation.ts';
import { formatCount, formatNumber, formatPlural, formatSeconds } from './format.ts';
import { numberColumn, plainText, renderTable, renderText, textColumn } from './table.ts';
import type { Paint } from './table.ts';

export interface PartingReport {
  readonly decisions: number;
  readonly parting: Parting | null;
  readonly why: { readonly a: Explanation | null; readonly b: Explanation | null };
}

export function partingText({ decisions, parting, why }: PartingReport, paint: Paint): string {
  if (parting === null) return `The runs decide alike: ${formatPlural(decisions, 'decision')}.\n`;
  const { alike, a, b } = parting;
  const lines = [
    `The runs decide alike ${formatCount(alike)} times, then part:`,
    `  A: ${decidedText(a)}`,
    `  B: ${decidedText(b)}`,
  ];
  const parts = [lines.map((line) => renderText(line, paint)).join('\n'), ...whyText(a, b, why, paint)];
  return `${parts.join('\n\n')}\n`;
}

function decidedText(decided: Decided | null): string {
  if (decided === null) return 'has ended';
  const { pod, node, atMicros } = decided;
  const fate = node === null ? 'gets no node' : `goes to ${plainText(node)}`;
  return `${plainText(pod)} ${fate} (at ${formatSeconds(atMicros / 1e6)})`;
}

/** Of the nodes that were chosen, in both runs; nothing where the runs decide on different pods. */
function whyText(a: Decided | null, b: Decided | null, why: PartingReport['why'], paint: Paint): string[] {
  if (a?.pod !== b?.pod) return ['They decide on different pods: what came before made their queues differ.'];
  const nodes = [...new Set([a?.node, b?.node].filter((node) => typeof node === 'string'))];
  const cells = nodes.flatMap((node) => [
    { title: `A: ${node}`, explained: why.a, node },
    { title: `B: ${node}`, explained: why.b, node },
  ]);
  const plugins = new Set(
    cells.flatMap(({ explained, node }) => scoresOf(explained, node).map(({ plugin }) => plugin)),
  );
  const rows = [...plugins].map((plugin) => [
    plainText(plugin),
    ...cells.map(({ explained, node }) => {
      const score = scoresOf(explained, node).find((each) => each.plugin === plugin);
      return score === undefined ? '' : formatNumber(score.weighted);
    }),
  ]);
  rows.push(['total', ...cells.map(({ explained, node }) => totalText(explained, node))]);
  const columns = [textColumn('PLUGIN'), ...cells.map(({ title }) => numberColumn(plainText(title)))];
  const words = cells.flatMap(({ title, explained, node }) => {
    const reasons = nodeOf(explained, node)?.reasons ?? [];
    return reasons.length === 0 ? [] : [renderText(plainText(`${title} is rejected: ${reasons.join(', ')}`), paint)];
  });
  return [renderTable(columns, rows, paint), ...(words.length === 0 ? [] : [words.join('\n')])];
}

type ExplainedNode = Explanation['nodes'][number];

function nodeOf(explained: Explanation | null, name: string): ExplainedNode | undefined {
  return explained?.nodes.find(({ node }) => node === name);
}

function scoresOf(explained: Explanation | null, name: string): ExplainedNode['scores'] {
  return nodeOf(explained, name)?.scores ?? [];
}

function totalText(explained: Explanation | null, name: string): string {
  const node = nodeOf(explained, name);
  if (node === undefined) return '';
  return node.total === null ? node.verdict : formatNumber(node.total);
}
