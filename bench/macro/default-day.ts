/** The scenario of `npm start`: a day of a 1,000-node cluster with all parts at work. Smoke: a fiftieth of it for an hour. */
import type { BenchRow, BenchSize } from '../bench-row.ts';
import { scaledDown, scenarioFile, scenarioRows } from '../scenario-run.ts';

export async function run(size: BenchSize): Promise<BenchRow[]> {
  const scenario = scenarioFile('workloads/default.yaml');
  return scenarioRows('default day', size === 'full' ? scenario : scaledDown(scenario, 0.02, 1));
}
