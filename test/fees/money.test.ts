/** Where fees go: rebates, referrers, the parts at an epoch's end, combos. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ensureAccount } from '../../runtime/accounts/create-account.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { fromHex } from '../../runtime/core/bytes.ts';
import {
  type AccountId,
  address,
  type PortfolioId,
  portfolioId,
  subAccount,
} from '../../runtime/core/units.ts';
import { EVENT } from '../../runtime/event.ts';
import { comboFees } from '../../runtime/fees/combo-fee.ts';
import { distributeFees, feeShares } from '../../runtime/fees/distribute-fees.ts';
import type { FeeTier } from '../../runtime/fees/fee-tiers.ts';
import { setReferrer } from '../../runtime/fees/referral.ts';
import { dayOf, emptyVolume, feeTiersOf, rollVolume } from '../../runtime/fees/trading-volume.ts';
import { balanceOf, conservationProblems, mint } from '../../runtime/ledger/ledger.ts';
import { MODULE } from '../../runtime/ledger/module-accounts.ts';
import { SINGLETON_KEY } from '../../runtime/state/key-codec.ts';
import { runs } from '../fixtures/runs.ts';
import { TEST_PARAMETERS } from '../fixtures/state.ts';
import { codeOf, type Market, place, seriesNamed, testMarket } from '../matching/market.ts';

const USD = 0;
const REBATE: readonly FeeTier[] = [
  { fromVolumeUsd: 1_000, makerShareBps: -5_000, takerShareBps: 5_000 },
];
const addressOf = (n: number): string => n.toString(16).padStart(40, '0');

type Trader = {
  readonly account: AccountId;
  readonly portfolio: PortfolioId;
  readonly raw: Uint8Array;
};

function traders(market: Market, count: number): Trader[] {
  return Array.from({ length: count }, (_, n) => {
    const account = ensureAccount(market.state, market.context, address(addressOf(n + 1)));
    const portfolio = portfolioId(account, subAccount(0));
    mint(market.state, portfolio, USD, 10_000_000_000_000n);
    return { account, portfolio, raw: fromHex(addressOf(n + 1)) ?? new Uint8Array(20) };
  });
}

/** Puts an account into the first tier from today on. */
function promote(market: Market, { account }: Trader): void {
  const day = dayOf(market.context.timestamp);
  const row = emptyVolume(day - 1);
  row.todayCents = 1_000_00;
  rollVolume(row, day, feeTiersOf(market.state));
  market.state.tradingVolumes.set(account, row);
}

/** One lot of the 100,000 call at $5,700: notional $1,000, base fees $0.10 and $0.30. */
function trade(market: Market, maker: Trader, taker: Trader, lots = 1): void {
  const instrument = seriesNamed(market, 'near100000C');
  const order = { instrument, price: 5_700, lots };
  expect(codeOf(place(market, maker.portfolio, { ...order, side: 'sell' }))).toBe('ok');
  expect(codeOf(place(market, taker.portfolio, { ...order, side: 'buy' }))).toBe('ok');
}

const feesHeld = (market: Market): bigint => balanceOf(market.state, MODULE.fees, USD);

describe('a trade', () => {
  test.each([
    // maker's tier, taker's tier, maker's fee, taker's fee, in micro-USD
    [0, 0, 100_000n, 300_000n],
    [0, 1, 100_000n, 150_000n],
    [1, 0, -50_000n, 300_000n],
    [1, 1, -50_000n, 150_000n],
  ])('at tiers %d and %d', (makerTier, takerTier, makerFee, takerFee) => {
    const market = testMarket();
    market.state.feeSchedule.set(SINGLETON_KEY, { tiers: [...REBATE] });
    const [maker, taker] = traders(market, 2);
    if (maker === undefined || taker === undefined) throw new Error();
    if (makerTier === 1) promote(market, maker);
    if (takerTier === 1) promote(market, taker);
    trade(market, maker, taker);
    const event = market.context.events.find(({ selector }) => selector === EVENT.trade);
    expect(event?.value).toMatchObject({ makerFee, takerFee });
    expect(feesHeld(market)).toBe(makerFee + takerFee);
    const paid = 10_000_000_000_000n - balanceOf(market.state, taker.portfolio, USD);
    expect(paid).toBe(57_000_000n + takerFee);
    expect(market.state.tradingVolumes.get(maker.account)?.todayCents).toBe(100_000);
    expect(market.state.tradingVolumes.get(taker.account)?.todayCents).toBe(100_000);
    expect(conservationProblems(market.state)).toEqual([]);
  });

  test('a resting order reserves the base fee, whatever the tier when it was placed', () => {
    const market = testMarket();
    market.state.feeSchedule.set(SINGLETON_KEY, { tiers: [...REBATE] });
    const [maker, taker] = traders(market, 2);
    if (maker === undefined || taker === undefined) throw new Error();
    promote(market, maker);
    const instrument = seriesNamed(market, 'near100000C');
    const order = { instrument, price: 5_700, lots: 1 };
    place(market, maker.portfolio, { ...order, side: 'buy' });
    const { places } = market.state.derived.portfolios.byPortfolio.get(maker.portfolio) ?? {};
    expect(places?.get(instrument)?.holding.bidReserve).toBe(57_100_000);
    // The tier is gone before it trades: the whole fee is there.
    market.state.tradingVolumes.delete(maker.account);
    place(market, taker.portfolio, { ...order, side: 'sell' });
    const paid = 10_000_000_000_000n - balanceOf(market.state, maker.portfolio, USD);
    expect(paid).toBe(57_100_000n);
  });
});

