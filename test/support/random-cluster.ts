/** Random clusters and workloads for differential tests: driven by one stream, so a seed names a case. */
import { Cluster, EvictionCause, PodOutcome, PodPhase } from '../../src/cluster/cluster.ts';
import type { KubernetesVersion } from '../../src/cluster/kubernetes-versions.ts';
import type { Node, Pod } from '../../src/cluster/objects.ts';
import { Kernel } from '../../src/kernel/kernel.ts';
import type { RandomStream } from '../../src/kernel/random.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';
import {
  Groups, NOBODY, PACKER, aliveNodes, assertForeignPodsLeftAlone, packerProfile, replaceNodes, updatePod,
} from './churn-kinds.ts';
import { churnScheduler } from './churn-scheduler.ts';

export interface RandomRun {
  readonly digest: string;
  readonly decisions: number;
  readonly unschedulable: number;
  readonly messages: readonly string[];
}

export interface RandomRunOptions {
  readonly seed: string;
  readonly plain: boolean;
  readonly nodes: number;
  readonly steps: number;
  readonly configuration?: unknown;
  readonly kubernetes?: KubernetesVersion | undefined;
  /** Called at the end, and now and then. */
  readonly check?: (cluster: Cluster) => void;
}

const CONFIGURATION = {
  apiVersion: 'kubescheduler.config.k8s.io/v1',
  kind: 'KubeSchedulerConfiguration',
  profiles: [{ schedulerName: 'default-scheduler' }, packerProfile(40)],
};

/** Creates nodes; then pods come, change and go, nodes too, and are replaced; schedules in between. */
export function randomRun(options: RandomRunOptions): RandomRun {
  const kernel = new Kernel({ seed: options.seed });
  const cluster = new Cluster(kernel, options.kubernetes);
  const dice = kernel.random.stream('test');
  const registry = pluginRegistry();
  for (let i = 0; i < options.nodes; i++) cluster.addNode(randomNode(dice, i));
  for (const app of APPS) cluster.putObject('Service', { kind: 'Service', metadata: { name: app, namespace: 'default' }, spec: { selector: { app: app === 'db' ? 'nothing' : app } } } as never);
  const { plain, configuration = CONFIGURATION } = options;
  const { scheduler, messages } = churnScheduler(kernel, cluster, { plain, configuration, registry, reapMicros: 2000 });
  const groups = new Groups(cluster, [['topology.kubernetes.io/zone'], ['disk', 'kubernetes.io/hostname']]);
  let nodeCount = options.nodes;
  const templates: number[] = [];
  for (let step = 0; step < options.steps; step++) {
    const roll = dice.next();
    if (roll < 0.7) templates.push(createRandomPod(cluster, dice, step));
    else if (roll < 0.88) finishRandomPod(cluster, dice);
    else if (roll < 0.9) groups.change(dice, step);
    else if (roll < 0.91) replaceNodes(cluster, dice, (name) => randomNode(dice, Number(name.slice('node-'.length))));
    else if (roll < 0.92) updatePod(cluster, dice, templates);
    else if (roll < 0.95) updateRandomNode(cluster, dice);
    else if (roll < 0.97) cluster.addNode(randomNode(dice, nodeCount++));
    else if (roll < 0.98) removeRandomNode(cluster, dice);
    else kernel.run({ until: kernel.now + 3_000_000 });
    kernel.run({ until: kernel.now + Math.floor(dice.next() * 4000) });
    if (step % 97 === 0) options.check?.(cluster);
  }
  kernel.run({ until: kernel.now + 60_000_000 });
  options.check?.(cluster);
  assertForeignPodsLeftAlone(cluster, scheduler);
  return { digest: kernel.digest.hex(), decisions: scheduler.decisions, unschedulable: scheduler.unschedulableDecisions, messages };
}

const APPS = ['web', 'api', 'db', 'batch'];

function pick<T>(dice: RandomStream, list: readonly T[]): T {
  return list[Math.floor(dice.next() * list.length)];
}

