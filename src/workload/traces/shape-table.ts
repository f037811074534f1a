/** Shapes of jobs by key, so that like rows share one object. Emptied when full: that changes no answer. */
import { detached } from './cells.ts';
import type { JobShape } from './trace-format.ts';

const MOST_SHAPES = 65_536;
export const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});

/** A shape with everything that most traces do not tell. */
export function plainShape(nameBase: string, parts: Partial<JobShape>): JobShape {
  return {
    nameBase,
    namespace: 'default',
    priority: 0,
    class: nameBase,
    labels: NO_LABELS,
    nodeSelector: NO_LABELS,
    nodeAffinityAnyOf: [],
    requests: {},
    spec: null,
    ...parts,
  };
}

type Level<Below> = Map<string | number, Below>;

/**
 * Keys have four parts, looked up one after the other: joining them to a text would cost more than all else of a row.
 */
export class ShapeTable {
  private byKey: Level<Level<Level<Level<JobShape>>>> = new Map();
  private count = 0;

  of(a: string | number, b: number, c: number, d: number, make: () => JobShape): JobShape {
    const known = this.byKey.get(a)?.get(b)?.get(c)?.get(d);
    if (known !== undefined) return known;
    if (this.count >= MOST_SHAPES) {
      this.byKey = new Map();
      this.count = 0;
    }
    const shape = make();
    // A copy of the text: it is often cut out of a large block.
    const own = typeof a === 'string' ? detached(a) : a;
    below(below(below(this.byKey, own), b), c).set(d, shape);
    this.count++;
    return shape;
  }
}

function below<Below>(level: Level<Level<Below>>, part: string | number): Level<Below> {
  let next = level.get(part);
  if (next === undefined) {
    next = new Map();
    level.set(part, next);
  }
  return next;
}
