// docs/model.md is kept honest: every known departure names the tests that show it, every plugin its story, and the files exist.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const MODEL = readFileSync('docs/model.md', 'utf8');
const STORIES = 'test/scenarios/known-departures.test.ts';

/** The numbered entries of the list at the end, each on one line. */
function departures(): string[] {
  const list = MODEL.slice(MODEL.indexOf('## Known departures'));
  const entries = list.split(/\n(?=\d+\. )/).slice(1);
  return entries.map((entry) => entry.split('\n\n')[0].replaceAll(/\s+/g, ' '));
}

/** Paths below `test` in a text; `(stories)` and `(stories;` stand for one. */
function testsNamedIn(text: string): string[] {
  const paths = Array.from(text.matchAll(/`(test\/[^`]+)`/g), (match) => match[1]);
  return /\(stories[);]/.test(text) ? [STORIES, ...paths] : paths;
}

describe('known departures', () => {
  test('are numbered from 1 on', () => {
    expect(departures().map((entry) => Number.parseInt(entry, 10))).toEqual(departures().map((_, index) => index + 1));
    expect(departures().length).toBeGreaterThan(20);
  });

  test.each(departures().map((entry) => [entry.slice(0, 60), entry]))('%s... is shown by tests that exist', (_, entry) => {
    expect(testsNamedIn(entry)).not.toEqual([]);
    expect(testsNamedIn(entry).filter((path) => !existsSync(path))).toEqual([]);
  });

  test('referred to by number are in the list', () => {
    const text = MODEL.slice(0, MODEL.indexOf('## Known departures')).replaceAll(/\s+/g, ' ');
    const numbers = Array.from(text.matchAll(/\*?[Dd]eparts?: ([0-9, to]+)/g), (match) => match[1].match(/\d+/g) ?? []).flat().map(Number);
    expect(numbers.length).toBeGreaterThan(10);
    expect(numbers.filter((number) => number < 1 || number > departures().length)).toEqual([]);
  });
});

describe('the table of plugins', () => {
  const rows = Array.from(MODEL.matchAll(/^\| (\**)(\w+)\**(?: \(\d\))? \| `[^|]+\.go` \|.*\| ([\w-]*) ?\|$/gm), ([, bold, name, story]) => ({ name, isBold: bold !== '', story }));
  const kebab = (name: string): string => name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();

  test('has every plugin', () => {
    expect(rows.map(({ name }) => name)).toHaveLength(20);
  });

  test.each(rows)('$name: its story and its own test are where the table says', ({ name, isBold, story }) => {
    if (story !== '') expect(existsSync(`test/conformance/stories/${story}.jsonl`)).toBe(true);
    expect(existsSync(`test/plugins/${kebab(name)}.test.ts`)).toBe(isBold);
    expect(existsSync(`src/scheduler/plugins/${kebab(name)}.ts`)).toBe(true);
  });
});
