/**
 * The ops of a workload with its parameters filled in, as one tagged union. What cannot be played is told with a reason
 * by op and field: nothing is skipped in silence. Pure; runs once per workload.
 * Source: test/integration/scheduler_perf/{operations,create,update}.go (v1.36).
 */
import { InputError, nearestName } from '../base/input-error.ts';
import type { Problem } from '../base/input-error.ts';
import type { Micros } from '../base/time.ts';
import { parseDuration } from '../base/duration.ts';
import { isMapping, mappingOf } from '../base/structure.ts';
import type { Mapping } from '../base/structure.ts';
import { OpFields } from './op-fields.ts';
import type { PerfCase, PerfWorkload } from './perf-file.ts';

export type Labels = Readonly<Record<string, string>>;

/** What is done to new nodes beyond their template. */
export type NodeStrategy =
  | { readonly kind: 'label'; readonly key: string; readonly values: readonly string[] }
  | { readonly kind: 'uniqueLabel'; readonly key: string }
  | {
      readonly kind: 'allocatable';
      readonly node: Mapping;
      readonly csi: Readonly<Record<string, number>>;
      readonly migratedPlugins: readonly string[];
    };

export interface CreateNodes {
  readonly opcode: 'createNodes';
  readonly count: number;
  readonly templatePath: string | null;
  readonly params: Mapping;
  readonly strategy: NodeStrategy | null;
}

export interface CreatePods {
  readonly opcode: 'createPods';
  readonly count: number;
  /** null: one of its own, named after the op. */
  readonly namespace: string | null;
  /** null: the case's default. */
  readonly templatePath: string | null;
  readonly params: Mapping;
  readonly collectMetrics: boolean;
  readonly skipWaitToCompletion: boolean;
  readonly volumeTemplatePath: string | null;
  readonly claimTemplatePath: string | null;
}

export interface Churn {
  readonly opcode: 'churn';
  readonly mode: 'create' | 'recreate';
  /** create: how many of each, 0 without end; recreate: how many of each there are at most. */
  readonly number: number;
  readonly namespace: string | null;
  readonly templatePaths: readonly string[];
  readonly intervalMicros: Micros;
}

export interface UpdateAny {
  readonly opcode: 'updateAny';
  readonly namespace: string | null;
  readonly templatePath: string;
  readonly count: number;
  /** 0: all at once. */
  readonly perSecond: number;
  readonly subresources: readonly string[];
}

export type PerfOp =
  | CreateNodes
  | CreatePods
  | Churn
  | UpdateAny
  | {
      readonly opcode: 'createNamespaces';
      readonly prefix: string;
      readonly count: number;
      readonly templatePath: string | null;
    }
  | {
      readonly opcode: 'createPodSets';
      readonly count: number;
      readonly namespacePrefix: string;
      readonly pods: CreatePods;
    }
  | {
      readonly opcode: 'createAny';
      readonly namespace: string | null;
      readonly templatePath: string;
      readonly count: number;
      readonly params: Mapping;
    }
  | {
      readonly opcode: 'barrier';
      readonly stage: 'Scheduled' | 'Attempted';
      readonly namespaces: readonly string[];
      readonly selector: Labels | null;
    }
  | { readonly opcode: 'sleep'; readonly micros: Micros }
  | {
      readonly opcode: 'deletePods';
      readonly namespace: string;
      readonly selector: Labels | null;
      readonly perSecond: number;
      readonly skipWaitToCompletion: boolean;
    }
  | {
      readonly opcode: 'startCollectingMetrics';
      readonly name: string;
      readonly namespaces: readonly string[];
      readonly selector: Labels | null;
    }
  | { readonly opcode: 'stopCollectingMetrics' }
  /** Has no effect here; a note tells why. */
  | { readonly opcode: 'none' };

export interface ResolvedOps {
  /** One for each op of the case. */
  readonly ops: readonly PerfOp[];
  /** Why the workload cannot be played; empty: it can. */
  readonly unsupported: readonly string[];
  readonly notes: readonly string[];
}

const UNSUPPORTED_OPCODES: Readonly<Record<string, string>> = {
  allocResourceClaims: 'resource claims (DRA) are not simulated',
  createResourceClaims: 'resource claims (DRA) are not simulated',
  createResourceDriver: 'resource drivers (DRA) are not simulated',
  createPodGroups: 'pod groups are not simulated',
};
const KNOWN_OPCODES = [
  'createAny',
  'createNodes',
  'createNamespaces',
  'createPods',
  'createPodSets',
  'deletePods',
  'churn',
  'updateAny',
  'barrier',
  'sleep',
  'startCollectingMetrics',
  'stopCollectingMetrics',
  ...Object.keys(UNSUPPORTED_OPCODES),
];
const DEFAULT_CHURN_MILLIS = 500;
const MICROS_PER_MILLI = 1000;

