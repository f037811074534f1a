/** Every file in `bad/` holds a mistake; the message that users see stands beside it. */
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/base/input-error.ts';
import { createInputFiles } from '../../src/io/input-files.ts';
import { readScenario } from '../../src/simulation/scenario-reader.ts';
import { readManifests } from '../../src/workload/manifests/read-manifests.ts';

const FOLDER = 'test/input/bad';
const fixtures = readdirSync(FOLDER).filter((name) => /\.(?:scenario|manifest)\.\w+$/.test(name)).sort((a, b) => (a < b ? -1 : 1));

function messageOf(file: string): string {
  try {
    if (file.includes('.scenario.')) readScenario({ file }, createInputFiles());
    else readManifests([file], createInputFiles());
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    return `${(error as InputError).message}\n`;
  }
  return 'no mistake found\n';
}

describe('bad input', () => {
  test.each(fixtures)('%s', async (name) => {
    const message = messageOf(`${FOLDER}/${name}`);
    expect(message).not.toBe('no mistake found\n');
    await expect(message).toMatchFileSnapshot(`bad/${name}.expected.txt`);
  });

  test('there are enough of them', () => {
    expect(fixtures.length).toBeGreaterThan(100);
  });
});
