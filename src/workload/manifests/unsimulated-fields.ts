/**
 * Fields of simulated kinds that change nothing here although they would in a cluster: each with a sentence that says
 * what happens instead. Whoever simulates one takes it off the list. Fields that cannot change a run anyway
 * (environment, security, how a rollout would go that nobody asks for) do not stand here.
 */
import type { PathStep } from '../../base/source-path.ts';
import type { Mapping } from '../../base/structure.ts';
import { isMapping, listOf, mappingOf } from '../../base/structure.ts';

/** One field of one kind, with what it stands for in all files together. */
export interface UnsimulatedField {
  readonly kind: string;
  /** `spec.containers[*].lifecycle`; of the pod spec where `kind` is Pod, wherever it stands. */
  readonly field: string;
  /** What happens instead. */
  readonly effect: string;
}

interface FieldRule extends UnsimulatedField {
  /** Of pods of which nobody says what runs in them, or only of those of which somebody does. */
  readonly application?: 'unknown' | 'known';
  /** Whether a value says something other than what is done anyway; absent: any value does. */
  readonly isSaid?: (value: unknown, object: Mapping) => boolean;
}

export interface UnsimulatedUse extends UnsimulatedField {
  /** Steps to the first place in the object. */
  readonly steps: readonly PathStep[];
}

const JOB_CONTROLLER = 'kubernetes.io/job-controller';

function isTrue(value: unknown): boolean {
  return value === true;
}

function isOther(usual: unknown): (value: unknown) => boolean {
  return (value) => value !== usual;
}

function hasCondition(type: string, isBad: (status: unknown) => boolean): (value: unknown) => boolean {
  return (conditions) =>
    listOf(conditions).some(
      (condition) => mappingOf(condition)['type'] === type && isBad(mappingOf(condition)['status']),
    );
}

/** A rollout in a dump that has not come to its end. */
function isBehind(updated: string, wanted: string): (value: unknown, object: Mapping) => boolean {
  return (_value, object) => {
    const status = mappingOf(object['status']);
    const [done, all] = [status[updated] ?? 0, status[wanted]];
    return typeof all === 'number' && typeof done === 'number' && done < all;
  };
}

/** Below `spec` of a pod, or below `spec.template.spec` of an object that makes pods. */
const POD_RULES: readonly Omit<FieldRule, 'kind'>[] = [
  {
    field: 'spec.initContainers',
    effect: 'init containers take no time',
    application: 'unknown',
    isSaid: (value) => listOf(value).some((container) => mappingOf(container)['restartPolicy'] !== 'Always'),
  },
  { field: 'spec.containers[*].startupProbe', effect: 'a pod is ready as soon as it runs', application: 'unknown' },
  { field: 'spec.containers[*].readinessProbe', effect: 'a pod is ready as soon as it runs', application: 'unknown' },
  { field: 'spec.containers[*].livenessProbe', effect: 'containers never fail by themselves', application: 'unknown' },
  { field: 'spec.containers[*].lifecycle', effect: 'hooks take no time', application: 'unknown' },
  { field: 'spec.containers[*].lifecycle.postStart', effect: 'the hook takes no time', application: 'known' },
  {
    field: 'spec.containers[*].restartPolicyRules',
    effect: 'exit codes do not matter to restarts',
    application: 'known',
  },
  { field: 'spec.readinessGates', effect: 'a pod is ready as soon as it runs' },
  { field: 'spec.activeDeadlineSeconds', effect: 'no deadline ends a pod' },
  {
    field: 'spec.schedulingGates',
    effect: 'nobody takes the gates away: the pod waits for ever',
    isSaid: (value) => listOf(value).length > 0,
  },
  { field: 'spec.schedulingGroup', effect: 'members of a pod group are scheduled one by one' },
  { field: 'spec.workloadRef', effect: 'members of a pod group are scheduled one by one' },
];

/** What a quota counts of pods. */
const OF_PODS =
  /^((count\/)?pods|((requests|limits)\.)?(cpu|memory|ephemeral-storage)|(requests\.)?hugepages-.+|requests\.[^/]+\/.+)$/u;

