/**
 * What random clusters do besides letting pods come and go: groups that want to be together vanish and return, nodes
 * are replaced under their names, several schedulers are named. Shared by the clusters of the laws.
 */
import { EvictionCause, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import type { Cluster } from '../../src/cluster/cluster.ts';
import type { Node, Pod } from '../../src/cluster/objects.ts';
import type { RandomStream } from '../../src/kernel/random.ts';
import { QueuePlace } from '../../src/scheduler/queue/scheduling-queue.ts';
import type { Scheduler } from '../../src/scheduler/scheduler.ts';

/** A profile beside the default one, with scores and a share of nodes of its own; and a name that no profile has. */
export const PACKER = 'packer';
export const NOBODY = 'nobody';

export function packerProfile(percentageOfNodesToScore: number): object {
  const args = {
    scoringStrategy: {
      type: 'MostAllocated',
      resources: [
        { name: 'cpu', weight: 1 },
        { name: 'memory', weight: 1 },
      ],
    },
  };
  return { schedulerName: PACKER, percentageOfNodesToScore, pluginConfig: [{ name: 'NodeResourcesFit', args }] };
}

/** Pods of another scheduler are nobody's: in no queue, never tried, without a node. Throws otherwise. */
export function assertForeignPodsLeftAlone({ pods, templates }: Cluster, { queue }: Scheduler): void {
  for (let pod = 0; pod < pods.length; pod++) {
    if (pods.phase[pod] === PodPhase.Free || templates.get(pods.template[pod]).schedulerName !== NOBODY) continue;
    if (pods.node[pod] >= 0 || queue.placeOf(pod) !== QueuePlace.None || queue.attempts(pod) !== 0)
      throw new Error(`pod row ${pod} of another scheduler was taken`);
  }
}

export function aliveNodes({ nodes }: Cluster): number[] {
  const rows: number[] = [];
  for (let row = 0; row < nodes.length; row++) if (nodes.alive[row] === 1) rows.push(row);
  return rows;
}

/** Pods of each of these groups have to stand where others of it do; the first one may go anywhere. */
export class Groups {
  /** Times that a group came back after it had gone altogether. */
  returns = 0;
  private readonly cluster: Cluster;
  /** Template ids. */
  private readonly templates: readonly number[];
  private readonly gone = new Set<number>();

  constructor(cluster: Cluster, topologyKeys: readonly (readonly string[])[]) {
    this.cluster = cluster;
    this.templates = topologyKeys.map((keys, index) => cluster.internTemplate(groupPod(`group-${index}`, keys)).id);
  }

  /** Some group grows, or loses all its pods at once. */
  change(dice: RandomStream, step: number): void {
    const { cluster } = this;
    const template = this.templates[Math.floor(dice.next() * this.templates.length)];
    const members = this.membersOf(template);
    if (members.length === 0 && this.gone.delete(template)) this.returns++;
    if (members.length > 0 && dice.next() < 0.6) {
      this.gone.add(template);
      for (const pod of members) endNow(cluster, pod);
      return;
    }
    const count = 1 + Math.floor(dice.next() * 4);
    for (let i = 0; i < count; i++) {
      cluster.createPod({
        template,
        nameBase: cluster.names.intern(`g${step}`),
        nameOrdinal: i,
        owner: -1,
        workloadClass: 0,
        durationMicros: Infinity,
        pinnedNode: -1,
      });
    }
  }

  private membersOf(template: number): number[] {
    const { pods } = this.cluster;
    const rows: number[] = [];
    for (let pod = 0; pod < pods.length; pod++)
      if (pods.phase[pod] !== PodPhase.Free && pods.template[pod] === template) rows.push(pod);
    return rows;
  }
}

function groupPod(app: string, keys: readonly string[]): Pod {
  const terms = keys.map((topologyKey) => ({ topologyKey, labelSelector: { matchLabels: { app } } }));
  const requests = { cpu: '200m', memory: '100Mi' };
  return {
    metadata: { namespace: 'default', labels: { app } },
    spec: {
      containers: [{ name: 'c', image: 'registry/web:v1', resources: { requests } }],
      affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
    },
  };
}

/** A pod that runs has succeeded; any other is deleted. */
function endNow(cluster: Cluster, pod: number): void {
  if (cluster.pods.phase[pod] === PodPhase.Bound && !cluster.pods.isTerminating(pod))
    cluster.removePod(pod, PodOutcome.Succeeded);
  else cluster.terminatePod(pod, EvictionCause.Api);
}

/**
 * Up to three nodes go, and come again under their names before anybody looks: with their pods or without, in another
 * order, as another object. Returns how many.
 */
export function replaceNodes(cluster: Cluster, dice: RandomStream, renewed: (name: string) => Node): number {
  const rows = aliveNodes(cluster);
  const chosen = new Set(Array.from({ length: 3 }, () => rows[Math.floor(dice.next() * rows.length)]));
  const names = [...chosen].map((row) => cluster.nodes.facts[row].name);
  for (const row of chosen) {
    if (dice.next() < 0.5)
      for (const pod of cluster.nodes.pods[row].slice())
        if (cluster.pods.phase[pod] === PodPhase.Bound) cluster.removePod(pod, PodOutcome.Succeeded);
    cluster.removeNode(row);
  }
  if (dice.next() < 0.5) names.reverse();
  for (const name of names) cluster.addNode(renewed(name));
  return names.length;
}

/** A pod gets other labels or asks for less, wherever it stands: waiting, chosen for, bound or on its way out. */
export function updatePod(cluster: Cluster, dice: RandomStream, templates: readonly number[]): void {
  const { pods } = cluster;
  for (let tries = 0; tries < 8; tries++) {
    const pod = Math.floor(dice.next() * pods.length);
    if (pod >= pods.length || pods.phase[pod] === PodPhase.Free) continue;
    const template = templates[Math.floor(dice.next() * templates.length)];
    const { schedulerName, priority } = cluster.templates.get(template);
    const known = cluster.templateOf(pod);
    // What an API server would refuse to change.
    if (schedulerName !== known.schedulerName || priority !== known.priority) continue;
    return cluster.updatePod(pod, template);
  }
}
