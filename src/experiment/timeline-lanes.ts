/**
 * Lanes: as many as stand side by side at one time. Whoever comes takes the lowest free one, so a run always gives the
 * same ones and no two that overlap share one. Costs a byte a lane, and a scan of the lanes below the free one.
 */
export class Lanes {
  /** Lanes ever taken. */
  count = 0;
  private readonly taken: boolean[] = [];
  /** No lane below it is free. */
  private lowest = 0;

  /** -1: `most` lanes are taken. */
  take(most = Infinity): number {
    let lane = this.lowest;
    while (lane < this.taken.length && this.taken[lane]) lane++;
    this.lowest = lane;
    if (lane >= most) return -1;
    this.taken[lane] = true;
    this.count = Math.max(this.count, lane + 1);
    return lane;
  }

  release(lane: number): void {
    this.taken[lane] = false;
    if (lane < this.lowest) this.lowest = lane;
  }
}
