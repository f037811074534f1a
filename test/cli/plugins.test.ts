// Plugins of the user's own: the shipped examples, every way to export one, and what is refused.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { RunResult } from '../../src/metrics/run-result.ts';
import { typeErrors } from '../docs/type-check.ts';
import { cliFolder } from './podyard.ts';

const EXAMPLES = resolve('docs/plugins/examples');
const cli = cliFolder();

function scenario(enabled: string, pluginConfig: string): string {
  return `name: plugins
duration: 10m
nodePools:
  - {name: dear, count: 2, allocatable: {cpu: 8, memory: 16Gi}, labels: {example.com/price-per-hour: "2"}}
  - {name: cheap, count: 2, allocatable: {cpu: 8, memory: 16Gi}, labels: {example.com/price-per-hour: "0.5"}}
workloads:
  - {name: web, kind: Deployment, replicas: 6, requests: {cpu: 1, memory: 1Gi}}
scheduler:
  config:
    apiVersion: kubescheduler.config.k8s.io/v1
    kind: KubeSchedulerConfiguration
    profiles:
      - plugins: {multiPoint: {enabled: [${enabled}]}}
        pluginConfig: [${pluginConfig}]
`;
}

/** Pods by pool. */
function placed(folder: string): Record<string, number> {
  const rows = readFileSync(join(cli.path(), folder, 'pods.csv'), 'utf8').trim().split('\n').slice(1);
  const counts: Record<string, number> = {};
  for (const row of rows) {
    const pool = (row.split(',')[4] ?? '').replace(/-\d+$/, '');
    counts[pool] = (counts[pool] ?? 0) + 1;
  }
  return counts;
}

beforeAll(() => {
  cli.write('score.yaml', scenario('{name: PreferCheapNodes, weight: 50}', ''));
  cli.write('filter.yaml', scenario('{name: NoNeighbours}', '{name: NoNeighbours, args: {mostPods: 1}}'));
});

describe('the examples', () => {
  test('prefer-cheap-nodes.ts has no type error and fills the cheap nodes', () => {
    const file = join(EXAMPLES, 'prefer-cheap-nodes.ts');
    expect(typeErrors([{ name: 'prefer-cheap-nodes.ts', text: readFileSync(file, 'utf8') }])).toEqual([]);
    expect(cli.run('run', 'score.yaml', '--plugin', file, '--out', 'score', '--quiet').err).toBe('');
    expect(placed('score')).toEqual({ cheap: 6 });
  });

  test('no-neighbours.js keeps one pod to a node; the others wait', () => {
    const { code, out } = cli.run('run', 'filter.yaml', '--plugin', join(EXAMPLES, 'no-neighbours.js'), '--out', 'filter', '-o', 'json');
    expect(code).toBe(0);
    expect(placed('filter')).toEqual({ dear: 2, cheap: 2, '': 2 });
    expect((JSON.parse(out) as { scheduling: { rejectionsByPlugin: Record<string, number> } }).scheduling.rejectionsByPlugin['NoNeighbours']).toBeGreaterThan(0);
  });

  test('the reason that no-neighbours.js gives stands wherever a report says why pods wait', () => {
    const args = ['run', 'filter.yaml', '--plugin', join(EXAMPLES, 'no-neighbours.js'), '--out', 'why', '--force'];
    const reason = 'node(s) held as many pods as allowed';
    const said = `0/4 nodes are available: 4 ${reason}. preemption: `
      + '0/4 nodes are available: 4 No preemption victims found for incoming pod.';
    const table = cli.run(...args).out;
    expect(table).toMatch(new RegExp(`^${reason.replace(/[()]/g, String.raw`\$&`)} +2 +2 `, 'm'));
    expect(table).toContain(`Waiting: default/web-0-5d6ff4d84f-4 and 1 more: ${said}`);
    const written = (name: string): string => readFileSync(join(cli.path(), 'why', name), 'utf8');
    const { waiting } = JSON.parse(written('report.json')) as Pick<RunResult, 'waiting'>;
    expect(waiting.byReason).toMatchObject({ [reason]: { pods: 2, podsPending: 2 } });
    expect(waiting.templates).toMatchObject([{ pods: 2, reason, message: said }]);
    const texts = written('pods.csv').split('\n').filter((row) => row.includes(reason));
    expect(texts).toHaveLength(2);
    for (const row of texts) expect(row.endsWith(`,"${said}"`) || row.endsWith(`,${said}`)).toBe(true);
    expect(written('report.html')).toContain(`<p class="said">${said}</p>`);
  });

  test('both declare enough: without caches the digest is the same', () => {
    for (const [file, plugin] of [['score.yaml', 'prefer-cheap-nodes.ts'], ['filter.yaml', 'no-neighbours.js']]) {
      const args = ['run', file, '--plugin', join(EXAMPLES, plugin), '-o', 'csv', '--quiet'];
      const digest = (text: string): string | undefined => /^digest,(.*),$/m.exec(text)?.[1];
      expect(digest(cli.run(...args, '--plain').out), plugin).toBe(digest(cli.run(...args).out));
    }
  });

  test('are listed with their points and arguments', () => {
    const { out } = cli.run('plugins', '--plugin', join(EXAMPLES, 'prefer-cheap-nodes.ts'));
    expect(out).toMatch(/PreferCheapNodes +score +prefers/);
    expect(out).toContain('"example.com/price-per-hour"');
  });
});

