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
