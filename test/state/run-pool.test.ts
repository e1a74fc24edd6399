import { expect, test } from 'vitest';
import {
  allocateRun,
  createRunPool,
  releaseRun,
  runClass,
  runOffset,
  runRecords,
  runWords,
} from '../../runtime/state/run-pool.ts';
import { PAIR_WORDS } from '../../runtime/state/words.ts';

test('the class of a size is the least that has room for it', () => {
  const sizes = [...Array(300).keys(), 16_383, 16_384, 16_385, 100_000, 1_000_000];
  for (const size of sizes.slice(1)) {
    expect(runRecords(runClass(size))).toBeGreaterThanOrEqual(size);
    expect(runRecords(runClass(size) - 1)).toBeLessThan(size);
    expect(runRecords(runClass(size))).toBeLessThanOrEqual(size * 1.25);
  }
  expect(runRecords(runClass(0))).toBe(0);
});

test('no two runs share a record, above a page’s size either, and one given back is used again', () => {
  const pool = createRunPool();
  const sizes = Array.from({ length: 3_000 }, (_, i) => 1 + ((i * 7) % 40)).concat(
    20_000,
    5,
    9_000,
  );
  const runs = sizes.map((size, i) => {
    const run = allocateRun(pool, runClass(size));
    const start = runOffset(run);
    runWords(pool, run).fill(BigInt(i), start, start + size * PAIR_WORDS);
    return run;
  });
  for (const [i, size] of sizes.entries()) {
    const run = runs[i] ?? -1;
    const start = runOffset(run);
    const words = runWords(pool, run).subarray(start, start + size * PAIR_WORDS);
    expect(words.length).toBe(size * PAIR_WORDS);
    expect(words.every((word) => word === BigInt(i))).toBe(true);
  }
  for (const i of [10, 3_000]) {
    const ofRun = runClass(sizes[i] ?? 0);
    releaseRun(pool, runs[i] ?? -1, ofRun);
    expect(allocateRun(pool, ofRun)).toBe(runs[i]);
  }
});
