/** Growth of typed-array columns: capacity doubles, contents move over, the caller stores the returned array. */

/** The next capacity that holds `needed` rows, at least doubling `capacity`. */
export function grownCapacity(capacity: number, needed: number): number {
  let next = Math.max(16, capacity);
  while (next < needed) next *= 2;
  return next;
}

export function growFloat64(column: Float64Array, length: number, fill = 0): Float64Array {
  const next = new Float64Array(length);
  next.set(column);
  if (fill !== 0) next.fill(fill, column.length);
  return next;
}

export function growInt32(column: Int32Array, length: number, fill = 0): Int32Array {
  const next = new Int32Array(length);
  next.set(column);
  if (fill !== 0) next.fill(fill, column.length);
  return next;
}

export function growUint32(column: Uint32Array, length: number): Uint32Array {
  const next = new Uint32Array(length);
  next.set(column);
  return next;
}

export function growUint8(column: Uint8Array, length: number): Uint8Array {
  const next = new Uint8Array(length);
  next.set(column);
  return next;
}

/** The array, or where it is shorter than `size` one of at least twice its length. */
export function withRoom(counts: Int32Array, size: number): Int32Array {
  if (size <= counts.length) return counts;
  const grown = new Int32Array(Math.max(size, 2 * counts.length));
  grown.set(counts);
  return grown;
}