function randomNode(dice: RandomStream, index: number): Node {
  const taints = dice.next() < 0.15 ? [{ key: 'dedicated', value: 'x', effect: pick(dice, ['NoSchedule', 'PreferNoSchedule']) }] : [];
  const images = dice.next() < 0.3 ? [{ names: [`registry/${pick(dice, APPS)}:v1`], sizeBytes: 50_000_000 + Math.floor(dice.next() * 900_000_000) }] : [];
  const name = `node-${index}`;
  return {
    metadata: { name, labels: { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': `z${index % 3}`, disk: pick(dice, ['ssd', 'hdd']) } },
    spec: { taints, unschedulable: dice.next() < 0.03 },
    status: { allocatable: { cpu: pick(dice, ['2', '4', '8']), memory: pick(dice, ['4Gi', '8Gi', '16Gi']), pods: pick(dice, ['8', '30']), 'example.com/gpu': pick(dice, ['0', '2']) }, images },
  };
}

function randomPod(dice: RandomStream): Pod {
  const app = pick(dice, APPS);
  const requests: Record<string, string> = { cpu: pick(dice, ['100m', '500m', '1', '1500m']), memory: pick(dice, ['100Mi', '1Gi', '3Gi']) };
  if (dice.next() < 0.1) requests['example.com/gpu'] = '1';
  const spec: Record<string, unknown> = {
    containers: [{ name: 'c', image: `registry/${app}:v1`, resources: dice.next() < 0.1 ? {} : { requests }, ...(dice.next() < 0.1 ? { ports: [{ hostPort: 8080, containerPort: 8080 }] } : {}) }],
    priority: pick(dice, [0, 0, 0, 100, 1000]),
  };
  const scheduler = dice.next();
  if (scheduler < 0.15) spec['schedulerName'] = scheduler < 0.02 ? NOBODY : PACKER;
  if (dice.next() < 0.15) spec['nodeSelector'] = { disk: 'ssd' };
  if (dice.next() < 0.15) spec['tolerations'] = [{ key: 'dedicated', operator: 'Exists' }];
  if (dice.next() < 0.15) spec['affinity'] = { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 10, preference: { matchExpressions: [{ key: 'disk', operator: 'In', values: ['hdd'] }] } }] } };
  if (dice.next() < 0.08) spec['affinity'] = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app } } }] } };
  if (dice.next() < 0.1) spec['topologySpreadConstraints'] = [{ maxSkew: 2, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: pick(dice, ['DoNotSchedule', 'ScheduleAnyway']), labelSelector: { matchLabels: { app } } }];
  return { metadata: { namespace: 'default', labels: { app } }, spec };
}

/** Some pods of a new template, whose id is returned. */
function createRandomPod(cluster: Cluster, dice: RandomStream, step: number): number {
  const template = cluster.internTemplate(randomPod(dice));
  const copies = 1 + Math.floor(dice.next() * 3);
  for (let i = 0; i < copies; i++) {
    cluster.createPod({ template: template.id, nameBase: cluster.names.intern(`p${step}`), nameOrdinal: i, owner: -1, workloadClass: 0, durationMicros: Infinity, pinnedNode: -1 });
  }
  return template.id;
}

function livePods(cluster: Cluster): number[] {
  const rows: number[] = [];
  for (let pod = 0; pod < cluster.pods.length; pod++) if (cluster.pods.phase[pod] === PodPhase.Bound && !cluster.pods.isTerminating(pod)) rows.push(pod);
  return rows;
}

function finishRandomPod(cluster: Cluster, dice: RandomStream): void {
  const pods = livePods(cluster);
  if (pods.length === 0) return;
  if (dice.next() < 0.6) cluster.removePod(pick(dice, pods), PodOutcome.Succeeded);
  else cluster.terminatePod(pick(dice, pods), EvictionCause.Api);
}

function updateRandomNode(cluster: Cluster, dice: RandomStream): void {
  const rows = aliveNodes(cluster);
  const row = pick(dice, rows);
  if (dice.next() < 0.5) cluster.setUnschedulable(row, !cluster.nodes.facts[row].unschedulable);
  else cluster.setTaints(row, dice.next() < 0.5 ? [] : [{ key: 'dedicated', value: 'x', effect: 'NoSchedule' }]);
}

function removeRandomNode(cluster: Cluster, dice: RandomStream): void {
  const rows = aliveNodes(cluster);
  if (rows.length < 3) return;
  const row = pick(dice, rows);
  for (const pod of cluster.nodes.pods[row].slice()) if (!cluster.pods.isTerminating(pod)) cluster.terminatePod(pod, EvictionCause.NodeFailure);
  cluster.removeNode(row);
}
