// What a plugin's methods may answer, and in which words another answer is refused: a table of both.
import { describe, expect, test } from 'vitest';
import * as answers from '../../src/scheduler/framework/plugin-answers.ts';

const NO = { code: 2, reasons: ['full'], plugin: 'P' };
const WAIT = { code: 4, reasons: [], plugin: 'P' };
const PROMISE = Promise.resolve(null);
const YEARS = 10 * 366 * 86_400 * 1_000_000;

describe('right answers', () => {
  const event = { event: { resource: 'Pod', actions: 1 }, hint: null };
  const names = new Set(['a']);
  test.each<[string, unknown, unknown]>([
    ['no status', answers.expectStatus(null), null],
    ['a status', answers.expectStatus(NO), NO],
    ['success by its code', answers.expectStatus({ code: 0 }), null],
    ['the least number', answers.expectNumber(0, 0, 100), 0],
    ['the greatest number', answers.expectNumber(100, 0, 100), 100],
    ['any number', answers.expectNumber(-5e9, -Infinity, Infinity), -5e9],
    ['no', answers.expectTruth(false), false],
    ['a word', answers.expectWord('Queue', ['Queue', 'QueueSkip']), 'Queue'],
    ['no events', answers.expectList([]), []],
    ['events', answers.expectList([event, event]), [event, event]],
    ['PreFilter for all nodes', answers.expectPreFilter({ status: null, nodeNames: null }), { status: null, nodeNames: null }],
    ['PreFilter for some nodes', answers.expectPreFilter({ status: { code: 0 }, nodeNames: names }), { status: null, nodeNames: names }],
    ['PostFilter', answers.expectPostFilter({ status: NO, nominatedNodeName: null, more: 1 }), { status: NO, nominatedNodeName: null, more: 1 }],
    ['PostFilter with a name', answers.expectPostFilter({ status: null, nominatedNodeName: 'n' }), { status: null, nominatedNodeName: 'n' }],
    ['Permit', answers.expectPermit({ status: null, timeoutMicros: 'any' }), { status: null, timeoutMicros: 'any' }],
    ['Permit that waits', answers.expectPermit({ status: WAIT, timeoutMicros: 5 }), { status: WAIT, timeoutMicros: 5 }],
    ['Permit that waits for ever', answers.expectPermit({ status: WAIT, timeoutMicros: Infinity }), { status: WAIT, timeoutMicros: Infinity }],
    ['Permit that waits ten years', answers.expectPermit({ status: WAIT, timeoutMicros: YEARS }), { status: WAIT, timeoutMicros: YEARS }],
    ['PreBind that takes time', answers.expectPreBind({ afterMicros: 0 }), { afterMicros: 0 }],
    ['PreBind', answers.expectPreBind(NO), NO],
    ['PreBind that has nothing to say', answers.expectPreBind(null), null],
    ['rows', answers.expectRows(names), names],
  ])('%s', (_, found, expected) => {
    expect(found).toEqual(expected);
  });

  test('that are nobody\'s business', () => {
    for (const answer of [undefined, 5, 'x', { then: 3 }]) expect(() => { answers.expectNothing(answer); }).not.toThrow();
    for (const declared of [{}, { filter: 'facts' }, { filter: 'node', score: 'cluster' }]) expect(() => { answers.expectDependence(declared); }).not.toThrow();
    expect(() => { answers.expectNormalized(Float64Array.of(0, 55.5, 100)); }).not.toThrow();
  });
});

