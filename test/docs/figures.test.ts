/** The figures in README and docs are those of results/, and the script that checks it can tell. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'podyard-figures-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function figures(root: string, ...options: string[]): { status: number | null; message: string } {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'figures.mjs'), ...options], { encoding: 'utf8' });
  return { status, message: stderr };
}

/** A copy of what the script reads, with a result changed. */
function copyWith(bench: string, change: (text: string) => string): string {
  const root = mkdtempSync(join(folder, 'copy-'));
  for (const path of ['README.md', 'docs/benchmarking.md', 'results', 'bench/real-scheduler.json', 'scripts/figures.mjs']) cpSync(path, join(root, path), { recursive: true });
  const file = join(root, 'results', `${bench}.json`);
  mkdirSync(join(root, 'results'), { recursive: true });
  writeFileSync(file, change(readFileSync(file, 'utf8')));
  return root;
}

describe('figures in README and docs', () => {
  test('are those of results/', () => {
    expect(figures('.', '--check')).toEqual({ status: 0, message: '' });
  });

  test('are told to be stale when a result has changed, and follow it', () => {
    const root = copyWith('million-pods', (text) => text.replace(/"value": [\d.]+/, '"value": 4321'));
    const stale = figures(root, '--check');
    expect(stale.status).toBe(1);
    expect(stale.message).toContain('README.md: its figures are not those of results/');
    expect(stale.message).toContain('docs/benchmarking.md');
    expect(figures(root).status).toBe(0);
    expect(readFileSync(join(root, 'docs/benchmarking.md'), 'utf8')).toContain('| 4,320 s |');
    expect(figures(root, '--check').status).toBe(0);
  });

  test('an unknown option is a mistake', () => {
    expect(figures('.', '--chek')).toEqual({ status: 2, message: 'Unknown option --chek. Usage: npm run figures [-- --check]\n' });
  });
});
