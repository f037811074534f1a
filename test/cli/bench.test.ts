// The standing benchmark: cards from the command line, and that those that come with Podyard are what it gives.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readBenchCard } from '../../src/experiment/bench-card.ts';
import type { BenchCard } from '../../src/experiment/bench-card.ts';
import { SMALL, cliFolder } from './podyard.ts';

const cli = cliFolder();
const OUR_SUITE = `suite: ours
version: 3
seeds: 6
scenarios:
  - scenario: small.yaml
    metrics: [queueWait, packing.densityOfNonEmptyNodes.cpu]
`;
/** Of another strategy. */
const PACKING = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - pluginConfig:
      - name: NodeResourcesFit
        args: {scoringStrategy: {type: MostAllocated, resources: [{name: cpu, weight: 1}, {name: memory, weight: 1}]}}
      - {name: PodTopologySpread, args: {defaultingType: List}}
`;

beforeAll(() => {
  cli.write('small.yaml', SMALL);
  cli.write('suite.yaml', OUR_SUITE);
  cli.write('packing.yaml', PACKING);
});

const card = (folder: string): string => readFileSync(join(cli.path(), folder, 'card.json'), 'utf8');

test('the same scheduler gives the same bytes, whatever the threads, and nothing is shown against itself', () => {
  expect(cli.run('bench', '--suite', 'suite.yaml', '--jobs', '1', '--out', 'one', '-q').code).toBe(0);
  const again = cli.run(
    'bench',
    '--suite',
    'suite.yaml',
    '--jobs',
    '2',
    '--out',
    'two',
    '--against',
    'one/card.json',
  );
  expect(again.code).toBe(0);
  expect(card('two')).toBe(card('one'));
  expect(again.out).toContain('Of 2 figures, 0 better, 0 worse, 2 equal');
  expect(again.err).toContain('run 6 of 6');
});

test('one weight that is another is told apart where it matters, and nothing is shown where it does not', () => {
  cli.write('skewed.yaml', `name: skewed
duration: 1h
nodePools:
  - {name: wide, count: 6, allocatable: {cpu: 16, memory: 16Gi}}
  - {name: deep, count: 6, allocatable: {cpu: 4, memory: 64Gi}}
workloads:
  - name: web
    kind: Job
    arrivals: {poisson: {ratePerHour: 200}}
    lifetime: {exponential: {mean: 5m}}
    requests: {cpu: 500m, memory: 1Gi}
