/**
 * Verdicts of plugins with upstream's codes (staging/src/k8s.io/kube-scheduler/framework/interface.go). Success is
 * `null` and costs nothing; rejections are made once per plugin and reason and shared.
 */
import { assert } from '../../base/assert.ts';

export const Code = {
  Success: 0,
  /** Internal problem: the cycle ends, the pod is tried again after an error backoff. */
  Error: 1,
  /** Rejected; preemption may help. */
  Unschedulable: 2,
  /** Rejected; preemption would not help. */
  UnschedulableAndUnresolvable: 3,
  /** Permit only. */
  Wait: 4,
  /** PreFilter, PreScore, Bind. */
  Skip: 5,
  /** Rejected, and a later queueing hint lets the pod skip its backoff. */
  Pending: 6,
} as const;
export type Code = (typeof Code)[keyof typeof Code];

export const CODE_NAMES: readonly string[] = [
  'Success',
  'Error',
  'Unschedulable',
  'UnschedulableAndUnresolvable',
  'Wait',
  'Skip',
  'Pending',
];

export interface Status {
  readonly code: Code;
  readonly reasons: readonly string[];
  /** Name of the plugin that gave it; '' for the framework. */
  readonly plugin: string;
}

export function unschedulable(plugin: string, ...reasons: readonly string[]): Status {
  return { code: Code.Unschedulable, reasons, plugin };
}

export function unresolvable(plugin: string, ...reasons: readonly string[]): Status {
  return { code: Code.UnschedulableAndUnresolvable, reasons, plugin };
}

export function errorStatus(plugin: string, ...reasons: readonly string[]): Status {
  return { code: Code.Error, reasons, plugin };
}

/** What the words of a lazy status are made of, and of nothing else: equal content, equal words. */
export type StatusContent = readonly (Status | number)[];

/** Unschedulable with reasons that are put into words only when somebody reads them. */
export function lazyStatus(plugin: string, content: StatusContent, reasonsOf: () => readonly string[]): Status {
  return new LazyStatus(plugin, content, reasonsOf);
}

class LazyStatus implements Status {
  readonly code = Code.Unschedulable;
  readonly plugin: string;
  readonly content: StatusContent;
  private readonly reasonsOf: () => readonly string[];
  private known: readonly string[] | null = null;

  constructor(plugin: string, content: StatusContent, reasonsOf: () => readonly string[]) {
    this.plugin = plugin;
    this.content = content;
    this.reasonsOf = reasonsOf;
  }

  get reasons(): readonly string[] {
    return (this.known ??= this.reasonsOf());
  }
}

export const SKIP: Status = { code: Code.Skip, reasons: [], plugin: '' };

export function isRejected(status: Status): boolean {
  return (
    status.code === Code.Unschedulable ||
    status.code === Code.UnschedulableAndUnresolvable ||
    status.code === Code.Pending
  );
}

/** Whether two statuses say the same, as far as can be told without putting them into words. */
export function sameStatus(a: Status | null, b: Status | null): boolean {
  if (!(a instanceof LazyStatus && b instanceof LazyStatus)) return a === b;
  return a === b || (a.plugin === b.plugin && sameContent(a.content, b.content));
}

/** Zeros are left out. */
export function countUp(counts: Map<Status, number>, status: Status, by: number): void {
  const count = (counts.get(status) ?? 0) + by;
  if (count === 0) counts.delete(status);
  else counts.set(status, count);
}

function sameContent(a: StatusContent, b: StatusContent): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    const [one, other] = [a[i], b[i]];
    if (one === other) continue;
    if (typeof one === 'number' || typeof other === 'number' || !sameStatus(one, other)) return false;
  }
  return true;
}

export function statusMessage(status: Status): string {
  return status.reasons.join(', ');
}

/** So many are compared one by one before a table is asked. */
const FEW = 8;

/** The verdicts of one template's filters as numbers; 0: passes. */
export class VerdictNumbers {
  readonly statuses: (Status | null)[] = [null];
  /** Position in the profile's filters of the plugin that gave each status. */
  readonly orders: number[] = [0];
  /** A filter gave an error for some node: a verdict may be one. */
  hasErrors = false;
  private readonly byStatus = new Map<Status, number>();
  private readonly byText = new Map<string, number>();

  /**
   * Plugins share their verdicts; one that makes a new object each time is found by its text. `order`: the plugin's
   * position in the profile's filters.
   */
  indexOf(status: Status, plugin: string, order: number): number {
    const { statuses } = this;
    for (let index = 1; index < statuses.length && index <= FEW; index++) if (statuses[index] === status) return index;
    const known = this.byStatus.get(status);
    if (known !== undefined) return known;
    const text = `${plugin} ${status.code} ${status.reasons.join('|')}`;
    let index = this.byText.get(text);
    if (index === undefined) {
      index = this.statuses.length;
      assert(index < 65_536, `plugin ${plugin} gives more than 65,535 different verdicts`);
      this.statuses.push(status);
      if (!isRejected(status)) this.hasErrors = true;
      this.orders.push(order);
      this.byStatus.set(status, index);
      this.byText.set(text, index);
    }
    return index;
  }
}
