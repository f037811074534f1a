/** The steps of a scenario: from the user's spelling to the resolved form and back, and what they name checked. */
import { nearestName } from '../base/input-error.ts';
import { keyOf, objectKey } from '../cluster/object-store.ts';
import type { KubernetesObject, Node } from '../cluster/objects.ts';
import { SelectorError, parseSelectorText } from '../cluster/selectors.ts';
import { POOL_LABELS } from '../operations/node-choice.ts';
import type { Path } from '../workload/manifests/source-path.ts';
import { below, quoteShort } from '../workload/manifests/source-path.ts';
import type { Findings } from '../workload/manifests/structure.ts';
import { ordinalIn, poolOf } from './pool-nodes.ts';
import type { NodeAmount, NodeChoice, NodePool, Operation, Step, StepTarget } from './scenario.ts';
import type { ScenarioNumbers } from './scenario-distributions.ts';
import { STEP_VERBS } from './scenario-steps-schema.ts';
import type { NodeFieldsInput, StepInput } from './scenario-steps-schema.ts';

/** Kinds by the names that kubectl knows them by. */
const KIND_BY_NAME: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['Deployment', 'deploy'], ['ReplicaSet', 'rs'], ['StatefulSet', 'sts'], ['DaemonSet', 'ds'], ['Job', 'job'],
    ['CronJob', 'cj'], ['Pod', 'po'], ['Node', 'no'], ['PodDisruptionBudget', 'pdb'], ['Service', 'svc'],
    ['PersistentVolumeClaim', 'pvc'], ['PersistentVolume', 'pv'], ['StorageClass', 'sc'],
  ].flatMap(([kind, short]) => [short, kind.toLowerCase(), `${kind.toLowerCase()}s`].map((name) => [name, kind])),
);
const CLUSTER_SCOPED = ['Node', 'PersistentVolume', 'StorageClass'];
const SCALED_KINDS = ['Deployment', 'ReplicaSet', 'StatefulSet'];
const ROLLED_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet'];

const NODE_VERBS = [
  'cordon', 'uncordon', 'drain', 'kill', 'partition', 'slow', 'reclaim', 'registryOutage', 'upgrade',
] as const;

/** In order of time; steps of one time in the order written. */
export function resolveSteps(inputs: readonly StepInput[], numbers: ScenarioNumbers): Step[] {
  const steps = inputs.flatMap((input, index) => {
    const path = below(below(null, 'steps'), index);
    const atMicros = numbers.micros(input.at, below(path, 'at'));
    const operation = resolveOperation(input, path, numbers);
    return operation === null ? [] : [{ atMicros, operation }];
  });
  return steps.sort((a, b) => a.atMicros - b.atMicros);
}

function resolveOperation(input: StepInput, path: Path, numbers: ScenarioNumbers): Operation | null {
  const verbs = STEP_VERBS.filter((verb) => input[verb] !== undefined);
  if (verbs.length !== 1) {
    const found = verbs.length === 0 ? 'none' : verbs.join(' and ');
    numbers.findings.error(path, `expected exactly one of ${STEP_VERBS.join(', ')}, found ${found}`);
    return null;
  }
  const [verb] = verbs;
  const at = below(path, verb);
  const { findings } = numbers;
  const lasting = (text: string | undefined, key: string): number | null =>
    text === undefined ? null : numbers.microsAbove0(text, below(at, key));
  const { cordon, uncordon, drain, kill, outage, scale, rollout, upgrade } = input;
  if (cordon !== undefined) return { verb: 'cordon', nodes: choiceOf(cordon, at, findings) };
  if (uncordon !== undefined) return { verb: 'uncordon', nodes: choiceOf(uncordon, at, findings) };
  if (kill !== undefined)
    return { verb: 'kill', nodes: choiceOf(kill, at, findings), forMicros: lasting(kill.for, 'for') };
  const ill = resolveIllness(input, at, numbers);
  if (ill !== null) return ill;
  if (outage !== undefined)
    return { verb: 'outage', label: outage.label, zone: outage.zone, forMicros: lasting(outage.for, 'for') };
  if (drain !== undefined) {
    const { force, deleteEmptyDirData, ignoreDaemonSets } = drain;
    const timeoutMicros = lasting(drain.timeout, 'timeout');
    return {
      verb: 'drain',
      nodes: choiceOf(drain, at, findings),
      force,
      deleteEmptyDirData,
      ignoreDaemonSets,
      timeoutMicros,
    };
  }
  if (upgrade !== undefined) return resolveUpgrade(upgrade, at, numbers);
  return resolveObjectStep({ scale, rollout, delete: input.delete }, at, findings);
}

