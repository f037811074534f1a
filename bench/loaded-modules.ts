/** Which files Node loads for a command line: told by V8's own coverage, so the same on every machine. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert } from '../src/base/assert.ts';

interface Coverage {
  readonly result: readonly { readonly url: string }[];
}

/** Paths of all modules that `node program args` evaluates, Node's own left out, sorted. */
export function loadedModules(program: string, args: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'podyard-modules-'));
  try {
    const { status, stderr } = spawnSync(process.execPath, [program, ...args], {
      encoding: 'utf8',
      env: { ...process.env, NODE_V8_COVERAGE: folder, NODE_OPTIONS: '' },
    });
    assert(status === 0, `podyard ${args.join(' ')} ended with ${String(status)}: ${stderr}`);
    const reports = readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Coverage);
    const urls = reports.flatMap(({ result }) => result.map(({ url }) => url)).filter((url) => url.startsWith('file:'));
    return [...new Set(urls.map((url) => new URL(url).pathname))].sort((a, b) => (a < b ? -1 : 1));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
