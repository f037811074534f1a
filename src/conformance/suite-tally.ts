/** What a replay finds, suite by suite: counts of decisions, and the first differences in full. */

export interface Difference {
  /** In the file, from 1. */
  readonly line: number;
  readonly seed: number | null;
  /** The pod, or the operation, that was decided about. */
  readonly decision: string;
  /** What differs: `node`, `filter`, `score NodeAffinity`, `message`, ... */
  readonly part: string;
  readonly expected: unknown;
  readonly got: unknown;
}

export interface SuiteResult {
  readonly suite: string;
  readonly file: string;
  readonly decisions: number;
  readonly equal: number;
  /** Differing decisions by part, the most frequent first; a decision may count in several. */
  readonly parts: readonly { readonly part: string; readonly decisions: number }[];
  readonly differences: readonly Difference[];
  /** Why the suite was not replayed; '' when it was. */
  readonly skipped: string;
  /**
   * Cases of kinds that Podyard does not simulate, in order of first appearance: counted neither as equal nor as
   * different.
   */
  readonly notCovered: readonly { readonly kind: string; readonly cases: number }[];
}

export type Finding = Pick<Difference, 'part' | 'expected' | 'got'>;

export class SuiteTally {
  readonly suite: string;
  skipped = '';
  private readonly file: string;
  private readonly kept: number;
  private decisions = 0;
  private equal = 0;
  private readonly differences: Difference[] = [];
  private readonly parts = new Map<string, number>();
  private readonly leftOut = new Map<string, number>();

  constructor(suite: string, file: string, kept: number) {
    this.suite = suite;
    this.file = file;
    this.kept = kept;
  }

  /** One decision; no findings mean equal. The findings of one decision are kept or left out together. */
  decide(line: number, seed: number | null, decision: string, findings: readonly Finding[]): void {
    this.decisions++;
    if (findings.length === 0) this.equal++;
    else this.note(line, seed, decision, findings);
  }

  /** A case of a kind that nothing here answers. */
  leaveOut(kind: string): void {
    this.leftOut.set(kind, (this.leftOut.get(kind) ?? 0) + 1);
  }

  /** A difference that is not about one decision (a checksum, a broken line). */
  note(line: number, seed: number | null, decision: string, findings: readonly Finding[]): void {
    for (const part of new Set(findings.map((finding) => finding.part)))
      this.parts.set(part, (this.parts.get(part) ?? 0) + 1);
    if (this.differences.length >= this.kept) return;
    for (const { part, expected, got } of findings)
      this.differences.push({ line, seed, decision, part, expected, got });
  }

  result(): SuiteResult {
    const parts = [...this.parts]
      .map(([part, decisions]) => ({ part, decisions }))
      .sort((a, b) => b.decisions - a.decisions);
    const notCovered = [...this.leftOut].map(([kind, cases]) => ({ kind, cases }));
    const { suite, file, decisions, equal, differences, skipped } = this;
    return { suite, file, decisions, equal, parts, differences, skipped, notCovered };
  }
}
