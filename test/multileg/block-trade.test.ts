/** Negotiated blocks: two signatures, once, inside the bands, both sides able to carry it. */
import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, test } from 'vitest';
import { ROLE, type Role } from '../../runtime/accounts/account.ts';
import { ACTION } from '../../runtime/action.ts';
import type { BlockOffer } from '../../runtime/actions/multileg.ts';
import { DENOMINATION } from '../../runtime/actions/transfer.ts';
import { instrumentId, sizeLots, timestampMs } from '../../runtime/core/units.ts';
import { EVENT } from '../../runtime/event.ts';
import { conservationProblems, mint } from '../../runtime/ledger/ledger.ts';
import { positionOf } from '../../runtime/margin/portfolio-index.ts';
import { blockTrade } from '../../runtime/multileg/block-trade.ts';
import { LEG_TRADE } from '../../runtime/multileg/events.ts';
import { PAYLOAD } from '../../runtime/transaction.ts';
import { type SignatureCheck, signatureChecks } from '../../runtime/validity.ts';
import { signedTransaction } from '../fixtures/block.ts';
import { testKey } from '../fixtures/genesis.ts';
import { testEpochConfig } from '../fixtures/state.ts';
import { codeOf, seriesNamed, tablesImage } from '../matching/market.ts';
import {
  desk,
  expectPrecedence,
  legsOf,
  netAtMarks,
  offerOf,
  signedOffer,
  type Trader,
  trader,
  usdOf,
} from './desk.ts';

const verifies = ({ signature, digest, publicKey }: SignatureCheck): boolean =>
  ed25519.verify(signature, digest, publicKey);

type Desk = ReturnType<typeof desk>;
const SPREAD = { near100000C: 50, near110000C: -50 };

function take(market: Desk, offer: BlockOffer, who: Trader = market.taker) {
  const trade = signedOffer(market.state.chainId, market.maker, offer);
  return blockTrade(market.state, market.context, who.account, trade);
}

describe('blockTrade', () => {
  test('at a net price moves that price and the lots, and nothing else', () => {
    const market = desk();
    const { state, taker, maker } = market;
    const legs = legsOf(market, SPREAD);
    const net = netAtMarks(market, legs) + 12_345n;
    const before = [usdOf(state, taker), usdOf(state, maker)];
    expect(codeOf(take(market, offerOf(market, market, legs, { net })))).toBe('ok');
    const trades = market.context.events.flatMap((event) =>
      event.selector === EVENT.legTrade ? [event.value] : [],
    );
    expect(trades.map(({ kind, lots }) => [kind, lots])).toEqual([
      [LEG_TRADE.block, 50],
      [LEG_TRADE.block, 50],
    ]);
    const fees = (side: 'takerFee' | 'makerFee') =>
      trades.reduce((sum, trade) => sum + trade[side], 0n);
    expect(usdOf(state, taker) - (before[0] ?? 0n)).toBe(-net - fees('takerFee'));
    expect(usdOf(state, maker) - (before[1] ?? 0n)).toBe(net - fees('makerFee'));
    const lots = (who: Trader) =>
      legs.map(({ instrument }) => positionOf(state, who.portfolio, instrument));
    expect([lots(taker), lots(maker)]).toEqual([
      [50, -50],
      [-50, 50],
    ]);
    expect(conservationProblems(state)).toEqual([]);
  });

  test('at leg prices pays each leg its price', () => {
    const market = desk();
    const legs = legsOf(market, { near100000C: 50, near90000P: 20 });
    const prices = legs.map(({ instrument }) => {
      const mark = market.state.derived.marks.byInstrument.get(instrument)?.price ?? 0;
      return Math.floor(mark / 1e6) + 3;
    });
    expect(codeOf(take(market, offerOf(market, market, legs, { prices })))).toBe('ok');
    const premiums = market.context.events.flatMap((event) =>
      event.selector === EVENT.legTrade ? [event.value.premium] : [],
    );
    // A tick of $1 a coin is $0.01 a lot.
    expect(premiums).toEqual(
      legs.map(({ lots }, i) => BigInt(lots) * BigInt(prices[i] ?? 0) * 10_000n),
    );
  });

  test('an offer fills once; a failing attempt leaves it whole', () => {
    const market = desk();
    const { state, taker } = market;
    const legs = legsOf(market, SPREAD);
    const offer = offerOf(market, market, legs, { net: netAtMarks(market, legs) });
    const image = tablesImage(state);
    expect(codeOf(take(market, offer, market.other))).toBe('not_offered');
    expect(codeOf(take(market, { ...offer, net: 10n ** 15n }))).toBe('net_band');
    expect(tablesImage(state)).toBe(image);
    expect(codeOf(take(market, offer))).toBe('ok');
    expect(codeOf(take(market, offer))).toBe('offer_nonce');
    expect(positionOf(state, taker.portfolio, seriesNamed(market, 'near100000C'))).toBe(50);
    // The offering key is now registered as the owner that its address says it is.
    expect(state.accounts.must(market.maker.key.address).keys.map(({ role }) => role)).toEqual([
      ROLE.owner,
    ]);
  });

  test('refuses in order', () => {
    const market = desk();
    const { state, taker, maker, context } = market;
    const stranger = trader(market, 'stranger', 0n);
    const poor = trader(market, 'poor', 10n);
    const thin = trader(market, 'thin', 10n);
    for (const [who, role] of [
      [maker, ROLE.trade],
      [thin, ROLE.trade],
    ] as const) {
      addKey(who, role);
    }
    function addKey({ key }: Trader, role: Role): void {
      state.accounts.must(key.address).keys.push({
        scheme: 0,
        publicKey: key.publicKey,
        role,
        factorGroup: 0,
        addedAt: context.timestamp,
        removed: false,
      });
    }
    addKey(stranger, ROLE.stake);
    const codes = [
      'offer_expired',
      'unknown_counterparty',
      'counterparty_key',
      'counterparty_role',
      'offer_nonce',
      'not_offered',
      'legs_not_ascending',
      'no_mark',
      'block_too_small',
      'bad_block_pricing',
      'net_band',
      'insufficient_cash',
      'counterparty_margin',
    ];
    const unmarked = instrumentId(903);
    const known = state.instruments.must(seriesNamed(market, 'near100000C'));
    state.instruments.set(unmarked, { ...known, id: unmarked });
    expectPrecedence(codes, (has) => {
      const buyer = has('insufficient_cash') ? poor : taker;
      const seller = has('counterparty_margin') ? thin : maker;
      const lots = has('block_too_small') ? 9 : 10;
      const legs = legsOf(market, { near100000C: lots });
      const [leg] = legs;
      if (leg === undefined) throw new Error('no leg');
      if (has('no_mark')) legs.push({ ...leg, instrument: unmarked });
      if (has('legs_not_ascending')) legs.push({ ...leg });
      const net = netAtMarks(market, legsOf(market, { near100000C: lots }));
      const offer = offerOf(market, { taker: buyer, maker: seller }, legs, {
        net: has('net_band') ? 10n ** 15n : net,
      });
      const signer = { scheme: 0, publicKey: seller.key.publicKey };
      let { account } = offer;
      if (has('counterparty_role')) {
        account = offerOf(market, { taker, maker: stranger }, [], { net }).account;
        signer.publicKey = stranger.key.publicKey;
      }
      if (has('counterparty_key')) signer.publicKey = testKey('nobody').publicKey;
      if (has('unknown_counterparty')) account = new Uint8Array(20);
      const changed: BlockOffer = {
        ...offer,
        account,
        signer,
        expiresAt: timestampMs(context.timestamp - (has('offer_expired') ? 1 : 0)),
        nonce: has('offer_nonce') ? 1 : offer.nonce,
        pricing: has('bad_block_pricing') ? (2 as 0) : offer.pricing,
      };
      return codeOf(take(market, changed, has('not_offered') ? maker : buyer));
    });
  });

  test('an account cannot take its own offer, nor a removed key make one', () => {
    const market = desk();
    const { maker } = market;
    const legs = legsOf(market, { near100000C: 10 });
    const net = netAtMarks(market, legs);
    const own = offerOf(market, { taker: maker, maker }, legs, { net });
    expect(codeOf(take(market, own, maker))).toBe('own_offer');
    const offer = offerOf(market, market, legs, { net });
    expect(codeOf(take(market, offer))).toBe('ok');
    const [key] = market.state.accounts.must(maker.key.address).keys;
    if (key !== undefined) key.removed = true;
    const next = { ...offer, nonce: offer.nonce + 1 };
    expect(codeOf(take(market, next))).toBe('counterparty_key');
  });

  test('stated prices stay inside the bands of their legs', () => {
    const market = desk();
    mint(market.state, market.taker.portfolio, DENOMINATION.usd, 10n ** 15n);
    const legs = legsOf(market, { near100000C: 10, near110000C: 10 });
    const far = { prices: [6_000, 900_000] };
    expect(codeOf(take(market, offerOf(market, market, legs, far)))).toBe('price_band');
    const stray = { ...offerOf(market, market, legs, { prices: [6_000, 2_500] }), net: 1n };
    expect(codeOf(take(market, stray))).toBe('bad_block_pricing');
  });
});

