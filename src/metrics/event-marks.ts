/**
 * What is told by whoever makes it happen. Things worth a mark on a plot: marks of one kind at one instant become one;
 * beyond MAX_MARKS only their number is kept. And what each failure process, and each step that strikes nodes, did to
 * nodes and their pods.
 */
import { assert } from '../base/assert.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import { EvictionCause, PodOutcome } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterObserver } from '../cluster/observer.ts';
import type { CampaignFacts, MarkedEvent } from './run-result.ts';
import { SampleSet, summarizeSamples } from './sample-set.ts';

export const MAX_MARKS = 20_000;

interface Mark {
  readonly at: Micros;
  readonly kind: string;
  readonly labels: string[];
  count: number;
}

const LABELS_KEPT = 3;

export class EventMarks {
  /** Marks that were not kept. */
  dropped = 0;
  private readonly marks: Mark[] = [];
  /** Last mark by kind. */
  private readonly last = new Map<string, Mark>();

  add(at: Micros, kind: string, label: string, count: number): void {
    const last = this.last.get(kind);
    if (last !== undefined && last.at === at) {
      last.count += count;
      last.labels.push(label);
      return;
    }
    if (this.marks.length >= MAX_MARKS) {
      this.dropped++;
      return;
    }
    const mark: Mark = { at, kind, labels: [label], count };
    this.marks.push(mark);
    this.last.set(kind, mark);
  }

  result(): MarkedEvent[] {
    return this.marks.map(({ at, kind, labels, count }) => ({
      seconds: at / MICROS_PER_SECOND,
      kind,
      label: labelOf(labels),
      count,
    }));
  }
}

function labelOf(labels: readonly string[]): string {
  const shown = labels.slice(0, LABELS_KEPT).join(', ');
  return labels.length > LABELS_KEPT ? `${shown} and ${labels.length - LABELS_KEPT} more` : shown;
}

export type CampaignProcess = Pick<CampaignFacts, 'name' | 'kind' | 'scope'>;

interface Campaign {
  readonly process: CampaignProcess;
  strikes: number;
  readonly names: Set<string>;
  /** Since when, by row of the nodes that are struck. */
  readonly since: Map<number, Micros>;
  readonly durations: SampleSet;
  podsDisrupted: number;
  podsRestarted: number;
}

/** Not for a pod's node: somebody else needs its room, or wants it to go. */
const OTHER_CAUSES: ReadonlySet<number> = new Set([
  EvictionCause.None, EvictionCause.Preemption, EvictionCause.ScaleDown, EvictionCause.KubeletPreemption,
]);

/**
 * Costs an entry for each node of a process, 8 bytes each time that one is struck, and an entry for each pod that is
 * stopped with its machine or lost, while its object is there.
 */
export class Campaigns implements ClusterObserver {
  private readonly cluster: Cluster;
  private readonly campaigns: readonly Campaign[];
  /** By node row: those that hold it. */
  private readonly holders = new Map<number, Campaign[]>();
  /** By pod row: those that held its machine when it stopped, until the pod runs again. */
  private readonly interrupted = new Map<number, readonly Campaign[]>();
  /** Pods that count as lost. */
  private readonly lost = new Set<number>();

  constructor(cluster: Cluster, processes: readonly CampaignProcess[]) {
    this.cluster = cluster;
    this.campaigns = processes.map((process): Campaign => ({
      process, strikes: 0, names: new Set(), since: new Map(), durations: new SampleSet(),
      podsDisrupted: 0, podsRestarted: 0,
    }));
    cluster.observe(this);
    this.hush();
  }

  /** Most of the time nobody is struck and nobody waits to run again. */
  private hush(): void {
    const { cluster, holders, interrupted, lost } = this;
    cluster.hush(this, ['podInterrupted'], holders.size === 0);
    cluster.hush(this, ['podStarted'], interrupted.size === 0);
    cluster.hush(this, ['podTerminating', 'podRemoved'], holders.size + interrupted.size === 0);
    cluster.hush(this, ['podDeleted'], interrupted.size + lost.size === 0);
  }

