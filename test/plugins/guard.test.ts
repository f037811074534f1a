// Every answer of a user's plugin is looked at where it is given; what it is shown it cannot write to; what it asks of
// the process is seen. Plugins in memory; what needs a process of its own stands in test/cli/plugin-guard.test.ts.
import { withoutHash } from '../support/without-hash.ts';
import { describe, expect, test } from 'vitest';
import { run } from '../../src/io/run-scenario.ts';
import type { RunOptions } from '../../src/io/run-scenario.ts';
import type { RunResult } from '../../src/metrics/run-result.ts';
import type { Handle, NodeInfo, NodeStatuses, Plugin, PluginFactory } from '../../src/scheduler/framework/plugin-api.ts';
import { Action, event, freeOn, podsOn, requestOf, unresolvable, unschedulable } from '../../src/scheduler/framework/plugin-api.ts';

const SCENARIO = `name: guard
duration: 2m
nodePools: [{name: n, count: 3, allocatable: {cpu: 4, memory: 16Gi}, labels: {disk: fast}}]
workloads: [{name: web, kind: Deployment, replicas: 4, requests: {cpu: 1, memory: 1Gi}}]
scheduler:
  config:
    apiVersion: kubescheduler.config.k8s.io/v1
    kind: KubeSchedulerConfiguration
    profiles: [{plugins: {multiPoint: {enabled: [{name: P, weight: 3}]}}}]
`;

/** Methods as a plugin in JavaScript may have them. */
type Methods = Readonly<Record<string, unknown>>;
type Make = (handle: Handle) => Methods;

function factoryOf(make: Make): PluginFactory {
  return { name: 'P', summary: 's', create: (_args, handle) => ({ name: 'P', ...make(handle) }) };
}

function play(make: Make, options: RunOptions = {}): Promise<RunResult> {
  return run({ text: SCENARIO, name: 'guard.yaml' }, { plugins: [factoryOf(make)], ...options });
}

async function failureOf(make: Make): Promise<string> {
  return play(make).then(() => 'nothing', (error: unknown) => {
    const { name, message } = error as Error;
    return withoutHash(`${name}: ${message}`);
  });
}

const POD = 'of pod default/web-0-0';
const ON_NODE = `${POD} on node n-0`;
const STATUS = 'null or a status { code, reasons, plugin }, such as unschedulable(name, reason)';

