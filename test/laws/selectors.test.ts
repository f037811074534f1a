import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LabelSelector, LabelSelectorRequirement, NodeSelectorTerm } from '../../src/cluster/objects.ts';
import {
  SelectorError, compileLabelSelector, compileNodeSelector, compileNodeSelectorTerm, compilePreferredTerms, compileRequiredNodeAffinity, labelsOf,
  parseSelectorText,
} from '../../src/cluster/selectors.ts';

const KEYS = ['app', 'tier', 'zone'] as const;
const VALUES = ['', '1', '2', 'web'] as const;

const labelMaps = fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES)).map(labelsOf);
const requirements: fc.Arbitrary<LabelSelectorRequirement> = fc.oneof(
  fc.record({ key: fc.constantFrom(...KEYS), operator: fc.constantFrom('In', 'NotIn'), values: fc.array(fc.constantFrom(...VALUES), { minLength: 1, maxLength: 3 }) }),
  fc.record({ key: fc.constantFrom(...KEYS), operator: fc.constantFrom('Exists', 'DoesNotExist') }),
);
const labelSelectors: fc.Arbitrary<LabelSelector> = fc.record(
  { matchLabels: fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(...VALUES)), matchExpressions: fc.array(requirements, { maxLength: 3 }) },
  { requiredKeys: [] },
);
const nodeTerms: fc.Arbitrary<NodeSelectorTerm> = fc.record(
  {
    matchExpressions: fc.array(fc.oneof(requirements, fc.record({ key: fc.constantFrom(...KEYS), operator: fc.constantFrom('Gt', 'Lt', 'Near'), values: fc.tuple(fc.constantFrom(...VALUES)) })), { maxLength: 2 }),
    matchFields: fc.array(fc.record({ key: fc.constant('metadata.name'), operator: fc.constantFrom('In', 'NotIn'), values: fc.array(fc.constantFrom('n0', 'n1'), { maxLength: 2 }) }), { maxLength: 1 }),
  },
  { requiredKeys: [] },
);
const nodes = fc.record({ name: fc.constantFrom('n0', 'n1', 'n2'), labels: labelMaps });

function plainly(selector: LabelSelector, labels: ReadonlyMap<string, string>): boolean {
  const holds = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels.get(key) === value);
  return holds && (selector.matchExpressions ?? []).every(({ key, operator, values }) => {
    const isMember = labels.has(key) && (values ?? []).includes(labels.get(key) ?? '');
    if (operator === 'In') return isMember;
    if (operator === 'NotIn') return !isMember;
    return labels.has(key) === (operator === 'Exists');
  });
}

describe('label selectors', () => {
  const web = labelsOf({ app: 'web', tier: '2' });

  test('no selector matches nothing, the empty one everything', () => {
    expect(compileLabelSelector(undefined)).toMatchObject({ nothing: true, empty: false });
    expect(compileLabelSelector(null).matches(web)).toBe(false);
    expect(compileLabelSelector({})).toMatchObject({ nothing: false, empty: true });
    expect(compileLabelSelector({ matchLabels: {} }).matches(labelsOf({}))).toBe(true);
    expect(compileLabelSelector(null).key).not.toBe(compileLabelSelector({}).key);
  });

  test('NotIn and != hold where the key is absent', () => {
    expect(parseSelectorText('zone notin (a,b)').matches(web)).toBe(true);
    expect(parseSelectorText('zone!=a').matches(web)).toBe(true);
    expect(parseSelectorText('app!=web').matches(web)).toBe(false);
  });

  test('the text form knows =, ==, !=, in, notin, existence and comparison', () => {
    const selector = parseSelectorText(' tier > 1, app in (web, ,db), !zone,x=,app ');
    expect(selector.text).toBe('app in (,db,web),app,tier>1,x=,!zone');
    expect(selector.matches(labelsOf({ app: 'web', tier: '2', x: '' }))).toBe(true);
    expect(selector.matches(web)).toBe(false);
    expect(parseSelectorText('in in (in,notin)').matches(labelsOf({ in: 'notin' }))).toBe(true);
  });

  test('malformed selectors are refused', () => {
    for (const text of ['a,', ',a', 'a in', 'a in (b', 'a b', '!a=b', 'a>x', 'a>1.5', '-a', 'a=-b', 'A/b/c', 'a=(b)', 'UPPER.example/x']) {
      expect(() => parseSelectorText(text), text).toThrow(SelectorError);
    }
    for (const expression of [{ key: 'a', operator: 'In' }, { key: 'a', operator: 'Exists', values: ['x'] }, { key: 'a', operator: 'Gt', values: ['1'] }]) {
      expect(() => compileLabelSelector({ matchExpressions: [expression] })).toThrow(SelectorError);
    }
  });

  test('compiled selectors agree with a plain reading of the object', () => {
    fc.assert(fc.property(labelSelectors, labelMaps, (selector, labels) => {
      expect(compileLabelSelector(selector).matches(labels)).toBe(plainly(selector, labels));
    }));
  });

  test('equal keys mean equal answers; order, repetition and spelling do not matter', () => {
    expect(parseSelectorText('a=1,b').key).toBe(parseSelectorText('b,a in (1),a==1').key);
    expect(parseSelectorText('a=1').key).not.toBe(parseSelectorText('a!=1').key);
    fc.assert(fc.property(labelSelectors, labelSelectors, labelMaps, (a, b, labels) => {
      const [first, second] = [compileLabelSelector(a), compileLabelSelector(b)];
      fc.pre(first.key === second.key);
      expect(first.matches(labels)).toBe(second.matches(labels));
    }), { numRuns: 50, maxSkipsPerRun: 1000 });
  });

  test('the printed form reads back as the same selector', () => {
    fc.assert(fc.property(labelSelectors, (selector) => {
      const compiled = compileLabelSelector(selector);
      expect(parseSelectorText(compiled.text).key).toBe(compiled.key);
    }));
  });
});

