/**
 * Replays recorded answers of upstream's control-plane code against ours: one case in, both answers out. Pure: reading
 * the recordings is the caller's part. Suites: quantity, selectors, pod-requests, the priority kind of priority-preemption-pdb, and
 * those of workload controllers (controller-replays.ts); whatever else is recorded is refused (`canReplayControlPlaneCase`
 * tells beforehand).
 * Both answers are brought into the recorded form; what a recording marks as not to be compared is left out of both.
 */
import { QuantityError, parseQuantity, quantityOfMilli, quantityOfUnits } from '../base/quantity.ts';
import type { Quantity, QuantityFormat } from '../base/quantity.ts';
import type { LabelSelector, NodeSelector, Pod, PreferredSchedulingTerm, ResourceList } from '../cluster/objects.ts';
import { containerRequests, podLimits, podRequests, qosClass, quantitiesOf } from '../cluster/pod-requests.ts';
import type { ContainerDefaults, PodRequestsOptions, ReadonlyQuantities } from '../cluster/pod-requests.ts';
import { decidePriority, priorityClassLookup } from '../control-plane/priority-classes.ts';
import {
  SelectorError, compileLabelSelector, compileNodeSelector, compilePreferredTerms, compileRequiredNodeAffinity, labelsOf, parseSelectorText,
} from '../cluster/selectors.ts';
import type { Fields } from './recorded-fields.ts';
import type { CompiledSelector, SelectableNode } from '../cluster/selectors.ts';
import { CONTROLLER_REPLAYS } from './controller-replays.ts';
import { canonicalJson } from './canonical-json.ts';
import { replayPlainRanking, replayRanking } from './pod-ranking-replay.ts';
import { replayEviction, replayLifecycle, replayNoSchedule, replayZoneState } from './taint-eviction-replay.ts';

/** One line of a recording after its header. */
export interface RecordedCase {
  readonly id: string;
  readonly kind: string;
  readonly in: unknown;
  readonly out: unknown;
}

export interface ReplayedCase {
  readonly equal: boolean;
  readonly expected: unknown;
  readonly got: unknown;
}

export const REPLAYED_CONTROL_PLANE_SUITES = [
  'quantity',
  'selectors',
  'pod-requests',
  'priority-preemption-pdb',
  'pod-ranking',
  'taint-eviction',
  'quota',
  'deployment',
  'statefulset',
  'daemon',
  'job',
  'cron',
] as const;
export type ReplayedControlPlaneSuite = (typeof REPLAYED_CONTROL_PLANE_SUITES)[number];

export function canReplayControlPlaneCase(suite: string, kind: string): boolean {
  return REPLAYS.has(`${suite}/${kind}`) || CONTROLLER_REPLAYS.has(`${suite}/${kind}`);
}

export function replayControlPlaneCase(suite: ReplayedControlPlaneSuite, recorded: RecordedCase): ReplayedCase {
  const controllers = CONTROLLER_REPLAYS.get(`${suite}/${recorded.kind}`);
  const replay = controllers === undefined ? REPLAYS.get(`${suite}/${recorded.kind}`) : { expected: asRecorded, got: controllers };
  if (replay === undefined) throw new RangeError(`no replay for kind ${JSON.stringify(recorded.kind)} of suite ${suite}`);
  const expected = replay.expected(recorded.out as Fields);
  const got = replay.got(recorded.in as Fields, recorded.out as Fields);
  return { equal: canonicalJson(expected) === canonicalJson(got), expected, got };
}


interface Replay {
  /** The recorded answer without what must not be compared. */
  expected(out: Fields): Fields;
  /** Our answer; of `out` it may only use which fields were recorded. */
  got(input: Fields, out: Fields): Fields;
}

const asRecorded = (out: Fields): Fields => out;

