/**
 * A user's plugin behind a guard: every answer is looked at where it is given, and what is none ends the run with the
 * plugin's name, the method, the pod and the node. What it is shown it cannot write to. In-tree plugins need no guard.
 * Costs about a tenth of a microsecond a call.
 */
import { InputError, nearestName } from '../../base/input-error.ts';
import { expectList, expectNormalized, expectNothing, expectNumber, expectPermit, expectPostFilter, expectPreBind, expectPreFilter, expectStatus, expectTruth, expectWord, found } from './plugin-answers.ts';
import type { EventRegistration } from './cluster-event.ts';
import type { Handle, NodeStatuses, Plugin, PluginFactory } from './plugin-api.ts';
import { ReadOnlyViews, plain } from './read-only.ts';

/** A plugin of the user's failed: its fault, told in one line. */
export class PluginFailure extends Error {
  override readonly name = 'PluginFailure';
}

/** The plugin has its guard already, and what is odd about it that stops nothing. */
export interface GuardedPlugin extends Plugin {
  readonly remarks: readonly string[];
}

/** Answers of methods, and what checks them; `scores` and what is made by other plugins' calls are told apart below. */
const CHECKS: Readonly<Record<string, (answer: unknown) => unknown>> = {
  preEnqueue: expectStatus,
  less: expectTruth,
  preFilter: expectPreFilter,
  filter: expectStatus,
  postFilter: expectPostFilter,
  preScore: expectStatus,
  reserve: (answer) => (answer === undefined ? null : expectStatus(answer)),
  unreserve: expectNothing,
  permit: expectPermit,
  preBind: expectPreBind,
  bind: expectStatus,
  postBind: expectNothing,
  inert: expectTruth,
  countsNodes: expectTruth,
};

const KNOWN: readonly string[] = [
  ...Object.keys(CHECKS), 'name', 'dependence', 'specOnly', 'filterOf', 'scoreOf', 'filterNeverFails', 'onlyRowsOf',
  'domains', 'claimsOnly', 'preFilterExtensions', 'score', 'normalizeScore', 'eventsToRegister',
];

type Call = (...values: readonly unknown[]) => unknown;

/** The factory of a guarded plugin. `file`: where it was loaded from; null: it came with the program. */
export function guardedFactory(factory: PluginFactory, file: string | null): PluginFactory {
  const create: PluginFactory['create'] = (args, handle) => new Guard(factory.name, file).plugin(factory, args, handle);
  return Object.create(factory, { create: { value: create, enumerable: true } }) as PluginFactory;
}

/** What is odd about the plugins of a run. */
export function remarksOn(plugins: Iterable<Plugin>): string[] {
  return [...new Set([...plugins].flatMap((plugin) => (plugin as Partial<GuardedPlugin>).remarks ?? []))];
}

class Guard {
  private readonly where: string;
  private readonly views = new ReadOnlyViews();

  constructor(name: string, file: string | null) {
    this.where = `${file === null ? '' : `${file}: `}plugin ${name}`;
  }

  plugin(factory: PluginFactory, args: Readonly<Record<string, unknown>>, handle: Handle): Plugin {
    const given = this.call('create', [], () => factory.create(args, guardedHandle(handle, this.views)), (answer) => answer);
    if (typeof given !== 'object' || given === null || 'then' in given) {
      throw new PluginFailure(`${this.where}, create: expected an object with methods, found ${found(given)}`);
    }
    const inner = given as Readonly<Record<string, unknown>>;
    const members: Record<string, unknown> = { name: factory.name, remarks: this.remarks(inner) };
    for (const [name, check] of Object.entries(CHECKS)) {
      if (inner[name] !== undefined) members[name] = this.method(inner, name, check);
    }
    if (inner['score'] !== undefined) members['score'] = this.method(inner, 'score', scoreCheck(inner));
    if (inner['normalizeScore'] !== undefined) members['normalizeScore'] = this.normalizer(inner);
    if (inner['eventsToRegister'] !== undefined) members['eventsToRegister'] = this.registrations(inner);
    for (const [name, check] of [['filterOf', expectStatus], ['scoreOf', scoreCheck(inner)]] as const) {
      if (inner[name] !== undefined) members[name] = this.twin(inner, name, check);
    }
    const extensions = inner['preFilterExtensions'] as Readonly<Record<string, unknown>> | undefined;
    if (extensions !== undefined && extensions !== null) {
      const [addPod, removePod] = ['addPod', 'removePod'].map((name) => this.method(extensions, name, expectStatus));
      members['preFilterExtensions'] = { addPod, removePod };
    }
    return Object.assign(Object.create(inner) as object, members) as unknown as Plugin;
  }

  /** Members that are nearly called like methods of a plugin: nobody calls those. */
  private remarks(inner: object): string[] {
    return membersOf(inner).flatMap((name) => {
      const near = KNOWN.includes(name) ? undefined : nearestName(name, KNOWN);
      return near === undefined ? [] : [`${this.where}: nobody calls its ${name} — did you mean ${JSON.stringify(near)}?`];
    });
  }

  private method(inner: Readonly<Record<string, unknown>>, name: string, check: (answer: unknown) => unknown): Call {
    const method = inner[name];
    if (typeof method !== 'function') {
      throw new PluginFailure(`${this.where}: expected a method ${name}, found ${found(method)}`);
    }
    return (...values) => this.call(name, values, () => (method as Call).apply(inner, values.map((value) => this.shown(value))), check);
  }

