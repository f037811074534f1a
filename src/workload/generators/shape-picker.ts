/** Draws the shape of an arrival: each with probability weight / sum of weights, one draw an arrival. */
import { assert } from '../../base/assert.ts';
import type { RandomStream } from '../../kernel/random.ts';
import type { PodShape } from '../../simulation/scenario.ts';

export class ShapePicker {
  /** Running sums of the weights. */
  private readonly bounds: Float64Array;
  private readonly stream: RandomStream;

  constructor(shapes: readonly PodShape[], stream: RandomStream) {
    this.bounds = new Float64Array(shapes.length);
    this.stream = stream;
    let sum = 0;
    shapes.forEach(({ weight }, index) => {
      assert(weight >= 0, 'the weight of a shape must not be negative');
      sum += weight;
      this.bounds[index] = sum;
    });
    assert(shapes.length === 0 || sum > 0, 'at least one shape must have a weight above 0');
  }

  /** Index of a shape; -1 when there are none (then nothing is drawn). A shape of weight 0 is never drawn. */
  pick(): number {
    const { bounds } = this;
    if (bounds.length === 0) return -1;
    const point = this.stream.next() * bounds[bounds.length - 1];
    let low = 0;
    let high = bounds.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (point < bounds[middle]) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
