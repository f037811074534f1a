// The hash in a ReplicaSet's name is that of its template's canonical text, which is not made for it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalText } from '../../src/cluster/pod-template.ts';
import type { PodTemplateSpec } from '../../src/cluster/objects.ts';
import { templateHash } from '../../src/controllers/template-revisions.ts';
import '../support/fixed-seed.ts';

/** FNV-1a of the texts of the spec and of all else, in safe letters. */
function hashOfText(template: PodTemplateSpec, collisions: number): string {
  const { spec = {}, ...others } = template;
  const text = canonicalText(spec) + canonicalText(others) + (collisions === 0 ? '' : ` ${collisions}`);
  let hash = 2_166_136_261;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16_777_619);
  return [...String(hash >>> 0)].map((digit) => 'bcdfghjklmnpqrstvwxz2456789'[digit.charCodeAt(0) % 27]).join('');
}

const word = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('', 'a"b', 'a\\b', 'tab\t', '\u007f', 'é', '\ud800'));
const value = fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null), fc.array(word, { maxLength: 2 }));
const labels = fc.dictionary(word, value, { maxKeys: 4 });
const template = fc.record(
  { spec: fc.record({ nodeName: word }), metadata: fc.record({ labels, annotations: labels, name: word }, { requiredKeys: [] }), kind: word },
  { requiredKeys: [] },
);

test('hashes without texts are hashes of the texts', () => {
  fc.assert(
    fc.property(template, fc.nat(2), (written, collisions) => {
      const given = written as PodTemplateSpec;
      expect(templateHash(given, collisions)).toBe(hashOfText(given, collisions));
    }),
    { numRuns: 500 },
  );
});

test('a member that is undefined is left out, in front, between and at the end', () => {
  const given = { metadata: { labels: { a: undefined, b: '1', c: undefined, d: '2', e: undefined } } } as unknown as PodTemplateSpec;
  expect(templateHash(given, 0)).toBe(hashOfText(given, 0));
  expect(templateHash(given, 0)).toBe(templateHash({ metadata: { labels: { d: '2', b: '1' } } }, 0));
});
