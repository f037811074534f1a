import { BaseSequencer } from 'vitest/node';
import type { TestSequencer, TestSequencerConstructor, TestSpecification, Vitest } from 'vitest/node';
import { defineConfig } from 'vitest/config';

/**
 * What takes longest comes first, so that all cores stay busy to the end. A clean clone has no times of an earlier run,
 * and the size of a file tells nothing: documents are long to run and short to read.
 */
export const LONG_FILES = [
  'test/docs/runnable-docs.test.ts',
  'test/golden/digests.test.ts',
  'test/library/packed.test.ts',
  'test/cli/variants.test.ts',
  'test/conformance/recordings.test.ts',
  'test/laws/fast-equals-plain-kinds.test.ts',
  'test/cli/output-folder.test.ts',
  'test/cli/commands.test.ts',
  'test/cli/plugin-guard.test.ts',
  'test/cli/sweep.test.ts',
  'test/golden/resolved-scenario.test.ts',
  'test/laws/filters-monotone.test.ts',
  'test/report/html.test.ts',
  'test/laws/cached-equals-plain.test.ts',
  'test/experiment/timeline.test.ts',
  'test/cli/plugins.test.ts',
  'test/laws/decision-order.test.ts',
  'test/laws/recorded-runs.test.ts',
  'test/laws/fast-equals-plain.test.ts',
  'test/laws/random-runs.test.ts',
  'test/bench/smoke.test.ts',
];

class LongFilesFirst implements TestSequencer {
  readonly #usual: BaseSequencer;

  constructor(vitest: Vitest) {
    this.#usual = new BaseSequencer(vitest);
  }

  shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    return this.#usual.shard(files);
  }

  async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId }: TestSpecification): number => {
      const rank = LONG_FILES.findIndex((name) => moduleId.endsWith(name));
      return rank === -1 ? LONG_FILES.length : rank;
    };
    const usual = await this.#usual.sort(files);
    return usual.sort((a, b) => rankOf(a) - rankOf(b));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts', 'src/**/*.test.ts'],
    setupFiles: ['test/support/fixed-seed.ts'],
    pool: 'forks',
    // One process runs many files, and loads what they share once: a third less time. State that outlives its file
    // would be a fault of the simulator, too: one process plays many runs there.
    isolate: false,
    // Vitest itself would leave a core free, which on two cores means no parallel files at all.
    maxWorkers: '100%',
    sequence: { sequencer: LongFilesFirst satisfies TestSequencerConstructor },
    // Against hangs only: a busy machine may be twenty times slower.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
      reportsDirectory: 'coverage',
    },
  },
});
