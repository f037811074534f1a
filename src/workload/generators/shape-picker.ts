/**
 * Draws the shape of an arrival: each with probability weight / sum of weights, one draw an arrival. The draw is
 * inverted by a guide table (Chen and Asau 1974): about two comparisons, however many shapes there are.
 */
import { assert } from '../../base/assert.ts';
import type { RandomStream } from '../../kernel/random.ts';
import type { PodShape } from '../settings.ts';

export class ShapePicker {
  /** Running sums of the weights. */
  private readonly bounds: Float64Array;
  /** For each of as many equal parts of the sum as there are shapes: the shape at the part's beginning. */
  private readonly guide: Int32Array;
  private readonly stream: RandomStream;

  constructor(shapes: readonly PodShape[], stream: RandomStream) {
    const count = shapes.length;
    this.bounds = new Float64Array(count);
    this.guide = new Int32Array(count);
    this.stream = stream;
    let sum = 0;
    shapes.forEach(({ weight }, index) => {
      assert(weight >= 0, 'the weight of a shape must not be negative');
      sum += weight;
      this.bounds[index] = sum;
    });
    assert(count === 0 || sum > 0, 'at least one shape must have a weight above 0');
    for (let part = 0, shape = 0; part < count; part++) {
      while (this.bounds[shape] <= (part / count) * sum) shape++;
      this.guide[part] = shape;
    }
  }

  /** Index of a shape; -1 when there are none (then nothing is drawn). A shape of weight 0 is never drawn. */
  pick(): number {
    const { bounds } = this;
    const count = bounds.length;
    if (count === 0) return -1;
    const draw = this.stream.next();
    const point = draw * bounds[count - 1];
    let shape = this.guide[Math.floor(draw * count)];
    while (shape > 0 && bounds[shape - 1] > point) shape--;
    while (bounds[shape] <= point) shape++;
    return shape;
  }
}
