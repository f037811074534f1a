// Sweeps from the command line: the same files for any number of threads, in parts, and after a kill.
import { cpSync, existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { SMALL, cliFolder } from './podyard.ts';

const cli = cliFolder();

beforeAll(() => {
  cli.write('small.yaml', SMALL);
  cli.write('sweep.yaml', 'scenario: small.yaml\nparameters:\n  nodePools[general].count: [2, 3]\nseeds: 2\n');
});

function filesOf(folder: string): string[] {
  const root = join(cli.path(), folder);
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort((a, b) => (a < b ? -1 : 1));
  return names.map((name) => (name === 'cells' ? name : `${name}: ${readFileSync(join(root, name), 'utf8')}`));
}

test('any number of threads, parts and a resume give the same bytes', () => {
  expect(cli.spawn('sweep', 'sweep.yaml', '--out', 'one', '--jobs', '1', '-q').code).toBe(0);
  expect(cli.spawn('sweep', 'run', 'sweep.yaml', '--out', 'two', '--jobs', '2', '-q').code).toBe(0);
  expect(filesOf('two')).toEqual(filesOf('one'));
  for (const part of ['1', '2']) {
    expect(cli.spawn('sweep', 'sweep.yaml', '--out', `part-${part}`, '--shard', `${part}/2`, '-q').code).toBe(0);
  }
  expect(cli.spawn('sweep', 'merge', 'part-1', 'part-2', '--out', 'whole', '-q').code).toBe(0);
  expect(filesOf('whole')).toEqual(filesOf('one'));
  const collected = cli.run('sweep', 'collect', 'one');
  expect(collected.code, collected.err).toBe(0);
  expect(cli.run('sweep', 'collect', 'part-2', 'part-1').out).toBe(collected.out);
  cpSync(join(cli.path(), 'part-1'), join(cli.path(), 'resumed'), { recursive: true });
  expect(cli.spawn('sweep', 'sweep.yaml', '--out', 'resumed', '-q').code).toBe(0);
  expect(filesOf('resumed')).toEqual(filesOf('one'));
  rmSync(join(cli.path(), 'resumed'), { recursive: true });
});

test('collect gives every run by itself: point, variant, seed, what it measured, its digest', () => {
  const [header, ...lines] = cli.run('sweep', 'collect', 'one', '--metric', 'cost.nodeHours').out.trimEnd().split('\n');
  expect(header).toBe('nodePools[general].count,variant,seed,cost.nodeHours,digest,failure');
  expect(lines.map((line) => line.split(',').slice(0, 3).join(' '))).toEqual([
    '2 default 1', '2 default 2', '3 default 1', '3 default 2',
  ]);
  const { runs } = JSON.parse(cli.run('sweep', 'collect', 'one', '-o', 'json').out) as {
    readonly runs: readonly { readonly cell: string; readonly digest: string; readonly metrics: object }[];
  };
  const same = ['--seed', '1', '--set', 'nodePools[general].count=2', '-o', 'json'];
  const report = JSON.parse(cli.run('run', 'small.yaml', ...same).out) as { readonly digest: string };
  expect(runs[0].digest).toBe(report.digest);
  expect(runs.map(({ digest }) => digest)).toEqual(lines.map((line) => line.split(',')[4]));
  expect(Object.keys(runs[0].metrics)).toContain('utilization.cpu.mean');
  expect(existsSync(join(cli.path(), 'one', 'cells', `${runs[0].cell}.json`))).toBe(true);
});

test('collect tells how many runs are to go, and refuses folders that are none, or of another sweep', () => {
  const part = cli.run('sweep', 'collect', 'part-1', '--metric', 'cost.nodeHours');
  expect([part.code, part.err]).toEqual([0, 'warning: 2 runs of sweep to go\n']);
  cli.write('other.yaml', 'scenario: small.yaml\nseeds: 1\n');
  expect(cli.spawn('sweep', 'other.yaml', '--out', 'other', '-q').code).toBe(0);
  const { code, out, err } = cli.run('sweep', 'collect', 'one', 'nowhere', 'other', '--metric', 'cost.nodeHuors');
  expect([code, out]).toEqual([2, '']);
  expect(err.trimEnd().split('\n')).toEqual([
    expect.stringContaining('--metric: there is no metric cost.nodeHuors'),
    expect.stringContaining('expected the folder of a sweep, which has a sweep.json: nowhere'),
    expect.stringContaining('expected parts of one sweep: other is of another than one'),
  ]);
});

test('a misspelt name is told once, at its place', () => {
  cli.write('wrong.yaml', 'scenario: small.yaml\nparameters:\n  nodePools[genral].count: [2, 3]\nseed: 1\n');
  const { code, err } = cli.spawn('sweep', 'wrong.yaml', '--out', 'wrong');
  const says = 'nodePools[genral].count=2: no item is named "genral" — did you mean "general"? [nodePools]';
  expect([code, err]).toEqual([2, `error: wrong.yaml:3:29: ${says}\n`]);
});

test('after a kill the same command goes on, and gives the same bytes', async () => {
  cli.write('long.yaml', 'scenario: small.yaml\nparameters:\n  duration: [9h, 10h, 11h]\nseeds: 5\n');
  expect(cli.spawn('sweep', 'long.yaml', '--out', 'undisturbed', '-q').code).toBe(0);
  const started = cli.start('sweep', 'long.yaml', '--out', 'killed');
  const cells = join(cli.path(), 'killed', 'cells');
  while (!existsSync(cells) || readdirSync(cells).length < 3) await setTimeout(5);
  started.child.kill('SIGKILL');
  await started.ended;
  expect(readdirSync(cells).filter((name) => name.endsWith('.json')).length).toBeLessThan(15);
  expect(existsSync(join(cli.path(), 'killed', 'report.json'))).toBe(false);
  expect(cli.spawn('sweep', 'long.yaml', '--out', 'killed', '-q', '--jobs', '2').code).toBe(0);
  expect(filesOf('killed')).toEqual(filesOf('undisturbed'));
});

test('a plugin that throws, ends the process or loops fails its own cells, with the reason, and no other', () => {
  const plugin = (name: string, body: string): void => {
    const method = `create: () => ({ name: '${name}', score() { ${body} } })`;
    cli.write(`${name}.mjs`, `export const plugin = { name: '${name}', summary: 's', ${method} };\n`);
  };
  plugin('Throws', "throw new Error('no such price');");
  plugin('Leaves', 'process.exit(0);');
  plugin('Loops', 'for (;;);');
  interface Failed {
    readonly runs: unknown;
    readonly failures: readonly { readonly row: number; readonly reason: string }[];
  }
  const failuresOf = (variants: string, ...words: readonly string[]): Failed => {
    cli.write('plugins.yaml', `scenario: small.yaml\nvariants:\n${variants}seeds: 1\n`);
    const { code, err } = cli.spawn('sweep', 'plugins.yaml', '--out', 'plugins', '--force', '-q', ...words);
    expect(code, err).toBe(1);
    return JSON.parse(readFileSync(join(cli.path(), 'plugins', 'report.json'), 'utf8')) as Failed;
  };
  const report = failuresOf('  plain: []\n  throws: [Throws.mjs]\n  leaves: [Leaves.mjs]\n');
  expect(report.runs).toEqual({ wanted: 3, done: 1, failed: 2 });
  expect(report.failures.map(({ row }) => row)).toEqual([1, 2]);
  expect(report.failures[0].reason).toContain('no such price');
  expect(report.failures[1].reason).toContain('process.exit');
  // By itself: patience is a matter of the clock, and a busy machine may starve the others.
  const looping = failuresOf('  plain: []\n  loops: [Loops.mjs]\n', '--patience', '2');
  expect(looping.runs).toEqual({ wanted: 2, done: 1, failed: 1 });
  expect(looping.failures[0].reason).toContain('Loops');
  for (const { reason } of [...report.failures, ...looping.failures]) expect(reason).not.toContain(cli.path());
});

test('the report has the front of two metrics and tells what moves them', () => {
  const given = ['sweep', 'report', 'one', '--pareto', 'cost.nodeHours,utilization.cpu', '-o', 'json'];
  const { code, out } = cli.spawn(...given);
  expect(code).toBe(0);
  const report = JSON.parse(out) as {
    pareto: { rows: number[] };
    sensitivity: { factors: string[]; metrics: { metric: string; shares: (number | null)[] }[] };
  };
  // Three nodes cost more and are used less: two beat them on both sides.
  expect(report.pareto.rows).toEqual([0]);
  const hours = report.sensitivity.metrics.find(({ metric }) => metric === 'cost.nodeHours');
  expect(report.sensitivity.factors).toEqual(['nodePools[general].count']);
  expect(hours?.shares[0]).toBeCloseTo(1, 6);
  expect(cli.spawn('sweep', 'report', 'one', '--pareto', 'cost.nodeHour,utilization.cpu').code).toBe(2);
});
