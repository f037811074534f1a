/** report.yaml: report.json in YAML. Apart from it: the YAML library weighs more than all other reports. */
import { stringify } from 'yaml';
import type { RunResult } from '../metrics/run-result.ts';
import { reportOf } from './json.ts';

export function reportYaml(result: RunResult): string {
  return stringify(reportOf(result), { lineWidth: 0, aliasDuplicateObjects: false });
}
