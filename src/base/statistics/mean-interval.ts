/** How far the mean of a normal population may be from that of its samples (Student, Biometrika 6, 1908). */
import { sampleStandardDeviation } from './moments.ts';
import { studentTQuantile } from './student-t.ts';

/** Half of the two-sided interval. null for fewer than two samples. */
export function meanHalfWidth(samples: readonly number[], confidence: number): number | null {
  const count = samples.length;
  if (count < 2) return null;
  return (studentTQuantile((1 + confidence) / 2, count - 1) * sampleStandardDeviation(samples)) / Math.sqrt(count);
}
