/**
 * The facts of a refusal for people: prices in USD per coin, sizes in coins, money in USD, times in
 * UTC. Receipts carry integers in the field's own unit (ticks, lots, micro-USD, ms); which one it is
 * follows from the code, and its scale from the action that was refused.
 */
import type { ActionRefused } from '../../node/rpc/schemas/transaction.ts';
import { TIME_IN_FORCE } from '../../runtime/actions/order-terms.ts';
import type { RuntimeErrorCode } from '../../runtime/error.ts';
import { MAX_ORDER_LOTS } from '../../runtime/limits.ts';
import { INSTRUMENT_STATE } from '../../runtime/options/instrument.ts';
import { formatDecimal, formatMoney, parseDecimal } from './amounts.ts';
import type { OrderGrid } from './input-fields.ts';
import { percentOfBps } from './staking-input.ts';
import type { ActionInput } from './transaction-builder.ts';

/** What was given and what is allowed, as text; `undefined`: nothing more to say. */
export type RefusalFacts = {
  readonly given: string | undefined;
  readonly allowed: string | undefined;
};

type Unit =
  | 'price'
  | 'size'
  | 'net'
  | 'usd'
  | 'mil'
  | 'percent'
  | 'money'
  | 'time'
  | 'timeInForce'
  | 'state';

/** The last millisecond a `Date` can hold. */
const MAX_DATE_MS = 8.64e15;

/** Units of facts; a code that is not here has plain numbers. */
const UNITS: { readonly [C in RuntimeErrorCode]?: Unit } = {
  expired: 'time',
  insufficient_balance: 'money',
  instrument_not_open: 'state',
  bad_price: 'price',
  price_not_on_tick: 'price',
  price_band: 'price',
  would_take: 'price',
  self_trade: 'price',
  crossed_quote: 'price',
  bad_size: 'size',
  bad_display_size: 'size',
  nothing_to_reduce: 'size',
  below_min_size: 'size',
  above_max_size: 'size',
  position_limit: 'size',
  account_limit: 'size',
  not_filled: 'size',
  open_interest_limit: 'size',
  underlying_open_interest_limit: 'size',
  not_a_reduction: 'size',
  block_too_small: 'size',
  insufficient_cash: 'usd',
  insufficient_margin: 'usd',
  bad_trigger_price: 'usd',
  trigger_holds: 'usd',
  bad_quote: 'usd',
  no_quote: 'usd',
  net_band: 'net',
  bad_expires_at: 'time',
  bad_quote_expiry: 'time',
  offer_expired: 'time',
  auction_frozen: 'time',
  protection_frozen: 'time',
  bad_time_in_force: 'timeInForce',
  market_cannot_rest: 'timeInForce',
  post_only_ioc: 'timeInForce',
  not_in_auction: 'timeInForce',
  no_auction: 'timeInForce',
  self_bond: 'mil',
  below_minimum: 'mil',
  insufficient_stake: 'mil',
  insufficient_mil: 'mil',
  zero_stake: 'mil',
  deposit_too_small: 'mil',
  too_many_proposals: 'mil',
  bad_commission: 'percent',
  commission_step: 'percent',
  commission_changed: 'time',
  rotated_lately: 'time',
  still_jailed: 'time',
  account_frozen: 'time',
  recovery_running: 'time',
  no_recovery: 'time',
  agent_expired: 'time',
  agent_limit: 'usd',
  outflow_limit: 'usd',
};

/** What helps where the fact is no bound of the field; it stands for `allowed`. */
const ADVICE: { readonly [C in RuntimeErrorCode]?: string } = {
  not_in_auction: 'gtc, gtt, gfa',
  no_auction: 'any but gfa',
  market_cannot_rest: 'ioc, fok',
  post_only_ioc: 'gtc, gtt',
  not_matured: 'what `miletus stake show` calls matured',
  unknown_receiver: 'an account that was credited before',
  leaving_now: 'in the next epoch',
  bad_combo_terms: 'limit orders, gtc, ioc or fok, with price, amount, label and client id alone',
};

