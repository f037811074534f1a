import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { METRICS, metricsIn } from '../../src/metrics/declared-metrics.ts';
import type { MetricGroup } from '../../src/metrics/declared-metrics.ts';
import { csvLines, csvText, nodesCsv, podsCsv, summaryCsv, timeSeriesCsv } from '../../src/report/csv.ts';
import { reportJson, reportOf, roundNumber } from '../../src/report/json.ts';
import { reportYaml } from '../../src/report/yaml.ts';
import { renderRunFiles } from '../../src/report/run-files.ts';
import { CAMPAIGNS, makeRunResult } from '../support/run-result.ts';

const DOCUMENT = readFileSync(new URL('../../docs/formats/report.md', import.meta.url), 'utf8');

/** First cells (and second) of the table below a heading. */
function documented(heading: string): (readonly [name: string, type: string])[] {
  const from = `\n${DOCUMENT}`.indexOf(`\n${heading}\n`);
  expect(from, `${heading} is missing`).toBeGreaterThanOrEqual(0);
  const body = DOCUMENT.slice(from + heading.length + 1);
  const end = body.search(/^#/mu);
  return Array.from((end < 0 ? body : body.slice(0, end)).matchAll(/^\| `([^`]+)` \| ([^|]+) \|/gmu), (match) => [match[1], match[2].trim()] as const);
}

/** Every field of report.json as a list of keys, shared shapes written out. */
function documentedFields(): string[][] {
  const quantiles = documented('### quantiles').map(([name]) => [name]);
  const utilization = documented('### utilization').map(([name]) => [name]);
  const latency = documented('### latency').flatMap(([name]) => (name === 'queueWaitCdf' ? [[name]] : quantiles.map((rest) => [name, ...rest])));
  const nearest = documented('### nearest').map(([name]) => [name]);
  const wait = documented('### wait').flatMap(([name]) =>
    name === 'nearest' ? nearest.map((rest) => [name, ...rest]) : [[name]],
  );
  const shapes: Readonly<Record<string, string[][]>> = { quantiles, utilization, latency, nearest, wait };
  return documented('## report.json').flatMap(([name, type]) => (shapes[type] ?? [[]]).map((rest) => [...name.split('.'), ...rest]));
}

/** Lists of entries with fields of their own. */
const LISTS = ['events', 'failures.campaigns', 'notSimulated', 'refusedPods', 'waiting.templates', 'packing.fragmentation.room'];

function fieldsOf(value: unknown, path: readonly string[] = []): string[][] {
  const opaque = ['scheduling.profile', 'resolvedScenario'].includes(path.join('.'));
  const last = path[path.length - 1] ?? '';
  const isList = Array.isArray(value) && LISTS.includes(path.join('.'));
  if (isList) return value.slice(0, 1).flatMap((entry) => fieldsOf(entry, [...path.slice(0, -1), `${last}[]`]));
  if (value === null && last === 'nearest') return [];
  if (opaque || value === null || typeof value !== 'object' || Array.isArray(value)) return [[...path]];
  return Object.entries(value).flatMap(([key, entry]) => fieldsOf(entry, [...path, key]));
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  return pattern.length === path.length && pattern.every((key, i) => key.startsWith('<') || key === path[i]);
}

function text(chunks: Iterable<string>): string {
  return Array.from(chunks).join('');
}

function rows(chunks: Iterable<string>): Record<string, string>[] {
  return parse(text(chunks), { columns: true });
}

describe('report.json', () => {
  const json = reportJson(makeRunResult());

  it('has every documented field, and no other, in the documented order', () => {
    const patterns = documentedFields();
    const base = makeRunResult();
    const containers = { restarts: 3, unreadyPodSeconds: 120.5 };
    const conflicts = {
      podsRefused: 2, podsRefusedByReason: { OutOfcpu: 2 }, firstMessage: 'Node did not have enough resource: cpu',
      bindingsRefused: 1,
    };
    const whole = { ...base, failures: { ...base.failures, campaigns: CAMPAIGNS, containers }, conflicts };
    const paths = fieldsOf(JSON.parse(reportJson(whole)));
    expect(patterns.length).toBeGreaterThan(80);
    const places = paths.map((path) => {
      const found = patterns.flatMap((pattern, i) => (matches(pattern, path) ? [i] : []));
      expect(found, `${path.join('.')} must be documented once`).toHaveLength(1);
      return found[0];
    });
    patterns.forEach((pattern, i) => expect(places, `${pattern.join('.')} is documented but not written`).toContain(i));
    const firstPlaces = places.filter((place, i) => places.indexOf(place) === i);
    expect(firstPlaces).toEqual(firstPlaces.toSorted((a, b) => a - b));
  });

  it('has its single numbers documented as they are declared', () => {
    const declared = Object.keys(METRICS).flatMap((group) => metricsIn(group as MetricGroup)
      .map(([name, { meaning }]) => `| \`${group}.${name}\` | number | ${meaning} |`));
    expect(declared.length).toBeGreaterThan(25);
    expect(declared.filter((row) => !DOCUMENT.includes(`\n${row}\n`))).toEqual([]);
  });

  it('is the same for equal results, however their keys are ordered', () => {
    const { utilization } = makeRunResult();
    const turned = Object.fromEntries(Object.entries(utilization).toReversed());
    expect(reportJson(makeRunResult({ overrides: { utilization: turned } }))).toBe(json);
  });

  it('writes at most twelve digits, null for what is no number, and lists of numbers on one line', () => {
    const { cost } = makeRunResult();
    const written = reportJson(makeRunResult({ overrides: { cost: { ...cost, total: 0.1 + 0.2, nodeHours: Number.NaN } } }));
    expect(written).toContain('"total": 0.3,');
    expect(written).toContain('"nodeHours": null,');
    expect(written).toMatch(/^ {6}\[0, 0\.\d+\],$/mu);
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(reportOf(makeRunResult()))));
  });

  it('says the same as YAML', () => {
    expect(parseYaml(reportYaml(makeRunResult()))).toEqual(JSON.parse(json));
  });
});

