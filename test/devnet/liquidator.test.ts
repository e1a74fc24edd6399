/** The taker of liquidations: what it finds worth taking, and on a chain whose accounts are short. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { closingOrder, runLiquidator, wantedTake } from '../../devnet/bots/liquidator.ts';
import type { MarketView, Series } from '../../devnet/bots/market-view.ts';
import type { Trader } from '../../devnet/bots/trader.ts';
import { createEventLog } from '../../feeder/event-log.ts';
import { liquidationRows } from '../../node/query/liquidation-rows.ts';
import type { PositionInfo } from '../../node/rpc/schemas/account.ts';
import type { LiquidationInfo } from '../../node/rpc/schemas/liquidation.ts';
import type { InstrumentInfo, Ticker } from '../../node/rpc/schemas/market.ts';
import type { ActionResultInfo } from '../../node/rpc/schemas/transaction.ts';
import type { Action } from '../../runtime/action.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { portfolioAccount, portfolioSubAccount } from '../../runtime/core/units.ts';
import { conservationProblems } from '../../runtime/ledger/ledger.ts';
import { isUnderAuction, LIQUIDATION_KIND } from '../../runtime/liquidation/liquidation.ts';
import { holdsPosition } from '../../runtime/liquidation/move-position.ts';
import { excessOf } from '../../runtime/margin/excess.ts';
import { INSTRUMENT_KIND } from '../../runtime/options/instrument.ts';
import { ACTION_RESULT } from '../../runtime/receipt.ts';
import type { Client } from '../../wallet/client/client.ts';
import {
  buildBlock,
  execute,
  orderAtMark,
  type RiskChain,
  riskChain,
  tradedInstruments,
  unsigned,
} from '../liquidation/risk-chain.ts';

const MICRO = 1_000_000;
const PPM = 1_000_000;
const [SHORT, BOT, HOUSE] = [0, 1, 5];

function auctionOf(facts: Partial<LiquidationInfo>): LiquidationInfo {
  return {
    account_id: 1030,
    sub_account: 0,
    state: 'solvent',
    auction: 7,
    short_since: 0,
    started_at: 0,
    paused_at: null,
    value: '98000',
    excess: '-62000',
    price: '93100',
    max_share_ppm: 418_000,
    insurance_limit: '0',
    insurance_paid: '0',
    positions: [],
    ...facts,
  };
}

describe('what it takes', () => {
  test('all that may be taken, up to the price that leaves it its gain', () => {
    // The requirement is 160,000: it pays at most 98,000 − 3,200 for the whole.
    const wanted = wantedTake(auctionOf({}), 10_000_000);
    expect(wanted).toEqual({ sharePpm: 418_000, limitMicroUsd: 94_800_000_000n });
  });

  test.each([
    ['too dear', { price: '94800.01' }],
    ['not under auction', { auction: null }],
    ['halted with the oracle', { paused_at: 5 }],
    ['exhausted', { max_share_ppm: 0 }],
  ])('nothing that is %s', (_, facts) => {
    expect(wantedTake(auctionOf(facts), 10_000_000)).toBeUndefined();
  });

  test('no more than half of its spare margin carries', () => {
    // 1.7 × 160,000 + 93,100 for the whole; half of 36,510 is a twentieth of that.
    expect(wantedTake(auctionOf({}), 36_510)?.sharePpm).toBe(PPM / 20);
    expect(wantedTake(auctionOf({}), 0)).toBeUndefined();
  });

  test('of an insolvent account only when it is paid beyond the debt', () => {
    const owing = { state: 'insolvent', value: '-1000', excess: '-101000' } as const;
    // Requirement 100,000: 2,000 beyond the 1,000 that are missing.
    expect(wantedTake(auctionOf({ ...owing, price: '-1000' }), 1e6)).toBeUndefined();
    expect(wantedTake(auctionOf({ ...owing, price: '-3000' }), 1e6)?.limitMicroUsd).toBe(
      -3_000_000_000n,
    );
  });
});

describe('how it closes', () => {
  const held = { instrument_name: 'X', size_lots: -12 } as PositionInfo;
  const marketWith = (facts: Partial<Ticker>): MarketView => ({
    series: () => [
      {
        instrument: { instrument_name: 'X', instrument_id: 9, tick_size: 1 } as InstrumentInfo,
        ticker: { mark_price: 1_000, index_price: 100_000, ...facts } as Ticker,
      },
    ],
    close: () => {},
  });

  test('at an offer near the mark, reducing only', () => {
    expect(closingOrder(held, marketWith({ best_ask_price: 1_080 }))?.value).toMatchObject({
      side: SIDE.buy,
      reduceOnly: true,
      price: 1_080,
      size: 12,
    });
  });

  test('not at one that is far, and not without one', () => {
    expect(closingOrder(held, marketWith({ best_ask_price: 1_101 }))).toBeUndefined();
    expect(closingOrder(held, marketWith({ best_ask_price: null }))).toBeUndefined();
  });
});

/** What the node would answer, from the state itself. */
function clientOf({ chain, people }: RiskChain): Client {
  const { state } = chain;
  const usd = (amount: bigint): string => String(Number(amount) / MICRO);
  const call = async (method: string): Promise<unknown> => {
    const who = people[BOT];
    if (who === undefined) throw new Error('nobody');
    if (method === 'private/get_account_summary') {
      return { margin: { initial_margin_balance: usd(excessOf(state, who).initial) } };
    }
    if (method === 'private/get_positions') return [];
    const { rows } = liquidationRows(state, 0 as never);
    return {
      liquidations: rows.map((row) =>
        auctionOf({
          account_id: portfolioAccount(row.portfolio),
          sub_account: portfolioSubAccount(row.portfolio),
          auction: row.auction === 0 ? null : row.auction,
          value: usd(row.value),
          excess: usd(row.bare),
          price: usd(row.price),
          max_share_ppm: row.sharePpm,
        }),
      ),
    };
  };
  return { call } as unknown as Client;
}

