/**
 * Matching: the flow for comparison on the book alone and beside `nodejs-order-book`; through
 * `executeBlock` in transactions of 20 actions (receipts and ledger included; signatures and commitment
 * not), with its allocation, its shares and its growth; and with `--data FOLDER` recorded order flow
 * through the book instead.
 *
 * Cases and metrics: docs/performance.md, "Matching".
 */
import { Worker } from 'node:worker_threads';
import type { BenchOptions } from './report.ts';

/** As the executor's thread (`node/executor/thread.ts`); the old one for a million orders. */
const HEAP = { maxYoungGenerationSizeMb: 64, maxOldGenerationSizeMb: 6_144 } as const;

export async function run(options: BenchOptions): Promise<void> {
  const worker = new Worker(new URL('./matching/measure.ts', import.meta.url), {
    workerData: options,
    resourceLimits: HEAP,
  });
  await new Promise<void>((resolve, reject) => {
    worker.on('error', reject);
    worker.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the measuring thread ended with ${code}`));
    });
  });
}
