/** Rules of accounts, combos, requests and quotes as the interface shows them (`schemas/trading.ts`). */
import type { AgentBudget } from '../../runtime/accounts/agent-budget.ts';
import { DAY_MS, MINUTE_MS } from '../../runtime/accounts/agent-budget.ts';
import { QUOTE_SIDES, STRUCTURE } from '../../runtime/actions/multileg.ts';
import { SIDE } from '../../runtime/actions/order-terms.ts';
import { SWITCH_SCOPE } from '../../runtime/actions/quoting.ts';
import {
  type PortfolioId,
  portfolioAccount,
  portfolioSubAccount,
  type UnderlyingId,
} from '../../runtime/core/units.ts';
import type { Combo } from '../../runtime/multileg/combo.ts';
import { QUOTE_END } from '../../runtime/multileg/events.ts';
import type { LiveQuote, LiveRequest } from '../../runtime/multileg/live-quote.ts';
import type { DeadManSwitch } from '../../runtime/quoting/dead-man-switch.ts';
import { type Protection, UNTIL_RESET } from '../../runtime/quoting/protection.ts';
import type { MarketChanges } from './mirror/apply-block.ts';
import { type MarketMirror, type MirrorNotice, nameOf } from './mirror/market.ts';
import { amountOf, layerName, sideName, stateName } from './present.ts';
import { moneyText } from './present-money.ts';
import type {
  AccountLimits,
  CancelAfterInfo,
  ComboInfo,
  InstrumentStateChange,
  MmpConfig,
  QuoteInfo,
  RequestInfo,
  RfqChange,
  StructureName,
  UserNotice,
} from './schemas/trading.ts';

/** Parts of a lot's delta: 10⁻⁶. */
const DELTA_PARTS = 1_000_000;

const orNull = (value: number): number | null => (value === 0 ? null : value);

function currencyName(mirror: MarketMirror, id: UnderlyingId): string {
  const underlying = mirror.underlyings.get(id);
  return underlying === undefined ? String(id) : nameOf(underlying);
}

function frozenText(until: number, now: number): MmpConfig['frozen_until'] {
  if (until === UNTIL_RESET) return 'reset';
  return until > now ? until : null;
}

/** A protection with its use at block time `now`. */
export function mmpConfig(mirror: MarketMirror, row: Protection, now: number): MmpConfig {
  const { limits, windowEndsAt } = row;
  const lotsPerCoin = mirror.underlyings.get(row.underlying)?.optionLotsPerCoin ?? 1;
  const isRunning = now < windowEndsAt;
  const coins = (lots: number): number => lots / lotsPerCoin;
  const deltaCoins = (parts: number): number => parts / DELTA_PARTS / lotsPerCoin;
  return {
    sub_account: portfolioSubAccount(row.portfolio),
    currency: currencyName(mirror, row.underlying),
    interval_ms: limits.windowMs,
    frozen_time_ms: limits.frozenMs,
    quantity_limit: limits.quantityLimit === 0 ? null : coins(limits.quantityLimit),
    delta_limit: limits.deltaLimit === 0 ? null : deltaCoins(limits.deltaLimit),
    vega_limit: limits.vegaLimit === 0 ? null : moneyText(BigInt(limits.vegaLimit)),
    fills_limit: orNull(limits.fillsLimit),
    used: {
      quantity: isRunning ? coins(row.quantity) : 0,
      delta: isRunning ? deltaCoins(row.delta) : 0,
      vega: moneyText(isRunning ? BigInt(row.vega) : 0n),
      fills: isRunning ? row.fills : 0,
    },
    window_ends_at: isRunning ? windowEndsAt : null,
    frozen_until: frozenText(row.frozenUntil, now),
  };
}

export function cancelAfterInfo(row: DeadManSwitch): CancelAfterInfo {
  return {
    sub_account: row.scope === SWITCH_SCOPE.account ? null : row.subAccount,
    timeout_ms: row.timeoutMs,
    fires_at: orNull(row.firesAt),
    clearing: row.clearsUpTo !== 0,
  };
}

/** A budget with its use at block time `now`. */
export function budgetInfo(row: AgentBudget, now: number): AccountLimits['agent_budgets'][number] {
  const isThisMinute = row.minute === Math.floor(now / MINUTE_MS);
  const isToday = row.day === Math.floor(now / DAY_MS);
  return {
    key_position: row.keyPosition,
    actions_per_minute: orNull(row.actionsPerMinute),
    actions_this_minute: isThisMinute ? row.actions : 0,
    notional_per_day: orNull(row.notionalPerDayUsd),
    notional_today: moneyText(isToday ? row.notional : 0n),
  };
}

