// Sweeps by a queue on a Redis of their own: workers that come, die and hold other files.
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SMALL, cliFolder } from './podyard.ts';

const cli = cliFolder();
const HAS_REDIS = spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).error === undefined;
const WHY_SKIPPED = 'there is no redis-server here';
const LONG = 'scenario: small.yaml\nparameters:\n  duration: [9h, 10h, 11h]\nseeds: 4\n';
let server: ChildProcess | null = null;
let redis = '';

beforeAll(async () => {
  cli.write('small.yaml', SMALL);
  cli.write('sweep.yaml', LONG);
  if (!HAS_REDIS) return;
  redis = join(cli.path(), 'redis.sock');
  const settings = ['--port', '0', '--unixsocket', redis, '--save', '', '--appendonly', 'no'];
  server = spawn('redis-server', settings, { cwd: cli.path(), stdio: 'ignore' });
  while (!existsSync(redis)) await setTimeout(5);
});

afterAll(() => {
  server?.kill('SIGKILL');
});

function filesOf(folder: string): string[] {
  const root = join(cli.path(), folder);
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort((a, b) => (a < b ? -1 : 1));
  return names.map((name) => (name === 'cells' ? name : `${name}: ${readFileSync(join(root, name), 'utf8')}`));
}

const queued = (out: string): string[] => ['sweep', 'sweep.yaml', '--out', out, '--engine', 'bullmq', '--redis', redis];
const work = (): string[] => ['worker', 'sweep.yaml', '--redis', redis, '--jobs', '1'];

test('two workers, of which one is killed, and a stop of the one who asks: the same bytes as of threads', async (context) => {
  if (!HAS_REDIS) context.skip(WHY_SKIPPED);
  expect(cli.spawn('sweep', 'sweep.yaml', '--out', 'threads', '--jobs', '1', '-q').code).toBe(0);
  const asking = cli.start(...queued('queue'));
  const [killed, staying] = [cli.start(...work()), cli.start(...work())];
  await killed.saw('cell 1 of this worker');
  killed.child.kill('SIGKILL');
  asking.child.kill('SIGINT');
  const stopped = await asking.ended;
  if (stopped.code === 130) expect(stopped.err).toContain('workers go on with what they were asked for');
  expect(cli.spawn(...queued('queue')).code).toBe(0);
  expect(await staying.ended).toMatchObject({ code: 0 });
  expect(filesOf('queue')).toEqual(filesOf('threads'));
});

test('a worker with other files says so, and plays nothing', async (context) => {
  if (!HAS_REDIS) context.skip(WHY_SKIPPED);
  mkdirSync(join(cli.path(), 'other'));
  cli.write('other/small.yaml', SMALL.replace('seed', '# seed'));
  cli.write('other/sweep.yaml', LONG.replace('9h', '8h'));
  const asking = cli.start(...queued('unserved'));
  await asking.saw('no worker is there');
  const other = cli.start('worker', 'other/sweep.yaml', '--redis', redis);
  await other.saw('is asked for, but with other files');
  for (const { child } of [other, asking]) child.kill('SIGTERM');
  expect((await other.ended).code).toBe(143);
  expect((await asking.ended).code).toBe(143);
  expect(readdirSync(join(cli.path(), 'unserved', 'cells'))).toEqual([]);
});

test('what does not go together, and a server that is not there', () => {
  expect(cli.run('sweep', 'sweep.yaml', '--out', 'x', '--redis', 'redis://h').err).toBe(
    'error: --redis: expected --engine bullmq with it\n',
  );
  const both = cli.run('sweep', 'sweep.yaml', '--out', 'x', '--engine', 'bullmq', '--redis', 'h:1', '--jobs', '2');
  expect([both.code, both.err]).toEqual([
    2,
    'error: --jobs: expected of podyard worker, where --engine bullmq has the cells played\n' +
      'error: --redis: expected an address such as redis://localhost:6379, found "h:1"\n',
  ]);
  const gone = cli.spawn('worker', 'sweep.yaml', '--redis', join(cli.path(), 'gone.sock'));
  expect(gone.code).toBe(1);
  expect(gone.err).toMatch(/gone\.sock: no Redis or Valkey answers there \(.*ENOENT.*\)\n$/);
});
