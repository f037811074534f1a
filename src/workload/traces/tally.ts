/**
 * Counts of rows that were bent to the model or left out, by the sentence that tells of them: nothing happens in
 * silence.
 */

export class Tally {
  /** In order of first use. */
  private readonly counts = new Map<string, number>();
  private leftOut = 0;

  /** A row that was kept, and bent. */
  count(sentence: string, times = 1): void {
    this.counts.set(sentence, (this.counts.get(sentence) ?? 0) + times);
  }

  /** A row that gives no job. */
  leaveOut(sentence: string, times = 1): void {
    this.leftOut += times;
    this.count(sentence, times);
  }

  leftOutRows(): number {
    return this.leftOut;
  }

  /** `sentence: number`. */
  notes(): string[] {
    return Array.from(this.counts, ([sentence, times]) => `${sentence}: ${String(times)}`);
  }
}