const STRUCTURE_NAME: { readonly [number: number]: StructureName } = {
  [STRUCTURE.callSpread]: 'call_spread',
  [STRUCTURE.putSpread]: 'put_spread',
  [STRUCTURE.straddle]: 'straddle',
  [STRUCTURE.strangle]: 'strangle',
  [STRUCTURE.riskReversal]: 'risk_reversal',
  [STRUCTURE.calendar]: 'calendar',
  [STRUCTURE.butterfly]: 'butterfly',
  [STRUCTURE.condor]: 'condor',
};

/** `undefined` where the mirror does not know the combo's instrument. */
export function comboInfo(mirror: MarketMirror, combo: Combo): ComboInfo | undefined {
  const instrument = mirror.instruments.get(combo.instrument);
  if (instrument === undefined) return undefined;
  return {
    id: instrument.name,
    instrument_id: combo.instrument,
    structure: STRUCTURE_NAME[combo.structure] ?? 'call_spread',
    state: stateName(mirror, instrument),
    creation_timestamp: instrument.row.listedAt,
    legs: combo.legs.flatMap(({ instrument: id, side, ratio }) => {
      const leg = mirror.instruments.get(id);
      return leg === undefined
        ? []
        : { instrument_name: leg.name, amount: side === SIDE.buy ? ratio : -ratio };
    }),
  };
}

const ownerOf = (portfolio: PortfolioId): { account_id: number; sub_account: number } => ({
  account_id: portfolioAccount(portfolio),
  sub_account: portfolioSubAccount(portfolio),
});

export function requestInfo(mirror: MarketMirror, request: LiveRequest): RequestInfo {
  return {
    request_id: request.id,
    ...ownerOf(request.portfolio),
    units: request.units,
    legs: request.legs.flatMap(({ instrument: id, side, lots }) => {
      const leg = mirror.instruments.get(id);
      if (leg === undefined) return [];
      return {
        instrument_name: leg.name,
        direction: sideName(side),
        amount: amountOf(lots, leg.underlying),
        lots,
      };
    }),
    creation_timestamp: request.placedAt,
    expiration_timestamp: request.expiresAt,
  };
}

export function quoteInfo(quote: LiveQuote): QuoteInfo {
  return {
    quote_id: quote.id,
    request_id: quote.request,
    ...ownerOf(quote.portfolio),
    bid: quote.sides === QUOTE_SIDES.ask ? null : moneyText(quote.bid),
    ask: quote.sides === QUOTE_SIDES.bid ? null : moneyText(quote.ask),
    units: quote.units,
    creation_timestamp: quote.placedAt,
    expiration_timestamp: quote.expiresAt,
  };
}

const END_NAME: { readonly [reason: number]: string } = Object.fromEntries(
  Object.entries(QUOTE_END).map(([name, reason]) => [reason, name]),
);

/** What a block did to requests for quote. */
export function rfqChanges(mirror: MarketMirror, { requests }: MarketChanges): RfqChange[] {
  return requests.map(({ entry, end }): RfqChange => {
    const reason = end === undefined ? '' : (END_NAME[end] ?? '');
    if ('legs' in entry) {
      return end === undefined
        ? { type: 'request', request: requestInfo(mirror, entry) }
        : { type: 'request_closed', request_id: entry.id, reason };
    }
    return end === undefined
      ? { type: 'quote', quote: quoteInfo(entry) }
      : { type: 'quote_closed', quote_id: entry.id, request_id: entry.request, reason };
  });
}

/** States that a block changed, of `underlying` or of all; newly listed instruments are among them. */
export function stateChanges(
  mirror: MarketMirror,
  changes: MarketChanges,
  underlying: UnderlyingId | undefined,
): InstrumentStateChange[] {
  const { timestamp } = changes;
  const isWanted = (id: UnderlyingId): boolean => underlying === undefined || id === underlying;
  const own = [...changes.states].flatMap((id): InstrumentStateChange[] => {
    const instrument = mirror.instruments.get(id);
    if (instrument === undefined || !isWanted(instrument.row.underlying)) return [];
    return [
      {
        instrument_name: instrument.name,
        currency: instrument.underlyingName,
        state: stateName(mirror, instrument),
        timestamp,
        until: orNull(mirror.phaseEnds.get(id) ?? 0),
      },
    ];
  });
  const over = [...changes.statuses].filter(isWanted).flatMap((id) => {
    const status = mirror.statuses.get(id);
    if (status === undefined) return [];
    return {
      instrument_name: null,
      currency: currencyName(mirror, id),
      state: layerName(status),
      timestamp,
      until: orNull(status.until),
    };
  });
  return [...own, ...over];
}

export function userNotice(mirror: MarketMirror, notice: MirrorNotice, now: number): UserNotice {
  const { type, subAccount, underlying, frozenUntil, closed } = notice;
  return {
    type,
    sub_account: subAccount ?? null,
    currency: underlying === undefined ? null : currencyName(mirror, underlying),
    frozen_until: frozenUntil === undefined ? null : frozenText(frozenUntil, now),
    closed: closed ?? null,
  };
}
