/**
 * The bench's own thread: with the young generation of a validator's executor, which is larger than
 * that of a main thread, so that the collector has the work that it has there.
 */
import { workerData } from 'node:worker_threads';
import { type BenchOptions, remark, reportFigure } from '../report.ts';
import { comparisonFlow } from './flow.ts';
import { measureBlocks, measureCommitment, measureShares } from './measure-blocks.ts';
import { measureBook, measureBookGrowth } from './measure-book.ts';
import { measureGrowth } from './measure-growth.ts';
import { measureHandlers } from './measure-handlers.ts';
import { measureRealFlow } from './measure-real-flow.ts';

export type Report = (name: string, metric: string, value: number, unit: string) => void;

/** Steps of the flow that go through a whole exchange. */
const EXCHANGE_STEPS = 100_000;

async function measure(options: BenchOptions): Promise<void> {
  const report: Report = (name, metric, value, unit) =>
    reportFigure({ bench: 'matching', case: name, metric, value, unit }, options);
  if (options.data !== undefined) {
    measureRealFlow(options.data, report, (text) => remark(text, options));
    return;
  }
  const flow = comparisonFlow();
  const part = flow.slice(0, EXCHANGE_STEPS);
  measureBook(flow, report);
  await measureBlocks(part, report);
  measureShares(part, report);
  measureCommitment(part, report);
  measureHandlers(part, report);
  measureBookGrowth(report);
  measureGrowth(report);
}

await measure(workerData as BenchOptions);
