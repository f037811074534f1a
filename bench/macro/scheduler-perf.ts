/** The nine shapes of upstream's scheduler benchmark that speed is promised for, at 5,000 nodes. Smoke: at 20 nodes. */
import type { BenchRow, BenchSize } from '../bench-row.ts';
import { perfRows } from '../perf-rows.ts';

export async function run(size: BenchSize): Promise<BenchRow[]> {
  // A busy moment of a shared machine lasts seconds: the runs have to outlast it.
  return perfRows(size === 'full' ? 'performance' : 'smoke', size, 80);
}