test.each<[string, () => unknown, string]>([
  ['a status without a code', () => answers.expectStatus({}), 'found an object with nothing in it'],
  ['a status that is a promise', () => answers.expectStatus(PROMISE), 'found a promise: plugins answer at once'],
  ['a code that is none', () => answers.expectStatus({ ...NO, code: 99 }), 'a status whose code is one of Code, found 99'],
  ['a code in words', () => answers.expectStatus({ ...NO, code: '2' }), 'a status whose code is one of Code, found the text "2"'],
  ['reasons that are no list', () => answers.expectStatus({ ...NO, reasons: 'full' }), 'whose reasons are a list of texts, found the text "full"'],
  ['a reason that is no text', () => answers.expectStatus({ ...NO, reasons: ['a', 1] }), 'whose reasons are texts, found 1'],
  ['nobody\'s status', () => answers.expectStatus({ code: 2, reasons: [] }), 'whose plugin is a name, found undefined'],
  ['a number below', () => answers.expectNumber(-1, 0, 100), 'expected a number from 0 to 100, found -1'],
  ['a number above', () => answers.expectNumber(101, 0, 100), 'found 101'],
  ['no end', () => answers.expectNumber(Infinity, 0, Infinity), 'expected a number, found Infinity'],
  ['a score above afterwards', () => { answers.expectNormalized(Float64Array.of(1, 100.5)); }, 'expected scores from 0 to 100 afterwards, found 100.5'],
  ['a score below afterwards', () => { answers.expectNormalized(Float64Array.of(-0.5)); }, 'found -0.5'],
  ['a score that is no number afterwards', () => { answers.expectNormalized(Float64Array.of(NaN)); }, 'found NaN'],
  ['truth in numbers', () => answers.expectTruth(1), 'expected true or false, found 1'],
  ['another word', () => answers.expectWord('Later', ['Queue', 'QueueSkip']), 'expected "Queue" or "QueueSkip", found the text "Later"'],
  ['no word', () => answers.expectWord(undefined, ['Queue']), 'expected "Queue", found undefined'],
  ['events that are no list', () => answers.expectList({ event: {} }), 'a list of { event, hint }, found an object with event'],
  ['an event that is none', () => answers.expectList([{ event: {} }, { hint: null }]), 'found a list of 2'],
  ['an event that is nothing', () => answers.expectList([null]), 'found a list of 1'],
  ['a promise of nothing', () => { answers.expectNothing(PROMISE); }, 'expected no answer, found a promise'],
  ['half of PreFilter', () => answers.expectPreFilter({ status: null }), 'an object { status, nodeNames }, found an object with status'],
  ['PreFilter to come', () => answers.expectPreFilter(Object.assign(Promise.resolve(1), { status: null, nodeNames: null })), 'found a promise'],
  ['names in a list', () => answers.expectPreFilter({ status: null, nodeNames: ['a'] }), 'nodeNames: a Set of names, or null for all nodes, found a list of 1'],
  ['half of PostFilter', () => answers.expectPostFilter({ status: null }), 'an object { status, nominatedNodeName }'],
  ['a nomination by number', () => answers.expectPostFilter({ status: null, nominatedNodeName: 3 }), 'nominatedNodeName: a name, or null to leave it as it is, found 3'],
  ['a wait of no time', () => answers.expectPermit({ status: WAIT, timeoutMicros: -1 }), 'timeoutMicros: microseconds from 0, found -1'],
  ['a wait beyond all runs', () => answers.expectPermit({ status: WAIT, timeoutMicros: YEARS + 1 }), 'timeoutMicros: microseconds from 0'],
  ['a wait in words', () => answers.expectPermit({ status: WAIT, timeoutMicros: '5' }), 'found the text "5"'],
  ['PreBind in no time', () => answers.expectPreBind({ afterMicros: NaN }), 'afterMicros: microseconds from 0, found NaN'],
  ['no dependence', () => { answers.expectDependence('node'); }, "each 'facts', 'node' or 'cluster', found the text \"node\""],
  ['another dependence', () => { answers.expectDependence({ filter: 'node', score: 'nodes' }); }, 'found the text "nodes"'],
  ['rows in a list', () => answers.expectRows([1]), 'expected a Set of rows, found a list of 1'],
])('%s is refused', (_, give, message) => {
  expect(give).toThrow(answers.UnlikeAnswer);
  expect(give).toThrow(message);
});

test('what was found is said in few words', () => {
  const long = 'x'.repeat(100);
  expect([() => 1, 5n, long, [1, 2], { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }, {}, null, undefined, true, NaN].map(answers.found)).toEqual([
    'a function', 'the BigInt 5n', `the text "${'x'.repeat(60)}"`, 'a list of 2', 'an object with a, b, c, d, e', 'an object with nothing in it', 'null', 'undefined', 'true', 'NaN',
  ]);
});
