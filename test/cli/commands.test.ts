// The other commands: validate, init, plugins, schema, replay, compare, conformance.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createInputFiles } from '../../src/io/input-files.ts';
import type * as runPool from '../../src/io/run-pool.ts';
import type { ProgressFacts } from '../../src/io/progress.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { ENDLESS, PACK, SMALL, cliFolder } from './podyard.ts';

const cli = cliFolder();
const OPENB_NODES = 'sn,cpu_milli,memory_mib,gpu,model\nn-0,8000,16384,2,T4\nn-1,8000,16384,0,\n';
const OPENB_PODS = [
  'name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time',
  'p-0,1000,1024,1,1000,,LS,Succeeded,0,100,0',
  'p-1,1000,1024,0,0,,BE,Succeeded,10,60,12',
  'p-2,1000,1024,1,1000,T4,LS,Pending,20,300,',
  '',
].join('\n');
const HEADER = 'apiVersion: kubescheduler.config.k8s.io/v1\nkind: KubeSchedulerConfiguration\n';
beforeAll(() => {
  cli.write('small.yaml', SMALL);
  cli.write('spread.yaml', HEADER);
  cli.write('pack.yaml', PACK);
});

describe('validate', () => {
  test('says OK and what the scenario resolves to; -o yaml is a scenario again', () => {
    const { code, out } = cli.run('validate', 'small.yaml');
    expect(code).toBe(0);
    expect(out).toMatch(/^OK small\.yaml\n/);
    expect(out).toContain('3: general 3');
    cli.write('resolved.yaml', cli.run('validate', 'small.yaml', '-o', 'yaml').out);
    const digests = ['small.yaml', 'resolved.yaml'].map((file) => (JSON.parse(cli.run('run', file, '-o', 'json').out) as { digest: string }).digest);
    expect(digests[1]).toBe(digests[0]);
  });

  test('tells mistakes of every file, those of the scheduler configuration with their place', () => {
    cli.write('one.yaml', SMALL.replace('30m', '30'));
    cli.write('two.yaml', `${SMALL}scheduler:\n  config:\n    apiVersion: kubescheduler.config.k8s.io/v1\n    kind: KubeSchedulerConfiguration\n    profils: []\n`);
    const { code, err } = cli.run('validate', 'one.yaml', 'small.yaml', 'two.yaml');
    expect(code).toBe(2);
    expect(err).toMatch(/^error: one\.yaml:3:11: /m);
    expect(err).toMatch(/^error: two\.yaml:13:14: unknown field "profils" — did you mean "profiles"\?/m);
  });

  test('warns of pods that no profile is responsible for, as a run and a comparison do', () => {
    cli.write('packer.yaml', `${HEADER}profiles: [{schedulerName: packer}]\n`);
    cli.write('foreign.yaml', `${SMALL}scheduler: {config: packer.yaml}\n`);
    const says =
      'no scheduler profile is called "default-scheduler": all pods name it and will wait for ever; ' +
      'the only profile is "packer"\n';
    const validated = cli.run('validate', 'foreign.yaml');
    expect([validated.code, validated.err]).toEqual([0, `warning: ${says}`]);
    const ran = cli.run('run', 'foreign.yaml', '-o', 'json');
    expect([ran.code, ran.err.includes(`warning: ${says}`)]).toEqual([0, true]);
    const notes = [says.trimEnd(), expect.any(String)];
    expect(JSON.parse(ran.out)).toMatchObject({ counts: { podsRunning: 0 }, notes });
    const variants = ['-a', 'spread.yaml', '-b', 'packer.yaml'];
    const compared = cli.run('compare', 'small.yaml', ...variants, '--seeds', '2', '--progress', 'none');
    expect([compared.code, compared.err]).toEqual([0, `warning: packer.yaml: ${says}`]);
  });
});

