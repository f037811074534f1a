/**
 * What failed attempts said, in a form that can be kept: how many nodes have which verdict, and what PostFilter
 * answered. The text of the FailedScheduling event is made from it when somebody reads it. Attempts of one template
 * that say what one of its last ones said share its object, so an attempt costs a comparison of a few numbers; a kept
 * one about 200 bytes.
 */
import { fitErrorText } from './framework/diagnosis.ts';
import type { Diagnosis, StatusCounts } from './framework/diagnosis.ts';
import { Code, sameStatus, statusMessage } from './framework/status.ts';
import type { Status } from './framework/status.ts';

export interface FailedAttempt {
  /** The PodScheduled condition's text; the event's, too, which upstream cuts off. */
  readonly message: string;
  /**
   * What the pod waits for, in one reason: the one that most nodes gave which could take the pod as things change
   * (their verdict is Unschedulable), else the one that most nodes gave; of equals the first by text. Where no node was
   * asked: the message.
   */
  readonly mainReason: string;
  /** Whether the nodes said the same there, as many of them each; absent: they were not asked. */
  hasVerdicts?(diagnosis: Diagnosis): boolean;
}

/** More different verdicts than that are put into words at once: words are shorter. */
const MOST_VERDICTS = 64;
/** Different attempts of a template that are compared with: it often goes back and forth between a few. */
const MOST_RECENT = 8;

export class FailedAttempts {
  /** By template id: the last different ones, in a ring, and the place of the next. */
  private readonly recent: { readonly failures: FitFailure[]; next: number }[] = [];

  /** No node passed, and PostFilter did not help: `postFilter` is null where it did, or was not asked. */
  fitError(template: number, diagnosis: Diagnosis, postFilter: Status | null): FailedAttempt {
    const counts = diagnosis.counts();
    const recent = (this.recent[template] ??= { failures: [], next: 0 });
    for (const failure of recent.failures) if (failure.saysTheSame(diagnosis, counts, postFilter)) return failure;
    const failure = new FitFailure(diagnosis, counts, postFilter);
    recent.failures[recent.next] = failure;
    recent.next = (recent.next + 1) % MOST_RECENT;
    return failure;
  }
}

/** An attempt that ended without verdicts on nodes. */
export function plainFailure(message: string): FailedAttempt {
  return { message, mainReason: message };
}

class FitFailure implements FailedAttempt {
  private readonly nodeCount: number;
  private readonly preFilterMessage: string;
  private readonly counts: StatusCounts;
  private readonly postFilter: Status | null;
  private knownMessage: string | null = null;
  private knownReason: string | null = null;

  constructor({ nodeCount, preFilterMessage }: Diagnosis, counts: StatusCounts, postFilter: Status | null) {
    this.nodeCount = nodeCount;
    this.preFilterMessage = preFilterMessage;
    this.counts = counts;
    this.postFilter = postFilter;
    if (counts.length <= MOST_VERDICTS) return;
    this.knownMessage = this.message;
    this.knownReason = this.mainReason;
    this.counts = [];
  }

  get message(): string {
    return (this.knownMessage ??= this.inWords());
  }

  get mainReason(): string {
    return (this.knownReason ??= this.preFilterMessage || commonest(this.counts) || this.message);
  }

  saysTheSame(diagnosis: Diagnosis, counts: StatusCounts, postFilter: Status | null): boolean {
    return this.hasCounts(diagnosis, counts) && sameStatus(postFilter, this.postFilter);
  }

  hasVerdicts(diagnosis: Diagnosis): boolean {
    return this.hasCounts(diagnosis, diagnosis.counts());
  }

  private hasCounts({ nodeCount, preFilterMessage }: Diagnosis, counts: StatusCounts): boolean {
    if (nodeCount !== this.nodeCount || preFilterMessage !== this.preFilterMessage) return false;
    if (counts.length !== this.counts.length) return false;
    for (let i = 0; i < counts.length; i++) {
      if (counts[i][0] !== this.counts[i][0] || counts[i][1] !== this.counts[i][1]) return false;
    }
    return true;
  }

  private inWords(): string {
    const said = this.postFilter === null ? '' : statusMessage(this.postFilter);
    return fitErrorText(this.nodeCount, this.preFilterMessage, this.counts, said);
  }
}

function commonest(counts: StatusCounts): string {
  const isResolvable = counts.some(([{ code }]) => code === Code.Unschedulable);
  const nodes = new Map<string, number>();
  for (const [{ code, reasons }, count] of counts) {
    if (isResolvable && code !== Code.Unschedulable) continue;
    for (const reason of reasons) nodes.set(reason, (nodes.get(reason) ?? 0) + count);
  }
  let best = '';
  let most = 0;
  for (const [reason, count] of nodes) {
    if (count < most || (count === most && reason > best)) continue;
    best = reason;
    most = count;
  }
  return best;
}
