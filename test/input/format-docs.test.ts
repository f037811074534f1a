/** The examples in the format documents are read; the list of fields is made from the schema. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { scenarioJsonSchema } from '../../src/simulation/scenario-schema.ts';
import { KINDS } from '../../src/workload/manifests/object-checks.ts';
import { memoryFiles } from './memory-files.ts';

const POOL = 'nodePools: [{name: general, count: 2, allocatable: {cpu: 4, memory: 8Gi}}]\n';
const NODE = 'apiVersion: v1\nkind: Node\nmetadata: {name: n}\nstatus: {allocatable: {cpu: 1, memory: 1Gi, pods: 10}}\n';

describe('docs/formats/scenario.md', () => {
  const blocks = [...readFileSync('docs/formats/scenario.md', 'utf8').matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, block = '']) => block);

  test.each(blocks.map((block, index) => [index, block] as const))('example %i is read without a mistake', (_index, block) => {
    const keys = Object.keys(parse(block) as object);
    const text = `${keys.includes('nodePools') ? '' : POOL}${keys.includes('duration') ? '' : 'duration: 1d\n'}${block}`;
    const files = memoryFiles({ 's.yaml': text, 'nodes.yaml': NODE, 'more.yaml': NODE.replace('name: n', 'name: m'), 'objects/a.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n' });
    const { warnings } = readScenario({ file: 's.yaml' }, files);
    expect(warnings.filter(({ message }) => !message.startsWith('no pods will arrive'))).toEqual([]);
  });

  test('has examples', () => expect(blocks.length).toBeGreaterThan(4));
});

test('docs/formats/manifests.md names every kind', () => {
  const text = readFileSync('docs/formats/manifests.md', 'utf8');
  for (const [kind, { group }] of KINDS) {
    const row = text.split('\n').find((line) => line.startsWith(`| ${group === '' ? 'core' : group} |`)) ?? '';
    expect(row.split(/[|,]/).map((cell) => cell.trim()), kind).toContain(kind);
  }
});

test('docs/formats/scenario-fields.md lists every field of the schema', async () => {
  await expect(fieldsDocument(scenarioJsonSchema() as SchemaNode)).toMatchFileSnapshot('../../docs/formats/scenario-fields.md');
});

interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly anyOf?: readonly SchemaNode[];
  readonly additionalProperties?: SchemaNode | boolean;
}

function fieldsDocument(schema: SchemaNode): string {
  const rows: string[] = [];
  const walk = (node: SchemaNode, path: string): void => {
    for (const [name, field] of Object.entries(node.properties ?? {})) {
      const at = path === '' ? name : `${path}.${name}`;
      rows.push(`| \`${at}\` | ${node.required?.includes(name) === true ? 'required' : defaultOf(field)} | ${(field.description ?? '').replaceAll('|', '\\|').replaceAll('<', '&lt;')} |`);
      if (!isDistribution(field)) for (const inner of [field, ...(field.anyOf ?? []), ...(field.items === undefined ? [] : [field.items, ...(field.items.anyOf ?? [])])]) walk(inner, inner === field || field.anyOf?.includes(inner) === true ? at : `${at}[]`);
    }
  };
  walk(schema, '');
  const head = '# Fields of a scenario\n\nMade from `schemas/scenario.schema.json`. Examples: [scenario.md](scenario.md). A distribution is a plain value or a mapping as described there.\n';
  return `${head}\n| field | default | meaning |\n|---|---|---|\n${rows.join('\n')}\n`;
}

function isDistribution(field: SchemaNode): boolean {
  return field.anyOf?.some((branch) => branch.properties?.['lognormal'] !== undefined) ?? false;
}

function defaultOf(field: SchemaNode): string {
  if (field.default === undefined || (typeof field.default === 'object' && Object.keys(field.default ?? {}).length === 0) || field.default === '') return '';
  return `\`${typeof field.default === 'string' ? field.default : JSON.stringify(field.default)}\``;
}