test('init writes a scenario that validates, to a file or to standard output', () => {
  expect(cli.run('init', 'mine.yaml').code).toBe(0);
  expect(cli.run('validate', 'mine.yaml').code).toBe(0);
  const printed = cli.run('init', '--template', 'small', '-');
  expect(printed.out).toMatch(/^# yaml-language-server/);
  expect(cli.runWith({ input: printed.out }, 'validate', '-').code).toBe(0);
});

test('plugins tells points in order, arguments and defaults', () => {
  interface Listed { readonly name: string; readonly extensionPoints: readonly string[]; readonly arguments: Readonly<Record<string, unknown>>; readonly summary: string }
  const json = JSON.parse(cli.run('plugins', '-o', 'json').out) as { plugins: Listed[] };
  expect(parse(cli.run('plugins', '-o', 'yaml').out)).toEqual(json);
  const fit = json.plugins.find(({ name }) => name === 'NodeResourcesFit');
  expect(fit?.extensionPoints).toEqual(['preFilter', 'filter', 'preScore', 'score']);
  expect(fit?.arguments).toMatchObject({ scoringStrategy: { type: 'LeastAllocated' } });
  expect(json.plugins.every(({ summary }) => summary !== '')).toBe(true);
  expect(cli.run('plugins').out).toContain('PrioritySort');
});

test('schema prints the published schema', () => {
  expect(cli.run('schema').out).toBe(readFileSync('schemas/scenario.schema.json', 'utf8'));
  expect(cli.run('schema', 'sweep').out).toBe(readFileSync('schemas/sweep.schema.json', 'utf8'));
  const { code, err } = cli.run('schema', 'sweeps');
  const expected = 'expected a kind of file, scenario, sweep, experiment, suite, found "sweeps"';
  expect([code, err]).toEqual([2, `error: ${expected} — did you mean "sweep"?\n`]);
});

describe('replay', () => {
  const openb = (pods: string, ...rest: readonly string[]): ReturnType<typeof cli.run> => {
    cli.write('nodes.csv', OPENB_NODES);
    cli.write('pods.csv', pods);
    return cli.run('replay', 'openb', '--nodes', 'nodes.csv', '--pods', 'pods.csv', ...rest);
  };

  test('openb ends with the recording, behind the last arrival, and accounts for every pod', () => {
    const { code, out, err } = openb(OPENB_PODS, '--check');
    expect(err).not.toContain('error');
    expect(code).toBe(0);
    expect(out).toMatch(/^Simulated +1m00s$/m);
    expect(out).toContain('\n3 arrived = 1 finished + 2 running + 0 pending + 0 lost\nEnds with the recording');
  });

  test.each([
    ['59', '1', '60'],
    ['60', '1', '120'],
    ['60', '4', '60'],
    ['14399', '1', '14400'],
    ['14400', '1', '18000'],
    ['36000', '2.5', '18000'],
  ])('openb whose last pod arrives at second %s, compressed by %s, is played for %s s', (last, compress, seconds) => {
    const { out } = openb(
      OPENB_PODS.replace('Pending,20,300,', `Pending,${last},100000,`),
      '--compress',
      compress,
      '-o',
      'json',
    );
    expect(JSON.parse(out)).toMatchObject({ simulatedSeconds: Number(seconds), counts: { podsArrived: 3 } });
  });

  test('openb is sampled so often that a short run makes a plot, unless --set says how often', () => {
    const samples = (...rest: readonly string[]): number => {
      expect(
        openb(OPENB_PODS.replace('Pending,20,300,', 'Pending,3600,100000,'), '--out', 'sampled', '--force', ...rest)
          .code,
      ).toBe(0);
      return readFileSync(join(cli.path(), 'sampled', 'timeseries.csv'), 'utf8').trimEnd().split('\n').length - 1;
    };
    expect(samples()).toBe(1 + Math.floor(3660 / 8));
    expect(samples('--set', 'metrics.sampleInterval=60s')).toBe(61);
  });

  test('openb is played as long as --set says, with null until the last pod has ended', () => {
    const longer = openb(OPENB_PODS, '--set', 'duration=150s');
    expect(longer.out).toMatch(/^Simulated +2m30s$/m);
    expect(longer.out).toMatch(/\n3 arrived = 2 finished \+ 1 running \+ 0 pending \+ 0 lost\n$/);
    expect(openb(OPENB_PODS, '--set', 'duration=null').out).toMatch(
      /\n3 arrived = 3 finished \+ 0 running \+ 0 pending \+ 0 lost\n$/,
    );
  });

  const published = resolve('../shared/traces/openb');
  test(`all 8152 pods of the published openb list arrive and are accounted for${existsSync(published) ? '' : ' (SKIPPED: the list is not beside this checkout)'}`, (context) => {
    if (!existsSync(published)) context.skip('the published openb list is not beside this checkout');
    const files = ['--nodes', join(published, 'openb_node_list_all_node.csv'), '--pods', join(published, 'openb_pod_list_default.csv')];
    const { code, out, err } = cli.run('replay', 'openb', ...files, '--compress', '400', '--check', '--progress', 'none');
    expect(code).toBe(0);
    expect(out).toMatch(/^Simulated +9h00m$/m);
    const account = /\n8152 arrived = (\d+) finished \+ (\d+) running \+ (\d+) pending \+ (\d+) lost\n/.exec(out);
    expect(account?.slice(1).reduce((sum, count) => sum + Number(count), 0)).toBe(8152);
    expect(err).toMatch(/^\n[\d,]+ events and [\d,]+ decisions in .*\n$/);
  });

  test('a wrong list is told with all its mistakes before anything runs', () => {
    cli.write('nodes.csv', OPENB_NODES);
    cli.write('bad.csv', OPENB_PODS.replace('1000,1024,1,1000,,LS', 'x,1024,1,1000,,LS').replace('BE', 'XX'));
    const { code, out, err } = cli.run('replay', 'openb', '--nodes', 'nodes.csv', '--pods', 'bad.csv', '--out', 'none');
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/bad\.csv:2: .*\nerror: bad\.csv:3: /);
    expect(existsSync(join(cli.path(), 'none'))).toBe(false);
  });

  test("csv plays Podyard's own format, packed or not, on nodes of a pool", () => {
    const trace = readFileSync('workloads/sample-trace.csv');
    cli.write('trace.csv', trace);
    cli.write('trace.csv.gz', gzipSync(trace));
    const pool = ['--node-pool', 'count=3,cpu=8,memory=32Gi,name=a,zones=x|y', '--node-pool', 'count=2,cpu=16,memory=64Gi', '-o', 'json'];
    const plain = cli.run('replay', 'csv', 'trace.csv', ...pool);
    const packed = cli.run('replay', 'csv', 'trace.csv.gz', ...pool);
    expect(plain.code).toBe(0);
    expect((JSON.parse(plain.out) as { digest: string }).digest).toBe((JSON.parse(packed.out) as { digest: string }).digest);
    expect(plain.err).toMatch(/72 arrived = \d+ finished \+ \d+ running \+ \d+ pending \+ \d+ lost/);
    const cut = gzipSync(trace);
    cli.write('cut.csv.gz', cut.subarray(0, cut.length - 20));
    expect(cli.run('replay', 'csv', 'cut.csv.gz', ...pool)).toMatchObject({ code: 2, out: '' });
  });
});