describe('referrals', () => {
  test('errors in order, then once and for good', () => {
    const market = testMarket();
    const [alice, bob] = traders(market, 2);
    if (alice === undefined || bob === undefined) throw new Error();
    const { state, context } = market;
    const set = (raw: Uint8Array) => setReferrer(state, context, alice.account, { referrer: raw });
    expect(codeOf(set(new Uint8Array(20).fill(9)))).toBe('unknown_referrer');
    expect(codeOf(set(alice.raw))).toBe('self_referral');
    expect(codeOf(set(bob.raw))).toBe('ok');
    expect(codeOf(set(alice.raw))).toBe('self_referral');
    expect(codeOf(set(bob.raw))).toBe('referrer_already_set');
    expect(state.referrals.get(alice.account)?.referrer).toBe(bob.account);
  });

  test('a tenth of what the chain keeps of the fee, after the rebate paid from it', () => {
    const market = testMarket();
    market.state.feeSchedule.set(SINGLETON_KEY, { tiers: [...REBATE] });
    const [maker, taker, referrer] = traders(market, 3);
    if (maker === undefined || taker === undefined || referrer === undefined) throw new Error();
    promote(market, maker);
    for (const { account } of [maker, taker]) {
      setReferrer(market.state, market.context, account, { referrer: referrer.raw });
    }
    trade(market, maker, taker);
    // Taker's $0.30 less the maker's rebate of $0.05: $0.025; nothing of a rebate.
    expect(balanceOf(market.state, referrer.portfolio, USD)).toBe(10_000_000_025_000n);
    expect(market.state.referrals.get(taker.account)?.paid).toBe(25_000n);
    expect(market.state.referrals.get(maker.account)?.paid).toBe(0n);
    expect(feesHeld(market)).toBe(225_000n);
  });
});

describe('distribution', () => {
  test.each([
    // fees, insured, insurance, community, stake: 20 %, 2 %, the rest
    [1_000_000n, 0n, 200_000n, 20_000n, 780_000n],
    [99n, 0n, 19n, 1n, 79n],
    [0n, 0n, 0n, 0n, 0n],
    // $10,000,000 is the target: 5 micro-USD are missing; it is reached; it is passed.
    [1_000_000n, 9_999_999_999_995n, 5n, 20_000n, 979_995n],
    [1_000_000n, 10_000_000_000_000n, 0n, 20_000n, 980_000n],
    [1_000_000n, 10_000_000_000_001n, 0n, 20_000n, 980_000n],
  ])('of %d with %d insured', (fees, insured, insurance, community, stake) => {
    expect(feeShares(TEST_PARAMETERS, fees, insured)).toEqual({ insurance, community, stake });
  });

  test('empties the fee account to the micro-USD and says so', () => {
    const market = testMarket();
    const { state, context } = market;
    mint(state, MODULE.fees, USD, 1_000_001n);
    distributeFees(state, context);
    distributeFees(state, context);
    const held = [MODULE.fees, MODULE.insurance, MODULE.community, MODULE.rewards];
    expect(held.map((module) => balanceOf(state, module, USD))).toEqual([
      0n,
      200_000n,
      20_000n,
      780_001n,
    ]);
    const said = context.events.filter(({ selector }) => selector === EVENT.feesDistributed);
    expect(said.map(({ value }) => value)).toEqual([
      { insurance: 200_000n, community: 20_000n, stake: 780_001n },
    ]);
  });

  test('any fees and shares: parts are not negative and sum to the whole', () => {
    const money = fc.bigInt({ min: 0n, max: 10n ** 18n });
    fc.assert(
      fc.property(
        money,
        money,
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 0, max: 10_000 }),
        fc.integer({ min: 0, max: 10 ** 12 }),
        (fees, insured, insuranceShareBps, other, insuranceTargetUsd) => {
          const communityShareBps = Math.min(other, 10_000 - insuranceShareBps);
          const parameters = { ...TEST_PARAMETERS, insuranceShareBps, communityShareBps };
          const shares = feeShares({ ...parameters, insuranceTargetUsd }, fees, insured);
          const { insurance, community, stake } = shares;
          expect(insurance + community + stake).toBe(fees);
          expect(insurance >= 0n && community >= 0n && stake >= 0n).toBe(true);
        },
      ),
      { numRuns: runs(500) },
    );
  });
});

