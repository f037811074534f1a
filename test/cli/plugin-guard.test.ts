// What a user's plugin does to the process: ending it, keeping it, leaving work behind. Each a message and a code.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { cliFolder } from './podyard.ts';

const cli = cliFolder();

const SCENARIO = `name: guard
duration: 2m
nodePools: [{name: n, count: 3, allocatable: {cpu: 4, memory: 16Gi}}]
workloads: [{name: web, kind: Deployment, replicas: 4, requests: {cpu: 1, memory: 1Gi}}]
scheduler:
  config:
    apiVersion: kubescheduler.config.k8s.io/v1
    kind: KubeSchedulerConfiguration
    profiles: [{plugins: {multiPoint: {enabled: [{name: P, weight: 3}]}}}]
`;

function plugin(methods: string, before = ''): string {
  return `${before}\nexport const plugin = { name: 'P', summary: 's', create: () => ({ name: 'P', ${methods} }) };\n`;
}

beforeAll(() => {
  cli.write('guard.yaml', SCENARIO);
  cli.write('undefined.mjs', plugin('score() {}'));
  cli.write(
    'loop.mjs',
    plugin("score() { say(2, 'looping'); for (;;); }", "import { writeSync as say } from 'node:fs';"),
  );
  cli.write('chance.mjs', plugin('score() { return Math.floor(Math.random() * 100); }'));
});

test.each([
  ['undefined.mjs', 'undefined.mjs: plugin P, score of pod default/web-0-5d6ff4d84f-0 on node n-0: expected a number from 0'],
  ['exit.mjs', 'exit.mjs: plugin P, score of pod default/web-0-5d6ff4d84f-0 on node n-0: called process.exit(0)'],
  ['import.mjs', 'import.mjs: plugin P, score of pod default/web-0-5d6ff4d84f-0 on node n-0: called setTimeout()'],
  ['later.mjs', 'later.mjs: something that a plugin left for later threw Error: later'],
  ['timer.mjs', 'something that a plugin left for later threw Error: late (at '],
])('%s ends the run with exit code 1, nothing written', (file, message) => {
  cli.write('exit.mjs', plugin('score() { process.exit(0); }'));
  cli.write('import.mjs', plugin('score() { wait(() => 0, 1); }', "import { setTimeout as wait } from 'node:timers';"));
  cli.write('later.mjs', plugin("score() { Promise.reject(new Error('later')); return 1; }"));
  cli.write('timer.mjs', plugin('score() { return 1; }', "setTimeout(() => { throw new Error('late'); }, 0);"));
  const out = `out-${file}`;
  const outcome = cli.spawn('run', 'guard.yaml', '--plugin', file, '--out', out, '--quiet');
  expect(outcome.err).toContain(`error: `);
  expect(outcome.err).toContain(message);
  expect(outcome.err.trim().split('\n')).toHaveLength(1);
  expect(outcome).toMatchObject({ code: 1, out: '' });
  expect(existsSync(join(cli.path(), out))).toBe(false);
});

test.each([
  ['await.mjs', 'await.mjs: the plugin could not be loaded: Error: its loading never ends: a top-level await waits'],
  ['ends.mjs', 'ends.mjs: the plugin could not be loaded: it called process.exit(0)'],
  ['made.mjs', 'made.mjs: plugin P, create: it called process.exit(3)'],
  ['thrown.mjs', 'does not tell its extension points (its create threw the text "x", no Error)'],
])('%s is refused with exit code 2', (file, message) => {
  cli.write('await.mjs', plugin('score() { return 1; }', 'await new Promise(() => undefined);'));
  cli.write('ends.mjs', plugin('score() { return 1; }', 'process.exit(0);'));
  cli.write('made.mjs', "export const plugin = { name: 'P', summary: 's', create() { process.exit(3); } };");
  cli.write('thrown.mjs', "export const plugin = { name: 'P', summary: 's', create() { throw 'x'; } };");
  const outcome = cli.spawn('run', 'guard.yaml', '--plugin', file, '--quiet');
  expect(outcome.err).toContain(message);
  expect(outcome).toMatchObject({ code: 2, out: '' });
});

describe('a plugin that never comes back', () => {
  test('does not keep a second signal from ending the program at once', async () => {
    const { child, saw, ended } = cli.start('run', 'guard.yaml', '--plugin', 'loop.mjs', '--out', 'loop');
    await saw('looping');
    // Two of one kind at once might be heard as one.
    child.kill('SIGTERM');
    child.kill('SIGINT');
    const { code, out } = await ended;
    expect([130, 143]).toContain(code);
    expect(out).toBe('');
    expect(existsSync(join(cli.path(), 'loop'))).toBe(false);
  });

  test('is ended by one signal as well, with a message', async () => {
    const args = ['run', 'guard.yaml', '--plugin', 'loop.mjs', '--out', 'loop'];
    const { code, err } = await cli.interrupt('SIGTERM', 'looping', ...args);
    expect(code).toBe(1);
    expect(err).toContain('loop.mjs: a plugin does not come back from a call (an endless loop?): the run was ended');
    expect(existsSync(join(cli.path(), 'loop'))).toBe(false);
  });
});

test('chance without a seed is told below the table', () => {
  const { code, out } = cli.run('run', 'guard.yaml', '--plugin', 'chance.mjs', '--quiet');
  expect(code).toBe(0);
  expect(out.replace(/\s+/g, ' ')).toContain('Note: The digest cannot be trusted: plugin P called Math.random ');
});

test('runs that share threads tell the same', () => {
  const pair = ['--a', 'scheduler.tieBreak=first', '--b', 'scheduler.tieBreak=upstream', '--seeds', '2'];
  for (const jobs of ['1', '2']) {
    const args = ['compare', 'guard.yaml', ...pair, '--jobs', jobs, '--plugin', 'undefined.mjs', '--quiet'];
    const { code, err } = cli.run(...args);
    expect(err).toContain('undefined.mjs: plugin P, score of pod default/web-0-5d6ff4d84f-0 on node n-0: expected a number');
    expect(code).toBe(1);
  }
});

test('what a plugin keeps in its module shows in no other run, however many threads there are', () => {
  cli.write('keeps.mjs', plugin('score() { calls++; return (calls * 7) % 101; }', 'let calls = 0;'));
  const compared = (...args: readonly string[]): string => {
    const pair = ['--a', 'scheduler.tieBreak=first', '--b', 'scheduler.tieBreak=upstream', '--plugin', 'keeps.mjs'];
    const { code, out, err } = cli.run('compare', 'guard.yaml', ...pair, '--seeds', '2', '-o', 'json', ...args);
    expect(code, err).toBe(0);
    return out;
  };
  expect(compared('--jobs', '2', '--quiet')).toBe(compared('--jobs', '1', '--quiet'));
});
