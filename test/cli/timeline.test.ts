// timeline from the command line: a whole file or none, the same bytes each time, cuts, and what is refused; run -o
// openmetrics, which looks at the end of a run only.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { compareKeys } from '../../src/report/format.ts';
import { readOpenMetrics } from '../support/openmetrics-reader.ts';
import { readTrace } from '../support/trace-event-reader.ts';
import type { ReadTrace } from '../support/trace-event-reader.ts';
import { ENDLESS, SMALL, cliFolder } from './podyard.ts';

const cli = cliFolder();
const inFolder = (name: string): string => join(cli.path(), name);
const told = async (...args: readonly string[]): Promise<ReadTrace> => {
  const { code, out, err } = await cli.here('timeline', ...args, '-q');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return readTrace(out);
};

describe('timeline', () => {
  test('writes the same bytes each time, packed or not, in a file or on standard output', async () => {
    cli.write('small.yaml', SMALL);
    const { out } = await cli.here('timeline', 'small.yaml', '-q');
    for (const name of ['a.json', 'b.json']) await cli.here('timeline', 'small.yaml', '--out', name);
    for (const name of ['a.json.gz', 'b.json.gz']) await cli.here('timeline', 'small.yaml', '--out', name);
    expect(readFileSync(inFolder('a.json'), 'utf8')).toBe(out);
    expect(readFileSync(inFolder('b.json'), 'utf8')).toBe(out);
    const packed = readFileSync(inFolder('a.json.gz'));
    expect(readFileSync(inFolder('b.json.gz'))).toEqual(packed);
    expect(gunzipSync(packed).toString()).toBe(out);
    expect(readdirSync(cli.path()).filter((name) => name.startsWith('.'))).toEqual([]);
    expect((await told('small.yaml', '--seed', 'two')).slices).not.toEqual(readTrace(out).slices);
  });

  test('names the run, with the digest that run prints', async () => {
    cli.write('small.yaml', SMALL);
    const { digest, counts } = JSON.parse((await cli.here('run', 'small.yaml', '-q', '-o', 'json')).out) as {
      readonly digest: string;
      readonly counts: { readonly podsScheduled: number };
    };
    const { about, slices } = await told('small.yaml');
    expect(about).toMatchObject({ scenario: 'small', seed: 'one', digest, pods: counts.podsScheduled, nodes: 3 });
    expect(slices.filter(({ cat }) => cat === 'pod')).toHaveLength(counts.podsScheduled);
  });

  test('--from, --to and --nodes cut; what is left is as in the whole', async () => {
    cli.write('small.yaml', SMALL);
    const whole = await told('small.yaml');
    const cut = await told('small.yaml', '--from', '5m', '--to', '12m', '--nodes', '2');
    const [from, to] = [300e6, 720e6];
    const shown = whole.slices.filter(({ cat, ts, dur, args }) =>
      cat === 'pod' && ts <= to && ts + dur >= from && args['node'] !== 'general-2');
    const names = (slices: ReadTrace['slices']): string[] => slices.map(({ name }) => name).sort(compareKeys);
    expect(names(cut.slices.filter(({ cat }) => cat === 'pod'))).toEqual(names(shown));
    expect(shown.length).toBeGreaterThan(5);
    expect(cut.slices.every(({ ts, dur }) => ts >= from && ts + dur <= to)).toBe(true);
    expect(cut.slices.some(({ args }) => args['cut'] === true)).toBe(true);
    expect(cut.about).toMatchObject({ nodes: 2, nodesNotShown: 1 });
    expect(cut.about).not.toHaveProperty('digest');
  });

  test('says what was written, and what was not', async () => {
    cli.write('crowd.yaml', CROWD);
    const { out, err } = await cli.here('timeline', 'crowd.yaml', '--nodes', '1', '--out', 'crowd.json');
    expect(out).toBe('');
    expect(err).toMatch(/^\d+ events: 1 nodes, \d+ pods, 100 waits, 0 marks\n/);
    expect(err).toContain('\nNodes that are not shown (--nodes): 1\n');
    expect(err).toContain('Waits that are not shown, since 100 pods waited already: 50\nWrote crowd.json.');
  });

  test('an existing file is replaced only when asked', async () => {
    cli.write('small.yaml', SMALL);
    cli.write('there.json', 'mine');
    const refused = await cli.here('timeline', 'small.yaml', '--out', 'there.json');
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('there.json: the file exists: choose another name, or replace it with --force');
    expect(readFileSync(inFolder('there.json'), 'utf8')).toBe('mine');
    expect((await cli.here('timeline', 'small.yaml', '--out', 'there.json', '--force')).code).toBe(0);
    expect(readTrace(readFileSync(inFolder('there.json'), 'utf8')).slices.length).toBeGreaterThan(10);
  });

  test.each([
    [['small.yaml', '--from', 'noon'], '--from: expected a duration'],
    [['small.yaml', '--from', '5m', '--to', '5m'], '--from and --to: expected --from before --to'],
    [['small.yaml', '--nodes', '0'], '--nodes: expected a whole number from 1'],
    [['small.yaml', '--force'], '--force needs --out'],
    [['small.yaml', '--out', 'nowhere/x.json'], 'nowhere/x.json: the folder does not exist'],
    [['small.yaml', '--out', '.'], 'expected a file, found a folder'],
    [['nothing.yaml', '--out', 'x.json'], 'nothing.yaml'],
    [['small.yaml', '--plugin', 'nothing.ts', '--out', 'x.json'], 'nothing.ts'],
  ])('%j is refused', async (args, message) => {
    cli.write('small.yaml', SMALL);
    const { code, out, err } = await cli.here('timeline', ...args);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
    expect(existsSync(inFolder('x.json'))).toBe(false);
    expect(readdirSync(cli.path()).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('%s leaves nothing', async (signal) => {
    cli.write('endless.yaml', ENDLESS);
    const args = ['timeline', 'endless.yaml', '--out', 'endless.json', '--progress', 'json'];
    const { code, err } = await cli.interrupt(signal, '"events"', ...args);
    expect(code).toBe(signal === 'SIGINT' ? 130 : 143);
    expect(err).toContain(`stopped by ${signal} before the end: no file was written`);
    expect(readdirSync(cli.path()).filter((name) => name.includes('endless.json'))).toEqual([]);
  });

  test('a kill leaves no file of that name', async () => {
    cli.write('endless.yaml', ENDLESS);
    const args = ['timeline', 'endless.yaml', '--out', 'killed.json', '--progress', 'json'];
    await cli.interrupt('SIGKILL', '"events"', ...args);
    expect(existsSync(inFolder('killed.json'))).toBe(false);
  });
});

describe('-o openmetrics', () => {
  test('prints what a reader of the format takes, the same each time', async () => {
    cli.write('small.yaml', SMALL);
    const { code, out, err } = await cli.here('run', 'small.yaml', '-q', '-o', 'openmetrics');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(readOpenMetrics(out).length).toBeGreaterThan(10);
    expect((await cli.here('run', 'small.yaml', '-q', '-o', 'openmetrics')).out).toBe(out);
  });

  test.each([
    ['run', resolve('workloads/fgd.yaml')],
    ['replay', 'swf', resolve('workloads/samples/swf-log.swf'), '--policy', 'easy'],
  ])('of %s %s is refused: another report', async (...words) => {
    const { code, out, err } = await cli.here(...words, '-o', 'openmetrics');
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('-o openmetrics is the form of a run of the scheduler, and not of this report');
  });
});

/** 150 pods at once. */
const CROWD = `name: crowd
seed: one
duration: 10m
nodePools:
  - {name: general, count: 2, allocatable: {cpu: 200, memory: 400Gi, pods: 200}}
workloads:
  - {name: job, kind: Pod, arrivals: {at: 1m, count: 150}, lifetime: 1m, requests: {cpu: 1, memory: 1Gi}}
`;