describe('an answer that is none', () => {
  test.each<[string, Methods, string]>([
    ['score: undefined', { score: () => undefined },
      `score ${ON_NODE}: expected a number from 0 to 100, found undefined`],
    ['score: NaN', { score: () => Number.NaN }, 'found NaN'],
    ['score: text', { score: () => '5' }, 'found the text "5"'],
    ['score: BigInt', { score: () => 5n }, 'found the BigInt 5n'],
    ['score: promise', { score: () => Promise.resolve(1) }, 'found a promise: plugins answer at once'],
    ['score: too much', { score: () => 101 }, 'found 101'],
    ['score: below 0', { score: () => -1 }, 'found -1'],
    ['score: true', { score: () => true }, 'found true'],
    ['raw score: endless', { score: () => Infinity, normalizeScore: () => undefined }, 'a number, found Infinity'],
    ['normalizeScore', { score: () => 500, normalizeScore: () => undefined },
      `normalizeScore ${POD}: expected scores from 0 to 100 afterwards, found 500`],
    ['filter: true', { filter: () => true }, `filter ${ON_NODE}: expected ${STATUS}, found true`],
    ['filter: undefined', { filter: () => undefined }, `expected ${STATUS}, found undefined`],
    ['filter: object', { filter: () => ({ ok: true }) }, `expected ${STATUS}, found an object with ok`],
    ['filter: code', { filter: () => ({ code: 9, reasons: [], plugin: 'P' }) }, 'whose code is one of Code, found 9'],
    ['filter: reasons', { filter: () => ({ code: 2, reasons: 'no', plugin: 'P' }) }, 'found the text "no"'],
    ['preFilter', { preFilter: () => null }, `preFilter ${POD}: expected an object { status, nodeNames }, found null`],
    ['preFilter: names', { preFilter: () => ({ status: null, nodeNames: ['a'] }) }, 'nodeNames: a Set of names'],
    ['preScore', { preScore: () => 1, score: () => 1 }, `preScore ${POD}: expected ${STATUS}, found 1`],
    ['reserve', { reserve: () => 5 }, `reserve ${ON_NODE}: expected ${STATUS}, found 5`],
    ['permit: text', { permit: () => 'wait' }, 'expected an object { status, timeoutMicros }, found the text "wait"'],
    ['permit: timeout', { permit: () => ({ status: { code: 4, reasons: [], plugin: 'P' }, timeoutMicros: 'soon' }) },
      'timeoutMicros: microseconds from 0, found the text "soon"'],
    ['preBind', { preBind: () => ({ afterMicros: Number.NaN }) }, 'afterMicros: microseconds from 0, found NaN'],
    ['preEnqueue', { preEnqueue: () => false }, `preEnqueue ${POD}: expected ${STATUS}, found false`],
    ['eventsToRegister', { filter: () => null, eventsToRegister: () => 'all' }, 'a list of { event, hint }'],
    ['dependence', { score: () => 1, dependence: { score: 'nodes' } }, "'facts', 'node' or 'cluster', found the text"],
    ['scoreOf', { score: () => 1, scoreOf: () => 3, dependence: { score: 'node' } }, 'expected a function, found 3'],
    ['twin', { score: () => 1, scoreOf: () => () => 'x', dependence: { score: 'node' } }, 'found the text "x"'],
  ])('%s', async (_kind, methods, expected) => {
    const message = await failureOf(() => methods);
    expect(message).toContain('PluginFailure: plugin P, ');
    expect(message).toContain(expected);
  });

  const throwing = (value: unknown): Make => () => ({ score: () => { throw value; } });

  test('what is thrown is told with the call', async () => {
    const call = `(plugin P, score ${ON_NODE}`;
    expect(await failureOf(throwing('boom'))).toContain(`the plugin threw the text "boom", no Error ${call})`);
    expect(await failureOf(throwing(null))).toContain(`the plugin threw null, no Error ${call})`);
    expect(await failureOf(throwing(new Error('oh no')))).toContain(`the plugin threw Error: oh no ${call}`);
  });

  const boom = (): never => { throw new TypeError('boom'); };
  const trap = (): object => new Proxy({}, { get: boom, has: boom, ownKeys: boom, getOwnPropertyDescriptor: boom });

  test.each<[string, Methods, string]>([
    ['a code', { filter: () => ({ get code() { return boom(); }, reasons: [], plugin: 'P' }) }, `filter ${ON_NODE}`],
    ['reasons', { filter: () => ({ code: 2, get reasons() { return boom(); }, plugin: 'P' }) }, `filter ${ON_NODE}`],
    ['a walk over reasons', { preFilter: () => ({
      status: { code: 2, reasons: Object.assign(['a'], { [Symbol.iterator]: boom }), plugin: 'P' }, nodeNames: null,
    }) }, `preFilter ${POD}`],
    ['a trap', { filter: trap }, `filter ${ON_NODE}`],
    ['a trap for a score', { score: trap }, `score ${ON_NODE}`],
    ['a trap for PreFilter', { preFilter: trap }, `preFilter ${POD}`],
    ['names of nodes', { preFilter: () => ({ status: null, nodeNames: Object.assign(new Set(['n-0']), { [Symbol.iterator]: boom }) }) }, `preFilter ${POD}`],
    ['a promise that is none', { permit: () => ({ get then() { return boom(); } }) }, `permit ${ON_NODE}`],
    ['a hint', { filter: () => null, eventsToRegister: () => [{ event: {}, get hint() { return boom(); } }] },
      'eventsToRegister'],
    ['a field', { filter: () => null, get specOnly() { return boom(); } }, 'create'],
    ['a dependence', { score: () => 1, dependence: trap() }, 'dependence'],
  ])('that throws when it is looked at: %s', async (_kind, methods, call) => {
    const make: PluginFactory = {
      name: 'P', summary: 's',
      create: () => Object.defineProperties({ name: 'P' }, Object.getOwnPropertyDescriptors(methods)),
    };
    const message = await run({ text: SCENARIO, name: 'guard.yaml' }, { plugins: [make] }).then(() => '', String);
    expect(withoutHash(message)).toContain(`the plugin threw TypeError: boom (plugin P, ${call}`);
  });

  test('what is thrown may be odd itself', async () => {
    const odd = Object.defineProperty(new Error('x'), 'message', { get: boom });
    for (const what of [odd, trap()]) {
      const message = await failureOf(throwing(what));
      expect(message).toContain(`the plugin threw what throws when it is looked at (plugin P, score ${ON_NODE}`);
    }
  });

  test('a plugin that is none, or has no method of a point, is a mistake in the input', async () => {
    const made = (value: unknown): PluginFactory => ({ name: 'P', summary: 's', create: () => value as Plugin });
    const refused = async (value: unknown): Promise<string> =>
      run({ text: SCENARIO, name: 'guard.yaml' }, { plugins: [made(value)] }).then(() => '', String);
    expect(await refused(null)).toContain('InputError: plugin P, create: expected an object with methods, found null');
    expect(await refused(Promise.resolve({}))).toContain('found a promise');
    expect(await refused({ name: 'P', fitler: () => null }))
      .toContain('plugin P has no method of any extension point: it has fitler; did you mean filter?');
  });

  test('misspelt methods beside others are told as a warning', async () => {
    const warnings: string[] = [];
    const onWarning = ({ message }: { readonly message: string }): void => void warnings.push(message);
    await play(() => ({ score: () => 1, fitler: () => null }), { onWarning });
    expect(warnings).toEqual(['plugin P: nobody calls its fitler; did you mean filter?']);
  });
});

