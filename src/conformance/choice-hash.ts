/** FNV-1a, 64 bits, over the names of chosen nodes: how a long recording is checked as a whole. */
const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;

export class ChoiceHash {
  private state = OFFSET;

  /** An empty name stands for a pod that fitted nowhere. Names are ASCII. */
  add(nodeName: string): void {
    for (let i = 0; i < nodeName.length; i++) this.addByte(nodeName.charCodeAt(i));
    this.addByte(0x2c);
  }

  hex(): string {
    return this.state.toString(16).padStart(16, '0');
  }

  private addByte(byte: number): void {
    this.state = BigInt.asUintN(64, (this.state ^ BigInt(byte)) * PRIME);
  }
}
