/**
 * A user's plugin behind a guard: every answer is looked at where it is given, and what is none ends the run with the
 * plugin's name, the method, the pod and the node. What it is shown it cannot write to. In-tree plugins need no guard.
 * Filter and score, which are asked at every node, cost some billionths of a second more.
 */
import { InputError, nearestName } from '../../base/input-error.ts';
import {
  expectDependence, expectList, expectNormalized, expectNothing, expectNumber, expectPermit, expectPostFilter,
  expectPlugin, expectPreBind, expectPreFilter, expectRows, expectStatus, expectTruth, expectWord, found, UnlikeAnswer,
} from './plugin-answers.ts';
import type { EventRegistration } from './cluster-event.ts';
import type { CycleState } from './cycle-state.ts';
import type { Handle, NodeStatuses, Plugin, PluginFactory, QueuedPod } from './plugin-api.ts';
import type { NodeInfo } from '../cache/node-info.ts';
import type { SchedulerSnapshot } from '../cache/snapshot.ts';
import type { PodInfo } from './pod-info.ts';
import { HandleView } from './plugin-views.ts';
import { PluginWatch, READ_ONLY, enter, leave } from './plugin-watch.ts';
import { ReadOnlyViews, plain } from './read-only.ts';

/** A plugin of the user's failed: its fault, told in one line. */
export class PluginFailure extends Error {
  override readonly name = 'PluginFailure';
}

/** What is to be said of a plugin besides its answers. */
export interface GuardedPlugin extends Plugin {
  /** Odd things that stop nothing. */
  readonly remarks: readonly string[];
  readonly watch: PluginWatch;
}

type Check = (answer: unknown) => unknown;
type Call = (...values: readonly unknown[]) => unknown;
type Members = Readonly<Record<string, unknown>>;

/** Methods of a pod and perhaps the name of a node, called at most a few times a cycle. */
const CHECKS: Readonly<Record<string, Check>> = {
  preEnqueue: expectStatus,
  less: expectTruth,
  preFilter: expectPreFilter,
  postFilter: expectPostFilter,
  preScore: expectStatus,
  reserve: expectStatus,
  unreserve: expectNothing,
  permit: expectPermit,
  preBind: expectPreBind,
  bind: expectStatus,
  postBind: expectNothing,
  inert: expectTruth,
  filtersNothing: expectTruth,
  countsNodes: expectTruth,
  letsAllIn: expectTruth,
};

/** What a plugin may have. */
const KNOWN: readonly string[] = [
  ...Object.keys(CHECKS), 'name', 'dependence', 'specOnly', 'filter', 'filterOf', 'score', 'scoreOf', 'normalizeScore',
  'filterNeverFails', 'onlyRowsOf', 'roomOf', 'steadyScoreOf', 'inertByTemplate', 'domains', 'claimsOnly',
  'preScoreNeedsPreFilter', 'preFilterExtensions', 'eventsToRegister', 'normalizeKeepsBest', 'normalizeByValue',
];

/** The factory of a guarded plugin. `file`: where it was loaded from; null: it came with the program. */
export function guardedFactory(factory: PluginFactory, file: string | null): PluginFactory {
  const create: PluginFactory['create'] = (args, handle) => new Guard(factory.name, file, handle).plugin(factory, args);
  return Object.create(factory, { create: { value: create, enumerable: true } }) as PluginFactory;
}

/** Members that are nearly called like methods of a plugin: `scroe; did you mean score?` */
export function misspeltMembers(plugin: object): string[] {
  return membersOf(plugin).flatMap((name) => {
    const near = KNOWN.includes(name) ? undefined : nearestName(name, KNOWN);
    return near === undefined || near in plugin ? [] : [`${name}; did you mean ${near}?`];
  });
}

/** What is odd about the plugins of a run. */
export function remarksOn(plugins: Iterable<Plugin>): string[] {
  return [...new Set([...plugins].flatMap((plugin) => (plugin as Partial<GuardedPlugin>).remarks ?? []))];
}

/** Which plugins asked for chance or time that no seed gives, in words. */
export function unsteadyNotes(plugins: Iterable<Plugin>): string[] {
  return [...plugins].flatMap((plugin) => {
    const { unsteady } = (plugin as Partial<GuardedPlugin>).watch ?? {};
    if (unsteady === undefined || unsteady.size === 0) return [];
    const calls = [...unsteady].map(([what, times]) => `${what} ${times === 1 ? 'once' : `${String(times)} times`}`);
    return `The digest cannot be trusted: plugin ${plugin.name} called ${calls.join(', ')}. Another run of the same `
      + 'seed may differ; handle.random(purpose) and handle.now() give the same each time.';
  });
}

