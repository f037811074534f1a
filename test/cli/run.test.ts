// `podyard run` as a user meets it: what it prints, what it writes, what it refuses.
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ENDLESS, SMALL, cliFolder } from './podyard.ts';

const cli = cliFolder();
beforeAll(() => {
  cli.write('small.yaml', SMALL);
  cli.write('endless.yaml', ENDLESS);
});

const inFolder = (...names: readonly string[]): string => join(cli.path(), ...names);
const digestOf = (text: string): string => (JSON.parse(text) as { digest: string }).digest;

describe('output', () => {
  test('a table by default, with the digest, and nothing else on standard output', () => {
    const { code, out, err } = cli.run('run', 'small.yaml');
    expect(code).toBe(0);
    expect(out).toMatch(/^Scenario +small\nSeed +one\n/);
    expect(out).toMatch(/\nDigest +[0-9a-f]{32}\n/);
    expect(out).not.toContain('wall');
    expect(err).toContain('events/s');
  });

  test('json, yaml and csv say the same', () => {
    const json = JSON.parse(cli.run('run', 'small.yaml', '-o', 'json').out) as Record<string, unknown>;
    const yaml = parse(cli.run('run', 'small.yaml', '-o', 'yaml').out) as Record<string, unknown>;
    const csv = cli.run('run', 'small.yaml', '-o', 'csv').out;
    expect(json).toMatchObject({ schemaVersion: 1, scenario: 'small', seed: 'one', complete: true, simulatedSeconds: 1800 });
    expect(yaml).toEqual(json);
    expect(csv).toMatch(/^metric,value,unit\n/);
    expect(csv).toContain(`\ndigest,${String(json['digest'])},\n`);
    expect(cli.run('run', 'small.yaml', '-o', 'wide').out).toContain('WHILE PENDING');
  });

  test('equal inputs give equal bytes, in every file but timing.json', () => {
    const first = cli.run('run', 'small.yaml', '--out', 'first');
    const second = cli.run('run', 'small.yaml', '--out', 'second', '--progress', 'json');
    expect(first.code).toBe(0);
    expect(second.out).toBe(first.out);
    const names = readdirSync(inFolder('first')).sort((a, b) => (a < b ? -1 : 1));
    expect(names).toEqual(['nodes.csv', 'pods.csv', 'report.html', 'report.json', 'summary.csv', 'timeseries.csv', 'timing.json']);
    for (const name of names.filter((entry) => entry !== 'timing.json')) {
      expect(readFileSync(inFolder('second', name), 'utf8'), name).toBe(readFileSync(inFolder('first', name), 'utf8'));
    }
    const timing = JSON.parse(readFileSync(inFolder('first', 'timing.json'), 'utf8')) as Record<string, number>;
    expect(Object.keys(timing)).toEqual(['wallSeconds', 'eventsPerSecond', 'decisionsPerSecond', 'peakRssBytes']);
    expect(timing['wallSeconds']).toBeGreaterThan(0);
    expect(first.err).toContain('first/report.html');
  });

  test('the digest depends on seed and scenario, not on output, folder, checks or caches', () => {
    const digest = digestOf(cli.run('run', 'small.yaml', '-o', 'json').out);
    expect(digestOf(cli.run('run', 'small.yaml', '-o', 'json', '--out', 'third', '--check', '10').out)).toBe(digest);
    expect(digestOf(cli.run('run', 'small.yaml', '-o', 'json', '--plain').out)).toBe(digest);
    expect(digestOf(cli.run('run', '--check', 'small.yaml', '-o', 'json', '--seed', 'one').out)).toBe(digest);
    expect(digestOf(cli.run('run', 'small.yaml', '-o', 'json', '--seed', 'two').out)).not.toBe(digest);
    expect(digestOf(cli.run('run', 'small.yaml', '-o', 'json', '--set', 'nodePools[general].count=4').out)).not.toBe(digest);
  });

  test('- reads the scenario from standard input', () => {
    const piped = cli.runWith({ input: SMALL }, 'run', '-', '-o', 'json');
    expect(piped.code).toBe(0);
    expect(digestOf(piped.out)).toBe(digestOf(cli.run('run', 'small.yaml', '-o', 'json').out));
  });

  test('--quiet leaves standard error empty', () => {
    expect(cli.run('run', 'small.yaml', '--quiet').err).toBe('');
  });

  test('colour only when it is asked for', () => {
    expect(cli.run('run', 'small.yaml').out).not.toContain('\u001b');
    expect(cli.run('run', 'small.yaml', '--color', 'always').out).toContain('\u001b[1m');
    expect(cli.runWith({ env: { NO_COLOR: '', FORCE_COLOR: '1' } }, 'run', 'small.yaml').out).toContain('\u001b[1m');
  });
});

describe('the output folder', () => {
  test('is replaced only with --force, and never when it holds anything but results', () => {
    expect(cli.run('run', 'small.yaml', '--out', 'again').code).toBe(0);
    const refused = cli.run('run', 'small.yaml', '--out', 'again');
    expect(refused.code).toBe(2);
    expect(refused.out).toBe('');
    expect(refused.err).toContain('--force');
    expect(cli.run('run', 'small.yaml', '--out', 'again', '--force', '--seed', 'two').code).toBe(0);
    expect(readFileSync(inFolder('again', 'report.json'), 'utf8')).toContain('"seed": "two"');
    mkdirSync(inFolder('mine'));
    cli.write('mine/thesis.txt', 'years of work');
    expect(cli.run('run', 'small.yaml', '--out', 'mine', '--force').code).toBe(2);
    expect(cli.run('run', 'small.yaml', '--out', '.', '--force').code).toBe(2);
    expect(readFileSync(inFolder('mine', 'thesis.txt'), 'utf8')).toBe('years of work');
  });

  test('is made with the folders above it; nothing stays beside it', () => {
    expect(cli.run('run', 'small.yaml', '--out', 'deep/er/run').code).toBe(0);
    expect(readdirSync(inFolder('deep', 'er'))).toEqual(['run']);
  });

  test('is not made when the scenario is wrong', () => {
    cli.write('wrong.yaml', SMALL.replace('count: 3', 'cuont: 3'));
    const { code, out, err } = cli.run('run', 'wrong.yaml', '--out', 'never/made');
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/^error: wrong\.yaml:5:\d+: .*did you mean "count"\?/m);
    expect(existsSync(inFolder('never'))).toBe(false);
  });
});

describe('signals', () => {
  test.each([['SIGINT', 130], ['SIGTERM', 143]] as const)('%s ends a run with %i and results marked as incomplete', async (signal, expected) => {
    const { code, out, err } = await cli.interrupt(signal, '"simulatedMicros"', 'run', 'endless.yaml', '--out', signal, '--progress', 'json');
    expect(code).toBe(expected);
    expect(out).toContain('INCOMPLETE');
    expect(err).toContain(`stopped by ${signal}`);
    expect(readFileSync(inFolder(signal, 'report.json'), 'utf8')).toContain('"complete": false');
    expect(readdirSync(inFolder(signal))).toContain('INCOMPLETE.txt');
  });

  test('programs are given no incomplete result', async () => {
    const { code, out } = await cli.interrupt('SIGINT', '"simulatedMicros"', 'run', 'endless.yaml', '-o', 'json', '--progress', 'json');
    expect(code).toBe(130);
    expect(out).toBe('');
  });
});
