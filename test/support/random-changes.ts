/** Random mistakes in trees of values, such as somebody makes who edits a file. */
import fc from 'fast-check';

/** Values that belong almost nowhere. */
export const junk = fc.oneof(
  fc.constantFrom<unknown>(null, '', 'x', '10m', '1h', -1, 0, 1.5, 1e300, true, [], {}, 'Gi', '500m', '-5', 'forever', [null], { a: { b: 1 } }, 'toString', 'constructor', '99999999999999999999h', '0s', 'a b', '1e9', '.', '/'),
  fc.integer(),
  fc.string({ maxLength: 8 }),
);

/** One change somewhere in a tree: a value replaced, removed, or its key renamed. */
export interface Change {
  readonly at: number;
  readonly how: 'replace' | 'remove' | 'rename' | 'repeat';
  readonly value: unknown;
  readonly name: string;
}

export const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(10_000),
  how: fc.constantFrom('replace' as const, 'replace' as const, 'remove' as const, 'rename' as const, 'repeat' as const),
  value: junk,
  name: fc.constantFrom('nmae', 'count', 'kind', 'x', '', 'toString', '0', 'lifetime', 'requests'),
});

export function changed(tree: unknown, { at, how, value, name }: Change): unknown {
  const copy = structuredClone(tree);
  const places: { holder: Record<string, unknown>; key: string }[] = [];
  const walk = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, inner] of Object.entries(node)) {
      places.push({ holder: node as Record<string, unknown>, key });
      walk(inner);
    }
  };
  walk(copy);
  const place = places[at % Math.max(1, places.length)];
  if (place === undefined) return value;
  const { holder, key } = place;
  if (how === 'replace') holder[key] = value;
  else if (how === 'repeat' && Array.isArray(holder)) holder.push(holder[Number(key)]);
  else if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else {
    if (how === 'rename') holder[name] = holder[key];
    delete holder[key];
  }
  return copy;
}