const RULES: readonly FieldRule[] = [
  { kind: 'Pod', field: 'metadata.deletionTimestamp', effect: 'a pod that is being deleted is left out' },
  {
    kind: 'Pod',
    field: 'status.conditions',
    effect: 'a running pod counts as ready',
    isSaid: (value, object) =>
      mappingOf(object['status'])['phase'] === 'Running' && hasCondition('Ready', isOther('True'))(value),
  },
  {
    kind: 'Node',
    field: 'status.conditions',
    effect: 'a node that is not ready stays so',
    isSaid: hasCondition('Ready', isOther('True')),
  },
  {
    kind: 'Namespace',
    field: 'status.phase',
    effect: 'pods may enter a namespace that is being deleted',
    isSaid: isOther('Active'),
  },
  {
    kind: 'Deployment',
    field: 'spec.template.spec.nodeName',
    effect: 'the scheduler gives the pods that node; upstream starts them there unasked',
  },
  {
    kind: 'ReplicaSet',
    field: 'spec.template.spec.nodeName',
    effect: 'the scheduler gives the pods that node; upstream starts them there unasked',
  },
  {
    kind: 'StatefulSet',
    field: 'spec.template.spec.nodeName',
    effect: 'the scheduler gives the pods that node; upstream starts them there unasked',
  },
  {
    kind: 'DaemonSet',
    field: 'status.updatedNumberScheduled',
    effect: 'a rollout that is under way stands still',
    isSaid: isBehind('updatedNumberScheduled', 'desiredNumberScheduled'),
  },
  { kind: 'Job', field: 'spec.suspend', effect: 'nobody resumes the Job: it makes no pods', isSaid: isTrue },
  {
    kind: 'Job',
    field: 'spec.managedBy',
    effect: 'nobody else looks after the Job: it makes no pods',
    isSaid: isOther(JOB_CONTROLLER),
  },
  {
    kind: 'LimitRange',
    field: 'spec.limits',
    effect: 'claims are not refused, whatever they ask for',
    isSaid: (limits) => listOf(limits).some((item) => mappingOf(item)['type'] === 'PersistentVolumeClaim'),
  },
  {
    kind: 'ResourceQuota',
    field: 'spec.hard',
    effect: 'pods are counted and refused, other objects are not',
    isSaid: (hard) => Object.keys(mappingOf(hard)).some((name) => !OF_PODS.test(name)),
  },
  ...[
    'awsElasticBlockStore',
    'azureDisk',
    'azureFile',
    'cinder',
    'gcePersistentDisk',
    'portworxVolume',
    'vsphereVolume',
  ].map((source) => ({
    kind: 'PersistentVolume',
    field: `spec.${source}`,
    effect: 'node affinity and zone labels are read as written, not translated for the CSI driver',
  })),
];

interface PlacedRule extends FieldRule {
  readonly names: readonly string[];
}

const POD_MAKERS = ['Deployment', 'ReplicaSet', 'ReplicationController', 'StatefulSet', 'DaemonSet', 'Job'];

/** Where an object of the kind describes its pods. */
const STEPS_TO_POD: ReadonlyMap<string, readonly string[]> = new Map([
  ['Pod', []],
  ['CronJob', ['spec', 'jobTemplate', 'spec', 'template']],
  ...POD_MAKERS.map((kind): [string, readonly string[]] => [kind, ['spec', 'template']]),
]);

/** By kind: its own rules, and those of the pods that it makes at the place where it describes them. */
const RULES_BY_KIND: ReadonlyMap<string, readonly PlacedRule[]> = new Map(
  [...new Set([...STEPS_TO_POD.keys(), ...RULES.map(({ kind }) => kind)])].map((kind) => {
    const above = STEPS_TO_POD.get(kind) ?? null;
    const ofPods =
      above === null
        ? []
        : POD_RULES.map((rule): PlacedRule => ({ ...rule, kind: 'Pod', names: [...above, ...rule.field.split('.')] }));
    return [
      kind,
      [
        ...RULES.filter((rule) => rule.kind === kind).map((rule) => ({ ...rule, names: rule.field.split('.') })),
        ...ofPods,
      ],
    ];
  }),
);

/** The fields of the list that an object uses, each once. `isKnown`: somebody says what runs in its pods. */
export function unsimulatedUses(kind: string, object: Mapping, isKnown: boolean): UnsimulatedUse[] {
  const uses: UnsimulatedUse[] = [];
  const other = isKnown ? 'unknown' : 'known';
  for (const rule of RULES_BY_KIND.get(kind) ?? []) if (rule.application !== other) addUse(rule, object, uses);
  return uses;
}

function addUse({ kind, field, effect, names, isSaid }: PlacedRule, object: Mapping, uses: UnsimulatedUse[]): void {
  const steps = firstUse(object, names, (value) => isSaid === undefined || isSaid(value, object));
  if (steps !== undefined) uses.push({ kind, field, effect, steps });
}

/** Steps to the first value that says something. */
function firstUse(
  value: unknown,
  names: readonly string[],
  isSaid: (value: unknown) => boolean,
): PathStep[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (names.length === 0) return isSaid(value) ? [] : undefined;
  if (!isMapping(value)) return undefined;
  const [first, ...rest] = names;
  if (!first.endsWith('[*]')) {
    const below = firstUse(value[first], rest, isSaid);
    return below === undefined ? undefined : [first, ...below];
  }
  const name = first.slice(0, -'[*]'.length);
  for (const [index, item] of listOf(value[name]).entries()) {
    const below = firstUse(item, rest, isSaid);
    if (below !== undefined) return [name, index, ...below];
  }
  return undefined;
}