  private twin(inner: Readonly<Record<string, unknown>>, name: string, check: (answer: unknown) => unknown): Call {
    const make = this.method(inner, name, (answer) => answer);
    return (template) => {
      const twin = make(template);
      if (typeof twin !== 'function') throw new PluginFailure(`${this.where}, ${name}: expected a function, found ${found(twin)}`);
      return (...values: readonly unknown[]) =>
        this.call(`${name}(...)`, values, () => (twin as Call)(...values.map((value) => this.shown(value))), check);
    };
  }

  /** The scores are the plugin's to write. */
  private normalizer(inner: Readonly<Record<string, unknown>>): Call {
    const method = this.method(inner, 'normalizeScore', expectNothing);
    return (state, pod, scores, nodes) => {
      method(state, pod, scores, nodes);
      this.call('normalizeScore', [pod], () => expectNormalized(scores as Float64Array), (answer) => answer);
    };
  }

  private registrations(inner: Readonly<Record<string, unknown>>): Call {
    const method = this.method(inner, 'eventsToRegister', expectList);
    return () =>
      (method() as readonly EventRegistration[]).map(({ event, hint }) => {
        if (hint === null || hint === undefined) return { event, hint: null };
        const word = (answer: unknown): unknown => expectWord(answer, ['Queue', 'QueueSkip']);
        return { event, hint: this.method({ hint }, 'hint', word) };
      });
  }

  /** One call of the plugin: what it throws, writes or answers is its own. */
  private call(name: string, values: readonly unknown[], act: () => unknown, check: (answer: unknown) => unknown): unknown {
    let answer: unknown;
    try {
      answer = act();
    } catch (error) {
      if (error instanceof PluginFailure || error instanceof InputError) throw error;
      const wrote = this.views.takeAttempt();
      throw this.failure(name, values, wrote === null ? thrownText(error) : writeText(wrote));
    }
    const wrote = this.views.takeAttempt();
    if (wrote !== null) throw this.failure(name, values, writeText(wrote));
    try {
      return check(plain(answer));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw this.failure(name, values, error.message);
    }
  }

  private failure(name: string, values: readonly unknown[], what: string): PluginFailure {
    return new PluginFailure(`${this.where}, ${name}${subjects(values)}: ${what}`);
  }

  /** Cycle state and scores are there to be written. */
  private shown(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || value instanceof Float64Array || 'skipFilter' in value) return value;
    return 'explicit' in value ? guardedStatuses(value as NodeStatuses, this.views) : this.views.of(value);
  }
}

/** Without normalizeScore a score is final. */
function scoreCheck(inner: Readonly<Record<string, unknown>>): (answer: unknown) => number {
  return inner['normalizeScore'] === undefined ? (answer) => expectNumber(answer, 0, 100) : (answer) => expectNumber(answer, -Infinity, Infinity);
}

/** ` of pod default/web-0 on node general-1`, as far as the call had them. */
function subjects(values: readonly unknown[]): string {
  let text = '';
  for (const value of values) {
    if (typeof value !== 'object' || value === null) continue;
    if ('incarnation' in value && 'namespace' in value && 'name' in value) text += ` of pod ${String(value.namespace)}/${String(value.name)}`;
    else if ('pods' in value && 'allowedPods' in value && 'name' in value) text += ` on node ${String(value.name)}`;
  }
  const last = values[values.length - 1];
  return typeof last === 'string' && last !== '' ? `${text} on node ${last}` : text;
}

function thrownText(error: unknown): string {
  if (!(error instanceof Error)) return `threw ${found(error)}: expected an Error`;
  const place = /\(?((?:file:|\/|[A-Za-z]:\\)[^()\s]*:\d+:\d+)\)?\s*$/m.exec(error.stack ?? '')?.[1];
  return `threw ${error.name}: ${error.message}${place === undefined ? '' : ` (at ${place})`}`;
}

function writeText(what: string): string {
  return `tried to write ${what}: nodes, pods and the cache are read-only (a copy made by node.whatIf() is not)`;
}

function membersOf(value: object): string[] {
  const names = new Set<string>();
  for (let at: object | null = value; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at) as object | null) {
    for (const name of Object.getOwnPropertyNames(at)) if (name !== 'constructor') names.add(name);
  }
  return [...names];
}

function guardedHandle(handle: Handle, views: ReadOnlyViews): Handle {
  return {
    ...handle,
    cluster: views.of(handle.cluster),
    snapshot: views.of(handle.snapshot),
    filterWithNominatedPods: (state, pod, node) => views.of(handle.filterWithNominatedPods(state, plain(pod), plain(node))),
    runPreFilterAddPod: (state, pod, added, node) => handle.runPreFilterAddPod(state, plain(pod), added, plain(node)),
    runPreFilterRemovePod: (state, pod, removed, node) =>
      handle.runPreFilterRemovePod(state, plain(pod), removed, plain(node)),
    nominatedPods: (nodeName) => views.of(handle.nominatedPods(nodeName)),
    nominations: () => views.of(handle.nominations()),
  };
}

function guardedStatuses(statuses: NodeStatuses, views: ReadOnlyViews): NodeStatuses {
  return {
    get: (nodeName) => statuses.get(nodeName),
    ofNode: (node) => statuses.ofNode(plain(node)),
    unschedulable: (nodes) => views.of(statuses.unschedulable(plain(nodes).map(plain))),
    explicit: () => statuses.explicit(),
  };
}