describe('node selectors', () => {
  const node = { name: 'n1', labels: labelsOf({ zone: 'a', cores: '16' }) };

  test('Gt and Lt compare 64-bit integers, strictly; other values never match', () => {
    const matches = (operator: string, value: string): boolean =>
      compileNodeSelectorTerm({ matchExpressions: [{ key: 'cores', operator, values: [value] }] }).matches(node);
    expect([matches('Gt', '15'), matches('Gt', '16'), matches('Lt', '17'), matches('Lt', '9223372036854775807')]).toEqual([true, false, true, true]);
    expect(compileNodeSelectorTerm({ matchExpressions: [{ key: 'zone', operator: 'Gt', values: ['1'] }] }).matches(node)).toBe(false);
  });

  test('a term without requirements, and a selector without terms, match nothing', () => {
    expect(compileNodeSelector({ nodeSelectorTerms: [{}] }).match(node)).toEqual({ match: false, error: false });
    expect(compileNodeSelector({}).matches(node)).toBe(false);
    expect(compileNodeSelectorTerm({}).matches(node)).toBe(false);
  });

  test('a malformed term never matches, its neighbours still do; strict mode refuses all', () => {
    const broken = { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1', 'n2'] }] };
    const fine = { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n1'] }] };
    expect(compileNodeSelector({ nodeSelectorTerms: [broken] }).match(node)).toEqual({ match: false, error: true });
    expect(compileNodeSelector({ nodeSelectorTerms: [broken, fine] }).match(node)).toEqual({ match: true, error: false });
    expect(() => compileNodeSelector({ nodeSelectorTerms: [broken, fine] }, 'strict')).toThrow(SelectorError);
    expect(() => compileNodeSelectorTerm(broken, 'strict')).toThrow(SelectorError);
  });

  test('required affinity is the nodeSelector map and any of the terms', () => {
    const zoneA = compileRequiredNodeAffinity({ nodeSelector: { zone: 'a' } });
    expect([zoneA.matches(node), zoneA.empty, compileRequiredNodeAffinity({}).empty]).toEqual([true, false, true]);
    const both = compileRequiredNodeAffinity({
      nodeSelector: { zone: 'b' },
      affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'cores', operator: 'Exists' }] }] } } },
    });
    expect([both.matches(node), both.matches({ name: 'n2', labels: labelsOf({ zone: 'b', cores: '1' }) })]).toEqual([false, true]);
  });

  test('preferred terms add their weights; weight 0 hides even a malformed term', () => {
    const exists = (key: string): NodeSelectorTerm => ({ matchExpressions: [{ key, operator: 'Exists' }] });
    const broken = { matchExpressions: [{ key: 'zone', operator: 'Near' }] };
    const terms = [{ weight: 5, preference: exists('zone') }, { weight: 7, preference: exists('cores') }, { weight: 9, preference: exists('gpu') }, { weight: 3, preference: {} }];
    expect(compilePreferredTerms([...terms, { weight: 0, preference: broken }]).score(node)).toBe(12);
    expect(() => compilePreferredTerms([{ weight: 1, preference: broken }])).toThrow(SelectorError);
  });

  test('a selector matches where one of its terms does, and equal keys mean equal answers', () => {
    fc.assert(fc.property(fc.array(nodeTerms, { maxLength: 3 }), nodes, (terms, candidate) => {
      const selector = compileNodeSelector({ nodeSelectorTerms: terms });
      expect(selector.matches(candidate)).toBe(terms.some((term) => compileNodeSelectorTerm(term).matches(candidate)));
      const reversed = compileNodeSelector({ nodeSelectorTerms: [...terms].reverse() });
      expect(reversed.key).toBe(selector.key);
      expect(reversed.match(candidate)).toEqual(selector.match(candidate));
    }));
  });
});
