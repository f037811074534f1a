// How much Node loads before anything happens, counted: a start takes about a millisecond a module. Times are recorded
// by bench/macro/cold-start.ts.
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { loadedModules } from '../../bench/loaded-modules.ts';
import { SMALL, cliFolder } from '../cli/podyard.ts';

const cli = cliFolder();
const PROGRAM = resolve('dist/cli/main.js');

/** `dist/cli` and `node_modules/yaml` with the number of modules of each. */
function partsOf(modules: readonly string[]): Record<string, number> {
  const parts: Record<string, number> = {};
  for (const path of modules) {
    const part = /(?:node_modules\/(?:@[^/]+\/)?|dist\/)[^/]+/.exec(path)?.[0] ?? path;
    parts[part] = (parts[part] ?? 0) + 1;
  }
  return parts;
}

/** Of commands, of trace formats, of versions; and the error that an unwritable standard output becomes. */
const TABLES =
  /dist\/(cli\/|base\/|io\/(version|system-errors)\.js$|workload\/traces\/catalog\.js$|cluster\/kubernetes-versions\.js$)/;

test('help loads the tables of the commands and nothing else', () => {
  for (const words of [['--help'], ['help', 'run'], ['--version']]) {
    const modules = loadedModules(PROGRAM, words);
    const others = modules.filter((path) => !TABLES.test(path));
    expect(others).toEqual([]);
    expect(modules.length).toBeLessThanOrEqual(37);
  }
});

test('a small run loads no library that it does not need', () => {
  cli.write('small.yaml', SMALL);
  const modules = loadedModules(PROGRAM, ['run', `${cli.path()}/small.yaml`, '--quiet']);
  const parts = partsOf(modules);
  const libraries = Object.keys(parts).filter((part) => part.startsWith('node_modules/'));
  expect(libraries).toEqual([
    'node_modules/@noble/hashes',
    'node_modules/fastpriorityqueue',
    'node_modules/seedrandom',
    'node_modules/yaml',
    'node_modules/zod',
  ]);
  const ofLibraries = libraries.reduce((sum, name) => sum + parts[name], 0);
  expect(ofLibraries, JSON.stringify(parts)).toBeLessThanOrEqual(175);
  // Thirteen of them came when each part got its settings in a file of its own: 24 starts of before and of after, in
  // turn, took 16.4 and 16.2 s of CPU.
  // Ten came with generated workloads as objects: their seeds and work items, short syncs and the ReplicaSet that these make,
  // spreading by ReplicaSets.
  expect(modules.length - ofLibraries, JSON.stringify(parts)).toBeLessThanOrEqual(371);
});
