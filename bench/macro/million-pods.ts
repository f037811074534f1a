/** A million pods with arrivals, starts, finishes and metrics on 5,000 nodes. Smoke: a hundredth of it for half an hour. */
import type { BenchRow, BenchSize } from '../bench-row.ts';
import { scaledDown, scenarioFile, scenarioRows } from '../scenario-run.ts';

export async function run(size: BenchSize): Promise<BenchRow[]> {
  const scenario = scenarioFile('workloads/million-pods.yaml');
  return scenarioRows('million pods', size === 'full' ? scenario : scaledDown(scenario, 0.01, 0.5));
}
