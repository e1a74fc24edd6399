/**
 * Applies the events of one block to the mirror, and says what changed, for subscribers.
 *
 * Orders of a snapshot were read in pages, each at its own height; an event of an order whose page
 * already counts that block is skipped (`isCounted`).
 */

import { DENOMINATION } from '../../../runtime/actions/transfer.ts';
import { toHex } from '../../../runtime/core/bytes.ts';
import { unreachable } from '../../../runtime/core/result.ts';
import {
  accountId,
  type InstrumentId,
  instrumentId,
  type OrderId,
  portfolioId,
  subAccount as subAccountNumber,
  type TimestampMs,
  type UnderlyingId,
} from '../../../runtime/core/units.ts';
import { EVENT, type Event, type TriggerEnd } from '../../../runtime/event.ts';
import { noteFundingHour, type Perpetual } from '../../../runtime/linear/perpetual.ts';
import type { Trigger } from '../../../runtime/matching/trigger.ts';
import type { QuoteEnd } from '../../../runtime/multileg/events.ts';
import type { LiveQuote, LiveRequest } from '../../../runtime/multileg/live-quote.ts';
import { INSTRUMENT_STATE } from '../../../runtime/options/instrument.ts';
import { expiryKey } from '../../../runtime/state/state.ts';
import {
  changeOrder,
  closeOrder,
  type OrderChanges,
  openOrder,
  reduceOrder,
} from './apply-order.ts';
import { bookFill, legFill } from './fills.ts';
import { noteLiquidation } from './liquidation.ts';
import {
  type MarketMirror,
  type MirrorCash,
  type MirrorFill,
  type MirrorNotice,
  type MirrorOrder,
  type MirrorTrade,
  pruneInstruments,
  putCombo,
  putInstrument,
} from './market.ts';
import { deadManNotice, protectionNotice, referrerNotice } from './notices.ts';

/** What one block did to the market. */
export type MarketChanges = OrderChanges & {
  readonly timestamp: TimestampMs;
  readonly trades: MirrorTrade[];
  readonly cash: MirrorCash[];
  readonly indexes: Set<UnderlyingId>;
  /** Triggers that wait from now on (`end` undefined), or no more. */
  readonly triggers: { readonly trigger: Trigger; readonly end: TriggerEnd | undefined }[];
  /** Requests for quote and quotes that live from now on, or no more. */
  readonly requests: {
    readonly entry: LiveRequest | LiveQuote;
    readonly end: QuoteEnd | undefined;
  }[];
  readonly notices: MirrorNotice[];
  /** Instruments whose own state changed, and underlyings whose layers did. */
  readonly states: Set<InstrumentId>;
  readonly statuses: Set<UnderlyingId>;
  /** Instruments whose auction said something new. */
  readonly auctions: Set<InstrumentId>;
};

export type ApplyOptions = {
  readonly rememberedTrades: number;
  readonly rememberedOrders: number;
  /** Whether the mirror already holds this order as the block left it. */
  readonly isCounted: (order: OrderId) => boolean;
};

/** The block as events and place. */
export type BlockEvents = {
  readonly height: number;
  readonly timestamp: TimestampMs;
  readonly events: readonly Event[];
};

/** Adds a trade. Legs of combos, quotes and blocks count as volume, not towards the last price. */
function applyFill(
  mirror: MarketMirror,
  event: MirrorFill,
  changes: MarketChanges,
  most: number,
): void {
  const { height, timestamp } = changes;
  const sequence = ++mirror.tradeCount;
  const trade = { height, position: changes.trades.length, sequence, timestamp, event };
  changes.trades.push(trade);
  changes.tickers.add(event.instrument);
  mirror.trades.push(trade);
  // Cut in chunks, so that the cost per trade is constant.
  if (mirror.trades.length > 2 * most) mirror.trades.splice(0, mirror.trades.length - most);
  mirror.isOpenInterestStale = true;
  const stats = mirror.instruments.get(event.instrument)?.stats;
  if (stats === undefined) return;
  stats.lots += event.lots;
  stats.trades++;
  const { price } = event;
  if (price === undefined) return;
  stats.low = stats.last === 0 ? price : Math.min(stats.low, price);
  stats.high = Math.max(stats.high, price);
  stats.last = price;
}

/** Marks every series of an expiry as changed. */
function touchExpiry(mirror: MarketMirror, key: number, changes: MarketChanges): void {
  for (const { row } of mirror.instruments.values()) {
    if (expiryKey.pack(row.underlying, row.expiry) === key) changes.tickers.add(row.id);
  }
}

/** A perpetual before its first mark. */
const NO_FUNDING: Pick<Perpetual, 'remainder' | 'average' | 'hour' | 'hourly'> = {
  remainder: 0n,
  average: 0,
  hour: 0,
  hourly: [],
};

