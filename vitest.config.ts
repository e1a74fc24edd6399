import { defineConfig } from 'vitest/config';

/** Tests that run networks of real processes: they need the machine to themselves. */
const PROCESS_TESTS = [
  'test/cli/gov.test.ts',
  'test/cli/security.test.ts',
  'test/cli/stake.test.ts',
  'test/devnet/crash.test.ts',
  'test/devnet/seven-validators.test.ts',
  'test/devnet/up.test.ts',
  'test/devnet/upgrade.test.ts',
  'test/node/remote-signer.test.ts',
  'test/readme.test.ts',
];

const COMMON = { pool: 'forks', testTimeout: 60_000, hookTimeout: 60_000 } as const;

/** First everything else, files in parallel, each in its own process; then the networks, one by one. */
export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...COMMON,
          name: 'units',
          include: ['test/**/*.test.ts'],
          exclude: PROCESS_TESTS,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...COMMON,
          name: 'processes',
          include: PROCESS_TESTS,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