const REPLAYS: ReadonlyMap<string, Replay> = new Map<string, Replay>([
  ['quantity/parse', { expected: comparableParse, got: (input, out) => replayParse(String(input.s), out) }],
  ['quantity/arith', { expected: asRecorded, got: replayArithmetic }],
  ['quantity/roundUp', { expected: (out) => without(out, out.scaledOdd === true ? ['scaled', 'scaledOdd'] : []), got: replayRoundUp }],
  ['quantity/make', { expected: asRecorded, got: replayMake }],
  ['selectors/parse', { expected: asRecorded, got: (input) => refusable(() => replayLabels(parseSelectorText(String(input.selector)), input, true)) }],
  ['selectors/labelSelector', {
    expected: asRecorded,
    got: (input) => refusable(() => replayLabels(compileLabelSelector(input.selector as LabelSelector | null), input, false)),
  }],
  ['selectors/nodeSelector', { expected: asRecorded, got: replayNodeSelector }],
  ['selectors/podNode', { expected: asRecorded, got: replayPodNode }],
  ['selectors/preferred', { expected: asRecorded, got: replayPreferred }],
  ['pod-requests/podRequests', { expected: comparableRequests, got: replayPodRequests }],
  ['pod-ranking/compare', { expected: asRecorded, got: replayRanking }],
  ['pod-ranking/sorted', { expected: asRecorded, got: replayRanking }],
  ['pod-ranking/victims', { expected: asRecorded, got: replayRanking }],
  ['pod-ranking/plain', { expected: asRecorded, got: replayPlainRanking }],
  ['taint-eviction/zoneState', { expected: asRecorded, got: replayZoneState }],
  ['taint-eviction/noSchedule', { expected: asRecorded, got: replayNoSchedule }],
  ['taint-eviction/eviction', { expected: asRecorded, got: replayEviction }],
  ['taint-eviction/lifecycle', { expected: asRecorded, got: replayLifecycle }],
  ['priority-preemption-pdb/priority', { expected: asRecorded, got: replayPriority }],
]);

function comparableParse(out: Fields): Fields {
  const skipped: string[] = ['valueOdd', 'milliOdd'];
  if (out.valueFits === false || out.valueOdd === true) skipped.push('value');
  if (out.milliFits === false || out.milliOdd === true) skipped.push('milli');
  return without(out, skipped);
}

function replayParse(text: string, out: Fields): Fields {
  const quantity = quantityOrError(text);
  if (quantity instanceof QuantityError) return { ok: false, error: quantity.errorClass };
  const value = quantity.value();
  const milli = quantity.milliValue();
  const canonical = quantity.canonical();
  const got = {
    ok: true,
    canonical,
    ...(quantity.toString() === canonical ? {} : { text: quantity.toString() }),
    value: String(value),
    milli: String(milli),
    valueFits: fitsInt64(value),
    milliFits: fitsInt64(milli),
    sign: quantity.sign(),
    format: quantity.format,
  };
  const compared = comparableParse(out);
  return without(got, ['value', 'milli'].filter((field) => out.ok === true && !(field in compared)));
}

function quantityOrError(text: string): Quantity | QuantityError {
  try {
    return parseQuantity(text);
  } catch (error) {
    if (error instanceof QuantityError) return error;
    throw error;
  }
}

/** The value fields are recorded only where upstream returns the exact number. */
function replayArithmetic(input: Fields, out: Fields): Fields {
  const a = parseQuantity(String(input.a));
  const b = parseQuantity(String(input.b));
  const sum = a.add(b);
  const difference = a.sub(b);
  const got = {
    cmp: a.cmp(b),
    add: sum.canonical(),
    sub: difference.canonical(),
    addValue: String(sum.value()),
    addMilli: String(sum.milliValue()),
    subMilli: String(difference.milliValue()),
  };
  return without(got, ['addValue', 'addMilli', 'subMilli'].filter((field) => !(field in out)));
}

function replayRoundUp(input: Fields, out: Fields): Fields {
  const scale = Number(input.scale);
  const quantity = parseQuantity(String(input.s));
  const rounded = quantity.roundUp(scale);
  const got = { canonical: rounded.canonical(), exact: rounded.cmp(quantity) === 0, scaled: String(quantity.scaledValue(scale)) };
  return without(got, out.scaledOdd === true || !('scaled' in out) ? ['scaled'] : []);
}

function replayMake(input: Fields): Fields {
  const format = input.format as QuantityFormat;
  const milli = input.milli as string | undefined;
  const made = milli === undefined ? quantityOfUnits(BigInt(input.value as string), format) : quantityOfMilli(BigInt(milli), format);
  return { canonical: made.canonical() };
}

/** A refused selector is an answer, not a failure. */
function refusable(answer: () => Fields): Fields {
  try {
    return answer();
  } catch (error) {
    if (error instanceof SelectorError) return { ok: false };
    throw error;
  }
}

function replayLabels(selector: CompiledSelector, input: Fields, withRequirements: boolean): Fields {
  const labels = input.labels as readonly Readonly<Record<string, string>>[];
  const requirements = selector.requirements.map(({ key, operator, values }) => ({ key, operator, values }));
  return {
    ok: true,
    canonical: selector.text,
    ...(withRequirements ? { requirements } : {}),
    matches: labels.map((map) => selector.matches(labelsOf(map))),
  };
}

