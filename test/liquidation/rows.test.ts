/** What nodes answer of accounts that are short, of the fund and of the debt. */
import { describe, expect, test } from 'vitest';
import { LiquidationsAnswerCodec } from '../../node/query/liquidation-format.ts';
import { liquidationRows } from '../../node/query/liquidation-rows.ts';
import { type PortfolioId, subAccount } from '../../runtime/core/units.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { LIQUIDATION_KIND } from '../../runtime/liquidation/liquidation.ts';
import { shareDebt } from '../../runtime/liquidation/shared-debt.ts';
import { markValueOf } from '../../runtime/margin/excess.ts';
import { seriesNamed } from '../matching/market.ts';
import { arena, cash, markedBlock, take, usd } from './arena.ts';

const ALL = 0 as PortfolioId;

describe('the answer', () => {
  test('of all names price and share, of one its positions too, and crosses to the RPC thread', () => {
    const market = arena({ dollars: 170_000, lots: { near100000C: -1_000 } });
    const { state, alice } = market;
    markedBlock(market, 105_000);
    const [watched] = liquidationRows(state, ALL).rows;
    expect(watched).toMatchObject({ kind: LIQUIDATION_KIND.watched, price: 0n, sharePpm: 0 });
    markedBlock(market, 105_000);
    const all = liquidationRows(state, ALL);
    const value = markValueOf(state, alice);
    expect(all.total).toBe(1);
    expect(all.rows).toMatchObject([
      { portfolio: alice, kind: LIQUIDATION_KIND.solvent, value, positions: [] },
    ]);
    // Rounded up to a micro-USD.
    expect((all.rows[0]?.price ?? 0n) * 100n - value * 95n).toBeLessThan(100n);
    const one = liquidationRows(state, alice);
    expect(one.rows[0]?.positions).toEqual([
      { instrument: seriesNamed(market, 'near100000C'), lots: -1_000 },
    ]);
    expect(LiquidationsAnswerCodec.decode(LiquidationsAnswerCodec.encode(one))).toEqual({
      ok: true,
      value: one,
    });
    // What it says can be done.
    const { sharePpm = 0, price = 0n } = one.rows[0] ?? {};
    const result = take(market, market.carol, {
      sharePpm,
      limit: price,
      subAccount: subAccount(0),
    });
    expect(result.ok).toBe(true);
    expect(liquidationRows(state, ALL).rows).toEqual([]);
    expect(liquidationRows(state, alice).rows).toEqual([]);
  });

  test('of the fund and the debt is that of the tables', () => {
    const market = arena({ dollars: 0, lots: {}, insurance: 1_000 });
    const { state, alice } = market;
    shareDebt(state, market.context, alice, usd(5_000));
    const answer = liquidationRows(state, ALL);
    expect(answer.fund).toBe(cash(state, MODULE.insurance));
    expect(answer.deficit).toBe(usd(5_000));
    expect(answer.supply).toBe(usd(2_001_000));
    expect(answer.sums).toEqual([{ shared: usd(5_000), haircuts: 0n, insured: 0n }]);
  });
});
