import { defineConfig } from 'vitest/config';

/** Unit, property and process tests. Files run in parallel, each in its own process. */
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
