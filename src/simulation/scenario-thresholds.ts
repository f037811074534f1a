/**
 * `thresholds` of a scenario: a list of conditions (`queueWait.p99 < 30s`), or, as in k6, a mapping of metrics to what
 * is asked of each (`queueWait.p99: ["< 30s"]`).
 */
import type { Threshold } from '../metrics/thresholds.ts';
import { readThreshold } from '../metrics/thresholds.ts';
import type { Path } from '../base/source-path.ts';
import { below } from '../base/source-path.ts';
import type { Findings } from '../base/structure.ts';
import type { ScenarioInput } from './scenario-schema.ts';

export function resolveThresholds({ thresholds }: ScenarioInput, findings: Findings): Threshold[] {
  const at = below(null, 'thresholds');
  if (thresholds === undefined) return [];
  if (Array.isArray(thresholds)) return thresholds.flatMap((text, i) => thresholdOf('', text, below(at, i), findings));
  const byMetric = thresholds as Readonly<Record<string, string | readonly string[]>>;
  return Object.entries(byMetric).flatMap(([metric, asked]) => {
    const place = below(at, metric);
    if (typeof asked === 'string') return thresholdOf(`${metric} `, asked, place, findings);
    return asked.flatMap((text, i) => thresholdOf(`${metric} `, text, below(place, i), findings));
  });
}

/** `before`: what stands elsewhere of the expression. */
function thresholdOf(before: string, text: string, place: Path, findings: Findings): Threshold[] {
  const read = readThreshold(`${before}${text}`);
  if ('threshold' in read) return [read.threshold];
  const { message, column, suggestion } = read.mistake;
  const isBefore = before !== '' && column <= before.length;
  const where = isBefore ? '' : `character ${column - before.length} of "${text}": `;
  findings.error(place, `${where}${message}`, suggestion, isBefore ? 'key' : 'value');
  return [];
}