test('any trades between accounts of any tier and referrer: conserved, fees never lose', () => {
  const step = fc.record({
    maker: fc.integer({ min: 0, max: 3 }),
    taker: fc.integer({ min: 0, max: 3 }),
    lots: fc.integer({ min: 1, max: 20 }),
  });
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 8 }),
      fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 }),
      (steps, promoted, referrers) => {
        const market = testMarket();
        market.state.feeSchedule.set(SINGLETON_KEY, { tiers: [...REBATE] });
        const all = traders(market, 4);
        for (const [n, one] of all.entries()) {
          if (promoted[n]) promote(market, one);
          const raw = all[referrers[n] ?? 0]?.raw ?? one.raw;
          setReferrer(market.state, market.context, one.account, { referrer: raw });
        }
        let held = 0n;
        for (const { maker, taker, lots } of steps) {
          const [from, to] = [all[maker], all[taker]];
          if (from === undefined || to === undefined || from === to) continue;
          trade(market, from, to, lots);
          expect(feesHeld(market) >= held).toBe(true);
          held = feesHeld(market);
        }
        expect(conservationProblems(market.state)).toEqual([]);
      },
    ),
    { numRuns: runs(500) },
  );
});

describe('combos', () => {
  const [b, s] = [SIDE.buy, SIDE.sell];
  test.each([
    ['a spread: the cheaper leg is free', [b, s], [300n, 200n], 10_000, [300n, 0n]],
    ['half off', [b, s], [300n, 201n], 5_000, [300n, 101n]],
    ['no discount', [b, s], [300n, 200n], 0, [300n, 200n]],
    ['a straddle has one direction', [b, b], [300n, 200n], 10_000, [300n, 200n]],
    ['equal sums: the sold', [b, s], [300n, 300n], 10_000, [300n, 0n]],
    [
      'a butterfly by the sums of its directions',
      [b, s, b],
      [100n, 250n, 100n],
      10_000,
      [0n, 250n, 0n],
    ],
  ] as const)('%s', (_, sides, fees, discount, expected) => {
    const legs = sides.map((side, i) => ({ side, fee: fees[i] ?? 0n }));
    expect(comboFees(legs, discount)).toEqual(expected);
  });

  test('each leg pays 0 to its fee, and the dearer direction all of it', () => {
    const leg = fc.record({
      side: fc.constantFrom(SIDE.buy, SIDE.sell),
      fee: fc.bigInt({ min: 0n, max: 10n ** 15n }),
    });
    fc.assert(
      fc.property(
        fc.array(leg, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 0, max: 10_000 }),
        (legs, discount) => {
          const fees = comboFees(legs, discount);
          const sum = (side: number): bigint =>
            legs.reduce((total, one) => (one.side === side ? total + one.fee : total), 0n);
          const dearer = sum(SIDE.buy) > sum(SIDE.sell) ? sum(SIDE.buy) : sum(SIDE.sell);
          for (const [i, { fee }] of legs.entries()) {
            expect((fees[i] ?? -1n) >= 0n && (fees[i] ?? fee + 1n) <= fee).toBe(true);
          }
          expect(fees.reduce((total, fee) => total + fee, 0n) >= dearer).toBe(true);
        },
      ),
      { numRuns: runs(500) },
    );
  });
});