describe('what a plugin is shown', () => {
  /** A filter that tries to write, and hides that it failed. */
  const hiding = (write: (node: NodeInfo, pod: { template: unknown; row: number }, handle: Handle) => void): Make =>
    (handle) => ({
      filter: (_state: unknown, pod: { template: unknown; row: number }, node: NodeInfo) => {
        try {
          write(node, pod, handle);
        } catch {
          // Nothing came of it.
        }
        return null;
      },
    });

  test.each<[string, Parameters<typeof hiding>[0], string]>([
    ['amounts of a node', (node) => node.allocatable.fill(1e12), 'allocatable of node n-0'],
    ['requests on a node', (node) => (node.requested[0] += 1), 'requested of node n-0'],
    ['a field of a node', (node) => (node.allowedPods = 0), 'allowedPods of a node'],
    ['labels', (node) => (node.labels as Map<string, string>).set('a', 'b'), 'a map (set)'],
    ['the object', (node) => ((node.facts.object as { metadata: unknown }).metadata = {}), '(metadata)'],
    ['pods of a node', (node) => (node as unknown as { addPod(): void }).addPod(), 'node n-0 (addPod)'],
    ['the template', (_node, pod) => ((pod.template as { spec: unknown }).spec = {}), '(spec)'],
    ['a field of a pod', (_node, pod) => (pod.row = 3), 'row of a pod'],
    ['columns of the cache', (_node, { row }, handle) => (handle.cluster.pods.node[row] = 1), 'a list (0)'],
    ['the cache', (node, { row }, handle) => { handle.cluster.assumePod(row, node.row); }, '(assumePod)'],
    ['nodes of the snapshot', (_node, _pod, { snapshot }) => snapshot.nodes[0].allocatable.fill(0), 'of node n-0'],
  ])('%s cannot be written', async (_kind, write, told) => {
    const message = await failureOf(hiding(write));
    expect(message).toContain(`PluginFailure: plugin P, filter ${ON_NODE}: tried to change `);
    expect(message).toContain(told);
    expect(message).toContain('nodes, pods and the cache are read-only to plugins');
  });

  test('a list of pods is frozen', async () => {
    const push: Make = () => ({ filter: (_state: unknown, _pod: unknown, node: NodeInfo) => node.pods.push(1) });
    expect(await failureOf(push)).toMatch(/the plugin threw TypeError: .*read-only to plugins/);
  });

  test('a copy that it asked for is its own', async () => {
    const { counts } = await play((handle) => ({
      filter: (_state: unknown, _pod: unknown, node: NodeInfo) => {
        const copy = node.whatIf(handle.cluster.nodes.stride);
        copy.allocatable.fill(0);
        copy.pods.push(7);
        return null;
      },
    }));
    expect(counts.podsScheduled).toBe(4);
  });

  test('reads are what they were', async () => {
    const seen: unknown[] = [];
    await play((handle) => ({
      score: (_state: unknown, pod: Parameters<typeof requestOf>[1], node: NodeInfo) => {
        if (node.name === 'n-0' && withoutHash(pod.name) === 'web-0-3') {
          const [first] = podsOn(handle, node);
          seen.push(node.labels.get('disk'), [...node.labels.keys()].includes('disk'), node.labels.size > 3);
          seen.push(freeOn(handle, node, 'cpu'), requestOf(handle, pod, 'memory'), node.pods.length, withoutHash(first.name));
          seen.push(handle.snapshot.find('n-0') === node, handle.snapshot.nodes.includes(node));
          seen.push(node.allocatable[node.base], pod.template.spec.containers?.length, pod.namespace);
        }
        return 1;
      },
    }));
    expect(seen).toEqual(['fast', true, true, 3000, 2 ** 30, 1, 'web-0-0', true, true, 4000, 1, 'default']);
  });
});