function block({ chain }: RiskChain, payloads: readonly Uint8Array[] = []) {
  chain.now += 1_000;
  return execute(chain, buildBlock(chain, payloads, 'live'));
}

/** Sends as the bot's account, a block for each transaction. */
function traderOf(world: RiskChain): Trader {
  return {
    address: 'aa'.repeat(20),
    send: async (actions: readonly Action[]) => {
      const { receipts } = block(world, [unsigned(world.chain, BOT, actions)]);
      const results = receipts.at(-1)?.results.map((result): ActionResultInfo => {
        if (result.selector === ACTION_RESULT.liquidationTaken) {
          const { auction, sharePpm: share_ppm, price, fee, payout } = result.value;
          const money = { price: `${price}`, fee: `${fee}`, payout: `${payout}` };
          return { type: 'liquidation_taken', auction, share_ppm, ...money };
        }
        return { type: 'refused', code: 'refused' } as unknown as ActionResultInfo;
      });
      return { outcome: 'applied', results: results ?? [] };
    },
  };
}

/** Somebody short of the perpetual with all that margin lets him, after a rise of the index. */
function shortWorld(): RiskChain {
  const world = riskChain({
    dollars: [6_000, 1_000_000, 0, 0, 0, 3_000_000],
    insurance: 100_000,
    liquidation: {},
  });
  const { chain } = world;
  const { state } = chain;
  const perpetual = tradedInstruments(state).find(
    (id) => state.instruments.must(id).kind === INSTRUMENT_KIND.perpetual,
  );
  if (perpetual === undefined) throw new Error('there is a perpetual');
  const trade = { instrument: perpetual, lots: 1_000, ticks: 0 };
  const bid = orderAtMark(state, { ...trade, side: SIDE.buy, ioc: false });
  const sale = orderAtMark(state, { ...trade, side: SIDE.sell, ioc: true });
  block(world, [unsigned(chain, HOUSE, [bid]), unsigned(chain, SHORT, [sale])]);
  chain.indexes.set(0, 103_200);
  block(world);
  block(world);
  return world;
}

describe('on a chain', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_800_000_000_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('a short account is taken until it is above maintenance again', async () => {
    const world = shortWorld();
    const { chain, people } = world;
    const [short, bot] = [people[SHORT], people[BOT]];
    if (short === undefined || bot === undefined) throw new Error('nobody');
    const row = chain.state.liquidations.get(short);
    expect(row !== undefined && isUnderAuction(row)).toBe(true);
    expect(row?.kind).toBe(LIQUIDATION_KIND.solvent);
    const market: MarketView = { series: (): readonly Series[] => [], close: () => {} };
    const log = createEventLog('liquidator', () => {});
    const liquidator = runLiquidator({
      client: clientOf(world),
      market,
      trader: traderOf(world),
      log,
    });
    await vi.advanceTimersByTimeAsync(10_000);
    const stopped = liquidator.stop();
    await vi.advanceTimersByTimeAsync(1_000);
    await stopped;
    expect(holdsPosition(chain.state, bot)).toBe(true);
    expect(chain.state.liquidations.has(short)).toBe(false);
    expect(excessOf(chain.state, short).bare).toBeGreaterThanOrEqual(0n);
    expect(excessOf(chain.state, bot).initial).toBeGreaterThan(0n);
    expect(conservationProblems(chain.state)).toEqual([]);
  });

  test('a node that does not answer is asked again', async () => {
    const call = vi.fn(async () => {
      throw new Error('no node answers');
    });
    const liquidator = runLiquidator({
      client: { call } as unknown as Client,
      market: { series: () => [], close: () => {} },
      trader: { address: 'aa'.repeat(20), send: async () => undefined },
      log: createEventLog('liquidator', () => {}),
    });
    await vi.advanceTimersByTimeAsync(3_500);
    expect(call.mock.calls.length).toBe(4);
    await liquidator.stop();
  });
});