describe('compare', () => {
  test('packing shows where it must, and nothing shows between equals', () => {
    const { code, out, err } = cli.run(
      'compare',
      'small.yaml',
      '--a',
      'spread.yaml',
      '--b',
      'pack.yaml',
      '--seeds',
      '5',
      '--out',
      'compared',
    );
    expect(code).toBe(0);
    expect(out).toMatch(/packing\.densityOfNonEmptyNodes\.cpu.*better/);
    expect(out).toMatch(/counts\.podsFinished.* ~/);
    expect(err).toContain('run 10 of 10 (B, seed 5): digest ');
    const same = JSON.parse(cli.run('compare', 'small.yaml', '--a', 'spread.yaml', '--b', 'spread.yaml', '--seeds', '2', '-o', 'json').out) as {
      metrics: { meanDifference: number | null; significant: boolean }[]; digestsA: string[]; digestsB: string[];
    };
    expect(same.digestsA).toEqual(same.digestsB);
    expect(same.metrics.every(({ meanDifference, significant }) => (meanDifference ?? 0) === 0 && !significant)).toBe(true);
    expect(readFileSync(join(cli.path(), 'compared', 'comparison.csv'), 'utf8')).toMatch(/^metric,unit,better,a,b,/);
  });

  interface Compared {
    readonly scenario: string;
    readonly seedsChangeNothing: boolean;
    readonly digestsA: readonly string[];
    readonly digestsB: readonly string[];
  }
  const compared = async (...words: string[]): Promise<Compared> =>
    JSON.parse(
      (await cli.here('compare', ...words, '--a', 'spread.yaml', '--b', 'pack.yaml', '-q', '-o', 'json')).out,
    ) as Compared;

  test('a trace is compared as it is replayed, and seeds change nothing', async () => {
    cli.write('nodes.csv', OPENB_NODES);
    cli.write('pods.csv', OPENB_PODS);
    cli.write('trace.csv', readFileSync('workloads/sample-trace.csv'));
    const digestOf = async (...words: string[]): Promise<string> =>
      (JSON.parse((await cli.here(...words, '-q', '-o', 'json')).out) as { digest: string }).digest;
    // Only how long a start takes is left to chance.
    const fixed = ['--set', 'kubelet.sandbox=100ms', '--set', 'kubelet.containerStart=100ms'];
    const traces = [
      ['openb', ['--nodes', 'nodes.csv', '--pods', 'pods.csv', '--compress', '2']],
      ['csv', ['trace.csv', '--node-pool', 'count=3,cpu=8,memory=32Gi']],
    ] as const;
    for (const [format, files] of traces) {
      const trace = [...files, ...fixed];
      const result = await compared('--replay', format, ...trace, '--seeds', '3');
      const [spread, packed] = [
        await digestOf('replay', format, ...trace, '--scheduler', 'spread.yaml'),
        await digestOf('replay', format, ...trace, '--scheduler', 'pack.yaml'),
      ];
      expect(result).toMatchObject({
        scenario: `replay-${format}`,
        seedsChangeNothing: true,
        digestsA: [spread, spread, spread],
        digestsB: [packed, packed, packed],
      });
      const { out } = await cli.here(
        'compare',
        '--replay',
        format,
        ...trace,
        '--a',
        'spread.yaml',
        '--b',
        'pack.yaml',
        '-q',
        '--seeds',
        '2',
      );
      expect(out).toMatch(/\n\nEvery seed gave the same run, of A and of B: .*\n$/);
    }
  });

  test('seeds that change something are not said to change nothing', async () => {
    expect((await compared('small.yaml', '--seeds', '2')).seedsChangeNothing).toBe(false);
  });

  test('comparison.json says what it was made from: scenario, configurations, plugins', async () => {
    cli.write(
      'even.mjs',
      'const score = (_state, _pod, node) => (Number(node.name.slice(-1)) % 2 === 0 ? 100 : 0);\n' +
        "export const plugin = { name: 'Even', summary: 's', create: () => ({ name: 'Even', score }) };\n",
    );
    cli.write('even.yaml', `${HEADER}profiles:\n  - plugins: {multiPoint: {enabled: [{name: Even, weight: 50}]}}\n`);
    const line = [
      'compare',
      'small.yaml',
      '--a',
      'spread.yaml',
      '--b',
      'even.yaml',
      '--plugin',
      'even.mjs',
      '--seeds',
      '2',
      '-q',
      '--set',
      'duration=20m',
    ];
    expect(cli.run(...line, '--out', 'made').code).toBe(0);
    const text = readFileSync(join(cli.path(), 'made', 'comparison.json'), 'utf8');
    const made = JSON.parse(text) as { readonly resolvedScenario: unknown };
    expect(made).toMatchObject({
      configurationA: parse(readFileSync(join(cli.path(), 'spread.yaml'), 'utf8')) as unknown,
      configurationB: parse(readFileSync(join(cli.path(), 'even.yaml'), 'utf8')) as unknown,
      plugins: [
        {
          file: 'even.mjs',
          sha256: createHash('sha256')
            .update(readFileSync(join(cli.path(), 'even.mjs')))
            .digest('hex'),
        },
      ],
      resolvedScenario: { name: 'small', duration: '20m', scheduler: { plugins: ['even.mjs'] } },
    });
    cli.write('again.json', JSON.stringify(made.resolvedScenario));
    const again = JSON.parse(
      cli.spawn('compare', 'again.json', '--a', 'spread.yaml', '--b', 'even.yaml', '--seeds', '2', '-q', '-o', 'json')
        .out,
    ) as { readonly repeat: string };
    const options = '--a spread.yaml --b even.yaml --seeds 2';
    expect(again).toEqual({ ...made, repeat: `podyard compare again.json ${options}` });
    expect(made).toMatchObject({
      repeat: `podyard compare small.yaml ${options} --set duration=20m --plugin even.mjs`,
    });
    // To standard output as into a file, however the files are named.
    const otherwise = line.map((word) => (/^(small|spread|even)\./.test(word) ? `./${word}` : word));
    expect(cli.run(...otherwise, '-o', 'json').out).toBe(text);
  });

  test('threads change nothing', () => {
    const args = ['compare', 'small.yaml', '--a', 'spread.yaml', '--b', 'pack.yaml', '--seeds', '3', '--seed-prefix', 'x-', '-o', 'json', '--quiet'];
    const alone = cli.run(...args);
    expect(alone.code).toBe(0);
    expect(cli.run(...args, '--jobs', '2').out).toBe(alone.out);
    expect(JSON.parse(alone.out)).toMatchObject({ seeds: ['x-1', 'x-2', 'x-3'], labelA: 'spread.yaml' });
  });

  test('threads tell how far their runs are', async () => {
    const { runOnThreads } = (await import(resolve('dist/io/run-pool.js'))) as typeof runPool;
    const { scenario } = readScenario({ text: ENDLESS, name: 'endless' }, createInputFiles(), [
      { path: 'duration', value: '12h' },
    ]);
    const told: [number, number, number | null][] = [];
    const onProgress = (index: number, facts: ProgressFacts): void => {
      told.push([index, facts.simulatedMicros, facts.horizonMicros]);
    };
    const results = await runOnThreads([scenario, { ...scenario, seed: 'other' }], {
      jobs: 2,
      version: 'test',
      plain: false,
      onProgress,
      onResult: () => undefined,
      isStopped: () => false,
    });
    expect(results?.map(({ complete }) => complete)).toEqual([true, true]);
    for (const run of [0, 1]) {
      const times = told.filter(([index]) => index === run).map(([, micros]) => micros);
      expect(times.length).toBe(Math.floor((results?.[run].counts.events ?? 0) / 20_000));
      expect(times.every((micros, i) => micros > (times[i - 1] ?? 0) && micros <= 12 * 3_600_000_000)).toBe(true);
    }
  });

  test('a wrong configuration is told before the first run', () => {
    cli.write('wrong-scheduler.yaml', `${HEADER}profils: []\n`);
    const { code, out, err } = cli.run('compare', 'small.yaml', '--a', 'spread.yaml', '--b', 'wrong-scheduler.yaml');
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/^error: wrong-scheduler\.yaml:3:\d+: unknown field "profils"/);
  });
});

