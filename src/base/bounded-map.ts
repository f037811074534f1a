/** A map that makes what it is asked for, and holds so many entries at most: the one that came first makes room. */
export class BoundedMap<K, V> {
  private readonly entries = new Map<K, V>();
  private readonly most: number;
  private readonly make: () => V;

  constructor(most: number, make: () => V) {
    this.most = most;
    this.make = make;
  }

  of(key: K): V {
    const known = this.entries.get(key);
    if (known !== undefined) return known;
    if (this.entries.size >= this.most) {
      const [first] = this.entries.keys();
      this.entries.delete(first);
    }
    const made = this.make();
    this.entries.set(key, made);
    return made;
  }
}
