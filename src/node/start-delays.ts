/**
 * How long a pod's sandbox and its containers take to start. Drawn once per pod when it is created, from streams of
 * its workload class, so that the n-th pod of a class has the same delays whatever the scheduler does. Pods whose
 * creation depends on earlier decisions draw from streams of their own and never shift the others: replacements of
 * lost pods, and pods pinned to a node (DaemonSets). Pods of a workload object draw from streams of that object, so
 * that what happens to one workload never shifts the delays of another. A pod that starts again in place keeps its
 * delays.
 *
 * Costs two draws per pod and 16 bytes per pod row.
 */
import { growFloat64 } from '../base/growable.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { LINEAGE_NAMES, Lineage, lineageOf, ownEntity } from '../cluster/lineages.ts';
import type { RandomStream, RandomStreams } from '../kernel/random.ts';
import { sampleMicros } from '../kernel/sampling.ts';
import type { KubeletSettings } from './settings.ts';

interface OwnStreams {
  readonly sandbox: RandomStream;
  readonly start: RandomStream;
}

export class StartDelays {
  /** By pod row: the sandbox's delay at `pod * 2`, the containers' after it: both are asked for together. */
  private micros: Float64Array = new Float64Array(0);
  private readonly cluster: Cluster;
  private readonly random: RandomStreams;
  private readonly settings: KubeletSettings;
  /** At class * 3 + lineage. */
  private readonly sandboxStreams: RandomStream[] = [];
  private readonly startStreams: RandomStream[] = [];
  /** By kind and key of a workload object. */
  private readonly ownStreams = new Map<string, OwnStreams>();

  constructor(cluster: Cluster, random: RandomStreams, settings: KubeletSettings) {
    this.cluster = cluster;
    this.random = random;
    this.settings = settings;
  }

  draw(pod: number): void {
    const { pods } = this.cluster;
    if (pod * 2 >= this.micros.length) this.micros = growFloat64(this.micros, pods.capacity * 2);
    const lineage = lineageOf(this.cluster, pod);
    if (lineage === Lineage.Own) return this.drawOwn(pod, pods.owner[pod]);
    const index = pods.workloadClass[pod] * LINEAGE_NAMES.length + lineage;
    if (this.sandboxStreams[index] === undefined) this.openStreams(index);
    this.micros[pod * 2] = sampleMicros(this.settings.sandboxSeconds, this.sandboxStreams[index]);
    this.micros[pod * 2 + 1] = sampleMicros(this.settings.containerStartSeconds, this.startStreams[index]);
  }

  private drawOwn(pod: number, owner: number): void {
    const name = ownEntity(this.cluster.workloads, owner);
    let streams = this.ownStreams.get(name);
    if (streams === undefined) {
      streams = { sandbox: this.random.stream('sandbox', name), start: this.random.stream('containerStart', name) };
      this.ownStreams.set(name, streams);
    }
    this.micros[pod * 2] = sampleMicros(this.settings.sandboxSeconds, streams.sandbox);
    this.micros[pod * 2 + 1] = sampleMicros(this.settings.containerStartSeconds, streams.start);
  }

  sandboxMicros(pod: number): number {
    return this.micros[pod * 2];
  }

  containerStartMicros(pod: number): number {
    return this.micros[pod * 2 + 1];
  }

  private openStreams(index: number): void {
    const lineage = index % LINEAGE_NAMES.length;
    const entity = `${this.cluster.classes.text((index - lineage) / LINEAGE_NAMES.length)}${LINEAGE_NAMES[lineage]}`;
    this.sandboxStreams[index] = this.random.stream('sandbox', entity);
    this.startStreams[index] = this.random.stream('containerStart', entity);
  }
}
