/**
 * MessagePack as plain values (github.com/msgpack/msgpack, spec.md): what SimKube writes. Maps become Maps, because
 * their keys may be lists; whole numbers beyond 2^53 lose their last digits; binary and extension types are not taken.
 */
import { InputError } from '../../base/input-error.ts';

const DEEPEST = 200;

export function decodeMsgpack(bytes: Uint8Array, file: string): unknown {
  const reader = new MsgpackReader(bytes, file);
  const value = reader.value(0);
  if (reader.offset < bytes.length) reader.refuse('expected one value, found more behind it');
  return value;
}

class MsgpackReader {
  offset = 0;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly file: string;
  private readonly decoder = new TextDecoder('utf-8', { fatal: true });

  constructor(bytes: Uint8Array, file: string) {
    this.bytes = bytes;
    this.file = file;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  refuse(message: string): never {
    throw new InputError({ file: this.file, message: `broken MessagePack at byte ${String(this.offset)}: ${message}` });
  }

  value(depth: number): unknown {
    if (depth > DEEPEST) this.refuse(`values nested more than ${String(DEEPEST)} deep`);
    const type = this.uint(1);
    if (type <= 0x7f) return type;
    if (type <= 0x8f) return this.map(type & 0x0f, depth);
    if (type <= 0x9f) return this.list(type & 0x0f, depth);
    if (type <= 0xbf) return this.text(type & 0x1f);
    if (type >= 0xe0) return type - 256;
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return this.take(4, (at) => this.view.getFloat32(at));
      case 0xcb:
        return this.take(8, (at) => this.view.getFloat64(at));
      case 0xcc:
      case 0xcd:
      case 0xce:
      case 0xcf:
        return this.uint(1 << (type - 0xcc));
      case 0xd0:
      case 0xd1:
      case 0xd2:
      case 0xd3:
        return this.int(1 << (type - 0xd0));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.text(this.uint(1 << (type - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.list(this.uint(2 << (type - 0xdc)), depth);
      case 0xde:
      case 0xdf:
        return this.map(this.uint(2 << (type - 0xde)), depth);
      default:
        return this.refuse(`the type 0x${type.toString(16)} is not taken`);
    }
  }

  private uint(length: number): number {
    return this.take(length, (at) => {
      if (length === 8) return Number(this.view.getBigUint64(at));
      return length === 1 ? this.view.getUint8(at) : length === 2 ? this.view.getUint16(at) : this.view.getUint32(at);
    });
  }

  private int(length: number): number {
    return this.take(length, (at) => {
      if (length === 8) return Number(this.view.getBigInt64(at));
      return length === 1 ? this.view.getInt8(at) : length === 2 ? this.view.getInt16(at) : this.view.getInt32(at);
    });
  }

  private text(length: number): string {
    return this.take(length, (at) => {
      try {
        return this.decoder.decode(this.bytes.subarray(at, at + length));
      } catch {
        return this.refuse('a text that is not UTF-8');
      }
    });
  }

  private list(count: number, depth: number): unknown[] {
    // Every value takes a byte at least: a length beyond that is a lie, and would take memory.
    if (count > this.bytes.length - this.offset) this.refuse('it ends within a list: the file was cut short');
    return Array.from({ length: count }, () => this.value(depth + 1));
  }

  private map(count: number, depth: number): Map<unknown, unknown> {
    if (count > this.bytes.length - this.offset) this.refuse('it ends within a map: the file was cut short');
    const map = new Map<unknown, unknown>();
    for (let i = 0; i < count; i++) {
      const key = this.value(depth + 1);
      map.set(key, this.value(depth + 1));
    }
    return map;
  }

  private take<T>(length: number, read: (at: number) => T): T {
    if (this.offset + length > this.bytes.length) this.refuse('it ends within a value: the file was cut short');
    const at = this.offset;
    this.offset += length;
    return read(at);
  }
}
