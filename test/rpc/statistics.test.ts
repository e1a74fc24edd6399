/** Fade and inclusion, on histories that a person can check. */
import { beforeEach, describe, expect, test } from 'vitest';
import { answerQuestion } from '../../node/query/answer-query.ts';
import type { Ask } from '../../node/rpc/ask.ts';
import type { MarketMirror } from '../../node/rpc/mirror/market.ts';
import { startMirror } from '../../node/rpc/mirror/start-mirror.ts';
import {
  countFade,
  type FadeTally,
  fadeTally,
  fadeTotals,
} from '../../node/rpc/statistics/fade.ts';
import {
  type InclusionTotal,
  inclusionSummary,
  inclusionTotals,
} from '../../node/rpc/statistics/inclusion.ts';
import { ACTION, type Action } from '../../runtime/action.ts';
import { POST_ONLY, TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import { cancelAllOf } from '../../runtime/actions/orders.ts';
import { applyAction } from '../../runtime/apply-action.ts';
import { type Block, HeaderCodec } from '../../runtime/block.ts';
import {
  type PortfolioId,
  portfolioAccount,
  subAccount,
  timestampMs,
} from '../../runtime/core/units.ts';
import { refusalRecord } from '../../runtime/error.ts';
import { ACTION_RESULT, RECEIPT_STATUS } from '../../runtime/receipt.ts';
import { PAYLOAD, PayloadCodec, SCHEME } from '../../runtime/transaction.ts';
import { fundedPortfolio } from '../fixtures/state.ts';
import { advance, type Market, orderOf, seriesNamed, testMarket } from '../matching/market.ts';

const HOUR_MS = 3_600_000;

describe('fade', () => {
  let market: Market;
  let tally: FadeTally;
  let maker: PortfolioId;
  let other: PortfolioId;
  let taker: PortfolioId;

  beforeEach(() => {
    market = testMarket();
    tally = fadeTally();
    [maker, other, taker] = [0, 1, 2].map((i) => fundedPortfolio(market.state, i, 10_000_000n)) as [
      PortfolioId,
      PortfolioId,
      PortfolioId,
    ];
  });

  const order = (
    portfolio: PortfolioId,
    side: 'buy' | 'sell',
    price: number,
    lots: number,
    terms: Partial<ReturnType<typeof orderOf>> = {},
  ): [PortfolioId, Action] => {
    const instrument = seriesNamed(market, 'near100000C');
    const value = { ...orderOf(portfolio, { instrument, side, price, lots }), ...terms };
    return [portfolio, { selector: ACTION.placeOrder, value }];
  };
  const cancelAll = (portfolio: PortfolioId): [PortfolioId, Action] => [
    portfolio,
    { selector: ACTION.cancelOrders, value: cancelAllOf(subAccount(0)) },
  ];

  /** Executes a block of one action a transaction, in this order, and counts it. */
  async function block(...actions: readonly [PortfolioId, Action][]): Promise<void> {
    const ask: Ask = async (question) =>
      answerQuestion({ state: market.state } as never, question as never).value as never;
    const options = { rememberedTrades: 10, rememberedOrders: 10 };
    const { mirror }: { mirror: MarketMirror } = await startMirror(ask, options);
    const context = advance(market);
    const transactions = actions.map(([portfolio, action], index) => {
      const result = applyAction(market.state, context, portfolioAccount(portfolio), action);
      const body = {
        account: new Uint8Array(20),
        nonce: 1,
        expiresAt: timestampMs(0),
        signers: [],
        actions: [action],
      };
      return {
        transaction: { body, signatures: [] },
        receipt: {
          transactionId: new Uint8Array(32),
          index,
          status: RECEIPT_STATUS.applied,
          results: [
            result.ok
              ? result.value
              : { selector: ACTION_RESULT.refused, value: refusalRecord(result.error) },
          ],
        },
      };
    });
    const { height, timestamp, events } = context;
    countFade(tally, mirror, { height, timestamp, transactions, events });
  }

  const totals = (): unknown =>
    fadeTotals(tally, market.context.timestamp).map(({ account, touchedLots, fadedLots }) => [
      account,
      touchedLots,
      fadedLots,
    ]);
  const of = (portfolio: PortfolioId): number => portfolioAccount(portfolio);

  test('what a maker cancels before a taker of its block is touched and faded', async () => {
    await block(order(maker, 'sell', 5_700, 10), order(other, 'sell', 5_710, 10));
    await block(
      cancelAll(maker),
      order(taker, 'buy', 5_720, 15, { timeInForce: TIME_IN_FORCE.ioc }),
    );
    // The taker came for 10 of the first and 5 of the second; the first stepped aside.
    expect(totals()).toEqual([
      [of(maker), 10, 10],
      [of(other), 5, 0],
    ]);
  });

  test('what is traded is touched and not faded, also where the rest is cancelled later', async () => {
    await block(order(maker, 'sell', 5_700, 10));
    await block(order(taker, 'buy', 5_700, 4), cancelAll(maker));
    expect(totals()).toEqual([[of(maker), 4, 0]]);
  });

  test('orders out of reach, post-only orders and blocks without takers count nothing', async () => {
    await block(order(maker, 'sell', 5_700, 10));
    await block(cancelAll(maker), order(taker, 'buy', 5_690, 5));
    await block(order(maker, 'sell', 5_700, 10));
    await block(cancelAll(maker), order(taker, 'buy', 5_695, 5, { postOnly: POST_ONLY.reject }));
    await block(order(maker, 'sell', 5_700, 10));
    await block(cancelAll(maker));
    expect(totals()).toEqual([]);
  });

  test('a fill-or-kill order that the fade killed counts', async () => {
    await block(order(maker, 'sell', 5_700, 10));
    await block(
      cancelAll(maker),
      order(taker, 'buy', 5_700, 10, { timeInForce: TIME_IN_FORCE.fok }),
    );
    expect(totals()).toEqual([[of(maker), 10, 10]]);
  });

  test('own orders are passed by, and a second taker goes on where the first stopped', async () => {
    await block(order(taker, 'sell', 5_700, 10), order(maker, 'sell', 5_705, 10));
    await block(order(taker, 'buy', 5_705, 3), order(other, 'buy', 5_705, 12), cancelAll(maker));
    // The first passes its own order (which self-trade prevention takes) and comes to 3 of the maker;
    // the second comes to the 10 of the first account and 2 more of the maker.
    expect(totals()).toMatchObject([
      [of(taker), 10, 0],
      [of(maker), 5, 0],
    ]);
  });

  test('a day later it is forgotten', async () => {
    await block(order(maker, 'sell', 5_700, 10));
    await block(cancelAll(maker), order(taker, 'buy', 5_700, 5));
    const { timestamp } = market.context;
    expect(fadeTotals(tally, timestamp + 23 * HOUR_MS)).toHaveLength(1);
    expect(fadeTotals(tally, timestamp + 25 * HOUR_MS)).toEqual([]);
  });
});

describe('inclusion', () => {
  const T = 1_764_576_000_000;
  /** A block of `proposer` at T + `at`, whose takers have nonces at these times. */
  function block(height: number, proposer: number, at: number, nonces: readonly number[]): Block {
    const header = HeaderCodec.decode(new Uint8Array(HeaderCodec.maxBytes));
    if (!header.ok) throw new Error('a header of zeros');
    return {
      header: {
        ...header.value,
        height: height as never,
        proposer: proposer as never,
        timestamp: timestampMs(T + at),
      },
      payloads: nonces.map((nonce, i) =>
        PayloadCodec.encode({
          selector: PAYLOAD.transaction,
          value: {
            body: {
              account: new Uint8Array(20).fill(i),
              nonce: T + nonce,
              expiresAt: timestampMs(T),
              signers: [{ scheme: SCHEME.ed25519, publicKey: new Uint8Array(32) }],
              actions: [
                {
                  selector: ACTION.placeOrder,
                  value: orderOf(1 as PortfolioId, {
                    instrument: 1 as never,
                    side: 'buy',
                    price: 1,
                    lots: 1,
                  }),
                },
              ],
            },
            signatures: [new Uint8Array(64)],
          },
        }),
      ),
    };
  }
  const totalsOf = (...blocks: Block[]): InclusionTotal[] =>
    inclusionTotals(blocks.map(inclusionSummary));

  test('ages, counts and the order of takers by proposer', () => {
    const [first, second] = totalsOf(
      block(1, 0, 1_000, [900, 800, 990]),
      block(2, 1, 2_000, [1_000]),
      block(3, 0, 3_000, [2_000, 2_500]),
    );
    expect(first).toMatchObject({
      proposer: 0,
      blocks: 2,
      transactions: 5,
      // Sorted: 10, 100, 200, 500, 1,000.
      ageP50Ms: 200,
      ageP90Ms: 1_000,
      // 900 before 800 is the wrong way round; 800 before 990 and 2,000 before 2,500 are not.
      takerPairs: 3,
      takerPairsInverted: 1,
    });
    expect(second).toMatchObject({ proposer: 1, blocks: 1, ageP50Ms: 1_000, takerPairs: 0 });
  });

  test('an empty block counts as waiting only when the next holds what was there', () => {
    const [total] = totalsOf(
      block(1, 0, 10_000, []),
      block(2, 0, 11_000, [8_000]),
      block(3, 0, 12_000, []),
      block(4, 0, 13_000, [11_500]),
    );
    expect(total).toMatchObject({ blocks: 4, emptyBlocks: 2, emptyWhileWaiting: 1 });
  });

  test('a nonce that is no clock has no age', () => {
    const [total] = totalsOf(block(1, 0, 1_000, [5_000, -700_000, 400]));
    expect(total).toMatchObject({ transactions: 3, unaged: 2, ageP50Ms: 600 });
  });
});
