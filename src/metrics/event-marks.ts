/**
 * What is told by whoever makes it happen. Things worth a mark on a plot: marks of one kind at one instant become one;
 * beyond MAX_MARKS only their number is kept. And what each failure process did to nodes.
 */
import { assert } from '../base/assert.ts';
import { MICROS_PER_SECOND } from '../base/time.ts';
import type { Micros } from '../base/time.ts';
import type { Cluster } from '../cluster/cluster.ts';
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
}

/** Costs an entry for each node of a process and 8 bytes each time that one is struck. */
export class Campaigns {
  private readonly cluster: Cluster;
  private readonly campaigns: readonly Campaign[];

  constructor(cluster: Cluster, processes: readonly CampaignProcess[]) {
    this.cluster = cluster;
    this.campaigns = processes.map((process): Campaign => ({
      process, strikes: 0, names: new Set(), since: new Map(), durations: new SampleSet(),
    }));
  }

  processStrikes(process: number): void {
    this.campaigns[process].strikes++;
  }

  nodeStruck(process: number, node: number): void {
    const { names, since } = this.campaigns[process];
    names.add(this.cluster.nodes.facts[node].name);
    since.set(node, this.cluster.now);
  }

  nodeReleased(process: number, node: number): void {
    const { since, durations } = this.campaigns[process];
    const began = since.get(node);
    assert(began !== undefined, `node row ${String(node)} was not struck`);
    durations.add(this.cluster.now - began);
    since.delete(node);
  }

  /** Closes the books. Once. Nothing where nobody was struck. */
  facts(): { readonly campaigns?: readonly CampaignFacts[] } {
    if (this.campaigns.every(({ strikes }) => strikes === 0)) return {};
    return { campaigns: this.campaigns.map((campaign) => this.factsOf(campaign)) };
  }

  private factsOf({ process: { name, kind, scope }, strikes, names, since, durations }: Campaign): CampaignFacts {
    for (const began of since.values()) durations.addCensored(this.cluster.now - began);
    const { p50, max } = summarizeSamples([durations], MICROS_PER_SECOND).quantiles;
    return {
      name, kind, scope, strikes,
      nodesStruck: names.size, nodesStruckAtEnd: since.size,
      nodeSeconds: durations.sum / MICROS_PER_SECOND, medianSeconds: p50, longestSeconds: max,
    };
  }
}