it('numbers are rounded to twelve digits, times and all others', () => {
  const plain = (value: number): number => Number(value.toPrecision(12));
  const micros = fc.tuple(fc.integer({ min: -1e14, max: 1e14 }), fc.constantFrom(1e3, 1e6, 1e7, 1e9)).map(([whole, parts]) => whole / parts);
  const noisy = fc.tuple(micros, fc.integer({ min: -8, max: 8 })).map(([value, bits]) => value * (1 + bits * Number.EPSILON));
  fc.assert(
    fc.property(fc.oneof(micros, noisy, fc.double({ noNaN: true, noDefaultInfinity: true })), (value) => {
      expect(roundNumber(value)).toBe(Number.isInteger(value) ? value + 0 : plain(value));
    }),
    { numRuns: 3000 },
  );
  expect([NaN, Infinity, -Infinity].map(roundNumber)).toEqual([null, null, null]);
});

describe('CSV files', () => {
  const result = makeRunResult({ podRows: 3000 });

  it('summary.csv holds every number of report.json under its path', () => {
    const summary = new Map(rows(summaryCsv(result)).map((row) => [row['metric'], row]));
    expect(Array.from(summary.keys()).slice(0, 7)).toEqual([
      'scenario',
      'seed',
      'version',
      'kubernetes',
      'digest',
      'simulatedSeconds',
      'complete',
    ]);
    expect(summary.get('counts.events')).toEqual({ metric: 'counts.events', value: '151902', unit: 'count' });
    expect(summary.get('latency.queueWaitSeconds.p99')?.['unit']).toBe('s');
    expect(summary.get('utilization.nvidia.com/gpu.mean')?.['unit']).toBe('share');
    expect(Number(summary.get('utilization.cpu.mean')?.['value'])).toBeCloseTo(result.utilization['cpu'].mean, 10);
    expect(Array.from(summary.keys()).filter((key) => key.startsWith('events') || key.includes('Cdf') || key.includes('profile'))).toEqual([]);
  });

  it('timeseries.csv gives its columns back', () => {
    const read = rows(timeSeriesCsv(result.timeseries));
    expect(read).toHaveLength(1440);
    for (const [name, column] of Object.entries(result.timeseries.columns)) {
      read.forEach((row, i) => expect(Number(row[name])).toBeCloseTo(column[i], 9));
    }
  });

  it('pods.csv gives its rows back in chunks, with empty cells for what never happened', () => {
    const chunks = Array.from(podsCsv(result.pods ?? expect.fail('no pods')));
    expect(chunks.length).toBe(4);
    const read = rows(chunks);
    expect(Object.keys(read[0])).toEqual(documented('## pods.csv').map(([name]) => name));
    expect(read.map((row) => row['name'])).toEqual(result.pods?.name);
    expect(read[2999]).toMatchObject({ outcome: 'Pending', boundSeconds: '', node: '' });
  });

  it('nodes.csv has the documented columns, one per resource of any node', () => {
    const read = rows(nodesCsv(result.nodes));
    const columns = Object.keys(read[0]).map((name) => name.replace(/^meanUtilization\..*$/u, 'meanUtilization.<resource>'));
    expect(Array.from(new Set(columns))).toEqual(documented('## nodes.csv').map(([name]) => name));
    expect(read[0]).toMatchObject({ name: 'general-0', removedSeconds: '', 'meanUtilization.nvidia.com/gpu': '' });
    expect(read).toHaveLength(result.nodes.length);
  });

  it('escapes what a spreadsheet would run, quotes what would break a row, leaves negative numbers alone', () => {
    const [node] = result.nodes;
    const text = Array.from(nodesCsv([{ ...node, name: '=HYPERLINK("x")', zone: 'a,b\n"c"', cost: -2.5 }])).join('');
    const [read]: unknown[] = parse(text, { columns: true });
    expect(read).toMatchObject({ name: '\'=HYPERLINK("x")', zone: 'a,b\n"c"', cost: '-2.5' });
  });

  it('tables are written as csv-stringify writes them cell by cell', () => {
    const awkward = fc.constantFrom('', ' ', ',', '"', '\n', '\r', '=1+1', '-2', '+', '@x', '\t', '\uFF1Da', 'a,b', 'a\nb', 'a\r', "it's", "'a", 'a"b', 'é');
    const word = fc.constantFrom('node-1', 'Insufficient cpu', 'batch', '0', '_a', 'a/b.c', 'nvidia.com/gpu');
    const numbers = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(-0, 1e21, -1.5e-7));
    const cell = fc.oneof({ weight: 6, arbitrary: word }, { weight: 6, arbitrary: numbers }, fc.constant(null), awkward, fc.string());
    const records = fc.integer({ min: 1, max: 5 }).chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 30 }));
    fc.assert(fc.property(records, (list) => { expect(csvLines(list)).toBe(csvText(list)); }), { numRuns: 600 });
    const characters = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code));
    const around = characters.flatMap((character) => [[character], [`${character}a`], [`a${character}`], [`a${character}a`]]);
    expect(csvLines(around)).toBe(csvText(around));
  });
});

describe('the files of a run', () => {
  it('are named as documented; pods.csv is there only when pods were kept', () => {
    const names = Array.from(renderRunFiles(makeRunResult()), (file) => file.name);
    // What --keep writes is no file of the report: test/cli/keep.test.ts.
    expect([...names, 'run.kept']).toEqual(documented('# The output of a run').map(([name]) => name));
    expect(Array.from(renderRunFiles(makeRunResult({ podRows: null })), (file) => file.name)).toEqual(names.filter((name) => name !== 'pods.csv'));
  });

  it('are byte-equal for equal results', () => {
    const all = (): string[] => Array.from(renderRunFiles(makeRunResult()), (file) => text(file.chunks));
    expect(all()).toEqual(all());
  });
});