function nodesOf(input: Fields): SelectableNode[] {
  const nodes = input.nodes as readonly { readonly name: string; readonly labels?: Readonly<Record<string, string>> }[];
  return nodes.map(({ name, labels }) => ({ name, labels: labelsOf(labels) }));
}

function replayNodeSelector(input: Fields): Fields {
  const selector = input.selector as NodeSelector;
  const nodes = nodesOf(input);
  const lenient = compileNodeSelector(selector);
  const strict = refusable(() => {
    const compiled = compileNodeSelector(selector, 'strict');
    return { strictOk: true, strict: nodes.map((node) => compiled.matches(node)) };
  });
  return { lazy: nodes.map((node) => lenient.match(node)), ...(strict.ok === false ? { strictOk: false } : strict) };
}

function replayPodNode(input: Fields): Fields {
  const nodeSelector = input.nodeSelector as Readonly<Record<string, string>> | null;
  const required = input.affinity as NodeSelector | null;
  const affinity = compileRequiredNodeAffinity({
    ...(nodeSelector === null ? {} : { nodeSelector }),
    ...(required === null ? {} : { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } }),
  });
  return { results: nodesOf(input).map((node) => affinity.match(node)) };
}

function replayPreferred(input: Fields): Fields {
  return refusable(() => {
    const terms = compilePreferredTerms(input.terms as readonly PreferredSchedulingTerm[]);
    return { ok: true, scores: nodesOf(input).map((node) => terms.score(node)) };
  });
}

/** Quantities are compared by value: printed forms are brought to one format. */
function comparableRequests(out: Fields): Fields {
  const parts: Record<string, unknown> = { qos: out.qos };
  for (const part of ['requests', 'limits', 'containers']) {
    const recorded = out[part] as Readonly<Record<string, { readonly q: string; readonly milli: string }>>;
    parts[part] = Object.fromEntries(Object.entries(recorded).map(([name, { q, milli }]) => [name, { nanos: String(parseQuantity(q).nanos), milli }]));
  }
  return parts;
}

function replayPodRequests(input: Fields): Fields {
  const pod = input.pod as Pod;
  const options: PodRequestsOptions = {
    useStatusResources: input.useStatus === true,
    podLevel: input.skipPodLevel !== true,
    containerDefaults: recordedDefaults(input.nonMissing as ResourceList | null),
    includeOverhead: input.excludeOverhead !== true,
    podLevelResize: false,
  };
  return {
    requests: recordedForm(podRequests(pod, options)),
    limits: recordedForm(podLimits(pod, options)),
    containers: recordedForm(containerRequests(pod, options)),
    qos: qosClass(pod),
  };
}

function recordedDefaults(list: ResourceList | null): ContainerDefaults | null {
  if (list === null) return null;
  const quantities = quantitiesOf(list);
  const cpu = quantities.get('cpu');
  const memory = quantities.get('memory');
  return {
    ...(cpu === undefined ? {} : { cpuMilli: Number(cpu.milliValue()) }),
    ...(memory === undefined ? {} : { memoryBytes: Number(memory.value()) }),
  };
}

function recordedForm(quantities: ReadonlyQuantities): Fields {
  return Object.fromEntries([...quantities].map(([name, quantity]) => [name, { nanos: String(quantity.nanos), milli: String(quantity.milliValue()) }]));
}

function replayPriority(input: Fields): Fields {
  const classes = input.classes as readonly { readonly name: string; readonly value: number; readonly globalDefault: boolean; readonly preemptionPolicy: string | null }[];
  const asked = input.pod as { readonly priorityClassName: string; readonly priority: number | null; readonly preemptionPolicy: string | null };
  const lookup = priorityClassLookup(classes.map(({ name, value, globalDefault, preemptionPolicy }) => ({
    metadata: { name }, value, globalDefault, ...(preemptionPolicy === null ? {} : { preemptionPolicy }),
  })));
  const decision = decidePriority({
    priorityClassName: asked.priorityClassName,
    ...(asked.priority === null ? {} : { priority: asked.priority }),
    ...(asked.preemptionPolicy === null ? {} : { preemptionPolicy: asked.preemptionPolicy }),
  }, lookup);
  return decision.ok ? { ...decision } : { ok: false };
}

function fitsInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

function without(fields: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}