class Guard {
  private readonly name: string;
  private readonly file: string;
  private readonly handle: Handle;
  private readonly watch = new PluginWatch();
  private readonly views: ReadOnlyViews;

  constructor(name: string, file: string | null, handle: Handle) {
    this.name = name;
    this.file = file === null ? '' : `${file}: `;
    this.handle = handle;
    this.views = new ReadOnlyViews(this.watch, handle.cluster);
  }

  plugin(factory: PluginFactory, args: Members): Plugin {
    const handle = guardedHandle(this.handle, this.views);
    const inner = this.call('create', [], () => factory.create(args, handle), expectPlugin) as Members;
    return this.call('create', [], () => this.guarded(factory, inner), (answer) => answer) as Plugin;
  }

  /** Looks at every member once: a getter may throw. */
  private guarded(factory: PluginFactory, inner: Members): Plugin {
    for (const name of KNOWN) void inner[name];
    this.checkFields(inner);
    const members: Record<string, unknown> = { name: factory.name, remarks: this.remarks(inner), watch: this.watch };
    const add = (name: string, make: () => unknown): void => {
      if (inner[name] !== undefined && inner[name] !== null) members[name] = make();
      else if (name in inner) members[name] = undefined;
    };
    for (const [name, check] of Object.entries(CHECKS)) add(name, () => this.method(inner, name, check));
    add('filter', () => this.filter(inner));
    add('score', () => this.score(inner));
    add('normalizeScore', () => this.normalizer(inner));
    add('eventsToRegister', () => this.registrations(inner));
    add('filterOf', () => this.twin(inner, 'filterOf', expectStatus));
    add('scoreOf', () => this.twin(inner, 'scoreOf', scoreCheck(inner)));
    add('onlyRowsOf', () => this.rows(inner));
    add('preFilterExtensions', () => this.extensions(inner['preFilterExtensions'] as Members));
    return Object.assign(Object.create(inner) as object, members) as unknown as Plugin;
  }

  private checkFields({ dependence }: Members): void {
    if (dependence !== undefined && dependence !== null) this.checked('dependence', [], dependence, expectDependence);
  }

  private remarks(inner: object): string[] {
    return misspeltMembers(inner).map((hint) => `${this.file}plugin ${this.name}: nobody calls its ${hint}`);
  }

  /** Asked at every node: as short as it can be. */
  private score(inner: Members): Plugin['score'] {
    const score = this.callable(inner, 'score') as (state: CycleState, pod: PodInfo, node: NodeInfo) => unknown;
    const check = scoreCheck(inner);
    const { watch, views } = this;
    return (state, pod, node) => {
      const outer = enter(watch);
      let answer: unknown;
      try {
        answer = score.call(inner, state, views.pod(pod), views.node(node));
      } catch (error) {
        throw this.thrown('score', [pod, node], error);
      } finally {
        leave(outer);
      }
      if (typeof answer === 'number' && answer >= 0 && answer <= 100 && watch.isCalm) return answer;
      return this.checked('score', [pod, node], answer, check) as number;
    };
  }

  /** As `score`. */
  private filter(inner: Members): Plugin['filter'] {
    const filter = this.callable(inner, 'filter') as (state: CycleState, pod: PodInfo, node: NodeInfo) => unknown;
    const { watch, views } = this;
    return (state, pod, node) => {
      const outer = enter(watch);
      let answer: unknown;
      try {
        answer = filter.call(inner, state, views.pod(pod), views.node(node));
      } catch (error) {
        throw this.thrown('filter', [pod, node], error);
      } finally {
        leave(outer);
      }
      if (answer === null && watch.isCalm) return null;
      return this.checked('filter', [pod, node], answer, expectStatus) as ReturnType<NonNullable<Plugin['filter']>>;
    };
  }

  private method(inner: Members, name: string, check: Check): Call {
    const method = this.callable(inner, name);
    return (...values) =>
      this.call(name, values, () => method.apply(inner, values.map((value) => this.shown(value))), check);
  }

  private callable(inner: Members, name: string): Call {
    const method = inner[name];
    if (typeof method === 'function') return method as Call;
    throw this.failure(name, [], `expected a method, found ${found(method)}`);
  }

