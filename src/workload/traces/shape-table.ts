/** Shapes of jobs by key, so that like rows share one object. Emptied when full: that changes no answer. */
import type { JobShape } from './trace-format.ts';

const MOST_SHAPES = 65_536;
export const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});

/** A shape with everything that most traces do not tell. */
export function plainShape(nameBase: string, parts: Partial<JobShape>): JobShape {
  return {
    nameBase, namespace: 'default', priority: 0, class: nameBase, labels: NO_LABELS, nodeSelector: NO_LABELS, nodeAffinityAnyOf: [],
    requests: {}, spec: null, ...parts,
  };
}

export class ShapeTable {
  private readonly byKey = new Map<string, JobShape>();

  of(key: string, make: () => JobShape): JobShape {
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    if (this.byKey.size >= MOST_SHAPES) this.byKey.clear();
    const shape = make();
    // A copy of the key: it is often cut out of a large block of text.
    this.byKey.set(` ${key}`.slice(1), shape);
    return shape;
  }
}
