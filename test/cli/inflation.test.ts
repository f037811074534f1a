// Experiments with growing demand, batch logs and published results from the command line.
import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { NODES, PODS } from '../experiment/shared-gpus.ts';
import { cliFolder } from './podyard.ts';

const cli = cliFolder();
const EXPERIMENT =
  'name: small\ninflation:\n  nodes: nodes.csv\n  pods: pods.csv\n  policies: [BestFit, FGD]\n  runs: 2\n';

beforeAll(() => {
  cli.write('nodes.csv', NODES);
  cli.write('pods.csv', PODS);
  cli.write('small.yaml', EXPERIMENT);
});

interface Report {
  readonly policies: readonly {
    readonly policy: string;
    readonly runs: readonly { readonly run: string; readonly digest: string; readonly allocation: readonly number[] }[];
  }[];
}

describe('run of an experiment', () => {
  test('prints the same on one thread as on several, and without the caches', () => {
    const one = cli.run('run', 'small.yaml', '-o', 'json', '-q', '--jobs', '1');
    expect(one.code).toBe(0);
    expect(cli.run('run', 'small.yaml', '-o', 'json', '-q', '--jobs', '3').out).toBe(one.out);
    expect(cli.run('run', 'small.yaml', '-o', 'json', '-q', '--plain').out).toBe(one.out);
    const { policies } = JSON.parse(one.out) as Report;
    expect(policies.map(({ policy, runs }) => [policy, runs.map(({ run }) => run)])).toEqual([
      ['BestFit', ['1', '2']],
      ['FGD', ['1', '2']],
    ]);
  });

  test('with a plugin that keeps something in its module prints the same on any number of threads', () => {
    const score = 'score: () => { calls++; return (calls * 7) % 101; }';
    const made = `create: () => ({ name: 'Keeps', ${score} })`;
    cli.write('keeps.mjs', `let calls = 0;\nexport const plugin = { name: 'Keeps', summary: 's', ${made} };\n`);
    cli.write('keeps.yaml', EXPERIMENT.replace('[BestFit, FGD]', '[Keeps]').replace('runs: 2', 'runs: 3'));
    const played = (jobs: string): string => {
      const { code, out, err } = cli.run(
        'run',
        'keeps.yaml',
        '--plugin',
        'keeps.mjs',
        '-o',
        'json',
        '-q',
        '--jobs',
        jobs,
      );
      expect(code, err).toBe(0);
      return out;
    };
    expect(played('2')).toBe(played('1'));
  });

  test('with a plugin that throws ends with its message, on any number of threads', () => {
    const made = "create: () => ({ name: 'Throws', score: () => { throw new Error('no such price'); } })";
    cli.write('throws.mjs', `export const plugin = { name: 'Throws', summary: 's', ${made} };\n`);
    cli.write('throws.yaml', EXPERIMENT.replace('[BestFit, FGD]', '[Throws]'));
    for (const jobs of ['1', '2']) {
      const { code, err } = cli.run('run', 'throws.yaml', '--plugin', 'throws.mjs', '-q', '--jobs', jobs);
      expect(code).toBe(1);
      expect(err).toMatch(
        /^error: throws\.mjs: the plugin threw Error: no such price \(plugin Throws, score of pod .*\)\n$/,
      );
    }
  });

  test('writes its files, and replaces them only when asked', () => {
    const { code, out, err } = cli.run('run', 'small.yaml', '--out', 'results', '--seed', '7');
    expect([code, out.startsWith('Experiment   small\n')]).toEqual([0, true]);
    expect(err).toContain('4 runs and ');
    expect(err).toContain('Written:\n  results/report.json\n  results/curves.csv\n  results/report.html\n');
    const csv = readFileSync(join(cli.path(), 'results', 'curves.csv'), 'utf8');
    expect(csv).toBe(cli.run('run', 'small.yaml', '--seed', '7', '-o', 'csv', '-q').out);
    expect(csv).toMatch(/^policy,run,arrivedPercent,allocatedPercent,fragmentedPercent\nBestFit,1,0,/);
    expect(cli.run('run', 'small.yaml', '--out', 'results').code).toBe(2);
    expect(cli.run('run', 'small.yaml', '--out', 'results', '--force', '-q').code).toBe(0);
  });

  test('with orders as given plays each of them', () => {
    const names = (text: string): string[] =>
      text
        .split('\n')
        .slice(1, -1)
        .map((row) => row.split(',')[0]);
    const order = { arrivals: [...names(PODS), ...names(PODS)], nodeOrder: names(NODES) };
    cli.write('first-1.json.gz', gzipSync(JSON.stringify(order)));
    cli.write('second-2.json', JSON.stringify({ ...order, arrivals: [...order.arrivals].reverse() }));
    const ran = cli.run(
      'run',
      'small.yaml',
      '--set',
      'inflation.orders=[first-1.json.gz, second-2.json]',
      '-o',
      'json',
      '-q',
    );
    expect((JSON.parse(ran.out) as Report).policies[0].runs.map(({ run }) => run)).toEqual(['first-1', 'second-2']);
  });
});