describe('conformance', () => {
  const RECORDING = [
    { format: 'podyard-vectors/1', kubernetes: 'v1.36.3', suite: 'quantity' },
    { id: 'a', kind: 'make', in: { value: '1024', format: 'BinarySI' }, out: { canonical: '1Ki' } },
    { id: 'b', kind: 'make', in: { value: '1000', format: 'DecimalSI' }, out: { canonical: '1k' } },
  ];
  const lines = (entries: readonly unknown[]): string => `${entries.map((entry) => JSON.stringify(entry)).join('\n')}\n`;

  test('exit code 0 only when every decision is equal', () => {
    cli.write('good.jsonl', lines(RECORDING));
    cli.write('good.jsonl.gz', gzipSync(lines(RECORDING)));
    cli.write('differs.jsonl', lines([...RECORDING, { id: 'c', kind: 'make', in: { value: '1', format: 'DecimalSI' }, out: { canonical: '2' } }]));
    const good = cli.run('conformance', 'good.jsonl', 'good.jsonl.gz', '-o', 'json');
    expect(good.code).toBe(0);
    expect(JSON.parse(good.out)).toMatchObject({ decisions: 4, equal: 4, suites: [{ suite: 'quantity', file: 'good.jsonl', decisions: 2, equal: 2 }, { file: 'good.jsonl.gz' }] });
    const bad = cli.run('conformance', 'differs.jsonl');
    expect(bad.code).toBe(1);
    expect(bad.out).toContain('DIFFERENT');
    expect(bad.out).toContain('expected  {"canonical":"2"}');
    expect(bad.out).toContain('differs.jsonl:4');
  });

  test('what is no recording, and what holds nothing to replay, is told', () => {
    cli.write('prose.jsonl', 'hello\n');
    expect(cli.run('conformance', 'prose.jsonl')).toMatchObject({ code: 2, out: '' });
    cli.write(
      'other.jsonl',
      lines([
        { format: 'podyard-vectors/1', suite: 'karpenter' },
        { id: 'a', kind: 'solve', in: {}, out: {} },
      ]),
    );
    expect(cli.run('conformance', 'other.jsonl').code).toBe(2);
  });

  test('kinds that are not simulated are named and counted, never as equal', () => {
    const unknown = [{ id: 'c', kind: 'weigh', in: {}, out: {} }, { id: 'd', kind: 'weigh', in: {}, out: {} }];
    cli.write(
      'gaps.jsonl',
      lines([
        ...RECORDING,
        ...unknown,
        { format: 'podyard-vectors/1', suite: 'elsewhere' },
        { id: 'a', kind: 'solve', in: {}, out: {} },
      ]),
    );
    const table = cli.run('conformance', 'gaps.jsonl');
    expect(table.code).toBe(0);
    expect(table.out).toContain('Not covered, and counted neither as equal nor as different: 3 cases');
    expect(table.out).toContain('  quantity (gaps.jsonl): these kinds are not simulated: weigh 2');
    expect(table.out).toContain('  elsewhere (gaps.jsonl): nothing of it is simulated: solve 1');
    expect(JSON.parse(cli.run('conformance', 'gaps.jsonl', '-o', 'json').out)).toMatchObject({
      decisions: 2,
      equal: 2,
      notCovered: [
        { suite: 'quantity', cases: 2, kinds: { weigh: 2 } },
        { suite: 'elsewhere', cases: 1, kinds: { solve: 1 } },
      ],
    });
  });

  test('a case on which we fail is one difference, and the next is judged all the same', () => {
    const broken = { id: 'x', kind: 'roundUp', in: { s: 'no number', scale: 0 }, out: { canonical: '1' } };
    cli.write('broken.jsonl', lines([RECORDING[0], broken, ...RECORDING.slice(1)]));
    const { code, out } = cli.run('conformance', 'broken.jsonl', '-o', 'json');
    expect([code, JSON.parse(out)]).toMatchObject([1, { decisions: 3, equal: 2 }]);
  });

  test('our own small recordings are all equal', (context) => {
    const own = resolve('test/conformance/stories');
    if (!existsSync(own)) context.skip('there are no recordings of our own');
    expect(cli.run('conformance', own, '--quiet').code).toBe(0);
  });
});
