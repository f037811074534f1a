// Which tests judge the mutants of a folder: told by `npm run mutate`.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: JSON.parse(process.env.PODYARD_MUTATION_TESTS ?? '[]'),
    setupFiles: ['test/support/fixed-seed.ts'],
    testTimeout: 60_000,
    fileParallelism: false,
  },
});
