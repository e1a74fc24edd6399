/**
 * Fields of actions from human units to the chain's: prices in USD per coin to ticks, amounts in coins
 * to lots, addresses and numbers. Nothing is rounded; an error names the field, what was given and
 * what is allowed.
 */
import type { CurrencyInfo, InstrumentInfo } from '../../node/rpc/schemas/market.ts';
import { parseAddress } from '../../runtime/accounts/address-text.ts';
import { fromHex } from '../../runtime/core/bytes.ts';
import { ok, type Result } from '../../runtime/core/result.ts';
import { type SubAccount, subAccount } from '../../runtime/core/units.ts';
import { MAX_ORDER_LOTS, MAX_PRICE_TICKS } from '../../runtime/limits.ts';
import { formatDecimal, type InputError, inputError, parseDecimal } from './amounts.ts';

/** What of an instrument the builder needs. */
export type OrderGrid = Pick<
  InstrumentInfo,
  'instrument_id' | 'instrument_name' | 'tick_micro_usd' | 'lots_per_coin'
> & {
  /** Coarser ticks at greater prices; none unless told. */
  readonly tick_size_steps?: InstrumentInfo['tick_size_steps'];
  /** Ticks that stand for a price of 0; 0 unless told. */
  readonly price_zero_ticks?: number;
};

/** What of an underlying the builder needs. */
export type UnderlyingGrid = Pick<CurrencyInfo, 'underlying_id' | 'lots_per_coin'>;

/** The 20 bytes of an address given as `mil1…` or as 40 hex characters. */
export function addressOfText(field: string, text: string): Result<Uint8Array, InputError> {
  if (/^[0-9a-fA-F]{40}$/.test(text)) return ok(fromHex(text) ?? new Uint8Array(20));
  const parsed = parseAddress(text);
  if (!parsed.ok) {
    return inputError(field, text, `mil1… or 40 hex characters: ${parsed.error.detail}`);
  }
  return ok(fromHex(parsed.value) ?? new Uint8Array(20));
}

/** The tick in micro-USD that holds at a price. */
function tickAt(grid: OrderGrid, microUsd: bigint): bigint {
  let tick = BigInt(grid.tick_micro_usd);
  for (const step of grid.tick_size_steps ?? []) {
    if (microUsd >= BigInt(step.above_micro_usd)) tick = BigInt(step.tick_micro_usd);
  }
  return tick;
}

/** The bounds of prices, in USD. */
function outOfRange({ tick_micro_usd: tick, price_zero_ticks: zero = 0 }: OrderGrid): string {
  const usd = (ticks: number): string => formatDecimal(BigInt(ticks) * BigInt(tick), 6);
  return zero === 0 ? `at most ${usd(MAX_PRICE_TICKS)} USD` : `-${usd(zero)} to ${usd(zero)} USD`;
}

/**
 * USD per coin to ticks: on the grid of its height, and within the bounds. Where an instrument's
 * prices can be negative (a combo's net price), ticks are counted from its `price_zero_ticks`.
 */
export function ticksOfPrice(
  grid: OrderGrid,
  price: string,
  field = 'price',
): Result<number, InputError> {
  const micro = parseDecimal(field, price, 6);
  if (!micro.ok) return micro;
  const zero = BigInt(grid.price_zero_ticks ?? 0);
  const tick = tickAt(grid, micro.value);
  const isLow = zero === 0n && micro.value <= 0n;
  if (isLow || micro.value % tick !== 0n) {
    const above = zero === 0n ? ' above 0' : '';
    return inputError(field, price, `a multiple of ${formatDecimal(tick, 6)} USD${above}`);
  }
  const ticks = zero + micro.value / BigInt(grid.tick_micro_usd);
  return ticks >= 0n && ticks <= (zero === 0n ? BigInt(MAX_PRICE_TICKS) : 2n * zero)
    ? ok(Number(ticks))
    : inputError(field, price, outOfRange(grid));
}

/** Coins × `scale` of a whole number of parts of a coin, or an error. */
function partsOf(
  field: string,
  amount: string,
  parts: { readonly perCoin: number; readonly most: bigint },
): Result<number, InputError> {
  const scaled = parseDecimal(field, amount, 12);
  if (!scaled.ok) return scaled;
  const product = scaled.value * BigInt(parts.perCoin);
  const scale = 10n ** 12n;
  if (product < 0n || product % scale !== 0n) {
    return inputError(field, amount, `a multiple of ${1 / parts.perCoin} coins`);
  }
  const count = product / scale;
  return count <= parts.most
    ? ok(Number(count))
    : inputError(field, amount, `at most ${parts.most / BigInt(parts.perCoin)} coins`);
}

/** Coins to lots: whole lots above 0 and within the bound. */
export function lotsOfAmount(
  grid: Pick<OrderGrid, 'lots_per_coin'>,
  amount: string,
  field = 'amount',
): Result<number, InputError> {
  const most = BigInt(MAX_ORDER_LOTS);
  const lots = partsOf(field, amount, { perCoin: grid.lots_per_coin, most });
  return lots.ok && lots.value === 0
    ? inputError(field, amount, `a multiple of ${1 / grid.lots_per_coin} coins above 0`)
    : lots;
}

/** Coins to parts of which a coin has `perCoin`, 0 or more, as a safe integer. */
export function partsOfCoins(
  field: string,
  amount: string,
  perCoin: number,
): Result<number, InputError> {
  return partsOf(field, amount, { perCoin, most: BigInt(Number.MAX_SAFE_INTEGER) });
}

/** USD, 0 or more, to micro-USD as a safe integer. */
export function microUsdOf(field: string, amount: string): Result<number, InputError> {
  const micro = parseDecimal(field, amount, 6);
  if (!micro.ok) return micro;
  return micro.value >= 0n && micro.value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? ok(Number(micro.value))
    : inputError(field, amount, 'USD from 0');
}

/** 0 unless given. */
export function checkedSubAccount(
  field: string,
  value: number | undefined,
): Result<SubAccount, InputError> {
  const given = value ?? 0;
  return Number.isInteger(given) && given >= 0 && given <= 255
    ? ok(subAccount(given))
    : inputError(field, String(given), 'an integer 0 to 255');
}

/** A safe integer of at least `least` and at most `most`. */
export function checkedInteger(
  field: string,
  value: number,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): Result<number, InputError> {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return ok(value);
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `${least} to ${most}`;
  return inputError(field, String(value), `an integer ${range}`);
}