/** Applies one block above the mirror's height. */
export function applyBlock(
  mirror: MarketMirror,
  block: BlockEvents,
  options: ApplyOptions,
): MarketChanges {
  const { height, timestamp, events } = block;
  mirror.height = height;
  mirror.timestamp = timestamp;
  const changes: MarketChanges = {
    height,
    triggers: [],
    requests: [],
    notices: [],
    states: new Set(),
    statuses: new Set(),
    auctions: new Set(),
    timestamp,
    books: new Map(),
    trades: [],
    orders: new Map(),
    cash: [],
    indexes: new Set(),
    tickers: new Set(),
  };
  const openEntry = (id: OrderId): MirrorOrder | undefined =>
    options.isCounted(id) ? undefined : mirror.orders.get(id);

  for (const event of events) {
    switch (event.selector) {
      case EVENT.trade:
        applyFill(mirror, bookFill(mirror, event.value), changes, options.rememberedTrades);
        break;
      case EVENT.orderOpened:
        if (!options.isCounted(event.value.id)) openOrder(mirror, event.value, height, changes);
        break;
      case EVENT.orderReduced: {
        const entry = openEntry(event.value.orderId);
        if (entry !== undefined) reduceOrder(mirror, entry, event.value.lots, changes);
        break;
      }
      case EVENT.orderClosed: {
        const { orderId, reason } = event.value;
        const entry = openEntry(orderId);
        if (entry === undefined) break;
        closeOrder(mirror, entry, reason, changes, options.rememberedOrders);
        break;
      }
      case EVENT.orderAmended: {
        const { orderId, ...terms } = event.value;
        const entry = openEntry(orderId);
        if (entry !== undefined) changeOrder(mirror, entry, terms, changes);
        break;
      }
      case EVENT.orderRefreshed: {
        const { orderId, ...shown } = event.value;
        const entry = openEntry(orderId);
        if (entry === undefined) break;
        changeOrder(mirror, entry, { ...entry.order, ...shown }, changes);
        break;
      }
      case EVENT.transfer: {
        const { from, to, denomination, amount } = event.value;
        const base = { kind: 'transfer', instrument: undefined, denomination, fee: 0n } as const;
        changes.cash.push({ ...base, portfolio: from, amount: -amount });
        changes.cash.push({ ...base, portfolio: to, amount });
        break;
      }
      case EVENT.accountCreated:
        mirror.accountByAddress.set(toHex(event.value.address), accountId(event.value.account));
        break;
      case EVENT.index: {
        const { underlying, index } = event.value;
        const known = mirror.indexPrices.get(underlying);
        const confidenceBps = known?.confidenceBps ?? 0;
        mirror.indexPrices.set(underlying, {
          underlying,
          index,
          confidenceBps,
          updatedAt: timestamp,
        });
        changes.indexes.add(underlying);
        break;
      }
      case EVENT.marks: {
        const key = expiryKey.pack(event.value.underlying, event.value.expiry);
        mirror.markInputs.set(key, event.value);
        touchExpiry(mirror, key, changes);
        break;
      }
      case EVENT.instrumentListed:
        putInstrument(mirror, event.value);
        changes.states.add(event.value.id);
        changes.tickers.add(event.value.id);
        break;
      case EVENT.delivery: {
        const key = expiryKey.pack(event.value.underlying, event.value.expiry);
        mirror.deliveries.set(key, event.value);
        touchExpiry(mirror, key, changes);
        break;
      }
      case EVENT.settled: {
        const { portfolio, instrument, cash, fee } = event.value;
        changes.cash.push({
          kind: 'settlement',
          portfolio,
          instrument,
          denomination: 0,
          amount: cash,
          fee,
        });
        break;
      }
      case EVENT.variation: {
        const { portfolio, instrument, realised, funding } = event.value;
        const base = { portfolio, instrument, denomination: DENOMINATION.usd, fee: 0n };
        if (funding !== 0n) changes.cash.push({ ...base, kind: 'funding', amount: funding });
        if (realised !== 0n) changes.cash.push({ ...base, kind: 'variation', amount: realised });
        break;
      }
      case EVENT.funding: {
        const { underlying, ...marked } = event.value;
        const known = mirror.perpetuals.get(underlying) ?? NO_FUNDING;
        const row: Perpetual = {
          ...known,
          ...marked,
          underlying,
          markedAt: timestamp,
          hourly: [...known.hourly],
        };
        noteFundingHour(row);
        mirror.perpetuals.set(underlying, row);
        break;
      }
      case EVENT.instrumentSettled: {
        const id = instrumentId(event.value.instrument);
        const known = mirror.instruments.get(id);
        if (known === undefined) break;
        const key = expiryKey.pack(known.row.underlying, known.row.expiry);
        known.row.state = INSTRUMENT_STATE.settled;
        known.row.deliveryPrice = mirror.deliveries.get(key)?.deliveryPrice ?? 0;
        known.row.openInterest = 0;
        mirror.combos.delete(id);
        changes.states.add(id);
        changes.tickers.add(id);
        pruneInstruments(mirror);
        break;
      }
      case EVENT.legTrade:
        applyFill(mirror, legFill(event.value), changes, options.rememberedTrades);
        break;
      case EVENT.triggerPlaced:
        if (options.isCounted(event.value.id)) break;
        mirror.triggers.set(event.value.id, event.value);
        changes.triggers.push({ trigger: event.value, end: undefined });
        break;
      case EVENT.triggerClosed: {
        const trigger = mirror.triggers.get(event.value.orderId);
        if (trigger === undefined || options.isCounted(event.value.orderId)) break;
        mirror.triggers.delete(trigger.id);
        changes.triggers.push({ trigger, end: event.value.reason });
        break;
      }
      case EVENT.quoteRequested:
      case EVENT.requestQuoted:
        mirror.requests.set(event.value.id, event.value);
        changes.requests.push({ entry: event.value, end: undefined });
        break;
      case EVENT.requestClosed:
      case EVENT.quoteClosed: {
        const entry = mirror.requests.get(event.value.id);
        if (entry === undefined) break;
        mirror.requests.delete(event.value.id);
        changes.requests.push({ entry, end: event.value.reason });
        break;
      }
      case EVENT.comboCreated:
        putCombo(mirror, event.value);
        changes.tickers.add(event.value.instrument);
        break;
      case EVENT.instrumentState: {
        const { instrument, state, until } = event.value;
        const known = mirror.instruments.get(instrument);
        if (known !== undefined) known.row.state = state;
        mirror.phaseEnds.set(instrument, until);
        changes.states.add(instrument);
        changes.tickers.add(instrument);
        break;
      }
      case EVENT.tradingStatus: {
        const { underlying } = event.value;
        mirror.statuses.set(underlying, event.value);
        changes.statuses.add(underlying);
        for (const { row } of mirror.instruments.values()) {
          if (row.underlying === underlying) changes.tickers.add(row.id);
        }
        break;
      }
      case EVENT.auctionIndicative:
      case EVENT.auctionCleared: {
        const { instrument, ...found } = event.value;
        const name = event.selector === EVENT.auctionCleared ? 'cleared' : 'indicative';
        mirror.auctions.set(instrument, { ...found, state: name, height, timestamp });
        changes.auctions.add(instrument);
        changes.tickers.add(instrument);
        break;
      }
      case EVENT.protection:
        changes.notices.push(protectionNotice(event.value));
        break;
      case EVENT.deadManFired:
        changes.notices.push(deadManNotice(event.value));
        break;
      case EVENT.referrerSet:
        changes.notices.push(referrerNotice(event.value));
        break;
      case EVENT.referralPaid:
        changes.cash.push({
          kind: 'referral',
          portfolio: portfolioId(event.value.referrer, subAccountNumber(0)),
          instrument: undefined,
          denomination: DENOMINATION.usd,
          amount: event.value.amount,
          fee: 0n,
        });
        break;
      case EVENT.liquidationStarted:
      case EVENT.liquidationTaken:
      case EVENT.liquidationEnded:
      case EVENT.positionMoved:
      case EVENT.insurancePaid:
      case EVENT.haircut:
      case EVENT.debtShared:
        noteLiquidation(event, changes);
        if (event.selector === EVENT.positionMoved) mirror.isOpenInterestStale = true;
        break;
      // Accounts of the chain, not of the market.
      case EVENT.feesDistributed:
      case EVENT.epochStarted:
      // Stake: read from the executor.
      case EVENT.validatorChanged:
      case EVENT.delegated:
      case EVENT.undelegated:
      case EVENT.redelegated:
      case EVENT.rewardsClaimed:
      case EVENT.unbonded:
      case EVENT.slashed:
      case EVENT.rewardsDistributed:
      case EVENT.lienPaid:
      case EVENT.marginModeSet:
      case EVENT.riskChange:
      case EVENT.oracleConduct:
      // Security of accounts: read from the executor.
      case EVENT.pendingAsked:
      case EVENT.pendingEnded:
      case EVENT.keyChanged:
      case EVENT.policyChanged:
      case EVENT.frozen:
      case EVENT.recovery:
      // Governance: read from the executor.
      case EVENT.proposalSubmitted:
      case EVENT.proposalDeposited:
      case EVENT.proposalChanged:
      case EVENT.voted:
      case EVENT.parameterChanged:
      case EVENT.upgradeReady:
      case EVENT.upgradeChanged:
        break;
      case EVENT.underlyingChanged:
        mirror.underlyings.set(event.value.id, event.value);
        break;
      default:
        unreachable(event);
    }
  }
  return changes;
}