test('validate and run tell the same mistakes of an experiment, each with its place', () => {
  cli.write('wrong.yaml', 'inflation:\n  nodes: nodes.csv\n  pods: nowhere.csv\n  polices: [FGD]\n  runs: 0\n');
  const says = [
    'error: wrong.yaml:4:3: unknown field "polices" — did you mean "policies"? [inflation.polices]',
    'error: wrong.yaml:5:9: expected a whole number from 1 to 10000, found the number 0 [inflation.runs]',
    '',
  ].join('\n');
  expect(cli.run('run', 'wrong.yaml')).toEqual({ code: 2, out: '', err: says });
  expect(cli.run('validate', 'wrong.yaml')).toEqual({ code: 2, out: '', err: says });
  const missing = cli.run('run', 'small.yaml', '--set', 'inflation.pods=nowhere.csv');
  expect(missing.err).toBe('error: --set inflation.pods=nowhere.csv: no such file: nowhere.csv [inflation.pods]\n');
  const unknown = cli.run('validate', 'small.yaml', '--set', 'inflation.policies=[BestFitt]');
  expect(unknown.err).toBe(
    'error: expected a score plugin, found "BestFitt" — did you mean "BestFit"? [inflation.policies[0]]\n',
  );
  cli.write('broken.csv', PODS.replace('pod-3,12000', 'pod-3,many'));
  const broken = cli.run('run', 'small.yaml', '--set', 'inflation.pods=broken.csv');
  expect([broken.code, broken.err]).toEqual([
    2,
    'error: broken.csv:5: expected a whole number from 0, found "many" [cpu_milli]\n',
  ]);
});

describe('a batch log', () => {
  const ROWS = '1 0 0 10 3 -1 -1 3 10 -1 1 1 1 1 1 1 -1 -1\n2 1 9 5 4 -1 -1 4 5 -1 1 1 1 1 1 1 -1 -1\n';

  test('is replayed by a policy; options of a cluster are refused then', () => {
    cli.write('log.swf', `; MaxProcs: 4\n${ROWS}`);
    const { code, out } = cli.run('replay', 'swf', 'log.swf', '--policy', 'easy', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      policy: 'easy',
      processors: 4,
      jobs: 2,
      waitSeconds: { mean: 4.5, max: 9 },
      makespanSeconds: 15,
    });
    const refused = cli.run('replay', 'swf', 'log.swf', '--policy', 'easy', '--node-pool', 'count=1,cpu=4');
    expect([refused.code, refused.err]).toEqual([
      2,
      'error: --node-pool does not go with --policy: the machine is the one that the header of the log names\n',
    ]);
  });

  test('with published waits is compared with ours', () => {
    cli.write('Small.easy.swf.gz', gzipSync(`; MaxProcs: 4\n${ROWS}`));
    const equal = cli.run('conformance', 'Small.easy.swf.gz', '-o', 'json');
    expect([equal.code, (JSON.parse(equal.out) as { equal: number }).equal]).toEqual([0, 2]);
    cli.write('Wrong.easy.swf', `; MaxProcs: 4\n${ROWS.replace('2 1 9', '2 1 8')}`);
    const { code, out } = cli.run('conformance', 'Wrong.easy.swf');
    expect(code).toBe(1);
    expect(out).toMatch(/Wrong\.easy +Wrong\.easy\.swf:3 +job 2: wait\n +expected +8\n +got +9\n/);
  });
});