/** Throws InputError for what is wrong in the file. */
export function resolveOps(perfCase: PerfCase, workload: PerfWorkload): ResolvedOps {
  const problems: Problem[] = [];
  const unsupported: string[] = [];
  const notes: string[] = [];
  const used = new Set<string>();
  const ops = perfCase.ops.map((op, index) => {
    const fields = new OpFields({
      op,
      label: `op ${index} (${String(op['opcode'])})`,
      params: workload.params,
      used,
      problems,
      unsupported,
      place: (member) => perfCase.placeOf(index, member),
    });
    const resolved = resolve(op, fields, notes);
    fields.refuseUnknown();
    return resolved;
  });
  for (const name of Object.keys(workload.params))
    if (!used.has(name)) notes.push(`the parameter ${name} is not used by any op`);
  if (problems.length > 0)
    throw new InputError(
      problems.map((problem) => ({ ...problem, message: `${perfCase.name}/${workload.name}: ${problem.message}` })),
    );
  return { ops, unsupported, notes };
}

function resolve(op: Mapping, fields: OpFields, notes: string[]): PerfOp {
  const opcode = fields.text('opcode') ?? '';
  switch (opcode) {
    case 'createNodes':
      return createNodes(fields);
    case 'createPods':
      return createPods(fields);
    case 'createPodSets':
      return createPodSets(op, fields);
    case 'createNamespaces':
      return {
        opcode,
        prefix: fields.text('prefix') ?? '',
        count: fields.count(),
        templatePath: fields.text('namespaceTemplatePath'),
      };
    case 'createAny':
      return {
        opcode,
        namespace: fields.text('namespace'),
        templatePath: fields.requiredText('templatePath'),
        count: fields.count(1),
        params: fields.params('templateParams'),
      };
    case 'churn':
      return churn(fields);
    case 'updateAny':
      return updateAny(fields);
    case 'barrier':
      return {
        opcode,
        stage: fields.choice('stageRequirement', ['Scheduled', 'Attempted'] as const, 'Scheduled'),
        namespaces: fields.texts('namespaces'),
        selector: fields.labels('labelSelector'),
      };
    case 'sleep':
      return { opcode, micros: duration(fields) };
    case 'deletePods':
      return {
        opcode,
        namespace: fields.requiredText('namespace'),
        selector: fields.labels('labelSelector'),
        perSecond: fields.whole('deletePodsPerSecond', 0),
        skipWaitToCompletion: fields.flag('skipWaitToCompletion'),
      };
    case 'startCollectingMetrics':
      return {
        opcode,
        name: fields.text('name') ?? '',
        namespaces: fields.texts('namespaces'),
        selector: fields.labels('labelSelector'),
      };
    case 'stopCollectingMetrics':
      return { opcode };
    case 'startCollectingProfile':
    case 'stopCollectingProfile':
      fields.takeAll();
      notes.push(`${fields.label}: profiles of the process are not taken here; run node with --cpu-prof`);
      return { opcode: 'none' };
    default:
      fields.takeAll();
      fields.refuse(UNSUPPORTED_OPCODES[opcode] ?? `the op is not known${hint(opcode)}`);
      return { opcode: 'none' };
  }
}

function hint(opcode: string): string {
  const near = nearestName(opcode, KNOWN_OPCODES);
  return near === undefined ? '' : ` (did you mean ${near}?)`;
}

function createNodes(fields: OpFields): CreateNodes {
  return {
    opcode: 'createNodes',
    count: fields.count(),
    templatePath: fields.text('nodeTemplatePath'),
    params: fields.params('templateParams'),
    strategy: nodeStrategy(fields),
  };
}