`);
  cli.write('skewed-suite.yaml', OUR_SUITE.replace('small.yaml', 'skewed.yaml'));
  for (const weight of ['1', '5'])
    cli.write(`memory-${weight}.yaml`, PACKING.replace('MostAllocated', 'LeastAllocated').replace('memory, weight: 1', `memory, weight: ${weight}`));
  const bench = (...words: readonly string[]): string => cli.run('bench', '--suite', 'skewed-suite.yaml', '-q', ...words).out;
  bench('--scheduler', 'memory-1.yaml', '--out', 'memory-1');
  const out = bench('--scheduler', 'memory-5.yaml', '--against', 'memory-1/card.json');
  expect(out).toMatch(/queueWait +lower .* 0\.00% to 0\.00% +same$/m);
  expect(out).toMatch(/densityOfNonEmptyNodes\.cpu +higher .* better$/m);
  expect(out).toContain('Of 2 figures, 1 better, 0 worse, 1 equal');
});

test('another strategy is told apart where it differs, with pair, interval and verdict', () => {
  const { out, code } = cli.run(
    'bench', '--suite', 'suite.yaml', '--scheduler', 'packing.yaml', '--against', 'one/card.json', '-q',
  );
  expect(code).toBe(0);
  expect(out).toMatch(/^Scheduler {3}packing\.yaml$/m);
  expect(out).toMatch(/densityOfNonEmptyNodes\.cpu +higher .* better$/m);
  const json = cli.run('bench', '--suite', 'suite.yaml', '--set', 'duration=20m', '-q', '-o', 'json');
  const own = JSON.parse(json.out) as BenchCard;
  expect(own.scheduler).toMatchObject({ label: 'duration=20m', changes: ['duration=20m'], configuration: null });
  expect(own.scenarios[0].seeds).toEqual(['1', '2', '3', '4', '5', '6']);
  expect(own.scenarios[0].figures[0].values).toHaveLength(6);
});

test('cards side by side, the first one as the base', () => {
  cli.run('bench', '--suite', 'suite.yaml', '--scheduler', 'packing.yaml', '--label', 'pack', '--out', 'pack', '-q');
  const { out } = cli.run('bench', '--show', 'one/card.json', '--show', 'pack/card.json');
  const [head, , wait, density] = out.split('\n');
  expect(head).toBe('| scenario | figure | default | pack |');
  expect(wait).toMatch(/^\| small \| queueWait, \S+ \(less\) \|/);
  expect(density).toMatch(/\*\*\+\*\* \|$/);
});

test('each mistake is one line, and nothing runs', () => {
  const told = (...args: readonly string[]): [number | null, string] => {
    const { code, err } = cli.run('bench', ...args);
    return [code, err];
  };
  expect(told('--only', 'paking,gpu,x')).toEqual([
    2,
    expect.stringMatching(
      /^error: --only: the suite has no scenario paking, it has packing, .* did you mean "packing"\?\nerror: .* x, .*\n$/,
    ),
  ]);
  expect(told('--against', 'small.yaml', '--plugin', 'none.ts')).toEqual([
    2,
    'error: --plugin: no such file: none.ts\nerror: small.yaml: expected a card of podyard bench (card.json)\n',
  ]);
  expect(told('--against', 'one/card.json')).toEqual([
    2,
    'error: --against: the cards cannot be compared: they are of two suites, ours 3 and podyard 1\n',
  ]);
  cli.write(
    'wrong.yaml',
    'suite: w\nversion: 1\nseeds: 0\nscenarios:\n  - {scenario: gone.yaml, metrics: [queueWit]}\n',
  );
  expect(told('--suite', 'wrong.yaml')).toEqual([
    2,
    expect.stringContaining('wrong.yaml:3:8: expected a whole number from 1 to 1000'),
  ]);
  cli.write(
    'wrong.yaml',
    'suite: w\nversion: 1\nseeds: 1\nscenarios:\n  - {scenario: gone.yaml, metrics: [queueWit]}\n',
  );
  const [, err] = told('--suite', 'wrong.yaml');
  expect(err).toMatch(/wrong\.yaml:5:16: no such file: gone\.yaml/);
  expect(err).toMatch(/wrong\.yaml:5:37: there is no metric queueWit .*did you mean "queueWait"\?/);
});

test('a plugin that throws ends the benchmark, and is named', () => {
  cli.write('bad.mjs', `export const plugin = {
    name: 'Bad', summary: 's', create: () => ({ name: 'Bad', score() { throw new Error('no'); } }) };\n`);
  const { code, err, out } = cli.spawn('bench', '--suite', 'suite.yaml', '--plugin', 'bad.mjs', '-q', '--out', 'bad');
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/^error: small, seed \d: bad\.mjs.*Bad.*no/);
});

describe('cards that come with Podyard', () => {
  const shipped = JSON.parse(readFileSync('workloads/bench/schedulers/shipped.json', 'utf8')) as
    readonly { readonly name: string; readonly label: string; readonly options: readonly string[] }[];
  const cardOf = (name: string): BenchCard => {
    const read = readBenchCard(readFileSync(`results/cards/${name}.json`, 'utf8'));
    if (read === null) throw new Error(`${name} is no card`);
    return read;
  };

  /** The others would tell no more of a change of the model, and take a minute. */
  for (const { name, label, options } of shipped.filter(({ name }) => ['default', 'best-fit-packing'].includes(name)))
    test(`${name}: its cheapest scenario gives the same figures again`, () => {
      const files = options.map((word) => (word.startsWith('--') ? word : resolve(word)));
      const { out, err } = cli.run('bench', '--only', 'packing', '--label', label, ...files, '-q', '-o', 'json');
      expect(err).toBe('');
      const again = JSON.parse(out) as BenchCard;
      const known = cardOf(name);
      expect(again.scheduler).toEqual(known.scheduler);
      expect(again.scenarios[0]).toEqual(known.scenarios.find(({ scenario }) => scenario === 'packing'));
    });

  for (const { name, options } of shipped)
    test(`${name}: its plugin is the one that the card is of`, () => {
      const plugins = options.filter((_word, i) => options[i - 1] === '--plugin');
      const hashes = plugins.map((file) => createHash('sha256').update(readFileSync(file)).digest('hex'));
      expect(cardOf(name).scheduler.plugins.map(({ sha256 }) => sha256)).toEqual(hashes);
    });

  test('are told side by side in docs/bench.md', () => {
    const args = shipped.flatMap(({ name }) => ['--show', resolve(`results/cards/${name}.json`)]);
    const { out } = cli.run('bench', ...args);
    expect(readFileSync('docs/bench.md', 'utf8')).toContain(`<!-- cards -->\n${out}<!-- end of cards -->`);
  });
});
