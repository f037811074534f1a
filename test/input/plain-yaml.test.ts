import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { readDocuments, splitYaml } from '../../src/workload/manifests/documents.ts';
import { parsePlainYaml } from '../../src/workload/manifests/plain-yaml.ts';
import { readYamlPart } from '../../src/workload/manifests/yaml-documents.ts';
import type { PathStep } from '../../src/base/source-path.ts';

/** What the full parser makes of a text: its only document without problems and warnings, else undefined. */
function readFully(text: string): { readonly value: unknown; locate(steps: readonly PathStep[]): unknown } | undefined {
  const { documents, problems, warnings } = readYamlPart({ text, firstLine: 0 }, 'x.yaml');
  const [document] = documents;
  if (documents.length !== 1 || problems.length > 0 || warnings.length > 0 || document === undefined) return undefined;
  return { value: document.value, locate: (steps) => document.locate(steps, 'value') };
}

function expectAgreement(text: string): boolean {
  const plain = parsePlainYaml(text, false);
  if (plain === undefined) return false;
  const full = readFully(text);
  expect(full, JSON.stringify(text)).toBeDefined();
  expect(plain.value, JSON.stringify(text)).toStrictEqual(full?.value);
  expect(parsePlainYaml(text, true)?.value).toStrictEqual(plain.value);
  return true;
}

const scalar = fc.oneof(
  fc.constantFrom('', 'yes', 'no', 'null', '~', 'true', '010', '0x1f', '1e3', '.5', '-', '- a', 'a: b', 'a #b', '#x', "it's", 'say "hi"', ' lead', 'trail ', 'two\nlines', 'two\nlines\n', 'x\n\n', '\n', 'tab\there', '10Gi', '500m', 'k8s.gcr.io/pause:3.9', '2026-01-01T00:00:00Z', '{}', '[]', '|', '>', '*a', '&a', '!t', '%', '@', '`', 'é', '日本', ':', '?', '? a', '---', '...'),
  fc.string({ maxLength: 12 }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const key = fc.oneof(fc.constantFrom('name', 'kind', 'app.kubernetes.io/name', 'a-b', 'true', 'null', '1', '1.5', 'on', 'x y', '<<', 'a:b'), fc.string({ minLength: 1, maxLength: 6 }));
const value = fc.letrec((tie) => ({
  node: fc.oneof({ depthSize: 'small' }, scalar, fc.array(tie('node'), { maxLength: 4 }), fc.dictionary(key.filter((name) => name !== '__proto__'), tie('node'), { maxKeys: 4 })),
})).node;
const layout = fc.record({
  indent: fc.constantFrom(2, 4),
  indentSeq: fc.boolean(),
  lineWidth: fc.constantFrom(0, 40, 80),
  defaultStringType: fc.constantFrom('PLAIN' as const, 'QUOTE_DOUBLE' as const, 'QUOTE_SINGLE' as const),
  collectionStyle: fc.constantFrom('any' as const, 'flow' as const, 'block' as const),
});

describe('the plain YAML parser', () => {
  test('returns what the full parser returns, for anything it accepts', () => {
    let accepted = 0;
    fc.assert(
      fc.property(value, layout, (given, options) => {
        if (expectAgreement(stringify(given, { ...options, aliasDuplicateObjects: false }))) accepted++;
      }),
      { numRuns: 3000, seed: 7 },
    );
    expect(accepted).toBeGreaterThan(500);
  });

  test('returns what the full parser returns, for texts made of YAML fragments', () => {
    const fragment = fc.constantFrom('a: ', 'b:', '- ', '-', '\n', '\n  ', '\n ', '\n\n', ' ', '#', ' # c', '"x"', "'y'", 'z', '1', '010', '{', '}', '[', ']', ',', ': ', ':', '|', '|-\n', '\n   t', '---\n', '...', '&a ', '*a', '!', '\t', '?', 'yes', '~', '"', "'", '\\', '<<: ', 'é', '%');
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(fragment, { minLength: 2, maxLength: 9 }), (parts) => {
        if (expectAgreement(`a: x\n${parts.join('')}`) || expectAgreement(`- ${parts.join('')}`) || expectAgreement(`k: ${parts.join('')}`)) accepted++;
      }),
      { numRuns: 20000, seed: 11 },
    );
    expect(accepted).toBeGreaterThan(300);
  });

  test('places every value where the full parser places it', () => {
    fc.assert(
      fc.property(value, layout, (given, options) => {
        const text = stringify(given, { ...options, aliasDuplicateObjects: false });
        if (parsePlainYaml(text, false) === undefined) return;
        const [document] = readDocuments(text, 'x.yaml').documents;
        const full = readFully(text);
        for (const steps of pathsOf(given, [])) {
          if (valueOf(given, steps) !== null) expect(document?.locate(steps, 'value'), `${text} ${JSON.stringify(steps)}`).toEqual(full?.locate(steps));
        }
      }),
      { numRuns: 500, seed: 3 },
    );
  });

  test('accepts what kubectl prints', () => {
    const text = [
      'apiVersion: v1', 'items:', '- apiVersion: v1', '  kind: Pod', '  metadata:', '    annotations:', '      note: |', '        {"a":1}', '', '    creationTimestamp: "2026-01-01T00:00:00Z"',
      '    labels: {}', '  spec:', '    containers:', '    - args: []', '      image: nginx:1.27', '      resources:', '        requests:', '          cpu: 500m', '  status: {}', 'kind: List', 'metadata:', '  resourceVersion: ""', '',
    ].join('\n');
    expect(expectAgreement(text)).toBe(true);
  });

  test('cuts a file at its document markers and counts lines', () => {
    expect(splitYaml('# head\na: 1\n---\nb: 2\n--- # third\nc: |\n  ---\n')).toEqual([
      { text: '# head\na: 1\n', firstLine: 0 },
      { text: '---\nb: 2\n', firstLine: 2 },
      { text: '--- # third\nc: |\n  ---\n', firstLine: 4 },
    ]);
    expect(splitYaml('%YAML 1.2\n---\na: 1\n')).toEqual([{ text: '%YAML 1.2\n---\na: 1\n', firstLine: 0 }]);
  });
});

function pathsOf(given: unknown, steps: readonly PathStep[]): PathStep[][] {
  if (Array.isArray(given)) return [[...steps], ...given.flatMap((item, index) => pathsOf(item, [...steps, index]))];
  if (typeof given === 'object' && given !== null) return [[...steps], ...Object.entries(given).flatMap(([name, item]) => pathsOf(item, [...steps, name]))];
  return [[...steps]];
}

function valueOf(given: unknown, steps: readonly PathStep[]): unknown {
  return steps.reduce<unknown>((inner, step) => (inner as Record<PathStep, unknown>)[step], given);
}