/** Of several strategies the first in this order counts, as upstream. */
function nodeStrategy(fields: OpFields): NodeStrategy | null {
  const allocatable = fields.mapping('nodeAllocatableStrategy');
  const label = fields.mapping('labelNodePrepareStrategy');
  const unique = fields.mapping('uniqueNodeLabelStrategy');
  if (allocatable !== null) {
    fields.refuseMembers('nodeAllocatableStrategy', allocatable, [
      'nodeAllocatable',
      'csiNodeAllocatable',
      'migratedPlugins',
    ]);
    const csi = Object.entries(mappingOf(allocatable['csiNodeAllocatable'])).map(
      ([driver, room]) => [driver, Number(mappingOf(room)['count'] ?? 0)] as const,
    );
    return {
      kind: 'allocatable',
      node: mappingOf(allocatable['nodeAllocatable']),
      csi: Object.fromEntries(csi),
      migratedPlugins: textsOf(allocatable['migratedPlugins']),
    };
  }
  if (label !== null) {
    fields.refuseMembers('labelNodePrepareStrategy', label, ['labelKey', 'labelValues']);
    const values = textsOf(label['labelValues']);
    if (values.length === 0) fields.problem('labelNodePrepareStrategy', 'expected labelValues');
    return { kind: 'label', key: textOf(label['labelKey']), values };
  }
  if (unique === null) return null;
  fields.refuseMembers('uniqueNodeLabelStrategy', unique, ['labelKey']);
  return { kind: 'uniqueLabel', key: textOf(unique['labelKey']) };
}

function createPods(fields: OpFields): CreatePods {
  if (fields.flag('steadyState') || fields.text('steadyStateParam') !== null)
    fields.refuse('steadyState: it lasts for a time of the wall clock, which a simulator does not have');
  for (const field of ['duration', 'durationParam']) fields.take(field);
  const resolved: CreatePods = {
    opcode: 'createPods',
    count: fields.count(undefined, 'countMultiplierParam'),
    namespace: fields.text('namespace'),
    templatePath: fields.text('podTemplatePath'),
    params: fields.params('templateParams'),
    collectMetrics: fields.flag('collectMetrics'),
    skipWaitToCompletion: fields.flag('skipWaitToCompletion'),
    volumeTemplatePath: fields.text('persistentVolumeTemplatePath'),
    claimTemplatePath: fields.text('persistentVolumeClaimTemplatePath'),
  };
  if (resolved.collectMetrics && resolved.skipWaitToCompletion)
    fields.problem('skipWaitToCompletion', 'collectMetrics and skipWaitToCompletion exclude each other');
  if ((resolved.volumeTemplatePath === null) !== (resolved.claimTemplatePath === null))
    fields.problem('persistentVolumeTemplatePath', 'expected both volume and claim template, found one');
  return resolved;
}

function createPodSets(op: Mapping, fields: OpFields): PerfOp {
  const inner = op['createPodsOp'];
  fields.take('createPodsOp');
  if (!isMapping(inner)) fields.problem('createPodsOp', 'expected a createPods op');
  const within = fields.within(mappingOf(inner));
  within.take('opcode');
  const pods = createPods(within);
  within.refuseUnknown();
  return {
    opcode: 'createPodSets',
    count: fields.count(),
    namespacePrefix: fields.text('namespacePrefix') ?? '',
    pods,
  };
}

function churn(fields: OpFields): Churn {
  const mode = fields.choice('mode', ['create', 'recreate'] as const, 'create');
  const number = fields.whole('number', 0);
  if (mode === 'recreate' && number === 0) fields.problem('number', 'recreate needs a number of objects');
  const templatePaths = fields.texts('templatePaths');
  if (templatePaths.length === 0) fields.problem('templatePaths', 'expected at least one template');
  const millis = fields.whole('intervalMilliseconds', 0);
  return {
    opcode: 'churn',
    mode,
    number,
    namespace: fields.text('namespace'),
    templatePaths,
    intervalMicros: (millis === 0 ? DEFAULT_CHURN_MILLIS : millis) * MICROS_PER_MILLI,
  };
}

function updateAny(fields: OpFields): UpdateAny {
  const subresources = fields.texts('subresources');
  for (const name of subresources) if (name !== 'resize') fields.refuse(`subresources: ${name} is not modelled`);
  return {
    opcode: 'updateAny',
    namespace: fields.text('namespace'),
    templatePath: fields.requiredText('templatePath'),
    count: fields.count(1),
    perSecond: fields.whole('updatePerSecond', 0),
    subresources,
  };
}

function duration(fields: OpFields): Micros {
  const text = fields.parameterText('durationParam') ?? fields.requiredText('duration');
  const micros = parseDuration(text);
  if (micros === undefined && text !== '') fields.problem('duration', `expected a duration such as 5s, found ${text}`);
  fields.take('duration');
  return micros ?? 0;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}
