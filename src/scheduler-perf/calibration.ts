/**
 * A fixed piece of work whose rate tells how fast the machine is just now: the hold model on the kernel's queue with
 * 100,000 events pending. Rates of decisions are only worth comparing beside equal rates of this loop.
 */
import { Kernel } from '../kernel/kernel.ts';
import type { Clock } from './phase-meter.ts';

export const CALIBRATION_PENDING = 100_000;
const MEASURED_EVENTS = 200_000;
const MEAN_DELAY_MICROS = 100_000_000;
const DELAYS = 1 << 14;

export class Calibration {
  private readonly kernel = new Kernel({ seed: 'calibration' });
  private readonly now: Clock;
  private readonly events: number;

  constructor(now: Clock, events = MEASURED_EVENTS) {
    this.now = now;
    this.events = events;
    const { kernel } = this;
    const stream = kernel.random.stream('delays');
    const delays = Float64Array.from({ length: DELAYS }, () => 1 + Math.floor(stream.next() * 2 * MEAN_DELAY_MICROS));
    let drawn = 0;
    const hold = kernel.defineEvent('hold', 0, () => kernel.after(delays[drawn++ & (DELAYS - 1)], hold));
    for (let i = 0; i < CALIBRATION_PENDING; i++) kernel.at(Math.floor(stream.next() * 2 * MEAN_DELAY_MICROS), hold);
    kernel.run({ maxEvents: CALIBRATION_PENDING });
  }

  /** Events/s. */
  measure(): number {
    const startedAt = this.now();
    this.kernel.run({ maxEvents: this.events });
    const millis = this.now() - startedAt;
    return millis > 0 ? (this.events * 1000) / millis : 0;
  }
}