  private extensions(extensions: Members): Plugin['preFilterExtensions'] {
    const [addPod, removePod] = ['addPod', 'removePod'].map((name) => this.method(extensions, name, expectStatus));
    return { addPod, removePod } as unknown as NonNullable<Plugin['preFilterExtensions']>;
  }

  private twin(inner: Members, name: string, check: Check): Call {
    const make = this.method(inner, name, (answer) => answer);
    return (template) => {
      const twin = make(template);
      if (typeof twin !== 'function') throw this.failure(name, [], `expected a function, found ${found(twin)}`);
      const { views } = this;
      return (node: NodeInfo, row: number) =>
        this.call(`${name}(...)`, [node], () => (twin as Call)(views.node(node), row), check);
    };
  }

  private rows(inner: Members): Call {
    const make = this.method(inner, 'onlyRowsOf', (answer) => answer);
    return (template) => {
      const tell = make(template);
      if (tell === null) return null;
      if (typeof tell === 'function') return () => this.call('onlyRowsOf(...)', [], () => (tell as Call)(), expectRows);
      throw this.failure('onlyRowsOf', [], `expected a function or null, found ${found(tell)}`);
    };
  }

  /** The scores are the plugin's to write. */
  private normalizer(inner: Members): Call {
    const method = this.method(inner, 'normalizeScore', expectNothing);
    return (state, pod, scores, nodes) => {
      method(state, pod, scores, nodes);
      this.checked('normalizeScore', [pod], null, () => {
        expectNormalized(scores as Float64Array);
      });
    };
  }

  private registrations(inner: Members): Call {
    const method = this.method(inner, 'eventsToRegister', expectList);
    const word: Check = (answer) => expectWord(answer, ['Queue', 'QueueSkip']);
    return () =>
      (method() as readonly EventRegistration[]).map(({ event, hint }) => {
        if (hint === null || hint === undefined) return { event, hint: null };
        return { event, hint: this.method({ hint }, 'hint', word) };
      });
  }

  /** One call of the plugin: what it throws, writes or answers is its own. */
  private call(name: string, values: readonly unknown[], act: () => unknown, check: Check): unknown {
    const outer = enter(this.watch);
    let answer: unknown;
    try {
      answer = act();
    } catch (error) {
      throw this.thrown(name, values, error);
    } finally {
      leave(outer);
    }
    return this.checked(name, values, answer, check);
  }

  /** The answer as the framework takes it. */
  private checked(name: string, values: readonly unknown[], answer: unknown, check: Check): unknown {
    const offence = this.watch.takeOffence();
    if (offence !== null) throw this.failure(name, values, offence);
    const outer = enter(this.watch);
    try {
      return check(plain(answer));
    } catch (error) {
      // What is no UnlikeAnswer comes from the answer itself: a getter, a trap, an iterator that throws.
      if (error instanceof UnlikeAnswer) throw this.failure(name, values, error.message);
      throw this.thrown(name, values, error);
    } finally {
      leave(outer);
    }
  }

  /** What is to be thrown where the plugin threw. */
  private thrown(name: string, values: readonly unknown[], error: unknown): unknown {
    if (error instanceof PluginFailure || error instanceof InputError) return error;
    const offence = this.watch.takeOffence();
    if (offence !== null) return this.failure(name, values, offence);
    const where = `plugin ${this.name}, ${name}${subjects(values)}`;
    return new PluginFailure(`${this.file}the plugin threw ${thrownText(error)} (${where}${placeText(error)})`);
  }

  private failure(name: string, values: readonly unknown[], what: string): PluginFailure {
    return new PluginFailure(`${this.file}plugin ${this.name}, ${name}${subjects(values)}: ${what}`);
  }

  /** Cycle state and scores are there to be written. */
  private shown(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || value instanceof Float64Array || 'skipFilter' in value) {
      return value;
    }
    if (Array.isArray(value)) return value.map((entry) => this.views.of(entry as unknown));
    if ('explicit' in value) return guardedStatuses(value as NodeStatuses, this.views);
    if ('timestamp' in value && 'pod' in value) return queued(value as QueuedPod, this.views);
    return this.views.of(value);
  }
}

/** Without normalizeScore a score is final. */
function scoreCheck(inner: Members): (answer: unknown) => number {
  const isFinal = inner['normalizeScore'] === undefined;
  return (answer) => (isFinal ? expectNumber(answer, 0, 100) : expectNumber(answer, -Infinity, Infinity));
}

