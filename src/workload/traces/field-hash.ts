/** 53 bits of two FNV-1a hashes that go through the fields at once. */
export class FieldHash {
  private a = 0;
  private b = 0;

  start(): this {
    this.a = 0x811c9dc5;
    this.b = 0x2bd8f1a7;
    return this;
  }

  addField(text: string, from: number, to: number): this {
    let { a, b } = this;
    for (let i = from; i < to; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b ^ code, 0x85ebca6b);
    }
    // What ends a field is no letter.
    this.a = Math.imul(a ^ 0x1_0000, 0x01000193);
    this.b = Math.imul(b ^ 0x1_0000, 0x85ebca6b);
    return this;
  }

  value(): number {
    return (this.a >>> 0) * 2_097_152 + ((this.b ^ (this.b >>> 15)) >>> 11);
  }
}