/** Steps that make nodes ill whose machines run on, at least for a while. */
function resolveIllness(
  { partition, slow, reclaim, registryOutage }: StepInput, at: Path, numbers: ScenarioNumbers,
): Operation | null {
  const { findings } = numbers;
  const lasting = (text: string | undefined): number | null =>
    text === undefined ? null : numbers.microsAbove0(text, below(at, 'for'));
  if (partition !== undefined)
    return { verb: 'partition', nodes: choiceOf(partition, at, findings), forMicros: lasting(partition.for) };
  if (registryOutage !== undefined) {
    const { nodes = [], selector, pool } = registryOutage;
    const isAll = nodes.length === 0 && selector === undefined && pool === undefined;
    const chosen = isAll ? { names: [], selector: '', pool: '' } : choiceOf(registryOutage, at, findings);
    return { verb: 'registryOutage', nodes: chosen, forMicros: lasting(registryOutage.for) };
  }
  if (slow !== undefined) {
    const { factor } = slow;
    return { verb: 'slow', nodes: choiceOf(slow, at, findings), factor, forMicros: lasting(slow.for) };
  }
  if (reclaim === undefined) return null;
  const noticeMicros = numbers.micros(reclaim.notice, below(at, 'notice'));
  return { verb: 'reclaim', nodes: choiceOf(reclaim, at, findings), noticeMicros, forMicros: lasting(reclaim.for) };
}

function resolveUpgrade(upgrade: NonNullable<StepInput['upgrade']>, at: Path, numbers: ScenarioNumbers): Operation {
  const surge = amountFrom(upgrade.surge);
  const maxUnavailable = amountFrom(upgrade.maxUnavailable);
  if (surge.value + maxUnavailable.value === 0)
    numbers.findings.error(at, 'surge and maxUnavailable are both 0: no node could ever be replaced', undefined, 'key');
  const timeout = upgrade.drainTimeout;
  return {
    verb: 'upgrade',
    nodes: choiceOf(upgrade, at, numbers.findings),
    surge,
    maxUnavailable,
    provisionSeconds: numbers.distribution(upgrade.provisioning, below(at, 'provisioning')),
    drainTimeoutMicros: timeout === undefined ? null : numbers.microsAbove0(timeout, below(at, 'drainTimeout')),
  };
}

function resolveObjectStep(
  { scale, rollout, delete: deletion }: Pick<StepInput, 'scale' | 'rollout' | 'delete'>, at: Path, findings: Findings,
): Operation | null {
  if (scale !== undefined) {
    const target = targetOf(scale.workload, scale.namespace, below(at, 'workload'), findings, SCALED_KINDS);
    return target === null ? null : { verb: 'scale', target, replicas: scale.replicas };
  }
  if (rollout !== undefined) {
    const target = targetOf(rollout.workload, rollout.namespace, below(at, 'workload'), findings, ROLLED_KINDS);
    const { image = '', container = '' } = rollout;
    return target === null ? null : { verb: 'rollout', target, image, container };
  }
  if (deletion === undefined) return null;
  const target = targetOf(deletion.object, deletion.namespace, below(at, 'object'), findings, null);
  return target === null ? null : { verb: 'delete', target };
}

function choiceOf({ nodes = [], selector = '', pool = '' }: NodeFieldsInput, at: Path, findings: Findings): NodeChoice {
  if (nodes.length === 0 && selector === '' && pool === '')
    findings.error(at, 'expected nodes, selector or pool', undefined, 'key');
  try {
    parseSelectorText(selector);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    findings.error(
      below(at, 'selector'),
      `expected a label selector such as pool=general, found ${quoteShort(selector)}`,
    );
    return { names: nodes, selector: '', pool };
  }
  return { names: nodes, selector, pool };
}

function amountFrom(given: number | string): NodeAmount {
  return typeof given === 'number'
    ? { value: given, isPercent: false }
    : { value: Number(given.slice(0, -1)), isPercent: true };
}

/** `deploy/web`. `kinds` null: any. */
function targetOf(
  text: string, namespace: string, path: Path, findings: Findings, kinds: readonly string[] | null,
): StepTarget | null {
  const [word = '', name = '', ...rest] = text.split('/');
  const kind = KIND_BY_NAME[word.toLowerCase()];
  if (name === '' || rest.length > 0) {
    findings.error(path, `expected kind/name such as deploy/web, found ${quoteShort(text)}`);
    return null;
  }
  if (kind === undefined || kinds?.includes(kind) === false) {
    const expected = kinds === null ? 'a kind as for kubectl' : kinds.join(' or ');
    findings.error(
      path,
      `expected ${expected}, found ${quoteShort(word)}`,
      nearestName(word.toLowerCase(), Object.keys(KIND_BY_NAME)),
    );
    return null;
  }
  return { kind, name, namespace: CLUSTER_SCOPED.includes(kind) ? '' : namespace };
}

/** What the steps may name. */
export interface SteppedCluster {
  readonly nodePools: readonly NodePool[];
  readonly nodes: readonly Node[];
  readonly objects: readonly KubernetesObject[];
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
  if (keys.includes(key)) return;
  findings.error(path, `the manifests hold no ${kind} ${key}`, nearestName(key, keys));
}

function keyWithDefault(object: KubernetesObject): string {
  const { namespace, name = '' } = object.metadata ?? {};
  return CLUSTER_SCOPED.includes(object.kind ?? '') ? objectKey(object) : keyOf(namespace ?? 'default', name);
}
