/** Actions of market makers from human units: mass quotes, protection, dead-man switch, budgets. */
import { ACTION, type Action } from '../../runtime/action.ts';
import { MAX_QUOTES, type Quote, SWITCH_SCOPE } from '../../runtime/actions/quoting.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import { instrumentId, priceTicks, sizeLots, underlyingId } from '../../runtime/core/units.ts';
import { type InputError, inputError } from './amounts.ts';
import {
  checkedInteger,
  checkedSubAccount,
  lotsOfAmount,
  microUsdOf,
  type OrderGrid,
  partsOfCoins,
  ticksOfPrice,
  type UnderlyingGrid,
} from './input-fields.ts';

const MAX_U32 = 2 ** 32 - 1;
/** Parts of a lot's delta: 10⁻⁶. */
const DELTA_PARTS = 1_000_000;

/** One side of a quote. */
export type QuoteSideInput = { readonly price: string; readonly amount: string };
/** A side left out: no quote there, an old one is withdrawn. */
export type QuoteInput = {
  readonly instrument: OrderGrid;
  readonly bid?: QuoteSideInput;
  readonly ask?: QuoteSideInput;
};

export type QuotingActionInput =
  | {
      readonly type: 'massQuote';
      readonly quotes: readonly QuoteInput[];
      readonly subAccount?: number;
    }
  /** Limits left out do not bind. Amounts in coins, `vegaLimit` in USD per point of volatility. */
  | {
      readonly type: 'setProtection';
      readonly underlying: UnderlyingGrid;
      readonly subAccount?: number;
      readonly windowMs: number;
      readonly frozenMs: number;
      readonly quantityLimit?: string;
      readonly deltaLimit?: string;
      readonly vegaLimit?: string;
      readonly fillsLimit?: number;
    }
  | {
      readonly type: 'resetProtection';
      readonly underlying: UnderlyingGrid;
      readonly subAccount?: number;
    }
  /** `timeoutMs` 0 disarms. */
  | {
      readonly type: 'cancelAfter';
      readonly scope: keyof typeof SWITCH_SCOPE;
      readonly subAccount?: number;
      readonly timeoutMs: number;
    }
  /** 0 of a budget: none; both 0 take it away. */
  | {
      readonly type: 'setAgentBudget';
      readonly keyPosition: number;
      readonly actionsPerMinute: number;
      readonly notionalPerDayUsd: number;
    };

function side(
  field: string,
  grid: OrderGrid,
  input: QuoteSideInput | undefined,
): Result<{ readonly price: number; readonly size: number }, InputError> {
  if (input === undefined) return ok({ price: 0, size: 0 });
  const price = ticksOfPrice(grid, input.price, `${field}.price`);
  if (!price.ok) return price;
  const size = lotsOfAmount(grid, input.amount, `${field}.amount`);
  if (!size.ok) return size;
  return ok({ price: price.value, size: size.value });
}

function quote(at: number, { instrument, bid, ask }: QuoteInput): Result<Quote, InputError> {
  const bought = side(`quotes[${at}].bid`, instrument, bid);
  if (!bought.ok) return bought;
  const sold = side(`quotes[${at}].ask`, instrument, ask);
  if (!sold.ok) return sold;
  if (bid !== undefined && ask !== undefined && bought.value.price >= sold.value.price) {
    return inputError(`quotes[${at}].bid.price`, bid.price, `below the ask ${ask.price}`);
  }
  return ok({
    instrument: instrumentId(instrument.instrument_id),
    bidPrice: priceTicks(bought.value.price),
    bidSize: sizeLots(bought.value.size),
    askPrice: priceTicks(sold.value.price),
    askSize: sizeLots(sold.value.size),
  });
}

function massQuote(
  input: Extract<QuotingActionInput, { type: 'massQuote' }>,
): Result<Action, InputError> {
  const sub = checkedSubAccount('subAccount', input.subAccount);
  if (!sub.ok) return sub;
  const { length } = input.quotes;
  if (length < 1 || length > MAX_QUOTES) {
    return inputError('quotes', String(length), `1 to ${MAX_QUOTES}`);
  }
  const quotes: Quote[] = [];
  for (const [at, one] of input.quotes.entries()) {
    const built = quote(at, one);
    if (!built.ok) return built;
    quotes.push(built.value);
  }
  return ok({ selector: ACTION.massQuote, value: { subAccount: sub.value, quotes } });
}