describe('what a plugin asks of the process', () => {
  test.each<[string, () => unknown, string]>([
    ['process.exit', () => process.exit(0), 'called process.exit(0)'],
    ['setTimeout', () => setTimeout(() => undefined, 1), 'called setTimeout(): plugins answer at once'],
    ['setInterval', () => setInterval(() => undefined, 1), 'called setInterval()'],
    ['queueMicrotask', () => { queueMicrotask(() => undefined); }, 'called queueMicrotask()'],
    ['process.nextTick', () => { process.nextTick(() => undefined); }, 'called process.nextTick()'],
  ])('%s ends the run, also when the plugin hides it', async (_kind, act, told) => {
    const hide: Make = () => ({
      score: () => {
        try {
          act();
        } catch {
          // Nobody shall know.
        }
        return 1;
      },
    });
    expect(await failureOf(hide)).toContain(`PluginFailure: plugin P, score ${ON_NODE}: ${told}`);
  });

  test('chance and time without a seed are counted in the notes of the report', async () => {
    const { notes } = await play(() => ({
      score: () => Math.floor(Math.random() + Date.now() * 0 + new Date().getTime() * 0 + performance.now() * 0),
    }));
    expect(notes[0]).toMatch(
      /^The digest cannot be trusted: plugin P called Math\.random (\d+) times, Date \d+ times, performance\.now \1 /,
    );
    const steady = await play((handle) => ({
      score: () => Math.floor(handle.random('x').next()) + new Date(5).getTime(),
    }));
    expect(steady.notes.join()).not.toContain('digest');
  });

  test('behind the run everything is as it was', async () => {
    const before = [Math.random, Date, setTimeout, process.exit.name, Object.keys(process).length];
    await play(() => ({ score: () => 1 }));
    expect([Math.random, Date, setTimeout, process.exit.name, Object.keys(process).length]).toEqual(before);
  });
});

test('the guard changes no decision, with caches and without', async () => {
  const make: Make = (handle) => ({
    preFilter: () => ({ status: null, nodeNames: new Set(['n-1', 'n-2']) }),
    score: (_state: unknown, _pod: unknown, node: NodeInfo) => Math.floor(freeOn(handle, node, 'cpu') / 40),
  });
  const [fast, plain] = [await play(make), await play(make, { plain: true })];
  expect(fast.digest).toBe(plain.digest);
  expect(fast.nodes.find(({ name }) => name === 'n-0')?.podsHosted).toBe(0);
});

test('a PreFilter without a Filter rejects pods with caches, too', async () => {
  const make: Make = () => ({ preFilter: () => ({ status: unschedulable('P', 'no'), nodeNames: null }) });
  const [fast, plain] = [await play(make), await play(make, { plain: true })];
  expect(fast.counts.podsPending).toBe(4);
  expect(fast.digest).toBe(plain.digest);
});

test('a plugin that is guarded hears of verdicts and events as one that is not', async () => {
  const seen: unknown[] = [];
  const hinted: unknown[] = [];
  const { counts } = await play((handle) => ({
    filter: (_state: unknown, _pod: unknown, { name }: NodeInfo) =>
      name === 'n-0' ? unschedulable('P', 'not now') : unresolvable('P', 'never'),
    postFilter: (_state: unknown, pod: { readonly name: string }, statuses: NodeStatuses) => {
      const { nodes } = handle.snapshot;
      seen.push([
        pod.name, statuses.get('n-0')?.reasons, statuses.get('n-1')?.reasons, statuses.ofNode(nodes[0])?.code,
        statuses.ofNode(nodes[2])?.code, statuses.unschedulable(nodes).map(({ name }) => name),
        [...statuses.explicit()].map(([name]) => name),
      ]);
      return { status: unschedulable('P', 'nothing helps'), nominatedNodeName: null };
    },
    eventsToRegister: () => [
      { event: event('Pod', Action.Add), hint: null },
      { event: event('Node', Action.Add), hint: (pod: { readonly name: string }) => { hinted.push(pod.name); return 'QueueSkip'; } },
    ],
  }));
  expect(counts.podsPending).toBe(4);
  expect(seen[0]).toEqual(['web-0-5d6ff4d84f-0', ['not now'], ['never'], 2, 3, ['n-0'], ['n-0', 'n-1', 'n-2']]);
  expect(hinted).toEqual([]);
});
