// `podyard report` from the shell, over what the other commands wrote.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { SMALL, cliFolder } from './podyard.ts';

const cli = cliFolder();
const read = (name: string): string => readFileSync(join(cli.path(), name), 'utf8');

beforeAll(async () => {
  cli.write('small.yaml', SMALL);
  cli.write('other.yaml', SMALL.replace('name: small', 'name: other'));
  cli.write('sweep.yaml', 'scenario: small.yaml\nparameters:\n  nodePools[general].count: [2, 3]\nseeds: 2\n');
  const said = [
    await cli.here('run', 'small.yaml', '--out', 'one', '-q'),
    await cli.here('run', 'other.yaml', '--out', 'two', '-q'),
    await cli.here(
      'compare',
      'small.yaml',
      '--a',
      'nodePools[general].count=3',
      '--b',
      'nodePools[general].count=2',
      '--seeds',
      '5',
      '--out',
      'compared',
      '-q',
    ),
    await cli.here('rehearse', 'small.yaml', '--drain', 'general-0', '--out', 'rehearsed', '-q'),
    cli.run('sweep', 'sweep.yaml', '--out', 'swept', '-q'),
  ];
  expect(said.map(({ code, err }) => [code, err])).toEqual(said.map(() => [0, '']));
});

test('a comparison comes with its verdict, its plots and the command that makes it again', async () => {
  const { code, out, err } = await cli.here('report', 'compared', '--out', 'compared.html');
  expect([code, err]).toEqual([0, 'Wrote compared.html\n']);
  expect(out).toContain('A: nodePools[general].count=3');
  expect(out).toMatch(/^B is (better|worse|not shown)/m);
  const html = read('compared.html');
  for (const id of ['e1-differences', 'e1-waits', 'e1-utilization-cpu', 'e1-compared', 'e1-runs', 'e1-repeat']) {
    expect(html).toContain(`id="${id}"`);
  }
  const repeat =
    "podyard compare small.yaml --a 'nodePools[general].count=3' --b 'nodePools[general].count=2' --seeds 5";
  expect((JSON.parse(read('compared/comparison.json')) as { repeat: string }).repeat).toBe(repeat);
});

test('the command of a run gives its digest again', async () => {
  const { digest, resolvedScenario } = JSON.parse(read('one/report.json')) as {
    digest: string;
    resolvedScenario: unknown;
  };
  expect((await cli.here('report', 'one', '-o', 'json')).out).toContain(
    'jq .resolvedScenario one/report.json | podyard run -',
  );
  const again = cli.runWith({ input: JSON.stringify(resolvedScenario) }, 'run', '-', '-o', 'json', '-q');
  expect((JSON.parse(again.out) as { digest: string }).digest).toBe(digest);
});

test('all kinds of results stand on one page, and scenarios apart', async () => {
  const { code, out, err } = await cli.here(
    'report',
    'one',
    'two',
    'one/',
    'rehearsed',
    'swept',
    '--out',
    'all.html',
    '-q',
  );
  expect(code).toBe(0);
  expect(err).toBe(
    'warning: The runs are of 2 scenarios (small, other): their numbers stand apart and do not compare.\n',
  );
  expect(out).toContain('Rehearsal of small');
  expect(out).toContain('4 of 4 runs.');
  const html = read('all.html');
  for (const text of [
    'Runs: small',
    'Runs: other',
    'Sweep sweep',
    'What was done',
    'podyard rehearse small.yaml --drain general-0',
  ]) {
    expect(html).toContain(text);
  }
});

