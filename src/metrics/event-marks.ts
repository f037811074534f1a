/**
 * Things worth a mark on a plot. Marks of one kind at one instant become one; beyond MAX_MARKS only their number is
 * kept.
 */
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { MarkedEvent } from './run-result.ts';

export const MAX_MARKS = 20_000;

interface Mark {
  readonly at: Micros;
  readonly kind: string;
  readonly labels: string[];
  count: number;
}

const LABELS_KEPT = 3;

export class EventMarks {
  /** Marks that were not kept. */
  dropped = 0;
  private readonly marks: Mark[] = [];
  /** Last mark by kind. */
  private readonly last = new Map<string, Mark>();

  add(at: Micros, kind: string, label: string, count: number): void {
    const last = this.last.get(kind);
    if (last !== undefined && last.at === at) {
      last.count += count;
      last.labels.push(label);
      return;
    }
    if (this.marks.length >= MAX_MARKS) {
      this.dropped++;
      return;
    }
    const mark: Mark = { at, kind, labels: [label], count };
    this.marks.push(mark);
    this.last.set(kind, mark);
  }

  result(): MarkedEvent[] {
    return this.marks.map(({ at, kind, labels, count }) => ({
      seconds: at / MICROS_PER_SECOND,
      kind,
      label: labelOf(labels),
      count,
    }));
  }
}

function labelOf(labels: readonly string[]): string {
  const shown = labels.slice(0, LABELS_KEPT).join(', ');
  return labels.length > LABELS_KEPT ? `${shown} and ${labels.length - LABELS_KEPT} more` : shown;
}
