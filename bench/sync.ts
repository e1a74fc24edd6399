/**
 * A node that was away catches up: orders replayed a second ÷ orders produced a second.
 *
 * Validator 3 is ended, 2,000 orders a second are produced without it, then two of the others are
 * ended as well: the chain stands still, and the one that is left only serves the blocks that
 * validator 3 fetches, checks and executes. Replay is measured between the first and the last block
 * that it executes; its start is reported besides.
 */
import { heightReached, validatorName } from '../devnet/network.ts';
import { startBenchNetwork } from './devnet/bench-network.ts';
import { signLoad } from './devnet/load-transactions.ts';
import { sendLoad } from './devnet/send-load.ts';
import { type BenchOptions, remark, reportFigure } from './report.ts';

const AWAY = 3;
const ORDERS_PER_SECOND = 2_000;
const ORDERS_EACH = 20;
const SECONDS = 30;
const POLL_MS = 5;
const CATCH_UP_MS = 60_000;

export async function run(options: BenchOptions): Promise<void> {
  const report = (metric: string, value: number, unit: string): void =>
    reportFigure(
      {
        bench: 'sync',
        case: `${ORDERS_PER_SECOND} orders/s for ${SECONDS} s`,
        metric,
        value,
        unit,
      },
      options,
    );
  const bench = await startBenchNetwork();
  try {
    const { network, accounts, chainId } = bench;
    const [first] = network.clients;
    const away = network.clients[AWAY];
    if (!away) throw new Error('the bench needs four validators');
    const series = await bench.series();
    const { executed_height: leftAt } = await away.call('get_status', {});
    await network.supervisor.stop(validatorName(AWAY));

    const perSecond = ORDERS_PER_SECOND / ORDERS_EACH;
    const transactions = signLoad({
      chainId,
      accounts,
      series,
      transactions: perSecond * SECONDS,
      ordersEach: ORDERS_EACH,
      form: 'rest',
      seed: 1,
    });
    const load = await sendLoad({
      urls: bench.urls.slice(0, AWAY),
      transactions,
      perSecond,
      sampleEvery: 10,
    });
    remark(`produced ${Math.round(load.finalPerSecond * ORDERS_EACH)} orders/s`, options);
    await network.supervisor.stop(validatorName(1));
    await network.supervisor.stop(validatorName(2));
    const { executed_height: head } = await first.call('get_status', {});

    const launchedAt = performance.now();
    network.startValidator(AWAY);
    // Orders before the first block that is seen executed are left out on both sides of the ratio.
    let started: { readonly atMs: number; readonly height: number } | undefined;
    let height = leftAt;
    const deadline = launchedAt + CATCH_UP_MS;
    while (height < head) {
      if (performance.now() > deadline) throw new Error(`caught up to ${height} of ${head} only`);
      await heightReached(away, height + 1, CATCH_UP_MS);
      height = (await away.call('get_status', {})).executed_height;
      started ??= { atMs: performance.now(), height };
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const endedAt = performance.now();
    const share = (head - (started?.height ?? head)) / (head - leftAt);
    const orders = transactions.length * ORDERS_EACH * share;
    const seconds = (endedAt - (started?.atMs ?? endedAt)) / 1_000;
    report('replay_ratio', orders / seconds / ORDERS_PER_SECOND, '×');
    report('replayed_orders_per_s', orders / seconds, 'orders/s');
    report('catch_up_s', (endedAt - launchedAt) / 1_000, 's');
  } finally {
    await bench.close();
  }
}