const FACTORY = (name: string): string => `{ name: '${name}', summary: 's', create: () => ({ name: '${name}', score: () => 1 }) }`;

test.each([
  ['named.mjs', `export const plugin = ${FACTORY('One')};`, ['One']],
  ['default.mjs', `export default ${FACTORY('One')};`, ['One']],
  ['several.mjs', `export const a = ${FACTORY('One')}, b = ${FACTORY('Two')}, other = 3;`, ['One', 'Two']],
  ['typed.ts', `type Text = string; const name: Text = 'One'; export const plugin = { ...${FACTORY('One')}, name };`, ['One']],
  ['needs.ts', `import { Code } from 'podyard/plugin'; import { InputError } from 'podyard'; export default ${FACTORY('One')}; void Code; void InputError;`, ['One']],
  ['common.cjs', `module.exports = ${FACTORY('One')};`, ['One']],
])('%s is loaded', (file, text, names) => {
  cli.write(file, text);
  const { out, err } = cli.run('plugins', '--plugin', file, '-o', 'json');
  expect(err).toBe('');
  const listed = (JSON.parse(out) as { plugins: { name: string; file: string }[] }).plugins;
  expect(listed.filter((plugin) => plugin.file === 'user').map(({ name }) => name)).toEqual(names);
});

test.each([
  ['none.mjs', 'export const a = 1;', 'none.mjs: no plugin is exported: expected an object with name, summary and create(args, handle)'],
  ['nearly.mjs', "export const plugin = { name: 'One', create() {} };", 'the export lacks a summary'],
  ['throws.mjs', "\nthrow new Error('no luck');", 'throws.mjs: the plugin could not be loaded: Error: no luck (line 2)'],
  ['syntax.mjs', 'export const = 3;', 'syntax.mjs: the plugin could not be loaded: SyntaxError'],
  ['syntax.ts', 'export const = 3;', 'syntax.ts: the plugin could not be loaded: '],
  ['taken.mjs', `export const plugin = ${FACTORY('NodeAffinity')};`, "taken.mjs: the plugin's name NodeAffinity is a plugin of Kubernetes: choose another one"],
  ['missing.mjs', "import 'no-such-package';", 'missing.mjs: the plugin could not be loaded: '],
  [`${'n'.repeat(300)}.mjs`, null, 'cannot be read: the path is too long (ENAMETOOLONG)'],
  ['plugin.txt', 'x', 'plugin.txt: expected a plugin in JavaScript or TypeScript'],
])('%s is refused', (file, text, message) => {
  if (text !== null) cli.write(file, text);
  const { code, out, err } = cli.run('plugins', '--plugin', file);
  expect(err).toContain(`error: `);
  expect(err).toContain(message);
  expect(err.trim().split('\n')).toHaveLength(1);
  expect(out).toBe('');
  expect(code).toBe(2);
});

test('a plugin that throws while it runs is named; that is no bug of ours', () => {
  cli.write('thrower.mjs', "export const plugin = { name: 'Thrower', summary: 's', create: () => ({ name: 'Thrower', filter() {\n  throw new TypeError('oh no'); } }) };");
  cli.write('thrower.yaml', scenario('{name: Thrower}', ''));
  const { code, out, err } = cli.run('run', 'thrower.yaml', '--plugin', './thrower.mjs', '--quiet', '--out', 'thrown');
  expect(code).toBe(1);
  expect(out).toBe('');
  expect(err).toMatch(/^error: \.\/thrower\.mjs: the plugin threw TypeError: oh no .*thrower\.mjs:2:/);
  expect(err).not.toContain('bug in Podyard');
});

test('a mistake in the arguments of a plugin has its place', () => {
  cli.write('args.yaml', scenario('{name: NoNeighbours}', '{name: NoNeighbours, args: {mostPod: 1}}'));
  const { code, err } = cli.run('run', 'args.yaml', '--plugin', join(EXAMPLES, 'no-neighbours.js'));
  expect(code).toBe(2);
  expect(err).toMatch(/^error: args\.yaml:14:\d+: plugin NoNeighbours has no argument "mostPod" — did you mean "mostPods"\?/);
});
