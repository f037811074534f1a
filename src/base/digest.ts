/**
 * An order-sensitive running hash of 128 bits: the fingerprint by which two runs are called equal.
 *
 * Four 32-bit lanes. Each word is scrambled with the oldest lane and spread over all four at once; every step is a
 * bijection of the state, so a difference can only vanish if four later words cancel it, 32 bits each. Not
 * cryptographic: it guards against accidents, not against forgers.
 *
 * Costs about 4 ns a word and allocates nothing (lanes are int32, which V8 keeps unboxed on 64-bit machines).
 */

const SCRAMBLE_FIRST = 0x2c9277b5;
const SCRAMBLE_SECOND = 0x5851f42d;
const STEP = 0x3c6ef35f;
const NAN_HIGH = 0x7ff80000;

const doubleView = new Float64Array(1);
const wordView = new Int32Array(doubleView.buffer);
doubleView[0] = 1;
/** Where the low half of a double stands on this machine: 1.0 has an empty low half. */
const LOW = wordView[0] === 0 ? 0 : 1;
const HIGH = 1 - LOW;

export class Digest {
  private first = 0x6a5d39ea;
  private second = 0x1216d5d9 | 0;
  private third = 0xb5470917 | 0;
  private fourth = 0x3f84d5b5;
  private wordCount = 0;

  /** Adds one int32; other numbers are cut to their low 32 bits. */
  addInt(n: number): void {
    let t = Math.imul(this.first ^ n, SCRAMBLE_FIRST);
    t = Math.imul(t ^ (t >>> 15), SCRAMBLE_SECOND);
    t ^= t >>> 13;
    this.first = (this.second + t + STEP) | 0;
    this.second = this.third ^ ((t << 11) | (t >>> 21));
    this.third = (this.fourth - ((t << 22) | (t >>> 10))) | 0;
    this.fourth = t;
    this.wordCount = (this.wordCount + 1) | 0;
  }

  /** Adds any double as two words; -0 counts as 0, and every NaN is the same NaN. */
  addNumber(n: number): void {
    if (n !== n) {
      this.addInt(0);
      this.addInt(NAN_HIGH);
      return;
    }
    doubleView[0] = n + 0;
    this.addInt(wordView[LOW]);
    this.addInt(wordView[HIGH]);
  }

  /** Adds a text as its length in UTF-16 units, then two units a word. */
  addText(s: string): void {
    const length = s.length;
    this.addInt(length);
    for (let i = 0; i < length; i += 2) {
      const right = i + 1 < length ? s.charCodeAt(i + 1) : 0;
      this.addInt(s.charCodeAt(i) | (right << 16));
    }
  }

  /** The digest of all that was added so far, 32 hex digits. Adding may go on afterwards as if nothing had happened. */
  hex(): string {
    const { first, second, third, fourth, wordCount } = this;
    for (let round = 0; round < 8; round++) this.addInt(wordCount + round);
    const text = hexWord(this.first) + hexWord(this.second) + hexWord(this.third) + hexWord(this.fourth);
    this.first = first;
    this.second = second;
    this.third = third;
    this.fourth = fourth;
    this.wordCount = wordCount;
    return text;
  }
}

function hexWord(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