test('prints Markdown, CSV and JSON of every table', async () => {
  const of = async (format: string): Promise<string> => (await cli.here('report', 'compared', '-o', format)).out;
  expect(await of('markdown')).toContain('| Metric | A | B | Difference |');
  expect(await of('csv')).toMatch(/^table,row,column,value\ne1-compared,1,metric,utilization\.cpu\.mean\n/);
  const { tables, verdicts } = JSON.parse(await of('json')) as {
    readonly tables: readonly {
      readonly id: string;
      readonly columns: readonly string[];
      readonly rows: readonly unknown[][];
    }[];
    readonly verdicts: readonly { readonly of: string }[];
  };
  expect(tables.map(({ id }) => id)).toEqual(['e1-compared', 'e1-means', 'e1-runs']);
  for (const { columns, rows } of tables) for (const row of rows) expect(row).toHaveLength(columns.length);
  expect(verdicts).toMatchObject([{ of: 'small' }]);
});

test('a comparison without runs.json, as it was of old, has its differences and says what is missing', async () => {
  cpSync(join(cli.path(), 'compared'), join(cli.path(), 'older'), { recursive: true });
  rmSync(join(cli.path(), 'older', 'runs.json'));
  expect((await cli.here('report', 'older', '--out', 'older.html', '-q')).code).toBe(0);
  const html = read('older.html');
  expect(html).toContain('The folder holds no runs.json');
  expect(html).toContain('id="e1-differences"');
  expect(html).not.toContain('id="e1-waits"');
});

test('only an earlier page is replaced, and only with --force', async () => {
  expect((await cli.here('report', 'one', '--out', 'page.html', '-q')).code).toBe(0);
  const taken = await cli.here('report', 'one', '--out', 'page.html', '-q');
  expect([taken.code, taken.err]).toEqual([
    2,
    'error: page.html: the file exists: choose another name, or replace it with --force\n',
  ]);
  expect((await cli.here('report', 'one', '--out', 'page.html', '-q', '--force')).code).toBe(0);
  cli.write('mine.html', '<p>mine');
  const foreign = await cli.here('report', 'one', '--out', 'mine.html', '-q', '--force');
  expect([foreign.code, foreign.err]).toEqual([
    2,
    'error: mine.html: the file is no page of podyard report: choose another name\n',
  ]);
  expect(read('mine.html')).toBe('<p>mine');
});

describe('what is no result is told in one sentence each', () => {
  const broken = (name: string, file: string, text: string): void => {
    cpSync(join(cli.path(), 'one'), join(cli.path(), name), { recursive: true });
    writeFileSync(join(cli.path(), name, file), text);
  };

  test('folders that are missing, empty, or hold results', async () => {
    const { code, err } = await cli.here('report', 'nowhere', 'small.yaml', '.');
    expect(code).toBe(2);
    const lines = err.trimEnd().split('\n');
    expect(lines[0]).toBe('error: nowhere: no such folder');
    expect(lines[1]).toBe('error: small.yaml: expected a folder of results, as --out names it, found a file');
    expect(lines[2]).toMatch(
      /^error: \.: expected a folder of results, .*; it holds folders of results: name compared, or \*$/,
    );
    expect(lines).toHaveLength(3);
  });

  test('files that are cut off, of a newer format, or lack what is read', async () => {
    broken('cut', 'report.json', read('one/report.json').slice(0, 500));
    broken('newer', 'report.json', read('one/report.json').replace('"schemaVersion": 1', '"schemaVersion": 2'));
    broken('lacking', 'report.json', read('one/report.json').replace('"podsLost"', '"podsGone"'));
    broken('strange', 'report.json', '{"schemaVersion": 1, "kind": "inflation"}');
    const { code, err } = await cli.here('report', 'cut', 'newer', 'lacking', 'strange');
    expect(code).toBe(2);
    expect(err.trimEnd().split('\n')).toEqual([
      'error: cut/report.json: expected JSON, found a file that is damaged or cut off',
      'error: newer/report.json: expected version 1 of the format, found version 2: it needs a newer Podyard',
      'error: lacking/report.json: not a result that this Podyard can read, written by Podyard 0.1.0: ' +
        'expected number, found nothing [counts.podsLost]',
      'error: strange/report.json: expected the report of a run, a comparison, a sweep or a rehearsal, ' +
        'found another one',
    ]);
  });
});
