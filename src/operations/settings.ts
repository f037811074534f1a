/**
 * `steps` of a scenario, each with one verb and kubectl's words where kubectl has them: what users write, what it is
 * resolved to, and how results spell it.
 */
import { z } from 'zod';
import { formatDuration } from '../base/duration.ts';
import { nearestName } from '../base/input-error.ts';
import type { Path } from '../base/source-path.ts';
import { below, quoteShort } from '../base/source-path.ts';
import type { Findings } from '../base/structure.ts';
import type { Micros } from '../base/time.ts';
import { SelectorError, parseSelectorText } from '../cluster/selectors.ts';
import type { Distribution } from '../kernel/distribution.ts';
import { duration, durationDistribution, flag, list, mapping, number, text, whole } from '../scenario/fields.ts';
import type { Block } from '../scenario/block.ts';
import type { ScenarioNumbers } from '../scenario/numbers.ts';
import { spellSeconds } from '../scenario/spelling.ts';

/** Nodes that a step is about: all that is not empty must hold. Read when the step begins. */
export interface NodeChoice {
  readonly names: readonly string[];
  /** Label selector as for kubectl. */
  readonly selector: string;
  /** A pool of the scenario, or the value of a label by which a cloud names its node groups. */
  readonly pool: string;
}

/** The object of a step. */
export interface StepTarget {
  /** `Deployment`, `Node`, ... */
  readonly kind: string;
  /** '' for kinds without one. */
  readonly namespace: string;
  readonly name: string;
}

/** A number of nodes, or a percentage of those that are there when the step begins. */
export interface NodeAmount {
  readonly value: number;
  readonly isPercent: boolean;
}

export type Operation =
  | { readonly verb: 'cordon' | 'uncordon'; readonly nodes: NodeChoice }
  /** kubectl drain, with its options. timeoutMicros null: it waits for ever. */
  | {
      readonly verb: 'drain';
      readonly nodes: NodeChoice;
      readonly force: boolean;
      readonly deleteEmptyDirData: boolean;
      readonly ignoreDaemonSets: boolean;
      readonly timeoutMicros: Micros | null;
    }
  /** The machines stop; forMicros null: for ever. */
  | { readonly verb: 'kill'; readonly nodes: NodeChoice; readonly forMicros: Micros | null }
  /** The nodes are cut off from the API server, or from the image registry, or their container runtimes hang. */
  | {
      readonly verb: 'partition' | 'registryOutage' | 'hang';
      readonly nodes: NodeChoice;
      readonly forMicros: Micros | null;
    }
  /** Their kubelets take so many times as long. */
  | { readonly verb: 'slow'; readonly nodes: NodeChoice; readonly factor: number; readonly forMicros: Micros | null }
  /** Others than pods and images take this share of their root file systems. */
  | { readonly verb: 'diskFull'; readonly nodes: NodeChoice; readonly fill: number; readonly forMicros: Micros | null }
  /** The provider takes the machines back after the notice; forMicros: until new ones come, null: never. */
  | {
      readonly verb: 'reclaim';
      readonly nodes: NodeChoice;
      readonly noticeMicros: Micros;
      readonly forMicros: Micros | null;
    }
  /** So do all nodes whose label has the value, and those that join them meanwhile. */
  | { readonly verb: 'outage'; readonly label: string; readonly zone: string; readonly forMicros: Micros | null }
  | { readonly verb: 'scale'; readonly target: StepTarget; readonly replicas: number }
  /** image '': the pods are only made anew. A leading `:` changes the tag alone. container '': all of them. */
  | { readonly verb: 'rollout'; readonly target: StepTarget; readonly image: string; readonly container: string }
  | { readonly verb: 'delete'; readonly target: StepTarget }
  /** Node for node: a new one boots, the old one is drained and deleted. drainTimeoutMicros null: never by force. */
  | {
      readonly verb: 'upgrade';
      readonly nodes: NodeChoice;
      readonly surge: NodeAmount;
      readonly maxUnavailable: NodeAmount;
      readonly provisionSeconds: Distribution;
      readonly drainTimeoutMicros: Micros | null;
    };

export interface Step {
  readonly atMicros: Micros;
  readonly operation: Operation;
}

// ---- as written

const nodeFields = {
  nodes: list(text('Node'), 'Names of nodes').optional(),
  selector: text('Label selector as for kubectl: the nodes that it matches when the step begins').optional(),
  pool: text(
    'Name of a pool, or the value of a label by which GKE, EKS, AKS, Karpenter or eksctl name their node groups',
  ).optional(),
};

const AMOUNT = 'expected a whole number or a percentage such as 33%';

const amount = (help: string) =>
  z
    .union(
      [
        z.int({ error: () => AMOUNT }).min(0, { error: () => AMOUNT }),
        z.string({ error: () => AMOUNT }).regex(/^(?:100|\d{1,2})%$/, { error: () => AMOUNT }),
      ],
      { error: () => AMOUNT },
    )
    .describe(help);

const workload = (help: string) => text(`${help}: kind/name as for kubectl, such as deploy/web`);
const namespace = text('Namespace of the object').default('default');
const lasting = duration('How long it lasts. Default: for ever').optional();