describe('the signature of an offer', () => {
  test('is verified with the transaction that takes it', () => {
    const market = desk();
    const { state, taker, maker } = market;
    const legs = legsOf(market, { near100000C: 10 });
    const offer = offerOf(market, market, legs, { net: netAtMarks(market, legs) });
    const value = signedOffer(state.chainId, maker, offer);
    const checksOf = (trade: typeof value) => {
      const transaction = signedTransaction(state.chainId, taker.key, {
        nonce: market.context.timestamp,
        expiresAt: market.context.timestamp,
        actions: [{ selector: ACTION.blockTrade, value: trade }],
      });
      const payload = { selector: PAYLOAD.transaction, value: transaction };
      return signatureChecks(payload, state.chainId, testEpochConfig());
    };
    const checks = checksOf(value) ?? [];
    expect(checks.map(({ publicKey }) => publicKey)).toEqual([
      taker.key.publicKey,
      maker.key.publicKey,
    ]);
    expect(checks.every(verifies)).toBe(true);
    // What is signed is the offer whole: no lot, no account, no chain can be another.
    const [leg] = offer.legs;
    if (leg === undefined) throw new Error('no leg');
    const altered = [
      { ...offer, net: offer.net + 1n },
      { ...offer, taker: offer.account },
      { ...offer, legs: [{ ...leg, lots: sizeLots(11) }] },
    ];
    for (const other of altered) {
      expect((checksOf({ ...value, offer: other }) ?? []).map(verifies)).toEqual([true, false]);
    }
    const elsewhere = signedOffer(new Uint8Array(32).fill(9), maker, offer);
    expect((checksOf(elsewhere) ?? []).map(verifies)).toEqual([true, false]);
    expect(checksOf({ ...value, signature: value.signature.subarray(1) })).toBeUndefined();
    const scheme = { ...offer, signer: { ...offer.signer, scheme: 1 } };
    expect(checksOf({ ...value, offer: scheme })).toBeUndefined();
  });
});
