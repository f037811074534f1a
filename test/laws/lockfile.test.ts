// What is installed is decided by package.json and package-lock.json alone: exact versions, one registry, no scripts
// that run at installation, and nothing that the oldest supported Node cannot run.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

interface Manifest {
  readonly engines: { readonly node: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface LockedPackage extends Manifest {
  readonly version: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly optional?: boolean;
  readonly hasInstallScript?: boolean;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { lockfileVersion: number; packages: Record<string, LockedPackage> };
const direct = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
const locked = Object.entries(lock.packages).filter(([path]) => path !== '');

describe('the lockfile', () => {
  test('names every direct package at one exact version, as package.json does', () => {
    for (const [name, version] of Object.entries(direct)) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
      expect(lock.packages[`node_modules/${name}`]?.version, name).toBe(version);
    }
    const root = lock.packages[''];
    expect({ ...root?.dependencies, ...root?.devDependencies, ...root?.optionalDependencies }).toEqual(direct);
  });

  test('takes everything from the registry, by checksum', () => {
    expect(lock.lockfileVersion).toBe(3);
    for (const [path, { integrity, resolved }] of locked) {
      expect(integrity, path).toMatch(/^sha512-/);
      if (resolved !== undefined) expect(resolved, path).toMatch(/^https:\/\/registry\.npmjs\.org\//);
    }
  });

  test('runs no package\'s script at installation', () => {
    expect(locked.filter(([, { hasInstallScript, optional }]) => hasInstallScript === true && optional !== true).map(([path]) => path)).toEqual([]);
  });

  test('holds nothing that Node 20.19 cannot run', () => {
    expect(manifest.engines.node).toBe('>=20.19.0');
    const wrong = locked.filter(([, { engines, optional }]) => optional !== true && engines?.node !== undefined && !admits(engines.node, [20, 19, 0]));
    expect(wrong.map(([path, { engines }]) => `${path}: ${engines.node}`)).toEqual([]);
  });

  test('keeps vitest and its coverage at the same version', () => {
    expect(direct['@vitest/coverage-v8']).toBe(direct['vitest']);
  });
});

type Version = readonly [number, number, number];

/** The part of npm's range grammar that `engines` fields use: alternatives of comparators, `^`, `~`, `x`. */
function admits(range: string, version: Version): boolean {
  return range.split('||').some((alternative) => {
    const comparators = alternative.replace(/(>=|<=|>|<|=|\^|~)\s+/g, '$1').trim().split(/\s+/);
    return comparators.every((comparator) => compares(comparator, version));
  });
}

function compares(comparator: string, version: Version): boolean {
  const match = /^(>=|<=|>|<|=|\^|~)?v?(\d+|\*)(?:\.(\d+|x|\*))?(?:\.(\d+|x|\*))?/.exec(comparator);
  if (match === null || match[2] === '*') return true;
  const given = [match[2], match[3], match[4]].filter((part) => part !== undefined && part !== 'x' && part !== '*').map(Number);
  const low: Version = [given[0] ?? 0, given[1] ?? 0, given[2] ?? 0];
  const order = version[0] - low[0] || version[1] - low[1] || version[2] - low[2];
  const fixed = match[1] === '^' ? 1 : match[1] === '~' ? Math.min(2, given.length) : given.length;
  switch (match[1]) {
    case '>=': return order >= 0;
    case '>': return order > 0;
    case '<=': return order <= 0;
    case '<': return order < 0;
    default: return order >= 0 && low.slice(0, fixed).every((part, i) => part === version[i]);
  }
}

test.each([
  ['>=18', true], ['^20.19.0 || ^22.13.0 || >=24', true], ['^22.12.0 || >=24', false], ['>= 0.4', true], ['20 || >=22', true], ['>=20 <21', true],
  ['^18.18.0 || ^20.9.0 || >=21.1.0', true], ['>=22.19.0', false], ['*', true], ['10.* || >= 12.*', true], ['18.x', false],
])('the range %s admits Node 20.19: %s', (range, expected) => {
  expect(admits(range, [20, 19, 0])).toBe(expected);
});