const drain = mapping(
  {
    ...nodeFields,
    force: flag('Pods without a controller are evicted, too, and are gone for good. Default false (--force)').default(
      false,
    ),
    deleteEmptyDirData: flag(
      'Pods with emptyDir volumes are evicted, too. Default false (--delete-emptydir-data)',
    ).default(false),
    ignoreDaemonSets: flag("DaemonSets' pods stay and are no obstacle. Default true, unlike kubectl's flag").default(
      true,
    ),
    timeout: duration('When kubectl gives up on a node. Default: never (--timeout 0)').optional(),
  },
  'kubectl drain: all nodes are cordoned, then drained one after the other through the eviction API',
);

const upgrade = mapping(
  {
    ...nodeFields,
    surge: amount('New nodes that boot before old ones are drained; a percentage is rounded up. Default 1').default(1),
    maxUnavailable: amount(
      'Nodes that are drained before their replacements boot; a percentage is rounded down. Default 0',
    ).default(0),
    provisioning: durationDistribution(
      "Time from the request for a machine until its node is Ready. Default: as that of a pool's autoscaling, " +
        "lognormal, median 2m, sigma 0.4",
    ).default({ lognormal: { median: '2m', sigma: 0.4 }, atLeast: '20s', atMost: '15m' }),
    drainTimeout: duration(
      'When a node is deleted with the pods that are left on it (GKE waits 1h, AKS 30m). Default: never',
    ).optional(),
  },
  'Every node is replaced by a new one, as node pools of cloud providers are upgraded',
);

const stepSchema = z.strictObject({
  at: duration('When the step begins, since the start of the run'),
  cordon: mapping(nodeFields, 'No new pods on these nodes').optional(),
  uncordon: mapping(nodeFields, 'New pods again').optional(),
  drain: drain.optional(),
  kill: mapping({ ...nodeFields, for: lasting }, 'The machines stop; their Node objects stay').optional(),
  partition: mapping(
    { ...nodeFields, for: lasting },
    'The nodes are cut off from the API server: what runs there runs on, and nobody hears of it',
  ).optional(),
  slow: mapping(
    {
      ...nodeFields,
      factor: number('How many times as long everything takes that the kubelet does. Default 4', 1, 1000).default(4),
      for: lasting,
    },
    'Slow kubelets: pods start and stop later, heartbeats come more rarely',
  ).optional(),
  reclaim: mapping(
    {
      ...nodeFields,
      notice: duration('From the notice until the machine goes. Default 2m (AWS; 30s on GCP and Azure)').default('2m'),
      for: duration('Until a new machine of the name comes. Default: none comes').optional(),
    },
    'The provider takes spot machines back: they are cordoned and drained from the notice on, and go',
  ).optional(),
  registryOutage: mapping(
    { ...nodeFields, for: lasting },
    'No image can be pulled on these nodes. Without nodes, selector and pool: on all nodes',
  ).optional(),
  hang: mapping(
    { ...nodeFields, for: lasting },
    'The container runtimes hang: nothing starts or stops, what runs there runs on, and the nodes turn NotReady',
  ).optional(),
  diskFull: mapping(
    {
      ...nodeFields,
      fill: number('Share of the root file system that something else than pods and images takes. Default 1', 0, 1)
        .default(1),
      for: lasting,
    },
    'Their disks are filled: DiskPressure, and pods are evicted',
  ).optional(),
  outage: mapping(
    {
      zone: text('Value of the label'),
      label: text('Label that tells zones apart. Default topology.kubernetes.io/zone').default(
        'topology.kubernetes.io/zone',
      ),
      for: lasting,
    },
    'All machines of a zone stop',
  ).optional(),
  scale: mapping(
    { workload: workload('What to scale'), namespace, replicas: whole('spec.replicas', 0, 1_000_000) },
    'kubectl scale',
  ).optional(),
  rollout: mapping(
    {
      workload: workload('What to roll out'),
      namespace,
      image: text(
        'New image of the containers; `:v2` changes the tag alone. Default: none, as kubectl rollout restart',
      ).optional(),
      container: text('Name of the container. Default: all').optional(),
    },
    'kubectl set image, or rollout restart: a new pod template',
  ).optional(),
  delete: mapping({ object: workload('What to delete'), namespace }, 'kubectl delete').optional(),
  upgrade: upgrade.optional(),
});

export type StepInput = z.output<typeof stepSchema>;
export type NodeFieldsInput = NonNullable<StepInput['cordon']>;

const STEP_VERBS = [
  'cordon', 'uncordon', 'drain', 'kill', 'partition', 'slow', 'reclaim', 'registryOutage', 'hang', 'diskFull', 'outage',
  'scale', 'rollout', 'delete', 'upgrade',
] as const;

// ---- resolved

