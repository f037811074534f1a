/**
 * What a user waits for before anything happens: the whole process of `podyard --help` and of a run of three nodes, and
 * how many modules Node loads for each. Times are the median of 21 processes, in turn; smoke: of one, and no modules.
 */
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from '../../src/base/assert.ts';
import { initScenario } from '../../src/simulation/scenario-template.ts';
import type { BenchRow, BenchSize } from '../bench-row.ts';
import { loadedModules } from '../loaded-modules.ts';

interface Start {
  readonly name: string;
  readonly args: readonly string[];
  /** What of the output tells that the work was done, whatever the version. */
  readonly tells: RegExp;
}

export async function run(size: BenchSize): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'podyard-start-'));
  try {
    const scenario = join(folder, 'small.yaml');
    writeFileSync(scenario, initScenario('small'));
    const starts: readonly Start[] = [
      { name: 'podyard --help', args: ['--help'], tells: /^podyard <command>$/m },
      { name: 'a small scenario', args: ['run', scenario, '--quiet'], tells: /[0-9a-f]{32}/ },
    ];
    const rounds = size === 'full' ? 21 : 1;
    const measured = Array.from({ length: rounds }, () => starts.map(startOnce));
    return starts.flatMap(({ name, args }, i) => {
      const ofStart = measured.map((round) => round[i]).sort((a, b) => a.millis - b.millis);
      const { millis, told } = ofStart[rounds >> 1];
      const digest = createHash('sha256').update(told).digest('hex').slice(0, 32);
      const row = (what: string, value: number, unit: string): BenchRow => ({
        name: `${name}, ${what}`,
        digest,
        value,
        unit,
        counts: {},
      });
      // The number of modules follows from the code, but is no work done: test/bench/cold-start.test.ts bounds it.
      return size === 'smoke'
        ? [row('whole process', millis, 'ms')]
        : [row('whole process', millis, 'ms'), row('modules', loadedModules(programFile(), args).length, 'modules')];
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function startOnce({ args, tells }: Start): { readonly millis: number; readonly told: string } {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, [programFile(), ...args], { encoding: 'utf8' });
  const millis = performance.now() - started;
  const told = tells.exec(stdout)?.[0];
  assert(status === 0 && told !== undefined, `podyard ${args.join(' ')} ended with ${String(status)}: ${stderr}`);
  return { millis, told };
}

/** The command line compiled along with this file, or, where this file runs as TypeScript, the built one. */
function programFile(): string {
  const beside = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
  return existsSync(beside) ? beside : join('dist', 'cli', 'main.js');
}
