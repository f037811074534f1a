// What a replay tells: differences part by part, broken recordings with file and line.
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { ChoiceHash } from '../../src/conformance/choice-hash.ts';
import { ConformanceRun } from '../../src/conformance/conformance-run.ts';
import type { SuiteResult } from '../../src/conformance/conformance-run.ts';
import { microsOfTimestamp } from '../../src/conformance/replayed-cluster.ts';
import { pluginRegistry } from '../../src/scheduler/plugins/registry.ts';

const CONFIG = { apiVersion: 'kubescheduler.config.k8s.io/v1', kind: 'KubeSchedulerConfiguration' };
const header = (suite: string, more: object = {}): object => ({ format: 'podyard-vectors/1', suite, seed: 7, config: CONFIG, ...more });
const node = (name: string): object => ({ kind: 'Node', metadata: { name }, status: { allocatable: { cpu: '2', memory: '4Gi', pods: '10' } } });
const pod = (name: string, cpu: string): object => ({ kind: 'Pod', metadata: { name, namespace: 'default' }, spec: { containers: [{ name: 'c', resources: { requests: { cpu } } }] } });

function replay(lines: readonly (object | string)[]): readonly SuiteResult[] {
  const run = new ConformanceRun('some.jsonl', { registry: pluginRegistry() });
  for (const line of lines) run.line(typeof line === 'string' ? line : JSON.stringify(line));
  return run.results();
}

function mistake(lines: readonly (object | string)[]): string {
  try {
    replay(lines);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  return '';
}

describe('differences', () => {
  const set = [header('demo', { partial: true }), { op: 'create', object: node('n1') }, { op: 'create', object: node('n2') }];

  test('are told part by part with line, seed and pod; the replay goes on from the recorded choice', () => {
    const expect1 = { node: 'n2', feasibleNodes: 1, filter: [{ code: 'Unschedulable', plugin: 'NodeResourcesFit', reasons: ['Insufficient cpu'], nodes: ['n1'] }], total: [1, 2], scoredNodes: ['n1', 'n2'], scores: { NodeResourcesFit: [95, 5] } };
    const [result] = replay([...set, { op: 'schedule', object: pod('p', '100m'), expect: expect1 }, { op: 'schedule', object: pod('q', '2'), expect: { node: 'n1' } }]);
    expect([result.decisions, result.equal]).toEqual([2, 1]);
    expect(result.differences.map(({ line, seed, decision, part, expected, got }) => [line, seed, decision, part, expected, got])).toEqual([
      [4, 7, 'default/p', 'node', 'n2', 'n1'],
      [4, 7, 'default/p', 'feasibleNodes', 1, 2],
      [4, 7, 'default/p', 'filter NodeResourcesFit', { verdict: 'Unschedulable by NodeResourcesFit: Insufficient cpu', nodes: ['n1'] }, { verdict: 'passes' }],
      [4, 7, 'default/p', 'score NodeResourcesFit', { n2: 5 }, { n2: 95 }],
      [4, 7, 'default/p', 'total', { n1: 1, n2: 2 }, { n1: 468, n2: 468 }],
    ]);
    expect(result.parts.map(({ part, decisions }) => `${part} ${decisions}`)).toContain('total 1');
  });

  test('a checksum of a long run is checked over our own choices', () => {
    const template = { op: 'template', index: 0, object: pod('t', '2') };
    const steps = { op: 'steps', steps: ['0>0', '0>1', '0!'] };
    const hash = new ChoiceHash();
    for (const name of ['n1', 'n2', '']) hash.add(name);
    const run = (fnv1a64: string): SuiteResult => replay([header('stream-demo'), set[1], set[2], template, steps, { op: 'end', decisions: 3, scheduled: 2, fnv1a64 }])[0];
    expect(run(hash.hex())).toMatchObject({ decisions: 3, equal: 3, differences: [] });
    expect(run('0').differences.map(({ part, expected }) => [part, expected])).toEqual([['fnv1a64', '0']]);
  });

  test('a recording that contradicts itself breaks off its scenario, not the file', () => {
    const [result] = replay([...set, { op: 'delete', kind: 'Pod', name: 'default/ghost' }, { op: 'schedule', object: pod('p', '1'), expect: { node: 'n2' } }, ...set, { op: 'schedule', object: pod('p', '1'), expect: { node: 'n1' } }]);
    expect([result.decisions, result.equal]).toEqual([2, 1]);
    expect(result.differences[0]).toMatchObject({ decision: 'the rest of the scenario', got: 'AssertionFailure: the recording names pod default/ghost, which is not there' });
  });

  test('suites of components that are not replayed say so', () => {
    expect(replay([{ format: 'podyard-vectors/1', suite: 'weather' }, { id: '1', kind: 'rain', in: {}, out: {} }])).toMatchObject([{ suite: 'weather', decisions: 0, skipped: 'nothing of suite weather is replayed' }]);
  });
});

describe('what is no recording', () => {
  test.each([
    [['{"op":"create"}'], 'some.jsonl:1: expected a header with "format" as the first line'],
    [['', '[1]'], 'some.jsonl:2: expected one JSON object a line'],
    [[{ format: 'other/2', suite: 'x' }], 'some.jsonl:1: expected format "podyard-vectors/1", found "other/2"'],
    [[{ format: 'podyard-vectors/1' }], 'some.jsonl:1: the header names no suite'],
    [
      [header('x', { config: { ...CONFIG, profiles: [{ percentageOfNodesToScore: 200 }] } })],
      'some.jsonl:1: expected a whole number from 0 to 100, found 200 [config.profiles[0].percentageOfNodesToScore]',
    ],
    [
      [header('x', { config: [] })],
      'some.jsonl:1: expected a KubeSchedulerConfiguration (a mapping), found an empty list [config]',
    ],
    [
      [header('x', { config: { kind: CONFIG.kind } })],
      'some.jsonl:1: "apiVersion" is missing: expected kubescheduler.config.k8s.io/v1 [config]',
    ],
  ])('%j', (lines, expected) => {
    expect(mistake(lines)).toBe(expected);
  });

  test('broken JSON', () => {
    expect(mistake(['{"format":'])).toMatch(/^some\.jsonl:1: expected one JSON object a line: /);
  });
});

test('FNV-1a of known texts', () => {
  expect(new ChoiceHash().hex()).toBe('cbf29ce484222325');
  const hash = new ChoiceHash();
  hash.add('');
  expect(hash.hex()).toBe('af63a14c8601884b');
});

test('timestamps are read without a clock', () => {
  expect(microsOfTimestamp('1970-01-01T00:00:00Z')).toBe(0);
  expect(microsOfTimestamp('2000-02-29T12:34:56Z')).toBe(951_827_696_000_000);
  expect(microsOfTimestamp('2026-01-01T00:00:00.25Z')).toBe(1_767_225_600_250_000);
});
