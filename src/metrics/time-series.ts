/**
 * Rows of a bounded time series: the values at the end of each interval. When MAX_ROWS are full, the interval doubles
 * and every second row goes, so that a run of any length keeps between half of MAX_ROWS and all of them. RunSamples
 * fills them by a kernel event, and samples with each row what needs a scan of the nodes.
 */
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import { PodPhase } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { EventKind, Kernel } from '../kernel/kernel.ts';
import { FragmentationSamples } from './fragmentation.ts';
import { PackingSamples } from './packing.ts';
import type { TimeSeries } from './run-result.ts';
import type { SchedulingCounters } from './scheduling-counters.ts';
import type { UtilizationIntegrals } from './utilization.ts';
import type { WaitReasons } from './wait-reasons.ts';

export const MAX_ROWS = 2000;

export class BoundedTimeSeries {
  /** Distance of rows now. */
  intervalMicros: Micros;
  private times: Micros[] = [];
  private readonly columns = new Map<string, number[]>();
  private readonly maxRows: number;

  constructor(intervalMicros: Micros, maxRows = MAX_ROWS) {
    this.intervalMicros = intervalMicros;
    this.maxRows = maxRows;
  }

  /** Starts a row; its values follow by `value`, then `endRow`. Columns without a value in a row have 0 there. */
  row(time: Micros): void {
    this.times.push(time);
    for (const column of this.columns.values()) column.push(0);
  }

  value(name: string, value: number): void {
    let column = this.columns.get(name);
    if (column === undefined) this.columns.set(name, (column = new Array<number>(this.times.length).fill(0)));
    column[column.length - 1] = value;
  }

  endRow(): void {
    if (this.times.length >= this.maxRows) this.halve();
  }

  result(): TimeSeries {
    return { seconds: this.times.map((time) => time / MICROS_PER_SECOND), columns: Object.fromEntries(this.columns) };
  }

  /** Rows at even multiples of the interval stay: the later one of each pair. */
  private halve(): void {
    this.intervalMicros *= 2;
    const isKept = (_: number, row: number): boolean => row % 2 === 1;
    this.times = this.times.filter(isKept);
    for (const [name, column] of this.columns) this.columns.set(name, column.filter(isKept));
  }
}

/** What a row of the series is read from. */
export interface SampledParts {
  readonly kernel: Kernel;
  readonly cluster: Cluster;
  readonly scheduling: SchedulingCounters;
  readonly utilization: UtilizationIntegrals;
  readonly reasons: WaitReasons;
}

export class RunSamples {
  readonly packing: PackingSamples;
  readonly fragmentation: FragmentationSamples;
  readonly series: BoundedTimeSeries;
  /** Distance of rows that was asked for. */
  readonly askedMicros: Micros;
  private readonly parts: SampledParts;
  private readonly event: EventKind;
  private lastAt: Micros = 0;
  /** Names of time series, by resource column, and by reason. */
  private readonly utilizationNames: string[] = [];
  private readonly waitingNames: string[] = [];

  /** `phase`: kernel phase of samples. Before the first event of the run. */
  constructor(parts: SampledParts, askedMicros: Micros, phase: number) {
    const { kernel, cluster } = parts;
    this.parts = parts;
    this.askedMicros = askedMicros;
    this.packing = new PackingSamples(cluster);
    this.fragmentation = new FragmentationSamples(cluster);
    this.series = new BoundedTimeSeries(askedMicros);
    this.event = kernel.defineEvent('metrics.sample', phase, () => this.sampleNow());
  }

  begin(): void {
    this.parts.kernel.at(this.askedMicros, this.event);
  }

  /** One more at the end, where none is due. */
  finish(): void {
    const { now } = this.parts.kernel;
    if (now > this.lastAt) this.take(now);
  }

  private sampleNow(): void {
    const { kernel } = this.parts;
    this.take(kernel.now);
    const { intervalMicros } = this.series;
    kernel.at(kernel.now - (kernel.now % intervalMicros) + intervalMicros, this.event);
  }

  private take(now: Micros): void {
    this.packing.sample(now - this.lastAt);
    this.fragmentation.sample(now - this.lastAt);
    this.lastAt = now;
    const { cluster: { totals, resources }, scheduling, utilization, reasons } = this.parts;
    const { series } = this;
    series.row(now);
    for (let column = 0; column < resources.count; column++) {
      if (!utilization.hasAny(column)) continue;
      const name = (this.utilizationNames[column] ??= `utilization.${resources.name(column)}`);
      series.value(name, utilization.shareNow(column));
    }
    series.value('pods.pending', totals.podsByPhase[PodPhase.Pending]);
    series.value('pods.starting', totals.podsByPhase[PodPhase.Bound]);
    series.value('pods.running', totals.podsByPhase[PodPhase.Running]);
    series.value('queue.active', scheduling.activeCount);
    series.value('queue.backoff', scheduling.backoffCount);
    series.value('queue.unschedulable', scheduling.unschedulableCount);
    series.value('nodes.total', totals.nodesAlive);
    series.value('nodes.ready', totals.nodesUp);
    series.value('nodes.empty', totals.nodesEmpty);
    reasons.waitingNow.forEach((count, reason) => {
      if (count > 0) series.value((this.waitingNames[reason] ??= `waiting.${reasons.reasons[reason]}`), count);
    });
    series.endRow();
  }
}
