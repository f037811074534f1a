// Runs the tests that judge the mutants of a folder: told by `npm run mutate`.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: JSON.parse(process.env.PODYARD_MUTATION_TESTS ?? '[]'),
    setupFiles: ['test/support/fixed-seed.ts'],
    // Against hangs only: StrykerJS has its own limit, which follows the time of the run without a mutant.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
});