  processStrikes(process: number): void {
    this.campaigns[process].strikes++;
  }

  nodeStruck(process: number, node: number): void {
    const campaign = this.campaigns[process];
    campaign.names.add(this.cluster.nodes.facts[node].name);
    campaign.since.set(node, this.cluster.now);
    this.holders.set(node, [...(this.holders.get(node) ?? []), campaign]);
    this.hush();
  }

  nodeReleased(process: number, node: number): void {
    const campaign = this.campaigns[process];
    const { since, durations } = campaign;
    const began = since.get(node);
    assert(began !== undefined, `node row ${String(node)} was not struck`);
    durations.add(this.cluster.now - began);
    since.delete(node);
    const left = (this.holders.get(node) ?? []).filter((other) => other !== campaign);
    if (left.length === 0) this.holders.delete(node);
    else this.holders.set(node, left);
    this.hush();
  }

  // ---- pods ------------------------------------------------------------------------------------------------------

  podInterrupted(pod: number): void {
    const holders = this.holders.get(this.cluster.pods.node[pod]);
    if (holders === undefined) return;
    this.interrupted.set(pod, holders);
    if (this.interrupted.size === 1) this.hush();
  }

  podStarted(pod: number): void {
    const holders = this.interrupted.get(pod);
    if (holders === undefined) return;
    this.interrupted.delete(pod);
    if (this.interrupted.size === 0) this.hush();
    for (const campaign of holders) campaign.podsRestarted++;
  }

  podTerminating(pod: number): void {
    const { cause, node } = this.cluster.pods;
    if (!OTHER_CAUSES.has(cause[pod])) this.lose(pod, node[pod]);
  }

  podRemoved(pod: number, node: number, _phaseBefore: number, outcome: PodOutcome): void {
    const isEvicted = outcome === PodOutcome.Evicted && !OTHER_CAUSES.has(this.cluster.pods.cause[pod]);
    const diedWithMachine = outcome === PodOutcome.Failed && this.interrupted.has(pod);
    if (isEvicted || diedWithMachine) this.lose(pod, node);
  }

  podDeleted(pod: number): void {
    this.interrupted.delete(pod);
    this.lost.delete(pod);
    if (this.interrupted.size + this.lost.size === 0) this.hush();
  }

  /** Once, for all that hold its node, or held it when its machine stopped. */
  private lose(pod: number, node: number): void {
    const holders = this.interrupted.get(pod) ?? this.holders.get(node);
    if (holders === undefined || this.lost.has(pod)) return;
    this.lost.add(pod);
    if (this.lost.size === 1) this.hush();
    for (const campaign of holders) campaign.podsDisrupted++;
  }

  // ---- the result ------------------------------------------------------------------------------------------------

  /** Closes the books. Once. Nothing where nobody was struck. */
  facts(): { readonly campaigns?: readonly CampaignFacts[] } {
    if (this.campaigns.every(({ strikes }) => strikes === 0)) return {};
    return { campaigns: this.campaigns.map((campaign) => this.factsOf(campaign)) };
  }

  private factsOf(campaign: Campaign): CampaignFacts {
    const { strikes, names, since, durations, podsDisrupted, podsRestarted } = campaign;
    const { name, kind, scope } = campaign.process;
    for (const began of since.values()) durations.addCensored(this.cluster.now - began);
    const { p50, max } = summarizeSamples([durations], MICROS_PER_SECOND).quantiles;
    return {
      name, kind, scope, strikes,
      nodesStruck: names.size, nodesStruckAtEnd: since.size,
      nodeSeconds: durations.sum / MICROS_PER_SECOND, medianSeconds: p50, longestSeconds: max,
      podsDisrupted, podsRestarted,
    };
  }
}
