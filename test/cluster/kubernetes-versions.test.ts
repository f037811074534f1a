// The table of what differs between versions, and what is printed and written of it.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_KUBERNETES_VERSION, KUBERNETES_VERSIONS, VERSION_DIFFERENCES, differencesBetween, featuresOf, gatesOf,
  isKubernetesVersion, versionOfRelease,
} from '../../src/cluster/kubernetes-versions.ts';

const rows = Object.entries(VERSION_DIFFERENCES);

test('every row differs between some versions and says how, of what part and in which files', () => {
  expect(rows.length).toBeGreaterThan(15);
  for (const [name, { on, part, whenOff, whenOn, files }] of rows) {
    expect(on, name).toHaveLength(KUBERNETES_VERSIONS.length);
    expect(new Set(on).size, name).toBe(2);
    expect([part, whenOff, whenOn, files].every((text) => text !== ''), name).toBe(true);
    expect(whenOff, name).not.toBe(whenOn);
    expect(files, name).toMatch(/^[\w./{}, -]+$/);
    expect(files, name).toContain('.go');
  }
});

test('a version is its column; between a version and itself nothing differs', () => {
  for (const [index, version] of KUBERNETES_VERSIONS.entries()) {
    const features: Readonly<Record<string, boolean>> = featuresOf(version);
    for (const [name, { on }] of rows) expect(features[name], `${name} in ${version}`).toBe(on[index]);
    expect(differencesBetween(version, version)).toEqual([]);
  }
  expect(differencesBetween('1.36', '1.37')).toEqual(rows.map(([, row]) => row));
  expect(differencesBetween('1.37', '1.36')).toEqual(differencesBetween('1.36', '1.37'));
});

test('gates of what is simulated stand as in the version', () => {
  expect(gatesOf('1.36')).toEqual({
    StorageCapacityScoring: false, VolumeLimitScaling: false, MaxUnavailableStatefulSet: false,
  });
  expect(gatesOf('1.37')).toEqual({
    StorageCapacityScoring: true, VolumeLimitScaling: true, MaxUnavailableStatefulSet: true,
  });
});

test('releases are of versions', () => {
  expect(['v1.36.3', '1.37', 'v1.37.2+k3s1', '1.37.0-rc.1'].map(versionOfRelease)).toEqual([
    '1.36',
    '1.37',
    '1.37',
    '1.37',
  ]);
  expect(['v1.3', '1.370', '1.35.1', '', 'latest'].map(versionOfRelease)).toEqual(
    Array.from({ length: 5 }, () => undefined),
  );
  expect([isKubernetesVersion('1.36'), isKubernetesVersion('1.36.3')]).toEqual([true, false]);
  expect(KUBERNETES_VERSIONS).toContain(DEFAULT_KUBERNETES_VERSION);
});

describe('docs/versions.md', () => {
  const text = readFileSync('docs/versions.md', 'utf8');
  const quoted = (files: string): string => files.split(/, (?![^{]*\})/).map((file) => `\`${file}\``).join(', ');

  test('has every row of the table, and no other', () => {
    const lines = rows.map(([, { part, gate, whenOff, whenOn, files, here }]) => {
      const remark = here === 'simulated' ? '' : ` *(${here})*`;
      return `| ${part} | ${gate} | ${whenOff} | ${whenOn}${remark} | ${quoted(files)} |`;
    });
    const section = text.slice(text.indexOf('## What differs'), text.indexOf('## Departures'));
    expect(section.split('\n').filter((line) => line.startsWith('| ')).slice(1)).toEqual(lines);
  });
});
