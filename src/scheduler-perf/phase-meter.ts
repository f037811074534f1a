/**
 * Wall time of the measured phases, by a clock that the caller brings. Upstream samples the throughput once a second;
 * so do we, where a phase lasts that long. A shorter phase has one sample: its mean.
 */
export interface PhaseMeasurement {
  /** Namespace, or the name given to the collector. */
  readonly name: string;
  /** Pods that the phase counts, and those of them that got a node in it. */
  readonly pods: number;
  readonly scheduled: number;
  /** Scheduling cycles, of other pods and failed ones, too. */
  readonly decisions: number;
  readonly seconds: number;
  /** Pods/s of one second each. */
  readonly samples: readonly number[];
}

/** Milliseconds from any start. */
export type Clock = () => number;

/** What is counted, read at the moment. */
export interface PhaseCounts {
  readonly pods: number;
  readonly scheduled: number;
  readonly decisions: number;
}

const SAMPLE_MILLIS = 1000;

export class PhaseMeter {
  readonly measurements: PhaseMeasurement[] = [];
  private readonly now: Clock;
  private readonly counts: () => PhaseCounts;
  private running: { readonly name: string; readonly startedAt: number; readonly decisions: number } | null = null;
  private samples: number[] = [];
  private sampledAt = 0;
  private sampledCount = 0;

  constructor(now: Clock, counts: () => PhaseCounts) {
    this.now = now;
    this.counts = counts;
  }

  get isRunning(): boolean {
    return this.running !== null;
  }

  start(name: string): void {
    const { decisions, scheduled } = this.counts();
    this.samples = [];
    this.sampledCount = scheduled;
    const startedAt = this.now();
    this.sampledAt = startedAt;
    this.running = { name, startedAt, decisions };
  }

  /** To be called every few milliseconds. */
  tick(): void {
    if (this.running === null) return;
    const at = this.now();
    if (at - this.sampledAt < SAMPLE_MILLIS) return;
    const { scheduled } = this.counts();
    if (scheduled > this.sampledCount)
      this.samples.push(((scheduled - this.sampledCount) * 1000) / (at - this.sampledAt));
    this.sampledAt = at;
    this.sampledCount = scheduled;
  }

  stop(): void {
    const { running } = this;
    if (running === null) return;
    const seconds = (this.now() - running.startedAt) / 1000;
    const { pods, scheduled, decisions } = this.counts();
    const samples = this.samples.length > 0 ? this.samples : [seconds > 0 ? scheduled / seconds : 0];
    this.measurements.push({
      name: running.name,
      pods,
      scheduled,
      decisions: decisions - running.decisions,
      seconds,
      samples,
    });
    this.running = null;
  }
}
