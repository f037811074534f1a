/**
 * A resolved scenario as YAML: what `podyard validate -o yaml` prints. The text is a scenario again, see
 * scenario-spelling.ts.
 */
import { stringify } from 'yaml';
import type { Scenario } from './scenario.ts';
import { spellScenario } from './scenario-spelling.ts';

export function explainScenario(scenario: Scenario): string {
  const text = stringify(spellScenario(scenario), {
    lineWidth: 140,
    aliasDuplicateObjects: false,
    flowCollectionPadding: false,
  });
  return `${fileComment(scenario)}${text}`;
}

function fileComment(scenario: Scenario): string {
  const ignored = Object.entries(scenario.ignoredKinds).map(([kind, count]) => `${count} ${kind}`);
  const lines: string[] = [];
  if (scenario.nodes.length > 0) lines.push(`# from files: ${scenario.nodes.length} nodes`);
  if (scenario.objects.length > 0) lines.push(`# from files: ${countKinds(scenario)}`);
  if (ignored.length > 0) lines.push(`# not simulated: ${ignored.join(', ')}`);
  return lines.map((line) => `${line}\n`).join('');
}

function countKinds(scenario: Scenario): string {
  const counts = new Map<string, number>();
  for (const { kind = '?' } of scenario.objects) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
}