/** The instrument whose grid the facts are on, and the coins ordered, where the action has one. */
function termsOf(input: ActionInput): { readonly grid?: OrderGrid; readonly amount?: string } {
  switch (input.type) {
    case 'order':
      return { grid: input.instrument, amount: input.amount };
    case 'trigger':
    case 'replace':
      return { grid: input.order.instrument, amount: input.order.amount };
    case 'amend':
    case 'reduce':
      return { grid: input.instrument, amount: input.amount };
    default:
      return {};
  }
}

/** `value` ÷ `parts` as a decimal; exact, as parts divide a power of ten. */
function quotient(value: bigint, parts: number): string {
  return formatDecimal((value * 10n ** 12n) / BigInt(parts), 12);
}

/** Lots as coins. */
export function coinsOfLots(grid: Pick<OrderGrid, 'lots_per_coin'>, lots: number): string {
  return quotient(BigInt(lots), grid.lots_per_coin);
}

/** The name of an instrument's state, as the interface writes it. */
function stateName(value: bigint): string {
  const found = Object.entries(INSTRUMENT_STATE).find(([, number]) => BigInt(number) === value);
  // An instrument is open in name until the first block after its expiry.
  if (found === undefined || found[1] === INSTRUMENT_STATE.open) return 'past its expiry';
  return found[0].replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function timeInForceName(value: bigint): string {
  const found = Object.entries(TIME_IN_FORCE).find(([, number]) => BigInt(number) === value);
  return found?.[0] ?? String(value);
}

/** One fact in its unit. A fact without its grid keeps its number, with the unit's name. */
function factText(unit: Unit, value: bigint, input: ActionInput): string {
  const { grid, amount } = termsOf(input);
  switch (unit) {
    case 'price': {
      if (grid === undefined) return `${value} ticks`;
      const ticks = value - BigInt(grid.price_zero_ticks ?? 0);
      return `${formatMoney(ticks * BigInt(grid.tick_micro_usd))} USD`;
    }
    case 'size':
      if (grid === undefined) return String(value);
      return `${quotient(value, grid.lots_per_coin)} coins`;
    case 'net': {
      // Of an order on a combo: for all of it; people gave it per coin.
      const coins = amount === undefined ? undefined : parseDecimal('amount', amount, 12);
      if (coins === undefined || !coins.ok || coins.value === 0n)
        return `${formatMoney(value)} USD`;
      return `${formatMoney((value * 10n ** 12n) / coins.value)} USD`;
    }
    case 'usd':
      return `${formatMoney(value)} USD`;
    case 'mil':
      return `${formatMoney(value)} MIL`;
    case 'percent':
      return `${percentOfBps(value)} %`;
    case 'money':
      return `${formatMoney(value)} ${input.type === 'transfer' ? input.currency : 'USD'}`;
    case 'time':
      return Number(value) <= MAX_DATE_MS ? new Date(Number(value)).toISOString() : String(value);
    case 'timeInForce':
      return timeInForceName(value);
    case 'state':
      // On several legs the fact is the leg's instrument.
      return grid === undefined || grid.price_zero_ticks ? `leg ${value}` : stateName(value);
  }
}

/** The facts of the refusal of `input`, in human units. */
export function explainRefusal(refusal: ActionRefused, input: ActionInput): RefusalFacts {
  const code = refusal.code as RuntimeErrorCode;
  const given = BigInt(refusal.given);
  const allowed = BigInt(refusal.allowed);
  const advice = ADVICE[code];
  // Facts beyond lots are bounds on sums of the margin, not sizes.
  const isSum = code === 'position_limit' && allowed > BigInt(MAX_ORDER_LOTS);
  const unit = isSum ? undefined : UNITS[code];
  const text = (value: bigint): string =>
    unit === undefined ? String(value) : factText(unit, value, input);
  if (code === 'bad_combo_terms' || code === 'not_matured')
    return { given: undefined, allowed: advice };
  if (code === 'duplicate_client_id' && allowed !== 0n) {
    return { given: text(given), allowed: `another; order ${allowed} has it` };
  }
  if (advice !== undefined) return { given: text(given), allowed: advice };
  // 0 stands where a fact does not apply; an amount of money or lots may be 0.
  const isNumber = unit === undefined || unit === 'time' || unit === 'state';
  return {
    given: given === 0n && allowed === 0n && unit !== 'state' ? undefined : text(given),
    allowed: allowed === 0n && isNumber ? undefined : text(allowed),
  };
}
