// Imports run downhill: this is the table of docs/architecture.md as data. Any other edge between folders fails, and so
// does a cycle between files. Type-only imports count, too.
import { readFileSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { importsOf, type SourceImport } from '../support/source-imports.ts';
import { filesBelow } from '../support/tracked-files.ts';

/** A folder's own files and `base` go without saying. `types:` before a path: only `import type`. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  base: [],
  kernel: [],
  scenario: ['kernel'],
  cluster: ['kernel'],
  'control-plane': ['kernel', 'cluster', 'scenario'],
  scheduler: ['kernel', 'cluster', 'scenario'],
  controllers: ['kernel', 'cluster', 'scenario'],
  node: ['kernel', 'cluster', 'scenario'],
  storage: ['kernel', 'cluster', 'scenario'],
  failures: ['kernel', 'cluster', 'scenario'],
  operations: ['kernel', 'cluster', 'scenario', 'control-plane'],
  autoscaling: ['kernel', 'cluster', 'scenario', 'scheduler/cache', 'scheduler/framework', 'scheduler/what-if'],
  workload: ['kernel', 'cluster', 'scenario'],
  metrics: ['kernel', 'cluster', 'scenario'],
  simulation: [
    'kernel', 'cluster', 'scenario', 'control-plane', 'scheduler', 'controllers', 'node', 'storage', 'failures', 'operations', 'autoscaling', 'workload', 'metrics',
  ],
  experiment: ['kernel', 'cluster', 'scenario', 'control-plane', 'scheduler', 'operations', 'workload', 'simulation', 'metrics'],
  conformance: ['kernel', 'cluster', 'scenario', 'control-plane', 'scheduler', 'controllers', 'workload', 'experiment'],
  'scheduler-perf': ['kernel', 'cluster', 'scenario', 'control-plane', 'scheduler', 'workload', 'simulation'],
  report: ['metrics/run-result.ts', 'metrics/declared-metrics.ts', 'types:metrics/metric.ts', 'types:experiment'],
  io: [
    'kernel', 'cluster', 'scenario', 'control-plane', 'scheduler', 'controllers', 'node', 'storage', 'failures', 'operations', 'autoscaling', 'workload', 'metrics',
    'simulation', 'conformance', 'scheduler-perf', 'experiment', 'report',
  ],
  cli: [
    'kernel', 'cluster', 'scenario', 'control-plane', 'scheduler', 'controllers', 'node', 'storage', 'failures', 'operations', 'autoscaling', 'workload', 'metrics',
    'simulation', 'conformance', 'scheduler-perf', 'experiment', 'report', 'io', 'index.ts',
  ],
};

interface Edge extends SourceImport {
  readonly from: string;
  /** Path below src/. */
  readonly to: string;
}

const files = filesBelow('src', '.ts').map((file) => file.slice('src/'.length));
const edges: readonly Edge[] = files.flatMap((from) =>
  importsOf(`src/${from}`)
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map((found) => ({ ...found, from, to: posix.normalize(posix.join(dirname(from), found.specifier)) })),
);

function isAllowed({ from, to, typeOnly }: Edge): boolean {
  if (!from.includes('/')) return true; // src/index.ts, the public list
  const folder = from.slice(0, from.indexOf('/'));
  if (to.startsWith(`${folder}/`) || to.startsWith('base/')) return true;
  return (ALLOWED[folder] ?? []).some((entry) => {
    const target = entry.replace(/^types:/, '');
    return (typeOnly || target === entry) && (to === target || to.startsWith(`${target}/`));
  });
}

/** The first cycle met from each file, as the paths along it; each cycle once. */
function cycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const path: string[] = [];
  const visit = (file: string): void => {
    state.set(file, 'open');
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      if (state.get(next) === 'open') found.push([...path.slice(path.indexOf(next)), next].join(' -> '));
      else if (!state.has(next)) visit(next);
    }
    path.pop();
    state.set(file, 'done');
  };
  for (const file of graph.keys()) if (!state.has(file)) visit(file);
  return found;
}

describe('imports between folders', () => {
  test('follow the table of allowed edges', () => {
    const wrong = edges.filter((edge) => !isAllowed(edge));
    expect(wrong.map(({ from, line, to, typeOnly }) => `src/${from}:${line} imports ${typeOnly ? 'the types of ' : ''}src/${to}`)).toEqual([]);
  });

  test('name files that exist', () => {
    const known = new Set(files);
    expect(edges.filter(({ to }) => !known.has(to)).map(({ from, line, to }) => `src/${from}:${line} imports src/${to}`)).toEqual([]);
  });

  test('node: modules are imported by io and cli only', () => {
    const wrong = files
      .filter((file) => !/^(io|cli)\//.test(file))
      .flatMap((file) => importsOf(`src/${file}`).filter(({ specifier }) => specifier.startsWith('node:')).map(({ line }) => `src/${file}:${line}`));
    expect(wrong).toEqual([]);
  });

  test('no file imports itself through others', () => {
    const graph = new Map(files.map((file) => [file, [...new Set(edges.filter(({ from }) => from === file).map(({ to }) => to))]] as const));
    expect(cycles(graph)).toEqual([]);
  });
});

test('declared metrics, which reports read, load nothing of the simulator', () => {
  const loaded = new Set(['metrics/declared-metrics.ts']);
  for (const file of loaded)
    for (const { from, to, typeOnly } of edges) if (from === file && !typeOnly) loaded.add(to);
  expect([...loaded].filter((file) => !/^(base|metrics)\//.test(file))).toEqual([]);
});

describe('the table of docs/architecture.md', () => {
  const rows = [...readFileSync('docs/architecture.md', 'utf8').matchAll(/^\| `src\/([a-z-]+)` \|.*\| ([^|]*)\|$/gm)];

  test('lists the folders of this test, and every folder that holds a file', () => {
    expect(rows.map(([, folder]) => folder)).toEqual(Object.keys(ALLOWED));
    const present = new Set(files.filter((file) => file.includes('/')).map((file) => file.slice(0, file.indexOf('/'))));
    expect([...present].filter((folder) => ALLOWED[folder] === undefined)).toEqual([]);
  });

  test('allows what this test allows', () => {
    for (const [, folder = '', cell = ''] of rows) {
      if (/all of the above|everything/.test(cell)) continue;
      const named = [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
      const allowed = (ALLOWED[folder] ?? []).map((entry) => entry.replace(/^types:/, '').replace(/\.ts$/, ''));
      expect({ folder, named }).toEqual({ folder, named: allowed });
    }
  });
});

test('the cycle finder finds a cycle', () => {
  const graph = new Map([['a', ['b']], ['b', ['c']], ['c', ['a', 'd']], ['d', []]]);
  expect(cycles(graph)).toEqual(['a -> b -> c -> a']);
});