/** Kinds by the names that kubectl knows them by. */
export const KIND_BY_NAME: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ['Deployment', 'deploy'], ['ReplicaSet', 'rs'], ['StatefulSet', 'sts'], ['DaemonSet', 'ds'], ['Job', 'job'],
    ['CronJob', 'cj'], ['Pod', 'po'], ['Node', 'no'], ['PodDisruptionBudget', 'pdb'], ['Service', 'svc'],
    ['PersistentVolumeClaim', 'pvc'], ['PersistentVolume', 'pv'], ['StorageClass', 'sc'],
  ].flatMap(([kind, short]) => [short, kind.toLowerCase(), `${kind.toLowerCase()}s`].map((name) => [name, kind])),
);
export const CLUSTER_SCOPED = ['Node', 'PersistentVolume', 'StorageClass'];
const SCALED_KINDS = ['Deployment', 'ReplicaSet', 'StatefulSet'];
const ROLLED_KINDS = ['Deployment', 'StatefulSet', 'DaemonSet'];

/** In order of time; steps of one time in the order written. */
function resolveSteps(inputs: readonly StepInput[], numbers: ScenarioNumbers): Step[] {
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
  { partition, slow, reclaim, registryOutage, hang, diskFull }: StepInput, at: Path, numbers: ScenarioNumbers,
): Operation | null {
  const { findings } = numbers;
  const lasting = (text: string | undefined): number | null =>
    text === undefined ? null : numbers.microsAbove0(text, below(at, 'for'));
  if (partition !== undefined)
    return { verb: 'partition', nodes: choiceOf(partition, at, findings), forMicros: lasting(partition.for) };
  if (hang !== undefined) return { verb: 'hang', nodes: choiceOf(hang, at, findings), forMicros: lasting(hang.for) };
  if (diskFull !== undefined) {
    const { fill } = diskFull;
    if (fill === 0) findings.error(below(at, 'fill'), 'expected a number above 0: nothing would be filled');
    return { verb: 'diskFull', nodes: choiceOf(diskFull, at, findings), fill, forMicros: lasting(diskFull.for) };
  }
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

// ---- and back

function spellSteps(steps: readonly Step[]): unknown[] {
  return steps.map(({ atMicros, operation }) => ({
    at: formatDuration(atMicros),
    [operation.verb]: spellOperation(operation),
  }));
}

function spellOperation(operation: Operation): unknown {
  switch (operation.verb) {
    case 'outage':
      return { zone: operation.zone, label: operation.label, ...spellLasting('for', operation.forMicros) };
    case 'scale':
      return {
        workload: nameOf(operation.target),
        namespace: operation.target.namespace,
        replicas: operation.replicas,
      };
    case 'rollout': {
      const { target, image, container } = operation;
      const named = { ...(image === '' ? {} : { image }), ...(container === '' ? {} : { container }) };
      return { workload: nameOf(target), namespace: target.namespace, ...named };
    }
    case 'delete': {
      const { namespace } = operation.target;
      return { object: nameOf(operation.target), ...(namespace === '' ? {} : { namespace }) };
    }
    default:
      return { ...spellChoice(operation.nodes), ...spellNodeOperation(operation) };
  }
}

function spellNodeOperation(
  operation: Extract<Operation, { readonly nodes: NodeChoice }>,
): object {
  switch (operation.verb) {
    case 'drain': {
      const { force, deleteEmptyDirData, ignoreDaemonSets, timeoutMicros } = operation;
      return { force, deleteEmptyDirData, ignoreDaemonSets, ...spellLasting('timeout', timeoutMicros) };
    }
    case 'slow':
      return { factor: operation.factor, ...spellLasting('for', operation.forMicros) };
    case 'reclaim':
      return { notice: formatDuration(operation.noticeMicros), ...spellLasting('for', operation.forMicros) };
    case 'diskFull':
      return { fill: operation.fill, ...spellLasting('for', operation.forMicros) };
    case 'partition':
    case 'registryOutage':
    case 'hang':
    case 'kill':
      return spellLasting('for', operation.forMicros);
    case 'upgrade':
      return {
        surge: spellAmount(operation.surge),
        maxUnavailable: spellAmount(operation.maxUnavailable),
        provisioning: spellSeconds(operation.provisionSeconds),
        ...spellLasting('drainTimeout', operation.drainTimeoutMicros),
      };
    default:
      return {};
  }
}

function spellLasting(key: string, micros: number | null): object {
  return micros === null ? {} : { [key]: formatDuration(micros) };
}

function nameOf({ kind, name }: StepTarget): string {
  return `${kind.toLowerCase()}/${name}`;
}

function spellAmount({ value, isPercent }: NodeAmount): number | string {
  return isPercent ? `${value}%` : value;
}

function spellChoice({ names, selector, pool }: NodeChoice): object {
  return {
    ...(names.length === 0 ? {} : { nodes: names }),
    ...(selector === '' ? {} : { selector }),
    ...(pool === '' ? {} : { pool }),
  };
}

const field = list(
  stepSchema, 'What people do to the cluster, each at its time: drains, upgrades, rollouts, outages',
).default([]);

export const stepsBlock: Block<typeof field, readonly Step[]> = {
  field,
  resolve: resolveSteps,
  spell: (steps) => (steps.length === 0 ? undefined : spellSteps(steps)),
};
