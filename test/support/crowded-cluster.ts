/**
 * A few nodes, always nearly full of small pods that come and go, and large pods that no node takes for thousands of
 * changes of nodes; they are tried now and then, go away and come again, until a node is emptied for them. Driven by
 * one stream, so a seed names a case.
 */
import { Cluster, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import { PodBelief } from '../../src/scheduler/cache/cached-pods.ts';
import type { PodSpec } from '../../src/cluster/objects.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import { churnScheduler } from './churn-scheduler.ts';

export interface CrowdedOptions {
  readonly seed: string;
  readonly plain: boolean;
  readonly nodes: number;
  /** Changes of nodes until the end. */
  readonly changes: number;
}

export interface CrowdedResult {
  readonly digest: string;
  readonly decisions: number;
  readonly messages: readonly string[];
  /** Changes of nodes between two large pods that were bound, the most of all; and how many were bound. */
  readonly longestBlock: number;
  readonly largeBound: number;
}

/** Changes of nodes from one emptied node to the next: more than a ring of them. */
const PATIENCE = 4600;
const ZONE = 'topology.kubernetes.io/zone';

export function crowdedRun({ seed, plain, nodes, changes }: CrowdedOptions): CrowdedResult {
  const kernel = new Kernel({ seed });
  const cluster = new Cluster(kernel);
  const dice = kernel.random.stream('crowd');
  const roll = (count: number): number => Math.floor(dice.next() * count);
  for (let i = 0; i < nodes; i++) {
    cluster.addNode({
      metadata: { name: `n${i}`, labels: { [ZONE]: `z${i % 2}` } },
      status: { allocatable: { cpu: '4', memory: '8Gi', pods: '40' } },
    });
  }
  const { scheduler, messages } = churnScheduler(kernel, cluster, {
    plain,
    configuration: undefined,
    registry: pluginRegistry(),
    reapMicros: 1000,
  });
  const template = (cpu: string, more: PodSpec = {}, labels: Readonly<Record<string, string>> = {}): number =>
    cluster.internTemplate({
      metadata: { namespace: 'default', labels },
      spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu, memory: '10Mi' } } }], ...more },
    }).id;
  const small = ['200m', '300m', '500m'].map((cpu) => template(cpu));
  // The second has a test by topology domain as long as there are pods that it keeps away from.
  const away = {
    podAntiAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: ZONE, labelSelector: { matchLabels: { size: 'huge' } } },
      ],
    },
  };
  const large = [
    template('3500m'),
    template('3600m', { affinity: away }, { size: 'huge' }),
    template('3700m', { nodeSelector: { [ZONE]: 'z0' } }),
  ];
  const create = (id: number, name: string): void =>
    void cluster.createPod({
      template: id,
      nameBase: cluster.names.intern(name),
      nameOrdinal: -1,
      owner: -1,
      workloadClass: 0,
      durationMicros: Infinity,
      pinnedNode: -1,
    });
  const { pods } = scheduler.cache;
  const rowsOf = (ids: readonly number[], belief: PodBelief): number[] => {
    const rows: number[] = [];
    for (let pod = 0; pod < cluster.pods.length; pod++)
      if (pods.belief[pod] === belief && ids.includes(cluster.pods.template[pod])) rows.push(pod);
    return rows;
  };
  let [longestBlock, largeBound, lastBound, emptiedAt] = [0, 0, 0, 0];
  const isLarge = new Set(large);
  cluster.observe({
    podBound: (pod) => {
      if (!isLarge.has(cluster.pods.template[pod])) return;
      largeBound++;
      longestBlock = Math.max(longestBlock, scheduler.cache.nodes.changeCount - lastBound);
      lastBound = scheduler.cache.nodes.changeCount;
    },
  });
  for (let step = 0; scheduler.cache.nodes.changeCount < changes; step++) {
    const waiting = rowsOf(small, PodBelief.Waiting);
    if (waiting.length < 3) for (let i = 0; i < 4; i++) create(small[roll(small.length)], `s${step}-${i}`);
    const running = rowsOf(small, PodBelief.Assigned);
    // A node is never empty by chance: what leaves is replaced at once by what waits.
    for (let i = 0; i < 3 && running.length > 0; i++) {
      const pod = running.splice(roll(running.length), 1)[0];
      cluster.removePod(pod, PodOutcome.Succeeded);
    }
    if (dice.next() < 0.02) create(large[roll(large.length)], `l${step}`);
    const wanting = rowsOf(large, PodBelief.Waiting);
    if (wanting.length > 2 || (wanting.length > 0 && dice.next() < 0.02))
      cluster.removePod(wanting[0], PodOutcome.Deleted);
    for (const pod of rowsOf(large, PodBelief.Assigned))
      if (dice.next() < 0.2) cluster.removePod(pod, PodOutcome.Succeeded);
    if (scheduler.cache.nodes.changeCount - emptiedAt > PATIENCE) {
      emptiedAt = scheduler.cache.nodes.changeCount;
      for (const pod of waiting.concat(rowsOf(small, PodBelief.Waiting)))
        if (pods.belief[pod] === PodBelief.Waiting) cluster.removePod(pod, PodOutcome.Deleted);
      for (const pod of cluster.nodes.pods[roll(nodes)].slice())
        if (cluster.pods.phase[pod] === PodPhase.Bound) cluster.removePod(pod, PodOutcome.Succeeded);
      for (const id of large) create(id, `r${step}`);
      kernel.run({ until: kernel.now + 2_000_000 });
    }
    kernel.run({ until: kernel.now + 1000 + roll(9000) });
    if (dice.next() < 0.01) kernel.run({ until: kernel.now + 1_500_000 });
  }
  kernel.run({ until: kernel.now + 20_000_000 });
  return { digest: kernel.digest.hex(), decisions: scheduler.decisions, messages, longestBlock, largeBound };
}
