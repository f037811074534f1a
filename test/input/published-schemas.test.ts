// The schemas that are published for editors: each kind of file has one, and it says something about every field.
import { describe, expect, test } from 'vitest';
import { PUBLISHED_SCHEMAS, schemaText } from '../../src/cli/published-schemas.ts';

interface SchemaPart {
  readonly properties?: Readonly<Record<string, SchemaPart>>;
  readonly description?: string;
  readonly items?: SchemaPart;
  readonly anyOf?: readonly SchemaPart[];
  readonly additionalProperties?: boolean | SchemaPart;
}

function silentFields(
  { properties = {}, items, anyOf = [], additionalProperties }: SchemaPart,
  path: string,
): string[] {
  const below = typeof additionalProperties === 'object' ? silentFields(additionalProperties, `${path}.*`) : [];
  return [
    ...Object.entries(properties).flatMap(([name, property]) => [
      ...(property.description === undefined ? [`${path}.${name}`] : []),
      ...silentFields(property, `${path}.${name}`),
    ]),
    ...(items === undefined ? [] : silentFields(items, `${path}[]`)),
    ...anyOf.flatMap((branch) => silentFields(branch, path)),
    ...below,
  ];
}

describe.each([...PUBLISHED_SCHEMAS.keys()])('the JSON schema of a %s', (kind) => {
  test('equals the published file', async () => {
    await expect(schemaText(kind)).toMatchFileSnapshot(`../../schemas/${kind}.schema.json`);
  });

  test('says something about every field', () => {
    expect(silentFields(JSON.parse(schemaText(kind)) as SchemaPart, '')).toEqual([]);
  });
});
