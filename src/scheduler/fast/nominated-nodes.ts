/**
 * The nodes that pods are nominated to, by row, brought up to date by what has changed. The walk over all nominations
 * is the plain twin; it is made where more has changed than is known. A byte a node row.
 */
import type { SchedulerCache } from '../cache/scheduler-cache.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { SchedulerSnapshot } from '../cache/snapshot.ts';
import type { NominationLog } from '../queue/nominator.ts';

type NominationsByNode = ReadonlyMap<string, readonly number[]>;

export class NominatedNodes {
  readonly rows: Set<number> = new Set<number>();
  /** By row: 1 for those of `rows`. */
  isNominated: Uint8Array = new Uint8Array(0);
  private readonly cluster: SchedulerCache;
  private readonly snapshot: Pick<SchedulerSnapshot, 'nodes' | 'find'>;
  /** The list of nodes and the count of changes as of which the rows are. */
  private nodes: readonly NodeInfo[] | null = null;
  private changeCount = 0;
  private readonly changed = new Set<string>();

  constructor(cluster: SchedulerCache, snapshot: Pick<SchedulerSnapshot, 'nodes' | 'find'>) {
    this.cluster = cluster;
    this.snapshot = snapshot;
  }

  bringUpToDate(nominations: NominationsByNode, log: NominationLog): void {
    const { changed, snapshot } = this;
    const { capacity } = this.cluster.nodes;
    const isFollowed = this.nodes === snapshot.nodes && log.addChangedSince(this.changeCount, changed);
    if (!isFollowed) {
      this.isNominated = new Uint8Array(capacity);
      this.rows.clear();
    }
    for (const name of isFollowed ? changed : nominations.keys()) this.note(name, nominations.has(name));
    changed.clear();
    this.nodes = snapshot.nodes;
    this.changeCount = log.changeCount;
  }

  private note(name: string, isNominated: boolean): void {
    const row = this.snapshot.find(name)?.row;
    if (row === undefined) return;
    this.isNominated[row] = isNominated ? 1 : 0;
    if (isNominated) this.rows.add(row);
    else this.rows.delete(row);
  }
}
