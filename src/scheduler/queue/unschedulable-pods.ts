/** The pods that wait for an event, grouped by what decides whether an event helps: template, rejecting plugins, gate. Add and remove are O(1). */
export interface PodGroup {
  readonly pods: Set<number>;
  /** Bit of the gating plugin, 0: not gated. */
  readonly gate: number;
}

export class UnschedulablePods {
  private readonly byKey = new Map<string, PodGroup>();
  private readonly groupOf = new Map<number, { readonly key: string; readonly group: PodGroup }>();
  gatedCount = 0;

  get size(): number {
    return this.groupOf.size;
  }

  add(pod: number, template: number, rejectors: number, pendings: number, gate: number): void {
    const key = `${template} ${rejectors} ${pendings} ${gate}`;
    let group = this.byKey.get(key);
    if (group === undefined) this.byKey.set(key, (group = { pods: new Set(), gate }));
    group.pods.add(pod);
    this.groupOf.set(pod, { key, group });
    if (gate !== 0) this.gatedCount++;
  }

  remove(pod: number): void {
    const entry = this.groupOf.get(pod);
    if (entry === undefined) return;
    this.groupOf.delete(pod);
    entry.group.pods.delete(pod);
    if (entry.group.pods.size === 0) this.byKey.delete(entry.key);
    if (entry.group.gate !== 0) this.gatedCount--;
  }

  /** A copy: groups may come and go while it is walked. */
  groups(): PodGroup[] {
    return [...this.byKey.values()];
  }

  rows(): Iterable<number> {
    return this.groupOf.keys();
  }
}
