/** What the steps of a scenario name, checked. */
import { nearestName } from '../base/input-error.ts';
import type { Path } from '../base/source-path.ts';
import { below, quoteShort } from '../base/source-path.ts';
import type { Findings } from '../base/structure.ts';
import { keyOf, objectKey } from '../cluster/object-store.ts';
import type { KubernetesObject, Node } from '../cluster/objects.ts';
import { POOL_LABELS } from '../operations/node-choice.ts';
import { CLUSTER_SCOPED, KIND_BY_NAME } from '../operations/settings.ts';
import type { NodeFieldsInput, StepInput } from '../operations/settings.ts';
import { generatorOf } from '../workload/settings.ts';
import type { NamedWorkload } from '../workload/settings.ts';
import { ordinalIn, poolOf } from './pool-nodes.ts';
import type { NodePool } from './pool-settings.ts';

const NODE_VERBS = [
  'cordon', 'uncordon', 'drain', 'kill', 'partition', 'slow', 'reclaim', 'registryOutage', 'hang', 'diskFull',
  'upgrade',
] as const;

/** What the steps may name. */
export interface SteppedCluster {
  readonly nodePools: readonly NodePool[];
  readonly nodes: readonly Node[];
  readonly objects: readonly KubernetesObject[];
  readonly workloads: readonly NamedWorkload[];
  /** Nodes come from elsewhere, too: their names are not known before the run. */
  readonly hasOtherNodes: boolean;
}

/** Nodes, pools, zones and objects that the cluster has not. */
export function checkSteps(inputs: readonly StepInput[], cluster: SteppedCluster, findings: Findings): void {
  for (const [index, input] of inputs.entries()) {
    const path = below(below(null, 'steps'), index);
    for (const verb of NODE_VERBS) {
      const choice = input[verb];
      if (choice !== undefined) checkChoice(choice, below(path, verb), cluster, findings);
    }
    const { outage, scale, rollout } = input;
    if (outage !== undefined) checkZone(outage, below(path, 'outage'), cluster, findings);
    for (const [verb, given] of [
      ['scale', scale],
      ['rollout', rollout],
    ] as const)
      if (given !== undefined)
        checkObject(given.workload, given.namespace, below(below(path, verb), 'workload'), cluster, findings);
    const deletion = input.delete;
    if (deletion !== undefined)
      checkObject(deletion.object, deletion.namespace, below(below(path, 'delete'), 'object'), cluster, findings);
  }
}

function checkChoice(
  { nodes = [], pool }: NodeFieldsInput,
  at: Path,
  cluster: SteppedCluster,
  findings: Findings,
): void {
  for (const [index, name] of nodes.entries())
    if (!hasNode(cluster, name)) {
      findings.error(
        below(below(at, 'nodes'), index),
        `the cluster has no node ${quoteShort(name)}`,
        nearestName(name, nodeNames(cluster)),
      );
    }
  if (pool === undefined || cluster.hasOtherNodes) return;
  const pools = poolNames(cluster);
  if (!pools.has(pool))
    findings.error(below(at, 'pool'), `the cluster has no pool ${quoteShort(pool)}`, nearestName(pool, pools));
}

function hasNode(cluster: SteppedCluster, name: string): boolean {
  if (cluster.hasOtherNodes || cluster.nodes.some(({ metadata }) => metadata?.name === name)) return true;
  return cluster.nodePools.some((pool) => {
    const ordinal = ordinalIn(pool.name, name);
    return ordinal >= 0 && ordinal < Math.max(pool.count, pool.autoscaling?.max ?? 0);
  });
}

function nodeNames({ nodes, nodePools }: SteppedCluster): string[] {
  const made = nodePools.flatMap(({ name, count }) =>
    Array.from({ length: Math.min(count, 1000) }, (_, i) => `${name}-${i}`),
  );
  return [...nodes.map(({ metadata }) => metadata?.name ?? ''), ...made];
}

function poolNames({ nodes, nodePools }: SteppedCluster): Set<string> {
  const names = new Set(nodePools.map(({ name }) => name));
  for (const node of nodes) {
    names.add(poolOf(node, nodePools));
    for (const label of POOL_LABELS) names.add(node.metadata?.labels?.[label] ?? '');
  }
  names.delete('');
  return names;
}

function checkZone(
  { label, zone }: NonNullable<StepInput['outage']>, at: Path, cluster: SteppedCluster, findings: Findings,
): void {
  if (cluster.hasOtherNodes) return;
  const zones = new Set(cluster.nodes.map(({ metadata }) => metadata?.labels?.[label] ?? ''));
  for (const pool of cluster.nodePools) {
    zones.add(pool.labels[label] ?? '');
    if (label === 'topology.kubernetes.io/zone') for (const name of pool.zones) zones.add(name);
  }
  zones.delete('');
  if (!zones.has(zone)) findings.error(below(at, 'zone'), `no node has ${label}=${zone}`, nearestName(zone, zones));
}

/** Pods of workloads come and go: only those that nobody makes are sought. */
function checkObject(text: string, namespace: string, path: Path, cluster: SteppedCluster, findings: Findings): void {
  const [word = '', name = ''] = text.split('/');
  const kind = KIND_BY_NAME[word.toLowerCase()];
  if (kind === undefined || name === '' || kind === 'Pod') return;
  if (kind === 'Node') {
    if (!hasNode(cluster, name))
      findings.error(path, `the cluster has no node ${quoteShort(name)}`, nearestName(name, nodeNames(cluster)));
    return;
  }
  const key = keyOf(CLUSTER_SCOPED.includes(kind) ? '' : namespace, name);
  const keys = cluster.objects.filter((object) => object.kind === kind).map(keyWithDefault);
  // When the arrivals of a workload come is not known before the run.
  if (keys.includes(key) || generatorOf(cluster.workloads, kind, namespace, name) !== undefined) return;
  const first = cluster.workloads
    .map((workload) => ({ ...workload, name: `${workload.name}-0` }))
    .filter((workload) => generatorOf(cluster.workloads, kind, workload.namespace, workload.name) !== undefined)
    .map((workload) => keyOf(workload.namespace, workload.name));
  const known = [...keys, ...first];
  const makers = cluster.workloads.length === 0 ? 'the manifests hold no' : 'neither manifests nor workloads make a';
  findings.error(path, `${makers} ${kind} ${key}`, nearestName(key, known));
}

function keyWithDefault(object: KubernetesObject): string {
  const { namespace, name = '' } = object.metadata ?? {};
  return CLUSTER_SCOPED.includes(object.kind ?? '') ? objectKey(object) : keyOf(namespace ?? 'default', name);
}
