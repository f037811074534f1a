/** The manifests of published traces, the documents of the formats, and the catalog say the same. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { kebabCase, MACHINE_CATALOG, MACHINE_FORMAT_NAMES, TRACE_CATALOG } from '../../src/workload/traces/catalog.ts';
import { REPLAY } from '../../src/cli/replay.ts';
import { publishedTrace, publishedFiles, WHY_SKIPPED } from '../support/published-traces.ts';

interface Manifest {
  readonly format: string;
  readonly reference: string;
  readonly published: readonly string[];
  readonly licence: string;
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[];
  readonly run: readonly string[];
}

const FOLDER = 'workloads/traces/';
const names = readdirSync(FOLDER).sort((a, b) => (a < b ? -1 : 1));
const manifestOf = (name: string): Manifest => parse(readFileSync(`${FOLDER}${name}`, 'utf8')) as Manifest;

test('every published format and machine list has a manifest', () => {
  const published = TRACE_CATALOG.map(({ name }) => name).filter((name) => name !== 'csv');
  expect(names).toEqual(
    [...new Set([...published, ...MACHINE_FORMAT_NAMES])]
      .sort((a, b) => (a < b ? -1 : 1))
      .map((name) => `${name}.yaml`),
  );
});

describe.each(names)('%s', (name) => {
  const manifest = manifestOf(name);

  test('says where the trace is, its licence, its checksums and how to run it', () => {
    expect(`${manifest.format}.yaml`).toBe(name);
    expect(existsSync(manifest.reference)).toBe(true);
    for (const url of manifest.published) expect(url).toMatch(/^https:\/\//);
    expect(manifest.licence.length).toBeGreaterThan(2);
    for (const { sha256, bytes } of manifest.files) {
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(bytes).toBeGreaterThan(0);
    }
  });

  test('runs with options that there are', () => {
    expect(manifest.run.length).toBeGreaterThan(0);
    for (const line of manifest.run) {
      const [program, verb, format, ...words] = line.split(' ');
      expect([program, verb]).toEqual(['podyard', 'replay']);
      const command = REPLAY.subcommands?.find(({ usage }) => usage.split(' ')[0] === format);
      expect(command, line).toBeDefined();
      const options = words.filter((word) => word.startsWith('--')).map((word) => word.slice(2));
      for (const option of options) expect(Object.keys(command?.options ?? {}), line).toContain(option);
    }
  });

  test('has the checksums of the published files, where they are at hand', (context) => {
    const known = new Map<string, string>();
    for (const folder of [
      'openb',
      'swf',
      'alibaba-2017',
      'alibaba-2025',
      'alibaba-2020',
      'alibaba-2026-spot',
      'msft-itp-2021/raw',
      'philly',
      'google-2011',
      'google-2019',
      'azure-vm-v1',
      'simkube',
      'opendc',
      'gentd26',
      'servegen',
    ]) {
      for (const file of publishedFiles(folder)) {
        const path = publishedTrace(`${folder}/${file}`);
        if (path !== null) known.set(createHash('sha256').update(readFileSync(path)).digest('hex'), file);
      }
    }
    if (known.size === 0) return context.skip(WHY_SKIPPED);
    for (const { name: file, sha256 } of manifest.files) expect(known.has(sha256), file).toBe(true);
  });
});

describe.each(TRACE_CATALOG)('the document of $name', ({ document, settings, files, example, name }) => {
  test('names every setting with its default, and every file', () => {
    const text = readFileSync(`docs/formats/${document}`, 'utf8');
    for (const setting of settings) expect(text).toContain(`| \`${setting.name}\` | \`${String(setting.fallback)}\` |`);
    for (const { role } of files) expect(text).toContain(`--${kebabCase(role)}`);
    expect(readFileSync('docs/formats/traces.md', 'utf8')).toContain(`| \`${name}\` |`);
    expect(example[1]).not.toBe('');
  });
});

test('the document of the machine lists names every format and setting with its default', () => {
  const text = readFileSync('docs/formats/machines.md', 'utf8');
  for (const name of MACHINE_FORMAT_NAMES) {
    expect(text).toContain(`\`${name}\``);
    for (const setting of MACHINE_CATALOG[name]) {
      expect(text).toContain(`\`${setting.name}\``);
      expect(text).toContain(`\`${String(setting.fallback)}\``);
    }
  }
});
