/**
 * Where the bytes of a trace come from. Reading is synchronous because the simulation loop is: `io/` wraps files
 * (and unpacks gzip), tests wrap arrays.
 */
export interface ByteSource {
  /** The next bytes, at least one; null at the end. The array may be reused by the next call. */
  read(): Uint8Array | null;
}

/** Bytes already in memory, dealt in pieces of at most `chunkBytes`. */
export function byteSourceOf(content: Uint8Array | string, chunkBytes = 65_536): ByteSource {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  let offset = 0;
  return {
    read(): Uint8Array | null {
      if (offset >= bytes.length) return null;
      const chunk = bytes.subarray(offset, offset + chunkBytes);
      offset += chunk.length;
      return chunk;
    },
  };
}

/** Both, one behind the other; `b` itself where `a` is empty. */
export function joinedBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

/** Whether a text begins with the mark of UTF-16, of either byte order. */
export function isUtf16([a, b]: Uint8Array): boolean {
  return (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff);
}

export interface ByteStart {
  /** The first bytes, one character each (Latin-1); fewer than asked for in a shorter source. */
  readonly head: string;
  /** The whole source, those bytes included. */
  readonly bytes: ByteSource;
}

/** Looks at the beginning of a source without losing it. */
export function startOf(source: ByteSource, count: number): ByteStart {
  const parts: Uint8Array[] = [];
  let length = 0;
  while (length < count) {
    const bytes = source.read();
    if (bytes === null) break;
    parts.push(bytes.slice());
    length += bytes.length;
  }
  let head = '';
  for (const part of parts)
    for (let i = 0; i < part.length && head.length < count; i++) head += String.fromCharCode(part[i]);
  let next = 0;
  return { head, bytes: { read: () => (next < parts.length ? parts[next++] : source.read()) } };
}