function setProtection(
  input: Extract<QuotingActionInput, { type: 'setProtection' }>,
): Result<Action, InputError> {
  const { underlying_id: id, lots_per_coin: lotsPerCoin } = input.underlying;
  const sub = checkedSubAccount('subAccount', input.subAccount);
  if (!sub.ok) return sub;
  const windowMs = checkedInteger('windowMs', input.windowMs, 0, MAX_U32);
  if (!windowMs.ok) return windowMs;
  const frozenMs = checkedInteger('frozenMs', input.frozenMs, 0, MAX_U32);
  if (!frozenMs.ok) return frozenMs;
  const quantity = partsOfCoins('quantityLimit', input.quantityLimit ?? '0', lotsPerCoin);
  if (!quantity.ok) return quantity;
  const delta = partsOfCoins('deltaLimit', input.deltaLimit ?? '0', lotsPerCoin * DELTA_PARTS);
  if (!delta.ok) return delta;
  const vega = microUsdOf('vegaLimit', input.vegaLimit ?? '0');
  if (!vega.ok) return vega;
  const fills = checkedInteger('fillsLimit', input.fillsLimit ?? 0, 0, MAX_U32);
  if (!fills.ok) return fills;
  return ok({
    selector: ACTION.setProtection,
    value: {
      subAccount: sub.value,
      underlying: underlyingId(id),
      windowMs: windowMs.value,
      frozenMs: frozenMs.value,
      quantityLimit: quantity.value,
      deltaLimit: delta.value,
      vegaLimit: vega.value,
      fillsLimit: fills.value,
    },
  });
}

function cancelAfter(
  input: Extract<QuotingActionInput, { type: 'cancelAfter' }>,
): Result<Action, InputError> {
  const sub = checkedSubAccount('subAccount', input.scope === 'account' ? 0 : input.subAccount);
  if (!sub.ok) return sub;
  const timeoutMs = checkedInteger('timeoutMs', input.timeoutMs, 0, MAX_U32);
  if (!timeoutMs.ok) return timeoutMs;
  const value = {
    scope: SWITCH_SCOPE[input.scope],
    subAccount: sub.value,
    timeoutMs: timeoutMs.value,
  };
  return ok({ selector: ACTION.cancelAfter, value });
}

function setAgentBudget(
  input: Extract<QuotingActionInput, { type: 'setAgentBudget' }>,
): Result<Action, InputError> {
  const keyPosition = checkedInteger('keyPosition', input.keyPosition, 0, 255);
  if (!keyPosition.ok) return keyPosition;
  const actions = checkedInteger('actionsPerMinute', input.actionsPerMinute, 0, MAX_U32);
  if (!actions.ok) return actions;
  const notional = checkedInteger('notionalPerDayUsd', input.notionalPerDayUsd, 0);
  if (!notional.ok) return notional;
  const value = {
    keyPosition: keyPosition.value,
    actionsPerMinute: actions.value,
    notionalPerDayUsd: notional.value,
  };
  return ok({ selector: ACTION.setAgentBudget, value });
}

/** One action of a market maker, checked. The first error found, in the order of the fields. */
export function buildQuotingAction(input: QuotingActionInput): Result<Action, InputError> {
  switch (input.type) {
    case 'massQuote':
      return massQuote(input);
    case 'setProtection':
      return setProtection(input);
    case 'resetProtection': {
      const sub = checkedSubAccount('subAccount', input.subAccount);
      if (!sub.ok) return sub;
      const value = {
        subAccount: sub.value,
        underlying: underlyingId(input.underlying.underlying_id),
      };
      return ok({ selector: ACTION.resetProtection, value });
    }
    case 'cancelAfter':
      return cancelAfter(input);
    case 'setAgentBudget':
      return setAgentBudget(input);
  }
}