/** ` of pod default/web-0 on node general-1`, as far as the call had them. */
function subjects(values: readonly unknown[]): string {
  let text = '';
  for (const value of values) {
    if (typeof value !== 'object' || value === null) continue;
    if ('incarnation' in value && 'namespace' in value && 'name' in value) {
      text += ` of pod ${String(value.namespace)}/${String(value.name)}`;
    } else if ('allowedPods' in value && 'name' in value) text += ` on node ${String(value.name)}`;
    else if ('timestamp' in value && 'pod' in value && text === '') text += subjects([value.pod]);
  }
  const last = values[values.length - 1];
  return typeof last === 'string' && last !== '' ? `${text} on node ${last}` : text;
}

/** What was thrown, in words; looking at it may throw, too. */
export function thrownText(error: unknown): string {
  try {
    return textOf(error);
  } catch {
    return 'what throws when it is looked at';
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return `${found(error)}, no Error`;
  const refusal = /read.only|not extensible|Cannot (assign|delete|redefine)/;
  const isWrite = error instanceof TypeError && refusal.test(error.message);
  return `${error.name}: ${error.message}${isWrite ? `: ${READ_ONLY}` : ''}`;
}

function placeText(error: unknown): string {
  const stack = stackOf(error);
  const place = /\(?((?:file:|\/|[A-Za-z]:\\)[^()\s]*:\d+:\d+)\)?\s*$/m.exec(stack)?.[1];
  return place === undefined ? '' : `; at ${place}`;
}

function stackOf(error: unknown): string {
  try {
    return error instanceof Error && typeof error.stack === 'string' ? error.stack : '';
  } catch {
    return '';
  }
}

function membersOf(value: object): string[] {
  const names = new Set<string>();
  for (let at = value; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at) as object) {
    for (const name of Object.getOwnPropertyNames(at)) if (name !== 'constructor') names.add(name);
  }
  return [...names];
}

/** The same members; a plugin may take them apart. */
function guardedHandle(handle: Handle, views: ReadOnlyViews): Handle {
  const members: Handle = {
    ...handle,
    cluster: views.of(handle.cluster),
    snapshot: guardedSnapshot(handle.snapshot, views),
    filterWithNominatedPods: (state, pod, node) => handle.filterWithNominatedPods(state, plain(pod), plain(node)),
    runPreFilterAddPod: (state, pod, added, node) => handle.runPreFilterAddPod(state, plain(pod), added, plain(node)),
    runPreFilterRemovePod: (state, pod, removed, node) =>
      handle.runPreFilterRemovePod(state, plain(pod), removed, plain(node)),
    nominatedPods: (nodeName) => views.of(handle.nominatedPods(nodeName)),
    nominations: () => views.of(handle.nominations()),
  };
  return Object.assign(new HandleView(handle.cluster, (pod) => views.fresh(pod)), members);
}

function guardedSnapshot(snapshot: SchedulerSnapshot, views: ReadOnlyViews): SchedulerSnapshot {
  let source: readonly NodeInfo[] | null = null;
  let shown: readonly NodeInfo[] = [];
  return {
    get nodes(): readonly NodeInfo[] {
      if (source !== snapshot.nodes) {
        source = snapshot.nodes;
        shown = Object.freeze(source.map((node) => views.node(node)));
      }
      return shown;
    },
    find: (name) => views.of(snapshot.find(name)),
    imageState: (node, image) => views.of(snapshot.imageState(plain(node), image)),
    imageNumber: (image) => snapshot.imageNumber(image),
    imageSpread: (row, imageNumber) => snapshot.imageSpread(row, imageNumber),
  };
}

/** Entries of the queue in the order that QueueSort compares. */
function queued({ pod, timestamp }: QueuedPod, views: ReadOnlyViews): QueuedPod {
  return { pod: views.fresh(pod), timestamp };
}

function guardedStatuses(statuses: NodeStatuses, views: ReadOnlyViews): NodeStatuses {
  return {
    get: (nodeName) => statuses.get(nodeName),
    ofNode: (node) => statuses.ofNode(plain(node)),
    unschedulable: (nodes) => statuses.unschedulable(plain(nodes).map(plain)).map((node) => views.of(node)),
    explicit: () => statuses.explicit(),
  };
}
