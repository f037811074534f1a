/**
 * CRC-32 as gzip uses it (polynomial 0xedb88320), incremental, eight bytes a step: tables of 8 KiB, about 1 ns a byte.
 */

const TABLES = makeTables();

export class Crc32 {
  private register = -1;

  add(bytes: Uint8Array): void {
    let crc = this.register;
    const t = TABLES;
    const whole = bytes.length - (bytes.length % 8);
    let i = 0;
    for (; i < whole; i += 8) {
      crc =
        t[1792 + ((crc ^ bytes[i]) & 255)] ^
        t[1536 + (((crc >>> 8) ^ bytes[i + 1]) & 255)] ^
        t[1280 + (((crc >>> 16) ^ bytes[i + 2]) & 255)] ^
        t[1024 + ((crc >>> 24) ^ bytes[i + 3])] ^
        t[768 + bytes[i + 4]] ^
        t[512 + bytes[i + 5]] ^
        t[256 + bytes[i + 6]] ^
        t[bytes[i + 7]];
    }
    for (; i < bytes.length; i++) crc = t[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
    this.register = crc;
  }

  /** The sum of everything added, as an unsigned 32-bit number. */
  value(): number {
    return ~this.register >>> 0;
  }

  reset(): void {
    this.register = -1;
  }
}

/** Table k (at 256 k) moves a byte on by k further bytes. */
function makeTables(): Int32Array {
  const tables = new Int32Array(2048);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    tables[byte] = crc;
  }
  for (let at = 256; at < 2048; at++) tables[at] = (tables[at - 256] >>> 8) ^ tables[tables[at - 256] & 255];
  return tables;
}
