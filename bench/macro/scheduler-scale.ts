/** Three shapes at 1,000, 10,000 and 100,000 nodes: how the cost of a decision grows. Smoke: at 20 and 200 nodes. */
import type { BenchRow, BenchSize } from '../bench-row.ts';
import { perfRows } from '../perf-rows.ts';

export async function run(size: BenchSize): Promise<BenchRow[]> {
  return perfRows(size === 'full' ? 'scale' : 'small-scale', size, 25);
}
