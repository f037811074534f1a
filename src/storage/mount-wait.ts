/**
 * How a kubelet waits for the volumes of a pod: for 2 minutes 3 seconds at a time; then it lets go of the pod for 10 to
 * 15 seconds and waits again. What is mounted meanwhile is noticed then. A wait that ends in vain says nothing. Pure.
 * Source: pkg/kubelet/volumemanager/volume_manager.go (podAttachAndMountTimeout), pkg/kubelet/pod_workers.go
 * (backOffPeriod, workerBackOffPeriodJitterFactor), pkg/kubelet/kubelet.go (v1.36). The poll of 300 ms is left out.
 */
import { MICROS_PER_MINUTE, MICROS_PER_SECOND, type Micros } from '../base/time.ts';

const WAIT_MICROS: Micros = 2 * MICROS_PER_MINUTE + 3 * MICROS_PER_SECOND;
const BACK_OFF_MICROS: Micros = 10 * MICROS_PER_SECOND;
const JITTER = 0.5;

export class MountWait {
  /** End of the wait that is under way, or was last before `now` of the last question. */
  private end: Micros;
  /** When the next one begins. */
  private next: Micros;
  private readonly draw: () => number;

  /** `draw`: uniform in [0, 1), asked once for each wait that ends in vain. */
  constructor(now: Micros, draw: () => number) {
    this.draw = draw;
    this.end = now + WAIT_MICROS;
    this.next = NaN;
  }

  /** The first instant from now on at which the kubelet looks. */
  looksAt(now: Micros): Micros {
    this.advance(now);
    return now < this.end ? now : this.next;
  }

  /** When a wait ends in vain, the first one from now on. */
  failsAt(now: Micros): Micros {
    this.advance(now);
    return now <= this.end ? this.end : this.next + WAIT_MICROS;
  }

  private advance(now: Micros): void {
    while (now >= this.end) {
      if (Number.isNaN(this.next)) this.next = this.end + Math.floor(BACK_OFF_MICROS * (1 + JITTER * this.draw()));
      if (now < this.next) return;
      this.end = this.next + WAIT_MICROS;
      this.next = NaN;
    }
  }
}
